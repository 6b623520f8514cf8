#include "projections/learner_record.h"

#include <algorithm>
#include <utility>

#include "projections/record_fold.h"
#include "projections/record_visit.h"

namespace oppi::projections {
namespace {

using events::EventType;

void FoldIdentity(const RecordFold& fold, LearnerRecord& record) {
  Identity& identity = record.identity;
  // Each attribute with the fact that said it last; registrations and changes compete by (V,
  // position).
  struct Current {
    const Fact* fact = nullptr;
    std::string value;
    void Offer(const Fact& by, std::string said) {
      if (fact != nullptr && !EarlierInForce(*fact, by)) return;
      fact = &by;
      value = std::move(said);
    }
  };
  Current name, language, municipality, contact, birth;
  for (const Fact* fact : fold.Begun(EventType::kIdentityLearnerRegistered)) {
    Registration registration{.item = fold.ItemOf(*fact),
                              .birth_date = DateOf(*fact, "birth_date"),
                              .language = TextOf(*fact, "language"),
                              .given_name = TextOf(*fact, "given_name"),
                              .family_name = TextOf(*fact, "family_name"),
                              .municipality = TextOf(*fact, "municipality")};
    const bool both = !registration.given_name.empty() && !registration.family_name.empty();
    std::string full = registration.given_name + (both ? " " : "") + registration.family_name;
    if (!full.empty()) name.Offer(*fact, std::move(full));
    if (!registration.language.empty()) language.Offer(*fact, registration.language);
    if (!registration.municipality.empty()) municipality.Offer(*fact, registration.municipality);
    if (registration.birth_date) {
      birth.Offer(*fact, {});
      if (birth.fact == fact) identity.birth_date = registration.birth_date;
    }
    identity.registrations.push_back(std::move(registration));
  }
  for (const Fact* fact : fold.Begun(EventType::kIdentityAttributeChanged)) {
    AttributeChange change{fold.ItemOf(*fact), TextOf(*fact, "attribute"), TextOf(*fact, "value")};
    if (InForce(*fact, fold.view.at)) {
      if (change.attribute == "NAME") name.Offer(*fact, change.value);
      if (change.attribute == "LANGUAGE") language.Offer(*fact, change.value);
      if (change.attribute == "MUNICIPALITY") municipality.Offer(*fact, change.value);
      if (change.attribute == "CONTACT") contact.Offer(*fact, change.value);
    }
    identity.changes.push_back(std::move(change));
  }
  for (const Fact* fact : fold.Begun(EventType::kIdentityPseudonymsLinked)) {
    identity.pseudonyms.push_back({fold.ItemOf(*fact), TextOf(*fact, "kept"),
                                   TextOf(*fact, "merged"), TextOf(*fact, "reason")});
  }
  identity.name = std::move(name.value);
  identity.language = std::move(language.value);
  identity.municipality = std::move(municipality.value);
  identity.contact = std::move(contact.value);
}

void FoldGuardians(const RecordFold& fold, LearnerRecord& record) {
  for (const Edge& edge : EdgesOf(fold.facts, fold.rules.ages)) {
    if (edge.from > fold.view.at) continue;
    Guardian guardian{.item = fold.ItemOf(*edge.fact),
                      .guardian = edge.guardian,
                      .right = edge.right,
                      .purpose_classes = edge.purpose_classes,
                      .in_force = edge.InForce(fold.view.at),
                      .ended_by = edge.ended_by == nullptr ? "" : edge.ended_by->event.id};
    guardian.item.until = edge.until;
    record.guardians.push_back(std::move(guardian));
  }
  for (const Fact* fact : fold.Begun(EventType::kGuardianshipDutiesDivided)) {
    record.divided_duties.push_back({fold.ItemOf(*fact), TextOf(*fact, "guardian"),
                                     fact->event.list("purpose_classes"),
                                     TextOf(*fact, "court_ref")});
  }
}

void FoldRestrictions(const RecordFold& fold, LearnerRecord& record) {
  for (const Fact* fact : fold.Begun(EventType::kRestrictionSet)) {
    Restriction restriction{.item = fold.ItemOf(*fact),
                            .kind = TextOf(*fact, "kind"),
                            .purposes = fact->event.list("purposes"),
                            .data_categories = fact->event.list("data_categories"),
                            .cleared_by = {}};
    for (const Fact* cleared : fold.Known(EventType::kRestrictionCleared)) {
      // An objection that was upheld is over as a procedure, but it stands.
      const bool upheld =
          restriction.kind == "OBJECTION" && cleared->event.text("outcome") == "UPHELD";
      if (!upheld && cleared->event.text("restriction") == fact->event.id &&
          EndItem(restriction.item, cleared->event.V())) {
        restriction.cleared_by = cleared->event.id;
      }
    }
    record.restrictions.push_back(std::move(restriction));
  }
}

void FoldActivity(const RecordFold& fold, LearnerRecord& record) {
  std::vector<const Fact*> facts = fold.Begun(EventType::kActivityXapiStatement);
  const std::vector<const Fact*> caliper = fold.Begun(EventType::kActivityCaliperEvent);
  facts.insert(facts.end(), caliper.begin(), caliper.end());
  std::sort(facts.begin(), facts.end(),
            [](const Fact* a, const Fact* b) { return EarlierInForce(*a, *b); });
  for (const Fact* fact : facts) {
    const bool xapi = fact->event.type == EventType::kActivityXapiStatement;
    record.activity.push_back(
        {fold.ItemOf(*fact), TextOf(*fact, xapi ? "statement_id" : "event_id")});
  }
}

void ListErased(const RecordFold& fold, const Facts& stream, LearnerRecord& record) {
  for (const Fact& fact : stream) {
    if (!fact.erased || !Visible(fact, fold.view)) continue;
    Item item;
    item.position = fact.position;
    item.recorded = fact.recorded;
    item.publisher = fact.publisher;
    item.status = fact.unreadable ? ItemStatus::kUnreadable : ItemStatus::kErased;
    if (!fact.unreadable) item.by = fold.erasures.ErasedBy(fact.position);
    record.erased.push_back(std::move(item));
  }
}

}  // namespace

RecordFold::RecordFold(std::string_view learner, const Facts& stream, const View& asked,
                       const RecordRules& record_rules)
    : view(asked),
      rules(record_rules),
      facts(learner, stream, asked.size),
      erasures(ErasuresOf(stream, asked)) {}

std::vector<const Fact*> RecordFold::Known(EventType type) const {
  std::vector<const Fact*> known;
  for (const Fact* fact : facts.standing()) {
    if (fact->event.type == type) known.push_back(fact);
  }
  std::sort(known.begin(), known.end(),
            [](const Fact* a, const Fact* b) { return EarlierInForce(*a, *b); });
  return known;
}

std::vector<const Fact*> RecordFold::Begun(EventType type) const {
  std::vector<const Fact*> begun = Known(type);
  std::erase_if(begun, [&](const Fact* fact) { return fact->event.V() > view.at; });
  return begun;
}

Item RecordFold::ItemOf(const Fact& fact) const {
  Item item;
  item.event = fact.event.id;
  item.position = fact.position;
  item.recorded = fact.recorded;
  item.from = fact.event.V();
  item.until = fact.event.valid_to;
  item.publisher = fact.publisher;
  item.controller = fact.event.controller;
  item.sensitivity = fact.event.sensitivity;
  item.by = erasures.HeldBy(fact, rules.statutory_types);
  item.status = item.by.empty() ? ItemStatus::kPresent : ItemStatus::kHeld;
  item.replaces = facts.Replaces(fact);
  return item;
}

std::optional<std::int64_t> NumberOf(const Fact& fact, std::string_view field) {
  if (!fact.event.has(field)) return std::nullopt;
  return fact.event.number(field);
}

std::optional<Date> DateOf(const Fact& fact, std::string_view field) {
  if (!fact.event.has(field)) return std::nullopt;
  return Date{static_cast<std::int32_t>(fact.event.number(field))};
}

std::string TextOf(const Fact& fact, std::string_view field) {
  return std::string(fact.event.text(field));
}

bool EndItem(Item& item, Instant instant) {
  if (item.until && *item.until <= instant) return false;
  item.until = instant;
  return true;
}

std::string_view ItemStatusName(ItemStatus status) {
  switch (status) {
    case ItemStatus::kPresent:
      return "PRESENT";
    case ItemStatus::kErased:
      return "ERASED";
    case ItemStatus::kHeld:
      return "HELD";
    case ItemStatus::kUnreadable:
      return "UNREADABLE";
  }
  return "";
}

LearnerRecord BuildRecord(std::string_view learner, const Facts& stream, const View& view,
                          const RecordRules& rules) {
  const RecordFold fold(learner, stream, view, rules);
  LearnerRecord record;
  record.learner = learner;
  record.view = view;
  FoldIdentity(fold, record);
  FoldGuardians(fold, record);
  FoldStudyRights(fold, record);
  FoldGroups(fold, record);
  FoldAttendance(fold, record);
  FoldGrades(fold, record);
  FoldActivity(fold, record);
  FoldSupport(fold, record);
  FoldCertificates(fold, record);
  FoldRestrictions(fold, record);
  ListErased(fold, stream, record);
  return record;
}

std::vector<Source> SourcesOf(const LearnerRecord& record) {
  std::vector<Source> sources;
  ForEachItem(record, [&](const Item& item) {
    sources.push_back({item.event, item.position, item.recorded});
  });
  const auto by_position = [](const Source& a, const Source& b) { return a.position < b.position; };
  std::stable_sort(sources.begin(), sources.end(), by_position);
  sources.erase(
      std::unique(sources.begin(), sources.end(),
                  [](const Source& a, const Source& b) { return a.position == b.position; }),
      sources.end());
  return sources;
}

}  // namespace oppi::projections
