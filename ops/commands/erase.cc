#include <cstdio>
#include <nlohmann/json.hpp>

#include "events/ids.h"
#include "ledger/durable_file.h"
#include "ops/cli.h"
#include "ops/key_files.h"
#include "ops/remote.h"

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
  std::string evidence_file;
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

/// Who looks on the operator's own machine.
const projections::Asker kOfficer{"operator", "DPO", "*", "EDU"};

Result<std::unique_ptr<Remote>> OpenRemote(const LedgerOptions& o, const PrincipalOptions& principal) {
  if (!principal.name.empty() || !principal.key_file.empty())
    return InvalidArgument("--as and --key are for --data; a served ledger takes who acts from the token");
  OPPI_TRY(const std::string token, o.ReadToken());
  return Remote::Open(o.url, token);
}

/// What a run could not carry out is said by its exit code too.
Result<int> PrintRun(const Result<std::string>& answer, const LedgerOptions& o) {
  OPPI_TRY(const int code, Print(answer, o));
  const Json json = Json::parse(*answer, nullptr, false);
  const bool all_done = json.is_object() && json.contains("skipped") && json["skipped"].empty() && !json.contains("copies");
  return all_done ? code : static_cast<int>(kExitFalse);
}

Result<int> Run(Node& node, const LedgerOptions& o) {
  ProgressBar bar("erasing");
  return PrintRun(node.erasures().Run([&bar](const char* step, std::uint64_t done, std::uint64_t all) {
    bar.Show(all == 0 ? 0.5 : static_cast<double>(done) / static_cast<double>(all), std::string(step) + ", " + std::to_string(done));
  }), o);
}

/// The certificate goes to the file, the answer itself to the screen.
Result<int> PrintCertificate(const Result<std::string>& answer, const EraseOptions& o) {
  if (!answer.ok()) return answer.error();
  const Json json = Json::parse(*answer, nullptr, false);
  if (!json.is_object() || !json.contains("evidence")) return DataLoss("the answer has no evidence");
  OPPI_RETURN_IF_ERROR(ledger::WriteFileDurably(o.evidence_file, json["evidence"].dump(), 0600));
  return Print(json["result"].dump(), o.ledger);
}

projections::Question Certificate(const std::string& request) {
  projections::Question question;
  question.ask = projections::Ask::kErasure;
  question.request = request;
  question.evidence = true;
  return question;
}

Json AskJson(const EraseOptions& o) {
  Json json{{"learner", o.ask.learner}};
  if (!o.ask.controller.empty()) json["controller"] = o.ask.controller;
  if (!o.ask.classes.empty()) json["classes"] = o.ask.classes;
  if (!o.ask.types.empty()) json["types"] = o.ask.types;
  if (!o.ask.ground.empty()) json["ground"] = o.ask.ground;
  if (o.ask.whole_subject) json["whole_subject"] = true;
  if (o.dry_run) json["dry_run"] = true;
  return json;
}

Result<int> EraseOver(const EraseOptions& o) {
  OPPI_TRY(const auto remote, OpenRemote(o.ledger, o.principal));
  const std::string erasures = "/v1/erasures";
  if (!o.evidence_file.empty())
    return PrintCertificate(remote->Ask("/v1/query/erasure", projections::QuestionJson(Certificate(o.status))), o);
  if (!o.status.empty()) return Print(remote->Text(erasures + "/" + o.status), o.ledger);
  if (o.list) return Print(remote->Text(erasures), o.ledger);
  if (o.run) return PrintRun(remote->Ask(erasures + "/run", {}), o.ledger);
  if (!o.ask.learner.empty()) return Print(remote->Ask(erasures, AskJson(o).dump()), o.ledger);
  Json decision{{"decision", !o.cancel.empty() ? "CANCEL" : o.accept ? "ACCEPT" : "REFUSE"}};
  if (!o.law_ref.empty()) decision["law_ref"] = o.law_ref;
  const std::string& id = o.cancel.empty() ? o.decide : o.cancel;
  return Print(remote->Ask(erasures + "/" + id + "/decision", decision.dump()), o.ledger);
}

