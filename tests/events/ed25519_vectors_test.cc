#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "events/ed25519.h"
#include "tests/support/vectors.h"

namespace oppi {
namespace {

using tests::ReadJson;
using tests::VectorPath;

/// nullopt when the bytes have not the length of an A: a caller must refuse them before it can ask.
template <class A>
std::optional<A> FromHexOfLength(const nlohmann::json& hex) {
  const auto bytes = FromHex(hex.get<std::string>());
  A array;
  if (!bytes || bytes->size() != array.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), array.begin());
  return array;
}

TEST(Ed25519Vectors, EveryWycheproofCaseGetsItsVerdict) {
  OPPI_NEEDS_VECTORS("wycheproof");
  const auto file = ReadJson(VectorPath("wycheproof/testvectors_v1/ed25519_test.json"));
  std::size_t cases = 0;
  for (const auto& group : file.at("testGroups")) {
    const auto key = FromHexOfLength<PublicKey>(group.at("publicKey").at("pk"));
    ASSERT_TRUE(key.has_value());
    for (const auto& test : group.at("tests")) {
      const auto message = FromHex(test.at("msg").get<std::string>());
      ASSERT_TRUE(message.has_value());
      const auto signature = FromHexOfLength<Signature>(test.at("sig"));
      const bool good = signature && VerifySignature(*key, *message, *signature);
      EXPECT_EQ(good, test.at("result") == "valid") << test;
      ++cases;
    }
  }
  EXPECT_EQ(cases, file.at("numberOfTests").get<std::size_t>());
}

// Our strictness, which is libsodium's and the same as "verify_strict" elsewhere: a key or an R of
// low order or with another than its one encoding is refused, and the equation is checked without
// the cofactor. A low-order component beside a prime-order one is accepted, as nobody can tell it
// cheaply and no honest key has one. So two verifiers that use this function never disagree.
TEST(Ed25519Vectors, EdgeCasesAreRefusedForOrderEncodingAndResidueAndForNothingElse) {
  OPPI_NEEDS_VECTORS("cctv-ed25519");
  const std::set<std::string> refused = {"low_order_A",     "low_order_R",       "non_canonical_A",
                                         "non_canonical_R", "low_order_residue", "reencoded_k"};
  const std::set<std::string> accepted = {"low_order_component_A", "low_order_component_R"};
  const auto vectors = ReadJson(VectorPath("cctv-ed25519/ed25519/ed25519vectors.json"));
  EXPECT_EQ(vectors.size(), 914U);
  std::size_t good_ones = 0;
  for (const auto& vector : vectors) {
    bool expected = true;
    if (vector.at("flags").is_array()) {
      for (const auto& flag : vector.at("flags")) {
        const auto name = flag.get<std::string>();
        ASSERT_TRUE(refused.contains(name) || accepted.contains(name)) << name;
        if (refused.contains(name)) expected = false;
      }
    }
    const auto key = FromHexOfLength<PublicKey>(vector.at("key"));
    const auto signature = FromHexOfLength<Signature>(vector.at("sig"));
    ASSERT_TRUE(key && signature);
    const bool good = VerifySignature(*key, vector.at("msg").get<std::string>(), *signature);
    EXPECT_EQ(good, expected) << vector;
    if (good) ++good_ones;
  }
  EXPECT_EQ(good_ones, 43U);
}

}  // namespace
}  // namespace oppi
