#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "events/bytes.h"

/// Vectors of other projects. They lie beside the repository, not in it: where the folder is absent
/// a test skips and says so.

namespace oppi::tests {

inline std::filesystem::path VectorPath(const std::string& name) {
  return std::filesystem::path(OPPI_SHARED_DIR) / "vectors" / name;
}

#define OPPI_NEEDS_VECTORS(name)                                 \
  if (!std::filesystem::exists(::oppi::tests::VectorPath(name))) \
  GTEST_SKIP() << "no vectors at " << ::oppi::tests::VectorPath(name)

inline std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

inline nlohmann::json ReadJson(const std::filesystem::path& path) {
  return nlohmann::json::parse(ReadFile(path));
}

/// All regular files below `folder`, sorted, so that a run is repeatable.
inline std::vector<std::filesystem::path> FilesBelow(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

inline std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
    lines.push_back(text.substr(begin, end - begin));
  return lines;
}

/// The bytes of a base64 value in a vector file.
inline Bytes FromVector(const nlohmann::json& base64) {
  const auto bytes = FromBase64(base64.get<std::string>());
  EXPECT_TRUE(bytes.has_value()) << base64;
  return bytes.value_or("");
}

}  // namespace oppi::tests
