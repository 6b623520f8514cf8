#include "consumers/erasure_desk.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "events/ids.h"
#include "projections/consent_answer.h"
#include "projections/erasure_answer.h"
#include "projections/history.h"
#include "projections/log_reader.h"

namespace oppi::consumers {
namespace {

using events::ErrorCode;
using events::Event;
using events::EventType;
using projections::Ask;
using projections::Asker;
using projections::ErasurePreview;
using projections::ErasureRequest;
using projections::Fact;
using projections::Question;
using Json = nlohmann::ordered_json;

Json JsonOf(const ErasureRequest& request) { return Json::parse(projections::ErasureRequestJson(request)); }

Json JsonOf(const ErasurePreview& preview) {
  Json json;
  Json& classes = json["classes"] = Json::array();
  for (const auto& of_class : preview.classes)
    classes.push_back({{"class", of_class.name}, {"would_erase", of_class.taken}, {"would_keep", of_class.kept}});
  json["already_erased"] = preview.already_erased;
  if (preview.unreadable > 0) json["unreadable"] = preview.unreadable;
  Json& recipients = json["recipients"] = Json::array();
  for (const auto& recipient : preview.recipients)
    recipients.push_back({{"recipient", recipient.name},
                          {"disclosures", recipient.disclosures},
                          {"last", FormatInstant(recipient.last)}});
  return json;
}

std::uint64_t TakenBy(const ErasurePreview& preview) {
  std::uint64_t taken = 0;
  for (const auto& of_class : preview.classes) taken += of_class.taken;
  return taken;
}

/// Before it is looked for what such classes would take: a slip of the pen is no empty answer.
Status CheckClasses(const std::vector<std::string>& classes) {
  if (classes.empty()) return InvalidArgument("FIELD_MISSING: classes");
  const events::TypeInfo& info = events::InfoOf(EventType::kErasureRequested);
  const events::CodeSet& codes = *info.fields[*events::FieldIndex(info, "classes")].codes;
  for (const std::string& name : classes)
    if (!events::CodeKnown(codes, name)) return InvalidArgument("CODE_UNKNOWN: classes");
  return {};
}

bool LooksAfterErasures(const Asker& asker) { return asker.role == "DPO" || asker.role == "AUDITOR"; }

bool Overlap(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& item) { return std::find(b.begin(), b.end(), item) != b.end(); });
}

}  // namespace

/// Everything about one person as of now.
class ErasureDesk::Person {
 public:
  Person(std::string learner, projections::Facts facts, std::unique_ptr<const projections::Registry> registry, TreeSize known)
      : facts_(std::move(facts)), registry_(std::move(registry)), history_(std::move(learner), *registry_, facts_, known) {}
  [[nodiscard]] const projections::History& history() const { return history_; }

 private:
  const projections::Facts facts_;
  const std::unique_ptr<const projections::Registry> registry_;
  const projections::History history_;
};

Result<std::unique_ptr<ErasureDesk::Person>> ErasureDesk::Find(const std::string& learner) const {
  if (events::CheckPerson(learner, false) != events::IdCheck::kOk) return InvalidArgument("FIELD_TYPE: learner");
  const auto log = ports_.view();
  OPPI_RETURN_IF_ERROR(ports_.runner.WaitFor(log->size()));
  OPPI_TRY(projections::Facts facts, projections::ReadPerson(ports_.stores, learner, log->size()));
  if (facts.empty()) return NotFound("LEARNER_UNKNOWN: the ledger has nothing about a learner of this id");
  OPPI_TRY(const projections::Facts registry, projections::ReadFullRegistry(*log, ports_.stores, log->size()));
  return std::make_unique<Person>(learner, std::move(facts), projections::RegistryOf(registry), log->size());
}

Result<std::unique_ptr<ErasureDesk::Person>> ErasureDesk::FindByEvent(const std::string& id, EventType type, const char* unknown) const {
  const auto log = ports_.view();
  OPPI_TRY(const auto fact, projections::FindEvent(*log, ports_.stores.vault, id));
  if (!fact || fact->erased || fact->event.type != type) return NotFound(unknown);
  return Find(fact->event.subject);
}

Event ErasureDesk::NewEvent(EventType type, const std::string& learner, const std::string& controller) const {
  Event event = events::MakeEvent(type);
  event.time = ports_.clock.Now();
  event.id = events::MakeUuidV7(event.time, ports_.entropy);
  event.subject = learner;
  event.controller = controller.empty() ? ports_.organisation : controller;
  return event;
}

