#include "ops/backups.h"

#include <algorithm>
#include <filesystem>

#include "ledger/durable_file.h"
#include "ledger/erasure_list.h"
#include "ledger/generation.h"
#include "ledger/rocksdb_store.h"

namespace oppi::ops {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMasterFile = "keys/master.key";

/// Goes with the object, whatever happens. Without key files: hard links of sealed rows are all it
/// holds.
class Stage {
 public:
  explicit Stage(std::string path) : path_(std::move(path)) { Remove(); }
  ~Stage() {
    if (!path_.empty()) Remove();
  }
  Stage(Stage&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  Stage& operator=(Stage&&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  void Remove() const {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  std::string path_;
};

/// A file of the ledger, if it is there.
Status CopyIfThere(const std::string& from, const std::string& to, mode_t mode = 0600) {
  OPPI_TRY(const auto bytes, ledger::ReadFileIfThere(from));
  return bytes ? ledger::WriteFileDurably(to, *bytes, mode) : Status();
}

/// The files below `folder` of the ledger that are `wanted`, under the same names.
Status CopySome(const std::string& ledger, const std::string& folder, const std::string& state,
                const std::function<bool(const fs::path&)>& wanted) {
  std::error_code error;
  if (!fs::exists(ledger + "/" + folder, error)) return {};
  std::vector<std::string> names;
  fs::recursive_directory_iterator at(ledger + "/" + folder, error);
  for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (at->is_regular_file(ignored) && wanted(at->path()))
      names.push_back(at->path().lexically_relative(ledger).string());
  }
  if (error) return PermissionDenied("cannot read all of " + ledger + "/" + folder);
  for (const std::string& name : names) {
    OPPI_RETURN_IF_ERROR(MakePrivateFolder(fs::path(state + "/" + name).parent_path().string()));
    OPPI_RETURN_IF_ERROR(CopyIfThere(ledger + "/" + name, state + "/" + name));
  }
  return {};
}

/// Signing keys. A master key, the one in use or one that was, is never among them.
Status CopyKeys(const std::string& ledger, const NodeConfig& config, const std::string& state) {
  return CopySome(ledger, "keys", state, [&](const fs::path& path) {
    std::error_code ignored;
    const bool in_use = config.master.kind == MasterKeySource::Kind::kFile &&
                        fs::equivalent(path, fs::path(ledger) / config.master.file, ignored);
    return (path.extension() == ".key" && path.filename() != "master.key" && !in_use) || path.filename() == "log.successions";
  });
}

bool IsInside(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

bool Exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

/// Whether this very backup, or what is left of it, may still be where it was.
bool LiesThere(const VaultCopy& copy) {
  const auto there = PeekManifest(copy.path);
  if (there.ok()) return there->id == copy.id;
  if (there.error().code != Code::kNotFound) return true;
  const auto unfinished = ReadUnfinished(copy.path);
  return !unfinished.ok() || *unfinished == copy.id;
}

}  // namespace

std::string AbsolutePath(const std::string& path) {
  std::error_code error;
  // Made absolute first: what is not there at all stays relative otherwise.
  const fs::path whole = fs::absolute(path, error);
  std::string absolute = fs::weakly_canonical(whole, error).string();
  if (error) absolute = whole.lexically_normal().string();
  while (absolute.size() > 1 && absolute.back() == '/') absolute.pop_back();
  return absolute;
}

Backups::Backups(Ports ports) : ports_(std::move(ports)) {
  const Stage backup(ports_.directory + "/backup.stage");
  const Stage restore(ports_.directory + "/restoring");
}

/// What one standstill gave.
struct Backups::Taken {
  Stage stage;
  std::shared_ptr<const ledger::LogView> view;
  std::uint32_t generation = 0;
  Bytes generation_key;  // wrapped by the master key
};

Result<Backups::Taken> Backups::Take(bool with_log) const {
  Taken taken{Stage(AbsolutePath(ports_.directory) + "/backup.stage"), nullptr, 0, {}};
  OPPI_RETURN_IF_ERROR(MakePrivateFolder(taken.stage.path()));
  const auto copy = [&](ledger::Standstill& still) -> Status {
    taken.view = still.View();
    taken.generation = ports_.vault.generation();
    OPPI_TRY(auto key, ledger::ReadFileIfThere(
                           ledger::GenerationPath(ports_.directory + "/vault", taken.generation)));
    if (!key) return DataLoss("vault: the generation key file is missing");
    taken.generation_key = *std::move(key);
    if (with_log)
      OPPI_RETURN_IF_ERROR(ledger::CopyRocksDb(ports_.log, taken.stage.path() + "/log"));
    return ledger::CopyRocksDb(ports_.vault_rows, taken.stage.path() + "/rows");
  };
  OPPI_RETURN_IF_ERROR(ports_.sequencer.AtStandstill(copy));
  return taken;
}

/// Settings, keys and vault, as a folder of its own that the manifest does not name yet.
Status Backups::PutState(const std::string& out, bool with_keys, Taken& taken,
                         BackupManifest& manifest, const CopyProgressFn& progress) const {
  const std::string state = out + "/" + manifest.StateFolder();
  OPPI_RETURN_IF_ERROR(MakePrivateFolder(state));
  OPPI_RETURN_IF_ERROR(MakePrivateFolder(state + "/keys"));
  OPPI_RETURN_IF_ERROR(MakePrivateFolder(state + "/vault"));
  OPPI_RETURN_IF_ERROR(
      CopyTree(taken.stage.path() + "/rows", state + "/vault/rows", true, progress));
  OPPI_RETURN_IF_ERROR(At("state: rows"));
  OPPI_RETURN_IF_ERROR(CopyIfThere(ports_.directory + "/ledger.toml", state + "/ledger.toml"));
  OPPI_RETURN_IF_ERROR(
      CopyIfThere(ports_.directory + "/trust.policy", state + "/trust.policy", 0644));
  manifest.keys = with_keys;
  manifest.master = with_keys && ports_.config.master.kind == MasterKeySource::Kind::kFile &&
                    ports_.config.master.file == kMasterFile;
  if (with_keys) OPPI_RETURN_IF_ERROR(CopyKeys(ports_.directory, ports_.config, state));
  OPPI_RETURN_IF_ERROR(CopySome(ports_.directory, "retention", state,
                                [](const fs::path& path) { return path.extension() == ".note"; }));
  if (manifest.master)
    OPPI_RETURN_IF_ERROR(
        CopyIfThere(ports_.directory + "/" + kMasterFile, state + "/" + kMasterFile));
  OPPI_RETURN_IF_ERROR(ledger::WriteFileDurably(
      ledger::GenerationPath(state + "/vault", taken.generation), taken.generation_key, 0600));
  manifest.generation = taken.generation;
  OPPI_TRY(manifest.state_files, ListTree(state, progress));
  return {};
}

Status Backups::PutErasures(const std::string& out, BackupManifest& manifest) const {
  OPPI_RETURN_IF_ERROR(MakePrivateFolder(out + "/erasures"));
  OPPI_TRY(manifest.erasures,
           ledger::AddErasures(ports_.directory + "/erasures", out + "/erasures"));
  // Which other copies there are: whoever restores this one must know.
  return CopyIfThere(ports_.directory + "/erasures/copies.json", out + "/erasures/copies.json");
}

Status Backups::RemoveOtherStates(const std::string& out, const std::string& kept) const {
  std::vector<std::string> others;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(out, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("state-") && name != kept && name != kept + ".sha256")
      others.push_back(name);
  }
  for (const std::string& name : others) {
    if (name.find('.') == std::string::npos)
      OPPI_RETURN_IF_ERROR(DestroyTree(out + "/" + name, ports_.entropy));
    fs::remove(out + "/" + name, error);
  }
  return SyncFolder(out);
}

/// A backup gets a directory of its own. What an interrupted one left there goes first.
Status Backups::ClearPlace(const std::string& out) {
  if (IsInside(out, AbsolutePath(ports_.directory)))
    return InvalidArgument("a backup does not belong into the ledger's own directory");
  std::error_code error;
  if (fs::exists(out, error) && !fs::is_directory(out, error))
    return AlreadyExists(out + " is not a directory");
  OPPI_TRY(const auto left, ReadUnfinished(out));
  if (left && !Exists(out + "/manifest")) {
    OPPI_TRY(const std::vector<VaultCopy> copies, ReadCopies(ports_.directory));
    const bool ours = std::any_of(copies.begin(), copies.end(), [&](const VaultCopy& copy) {
      return copy.path == out && copy.id == *left;
    });
    const bool just_begun = std::distance(fs::directory_iterator(out, error), {}) == 1;
    if (!ours && !just_begun)
      return AlreadyExists("an unfinished backup, not one of this ledger, is in " + out +
                           "; destroy it, or say another --out");
    OPPI_RETURN_IF_ERROR(Abandon(out, *left));
  }
  fs::remove(out + "/unfinished.new", error);
  const bool taken = fs::exists(out, error) && !fs::is_empty(out, error);
  if (error) return PermissionDenied("cannot look into " + out + ": " + error.message());
  if (taken)
    return AlreadyExists("there is something in " + out +
                         " already; every backup gets a directory of its own");
  return MakePrivateFolder(out);
}

Result<BackupManifest> Backups::Make(const std::string& to, bool with_keys,
                                     const CopyProgressFn& progress) {
  const std::scoped_lock lock(mutex_);
  const std::string out = AbsolutePath(to);
  OPPI_RETURN_IF_ERROR(ClearPlace(out));
  const std::string id = ToHex(ports_.entropy.Take(16));
  auto made = MakeIn(out, id, with_keys, progress);
  if (made.ok() || cut_off_) return made;
  // Half a backup is of no use to anybody.
  if (const Status gone = Abandon(out, id); !gone.ok())
    return oppi::At("what was begun of this backup could not be removed", made.error());
  return made;
}

/// Removes a backup that is not whole, its keys first, and what is known of it.
Status Backups::Abandon(const std::string& out, const std::string& id) {
  OPPI_RETURN_IF_ERROR(RemoveOtherStates(out, ""));
  std::error_code error;
  for (const char* name :
       {"log", "log.sha256", "log.sha256.new", "erasures", "manifest", "manifest.new"})
    fs::remove_all(out + "/" + name, error);
  RemoveUnfinished(out);
  OPPI_TRY(std::vector<VaultCopy> copies, ReadCopies(ports_.directory));
  copies.erase(
      std::remove_if(copies.begin(), copies.end(),
                     [&](const VaultCopy& copy) { return copy.path == out && copy.id == id; }),
      copies.end());
  return WriteCopies(ports_.directory, copies);
}

Result<BackupManifest> Backups::MakeIn(const std::string& out, const std::string& id,
                                       bool with_keys, const CopyProgressFn& progress) {
  BackupManifest manifest;
  manifest.id = id;
  manifest.origin = ports_.config.origin;
  manifest.made = ports_.clock.Now();
  manifest.refreshed = manifest.made;
  // 1 the place says what is begun there  2 it is known that a copy of keys may exist  3 the copy
  // 4 the manifest makes it a backup  5 it is known to be whole
  OPPI_RETURN_IF_ERROR(WriteUnfinished(out, id));
  OPPI_RETURN_IF_ERROR(Remember({out, id, manifest.made, 0, false}));
  OPPI_RETURN_IF_ERROR(At("make: remembered"));
  OPPI_TRY(Taken taken, Take(true));
  manifest.size = taken.view->size().value();
  OPPI_TRY(const RootHash root, taken.view->Root(taken.view->size()));
  manifest.root = root.base64();
  manifest.checkpoint = taken.view->note();
  OPPI_RETURN_IF_ERROR(CopyTree(taken.stage.path() + "/log", out + "/log", true, progress));
  OPPI_RETURN_IF_ERROR(At("make: log"));
  OPPI_TRY(manifest.log_files, ListTree(out + "/log", progress));
  OPPI_RETURN_IF_ERROR(PutState(out, with_keys, taken, manifest, progress));
  OPPI_RETURN_IF_ERROR(At("make: state"));
  OPPI_RETURN_IF_ERROR(PutErasures(out, manifest));
  OPPI_RETURN_IF_ERROR(WriteManifest(out, manifest, ports_.ledger_key));
  OPPI_RETURN_IF_ERROR(At("make: manifest"));
  RemoveUnfinished(out);
  OPPI_RETURN_IF_ERROR(Remember({out, id, manifest.made, manifest.generation, true}));
  // An erasure may have come to its end meanwhile.
  if (manifest.generation < ports_.vault.generation()) return RefreshLocked(out, progress);
  return manifest;
}

Status Backups::Remember(const VaultCopy& copy) {
  OPPI_TRY(std::vector<VaultCopy> copies, ReadCopies(ports_.directory));
  const auto known = std::find_if(copies.begin(), copies.end(),
                                  [&](const VaultCopy& other) { return other.IsSame(copy); });
  if (known == copies.end())
    copies.push_back(copy);
  else
    *known = copy;
  return WriteCopies(ports_.directory, copies);
}

Result<BackupManifest> Backups::Refresh(const std::string& path, const CopyProgressFn& progress) {
  const std::scoped_lock lock(mutex_);
  return RefreshLocked(AbsolutePath(path), progress);
}

Result<BackupManifest> Backups::RefreshLocked(const std::string& path,
                                              const CopyProgressFn& progress) {
  OPPI_TRY(BackupManifest manifest, ReadManifest(path, ports_.ledger_key.verifier()));
  if (manifest.origin != ports_.config.origin)
    return DataLoss("this is a backup of another ledger: " + manifest.origin);
  OPPI_TRY(const std::vector<VaultCopy> copies, ReadCopies(ports_.directory));
  // One that was unknown may have old keys beside the ones that its manifest names.
  const VaultCopy unknown{path, manifest.id, manifest.made, 0, true};
  if (std::none_of(copies.begin(), copies.end(),
                   [&](const VaultCopy& copy) { return copy.IsSame(unknown); }))
    OPPI_RETURN_IF_ERROR(Remember(unknown));
  // 1 what a crash left goes  2 a new state beside the old one  3 the manifest names it  4 the old
  // keys go
  OPPI_RETURN_IF_ERROR(RemoveOtherStates(path, manifest.StateFolder()));
  OPPI_RETURN_IF_ERROR(At("refresh: begun"));
  OPPI_TRY(Taken taken, Take(false));
  ++manifest.state;
  manifest.refreshed = ports_.clock.Now();
  OPPI_RETURN_IF_ERROR(PutState(path, manifest.keys, taken, manifest, progress));
  OPPI_RETURN_IF_ERROR(At("refresh: state"));
  OPPI_RETURN_IF_ERROR(PutErasures(path, manifest));
  OPPI_RETURN_IF_ERROR(At("refresh: erasures"));
  OPPI_RETURN_IF_ERROR(WriteManifest(path, manifest, ports_.ledger_key));
  OPPI_RETURN_IF_ERROR(At("refresh: manifest"));
  OPPI_RETURN_IF_ERROR(RemoveOtherStates(path, manifest.StateFolder()));
  OPPI_RETURN_IF_ERROR(At("refresh: old state"));
  RemoveUnfinished(path);
  OPPI_RETURN_IF_ERROR(Remember({path, manifest.id, manifest.made, manifest.generation, true}));
  return manifest;
}

Status Backups::Forget(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  const std::string absolute = AbsolutePath(path);
  OPPI_TRY(std::vector<VaultCopy> copies, ReadCopies(ports_.directory));
  const auto at_path = [&](const VaultCopy& copy) { return copy.path == absolute; };
  if (std::none_of(copies.begin(), copies.end(), at_path))
    return NotFound("no backup in " + absolute + " is known; see: oppiloki backup list --data " +
                    ports_.directory);
  const auto gone = std::remove_if(copies.begin(), copies.end(), [&](const VaultCopy& copy) {
    return at_path(copy) && !LiesThere(copy);
  });
  if (gone == copies.end())
    return AlreadyExists("the backup is still in " + absolute +
                         ": destroy it first; to keep it, use: oppiloki backup refresh");
  copies.erase(gone, copies.end());
  return WriteCopies(ports_.directory, copies);
}

Status Backups::BringUpToDateLocked(const VaultCopy& copy, const CopyProgressFn& progress) {
  if (!copy.whole && !Exists(copy.path + "/manifest")) {
    OPPI_TRY(const auto left, ReadUnfinished(copy.path));
    if (left != copy.id) return NotFound("it is not there now");
    return Abandon(copy.path, copy.id);
  }
  OPPI_TRY(const BackupManifest there, ReadManifest(copy.path, ports_.ledger_key.verifier()));
  if (there.id != copy.id) return NotFound("another backup is there now");
  const auto refreshed = RefreshLocked(copy.path, progress);
  return refreshed.ok() ? Status() : Status(refreshed.error());
}

Result<std::vector<std::string>> Backups::BringUpToDate(const CopyProgressFn& progress) {
  const std::scoped_lock lock(mutex_);
  OPPI_TRY(const std::vector<VaultCopy> copies, ReadCopies(ports_.directory));
  std::vector<std::string> stale;
  for (const VaultCopy& copy : copies) {
    if (copy.generation >= ports_.vault.generation()) continue;
    const Status done = BringUpToDateLocked(copy, progress);
    if (!done.ok())
      stale.push_back(StaleText(copy) + " (" + done.error().message + "); " +
                      StaleMend(copy, ports_.directory));
  }
  return stale;
}

Result<std::vector<std::string>> Backups::Stale() {
  const std::scoped_lock lock(mutex_);
  OPPI_TRY(const std::vector<VaultCopy> copies, ReadCopies(ports_.directory));
  std::vector<std::string> stale;
  for (const VaultCopy& copy : copies)
    if (copy.generation < ports_.vault.generation())
      stale.push_back(StaleText(copy) + "; " + StaleMend(copy, ports_.directory));
  return stale;
}

}  // namespace oppi::ops
