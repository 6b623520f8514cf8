#include "ops/restore.h"

#include <algorithm>
#include <filesystem>
#include <tuple>

#include "events/entropy.h"
#include "ledger/checkpoint_lock.h"
#include "ledger/durable_file.h"
#include "ledger/erasure_list.h"
#include "ledger/generation.h"
#include "ledger/rocksdb_store.h"
#include "ledger/sequencer.h"
#include "ledger/succession.h"
#include "ledger/vault.h"
#include "ops/backups.h"
#include "ops/key_files.h"
#include "ops/log_keys.h"
#include "ops/node.h"
#include "ops/vault_master.h"

namespace oppi::ops {
namespace {

namespace fs = std::filesystem;

bool Exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

Status Move(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) return PermissionDenied("cannot move " + from + " to " + to + ": " + error.message());
  return SyncFolder(fs::path(to).parent_path().string());
}

/// What may have survived of a ledger, beside what a restore puts there.
bool MaySurvive(const std::string& name) {
  return name == "keys" || name == "vault" || name == "erasures" || name == "lock" ||
         name == "retention" || name == "restoring";
}

class Restoring {
 public:
  explicit Restoring(const RestoreOptions& options)
      : options_(options),
        from_(AbsolutePath(options.from)),
        data_(AbsolutePath(options.data)),
        stage_(data_ + "/restoring") {}

  Result<RestoreReport> Run() {
    OPPI_RETURN_IF_ERROR(Begin());
    if (const Status fits = Gather(); !fits.ok()) {
      OPPI_RETURN_IF_ERROR(Undo());
      return fits.error();
    }
    if (const Status placed = PutInPlace(); !placed.ok())
      return At("not finished, run the same command again", placed.error());
    return Open();
  }

 private:
  Status Begin() {
    if (options_.data.empty() || options_.from.empty())
      return InvalidArgument("say --from DIR and --data DIR");
    OPPI_RETURN_IF_ERROR(ClearPlace());
    OPPI_TRY(const BackupManifest peeked, PeekManifest(from_));
    // A key that survived here proves more than the one that lies in the backup itself.
    const std::string here = data_ + "/keys/ledger.key";
    const std::string there = from_ + "/" + peeked.StateFolder() + "/keys/ledger.key";
    if (!Exists(here) && !Exists(there))
      return NotFound("this backup is without keys, and there are none in " + data_ +
                      "/keys: put the ledger's signing keys there first");
    OPPI_TRY(const NamedSigningKey key, ReadKeyFile(Exists(here) ? here : there));
    OPPI_TRY(report_.backup, ReadManifest(from_, key.verifier()));
    OPPI_RETURN_IF_ERROR(MakePrivateFolder(data_));
    OPPI_RETURN_IF_ERROR(MakePrivateFolder(data_ + "/lock"));
    OPPI_TRY(lock_, ledger::OpenFileLock(data_ + "/lock/checkpoint"));
    return {};
  }

  /// Nothing is ever overwritten but what an interrupted restore had put there itself.
  Status ClearPlace() {
    std::error_code error;
    if (Exists(data_) && !fs::is_directory(data_, error))
      return AlreadyExists(data_ + " is not a directory");
    if (Exists(data_ + "/ledger.toml"))
      return AlreadyExists(
          "there is a ledger in " + data_ +
          " already. If it is the one that broke, put what survived of its keys, "
          "vault, erasures, retention and lock into a new directory and restore there");
    if (Exists(stage_)) {
      if (Exists(stage_ + "/placing"))
        for (const char* name : {"log", "trust.policy", "trust.policy.new", "ledger.toml.new"})
          fs::remove_all(data_ + "/" + name, error);
      OPPI_RETURN_IF_ERROR(DestroyTree(stage_, entropy_));
    }
    fs::directory_iterator at(data_, error);
    for (const fs::directory_iterator end; !error && at != end; at.increment(error)) {
      was_empty_ = false;
      const std::string name = at->path().filename().string();
      if (!MaySurvive(name))
        return AlreadyExists("there is something in " + data_ + " already: " + name +
                             ". A directory to restore into is empty, or holds what survived of "
                             "keys, vault, erasures, retention and lock");
    }
    if (error && error != std::errc::no_such_file_or_directory)
      return PermissionDenied("cannot look into " + data_ + ": " + error.message());
    return {};
  }

