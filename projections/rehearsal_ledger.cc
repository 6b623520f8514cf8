#include "projections/rehearsal_ledger.h"

#include <algorithm>

#include "events/check.h"
#include "projections/erasure_rules.h"
#include "projections/history.h"
#include "projections/intake_rules.h"
#include "projections/persons.h"

namespace oppi::projections {
namespace {

using events::ErrorCode;
using events::Event;
using events::EventType;
using events::Outcome;

bool In(const std::vector<std::string_view>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

std::string TimeText(const std::optional<Instant>& instant) {
  return instant ? FormatInstant(*instant) : std::string();
}

/// What the publisher would have sent: everything but what travels beside the event.
std::string BytesOf(const StoryEvent& content) {
  return JsonValue::List({JsonValue::String(content.type), JsonValue::String(content.subject),
                          JsonValue::Strings(content.other_subjects),
                          JsonValue::String(content.controller),
                          JsonValue::String(TimeText(content.time)),
                          JsonValue::String(TimeText(content.valid_from)),
                          JsonValue::String(TimeText(content.valid_to)),
                          JsonValue::String(content.corrects), JsonValue::String(content.annuls),
                          JsonValue::String(TimeText(content.anchor_at)), content.data})
      .Canonical();
}

}  // namespace

RehearsalLedger::RehearsalLedger(const StoryFile& story) : story_(story), registry_(Publishers()) {
  registry_.AddPolicy(story.pack, kInstantMin);
  // A resend carries the id of what it repeats, same_id_as that of what it imitates.
  for (const StoryEvent& event : story.events) {
    const std::string& carries = !event.resend_of.empty() ? event.resend_of : event.same_id_as;
    if (!carries.empty()) id_of_[event.id] = IdOf(carries);
  }
  labels_.event_id = [this](std::string_view label) { return IdOf(label); };
  labels_.size_after = [this](std::string_view label) -> std::optional<std::int64_t> {
    const auto point = PointAfter(label);
    if (!point) return std::nullopt;
    return static_cast<std::int64_t>(point->size.value());
  };
}

Result<std::unique_ptr<RehearsalLedger>> RehearsalLedger::Play(const StoryFile& story) {
  std::unique_ptr<RehearsalLedger> ledger(new RehearsalLedger(story));
  std::vector<bool> acted(story.acts.size(), false);
  // Acts follow what they name, and other acts may follow them.
  const auto act_after = [&](const std::string& label, auto&& self) -> Status {
    for (std::size_t i = 0; i < story.acts.size(); ++i) {
      if (acted[i] || story.acts[i].after != label) continue;
      acted[i] = true;
      OPPI_RETURN_IF_ERROR(ledger->TakeAct(story.acts[i]));
      OPPI_RETURN_IF_ERROR(self(story.acts[i].id, self));
    }
    return {};
  };
  for (const StoryEvent& event : story.events) {
    OPPI_RETURN_IF_ERROR(ledger->TakeEvent(event));
    OPPI_RETURN_IF_ERROR(act_after(event.id, act_after));
  }
  for (std::size_t i = 0; i < story.acts.size(); ++i)
    if (!acted[i])
      return InvalidArgument("act " + story.acts[i].id + ": `after` names nothing that happens");
  return ledger;
}

std::optional<StoryPoint> RehearsalLedger::PointAfter(std::string_view label) const {
  const auto found = points_.find(label);
  if (found == points_.end()) return std::nullopt;
  return found->second;
}

const std::string& RehearsalLedger::LabelAt(LeafIndex position) const {
  return label_at_[position.value()];
}

const StoryIntake* RehearsalLedger::IntakeOf(std::string_view label) const {
  const auto found = intakes_.find(label);
  return found == intakes_.end() ? nullptr : &found->second;
}

std::string RehearsalLedger::IdOf(std::string_view label) const {
  const auto found = id_of_.find(label);
  return found == id_of_.end() ? std::string(label) : found->second;
}

const Fact* RehearsalLedger::Find(std::string_view id) const {
  for (const Fact& fact : log_)
    if (fact.event.id == id) return &fact;
  return nullptr;
}

Instant RehearsalLedger::NextRecorded(Instant clock) const {
  return log_.empty() ? clock : std::max(clock, log_.back().recorded + 1);
}

void RehearsalLedger::Pass(const std::string& label) {
  ++now_.step;
  now_.size = TreeSize(log_.size());
  points_[label] = now_;
}

bool RehearsalLedger::ErasedFor(std::string_view person, LeafIndex position,
                                TreeSize physical) const {
  const auto found = erased_.find(std::pair(std::string(person), position));
  return found != erased_.end() && Contains(physical, found->second);
}

std::vector<LeafIndex> RehearsalLedger::StreamPositions(std::string_view person,
                                                        TreeSize size) const {
  std::vector<LeafIndex> positions;
  for (const Fact& fact : log_)
    if (Contains(size, fact.position) && In(fact.event.Subjects(), person))
      positions.push_back(fact.position);
  return positions;
}

Facts RehearsalLedger::StreamOf(std::string_view person, TreeSize physical) const {
  // Only links say who else a person is; nothing else needs copying for that.
  Facts held_links;
  std::set<std::string_view> links;
  for (const Fact& fact : log_) {
    if (!Contains(physical, fact.position) ||
        fact.event.type != EventType::kIdentityPseudonymsLinked)
      continue;
    held_links.push_back(fact);
    links.insert(fact.event.id);
  }
  const std::vector<std::string> identifiers = PossibleIdentifiers(person, held_links);
  Facts stream;
  for (const Fact& fact : log_) {
    if (!Contains(physical, fact.position)) break;
    const auto subjects = fact.event.Subjects();
    bool belongs = links.contains(fact.event.id) || links.contains(fact.event.annuls);
    bool erased = false;
    for (const std::string& identifier : identifiers) {
      if (!In(subjects, identifier)) continue;
      belongs = true;
      erased = erased || ErasedFor(identifier, fact.position, physical);
    }
    if (belongs) stream.push_back(erased ? Erased(fact) : fact);
  }
  return stream;
}

Facts RehearsalLedger::WholeLog(TreeSize physical) const {
  Facts all;
  for (const Fact& fact : log_) {
    if (!Contains(physical, fact.position)) continue;
    const auto subjects = fact.event.Subjects();
    const bool gone = !subjects.empty() &&
                      std::all_of(subjects.begin(), subjects.end(), [&](std::string_view person) {
                        return ErasedFor(person, fact.position, physical);
                      });
    all.push_back(gone ? Erased(fact) : fact);
  }
  return all;
}

void RehearsalLedger::Append(Fact fact, const std::string& label) {
  OPPI_CHECK(fact.position.value() == log_.size());
  if (fact.event.info().group == "registry") registry_.Apply(fact);
  log_.push_back(std::move(fact));
  label_at_.push_back(label);
}

void RehearsalLedger::Erase(const Fact& execution) {
  const TreeSize before(execution.position.value());
  const Facts stream = StreamOf(execution.event.subject, before);
  const History history(execution.event.subject, registry_, stream, before);
  std::int64_t count = 0;
  for (const Fact* fact : CoveredBy(history, execution)) {
    if (!In(fact->event.Subjects(), execution.event.subject)) continue;
    erased_.emplace(std::pair(execution.event.subject, fact->position), execution.position);
    ++count;
  }
  log_.back().event.SetNumber("covered_count", count);
}

void RehearsalLedger::Note(EventType type, const StoryEvent& told, const StoryEvent& content,
                           ErrorCode code) {
  Fact note;
  note.position = LeafIndex(log_.size());
  note.recorded = NextRecorded(told.recorded_at);
  note.publisher = kLedger;
  note.key = std::string(kLedger) + "-key1";
  note.event = events::MakeEvent(type);
  note.event.id = std::string(type == EventType::kLedgerIntakeRefused ? "intake_refused:"
                                                                      : "ingest_conflict:") +
                  told.id;
  note.event.subject = content.subject;
  note.event.controller = content.controller;
  note.event.time = note.recorded;
  note.event.SetText("event", told.id).SetText("code", std::string(events::ErrorName(code)));
  const std::string label = note.event.id;
  Append(std::move(note), label);
  StoryPoint point = now_;
  point.size = TreeSize(log_.size());
  ++point.step;
  points_[label] = point;
}

Result<const StoryEvent*> RehearsalLedger::ContentOf(const StoryEvent& told) const {
  const StoryEvent* at = &told;
  while (!at->resend_of.empty()) {
    const StoryEvent* earlier = nullptr;
    for (const StoryEvent& event : story_.events) {
      if (&event == at) break;
      if (event.id == at->resend_of) earlier = &event;
    }
    if (earlier == nullptr)
      return InvalidArgument("event " + told.id + ": `resend_of` names no event before it");
    at = earlier;
  }
  return at;
}

Status RehearsalLedger::TakeEvent(const StoryEvent& told) {
  OPPI_TRY(const StoryEvent* content, ContentOf(told));
  if (!content->same_id_as.empty() && !points_.contains(content->same_id_as))
    return InvalidArgument("event " + told.id + ": `same_id_as` names no event before it");
  OPPI_TRY(const StoryIntake intake, Intake(told, *content));
  if (intake.outcome == Outcome::kRejected) {
    const events::TypeInfo* type = events::FindType(content->type);
    if (intake.code == ErrorCode::kIdConflict) {
      Note(EventType::kLedgerIngestConflict, told, *content, intake.code);
    } else if (type != nullptr && RefusalLeavesNote(*type) && !content->subject.empty()) {
      Note(EventType::kLedgerIntakeRefused, told, *content, intake.code);
    }
  }
  intakes_[told.id] = intake;
  Pass(told.id);
  return {};
}

Result<StoryIntake> RehearsalLedger::Intake(const StoryEvent& told, const StoryEvent& content) {
  StoryIntake intake;
  const auto refused = [&intake](ErrorCode code) {
    intake.outcome = Outcome::kRejected;
    intake.code = code;
    return intake;
  };
  const std::string publisher = told.publisher.empty() ? content.publisher : told.publisher;
  std::string key = told.key.empty() ? content.key : told.key;
  if (key.empty()) key = publisher + "-key1";
  // The source is the publisher's own; same_id_as borrows that of the event it imitates.
  const StoryEvent* owner = &content;
  if (!content.same_id_as.empty()) {
    for (const StoryEvent& event : story_.events)
      if (event.id == IdOf(content.same_id_as)) owner = &event;
  }
  const std::string& source = owner->publisher;

  const Publishers& publishers = registry_.publishers();
  if (publishers.Find(publisher) == nullptr) return refused(ErrorCode::kPublisherUnknown);
  if (source != publisher) return refused(ErrorCode::kSourceNotYours);

  const std::string id = IdOf(told.id);
  const std::string bytes = BytesOf(content);
  if (const auto known = known_.find({source, id}); known != known_.end()) {
    const Fact& original = log_[known->second.position.value()];
    intake.original = original.position;
    intake.recorded = original.recorded;
    if (known->second.bytes != bytes) return refused(ErrorCode::kIdConflict);
    if (ErasedFor(original.event.subject, original.position, TreeSize(log_.size())))
      return refused(ErrorCode::kRepublicationBarred);
    intake.outcome = Outcome::kDuplicate;
    return intake;
  }

  const events::TypeInfo* type = events::FindType(content.type);
  if (type == nullptr) return refused(ErrorCode::kTypeUnknown);
  if (!publishers.MayPublish(publisher, key, type->type))
    return refused(ErrorCode::kTypeNotAllowed);
  if (publishers.KeyRevokedBefore(publisher, key) != nullptr)
    return refused(ErrorCode::kKeyRevoked);

  OPPI_TRY(const StoryReading reading, ReadStoryEvent(content, *type, labels_, story_.pack));
  if (reading.error != ErrorCode::kNone) return refused(reading.error);

  Fact candidate;
  candidate.position = LeafIndex(log_.size());
  candidate.recorded = NextRecorded(told.recorded_at);
  candidate.publisher = publisher;
  candidate.key = key;
  candidate.anchored = content.anchor_at;
  candidate.event = reading.event;
  candidate.event.id = id;
  // An annulment has the class of what it annuls, and goes with it.
  if (const Fact* target = Find(candidate.event.annuls); target != nullptr && type->class_of_target)
    candidate.event.sensitivity = target->event.sensitivity;
  const Facts stream = StreamOf(candidate.event.subject, TreeSize(log_.size()));
  const IntakeContext context{registry_, stream, publishers.RoleOf(publisher),
                              [this](std::string_view event) { return Find(event); }};
  const ledger::Verdict verdict = JudgeIntake(context, candidate);
  intake.outcome = verdict.outcome;
  intake.code = verdict.code;
  if (verdict.outcome == Outcome::kRejected) return intake;
  candidate.outcome = verdict.outcome;
  candidate.reason = verdict.code;
  intake.recorded = candidate.recorded;
  known_[{source, id}] = {candidate.position, bytes};
  const bool executes = type->type == EventType::kErasureExecuted;
  Append(std::move(candidate), told.id);
  if (executes) Erase(Fact(log_.back()));
  return intake;
}

Status RehearsalLedger::TakeAct(const StoryAct& act) {
  switch (act.kind) {
    case StoryAct::Kind::kClockJump:         // events say themselves what the clock shows
    case StoryAct::Kind::kSchedulerStopped:  // nothing here waits for a timer
    case StoryAct::Kind::kSchedulerStarted:
      break;
    case StoryAct::Kind::kRestore:
      if (!points_.contains(act.store_as_of))
        return InvalidArgument("act " + act.id + ": `store_as_of` names nothing that has happened");
      now_.ready = false;
      break;
    case StoryAct::Kind::kEraseListApplied:
      now_.ready = true;
      break;
  }
  Pass(act.id);
  return {};
}

}  // namespace oppi::projections
