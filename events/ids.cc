#include "events/ids.h"

#include <algorithm>

#include "events/check.h"
#include "events/digest.h"

namespace oppi::events {
namespace {

constexpr std::string_view kOidUrn = "urn:oid:";
constexpr std::string_view kUuidUrn = "urn:uuid:";
constexpr std::string_view kPersonNode = "1.2.246.562.24.";
constexpr std::string_view kOrganisationNode = "1.2.246.562.10.";
constexpr std::string_view kStudyRightNode = "1.2.246.562.15.";
constexpr std::size_t kPersonDigits = 11;
/// Organisation and study right numbers have 11 digits as a rule; old ones are longer.
constexpr std::size_t kNodeDigitsMax = 30;
constexpr std::size_t kUuidChars = 36;
constexpr std::size_t kSystemCharsMax = 32;
constexpr std::uint64_t kNumberMax = 9'999'999'999;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLowerHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f'); }
bool IsDashPlace(std::size_t at) { return at == 8 || at == 13 || at == 18 || at == 23; }
bool AllDigits(std::string_view text) { return std::all_of(text.begin(), text.end(), IsDigit); }

char CheckDigit731(std::string_view digits) {
  static constexpr int kWeights[] = {7, 3, 1};
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i)
    sum += (digits[digits.size() - 1 - i] - '0') * kWeights[i % 3];
  return static_cast<char>('0' + (10 - sum % 10) % 10);
}

char CheckDigitLuhn(std::string_view digits) {
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const int doubled = (digits[digits.size() - 1 - i] - '0') * (i % 2 == 0 ? 2 : 1);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return static_cast<char>('0' + (10 - sum % 10) % 10);
}

IdCheck CheckLuhnNode(std::string_view text, std::string_view node, bool check_digits) {
  if (!text.starts_with(node)) return IdCheck::kForm;
  const std::string_view number = text.substr(node.size());
  if (number.size() < 2 || number.size() > kNodeDigitsMax || !AllDigits(number))
    return IdCheck::kForm;
  if (check_digits && CheckDigitLuhn(number.substr(0, number.size() - 1)) != number.back())
    return IdCheck::kCheckDigit;
  return IdCheck::kOk;
}

std::string Node(std::string_view node, std::uint64_t number,
                 char (*check_digit)(std::string_view)) {
  OPPI_CHECK(number <= kNumberMax);
  std::string digits = std::to_string(number);
  digits.insert(0, kPersonDigits - 1 - digits.size(), '0');
  digits.push_back(check_digit(digits));
  return std::string(node) + digits;
}

/// Sets version and variant, and writes the 36 characters.
std::string FormatUuid(std::array<unsigned char, 16> bytes, unsigned char version) {
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | (version << 4));
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  return UuidText({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string UuidFromName(std::string_view domain, std::string_view name, unsigned char version) {
  // The domain ends at a byte that no domain contains, so two pairs never hash alike.
  const auto digest = Sha256()
                          .Update(domain)
                          .Update(static_cast<unsigned char>(0))
                          .Update(name)
                          .Final<Sha256Digest>();
  std::array<unsigned char, 16> bytes{};
  std::copy_n(digest.bytes.begin(), bytes.size(), bytes.begin());
  return FormatUuid(bytes, version);
}

}  // namespace

bool IsUuid(std::string_view text) {
  if (text.size() != kUuidChars) return false;
  for (std::size_t i = 0; i < kUuidChars; ++i) {
    if (IsDashPlace(i) ? text[i] != '-' : !IsLowerHex(text[i])) return false;
  }
  return true;
}

std::array<char, kUuidBytes> UuidBytes(std::string_view text) {
  OPPI_CHECK(text.size() == kUuidChars);
  std::array<char, kUuidBytes> bytes{};
  std::size_t nibble = 0;
  for (std::size_t i = 0; i < kUuidChars; ++i) {
    if (IsDashPlace(i)) continue;
    const int digit = IsDigit(text[i]) ? text[i] - '0' : text[i] - 'a' + 10;
    char& byte = bytes[nibble++ / 2];
    byte = static_cast<char>((static_cast<unsigned char>(byte) << 4 | digit) & 0xff);
  }
  return bytes;
}

std::string UuidText(ByteView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  OPPI_CHECK(bytes.size() == kUuidBytes);
  std::string text(kUuidChars, '-');
  std::size_t at = 0;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (IsDashPlace(at)) ++at;  // dashes lie between whole bytes
    text[at++] = kDigits[byte >> 4];
    text[at++] = kDigits[byte & 15];
  }
  return text;
}

