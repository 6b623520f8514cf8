#include "ledger/signed_note.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "events/limits.h"
#include "tests/ledger/test_keys.h"

namespace oppi::ledger {
namespace {

using tests::TestKey;

constexpr char kText[] = "oppiloki.example/log\n42\nAAAA\n";
constexpr std::string_view kDash = "\xe2\x80\x94";

std::string SignedBy(std::string_view text, const NamedSigningKey& key) {
  return FormatNote({std::string(text), {SignNote(text, key)}});
}

Code CodeOfParsing(std::string_view bytes) {
  const auto note = ParseNote(bytes);
  EXPECT_FALSE(note.ok()) << bytes;
  return note.ok() ? Code::kDataLoss : note.error().code;
}

TEST(SignedNote, WhatIsSignedVerifiesAndReadsBack) {
  const auto key = TestKey("oppiloki.example/log");
  const std::string bytes = SignedBy(kText, key);
  const auto note = ParseNote(bytes);
  ASSERT_TRUE(note.ok()) << note.error().message;
  EXPECT_EQ(note->text, kText);
  EXPECT_EQ(FormatNote(*note), bytes);
  const auto verified = VerifyNote(*note, {key.verifier()});
  ASSERT_TRUE(verified.ok());
  ASSERT_EQ(verified->size(), 1U);
  EXPECT_EQ(verified->at(0).key, key.verifier());
  EXPECT_EQ(verified->at(0).timestamp, 0U);
}

TEST(SignedNote, TheTextMayContainEmptyLinesAndDashes) {
  const auto key = TestKey("k");
  for (const std::string text : {"\n", "\n\n\n", "a\n\nb\n", "\xe2\x80\x94 k AAAAAAA=\n",
                                 "a\n\n\xe2\x80\x94 k AAAAAAA=\n"}) {
    const auto note = ParseNote(SignedBy(text, key));
    ASSERT_TRUE(note.ok()) << text;
    EXPECT_EQ(note->text, text);
    EXPECT_TRUE(VerifyNote(*note, {key.verifier()}).ok());
  }
}

TEST(SignedNote, MalformedNotesAreRefused) {
  const std::string dash(kDash);
  const std::string good = "text\n\n" + dash + " name AAAAAAAA\n";
  ASSERT_TRUE(ParseNote(good).ok());
  for (const std::string& bad : std::vector<std::string>{
           std::string(),
           std::string("\n"),
           std::string("\n\n"),
           std::string("text\n"),
           std::string("text\n\n"),
           "text\n" + dash + " name AAAAAAAA\n",            // no empty line
           "text\n\n" + dash + " name AAAAAAAA",            // last line not terminated
           "text\n\n" + dash + " name AAAAAAAA\nx\n",       // something else among the signatures
           "text\n\n" + dash + " name AAAAAAAA\n\n",        // empty line after them
           "text\n\n- name AAAAAAAA\n",                     // another dash
           "text\n\n" + dash + "name AAAAAAAA\n",           // no space
           "text\n\n" + dash + "  AAAAAAAA\n",              // no name
           "text\n\n" + dash + " name\n",                   // no signature
           "text\n\n" + dash + " name \n",                  //
           "text\n\n" + dash + " name AAAAAA==\n",          // a key id and nothing more
           "text\n\n" + dash + " name AAAA\n",              // less than a key id
           "text\n\n" + dash + " name AAAAAAA\n",           // padding is missing
           "text\n\n" + dash + " name AAAAAAB=\n",          // bits beyond the last byte
           "text\n\n" + dash + " name AAAA-A__\n",          // the other base64
           "text\n\n" + dash + " name AAAAAAAA \n",         // trailing space
           "text\n\n" + dash + " name AAAA AAAA\n",         //
           "text\n\n" + dash + " na+me AAAAAAAA\n",         // + in a name
           "text\n\n" + dash + " na\xc2\xa0me AAAAAAAA\n",  // Unicode space in a name
           "text\n\n" + dash + " na\xe3\x80\x80me AAAAAAAA\n",  //
           "te\txt\n\n" + dash + " name AAAAAAAA\n",            // control characters
           "text\r\n\r\n" + dash + " name AAAAAAAA\r\n",        //
           "te\xffxt\n\n" + dash + " name AAAAAAAA\n",          // not UTF-8
       })
    EXPECT_EQ(CodeOfParsing(bad), Code::kInvalidArgument) << bad;
}

TEST(SignedNote, HasLimitsThatAreNamed) {
  const std::string line = std::string(kDash) + " name AAAAAAAA\n";
  std::string bytes = "text\n\n";
  for (std::size_t i = 0; i < kNoteSignaturesMax; ++i) bytes += line;
  EXPECT_TRUE(ParseNote(bytes).ok());
  EXPECT_EQ(CodeOfParsing(bytes + line), Code::kInvalidArgument);
  EXPECT_TRUE(ParseNote(std::string(kNoteBytesMax - line.size() - 2, 't') + "\n\n" + line).ok());
  EXPECT_EQ(CodeOfParsing(std::string(kNoteBytesMax - line.size() - 1, 't') + "\n\n" + line),
            Code::kInvalidArgument);
  const std::string name(kKeyNameBytesMax, 'n');
  EXPECT_TRUE(ParseNote("text\n\n" + std::string(kDash) + " " + name + " AAAAAAAA\n").ok());
  EXPECT_FALSE(ParseNote("text\n\n" + std::string(kDash) + " n" + name + " AAAAAAAA\n").ok());
}

TEST(SignedNote, UnknownKeysAreIgnoredButSomebodyMustBeKnown) {
  const auto known = TestKey("log", 1);
  const auto stranger = TestKey("stranger", 2);
  const Note note{kText, {SignNote(kText, stranger), SignNote(kText, known)}};
  const auto verified = VerifyNote(note, {known.verifier()});
  ASSERT_TRUE(verified.ok());
  EXPECT_EQ(verified->size(), 1U);

  const auto nobody = VerifyNote({kText, {SignNote(kText, stranger)}}, {known.verifier()});
  ASSERT_FALSE(nobody.ok());
  EXPECT_EQ(nobody.error().code, Code::kUnauthenticated);
  EXPECT_FALSE(VerifyNote(note, {}).ok());
}

TEST(SignedNote, AKeyIsKnownByNameAndIdTogether) {
  const auto key = TestKey("log", 1);
  // Same name with another key, and the id of our key under another name: both are strangers, so
  // their bad signatures do no harm.
  NoteSignature renamed = SignNote(kText, key);
  renamed.name = "gol";
  renamed.signature[0] = static_cast<char>(renamed.signature[0] ^ 1);
  NoteSignature other_id = SignNote(kText, TestKey("log", 2));
  other_id.signature[0] = static_cast<char>(other_id.signature[0] ^ 1);
  const Note note{kText, {renamed, other_id, SignNote(kText, key)}};
  EXPECT_TRUE(VerifyNote(note, {key.verifier()}).ok());
  EXPECT_FALSE(VerifyNote({kText, {renamed, other_id}}, {key.verifier()}).ok());
}

TEST(SignedNote, ABadSignatureOfAKnownKeyRefusesTheWholeNote) {
  const auto log = TestKey("log", 1);
  const auto witness = TestKey("witness", 2);
  NoteSignature bad = Cosign(kText, witness, 1700000000);
  bad.signature.back() = static_cast<char>(bad.signature.back() ^ 1);
  const Note note{kText, {SignNote(kText, log), bad}};
  EXPECT_TRUE(VerifyNote(note, {log.verifier()}).ok());
  const auto refused = VerifyNote(note, {log.verifier(), witness.verifier(kCosignatureType)});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kUnauthenticated);
}

TEST(SignedNote, OfSeveralSignaturesOfOneKeyTheFirstCounts) {
  const auto key = TestKey("log");
  NoteSignature bad = SignNote(kText, key);
  bad.signature[7] = static_cast<char>(bad.signature[7] ^ 1);
  const auto first_good = VerifyNote({kText, {SignNote(kText, key), bad}}, {key.verifier()});
  ASSERT_TRUE(first_good.ok());
  EXPECT_EQ(first_good->size(), 1U);
  EXPECT_FALSE(VerifyNote({kText, {bad, SignNote(kText, key)}}, {key.verifier()}).ok());

  // Two times by one witness: not two witnesses.
  const auto witness = TestKey("witness", 2);
  const Note twice{kText, {Cosign(kText, witness, 5), Cosign(kText, witness, 6)}};
  const auto verified = VerifyNote(twice, {witness.verifier(kCosignatureType)});
  ASSERT_TRUE(verified.ok());
  ASSERT_EQ(verified->size(), 1U);
  EXPECT_EQ(verified->at(0).timestamp, 5U);
}

TEST(SignedNote, AnAmbiguousKeyIsAnErrorOnlyWhenUsed) {
  const auto log = TestKey("log", 1);
  const auto key = TestKey("k", 2);
  VerifierKey twin = key.verifier();
  twin.key[0] ^= 1;  // another key; its id is made to collide
  const std::vector<VerifierKey> known = {log.verifier(), key.verifier(), twin};
  EXPECT_TRUE(VerifyNote({kText, {SignNote(kText, log)}}, known).ok());
  EXPECT_FALSE(VerifyNote({kText, {SignNote(kText, log), SignNote(kText, key)}}, known).ok());
  // The same key listed twice is one key.
  const std::vector<VerifierKey> repeated = {key.verifier(), key.verifier()};
  EXPECT_TRUE(VerifyNote({kText, {SignNote(kText, key)}}, repeated).ok());
}

TEST(Cosignature, CarriesItsTimeAndIsOfAnotherTypeThanANoteSignature) {
  const auto key = TestKey("witness.example/w1");
  for (const std::uint64_t timestamp :
       {std::uint64_t{0}, std::uint64_t{1679315147}, UINT64_MAX >> 1}) {
    const NoteSignature line = Cosign(kText, key, timestamp);
    EXPECT_EQ(line.key_id, key.verifier(kCosignatureType).id);
    EXPECT_EQ(line.signature.size(), 72U);
    const auto verified = VerifyNote({kText, {line}}, {key.verifier(kCosignatureType)});
    ASSERT_TRUE(verified.ok());
    EXPECT_EQ(verified->at(0).timestamp, timestamp);
    EXPECT_FALSE(VerifyNote({kText, {line}}, {key.verifier(kNoteSignatureType)}).ok());
  }
}

TEST(Cosignature, SignsTheMessageOfTheSpecification) {
  const auto key = TestKey("witness.example/w1");
  const NoteSignature line = Cosign(kText, key, 1679315147);
  EXPECT_EQ(line.signature.substr(8),
            View(key.key.Sign("cosignature/v1\ntime 1679315147\n" + std::string(kText))));
  EXPECT_EQ(ToHex(line.signature.substr(0, 8)), "00000000641850cb");
}

TEST(Cosignature, WithAnotherTimeOrATimeBeyondPosixDoesNotVerify) {
  const auto key = TestKey("witness.example/w1");
  NoteSignature moved = Cosign(kText, key, 1000);
  moved.signature[7] = static_cast<char>(moved.signature[7] + 1);
  EXPECT_FALSE(VerifyNote({kText, {moved}}, {key.verifier(kCosignatureType)}).ok());

  // Correctly signed, but 2^63 seconds.
  NoteSignature late{"witness.example/w1", key.verifier(kCosignatureType).id, {}};
  ByteWriter out(late.signature);
  out.U64(std::uint64_t{1} << 63);
  out.Raw(View(key.key.Sign("cosignature/v1\ntime 9223372036854775808\n" + std::string(kText))));
  EXPECT_FALSE(VerifyNote({kText, {late}}, {key.verifier(kCosignatureType)}).ok());
}

TEST(Cosignature, OfTheWrongLengthDoesNotVerify) {
  const auto key = TestKey("w");
  for (const std::size_t length : {1U, 8U, 64U, 71U, 73U}) {
    NoteSignature line = Cosign(kText, key, 1000);
    line.signature.resize(length, 'x');
    EXPECT_FALSE(VerifyNote({kText, {line}}, {key.verifier(kCosignatureType)}).ok()) << length;
    NoteSignature plain = SignNote(kText, key);
    if (length == 64) continue;
    plain.signature.resize(length, 'x');
    EXPECT_FALSE(VerifyNote({kText, {plain}}, {key.verifier()}).ok()) << length;
  }
}

TEST(SignatureLines, OfAWitnessReadBack) {
  const std::vector<NoteSignature> lines = {Cosign(kText, TestKey("a", 1), 1),
                                            Cosign(kText, TestKey("b", 2), 2)};
  const auto parsed =
      ParseSignatureLines(FormatSignatureLine(lines[0]) + FormatSignatureLine(lines[1]));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(*parsed, lines);
  EXPECT_FALSE(ParseSignatureLines("").ok());
  EXPECT_FALSE(ParseSignatureLines("\n").ok());
}

RC_GTEST_PROP(SignedNote, AnyChangedByteIsNoticed, ()) {
  const auto key = TestKey("oppiloki.example/log");
  const std::string good = SignedBy(kText, key);
  std::string bytes = good;
  const auto at = *rc::gen::inRange<std::size_t>(0, good.size());
  switch (*rc::gen::inRange(0, 4)) {
    case 0:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << *rc::gen::inRange(0, 8)));
      break;
    case 1:
      bytes.erase(at, *rc::gen::inRange<std::size_t>(1, 4));
      break;
    case 2:
      bytes.insert(at, 1, static_cast<char>(*rc::gen::inRange(0, 256)));
      break;
    default:
      bytes.insert(at, bytes.substr(at, *rc::gen::inRange<std::size_t>(1, 40)));
      break;
  }
  RC_PRE(bytes != good);
  const auto note = ParseNote(bytes);
  if (!note.ok()) return;
  RC_ASSERT(FormatNote(*note) == bytes);
  const auto verified = VerifyNote(*note, {key.verifier()});
  // A whole signature line may be repeated; nothing else goes through.
  if (verified.ok()) RC_ASSERT(note->text == kText);
  if (verified.ok()) RC_ASSERT(note->signatures.size() == 2U);
}

}  // namespace
}  // namespace oppi::ledger
