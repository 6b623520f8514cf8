#include "tests/bench/workload.h"

#include "events/check.h"
#include "events/event.h"
#include "events/ids.h"

namespace oppi::bench {

std::vector<events::SignedBatch> MakeBatches(const WorkloadOptions& o, const NamedSigningKey& key) {
  SeededEntropy entropy(o.seed);
  std::vector<events::SignedBatch> batches;
  std::uint64_t number = o.first;
  const Instant start = *ParseInstant("2026-09-01T06:00:00Z");
  for (std::size_t b = 0; b < o.batches; ++b) {
    std::vector<events::BatchItem> items;
    for (std::size_t i = 0; i < o.batch_events; ++i, ++number) {
      events::Event event = events::MakeEvent(events::EventType::kActivityXapiStatement);
      event.id = events::MakeUuidV7(start + static_cast<std::int64_t>(number), entropy);
      event.source = o.source;
      // Learners come in no order, as they do when a country's lessons begin.
      const std::uint64_t learner = number * 7919 % o.learners * o.stride;
      event.subject = "urn:oid:" + events::PersonOid(10'000'000 + learner);
      event.time = start + static_cast<std::int64_t>(number) * 1000;
      event.controller = o.controller;
      event.SetText("statement_id", "9f0f2d1e-6a53-4c0a-8e0e-3f8f5d1c2b3a");
      event.SetText("statement", "{\"verb\":{\"id\":\"http://adlnet.gov/expapi/verbs/completed\"},\"pad\":\"\"}");
      const std::size_t bare = events::EncodeJson(event).size();
      OPPI_CHECK(bare <= o.event_bytes);
      event.SetText("statement", "{\"verb\":{\"id\":\"http://adlnet.gov/expapi/verbs/completed\"},\"pad\":\"" +
                                     std::string(o.event_bytes - bare, 'x') + "\"}");
      events::BatchItem item;
      item.bytes = events::EncodeJson(event);
      OPPI_CHECK(item.bytes.size() == o.event_bytes);
      entropy.Fill(item.salt);
      items.push_back(std::move(item));
    }
    events::BatchHeader header;
    header.origin = o.origin;
    header.publisher = key.name;
    header.key = KeyIdText(key.verifier().id);
    entropy.Fill(header.id);
    batches.push_back(events::SignBatch(std::move(header), std::move(items), key.key));
  }
  return batches;
}

}  // namespace oppi::bench
