#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/bytes.h"

/// Comma-separated values as RFC 4180 has them, with a header line.

namespace oppi::events {

struct CsvLimits {
  std::size_t columns_max = 256;
  std::size_t rows_max = 2'000'000;
  std::size_t cell_bytes_max = 16 * 1024;
};

class CsvTable {
 public:
  /// UTF-8, a byte order mark allowed; lines end in LF or CRLF; every row as long as the header,
  /// but empty lines are skipped. nullopt when a quote is out of place or a limit is passed, a
  /// column name repeats, or a row is longer or shorter than the header.
  [[nodiscard]] static std::optional<CsvTable> Parse(ByteView text, const CsvLimits& limits = {});

  [[nodiscard]] std::size_t rows() const { return rows_.size(); }
  /// The cell under the first of `names` that is a column of this table; "" when none is.
  [[nodiscard]] std::string_view At(std::size_t row,
                                    std::initializer_list<std::string_view> names) const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace oppi::events
