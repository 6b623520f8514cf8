#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/ed25519.h"
#include "events/result.h"
#include "events/time.h"
#include "ledger/checkpoint.h"
#include "ledger/witness_state.h"

/// C2SP tlog-witness v1: cosigns a checkpoint of a log it knows when, and only when, the tree is a
/// continuation of the one it cosigned last. Two clients that trust one witness see one history.

namespace oppi::ledger {

/// The body of add-checkpoint.
struct AddCheckpoint {
  TreeSize old{0};               // the size the witness cosigned last; 0: none
  std::vector<NodeHash> proof;   // consistency from there; at most kWitnessProofHashesMax
  std::string checkpoint;        // the note, verbatim
  friend bool operator==(const AddCheckpoint&, const AddCheckpoint&) = default;
};
inline constexpr std::size_t kWitnessProofHashesMax = 63;
inline constexpr std::size_t kAddCheckpointBytesMax = 128 * 1024;

[[nodiscard]] std::string FormatAddCheckpoint(const AddCheckpoint& request);
/// Strict: FormatAddCheckpoint(ParseAddCheckpoint(t)) == t. The note is not looked into.
/// Errors: kInvalidArgument.
[[nodiscard]] Result<AddCheckpoint> ParseAddCheckpoint(std::string_view text);

struct WitnessAnswer {
  enum class Kind : std::uint8_t {
    kCosigned,      // 200: `text` is a signature line
    kMalformed,     // 400: not a request, or the size is below `old`
    kUntrusted,     // 403: not signed by the log's key
    kUnknownLog,    // 404: a log this witness does not follow
    kConflict,      // 409: `old` is not what it cosigned last; `text` is that size and "\n"
    kInconsistent,  // 422: the tree is no continuation, or not as this witness demands
  };
  Kind kind = Kind::kMalformed;
  std::string text;  // otherwise why, in words
};

/// Any thread; one request of a witness at a time.
class Witness {
 public:
  /// What else must hold of a checkpoint before it is cosigned; the error says what does not.
  using Demand = std::function<Status(const Checkpoint& checkpoint)>;
  /// `logs`: type 01 keys, whose names are the origins. `state` and `clock` outlive it.
  Witness(NamedSigningKey key, const std::vector<VerifierKey>& logs, WitnessState& state, const Clock& clock, Demand demand = {});

  /// What was cosigned is durable in the state before this returns. Errors: only of the state.
  [[nodiscard]] Result<WitnessAnswer> Add(std::string_view request);
  /// The newest checkpoint of the log with its cosignature; nullopt: none yet, or no such log.
  /// `log`: lower-case hex of SHA-256 of the origin.
  [[nodiscard]] Result<std::optional<std::string>> Newest(std::string_view log) const;
  /// The size it cosigned last; 0: none.
  [[nodiscard]] Result<TreeSize> SizeOf(const std::string& origin) const;

  [[nodiscard]] VerifierKey verifier() const;
  [[nodiscard]] const std::map<std::string, VerifierKey>& logs() const { return logs_; }

 private:
  [[nodiscard]] Result<WitnessAnswer> Cosigned(const AddCheckpoint& request, const Note& note, const Checkpoint& checkpoint);

  const NamedSigningKey key_;
  std::map<std::string, VerifierKey> logs_;  // by origin
  WitnessState& state_;
  const Clock& clock_;
  const Demand demand_;
  mutable std::mutex mutex_;
};

/// Lower-case hex of SHA-256 of the origin: what a witness calls a log in its paths.
[[nodiscard]] std::string WitnessedLogName(std::string_view origin);

}  // namespace oppi::ledger
