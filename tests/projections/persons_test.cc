#include "projections/persons.h"

#include <gtest/gtest.h>

#include "tests/support/facts.h"

namespace oppi::projections {
namespace {

using tests::Story;
using tests::T;

Story Linked() {
  Story story;
  story.Tell("k1", "identity.pseudonyms_linked", {{"kept", "A"}, {"merged", "B"}})
      .At("2026-01-01T00:00:00Z");
  story.Tell("k2", "identity.pseudonyms_linked", {{"kept", "B"}, {"merged", "C"}})
      .At("2026-02-01T00:00:00Z");
  story.Tell("n1", "ledger.fact_annulled", {}).At("2026-03-01T00:00:00Z").Annuls("k1");
  return story;
}

TEST(Persons, LinksJoinWhatTheyNameAndWhatThatIsLinkedTo) {
  const Story story = Linked();
  const Persons persons(story.facts(), TreeSize(2));
  EXPECT_TRUE(persons.Same("A", "C"));
  EXPECT_TRUE(persons.Same("X", "X"));
  EXPECT_FALSE(persons.Same("A", "X"));
  EXPECT_EQ(persons.NameOf("C", "B"), "B");
  EXPECT_EQ(persons.NameOf("C", "X"), "A");
  EXPECT_EQ(persons.NameOf("X", "B"), "X");
}

TEST(Persons, AreJoinedWhenTheLastLinkBetweenThemWasRecorded) {
  const Story story = Linked();
  const Persons persons(story.facts(), TreeSize(2));
  EXPECT_EQ(persons.JoinedAt("A", "A"), kInstantMin);
  EXPECT_EQ(persons.JoinedAt("A", "B"), T("2026-01-01T00:00:00Z"));
  EXPECT_EQ(persons.JoinedAt("C", "A"), T("2026-02-01T00:00:00Z"));
  EXPECT_EQ(persons.JoinedAt("A", "X"), std::nullopt);
}

TEST(Persons, AreSeparateBeforeTheLinkIsSeenAndAfterItIsAnnulled) {
  const Story story = Linked();
  EXPECT_FALSE(Persons(story.facts(), TreeSize(0)).Same("A", "B"));
  EXPECT_FALSE(Persons(story.facts(), TreeSize(0)).AnyLinks());
  const Persons parted(story.facts(), TreeSize(3));
  EXPECT_FALSE(parted.Same("A", "B"));
  EXPECT_TRUE(parted.Same("B", "C"));
}

TEST(Persons, WhoseStreamsToReadNamesEveryIdentifierThatWasEverLinked) {
  const Story story = Linked();
  EXPECT_EQ(PossibleIdentifiers("C", story.facts()), (std::vector<std::string>{"C", "A", "B"}));
  EXPECT_EQ(PossibleIdentifiers("X", story.facts()), std::vector<std::string>{"X"});
}

}  // namespace
}  // namespace oppi::projections
