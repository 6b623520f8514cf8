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
  TempFolder() {
    std::error_code ignored;
    const bool memory = std::filesystem::is_directory("/dev/shm", ignored);
    const std::filesystem::path parent =
        memory ? "/dev/shm" : std::filesystem::temp_directory_path();
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
  std::string path_;
};

}  // namespace oppi::tests
