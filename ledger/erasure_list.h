#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "events/entropy.h"
#include "events/result.h"
#include "ledger/erasure.h"
#include "ledger/secret_key.h"

/// The erasure list: every erasure that was ever begun, in durable files that are written before anything
/// is destroyed and kept beside the checkpoint lock, outside of backups. A store that comes back from a
/// backup, or from a crash, performs what it has not performed yet before it serves. Files are sealed:
/// handles and positions say which entries belong together.

namespace oppi::ledger {

class ErasureList {
 public:
  /// `key`: Vault::ListKey. Errors: kDataLoss when a file is missing.
  [[nodiscard]] static Result<ErasureList> Open(std::string directory, const SecretKey& key);

  [[nodiscard]] std::uint32_t last() const { return last_; }
  /// Gives the records their numbers and writes them as one file. Durable when it returns.
  [[nodiscard]] Status Append(std::vector<ErasureRecord>& records, Entropy& entropy);
  /// 1 to last(). Errors: kDataLoss.
  [[nodiscard]] Result<ErasureRecord> Read(std::uint32_t number) const;

 private:
  ErasureList(std::string directory, const SecretKey& key) : directory_(std::move(directory)), key_(key) {}
  struct File {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
  };
  [[nodiscard]] std::string PathOf(const File& file) const;
  std::string directory_;
  SecretKey key_;
  std::vector<File> files_;  // ascending, without gaps
  std::uint32_t last_ = 0;
};

/// Copies the files of a list that `to` does not have yet, the oldest first, and gives the number of the last
/// record there. kDataLoss when a file of one name differs: lists of two ledgers, or of two histories.
[[nodiscard]] Result<std::uint32_t> AddErasures(const std::string& from, const std::string& to);

}  // namespace oppi::ledger
