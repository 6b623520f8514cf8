#include "projections/publishers.h"

#include <gtest/gtest.h>

#include "tests/support/facts.h"

namespace oppi::projections {
namespace {

using events::EventType;
using events::Role;
using tests::Story;
using tests::T;

VerifierKey KeyNamed(std::string_view name, unsigned char fill) {
  PublicKey key;
  key.fill(fill);
  return MakeVerifierKey(name, 0x01, key);
}

std::string KeyText(unsigned char fill) {
  PublicKey key;
  key.fill(fill);
  return ToBase64(oppi::View(key));
}

Publishers Fold(const Story& story) {
  Publishers publishers(KeyNamed("registrar", 1), KeyNamed("ledger", 2));
  for (const Fact& fact : story.facts()) publishers.Apply(fact);
  return publishers;
}

TEST(Publishers, BootstrapPublishersExistFromTheFirstLeaf) {
  const Publishers publishers(KeyNamed("registrar", 1), KeyNamed("ledger", 2));
  EXPECT_EQ(publishers.RoleOf("registrar"), Role::kRegistrar);
  EXPECT_EQ(publishers.RoleOf("ledger"), Role::kLedger);
  EXPECT_EQ(publishers.RoleOf("sis"), Role::kNone);
  const std::string id = KeyIdText(KeyNamed("registrar", 1).id);
  ASSERT_NE(publishers.FindKey("registrar", id), nullptr);
  EXPECT_EQ(publishers.FindKey("registrar", id)->public_key[0], 1);
  EXPECT_EQ(publishers.FindKey("ledger", id), nullptr);
}

TEST(Publishers, OnlyARegistrarRegisters) {
  Story story;
  story.Tell("r1", "registry.publisher_registered", {{"publisher", "sis"}, {"role", "PROVIDER"}});
  story.Tell("r2", "registry.publisher_registered", {{"publisher", "evil"}, {"role", "DPO"}})
      .By("sis");
  const Publishers publishers = Fold(story);
  EXPECT_EQ(publishers.RoleOf("sis"), Role::kProvider);
  EXPECT_EQ(publishers.RoleOf("evil"), Role::kNone);
}

TEST(Publishers, TheNewestRegistrationWins) {
  Story story;
  story.Tell("r1", "registry.publisher_registered",
             {{"publisher", "sis"}, {"role", "PORTAL"}, {"organisation", "1.2.246.562.10.1"}});
  story
      .Tell("r2", "registry.publisher_registered",
            {{"publisher", "sis"}, {"role", "PROVIDER"}, {"organisation", "1.2.246.562.10.2"}})
      .Corrects("r1");
  const Publishers publishers = Fold(story);
  EXPECT_EQ(publishers.RoleOf("sis"), Role::kProvider);
  EXPECT_EQ(publishers.Find("sis")->organisation, "1.2.246.562.10.2");
}

TEST(Publishers, ACorrectedNameIsNoLongerRegistered) {
  Story story;
  story.Tell("r1", "registry.publisher_registered", {{"publisher", "sys"}, {"role", "PROVIDER"}});
  story.Tell("r2", "registry.publisher_registered", {{"publisher", "sis"}, {"role", "PROVIDER"}})
      .Corrects("r1");
  const Publishers publishers = Fold(story);
  EXPECT_EQ(publishers.Find("sys"), nullptr);
  EXPECT_EQ(publishers.RoleOf("sis"), Role::kProvider);
}

TEST(Publishers, NoEventTakesTheRoleOfABootstrapPublisher) {
  Story story;
  story.Tell(
      "r1", "registry.publisher_registered",
      {{"publisher", "registrar"}, {"role", "VENDOR"}, {"organisation", "1.2.246.562.10.9"}});
  const Publishers publishers = Fold(story);
  EXPECT_EQ(publishers.RoleOf("registrar"), Role::kRegistrar);
  EXPECT_EQ(publishers.Find("registrar")->organisation, "1.2.246.562.10.9");
}

TEST(Publishers, AListOfSourcesIsTheWholeList) {
  Story story;
  story.Tell("r1", "registry.publisher_registered",
             {{"publisher", "sis"},
              {"role", "PROVIDER"},
              {"organisation", "1.2.246.562.10.1"},
              {"sources", std::vector<std::string>{"urn:oid:1.2.246.562.10.1/sis"}}});
  const Publishers publishers = Fold(story);
  EXPECT_TRUE(publishers.OwnsSource("sis", "urn:oid:1.2.246.562.10.1/sis"));
  EXPECT_FALSE(publishers.OwnsSource("sis", "urn:oid:1.2.246.562.10.1/sis2"));
  EXPECT_FALSE(publishers.OwnsSource("sis", "urn:oid:1.2.246.562.10.1/portal"));
}

TEST(Publishers, WithoutAListEverySystemOfTheOrganisationIsItsOwn) {
  Story story;
  story.Tell("r1", "registry.publisher_registered",
             {{"publisher", "sis"}, {"role", "PROVIDER"}, {"organisation", "1.2.246.562.10.1"}});
  const Publishers publishers = Fold(story);
  EXPECT_TRUE(publishers.OwnsSource("sis", "urn:oid:1.2.246.562.10.1/sis"));
  EXPECT_TRUE(publishers.OwnsSource("sis", "urn:oid:1.2.246.562.10.1/other"));
  EXPECT_FALSE(publishers.OwnsSource("sis", "urn:oid:1.2.246.562.10.11/sis"));
  EXPECT_FALSE(publishers.OwnsSource("sis", "1.2.246.562.10.1/sis"));
  EXPECT_FALSE(publishers.OwnsSource("sis", "urn:oid:1.2.246.562.10.1"));
}

TEST(Publishers, ARegistrationWithNeitherLeavesTheSourceOpenAndNobodyUnregisteredHasOne) {
  Story story;
  story.Tell("r1", "registry.publisher_registered", {{"publisher", "sis"}, {"role", "PROVIDER"}});
  const Publishers publishers = Fold(story);
  EXPECT_TRUE(publishers.OwnsSource("sis", "anything"));
  EXPECT_FALSE(publishers.OwnsSource("nobody", "anything"));
}

TEST(Publishers, AKeyNarrowsWhatTheRoleAllowsAndNeverWidensIt) {
  Story story;
  story.Tell("r1", "registry.publisher_registered", {{"publisher", "v1"}, {"role", "VENDOR"}});
  story.Tell("k1", "registry.key_added",
             {{"publisher", "v1"}, {"key", "aaaa0001"}, {"public_key", KeyText(7)}});
  story.Tell("k2", "registry.key_added",
             {{"publisher", "v1"},
              {"key", "aaaa0002"},
              {"public_key", KeyText(8)},
              {"types", std::vector<std::string>{"activity.xapi_statement",
                                                 "fi.oppiloki.grade.item_created.v1",
                                                 "identity.learner_registered"}}});
  const Publishers publishers = Fold(story);
  EXPECT_TRUE(publishers.MayPublish("v1", "aaaa0001", EventType::kActivityCaliperEvent));
  EXPECT_FALSE(publishers.MayPublish("v1", "aaaa0001", EventType::kIdentityLearnerRegistered));
  EXPECT_TRUE(publishers.MayPublish("v1", "aaaa0002", EventType::kActivityXapiStatement));
  EXPECT_TRUE(publishers.MayPublish("v1", "aaaa0002", EventType::kGradeItemCreated));
  EXPECT_FALSE(publishers.MayPublish("v1", "aaaa0002", EventType::kActivityCaliperEvent));
  EXPECT_FALSE(publishers.MayPublish("v1", "aaaa0002", EventType::kIdentityLearnerRegistered));
  EXPECT_FALSE(publishers.MayPublish("nobody", "aaaa0001", EventType::kActivityXapiStatement));
}

TEST(Publishers, AKeyThatIsNoKeyIsNotAdded) {
  Story story;
  story.Tell("k1", "registry.key_added",
             {{"publisher", "v1"}, {"key", "a"}, {"public_key", "not base64"}});
  story.Tell("k2", "registry.key_added",
             {{"publisher", "v1"}, {"key", "b"}, {"public_key", ToBase64("short")}});
  EXPECT_EQ(Fold(story).FindKey("v1", "a"), nullptr);
  EXPECT_EQ(Fold(story).FindKey("v1", "b"), nullptr);
}

TEST(Publishers, AKeyIdMeansOnePublicKeyForEver) {
  Story story;
  story.Tell("k1", "registry.key_added",
             {{"publisher", "v1"}, {"key", "a"}, {"public_key", KeyText(7)}});
  story.Tell("k2", "registry.key_added",
             {{"publisher", "v1"}, {"key", "a"}, {"public_key", KeyText(8)}});
  EXPECT_EQ(Fold(story).FindKey("v1", "a")->public_key[0], 7);
  story
      .Tell("k3", "registry.key_added",
            {{"publisher", "v1"}, {"key", "a"}, {"public_key", KeyText(7)}})
      .From("2026-01-01T00:00:00Z")
      .Until("2027-01-01T00:00:00Z");
  EXPECT_EQ(Fold(story).FindKey("v1", "a")->from, T("2026-01-01T00:00:00Z"));
  EXPECT_EQ(Fold(story).FindKey("v1", "a")->until, T("2027-01-01T00:00:00Z"));
}

TEST(Publishers, ARevokedKeyIsStillFoundAndStaysRevoked) {
  Story story;
  story.Tell("k1", "registry.key_added",
             {{"publisher", "v1"}, {"key", "a"}, {"public_key", KeyText(7)}});
  EXPECT_EQ(Fold(story).KeyRevokedBefore("v1", "a"), nullptr);
  story.Tell("k2", "registry.key_revoked",
             {{"publisher", "v1"}, {"key", "a"}, {"reason", "ROTATED"}});
  story.Tell("k3", "registry.key_revoked",
             {{"publisher", "v1"},
              {"key", "a"},
              {"reason", "COMPROMISE"},
              {"compromised_from", "2026-11-01T00:00:00Z"}});
  story.Tell("k4", "registry.key_added",
             {{"publisher", "v1"}, {"key", "a"}, {"public_key", KeyText(7)}});
  const auto publishers = std::make_shared<const Publishers>(Fold(story));
  const KeyRevocation* revoked = publishers->KeyRevokedBefore("v1", "a");
  ASSERT_NE(revoked, nullptr);
  EXPECT_EQ(revoked->event, "k2");
  EXPECT_EQ(publishers->KeyRevokedBefore("v1", "a", TreeSize(1)), nullptr);
  EXPECT_NE(publishers->KeyRevokedBefore("v1", "a", TreeSize(2)), nullptr);
  ASSERT_EQ(publishers->RevocationsOf("v1", "a").size(), 2U);
  EXPECT_EQ(publishers->RevocationsOf("v1", "a")[1].compromised_from, T("2026-11-01T00:00:00Z"));
  EXPECT_TRUE(publishers->RevocationsOf("v1", "b").empty());
  EXPECT_TRUE(PublisherKeys(publishers).Find("v1", "a").has_value());
  EXPECT_FALSE(PublisherKeys(publishers).Find("v1", "b").has_value());
}

TEST(Publishers, ADelegationCountsFromItsInstantUntilItsEndInEachView) {
  Story story;
  story
      .Tell("d1", "registry.delegation_granted",
            {{"publisher", "portal"},
             {"controller", "K"},
             {"acts", std::vector<std::string>{"STATE_CONSENT"}}})
      .From("2026-01-01T00:00:00Z")
      .Until("2027-01-01T00:00:00Z");
  story.Tell("d2", "registry.delegation_ended", {{"delegation", "d1"}})
      .From("2026-06-01T00:00:00Z");
  const Publishers publishers = Fold(story);
  const auto delegated = [&](std::string_view at, std::uint64_t size) {
    return publishers.Delegated("portal", "K", "STATE_CONSENT", T(at), TreeSize(size));
  };
  EXPECT_FALSE(delegated("2025-12-31T23:59:59.999999Z", 1));
  EXPECT_TRUE(delegated("2026-01-01T00:00:00Z", 1));
  EXPECT_TRUE(delegated("2026-12-31T23:59:59Z", 1));
  EXPECT_FALSE(delegated("2027-01-01T00:00:00Z", 1));
  EXPECT_FALSE(delegated("2026-02-01T00:00:00Z", 0)) << "not yet recorded";
  EXPECT_TRUE(delegated("2026-05-31T23:59:59Z", 2));
  EXPECT_FALSE(delegated("2026-06-01T00:00:00Z", 2));
  EXPECT_FALSE(publishers.Delegated("portal", "K2", "STATE_CONSENT", T("2026-02-01T00:00:00Z")));
  EXPECT_FALSE(publishers.Delegated("v1", "K", "STATE_CONSENT", T("2026-02-01T00:00:00Z")));
  EXPECT_FALSE(publishers.Delegated("portal", "K", "OTHER", T("2026-02-01T00:00:00Z")));
}

TEST(Publishers, FoldingAPrefixGivesTheStateOfThatSize) {
  Story story;
  story.Tell("r1", "registry.publisher_registered", {{"publisher", "v1"}, {"role", "VENDOR"}});
  story.Tell("k1", "registry.key_added",
             {{"publisher", "v1"}, {"key", "a"}, {"public_key", KeyText(7)}});
  story.Tell("g1", "grade.item_created", {{"item", "i"}, {"group", "g"}, {"kind", "EXAM"}});
  Publishers running(KeyNamed("registrar", 1), KeyNamed("ledger", 2));
  Story prefix;
  EXPECT_EQ(running, Fold(prefix));
  for (const Fact& fact : story.facts()) {
    running.Apply(fact);
    prefix.facts().push_back(fact);
    EXPECT_EQ(running, Fold(prefix));
  }
}

}  // namespace
}  // namespace oppi::projections
