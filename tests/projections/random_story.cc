#include "tests/projections/random_story.h"

#include <algorithm>

#include "events/check.h"

namespace oppi::tests {
namespace {

using projections::JsonValue;
using projections::StoryEvent;

constexpr std::int64_t kHour = 3600 * kMicrosPerSecond;

constexpr const char* kPack = R"({
 "policy": "random", "version": 1, "jurisdiction": "FI", "timezone": "Europe/Helsinki",
 "iss_age": 13, "self_age": 15, "majority_age": 18, "leap_birthday": "MAR_1",
 "on_iss_age": {"mode": "KEEP_AND_INFORM", "days": 10}, "on_authority_end": "INVALIDATE_EX_NUNC",
 "late_limit_hours": {"online": 72, "paper": 336}, "max_staleness_ms": 5000, "stop_ack_hours": 24,
 "review_days": 7, "emergency": {"max_minutes": 240, "review_hours": 24},
 "erasure": {"statutory_types": ["grade.course_assessed"], "after_release_days": 7},
 "protection": {"categories": ["SUP"], "cleared_recipients": ["V2"]},
 "categories": {"LRN": null, "LRN.GRADE": "LRN", "LRN.ACTIVITY": "LRN", "SUP": null},
 "purposes": {
  "ADAPT": {"iss": true, "rule": "ONE", "purpose_class": "DIGITAL", "ttl_days": 40,
            "on_majority": "EXPIRE"},
  "IMG": {"iss": false, "rule": "ALL", "purpose_class": "MEDIA", "self_age": 18,
          "ttl_days": 40, "on_majority": "EXPIRE"},
  "FREE": {"iss": false, "rule": "ALL", "purpose_class": "SCHOOL", "ttl_days": 60,
           "on_majority": "KEEP", "with_guardians": true},
  "EDU": {"iss": false, "rule": "ONE", "purpose_class": "SCHOOL", "ttl_days": 60,
          "on_majority": "KEEP"}}})";

JsonValue Text(const std::string& text) { return JsonValue::String(text); }

}  // namespace

RandomStory::RandomStory(std::uint64_t seed) : random_(seed) {
  JsonValue pack = *projections::ParseJson(kPack);
  const std::string modes[] = {"KEEP_AND_INFORM", "RECONFIRM_WITHIN", "EXPIRE"};
  JsonValue change = JsonValue::Object();
  change.Set("on_iss_age", JsonValue::Object({{"mode", Text(modes[Below(3)])}}));
  if (Chance(25)) change.Set("on_authority_end", Text("KEEP"));
  pack.Merge(change);
  auto read = projections::ReadPolicyPack(pack);
  OPPI_CHECK(read.ok());
  story_.pack = std::move(read).value();
  story_.why = "random";
  TellBase();
  const std::uint64_t events = 20 + Below(30);
  for (std::uint64_t i = 0; i < events; ++i) TellSomething();
}

std::uint64_t RandomStory::Below(std::uint64_t bound) { return random_() % bound; }

std::string RandomStory::SomeOf(const std::vector<std::string>& list) {
  OPPI_CHECK(!list.empty());
  // Mostly something recent: that is where histories meet.
  const std::uint64_t back =
      Chance(60) ? Below(std::min<std::uint64_t>(3, list.size())) : Below(list.size());
  return list[list.size() - 1 - back];
}

std::vector<std::string> RandomStory::SomeSubset(const std::vector<std::string>& list) {
  std::vector<std::string> some;
  for (const std::string& item : list)
    if (Chance(50)) some.push_back(item);
  if (some.empty()) some.push_back(list[Below(list.size())]);
  return some;
}

Instant RandomStory::SomeInstant() {
  std::vector<Instant> instants;
  for (const StoryEvent& event : story_.events) {
    if (event.recorded_at < ParseInstant("2026-01-01T00:00:00Z")) continue;
    const Instant v = event.valid_from.value_or(event.time.value_or(event.recorded_at));
    instants.push_back(event.recorded_at);
    instants.push_back(v);
    // What a grant ends by: its time to live is 40 days.
    if (event.type.find("consent.given") != std::string::npos && Chance(30))
      instants.push_back(v + 40 * kMicrosPerDay);
    if (event.anchor_at) instants.push_back(*event.anchor_at);
  }
  // Birthdays, and ten days after them.
  for (const char* text : {"2026-02-09T22:00:00Z", "2026-02-19T22:00:00Z", "2026-03-01T00:00:00Z"})
    instants.insert(instants.end(), 4, *ParseInstant(text));
  const Instant at = instants[Below(instants.size())];
  return at + (static_cast<std::int64_t>(Below(3)) - 1);
}