  /// As it was before.
  Status Undo() {
    lock_.reset();
    OPPI_RETURN_IF_ERROR(DestroyTree(stage_, entropy_));
    std::error_code ignored;
    if (was_empty_)
      for (const char* name : {"/lock/checkpoint", "/lock", ""}) fs::remove(data_ + name, ignored);
    return {};
  }

  /// All in the stage. What survived stays as it is until everything fits together.
  Status Gather() {
    OPPI_RETURN_IF_ERROR(Fetch());
    OPPI_RETURN_IF_ERROR(CheckKeys());
    OPPI_RETURN_IF_ERROR(ChooseVault());
    OPPI_TRY(std::ignore, ledger::AddErasures(data_ + "/erasures", stage_ + "/erasures"));
    OPPI_TRY(std::ignore, ledger::AddErasures(from_ + "/erasures", stage_ + "/erasures"));
    OPPI_RETURN_IF_ERROR(JoinCopies());
    return Examine();
  }

  /// Copies first and checks the copies: what is put in place is what was checked.
  Status Fetch() {
    OPPI_RETURN_IF_ERROR(MakePrivateFolder(stage_));
    const BackupManifest& backup = report_.backup;
    const std::string state = backup.StateFolder();
    const auto fetch = [&](const std::string& folder, const std::string& as,
                           const Sha256Digest& list) -> Status {
      if (!Exists(from_ + "/" + folder))
        return DataLoss("the folder " + from_ + "/" + folder + " is missing");
      OPPI_RETURN_IF_ERROR(
          CopyTree(from_ + "/" + folder, stage_ + "/" + as, false, options_.progress));
      const Status checked =
          CheckTree(stage_ + "/" + as, from_ + "/" + folder + ".sha256", list, options_.progress);
      if (checked.ok()) return {};
      return At("the backup is damaged or mixed with another", checked.error());
    };
    OPPI_RETURN_IF_ERROR(fetch("log", "log", backup.log_files));
    OPPI_RETURN_IF_ERROR(fetch(state, "state", backup.state_files));
    return {};
  }

  /// The key file that counts: the one that survived, else the one in the backup.
  std::string KeyFile(const std::string& name) const {
    const std::string here = data_ + "/keys/" + name + ".key";
    return Exists(here) ? here : stage_ + "/state/keys/" + name + ".key";
  }

  /// Whether the backup's key of the log handed over, at last, to the one that survived.
  bool LogKeyFollows() const {
    const auto ours = ReadLogKeys(data_ + "/keys");
    const auto theirs = ReadKeyFile(stage_ + "/state/keys/log.key");
    if (!ours.ok() || !theirs.ok()) return false;
    const auto known = ledger::Follow(ledger::PolicyOf(ours->key.verifier()), ours->successions);
    return known.ok() &&
           std::any_of(known->logs.begin(), known->logs.end(), [&](const ledger::TlogPolicy::Log& log) {
             return log.key == theirs->verifier() && log.until;
           });
  }

  Status CheckKeys() const {
    for (const char* name : {"log", "registrar", "ledger", "operator"}) {
      const std::string here = data_ + "/keys/" + name + ".key";
      OPPI_TRY(const auto ours, ledger::ReadFileIfThere(here));
      OPPI_TRY(const auto theirs, ledger::ReadFileIfThere(stage_ + "/state/keys/" + name + ".key"));
      if (!ours && !theirs)
        return NotFound("the key " + here + " is missing, and the backup is without keys");
      if (ours && theirs && *ours != *theirs && (std::string_view(name) != "log" || !LogKeyFollows()))
        return DataLoss("the key " + here +
                        " is another than the backup's: they are of two ledgers");
    }
    return {};
  }

