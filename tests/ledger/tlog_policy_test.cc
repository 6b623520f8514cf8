#include "ledger/tlog_policy.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "events/limits.h"
#include "events/tree_hash.h"
#include "tests/ledger/test_keys.h"
#include "tests/ledger/test_tree.h"

namespace oppi::ledger {
namespace {

using tests::TestKey;

constexpr char kOrigin[] = "oppiloki.example/demo";

NamedSigningKey LogKey() { return TestKey(kOrigin, 1); }
NamedSigningKey WitnessKey(unsigned number) {
  return TestKey("witness.example/" + std::to_string(number),
                 static_cast<unsigned char>(10 + number));
}
std::string LogVkey() { return FormatVerifierKey(LogKey().verifier()); }
std::string WitnessVkey(unsigned number) {
  return FormatVerifierKey(WitnessKey(number).verifier(kCosignatureType));
}
std::string WitnessLine(const std::string& name, unsigned number) {
  return "witness " + name + " " + WitnessVkey(number) + "\n";
}

/// The example of the specification: two of X1-X3 and one of Y1-Y3.
std::string ExamplePolicy() {
  return "log " + LogVkey() + "\n\n" + WitnessLine("X1", 1) + WitnessLine("X2", 2) +
         WitnessLine("X3", 3) + "group X-witnesses 2 X1 X2 X3\n\n" + WitnessLine("Y1", 4) +
         WitnessLine("Y2", 5) + WitnessLine("Y3", 6) +
         "group Y-witnesses any Y1 Y2 Y3\n\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum "
         "X-and-Y\n";
}

/// A checkpoint of the log, cosigned by the witnesses whose bit is set.
std::string Cosigned(unsigned witnesses) {
  const std::string text = CheckpointText({kOrigin, TreeSize(3), HashOf<RootHash>("root"), {}});
  Note note{text, {SignNote(text, LogKey())}};
  for (unsigned number = 1; number <= 6; ++number)
    if ((witnesses >> (number - 1) & 1) != 0)
      note.signatures.push_back(Cosign(text, WitnessKey(number), 1700000000 + number));
  return FormatNote(note);
}

TlogPolicy Parsed(const std::string& text) {
  auto policy = ParseTlogPolicy(text);
  EXPECT_TRUE(policy.ok()) << (policy.ok() ? "" : policy.error().message);
  return policy.ok() ? *policy : TlogPolicy{};
}

TEST(TlogPolicy, TheExampleOfTheSpecificationReadsBack) {
  const TlogPolicy policy = Parsed(ExamplePolicy());
  EXPECT_EQ(policy.logs.size(), 1U);
  EXPECT_EQ(policy.witnesses.size(), 6U);
  ASSERT_EQ(policy.groups.size(), 3U);
  EXPECT_EQ(policy.groups[0].threshold, 2U);
  EXPECT_EQ(policy.groups[1].threshold, 1U);
  EXPECT_EQ(policy.groups[2].threshold, 2U);
  EXPECT_EQ(policy.quorum, "X-and-Y");
  EXPECT_EQ(Parsed(FormatTlogPolicy(policy)), policy);
}

TEST(TlogPolicy, EverySetOfWitnessesIsJudgedAsTheGroupsSay) {
  const TlogPolicy policy = Parsed(ExamplePolicy());
  for (unsigned set = 0; set < 64; ++set) {
    const bool quorum = std::popcount(set & 7U) >= 2 && std::popcount(set >> 3) >= 1;
    const auto opened = OpenCheckpoint(Cosigned(set), policy);
    EXPECT_EQ(opened.ok(), quorum) << "witnesses " << set;
    if (!opened.ok()) {
      EXPECT_EQ(opened.error().code, Code::kUnauthenticated);
      continue;
    }
    EXPECT_EQ(opened->cosignatures.size(), static_cast<std::size_t>(std::popcount(set)));
    EXPECT_EQ(opened->log, LogKey().verifier());
    EXPECT_EQ(opened->checkpoint.size, TreeSize(3));
  }
  const auto opened = OpenCheckpoint(Cosigned(0b010011), policy);
  const std::vector<TrustedCheckpoint::Cosignature> expected = {
      {"X1", 1700000001}, {"X2", 1700000002}, {"Y2", 1700000005}};
  EXPECT_EQ(opened->cosignatures, expected);
}

TEST(TlogPolicy, AQuorumMayBeOneWitnessOrNone) {
  const std::string keys =
      "log " + LogVkey() + "\n" + WitnessLine("w", 1) + WitnessLine("other", 2);
  const TlogPolicy one = Parsed(keys + "quorum w\n");
  EXPECT_TRUE(OpenCheckpoint(Cosigned(0b01), one).ok());
  EXPECT_TRUE(OpenCheckpoint(Cosigned(0b11), one).ok());
  EXPECT_FALSE(OpenCheckpoint(Cosigned(0b10), one).ok());
  EXPECT_FALSE(OpenCheckpoint(Cosigned(0), one).ok());
  const TlogPolicy none = Parsed(keys + "quorum none\n");
  EXPECT_TRUE(OpenCheckpoint(Cosigned(0), none).ok());
  EXPECT_EQ(PolicyOf(LogKey().verifier()), Parsed("log " + LogVkey() + "\nquorum none\n"));
}

TEST(TlogPolicy, ABadCosignatureOfAKnownWitnessRefusesTheNoteEvenWithoutAQuorum) {
  const TlogPolicy policy =
      Parsed("log " + LogVkey() + "\n" + WitnessLine("w", 1) + "quorum none\n");
  auto note = *ParseNote(Cosigned(1));
  note.signatures[1].signature.back() = static_cast<char>(note.signatures[1].signature.back() ^ 1);
  EXPECT_FALSE(OpenCheckpoint(FormatNote(note), policy).ok());
}

TEST(TlogPolicy, OnlyTheLogOfTheOriginCanSpeakForIt) {
  const auto other = TestKey("other.example/log", 2);
  const TlogPolicy policy =
      Parsed("log " + LogVkey() + "\nlog " + FormatVerifierKey(other.verifier()) + "\n" +
             WitnessLine("w", 1) + "quorum none\n");
  const std::string text = CheckpointText({kOrigin, TreeSize(3), HashOf<RootHash>("root"), {}});
  const auto open = [&](std::vector<NoteSignature> signatures) {
    return OpenCheckpoint(FormatNote({text, std::move(signatures)}), policy);
  };
  EXPECT_TRUE(open({SignNote(text, LogKey())}).ok());
  EXPECT_TRUE(open({SignNote(text, other), SignNote(text, LogKey())}).ok());
  const auto foreign = open({SignNote(text, other)});
  ASSERT_FALSE(foreign.ok());
  EXPECT_EQ(foreign.error().code, Code::kUnauthenticated);
  EXPECT_FALSE(open({Cosign(text, WitnessKey(1), 1)}).ok());
}

TEST(TlogPolicy, ARotatedLogKeyIsBelievedBesideTheOldOne) {
  const auto old_key = TestKey(kOrigin, 3);
  const TlogPolicy policy = Parsed("log " + FormatVerifierKey(old_key.verifier()) + "\nlog " +
                                   LogVkey() + "\nquorum none\n");
  EXPECT_TRUE(OpenCheckpoint(Cosigned(0), policy).ok());
  const Checkpoint checkpoint{kOrigin, TreeSize(3), HashOf<RootHash>("root"), {}};
  const auto opened = OpenCheckpoint(SignCheckpoint(checkpoint, old_key), policy);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->log, old_key.verifier());
}

TEST(TlogPolicy, WithoutALogNothingIsBelieved) {
  const auto opened = OpenCheckpoint(Cosigned(1), Parsed(WitnessLine("w", 1) + "quorum w\n"));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::kInvalidArgument);
}

