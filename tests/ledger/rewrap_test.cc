#include "ledger/rewrap.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "events/digest.h"
#include "ledger/durable_file.h"
#include "ledger/memory_store.h"
#include "ledger/vault.h"
#include "tests/support/temp_folder.h"

namespace oppi::ledger {
namespace {

std::shared_ptr<MasterKey> Named(const std::string& name) { return MasterKeyOf(SecretKey(HashOf(name).bytes)); }

/// Stops answering after some calls, as a token that is pulled out.
class Pulled final : public MasterKey {
 public:
  Pulled(std::shared_ptr<MasterKey> key, int calls) : key_(std::move(key)), calls_(calls) {}
  Result<Bytes> Wrap(ByteView plain, ByteView bound_to, Entropy& entropy) override {
    if (calls_-- <= 0) return Unavailable("pulled out");
    return key_->Wrap(plain, bound_to, entropy);
  }
  Result<Bytes> Unwrap(ByteView wrapped, ByteView bound_to) override {
    if (calls_-- <= 0) return Unavailable("pulled out");
    return key_->Unwrap(wrapped, bound_to);
  }

 private:
  std::shared_ptr<MasterKey> key_;
  int calls_;
};

/// Says yes and keeps something else.
class Liar final : public MasterKey {
 public:
  Result<Bytes> Wrap(ByteView plain, ByteView bound_to, Entropy& entropy) override {
    return Named("liar")->Wrap(Bytes(plain.size(), 'x'), bound_to, entropy);
  }
  Result<Bytes> Unwrap(ByteView wrapped, ByteView bound_to) override { return Named("liar")->Unwrap(wrapped, bound_to); }
};

class RewrapTest : public testing::Test {
 protected:
  Result<Bytes> TagUnder(const std::string& master) {
    auto vault = Vault::Open(store_, entropy_, {folder_.path(), Named(master)});
    if (!vault.ok()) return vault.error();
    return (*vault)->Tag("domain", "value");
  }
  tests::TempFolder folder_;
  SystemEntropy entropy_;
  MemoryStore store_;
};

TEST_F(RewrapTest, OpensUnderTheNewKeyAloneAndHoldsTheSameKeys) {
  const Bytes tag = TagUnder("old").value();
  const auto from = Named("old");
  const auto to = Named("new");
  ASSERT_TRUE(RewrapGenerationKeys(folder_.path(), *from, *to, entropy_).ok());
  EXPECT_EQ(TagUnder("new").value(), tag);
  EXPECT_EQ(TagUnder("old").error().code, Code::kPermissionDenied);
  // Again: nothing is left to do, and the old key is not even needed.
  const auto gone = Named("gone");
  EXPECT_TRUE(RewrapGenerationKeys(folder_.path(), *gone, *to, entropy_).ok());
  EXPECT_EQ(TagUnder("new").value(), tag);
}

TEST_F(RewrapTest, IsFinishedByASecondRunWhereverTheFirstWasInterrupted) {
  const Bytes tag = TagUnder("old").value();
  const auto from = Named("old");
  bool finished = false;
  for (int calls = 0; calls < 10 && !finished; ++calls) {
    Pulled to(Named("new"), calls);
    const Status first = RewrapGenerationKeys(folder_.path(), *from, to, entropy_);
    finished = first.ok();
    EXPECT_TRUE(finished || first.error().code == Code::kUnavailable);
    const std::string now = finished ? "new" : "old";
    EXPECT_EQ(TagUnder(now).value(), tag) << calls;
  }
  EXPECT_TRUE(finished);
}

TEST_F(RewrapTest, TouchesNothingThatNeitherKeyOpensAndNoOtherFile) {
  (void)TagUnder("old").value();
  ASSERT_TRUE(WriteFileDurably(folder_ / "other.key", "other", 0600).ok());
  const auto wrong = Named("wrong");
  const auto to = Named("new");
  const Status refused = RewrapGenerationKeys(folder_.path(), *wrong, *to, entropy_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kPermissionDenied);
  EXPECT_TRUE(TagUnder("old").ok());
  EXPECT_EQ(ReadFileIfThere(folder_ / "other.key").value(), "other");
}

TEST_F(RewrapTest, ReplacesNothingByWhatDoesNotOpenToTheSame) {
  const Bytes tag = TagUnder("old").value();
  const auto from = Named("old");
  Liar liar;
  EXPECT_EQ(RewrapGenerationKeys(folder_.path(), *from, liar, entropy_).error().code, Code::kUnavailable);
  EXPECT_EQ(TagUnder("old").value(), tag);
}

TEST_F(RewrapTest, SaysThatThereIsNothing) {
  const auto key = Named("a");
  EXPECT_EQ(RewrapGenerationKeys(folder_.path(), *key, *key, entropy_).error().code, Code::kNotFound);
}

}  // namespace
}  // namespace oppi::ledger
