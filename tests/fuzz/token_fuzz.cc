// Bytes as a token: refused unless the operator signed them. Bytes as signed claims: what is
// accepted is exactly what would be issued for what it says.

#include <array>
#include <cstddef>
#include <cstdint>

#include "consumers/token.h"
#include "events/bytes.h"
#include "events/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const oppi::SigningKey key = oppi::SigningKey::FromSeed({1, 2, 3});
  const oppi::ByteView bytes(reinterpret_cast<const char*>(data), size);
  OPPI_CHECK(!oppi::consumers::CheckToken(bytes, key.public_key(), {0}).ok());
  OPPI_CHECK(
      !oppi::consumers::CheckToken("oppi1." + std::string(bytes), key.public_key(), {0}).ok());

  const auto signature = key.Sign("oppiloki/token/v1\n" + std::string(bytes));
  const std::string token =
      "oppi1." + oppi::ToBase64Url(bytes) + "." + oppi::ToBase64Url(oppi::View(signature));
  const auto claims = oppi::consumers::CheckToken(token, key.public_key(), {0});
  if (claims.ok()) OPPI_CHECK(oppi::consumers::IssueToken(*claims, key) == token);
  return 0;
}
