#include "ledger/vault.h"

#include <gtest/gtest.h>

#include "ledger/bodies.h"
#include "ledger/durable_file.h"
#include "ledger/memory_store.h"
#include "tests/support/ledger_parts.h"

namespace oppi::ledger {
namespace {

SecretKey KeyOf(const std::string& name) { return SecretKey(HashOf(name).bytes); }

TEST(Seal, OpensUnderTheSameKeyAndBindingOnly) {
  SeededEntropy entropy(1);
  const SecretKey key = KeyOf("a");
  for (const Bytes& plain : {Bytes(), Bytes("x"), Bytes(70'000, 'y')}) {
    const Bytes sealed = Seal(key, plain, "bound", entropy);
    EXPECT_EQ(sealed.size(), plain.size() + 40);
    const auto opened = Unseal(key, sealed, "bound");
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ(*opened, plain);
    for (const auto& wrong : {Unseal(KeyOf("b"), sealed, "bound"), Unseal(key, sealed, "other")}) {
      ASSERT_FALSE(wrong.ok());
      EXPECT_EQ(wrong.error().code, Code::kDataLoss);
    }
  }
}

TEST(Seal, DoesNotOpenAfterAnyChangeOfOneBitOrAnyCut) {
  SeededEntropy entropy(2);
  const SecretKey key = KeyOf("a");
  const Bytes sealed = Seal(key, "a secret", "bound", entropy);
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes changed = sealed;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(Unseal(key, changed, "bound").ok()) << bit;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(Unseal(key, ByteView(sealed).substr(0, size), "bound").ok()) << size;
}

TEST(Seal, NeverGivesTheSameBytesTwice) {
  SeededEntropy entropy(3);
  EXPECT_NE(Seal(KeyOf("a"), "x", "b", entropy), Seal(KeyOf("a"), "x", "b", entropy));
}

TEST(SealDeterministic, GivesTheSameBytesForTheSameInputAndOtherBytesForAnyOther) {
  const SecretKey key = KeyOf("a");
  const Bytes sealed = SealDeterministic(key, "plain", "bound");
  EXPECT_EQ(SealDeterministic(key, "plain", "bound"), sealed);
  const auto opened = Unseal(key, sealed, "bound");
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(*opened, "plain");
  const auto nonce = [](const Bytes& bytes) { return bytes.substr(0, 24); };
  EXPECT_NE(nonce(SealDeterministic(key, "plaim", "bound")), nonce(sealed));
  EXPECT_NE(nonce(SealDeterministic(KeyOf("b"), "plain", "bound")), nonce(sealed));
  // What moves between binding and text is another input.
  EXPECT_NE(nonce(SealDeterministic(key, "dplain", "boun")), nonce(sealed));
}

class VaultTest : public testing::Test {
 protected:
  std::unique_ptr<Vault> Open(const SecretKey& master) {
    auto vault = Vault::Open(store_, entropy_, {folder_.path(), MasterKeyOf(master)});
    OPPI_CHECK(vault.ok());
    return *std::move(vault);
  }
  void Apply(const WriteBatch& rows) { ASSERT_TRUE(store_.Apply(rows, Durability::kSynced).ok()); }

  tests::TempFolder folder_;
  SeededEntropy entropy_{7};
  MemoryStore store_;
};

TEST_F(VaultTest, FindsAgainWhatItMadeAfterItIsReopened) {
  WriteBatch rows;
  Handle handle;
  Bytes key;
  {
    const auto vault = Open(KeyOf("master"));
    EXPECT_TRUE(vault->FindHandles("a").value().empty());
    const KeyRingPtr ring = vault->RingFor("a", rows).value();
    handle = ring->handle;
    EXPECT_EQ(vault->RingFor("a", rows).value()->handle, handle);
    EXPECT_NE(vault->RingFor("b", rows).value()->handle, handle);
    key = ring->Find(KeyClass::kS2)->view();
    EXPECT_NE(ring->Find(KeyClass::kS3)->view(), key);
    EXPECT_EQ(ring->Find(KeyClass::kS0), nullptr);
    EXPECT_EQ(rows.size(), 4U);
    Apply(rows);
  }
  const auto vault = Open(KeyOf("master"));
  EXPECT_EQ(vault->FindHandles("a").value(), std::vector<Handle>{handle});
  EXPECT_EQ(vault->FindKey(handle, KeyClass::kS2).value()->view(), key);
  EXPECT_FALSE(vault->FindKey(handle, KeyClass::kS0).value().has_value());
  EXPECT_EQ(vault->RingFor("a", rows).value()->handle, handle);
  EXPECT_EQ(rows.size(), 4U);
}

TEST_F(VaultTest, WhoAsksBeforeTheWriterSparesItTheReading) {
  WriteBatch rows;
  const Handle handle = Open(KeyOf("master"))->RingFor("a", rows).value()->handle;
  Apply(rows);
  rows.Clear();
  const auto vault = Open(KeyOf("master"));
  EXPECT_EQ(vault->RingAtHand("a"), nullptr);
  EXPECT_EQ(vault->FindRingInUse("b").value(), nullptr);
  const KeyRingPtr ring = vault->FindRingInUse("a").value();
  ASSERT_NE(ring, nullptr);
  EXPECT_EQ(ring->handle, handle);
  EXPECT_EQ(vault->RingAtHand("a"), ring);
  EXPECT_EQ(vault->RingFor("a", rows).value(), ring);
  EXPECT_TRUE(rows.empty());
}

TEST_F(VaultTest, KeysThatWereErasedAreNotAtHandAnyMore) {
  const auto vault = Open(KeyOf("master"));
  WriteBatch rows;
  (void)vault->RingFor("a", rows).value();
  ASSERT_TRUE(vault->Apply(rows).ok());
  KeyRing fewer = *vault->RingAtHand("a");
  fewer.Set(KeyClass::kS2, std::nullopt);
  WriteBatch erasure;
  vault->PutRing(fewer, erasure);
  ASSERT_TRUE(vault->Adopt(Vault::KeysOf::kBodies, 1, erasure, {"a"}).ok());
  EXPECT_EQ(vault->RingAtHand("a"), nullptr);
  const KeyRingPtr left = vault->FindRingInUse("a").value();
  ASSERT_NE(left, nullptr);
  EXPECT_EQ(left->Find(KeyClass::kS2), nullptr);
  EXPECT_NE(left->Find(KeyClass::kS3), nullptr);
}

TEST_F(VaultTest, WritesNeitherNamesNorKeysInClear) {
  const auto vault = Open(KeyOf("master"));
  WriteBatch rows;
  const Bytes key(vault->RingFor("urn:oid:1.2.3", rows).value()->Find(KeyClass::kView)->view());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const WriteBatch::Entry row = rows[i];
    EXPECT_EQ(row.key.find("urn:oid"), Bytes::npos);
    EXPECT_EQ(row.value.find("urn:oid"), Bytes::npos);
    EXPECT_EQ(row.value.find(key), Bytes::npos);
  }
}

TEST_F(VaultTest, RefusesAnotherMasterKey) {
  (void)Open(KeyOf("master"));
  const auto other = Vault::Open(store_, entropy_, {folder_.path(), MasterKeyOf(KeyOf("other"))});
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, Code::kPermissionDenied);
}

TEST_F(VaultTest, RefusesToMakeANewGenerationWhereKeysOfALostOneExist) {
  {
    const auto vault = Open(KeyOf("master"));
    WriteBatch rows;
    ASSERT_TRUE(vault->RingFor("a", rows).ok());
    Apply(rows);
  }
  std::filesystem::remove(folder_ / "generation-1.key");
  const auto lost = Vault::Open(store_, entropy_, {folder_.path(), MasterKeyOf(KeyOf("master"))});
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().code, Code::kDataLoss);
}

TEST_F(VaultTest, NamesARowThatWasMovedToAnotherLearner) {
  const auto vault = Open(KeyOf("master"));
  WriteBatch rows;
  ASSERT_TRUE(vault->RingFor("a", rows).ok());
  const WriteBatch::Entry row = rows[1];
  WriteBatch planted;
  planted.Put(Table::kVault, Bytes("\0\0\0\1o", 5) + vault->Tag("owner", "b"), row.value);
  Apply(planted);
  const auto moved = vault->FindHandles("b");
  ASSERT_FALSE(moved.ok());
  EXPECT_EQ(moved.error().code, Code::kDataLoss);
}

TEST_F(VaultTest, TagsAreStableSeparateByDomainAndDifferBetweenVaults) {
  const auto vault = Open(KeyOf("master"));
  EXPECT_EQ(vault->Tag("id", "x").size(), 16U);
  EXPECT_EQ(vault->Tag("id", "x"), Open(KeyOf("master"))->Tag("id", "x"));
  EXPECT_NE(vault->Tag("id", "x"), vault->Tag("id", "y"));
  EXPECT_NE(vault->Tag("id", "x"), vault->Tag("source", "x"));
  EXPECT_NE(vault->Tag("id", "x"), vault->Tag("i", "dx"));
  tests::TempFolder elsewhere;
  MemoryStore other_rows;
  const auto other = Vault::Open(other_rows, entropy_, {elsewhere.path(), MasterKeyOf(KeyOf("master"))});
  ASSERT_TRUE(other.ok());
  EXPECT_NE((*other)->Tag("id", "x"), vault->Tag("id", "x"));
}

class BodiesTest : public VaultTest {
 protected:
  BodiesTest() : vault_(Open(KeyOf("master"))) {
    item_.bytes = "what a publisher said";
    item_.salt.fill(9);
  }
  /// A body that `owners` can open, their keys stored.
  Body Make(const std::vector<std::string>& owners) {
    const SealedContent content = SealContent(item_, entropy_);
    Body body{content.encoding, {}, content.sealed};
    WriteBatch rows;
    for (const std::string& owner : owners) {
      const KeyRingPtr ring = vault_->RingFor(owner, rows).value();
      body.wraps.push_back(
          WrapKey(ring->handle, KeyClass::kS2, *ring->Find(KeyClass::kS2), content.content_key, entropy_));
    }
    Apply(rows);
    return body;
  }
  /// Loses an owner's key without an order.
  void Lose(const Handle& handle) {
    KeyRing ring = *vault_->FindRing(handle).value();
    ring.Set(KeyClass::kS2, std::nullopt);
    WriteBatch rows;
    vault_->PutRing(ring, rows);
    Apply(rows);
    vault_ = Open(KeyOf("master"));
  }

