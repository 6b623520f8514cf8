#include "tests/faults/workload.h"

#include <sstream>

#include "tests/support/sample_events.h"

namespace oppi::faults {

events::Event EventNumber(std::uint64_t number) {
  events::Event event =
      tests::SampleEvent(events::EventType::kAttendanceMarked, tests::Fill::kRequired, number);
  event.subject = tests::PersonId(PersonOf(number));
  return event;
}

events::SignedBatch BatchNumber(std::uint64_t batch, const std::string& origin,
                                const NamedSigningKey& key, Entropy& entropy) {
  events::BatchHeader header;
  header.origin = origin;
  header.publisher = key.name;
  header.key = KeyIdText(key.verifier().id);
  entropy.Fill(header.id);
  std::vector<events::BatchItem> items;
  for (std::uint64_t i = 0; i < kBatchEvents; ++i) {
    events::BatchItem item;
    item.bytes = events::EncodeJson(EventNumber(FirstOf(batch) + i));
    entropy.Fill(item.salt);
    items.push_back(std::move(item));
  }
  return events::SignBatch(std::move(header), std::move(items), key.key);
}

Told ParseTold(const std::string& text) {
  Told told;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    bool good = false;
    if (kind == "open") {
      good = told.open = true;
    } else if (kind == "begin") {
      std::uint64_t batch = 0;
      good = static_cast<bool>(words >> batch);
      told.begun.push_back(batch);
    } else if (kind == "event") {
      Told::Event event;
      char outcome = 0;
      good = (words >> event.number >> outcome >> event.position) &&
             (outcome == 'A' || outcome == 'D');
      event.duplicate = outcome == 'D';
      told.acknowledged.push_back(event);
    } else if (kind == "seen") {
      Told::Checkpoint checkpoint;
      good = static_cast<bool>(words >> checkpoint.size >> checkpoint.root);
      told.seen.push_back(std::move(checkpoint));
    } else if (kind == "barred") {
      Told::Event event;
      good = static_cast<bool>(words >> event.number >> event.position);
      told.barred.push_back(event);
    } else if (kind == "order") {
      std::uint64_t person = 0;
      good = static_cast<bool>(words >> person);
      told.ordered.push_back(person);
    } else if (kind == "erased") {
      Told::Erased erased;
      good = static_cast<bool>(words >> erased.person >> erased.size);
      told.erased.push_back(erased);
    }
    if (!good) told.failed.push_back(line);
  }
  return told;
}

}  // namespace oppi::faults
