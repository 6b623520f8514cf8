#include "tests/projections/export_stories.h"

#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>

#include "projections/consent_answer.h"
#include "projections/export/consent_record.h"

namespace oppi::tests {
namespace {

using projections::ConsentStatus;
using Ids = std::vector<std::string>;
using nlohmann::json;

const std::string kOtherGuardian = "urn:oid:1.2.246.562.24.10482013399";
const std::string kHash = "sha256:" + std::string(64, '4');

std::string Pack(const Names& names) {
  const json one = {{"iss", false},
                    {"rule", "ONE"},
                    {"purpose_class", "DIGITAL"},
                    {"ttl_days", 365},
                    {"on_majority", "EXPIRE"}};
  json all = one;
  all["rule"] = "ALL";
  json pack = {{"policy", "test"},
               {"version", 1},
               {"jurisdiction", "FI"},
               {"timezone", "Europe/Helsinki"},
               {"iss_age", 13},
               {"self_age", 15},
               {"majority_age", 18},
               {"leap_birthday", "MAR_1"},
               {"on_authority_end", "INVALIDATE_EX_NUNC"},
               {"max_staleness_ms", 5000},
               {"stop_ack_hours", 24},
               {"review_days", 7}};
  pack["on_iss_age"] = {{"mode", "KEEP_AND_INFORM"}, {"days", 30}};
  pack["late_limit_hours"] = {{"online", 72}, {"paper", 336}};
  pack["emergency"] = {{"max_minutes", 240}, {"review_hours", 24}};
  pack["erasure"] = {{"statutory_types", json::array()}, {"after_release_days", 7}};
  pack["protection"] = {{"categories", {names.other_category}},
                        {"cleared_recipients", json::array()}};
  pack["categories"] = {{names.category, nullptr}, {names.other_category, nullptr}};
  pack["purposes"] = {{names.purpose, one}, {names.all_purpose, all}};
  return pack.dump();
}

/// Tells one story; every event is about the same learner and controller, a day after the one
/// before.
class Teller {
 public:
  Teller(ExportStory& story, const Names& names) : story_(story), names_(names) {
    const char* begin = "2018-01-01T00:00:00Z";
    story.registry
        .Tell(IdOf("policy"), "registry.policy_published",
              {{"policy", "test"}, {"version", 1}, {"policy_hash", kHash}, {"body", Pack(names)}})
        .At(begin);
    story.registry
        .Tell(IdOf("basis"), "registry.basis_asserted",
              {{"controller", kController},
               {"purpose", names.purpose},
               {"data_categories", Ids{names.category}},
               {"basis", "A6-1-a"},
               {"law_ref", "679/2016"}})
        .At(begin);
    story.registry
        .Tell(
            IdOf("delegation"), "registry.delegation_granted",
            {{"publisher", "portal"}, {"controller", kController}, {"acts", Ids{"STATE_CONSENT"}}})
        .At(begin);
    story.registry
        .Tell(IdOf("n1"), "registry.notice_published",
              {{"notice", names.notice},
               {"version", "1"},
               {"material", 0},
               {"purposes", Ids{names.purpose}},
               {"recipients", Ids{names.recipient}},
               {"data_categories", Ids{names.category}}})
        .At(begin);
    Tell("b", "identity.learner_registered", {{"birth_date", "2015-05-10"}, {"language", "fi"}})
        .By("sis");
    Tell("gA", "guardianship.established", {{"guardian", kGuardian}, {"right", "DECIDE"}})
        .From("2015-05-10T00:00:00Z");
    Tell("gB", "guardianship.established", {{"guardian", kOtherGuardian}, {"right", "DECIDE"}})
        .From("2015-05-10T00:00:00Z");
    Tell("served", "consent.notice_served",
         {{"purpose", names.purpose},
          {"recipients", Ids{names.recipient}},
          {"notice", names.notice},
          {"notice_version", "1"},
          {"outcome", "SHOWN"},
          {"language", "fi"},
          {"rendered_hash", kHash}});
  }

