#include "consumers/replay_follower.h"

#include <gtest/gtest.h>

#include <utility>

#include "consumers/transitions_api.h"
#include "ledger/transitions.h"
#include "tests/support/sample_events.h"
#include "tests/support/test_ledger.h"

namespace oppi::consumers {
namespace {

using tests::Mark;
using tests::TestLedger;

/// A ledger with learners who have streams of several commits, and a follower that reads it through
/// whatever a test puts in between.
class Replay : public testing::Test {
 protected:
  Replay() : sis_(ledger_.Register("sis", events::Role::kProvider)) {
    for (std::uint64_t n = 0; n < 5; ++n) Publish(1 + 10 * n);
  }
  void Publish(std::uint64_t first) {
    OPPI_CHECK(ledger_.Publish(sis_, tests::Marks(first, 10, 4)).ok());
  }

  ReplayFollower Follower() {
    ReplaySource source;
    source.tiles = TilesOf([this] { return ledger_.View(); });
    source.transitions = [this](LeafIndex from) -> Result<Bytes> {
      ++pages_;
      OPPI_TRY(const Bytes page, TransitionsPage(*ledger_.View(), from));
      if (!change_) return page;
      auto commits = ledger::DecodeTransitionsPage(page).value();
      change_(commits);
      return ledger::EncodeTransitionsPage(commits);
    };
    return ReplayFollower(std::move(source));
  }
  std::string Said(ReplayFollower& follower) {
    const Status followed = follower.Follow(ledger_.View()->checkpoint());
    return followed.ok() ? "" : followed.error().message;
  }

  TestLedger ledger_;
  NamedSigningKey sis_;
  std::function<void(std::vector<ledger::CommitTransitions>&)> change_;
  int pages_ = 0;
};

TEST_F(Replay, FollowsALogFromItsFirstEntryAndAsItGrows) {
  ReplayFollower follower = Follower();
  EXPECT_EQ(Said(follower), "");
  EXPECT_EQ(follower.size(), ledger_.View()->size());
  EXPECT_EQ(Said(follower), "");
  EXPECT_EQ(pages_, 1);
  Publish(1000);
  EXPECT_EQ(Said(follower), "");
  EXPECT_EQ(follower.size(), ledger_.View()->size());
}

TEST_F(Replay, LearnsNoNames) {
  const Bytes page = *TransitionsPage(*ledger_.View(), LeafIndex(0));
  for (std::uint64_t person = 1; person <= 4; ++person) {
    EXPECT_EQ(page.find(tests::PersonId(person)), Bytes::npos);
    const auto handles = ledger_.parts.vault->FindHandles(tests::PersonId(person)).value();
    EXPECT_EQ(page.find(handles.front().view()), Bytes::npos);
  }
}

TEST_F(Replay, FindsAnEventThatIsMissingFromItsStream) {
  // As a log would look that hides an event from its learner, map and all: the entry is there.
  change_ = [](auto& commits) { commits[3].transitions.events.pop_back(); };
  ReplayFollower follower = Follower();
  EXPECT_NE(Said(follower).find("it has 1 subjects and is in 0 streams"), std::string::npos);
  change_ = nullptr;
  EXPECT_NE(Said(follower).find("0 streams"), std::string::npos) << "once wrong, always wrong";
}

TEST_F(Replay, FindsAnEventInTheWrongStream) {
  change_ = [](auto& commits) {
    auto& events = commits[3].transitions.events;
    events[0].label = events[1].label;
  };
  ReplayFollower follower = Follower();
  EXPECT_NE(Said(follower).find("map root"), std::string::npos);
}

TEST_F(Replay, FindsAnIdentifierThatWasPutInsteadOfAnother) {
  change_ = [](auto& commits) { commits[2].transitions.entries[0].value.bytes[5] ^= 1; };
  ReplayFollower follower = Follower();
  EXPECT_NE(Said(follower).find("map root"), std::string::npos);
}

TEST_F(Replay, FindsACheckpointThatDoesNotEndInAStateEntry) {
  ReplayFollower follower = Follower();
  ledger::Checkpoint checkpoint = ledger_.View()->checkpoint();
  checkpoint.size = TreeSize(checkpoint.size.value() - 1);
  const Status followed = follower.Follow(checkpoint);
  ASSERT_FALSE(followed.ok());
  EXPECT_NE(followed.error().message.find("does not end in a state entry"), std::string::npos);
}

TEST_F(Replay, FindsEntriesThatAreNotThoseOfTheSignedTree) {
  ReplayFollower follower = Follower();
  ledger::Checkpoint checkpoint = ledger_.View()->checkpoint();
  checkpoint.root.bytes[0] ^= 1;
  EXPECT_NE(follower.Follow(checkpoint).error().message.find("do not make the tree"),
            std::string::npos);
}

TEST_F(Replay, TriesAgainWhenTheLogCouldNotBeRead) {
  ReplaySource source;
  source.tiles = TilesOf([this] { return ledger_.View(); });
  bool asked = false;
  source.transitions = [&](LeafIndex from) -> Result<Bytes> {
    if (!std::exchange(asked, true)) return InvalidArgument("this is not HTTP");
    return TransitionsPage(*ledger_.View(), from);
  };
  ReplayFollower garbled(source);
  EXPECT_EQ(Said(garbled), "this is not HTTP");
  EXPECT_EQ(Said(garbled), "");

  bool cut = true;
  change_ = [&cut](auto& commits) {
    if (cut) commits.clear();
  };
  ReplayFollower follower = Follower();
  EXPECT_NE(Said(follower).find("no transitions"), std::string::npos);
  cut = false;
  EXPECT_EQ(Said(follower), "");
}

}  // namespace
}  // namespace oppi::consumers
