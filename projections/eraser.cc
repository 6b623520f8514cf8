#include "projections/eraser.h"

#include <algorithm>
#include <map>

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
/// Rows a standstill: some milliseconds, so that intake hardly notices.
constexpr std::size_t kRewrapRows = 4'000;

Bytes Mark(std::uint32_t number) {
  Bytes mark;
  ByteWriter(mark).U32(number);
  return mark;
}

/// Steps of the vault: first the keys of bodies, then those of views.
std::uint64_t BodiesStep(const ledger::ErasureRecord& record) { return std::uint64_t{record.number} * 2; }
std::uint64_t ViewsStep(const ledger::ErasureRecord& record) { return std::uint64_t{record.number} * 2 + 1; }

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
  for (const auto& recipient : preview.recipients)
    if (receipts.size() < kReceiptsMax) receipts.push_back("tell: " + recipient.name);
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
    OPPI_RETURN_IF_ERROR(ports_.sequencer.AtStandstill([&](ledger::Standstill& still) -> Status {
      if (number > performed) return Perform(record, execution, still);
      return RenewViews(record, execution.subject, still);
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

Status Eraser::Perform(const ledger::ErasureRecord& record, const Event& execution, ledger::Standstill& still) {
  if (const Status adopted = ports_.vault.Adopt(BodiesStep(record), ledger::RowsOf(record.vault), execution.subject); !adopted.ok()) {
    still.StopWriter(adopted.error());
    return adopted;
  }
  OPPI_TRY(const ledger::WriteBatch rows, ledger::RowsOf(record, ports_.log));
  if (execution.id.empty()) {
    OPPI_RETURN_IF_ERROR(still.Commit(rows));
  } else {
    // An older copy of the log may refuse what the newer one had accepted; what is destroyed stays so.
    const auto item = still.Commit(execution, rows);
    if (!item.ok() && item.error().code == Code::kInvalidArgument) {
      OPPI_RETURN_IF_ERROR(still.Commit(rows));
    } else if (!item.ok()) {
      return item.error();
    }
  }
  return RenewViews(record, execution.subject, still);
}

Status Eraser::RenewViews(const ledger::ErasureRecord& record, const std::string& learner, ledger::Standstill& still) {
  const auto view = still.View();
  OPPI_RETURN_IF_ERROR(ports_.runner.WaitFor(view->size()));
  ports_.vault.BeginRenewal();
  const Status renewed = [&]() -> Status {
    OPPI_RETURN_IF_ERROR(ports_.vault.Adopt(ViewsStep(record), ledger::RowsOf(record.view_keys), learner));
    ledger::WriteBatch rows;
    for (const ledger::Handle& handle : record.handles)
      OPPI_RETURN_IF_ERROR(FoldAgain(stores(), *view, handle, view->size(), rows));
    rows.Put(ledger::Table::kMeta, kViewsMark, Mark(record.number));
    return ports_.views.Apply(rows, ledger::Durability::kSynced);
  }();
  ports_.vault.EndRenewal();
  if (!renewed.ok()) {
    still.StopWriter(renewed.error());
    return renewed;
  }
  if (ports_.forget && !learner.empty()) ports_.forget(learner);
  return {};
}

Status Eraser::Execute(const std::string& id, const std::string& learner, std::int64_t delay_micros, ledger::Standstill& still,
                       ErasureRunReport& report) {
  const auto view = still.View();
  OPPI_RETURN_IF_ERROR(ports_.runner.WaitFor(view->size()));
  OPPI_TRY(const Registry* registry, RegistryNow(*view));
  OPPI_TRY(const Facts facts, ReadPerson(stores(), learner, view->size()));
  const History history(learner, *registry, facts, view->size());
  const Fact* requested = history.Find(id);
  if (requested == nullptr) return DataLoss("an erasure request that the index names is missing");
  // Again, now that nothing moves any more: a hold or a change of mind may have come.
  const Instant now = ports_.clock.Now();
  const ErasureRequest request = RequestOf(history, *requested, now, delay_micros);
  if (request.status != ErasureStatus::kDue || !request.due || now < *request.due) {
    report.skipped.push_back({id, "NOT_DUE: its state changed while the run was going on"});
    return {};
  }
  Fact execution;
  execution.position = NextIndex(view->size());
  execution.recorded = now;
  execution.event = ExecutionFor(request, ports_.ledger_source, now, ports_.entropy);
  if (const PolicyPack* pack = history.PackAt(now))
    for (const std::string& type : request.types)
      if (IsStatutory(type, *pack)) {
        report.skipped.push_back({id, "STATUTORY_RECORD: the policy in force now keeps this type by law"});
        return {};
      }
  const ledger::ErasureOrder order = OrderFor(history, execution, ports_.vault);
  auto planned = ledger::PlanErasure(ports_.log, ports_.vault, ports_.entropy, order);
  if (!planned.ok()) {
    report.skipped.push_back({id, "UNREADABLE: " + planned.error().message});
    return {};
  }
  ledger::PlannedErasure plan = *std::move(planned);
  Event& event = execution.event;
  event.SetNumber("covered_count", static_cast<std::int64_t>(order.covered.size()));
  event.SetNumber("shared_remaining", static_cast<std::int64_t>(plan.shared));
  event.SetText("covered_root", HashText(plan.covered_root));
  event.SetList("receipts", ReceiptsOf(plan, PreviewOf(history, event)));
  OPPI_TRY(const auto trail_key, ports_.vault.FindKey(plan.record.handles.front(), ledger::KeyClass::kA));
  if (!trail_key) return DataLoss("UNREADABLE: the trail's key of a learner is lost");
  plan.record.size = view->size();
  plan.record.execution = ledger::Seal(*trail_key, events::EncodeJson(event), kExecutionBound, ports_.entropy);
  if (const Status listed = list_.Append(plan.record, ports_.entropy); !listed.ok()) {
    // It may be there all the same, and would be carried out when the ledger is opened again: nobody may
    // call it off in between.
    still.StopWriter(listed.error());
    return listed;
  }
  OPPI_RETURN_IF_ERROR(Perform(plan.record, event, still));
  report.executed.push_back({id, event.id, order.covered.size(), plan.shared, plan.documents, plan.keys});
  return {};
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
    for (std::size_t i = 0; i < due.size(); ++i) {
      OPPI_RETURN_IF_ERROR(ports_.sequencer.AtStandstill([&](ledger::Standstill& still) {
        return Execute(due[i].id, due[i].learner, delay_micros, still, report);
      }));
      if (progress) progress("erasing", i + 1, due.size());
    }
    OPPI_RETURN_IF_ERROR(NewGeneration(report, progress));
  }
  OPPI_RETURN_IF_ERROR(VerifyExecutions());
  return report;
}

Status Eraser::NewGeneration(ErasureRunReport& report, const ErasureProgressFn& progress) {
  bool more = true;
  while (more) {
    OPPI_RETURN_IF_ERROR(ports_.sequencer.AtStandstill([&](ledger::Standstill& still) -> Status {
      auto rows = ports_.vault.Rewrap(kRewrapRows);
      if (!rows.ok()) {
        still.StopWriter(rows.error());
        return rows.error();
      }
      more = *rows;
      return {};
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