  Telling Tell(const std::string& label, const std::string& type,
               std::initializer_list<Field> fields) {
    Telling telling = story_.stream.Tell(IdOf(label), type, fields);
    const Instant at = T("2026-01-01T08:00:00Z") +
                       static_cast<std::int64_t>(story_.stream.facts().size()) * kMicrosPerDay;
    // Registry facts lie before everything about the learner.
    story_.stream.facts().back().position = LeafIndex(100 + story_.stream.facts().size());
    return telling.At(FormatInstant(at)).Subject(kLearner).Controller(kController).By("portal");
  }

  Telling Ask(const std::string& label = "asked") {
    return Tell(label, "consent.requested",
                {{"purpose", names_.purpose},
                 {"recipients", Recipients()},
                 {"data_categories", Categories()},
                 {"notice", names_.notice},
                 {"notice_version", "1"}});
  }
  Telling Give(const std::string& label = "given", const std::string& by = kGuardian,
               const std::string& request = "asked") {
    return Tell(label, "consent.given",
                {{"request", IdOf(request)},
                 {"by", by},
                 {"by_role", "GUARDIAN"},
                 {"purpose", names_.purpose},
                 {"recipients", Recipients()},
                 {"data_categories", Categories()},
                 {"notice", names_.notice},
                 {"notice_version", "1"},
                 {"rendered_hash", kHash},
                 {"method", "BUTTON"}});
  }
  Telling Negative(const std::string& label, const std::string& type) {
    return Tell(label, type, {{"by", kGuardian}, {"purpose", names_.purpose}});
  }
  void AllAsk() {
    Tell("asked", "consent.requested",
         {{"purpose", names_.all_purpose},
          {"recipients", Recipients()},
          {"data_categories", Categories()},
          {"notice", names_.notice},
          {"notice_version", "1"}});
  }
  void AllGive(const std::string& label, const std::string& by) {
    Tell(label, "consent.given",
         {{"request", IdOf("asked")},
          {"by", by},
          {"by_role", "GUARDIAN"},
          {"purpose", names_.all_purpose},
          {"recipients", Recipients()},
          {"data_categories", Categories()},
          {"notice", names_.notice},
          {"notice_version", "1"},
          {"rendered_hash", kHash},
          {"method", "SIGNATURE"}});
  }
  events::Event& last() { return story_.stream.facts().back().event; }
  Story& registry() { return story_.registry; }
  Story& stream() { return story_.stream; }
  [[nodiscard]] const Names& names() const { return names_; }

 private:
  [[nodiscard]] Ids Recipients() const { return {names_.recipient, names_.other_recipient}; }
  [[nodiscard]] Ids Categories() const { return {names_.category, names_.other_category}; }

