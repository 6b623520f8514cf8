#include "ledger/vrf.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

#include "ledger/vrf_key.h"
#include "tests/support/vectors.h"

namespace oppi::ledger {
namespace {

using tests::VectorPath;

SecretKey ScalarOf(ByteView bytes) {
  std::array<unsigned char, 32> raw{};
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(raw.data()));
  return SecretKey(raw);
}

/// The group order, little-endian.
Bytes Order() {
  return *FromHex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
}

VrfSecretKey SomeKey(std::uint64_t seed = 1) {
  SeededEntropy entropy(seed);
  return VrfSecretKey::Generate(entropy);
}

/// "name = hex" and "name = other = hex" lines of the specification's example, values unfolded.
std::map<std::string, Bytes> Example() {
  const std::string text =
      tests::ReadFile(VectorPath("c2sp-spec-examples/vrf-r255-test-vector.txt"));
  std::map<std::string, Bytes> values;
  std::string name;
  std::string hex;
  const auto keep = [&] {
    if (!name.empty()) values[name] = FromHex(hex).value_or("");
    name.clear();
    hex.clear();
  };
  for (const std::string& line : tests::Lines(text)) {
    const auto equals = line.rfind(" = ");
    if (equals != std::string::npos) {
      keep();
      name = line.substr(0, line.find(' '));
      hex = line.substr(equals + 3);
    } else if (line.starts_with("    ")) {
      hex += line.substr(4);
    } else {
      keep();
    }
  }
  return values;
}

TEST(VrfVectors, TheExampleOfTheSpecificationIsComputedByteForByte) {
  OPPI_NEEDS_VECTORS("c2sp-spec-examples");
  const auto example = Example();
  ASSERT_EQ(example.at("pi").size(), kVrfProofBytes);
  const auto key = VrfSecretKey::From(ScalarOf(example.at("SK")));
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->public_key().view(), example.at("PK"));
  const auto proved = key->Prove(example.at("alpha"));
  EXPECT_EQ(ToHex(proved.proof.view()), ToHex(example.at("pi")));
  EXPECT_EQ(ToHex(proved.output.view()), ToHex(example.at("beta")));
  EXPECT_EQ(key->Hash(example.at("alpha")), proved.output);
  const auto verified = VerifyVrf(*ParseVrfPublicKey(example.at("PK")), example.at("alpha"),
                                  *ParseVrfProof(example.at("pi")));
  ASSERT_TRUE(verified.ok()) << verified.error().message;
  EXPECT_EQ(verified->view(), example.at("beta"));
}

// The same example again, so that it is checked where the vectors are not.
TEST(Vrf, ComputesWhatItAlwaysDid) {
  const auto key = VrfSecretKey::From(
      ScalarOf(*FromHex("3431c2b03533e280b23232e280b34e2c3132c2b03238e280b23131e280b34500")));
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(ToHex(key->public_key().view()),
            "54136cd90d99fbd1d4e855d9556efea87ba0337f2a6ce22028d0f5726fcb854e");
  EXPECT_EQ(ToHex(key->Prove("c2sp.org/vrf-r255").proof.view()),
            "0a97d961262fb549b4175c5117860f42ae44a123f93c476c439eddd1c0cff9265c805525233e2284dbed45"
            "e593b8eea31d5ca9734d72bcbba9738d5237f955f3b2422351149d1312503b6441a47c940c");
}

RC_GTEST_PROP(VrfProperty, WhatIsProvedVerifiesAndIsTheHash, ()) {
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const VrfSecretKey key = SomeKey(seed);
  const Bytes input = *rc::gen::container<Bytes>(rc::gen::arbitrary<char>());
  const auto proved = key.Prove(input);
  RC_ASSERT(proved.output == key.Hash(input));
  const auto verified = VerifyVrf(key.public_key(), input, proved.proof);
  RC_ASSERT(verified.ok());
  RC_ASSERT(*verified == proved.output);
  RC_ASSERT(!VerifyVrf(key.public_key(), input + 'x', proved.proof).ok());
  RC_ASSERT(!VerifyVrf(SomeKey(seed + 1).public_key(), input, proved.proof).ok());
}

