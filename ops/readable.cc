// JSON answers as people read them: one renderer for every command, so that --url and --data print
// the same.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ops/cli.h"

namespace oppi::ops {
namespace {

using Json = nlohmann::ordered_json;

/// Characters, not bytes: names have letters beyond ASCII.
std::size_t Width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string Cell(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) {
    std::string text = value.get<std::string>();
    if (text.find('\n') != std::string::npos) text = text.substr(0, text.find('\n')) + " ...";
    return text;
  }
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_array()) {
    std::string text;
    for (const Json& each : value) text += (text.empty() ? "" : ", ") + Cell(each);
    return text.empty() ? "-" : text;
  }
  if (value.is_object()) {
    std::string text;
    for (const auto& [name, each] : value.items()) text += (text.empty() ? "" : ", ") + name + " " + Cell(each);
    return text.empty() ? "-" : text;
  }
  return value.dump();
}

std::string Pad(const std::string& text, std::size_t width) {
  return text + std::string(width > Width(text) ? width - Width(text) : 0, ' ');
}

bool IsTable(const Json& value) {
  return value.is_array() && !value.empty() &&
         std::all_of(value.begin(), value.end(), [](const Json& each) { return each.is_object(); });
}

void Table(const Json& rows, const std::string& indent, std::string& out) {
  std::vector<std::string> columns;
  for (const Json& row : rows)
    for (const auto& [name, value] : row.items())
      if (std::find(columns.begin(), columns.end(), name) == columns.end()) columns.push_back(name);
  std::vector<std::vector<std::string>> cells;
  std::vector<std::size_t> widths;
  for (const std::string& column : columns) widths.push_back(Width(column));
  for (const Json& row : rows) {
    std::vector<std::string> line;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      line.push_back(row.contains(columns[c]) ? Cell(row.at(columns[c])) : "");
      widths[c] = std::max(widths[c], Width(line.back()));
    }
    cells.push_back(std::move(line));
  }
  const auto print = [&](const std::vector<std::string>& line) {
    std::string text = indent;
    for (std::size_t c = 0; c < line.size(); ++c) text += Pad(line[c], widths[c]) + "  ";
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  };
  print(columns);
  for (const auto& line : cells) print(line);
}

void Render(const Json& value, const std::string& indent, std::string& out) {
  if (IsTable(value)) return Table(value, indent, out);
  if (!value.is_object()) {
    out += indent + Cell(value) + "\n";
    return;
  }
  std::size_t width = 0;
  for (const auto& [name, each] : value.items())
    if (!each.is_object() && !IsTable(each)) width = std::max(width, Width(name));
  for (const auto& [name, each] : value.items()) {
    if (each.is_array() && each.empty()) continue;
    if (each.is_object() || IsTable(each)) {
      out += indent + name + "\n";
      Render(each, indent + "  ", out);
    } else {
      out += indent + Pad(name, width) + "  " + Cell(each) + "\n";
    }
  }
}

}  // namespace

std::string Readable(const std::string& json) {
  const Json value = Json::parse(json, nullptr, false);
  if (value.is_discarded()) return json + "\n";
  std::string out;
  Render(value, "", out);
  return out;
}

}  // namespace oppi::ops
