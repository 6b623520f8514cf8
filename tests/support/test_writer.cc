#include "tests/support/test_writer.h"

#include <gtest/gtest.h>

#include <future>

#include "events/ids.h"
#include "ledger/streams.h"

namespace oppi::tests {
namespace {

using events::ErrorCode;

/// Every publisher has the key that follows from its name.
class NamedKeys final : public events::KeySet {
 public:
  [[nodiscard]] std::optional<PublicKey> Find(std::string_view publisher,
                                              std::string_view) const override {
    return KeyNamed(std::string(publisher)).key.public_key();
  }
};

}  // namespace

ErrorCode SetRules::JudgeSource(const events::BatchHeader&, std::string_view source) {
  return foreign_sources.count(std::string(source)) > 0 ? ErrorCode::kSourceNotYours
                                                        : ErrorCode::kNone;
}

ErrorCode SetRules::JudgeType(const events::BatchHeader&, const events::TypeInfo& type) {
  return forbidden.count(type.type) > 0 ? ErrorCode::kTypeNotAllowed : ErrorCode::kNone;
}

Result<ledger::Verdict> SetRules::JudgeEvent(const ledger::CommittedEvent& event) {
  if (on) OPPI_RETURN_IF_ERROR(on(event));
  const auto it = verdicts.find(event.event.id);
  return it == verdicts.end() ? ledger::Verdict{} : it->second;
}

void SetRules::Sequenced(std::shared_ptr<const ledger::CommittedEvent> event) {
  sequenced.push_back(std::move(event));
}

TestWriter::TestWriter(Options options)
    : parts(options.seed), key(KeyNamed("sis")), options_(options) {
  Status status = parts.Create();
  if (status.ok()) status = Open();
  OPPI_CHECK(status.ok());
}

Status TestWriter::Open() {
  OPPI_RETURN_IF_ERROR(parts.OpenVault());
  ledger::SequencerOptions options;
  options.origin = kOrigin;
  options.queue_events_max = options_.queue_events_max;
  options.group_events_max = options_.group_events_max;
  options.ledger_source = "urn:oid:" + events::OrganisationOid(1) + "/ledger";
  OPPI_TRY(sequencer_, ledger::Sequencer::Open({parts.log_store,
                                                *parts.vault,
                                                rules,
                                                parts.lock,
                                                parts.clock,
                                                parts.entropy,
                                                parts.log_key,
                                                parts.ledger_key,
                                                {}},
                                               options));
  return {};
}

void TestWriter::Close() { sequencer_.reset(); }

void TestWriter::Restart() {
  Close();
  const Status opened = Open();
  ASSERT_TRUE(opened.ok()) << opened.error().message;
}

ledger::PreparedBatch TestWriter::Prepare(events::SignedBatch batch) {
  events::VerifyResult verified = events::VerifyBatch(std::move(batch), kOrigin, NamedKeys());
  OPPI_CHECK(verified.batch);
  return ledger::Prepare(*std::move(verified.batch), *parts.vault, parts.entropy);
}

Result<ledger::BatchResult> TestWriter::Send(events::SignedBatch batch) {
  auto promise = std::make_shared<std::promise<Result<ledger::BatchResult>>>();
  auto answer = promise->get_future();
  OPPI_RETURN_IF_ERROR(sequencer_->Submit(
      Prepare(std::move(batch)),
      [promise](Result<ledger::BatchResult> result) { promise->set_value(std::move(result)); }));
  return answer.get();
}

events::SignedBatch TestWriter::Sign(const std::vector<events::Event>& events) {
  return SignEvents(events, key, parts.entropy);
}

Result<ledger::BatchResult> TestWriter::Send(const std::vector<events::Event>& events) {
  return Send(Sign(events));
}

std::vector<ledger::StreamEntry> TestWriter::StreamOf(std::string_view person) const {
  const auto handles = parts.vault->FindHandles(person);
  OPPI_CHECK(handles.ok());
  if (handles->empty()) return {};
  const auto view = View();
  auto entries =
      ledger::ReadStreamEntries(parts.log_store, handles->front(), view->size(), view->snapshot());
  OPPI_CHECK(entries.ok());
  return *std::move(entries);
}

events::Event TestWriter::EventAt(LeafIndex index) const {
  const auto row = parts.log_store.Get(ledger::Table::kBodies, ledger::BigEndian(index.value()));
  OPPI_CHECK(row.ok() && row->has_value());
  const auto body = ledger::DecodeBody(**row);
  OPPI_CHECK(body.ok());
  const auto opened = ledger::OpenBody(*body, *parts.vault);
  OPPI_CHECK(opened.ok() && opened->state == ledger::Opened::State::kOpen);
  events::Decoded decoded = events::Decode(opened->item.bytes, opened->item.encoding);
  OPPI_CHECK(decoded.error == ErrorCode::kNone);
  return std::move(decoded.event);
}

void TestWriter::Check(TreeSize size) {
  EXPECT_EQ(View()->size().value(), size.value());
  for (const std::string& problem : ProblemsOf(parts, *View())) ADD_FAILURE() << problem;
}

}  // namespace oppi::tests
