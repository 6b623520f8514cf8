#include "events/digest.h"

namespace oppi {

std::string HashText(const Sha256Digest& digest) { return "sha256:" + digest.hex(); }

std::optional<Sha256Digest> ParseHashText(std::string_view text) {
  if (!text.starts_with("sha256:")) return std::nullopt;
  const auto raw = FromHex(text.substr(7));
  return raw ? Sha256Digest::From(*raw) : std::nullopt;
}

}  // namespace oppi
