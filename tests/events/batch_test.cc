#include "events/batch.h"

#include <gtest/gtest.h>

#include "events/ids.h"
#include "events/verify.h"
#include "tests/support/sample_events.h"

namespace oppi::events {
namespace {

constexpr std::string_view kOrigin = "test.example/log";

class OneKey final : public KeySet {
 public:
  explicit OneKey(const PublicKey& key) : key_(key) {}
  [[nodiscard]] std::optional<PublicKey> Find(std::string_view publisher, std::string_view) const override {
    return publisher == "sis" || publisher == "gateway" ? std::optional(key_) : std::nullopt;
  }

 private:
  PublicKey key_;
};

struct Kit {
  SeededEntropy entropy{7};
  NamedSigningKey key{"sis", SigningKey::Generate(entropy)};
  OneKey keys{key.key.public_key()};

  [[nodiscard]] SignedBatch Sign(std::size_t events = 3, std::string attested_by = {}) {
    BatchHeader header;
    header.origin = kOrigin;
    header.publisher = "sis";
    header.key = KeyIdText(key.verifier().id);
    header.attested_by = std::move(attested_by);
    entropy.Fill(header.id);
    std::vector<BatchItem> items(events);
    for (std::size_t i = 0; i < events; ++i) {
      const Event event = tests::SampleEvent(EventType::kAttendanceMarked, tests::Fill::kEverything, i + 1);
      items[i].encoding = i % 2 == 0 ? Encoding::kJson : Encoding::kFlatBuffers;
      items[i].bytes = i % 2 == 0 ? EncodeJson(event) : EncodeFlatBuffer(event);
      entropy.Fill(items[i].salt);
    }
    return SignBatch(std::move(header), std::move(items), key.key, {{"urn:oid:1.2.246.562.24.10482013375", "text/plain", "a document"}});
  }
};

/// Everything that was signed. Attachments are not: events name them by their hash.
bool Same(const SignedBatch& a, const SignedBatch& b) {
  if (a.header != b.header || a.signature != b.signature || a.items.size() != b.items.size()) return false;
  for (std::size_t i = 0; i < a.items.size(); ++i)
    if (a.items[i].bytes != b.items[i].bytes || a.items[i].salt != b.items[i].salt || a.items[i].encoding != b.items[i].encoding)
      return false;
  return true;
}

TEST(Batch, SurvivesBothWireForms) {
  Kit kit;
  const SignedBatch batch = kit.Sign();
  const auto binary = DecodeBatch(EncodeBatch(batch));
  ASSERT_TRUE(binary.ok()) << binary.error().message;
  EXPECT_TRUE(Same(*binary, batch));
  ASSERT_EQ(binary->attachments.size(), 1U);
  EXPECT_EQ(binary->attachments[0].bytes, "a document");
  const auto json = DecodeBatchJson(EncodeBatchJson(batch));
  ASSERT_TRUE(json.ok()) << json.error().message;
  EXPECT_TRUE(Same(*json, batch));
  ASSERT_EQ(json->attachments.size(), 1U);
  EXPECT_EQ(json->attachments[0].bytes, "a document");
}

TEST(Batch, VerifiesAndDecodesEachEvent) {
  Kit kit;
  const VerifyResult result = VerifyBatch(kit.Sign(), kOrigin, kit.keys);
  ASSERT_TRUE(result.batch) << result.message;
  ASSERT_EQ(result.batch->items().size(), 3U);
  for (const VerifiedItem& item : result.batch->items()) EXPECT_EQ(item.decoded.error, ErrorCode::kNone) << item.decoded.member;
}

TEST(Batch, IsRefusedWhenAnythingThatWasSignedIsChanged) {
  Kit kit;
  const auto refused = [&](SignedBatch batch) { return VerifyBatch(std::move(batch), kOrigin, kit.keys).error; };
  SignedBatch batch = kit.Sign();
  batch.items[1].bytes[40] ^= 1;
  EXPECT_EQ(refused(batch), ErrorCode::kBadSignature);
  batch = kit.Sign();
  batch.items[0].salt[0] ^= 1;
  EXPECT_EQ(refused(batch), ErrorCode::kBadSignature);
  batch = kit.Sign();
  std::swap(batch.items[0], batch.items[2]);
  EXPECT_EQ(refused(batch), ErrorCode::kBadSignature);
  batch = kit.Sign();
  batch.signature[5] ^= 1;
  EXPECT_EQ(refused(batch), ErrorCode::kBadSignature);
  batch = kit.Sign();
  batch.header.id[0] ^= 1;
  EXPECT_EQ(refused(batch), ErrorCode::kBadSignature);
  batch = kit.Sign();
  batch.header.anchor_size = 9;
  EXPECT_EQ(refused(batch), ErrorCode::kBadSignature);
  batch = kit.Sign();
  batch.header.attested_by = "gateway";
  EXPECT_EQ(refused(batch), ErrorCode::kBadSignature);
  batch = kit.Sign();
  batch.items.pop_back();
  EXPECT_EQ(refused(batch), ErrorCode::kMalformed);
  batch = kit.Sign();
  batch.header.publisher = "stranger";
  EXPECT_EQ(refused(batch), ErrorCode::kKeyUnknown);
}

TEST(Batch, SignedForOneLedgerIsNotTakenByAnother) {
  Kit kit;
  EXPECT_EQ(VerifyBatch(kit.Sign(), "other.example/log", kit.keys).error, ErrorCode::kBadSignature);
}

TEST(Batch, AttestedByAGatewayIsVerifiedUnderTheGatewaysKey) {
  Kit kit;
  SignedBatch batch = kit.Sign(1, "gateway");
  EXPECT_TRUE(VerifyBatch(batch, kOrigin, kit.keys).batch);
  batch.header.attested_by = "nobody";
  EXPECT_EQ(VerifyBatch(batch, kOrigin, kit.keys).error, ErrorCode::kKeyUnknown);
}

TEST(Batch, HasAtMostAThousandEvents) {
  Kit kit;
  SignedBatch batch = kit.Sign(1);
  batch.items.resize(kBatchEventsMax + 1, batch.items[0]);
  batch.header.count = static_cast<std::uint16_t>(batch.items.size());
  EXPECT_EQ(VerifyBatch(batch, kOrigin, kit.keys).error, ErrorCode::kBatchTooLarge);
  EXPECT_FALSE(DecodeBatch(EncodeBatch(batch)).ok());
  EXPECT_FALSE(DecodeBatchJson(EncodeBatchJson(batch)).ok());
}

TEST(Batch, DecodersRefuseOddForms) {
  Kit kit;
  const std::string json = EncodeBatchJson(kit.Sign());
  EXPECT_FALSE(DecodeBatchJson("").ok());
  EXPECT_FALSE(DecodeBatchJson("[]").ok());
  EXPECT_FALSE(DecodeBatchJson("\xef\xbb\xbf" + json).ok());
  EXPECT_FALSE(DecodeBatchJson(json + "x").ok());
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string changed = json;
    const auto at = changed.find(from);
    EXPECT_NE(at, changed.npos) << from;
    return changed.replace(at, from.size(), to);
  };
  EXPECT_FALSE(DecodeBatchJson(with("\"origin\"", "\"orogin\"")).ok());
  EXPECT_FALSE(DecodeBatchJson(with("{\"origin\":", "{\"origin\":\"a\",\"origin\":")).ok());
  EXPECT_FALSE(DecodeBatchJson(with("\"salt\":\"", "\"salt\":\"!")).ok());
  EXPECT_FALSE(DecodeBatchJson(with("\"root\":", "\"anchor_size\":3,\"root\":")).ok());
  const Bytes binary = EncodeBatch(kit.Sign());
  for (std::size_t n = 0; n < binary.size(); n += 7) EXPECT_FALSE(DecodeBatch(ByteView(binary).substr(0, n)).ok()) << n;
}

TEST(Batch, NoFlippedByteOfTheWireFormIsTakenForTheSameBatch) {
  Kit kit;
  const SignedBatch batch = kit.Sign(2);
  const Bytes wire = EncodeBatch(batch);
  std::size_t verified = 0;
  for (std::size_t i = 0; i < wire.size(); ++i) {
    Bytes changed = wire;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    auto decoded = DecodeBatch(changed);
    if (!decoded.ok()) continue;
    const bool same = Same(*decoded, batch);
    const bool ok = VerifyBatch(*std::move(decoded), kOrigin, kit.keys).batch.has_value();
    verified += ok ? 1 : 0;
    // Padding may change; what was signed may not.
    EXPECT_TRUE(!ok || same) << i;
  }
  EXPECT_LT(verified, wire.size() / 2);
}

TEST(Batch, RootIsTheTreeHashOfTheCommitments) {
  EXPECT_EQ(BatchRoot({}).hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Keys, SurviveTheirFilesAndNeverTakeAnothersId) {
  Kit kit;
  const auto again = ParseSigningKey(FormatSigningKey(kit.key));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->key.public_key(), kit.key.key.public_key());
  const std::string vkey = FormatVerifierKey(kit.key.verifier());
  EXPECT_EQ(*ParseVerifierKey(vkey), kit.key.verifier());
  std::string wrong = vkey;
  wrong[0] = 't';
  EXPECT_FALSE(ParseVerifierKey(wrong).ok());
  for (const char* name : {"", "a b", "a+b", "a\xc2\xa0"}) EXPECT_FALSE(KeyNameOk(name)) << name;
  EXPECT_TRUE(KeyNameOk("k\xc3\xa4yt\xc3\xa4j\xc3\xa4"));
  EXPECT_FALSE(KeyNameOk("bad\xff"));
}

}  // namespace
}  // namespace oppi::events