TEST(TlogPolicy, AProofVerifiesUnderAPolicy) {
  const auto leaves = tests::SomeLeaves(5);
  const std::string text = CheckpointText({kOrigin, TreeSize(5), tests::RootOf(leaves, 5), {}});
  const Note note{text, {SignNote(text, LogKey()), Cosign(text, WitnessKey(1), 7)}};
  const TlogProof proof{std::nullopt, LeafIndex(4), tests::Path(leaves, 4, 0, 5), FormatNote(note)};
  const std::string keys = "log " + LogVkey() + "\n" + WitnessLine("a", 1) + WitnessLine("b", 2);
  const auto verified = VerifyTlogProof(proof, leaves[4], Parsed(keys + "quorum a\n"));
  ASSERT_TRUE(verified.ok()) << verified.error().message;
  EXPECT_EQ(verified->cosignatures.at(0).timestamp, 7U);
  EXPECT_FALSE(VerifyTlogProof(proof, leaves[3], Parsed(keys + "quorum a\n")).ok());
  EXPECT_FALSE(VerifyTlogProof(proof, leaves[4], Parsed(keys + "quorum b\n")).ok());
}

TEST(TlogPolicy, CommentsTabsAndUrlsAreRead) {
  const TlogPolicy policy =
      Parsed("# a comment\n \t# another\n\n  \t \n\tlog\t" + LogVkey() +
             "  https://log.example/ \n witness  w\xc3\xa9 " + WitnessVkey(1) +
             "\thttps://witness.example/\t\nquorum w\xc3\xa9\n#end\n");
  EXPECT_EQ(policy.logs.at(0).url, "https://log.example/");
  EXPECT_EQ(policy.witnesses.at(0).url, "https://witness.example/");
  EXPECT_EQ(policy.quorum, "w\xc3\xa9");
  EXPECT_EQ(Parsed(FormatTlogPolicy(policy)), policy);
}

