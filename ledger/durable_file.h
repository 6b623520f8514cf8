#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "events/bytes.h"
#include "events/entropy.h"
#include "events/result.h"

/// Small files that must survive a power cut.

namespace oppi::ledger {

/// nullopt when there is no such file. Errors: kPermissionDenied, kDataLoss (unreadable).
[[nodiscard]] Result<std::optional<Bytes>> ReadFileIfThere(const std::string& path);

/// Writes a new file next to `path`, syncs it, renames it over `path` and syncs the directory (whose
/// descriptor is held open meanwhile, so that a late error is not lost).
[[nodiscard]] Status WriteFileDurably(const std::string& path, ByteView bytes, mode_t mode);

/// Overwrites the file with noise, syncs, removes it, syncs the directory. A file that is not there is
/// destroyed already.
[[nodiscard]] Status DestroyFile(const std::string& path, Entropy& entropy);

}  // namespace oppi::ledger
