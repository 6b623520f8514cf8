#pragma once

#include <optional>
#include <string>
#include <vector>

#include "events/ed25519.h"
#include "events/entropy.h"
#include "events/ordinal.h"
#include "events/result.h"
#include "ledger/store.h"

/// The keys that sign checkpoints, and how one hands over to the next. In keys/:
///   log.key          signs
///   log-before.key   signs too, so that whoever knows only that key goes on; while the overlap
///   lasts log-next.key     a rotation was interrupted; run again it goes on with this key
///   log.successions  every handover (ledger/succession.h), public

namespace oppi::ops {

struct LogKeys {
  NamedSigningKey key;
  std::optional<NamedSigningKey> before;
  std::vector<std::string> successions;  // oldest first
};
/// `folder`: keys/. Errors: those of ReadKeyFile; kDataLoss when the successions cannot be read.
[[nodiscard]] Result<LogKeys> ReadLogKeys(const std::string& folder);

/// A log that was stored before its key changed, as in a backup, has a checkpoint by an earlier
/// key. When the successions lead from that key to ours, the same checkpoint is signed again by
/// ours. Whatever else is wrong with it is for StoredView to say.
[[nodiscard]] Status SignStoredAnew(ledger::Store& log, const LogKeys& keys);

struct LogKeyRotation {
  VerifierKey before;
  VerifierKey after;
  TreeSize size{0};  // at which it changed hands
};
/// Makes a new key and hands over to it. The ledger must not be open. Interrupted, the ledger opens
/// all the same and the same call goes on. Errors: kAlreadyExists while an overlap lasts,
/// kUnavailable when the ledger is open, kDataLoss when log, lock and key do not fit together.
[[nodiscard]] Result<LogKeyRotation> RotateLogKey(const std::string& directory, Entropy& entropy);
/// Destroys the key before: from now on the new one signs alone. Errors: kNotFound when no overlap
/// lasts.
[[nodiscard]] Status EndLogKeyOverlap(const std::string& directory, Entropy& entropy);

}  // namespace oppi::ops