TEST(Vrf, NoProofWithOneBitChangedVerifies) {
  const VrfSecretKey key = SomeKey();
  const auto proved = key.Prove("input");
  for (std::size_t bit = 0; bit < 8 * kVrfProofBytes; ++bit) {
    VrfProof changed = proved.proof;
    changed.bytes[bit / 8] ^= static_cast<unsigned char>(1U << (bit % 8));
    EXPECT_FALSE(VerifyVrf(key.public_key(), "input", changed).ok()) << bit;
  }
}

TEST(Vrf, NoKeyWithOneBitChangedVerifies) {
  const VrfSecretKey key = SomeKey();
  const auto proved = key.Prove("input");
  for (std::size_t bit = 0; bit < 256; ++bit) {
    VrfPublicKey changed = key.public_key();
    changed.bytes[bit / 8] ^= static_cast<unsigned char>(1U << (bit % 8));
    EXPECT_FALSE(VerifyVrf(changed, "input", proved.proof).ok()) << bit;
  }
}

TEST(Vrf, AScalarThatIsSpeltAnotherWayIsRefused) {
  // s + order is the same number to the group, and another proof to everybody else.
  const VrfSecretKey key = SomeKey();
  const Bytes order = Order();
  auto proof = key.Prove("input").proof;
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += proof.bytes[48 + i] + static_cast<unsigned char>(order[i]);
    proof.bytes[48 + i] = static_cast<unsigned char>(carry & 0xff);
    carry >>= 8;
  }
  ASSERT_EQ(carry, 0U);
  const auto verified = VerifyVrf(key.public_key(), "input", proof);
  ASSERT_FALSE(verified.ok());
  EXPECT_NE(verified.error().message.find("group order"), std::string::npos);
}

TEST(Vrf, KeysThatAreNoneAreRefused) {
  EXPECT_FALSE(ParseVrfPublicKey(Bytes(32, '\0')).ok());           // the identity
  EXPECT_FALSE(ParseVrfPublicKey(Bytes(32, '\xff')).ok());         // not canonical
  EXPECT_FALSE(ParseVrfPublicKey("\x01" + Bytes(31, '\0')).ok());  // negative: no element
  EXPECT_FALSE(ParseVrfPublicKey(Bytes(31, '\x02')).ok());
  EXPECT_FALSE(VerifyVrf(VrfPublicKey{}, "input", SomeKey().Prove("input").proof).ok());
  EXPECT_FALSE(ParseVrfProof(Bytes(79, '\0')).ok());
  EXPECT_FALSE(ParseVrfProof(Bytes(81, '\0')).ok());
  EXPECT_FALSE(VrfSecretKey::From(SecretKey()).ok());
  EXPECT_FALSE(VrfSecretKey::From(ScalarOf(Order())).ok());
  Bytes largest = Order();
  --largest[0];
  EXPECT_TRUE(VrfSecretKey::From(ScalarOf(largest)).ok());
}

TEST(Vrf, AProofOfZerosIsRefusedInWords) {
  // Gamma the identity, c and s zero: an element and a scalar, but nobody's proof.
  const auto verified = VerifyVrf(SomeKey().public_key(), "input", VrfProof{});
  ASSERT_FALSE(verified.ok());
  EXPECT_NE(verified.error().message.find("not of this key"), std::string::npos);
}

TEST(Vrf, ASecretKeyGivesItselfAgain) {
  const VrfSecretKey key = SomeKey(3);
  const auto again = VrfSecretKey::From(key.scalar());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->public_key(), key.public_key());
  EXPECT_EQ(again->Hash("x"), key.Hash("x"));
  EXPECT_NE(key.public_key(), SomeKey(4).public_key());
}

}  // namespace
}  // namespace oppi::ledger
