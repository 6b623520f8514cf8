#include "tests/support/test_ledger.h"

#include <gtest/gtest.h>

#include "events/ids.h"
#include "projections/log_reader.h"

namespace oppi::tests {

using events::Event;
using events::EventType;
using events::Outcome;

namespace {

std::string NameOf(const Event& event) { return event.source + " " + event.id; }

}  // namespace

TestLedger::TestLedger(Options options) : parts(options.seed), options_(options) {
  Status status = parts.Create();
  if (status.ok()) status = Open();
  OPPI_CHECK(status.ok());
}

TestLedger::~TestLedger() { Close(); }

Status TestLedger::Open() {
  OPPI_RETURN_IF_ERROR(parts.OpenVault());
  OPPI_TRY(const auto view, ledger::StoredView(parts.log_store, parts.log_key.verifier()));
  OPPI_TRY(runner_, projections::Runner::Open(parts.view_store, *parts.vault, *view,
                                              {.waiting_events_max = options_.waiting_events_max}));
  OPPI_TRY(gate_, projections::Gate::Open(stores(), *view));
  projections::Runner* runner = runner_.get();
  projections::Gate* gate = gate_.get();
  runner->OnAdvance([gate](TreeSize cursor) { gate->ViewsReached(cursor); });
  ledger::SequencerOptions sequencing;
  sequencing.origin = kOrigin;
  sequencing.queue_events_max = options_.queue_events_max;
  sequencing.group_events_max = options_.group_events_max;
  sequencing.ledger_source = "urn:oid:" + events::OrganisationOid(1) + "/ledger";
  OPPI_TRY(sequencer_,
           ledger::Sequencer::Open({parts.log_store, *parts.vault, *gate_, parts.lock, parts.clock,
                                    parts.entropy, parts.log_key, parts.ledger_key,
                                    [runner](std::shared_ptr<const ledger::CommittedGroup> group) {
                                      runner->Committed(std::move(group));
                                    }},
                                   sequencing));
  road_ = std::make_unique<consumers::LedgerRoad>(consumers::LedgerRoad::Ports{
      *sequencer_, *parts.vault, parts.entropy, [gate] { return gate->Keys(); }, kOrigin, {}});
  ledger::Sequencer* sequencer = sequencer_.get();
  gate->LookUpIn([sequencer] { return sequencer->View(); });
  return {};
}

void TestLedger::Close() {
  road_.reset();
  sequencer_.reset();
  runner_.reset();
  gate_.reset();
}

void TestLedger::Restart() {
  Close();
  const Status opened = Open();
  ASSERT_TRUE(opened.ok()) << opened.error().message;
}

Event TestLedger::RegistryEvent(EventType type) {
  Event event = events::MakeEvent(type);
  event.time = parts.clock.Now();
  event.id = events::MakeUuidV7(event.time, parts.entropy);
  event.source = "urn:oid:" + events::OrganisationOid(1) + "/registrar";
  return event;
}

NamedSigningKey TestLedger::Register(const std::string& name, events::Role role) {
  NamedSigningKey key = KeyNamed(name);
  const VerifierKey verifier = key.verifier();
  Event publisher = RegistryEvent(EventType::kRegistryPublisherRegistered);
  publisher.SetText("publisher", name).SetText("role", std::string(events::RoleName(role)));
  Event added = RegistryEvent(EventType::kRegistryKeyAdded);
  added.SetText("publisher", name)
      .SetText("key", KeyIdText(verifier.id))
      .SetText("public_key", ToBase64(oppi::View(verifier.key)));
  const auto report = Publish(KeyNamed("registrar"), {publisher, added});
  EXPECT_TRUE(report.ok());
  if (!report.ok()) return key;
  for (const consumers::ItemReport& item : report->items)
    EXPECT_EQ(item.outcome, Outcome::kAccepted) << events::ErrorName(item.code);
  return key;
}

Result<consumers::BatchReport> TestLedger::Ingest(events::SignedBatch batch) {
  return road_->Ingest(std::move(batch));
}

Result<consumers::BatchReport> TestLedger::Publish(const NamedSigningKey& key,
                                                   const std::vector<Event>& events,
                                                   const ledger::Checkpoint* anchor) {
  OPPI_TRY(consumers::BatchReport report, Ingest(SignEvents(events, key, parts.entropy, anchor)));
  for (const consumers::ItemReport& item : report.items) {
    if (item.outcome != Outcome::kAccepted && item.outcome != Outcome::kQuarantined) continue;
    const Event& event = events[item.item];
    const bool is_new =
        acknowledged_.emplace(NameOf(event), Acknowledged{*item.position, *item.recorded, event})
            .second;
    EXPECT_TRUE(is_new) << "acknowledged twice";
  }
  return report;
}

void TestLedger::Check(TreeSize size) {
  const auto view = View();
  EXPECT_EQ(view->size().value(), size.value());
  for (const std::string& problem : ProblemsOf(parts, *view)) ADD_FAILURE() << problem;

  std::map<std::string, int> times;
  const Status scanned = projections::LogReader(*view, *parts.vault)
                             .Scan(LeafIndex(0), view->size(), [&](ledger::CommittedEvent found) {
                               const auto it = acknowledged_.find(NameOf(found.event));
                               ++times[NameOf(found.event)];
                               if (it == acknowledged_.end()) return true;
                               EXPECT_EQ(found.position, it->second.position);
                               EXPECT_EQ(found.recorded, it->second.recorded);
                               EXPECT_EQ(found.event, it->second.event);
                               return true;
                             });
  EXPECT_TRUE(scanned.ok()) << scanned.error().message;
  for (const auto& [name, said] : acknowledged_)
    EXPECT_EQ(times[name], 1) << "acknowledged at " << said.position.value();
  for (const auto& [name, count] : times) EXPECT_EQ(count, 1) << "an event is in the log twice";

  const Status waited = runner_->WaitFor(view->size());
  ASSERT_TRUE(waited.ok()) << waited.error().message;
  const auto rebuilt = projections::Rebuild(*view, stores(), {}, nullptr);
  ASSERT_TRUE(rebuilt.ok()) << rebuilt.error().message;
  EXPECT_TRUE(rebuilt->identical()) << rebuilt->first;
}

}  // namespace oppi::tests