  ExportStory& story_;
  const Names& names_;
};

void Finish(ExportStory& story) {
  projections::Facts& all = story.registry.facts();
  for (std::size_t i = 0; i < all.size(); ++i) all[i].position = LeafIndex(i);
  story.built = projections::RegistryOf(all);
}

}  // namespace

Names PlainNames() {
  return {"ADAPT", "IMG", "V1", "V2", "LRN.GRADE", "LOC", "N1", "request 31/2026"};
}

Names HostileNames() {
  std::string longest;
  while (longest.size() < 4000) longest += "pitkä ";
  return {"A \"quoted\" purpose\\",
          "<script>ALL</script> ",
          "V\xf0\x9f\xa6\x8a \" 1",
          longest,
          "ryhmä/åäö\n",
          " two  blanks ",
          "\xe2\x80\x83",
          "bell\x07 and \x01 \"'<&"};
}

std::string IdOf(const std::string& label) {
  char digits[13];
  std::snprintf(
      digits, sizeof digits, "%012llx",
      static_cast<unsigned long long>(std::hash<std::string>()(label)) & 0xffffffffffffULL);
  return std::string("019b1c00-0000-7000-8000-") + digits;
}

std::vector<ExportStory> ExportStories(const Names& names) {
  std::vector<ExportStory> stories;
  const auto tell = [&](const char* name, ConsentStatus status, std::string_view reason,
                        const char* consent, const std::function<void(Teller&)>& plot) {
    ExportStory& story = stories.emplace_back();
    story.name = name;
    story.status = status;
    story.reason = reason;
    story.consent = *consent == '\0' ? "" : IdOf(consent);
    story.at = T("2026-03-01T00:00:00Z");
    Teller teller(story, names);
    plot(teller);
    Finish(story);
  };
  tell("nothing", ConsentStatus::kNone, "", "", [](Teller&) {});
  tell("requested", ConsentStatus::kRequested, "", "asked", [](Teller& t) { t.Ask(); });
  tell("deferred", ConsentStatus::kDeferred, "", "closed", [&](Teller& t) {
    t.Ask();
    t.Tell("closed", "consent.notice_served",
           {{"purpose", names.purpose},
            {"recipients", Ids{names.recipient, names.other_recipient}},
            {"notice", names.notice},
            {"notice_version", "1"},
            {"outcome", "DISMISSED"}});
  });
  tell("pending", ConsentStatus::kPendingCo, "", "given", [](Teller& t) {
    t.AllAsk();
    t.AllGive("given", kGuardian);
  });
  tell("given", ConsentStatus::kGiven, "", "given", [](Teller& t) {
    t.Ask();
    t.Give();
  });
  tell("given-by-both", ConsentStatus::kGiven, "", "given", [](Teller& t) {
    t.AllAsk();
    t.AllGive("given", kGuardian);
    t.AllGive("also-given", kOtherGuardian);
  });
  tell("renewed", ConsentStatus::kRenewed, "", "again", [](Teller& t) {
    t.Ask();
    t.Give();
    t.Ask("asked-again");
    t.Give("again", kGuardian, "asked-again");
    t.last().SetText("renews", IdOf("given"));
  });
  tell("replaced", ConsentStatus::kExpired, projections::kReplaced, "given", [](Teller& t) {
    t.Ask();
    t.Give();
    t.Ask("asked-again");
    t.Give("again", kGuardian, "asked-again");
  });
  tell("refused", ConsentStatus::kRefused, "", "no", [](Teller& t) {
    t.Ask();
    t.Negative("no", "consent.refused");
    t.last().SetText("request", IdOf("asked"));
  });
  tell("withdrawn", ConsentStatus::kWithdrawn, "", "given", [](Teller& t) {
    t.Ask();
    t.Give();
    t.Negative("out", "consent.withdrawn");
    t.last().SetText("channel", "SPOKEN");
  });
  tell("partly-withdrawn", ConsentStatus::kGiven, "", "given", [&](Teller& t) {
    t.Ask();
    t.Give();
    t.Negative("out", "consent.withdrawn");
    t.last().SetList("recipients", {names.recipient}).SetList("data_categories", {names.category});
  });
  tell("revoked", ConsentStatus::kRevoked, "", "given", [&](Teller& t) {
    t.Ask();
    t.Give();
    t.Tell("over", "consent.revoked", {{"purpose", names.purpose}, {"reason", "PURPOSE_ENDED"}});
  });
  tell("expired", ConsentStatus::kExpired, "", "given", [](Teller& t) {
    t.Ask();
    t.Give();
    t.last().SetNumber("valid_until", T("2026-02-01T00:00:00Z").micros);
  });
  tell("superseded", ConsentStatus::kSuperseded, "", "given", [&](Teller& t) {
    t.Ask();
    t.Give();
    t.registry()
        .Tell(IdOf("n2"), "registry.notice_published",
              {{"notice", names.notice},
               {"version", "2"},
               {"material", 1},
               {"purposes", Ids{names.purpose}},
               {"recipients", Ids{names.recipient}},
               {"data_categories", Ids{names.category}}})
        .At("2026-02-10T00:00:00Z");
  });
  tell("invalidated-from-the-start", ConsentStatus::kInvalidated, "WRONG_PERSON", "given",
       [](Teller& t) {
         t.Ask();
         t.Give();
         t.Tell("void", "consent.invalidated",
                {{"target", IdOf("given")}, {"reason", "WRONG_PERSON"}, {"effect", "EX_TUNC"}});
       });
  tell("invalidated", ConsentStatus::kInvalidated, "AUTHORITY_DECISION", "given", [](Teller& t) {
    t.Ask();
    t.Give();
    t.Tell("void", "consent.invalidated",
           {{"target", IdOf("given")}, {"reason", "AUTHORITY_DECISION"}, {"effect", "EX_NUNC"}});
  });
  tell("authority-ended", ConsentStatus::kInvalidated, "AUTHORITY_ENDED", "given", [](Teller& t) {
    t.Ask();
    t.Give();
    t.Tell("gone", "guardianship.ended", {{"guardianship", IdOf("gA")}, {"reason", "COURT"}});
  });
  tell("quarantined", ConsentStatus::kNone, "QUARANTINED", "given", [](Teller& t) {
    t.Ask();
    t.Give().Quarantined(events::ErrorCode::kLate);
  });
  tell("released", ConsentStatus::kGiven, "", "given", [](Teller& t) {
    t.Ask();
    t.Give().Quarantined(events::ErrorCode::kLate);
    t.Tell("seen", "ledger.quarantine_released",
           {{"event", IdOf("given")}, {"statement", "PAPER_SEEN"}});
  });
  tell("suspect", ConsentStatus::kNone, "SUSPECT", "given", [](Teller& t) {
    t.Ask();
    t.Give().By("portal", "stolen");
    t.registry()
        .Tell(IdOf("revoked-key"), "registry.key_revoked",
              {{"publisher", "portal"},
               {"key", "stolen"},
               {"reason", "COMPROMISE"},
               {"compromised_from", "2025-01-01T00:00:00Z"}})
        .At("2026-02-10T00:00:00Z");
  });
  tell("stale-request", ConsentStatus::kNone, "STALE_REQUEST", "given", [](Teller& t) {
    t.Ask();
    t.Give().At("2026-01-20T08:00:00Z");
    t.Negative("no", "consent.refused").Happened("2026-01-19T08:00:00Z");
    t.last().SetText("request", IdOf("asked"));
  });
  tell("erased", ConsentStatus::kIndeterminate, "ERASED", "asked", [](Teller& t) {
    t.Ask();
    t.Give().Erased();
    t.Tell("erasure", "erasure.executed",
           {{"request", IdOf("x")},
            {"classes", Ids{"C"}},
            {"types", Ids{"consent.given"}},
            {"receipts", Ids{"r"}}});
  });
  return stories;
}

ExportStory AuditStory(const Names& names) {
  ExportStory story;
  story.name = "audit";
  story.at = T("2026-03-01T00:00:00Z");
  Teller t(story, names);
  t.Tell("read", "access.read",
         {{"actor", names.other_recipient.size() < 200 ? "teacher1" : names.reason},
          {"actor_role", "TEACHER"},
          {"organisation", "Koulu \"A\""},
          {"purpose", names.purpose},
          {"query", "LEARNER_RECORD"},
          {"result_count", 1},
          {"reason_text", names.reason}})
      .By("gw");
  t.Tell("bulk", "access.read",
         {{"actor", "teacher1"},
          {"actor_role", "TEACHER"},
          {"organisation", "Koulu A"},
          {"purpose", names.purpose},
          {"query", "BULK"},
          {"result_count", 2}})
      .By("gw")
      .Others({kGuardian});
  t.Tell("sent", "access.disclosed",
         {{"actor", "teacher1"},
          {"organisation", "Kunta K"},
          {"purpose", names.purpose},
          {"recipient", names.recipient},
          {"data_categories", Ids{names.category, names.other_category}},
          {"decision", IdOf("decided")},
          {"content_hash", kHash}})
      .By("gw");
  t.Tell("got", "access.received",
         {{"disclosure", IdOf("sent")}, {"recipient", names.recipient}, {"content_hash", kHash}})
      .By("v1");
  t.Tell("stopped", "access.stop_acknowledged",
         {{"withdrawal", IdOf("out")}, {"recipient", names.recipient}})
      .By("v1");
  t.Tell("glass", "access.emergency_opened",
         {{"actor", "teacher1"},
          {"organisation", "Koulu A"},
          {"principal", "P1"},
          {"data_categories", Ids{names.category}},
          {"basis", "A6-1-d"},
          {"minutes", 60},
          {"reason", "LIFE_THREAT"}})
      .By("gw");
  Finish(story);
  return story;
}

projections::Question AskFor(const std::string& format, const std::string& consent) {
  projections::Question question;
  question.ask = projections::Ask::kConsents;
  question.learner = kLearner;
  question.format = format;
  question.consent = consent;
  return question;
}

projections::Access MaySeeAll() {
  projections::Access access;
  access.refusal.clear();
  access.special_category = true;
  return access;
}

projections::Access MaySeeRedacted() {
  projections::Access access = MaySeeAll();
  access.redact = true;
  return access;
}

}  // namespace oppi::tests
