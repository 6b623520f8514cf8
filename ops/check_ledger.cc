#include "ops/check_ledger.h"

#include <algorithm>
#include <filesystem>

#include "events/entropy.h"
#include "ledger/checkpoint_lock.h"
#include "ledger/fsck.h"
#include "ledger/rocksdb_store.h"
#include "ledger/sequencer.h"
#include "ledger/vault.h"
#include "ops/key_files.h"
#include "ops/vault_master.h"
#include "projections/rebuild.h"

namespace oppi::ops {
namespace {

namespace fs = std::filesystem;

class Check {
 public:
  Check(std::string directory, const std::function<void(std::uint64_t, std::uint64_t)>& progress)
      : directory_(std::move(directory)), progress_(progress) {}

  Result<CheckReport> Run() {
    if (!fs::exists(fs::path(directory_) / "ledger.toml"))
      return NotFound("no ledger at " + directory_ + "; make one with: oppiloki init");
    Status status = CheckLog();
    // Views are looked at only when there is a log to hold them against.
    if (status.ok() && view_ != nullptr) status = CheckViews();
    if (!status.ok()) return status.error();
    // A damaged block is met again and again.
    std::vector<std::string>& damages = report_.damages;
    std::vector<std::string> once;
    for (std::string& damage : damages)
      if (std::find(once.begin(), once.end(), damage) == once.end())
        once.push_back(std::move(damage));
    damages = std::move(once);
    return std::move(report_);
  }

 private:
  /// An error that says something is damaged goes into the report, and this part of the check ends;
  /// every other error ends the check.
  Status Judge(const char* part, Error error) {
    if (error.code != Code::kDataLoss) return At(part, std::move(error));
    report_.damages.push_back(At(part, std::move(error)).message);
    return {};
  }

  Status CheckLog() {
    OPPI_TRY(const NamedSigningKey log_key, ReadKeyFile(directory_ + "/keys/log.key"));
    OPPI_TRY(const NodeConfig config, ReadConfig(directory_ + "/ledger.toml"));
    OPPI_TRY(auto master, OpenVaultMaster(config, directory_));
    OPPI_TRY(lock_, ledger::OpenFileLock(directory_ + "/lock/checkpoint"));
    auto store = ledger::OpenRocksDb(Rocks("log"));
    if (!store.ok()) return Judge("log", std::move(store).error());
    store_ = std::move(store).value();
    auto rows = ledger::OpenRocksDb(Rocks("vault/rows"));
    if (!rows.ok()) return Judge("vault", rows.error().code == Code::kNotFound ? DataLoss("its rows are missing") : std::move(rows).error());
    vault_rows_ = std::move(rows).value();
    auto vault = ledger::Vault::Open(*vault_rows_, entropy_, {directory_ + "/vault", std::move(master), false});
    if (!vault.ok()) {
      // Either of the two files is not the one that belongs here.
      Error error = std::move(vault).error();
      if (error.code == Code::kPermissionDenied) error.code = Code::kDataLoss;
      return Judge("vault", std::move(error));
    }
    vault_ = std::move(vault).value();
    const auto locked = lock_->Read();
    if (!locked.ok()) return Judge("lock", locked.error());
    const auto checked = ledger::Fsck(*store_, *vault_, log_key.verifier(), *locked, progress_);
    if (!checked.ok()) return Judge("log", checked.error());
    report_.entries = checked->leaves;
    report_.events = checked->events;
    report_.bodies_open = checked->bodies_open;
    report_.bodies_erased = checked->bodies_erased;
    report_.streams = checked->streams;
    report_.damages = checked->damages;
    report_.truncated = checked->truncated;
    auto view = ledger::StoredView(*store_, log_key.verifier());
    if (!view.ok()) return Judge("log", std::move(view).error());
    view_ = std::move(view).value();
    return {};
  }

  Status CheckViews() {
    if (!fs::exists(fs::path(directory_) / "views"))
      return Judge("views",
                   DataLoss("there are none; the next command makes them again from the log"));
    auto views = ledger::OpenRocksDb(Rocks("views"));
    if (!views.ok()) return Judge("views", std::move(views).error());
    const auto rebuilt = projections::Rebuild(*view_, {*store_, **views, *vault_}, {}, nullptr);
    if (!rebuilt.ok()) return Judge("views", rebuilt.error());
    report_.view_rows = rebuilt->rows;
    if (!rebuilt->identical()) return Judge("views", DataLoss(rebuilt->first));
    return {};
  }

  [[nodiscard]] ledger::RocksDbOptions Rocks(const char* folder) const {
    ledger::RocksDbOptions options;
    options.path = directory_ + "/" + folder;
    return options;
  }

  const std::string directory_;
  const std::function<void(std::uint64_t, std::uint64_t)>& progress_;
  SystemEntropy entropy_;
  std::unique_ptr<ledger::CheckpointLock> lock_;
  std::unique_ptr<ledger::Store> store_;
  std::unique_ptr<ledger::Store> vault_rows_;
  std::unique_ptr<ledger::Vault> vault_;
  std::shared_ptr<const ledger::LogView> view_;
  CheckReport report_;
};

}  // namespace

Result<CheckReport> CheckLedger(
    const std::string& directory,
    const std::function<void(std::uint64_t done, std::uint64_t all)>& progress) {
  return Check(directory, progress).Run();
}

}  // namespace oppi::ops
