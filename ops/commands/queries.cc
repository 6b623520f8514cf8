#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "ledger/durable_file.h"
#include "ops/cli.h"
#include "ops/remote.h"
#include "projections/answer_table.h"
#include "projections/question.h"

namespace oppi::ops {
namespace {

using projections::Ask;
using projections::Question;

constexpr std::uint64_t kPageRows = 500;     // asked for at once
constexpr std::uint64_t kRowsMax = 100'000;  // of a list over many learners, unless --limit says otherwise

struct QueryOptions {
  LedgerOptions ledger;
  Ask ask{};
  Question question;
  std::string valid_at;
  std::string known_at;  // instant or size
  std::uint64_t min_size = 0;
  std::string from;
  std::string until;
  bool timeline = false;
  std::uint64_t limit = 0;
  std::string evidence_file;
  projections::Asker asker{"operator", "DPO", "*", "EDU"};
};

Status SetInstant(const std::string& text, const char* option, std::optional<Instant>& out) {
  if (text.empty()) return {};
  out = ParseInstant(text);
  if (!out) return InvalidArgument(std::string(option) + " takes an instant such as 2026-11-23T12:00:00Z");
  return {};
}

Status Complete(QueryOptions& o) {
  Question& q = o.question;
  q.ask = o.timeline ? Ask::kTimeline : o.ask;
  OPPI_RETURN_IF_ERROR(SetInstant(o.valid_at, o.ask == Ask::kDecide ? "--at" : "--valid-at", q.valid_at));
  OPPI_RETURN_IF_ERROR(SetInstant(o.from, "--from", q.from));
  OPPI_RETURN_IF_ERROR(SetInstant(o.until, "--to", q.until));
  const bool size = !o.known_at.empty() && o.known_at.find_first_not_of("0123456789") == std::string::npos && o.known_at.size() < 19;
  if (size)
    q.known_size = TreeSize(std::stoull(o.known_at));
  else
    OPPI_RETURN_IF_ERROR(SetInstant(o.known_at, "--known-at", q.known_at));
  if (o.min_size != 0) q.min_size = TreeSize(o.min_size);
  if (o.limit != 0 && !AsksOfMany(q)) return InvalidArgument("--limit is for a list over many learners");
  q.evidence = !o.evidence_file.empty();
  // The same strictness as over HTTP.
  auto checked = projections::ParseQuestion(q.ask, projections::QuestionJson(q));
  if (!checked.ok()) return std::move(checked).error();
  return {};
}

/// The result as tables, and below it what was kept back; a document of another format as it is.
Status PrintForPeople(const Question& question, const nlohmann::ordered_json& answer) {
  const Ask ask = question.ask;
  if (!question.format.empty()) {
    std::printf("%s\n", answer.value("result", nlohmann::ordered_json()).dump(2).c_str());
    return {};
  }
  const std::string result = answer.value("result", nlohmann::ordered_json()).dump();
  if (ask == Ask::kRecord || ask == Ask::kAudit) {
    OPPI_TRY(const std::string text, ask == Ask::kRecord ? projections::RecordTable(result) : projections::AuditTable(result));
    std::fputs(text.c_str(), stdout);
  } else if (ask == Ask::kObligations || ask == Ask::kFindings) {
    OPPI_TRY(const std::string text,
             ask == Ask::kObligations ? projections::ObligationsTable(result) : projections::FindingsTable(result));
    std::fputs(text.c_str(), stdout);
  } else {
    PrintAnswer(result, false);
  }
  OPPI_TRY(const std::string lines, projections::RedactionLines(answer.value("redactions", nlohmann::ordered_json::array()).dump()));
  if (!lines.empty()) std::printf("\n%s", lines.c_str());
  return {};
}

/// Where questions go: a served ledger, or one on this machine.
class Desk {
 public:
  static Result<Desk> Open(const LedgerOptions& ledger) {
    Desk desk;
    if (!ledger.url.empty()) {
      OPPI_TRY(const std::string token, ledger.ReadToken());
      OPPI_TRY(desk.remote_, Remote::Open(ledger.url, token));
      return desk;
    }
    OPPI_TRY(desk.node_, ledger.OpenNode());
    OPPI_RETURN_IF_ERROR(desk.node_->ViewsMayBeServed());
    return desk;
  }
  [[nodiscard]] Result<std::string> Ask(const Question& question, const projections::Asker& asker) {
    if (remote_ == nullptr) return node_->desk().Answer(question, asker);
    return remote_->Ask("/v1/query/" + std::string(projections::AskName(question.ask)), projections::QuestionJson(question));
  }

