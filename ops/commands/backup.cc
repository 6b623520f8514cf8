#include <cstdio>
#include <nlohmann/json.hpp>

#include "ops/backup_desk.h"
#include "ops/backups.h"
#include "ops/cli.h"
#include "ops/restore.h"

namespace oppi::ops {
namespace {

using Json = nlohmann::ordered_json;

std::string MiB(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

CopyProgressFn Shown(ProgressBar& bar) {
  return [&bar](const char* step, std::uint64_t done, std::uint64_t all) {
    bar.Show(all == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(all),
             std::string(step) + ", " + MiB(done));
  };
}

void Print(const Json& json, bool as_json) {
  PrintAnswer(json.dump(-1, ' ', false, Json::error_handler_t::replace), as_json);
}

struct BackupOptions {
  LedgerOptions ledger;
  std::string path;
  bool without_keys = false;
};

/// Of the ledger on this disk, or of the process that serves it.
Result<std::string> Answer(const BackupOptions& o, const char* what) {
  const BackupAsk ask{what, AbsolutePath(o.path), !o.without_keys};
  auto node = o.ledger.OpenNode();
  if (!node.ok() && node.error().code != Code::kUnavailable) return std::move(node).error();
  ProgressBar bar("backup");
  return node.ok() ? AnswerBackup(**node, ask, Shown(bar))
                   : AskBackup(o.ledger.data, ask, Shown(bar));
}

Result<int> Backup(const BackupOptions& o) {
  if (o.path.empty()) return InvalidArgument("say where to: --out DIR");
  OPPI_TRY(const std::string answer, Answer(o, "make"));
  PrintAnswer(answer, o.ledger.json);
  if (Json::parse(answer)["master_key"] == true)
    std::fprintf(stderr,
                 "The master key is in this backup: it is as secret as the ledger itself. Leave it "
                 "out with --without-keys.\n");
  else
    std::fprintf(stderr,
                 "The master key is not in this backup%s. Keep copies of them: without the master "
                 "key nobody can read anything.\n",
                 o.without_keys ? ", nor are the signing keys" : "");
  return kExitDone;
}

Result<int> List(const LedgerOptions& o) {
  if (o.data.empty()) return InvalidArgument("say where the ledger is: --data DIR");
  OPPI_TRY(const std::string answer, ListBackups(o.data));
  PrintAnswer(answer, o.json);
  return Json::parse(answer)["up_to_date"] == true ? kExitDone : kExitFalse;
}

Result<int> Change(const BackupOptions& o, const char* what) {
  OPPI_TRY(const std::string answer, Answer(o, what));
  PrintAnswer(answer, o.ledger.json);
  return kExitDone;
}

struct RestoreCommand {
  RestoreOptions restore;
  bool json = false;
};

Result<int> RunRestore(const RestoreCommand& o) {
  ProgressBar bar("restoring");
  RestoreOptions options = o.restore;
  options.progress = Shown(bar);
  options.catching_up = [&bar](TreeSize folded, TreeSize size) {
    bar.Show(static_cast<double>(folded.value()) / static_cast<double>(size.value()),
             "views, " + std::to_string(folded.value()) + " entries");
  };
  OPPI_TRY(const RestoreReport report, Restore(options));
  Print({{"origin", report.backup.origin},
         {"backup_made", FormatInstant(report.backup.made)},
         {"backup_size", report.backup.size},
         {"size", report.size},
         {"vault", report.vault_survived ? "the one that survived" : "from the backup"},
         {"generation", report.generation},
         {"erasures", report.erasures},
         {"erasures_done_again", report.erasures_again},
         {"lost_entries", report.lost_entries},
         {"warnings", report.warnings}},
        o.json);
  for (const std::string& warning : report.warnings)
    std::fprintf(stderr, "warning: %s\n", warning.c_str());
  return kExitDone;
}

}  // namespace

void AddBackupCommands(Cli& cli) {
  auto o = std::make_shared<BackupOptions>();
  CLI::App* backup =
      AddCommand(cli, cli.app, "backup",
                 "Copy a ledger, consistent and checked; keep the copies' keys up to date",
                 "oppiloki backup --data var/ledger --out var/backup-1", {});
  o->ledger.AddTo(*backup, false);
  backup->add_option("--out", o->path, "A new directory for this backup");
  backup->add_flag(
      "--without-keys", o->without_keys,
      "Leave the signing keys and the master key out; they must then survive elsewhere");
  // Subcommands are looked at first; this is what remains.
  backup->callback([backup, &cli, o] {
    if (backup->get_subcommands().empty()) cli.run = [o] { return Backup(*o); };
  });

  auto list = std::make_shared<LedgerOptions>();
  CLI::App* c = AddCommand(
      cli, *backup, "list",
      "Every backup that was made, and whether it still opens what was erased since (exit code 1)",
      "oppiloki backup list --data var/ledger", [list] { return List(*list); });
  list->AddTo(*c, false);

  auto refresh = std::make_shared<BackupOptions>();
  c = AddCommand(
      cli, *backup, "refresh",
      "Replace the keys in a backup by those of now, so that it no longer opens what was erased",
      "oppiloki backup refresh --data var/ledger var/backup-1",
      [refresh] { return Change(*refresh, "refresh"); });
  refresh->ledger.AddTo(*c, false);
  c->add_option("DIR", refresh->path, "The backup, or a copy of it elsewhere")->required();

  auto forget = std::make_shared<BackupOptions>();
  c = AddCommand(cli, *backup, "forget", "Say that a backup was destroyed",
                 "oppiloki backup forget --data var/ledger var/backup-1",
                 [forget] { return Change(*forget, "forget"); });
  forget->ledger.AddTo(*c, false);
  c->add_option("DIR", forget->path, "Where the backup was")->required();

  auto restore = std::make_shared<RestoreCommand>();
  c = AddCommand(
      cli, cli.app, "restore",
      "A ledger again from a backup; erasures since then are done again before anybody can ask",
      "oppiloki restore --from var/backup-1 --data var/ledger",
      [restore] { return RunRestore(*restore); });
  c->add_option("--from", restore->restore.from, "The backup")->required();
  c->add_option(
       "--data", restore->restore.data,
       "A new directory, or one with what survived of keys, vault, erasures, retention and lock")
      ->required();
  c->add_option("--lost-entries", restore->restore.lost_entries,
                "Accept that exactly so many published entries are lost");
  c->add_flag("--json", restore->json, "Print one JSON document");
}

}  // namespace oppi::ops