  events::BatchItem item_;
  std::unique_ptr<Vault> vault_;
};

TEST_F(BodiesTest, RoundTripAndOpenToTheExactBytesAndSalt) {
  const Body body = Make({"a", "b"});
  const Bytes row = EncodeBody(body);
  EXPECT_EQ(row.find(item_.bytes), Bytes::npos);
  const auto decoded = DecodeBody(row);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(EncodeBody(*decoded), row);
  const auto opened = OpenBody(*decoded, *vault_);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->state, Opened::State::kOpen);
  EXPECT_EQ(opened->item.bytes, item_.bytes);
  EXPECT_EQ(opened->item.salt, item_.salt);
  EXPECT_EQ(opened->item.encoding, item_.encoding);
}

TEST_F(BodiesTest, StayOpenForTheOthersWhenOneWrapIsTakenAndLeaveATombstoneWithTheLast) {
  Body body = Make({"a", "b"});
  body.wraps.erase(body.wraps.begin());
  const auto opened = OpenBody(body, *vault_).value();
  EXPECT_EQ(opened.state, Opened::State::kOpen);
  EXPECT_EQ(opened.owners, std::vector<Handle>{body.wraps[0].handle});
  body.wraps.clear();
  body.sealed.clear();
  const auto row = DecodeBody(EncodeBody(body));
  ASSERT_TRUE(row.ok());
  EXPECT_EQ(OpenBody(*row, *vault_).value().state, Opened::State::kErased);
}

