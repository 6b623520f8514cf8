#include "projections/retention_table.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "events/entropy.h"
#include "projections/retention_note.h"
#include "tests/support/facts.h"

namespace oppi::projections {
namespace {

using tests::T;

std::string Rule(const std::string& of_class, const std::string& types, const std::string& trigger,
                 int days) {
  return R"({"class":")" + of_class + R"(","types":[)" + types + R"(],"trigger":")" + trigger +
         R"(","days":)" + std::to_string(days) + R"(,"law_ref":"test"})";
}
std::string Table(const std::string& rules, int version = 1) {
  return R"({"retention":"fi","version":)" + std::to_string(version) + R"(,"rules":[)" + rules +
         "]}";
}
const std::string kActivity = Rule("S2", R"("activity.xapi_statement")", "LAST_EVENT", 365);

std::string WhyNot(const std::string& text) {
  const auto table = ParseRetentionTable(text);
  return table.ok() ? "" : table.error().message;
}
bool Says(const std::string& message, const std::string& words) {
  return message.find(words) != std::string::npos;
}

TEST(RetentionTable, ReadsEveryRule) {
  const auto table = ParseRetentionTable(
      Table(kActivity + "," +
            Rule("S3", R"("attendance.marked","attendance.clarified")", "STUDYRIGHT_ENDED", 30) +
            "," + Rule("C", R"("consent.given")", "MAJORITY", 1)));
  ASSERT_TRUE(table.ok()) << table.error().message;
  EXPECT_EQ(table->name, "fi");
  EXPECT_EQ(table->version, 1);
  ASSERT_EQ(table->rules.size(), 3U);
  EXPECT_EQ(table->rules[0],
            (RetentionRule{
                "S2", {"activity.xapi_statement"}, RetentionTrigger::kLastEvent, 365, "test"}));
  EXPECT_EQ(table->rules[1].types.size(), 2U);
  EXPECT_EQ(table->rules[2].trigger, RetentionTrigger::kMajority);
}

TEST(RetentionTable, IsNamedByTheHashOfItsCanonicalJson) {
  const auto table = ParseRetentionTable("  " + Table(kActivity) + "\n");
  ASSERT_TRUE(table.ok());
  const auto again = ParseRetentionTable(table->canonical);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->hash, table->hash);
  EXPECT_EQ(table->Citation(), "retention fi v1 " + HashText(HashOf(table->canonical)));
  const auto longest = ParseRetentionTable(R"({"retention":")" + std::string(64, 'x') +
                                           R"(","version":1000000,"rules":[)" + kActivity + "]}");
  ASSERT_TRUE(longest.ok());
  EXPECT_LE(longest->Citation().size(), 180U);  // and a remark behind it
}

TEST(RetentionTable, RefusesWhatItDoesNotKnowByName) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[]", "is an object"},
      {R"({"retention":"fi","version":1,"rules":[],"colour":1})", "`colour` is not known"},
      {R"({"retention":"fi","retention":"fi","version":1,"rules":[]})", "retention"},
      {R"({"version":1,"rules":[]})", "`retention` is missing"},
      {R"({"retention":"two words","version":1,"rules":[]})", "`retention`"},
      {R"({"retention":"fi","version":0,"rules":[]})", "`version`"},
      {Table(""), "`rules`"},
      {Table("7"), "`rules[0]`"},
      {Table(kActivity + R"(,{"class":"S2"})"), "`rules[1].types` is missing"},
      {Table(
           R"({"class":"S2","types":["activity.xapi_statement"],"trigger":"LAST_EVENT","days":1,"law_ref":"x","and":1})"),
       "`rules[0].and`"},
      {Table(Rule("S9", R"("activity.xapi_statement")", "LAST_EVENT", 1)), "`rules[0].class`"},
      {Table(Rule("A", R"("access.read")", "LAST_EVENT", 1)), "`rules[0].class`"},
      {Table(Rule("S2", R"("activity.invented")", "LAST_EVENT", 1)), "`rules[0].types`"},
      {Table(Rule("S2", R"("fi.oppiloki.activity.xapi_statement.v1")", "LAST_EVENT", 1)),
       "`rules[0].types`"},
      {Table(Rule("S2", "", "LAST_EVENT", 1)), "`rules[0].types`"},
      {Table(Rule("S2", R"("attendance.marked","attendance.marked")", "LAST_EVENT", 1)),
       "names something twice"},
      {Table(Rule("S2", R"("activity.xapi_statement")", "BIRTHDAY", 1)), "`rules[0].trigger`"},
      {Table(Rule("S2", R"("activity.xapi_statement")", "LAST_EVENT", 0)), "`rules[0].days`"},
      {Table(Rule("S2", R"("activity.xapi_statement")", "LAST_EVENT", 73201)), "`rules[0].days`"},
  };
  for (const auto& [text, words] : cases)
    EXPECT_TRUE(Says(WhyNot(text), words)) << text << "\n" << WhyNot(text);
}

