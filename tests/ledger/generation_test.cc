#include "ledger/generation.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "events/digest.h"
#include "ledger/durable_file.h"
#include "ledger/memory_store.h"
#include "ledger/vault.h"
#include "tests/support/temp_folder.h"

/// Generations of the vault, and a stop at every point between two of them: afterwards exactly one
/// generation opens every key, and what was destroyed is in neither.

namespace oppi::ledger {
namespace {

using Rows = std::map<Bytes, Bytes>;

std::shared_ptr<MasterKey> Master() { return MasterKeyOf(SecretKey(HashOf("master").bytes)); }
std::string Name(int owner) { return "owner " + std::to_string(owner); }
constexpr int kOwners = 12;

class GenerationTest : public testing::Test {
 protected:
  GenerationTest() {
    Open();
    for (int owner = 0; owner < kOwners; ++owner) Meet(owner);
  }

  void Open() {
    vault_.reset();
    auto vault = Vault::Open(store_, entropy_, {folder_.path(), Master(), true});
    ASSERT_TRUE(vault.ok()) << vault.error().message;
    vault_ = *std::move(vault);
  }

  void Meet(int owner) {
    WriteBatch rows;
    const KeyRingPtr ring = vault_->RingFor(Name(owner), rows).value();
    ASSERT_TRUE(vault_->Apply(rows).ok());
    Remember(owner, *ring);
  }

  void Remember(int owner, const KeyRing& ring) {
    handles_[owner] = ring.handle;
    keys_[owner] = EncodeKeyRing(ring);
  }

  /// An erasure takes a key of the owner.
  void Erase(int owner, KeyClass key_class) {
    KeyRing ring = *vault_->FindRing(handles_.at(owner)).value();
    ring.Set(key_class, std::nullopt);
    WriteBatch rows;
    vault_->PutRing(ring, rows);
    ASSERT_TRUE(vault_->Adopt(Vault::KeysOf::kBodies, ++step_, rows, {Name(owner)}).ok());
    Remember(owner, ring);
  }

  /// False when nothing was left.
  bool RewrapSome(std::size_t count) {
    const auto some = vault_->Rewrap(count);
    EXPECT_TRUE(some.ok());
    if (some->empty()) return false;
    EXPECT_TRUE(vault_->ApplyRewrapped(*some).ok());
    return true;
  }
  void RewrapAll() {
    while (RewrapSome(5)) {
    }
  }

  /// Rows of the vault as they are in the store.
  Rows RowsNow() const {
    Rows rows;
    EXPECT_TRUE(store_.Scan(Table::kVault, {}, {}, [&](ByteView key, ByteView value) {
                        rows.emplace(key, value);
                        return true;
                      }).ok());
    return rows;
  }
  static std::uint32_t GenerationOf(const Bytes& row_key) { return ByteReader(row_key).U32(); }

  /// How many of these rows a generation opens, under the keys they lie under and under its own.
  static std::size_t OpenedBy(const Generation& generation, const Rows& rows) {
    std::size_t opened = 0;
    for (const auto& [key, sealed] : rows) {
      Bytes own;
      ByteWriter(own).U32(generation.number);
      own.append(key.substr(4));
      opened += Unseal(generation.wrap.get(), sealed, key).ok() || Unseal(generation.wrap.get(), sealed, own).ok() ? 1 : 0;
    }
    return opened;
  }

  /// After a reopening: one generation, and every key under it as it was.
  void ExpectOneGeneration(std::uint32_t number) {
    EXPECT_EQ(vault_->generation(), number);
    EXPECT_EQ(GenerationsIn(folder_.path()), std::vector<std::uint32_t>{number});
    const Rows rows = RowsNow();
    for (const auto& [key, sealed] : rows) EXPECT_EQ(GenerationOf(key), number);
    EXPECT_EQ(rows.size(), 2 * keys_.size());
    EXPECT_EQ(OpenedBy(ReadGeneration(folder_.path(), number, *Master()).value(), rows), rows.size());
    for (const auto& [owner, keys] : keys_) {
      const auto ring = vault_->FindRing(handles_.at(owner));
      ASSERT_TRUE(ring.ok() && *ring != nullptr) << Name(owner);
      EXPECT_EQ(EncodeKeyRing(**ring), keys) << Name(owner);
      EXPECT_EQ(vault_->FindHandles(Name(owner)).value(), std::vector<Handle>{handles_.at(owner)});
    }
    std::size_t owners = 0;
    EXPECT_TRUE(vault_->ScanOwners([&](const OwnerRow&) { return ++owners > 0; }).ok());
    EXPECT_EQ(owners, keys_.size());
  }