StoryEvent& RandomStory::Tell(const std::string& publisher, const std::string& type,
                              JsonValue data) {
  now_ = now_ + (Chance(20) ? 1 : static_cast<std::int64_t>(1 + Below(96)) * kHour / 2);
  StoryEvent event;
  event.id = "e" + std::to_string(labels_++);
  event.recorded_at = now_;
  event.time = now_;
  event.publisher = publisher;
  event.type = "fi.oppiloki." + type + ".v1";
  event.controller = "K";
  if (!type.starts_with("registry.")) event.subject = "C1";
  event.data = std::move(data);
  story_.events.push_back(std::move(event));
  return story_.events.back();
}

void RandomStory::TellBase() {
  now_ = *ParseInstant("2018-01-01T00:00:00Z");
  const std::pair<const char*, const char*> publishers[] = {{"school", "PROVIDER"},
                                                            {"portal", "PORTAL"},
                                                            {"register", "IDENTITY"},
                                                            {"app", "VENDOR"},
                                                            {"officer", "DPO"}};
  for (const auto& [name, role] : publishers)
    Tell("registrar", "registry.publisher_registered",
         JsonValue::Object({{"publisher", Text(name)}, {"role", Text(role)}}));
  for (const char* name : {"portal", "app"})
    Tell("registrar", "registry.delegation_granted",
         JsonValue::Object({{"publisher", Text(name)},
                            {"controller", Text("K")},
                            {"acts", JsonValue::Strings({"STATE_CONSENT"})}}));
  Tell("registrar", "registry.notice_published",
       JsonValue::Object({{"notice", Text("N")},
                          {"version", Text("1")},
                          {"material", JsonValue::Bool(false)},
                          {"purposes", JsonValue::Strings({"ADAPT", "IMG", "FREE"})},
                          {"recipients", JsonValue::Strings({"V1"})},
                          {"data_categories", JsonValue::Strings({"LRN"})}}));
  for (const char* purpose : {"ADAPT", "IMG", "FREE", "EDU"}) {
    StoryEvent& basis = Tell(
        "registrar", "registry.basis_asserted",
        JsonValue::Object({{"controller", Text("K")},
                           {"purpose", Text(purpose)},
                           {"data_categories", JsonValue::Strings({"LRN", "SUP"})},
                           {"basis", Text(purpose == std::string("EDU") ? "A6-1-e" : "A6-1-a")},
                           {"law_ref", Text("x")}}));
    basis.valid_from = ParseInstant("2018-06-01T00:00:00Z");
    bases_.push_back(basis.id);
  }
  // Some comes of the age of online services, of self-determination or of age while it happens.
  const char* births[] = {"2013-02-10", "2016-05-01", "2012-02-29", "2011-02-20", "2008-02-10"};
  const std::uint64_t birth = Below(5);
  child_decides_ = birth >= 3;
  Tell("school", "identity.learner_registered",
       JsonValue::Object({{"birth_date", Text(births[birth])}, {"language", Text("fi")}}));
  for (const char* guardian : {"PA", "PB"}) {
    StoryEvent& edge =
        Tell("register", "guardianship.established",
             JsonValue::Object({{"guardian", Text(guardian)}, {"right", Text("DECIDE")}}));
    edge.valid_from = ParseInstant("2010-01-01T00:00:00Z");
    edges_.push_back(edge.id);
  }
  now_ = *ParseInstant("2026-01-01T00:00:00Z");
}

std::string RandomStory::SomePerson() {
  if (child_decides_ && Chance(50)) return "C1";
  const char* persons[] = {"PA", "PA", "PA", "PA", "PB", "PB", "PB", "PB", "PC", "C1", "PX"};
  return persons[Below(11)];
}

std::int64_t RandomStory::SomeDelay() {
  if (Chance(75)) return 0;
  if (Chance(75)) return static_cast<std::int64_t>(Below(72 + 1)) * kHour;
  return static_cast<std::int64_t>(Below(20 * 24)) * kHour;
}

