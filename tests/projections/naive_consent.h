#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "projections/fact.h"
#include "projections/policy.h"

/// The consent model a second time, written from the specification alone and as plainly as it
/// reads: every question walks the whole log, nothing is prepared, nothing is shared with
/// projections/ but facts, policy packs and the calendar. Slow on purpose; random histories are put
/// to both.

namespace oppi::tests {

class NaiveConsent {
 public:
  using Fact = projections::Fact;

  /// `log`: the physical log, erased content gone. One pack, in force at all times.
  NaiveConsent(const projections::Facts& log, const projections::PolicyPack& pack,
               std::string learner, std::uint64_t size)
      : log_(log), pack_(pack), learner_(std::move(learner)), size_(size) {}

  struct Key {  // K without the learner
    std::string controller;
    std::string purpose;
    std::string recipient;
    std::string category;
  };
  struct State {
    std::string status = "NONE";
    std::string reason;
    std::string consent;  // event id of the decisive grant
    std::string by;       // event id; not said for AUTHORITY_NEVER_HELD
    std::optional<std::int64_t> since;
    std::vector<std::string> flags;
    bool waiting = false;
    bool suspect = false;
    bool quarantined = false;
    std::vector<std::string> missing;
  };
  [[nodiscard]] State StateOf(const Key& key, std::int64_t t) const;

  struct Answer {
    std::string result;
    std::string reason;
    std::string consent;
    std::vector<std::string> permitted_subset;
    std::map<std::string, std::string> denied;
    std::vector<std::string> missing;
    std::vector<std::string> flags;
  };
  [[nodiscard]] Answer Decide(const Key& key, const std::vector<std::string>& categories,
                              std::int64_t t) const;

  [[nodiscard]] std::vector<std::string> HoldersAt(const std::string& purpose,
                                                   std::int64_t t) const;

 private:
  struct End {
    std::int64_t at;
    int order;
    std::string status;
    std::string reason;
    std::string by;
  };
  struct Running;

  [[nodiscard]] bool Sees(const Fact& f) const;
  [[nodiscard]] bool Annulled(const Fact& f) const;
  [[nodiscard]] bool Stands(const Fact& f) const;
  [[nodiscard]] bool Connected(const std::string& a, const std::string& b,
                               std::int64_t until_recorded) const;
  [[nodiscard]] bool About(const Fact& f) const;
  [[nodiscard]] bool IsLearner(const std::string& person) const;
  [[nodiscard]] std::string Name(const std::string& person) const;
  [[nodiscard]] std::optional<std::int64_t> JoinedAt(const std::string& a,
                                                     const std::string& b) const;
  [[nodiscard]] std::optional<std::int64_t> Reaches(int age) const;
  [[nodiscard]] std::optional<std::int64_t> EdgeEnd(const Fact& edge) const;
  [[nodiscard]] bool Decides(const Fact& edge, std::int64_t t) const;
  [[nodiscard]] std::vector<std::string> Path(const std::string& category) const;
  [[nodiscard]] bool Covers(const std::vector<std::string>& named,
                            const std::string& category) const;
  [[nodiscard]] bool Touches(const Fact& f, const Key& key) const;
  [[nodiscard]] const Fact* FindEvent(const std::string& id) const;
  [[nodiscard]] bool Suspect(const Fact& f) const;
  [[nodiscard]] std::optional<std::int64_t> SaidOn(const Fact& f, const std::string& type) const;
  [[nodiscard]] std::optional<std::int64_t> Effective(const Fact& f) const;
  [[nodiscard]] bool Void(const Fact& grant, const std::vector<const Fact*>& applied) const;
  [[nodiscard]] std::vector<End> Ends(const Running& st, const std::string& purpose) const;
  [[nodiscard]] std::optional<End> EndBy(const Running& st, const std::string& purpose,
                                         std::int64_t t) const;
  [[nodiscard]] Running Fold(const Key& key, std::int64_t t) const;
  [[nodiscard]] std::string LeafReason(const Key& key, std::int64_t t, State& state,
                                       bool& by_consent, bool& contested) const;
  [[nodiscard]] std::string ReasonWithout(const Key& key, std::int64_t t, const State& state) const;

  const projections::Facts& log_;
  const projections::PolicyPack& pack_;
  std::string learner_;
  std::uint64_t size_;
};

}  // namespace oppi::tests
