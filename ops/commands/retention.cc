#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "ledger/durable_file.h"
#include "ops/cli.h"
#include "ops/key_files.h"
#include "ops/remote.h"

namespace oppi::ops {
namespace {

using Json = nlohmann::ordered_json;

struct TableOptions {
  LedgerOptions ledger;
  std::string table;
  std::string note;
  std::string key;
  std::string second_key;
  std::string out;
};

struct RunOptions {
  LedgerOptions ledger;
  projections::RetentionOptions run;
};

Result<std::string> ReadInput(const std::string& path) {
  OPPI_TRY(auto bytes, ledger::ReadFileIfThere(path));
  if (!bytes) return NotFound("there is no file " + path);
  return *std::move(bytes);
}

Result<int> Print(const Result<std::string>& answer, const LedgerOptions& o) {
  if (!answer.ok()) return answer.error();
  PrintAnswer(*answer, o.json);
  return kExitDone;
}

/// --table begins a note, --note continues one.
Result<std::string> Signed(const consumers::RetentionDesk& desk, const TableOptions& o, const std::string& key_file) {
  OPPI_TRY(const NamedSigningKey key, ReadKeyFile(key_file));
  OPPI_TRY(const std::string input, ReadInput(o.table.empty() ? o.note : o.table));
  return o.table.empty() ? desk.SignAlso(input, key) : desk.Sign(input, key);
}

Result<int> Sign(const TableOptions& o) {
  if (o.table.empty() == o.note.empty()) return InvalidArgument("say what to sign: --table FILE for the first signature, --note FILE for the second");
  OPPI_TRY(const auto node, o.ledger.OpenNode());
  OPPI_TRY(const std::string note, Signed(node->retention(), o, o.key));
  OPPI_RETURN_IF_ERROR(ledger::WriteFileDurably(o.out, note, 0600));
  return Print(Json{{"note", o.out}}.dump(), o.ledger);
}

Result<int> Set(const TableOptions& o) {
  const bool both_keys = !o.table.empty() && !o.key.empty() && !o.second_key.empty() && o.note.empty();
  const bool both_signed = o.table.empty() && o.key.empty() && o.second_key.empty() && !o.note.empty();
  if (!both_keys && !both_signed) return InvalidArgument("say what to set: --table FILE --key FILE --second-key FILE, or --note FILE that two have signed");
  OPPI_TRY(const auto node, o.ledger.OpenNode());
  consumers::RetentionDesk& desk = node->retention();
  if (both_signed) {
    OPPI_TRY(const std::string note, ReadInput(o.note));
    return Print(desk.Set(note), o.ledger);
  }
  OPPI_TRY(const std::string once, Signed(desk, o, o.key));
  OPPI_TRY(const NamedSigningKey second, ReadKeyFile(o.second_key));
  OPPI_TRY(const std::string twice, desk.SignAlso(once, second));
  return Print(desk.Set(twice), o.ledger);
}

Result<std::unique_ptr<Remote>> OpenRemote(const LedgerOptions& o) {
  OPPI_TRY(const std::string token, o.ReadToken());
  return Remote::Open(o.url, token);
}

/// Begins the run there, and asks how far it is until it is done.
Result<int> RunOver(const RunOptions& o) {
  const auto rate = static_cast<std::uint64_t>(o.run.per_second);
  if (static_cast<double>(rate) != o.run.per_second) return InvalidArgument("--rate is a whole number with --url");
  OPPI_TRY(const auto remote, OpenRemote(o.ledger));
  const Json ask{{"dry_run", o.run.dry_run}, {"rate", rate}, {"chunk", o.run.chunk}, {"chunks", o.run.chunks_max}};
  const std::string path = "/v1/retention/run";
  OPPI_TRY(std::string answer, remote->Ask(path, ask.dump()));
  ProgressBar bar(o.run.dry_run ? "counting" : "retention");
  for (std::chrono::milliseconds rest{50};; rest = std::min(rest * 2, std::chrono::milliseconds(2'000))) {
    const Json state = Json::parse(answer, nullptr, false);
    if (!state.is_object() || !state.contains("running") || !state.contains("report")) return DataLoss("the answer is not about a run");
    if (state["running"] == false) return Print(state["report"].dump(), o.ledger);
    bar.Show(state.value("done", 0.0), std::to_string(state.value("persons", std::uint64_t{0})) + " persons");
    std::this_thread::sleep_for(rest);
    OPPI_TRY(answer, remote->Text(path));
  }
}

Result<int> Run(const RunOptions& o) {
  if (!(o.run.per_second >= 0)) return InvalidArgument("--rate is a number of learners a second; 0: no limit");
  if (!o.ledger.url.empty()) return RunOver(o);
  OPPI_TRY(const auto node, o.ledger.OpenNode());
  ProgressBar bar(o.run.dry_run ? "counting" : "retention");
  const auto answer = node->retention().Run(o.run, [&bar](double done, std::uint64_t persons) {
    bar.Show(done, std::to_string(persons) + " persons");
  });
  return Print(answer, o.ledger);
}

}  // namespace

void AddRetentionCommands(Cli& cli) {
  CLI::App* retention = cli.app.add_subcommand("retention", "Retention: which data go when, by a table that two officers signed");
  retention->require_subcommand(1);
  retention->footer("\nExample:\n  oppiloki retention run --data var/ledger --dry-run");

  auto sign = std::make_shared<TableOptions>();
  CLI::App* c = AddCommand(cli, *retention, "sign", "Sign a table, or a note that another officer has signed",
                           "oppiloki retention sign --data var/ledger --table retention.json --key anna.key --out retention.note",
                           [sign] { return Sign(*sign); });
  sign->ledger.AddTo(*c, false);
  c->add_option("--table", sign->table, "A table, JSON: for the first signature");
  c->add_option("--note", sign->note, "A note with one signature: for the second");
  c->add_option("--key", sign->key, "Key file of a principal with the role DPO")->required();
  c->add_option("--out", sign->out, "Where to write the note")->required();

  auto set = std::make_shared<TableOptions>();
  c = AddCommand(cli, *retention, "set", "Put a table in force; its version must be newer than that of the one before",
                 "oppiloki retention set --data var/ledger --table retention.json --key anna.key --second-key bertta.key",
                 [set] { return Set(*set); });
  set->ledger.AddTo(*c, false);
  c->add_option("--table", set->table, "A table, JSON");
  c->add_option("--key", set->key, "Key of who requests what the table orders");
  c->add_option("--second-key", set->second_key, "Key of who decides it");
  c->add_option("--note", set->note, "Instead: a note with both signatures (retention sign)");

  auto show = std::make_shared<TableOptions>();
  c = AddCommand(cli, *retention, "show", "The table in force, who signed it, and whether runs may rest on it",
                 "oppiloki retention show --data var/ledger", [show]() -> Result<int> {
                   if (!show->ledger.url.empty()) {
                     OPPI_TRY(const auto remote, OpenRemote(show->ledger));
                     return Print(remote->Text("/v1/retention"), show->ledger);
                   }
                   OPPI_TRY(const auto node, show->ledger.OpenNode());
                   return Print(node->retention().Show(), show->ledger);
                 });
  show->ledger.AddTo(*c, true);

  auto run = std::make_shared<RunOptions>();
  c = AddCommand(cli, *retention, "run", "Request and decide what has come due; 'oppiloki erase --run' then carries it out",
                 "oppiloki retention run --data var/ledger --dry-run", [run] { return Run(*run); });
  run->ledger.AddTo(*c, true);
  c->add_flag("--dry-run", run->run.dry_run, "Say what and how much, and change nothing");
  c->add_option("--rate", run->run.per_second, "Learners a second, beside live traffic; 0: as fast as it goes")->capture_default_str();
  c->add_option("--chunk", run->run.chunk, "Learners at a time")->capture_default_str()->check(CLI::Range(1, 10000));
  c->add_option("--chunks", run->run.chunks_max, "Stop after so many chunks; the next run goes on from there");
}

}  // namespace oppi::ops
