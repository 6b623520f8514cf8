#pragma once

#include <functional>
#include <string>

#include "events/result.h"
#include "ops/file_tree.h"

/// What the commands around backups ask, of a ledger on this disk or of the process that serves it.

namespace oppi::ops {

class Node;

struct BackupAsk {
  std::string what;  // "make", "refresh", "forget"
  std::string path;  // absolute
  bool with_keys = true;
};

/// JSON. Errors: those of Backups, kInvalidArgument.
[[nodiscard]] Result<std::string> AnswerBackup(Node& node, const BackupAsk& ask,
                                               const CopyProgressFn& progress = {});

/// Every backup that is known, as JSON; open or served, the ledger is not disturbed.
[[nodiscard]] Result<std::string> ListBackups(const std::string& ledger);

/// For ControlSocket: a question as one line, progress and the answer as lines.
void AnswerBackupLine(Node& node, const std::string& line,
                      const std::function<void(const std::string&)>& say);
/// Asks whoever serves this ledger. Errors: also kUnavailable.
[[nodiscard]] Result<std::string> AskBackup(const std::string& ledger, const BackupAsk& ask,
                                            const CopyProgressFn& progress = {});

}  // namespace oppi::ops