TEST(RetentionTable, RefusesATypeThatNeverHasTheClass) {
  EXPECT_NE(WhyNot(Table(Rule("S1", R"("attendance.marked")", "LAST_EVENT", 1))), "");
  EXPECT_EQ(WhyNot(Table(Rule("S2", R"("attendance.marked")", "LAST_EVENT", 1))), "");
  EXPECT_EQ(WhyNot(Table(Rule("S4", R"("attendance.marked")", "LAST_EVENT", 1))), "");
  EXPECT_NE(WhyNot(Table(Rule("C", R"("attendance.marked")", "LAST_EVENT", 1))), "");
  EXPECT_NE(WhyNot(Table(Rule("S4", R"("consent.given")", "LAST_EVENT", 1))), "");
  EXPECT_NE(WhyNot(Table(Rule("S2", R"("teaching.group_defined")", "LAST_EVENT", 1))),
            "");  // public
  EXPECT_NE(WhyNot(Table(Rule("S2", R"("ledger.fact_annulled")", "LAST_EVENT", 1))),
            "");  // goes with its target
}

TEST(RetentionTable, RefusesTwoRulesForOneClassAndType) {
  const std::string other =
      Rule("S2", R"("attendance.marked","activity.xapi_statement")", "MAJORITY", 1);
  EXPECT_TRUE(
      Says(WhyNot(Table(kActivity + "," + other)), "two rules for activity.xapi_statement"));
  const std::string higher = Rule("S3", R"("activity.xapi_statement")", "MAJORITY", 1);
  EXPECT_EQ(WhyNot(Table(kActivity + "," + higher)), "");
}

TEST(RetentionTable, RefusesToTakeWhatAnotherRuleStillCountsFrom) {
  const std::string counts = Rule("S2", R"("activity.xapi_statement")", "STUDYRIGHT_ENDED", 100);
  const auto takes = [](const std::string& trigger, int days) {
    return Rule("S2", R"("studyright.state_changed")", trigger, days);
  };
  EXPECT_TRUE(Says(WhyNot(Table(counts + "," + takes("STUDYRIGHT_ENDED", 99))),
                   "studyright.state_changed"));
  EXPECT_NE(WhyNot(Table(counts + "," + takes("LAST_EVENT", 1000))), "");
  EXPECT_NE(WhyNot(Table(counts + "," + takes("MAJORITY", 1000))), "");
  EXPECT_EQ(WhyNot(Table(counts + "," + takes("STUDYRIGHT_ENDED", 100))), "");
  EXPECT_EQ(WhyNot(Table(takes("LAST_EVENT", 100))), "");
  const std::string of_age = Rule("S2", R"("activity.xapi_statement")", "MAJORITY", 5);
  EXPECT_NE(WhyNot(Table(of_age + "," +
                         Rule("S2", R"("identity.learner_registered")", "STUDYRIGHT_ENDED", 9000))),
            "");
}

