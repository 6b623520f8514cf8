#include "ops/process_guard.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

namespace oppi::ops {
namespace {

/// What a learner's keys take in the cache, measured over two million of them.
constexpr std::uint64_t kBytesPerLearner = 400;

/// Processes with this capability lock as much as they like.
bool MayLockAnything() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return false;
  return (sets[0].effective & (1U << CAP_IPC_LOCK)) != 0;
}

std::string Size(std::uint64_t bytes) {
  if (bytes < (1U << 20)) return std::to_string(bytes >> 10) + " KiB";
  return std::to_string(bytes >> 20) + " MiB";
}

}  // namespace

Status GuardProcess() {
  ::umask(077);
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0 || ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || !CoreDumpsAreOff())
    return PermissionDenied("core dumps cannot be switched off here, and one would hold keys in clear; allow prctl and setrlimit");
  return {};
}

bool CoreDumpsAreOff() {
  rlimit core{};
  return ::getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0 &&
         ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
}

std::optional<std::uint64_t> LockableBytes() {
  rlimit locked{};
  if (MayLockAnything() || ::getrlimit(RLIMIT_MEMLOCK, &locked) != 0 || locked.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return locked.rlim_cur;
}

std::optional<LockTrouble> LockTroubleOf(std::optional<std::uint64_t> lockable_bytes) {
  if (!lockable_bytes || *lockable_bytes >= kLockedBytesWanted) return std::nullopt;
  return LockTrouble{"only " + Size(*lockable_bytes) + " of memory may be locked, which is room for the keys of about " +
                         std::to_string(*lockable_bytes / kBytesPerLearner) + " learners; keys of more could reach swap",
                     "in the unit: LimitMEMLOCK=1G; in a shell: ulimit -l 1048576"};
}

}  // namespace oppi::ops
