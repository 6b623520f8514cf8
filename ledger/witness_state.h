#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "events/result.h"
#include "ledger/checkpoint_lock.h"

/// What a witness must never forget: of each log the newest tree it cosigned. A witness whose state
/// was lost or restored from a copy is no witness any more: it needs a new key.

namespace oppi::ledger {

class WitnessState {
 public:
  virtual ~WitnessState() = default;
  /// nullopt: nothing of this log was cosigned.
  [[nodiscard]] virtual Result<std::optional<CheckpointLock::Value>> Read(const std::string& log) = 0;
  /// Durable when it returns. Errors: kDataLoss - outcome unknown.
  [[nodiscard]] virtual Status Advance(const std::string& log, const CheckpointLock::Value& value, const std::string& note) = 0;
  /// The note of the newest Advance; after a crash it may be that of the one before.
  [[nodiscard]] virtual Result<std::optional<std::string>> NewestNote(const std::string& log) = 0;
};

/// A folder of two files a log: LOG.lock, which counts, and LOG.checkpoint, which is served. Kept by
/// one process at a time. One thread at a time.
class WitnessFolder final : public WitnessState {
 public:
  /// The folder is there. `logs`: lower-case hex names. Errors: kUnavailable when another process has it.
  [[nodiscard]] static Result<std::unique_ptr<WitnessFolder>> Open(const std::string& folder, const std::vector<std::string>& logs);

  [[nodiscard]] Result<std::optional<CheckpointLock::Value>> Read(const std::string& log) override;
  [[nodiscard]] Status Advance(const std::string& log, const CheckpointLock::Value& value, const std::string& note) override;
  [[nodiscard]] Result<std::optional<std::string>> NewestNote(const std::string& log) override;

 private:
  explicit WitnessFolder(std::string folder) : folder_(std::move(folder)) {}
  [[nodiscard]] std::string NotePath(const std::string& log) const { return folder_ + "/" + log + ".checkpoint"; }

  const std::string folder_;
  std::map<std::string, std::unique_ptr<CheckpointLock>> locks_;
};

}  // namespace oppi::ledger
