#include "ledger/witness.h"

#include <gtest/gtest.h>

#include "tests/ledger/test_keys.h"
#include "tests/ledger/test_tree.h"
#include "tests/support/temp_folder.h"

/// C2SP tlog-witness v1, case by case.

namespace oppi::ledger {
namespace {

using tests::TestKey;
using Kind = WitnessAnswer::Kind;

constexpr char kOrigin[] = "oppiloki.example/witnessed";

class WitnessTest : public testing::Test {
 protected:
  WitnessTest() { Open(); }

  void Open() {
    witness_.reset();
    state_.reset();
    state_ = WitnessFolder::Open(folder_.path(), {WitnessedLogName(kOrigin)}).value();
    witness_ = std::make_unique<Witness>(TestKey("witness.example", 9), std::vector<VerifierKey>{log_.verifier()}, *state_, clock_);
  }
  std::string NoteOf(std::uint64_t size, const std::vector<NodeHash>& leaves) const {
    return SignCheckpoint({kOrigin, TreeSize(size), tests::RootOf(leaves, size), {}}, log_);
  }
  AddCheckpoint Step(std::uint64_t from, std::uint64_t to, const std::vector<NodeHash>& leaves) const {
    AddCheckpoint request;
    request.old = TreeSize(from);
    if (from != 0 && from < to) request.proof = tests::SubProof(leaves, from, 0, to, true);
    request.checkpoint = NoteOf(to, leaves);
    return request;
  }
  WitnessAnswer Add(const AddCheckpoint& request) { return witness_->Add(FormatAddCheckpoint(request)).value(); }

  const tests::TempFolder folder_;
  const NamedSigningKey log_ = TestKey(kOrigin, 1);
  const std::vector<NodeHash> leaves_ = tests::SomeLeaves(20);
  ManualClock clock_{Instant{1'700'000'000'000'000}};
  std::unique_ptr<WitnessFolder> state_;
  std::unique_ptr<Witness> witness_;
};

TEST_F(WitnessTest, CosignsEachContinuationAndNothingElse) {
  const WitnessAnswer first = Add(Step(0, 5, leaves_));
  ASSERT_EQ(first.kind, Kind::kCosigned) << first.text;
  Note note = ParseNote(NoteOf(5, leaves_)).value();
  note.signatures = ParseSignatureLines(first.text).value();
  const auto verified = VerifyNote(note, {witness_->verifier()});
  ASSERT_TRUE(verified.ok()) << verified.error().message;
  EXPECT_EQ(verified->front().timestamp, 1'700'000'000U);

  EXPECT_EQ(Add(Step(5, 17, leaves_)).kind, Kind::kCosigned);
  EXPECT_EQ(Add(Step(17, 17, leaves_)).kind, Kind::kCosigned);  // the same again, at another time
  const WitnessAnswer behind = Add(Step(5, 20, leaves_));
  EXPECT_EQ(behind.kind, Kind::kConflict);
  EXPECT_EQ(behind.text, "17\n");
  EXPECT_EQ(Add(Step(17, 12, leaves_)).kind, Kind::kMalformed);
}

TEST_F(WitnessTest, RefusesEveryOtherTree) {
  ASSERT_EQ(Add(Step(0, 5, leaves_)).kind, Kind::kCosigned);
  const std::vector<NodeHash> other = tests::SomeLeaves(20, 1);
  EXPECT_EQ(Add(Step(5, 17, other)).kind, Kind::kInconsistent);
  EXPECT_EQ(Add(Step(5, 5, other)).kind, Kind::kInconsistent);
  AddCheckpoint no_proof = Step(5, 17, leaves_);
  no_proof.proof.clear();
  EXPECT_EQ(Add(no_proof).kind, Kind::kInconsistent);
  EXPECT_EQ(witness_->SizeOf(kOrigin).value(), TreeSize(5));
}

TEST_F(WitnessTest, AProofFromNothingIsNone) {
  AddCheckpoint request = Step(0, 5, leaves_);
  request.proof = {leaves_[0]};
  EXPECT_EQ(Add(request).kind, Kind::kInconsistent);
  EXPECT_EQ(witness_->SizeOf(kOrigin).value(), TreeSize(0));
}

TEST_F(WitnessTest, KnowsWhoseCheckpointItIs) {
  AddCheckpoint request = Step(0, 5, leaves_);
  request.checkpoint = SignCheckpoint({kOrigin, TreeSize(5), tests::RootOf(leaves_, 5), {}}, TestKey(kOrigin, 2));
  EXPECT_EQ(Add(request).kind, Kind::kUntrusted);
  request.checkpoint = SignCheckpoint({"oppiloki.example/other", TreeSize(5), tests::RootOf(leaves_, 5), {}}, TestKey("oppiloki.example/other", 1));
  EXPECT_EQ(Add(request).kind, Kind::kUnknownLog);
  request.checkpoint = "not a note";
  EXPECT_EQ(Add(request).kind, Kind::kMalformed);
}

TEST_F(WitnessTest, RemembersAcrossARestart) {
  ASSERT_EQ(Add(Step(0, 5, leaves_)).kind, Kind::kCosigned);
  const auto newest = witness_->Newest(WitnessedLogName(kOrigin)).value();
  ASSERT_TRUE(newest.has_value());
  EXPECT_EQ(ParseNote(*newest)->signatures.size(), 2U);
  EXPECT_FALSE(WitnessFolder::Open(folder_.path(), {WitnessedLogName(kOrigin)}).ok()) << "two processes with one state";
  Open();
  EXPECT_EQ(Add(Step(0, 17, leaves_)).text, "5\n");
  EXPECT_EQ(Add(Step(5, 17, tests::SomeLeaves(20, 1))).kind, Kind::kInconsistent);
  EXPECT_EQ(witness_->Newest(WitnessedLogName(kOrigin)).value(), newest);
}

TEST_F(WitnessTest, ARequestHasOneSpelling) {
  const std::string good = FormatAddCheckpoint(Step(5, 17, leaves_));
  ASSERT_EQ(FormatAddCheckpoint(ParseAddCheckpoint(good).value()), good);
  std::string many = "old 5\n";
  for (std::size_t i = 0; i <= kWitnessProofHashesMax; ++i) many += leaves_[0].base64() + "\n";
  for (const std::string& bad : {std::string(), std::string("old 5"), std::string("old 05\n\nx"), std::string("old -1\n\nx"),
                                 std::string("old 5\nnot a hash\n\nx"), std::string("size 5\n\nx"), many + "\nx",
                                 std::string(kAddCheckpointBytesMax + 1, 'o')})
    EXPECT_FALSE(ParseAddCheckpoint(bad).ok()) << bad.substr(0, 20);
}

}  // namespace
}  // namespace oppi::ledger