  tests::TempFolder folder_;
  SystemEntropy entropy_;
  MemoryStore store_;
  std::unique_ptr<Vault> vault_;
  std::map<int, Handle> handles_;
  std::map<int, Bytes> keys_;
  std::uint32_t step_ = 0;
};

TEST_F(GenerationTest, AWholeTurnKeepsEveryKeyAndTheTags) {
  const Bytes tag = vault_->Tag("id", "x");
  const Bytes list_key(vault_->ListKey().view());
  ASSERT_TRUE(vault_->BeginGeneration().ok());
  RewrapAll();
  EXPECT_EQ(vault_->rewrapped(), 2U * kOwners);
  ASSERT_TRUE(vault_->FinishGeneration().ok());
  ASSERT_TRUE(vault_->DropOldRows().ok());
  ExpectOneGeneration(2);
  EXPECT_EQ(vault_->Tag("id", "x"), tag);
  EXPECT_EQ(vault_->ListKey().view(), list_key);
  Open();
  ExpectOneGeneration(2);
  EXPECT_EQ(vault_->Tag("id", "x"), tag);
  EXPECT_EQ(vault_->ListKey().view(), list_key);
}

TEST_F(GenerationTest, AnErasureOwesAGenerationUntilOneIsFinishedEvenAfterARestart) {
  EXPECT_FALSE(vault_->owes_generation());
  Erase(3, KeyClass::kS2);
  EXPECT_TRUE(vault_->owes_generation());
  Open();
  EXPECT_TRUE(vault_->owes_generation());
  ASSERT_TRUE(vault_->BeginGeneration().ok());
  RewrapAll();
  EXPECT_TRUE(vault_->owes_generation());
  ASSERT_TRUE(vault_->FinishGeneration().ok());
  EXPECT_FALSE(vault_->owes_generation());
  Open();
  EXPECT_FALSE(vault_->owes_generation());
}

TEST_F(GenerationTest, WhatIsWrittenBetweenReadingAndApplyingStands) {
  ASSERT_TRUE(vault_->BeginGeneration().ok());
  const auto read = vault_->Rewrap(1000);
  ASSERT_TRUE(read.ok());
  Erase(3, KeyClass::kS2);
  Erase(4, KeyClass::kS3);
  Meet(100);
  ASSERT_TRUE(vault_->ApplyRewrapped(*read).ok());
  RewrapAll();
  ASSERT_TRUE(vault_->FinishGeneration().ok());
  ASSERT_TRUE(vault_->DropOldRows().ok());
  ExpectOneGeneration(2);
}

TEST_F(GenerationTest, WhatIsWrittenWhileOneIsBegunIsInBoth) {
  ASSERT_TRUE(vault_->BeginGeneration().ok());
  ASSERT_TRUE(RewrapSome(7));
  Meet(100);                // new, behind or before where the wrapping is
  Meet(101);
  Erase(0, KeyClass::kS3);  // changed
  Erase(7, KeyClass::kS4);
  WriteBatch rows;          // a key made anew where one was erased
  const KeyRingPtr again = vault_->WithKey(Name(0), vault_->RingFor(Name(0), rows).value(), KeyClass::kS3, rows).value();
  ASSERT_TRUE(vault_->Apply(rows).ok());
  Remember(0, *again);
  for (const int owner : {0, 7, 100, 101}) {
    std::size_t found = 0;
    for (const auto& [key, sealed] : RowsNow()) found += key.substr(5) == handles_.at(owner).view() ? 1 : 0;
    EXPECT_EQ(found, 2U) << owner;
  }
  RewrapAll();
  ASSERT_TRUE(vault_->FinishGeneration().ok());
  ASSERT_TRUE(vault_->DropOldRows().ok());
  ExpectOneGeneration(2);
  Open();
  ExpectOneGeneration(2);
}

TEST_F(GenerationTest, RowsThatGoWhileOneIsBegunGoFromBoth) {
  ASSERT_TRUE(vault_->BeginGeneration().ok());
  RewrapAll();
  WriteBatch rows;
  KeyRing none;
  none.handle = handles_.at(4);
  vault_->PutRing(none, rows);
  vault_->PutOwner({Name(4), {}}, rows);
  ASSERT_TRUE(vault_->Adopt(Vault::KeysOf::kBodies, 1, rows, {Name(4)}).ok());
  keys_.erase(4);
  EXPECT_EQ(vault_->FindRing(handles_.at(4)).value(), nullptr);
  EXPECT_TRUE(vault_->FindHandles(Name(4)).value().empty());
  ASSERT_TRUE(vault_->FinishGeneration().ok());
  ASSERT_TRUE(vault_->DropOldRows().ok());
  ExpectOneGeneration(2);
}

TEST_F(GenerationTest, OldRowsAndTheOldKeyFileOpenNothingAfterwards) {
  const Rows old_rows = RowsNow();
  const Bytes old_file = *ReadFileIfThere(GenerationPath(folder_.path(), 1)).value();
  const Bytes erased(vault_->FindKey(handles_.at(5), KeyClass::kS2).value()->view());
  ASSERT_TRUE(vault_->BeginGeneration().ok());
  Erase(5, KeyClass::kS2);
  RewrapAll();
  ASSERT_TRUE(vault_->FinishGeneration().ok());
  ASSERT_TRUE(vault_->DropOldRows().ok());
  const Generation now = ReadGeneration(folder_.path(), 2, *Master()).value();
  EXPECT_EQ(OpenedBy(now, old_rows), 0U);
  for (const auto& [key, sealed] : RowsNow()) {
    const auto plain = Unseal(now.wrap.get(), sealed, key);
    ASSERT_TRUE(plain.ok());
    EXPECT_EQ(plain->find(erased), Bytes::npos);
  }
  // Even somebody who kept the file: it opens the rows of then, which is why it is destroyed, and none of now.
  tests::TempFolder elsewhere;
  ASSERT_TRUE(WriteFileDurably(GenerationPath(elsewhere.path(), 1), old_file, 0600).ok());
  const Generation old = ReadGeneration(elsewhere.path(), 1, *Master()).value();
  EXPECT_EQ(OpenedBy(old, old_rows), old_rows.size());
  EXPECT_EQ(OpenedBy(old, RowsNow()), 0U);
  EXPECT_FALSE(Unseal(old.wrap.get(), *ReadFileIfThere(GenerationPath(folder_.path(), 2)).value(), {}).ok());
}

TEST_F(GenerationTest, AdoptsEachStepOnceAndLeavesOutRowsOfGenerationsThatAreNoMore) {
  ASSERT_TRUE(vault_->BeginGeneration().ok());
  KeyRing ring = *vault_->FindRing(handles_.at(2)).value();
  ring.Set(KeyClass::kS2, std::nullopt);
  WriteBatch planned;  // under both generations
  vault_->PutRing(ring, planned);
  ASSERT_EQ(planned.size(), 2U);
  Open();  // the second one was not finished: its rows mean nothing
  ASSERT_TRUE(vault_->Adopt(Vault::KeysOf::kBodies, 10, planned, {Name(2)}).ok());
  Remember(2, ring);
  ExpectOneGeneration(1);
  Erase(2, KeyClass::kS3);  // step 1, which is past: nothing happens
  keys_[2] = EncodeKeyRing(ring);
  ExpectOneGeneration(1);
  step_ = 10;
  Erase(2, KeyClass::kS3);
  ASSERT_TRUE(vault_->Adopt(Vault::KeysOf::kBodies, 10, planned, {Name(2)}).ok());  // again: the later step stands
  ExpectOneGeneration(1);
}

struct StopPoint {
  const char* name;
  std::uint32_t generation;  // that is left
  bool owes;
};
constexpr StopPoint kStops[] = {{"BeforeBegin", 1, true},          {"AfterTheKeyFile", 1, true},
                                {"MidRewrap", 1, true},            {"BeforeTheSwitch", 1, true},
                                {"BeforeTheOldKeyIsDestroyed", 2, false}, {"WhileTheOldKeyIsOverwritten", 2, false},
                                {"BeforeDropOldRows", 2, false},   {"AfterIt", 2, false}};

class StoppedGeneration : public GenerationTest, public testing::WithParamInterface<StopPoint> {};

TEST_P(StoppedGeneration, LeavesExactlyOneWhole) {
  const std::string stop = GetParam().name;
  const Bytes old_file = *ReadFileIfThere(GenerationPath(folder_.path(), 1)).value();
  Erase(1, KeyClass::kS2);
  const auto go = [&] {
    if (stop == "BeforeBegin") return;
    ASSERT_TRUE(vault_->BeginGeneration().ok());
    if (stop == "AfterTheKeyFile") return;
    ASSERT_TRUE(RewrapSome(7));
    Meet(100);
    Erase(6, KeyClass::kS4);
    if (stop == "MidRewrap") return;
    RewrapAll();
    if (stop == "BeforeTheSwitch") return;
    ASSERT_TRUE(vault_->FinishGeneration().ok());
    EXPECT_FALSE(std::filesystem::exists(GenerationPath(folder_.path(), 1)));
    const auto put_back = [&](const Bytes& file) { ASSERT_TRUE(WriteFileDurably(GenerationPath(folder_.path(), 1), file, 0600).ok()); };
    if (stop == "BeforeTheOldKeyIsDestroyed") return put_back(old_file);
    if (stop == "WhileTheOldKeyIsOverwritten") return put_back(Bytes(old_file.size(), '\x5a'));
    if (stop == "BeforeDropOldRows") return;
    ASSERT_TRUE(vault_->DropOldRows().ok());
  };
  go();
  Open();
  EXPECT_EQ(vault_->owes_generation(), GetParam().owes);
  ExpectOneGeneration(GetParam().generation);
  // And the next one can be made from there.
  ASSERT_TRUE(vault_->BeginGeneration().ok());
  RewrapAll();
  ASSERT_TRUE(vault_->FinishGeneration().ok());
  ASSERT_TRUE(vault_->DropOldRows().ok());
  ExpectOneGeneration(GetParam().generation + 1);
}

INSTANTIATE_TEST_SUITE_P(At, StoppedGeneration, testing::ValuesIn(kStops),
                         [](const auto& row) { return std::string(row.param.name); });

TEST_F(GenerationTest, StopsRatherThanLeaveARowBehindThatDoesNotOpen) {
  Rows rows = RowsNow();
  Bytes damaged = rows.begin()->second;
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  WriteBatch plant;
  plant.Put(Table::kVault, rows.begin()->first, damaged);
  ASSERT_TRUE(store_.Apply(plant, Durability::kSynced).ok());
  ASSERT_TRUE(vault_->BeginGeneration().ok());
  const auto some = vault_->Rewrap(100);
  ASSERT_FALSE(some.ok());
  EXPECT_EQ(some.error().code, Code::kDataLoss);
  Open();
  EXPECT_EQ(vault_->generation(), 1U);
}

TEST_F(GenerationTest, IsMissedWhenItsFileIsLost) {
  std::filesystem::remove(GenerationPath(folder_.path(), 1));
  const auto lost = Vault::Open(store_, entropy_, {folder_.path(), Master(), true});
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().code, Code::kDataLoss);
  EXPECT_TRUE(GenerationsIn(folder_.path()).empty());  // none was made in its place
}

}  // namespace
}  // namespace oppi::ledger
