#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "events/batch.h"
#include "events/digest.h"
#include "events/ordinal.h"
#include "events/outcome.h"
#include "events/result.h"
#include "events/time.h"
#include "events/verify.h"
#include "ledger/prepared.h"

/// THE ROAD: one way in, whichever door an event came by. Read ingest.cc first.

namespace oppi::consumers {

/// Bytes as they came, not yet looked at.
struct RawMessage {
  enum class Form : std::uint8_t { kFlatBuffers, kJson };
  Form form = Form::kFlatBuffers;
  Bytes bytes;
};

struct ItemReport {
  std::uint16_t item = 0;
  events::Outcome outcome = events::Outcome::kRejected;
  events::ErrorCode code = events::ErrorCode::kNone;
  std::string member;                  // the member a rule complains about, never its value
  std::optional<LeafIndex> position;   // accepted, quarantined; of a duplicate: the original
  std::optional<Instant> recorded;
};

struct BatchReport {
  events::ErrorCode error = events::ErrorCode::kNone;  // the batch as a whole was refused
  std::string message;
  std::vector<ItemReport> items;
  TreeSize size{0};        // of the checkpoint that covers everything above
  std::string checkpoint;  // signed note; durable and published

  [[nodiscard]] std::uint64_t Count(events::Outcome outcome) const;
};

class Road {
 public:
  virtual ~Road() = default;
  /// Returns when the batch is durable and its checkpoint published. Errors: kResourceExhausted (the
  /// queue is full: back off), kUnavailable (shutting down), kDataLoss (the writer has stopped).
  /// Whatever is wrong with the bytes is in the report, not in the status. Any thread.
  [[nodiscard]] virtual Result<BatchReport> Ingest(RawMessage message) = 0;
  [[nodiscard]] virtual Result<BatchReport> Ingest(events::SignedBatch batch) = 0;
  /// The ledger's own, which nobody need verify. `batch` is called when the writer is ready for it, on
  /// its thread, so that the batch holds what has gathered until then; when an error is returned maybe not.
  using OwnBatch = std::function<ledger::PreparedBatch()>;
  [[nodiscard]] virtual Result<BatchReport> Ingest(OwnBatch batch) = 0;
};

/// {"size":n,"checkpoint":"...","items":[{"index":0,"outcome":"ACCEPTED","position":7,"recorded":"..."},
///  {"index":1,"outcome":"REJECTED","code":"FIELD_MISSING","member":"grade"}]}
[[nodiscard]] std::string ReportJson(const BatchReport& report);
/// The same with `"receipt":"..."` (a tlog-proof text) in each item whose text in `receipts`, one per
/// item, is not empty.
[[nodiscard]] std::string ReportJson(const BatchReport& report, const std::vector<std::string>& receipts);

}  // namespace oppi::consumers
