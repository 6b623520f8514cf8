#include <sys/timex.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "events/bytes.h"
#include "ops/doctor.h"
#include "ops/process_guard.h"

namespace oppi::ops {
namespace {

namespace fs = std::filesystem;
using Level = Finding::Level;

constexpr Instant kNoEarlierThan{1'767'225'600 * kMicrosPerSecond};  // 2026-01-01: before this program was

Finding CoreDumps() {
  if (CoreDumpsAreOff()) return {Level::kGood, "core dumps", "the program switches them off for itself", ""};
  return {Level::kWrong, "core dumps", "they could not be switched off: a crash would write keys in clear", "ulimit -c 0"};
}

Finding LockedMemory() {
  const auto trouble = LockTroubleOf(LockableBytes());
  if (trouble) return {Level::kWarning, "locked memory", trouble->message, trouble->mend};
  return {Level::kGood, "locked memory", "keys can be locked into memory", ""};
}

/// In memory, or on a device that the kernel encrypts: the name of a dm-crypt mapping begins so.
bool IsSafeSwap(const std::string& device, const MachineFiles& files) {
  const std::string name = fs::path(device).filename().string();
  if (name.starts_with("zram")) return true;
  std::ifstream uuid(files.blocks + "/" + name + "/dm/uuid");
  std::string text;
  return std::getline(uuid, text) && text.starts_with("CRYPT-");
}

Finding Swap(const MachineFiles& files) {
  std::ifstream swaps(files.swaps);
  std::string line;
  std::getline(swaps, line);  // names of the columns
  std::string open;
  bool any = false;
  while (std::getline(swaps, line)) {
    std::istringstream words(line);
    std::string device;
    if (!(words >> device)) continue;
    any = true;
    if (!IsSafeSwap(device, files)) open += (open.empty() ? "" : ", ") + device;
  }
  if (!open.empty())
    return {Level::kWarning, "swap", "not encrypted: " + open + "; what is being worked on, learners' data too, could be written there in clear",
            "in the unit: MemorySwapMax=0; or encrypt it (crypttab: swap), or: swapoff -a"};
  return {Level::kGood, "swap", any ? "encrypted, or in memory" : "there is none", ""};
}

Finding ClockOf(Instant now) {
  if (now < kNoEarlierThan) return {Level::kWrong, "clock", "it is years behind", "timedatectl set-ntp true"};
  timex state{};
  if (::adjtimex(&state) == TIME_ERROR || (state.status & STA_UNSYNC) != 0)
    return {Level::kWarning, "clock", "it is not synchronised, as far as the kernel knows; the time of every entry comes from it", "timedatectl set-ntp true"};
  return {Level::kGood, "clock", "synchronised", ""};
}

}  // namespace

const char* LevelName(Finding::Level level) {
  switch (level) {
    case Level::kGood:
      return "good";
    case Level::kWarning:
      return "warning";
    case Level::kWrong:
      return "wrong";
  }
  return "";
}

std::vector<Finding> ExamineMachine(const MachineFiles& files, Instant now) {
  return {CoreDumps(), LockedMemory(), Swap(files), ClockOf(now)};
}

}  // namespace oppi::ops
