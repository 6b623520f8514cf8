#include "ops/pkcs11_master.h"

#include <gtest/gtest.h>
#include <p11-kit/pkcs11.h>

#include "events/entropy.h"
#include "ops/pkcs11_words.h"
#include "tests/ops/soft_token.h"

namespace oppi::ops {
namespace {

PinSource Pin(const std::string& pin) {
  return [pin]() -> Result<ledger::GuardedBytes> { return ledger::GuardedBytes(pin); };
}

bool Mentions(const Error& error, std::string_view word) { return error.message.find(word) != std::string::npos; }

class Pkcs11Master : public testing::Test {
 protected:
  void SetUp() override {
    if (!SoftToken::Installed()) GTEST_SKIP() << "SoftHSM and OpenSC are not installed; run: ops/setup";
    token_ = std::make_unique<SoftToken>();
  }
  [[nodiscard]] auto Open(const Pkcs11Place& place, const std::string& pin = SoftToken::kPin) const { return OpenPkcs11Master(place, Pin(pin)); }
  /// Expects an error of this code that mentions the word.
  template <class T>
  void Refused(const T& result, Code code, std::string_view word) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, code) << result.error().message;
    EXPECT_TRUE(Mentions(result.error(), word)) << result.error().message;
    EXPECT_FALSE(Mentions(result.error(), SoftToken::kPin)) << result.error().message;
  }

  std::unique_ptr<SoftToken> token_;
  SeededEntropy entropy_{5};
};

TEST_F(Pkcs11Master, OpensWhatItWrappedAndNothingElse) {
  ASSERT_TRUE(MakePkcs11Key(token_->Place(), Pin(SoftToken::kPin)).ok());
  const auto master = Open(token_->Place()).value();
  const Bytes plain(64, 'p');
  const Bytes wrapped = master->Wrap(plain, "bound", entropy_).value();
  EXPECT_EQ(wrapped.size(), 12 + 64 + 16U);
  EXPECT_EQ(wrapped.find("pppp"), Bytes::npos);
  EXPECT_NE(master->Wrap(plain, "bound", entropy_).value(), wrapped);
  EXPECT_EQ(Open(token_->Place()).value()->Unwrap(wrapped, "bound").value(), plain);
  Refused(master->Unwrap(wrapped, "other"), Code::kPermissionDenied, "does not open");
  Refused(master->Unwrap("short", "bound"), Code::kPermissionDenied, "does not open");
  for (const std::size_t at : {std::size_t{0}, std::size_t{12}, wrapped.size() - 1}) {
    Bytes changed = wrapped;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    Refused(master->Unwrap(changed, "bound"), Code::kPermissionDenied, "does not open");
  }
}

TEST_F(Pkcs11Master, AnotherKeyOfTheSameTokenOpensNothing) {
  ASSERT_TRUE(MakePkcs11Key(token_->Place("one"), Pin(SoftToken::kPin)).ok());
  ASSERT_TRUE(MakePkcs11Key(token_->Place("two"), Pin(SoftToken::kPin)).ok());
  const Bytes wrapped = Open(token_->Place("one")).value()->Wrap("plain", "bound", entropy_).value();
  Refused(Open(token_->Place("two")).value()->Unwrap(wrapped, "bound"), Code::kPermissionDenied, "two");
}

TEST_F(Pkcs11Master, MakesAKeyOnceAndOneThatStaysOnTheToken) {
  ASSERT_TRUE(MakePkcs11Key(token_->Place(), Pin(SoftToken::kPin)).ok());
  Refused(MakePkcs11Key(token_->Place(), Pin(SoftToken::kPin)), Code::kAlreadyExists, "already");
  EXPECT_FALSE(token_->Tool("--read-object --type secrkey --label master"));
  // A key that could be taken out is not used, however it got there.
  ASSERT_TRUE(token_->Tool("--keygen --key-type AES:32 --label loose --extractable"));
  Refused(Open(token_->Place("loose")), Code::kInvalidArgument, "taken out");
  ASSERT_TRUE(token_->Tool("--keygen --key-type AES:16 --label short --sensitive"));
  Refused(Open(token_->Place("short")), Code::kInvalidArgument, "256 bits");
}

TEST_F(Pkcs11Master, TriesAWrongPinOnceUntilSomebodyLogsIn) {
  ASSERT_TRUE(MakePkcs11Key(token_->Place(), Pin(SoftToken::kPin)).ok());
  Refused(Open(token_->Place(), "111111"), Code::kPermissionDenied, "refuses the PIN");
  Refused(Open(token_->Place()), Code::kPermissionDenied, "wrong PIN before");
  ASSERT_TRUE(token_->Tool("--list-objects"));
  EXPECT_TRUE(Open(token_->Place()).ok());
}

TEST_F(Pkcs11Master, SaysWhatIsMissing) {
  Refused(Open(token_->Place()), Code::kNotFound, "no key called master");
  Pkcs11Place place = token_->Place();
  place.token = "elsewhere";
  Refused(Open(place), Code::kUnavailable, "present are: vault");
  place.module = "/usr/lib/softhsm/nowhere.so";
  Refused(Open(place), Code::kNotFound, "no PKCS#11 module");
  place.module = token_->PinFile("not a library");
  Refused(Open(place), Code::kInvalidArgument, "is not a PKCS#11 module");
}

TEST_F(Pkcs11Master, RefusesToGuessBetweenTwoKeysOfOneName) {
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(token_->Tool("--keygen --key-type AES:32 --label twin --sensitive"));
  Refused(Open(token_->Place("twin")), Code::kInvalidArgument, "two keys");
}

TEST_F(Pkcs11Master, SaysSoWhenTheTokenHasNoAesGcm) {
  token_->Configure("slots.mechanisms = CKM_AES_CBC,CKM_AES_KEY_GEN");
  Refused(MakePkcs11Key(token_->Place(), Pin(SoftToken::kPin)), Code::kInvalidArgument, "CKM_AES_GCM");
}

TEST_F(Pkcs11Master, PassesOnWhyThereIsNoPin) {
  const auto none = OpenPkcs11Master(token_->Place(), []() -> Result<ledger::GuardedBytes> { return PermissionDenied("too open"); });
  Refused(none, Code::kPermissionDenied, "too open");
}

TEST(Pkcs11PinState, NamesEveryStateInWhichAProgramMayNotTry) {
  const Pkcs11Place place{"/lib/m.so", "t", "k"};
  EXPECT_TRUE(Pkcs11PinState(place, CKF_USER_PIN_INITIALIZED).ok());
  const std::pair<unsigned long, const char*> cases[] = {{0, "no user PIN"},
                                                         {CKF_USER_PIN_LOCKED, "locked its PIN"},
                                                         {CKF_USER_PIN_COUNT_LOW, "wrong PIN before"},
                                                         {CKF_USER_PIN_FINAL_TRY, "one try left"},
                                                         {CKF_USER_PIN_TO_BE_CHANGED, "wants a new PIN"}};
  for (const auto& [flag, words] : cases) {
    const Status state = Pkcs11PinState(place, flag == 0 ? 0 : flag | CKF_USER_PIN_INITIALIZED);
    ASSERT_FALSE(state.ok()) << words;
    EXPECT_EQ(state.error().code, Code::kPermissionDenied);
    EXPECT_TRUE(Mentions(state.error(), words)) << state.error().message;
    EXPECT_TRUE(Mentions(state.error(), "pkcs11-tool --module /lib/m.so --token-label 't' --login")) << state.error().message;
  }
}

}  // namespace
}  // namespace oppi::ops
