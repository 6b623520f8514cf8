#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "events/check.h"

namespace oppi::tests {

/// A new folder that goes when the object goes; in memory where the machine has such a place, since
/// no test outlives a power cut and a sync of a busy disk takes seconds.
class TempFolder {
 public:
  TempFolder() : TempFolder(InMemory()) {}
  /// Inside `parent`, for tests that want a disk.
  explicit TempFolder(const std::filesystem::path& parent) {
    std::string name = (parent / "oppiloki-test-XXXXXX").string();
    OPPI_CHECK(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  static std::filesystem::path InMemory() {
    std::error_code ignored;
    const bool there = std::filesystem::is_directory("/dev/shm", ignored);
    return there ? "/dev/shm" : std::filesystem::temp_directory_path();
  }

  std::string path_;
};

}  // namespace oppi::tests
