#include "events/bytes.h"

#include <sodium.h>

#include <algorithm>
#include <limits>

namespace oppi {
namespace {

std::string Base64(ByteView bytes, int variant) {
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), variant);
  text.pop_back();  // sodium counts the terminating NUL
  return text;
}

std::optional<Bytes> Unbase64(std::string_view text, int variant) {
  // libsodium 1.0.18 reads bytes of 0x80 and more as if they were digits: a second spelling.
  if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
    return std::nullopt;
  Bytes bytes(text.size() / 4 * 3 + 3, '\0');
  std::size_t length = 0;
  const char* end = nullptr;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                        text.size(), nullptr, &length, &end, variant) != 0 ||
      end != text.data() + text.size())
    return std::nullopt;
  bytes.resize(length);
  return bytes;
}

}  // namespace

std::string ToHex(ByteView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto b = static_cast<unsigned char>(c);
    hex.push_back(kDigits[b >> 4]);
    hex.push_back(kDigits[b & 15]);
  }
  return hex;
}

std::optional<Bytes> FromHex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
  };
  Bytes bytes;
  bytes.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = digit(hex[i]);
    const int low = digit(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

std::string ToBase64(ByteView bytes) { return Base64(bytes, sodium_base64_VARIANT_ORIGINAL); }
std::optional<Bytes> FromBase64(std::string_view text) {
  return Unbase64(text, sodium_base64_VARIANT_ORIGINAL);
}
std::string ToBase64Url(ByteView bytes) {
  return Base64(bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}
std::optional<Bytes> FromBase64Url(std::string_view text) {
  return Unbase64(text, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void ByteWriter::Short(ByteView bytes) {
  OPPI_CHECK(bytes.size() <= std::numeric_limits<std::uint8_t>::max());
  U8(static_cast<std::uint8_t>(bytes.size()));
  Raw(bytes);
}

void ByteWriter::Long(ByteView bytes) {
  OPPI_CHECK(bytes.size() <= std::numeric_limits<std::uint32_t>::max());
  U32(static_cast<std::uint32_t>(bytes.size()));
  Raw(bytes);
}

ByteView ByteReader::Raw(std::size_t n) {
  if (n > rest_.size()) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  const ByteView taken = rest_.substr(0, n);
  rest_.remove_prefix(n);
  return taken;
}

std::uint64_t ByteReader::Big(std::size_t width) {
  std::uint64_t v = 0;
  for (const char c : Raw(width)) v = v << 8 | static_cast<unsigned char>(c);
  return v;
}

}  // namespace oppi
