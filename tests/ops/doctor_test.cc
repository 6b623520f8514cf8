#include "ops/doctor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "ops/process_guard.h"
#include "ops/system_clock.h"
#include "tests/support/temp_folder.h"

namespace oppi::ops {
namespace {

using Level = Finding::Level;

class ExamineMachineTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  [[nodiscard]] Finding Find(const std::string& check, Instant now = SystemClock().Now()) const {
    const std::vector<Finding> all = ExamineMachine({folder_ / "swaps", folder_ / "block"}, now);
    const auto found = std::find_if(all.begin(), all.end(), [&](const Finding& f) { return f.check == check; });
    OPPI_CHECK(found != all.end());
    return *found;
  }
  [[nodiscard]] Finding SwapOn(const std::string& devices) const {
    Write("swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n" + devices);
    return Find("swap");
  }

  tests::TempFolder folder_;
};

TEST_F(ExamineMachineTest, WarnsOfSwapThatIsNotEncryptedAndOfNoOther) {
  Write("block/dm-1/dm/uuid", "CRYPT-PLAIN-swap\n");
  Write("block/dm-2/dm/uuid", "LVM-abcdef\n");
  EXPECT_EQ(SwapOn("").level, Level::kGood);
  EXPECT_EQ(SwapOn("/dev/zram0 partition 1 0 100\n/dev/dm-1 partition 1 0 -2\n").level, Level::kGood);
  for (const char* open : {"/dev/sda2", "/dev/dm-2", "/swapfile"}) {
    const Finding swap = SwapOn(std::string("/dev/dm-1 partition 1 0 -2\n") + open + " partition 1 0 -3\n");
    EXPECT_EQ(swap.level, Level::kWarning);
    EXPECT_NE(swap.message.find(std::string("not encrypted: ") + open + ";"), std::string::npos) << swap.message;
    EXPECT_NE(swap.mend.find("MemorySwapMax=0"), std::string::npos);
  }
}

TEST_F(ExamineMachineTest, SeesAClockThatIsYearsBehind) {
  EXPECT_NE(Find("clock").level, Level::kWrong);
  EXPECT_EQ(Find("clock", Instant{0}).level, Level::kWrong);
}

TEST(LockTrouble, NamesTheLimitAndTheSettingsThatMendIt) {
  EXPECT_FALSE(LockTroubleOf(std::nullopt));
  EXPECT_FALSE(LockTroubleOf(kLockedBytesWanted));
  const auto trouble = LockTroubleOf(8 << 20);
  ASSERT_TRUE(trouble);
  EXPECT_NE(trouble->message.find("8 MiB"), std::string::npos);
  EXPECT_NE(trouble->message.find("20971 learners"), std::string::npos) << trouble->message;
  EXPECT_NE(trouble->mend.find("LimitMEMLOCK=1G"), std::string::npos);
  EXPECT_NE(LockTroubleOf(0)->message.find("0 KiB"), std::string::npos);
}

}  // namespace
}  // namespace oppi::ops
