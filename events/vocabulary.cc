#include "events/vocabulary.h"

#include <algorithm>
#include <array>
#include <bitset>

namespace oppi::events {
namespace {

using enum FieldType;
using enum Sensitivity;
using enum SubjectRule;

// The table is read twice: first its code sets and field lists, then its rows.
#define CODE_SET(set, ...)                                  \
  constexpr std::string_view kCodes##set[] = {__VA_ARGS__}; \
  constexpr CodeSet kSet##set{.name = #set, .codes = kCodes##set};
#define OPEN_SET(set) constexpr CodeSet kSet##set{.name = #set, .codes = {}, .open = true};
#define F(field_name, field_type, is_required, code_set) \
  FieldInfo { .name = field_name, .type = field_type, .required = is_required, .codes = code_set }
#define TYPE(enumerator, type_name, klass, of_target, several, has_period, subject_rule, fed, \
             kind, ...)                                                                       \
  constexpr FieldInfo kFieldsOf##enumerator[] = {__VA_ARGS__};
#include "events/vocabulary_table.inc"
#undef CODE_SET
#undef OPEN_SET
#undef TYPE

constexpr std::string_view kPrefix = "fi.oppiloki.";
constexpr std::string_view kSuffix = ".v1";

#define CODE_SET(set, ...)
#define OPEN_SET(set)
#define TYPE(enumerator, type_name, klass, of_target, several, has_period, subject_rule, fed,     \
             kind, ...)                                                                           \
  TypeInfo{.type = EventType::enumerator,                                                         \
           .group = std::string_view(type_name).substr(0, std::string_view(type_name).find('.')), \
           .name = type_name,                                                                     \
           .full_name = "fi.oppiloki." type_name ".v1",                                           \
           .sensitivity = klass,                                                                  \
           .class_of_target = of_target,                                                          \
           .several_persons = several,                                                            \
           .period = has_period,                                                                  \
           .subject = subject_rule,                                                               \
           .feeds = static_cast<std::uint16_t>(fed),                                              \
           .kinds = static_cast<std::uint8_t>(kind),                                              \
           .fields = kFieldsOf##enumerator},
constexpr TypeInfo kTypes[] = {
#include "events/vocabulary_table.inc"
};
#undef CODE_SET
#undef OPEN_SET
#undef TYPE
#undef F

static_assert(std::size(kTypes) == kEventTypes);

constexpr std::string_view kTypeNames[] = {
#define OPPI_TYPE(enumerator, name) name,
#include "events/vocabulary_types.inc"
#undef OPPI_TYPE
};

// InfoOf is an index, so rows and enumerators must be in one order.
constexpr bool TableFollowsEnumerators() {
  for (std::size_t i = 0; i < kEventTypes; ++i)
    if (kTypes[i].type != static_cast<EventType>(i) || kTypes[i].name != kTypeNames[i])
      return false;
  return true;
}
static_assert(TableFollowsEnumerators());

// FindType is a perfect hash: the first seed for which no two of our names share a slot is found by
// the compiler, so a look-up is one pass over the name and one comparison.
constexpr std::size_t kSlots = 2048;
constexpr std::uint8_t kEmptySlot = 0xff;
static_assert(kEventTypes < kEmptySlot);

struct TypeHash {
  std::uint32_t seed = 0;
  std::array<std::uint8_t, kSlots> slots{};
};

constexpr std::size_t SlotOf(std::uint32_t seed, std::string_view name) {
  std::uint32_t hash = seed;  // FNV-1a from our own offset
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619U;
  return hash >> 21;
}
static_assert(kSlots == std::size_t{1} << (32 - 21));

consteval TypeHash MakeTypeHash() {
  for (std::uint32_t seed = 2'166'136'261U;; seed += 2) {
    TypeHash hash{.seed = seed};
    hash.slots.fill(kEmptySlot);
    bool clash = false;
    for (std::size_t i = 0; i < kEventTypes && !clash; ++i) {
      std::uint8_t& slot = hash.slots[SlotOf(seed, kTypes[i].name)];
      clash = slot != kEmptySlot;
      slot = static_cast<std::uint8_t>(i);
    }
    if (!clash) return hash;
  }
}
constexpr TypeHash kTypeHash = MakeTypeHash();

constexpr std::string_view kSensitivityNames[] = {"S0", "S1", "S2", "S3", "S4", "C", "A"};
constexpr std::string_view kRoleNames[] = {"",        "PROVIDER", "IDENTITY",  "PORTAL", "VENDOR",
                                           "GATEWAY", "DPO",      "REGISTRAR", "LEDGER"};

// Section 5, row by row. An entry is a group, or a type; '-' takes a type out of its group.
struct Rights {
  Role role;
  std::span<const std::string_view> may;
};
constexpr std::string_view kProviderMay[] = {"identity",
                                             "-identity.pseudonyms_linked",
                                             "guardianship",
                                             "studyright",
                                             "teaching",
                                             "attendance",
                                             "grade",
                                             "support",
                                             "certificate",
                                             "consent",
                                             "restriction",
                                             "access",
                                             "erasure.requested",
                                             "erasure.decided",
                                             "ledger.fact_annulled"};
constexpr std::string_view kIdentityMay[] = {"identity", "guardianship", "restriction",
                                             "ledger.fact_annulled"};
constexpr std::string_view kPortalMay[] = {
    "consent",         "attendance.absence_reported", "attendance.clarified",
    "restriction.set", "erasure.requested",           "access.read",
    "access.disclosed"};
constexpr std::string_view kVendorMay[] = {
    "activity",        "grade.item_created", "grade.result_recorded",    "consent",
    "access.received", "access.read",        "access.stop_acknowledged", "ledger.fact_annulled"};
constexpr std::string_view kGatewayMay[] = {"access"};
constexpr std::string_view kDpoMay[] = {"ledger.quarantine_released",
                                        "ledger.reattested",
                                        "consent.invalidated",
                                        "restriction",
                                        "erasure",
                                        "access.read",
                                        "access.emergency_reviewed",
                                        "registry.basis_asserted",
                                        "registry.basis_determined"};
constexpr std::string_view kRegistrarMay[] = {"registry"};
constexpr std::string_view kLedgerMay[] = {
    "access",           "consent.expired",  "attendance.threshold_reached",
    "erasure.executed", "erasure.verified", "ledger"};
constexpr Rights kRights[] = {
    {Role::kProvider, kProviderMay},   {Role::kIdentity, kIdentityMay}, {Role::kPortal, kPortalMay},
    {Role::kVendor, kVendorMay},       {Role::kGateway, kGatewayMay},   {Role::kDpo, kDpoMay},
    {Role::kRegistrar, kRegistrarMay}, {Role::kLedger, kLedgerMay},
};

using TypeSet = std::bitset<kEventTypes>;

std::array<TypeSet, std::size(kRoleNames)> MakeRights() {
  std::array<TypeSet, std::size(kRoleNames)> rights;
  for (const Rights& row : kRights) {
    TypeSet& set = rights[static_cast<std::size_t>(row.role)];
    for (const std::string_view entry : row.may) {
      const bool take_out = entry.starts_with('-');
      const std::string_view name = take_out ? entry.substr(1) : entry;
      for (std::size_t i = 0; i < kEventTypes; ++i)
        if (kTypes[i].group == name || kTypes[i].name == name) set.set(i, !take_out);
    }
  }
  return rights;
}

template <class Enum, std::size_t N>
std::optional<Enum> ParseName(const std::string_view (&names)[N], std::string_view text) {
  const auto* const at = std::find(std::begin(names), std::end(names), text);
  if (at == std::end(names) || text.empty()) return std::nullopt;
  return static_cast<Enum>(at - std::begin(names));
}

template <std::size_t N>
std::string_view NameOf(const std::string_view (&names)[N], std::size_t at) {
  OPPI_CHECK(at < N);
  return names[at];
}

}  // namespace