Result<Event> ErasureDesk::EventFor(const ErasureAsk& ask) const {
  OPPI_RETURN_IF_ERROR(CheckClasses(ask.classes));
  Event event = NewEvent(EventType::kErasureRequested, ask.learner, ask.controller);
  event.SetList("classes", ask.classes);
  if (!ask.types.empty()) event.SetList("types", ask.types);
  event.SetText("ground", ask.ground);
  if (ask.whole_subject) event.SetNumber("whole_subject", 1);
  return event;
}

Status ErasureDesk::KnownTo(const Asker& asker, const std::string& learner) const {
  if (!LooksAfterErasures(asker) || asker.organisation != "*") return {};
  const auto person = Find(learner);
  return person.ok() ? Status() : Status(person.error());
}

Status ErasureDesk::May(const Principal& principal, EventType type) const {
  const auto publishers = ports_.publishers();
  const projections::Publisher* known = publishers->Find(principal.name);
  if (known == nullptr)
    return PermissionDenied("PUBLISHER_UNKNOWN: " + principal.name + " is not a principal of this ledger; register it: oppiloki publisher add");
  if (!events::RoleMayPublish(known->role, type))
    return PermissionDenied("TYPE_NOT_ALLOWED: the role of " + principal.name + " does not allow this");
  return {};
}

Status ErasureDesk::Publish(const Principal& principal, const Event& event) const {
  OPPI_TRY(const BatchReport report, ports_.publish(principal, event));
  const bool single = report.items.size() == 1;
  const ErrorCode code = report.error != ErrorCode::kNone ? report.error : single ? report.items[0].code : ErrorCode::kMalformed;
  if (single && report.error == ErrorCode::kNone && report.items[0].outcome == events::Outcome::kAccepted) return {};
  const std::string name(events::ErrorName(code));
  switch (code) {
    case ErrorCode::kPublisherUnknown:
    case ErrorCode::kSourceNotYours:
    case ErrorCode::kKeyUnknown:
      return PermissionDenied(name + ": " + principal.name + " is not a principal of this ledger; register it: oppiloki publisher add");
    case ErrorCode::kTypeNotAllowed:
      return PermissionDenied(name + ": the role of " + principal.name + " does not allow this");
    case ErrorCode::kStatutoryRecord: {
      // A refusal that stays visible: who looks at the trail later sees that it was asked for.
      Event note = NewEvent(EventType::kLedgerIntakeRefused, event.subject, event.controller);
      note.source = "urn:oid:" + ports_.organisation + "/ledger";
      note.SetText("event", event.id).SetText("code", name);
      OPPI_RETURN_IF_ERROR(ports_.note({note}));
      return InvalidArgument(name + ": a type that is asked for must be kept by law; the refusal is recorded");
    }
    default:
      return InvalidArgument(name + (single && !report.items[0].member.empty() ? ": " + report.items[0].member : std::string()));
  }
}

Result<std::string> ErasureDesk::Look(const Question& question, const Asker& asker) const {
  OPPI_TRY(const std::string answer, ports_.answer(question, asker));
  return Json::parse(answer)["result"].dump();
}

Result<std::string> ErasureDesk::Preview(const ErasureAsk& ask, const Asker& asker) {
  OPPI_TRY(const Event order, EventFor(ask));
  // Holds are part of what is shown; asking for them is what is permitted and recorded.
  Question question;
  question.ask = Ask::kHolds;
  question.learner = ask.learner;
  question.reason = ask.reason;
  OPPI_RETURN_IF_ERROR(KnownTo(asker, ask.learner));
  if (const auto seen = Look(question, asker); !seen.ok()) return seen.error();
  OPPI_TRY(const auto person, Find(ask.learner));
  Json json = JsonOf(projections::PreviewOf(person->history(), order));
  const Fact* hold = projections::HoldOn(person->history(), ask.classes, ports_.clock.Now());
  json["hold"] = hold == nullptr ? Json() : Json(hold->event.id);
  return json.dump();
}

