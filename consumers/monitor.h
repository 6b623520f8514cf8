#pragma once

#include <optional>
#include <string>
#include <vector>

#include "consumers/tile_api.h"
#include "ledger/equivocation.h"
#include "ledger/merkle/compact_range.h"
#include "ledger/tlog_policy.h"

/// Follows a log from outside, believing nothing but the trust file: every signed tree must continue
/// the one before, and every entry that is served must be what the tree says.

namespace oppi::consumers {

/// What a monitor keeps between looks. A monitor that forgets it begins again with the first entry.
struct MonitorState {
  std::string note;                     // the newest checkpoint that held; empty: none yet
  ledger::merkle::CompactRange leaves;  // of all entries below its size
  std::int64_t recorded_micros = 0;     // of the last entry
  std::uint64_t state_index = 0;        // of the last state entry; 0: none yet
};
[[nodiscard]] std::string EncodeMonitorState(const MonitorState& state);
/// Strict. Errors: kDataLoss.
[[nodiscard]] Result<MonitorState> DecodeMonitorState(std::string_view text);

struct MonitorAlarm {
  enum class Kind : std::uint8_t {
    kUntrusted,     // the checkpoint is not signed, or not cosigned, as the trust file demands
    kEquivocation,  // two trees that exclude each other; `proof` convinces anybody
    kRollback,      // an older tree than was served before
    kEntries,       // the entries that are served are not those of the tree, or are none that a ledger writes
    kPromise,       // a receipt promises an entry that this tree does not have
  };
  Kind kind = Kind::kUntrusted;
  std::string words;
  std::optional<ledger::Equivocation> proof;
};
[[nodiscard]] const char* MonitorAlarmName(MonitorAlarm::Kind kind);  // "EQUIVOCATION"

struct MonitorLook {
  std::vector<MonitorAlarm> alarms;
  TreeSize size{0};                // of the checkpoint that was served, if it could be read
  std::uint64_t entries_read = 0;  // since the last look
  std::vector<std::string> witnesses;  // whose cosignatures it has
};

/// One thread at a time.
class Monitor {
 public:
  /// `receipts`: C2SP tlog-proofs whose promise is to be kept, by a name for each.
  Monitor(ledger::TlogPolicy policy, TileSource source, MonitorState state, std::vector<std::pair<std::string, std::string>> receipts)
      : policy_(std::move(policy)), source_(std::move(source)), state_(std::move(state)), receipts_(std::move(receipts)) {}

  /// Looks once. The state moves on only when nothing is wrong with the tree. Errors: kUnavailable
  /// and the like, when the log cannot be reached: no look was taken.
  [[nodiscard]] Result<MonitorLook> Look();
  [[nodiscard]] const MonitorState& state() const { return state_; }

 private:
  [[nodiscard]] Status Follow(const ledger::TrustedCheckpoint& now, const std::string& note, MonitorLook& look);
  /// What is wrong with this entry where it is; empty: nothing.
  [[nodiscard]] static std::string CheckEntry(ByteView entry, MonitorState& next);
  /// Which of the entries from `first` on is not the one under the signed root.
  [[nodiscard]] Result<std::optional<std::uint64_t>> FirstAltered(std::uint64_t first, std::uint64_t size) const;
  [[nodiscard]] Status ReadEntries(const ledger::TrustedCheckpoint& now, MonitorState& next, MonitorLook& look);
  /// Whether `first` and `second` (not smaller) contradict, by the tiles that are served.
  [[nodiscard]] Result<std::optional<ledger::Equivocation>> Contradiction(const std::string& first, const std::string& second);
  [[nodiscard]] Status CheckReceipts(const std::string& note, MonitorLook& look);

  const ledger::TlogPolicy policy_;
  const TileSource source_;
  MonitorState state_;
  const std::vector<std::pair<std::string, std::string>> receipts_;
};

}  // namespace oppi::consumers
