#include "events/commitment.h"

#include <sodium.h>

#include <limits>

namespace oppi::events {
namespace {

constexpr std::string_view kSegmentDomain = "oppiloki/segment/v1\n";
constexpr std::string_view kCommitmentDomain = "oppiloki/commitment/v1\n";
constexpr std::size_t kSegmentSaltBytes = 16;
/// More members than the widest type has; past it the rest of the event is one segment.
constexpr std::size_t kSegmentsMax = 128;

/// Offset of the quote that closes the string opened at `begin`: one with an even number of
/// backslashes before it. npos when there is none.
std::size_t EndOfString(ByteView json, std::size_t begin) {
  for (std::size_t quote = json.find('"', begin + 1); quote != json.npos; quote = json.find('"', quote + 1)) {
    std::size_t slashes = 0;
    while (json[quote - 1 - slashes] == '\\') ++slashes;
    if (slashes % 2 == 0) return quote;
  }
  return json.npos;
}

/// Offsets of the opening quote of each member name at depth 1, and at depth 2 inside "data".
/// A scanner, not a parser: it needs only strings and brackets, and anything odd ends it early, which
/// yields fewer segments of the same bytes.
void ScanMembers(ByteView json, std::vector<std::uint32_t>& starts) {
  int depth = 0;
  bool name_next = false;    // the next string is a member name
  bool in_data = false;      // inside the top-level "data" object
  bool name_is_data = false; // the last depth-1 name was "data"
  for (std::size_t i = 0; i < json.size(); ++i) {
    switch (json[i]) {
      case '{':
      case '[':
        ++depth;
        if (depth == 2) in_data = name_is_data && json[i] == '{';
        name_next = json[i] == '{' && (depth == 1 || (depth == 2 && in_data));
        break;
      case '}':
      case ']':
        if (--depth <= 0) return;
        if (depth == 1) in_data = false;
        name_next = false;
        break;
      case ',':
        name_next = depth == 1 || (depth == 2 && in_data);
        break;
      case '"': {
        const std::size_t begin = i;
        i = EndOfString(json, begin);
        if (i == json.npos) return;
        if (!name_next) break;
        if (starts.size() == kSegmentsMax) return;
        if (begin != 0) starts.push_back(static_cast<std::uint32_t>(begin));
        if (depth == 1) name_is_data = json.substr(begin, i + 1 - begin) == "\"data\"";
        name_next = false;
        break;
      }
      default:
        break;
    }
  }
}

}  // namespace

std::vector<std::uint32_t> Segments(ByteView bytes, Encoding encoding) {
  OPPI_CHECK(bytes.size() <= std::numeric_limits<std::uint32_t>::max());
  std::vector<std::uint32_t> starts{0};
  starts.reserve(24);
  if (encoding == Encoding::kJson) ScanMembers(bytes, starts);
  return starts;
}

Commitment Commit(ByteView bytes, Encoding encoding, const Salt& salt) {
  const std::vector<std::uint32_t> starts = Segments(bytes, encoding);
  Bytes salts(starts.size() * kSegmentSaltBytes, '\0');
  static constexpr std::array<unsigned char, crypto_stream_chacha20_ietf_NONCEBYTES> kNonce{};
  static_assert(kSaltBytes == crypto_stream_chacha20_ietf_KEYBYTES);
  crypto_stream_chacha20_ietf(reinterpret_cast<unsigned char*>(salts.data()), salts.size(), kNonce.data(), salt.data());

  Bytes count;
  ByteWriter(count).U16(static_cast<std::uint16_t>(starts.size()));
  Sha256 all;
  all.Update(kCommitmentDomain).Update(count);
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::size_t end = i + 1 < starts.size() ? starts[i + 1] : bytes.size();
    const auto leaf = Sha256()
                          .Update(kSegmentDomain)
                          .Update(ByteView(salts).substr(i * kSegmentSaltBytes, kSegmentSaltBytes))
                          .Update(bytes.substr(starts[i], end - starts[i]))
                          .Final<Sha256Digest>();
    all.Update(leaf.view());
  }
  return all.Final<Commitment>();
}

}  // namespace oppi::events
