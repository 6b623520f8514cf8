#pragma once

#include <functional>
#include <string>
#include <vector>

#include "events/ed25519.h"
#include "events/result.h"
#include "ledger/checkpoint_lock.h"
#include "ledger/store.h"
#include "ledger/vault.h"

/// Re-derives everything that the log store holds from the leaves up - hashes, tiles, root, checkpoint,
/// batches, bodies, duplicate index, streams, labels, the stream map of every state leaf - and names each damage. Changes nothing.

namespace oppi::ledger {

struct FsckReport {
  std::uint64_t leaves = 0;
  std::uint64_t events = 0;
  std::uint64_t bodies_open = 0;
  std::uint64_t bodies_erased = 0;
  std::uint64_t streams = 0;
  std::vector<std::string> damages;  // at most kDamagesMax, each one sentence
  bool truncated = false;            // there were more

  [[nodiscard]] bool clean() const { return damages.empty(); }
};
inline constexpr std::size_t kDamagesMax = 1000;

/// Errors: only when the store cannot be read at all; damage is in the report.
[[nodiscard]] Result<FsckReport> Fsck(const Store& store, const Vault& vault, const VerifierKey& log_key,
                                      const std::optional<CheckpointLock::Value>& locked,
                                      const std::function<void(std::uint64_t done, std::uint64_t all)>& progress = {});

}  // namespace oppi::ledger
