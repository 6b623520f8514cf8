#include "projections/openable.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "events/check.h"
#include "projections/bearing.h"
#include "projections/held.h"

namespace oppi::projections {
namespace {

using events::EventType;

/// Of what is erased only its place is left to show.
bool Reads(Ask ask, const Fact& fact) { return fact.erased || Reads(ask, fact.event.type); }

}  // namespace

std::optional<Facts> Openable(const Access& access, const Question& question, const Facts& stream,
                              const View& view) {
  OPPI_CHECK(access.permitted());
  if (!access.evidence || access.redact) return std::nullopt;
  // A list of everything a publisher published names types; the contents, of many learners, are not
  // read.
  if (question.ask == Ask::kAudit && !question.publisher.empty()) return std::nullopt;
  const bool filtered = question.ask == Ask::kRecord || question.ask == Ask::kAudit;
  const Facts shown = filtered ? Show(access, question.ask, stream, view.size).facts : stream;
  // Without the policy's list of statutory types more is closed, never less.
  const HeldNow held(stream, {});
  Facts facts;
  std::set<std::string_view> opened;  // annulments come after what they annul
  for (const Fact& fact : shown) {
    const bool s4 = !fact.erased && fact.event.sensitivity == events::Sensitivity::kS4;
    if ((s4 && !access.special_category) || !Reads(question.ask, fact)) continue;
    // Of the time after the view only executed erasures matter.
    if (!Visible(fact, view) && fact.event.type != EventType::kErasureExecuted) continue;
    if (!fact.erased && !fact.event.annuls.empty() && !opened.contains(fact.event.annuls)) continue;
    // The entries that an execution took belong to its request, whose controller this is.
    const bool covered = fact.erased && question.ask == Ask::kErasure;
    if (!access.controller.empty() && !covered && (fact.erased || fact.event.controller != access.controller)) {
      // Acts towards another controller, and what was erased, do not enter answers about this one;
      // anything else of another controller does (guardians, restrictions), and is not to be
      // opened.
      if (fact.erased || fact.event.info().group == "consent") continue;
      return std::nullopt;
    }
    if (access.hide_held && !held.By(fact).empty()) return std::nullopt;
    opened.insert(fact.event.id);
    facts.push_back(fact);
  }
  return facts;
}

bool RestsOnHeld(const Access& access, const Question& question, const Facts& stream,
                 const View& view) {
  OPPI_CHECK(access.permitted());
  if (!access.hide_held || question.ask == Ask::kRecord || question.ask == Ask::kDecide)
    return false;
  const HeldNow held(stream, {});
  return held.Any() && std::any_of(stream.begin(), stream.end(), [&](const Fact& fact) {
    return Visible(fact, view) && Reads(question.ask, fact) && !held.By(fact).empty();
  });
}

}  // namespace oppi::projections
