#include "projections/eraser.h"

#include <algorithm>
#include <map>
#include <set>

#include "events/ids.h"
#include "ledger/bodies.h"
#include "ledger/sealing.h"
#include "projections/consent_answer.h"
#include "projections/history.h"

namespace oppi::projections {
namespace {

using events::Event;
using events::EventType;

constexpr std::string_view kViewsMark = "erasures";
constexpr std::string_view kExecutionBound = "oppiloki/execution/v1\n";
/// A standstill costs intake a wait for the views, so it is used for a while; then intake has its turn.
constexpr std::int64_t kStandstillMicros = 150'000;
constexpr std::size_t kRewrapRows = 10'000;

Bytes Mark(std::uint32_t number) {
  Bytes mark;
  ByteWriter(mark).U32(number);
  return mark;
}

/// Learners whose erasures share the writes.
constexpr std::size_t kTogetherMax = 64;

Event ExecutionFor(const ErasureRequest& request, std::string_view source, Instant now, Entropy& entropy) {
  Event event = events::MakeEvent(EventType::kErasureExecuted);
  event.id = events::MakeUuidV7(now, entropy);
  event.source = source;
  event.subject = request.learner;
  event.controller = request.controller;
  event.time = now;
  event.SetText("request", request.id);
  event.SetList("classes", request.classes);
  if (!request.types.empty()) event.SetList("types", request.types);
  if (request.whole_subject) event.SetNumber("whole_subject", 1);
  return event;
}

/// What was done to which store, and who had received something before: whom to tell.
std::vector<std::string> ReceiptsOf(const ledger::PlannedErasure& plan, const ErasurePreview& preview) {
  std::vector<std::string> receipts{"bodies: " + std::to_string(plan.covered - plan.shared) + " destroyed, " +
                                    std::to_string(plan.shared) + " kept for others"};
  for (const std::string& key : plan.keys) receipts.push_back("key " + key);
  if (plan.documents > 0) receipts.push_back("documents: " + std::to_string(plan.documents) + " destroyed");
  constexpr std::size_t kReceiptsMax = 64;
  std::size_t left = preview.recipients.size();
  for (const auto& recipient : preview.recipients) {
    if (receipts.size() + 1 == kReceiptsMax && left > 1) {
      receipts.push_back("tell: " + std::to_string(left) + " others, whom the trail names");
      break;
    }
    receipts.push_back("tell: " + recipient.name);
    --left;
  }
  return receipts;
}

}  // namespace

Result<const Registry*> Eraser::RegistryNow(const ledger::LogView& log) {
  Bytes end(1, static_cast<char>(Projection::kRegistry));
  end.append(8, '\xff');
  OPPI_TRY(const auto newest, ports_.views.Floor(ledger::Table::kViews, end));
  if (registry_ == nullptr || !newest || newest->first != registry_key_) {
    OPPI_TRY(const Facts facts, ReadFullRegistry(log, stores(), log.size()));
    registry_ = RegistryOf(facts);
    registry_key_ = newest ? newest->first : Bytes();
  }
  return registry_.get();
}

Status Eraser::CatchUp() {
  const std::scoped_lock lock(running_);
  OPPI_TRY(const std::uint32_t performed, ledger::ErasuresPerformed(ports_.log));
  OPPI_TRY(const auto mark, ports_.views.Get(ledger::Table::kMeta, kViewsMark));
  const std::uint32_t renewed = mark ? ByteReader(*mark).U32() : 0;
  if (performed > list_.last()) return DataLoss("erasure list: this store has performed erasures that the list does not have");
  for (std::uint32_t number = std::min(performed, renewed) + 1; number <= list_.last(); ++number) {
    OPPI_TRY(const ledger::ErasureRecord record, list_.Read(number));
    OPPI_TRY(const Event execution, ExecutionOf(record));
    const std::vector<Planned> planned{{record, execution}};
    OPPI_RETURN_IF_ERROR(ports_.sequencer.AtStandstill([&](ledger::Standstill& still) {
      return number > performed ? Perform(planned, still) : RenewViews(planned, still);
    }));
  }
  return {};
}

Result<Event> Eraser::ExecutionOf(const ledger::ErasureRecord& record) const {
  OPPI_TRY(const auto key, ports_.vault.FindKey(record.handles.front(), ledger::KeyClass::kA));
  if (!key) return Event{};  // the trail itself has gone since: nobody is left to be named
  OPPI_TRY(const Bytes json, ledger::Unseal(*key, record.execution, kExecutionBound));
  events::Decoded decoded = events::Decode(json, events::Encoding::kJson, {.check_digits = false});
  if (decoded.error != events::ErrorCode::kNone) return DataLoss("erasure list: an execution does not decode");
  return std::move(decoded.event);
}

Status Eraser::Perform(const std::vector<Planned>& planned, ledger::Standstill& still) {
  ledger::WriteBatch rows;
  std::vector<Event> executions;
  for (const Planned& one : planned) {
    OPPI_TRY(const ledger::WriteBatch changed, ledger::RowsOf(one.record, ports_.log));
    rows.Append(changed);
    if (!one.execution.id.empty()) executions.push_back(one.execution);
  }
  const Status adopted = Adopt(planned, ledger::Vault::KeysOf::kBodies);
  if (!adopted.ok()) {
    still.StopWriter(adopted.error());
    return adopted;
  }
  // An older copy of the log may refuse what the newer one had accepted; what is destroyed stays so.
  OPPI_RETURN_IF_ERROR(still.Commit(executions, rows));
  return RenewViews(planned, still);
}

Status Eraser::Adopt(const std::vector<Planned>& planned, ledger::Vault::KeysOf kind) {
  ledger::WriteBatch rows;
  std::vector<std::string_view> owners;
  for (const Planned& one : planned) {
    rows.Append(ledger::RowsOf(kind == ledger::Vault::KeysOf::kBodies ? one.record.vault : one.record.view_keys));
    owners.push_back(one.execution.subject);
  }
  return ports_.vault.Adopt(kind, planned.back().record.number, rows, owners);
}

Status Eraser::RenewViews(const std::vector<Planned>& planned, ledger::Standstill& still) {
  const auto view = still.View();
  OPPI_RETURN_IF_ERROR(ports_.runner.WaitFor(view->size()));
  ports_.vault.BeginRenewal();
  const Status renewed = [&]() -> Status {
    OPPI_RETURN_IF_ERROR(Adopt(planned, ledger::Vault::KeysOf::kViews));
    ledger::WriteBatch rows;
    for (const Planned& one : planned)
      for (const ledger::Handle& handle : one.record.handles)
        OPPI_RETURN_IF_ERROR(FoldAgain(stores(), *view, handle, view->size(), rows));
    rows.Put(ledger::Table::kMeta, kViewsMark, Mark(planned.back().record.number));
    return ports_.views.Apply(rows, ledger::Durability::kBuffered);  // lost with the machine, it is done again
  }();
  ports_.vault.EndRenewal();
  if (!renewed.ok()) {
    still.StopWriter(renewed.error());
    return renewed;
  }
  for (const Planned& one : planned)
    if (ports_.forget && !one.execution.subject.empty()) ports_.forget(one.execution.subject);
  return {};
}

Result<std::optional<Eraser::Planned>> Eraser::Plan(const ErasureRequest& due, std::int64_t delay_micros,
                                                    const ledger::LogView& view, ErasureRunReport& report) {
  const auto skip = [&](std::string why) {
    report.skipped.push_back({due.id, std::move(why)});
    return std::optional<Planned>();
  };
  OPPI_TRY(const Registry* registry, RegistryNow(view));
  OPPI_TRY(const Facts facts, ReadPerson(stores(), due.learner, view.size()));
  const History history(due.learner, *registry, facts, view.size());
  const Fact* requested = history.Find(due.id);
  if (requested == nullptr) return DataLoss("an erasure request that the index names is missing");
  // Again, now that nothing moves any more: a hold or a change of mind may have come.
  const Instant now = ports_.clock.Now();
  const ErasureRequest request = RequestOf(history, *requested, now, delay_micros);
  if (request.status != ErasureStatus::kDue || !request.due || now < *request.due)
    return skip("NOT_DUE: its state changed while the run was going on");
  Fact execution;
  execution.position = NextIndex(view.size());
  execution.recorded = now;
  execution.event = ExecutionFor(request, ports_.ledger_source, now, ports_.entropy);
  if (const PolicyPack* pack = history.PackAt(now))
    for (const std::string& type : request.types)
      if (IsStatutory(type, *pack)) return skip("STATUTORY_RECORD: the policy in force now keeps this type by law");
  const ledger::ErasureOrder order = OrderFor(history, execution, ports_.vault);
  auto plan = ledger::PlanErasure(ports_.log, ports_.vault, ports_.entropy, order);
  if (!plan.ok()) return skip("UNREADABLE: " + plan.error().message);
  Event& event = execution.event;
  event.SetNumber("covered_count", static_cast<std::int64_t>(order.covered.size()));
  event.SetNumber("shared_remaining", static_cast<std::int64_t>(plan->shared));
  event.SetText("covered_root", HashText(plan->covered_root));
  event.SetList("receipts", ReceiptsOf(*plan, PreviewOf(history, event)));
  OPPI_TRY(const auto trail_key, ports_.vault.FindKey(plan->record.handles.front(), ledger::KeyClass::kA));
  if (!trail_key) return skip("UNREADABLE: the key of the learner's trail is lost");
  plan->record.size = view.size();
  plan->record.execution = ledger::Seal(*trail_key, events::EncodeJson(event), kExecutionBound, ports_.entropy);
  report.executed.push_back({due.id, event.id, order.covered.size(), plan->shared, plan->documents, plan->keys});
  return std::optional(Planned{std::move(plan->record), std::move(event)});
}

Status Eraser::ExecuteSome(const std::vector<ErasureRequest>& due, std::size_t& next, std::int64_t delay_micros,
                           ledger::Standstill& still, ErasureRunReport& report) {
  const auto view = still.View();
  OPPI_RETURN_IF_ERROR(ports_.runner.WaitFor(view->size()));
  const Instant until = ports_.clock.Now() + kStandstillMicros;
  std::vector<Planned> together;
  std::set<ledger::Handle> handles;
  std::set<LeafIndex> touched;
  do {
    const std::size_t executed = report.executed.size();
    OPPI_TRY(std::optional<Planned> planned, Plan(due[next], delay_micros, *view, report));
    if (planned) {
      // Each plan is made over the stores as they are: two that touch one thing do not go together.
      bool apart = true;
      for (const auto& change : planned->record.wraps) apart = apart && !touched.contains(change.index);
      for (const ledger::Handle& handle : planned->record.handles) apart = apart && !handles.contains(handle);
      if (!apart) {
        report.executed.resize(executed);
        break;
      }
      for (const auto& change : planned->record.wraps) touched.insert(change.index);
      handles.insert(planned->record.handles.begin(), planned->record.handles.end());
      together.push_back(*std::move(planned));
    }
    ++next;
  } while (next < due.size() && together.size() < kTogetherMax && ports_.clock.Now() < until);
  if (together.empty()) return {};
  std::vector<ledger::ErasureRecord> records;
  for (Planned& one : together) records.push_back(std::move(one.record));
  if (const Status listed = list_.Append(records, ports_.entropy); !listed.ok()) {
    // It may be there all the same, and would be carried out when the ledger is opened again: nobody may
    // call it off in between.
    still.StopWriter(listed.error());
    return listed;
  }
  for (std::size_t i = 0; i < together.size(); ++i) together[i].record = std::move(records[i]);
  return Perform(together, still);
}

Result<ErasureRunReport> Eraser::Run(std::int64_t delay_micros, const ErasureProgressFn& progress) {
  const std::scoped_lock lock(running_);
  ErasureRunReport report;
  const auto view = ports_.sequencer.View();
  OPPI_RETURN_IF_ERROR(ports_.runner.WaitFor(view->size()));
  const Instant now = ports_.clock.Now();
  OPPI_TRY(const std::vector<ErasureRequest> open, OpenRequests(stores(), *view, now, delay_micros));
  std::vector<ErasureRequest> due;
  for (const ErasureRequest& request : open) {
    const bool decided = request.status == ErasureStatus::kDue || request.status == ErasureStatus::kDeferred;
    if (decided && request.one_principal())
      report.skipped.push_back({request.id, "NEEDS_SECOND_PRINCIPAL: whoever requests an erasure may not decide it as well"});
    else if (request.status == ErasureStatus::kDeferred)
      report.skipped.push_back({request.id, "LEGAL_HOLD: a legal hold on one of its classes defers it"});
    else if (request.status == ErasureStatus::kDue && request.due && *request.due <= now)
      due.push_back(request);
    else
      report.waiting.push_back(request);
  }
  report.generation = ports_.vault.generation();
  if (!due.empty() || ports_.vault.owes_generation()) {
    OPPI_RETURN_IF_ERROR(ports_.sequencer.AtStandstill([&](ledger::Standstill&) { return ports_.vault.BeginGeneration(); }));
    for (std::size_t next = 0; next < due.size();) {
      OPPI_RETURN_IF_ERROR(InTurn([&](ledger::Standstill& still) { return ExecuteSome(due, next, delay_micros, still, report); }));
      if (progress) progress("erasing", next, due.size());
    }
    OPPI_RETURN_IF_ERROR(NewGeneration(report, progress));
  }
  if (ports_.refresh_copies) {
    OPPI_TRY(report.copies, ports_.refresh_copies(progress));
  }
  // As long as a copy opens what was erased, nobody may say that it is gone.
  if (report.copies.empty()) OPPI_RETURN_IF_ERROR(VerifyExecutions());
  return report;
}

Status Eraser::InTurn(const std::function<Status(ledger::Standstill&)>& work) {
  const Instant begun = ports_.clock.Now();
  OPPI_RETURN_IF_ERROR(ports_.sequencer.AtStandstill(work));
  // Twice as long as the writer was taken from intake: it keeps more than half of its rate.
  if (ports_.rest && ports_.sequencer.waiting() > 0) ports_.rest((ports_.clock.Now().micros - begun.micros) * 2);
  return {};
}

Status Eraser::NewGeneration(ErasureRunReport& report, const ErasureProgressFn& progress) {
  for (;;) {
    OPPI_TRY(const ledger::WriteBatch rows, ports_.vault.Rewrap(kRewrapRows));
    if (rows.empty()) break;
    OPPI_RETURN_IF_ERROR(InTurn([&](ledger::Standstill& still) {
      Status applied = ports_.vault.ApplyRewrapped(rows);
      if (!applied.ok()) still.StopWriter(applied.error());
      return applied;
    }));
    if (progress) progress("wrapping keys again", ports_.vault.rewrapped(), 0);
  }
  OPPI_RETURN_IF_ERROR(ports_.sequencer.AtStandstill([&](ledger::Standstill& still) {
    Status finished = ports_.vault.FinishGeneration();
    if (!finished.ok()) still.StopWriter(finished.error());
    return finished;
  }));
  OPPI_RETURN_IF_ERROR(ports_.vault.DropOldRows());
  report.generation = ports_.vault.generation();
  report.rewrapped = ports_.vault.rewrapped();
  return {};
}

namespace {

/// The stores are looked at again before it is said that they forgot.
Status Forgotten(const ledger::ErasureRecord& record, const ledger::Store& log) {
  for (const auto& change : record.wraps) {
    if (!change.sealed_key.empty()) continue;
    OPPI_TRY(const auto row, log.Get(ledger::Table::kBodies, ledger::BigEndian(change.index.value())));
    if (!row) return DataLoss("an erased body left no mark");
    OPPI_TRY(const ledger::Body body, ledger::DecodeBody(*row));
    for (const ledger::Wrap& wrap : body.wraps)
      if (wrap.handle == change.handle) return DataLoss("an erased body still has the learner's key");
  }
  return {};
}

}  // namespace

Status Eraser::VerifyExecutions() {
  const auto view = ports_.sequencer.View();
  OPPI_RETURN_IF_ERROR(ports_.runner.WaitFor(view->size()));
  OPPI_TRY(const Facts all, ReadIndexed(ports_.views, ports_.vault, Projection::kErasures, {}, view->size()));
  std::map<std::string, const Fact*, std::less<>> unverified;
  for (const Fact& fact : all) {
    if (fact.erased || fact.outcome != events::Outcome::kAccepted) continue;
    if (fact.event.type == EventType::kErasureExecuted) unverified.emplace(fact.event.id, &fact);
    if (fact.event.type == EventType::kErasureVerified) unverified.erase(std::string(fact.event.text("execution")));
  }
  std::vector<Event> verified;
  for (std::uint32_t number = list_.last(); number > 0 && !unverified.empty(); --number) {
    OPPI_TRY(const ledger::ErasureRecord record, list_.Read(number));
    OPPI_TRY(const Event execution, ExecutionOf(record));
    if (unverified.erase(execution.id) == 0) continue;
    OPPI_RETURN_IF_ERROR(Forgotten(record, ports_.log));
    Event event = events::MakeEvent(EventType::kErasureVerified);
    event.time = ports_.clock.Now();
    event.id = events::MakeUuidV7(event.time, ports_.entropy);
    event.source = ports_.ledger_source;
    event.subject = execution.subject;
    event.controller = execution.controller;
    event.SetText("execution", execution.id);
    event.SetText("verifier", "ledger");
    event.SetList("stores", {"bodies", "keys", "views", "vault generation " + std::to_string(ports_.vault.generation())});
    verified.push_back(std::move(event));
  }
  return verified.empty() ? Status() : ports_.publish(std::move(verified));
}

}  // namespace oppi::projections
