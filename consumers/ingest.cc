#include "consumers/ingest.h"

#include <algorithm>
#include <future>
#include <thread>

#include "consumers/ledger_road.h"
#include "events/limits.h"
#include "ledger/prepared.h"

// The road of an event, from bytes at a door to a receipt. Each step yields a type that only the step
// before it can make:
//
//   RawMessage -> SignedBatch -> VerifiedBatch -> PreparedBatch -> BatchResult -> BatchReport
//      admit        decode          verify          prepare     sequence, commit     report

namespace oppi::consumers {
namespace {

BatchReport Refused(events::ErrorCode code, std::string message) {
  BatchReport report;
  report.error = code;
  report.message = std::move(message);
  return report;
}

Result<events::SignedBatch> DecodeMessage(const RawMessage& message) {
  return message.form == RawMessage::Form::kJson ? events::DecodeBatchJson(message.bytes)
                                                 : events::DecodeBatch(message.bytes);
}

/// Hands a batch to the writer and waits for its answer.
template <class Submit>
Result<ledger::BatchResult> SequenceAndCommit(const Submit& submit) {
  auto promise = std::make_shared<std::promise<Result<ledger::BatchResult>>>();
  std::future<Result<ledger::BatchResult>> answer = promise->get_future();
  OPPI_RETURN_IF_ERROR(submit([promise](Result<ledger::BatchResult> result) { promise->set_value(std::move(result)); }));
  return answer.get();
}

BatchReport Report(ledger::BatchResult result) {
  BatchReport report;
  report.error = result.error;
  report.message = std::move(result.message);
  report.size = result.view->size();
  report.checkpoint = result.view->note();
  report.items.reserve(result.items.size());
  for (std::size_t i = 0; i < result.items.size(); ++i) {
    ledger::ItemResult& item = result.items[i];
    report.items.push_back({static_cast<std::uint16_t>(i), item.outcome, item.code, std::move(item.member),
                            item.position, item.recorded});
  }
  return report;
}

}  // namespace

LedgerRoad::LedgerRoad(Ports ports)
    : ports_(std::move(ports)), verifiers_(std::max(1, static_cast<int>(std::thread::hardware_concurrency()) - 1)) {}

Result<BatchReport> LedgerRoad::Ingest(RawMessage message) {
  // Admit: nothing larger than a batch may be is looked at.
  if (message.bytes.size() > kBatchBytesMax)
    return Refused(events::ErrorCode::kBatchTooLarge, "the batch has too many bytes");
  // Decode: form only; from here on there is a header, a signature and items.
  Result<events::SignedBatch> batch = DecodeMessage(message);
  if (!batch.ok()) return Refused(events::ErrorCode::kMalformed, batch.error().message);
  return Ingest(std::move(batch).value());
}

Result<BatchReport> LedgerRoad::Ingest(events::SignedBatch signed_batch) {
  verifiers_.acquire();
  // Verify: from here on the publisher said exactly these bytes, and each event is decoded or refused.
  events::VerifyResult verified =
      events::VerifyBatch(std::move(signed_batch), ports_.origin, *ports_.keys(), ports_.decode);
  if (!verified.batch) {
    verifiers_.release();
    return Refused(verified.error, std::move(verified.message));
  }
  // Prepare: from here on nothing that will be written is in clear, except what is public.
  ledger::PreparedBatch prepared = ledger::Prepare(*std::move(verified.batch), ports_.vault, ports_.entropy);
  verifiers_.release();
  // Sequence and commit: from here on it is durable, and the published checkpoint covers it.
  OPPI_TRY(ledger::BatchResult result, SequenceAndCommit([&](ledger::Sequencer::Answer answer) {
    return ports_.sequencer.Submit(std::move(prepared), std::move(answer));
  }));
  return Report(std::move(result));
}

Result<BatchReport> LedgerRoad::Ingest(OwnBatch batch) {
  OPPI_TRY(ledger::BatchResult result, SequenceAndCommit([&](ledger::Sequencer::Answer answer) {
    return ports_.sequencer.SubmitLate(std::move(batch), std::move(answer));
  }));
  return Report(std::move(result));
}

}  // namespace oppi::consumers
