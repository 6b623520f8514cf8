#include "ops/doctor.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "ops/copies.h"
#include "ops/key_files.h"
#include "ops/vault_master.h"

namespace oppi::ops {
namespace {

namespace fs = std::filesystem;
using Level = Finding::Level;

constexpr std::uint64_t kDiskWrong = std::uint64_t{256} << 20;
constexpr std::uint64_t kDiskWarning = std::uint64_t{2} << 30;
/// Files are stamped with the kernel's coarse clock, and over a network with another machine's.
constexpr std::int64_t kClockSlackSeconds = 5;

/// What everybody may read.
bool IsPublic(const fs::path& path) { return path.filename() == "trust.policy"; }

struct Walk {
  std::uint64_t seen = 0;
  std::uint64_t open = 0;  // others can read or change it
  std::string first_open;
  std::uint64_t foreign = 0;  // of another owner than the directory
  std::string first_foreign;
  std::int64_t newest = 0;  // modified, seconds since 1970
};

void Look(const fs::path& path, const fs::path& shown, uid_t owner, Walk& walk) {
  struct stat info {};
  // A running ledger deletes files under our eyes.
  if (::lstat(path.c_str(), &info) != 0 || S_ISLNK(info.st_mode)) return;
  ++walk.seen;
  const mode_t forbidden = IsPublic(path) ? 022 : 077;
  if ((info.st_mode & forbidden) != 0 && walk.open++ == 0) walk.first_open = shown.string();
  if (info.st_uid != owner && walk.foreign++ == 0) walk.first_foreign = shown.string();
  if (S_ISREG(info.st_mode)) walk.newest = std::max<std::int64_t>(walk.newest, info.st_mtim.tv_sec);
}

class Examination {
 public:
  Examination(std::string directory, Instant now) : directory_(std::move(directory)), now_(now) {}

  Result<std::vector<Finding>> Run() {
    OPPI_RETURN_IF_ERROR(WalkAll());
    auto config = ReadConfig(directory_ + "/ledger.toml");
    if (!config.ok() && config.error().code == Code::kNotFound) return std::move(config).error();
    Permissions();
    Owner();
    if (config.ok()) {
      Good("settings", "ledger.toml is in order");
      Keys(*config);
      Master(*config);
    } else {
      Add(Level::kWrong, "settings", config.error().message, "edit " + directory_ + "/ledger.toml");
    }
    Copies();
    Disk();
    LastWritten();
    return std::move(findings_);
  }

 private:
  void Add(Level level, const char* check, std::string message, std::string mend) {
    findings_.push_back({level, check, std::move(message), std::move(mend)});
  }
  void Good(const char* check, std::string message) { Add(Level::kGood, check, std::move(message), ""); }

  Status WalkAll() {
    struct stat info {};
    if (::stat(directory_.c_str(), &info) != 0)
      return errno == EACCES ? Status(PermissionDenied("may not look into " + directory_ + "; run this as the owner of the ledger"))
                             : Status(NotFound("no ledger at " + directory_ + "; make one with: oppiloki init"));
    owner_ = info.st_uid;
    if (owner_ != ::geteuid())
      return PermissionDenied("this ledger belongs to another user, and only that user sees it as the service does; run: sudo -u '#" +
                              std::to_string(owner_) + "' oppiloki doctor --data " + directory_);
    closed_ = (info.st_mode & 077) == 0;
    Look(directory_, ".", owner_, walk_);
    std::error_code error;
    for (fs::recursive_directory_iterator at(directory_, error), end; !error && at != end; at.increment(error))
      Look(at->path(), fs::relative(at->path(), directory_, error), owner_, walk_);
    if (error == std::errc::permission_denied)
      return PermissionDenied("may not look into all of " + directory_ + "; run this as the owner of the ledger");
    return {};
  }

  void Permissions() {
    const std::string mend = "chmod -R go-rwx " + directory_ + " && chmod 644 " + directory_ + "/trust.policy";
    if (walk_.open == 0) return Good("permissions", std::to_string(walk_.seen) + " files and folders, none open to others");
    const std::string which = std::to_string(walk_.open) + " of " + std::to_string(walk_.seen) + " files and folders are open to others, first " + walk_.first_open;
    if (closed_) return Add(Level::kWarning, "permissions", which + "; the directory itself is closed, but copies may not be", mend);
    Add(Level::kWrong, "permissions", which, mend);
  }