StoryEvent& RandomStory::Backdate(StoryEvent& event) {
  event.time = event.recorded_at + -SomeDelay();
  if (Chance(20)) {
    // At the very instant of another act: that is where rank decides.
    const std::size_t last = story_.events.size() - 1;
    const StoryEvent& other = story_.events[last - std::min<std::size_t>(1 + Below(4), last)];
    if (other.time && *other.time > *ParseInstant("2026-01-01T00:00:00Z")) event.time = other.time;
  }
  return event;
}

JsonValue RandomStory::Scope(bool all_allowed) {
  const char* purposes[] = {"ADAPT", "ADAPT", "IMG", "FREE"};
  JsonValue data = JsonValue::Object({{"purpose", Text(purposes[Below(4)])}});
  if (!all_allowed || Chance(70))
    data.Set("recipients", JsonValue::Strings(SomeSubset({"V1", "V2"})));
  if (!all_allowed || Chance(40))
    data.Set("data_categories", JsonValue::Strings(SomeSubset({"LRN", "LRN.GRADE", "SUP"})));
  return data;
}

StoryEvent& RandomStory::AddGrant() {
  JsonValue data = Scope(/*all_allowed=*/false);
  if (!requests_.empty() && Chance(85)) {
    // Mostly for the purpose that the request was about.
    const std::string request = SomeOf(requests_);
    data.Set("request", Text(request));
    for (const StoryEvent& event : story_.events)
      if (event.id == request && Chance(95))
        for (const char* name : {"purpose", "recipients", "data_categories"})
          if (name == std::string("purpose") || Chance(70)) data.Set(name, *event.data.Find(name));
  } else {
    data.Set("evidence", Text("PAPER"));
  }
  data.Set("by", Text(SomePerson())).Set("by_role", Text("GUARDIAN"));
  data.Set("notice", Text("N"));
  data.Set("notice_version",
           Text(std::to_string(Chance(70) ? notice_version_ : 1 + static_cast<int>(Below(3)))));
  if (Chance(10)) data.Set("hindrance", Text("ILLNESS"));
  if (Chance(30) && !grants_.empty()) data.Set("renews", Text(SomeOf(grants_)));
  if (Chance(15))
    data.Set("valid_until",
             Text(FormatInstant(now_ + static_cast<std::int64_t>(Below(30)) * kMicrosPerDay)));
  StoryEvent& grant =
      Backdate(Tell(Chance(92) ? "portal" : "school", "consent.given", std::move(data)));
  if (Chance(25)) grant.key = "portal-key2";
  if (Chance(20)) grant.anchor_at = *grant.time + static_cast<std::int64_t>(Below(48)) * kHour;
  if (!links_.empty() && Chance(30)) grant.subject = "C9";
  grants_.push_back(grant.id);
  return grant;
}

void RandomStory::TellNegative(const std::string& kind) {
  JsonValue data = Scope(/*all_allowed=*/kind != "requested");
  if (kind != "revoked" && kind != "withdrawal_refused") data.Set("by", Text(SomePerson()));
  if (kind == "revoked") data.Set("reason", Text("SERVICE_ENDED"));
  if (kind == "withdrawal_refused") {
    if (withdrawal_requests_.empty()) return;
    data.Set("request", Text(SomeOf(withdrawal_requests_)));
  }
  StoryEvent& event =
      Backdate(Tell(kind == "revoked" ? "school" : "portal", "consent." + kind, std::move(data)));
  if (kind == "withdrawal_requested") withdrawal_requests_.push_back(event.id);
  if (!links_.empty() && Chance(30)) event.subject = "C9";
  if (Chance(10)) event.key = "portal-key2";
}

StoryEvent& RandomStory::AddNegative() {
  const char* kinds[] = {"refused", "withdrawn", "revoked"};
  TellNegative(kinds[Below(3)]);
  return story_.events.back();
}