TEST(TlogPolicy, MalformedFilesAreRefusedWithTheLine) {
  const std::string log = "log " + LogVkey() + "\n";
  const std::string ab = WitnessLine("a", 1) + WitnessLine("b", 2);
  const struct {
    std::string text;
    std::string where;
  } bad[] = {
      {"", "policy: no quorum"},
      {log, "policy: no quorum"},
      {log + "quorum none", "policy line 2"},                              // not terminated
      {log + "quorum none\nquorum none\n", "policy line 3"},               // twice
      {log + "quorum\n", "policy line 2"},                                 //
      {log + "quorum none none\n", "policy line 2"},                       //
      {log + "quorum a\n" + ab, "policy line 2"},                          // defined later
      {"quorum x\n", "policy line 1"},                                     // not defined
      {"Log " + LogVkey() + "\nquorum none\n", "policy line 1"},           // keyword
      {"log\nquorum none\n", "policy line 1"},                             //
      {"log " + LogVkey() + " url more\nquorum none\n", "policy line 1"},  //
      {"log nonsense\nquorum none\n", "policy line 1"},                    //
      {log + log + "quorum none\n", "policy line 2"},                      // duplicate key
      {"log " + WitnessVkey(1) + "\nquorum none\n", "policy line 1"},      // a witness's key type
      {"witness a " + LogVkey() + "\nquorum none\n", "policy line 1"},     // a log's key type
      {"witness a\nquorum none\n", "policy line 1"},                       //
      {"witness a " + WitnessVkey(1) + " url more\nquorum none\n", "policy line 1"},
      {WitnessLine("a", 1) + WitnessLine("b", 1) + "quorum none\n",
       "policy line 2"},  // duplicate key
      {WitnessLine("a", 1) + WitnessLine("a", 2) + "quorum none\n",
       "policy line 2"},                                                       // duplicate name
      {WitnessLine("none", 1) + "quorum none\n", "policy line 1"},             // the reserved name
      {ab + "group none any a b\nquorum none\n", "policy line 3"},             //
      {ab + "group g any none\nquorum g\n", "policy line 3"},                  //
      {ab + "group a any b\nquorum a\n", "policy line 3"},                     // name taken
      {ab + "group g any\nquorum g\n", "policy line 3"},                       // no member
      {ab + "group g\nquorum g\n", "policy line 3"},                           //
      {ab + "group g 0 a b\nquorum g\n", "policy line 3"},                     // threshold
      {ab + "group g 3 a b\nquorum g\n", "policy line 3"},                     //
      {ab + "group g 01 a b\nquorum g\n", "policy line 3"},                    //
      {ab + "group g -1 a b\nquorum g\n", "policy line 3"},                    //
      {ab + "group g most a b\nquorum g\n", "policy line 3"},                  //
      {ab + "group g 18446744073709551617 a b\nquorum g\n", "policy line 3"},  // 2^64 + 1
      {ab + "group g any a a\nquorum g\n", "policy line 3"},                   // twice in one group
      {ab + "group g any a\ngroup h any a b\nquorum h\n", "policy line 4"},    // in two groups
      {ab + "group g any g\nquorum g\n", "policy line 3"},                     // itself
      {ab + "group g any h\ngroup h any a\nquorum g\n", "policy line 3"},      // defined later
      {log + "quorum none\r\n", "policy: control"},                            // octets
      {log + "quorum none\x7f\n", "policy: control"},                          //
      {log + std::string(1, '\0') + "\nquorum none\n", "policy: control"},     //
  };
  for (const auto& [text, where] : bad) {
    const auto policy = ParseTlogPolicy(text);
    ASSERT_FALSE(policy.ok()) << text;
    EXPECT_EQ(policy.error().code, Code::kInvalidArgument);
    EXPECT_TRUE(policy.error().message.starts_with(where))
        << text << "gave: " << policy.error().message;
  }
}

TEST(TlogPolicy, AKeyThatCannotBeVerifiedHereIsRefusedAndNotSkipped) {
  // Type 06, ML-DSA-44: 1312 bytes of key.
  const std::string vkey = "witness.example+00000000+" + ToBase64("\x06" + std::string(1312, 'k'));
  EXPECT_FALSE(ParseTlogPolicy("witness w " + vkey + "\nquorum none\n").ok());
}

TEST(TlogPolicy, TakesAsManyWitnessesAsTheSpecificationAsksForAndHasALimit) {
  std::string text;
  std::string members;
  const auto key_of = [](std::size_t i) {
    std::array<unsigned char, kSeedBytes> seed{};
    seed[0] = static_cast<unsigned char>(i);
    seed[1] = static_cast<unsigned char>(i >> 8);
    const auto key = SigningKey::FromSeed(seed);
    return FormatVerifierKey(MakeVerifierKey("w", kCosignatureType, key.public_key()));
  };
  for (std::size_t i = 0; i < kPolicyEntriesMax; ++i) {
    text += "witness w" + std::to_string(i) + " " + key_of(i) + "\n";
    members += " w" + std::to_string(i);
  }
  EXPECT_GE(kPolicyEntriesMax, 32U);
  EXPECT_TRUE(ParseTlogPolicy(text + "group g all" + members + "\nquorum g\n").ok());
  EXPECT_FALSE(
      ParseTlogPolicy(text + "witness more " + key_of(kPolicyEntriesMax) + "\nquorum none\n").ok());
}

}  // namespace
}  // namespace oppi::ledger
