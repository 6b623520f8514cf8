#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/digest.h"
#include "events/result.h"
#include "events/time.h"
#include "projections/json_value.h"

/// Policy packs (consent-model section 12): every age, period and rule that the law or a controller
/// may change. A pack is data: parsed strictly, checked against itself, named by the hash of its
/// canonical JSON. Nothing here is ever defaulted.

namespace oppi::projections {

enum class ConsentRule : std::uint8_t { kOne, kAll };
enum class OnMajority : std::uint8_t { kExpire, kKeep };
enum class OnIssAge : std::uint8_t { kKeepAndInform, kReconfirmWithin, kExpire };
enum class OnAuthorityEnd : std::uint8_t { kInvalidateExNunc, kKeep };

[[nodiscard]] std::string_view ConsentRuleName(ConsentRule rule);  // "ONE", "ALL"

struct PurposeRules {
  bool iss = false;  // an information-society service
  ConsentRule rule = ConsentRule::kOne;
  std::string purpose_class;  // PCLASS code
  std::optional<int> self_age;
  bool with_guardians = false;
  std::int64_t ttl_days = 0;
  OnMajority on_majority = OnMajority::kExpire;
};

struct Category {
  std::string parent;               // empty at the top
  std::vector<std::string> path;    // itself first, then everything above it
  std::vector<std::string> leaves;  // at and below it, ascending
};

struct PolicyPack {
  std::string policy;
  std::int64_t version = 0;
  std::string jurisdiction;
  int iss_age = 0;
  int self_age = 0;
  int majority_age = 0;
  LeapBirthday leap_birthday = LeapBirthday::kMarch1;
  OnIssAge on_iss_age = OnIssAge::kKeepAndInform;
  std::int64_t on_iss_age_days = 0;
  OnAuthorityEnd on_authority_end = OnAuthorityEnd::kInvalidateExNunc;
  std::int64_t late_limit_hours_online = 0;
  std::int64_t late_limit_hours_paper = 0;
  std::int64_t max_staleness_ms = 0;
  std::int64_t stop_ack_hours = 0;
  std::int64_t review_days = 0;
  std::int64_t emergency_max_minutes = 0;
  std::int64_t emergency_review_hours = 0;
  std::vector<std::string> statutory_types;  // names without prefix
  std::int64_t after_release_days = 0;
  std::vector<std::string> protected_categories;
  std::vector<std::string> cleared_recipients;
  std::map<std::string, Category, std::less<>> categories;
  std::map<std::string, PurposeRules, std::less<>> purposes;

  std::string canonical;  // the JSON that `hash` is of
  Sha256Digest hash;

  /// nullptr: the pack does not know the purpose.
  [[nodiscard]] const PurposeRules* Purpose(std::string_view purpose) const;
  [[nodiscard]] bool HasCategory(std::string_view category) const;
  /// Leaves at and below the category, ascending; a category that the pack does not know is its own
  /// leaf, so that it is denied and not overlooked.
  [[nodiscard]] std::vector<std::string_view> LeavesOf(std::string_view category) const;
  /// The category and everything above it: an event on any of these covers the category.
  [[nodiscard]] std::vector<std::string_view> PathOf(std::string_view category) const;
  /// One of `categories` is the category or above it.
  [[nodiscard]] bool Covers(const std::vector<std::string>& categories_named,
                            std::string_view category) const;
  /// `iss_age` for an information-society service, else the purpose's own, else the pack's.
  [[nodiscard]] int SelfAgeOf(const PurposeRules& purpose) const;
};

/// Strict: every member of section 12 once, nothing else. Errors: kInvalidArgument, naming the
/// member that is wrong or that contradicts another one.
[[nodiscard]] Result<PolicyPack> ReadPolicyPack(const JsonValue& json);
[[nodiscard]] Result<PolicyPack> ParsePolicyPack(std::string_view text);

/// True when one of `categories` stands in `path` (PolicyPack::PathOf).
[[nodiscard]] bool NamesOneOf(const std::vector<std::string>& categories,
                              const std::vector<std::string_view>& path);

}  // namespace oppi::projections
