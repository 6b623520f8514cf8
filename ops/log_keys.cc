#include "ops/log_keys.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "ledger/checkpoint_lock.h"
#include "ledger/descriptor.h"
#include "ledger/durable_file.h"
#include "ledger/rocksdb_store.h"
#include "ledger/sequencer.h"
#include "ledger/succession.h"
#include "ops/key_files.h"

namespace oppi::ops {
namespace {

namespace fs = std::filesystem;
using ledger::Table;

constexpr std::string_view kCheckpointName = "checkpoint";

std::string SuccessionsPath(const std::string& folder) { return folder + "/log.successions"; }

Result<std::optional<NamedSigningKey>> KeyIfThere(const std::string& path) {
  if (!fs::exists(path)) return std::optional<NamedSigningKey>();
  OPPI_TRY(NamedSigningKey key, ReadKeyFile(path));
  return std::optional(std::move(key));
}

/// The log as its key signed it, and as whoever saw the lock expects it.
Result<ledger::Checkpoint> Newest(const ledger::Store& store, ledger::CheckpointLock& lock,
                                  const VerifierKey& key) {
  OPPI_TRY(const auto view, ledger::StoredView(store, key));
  OPPI_TRY(const auto locked, lock.Read());
  if (locked) {
    if (locked->size > view->size())
      return DataLoss(
          "this log is older than the newest published checkpoint: its key must not sign");
    OPPI_TRY(const RootHash there, view->Root(locked->size));
    if (there != locked->root)
      return DataLoss("this log does not extend the published checkpoint: it is a fork");
  }
  return view->checkpoint();
}

/// The key before in trust.policy becomes the new one; comments and witnesses stay.
Status NameInPolicy(const std::string& path, const VerifierKey& before, const VerifierKey& after) {
  OPPI_TRY(auto text, ledger::ReadFileIfThere(path));
  if (!text) return {};
  const std::string old = FormatVerifierKey(before);
  const std::size_t at = text->find(old);
  if (at == text->npos) return {};
  text->replace(at, old.size(), FormatVerifierKey(after));
  OPPI_RETURN_IF_ERROR(ledger::ParseTlogPolicy(*text));
  return ledger::WriteFileDurably(path, *text, 0644);
}

}  // namespace

Result<LogKeys> ReadLogKeys(const std::string& folder) {
  OPPI_TRY(NamedSigningKey key, ReadKeyFile(folder + "/log.key"));
  OPPI_TRY(auto before, KeyIfThere(folder + "/log-before.key"));
  OPPI_TRY(const auto text, ledger::ReadFileIfThere(SuccessionsPath(folder)));
  LogKeys keys{std::move(key), std::move(before), {}};
  if (text) {
    auto notes = ledger::ParseSuccessions(*text);
    if (!notes.ok()) return DataLoss(SuccessionsPath(folder) + ": " + notes.error().message);
    keys.successions = *std::move(notes);
  }
  // Only the key right before this one signs: not one that an old backup brought, nor this one
  // itself, when a rotation was interrupted right before the new key took over.
  const bool handed_over = std::any_of(
      keys.successions.begin(), keys.successions.end(), [&keys](const std::string& note) {
        const auto succession = ledger::OpenSuccession(note);
        return keys.before && succession.ok() && succession->before == keys.before->verifier() &&
               succession->after == keys.key.verifier();
      });
  if (!handed_over) keys.before.reset();
  return keys;
}

Status SignStoredAnew(ledger::Store& log, const LogKeys& keys) {
  OPPI_TRY(const auto note, log.Get(Table::kMeta, kCheckpointName));
  if (!note || ledger::OpenCheckpoint(*note, keys.key.verifier()).ok()) return {};
  OPPI_TRY(const ledger::TlogPolicy known,
           ledger::Follow(ledger::PolicyOf(keys.key.verifier()), keys.successions));
  const auto trusted = ledger::OpenCheckpoint(*note, known);
  if (!trusted.ok()) return {};
  ledger::WriteBatch rows;
  rows.Put(Table::kMeta, kCheckpointName,
           SignCheckpoint(trusted->checkpoint, keys.key, keys.before ? &*keys.before : nullptr));
  return log.Apply(rows, ledger::Durability::kSynced);
}

Result<LogKeyRotation> RotateLogKey(const std::string& directory, Entropy& entropy) {
  const std::string folder = directory + "/keys";
  const std::string next = folder + "/log-next.key";
  OPPI_TRY(const auto lock, ledger::OpenFileLock(directory + "/lock/checkpoint"));
  OPPI_TRY(LogKeys keys, ReadLogKeys(folder));
  if (keys.before)
    return AlreadyExists(
        "the last rotation's overlap lasts: end it first, with: oppiloki rotate log-key "
        "--end-overlap --data " +
        directory);
  ledger::RocksDbOptions rocks;
  rocks.path = directory + "/log";
  OPPI_TRY(const auto store, ledger::OpenRocksDb(rocks));
  OPPI_RETURN_IF_ERROR(SignStoredAnew(*store, keys));
  OPPI_TRY(ledger::Checkpoint at, Newest(*store, *lock, keys.key.verifier()));

  // 1  The new key is kept before anything is signed in its favour.
  if (!fs::exists(next))
    OPPI_RETURN_IF_ERROR(WriteKeyFile(next, {keys.key.name, SigningKey::Generate(entropy)}));
  OPPI_TRY(const NamedSigningKey after, ReadKeyFile(next));
  if (after.name != keys.key.name) return DataLoss(next + " is the key of another log");
  const LogKeyRotation rotation{keys.key.verifier(), after.verifier(), at.size};
  // 2  The handover. One that an interrupted rotation signed stands: a key hands over once. The log
  // may have
  //    grown since; then the old key has vouched for more than it says, and so it is signed again
  //    at what is.
  std::vector<std::string> notes;
  for (const std::string& note : keys.successions) {
    OPPI_TRY(const ledger::Succession earlier, ledger::OpenSuccession(note));
    if (earlier.before != rotation.before) notes.push_back(note);
  }
  notes.push_back(SignSuccession(at, keys.key, after));
  OPPI_RETURN_IF_ERROR(
      ledger::WriteFileDurably(SuccessionsPath(folder), ledger::FormatSuccessions(notes), 0644));
  // 3  What is stored opens under either key.
  ledger::WriteBatch rows;
  rows.Put(Table::kMeta, kCheckpointName, SignCheckpoint(at, after, &keys.key));
  OPPI_RETURN_IF_ERROR(store->Apply(rows, ledger::Durability::kSynced));
  // 4  The old key moves aside; the new one takes its place in one step.
  const std::string aside = folder + "/log-before.key";
  OPPI_TRY(const auto there, KeyIfThere(aside));
  if (there && there->verifier() != keys.key.verifier())
    OPPI_RETURN_IF_ERROR(ledger::DestroyFile(aside, entropy));
  if (!fs::exists(aside)) OPPI_RETURN_IF_ERROR(WriteKeyFile(aside, keys.key));
  const ledger::Descriptor keys_folder(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (std::rename(next.c_str(), (folder + "/log.key").c_str()) != 0 ||
      ::fsync(keys_folder.get()) != 0)
    return DataLoss("cannot put the new key in its place in " + folder);
  // 5  New verifiers begin with the new key.
  OPPI_RETURN_IF_ERROR(NameInPolicy(directory + "/trust.policy", rotation.before, rotation.after));
  return rotation;
}

Status EndLogKeyOverlap(const std::string& directory, Entropy& entropy) {
  const std::string before = directory + "/keys/log-before.key";
  // Not while the ledger signs with it.
  OPPI_TRY(const auto lock, ledger::OpenFileLock(directory + "/lock/checkpoint"));
  OPPI_TRY(const LogKeys keys, ReadLogKeys(directory + "/keys"));
  if (!keys.before) return NotFound("no overlap lasts: one key signs");
  OPPI_RETURN_IF_ERROR(
      NameInPolicy(directory + "/trust.policy", keys.before->verifier(), keys.key.verifier()));
  return ledger::DestroyFile(before, entropy);
}

}  // namespace oppi::ops