std::string_view SensitivityName(Sensitivity s) {
  return NameOf(kSensitivityNames, static_cast<std::size_t>(s));
}
std::optional<Sensitivity> ParseSensitivity(std::string_view text) {
  return ParseName<Sensitivity>(kSensitivityNames, text);
}

std::string_view RoleName(Role role) { return NameOf(kRoleNames, static_cast<std::size_t>(role)); }
std::optional<Role> ParseRole(std::string_view text) { return ParseName<Role>(kRoleNames, text); }

const TypeInfo& InfoOf(EventType type) {
  const auto at = static_cast<std::size_t>(type);
  OPPI_CHECK(at < kEventTypes);
  return kTypes[at];
}

const TypeInfo* FindType(std::string_view full_name) {
  if (!full_name.starts_with(kPrefix) || !full_name.ends_with(kSuffix) ||
      full_name.size() < kPrefix.size() + kSuffix.size())
    return nullptr;
  const std::string_view name =
      full_name.substr(kPrefix.size(), full_name.size() - kPrefix.size() - kSuffix.size());
  const std::uint8_t at = kTypeHash.slots[SlotOf(kTypeHash.seed, name)];
  return at != kEmptySlot && kTypes[at].name == name ? &kTypes[at] : nullptr;
}

std::span<const TypeInfo> AllTypes() { return kTypes; }

std::optional<std::size_t> FieldIndex(const TypeInfo& info, std::string_view name) {
  for (std::size_t i = 0; i < info.fields.size(); ++i)
    if (info.fields[i].name == name) return i;
  return std::nullopt;
}

bool RoleMayPublish(Role role, EventType type) {
  static const auto kMay = MakeRights();
  const auto at = static_cast<std::size_t>(type);
  OPPI_CHECK(static_cast<std::size_t>(role) < kMay.size() && at < kEventTypes);
  return kMay[static_cast<std::size_t>(role)][at];
}

bool CodeKnown(const CodeSet& set, std::string_view code) {
  return set.open || std::find(set.codes.begin(), set.codes.end(), code) != set.codes.end();
}

}  // namespace oppi::events
