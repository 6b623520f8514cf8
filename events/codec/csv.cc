#include "events/codec/csv.h"

#include <simdjson.h>

#include <algorithm>
#include <utility>

namespace oppi::events {
namespace {

class Reader {
 public:
  Reader(ByteView text, const CsvLimits& limits) : text_(text), limits_(limits) {}

  [[nodiscard]] bool End() const { return at_ >= text_.size(); }

  /// One line, which a quoted cell may continue over line ends.
  bool Row(std::vector<std::string>& row) {
    row.clear();
    for (;;) {
      if (row.size() == limits_.columns_max || !Cell(row.emplace_back())) return false;
      if (End()) return true;
      const char c = text_[at_++];
      if (c == ',') continue;
      if (c == '\r' && !End() && text_[at_] == '\n') ++at_;
      return true;  // Cell stops at nothing else
    }
  }

 private:
  bool Cell(std::string& cell) {
    if (!End() && text_[at_] == '"') return Quoted(cell);
    const std::size_t end = std::min(text_.find_first_of(",\r\n\"", at_), text_.size());
    if (end - at_ > limits_.cell_bytes_max || (end < text_.size() && text_[end] == '"'))
      return false;
    cell.assign(text_.substr(at_, end - at_));
    at_ = end;
    return true;
  }

  bool Quoted(std::string& cell) {
    ++at_;
    for (;;) {
      const std::size_t end = text_.find('"', at_);
      if (end == ByteView::npos || end - at_ > limits_.cell_bytes_max - cell.size()) return false;
      cell.append(text_.substr(at_, end - at_));
      at_ = end + 1;
      if (End() || text_[at_] != '"') break;
      if (cell.size() == limits_.cell_bytes_max) return false;
      cell.push_back('"');
      ++at_;
    }
    return End() || text_[at_] == ',' || text_[at_] == '\r' || text_[at_] == '\n';
  }

  ByteView text_;
  const CsvLimits& limits_;
  std::size_t at_ = 0;
};

bool IsEmpty(const std::vector<std::string>& row) { return row.size() == 1 && row[0].empty(); }

}  // namespace

std::optional<CsvTable> CsvTable::Parse(ByteView text, const CsvLimits& limits) {
  if (!simdjson::validate_utf8(text.data(), text.size())) return std::nullopt;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  Reader reader(text, limits);
  CsvTable table;
  if (reader.End() || !reader.Row(table.header_) || IsEmpty(table.header_)) return std::nullopt;
  std::vector<std::string> sorted = table.header_;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) return std::nullopt;
  std::vector<std::string> row;
  while (!reader.End()) {
    if (!reader.Row(row)) return std::nullopt;
    if (IsEmpty(row) && table.header_.size() > 1) continue;
    if (row.size() != table.header_.size() || table.rows_.size() == limits.rows_max)
      return std::nullopt;
    table.rows_.push_back(std::move(row));
  }
  return table;
}

std::string_view CsvTable::At(std::size_t row,
                              std::initializer_list<std::string_view> names) const {
  for (const std::string_view name : names) {
    const auto found = std::find(header_.begin(), header_.end(), name);
    if (found != header_.end())
      return rows_[row][static_cast<std::size_t>(found - header_.begin())];
  }
  return {};
}

}  // namespace oppi::events