void RandomStory::TellNotice() {
  if (Chance(60)) {
    JsonValue data = Scope(/*all_allowed=*/false);
    data.Set("notice", Text("N")).Set("notice_version", Text("1"));
    if (Chance(75)) {
      StoryEvent& request = Backdate(Tell("portal", "consent.requested", std::move(data)));
      requests_.push_back(request.id);
      return;
    }
    JsonValue served = JsonValue::Object({{"outcome", Text(Chance(80) ? "DISMISSED" : "SHOWN")}});
    for (const char* name : {"purpose", "recipients", "notice", "notice_version"})
      served.Set(name, *data.Find(name));
    Backdate(Tell("portal", "consent.notice_served", std::move(served)));
    return;
  }
  if (!Chance(25)) return;
  ++notice_version_;
  JsonValue data =
      JsonValue::Object({{"notice", Text("N")},
                         {"version", Text(std::to_string(notice_version_))},
                         {"material", JsonValue::Bool(Chance(70))},
                         {"purposes", JsonValue::Strings(SomeSubset({"ADAPT", "IMG", "FREE"}))},
                         {"recipients", JsonValue::Strings(SomeSubset({"V1", "V2", "V3"}))},
                         {"data_categories", JsonValue::Strings(SomeSubset({"LRN", "SUP"}))}});
  if (Chance(60))
    data.Set("grace_until",
             Text(FormatInstant(now_ + static_cast<std::int64_t>(Below(20)) * kMicrosPerDay)));
  Tell("registrar", "registry.notice_published", std::move(data));
}

void RandomStory::TellAuthority() {
  switch (Below(6)) {
    case 0: {
      StoryEvent& edge =
          Backdate(Tell("register", "guardianship.established",
                        JsonValue::Object({{"guardian", Text(Chance(60) ? "PC" : "PB")},
                                           {"right", Text(Chance(85) ? "DECIDE" : "INFO")}})));
      if (Chance(30))
        edge.valid_to = now_ + static_cast<std::int64_t>(1 + Below(40)) * kMicrosPerDay;
      if (Chance(30))
        edge.data.Set("purpose_classes", JsonValue::Strings(SomeSubset({"DIGITAL", "MEDIA"})));
      edges_.push_back(edge.id);
      return;
    }
    case 1:
    case 2: {
      StoryEvent& end = Backdate(Tell(
          "register", "guardianship.ended",
          JsonValue::Object({{"guardianship", Text(SomeOf(edges_))}, {"reason", Text("COURT")}})));
      ends_.push_back(end.id);
      return;
    }
    case 3:
      if (ends_.empty()) return;
      Tell("register", "ledger.fact_annulled", JsonValue::Object({{"reason", Text("MISTAKE")}}))
          .annuls = SomeOf(ends_);
      return;
    case 4: {
      StoryEvent& division =
          Backdate(Tell("register", "guardianship.duties_divided",
                        JsonValue::Object({{"guardian", Text(Chance(50) ? "PA" : "PB")},
                                           {"purpose_classes",
                                            JsonValue::Strings(SomeSubset({"DIGITAL", "MEDIA"}))},
                                           {"court_ref", Text("x")}})));
      if (Chance(50))
        division.valid_to = now_ + static_cast<std::int64_t>(1 + Below(20)) * kMicrosPerDay;
      return;
    }
    default: {
      if (!links_.empty()) {
        Tell("register", "ledger.fact_annulled", JsonValue::Object({{"reason", Text("MISTAKE")}}))
            .annuls = SomeOf(links_);
        return;
      }
      if (!Chance(50)) return;
      StoryEvent& link =
          Tell("register", "identity.pseudonyms_linked",
               JsonValue::Object(
                   {{"kept", Text("C1")}, {"merged", Text("C9")}, {"reason", Text("DUPLICATE")}}));
      link.other_subjects = {"C9"};
      links_.push_back(link.id);
      return;
    }
  }
}

void RandomStory::TellOfficer() {
  if (grants_.empty()) return;
  const std::string target = SomeOf(grants_);
  switch (Below(5)) {
    case 0:
    case 1:
      Tell("officer", "ledger.quarantine_released",
           JsonValue::Object({{"event", Text(target)}, {"statement", Text("PAPER_SEEN")}}));
      return;
    case 2:
      Tell("officer", "ledger.reattested",
           JsonValue::Object({{"event", Text(target)}, {"statement", Text("PAPER_SEEN")}}));
      return;
    case 3:
      Backdate(Tell("officer", "consent.invalidated",
                    JsonValue::Object({{"target", Text(target)},
                                       {"reason", Text("WRONG_PERSON")},
                                       {"effect", Text(Chance(50) ? "EX_TUNC" : "EX_NUNC")}})));
      return;
    default: {
      if (!restrictions_.empty() && Chance(50)) {
        const char* outcomes[] = {"ENDED", "UPHELD", "NOT_UPHELD"};
        Backdate(Tell("officer", "restriction.cleared",
                      JsonValue::Object({{"restriction", Text(SomeOf(restrictions_))},
                                         {"outcome", Text(outcomes[Below(3)])}})));
        return;
      }
      const char* kinds[] = {"PROTECTION", "ART18", "OBJECTION"};
      JsonValue data = JsonValue::Object({{"kind", Text(kinds[Below(3)])}});
      if (Chance(50))
        data.Set("data_categories", JsonValue::Strings(SomeSubset({"LRN.GRADE", "SUP"})));
      if (Chance(30)) data.Set("purposes", JsonValue::Strings(SomeSubset({"ADAPT", "IMG"})));
      restrictions_.push_back(Backdate(Tell("officer", "restriction.set", std::move(data))).id);
      return;
    }
  }
}