  Status ChooseVault() {
    const std::string vault = data_ + "/vault";
    const std::vector<std::uint32_t> here = ledger::GenerationsIn(vault);
    const bool rows = Exists(vault + "/rows");
    if (rows != !here.empty())
      return DataLoss(
          "of the vault in " + vault +
          " one half is missing, its rows or its key file: complete it, or move it away");
    report_.vault_survived = rows;
    if (rows && here.back() < report_.backup.generation)
      return DataLoss("the vault in " + vault +
                      " is older than the one in the backup: move it away");
    vault_ = rows ? vault : stage_ + "/state/vault";
    return {};
  }

  /// The backups that are known of, and this one.
  Status JoinCopies() {
    OPPI_TRY(std::vector<VaultCopy> known, ReadCopies(data_));
    OPPI_TRY(const std::vector<VaultCopy> others, ReadCopies(from_));
    const BackupManifest& backup = report_.backup;
    const VaultCopy itself{from_, backup.id, backup.made, backup.generation, true};
    // What the backup says of itself is from before it was whole.
    for (const VaultCopy& other : others)
      if (!other.IsSame(itself) &&
          std::none_of(known.begin(), known.end(),
                       [&](const VaultCopy& copy) { return copy.IsSame(other); }))
        known.push_back(other);
    known.erase(std::remove_if(known.begin(), known.end(),
                               [&](const VaultCopy& copy) { return copy.IsSame(itself); }),
                known.end());
    known.push_back(itself);
    return WriteCopies(stage_, known);
  }

  ledger::RocksDbOptions Rocks(const std::string& path) const {
    ledger::RocksDbOptions rocks;
    rocks.path = path;
    return rocks;
  }

  /// Everything fits together before anything is a ledger.
  Status Examine() {
    const BackupManifest& backup = report_.backup;
    OPPI_TRY(const NodeConfig config, ReadConfig(stage_ + "/state/ledger.toml"));
    OPPI_TRY(const NamedSigningKey log_key, ReadKeyFile(KeyFile("log")));
    if (config.origin != backup.origin || log_key.name != backup.origin)
      return DataLoss("settings, keys and manifest name different ledgers");
    OPPI_TRY(const auto log, ledger::OpenRocksDb(Rocks(stage_ + "/log")));
    // The key that survived may be younger than the backup.
    OPPI_TRY(const LogKeys log_keys, ReadLogKeys(fs::path(KeyFile("log")).parent_path().string()));
    OPPI_RETURN_IF_ERROR(SignStoredAnew(*log, log_keys));
    OPPI_TRY(const auto view, ledger::StoredView(*log, log_key.verifier()));
    OPPI_TRY(const RootHash root, view->Root(view->size()));
    if (view->size().value() != backup.size || root.base64() != backup.root)
      return DataLoss("the log in the backup is not the one its manifest names");

    // Its path may be relative to the ledger.
    const bool fetched = config.master.kind == MasterKeySource::Kind::kFile &&
                         !Exists((fs::path(data_) / config.master.file).string());
    OPPI_TRY(auto master, OpenVaultMaster(config, fetched ? stage_ + "/state" : data_));
    OPPI_RETURN_IF_ERROR(OneLedger(*master));
    OPPI_TRY(const auto rows, ledger::OpenRocksDb(Rocks(vault_ + "/rows")));
    OPPI_TRY(const auto vault, ledger::Vault::Open(*rows, entropy_, {vault_, master, false}));
    report_.generation = vault->generation();
    OPPI_TRY(const ledger::ErasureList list,
             ledger::ErasureList::Open(stage_ + "/erasures", vault->ListKey()));
    report_.erasures = list.last();
    if (list.last() < backup.erasures)
      return DataLoss("erasure list: the backup had " + std::to_string(backup.erasures) +
                      " records, only " + std::to_string(list.last()) + " are there");
    OPPI_TRY(const std::uint32_t performed, ledger::ErasuresPerformed(*log));
    if (performed > list.last())
      return DataLoss("erasure list: this log has performed erasures that the list does not have");
    report_.erasures_again = list.last() - performed;
    TreeSize planned_at{0};
    for (std::uint32_t number = 1; number <= list.last(); ++number) {
      const auto record = list.Read(number);
      if (!record.ok())
        return At("erasure list: record " + std::to_string(number) + " does not open",
                  record.error());
      planned_at = std::max(planned_at, record->size);
    }
    return JudgeLoss(*view, planned_at);
  }

