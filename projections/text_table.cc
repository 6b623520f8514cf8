#include "projections/text_table.h"

#include <algorithm>
#include <utility>

#include "events/check.h"

namespace oppi::projections {
namespace {

bool IsContinuation(unsigned char byte) { return (byte & 0xc0) == 0x80; }

std::size_t WidthOf(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return !IsContinuation(static_cast<unsigned char>(c));
  }));
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F are control characters too: C2 80 to C2 9F in UTF-8.
    const bool c1 =
        byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c1) ++i;
    shown += byte < 0x20 || byte == 0x7f || c1 ? '?' : text[i];
  }
  return shown;
}

std::string Joined(const std::vector<std::string>& parts) {
  std::string joined;
  for (const std::string& part : parts) {
    if (!joined.empty()) joined += ", ";
    joined += part;
  }
  return joined;
}

TextTable::TextTable(std::vector<std::string> columns) : columns_(std::move(columns)) {}

void TextTable::Add(std::vector<std::string> cells) {
  OPPI_CHECK(cells.size() == columns_.size());
  for (std::string& cell : cells) cell = Printable(cell);
  rows_.push_back(std::move(cells));
}

std::string TextTable::Render(std::string_view heading) const {
  std::vector<std::size_t> widths(columns_.size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], WidthOf(row[i]));
  }
  std::string text(heading);
  text += '\n';
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string out;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (widths[i] == 0) continue;
      const std::size_t width = std::max(widths[i], WidthOf(columns_[i]));
      out += "  " + cells[i] + std::string(width - WidthOf(cells[i]), ' ');
    }
    out.erase(out.find_last_not_of(' ') + 1);
    text += out + '\n';
  };
  line(columns_);
  for (const auto& row : rows_) line(row);
  return text;
}

}  // namespace oppi::projections
