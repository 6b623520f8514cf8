#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>

#include "events/result.h"

/// Rehearsals: a data-protection officer tries a policy on a story before it is in force. Each file
/// is folded in an in-memory ledger of its own with a manual clock, by the same rules of intake and
/// the same answers as the real one; nothing is read from or written to a real log.

namespace oppi::projections {

/// The text of a file. Errors are printed with the file's name.
using FileReader = std::function<Result<std::string>(const std::string& path)>;

struct RehearsalReport {
  std::uint64_t passed = 0;
  std::uint64_t failed = 0;
  std::uint64_t bad = 0;  // files that could not be read, or contradict themselves

  RehearsalReport& operator+=(const RehearsalReport& other);
  /// 0 every question passed, 1 some failed, 2 some file was bad.
  [[nodiscard]] int ExitCode() const;
};

/// One line per question: `ok   <file> <question> <ask>` or `FAIL ...` followed by a line per
/// differing member; `BAD  <file>: <why>` for a bad file.
[[nodiscard]] RehearsalReport Rehearse(const std::string& path, const FileReader& read,
                                       std::ostream& out);
/// The last line: `N passed, N failed`.
void PrintTotals(const RehearsalReport& report, std::ostream& out);

}  // namespace oppi::projections
