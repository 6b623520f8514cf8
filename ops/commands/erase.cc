#include <cstdio>
#include <nlohmann/json.hpp>

#include "ops/cli.h"
#include "ops/key_files.h"

namespace oppi::ops {
namespace {

using Json = nlohmann::ordered_json;

/// Who acts: --key FILE signs, --as NAME is attested by this ledger.
struct PrincipalOptions {
  std::string name;
  std::string key_file;

  void AddTo(CLI::App& command) {
    auto* as = command.add_option("--as", name, "Who acts: a registered principal (oppiloki publisher add)");
    command.add_option("--key", key_file, "Act under this key, signed, instead of --as")->excludes(as);
  }
  [[nodiscard]] Result<consumers::Principal> Read() const {
    if (!key_file.empty()) {
      OPPI_TRY(NamedSigningKey key, ReadKeyFile(key_file));
      const std::string named = key.name;
      return consumers::Principal{named, std::make_shared<const NamedSigningKey>(std::move(key))};
    }
    if (name.empty()) return InvalidArgument("say who acts: --as NAME or --key FILE");
    return consumers::Principal{name, nullptr};
  }
};

struct EraseOptions {
  LedgerOptions ledger;
  PrincipalOptions principal;
  consumers::ErasureAsk ask;
  std::string law_ref;
  std::string decide;
  std::string cancel;
  std::string status;
  bool accept = false;
  bool refuse = false;
  bool dry_run = false;
  bool list = false;
  bool run = false;
};

Result<int> Print(const Result<std::string>& answer, const LedgerOptions& o) {
  if (!answer.ok()) return answer.error();
  PrintAnswer(*answer, o.json);
  return kExitDone;
}

/// What a run could not carry out is said by its exit code too.
Result<int> Run(Node& node, const LedgerOptions& o) {
  ProgressBar bar("erasing");
  auto answer = node.erasures().Run([&bar](const char* step, std::uint64_t done, std::uint64_t all) {
    bar.Show(all == 0 ? 0.5 : static_cast<double>(done) / static_cast<double>(all), std::string(step) + ", " + std::to_string(done));
  });
  OPPI_TRY(const int code, Print(answer, o));
  return Json::parse(*answer)["skipped"].empty() ? code : static_cast<int>(kExitFalse);
}

Result<int> Erase(const EraseOptions& o) {
  const int asked = (o.status.empty() ? 0 : 1) + (o.decide.empty() ? 0 : 1) + (o.cancel.empty() ? 0 : 1) + (o.list ? 1 : 0) +
                    (o.run ? 1 : 0) + (o.ask.learner.empty() ? 0 : 1);
  if (asked != 1) return InvalidArgument("say one thing to do: --learner, --decide, --cancel, --status, --list or --run");
  if (!o.decide.empty() && o.accept == o.refuse) return InvalidArgument("--decide takes --accept or --refuse");
  OPPI_TRY(const auto node, o.ledger.OpenNode());
  consumers::ErasureDesk& desk = node->erasures();
  if (!o.status.empty()) return Print(desk.StatusOf(o.status), o.ledger);
  if (o.list) return Print(desk.List(), o.ledger);
  if (o.run) return Run(*node, o.ledger);
  if (o.dry_run) return Print(desk.Preview(o.ask), o.ledger);
  OPPI_TRY(const consumers::Principal principal, o.principal.Read());
  if (!o.decide.empty()) return Print(desk.Decide(o.decide, o.accept, o.law_ref, principal), o.ledger);
  if (!o.cancel.empty()) return Print(desk.Decide(o.cancel, false, o.law_ref, principal), o.ledger);
  return Print(desk.Request(o.ask, principal), o.ledger);
}

struct HoldOptions {
  LedgerOptions ledger;
  PrincipalOptions principal;
  consumers::HoldAsk ask;
  std::string hold;
};

}  // namespace

void AddEraseCommands(Cli& cli) {
  auto o = std::make_shared<EraseOptions>();
  CLI::App* c = AddCommand(cli, cli.app, "erase",
                           "Erase a learner's data: one principal requests, another decides, and --run carries out what is due",
                           "oppiloki erase --data var/ledger --learner urn:oid:1.2.246.562.24.10482013375 --class S2 --ground REQUEST --as portal",
                           [o] { return Erase(*o); });
  o->ledger.AddTo(*c, false);
  o->principal.AddTo(*c);
  c->add_option("--learner", o->ask.learner, "Request: whose data");
  c->add_option("--class", o->ask.classes, "Request: which classes, of S1, S2, S3, S4 and C")->delimiter(',');
  c->add_option("--type", o->ask.types, "Request: only these types, such as activity.xapi_statement")->delimiter(',');
  c->add_option("--ground", o->ask.ground, "Request: CONSENT_WITHDRAWN, OBJECTION, UNLAWFUL, RETENTION or REQUEST");
  c->add_option("--controller", o->ask.controller, "Request: the organisation responsible; default the operator");
  c->add_flag("--whole", o->ask.whole_subject, "Request: the learner as a whole");
  c->add_flag("--dry-run", o->dry_run, "Say what it would take, who received it before, and change nothing");
  c->add_option("--decide", o->decide, "Decide on the request with this id");
  c->add_flag("--accept", o->accept, "With --decide");
  c->add_flag("--refuse", o->refuse, "With --decide");
  c->add_option("--law-ref", o->law_ref, "With --decide and --cancel: the law or reason it rests on");
  c->add_option("--cancel", o->cancel, "Call an accepted request off before it is carried out");
  c->add_option("--status", o->status, "How far the request with this id has come");
  c->add_flag("--list", o->list, "Every request that is not done");
  c->add_flag("--run", o->run, "Carry out what is due, then wrap all other keys again and destroy the old generation key");

  CLI::App* hold = cli.app.add_subcommand("hold", "Legal hold: what a case needs is not erased");
  hold->require_subcommand(1);
  hold->footer("\nExample:\n  oppiloki hold list --data var/ledger --learner urn:oid:1.2.246.562.24.10482013375");
  auto set = std::make_shared<HoldOptions>();
  c = AddCommand(cli, *hold, "set", "Keep a learner's data for a case",
                 "oppiloki hold set --data var/ledger --learner urn:oid:1.2.246.562.24.10482013375 --class S2 --ground LITIGATION --case KHO-2026-17 --as dpo",
                 [set]() -> Result<int> {
                   OPPI_TRY(const consumers::Principal principal, set->principal.Read());
                   OPPI_TRY(const auto node, set->ledger.OpenNode());
                   return Print(node->erasures().SetHold(set->ask, principal), set->ledger);
                 });
  set->ledger.AddTo(*c, false);
  set->principal.AddTo(*c);
  c->add_option("--learner", set->ask.learner, "Whose data")->required();
  c->add_option("--class", set->ask.classes, "Which classes")->delimiter(',')->required();
  c->add_option("--ground", set->ask.ground, "LITIGATION, BREACH or AUTHORITY")->required();
  c->add_option("--case", set->ask.case_ref, "The case that needs it")->required();
  c->add_option("--controller", set->ask.controller, "The organisation responsible; default the operator");

  auto release = std::make_shared<HoldOptions>();
  c = AddCommand(cli, *hold, "release", "End a legal hold; erasures that waited for it become due after some days",
                 "oppiloki hold release --data var/ledger --hold 019b1c00-0000-7000-8000-000000000011 --as dpo", [release]() -> Result<int> {
                   OPPI_TRY(const consumers::Principal principal, release->principal.Read());
                   OPPI_TRY(const auto node, release->ledger.OpenNode());
                   return Print(node->erasures().ReleaseHold(release->hold, principal), release->ledger);
                 });
  release->ledger.AddTo(*c, false);
  release->principal.AddTo(*c);
  c->add_option("--hold", release->hold, "Id of the hold")->required();

  auto list = std::make_shared<HoldOptions>();
  c = AddCommand(cli, *hold, "list", "Legal holds on a learner's data, past ones too",
                 "oppiloki hold list --data var/ledger --learner urn:oid:1.2.246.562.24.10482013375", [list]() -> Result<int> {
                   OPPI_TRY(const auto node, list->ledger.OpenNode());
                   return Print(node->erasures().Holds(list->ask.learner), list->ledger);
                 });
  list->ledger.AddTo(*c, false);
  c->add_option("--learner", list->ask.learner, "Whose data")->required();
}

}  // namespace oppi::ops
