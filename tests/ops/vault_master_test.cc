#include "ops/vault_master.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "events/ids.h"
#include "ledger/durable_file.h"
#include "ledger/rewrap.h"
#include "ops/node.h"
#include "tests/ops/soft_token.h"
#include "tests/support/temp_folder.h"

namespace oppi::ops {
namespace {

using Kind = MasterKeySource::Kind;

class VaultMasterTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Node::Create({directory_, {"oppiloki.example/keys", events::OrganisationOid(1)}}, entropy_, clock_).ok());
    tag_ = Tag().value();
    elsewhere_.file = folder_ / "elsewhere.key";
  }
  /// Something that follows from the generation keys: opens the ledger as every command does.
  Result<Bytes> Tag() {
    auto node = Node::Open({directory_, {}});
    if (!node.ok()) return node.error();
    return (*node)->vault().Tag("domain", "value");
  }
  [[nodiscard]] NodeConfig Config() const { return ReadConfig(settings_).value(); }
  void RemoveOldKey() { ASSERT_TRUE(std::filesystem::remove(directory_ + "/keys/master.key")); }

  tests::TempFolder folder_;
  const std::string directory_ = folder_ / "ledger";
  const std::string settings_ = directory_ + "/ledger.toml";
  SystemEntropy entropy_;
  SystemClock clock_;
  MasterKeySource elsewhere_;
  Bytes tag_;
};

TEST_F(VaultMasterTest, MovesToAFileElsewhereAndNeedsTheOldOneNoMore) {
  ASSERT_TRUE(MoveVaultMaster(directory_, elsewhere_, entropy_).ok());
  RemoveOldKey();
  EXPECT_EQ(Tag().value(), tag_);
  EXPECT_EQ(Config().master, elsewhere_);
  EXPECT_FALSE(Config().master_before);
  EXPECT_EQ(MoveVaultMaster(directory_, elsewhere_, entropy_).error().code, Code::kAlreadyExists);
}

TEST_F(VaultMasterTest, MovesToATokenAndBack) {
  if (!SoftToken::Installed()) GTEST_SKIP() << "SoftHSM and OpenSC are not installed; run: ops/setup";
  const SoftToken token;
  MasterKeySource on_token;
  on_token.kind = Kind::kPkcs11;
  on_token.place = token.Place();
  on_token.pin_file = token.PinFile();
  ASSERT_TRUE(MoveVaultMaster(directory_, on_token, entropy_).ok());
  RemoveOldKey();
  EXPECT_EQ(Tag().value(), tag_);
  ASSERT_TRUE(MoveVaultMaster(directory_, elsewhere_, entropy_).ok());
  ASSERT_TRUE(token.Tool("--delete-object --type secrkey --label master"));
  EXPECT_EQ(Tag().value(), tag_);
}

TEST_F(VaultMasterTest, OpensAfterACrashAtEachStepAndFinishesWhenRunAgain) {
  const MasterKeySource before = Config().master;
  ASSERT_TRUE(MakeMasterKey(elsewhere_, directory_, entropy_).ok());
  EXPECT_EQ(Tag().value(), tag_);
  ASSERT_TRUE(WriteMasterSetting(settings_, elsewhere_, &before).ok());
  EXPECT_EQ(Tag().value(), tag_);
  ASSERT_TRUE(Config().master_before);
  EXPECT_EQ(*Config().master_before, before);
  {
    const auto from = OpenMasterKey(before, directory_).value();
    const auto to = OpenMasterKey(elsewhere_, directory_).value();
    ASSERT_TRUE(ledger::RewrapGenerationKeys(directory_ + "/vault", *from, *to, entropy_).ok());
  }
  EXPECT_EQ(Tag().value(), tag_);
  MasterKeySource third;
  third.file = folder_ / "third.key";
  const Status other = MoveVaultMaster(directory_, third, entropy_);
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, Code::kInvalidArgument);
  RemoveOldKey();
  ASSERT_TRUE(MoveVaultMaster(directory_, elsewhere_, entropy_).ok());
  EXPECT_FALSE(Config().master_before);
  EXPECT_EQ(Tag().value(), tag_);
}

TEST_F(VaultMasterTest, NamesBothKeysInTheSettingsBeforeItTouchesAFile) {
  std::filesystem::rename(directory_ + "/vault", directory_ + "/away");
  EXPECT_EQ(MoveVaultMaster(directory_, elsewhere_, entropy_).error().code, Code::kNotFound);
  std::filesystem::rename(directory_ + "/away", directory_ + "/vault");
  EXPECT_TRUE(Config().master_before);
  EXPECT_EQ(Tag().value(), tag_);
}

TEST_F(VaultMasterTest, ChangesNothingWhenTheNewKeyCannotBeUsed) {
  const Bytes settings = ledger::ReadFileIfThere(settings_).value().value();
  MasterKeySource wrong;
  wrong.kind = Kind::kSystemd;
  EXPECT_EQ(MoveVaultMaster(directory_, wrong, entropy_).error().code, Code::kNotFound);
  wrong.kind = Kind::kFile;
  wrong.file = "ledger.toml";
  EXPECT_EQ(MoveVaultMaster(directory_, wrong, entropy_).error().code, Code::kInvalidArgument);
  wrong.file = directory_ + "/keys/master.key";  // the same file by another name
  EXPECT_EQ(MoveVaultMaster(directory_, wrong, entropy_).error().code, Code::kAlreadyExists);
  EXPECT_EQ(ledger::ReadFileIfThere(settings_).value(), settings);
  EXPECT_EQ(Tag().value(), tag_);
}

TEST_F(VaultMasterTest, WaitsForTheServiceToEnd) {
  const auto node = Node::Open({directory_, {}});
  ASSERT_TRUE(node.ok());
  EXPECT_EQ(MoveVaultMaster(directory_, elsewhere_, entropy_).error().code, Code::kUnavailable);
  EXPECT_FALSE(std::filesystem::exists(elsewhere_.file));
}

TEST_F(VaultMasterTest, LeavesEveryOtherLineOfTheSettingsAsItIs) {
  const std::string own = "# a remark\norigin = \"a/b\"\ncheck_digits = true # another\n";
  ASSERT_TRUE(ledger::WriteFileDurably(settings_, own, 0600).ok());
  for (const MasterKeySource* before : {static_cast<const MasterKeySource*>(nullptr), static_cast<const MasterKeySource*>(&elsewhere_)}) {
    ASSERT_TRUE(WriteMasterSetting(settings_, MasterKeySource(), before).ok());
    const Bytes text = ledger::ReadFileIfThere(settings_).value().value();
    EXPECT_TRUE(text.starts_with(own + "\n#")) << text;
    EXPECT_EQ(text.find("[vault]"), text.rfind("[vault]"));
    EXPECT_EQ(Config().master_before.has_value(), before != nullptr);
  }
  const std::string dotted = own + "vault.master = \"file\"\n";
  ASSERT_TRUE(ledger::WriteFileDurably(settings_, dotted, 0600).ok());
  EXPECT_EQ(WriteMasterSetting(settings_, elsewhere_, nullptr).error().code, Code::kInvalidArgument);
  EXPECT_EQ(ledger::ReadFileIfThere(settings_).value(), dotted);
}

}  // namespace
}  // namespace oppi::ops
