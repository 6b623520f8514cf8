#include "events/event.h"

#include <gtest/gtest.h>

#include "events/digest.h"
#include "events/ids.h"
#include "tests/support/sample_events.h"

namespace oppi::events {
namespace {

using tests::Fill;
using tests::PersonId;
using tests::SampleEvent;

TEST(Event, ReadsFieldsByName) {
  Event event = MakeEvent(EventType::kConsentGiven);
  EXPECT_EQ(event.sensitivity, Sensitivity::kC);
  EXPECT_FALSE(event.has("by"));
  EXPECT_EQ(event.text("by"), "");
  EXPECT_EQ(event.number("valid_until"), 0);
  EXPECT_TRUE(event.list("recipients").empty());
  EXPECT_EQ(event.find("no_such_field"), nullptr);
  event.SetText("by", "X").SetNumber("valid_until", 7).SetList("recipients", {"V1", "V2"});
  EXPECT_EQ(event.text("by"), "X");
  EXPECT_EQ(event.number("valid_until"), 7);
  EXPECT_EQ(event.list("recipients").size(), 2U);
  EXPECT_EQ(event.at("by").text, "X");
  EXPECT_EQ(event.find("by"), &event.at("by"));
}

TEST(Event, AFieldThatTheTypeDoesNotHaveIsAProgrammersError) {
  Event event = MakeEvent(EventType::kConsentGiven);
  EXPECT_DEATH(event.SetText("grade", "9"), "");
}

TEST(Event, ValidTimeIsValidfromIfThereIsOne) {
  Event event = MakeEvent(EventType::kConsentGiven);
  event.time = {100};
  EXPECT_EQ(event.V(), Instant{100});
  event.valid_from = Instant{50};
  EXPECT_EQ(event.V(), Instant{50});
}

TEST(Event, NamesItsSubjectsAndTheOwnerOfItsKey) {
  Event event = SampleEvent(EventType::kConsentGiven, Fill::kEverything, 1);
  EXPECT_EQ(event.Subjects().size(), 3U);
  EXPECT_EQ(event.Subjects().front(), event.subject);
  EXPECT_EQ(event.KeyOwner(), event.subject);
  event = SampleEvent(EventType::kRegistryBasisAsserted, Fill::kRequired);
  EXPECT_TRUE(event.Subjects().empty());
  EXPECT_EQ(event.KeyOwner(), "org:ledger");
  event.controller = OrganisationOid(5);
  EXPECT_EQ(event.KeyOwner(), "org:" + OrganisationOid(5));
}

TEST(Event, EverySampleIsValid) {
  for (const TypeInfo& info : AllTypes()) {
    for (const Fill fill : {Fill::kRequired, Fill::kEverything}) {
      std::string member;
      EXPECT_EQ(ErrorName(Validate(SampleEvent(info.type, fill, 3), {}, member)), "")
          << info.name << ' ' << member;
    }
  }
}

TEST(PersonalCode, IsFoundAsAWordOfItsOwn) {
  for (const char century : std::string("-+ABCDEFUVWXY"))
    EXPECT_TRUE(ContainsPersonalCode(std::string("131052") + century + "308T")) << century;
  for (const char* text :
       {"131052-308T", " 131052-308T ", "code:131052A3081.", "(010101+999Y)", "x 131052-308T",
        "131052-308T\n", "\"131052-308T\"", "131052-308T\xC3\xA4", "_131052-308T_", "1/131052-308T",
        "12345 131052-3080", "11.2-131052-308T"})
    EXPECT_TRUE(ContainsPersonalCode(text)) << text;
  const std::string dash = "\xE2\x80\x93";  // beyond ASCII there is punctuation too
  EXPECT_TRUE(ContainsPersonalCode(dash + "131052-308T"));
  for (std::size_t before = 0; before < 40; ++before)
    EXPECT_TRUE(ContainsPersonalCode(std::string(before, ' ') + "131052-308T")) << before;
}

TEST(PersonalCode, IsNotSeenInsideOtherWords) {
  for (const char* text :
       {"", "131052-308", "131052-308Z", "131052-308t", "131052G308T", "131052Z308T", "31052-308T",
        "1131052-308T", "a131052-308T", "131052-308TT", "131052-308T1", "131052-30AT",
        "131052 308T", "131052--308T"})
    EXPECT_FALSE(ContainsPersonalCode(text)) << text;
}

TEST(PersonalCode, IsNotSeenInIdentifiersTimesAndHashes) {
  for (int i = 0; i < 20'000; ++i) {
    const std::string name = std::to_string(i);
    const auto hash = HashOf(name);
    ASSERT_FALSE(ContainsPersonalCode(UuidV7FromName("code", name)));
    ASSERT_FALSE(ContainsPersonalCode(HashText(hash)));
    ASSERT_FALSE(ContainsPersonalCode(hash.hex()));
    ASSERT_FALSE(ContainsPersonalCode(PersonId(static_cast<std::uint64_t>(i) * 499'979)));
    ASSERT_FALSE(
        ContainsPersonalCode(FormatInstant({static_cast<std::int64_t>(i) * 123'456'789'123})));
  }
}

TEST(PersonalCode, ALongRunOfDigitsCostsNoMoreThanItsLength) {
  EXPECT_FALSE(ContainsPersonalCode(std::string(4 << 20, '1')));
}

}  // namespace
}  // namespace oppi::events
