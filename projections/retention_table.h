#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "events/digest.h"
#include "events/event.h"
#include "events/result.h"
#include "projections/policy.h"

/// The retention table: which data of a learner go when (docs/retention.md). A table is data: parsed
/// strictly, checked against itself, named by the hash of its canonical JSON.

namespace oppi::projections {

enum class RetentionTrigger : std::uint8_t {
  kStudyRightEnded,  // the last study right ended and none is open
  kMajority,         // the learner came of age
  kLastEvent,        // the newest event that the rule would take
};
[[nodiscard]] std::string_view RetentionTriggerName(RetentionTrigger trigger);  // "STUDYRIGHT_ENDED"

struct RetentionRule {
  std::string of_class;            // CLASS code
  std::vector<std::string> types;  // names without prefix; never empty
  RetentionTrigger trigger{};
  std::int64_t days = 0;           // whole days in Europe/Helsinki after the day of the trigger
  std::string law_ref;
  friend bool operator==(const RetentionRule&, const RetentionRule&) = default;
};

struct RetentionTable {
  std::string name;
  std::int64_t version = 0;
  std::vector<RetentionRule> rules;

  std::string canonical;  // the JSON that `hash` is of
  Sha256Digest hash;

  /// What a decision cites: "retention <name> v<version> sha256:<64 hex digits>".
  [[nodiscard]] std::string Citation() const;
};
/// A citation of any table begins with it.
inline constexpr std::string_view kRetentionCitation = "retention ";

inline constexpr std::size_t kRetentionBytesMax = 256 * 1024;
inline constexpr std::size_t kRetentionRulesMax = 256;

/// Errors: kInvalidArgument, naming the member: one that is missing, unknown or said twice; a class or
/// type that is not there, or a type that never has the class; two rules for the same class and type;
/// a rule that would take what another rule still has to count from.
[[nodiscard]] Result<RetentionTable> ParseRetentionTable(std::string_view text);

/// Errors: kInvalidArgument STATUTORY_RECORD when a rule names what this pack keeps by law.
[[nodiscard]] Status CheckStatutory(const RetentionTable& table, const PolicyPack& pack);

}  // namespace oppi::projections
