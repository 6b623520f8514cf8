#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "events/ordinal.h"
#include "events/time.h"
#include "projections/authority.h"
#include "projections/corrections.h"
#include "projections/fact.h"
#include "projections/notices.h"
#include "projections/persons.h"
#include "projections/registry.h"
#include "projections/restrictions.h"

/// What one log size shows about one learner's consents, prepared once for many questions: acts in
/// the order in which the reference fold takes them (consent-model sections 5 and 13), with
/// everything that depends on the size but not on the instant asked for already decided.

namespace oppi::projections {

/// In the order of rule C2: at one instant the more restrictive is applied last.
enum class ActKind : std::uint8_t {
  kRequested,
  kDismissed,  // a notice that was closed without a choice
  kGuardianshipEnded,
  kGiven,
  kWithdrawalRequested,
  kWithdrawalRefused,
  kRevoked,
  kRefused,
  kWithdrawn,
};
/// C2: equal ranks are ordered by position.
[[nodiscard]] int RankOf(ActKind kind);
[[nodiscard]] inline bool IsNegative(ActKind kind) {  // what C6 looks at
  return kind == ActKind::kRevoked || kind == ActKind::kRefused || kind == ActKind::kWithdrawn;
}

struct Grant {
  const Fact* fact = nullptr;
  std::string_view by;               // the giver, by name
  std::optional<Instant> start;      // effective instant; none while it waits for an act of the DPO
  Holders holders;                   // at its V, seen from the size
  bool given_by_holder = false;      // `by` is one of them
  const Fact* lost_by = nullptr;     // else: the last event that made it so, when there is one
  std::optional<LeafIndex> request;  // position; none: a paper grant that is its own request
  const Fact* ex_tunc = nullptr;     // consent.invalidated, from the start
  const Fact* ex_nunc = nullptr;     // the same from its V on, the earliest
  bool quarantined = false;
  bool suspect = false;
  std::optional<Instant> released;    // R of the release
  std::optional<Instant> reattested;  // R of the re-attestation
  const Notice* notice = nullptr;     // the version it cites

  /// Still without effect at t because nobody released or re-attested it by then.
  [[nodiscard]] bool WaitsForRelease(Instant t) const {
    return quarantined && (!released || t < *released);
  }
  [[nodiscard]] bool WaitsForReattestation(Instant t) const {
    return suspect && (!reattested || t < *reattested);
  }
  [[nodiscard]] bool HasHindrance() const;  // stated, and the rule is ALL
};

struct Act {
  ActKind kind{};
  const Fact* fact = nullptr;
  Instant start{};                   // effective instant
  std::string_view by;               // negatives by persons: who, by name
  bool by_holder = false;            // that person is a holder at V
  std::optional<std::size_t> grant;  // kGiven: index into grants

  [[nodiscard]] bool Touches(std::string_view recipient,
                             const std::vector<std::string_view>& category_path) const;
};

/// Acts of one controller and purpose.
struct ActGroup {
  std::vector<Grant> grants;  // log order, those without effect too
  std::vector<Act> acts;      // those with an effective instant, in the order of C1-C3
};

class History {
 public:
  /// `stream`: facts about the learner under every identifier (PossibleIdentifiers), in log order,
  /// everything the physical log holds; links of guardians too where there are any. Keeps pointers
  /// into `registry` and `stream`, which must outlive it and stay as they are.
  History(std::string_view learner, const Registry& registry, const Facts& stream, TreeSize known);
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  [[nodiscard]] const std::string& learner() const { return learner_; }
  [[nodiscard]] const Registry& registry() const { return registry_; }
  [[nodiscard]] const Facts& stream() const { return stream_; }
  [[nodiscard]] TreeSize known() const { return known_; }
  [[nodiscard]] const Persons& persons() const { return persons_; }
  [[nodiscard]] const Corrections& corrections() const { return corrections_; }
  [[nodiscard]] const Authority& authority() const { return authority_; }
  [[nodiscard]] const Restrictions& restrictions() const { return restrictions_; }
  [[nodiscard]] const PolicyPack* PackAt(Instant t) const { return registry_.PackAt(t, known_); }
  [[nodiscard]] std::string_view NameOf(std::string_view person) const {
    return persons_.NameOf(person, learner_);
  }
  /// An event about the learner, under whichever identifier.
  [[nodiscard]] bool About(const events::Event& event) const {
    return persons_.Same(event.subject, learner_);
  }
  /// Visible fact of the stream with content, by event id.
  [[nodiscard]] const Fact* Find(std::string_view event) const;
  /// Visible, accepted facts of the type about the learner, log order.
  [[nodiscard]] const std::vector<const Fact*>& OfType(events::EventType type) const;
  /// Every erasure.executed about the learner that the physical log holds, log order.
  [[nodiscard]] const std::vector<const Fact*>& Executions() const { return executions_; }

  /// nullptr: nothing was ever said of this controller and purpose.
  [[nodiscard]] const ActGroup* Acts(std::string_view controller, std::string_view purpose) const;
  using ControllerAndPurpose = std::pair<std::string_view, std::string_view>;
  [[nodiscard]] const std::map<ControllerAndPurpose, ActGroup>& groups() const { return groups_; }

 private:
  [[nodiscard]] const Fact* AuthorityLostBy(const Fact& grant) const;
  void AddGrant(const Fact& fact);
  void AddAct(ActKind kind, const Fact& fact);
  void AddGuardianshipEnds();

  std::string learner_;
  const Registry& registry_;
  const Facts& stream_;
  TreeSize known_;
  Persons persons_;
  Corrections corrections_;
  Authority authority_;
  Restrictions restrictions_;
  std::unordered_map<std::string_view, const Fact*> by_id_;
  std::unordered_map<events::EventType, std::vector<const Fact*>> by_type_;
  std::vector<const Fact*> executions_;
  std::map<ControllerAndPurpose, ActGroup> groups_;
};

}  // namespace oppi::projections