TEST_F(BodiesTest, AreUnreadableWhenTheirKeyIsLostWithoutAnOrder) {
  const Body body = Make({"a", "b"});
  Lose(body.wraps[0].handle);
  EXPECT_EQ(OpenBody(body, *vault_).value().state, Opened::State::kOpen);
  Lose(body.wraps[1].handle);
  EXPECT_EQ(OpenBody(body, *vault_).value().state, Opened::State::kUnreadable);
}

TEST_F(BodiesTest, WithoutWrapsButWithContentAreDamage) {
  Body body = Make({"a"});
  body.wraps.clear();
  EXPECT_FALSE(DecodeBody(EncodeBody(body)).ok());
}

TEST_F(BodiesTest, AreUnreadableWhenAKeyIsThereButDoesNotOpenThem) {
  const Body good = Make({"a"});
  Body flipped = good;
  flipped.sealed.back() = static_cast<char>(flipped.sealed.back() ^ 1);
  EXPECT_EQ(OpenBody(flipped, *vault_).value().state, Opened::State::kUnreadable);
  Body wrong_wrap = good;
  wrong_wrap.wraps[0].sealed_key[30] = static_cast<char>(wrong_wrap.wraps[0].sealed_key[30] ^ 1);
  EXPECT_EQ(OpenBody(wrong_wrap, *vault_).value().state, Opened::State::kUnreadable);
  // A wrap of somebody else's key, put under this handle.
  Body moved = Make({"b"});
  moved.wraps[0].handle = good.wraps[0].handle;
  EXPECT_EQ(OpenBody(moved, *vault_).value().state, Opened::State::kUnreadable);
}