Result<std::string> ErasureDesk::Request(const ErasureAsk& ask, const Principal& principal) {
  OPPI_RETURN_IF_ERROR(May(principal, EventType::kErasureRequested));
  OPPI_TRY(const auto person, Find(ask.learner));
  const projections::History& history = person->history();
  OPPI_TRY(const Event order, EventFor(ask));
  const Instant now = ports_.clock.Now();
  for (const Fact* fact : history.OfType(EventType::kErasureRequested)) {
    const ErasureRequest other = projections::RequestOf(history, *fact, now, ports_.delay_micros);
    const bool open = other.status == projections::ErasureStatus::kRequested || other.status == projections::ErasureStatus::kDeferred ||
                      other.status == projections::ErasureStatus::kDue;
    if (open && Overlap(other.classes, ask.classes) && other.types == ask.types)
      return AlreadyExists("ALREADY_REQUESTED: request " + other.id + " for the same is still open");
  }
  const ErasurePreview preview = projections::PreviewOf(history, order);
  // Statutory types get their own answer, from the rules of intake.
  if (TakenBy(preview) == 0 && preview.unreadable > 0)
    return DataLoss("UNREADABLE: entries of this learner do not open, and no erasure took them; see: oppiloki fsck");
  if (TakenBy(preview) == 0 && ask.types.empty() && !ask.whole_subject)
    return AlreadyExists(preview.already_erased > 0 ? "ALREADY_ERASED: nothing is left that this would erase"
                                                    : "NOTHING_TO_ERASE: the learner has nothing that this would erase");
  OPPI_RETURN_IF_ERROR(Publish(principal, order));
  return StateOf(order.id);
}

Result<std::string> ErasureDesk::Decide(const std::string& id, bool accept, const std::string& law_ref, const Principal& principal) {
  OPPI_RETURN_IF_ERROR(May(principal, EventType::kErasureDecided));
  OPPI_TRY(const auto person, FindByEvent(id, EventType::kErasureRequested, "REQUEST_UNKNOWN: there is no erasure request of this id"));
  const Fact* requested = person->history().Find(id);
  if (requested == nullptr) return NotFound("REQUEST_UNKNOWN: there is no erasure request of this id");
  const ErasureRequest request = projections::RequestOf(person->history(), *requested, ports_.clock.Now(), ports_.delay_micros);
  if (request.status == projections::ErasureStatus::kExecuted || request.status == projections::ErasureStatus::kVerified)
    return AlreadyExists("ALREADY_EXECUTED: what this request asked for is erased");
  if (accept && !request.decided_by.empty() && request.status != projections::ErasureStatus::kRefused)
    return AlreadyExists("ALREADY_DECIDED: " + request.decided_by + " has accepted this request");
  if (accept && principal.name == request.requested_by)
    return PermissionDenied("NEEDS_SECOND_PRINCIPAL: " + principal.name + " requested this erasure; somebody else must decide it");
  Event event = NewEvent(EventType::kErasureDecided, request.learner, request.controller);
  event.SetText("request", id).SetText("outcome", accept ? "ACCEPTED" : "REFUSED");
  if (!law_ref.empty()) event.SetText("law_ref", law_ref);
  OPPI_RETURN_IF_ERROR(Publish(principal, event));
  return StateOf(id);
}

Result<std::string> ErasureDesk::StateOf(const std::string& id) const {
  OPPI_TRY(const auto person, FindByEvent(id, EventType::kErasureRequested, "REQUEST_UNKNOWN: there is no erasure request of this id"));
  const Fact* requested = person->history().Find(id);
  if (requested == nullptr) return NotFound("REQUEST_UNKNOWN: there is no erasure request of this id");
  return projections::ErasureRequestJson(projections::RequestOf(person->history(), *requested, ports_.clock.Now(), ports_.delay_micros));
}

Result<std::string> ErasureDesk::StatusOf(const std::string& id, const Asker& asker) {
  Question question;
  question.ask = Ask::kErasure;
  question.request = id;
  OPPI_TRY(const std::string result, Look(question, asker));
  Json json = Json::parse(result);
  json.erase("not_before");
  if (json.contains("execution")) {
    if (!json["verified"].is_null() || !ports_.stale_copies) return json.dump();
    OPPI_TRY(const std::vector<std::string> copies, ports_.stale_copies());
    if (!copies.empty()) json["copies"] = copies;
    return json.dump();
  }
  OPPI_TRY(const std::string state, StateOf(id));
  json["due"] = Json::parse(state)["due"];
  OPPI_TRY(const auto person, FindByEvent(id, EventType::kErasureRequested, "REQUEST_UNKNOWN: there is no erasure request of this id"));
  if (const Fact* requested = person->history().Find(id)) {
    const Json preview = JsonOf(projections::PreviewOf(person->history(), requested->event));
    json["would_erase"] = preview["classes"];
    json["recipients"] = preview["recipients"];
  }
  return json.dump();
}