void RandomStory::TellRegistry() {
  switch (Below(4)) {
    case 0:
      Tell("registrar", "registry.key_revoked",
           JsonValue::Object({{"publisher", Text("portal")},
                              {"key", Text("portal-key2")},
                              {"reason", Text("COMPROMISE")},
                              {"compromised_from",
                               Text(FormatInstant(now_ + -static_cast<std::int64_t>(Below(30)) *
                                                             kMicrosPerDay))}}));
      return;
    case 1: {
      const char* codes[] = {"A6-1-a", "A6-1-e", "A6-1-f", "A6-1-c"};
      StoryEvent& basis =
          Tell("registrar", "registry.basis_asserted",
               JsonValue::Object(
                   {{"controller", Text("K")},
                    {"purpose", Text(Chance(50) ? "ADAPT" : "IMG")},
                    {"data_categories", JsonValue::Strings(SomeSubset({"LRN.GRADE", "SUP"}))},
                    {"basis", Text(codes[Below(4)])},
                    {"law_ref", Text("x")}}));
      basis.valid_from = now_ + static_cast<std::int64_t>(1 + Below(10)) * kMicrosPerDay;
      if (Chance(40))
        basis.valid_to =
            *basis.valid_from + static_cast<std::int64_t>(1 + Below(20)) * kMicrosPerDay;
      bases_.push_back(basis.id);
      return;
    }
    case 2: {
      const char* outcomes[] = {"NOT_VALID", "UPHELD", "VALID", "RETURNED"};
      Tell("registrar", "registry.basis_determined",
           JsonValue::Object({{"basis", Text(SomeOf(bases_))},
                              {"authority", Text("x")},
                              {"outcome", Text(outcomes[Below(4)])},
                              {"final", JsonValue::Bool(Chance(50))}}));
      return;
    }
    default:
      if (!Chance(30)) return;
      Tell("school", "identity.learner_registered",
           JsonValue::Object({{"birth_date", Text("2011-02-20")}, {"language", Text("fi")}}))
          .corrects = "e12";
      return;
  }
}

void RandomStory::TellErasure() {
  if (!Chance(40)) return;
  JsonValue data = JsonValue::Object({{"request", Text("none")},
                                      {"classes", JsonValue::Strings({"C"})},
                                      {"receipts", JsonValue::Strings({"store"})}});
  Tell("ledger", "erasure.executed", std::move(data));
}

StoryEvent& RandomStory::AddErasure() {
  const std::vector<std::string> classes =
      Chance(50) ? SomeSubset({"C", "S2", "S3"}) : std::vector<std::string>{"C"};
  JsonValue data = JsonValue::Object({{"request", Text("none")},
                                      {"classes", JsonValue::Strings(classes)},
                                      {"receipts", JsonValue::Strings({"store"})}});
  if (Chance(20)) data.Set("whole_subject", JsonValue::Bool(true));
  return Tell("ledger", "erasure.executed", std::move(data));
}

void RandomStory::TellSomething() {
  const std::uint64_t what = Below(100);
  if (what < 34) {
    AddGrant();
    return;
  }
  if (what < 58) return TellNotice();
  if (what < 62) return TellNegative("withdrawn");
  if (what < 64) return TellNegative("refused");
  if (what < 65) return TellNegative("revoked");
  if (what < 70) return TellNegative("withdrawal_requested");
  if (what < 72) return TellNegative("withdrawal_refused");
  if (what < 82) return TellAuthority();
  if (what < 91) return TellOfficer();
  if (what < 98) return TellRegistry();
  if (what < 99) return TellErasure();
  // The same bytes once more.
  StoryEvent again;
  now_ = now_ + kHour;
  again.id = "e" + std::to_string(labels_++);
  again.recorded_at = now_;
  again.resend_of = story_.events[Below(story_.events.size())].id;
  story_.events.push_back(std::move(again));
}

}  // namespace oppi::tests
