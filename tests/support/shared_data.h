#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "events/bytes.h"
#include "events/codec/foreign.h"

/// Other people's records, real and realistic. They lie beside the repository, not in it: where the
/// folder is absent a test skips and says so.

namespace oppi::tests {

inline std::filesystem::path DataPath(const std::string& name) {
  return std::filesystem::path(OPPI_SHARED_DIR) / "data" / name;
}

#define OPPI_NEEDS_DATA(name)                                  \
  if (!std::filesystem::exists(::oppi::tests::DataPath(name))) \
  GTEST_SKIP() << "no data at " << ::oppi::tests::DataPath(name)

struct StoredFile {
  std::string name;
  Bytes bytes;
};

/// The files of an archive, or the one file that was compressed (without a name); gzip and xz
/// undone.
[[nodiscard]] std::vector<StoredFile> ReadStored(const std::filesystem::path& path);

/// Options of a publisher whose test data have person numbers without check digits.
[[nodiscard]] events::TranslateOptions TestPublisher();

/// Every event is accepted by Decode in its encoded form, comes back equal, and no id occurs twice.
/// `events` of several records may be checked together.
void ExpectPublishable(const std::vector<events::Event>& events);

/// Nothing of the translation depends on anything but record and options.
void ExpectSame(const events::Translated& a, const events::Translated& b);

}  // namespace oppi::tests
