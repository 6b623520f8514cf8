#include "ledger/succession.h"

#include <gtest/gtest.h>

#include "ledger/equivocation.h"
#include "tests/ledger/test_keys.h"
#include "tests/ledger/test_tree.h"

/// A log changes keys, and those who knew the old one, or only the new one, go on.

namespace oppi::ledger {
namespace {

using tests::TestKey;

constexpr char kOrigin[] = "oppiloki.example/rotated";

class SuccessionTest : public testing::Test {
 protected:
  Checkpoint At(std::uint64_t size) const { return {kOrigin, TreeSize(size), tests::RootOf(leaves_, size), {}}; }
  std::string By(const NamedSigningKey& key, std::uint64_t size) const { return SignCheckpoint(At(size), key); }
  static bool Holds(const std::string& note, const TlogPolicy& policy) { return OpenCheckpoint(note, policy).ok(); }

  const std::vector<NodeHash> leaves_ = tests::SomeLeaves(40);
  const NamedSigningKey a_ = TestKey(kOrigin, 1);
  const NamedSigningKey b_ = TestKey(kOrigin, 2);
  const NamedSigningKey c_ = TestKey(kOrigin, 3);
  const std::string ab_ = SignSuccession(At(10), a_, b_);
  const std::string bc_ = SignSuccession(At(20), b_, c_);
};

TEST_F(SuccessionTest, SaysWhatWasSigned) {
  const auto opened = OpenSuccession(ab_);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(*opened, (Succession{At(10), a_.verifier(), b_.verifier()}));
  // To anybody else it is a checkpoint like any other, by either key.
  EXPECT_TRUE(Holds(ab_, PolicyOf(a_.verifier())));
  EXPECT_TRUE(Holds(ab_, PolicyOf(b_.verifier())));
}

TEST_F(SuccessionTest, WhoKnowsOneKeyFollowsToAllOthers) {
  for (const NamedSigningKey* known : {&a_, &b_, &c_})
    for (const auto& notes : {std::vector{ab_, bc_}, std::vector{bc_, ab_}}) {
      const auto policy = Follow(PolicyOf(known->verifier()), notes);
      ASSERT_TRUE(policy.ok()) << policy.error().message;
      EXPECT_EQ(policy->logs.size(), 3U);
      EXPECT_TRUE(Holds(By(a_, 10), *policy));
      EXPECT_FALSE(Holds(By(a_, 11), *policy)) << "it has handed over";
      EXPECT_TRUE(Holds(By(b_, 20), *policy));
      EXPECT_FALSE(Holds(By(b_, 21), *policy));
      EXPECT_TRUE(Holds(By(c_, 40), *policy));
      // In the overlap both sign, in either order.
      EXPECT_TRUE(Holds(SignCheckpoint(At(30), c_, &b_), *policy));
      EXPECT_TRUE(Holds(SignCheckpoint(At(30), b_, &c_), *policy));
    }
}

TEST_F(SuccessionTest, InTheOverlapWhoKnowsOnlyTheOldKeyGoesOn) {
  const std::string both = SignCheckpoint(At(15), b_, &a_);
  EXPECT_TRUE(Holds(both, PolicyOf(a_.verifier())));
  EXPECT_TRUE(Holds(both, PolicyOf(b_.verifier())));
  EXPECT_EQ(SignCheckpoint(At(15), b_, nullptr), By(b_, 15));
}

TEST_F(SuccessionTest, StrangersChangeNothing) {
  const NamedSigningKey stranger = TestKey("oppiloki.example/other", 4);
  const auto policy = Follow(PolicyOf(stranger.verifier()), {ab_, bc_});
  ASSERT_TRUE(policy.ok());
  EXPECT_EQ(*policy, PolicyOf(stranger.verifier()));
  EXPECT_EQ(Follow(PolicyOf(c_.verifier()), {ab_})->logs.size(), 1U) << "the link between is missing";
}

TEST_F(SuccessionTest, OneKeyHandsOverOnce) {
  EXPECT_EQ(Follow(PolicyOf(a_.verifier()), {ab_, SignSuccession(At(12), a_, c_)}).error().code, Code::kUnauthenticated);
  // The same again, later: an interrupted rotation.
  const auto policy = Follow(PolicyOf(a_.verifier()), {ab_, SignSuccession(At(12), a_, b_)});
  ASSERT_TRUE(policy.ok());
  EXPECT_TRUE(Holds(By(a_, 12), *policy));
  EXPECT_FALSE(Holds(By(a_, 13), *policy));
  // In a circle nobody speaks for the log beyond it, and it ends.
  EXPECT_EQ(Follow(PolicyOf(a_.verifier()), {ab_, SignSuccession(At(12), b_, a_)})->logs.size(), 2U);
}

TEST_F(SuccessionTest, HalfOfItIsNone) {
  const Note note = ParseNote(ab_).value();
  ASSERT_EQ(note.signatures.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(OpenSuccession(FormatNote({note.text, {note.signatures[i]}})).error().code, Code::kUnauthenticated);
    Note forged = note;
    forged.signatures[i].signature[5] = static_cast<char>(forged.signatures[i].signature[5] ^ 1);
    EXPECT_EQ(OpenSuccession(FormatNote(forged)).error().code, Code::kUnauthenticated);
  }
  EXPECT_FALSE(OpenSuccession(By(a_, 10)).ok());
  const auto with_line = [&](const std::string& line) {
    Checkpoint checkpoint = At(10);
    checkpoint.extensions = {line};
    return OpenSuccession(SignCheckpoint(checkpoint, a_, &b_)).ok();
  };
  const std::string a = FormatVerifierKey(a_.verifier());
  const std::string b = FormatVerifierKey(b_.verifier());
  EXPECT_TRUE(with_line("oppiloki/succession@v1 " + a + " " + b));
  EXPECT_FALSE(with_line("oppiloki/succession@v1 " + a + " " + a));
  EXPECT_FALSE(with_line("oppiloki/succession@v1 " + a));
  EXPECT_FALSE(with_line("oppiloki/succession@v1 " + a + "  " + b));
  EXPECT_FALSE(with_line("oppiloki/succession@v1 " + a + " " + FormatVerifierKey(TestKey("other.example", 2).verifier())));
  EXPECT_FALSE(with_line("oppiloki/succession@v2 " + a + " " + b));
  for (std::size_t i = 0; i < ab_.size(); i += 3) EXPECT_FALSE(OpenSuccession(ab_.substr(0, i)).ok()) << i;
}

TEST_F(SuccessionTest, AFileOfThemIsStrict) {
  const std::string text = FormatSuccessions({ab_, bc_});
  EXPECT_EQ(ParseSuccessions(text).value(), (std::vector{ab_, bc_}));
  EXPECT_EQ(ParseSuccessions(ab_).value(), std::vector{ab_}) << "one alone";
  EXPECT_TRUE(ParseSuccessions("")->empty());
  for (std::size_t i = 1; i < text.size(); ++i) {
    const auto cut = ParseSuccessions(text.substr(0, i));
    EXPECT_TRUE(!cut.ok() || cut->size() == 1) << i;
  }
  EXPECT_FALSE(ParseSuccessions(text + "x").ok());
}

TEST_F(SuccessionTest, TheLogAnswersForBothKeysAndNotForAStolenOne) {
  const auto policy = Follow(PolicyOf(b_.verifier()), {ab_}).value();
  const auto others = tests::SomeLeaves(60);
  const std::vector<NodeHash> fork(others.begin() + 20, others.end());
  const auto forked = [&](const NamedSigningKey& key, std::uint64_t size) {
    return SignCheckpoint({kOrigin, TreeSize(size), tests::RootOf(fork, size), {}}, key);
  };
  EXPECT_TRUE(ProveEquivocation({By(b_, 8), forked(a_, 8), {}, {}}, policy).ok()) << "two keys, one log";
  EXPECT_FALSE(ProveEquivocation({By(b_, 15), forked(a_, 15), {}, {}}, policy).ok()) << "signed with a key that had handed over";
}

}  // namespace
}  // namespace oppi::ledger