Result<std::string> ErasureDesk::List(const Asker& asker) {
  if (!LooksAfterErasures(asker))
    return PermissionDenied("ROLE_NOT_ALLOWED: this question is not open to you");
  const auto log = ports_.view();
  OPPI_RETURN_IF_ERROR(ports_.runner.WaitFor(log->size()));
  OPPI_TRY(const auto open, projections::OpenRequests(ports_.stores, *log, ports_.clock.Now(), ports_.delay_micros));
  Json json;
  Json& requests = json["requests"] = Json::array();
  for (const ErasureRequest& request : open)
    if (asker.organisation == "*" || asker.organisation == request.controller) requests.push_back(JsonOf(request));
  OPPI_RETURN_IF_ERROR(ports_.listed(asker, requests.size()));
  return json.dump();
}

Result<std::string> ErasureDesk::RunFor(const Asker& asker) {
  const bool operators = asker.role == "SYSTEM" && (asker.organisation == "*" || asker.organisation == ports_.organisation);
  if (asker.role != "DPO" && !operators) return PermissionDenied("ROLE_NOT_ALLOWED: a DPO or the operator carries erasures out");
  // Callers that wait would keep others from asking.
  const std::unique_lock lock(run_for_, std::try_to_lock);
  if (!lock.owns_lock()) return Unavailable("an erasure run is going on");
  return Run();
}

Result<std::string> ErasureDesk::Run(const projections::ErasureProgressFn& progress) {
  OPPI_TRY(const projections::ErasureRunReport report, ports_.eraser.Run(ports_.delay_micros, progress));
  Json json;
  Json& executed = json["executed"] = Json::array();
  for (const auto& done : report.executed)
    executed.push_back({{"request", done.request},
                        {"execution", done.execution},
                        {"covered", done.covered},
                        {"shared_remaining", done.shared},
                        {"documents", done.documents},
                        {"keys", done.keys}});
  Json& skipped = json["skipped"] = Json::array();
  for (const auto& other : report.skipped) skipped.push_back({{"request", other.request}, {"why", other.why}});
  json["waiting"] = report.waiting.size();
  json["generation"] = report.generation;
  json["rewrapped"] = report.rewrapped;
  if (!report.copies.empty()) json["copies"] = report.copies;
  return json.dump();
}

Result<std::string> ErasureDesk::SetHold(const HoldAsk& ask, const Principal& principal) {
  OPPI_RETURN_IF_ERROR(May(principal, EventType::kErasureHoldSet));
  OPPI_TRY(const auto person, Find(ask.learner));
  Event event = NewEvent(EventType::kErasureHoldSet, ask.learner, ask.controller);
  event.SetList("classes", ask.classes);
  event.SetText("ground", ask.ground).SetText("case_ref", ask.case_ref);
  OPPI_RETURN_IF_ERROR(Publish(principal, event));
  return Json{{"hold", event.id}, {"classes", ask.classes}, {"ground", ask.ground}, {"set", FormatInstant(event.time)}}.dump();
}

Result<std::string> ErasureDesk::ReleaseHold(const std::string& hold, const Principal& principal) {
  OPPI_RETURN_IF_ERROR(May(principal, EventType::kErasureHoldReleased));
  OPPI_TRY(const auto person, FindByEvent(hold, EventType::kErasureHoldSet, "HOLD_UNKNOWN: there is no legal hold of this id"));
  const Fact* set = person->history().Find(hold);
  if (set == nullptr) return NotFound("HOLD_UNKNOWN: there is no legal hold of this id");
  for (const Fact* released : person->history().OfType(EventType::kErasureHoldReleased))
    if (released->event.text("hold") == hold) return AlreadyExists("ALREADY_RELEASED: this legal hold was released before");
  Event event = NewEvent(EventType::kErasureHoldReleased, set->event.subject, set->event.controller);
  event.SetText("hold", hold);
  OPPI_RETURN_IF_ERROR(Publish(principal, event));
  return Json{{"hold", hold}, {"released", FormatInstant(event.time)}}.dump();
}

Result<std::string> ErasureDesk::Holds(const std::string& learner, const Asker& asker) {
  Question question;
  question.ask = Ask::kHolds;
  question.learner = learner;
  OPPI_RETURN_IF_ERROR(KnownTo(asker, learner));
  OPPI_TRY(const std::string holds, Look(question, asker));
  return "{\"holds\":" + holds + "}";
}

}  // namespace oppi::consumers
