#include "ops/verify_files.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>

#include "ledger/succession.h"
#include "ops/exit_code.h"

namespace oppi::ops {
namespace {

/// nullopt: it is not there or cannot be read.
std::optional<std::string> ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) return std::nullopt;
  return text;
}

projections::Verdict VerifyPath(const std::string& path, const ledger::TlogPolicy& trust,
                                const VerifyOptions& options) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    if (options.folder) return options.folder(path, trust);
    return {false, "unknown", {}, "it is a folder: oppiloki verify checks logs in folders"};
  }
  const auto text = ReadAll(path);
  if (!text) return {false, "unknown", {}, "there is no such file"};
  return projections::VerifyText(*text, trust, options.about, {.complete = !options.incomplete});
}

void Print(const std::string& file, const projections::Verdict& verdict) {
  std::printf("%s  %s (%s)\n", verdict.holds ? "holds " : "FAILED", file.c_str(),
              verdict.kind.c_str());
  constexpr std::string_view kNotShown = "NOT shown: ";
  for (const std::string_view line : verdict.proved) {
    const bool proved = !line.starts_with(kNotShown);
    const std::string_view words = line.substr(proved ? 0 : kNotShown.size());
    std::printf("  %s: %.*s\n", proved ? "proved" : "NOT shown", static_cast<int>(words.size()), words.data());
  }
  if (!verdict.holds) std::printf("  failed: %s\n", verdict.failed.c_str());
}

}  // namespace

Result<int> VerifyFiles(const VerifyOptions& options) {
  const auto policy = ReadAll(options.policy);
  if (!policy) return NotFound("no trust file at " + options.policy);
  OPPI_TRY(ledger::TlogPolicy trust, ledger::ParseTlogPolicy(*policy));
  for (const std::string& path : options.successions) {
    const auto text = ReadAll(path);
    if (!text) return NotFound("no succession at " + path);
    OPPI_TRY(const auto notes, ledger::ParseSuccessions(*text));
    OPPI_TRY(trust, ledger::Follow(std::move(trust), notes));
  }
  bool all = true;
  for (const std::string& file : options.files) {
    const projections::Verdict verdict = VerifyPath(file, trust, options);
    all = all && verdict.holds;
    if (options.json)
      std::printf("%s\n", projections::VerdictJson(file, verdict).c_str());
    else
      Print(file, verdict);
  }
  return all ? kExitDone : kExitFalse;
}

}  // namespace oppi::ops
