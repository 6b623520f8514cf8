#include "projections/legal_basis.h"

#include "projections/corrections.h"
#include "projections/policy.h"

namespace oppi::projections {
namespace {

using events::EventType;

BasisStatus StatusFrom(const Fact& determination) {
  const std::string_view outcome = determination.event.text("outcome");
  const bool is_final = determination.event.number("final") != 0;
  if (outcome == "NOT_VALID" || outcome == "UPHELD")
    return is_final ? BasisStatus::kInvalid : BasisStatus::kContested;
  if (outcome == "VALID") return is_final ? BasisStatus::kConfirmed : BasisStatus::kContested;
  return BasisStatus::kOpen;  // RETURNED
}

}  // namespace

std::string_view BasisStatusName(BasisStatus status) {
  switch (status) {
    case BasisStatus::kNone:
      return "NONE";
    case BasisStatus::kAsserted:
      return "ASSERTED";
    case BasisStatus::kContested:
      return "CONTESTED";
    case BasisStatus::kInvalid:
      return "INVALID";
    case BasisStatus::kOpen:
      return "OPEN";
    case BasisStatus::kConfirmed:
      return "CONFIRMED";
  }
  return "";
}

void LegalBases::Apply(const Fact& fact) {
  if (fact.erased || fact.outcome != events::Outcome::kAccepted) return;
  if (fact.event.type == EventType::kRegistryBasisAsserted)
    asserted_[{fact.event.text("controller"), fact.event.text("purpose")}].push_back(&fact);
  if (fact.event.type == EventType::kRegistryBasisDetermined)
    determined_[fact.event.text("basis")].push_back(&fact);
}

std::optional<Basis> LegalBases::At(std::string_view controller, std::string_view purpose,
                                    const std::vector<std::string_view>& path, Instant t,
                                    TreeSize known) const {
  const auto found = asserted_.find({controller, purpose});
  if (found == asserted_.end()) return std::nullopt;
  const Fact* best = nullptr;
  for (const Fact* fact : found->second) {
    if (!Contains(known, fact->position)) break;  // they stand in log order
    if (!InForce(*fact, t) || !NamesOneOf(fact->event.list("data_categories"), path)) continue;
    if (best == nullptr || EarlierInForce(*best, *fact)) best = fact;
  }
  if (best == nullptr) return std::nullopt;
  return Basis{best, best->event.text("basis")};
}

LegalBases::Standing LegalBases::StandingOf(const Basis& basis, TreeSize known) const {
  Standing standing;
  const auto found = determined_.find(basis.fact->event.id);
  if (found == determined_.end()) return standing;
  for (const Fact* fact : found->second) {
    if (!Contains(known, fact->position)) break;
    standing = {StatusFrom(*fact), fact};
  }
  return standing;
}

}  // namespace oppi::projections