namespace {
bool IsUuidOfVersion(std::string_view text, char version) {
  return IsUuid(text) && text[14] == version &&
         (text[19] == '8' || text[19] == '9' || text[19] == 'a' || text[19] == 'b');
}
}  // namespace

bool IsUuidV7(std::string_view text) { return IsUuidOfVersion(text, '7'); }
bool IsUuidV4(std::string_view text) { return IsUuidOfVersion(text, '4'); }

std::string MakeUuidV7(Instant now, Entropy& entropy) {
  auto bytes = entropy.Array<16>();
  const auto millis = static_cast<std::uint64_t>(std::max<std::int64_t>(now.micros, 0)) / 1000;
  for (std::size_t i = 0; i < 6; ++i)
    bytes[i] = static_cast<unsigned char>(millis >> (8 * (5 - i)) & 0xff);
  return FormatUuid(bytes, 7);
}

std::string UuidV7FromName(std::string_view domain, std::string_view name) {
  return UuidFromName(domain, name, 7);
}
std::string UuidV4FromName(std::string_view domain, std::string_view name) {
  return UuidFromName(domain, name, 4);
}

IdCheck CheckPerson(std::string_view text, bool check_digits) {
  if (text.starts_with(kUuidUrn))
    return IsUuidV4(text.substr(kUuidUrn.size())) ? IdCheck::kOk : IdCheck::kForm;
  if (!text.starts_with(kOidUrn)) return IdCheck::kForm;
  const std::string_view oid = text.substr(kOidUrn.size());
  if (!oid.starts_with(kPersonNode)) return IdCheck::kForm;
  const std::string_view number = oid.substr(kPersonNode.size());
  if (number.size() != kPersonDigits || !AllDigits(number)) return IdCheck::kForm;
  if (check_digits && CheckDigit731(number.substr(0, kPersonDigits - 1)) != number.back())
    return IdCheck::kCheckDigit;
  return IdCheck::kOk;
}

IdCheck CheckOrganisation(std::string_view text, bool check_digits) {
  return CheckLuhnNode(text, kOrganisationNode, check_digits);
}

IdCheck CheckStudyRight(std::string_view text, bool check_digits) {
  return CheckLuhnNode(text, kStudyRightNode, check_digits);
}

IdCheck CheckSource(std::string_view text, bool check_digits) {
  if (!text.starts_with(kOidUrn)) return IdCheck::kForm;
  const std::string_view rest = text.substr(kOidUrn.size());
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return IdCheck::kForm;
  const std::string_view system = rest.substr(slash + 1);
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || IsDigit(c) || c == '-'; };
  if (system.empty() || system.size() > kSystemCharsMax ||
      !std::all_of(system.begin(), system.end(), allowed))
    return IdCheck::kForm;
  return CheckOrganisation(rest.substr(0, slash), check_digits);
}

std::string PersonOid(std::uint64_t number) { return Node(kPersonNode, number, CheckDigit731); }
std::string OrganisationOid(std::uint64_t number) {
  return Node(kOrganisationNode, number, CheckDigitLuhn);
}
std::string StudyRightOid(std::uint64_t number) {
  return Node(kStudyRightNode, number, CheckDigitLuhn);
}

}  // namespace oppi::events
