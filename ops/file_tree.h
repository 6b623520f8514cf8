#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "events/digest.h"
#include "events/entropy.h"
#include "events/result.h"

/// Folders of files as a backup copies, lists and checks them. Folders get mode 0700, files 0600.

namespace oppi::ops {

/// What a long copy shows while it goes on: bytes, of how many.
using CopyProgressFn = std::function<void(const char* step, std::uint64_t done, std::uint64_t all)>;

/// Every file below `from`, under the same names in the new folder `to`. `may_share`: files that
/// nobody ever changes may be hard links where both are on one file system. Durable when it
/// returns.
[[nodiscard]] Status CopyTree(const std::string& from, const std::string& to, bool may_share,
                              const CopyProgressFn& progress);

/// Writes `folder`.sha256 beside the folder - hashes of its files, as `sha256sum --check` reads
/// them - and gives the hash of that list.
[[nodiscard]] Result<Sha256Digest> ListTree(const std::string& folder,
                                            const CopyProgressFn& progress);

/// Holds `folder` against the list. kDataLoss names the first file that is damaged, missing or too
/// much.
[[nodiscard]] Status CheckTree(const std::string& folder, const std::string& list_path,
                               const Sha256Digest& list, const CopyProgressFn& progress);

/// Overwrites every key file in it, then removes it all. A folder that is not there is destroyed
/// already.
[[nodiscard]] Status DestroyTree(const std::string& folder, Entropy& entropy);

/// Makes the names in it durable.
[[nodiscard]] Status SyncFolder(const std::string& folder);

/// A new folder that only its owner sees; its parents must be there or are made alike.
[[nodiscard]] Status MakePrivateFolder(const std::string& folder);

}  // namespace oppi::ops