  /// The vault that survived and the one in the backup derive the same tags, or they are of two
  /// ledgers.
  Status OneLedger(ledger::MasterKey& master) {
    if (!report_.vault_survived) return {};
    const auto theirs =
        ledger::ReadGeneration(stage_ + "/state/vault", report_.backup.generation, master);
    if (!theirs.ok()) return {};  // wrapped by an earlier master key
    OPPI_TRY(const ledger::Generation ours,
             ledger::ReadGeneration(data_ + "/vault",
                                    ledger::GenerationsIn(data_ + "/vault").back(), master));
    if (ours.tags.get().view() != theirs->tags.get().view())
      return DataLoss("the vault at " + data_ + "/vault is of another ledger than the backup");
    return {};
  }

  std::string AbandonedLock(std::uint64_t size) const {
    return data_ + "/lock/abandoned-" + std::to_string(size);
  }

  void AcceptLoss(std::uint64_t lost) {
    report_.lost_entries = lost;
    report_.warnings.push_back(std::to_string(lost) +
                               " entries are lost; publish that, and the last checkpoint of the "
                               "lost history (docs/operations.md)");
  }

  Status JudgeLoss(const ledger::LogView& view, TreeSize planned_at) {
    const std::uint64_t size = view.size().value();
    OPPI_TRY(const auto locked, lock_->Read());
    const std::string abandoned = AbandonedLock(size + options_.lost_entries.value_or(0));
    if (!locked && options_.lost_entries && Exists(abandoned)) {
      AcceptLoss(*options_.lost_entries);  // begun by a restore that was interrupted
      return {};
    }
    if (!locked) {
      if (options_.lost_entries)
        return InvalidArgument(
            "no lock survived here, so nothing says how many entries are lost; leave "
            "--lost-entries out");
      report_.warnings.push_back(
          "no lock/checkpoint survived here: if the ledger took in anything after " +
          FormatInstant(report_.backup.made) +
          ", it is lost, and checkpoints that others hold will be contradicted");
      if (planned_at.value() > size)
        report_.warnings.push_back("the erasure list shows that at least " +
                                   std::to_string(planned_at.value() - size) + " entries are lost");
      return {};
    }
    if (locked->size.value() > size) {
      const std::uint64_t lost = locked->size.value() - size;
      if (options_.lost_entries == lost) {
        lock_is_ahead_ = true;
        AcceptLoss(lost);
        return {};
      }
      return DataLoss("this backup has " + std::to_string(size) +
                      " entries, but a checkpoint over " + std::to_string(locked->size.value()) +
                      " was published: restoring it loses " + std::to_string(lost) +
                      " entries, contradicts checkpoints that others hold, and witnesses will not "
                      "cosign what follows. "
                      "Look for a newer backup; if there is none, say --lost-entries " +
                      std::to_string(lost) + " (docs/operations.md)");
    }
    OPPI_TRY(const RootHash there, view.Root(locked->size));
    if (there != locked->root)
      return DataLoss(
          "this backup does not extend the published checkpoint: it is of another history");
    if (options_.lost_entries.value_or(0) != 0)
      return InvalidArgument(
          "the lock here knows of no entry that is lost; leave --lost-entries out");
    return {};
  }

