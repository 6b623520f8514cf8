#include "projections/fact.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/support/facts.h"

namespace oppi::projections {
namespace {

using tests::Story;
using tests::T;

Fact SomeFact() {
  Story story;
  story
      .Tell("g1", "grade.course_assessed",
            {{"course", "MA1"}, {"grade", "9"}, {"scope", "2"}, {"assessor", "teacher1"}})
      .At("2026-01-15T08:00:00Z")
      .From("2025-12-19T10:00:00Z")
      .Until("2026-12-19T10:00:00Z")
      .Others({"L2", "L3"})
      .Corrects("g0");
  return story.facts().front();
}

TEST(Fact, RoundTripsWithEveryMember) {
  Fact fact = SomeFact();
  fact.position = LeafIndex(12345678901);
  fact.anchored = T("2026-01-15T07:59:00Z");
  fact.outcome = events::Outcome::kQuarantined;
  fact.reason = events::ErrorCode::kLate;
  const Bytes bytes = EncodeFact(fact);
  const Result<Fact> back = DecodeFact(bytes);
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(*back, fact);
  EXPECT_EQ(EncodeFact(*back), bytes);
}

TEST(Fact, RoundTripsForEveryTypeOfTheVocabulary) {
  for (const events::TypeInfo& info : events::AllTypes()) {
    Fact fact;
    fact.publisher = "p";
    fact.key = "k";
    fact.event = events::MakeEvent(info.type);
    const Result<Fact> back = DecodeFact(EncodeFact(fact));
    ASSERT_TRUE(back.ok()) << info.name << ": " << back.error().message;
    EXPECT_EQ(*back, fact) << info.name;
  }
}

TEST(Fact, NeverWritesTheContentOfAnErasedFact) {
  Fact fact = SomeFact();
  fact.erased = true;  // but the content is still in memory
  const Bytes bytes = EncodeFact(fact);
  EXPECT_EQ(bytes.find("MA1"), Bytes::npos);
  EXPECT_EQ(bytes.find("L1"), Bytes::npos);
  const Result<Fact> back = DecodeFact(bytes);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, Erased(fact));
  EXPECT_EQ(back->publisher, "sis");
}

TEST(Fact, RefusesEveryTruncation) {
  const Bytes bytes = EncodeFact(SomeFact());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(DecodeFact(ByteView(bytes).substr(0, length)).ok()) << length;
  }
  EXPECT_FALSE(DecodeFact(bytes + '\0').ok());
}

TEST(Fact, RefusesWhatItWouldNotWrite) {
  const Bytes good = EncodeFact(SomeFact());
  const auto with = [&](std::size_t at, char byte) {
    Bytes bytes = good;
    bytes[at] = byte;
    return DecodeFact(bytes).ok();
  };
  ASSERT_TRUE(DecodeFact(good).ok());
  EXPECT_FALSE(with(0, 2)) << "version";
  EXPECT_FALSE(with(17, 2)) << "a duplicate is not in the log";
  EXPECT_FALSE(with(17, 3)) << "a rejected event is not in the log";
  EXPECT_FALSE(with(18, static_cast<char>(0xff))) << "reason";
  EXPECT_FALSE(with(19, 4)) << "flags";
}

TEST(Fact, AnyBytesThatDecodeAreTheBytesThatEncode) {
  const Bytes good = EncodeFact(SomeFact());
  EXPECT_TRUE(rc::check("one changed byte", [&] {
    Bytes bytes = good;
    const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
    bytes[at] = *rc::gen::arbitrary<char>();
    const Result<Fact> fact = DecodeFact(bytes);
    if (fact.ok()) RC_ASSERT(EncodeFact(*fact) == bytes);
  }));
}

}  // namespace
}  // namespace oppi::projections
