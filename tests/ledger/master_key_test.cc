#include "ledger/master_key.h"

#include <gtest/gtest.h>

#include "events/digest.h"
#include "ledger/sealing.h"

namespace oppi::ledger {
namespace {

SecretKey KeyOf(const std::string& name) { return SecretKey(HashOf(name).bytes); }

TEST(MasterKey, OpensWhatItWrappedAndNothingElse) {
  SeededEntropy entropy(1);
  const auto master = MasterKeyOf(KeyOf("a"));
  const Bytes wrapped = master->Wrap("plain", "bound", entropy).value();
  EXPECT_EQ(wrapped.find("plain"), Bytes::npos);
  EXPECT_EQ(master->Unwrap(wrapped, "bound").value(), "plain");
  Bytes changed = wrapped;
  changed.back() = static_cast<char>(changed.back() ^ 1);
  for (const auto& wrong : {MasterKeyOf(KeyOf("b"))->Unwrap(wrapped, "bound"), master->Unwrap(wrapped, "other"),
                            master->Unwrap(changed, "bound"), master->Unwrap("", "bound")}) {
    ASSERT_FALSE(wrong.ok());
    EXPECT_EQ(wrong.error().code, Code::kPermissionDenied);
  }
}

TEST(MasterKey, InMemoryOpensWhatLedgersOfTheFirstReleaseHold) {
  SeededEntropy entropy(2);
  const Bytes sealed = Seal(KeyOf("a"), "plain", "bound", entropy);
  EXPECT_EQ(MasterKeyOf(KeyOf("a"))->Unwrap(sealed, "bound").value(), "plain");
}

}  // namespace
}  // namespace oppi::ledger