/// Two officers, their keys, and a table that both have signed.
class RetentionNoteTest : public testing::Test {
 protected:
  RetentionNoteTest() {
    auto pack = ParsePolicyPack(kPack);
    OPPI_CHECK(pack.ok());
    pack_ = std::move(pack).value();
    Register("anna", "DPO", anna_);
    Register("bertta", "DPO", bertta_);
    Register("school", "PROVIDER", school_);
  }
  void Register(const std::string& name, const std::string& role, const NamedSigningKey& key) {
    story_.Tell("p-" + name, "registry.publisher_registered",
                {{"publisher", name}, {"role", role}});
    story_.Tell("k-" + name, "registry.key_added",
                {{"publisher", name},
                 {"key", KeyIdText(key.verifier().id)},
                 {"public_key", ToBase64(oppi::View(key.key.public_key()))}});
  }
  void Narrow(const std::string& name, const NamedSigningKey& key, std::vector<std::string> types) {
    story_.Tell("n-" + name, "registry.key_added",
                {{"publisher", name},
                 {"key", KeyIdText(key.verifier().id)},
                 {"public_key", ToBase64(oppi::View(key.key.public_key()))},
                 {"types", std::move(types)}});
  }
  void Revoke(const std::string& name, const NamedSigningKey& key) {
    story_.Tell("r-" + name, "registry.key_revoked",
                {{"publisher", name}, {"key", KeyIdText(key.verifier().id)}, {"reason", "LOST"}});
  }
  SignedRetention SignedBy(const NamedSigningKey& first, const NamedSigningKey& second) {
    SignedRetention table =
        SignRetention(*ParseRetentionTable(Table(kActivity)), "log.test", first);
    SignAlso(table, second);
    return table;
  }
  std::string WhyUnusable(const SignedRetention& table, const PolicyPack* pack,
                          std::string_view now = "2030-01-01T00:00:00Z") {
    Publishers publishers;
    for (const Fact& fact : story_.facts()) publishers.Apply(fact);
    const Status usable = CheckRetention(table, publishers, pack, T(now));
    return usable.ok() ? "" : usable.error().message;
  }
  std::string WhyUnusable(const SignedRetention& table) { return WhyUnusable(table, &*pack_); }

  static constexpr const char* kPack = R"({
 "policy": "p", "version": 1, "jurisdiction": "FI", "timezone": "Europe/Helsinki",
 "iss_age": 13, "self_age": 15, "majority_age": 18, "leap_birthday": "MAR_1",
 "on_iss_age": {"mode": "KEEP_AND_INFORM", "days": 30}, "on_authority_end": "KEEP",
 "late_limit_hours": {"online": 72, "paper": 336}, "max_staleness_ms": 5000, "stop_ack_hours": 24,
 "review_days": 7, "emergency": {"max_minutes": 240, "review_hours": 24},
 "erasure": {"statutory_types": ["grade.course_assessed"], "after_release_days": 7},
 "protection": {"categories": ["LOC"], "cleared_recipients": ["POLICE"]}, "categories": {"LOC": null},
 "purposes": {"EDU": {"iss": false, "rule": "ONE", "purpose_class": "SCHOOL", "ttl_days": 365, "on_majority": "KEEP"}}})";

  SystemEntropy entropy_;
  const NamedSigningKey anna_{"anna", SigningKey::Generate(entropy_)};
  const NamedSigningKey bertta_{"bertta", SigningKey::Generate(entropy_)};
  const NamedSigningKey school_{"school", SigningKey::Generate(entropy_)};
  tests::Story story_;
  std::optional<PolicyPack> pack_;
};

