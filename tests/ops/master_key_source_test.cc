#include "ops/master_key_source.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "events/ids.h"
#include "ledger/durable_file.h"
#include "ops/node.h"
#include "ops/secret_file.h"
#include "tests/ops/soft_token.h"
#include "tests/support/temp_folder.h"

namespace oppi::ops {
namespace {

using Kind = MasterKeySource::Kind;

constexpr const char* kHex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";

/// Credentials as systemd hands them to a service.
class Credentials {
 public:
  Credentials() { ::setenv("CREDENTIALS_DIRECTORY", folder_.path().c_str(), 1); }
  ~Credentials() { ::unsetenv("CREDENTIALS_DIRECTORY"); }
  void Put(const std::string& name, ByteView text, mode_t mode = 0400) const {
    ASSERT_TRUE(ledger::WriteFileDurably(folder_ / name, text, mode).ok());
  }

 private:
  tests::TempFolder folder_;
};

class MasterKeySourceTest : public testing::Test {
 protected:
  Status Create(const MasterKeySource& master) {
    return Node::Create({directory_, {"oppiloki.example/keys", events::OrganisationOid(1), true, master}}, entropy_, clock_);
  }
  Status Opened() {
    const auto node = Node::Open({directory_, {}});
    return node.ok() ? Status() : Status(node.error());
  }
  tests::TempFolder folder_;
  const std::string directory_ = folder_ / "ledger";
  SystemEntropy entropy_;
  SystemClock clock_;
};

TEST(ParseMasterKeySource, KnowsFilesCredentialsAndTokens) {
  EXPECT_EQ(ParseMasterKeySource("file").value(), MasterKeySource());
  EXPECT_EQ(ParseMasterKeySource("file:/etc/oppiloki/key").value().file, "/etc/oppiloki/key");
  EXPECT_EQ(ParseMasterKeySource("systemd").value().credential, "oppiloki-master");
  EXPECT_EQ(ParseMasterKeySource("systemd:other").value().credential, "other");
  const MasterKeySource token =
      ParseMasterKeySource("pkcs11:token=School%20HSM;object=master?module-path=/usr/lib/m.so&pin-source=file:/etc/pin").value();
  EXPECT_EQ(token.kind, Kind::kPkcs11);
  EXPECT_EQ(token.place, (Pkcs11Place{"/usr/lib/m.so", "School HSM", "master"}));
  EXPECT_EQ(token.pin_file, "/etc/pin");
  EXPECT_EQ(ParseMasterKeySource("pkcs11:token=t;object=k?module-path=/m.so&pin-source=credential:pin").value().pin_credential, "pin");
}

TEST(ParseMasterKeySource, RefusesWhatIsIncompleteAndAnyPin) {
  for (const char* text : {"", "files", "file:", "systemd:", "systemd:a/b", "file:a\"b", "pkcs11:", "pkcs11:token=t;object=k",
                           "pkcs11:token=t?module-path=/m.so&pin-source=file:/p", "pkcs11:object=k?module-path=/m.so&pin-source=file:/p",
                           "pkcs11:token=t;object=k?module-path=/m.so", "pkcs11:token=t;object=k?module-path=/m.so&pin-source=p",
                           "pkcs11:token=t%0a;object=k?module-path=/m.so&pin-source=file:/p", "pkcs11:=;?"}) {
    const auto source = ParseMasterKeySource(text);
    ASSERT_FALSE(source.ok()) << text;
    EXPECT_EQ(source.error().code, Code::kInvalidArgument) << text;
  }
  const auto pin = ParseMasterKeySource("pkcs11:token=t;object=k?module-path=/m.so&pin-source=file:/p&pin-value=246813");
  ASSERT_FALSE(pin.ok());
  EXPECT_NE(pin.error().message.find("a PIN on the command line"), std::string::npos) << pin.error().message;
  EXPECT_EQ(pin.error().message.find("246813"), std::string::npos);
}

TEST(Settings, ReadBackAsTheyWereWritten) {
  tests::TempFolder folder;
  for (const char* text : {"file", "file:/etc/key", "systemd:other", "pkcs11:token=a b;object=k?module-path=/m.so&pin-source=file:/p",
                           "pkcs11:token=t;object=k?module-path=/m.so&pin-source=credential:c"}) {
    NodeConfig config{"a/b", events::OrganisationOid(1), true, ParseMasterKeySource(text).value()};
    ASSERT_TRUE(ledger::WriteFileDurably(folder / "ledger.toml", ConfigText(config), 0600).ok());
    const auto read = ReadConfig(folder / "ledger.toml");
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(read->master, config.master) << text;
    EXPECT_EQ(read->origin, "a/b");
  }
}

TEST(Settings, OfLedgersWithoutAVaultTableMeanAFileAndWrongOnesAreNamed) {
  tests::TempFolder folder;
  const auto read = [&](const std::string& vault) {
    EXPECT_TRUE(ledger::WriteFileDurably(folder / "ledger.toml", "origin = \"a/b\"\n" + vault, 0600).ok());
    return ReadConfig(folder / "ledger.toml");
  };
  EXPECT_EQ(read("").value().master, MasterKeySource());
  EXPECT_EQ(read("[vault]\n").value().master, MasterKeySource());
  for (const char* wrong : {"[vault]\nmaster = \"cloud\"\n", "[vault]\nmaster = 1\n", "[vault]\npin = \"246813\"\n", "vault = 1\n",
                            "[vault]\nmaster = \"systemd\"\nfile = \"x\"\n", "[vault]\nmaster = \"pkcs11\"\ntoken = \"t\"\n"}) {
    const auto refused = read(wrong);
    ASSERT_FALSE(refused.ok()) << wrong;
    EXPECT_EQ(refused.error().code, Code::kInvalidArgument) << wrong;
    EXPECT_NE(refused.error().message.find("ledger.toml"), std::string::npos);
  }
}

TEST_F(MasterKeySourceTest, AFileElsewhereOpensTheLedgerAndNoOtherDoes) {
  MasterKeySource source;
  source.file = folder_ / "elsewhere.key";
  ASSERT_TRUE(Create(source).ok());
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/keys/master.key"));
  EXPECT_TRUE(Opened().ok());
  ASSERT_EQ(::chmod(source.file.c_str(), 0640), 0);
  EXPECT_EQ(Opened().error().code, Code::kPermissionDenied);
  EXPECT_NE(Opened().error().message.find("chmod 600 " + source.file), std::string::npos);
  std::filesystem::remove(source.file);
  EXPECT_EQ(Opened().error().code, Code::kNotFound);
}

TEST_F(MasterKeySourceTest, AFileOfAnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ASSERT_TRUE(WriteSecretFile(folder_ / "key", kHex).ok());
  ASSERT_EQ(::chown((folder_ / "key").c_str(), 12345, 12345), 0);
  const auto read = ReadSecretFile(folder_ / "key");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::kPermissionDenied);
  EXPECT_NE(read.error().message.find("belongs to another user"), std::string::npos);
}

TEST_F(MasterKeySourceTest, ASystemdCredentialOpensTheLedgerOnlyWhileItIsGiven) {
  const MasterKeySource source = ParseMasterKeySource("systemd").value();
  const Status without = Create(source);
  ASSERT_FALSE(without.ok());
  EXPECT_EQ(without.error().code, Code::kNotFound);
  EXPECT_NE(without.error().message.find("systemd-creds encrypt --name=oppiloki-master"), std::string::npos) << without.error().message;
  {
    const Credentials given;
    given.Put("oppiloki-master", kHex);
    ASSERT_TRUE(Create(source).ok());
    EXPECT_TRUE(Opened().ok());
    EXPECT_FALSE(std::filesystem::exists(directory_ + "/keys/master.key"));
  }
  EXPECT_EQ(Opened().error().code, Code::kNotFound);
  const Credentials wrong;
  wrong.Put("oppiloki-master", std::string(64, 'a'));
  EXPECT_EQ(Opened().error().code, Code::kPermissionDenied);
  wrong.Put("oppiloki-master", kHex, 0444);
  EXPECT_EQ(Opened().error().code, Code::kPermissionDenied);
  wrong.Put("oppiloki-master", "not a key");
  EXPECT_EQ(Opened().error().code, Code::kInvalidArgument);
  wrong.Put("oppiloki-master", kHex, 0440);  // as an access list shows
  EXPECT_TRUE(Opened().ok());
}

class TokenLedgerTest : public MasterKeySourceTest {
 protected:
  void SetUp() override {
    if (!SoftToken::Installed()) GTEST_SKIP() << "SoftHSM and OpenSC are not installed; run: ops/setup";
    token_ = std::make_unique<SoftToken>();
    source_.kind = Kind::kPkcs11;
    source_.place = token_->Place();
    source_.pin_file = token_->PinFile();
  }
  std::unique_ptr<SoftToken> token_;
  MasterKeySource source_;
};

TEST_F(TokenLedgerTest, OpensWithTheTokenAndNotWithoutItsKey) {
  ASSERT_TRUE(Create(source_).ok());
  EXPECT_TRUE(Opened().ok());
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/keys/master.key"));
  ASSERT_TRUE(token_->Tool("--delete-object --type secrkey --label master"));
  EXPECT_EQ(Opened().error().code, Code::kNotFound);
  ASSERT_TRUE(token_->Tool("--keygen --key-type AES:32 --label master --sensitive"));
  EXPECT_EQ(Opened().error().code, Code::kPermissionDenied);
}

TEST_F(TokenLedgerTest, TakesAKeyThatACeremonyMadeBefore) {
  ASSERT_TRUE(token_->Tool("--keygen --key-type AES:32 --label master --sensitive"));
  ASSERT_TRUE(Create(source_).ok());
  EXPECT_TRUE(Opened().ok());
}

TEST_F(TokenLedgerTest, TakesThePinFromACredentialToo) {
  const Credentials given;
  given.Put("pin", std::string(SoftToken::kPin) + "\n");
  source_.pin_file.clear();
  source_.pin_credential = "pin";
  ASSERT_TRUE(Create(source_).ok());
  EXPECT_TRUE(Opened().ok());
}

TEST_F(TokenLedgerTest, RefusesAPinThatOthersCanReadAndMakesNothing) {
  ASSERT_EQ(::chmod(source_.pin_file.c_str(), 0644), 0);
  const Status refused = Create(source_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kPermissionDenied);
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/ledger.toml"));
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/log"));
}

}  // namespace
}  // namespace oppi::ops
