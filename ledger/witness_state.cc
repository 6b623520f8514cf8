#include "ledger/witness_state.h"

#include "events/check.h"
#include "ledger/durable_file.h"

namespace oppi::ledger {

Result<std::unique_ptr<WitnessFolder>> WitnessFolder::Open(const std::string& folder, const std::vector<std::string>& logs) {
  std::unique_ptr<WitnessFolder> opened(new WitnessFolder(folder));
  for (const std::string& log : logs) {
    OPPI_TRY(opened->locks_[log], OpenFileLock(folder + "/" + log + ".lock"));
  }
  return opened;
}

Result<std::optional<CheckpointLock::Value>> WitnessFolder::Read(const std::string& log) {
  const auto lock = locks_.find(log);
  OPPI_CHECK(lock != locks_.end());
  return lock->second->Read();
}

Status WitnessFolder::Advance(const std::string& log, const CheckpointLock::Value& value, const std::string& note) {
  const auto lock = locks_.find(log);
  OPPI_CHECK(lock != locks_.end());
  OPPI_RETURN_IF_ERROR(lock->second->Advance(value));
  return WriteFileDurably(NotePath(log), note, 0644);
}

Result<std::optional<std::string>> WitnessFolder::NewestNote(const std::string& log) { return ReadFileIfThere(NotePath(log)); }

}  // namespace oppi::ledger
