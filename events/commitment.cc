#include "events/commitment.h"

#include <sodium.h>

#include <algorithm>
#include <limits>

namespace oppi::events {
namespace {

constexpr std::string_view kSegmentDomain = "oppiloki/segment/v1\n";
constexpr std::string_view kCommitmentDomain = "oppiloki/commitment/v1\n";

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

/// The event's bytes as the commitment sees them.
class Cut {
 public:
  Cut(ByteView bytes, Encoding encoding, const Salt& salt)
      : bytes_(bytes), starts_(Segments(bytes, encoding)), salts_(starts_.size() * kSegmentSaltBytes, '\0') {
    static constexpr std::array<unsigned char, crypto_stream_chacha20_ietf_NONCEBYTES> kNonce{};
    static_assert(kSaltBytes == crypto_stream_chacha20_ietf_KEYBYTES);
    crypto_stream_chacha20_ietf(reinterpret_cast<unsigned char*>(salts_.data()), salts_.size(), kNonce.data(), salt.data());
  }
  [[nodiscard]] std::size_t size() const { return starts_.size(); }
  [[nodiscard]] ByteView text(std::size_t i) const {
    const std::size_t end = i + 1 < starts_.size() ? starts_[i + 1] : bytes_.size();
    return bytes_.substr(starts_[i], end - starts_[i]);
  }
  [[nodiscard]] ByteView salt(std::size_t i) const { return ByteView(salts_).substr(i * kSegmentSaltBytes, kSegmentSaltBytes); }

 private:
  ByteView bytes_;
  std::vector<std::uint32_t> starts_;
  Bytes salts_;
};

Sha256Digest SegmentLeaf(ByteView salt, ByteView text) {
  return Sha256().Update(kSegmentDomain).Update(salt).Update(text).Final<Sha256Digest>();
}

/// The hash that every commitment begins with.
Sha256 Begin(std::size_t segments) {
  Bytes count;
  ByteWriter(count).U16(static_cast<std::uint16_t>(segments));
  Sha256 all;
  all.Update(kCommitmentDomain).Update(count);
  return all;
}

std::string_view WithoutSpace(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\n\r");
  return first == text.npos ? std::string_view() : text.substr(first);
}

/// The type in a segment that begins with the member "type".
std::optional<std::string_view> TypeIn(std::string_view segment) {
  constexpr std::string_view kName = "\"type\"";
  if (!segment.starts_with(kName)) return std::nullopt;
  segment = WithoutSpace(segment.substr(kName.size()));
  if (!segment.starts_with(':')) return std::nullopt;
  segment = WithoutSpace(segment.substr(1));
  if (!segment.starts_with('"')) return std::nullopt;
  segment.remove_prefix(1);
  const std::size_t end = segment.find('"');
  if (end == segment.npos || segment.substr(0, end).find('\\') != segment.npos) return std::nullopt;
  return segment.substr(0, end);
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
  const Cut cut(bytes, encoding, salt);
  Sha256 all = Begin(cut.size());
  for (std::size_t i = 0; i < cut.size(); ++i) all.Update(SegmentLeaf(cut.salt(i), cut.text(i)).view());
  return all.Final<Commitment>();
}

PartOpening OpenPart(ByteView bytes, Encoding encoding, const Salt& salt, std::size_t shown) {
  const Cut cut(bytes, encoding, salt);
  OPPI_CHECK(shown < cut.size());
  PartOpening part;
  part.shown = shown;
  part.text = cut.text(shown);
  std::copy_n(cut.salt(shown).data(), kSegmentSaltBytes, reinterpret_cast<char*>(part.salt.data()));
  for (std::size_t i = 0; i < cut.size(); ++i) part.leaves.push_back(SegmentLeaf(cut.salt(i), cut.text(i)));
  return part;
}

Commitment CommitmentOf(const PartOpening& part) {
  OPPI_CHECK(part.shown < part.leaves.size() && part.leaves.size() <= kSegmentsMax);
  const ByteView salt(reinterpret_cast<const char*>(part.salt.data()), part.salt.size());
  Sha256 all = Begin(part.leaves.size());
  for (std::size_t i = 0; i < part.leaves.size(); ++i)
    all.Update((i == part.shown ? SegmentLeaf(salt, part.text) : part.leaves[i]).view());
  return all.Final<Commitment>();
}

std::optional<std::string_view> TypeShown(const PartOpening& part) {
  if (part.shown == 0 || part.shown >= part.leaves.size()) return std::nullopt;
  return TypeIn(part.text);
}

std::optional<std::size_t> TypeSegment(ByteView bytes, Encoding encoding) {
  const std::vector<std::uint32_t> starts = Segments(bytes, encoding);
  for (std::size_t i = 1; i < starts.size(); ++i)
    if (TypeIn(bytes.substr(starts[i]))) return i;
  return std::nullopt;
}

}  // namespace oppi::events
