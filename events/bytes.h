#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/result.h"

/// Bytes are std::string (owned) and std::string_view (lent): what RocksDB, simdjson, OpenSSL and
/// FlatBuffers all take without copies. Integers on the wire are big-endian and of fixed width.

namespace oppi {

using Bytes = std::string;
using ByteView = std::string_view;

[[nodiscard]] std::string ToHex(ByteView bytes);
/// Lower-case hex only. nullopt when it is not, or the length is odd.
[[nodiscard]] std::optional<Bytes> FromHex(std::string_view hex);

/// RFC 4648 section 4, with padding.
[[nodiscard]] std::string ToBase64(ByteView bytes);
/// Strict: canonical padding, no white space. nullopt when it is not.
[[nodiscard]] std::optional<Bytes> FromBase64(std::string_view text);
/// RFC 4648 section 5 without padding, for tokens.
[[nodiscard]] std::string ToBase64Url(ByteView bytes);
[[nodiscard]] std::optional<Bytes> FromBase64Url(std::string_view text);

/// Appends fixed-width big-endian integers and length-prefixed bytes.
class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}
  void U8(std::uint8_t v) { out_.push_back(static_cast<char>(v)); }
  void U16(std::uint16_t v) { Big(v, 2); }
  void U32(std::uint32_t v) { Big(v, 4); }
  void U64(std::uint64_t v) { Big(v, 8); }
  void I64(std::int64_t v) { U64(static_cast<std::uint64_t>(v)); }
  void Raw(ByteView bytes) { out_.append(bytes); }
  /// One-byte length, then at most 255 bytes.
  void Short(ByteView bytes);
  /// Four-byte length, then the bytes.
  void Long(ByteView bytes);

 private:
  void Big(std::uint64_t v, int width) {
    for (int shift = (width - 1) * 8; shift >= 0; shift -= 8)
      out_.push_back(static_cast<char>((v >> shift) & 0xff));
  }
  Bytes& out_;
};

/// Reads what ByteWriter wrote. After the first overrun everything reads as zero and ok() is false,
/// so a decoder checks once, at the end. `done()` also demands that nothing is left.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : rest_(bytes) {}
  std::uint8_t U8() { return static_cast<std::uint8_t>(Big(1)); }
  std::uint16_t U16() { return static_cast<std::uint16_t>(Big(2)); }
  std::uint32_t U32() { return static_cast<std::uint32_t>(Big(4)); }
  std::uint64_t U64() { return Big(8); }
  std::int64_t I64() { return static_cast<std::int64_t>(Big(8)); }
  ByteView Raw(std::size_t n);
  ByteView Short() { return Raw(U8()); }
  ByteView Long() { return Raw(U32()); }
  [[nodiscard]] ByteView rest() const { return rest_; }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool done() const { return ok_ && rest_.empty(); }

 private:
  std::uint64_t Big(std::size_t width);
  ByteView rest_;
  bool ok_ = true;
};

}  // namespace oppi
