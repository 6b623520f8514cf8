#include "projections/record_school.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "projections/record_fold.h"

namespace oppi::projections {
namespace {

using events::EventType;

/// The newest fact in force at t, by (V, position); nullptr when none is.
const Fact* NewestInForce(const std::vector<const Fact*>& by_valid_time, Instant t) {
  const Fact* newest = nullptr;
  for (const Fact* fact : by_valid_time) {
    if (InForce(*fact, t)) newest = fact;
  }
  return newest;
}

/// Which state was in force when: between two neighbouring beginnings or ends nothing changes.
std::vector<StudyState> StatePeriods(const RecordFold& fold,
                                     const std::vector<const Fact*>& states) {
  std::set<Instant> edges;
  for (const Fact* fact : states) {
    edges.insert(fact->event.V());
    if (fact->event.valid_to) edges.insert(*fact->event.valid_to);
  }
  std::vector<StudyState> periods;
  const Fact* before = nullptr;
  for (const Instant edge : edges) {
    const Fact* now = NewestInForce(states, edge);
    if (now == before) continue;
    if (before != nullptr) periods.back().until = edge;
    if (now != nullptr) {
      periods.push_back({.item = fold.ItemOf(*now),
                         .from = edge,
                         .until = std::nullopt,
                         .state = TextOf(*now, "state"),
                         .financing = TextOf(*now, "financing")});
    }
    before = now;
  }
  std::erase_if(periods, [&](const StudyState& period) { return period.from > fold.view.at; });
  return periods;
}

/// Facts that name the study right, in the order they came.
std::vector<const Fact*> Of(const std::vector<const Fact*>& facts, std::string_view studyright) {
  std::vector<const Fact*> of;
  for (const Fact* fact : facts) {
    if (fact->event.text("studyright") == studyright) of.push_back(fact);
  }
  return of;
}

std::vector<ClassPlacement> Placements(const RecordFold& fold,
                                       const std::vector<const Fact*>& facts) {
  std::vector<ClassPlacement> placements;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    const Fact& fact = *facts[i];
    if (fact.event.V() > fold.view.at) break;
    ClassPlacement placement{.item = fold.ItemOf(fact),
                             .school_year = TextOf(fact, "school_year"),
                             .grade_level = fact.event.number("grade_level"),
                             .class_name = TextOf(fact, "class_name"),
                             .site = TextOf(fact, "site")};
    if (i + 1 < facts.size()) EndItem(placement.item, facts[i + 1]->event.V());
    placements.push_back(std::move(placement));
  }
  return placements;
}

}  // namespace

void FoldStudyRights(const RecordFold& fold, LearnerRecord& record) {
  const auto granted = fold.Begun(EventType::kStudyrightGranted);
  const auto states = fold.Known(EventType::kStudyrightStateChanged);
  const auto transfers = fold.Begun(EventType::kStudyrightTransferred);
  const auto placements = fold.Known(EventType::kStudyrightClassPlaced);
  const auto years = fold.Begun(EventType::kStudyrightYearDecided);
  std::set<std::string_view> ids;
  for (const auto* facts : {&granted, &states, &transfers, &placements, &years}) {
    for (const Fact* fact : *facts) {
      if (fact->event.V() <= fold.view.at) ids.insert(fact->event.text("studyright"));
    }
  }
  for (const std::string_view id : ids) {
    StudyRight right;
    right.studyright = id;
    for (const Fact* fact : Of(granted, id)) {  // the last one stays
      right.granted = fold.ItemOf(*fact);
      right.kind = TextOf(*fact, "kind");
      right.provider = TextOf(*fact, "provider");
      right.school = TextOf(*fact, "school");
      right.start = DateOf(*fact, "start");
    }
    right.states = StatePeriods(fold, Of(states, id));
    for (const StudyState& period : right.states) {
      if (!period.until || fold.view.at < *period.until) right.state = period.state;
    }
    for (const Fact* fact : Of(transfers, id)) {
      right.transfers.push_back({fold.ItemOf(*fact), TextOf(*fact, "from_provider"),
                                 TextOf(*fact, "to_provider"), DateOf(*fact, "date")});
    }
    right.placements = Placements(fold, Of(placements, id));
    for (const Fact* fact : Of(years, id)) {
      right.years.push_back({fold.ItemOf(*fact), TextOf(*fact, "school_year"),
                             fact->event.number("grade_level"), TextOf(*fact, "outcome")});
    }
    record.studyrights.push_back(std::move(right));
  }
}

