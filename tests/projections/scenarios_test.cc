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

std::vector<std::string> FilesIn(const std::filesystem::path& folder) {
  std::vector<std::string> files;
  if (!std::filesystem::is_directory(folder)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().extension() == ".json")
      files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

RehearsalReport RehearseAll(const std::vector<std::string>& files) {
  RehearsalReport total;
  for (const std::string& file : files) {
    std::ostringstream out;
    const RehearsalReport report = Rehearse(file, ReadText, out);
    EXPECT_EQ(report.ExitCode(), 0) << out.str();
    total += report;
  }
  return total;
}

/// The scenarios of the specification lie beside the repository, not in it.
TEST(Scenarios, OfTheSpecificationAllPassWithTheirExpectationsUntouched) {
  const auto files = FilesIn(std::filesystem::path(OPPI_SHARED_DIR) / "scenarios");
  if (files.empty()) GTEST_SKIP() << "no scenarios below " << OPPI_SHARED_DIR;
  EXPECT_GE(RehearseAll(files).passed, files.size());
}

/// Ours: one story for each sentence of the model that those do not tell of.
TEST(Scenarios, OfThisRepositoryAllPass) {
  const auto files = FilesIn(OPPI_SCENARIOS_DIR);
  EXPECT_GE(files.size(), 25U);
  EXPECT_GE(RehearseAll(files).passed, 300U);
}

}  // namespace
}  // namespace oppi::projections
