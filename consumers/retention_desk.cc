#include "consumers/retention_desk.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "ledger/durable_file.h"

namespace oppi::consumers {
namespace {

using Json = nlohmann::ordered_json;
using projections::RetentionReport;
using projections::RetentionRule;
using projections::RetentionTable;
using projections::SignedRetention;

Json JsonOf(const SignedRetention& signed_table) {
  const RetentionTable& table = signed_table.table;
  Json json;
  json["retention"] = table.name;
  json["version"] = table.version;
  json["sha256"] = HashText(table.hash);
  json["requested_by"] = signed_table.requester();
  json["decided_by"] = signed_table.decider();
  return json;
}

Json JsonOf(const RetentionRule& rule) {
  return {{"class", rule.of_class},
          {"types", rule.types},
          {"trigger", projections::RetentionTriggerName(rule.trigger)},
          {"days", rule.days},
          {"law_ref", rule.law_ref}};
}

Json JsonOf(const RetentionTable& table, const RetentionReport& report, bool dry_run) {
  Json json;
  json["retention"] = table.name;
  json["version"] = table.version;
  json["sha256"] = HashText(table.hash);
  json["dry_run"] = dry_run;
  json["finished"] = report.finished;
  json["resumed"] = report.resumed;
  json["persons"] = report.persons;
  Json& rules = json["rules"] = Json::array();
  for (std::size_t i = 0; i < table.rules.size(); ++i) {
    const RetentionRule& rule = table.rules[i];
    const RetentionReport::OfRule& of = report.rules[i];
    rules.push_back({{"rule", i + 1},
                     {"class", rule.of_class},
                     {"trigger", projections::RetentionTriggerName(rule.trigger)},
                     {"days", rule.days},
                     {"learners", of.learners},
                     {"events", of.events},
                     {"shared", of.shared},
                     {"held", of.held},
                     {"waiting", of.waiting},
                     {"called_off", of.called_off}});
  }
  json["not_due_again"] = report.not_due_again;
  json["unreadable"] = report.unreadable;
  json["refused"] = report.refused;
  return json;
}

}  // namespace

RetentionDesk::RetentionDesk(Ports ports) : ports_(std::move(ports)) {
  ports_.run.progress_file = ports_.directory + "/progress";
}

Result<std::optional<SignedRetention>> RetentionDesk::Current() const {
  OPPI_TRY(const auto note, ledger::ReadFileIfThere(ports_.directory + "/current.note"));
  if (!note) return std::optional<SignedRetention>();
  OPPI_TRY(SignedRetention table, projections::ParseRetentionNote(*note, ports_.origin));
  return std::optional<SignedRetention>(std::move(table));
}

Status RetentionDesk::Check(const SignedRetention& table) const {
  const auto log = ports_.run.view();
  OPPI_RETURN_IF_ERROR(ports_.run.runner.WaitFor(log->size()));
  OPPI_TRY(const auto snapshot, ports_.run.registry.At(*log));
  const Instant now = ports_.run.clock.Now();
  return projections::CheckRetention(table, snapshot->registry->publishers(), snapshot->registry->PackAt(now, log->size()), now);
}

Result<std::string> RetentionDesk::Sign(std::string_view table, const NamedSigningKey& key) const {
  OPPI_TRY(const RetentionTable parsed, projections::ParseRetentionTable(table));
  return ledger::FormatNote(projections::SignRetention(parsed, ports_.origin, key).note);
}

Result<std::string> RetentionDesk::SignAlso(std::string_view note, const NamedSigningKey& key) const {
  OPPI_TRY(SignedRetention table, projections::ParseRetentionNote(note, ports_.origin));
  if (table.note.signatures.size() != 1 || table.requester() == key.name)
    return PermissionDenied("NEEDS_SECOND_PRINCIPAL: the second signature is of another principal than the first");
  projections::SignAlso(table, key);
  return ledger::FormatNote(table.note);
}

Result<std::string> RetentionDesk::Set(std::string_view note) {
  const std::scoped_lock lock(running_);
  OPPI_TRY(const SignedRetention table, projections::ParseRetentionNote(note, ports_.origin));
  OPPI_RETURN_IF_ERROR(Check(table));
  OPPI_TRY(const auto before, Current());
  const std::string mine = ports_.directory + "/v" + std::to_string(table.table.version) + ".note";
  OPPI_TRY(const auto set_before, ledger::ReadFileIfThere(mine));
  if ((before && table.table.version <= before->table.version) || (set_before && *set_before != note))
    return AlreadyExists("VERSION_NOT_NEWER: a retention table of this version or a newer one was set before; versions only rise");
  std::error_code error;
  std::filesystem::create_directories(ports_.directory, error);
  if (!error) std::filesystem::permissions(ports_.directory, std::filesystem::perms::owner_all, error);
  if (error) return PermissionDenied("cannot make " + ports_.directory + ": " + error.message());
  OPPI_RETURN_IF_ERROR(ledger::WriteFileDurably(mine, note, 0600));
  OPPI_RETURN_IF_ERROR(ledger::WriteFileDurably(ports_.directory + "/current.note", note, 0600));
  return JsonOf(table).dump();
}

Result<std::string> RetentionDesk::Show() const {
  OPPI_TRY(const auto table, Current());
  if (!table) return NotFound("NO_TABLE: no retention table is set; nothing is ever due by itself");
  Json json = JsonOf(*table);
  const Status usable = Check(*table);
  json["usable"] = usable.ok();
  if (!usable.ok()) json["why_not"] = usable.error().message;
  Json& rules = json["rules"] = Json::array();
  for (const RetentionRule& rule : table->table.rules) rules.push_back(JsonOf(rule));
  return json.dump();
}

Result<std::string> RetentionDesk::Run(const projections::RetentionOptions& options, const projections::RetentionProgressFn& progress) {
  const std::unique_lock lock(running_, std::try_to_lock);
  if (!lock.owns_lock()) return Unavailable("a retention run is going on");
  OPPI_TRY(auto table, Current());
  if (!table) return NotFound("NO_TABLE: no retention table is set; nothing is ever due by itself");
  const RetentionTable rules = table->table;
  projections::RetentionRun run(ports_.run, *std::move(table));
  OPPI_TRY(const RetentionReport report, run.Run(options, progress));
  return JsonOf(rules, report, options.dry_run).dump();
}

}  // namespace oppi::consumers
