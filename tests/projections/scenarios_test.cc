#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "projections/rehearsal.h"

namespace oppi::projections {
namespace {

Result<std::string> ReadText(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return NotFound("cannot be read");
  return std::string(std::istreambuf_iterator<char>(in), {});
}

/// The scenarios of the specification lie beside the repository, not in it.
std::vector<std::string> Scenarios() {
  std::vector<std::string> files;
  const std::filesystem::path folder = std::filesystem::path(OPPI_SHARED_DIR) / "scenarios";
  if (!std::filesystem::is_directory(folder)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().extension() == ".json")
      files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

TEST(Scenarios, AllPassWithTheirExpectationsUntouched) {
  const std::vector<std::string> files = Scenarios();
  if (files.empty()) GTEST_SKIP() << "no scenarios below " << OPPI_SHARED_DIR;
  RehearsalReport total;
  for (const std::string& file : files) {
    std::ostringstream out;
    const RehearsalReport report = Rehearse(file, ReadText, out);
    EXPECT_EQ(report.ExitCode(), 0) << out.str();
    EXPECT_GT(report.passed, 0U) << file;
    total += report;
  }
  EXPECT_EQ(total.failed, 0U);
  EXPECT_EQ(total.bad, 0U);
}

}  // namespace
}  // namespace oppi::projections