  /// The settings last: without them there is no ledger here, and the same command begins anew.
  /// Before that the older keys go that the stage may hold.
  Status PutInPlace() {
    OPPI_TRY(const auto settings, ledger::ReadFileIfThere(stage_ + "/state/ledger.toml"));
    OPPI_RETURN_IF_ERROR(ledger::WriteFileDurably(stage_ + "/placing", "", 0600));
    OPPI_RETURN_IF_ERROR(PutMissing("keys"));
    OPPI_RETURN_IF_ERROR(PutMissing("retention"));
    OPPI_TRY(std::ignore, ledger::AddErasures(stage_ + "/erasures", data_ + "/erasures"));
    OPPI_TRY(const std::vector<VaultCopy> copies, ReadCopies(stage_));
    OPPI_RETURN_IF_ERROR(WriteCopies(data_, copies));
    if (!report_.vault_survived) {
      std::error_code ignored;
      fs::remove(data_ + "/vault", ignored);  // an empty folder
      OPPI_RETURN_IF_ERROR(Move(vault_, data_ + "/vault"));
    }
    OPPI_RETURN_IF_ERROR(Move(stage_ + "/log", data_ + "/log"));
    lock_.reset();
    if (lock_is_ahead_)
      OPPI_RETURN_IF_ERROR(Move(data_ + "/lock/checkpoint",
                                AbandonedLock(report_.backup.size + report_.lost_entries)));
    OPPI_TRY(const auto trust, ledger::ReadFileIfThere(stage_ + "/state/trust.policy"));
    if (trust)
      OPPI_RETURN_IF_ERROR(ledger::WriteFileDurably(data_ + "/trust.policy", *trust, 0644));
    OPPI_RETURN_IF_ERROR(DestroyTree(stage_ + "/state", entropy_));
    // What is left of the stage goes when the ledger is opened.
    return ledger::WriteFileDurably(data_ + "/ledger.toml", *settings, 0600);
  }

  /// The files below `folder` that did not survive.
  Status PutMissing(const std::string& folder) const {
    const std::string fetched = stage_ + "/state/" + folder;
    std::error_code error;
    fs::recursive_directory_iterator at(fetched, error);
    for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
      const std::string target =
          data_ + "/" + folder + "/" + at->path().lexically_relative(fetched).string();
      if (!at->is_regular_file(error) || Exists(target)) continue;
      OPPI_TRY(const auto bytes, ledger::ReadFileIfThere(at->path().string()));
      OPPI_RETURN_IF_ERROR(MakePrivateFolder(fs::path(target).parent_path().string()));
      OPPI_RETURN_IF_ERROR(ledger::WriteFileDurably(target, *bytes, 0600));
    }
    return {};
  }

  Result<RestoreReport> Open() {
    OPPI_TRY(const auto node, Node::Open({data_, options_.catching_up}));
    report_.size = node->View()->size().value();
    OPPI_TRY(const std::vector<std::string> stale, node->backups().Stale());
    report_.warnings.insert(report_.warnings.end(), stale.begin(), stale.end());
    if (node->vault().owes_generation())
      report_.warnings.emplace_back(
          "erasures were done again here; what they took is out of reach for good only after: "
          "oppiloki erase --run --data " +
          data_);
    return std::move(report_);
  }

  const RestoreOptions& options_;
  const std::string from_;
  const std::string data_;
  const std::string stage_;
  std::string vault_;      // the one that counts, where it lies now
  bool was_empty_ = true;  // `data` was
  bool lock_is_ahead_ = false;
  SystemEntropy entropy_;
  std::unique_ptr<ledger::CheckpointLock> lock_;
  RestoreReport report_;
};

}  // namespace

Result<RestoreReport> Restore(const RestoreOptions& options) { return Restoring(options).Run(); }

}  // namespace oppi::ops
