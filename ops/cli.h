#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "events/result.h"
#include "ops/exit_code.h"
#include "ops/node.h"

/// What every command shares: where the ledger is, how to print, what to exit with.

namespace oppi::ops {

struct Cli {
  CLI::App app;
  /// Set by the command that was chosen; returns an exit code.
  std::function<Result<int>()> run;
};

/// Where a command finds its ledger: a directory on this machine, or a served one.
struct LedgerOptions {
  std::string data;
  std::string url;
  std::string token_file;
  bool json = false;

  /// Adds --data, --url, --token and --json. `served`: the command also works over --url.
  void AddTo(CLI::App& command, bool served);
  /// Opens --data. Errors: kInvalidArgument when it was not given.
  /// `catching_up`, besides the progress bar, may be empty.
  [[nodiscard]] Result<std::unique_ptr<Node>> OpenNode(const std::function<void(TreeSize, TreeSize)>& catching_up = {}) const;
  /// The token text of --token FILE.
  [[nodiscard]] Result<std::string> ReadToken() const;
};

/// A subcommand with its help text and one example, and `body` as what it does.
CLI::App* AddCommand(Cli& cli, CLI::App& parent, const std::string& name, const std::string& about,
                     const std::string& example, std::function<Result<int>()> body);

/// Progress on stderr when it is a terminal: "publishing  [#####.....]  52 %  1,200 events".
class ProgressBar {
 public:
  explicit ProgressBar(std::string label);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  void Show(double fraction, const std::string& note);

 private:
  std::string label_;
  bool terminal_;
  bool shown_ = false;
  std::int64_t last_ms_ = 0;
};

/// JSON as people read it: members as "name: value" lines, lists of objects as aligned tables.
[[nodiscard]] std::string Readable(const std::string& json);

/// Prints `json` as it is, or readably.
void PrintAnswer(const std::string& json, bool as_json);

/// Every command registers itself here (ops/commands/*.cc).
void AddLedgerCommands(Cli& cli);   // init, serve, demo
void AddKeyCommands(Cli& cli);      // key, publisher, token
void AddPublishCommands(Cli& cli);  // publish, generate
void AddQueryCommands(Cli& cli);    // record, consents, timeline, decide, audit
void AddProofCommands(Cli& cli);    // checkpoint, prove, verify
void AddRotateCommands(Cli& cli);  // rotate
void AddDoctorCommand(Cli& cli);   // doctor
void AddEraseCommands(Cli& cli);    // erase, hold
void AddRetentionCommands(Cli& cli);  // retention
void AddBackupCommands(Cli& cli);   // backup, restore
void AddRepairCommands(Cli& cli);   // fsck, rebuild
void AddRehearseCommand(Cli& cli);  // rehearse
void AddExportCommand(Cli& cli);    // export
void AddWitnessCommands(Cli& cli);  // witness, monitor

}  // namespace oppi::ops