TEST_F(BodiesTest, OpenByAnyWrapThatIsGood) {
  Body body = Make({"a", "b"});
  body.wraps[0].sealed_key[30] = static_cast<char>(body.wraps[0].sealed_key[30] ^ 1);
  EXPECT_EQ(OpenBody(body, *vault_).value().state, Opened::State::kOpen);
}

TEST_F(BodiesTest, RefuseRowsThatAreCutInTheirHeadOrNameWhatIsNotThere) {
  const Bytes row = EncodeBody(Make({"a"}));
  const std::size_t head = 2 + 16 + 1 + 1 + 72;
  for (std::size_t size = 0; size < head; ++size)
    EXPECT_FALSE(DecodeBody(ByteView(row).substr(0, size)).ok()) << size;
  Bytes encoding = row;
  encoding[0] = 3;
  EXPECT_FALSE(DecodeBody(encoding).ok());
  Bytes key_class = row;
  key_class[18] = 8;
  EXPECT_FALSE(DecodeBody(key_class).ok());
}

TEST(DurableFile, WritesWholeFilesAndReadsThemBack) {
  const tests::TempFolder folder;
  EXPECT_FALSE(ReadFileIfThere(folder / "none").value().has_value());
  const Bytes large(200'000, 'z');
  ASSERT_TRUE(WriteFileDurably(folder / "file", large, 0600).ok());
  EXPECT_EQ(ReadFileIfThere(folder / "file").value(), large);
  ASSERT_TRUE(WriteFileDurably(folder / "file", "short", 0600).ok());
  EXPECT_EQ(ReadFileIfThere(folder / "file").value(), "short");
  EXPECT_FALSE(std::filesystem::exists(folder / "file.new"));
  EXPECT_EQ(std::filesystem::status(folder / "file").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_FALSE(WriteFileDurably(folder / "no/such/folder", "x", 0600).ok());
  EXPECT_FALSE(ReadFileIfThere(folder.path()).ok());  // a folder is no file
}

}  // namespace
}  // namespace oppi::ledger