Result<int> Erase(const EraseOptions& o) {
  const int asked = (o.status.empty() ? 0 : 1) + (o.decide.empty() ? 0 : 1) + (o.cancel.empty() ? 0 : 1) + (o.list ? 1 : 0) +
                    (o.run ? 1 : 0) + (o.ask.learner.empty() ? 0 : 1);
  if (asked != 1) return InvalidArgument("say one thing to do: --learner, --decide, --cancel, --status, --list or --run");
  if (!o.decide.empty() && o.accept == o.refuse) return InvalidArgument("--decide takes --accept or --refuse");
  if (!o.evidence_file.empty() && o.status.empty()) return InvalidArgument("--evidence belongs to --status");
  for (const std::string* id : {&o.status, &o.decide, &o.cancel})
    if (!id->empty() && !events::IsUuidV7(*id)) return NotFound("REQUEST_UNKNOWN: an id is a lower-case UUID of version 7");
  if (!o.ledger.url.empty()) return EraseOver(o);
  OPPI_TRY(const auto node, o.ledger.OpenNode());
  consumers::ErasureDesk& desk = node->erasures();
  if (!o.evidence_file.empty()) return PrintCertificate(node->desk().Answer(Certificate(o.status), kOfficer), o);
  if (!o.status.empty()) return Print(desk.StatusOf(o.status, kOfficer), o.ledger);
  if (o.list) return Print(desk.List(kOfficer), o.ledger);
  if (o.run) return Run(*node, o.ledger);
  if (o.dry_run) return Print(desk.Preview(o.ask, kOfficer), o.ledger);
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

Result<int> SetHold(const HoldOptions& o) {
  if (!o.ledger.url.empty()) {
    OPPI_TRY(const auto remote, OpenRemote(o.ledger, o.principal));
    Json json{{"learner", o.ask.learner}, {"classes", o.ask.classes}, {"ground", o.ask.ground}, {"case_ref", o.ask.case_ref}};
    if (!o.ask.controller.empty()) json["controller"] = o.ask.controller;
    return Print(remote->Ask("/v1/holds", json.dump()), o.ledger);
  }
  OPPI_TRY(const consumers::Principal principal, o.principal.Read());
  OPPI_TRY(const auto node, o.ledger.OpenNode());
  return Print(node->erasures().SetHold(o.ask, principal), o.ledger);
}

Result<int> ReleaseHold(const HoldOptions& o) {
  if (!events::IsUuidV7(o.hold)) return NotFound("HOLD_UNKNOWN: an id is a lower-case UUID of version 7");
  if (!o.ledger.url.empty()) {
    OPPI_TRY(const auto remote, OpenRemote(o.ledger, o.principal));
    return Print(remote->Ask("/v1/holds/" + o.hold + "/release", {}), o.ledger);
  }
  OPPI_TRY(const consumers::Principal principal, o.principal.Read());
  OPPI_TRY(const auto node, o.ledger.OpenNode());
  return Print(node->erasures().ReleaseHold(o.hold, principal), o.ledger);
}

Result<int> ListHolds(const HoldOptions& o) {
  if (o.ledger.url.empty()) {
    OPPI_TRY(const auto node, o.ledger.OpenNode());
    return Print(node->erasures().Holds(o.ask.learner, kOfficer), o.ledger);
  }
  OPPI_TRY(const auto remote, OpenRemote(o.ledger, o.principal));
  OPPI_TRY(const std::string answer, remote->Ask("/v1/query/holds", Json{{"learner", o.ask.learner}}.dump()));
  const Json json = Json::parse(answer, nullptr, false);
  if (!json.is_object() || !json.contains("result")) return DataLoss("the answer is not JSON");
  return Print(Json{{"holds", json["result"]}}.dump(), o.ledger);
}

}  // namespace

void AddEraseCommands(Cli& cli) {
  auto o = std::make_shared<EraseOptions>();
  CLI::App* c = AddCommand(cli, cli.app, "erase",
                           "Erase a learner's data: one principal requests, another decides, and --run carries out what is due",
                           "oppiloki erase --data var/ledger --learner urn:oid:1.2.246.562.24.10482013375 --class S2 --ground REQUEST --as portal",
                           [o] { return Erase(*o); });
  o->ledger.AddTo(*c, true);
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
  c->add_option("--evidence", o->evidence_file, "With --status: also write the certificate of erasure, to be checked offline");
  c->add_flag("--list", o->list, "Every request that is not done");
  c->add_flag("--run", o->run, "Carry out what is due, then wrap all other keys again and destroy the old generation key");

  CLI::App* hold = cli.app.add_subcommand("hold", "Legal hold: what a case needs is not erased");
  hold->require_subcommand(1);
  hold->footer("\nExample:\n  oppiloki hold list --data var/ledger --learner urn:oid:1.2.246.562.24.10482013375");
  auto set = std::make_shared<HoldOptions>();
  c = AddCommand(cli, *hold, "set", "Keep a learner's data for a case",
                 "oppiloki hold set --data var/ledger --learner urn:oid:1.2.246.562.24.10482013375 --class S2 --ground LITIGATION --case KHO-2026-17 --as dpo",
                 [set] { return SetHold(*set); });
  set->ledger.AddTo(*c, true);
  set->principal.AddTo(*c);
  c->add_option("--learner", set->ask.learner, "Whose data")->required();
  c->add_option("--class", set->ask.classes, "Which classes")->delimiter(',')->required();
  c->add_option("--ground", set->ask.ground, "LITIGATION, BREACH or AUTHORITY")->required();
  c->add_option("--case", set->ask.case_ref, "The case that needs it")->required();
  c->add_option("--controller", set->ask.controller, "The organisation responsible; default the operator");

  auto release = std::make_shared<HoldOptions>();
  c = AddCommand(cli, *hold, "release", "End a legal hold; erasures that waited for it become due after some days",
                 "oppiloki hold release --data var/ledger --hold 019b1c00-0000-7000-8000-000000000011 --as dpo",
                 [release] { return ReleaseHold(*release); });
  release->ledger.AddTo(*c, true);
  release->principal.AddTo(*c);
  c->add_option("--hold", release->hold, "Id of the hold")->required();

  auto list = std::make_shared<HoldOptions>();
  c = AddCommand(cli, *hold, "list", "Legal holds on a learner's data, past ones too",
                 "oppiloki hold list --data var/ledger --learner urn:oid:1.2.246.562.24.10482013375",
                 [list] { return ListHolds(*list); });
  list->ledger.AddTo(*c, true);
  c->add_option("--learner", list->ask.learner, "Whose data")->required();
}

}  // namespace oppi::ops