  void Owner() {
    if (walk_.foreign == 0) return Good("owner", "everything belongs to one user");
    const std::string name = std::to_string(owner_);
    Add(Level::kWrong, "owner", std::to_string(walk_.foreign) + " files belong to another user than the directory, first " + walk_.first_foreign +
            " (a command was run as somebody else?)", "chown -R " + name + " " + directory_);
  }

  void Keys(const NodeConfig& config) {
    bool good = true;
    for (const char* name : {"log", "registrar", "ledger", "operator"}) {
      const std::string path = directory_ + "/keys/" + name + ".key";
      const auto key = ReadKeyFile(path);
      const std::string wanted = std::string_view(name) == "log" ? config.origin : std::string(name);
      if (key.ok() && key->name == wanted) continue;
      good = false;
      Add(Level::kWrong, "keys", key.ok() ? path + " is the key of another name than " + wanted : key.error().message,
          key.ok() || key.error().code != Code::kPermissionDenied ? "put the key of this ledger back from its copy" : "chmod 600 " + path);
    }
    if (good) Good("keys", "the four signing keys can be read, by their owner alone");
  }

  void Master(const NodeConfig& config) {
    if (config.master_before)
      Add(Level::kWarning, "master key", "its move from " + Describe(*config.master_before) + " is unfinished",
          "run the same command again: oppiloki rotate vault-master --data " + directory_ + " --to ...");
    const auto master = OpenVaultMaster(config, directory_);
    const std::string where = Describe(config.master);
    if (master.ok()) return Good("master key", where + ": there and usable");
    Add(Level::kWrong, "master key", where + ": " + master.error().message, "what the message says; " + directory_ + "/ledger.toml says where the key is");
  }

  void Copies() {
    const auto copies = ReadCopies(directory_);
    if (!copies.ok()) return Add(Level::kWrong, "backups", copies.error().message, "put erasures/copies.json of the newest backup in its place");
    bool good = true;
    for (const VaultCopy& copy : *copies) {
      if (copy.generation >= GenerationInUse(directory_)) continue;
      good = false;
      Add(Level::kWarning, "backups", StaleText(copy), StaleMend(copy, directory_));
    }
    if (good) Good("backups", std::to_string(copies->size()) + " are known, none opens what was erased");
  }

  void Disk() {
    struct statvfs space {};
    if (::statvfs(directory_.c_str(), &space) != 0)
      return Add(Level::kWarning, "disk", std::string("cannot tell how full it is: ") + std::strerror(errno), "df " + directory_);
    const std::uint64_t free = static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
    const std::string left = std::to_string(free >> 20) + " MiB free";
    const std::string mend = "make room, or move the ledger to a larger disk: df -h " + directory_;
    if (free < kDiskWrong) return Add(Level::kWrong, "disk", left + ": commits are about to fail", mend);
    if (free < kDiskWarning) return Add(Level::kWarning, "disk", left, mend);
    if (space.f_favail != 0 && space.f_favail < 10'000) return Add(Level::kWarning, "disk", "few inodes left", mend);
    Good("disk", left);
  }

  void LastWritten() {
    const std::int64_t ahead = walk_.newest - now_.micros / kMicrosPerSecond;
    if (ahead <= kClockSlackSeconds) return Good("clock and files", "no file is from the future");
    Add(Level::kWrong, "clock and files", "a file here was written " + std::to_string(ahead) + " seconds in the future: the clock went back",
        "set the clock, as in: timedatectl set-ntp true");
  }

  const std::string directory_;
  const Instant now_;
  uid_t owner_ = 0;
  bool closed_ = false;
  Walk walk_;
  std::vector<Finding> findings_;
};

}  // namespace

Result<std::vector<Finding>> ExamineLedger(const std::string& directory, Instant now) {
  return Examination(directory, now).Run();
}

}  // namespace oppi::ops
