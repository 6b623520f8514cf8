#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "events/result.h"
#include "events/time.h"

/// Which copies of the vault exist: every backup that was made, kept beside the erasure list. A
/// copy of a generation that is no more still opens what was erased since, to whoever also has the
/// master key.

namespace oppi::ops {

struct VaultCopy {
  std::string path;  // absolute
  std::string id;    // of its manifest
  Instant made;
  std::uint32_t generation = 0;
  bool whole = false;  // false: its making was interrupted, or is under way
  friend bool operator==(const VaultCopy&, const VaultCopy&) = default;
  /// The same backup in the same place: only what is known of it differs.
  [[nodiscard]] bool IsSame(const VaultCopy& other) const {
    return path == other.path && id == other.id;
  }
};

/// In the order they were made. `ledger`: the ledger's directory. Errors: kDataLoss.
[[nodiscard]] Result<std::vector<VaultCopy>> ReadCopies(const std::string& ledger);
/// Durable when it returns.
[[nodiscard]] Status WriteCopies(const std::string& ledger, const std::vector<VaultCopy>& copies);

/// The generation of the ledger's own vault. While a new one is being made there are two; the older
/// one counts. 0: there is no vault.
[[nodiscard]] std::uint32_t GenerationInUse(const std::string& ledger);

/// What is to be said of a copy that is older than that.
[[nodiscard]] std::string StaleText(const VaultCopy& copy);
/// The command that mends it.
[[nodiscard]] std::string StaleMend(const VaultCopy& copy, const std::string& ledger);

}  // namespace oppi::ops