void FoldGroups(const RecordFold& fold, LearnerRecord& record) {
  using Key = std::tuple<std::string_view, std::string_view, std::string_view>;
  std::map<Key, std::vector<Membership>> by_key;
  for (const Fact* fact : fold.Known(EventType::kTeachingMembershipSet)) {
    const events::Event& event = fact->event;
    std::vector<Membership>& members =
        by_key[{event.controller, event.text("group"), event.text("role")}];
    const bool open = !members.empty() && members.back().item.InForce(event.V());
    if (event.text("status") == "REMOVED") {
      if (open && EndItem(members.back().item, event.V())) members.back().removed_by = event.id;
    } else if (open) {
      // Added while a member: the stay lasts as long as the later of the two says.
      std::optional<Instant>& until = members.back().item.until;
      if (until) until = event.valid_to ? std::max(until, event.valid_to) : std::nullopt;
    } else {
      members.push_back(
          {fold.ItemOf(*fact), TextOf(*fact, "group"), TextOf(*fact, "role"), std::string()});
    }
  }
  for (auto& [key, members] : by_key) {
    for (Membership& member : members) {
      const bool empty = member.item.until && *member.item.until <= member.item.from;
      if (!empty && member.item.from <= fold.view.at) record.groups.push_back(std::move(member));
    }
  }
  std::stable_sort(
      record.groups.begin(), record.groups.end(), [](const Membership& a, const Membership& b) {
        return std::pair(a.item.from, a.item.position) < std::pair(b.item.from, b.item.position);
      });
}

void FoldSupport(const RecordFold& fold, LearnerRecord& record) {
  for (const Fact* fact : fold.Begun(EventType::kSupportDecisionMade)) {
    record.support.push_back({fold.ItemOf(*fact), TextOf(*fact, "kind"),
                              fact->event.list("measures"), TextOf(*fact, "decision_hash"),
                              TextOf(*fact, "decider_role"), std::nullopt});
  }
  for (const Fact* fact : fold.Begun(EventType::kSupportPlanRecorded)) {
    record.support.push_back({fold.ItemOf(*fact), TextOf(*fact, "kind"),
                              fact->event.list("participants"), TextOf(*fact, "plan_hash"),
                              std::string(), std::nullopt});
  }
  for (const Fact* fact : fold.Begun(EventType::kSupportCaseNoted)) {
    record.support.push_back(
        {fold.ItemOf(*fact), "CASE", {}, TextOf(*fact, "case_hash"), std::string(), std::nullopt});
  }
  for (const Fact* fact : fold.Begun(EventType::kSupportConductNoted)) {
    record.conduct.push_back({fold.ItemOf(*fact),
                              TextOf(*fact, "kind"),
                              {},
                              TextOf(*fact, "text_hash"),
                              TextOf(*fact, "author"),
                              std::nullopt});
  }
  for (const Fact* fact : fold.Begun(EventType::kSupportMeasureDecided)) {
    record.conduct.push_back({fold.ItemOf(*fact),
                              TextOf(*fact, "measure"),
                              {},
                              std::string(),
                              TextOf(*fact, "decider_role"),
                              DateOf(*fact, "date")});
  }
}

void FoldCertificates(const RecordFold& fold, LearnerRecord& record) {
  const auto revocations = fold.Begun(EventType::kCertificateRevoked);
  for (const Fact* fact : fold.Begun(EventType::kCertificateIssued)) {
    Certificate certificate;
    certificate.item = fold.ItemOf(*fact);
    certificate.certificate = TextOf(*fact, "certificate");
    certificate.kind = TextOf(*fact, "kind");
    certificate.document_hash = TextOf(*fact, "document_hash");
    certificate.basis_events = fact->event.list("basis_events");
    certificate.basis_size = fact->event.number("basis_size");
    certificate.signer = TextOf(*fact, "signer");
    for (const Fact* revocation : revocations) {
      if (revocation->event.text("certificate") != certificate.certificate ||
          revocation->event.controller != fact->event.controller || certificate.revoked) {
        continue;
      }
      certificate.revoked = true;
      certificate.revoked_by = revocation->event.id;
      certificate.revoked_reason = TextOf(*revocation, "reason");
      certificate.replacement = TextOf(*revocation, "replacement");
    }
    // The certificate shows the record of its basis size; without one, of its own position.
    std::uint64_t pinned = fact->position.value();
    if (certificate.basis_size > 0) {
      pinned = std::min(pinned, static_cast<std::uint64_t>(certificate.basis_size));
    }
    for (const std::string& id : certificate.basis_events) {
      const Fact* basis = fold.facts.Find(id);
      if (basis == nullptr) continue;
      for (const Fact* by : {fold.facts.CorrectedBy(*basis), fold.facts.AnnulledBy(*basis)}) {
        if (by != nullptr && by->position.value() >= pinned) certificate.basis_corrected = true;
      }
    }
    record.certificates.push_back(std::move(certificate));
  }
}

}  // namespace oppi::projections