TEST_F(RetentionNoteTest, ComesBackFromItsBytesWithItsSigners) {
  const SignedRetention table = SignedBy(anna_, bertta_);
  const auto again = ParseRetentionNote(ledger::FormatNote(table.note), "log.test");
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->table.hash, table.table.hash);
  EXPECT_EQ(again->requester(), "anna");
  EXPECT_EQ(again->decider(), "bertta");
  EXPECT_EQ(WhyUnusable(*again), "");
}

TEST_F(RetentionNoteTest, IsOfOneLedgerOnly) {
  EXPECT_FALSE(
      ParseRetentionNote(ledger::FormatNote(SignedBy(anna_, bertta_).note), "other.test").ok());
}

TEST_F(RetentionNoteTest, NeedsTwoDifferentOfficers) {
  EXPECT_TRUE(Says(WhyUnusable(SignedBy(anna_, anna_)), "NEEDS_SECOND_PRINCIPAL"));
  EXPECT_TRUE(
      Says(WhyUnusable(SignRetention(*ParseRetentionTable(Table(kActivity)), "log.test", anna_)),
           "NEEDS_SECOND_PRINCIPAL"));
  EXPECT_TRUE(Says(WhyUnusable(SignedBy(anna_, school_)), "TYPE_NOT_ALLOWED"));
  EXPECT_TRUE(Says(WhyUnusable(SignedBy(school_, bertta_)), "TYPE_NOT_ALLOWED"));
  EXPECT_TRUE(Says(WhyUnusable(SignedBy(anna_, {"nobody", SigningKey::Generate(entropy_)})),
                   "PUBLISHER_UNKNOWN"));
  EXPECT_TRUE(Says(WhyUnusable(SignedBy(anna_, {"bertta", SigningKey::Generate(entropy_)})),
                   "KEY_UNKNOWN"));
}

TEST_F(RetentionNoteTest, AnAlteredTableIsRefused) {
  std::string note = ledger::FormatNote(SignedBy(anna_, bertta_).note);
  note.replace(note.find("\"days\":365"), 10, "\"days\":364");
  const auto altered = ParseRetentionNote(note, "log.test");
  ASSERT_TRUE(altered.ok()) << altered.error().message;
  EXPECT_TRUE(Says(WhyUnusable(*altered), "BAD_SIGNATURE"));
  // One good signature does not carry a bad one.
  SignedRetention half = SignedBy(anna_, bertta_);
  half.note.signatures[1].signature[0] ^= 1;
  EXPECT_TRUE(Says(WhyUnusable(half), "BAD_SIGNATURE"));
}

TEST_F(RetentionNoteTest, NothingIsSignedBesideTheTable) {
  SignedRetention table = SignedBy(anna_, bertta_);
  table.note.text.insert(table.note.text.size() - 1, " ");
  EXPECT_FALSE(ParseRetentionNote(ledger::FormatNote(table.note), "log.test").ok());
}

TEST_F(RetentionNoteTest, ARevokedOrNarrowedKeyMakesItUnusable) {
  const SignedRetention table = SignedBy(anna_, bertta_);
  EXPECT_EQ(WhyUnusable(table), "");
  Narrow("anna", anna_, {"erasure.decided"});
  EXPECT_TRUE(Says(WhyUnusable(table), "TYPE_NOT_ALLOWED"));
  Narrow("anna", anna_, {"erasure.requested"});
  EXPECT_EQ(WhyUnusable(table), "");
  Revoke("bertta", bertta_);
  EXPECT_TRUE(Says(WhyUnusable(table), "KEY_REVOKED"));
}

TEST_F(RetentionNoteTest, NeedsAPolicyThatDoesNotKeepWhatItTakes) {
  EXPECT_TRUE(Says(WhyUnusable(SignedBy(anna_, bertta_), nullptr), "NO_POLICY"));
  PolicyPack pack = *pack_;
  pack.statutory_types = {"activity.xapi_statement"};
  EXPECT_TRUE(Says(WhyUnusable(SignedBy(anna_, bertta_), &pack), "STATUTORY_RECORD"));
}

}  // namespace
}  // namespace oppi::projections
