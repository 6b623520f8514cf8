#include "tests/ops/temp_ledger.h"

#include <gtest/gtest.h>

#include "events/ids.h"
#include "ops/key_files.h"
#include "projections/log_reader.h"
#include "tests/support/sample_events.h"

namespace oppi::ops {

using consumers::BatchReport;
using events::Event;
using events::EventType;

TempLedger::TempLedger(bool check_digits, std::int64_t erasure_delay_hours) {
  const Status made = Node::Create({directory_,
                                    {.origin = "road.test/log",
                                     .organisation = events::OrganisationOid(1),
                                     .check_digits = check_digits,
                                     .erasure_delay_hours = erasure_delay_hours}},
                                   entropy_, SystemClock());
  EXPECT_TRUE(made.ok()) << made.error().message;
  Open();
}

TempLedger::~TempLedger() = default;

void TempLedger::Open() {
  auto opened = Node::Open({directory_, {}});
  OPPI_CHECK(opened.ok());
  node_ = std::move(opened).value();
}

const NamedSigningKey& TempLedger::KeyOf(const std::string& publisher) {
  const auto found = keys_.find(publisher);
  if (found != keys_.end()) return found->second;
  if (publisher == "registrar" || publisher == "ledger") {
    auto key = ReadKeyFile(node_->KeyPath(publisher));
    OPPI_CHECK(key.ok());
    return keys_.emplace(publisher, std::move(key).value()).first->second;
  }
  return keys_.emplace(publisher, NamedSigningKey{publisher, SigningKey::Generate(entropy_)})
      .first->second;
}

Event TempLedger::RegistryEvent(EventType type) {
  Event event = events::MakeEvent(type);
  event.time = node_->clock().Now();
  event.id = events::MakeUuidV7(event.time, entropy_);
  event.source = "urn:oid:" + events::OrganisationOid(1) + "/registrar";
  return event;
}

const NamedSigningKey& TempLedger::Register(const std::string& publisher, std::string_view role,
                                            const std::vector<std::string>& types,
                                            const std::vector<std::string>& sources) {
  const NamedSigningKey& key = KeyOf(publisher);
  Event registered = RegistryEvent(EventType::kRegistryPublisherRegistered);
  registered.SetText("publisher", publisher).SetText("role", std::string(role));
  if (!sources.empty()) registered.SetList("sources", sources);
  Event added = RegistryEvent(EventType::kRegistryKeyAdded);
  added.SetText("publisher", publisher)
      .SetText("key", KeyIdText(key.verifier().id))
      .SetText("public_key", ToBase64(View(key.key.public_key())));
  if (!types.empty()) added.SetList("types", types);
  const BatchReport report = Publish("registrar", std::vector<Event>{registered, added});
  EXPECT_EQ(report.Count(events::Outcome::kAccepted), 2U) << ReportJson(report);
  return key;
}

void TempLedger::Revoke(const std::string& publisher) {
  Event revoked = RegistryEvent(EventType::kRegistryKeyRevoked);
  revoked.SetText("publisher", publisher)
      .SetText("key", KeyIdText(KeyOf(publisher).verifier().id))
      .SetText("reason", "LOST");
  const BatchReport report = Publish("registrar", std::vector<Event>{revoked});
  EXPECT_EQ(report.Count(events::Outcome::kAccepted), 1U) << ReportJson(report);
}

events::SignedBatch TempLedger::Sign(const std::string& publisher, const std::vector<Bytes>& items,
                                     std::vector<events::Attachment> attachments) {
  const NamedSigningKey& key = KeyOf(publisher);
  events::BatchHeader header;
  header.origin = node_->config().origin;
  header.publisher = publisher;
  header.key = KeyIdText(key.verifier().id);
  entropy_.Fill(header.id);
  std::vector<events::BatchItem> list;
  for (const Bytes& bytes : items) {
    events::BatchItem item;
    item.bytes = bytes;
    entropy_.Fill(item.salt);
    list.push_back(std::move(item));
  }
  return events::SignBatch(std::move(header), std::move(list), key.key, std::move(attachments));
}

BatchReport TempLedger::Ingest(events::SignedBatch batch) {
  auto report = node_->road().Ingest(std::move(batch));
  OPPI_CHECK(report.ok());
  return std::move(report).value();
}

BatchReport TempLedger::Publish(const std::string& publisher, const std::vector<Bytes>& items) {
  return Ingest(Sign(publisher, items));
}

BatchReport TempLedger::Publish(const std::string& publisher, const std::vector<Event>& own) {
  std::vector<Bytes> items;
  for (const Event& event : own) items.push_back(events::EncodeJson(event));
  return Publish(publisher, items);
}

std::vector<ledger::CommittedEvent> TempLedger::Events() {
  const auto view = node_->View();
  std::vector<ledger::CommittedEvent> all;
  projections::LogReader reader(*view, node_->vault());
  const Status read = reader.Scan(LeafIndex(0), view->size(), [&](ledger::CommittedEvent event) {
    all.push_back(std::move(event));
    return true;
  });
  EXPECT_TRUE(read.ok());
  return all;
}

Event SchoolEvent(EventType type, std::uint64_t learner, std::uint64_t number) {
  Event event = tests::SampleEvent(type, tests::Fill::kRequired, number);
  event.time = Instant{SystemClock().Now().micros - 3600 * kMicrosPerSecond};
  event.id = events::UuidV7FromName("school event", std::to_string(learner) + " " +
                                                        std::to_string(number) + " " +
                                                        std::string(event.info().name));
  if (!event.subject.empty()) event.subject = tests::PersonId(learner);
  return event;
}

}  // namespace oppi::ops