 private:
  std::unique_ptr<Remote> remote_;
  std::unique_ptr<Node> node_;
};

/// Everybody for whom a controller is responsible: page after page, all of one view.
Result<int> RunPages(QueryOptions o) {
  OPPI_TRY(Desk desk, Desk::Open(o.ledger));
  ProgressBar progress(std::string(projections::AskName(o.question.ask)));
  const std::uint64_t rows_max = o.limit == 0 ? kRowsMax : o.limit;
  auto rows = nlohmann::ordered_json::array();
  std::uint64_t count = 0;
  do {
    o.question.limit = std::min<std::uint64_t>(rows_max - count, kPageRows);
    OPPI_TRY(const std::string answer, desk.Ask(o.question, o.asker));
    auto json = nlohmann::ordered_json::parse(answer, nullptr, false);
    if (json.is_discarded() || !json["result"].is_object()) return DataLoss("the answer is not a page");
    auto& page = json["result"];
    for (auto& row : page["rows"]) {
      ++count;
      if (o.ledger.json)
        std::printf("%s\n", row.dump().c_str());
      else
        rows.push_back(std::move(row));
    }
    o.question.after = page["next"].is_string() ? page["next"].get<std::string>() : std::string();
    o.question.known_at.reset();
    o.question.known_size = TreeSize(json["view"].value("size", std::uint64_t{0}));
    o.question.valid_at = ParseInstant(json["view"].value("at", std::string()));
    progress.Show(page.value("percent", 100) / 100.0, std::to_string(count) + " rows");
  } while (!o.question.after.empty() && count < rows_max);
  if (!o.ledger.json) {
    nlohmann::ordered_json all;
    all["result"] = std::move(rows);
    OPPI_RETURN_IF_ERROR(PrintForPeople(o.question, all));
  }
  if (!o.question.after.empty())
    std::fprintf(stderr, "There is more: ask on with --after %s --known-at %llu --valid-at %s\n", o.question.after.c_str(),
                 static_cast<unsigned long long>(o.question.known_size->value()), FormatInstant(*o.question.valid_at).c_str());
  return kExitDone;
}

Result<int> Run(QueryOptions o) {
  OPPI_RETURN_IF_ERROR(Complete(o));
  if (AsksOfMany(o.question)) {
    // Said here and not after the first page.
    if (o.question.evidence)
      return PermissionDenied("EVIDENCE_NOT_ALLOWED: a list of many learners carries no evidence; ask about one of them");
    return RunPages(std::move(o));
  }
  OPPI_TRY(Desk desk, Desk::Open(o.ledger));
  OPPI_TRY(const std::string answer, desk.Ask(o.question, o.asker));
  auto json = nlohmann::ordered_json::parse(answer, nullptr, false);
  if (json.is_discarded()) return DataLoss("the answer is not JSON");
  if (o.question.evidence) {
    OPPI_RETURN_IF_ERROR(ledger::WriteFileDurably(o.evidence_file, json["evidence"].dump(), 0600));
    json.erase("evidence");
  }
  if (!o.question.consent.empty() && json["result"].is_null())
    return NotFound("CONSENT_UNKNOWN: the learner has no such consent, or it was erased");
  // People read the result and what was kept back; the envelope is for machines.
  if (o.ledger.json) {
    PrintAnswer(json.dump(), true);
  } else {
    OPPI_RETURN_IF_ERROR(PrintForPeople(o.question, json));
  }
  if (o.question.ask != Ask::kDecide) return kExitDone;
  const std::string result = json["result"].is_object() ? json["result"].value("result", std::string()) : std::string();
  return result.rfind("PERMIT", 0) == 0 ? kExitDone : kExitFalse;
}

std::shared_ptr<QueryOptions> AddQuery(Cli& cli, Ask ask, const std::string& name, const std::string& about,
                                       const std::string& example, CLI::App** command) {
  auto options = std::make_shared<QueryOptions>();
  options->ask = ask;
  *command = AddCommand(cli, cli.app, name, about, example, [options] { return Run(*options); });
  options->ledger.AddTo(**command, true);
  (*command)->add_option("--reason", options->question.reason, "Why you ask; kept with the access event");
  (*command)->add_option("--evidence", options->evidence_file, "Also write everything needed to check the answer offline");
  (*command)->add_option("--known-at", options->known_at, "As known then: an instant, or a log size");
  (*command)->add_option("--as", options->asker.principal, "With --data: who asks");
  (*command)->add_option("--role", options->asker.role, "With --data: in which role");
  (*command)->add_option("--organisation", options->asker.organisation, "With --data: for which organisation");
  (*command)->add_option("--purpose-of-access", options->asker.purpose, "With --data: for which purpose");
  return options;
}

}  // namespace

void AddQueryCommands(Cli& cli) {
  CLI::App* c = nullptr;
  auto record = AddQuery(cli, Ask::kRecord, "record", "The record of a learner, now or then",
                         "oppiloki record --data var/ledger --learner urn:oid:1.2.246.562.24.10482013375 --valid-at 2026-05-01T00:00:00Z", &c);
  c->add_option("--learner", record->question.learner, "Person id")->required();
  c->add_option("--controller", record->question.controller, "Only what this organisation is responsible for");
  c->add_option("--valid-at", record->valid_at, "As valid then");

  auto consents = AddQuery(cli, Ask::kConsents, "consents", "Consent states of a learner",
                           "oppiloki consents --data var/ledger --learner urn:oid:1.2.246.562.24.10482013375 --timeline", &c);
  c->add_option("--learner", consents->question.learner, "Person id")->required();
  c->add_option("--controller", consents->question.controller, "Organisation OID");
  c->add_option("--purpose", consents->question.purpose, "Purpose code");
  c->add_option("--recipient", consents->question.recipient, "Recipient");
  c->add_option("--category", consents->question.categories, "Data categories")->delimiter(',');
  c->add_option("--valid-at", consents->valid_at, "As valid then");
  c->add_flag("--timeline", consents->timeline, "Every state with its period");
  c->add_option("--format", consents->question.format, "As a document of this format: ts27560 (JSON-LD), kantara or fhir (docs/exports.md)");
  c->add_option("--consent", consents->question.consent, "With --format: the receipt of one consent, by its event id");

  auto decide = AddQuery(cli, Ask::kDecide, "decide", "May this be disclosed? Exit code 0 only for a permit",
                         "oppiloki decide --data var/ledger --learner urn:oid:1.2.246.562.24.10482013375 --controller 1.2.246.562.10.34648391018 "
                         "--purpose ADAPT --recipient V1 --category LRN",
                         &c);
  c->add_option("--learner", decide->question.learner, "Person id")->required();
  c->add_option("--controller", decide->question.controller, "Organisation OID")->required();
  c->add_option("--purpose", decide->question.purpose, "Purpose code")->required();
  c->add_option("--recipient", decide->question.recipient, "Recipient")->required();
  c->add_option("--category", decide->question.categories, "Data categories")->delimiter(',')->required();
  c->add_option("--at", decide->valid_at, "At this instant; default now");
  c->add_option("--min-size", decide->min_size, "STALE when the log known is shorter than this");
  c->add_option("--op", decide->question.op, "disclose, guardian_view or emergency_read");
  c->add_option("--principal", decide->question.principal, "Whose guardian view or emergency read");

  auto audit = AddQuery(cli, Ask::kAudit, "audit", "Who did what, when and why",
                        "oppiloki audit --data var/ledger --learner urn:oid:1.2.246.562.24.10482013375 --from 2026-11-01T00:00:00Z", &c);
  c->add_option("--learner", audit->question.learner, "Whose data");
  c->add_option("--actor", audit->question.actor, "Who looked");
  c->add_option("--publisher", audit->question.publisher, "What a publisher did");
  c->add_option("--from", audit->from, "From this instant on");
  c->add_option("--to", audit->until, "Before this instant");
  c->add_option("--valid-at", audit->valid_at, "As of then");
  c->add_option("--format", audit->question.format, "As a document of this format: fhir (AuditEvent by IHE BALP; docs/exports.md)");

  for (const Ask ask : {Ask::kObligations, Ask::kFindings}) {
    const bool duties = ask == Ask::kObligations;
    auto many = AddQuery(cli, ask, duties ? "obligations" : "findings",
                         duties ? "Duties and their deadlines: of a learner, or of all of a controller's"
                                : "Processing without a permit, consents outgrown, duties overdue: of a learner, or of all of a controller's",
                         duties ? "oppiloki obligations --data var/ledger --controller 1.2.246.562.10.34648391018 --status OVERDUE"
                                : "oppiloki findings --data var/ledger --learner urn:oid:1.2.246.562.24.10482013375",
                         &c);
    c->add_option("--learner", many->question.learner, "Person id; without it everybody of --controller, with --json one row a line");
    c->add_option("--controller", many->question.controller, "Only what this organisation is responsible for");
    c->add_option("--purpose", many->question.purpose, "Only of this purpose");
    c->add_option("--recipient", many->question.recipient, "Only of this recipient");
    if (duties) c->add_option("--status", many->question.status, "Only these: DONE, OPEN or OVERDUE");
    c->add_option("--valid-at", many->valid_at, "As of then");
    c->add_option("--limit", many->limit, "Over many learners: end after about so many rows");
    c->add_option("--after", many->question.after, "Over many learners: go on where an earlier list ended");
  }
}

}  // namespace oppi::ops
