#include "consumers/token.h"

#include <simdjson.h>

#include <algorithm>
#include <array>

#include "consumers/json_text.h"
#include "events/bytes.h"

namespace oppi::consumers {
namespace {

constexpr std::string_view kPrefix = "oppi1.";
constexpr std::string_view kDomain = "oppiloki/token/v1\n";
constexpr std::size_t kTokenCharsMax = 4096;
constexpr std::size_t kClaimCharsMax = 256;
constexpr std::array<std::string_view, 8> kRoles = {"TEACHER", "STAFF", "GUARDIAN", "LEARNER",
                                                    "VENDOR",  "DPO",   "AUDITOR",  "SYSTEM"};

std::int64_t PosixSeconds(Instant t) {
  const std::int64_t seconds = t.micros / kMicrosPerSecond;
  return t.micros % kMicrosPerSecond < 0 ? seconds - 1 : seconds;
}

/// The one text of these claims: member order fixed, no white space, `publisher` only if there is
/// one.
std::string EncodeClaims(const Claims& claims) {
  std::string out = "{";
  AppendJsonMember(out, "principal", claims.asker.principal);
  AppendJsonMember(out, "role", claims.asker.role);
  AppendJsonMember(out, "organisation", claims.asker.organisation);
  AppendJsonMember(out, "purpose", claims.asker.purpose);
  if (!claims.publisher.empty()) AppendJsonMember(out, "publisher", claims.publisher);
  AppendJsonName(out, "exp");
  out += std::to_string(PosixSeconds(claims.expires)) + "}";
  return out;
}

/// Reads the members it knows; whether that was all of the text is settled by encoding it again.
std::optional<Claims> ReadClaims(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(simdjson::padded_string(json)).get_object().get(object) != simdjson::SUCCESS)
    return std::nullopt;
  const auto text = [&object](std::string_view name, std::string& out) {
    std::string_view value;
    if (object.at_key(name).get_string().get(value) != simdjson::SUCCESS) return false;
    out = value;
    return out.size() <= kClaimCharsMax;
  };
  Claims claims;
  if (!text("principal", claims.asker.principal) || !text("role", claims.asker.role) ||
      !text("organisation", claims.asker.organisation) || !text("purpose", claims.asker.purpose))
    return std::nullopt;
  if (!text("publisher", claims.publisher) && !claims.publisher.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  if (object.at_key("exp").get_int64().get(seconds) != simdjson::SUCCESS) return std::nullopt;
  if (seconds < 0 || seconds > kInstantMax.micros / kMicrosPerSecond) return std::nullopt;
  claims.expires = Instant{seconds * kMicrosPerSecond};
  return claims;
}

bool Usable(const Claims& claims) {
  return !claims.asker.principal.empty() && !claims.asker.organisation.empty() &&
         std::find(kRoles.begin(), kRoles.end(), claims.asker.role) != kRoles.end();
}

}  // namespace

std::string IssueToken(const Claims& claims, const SigningKey& operator_key) {
  const std::string json = EncodeClaims(claims);
  const Signature signature = operator_key.Sign(std::string(kDomain) + json);
  return std::string(kPrefix) + ToBase64Url(json) + "." + ToBase64Url(View(signature));
}

Result<Claims> CheckToken(std::string_view token, const PublicKey& operator_key, Instant now) {
  if (token.size() > kTokenCharsMax || !token.starts_with(kPrefix))
    return Unauthenticated("TOKEN_INVALID: not an access token");
  token.remove_prefix(kPrefix.size());
  const std::size_t dot = token.find('.');
  if (dot == std::string_view::npos) return Unauthenticated("TOKEN_INVALID: not an access token");
  const auto json = FromBase64Url(token.substr(0, dot));
  const auto blob = FromBase64Url(token.substr(dot + 1));
  if (!json || !blob || blob->size() != kSignatureBytes)
    return Unauthenticated("TOKEN_INVALID: not an access token");
  Signature signature{};
  std::copy(blob->begin(), blob->end(), signature.begin());
  if (!VerifySignature(operator_key, std::string(kDomain) + *json, signature))
    return Unauthenticated("TOKEN_INVALID: bad signature");
  // From here on the operator wrote these bytes. They must still be the one encoding of what they
  // say: repeated, unknown or reordered members do not survive.
  const auto claims = ReadClaims(*json);
  if (!claims || EncodeClaims(*claims) != *json || !Usable(*claims))
    return Unauthenticated("TOKEN_INVALID: claims are not in the form of an access token");
  if (now >= claims->expires) return Unauthenticated("TOKEN_EXPIRED: ask for a new one");
  return *claims;
}

}  // namespace oppi::consumers
