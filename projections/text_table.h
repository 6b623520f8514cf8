#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Text tables for people: a heading, a row of names, aligned rows. Width is counted in characters,
/// not bytes, and what could move a terminal's cursor is shown as '?': the text comes from
/// publishers.

namespace oppi::projections {

class TextTable {
 public:
  explicit TextTable(std::vector<std::string> columns);
  /// Requires as many cells as there are columns.
  void Add(std::vector<std::string> cells);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  /// "Heading\n", the names and the rows, each indented by two blanks; a column in which every cell
  /// is empty is left out.
  [[nodiscard]] std::string Render(std::string_view heading) const;

 private:
  std::vector<std::string> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// `text` with control characters replaced by '?'.
[[nodiscard]] std::string Printable(std::string_view text);

/// "a, b, c"
[[nodiscard]] std::string Joined(const std::vector<std::string>& parts);

}  // namespace oppi::projections
