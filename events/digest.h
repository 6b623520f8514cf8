#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "events/bytes.h"

/// 32-byte SHA-256 values that cannot be mixed up, and the hasher that makes them.

namespace oppi {

inline constexpr std::size_t kDigestBytes = 32;

template <class Tag>
struct Digest {
  std::array<unsigned char, kDigestBytes> bytes{};

  friend auto operator<=>(const Digest&, const Digest&) = default;

  [[nodiscard]] ByteView view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  [[nodiscard]] std::string hex() const { return ToHex(view()); }
  [[nodiscard]] std::string base64() const { return ToBase64(view()); }

  /// nullopt unless exactly 32 bytes.
  [[nodiscard]] static std::optional<Digest> From(ByteView raw) {
    if (raw.size() != kDigestBytes) return std::nullopt;
    Digest digest;
    std::memcpy(digest.bytes.data(), raw.data(), kDigestBytes);
    return digest;
  }
};

/// Hash of bytes that nothing more special is said of (documents, policy packs).
using Sha256Digest = Digest<struct Sha256Tag>;
/// Salted commitment to the exact bytes of one event (events/commitment.h).
using Commitment = Digest<struct CommitmentTag>;
/// RFC 6962 section 2.1 (events/tree_hash.h): hash of any node of the Merkle tree; a leaf hash is a node of height 0.
using NodeHash = Digest<struct NodeHashTag>;
/// RFC 6962 section 2.1: Merkle tree hash of a whole tree.
using RootHash = Digest<struct RootHashTag>;

/// Incremental SHA-256 on libcrypto (it uses the CPU's SHA instructions). Any thread, one at a time.
class Sha256 {
 public:
  Sha256();
  Sha256& Update(ByteView bytes);
  Sha256& Update(unsigned char byte);
  template <class D>
  [[nodiscard]] D Final() {
    D digest;
    FinalInto(digest.bytes.data());
    return digest;
  }

 private:
  void FinalInto(unsigned char* out);
  alignas(8) std::array<unsigned char, 112> context_;  // a SHA256_CTX; size checked in digest.cc
};

template <class D = Sha256Digest>
[[nodiscard]] D HashOf(ByteView bytes) {
  return Sha256().Update(bytes).template Final<D>();
}

/// "sha256:" + 64 hex digits, the text form of the vocabulary's `hash` fields.
[[nodiscard]] std::string HashText(const Sha256Digest& digest);
[[nodiscard]] std::optional<Sha256Digest> ParseHashText(std::string_view text);

}  // namespace oppi
