#include "projections/rehearsal_file.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "events/vocabulary.h"
#include "projections/decision.h"

namespace oppi::projections {
namespace {

constexpr std::string_view kFormat = "oppiloki-rehearsal/1";
constexpr std::string_view kDefaultController = "K";
constexpr std::size_t kIncludeDepthMax = 16;
constexpr std::size_t kFilesMax = 256;  // of one story

Error Bad(std::string_view where, std::string_view why) {
  return InvalidArgument(std::string(where) + " " + std::string(why));
}

std::string Quoted(std::string_view name) { return "`" + std::string(name) + "`"; }

/// Members of one object, taken by name. `where` says which object, for messages.
class Reader {
 public:
  Reader(const JsonValue& object, std::string where) : object_(object), where_(std::move(where)) {}

  [[nodiscard]] const std::string& where() const { return where_; }
  [[nodiscard]] Error Wrong(std::string_view member, std::string_view why) const {
    return Bad(where_ + ": " + Quoted(member), why);
  }
  [[nodiscard]] Status KnowsOnly(std::span<const std::string_view> names) const {
    for (const auto& member : object_.members())
      if (std::find(names.begin(), names.end(), member.first) == names.end())
        return Wrong(member.first, "is not known here");
    return {};
  }
  [[nodiscard]] Status KnowsOnly(std::initializer_list<std::string_view> names) const {
    return KnowsOnly(std::span<const std::string_view>(names.begin(), names.size()));
  }
  [[nodiscard]] const JsonValue* Find(std::string_view member) const {
    return object_.Find(member);
  }
  [[nodiscard]] Result<const JsonValue*> Required(std::string_view member) const {
    const JsonValue* value = Find(member);
    if (value == nullptr) return Wrong(member, "is missing");
    return value;
  }
  [[nodiscard]] Result<std::string> Text(std::string_view member) const {
    OPPI_TRY(const JsonValue* value, Required(member));
    if (!value->IsString() || value->string().empty()) return Wrong(member, "is not a text");
    return value->string();
  }
  [[nodiscard]] Result<std::string> OptionalText(std::string_view member) const {
    if (Find(member) == nullptr) return std::string();
    return Text(member);
  }
  [[nodiscard]] Result<std::vector<std::string>> OptionalTexts(std::string_view member) const {
    std::vector<std::string> texts;
    const JsonValue* value = Find(member);
    if (value == nullptr) return texts;
    if (!value->IsList()) return Wrong(member, "is not a list");
    for (const JsonValue& item : value->items()) {
      if (!item.IsString()) return Wrong(member, "holds something that is not a text");
      texts.push_back(item.string());
    }
    return texts;
  }
  [[nodiscard]] Result<std::optional<Instant>> OptionalInstant(std::string_view member) const {
    const JsonValue* value = Find(member);
    if (value == nullptr) return std::optional<Instant>();
    const auto instant = value->IsString() ? ParseInstant(value->string()) : std::nullopt;
    if (!instant) return Wrong(member, "is not an instant in UTC with `Z`");
    return instant;
  }
  [[nodiscard]] Result<Instant> RequiredInstant(std::string_view member) const {
    OPPI_TRY(const std::optional<Instant> instant, OptionalInstant(member));
    if (!instant) return Wrong(member, "is missing");
    return *instant;
  }

 private:
  const JsonValue& object_;
  std::string where_;
};

Result<StoryEvent> ReadEvent(const JsonValue& json) {
  if (!json.IsObject()) return InvalidArgument("`events` holds something that is not an object");
  StoryEvent event;
  OPPI_TRY(event.id, Reader(json, "an event").Text("id"));
  const Reader in(json, "event " + event.id);
  OPPI_TRY(event.recorded_at, in.RequiredInstant("recorded_at"));
  OPPI_TRY(event.resend_of, in.OptionalText("resend_of"));
  if (!event.resend_of.empty()) {
    // The same bytes again; publisher and key travel beside them and may be others.
    OPPI_RETURN_IF_ERROR(in.KnowsOnly({"id", "recorded_at", "resend_of", "publisher", "key"}));
    OPPI_TRY(event.publisher, in.OptionalText("publisher"));
    OPPI_TRY(event.key, in.OptionalText("key"));
    return event;
  }
  OPPI_RETURN_IF_ERROR(in.KnowsOnly(
      {"id", "recorded_at", "publisher", "key", "type", "subject", "other_subjects", "controller",
       "time", "valid_from", "valid_to", "corrects", "annuls", "anchor_at", "data", "same_id_as"}));
  OPPI_TRY(event.publisher, in.Text("publisher"));
  OPPI_TRY(event.key, in.OptionalText("key"));
  OPPI_TRY(event.type, in.Text("type"));
  OPPI_TRY(event.subject, in.OptionalText("subject"));
  OPPI_TRY(event.other_subjects, in.OptionalTexts("other_subjects"));
  OPPI_TRY(event.controller, in.OptionalText("controller"));
  if (event.controller.empty()) event.controller = kDefaultController;
  OPPI_TRY(event.time, in.OptionalInstant("time"));
  if (!event.time) event.time = event.recorded_at;
  OPPI_TRY(event.valid_from, in.OptionalInstant("valid_from"));
  OPPI_TRY(event.valid_to, in.OptionalInstant("valid_to"));
  OPPI_TRY(event.corrects, in.OptionalText("corrects"));
  OPPI_TRY(event.annuls, in.OptionalText("annuls"));
  OPPI_TRY(event.anchor_at, in.OptionalInstant("anchor_at"));
  OPPI_TRY(event.same_id_as, in.OptionalText("same_id_as"));
  event.data = JsonValue::Object();
  if (const JsonValue* data = in.Find("data")) {
    if (!data->IsObject()) return in.Wrong("data", "is not an object");
    event.data = *data;
  }
  return event;
}

Result<StoryAct> ReadAct(const JsonValue& json) {
  using Kind = StoryAct::Kind;
  if (!json.IsObject()) return InvalidArgument("`acts` holds something that is not an object");
  StoryAct act;
  OPPI_TRY(act.id, Reader(json, "an act").Text("id"));
  const Reader in(json, "act " + act.id);
  OPPI_TRY(act.after, in.Text("after"));
  OPPI_TRY(const std::string kind, in.Text("act"));
  if (kind == "clock_jump") {
    act.kind = Kind::kClockJump;
    OPPI_RETURN_IF_ERROR(in.KnowsOnly({"id", "after", "act", "to"}));
    OPPI_TRY(act.to, in.RequiredInstant("to"));
    return act;
  }
  if (kind == "restore") {
    act.kind = Kind::kRestore;
    OPPI_RETURN_IF_ERROR(in.KnowsOnly({"id", "after", "act", "store_as_of"}));
    OPPI_TRY(act.store_as_of, in.Text("store_as_of"));
    return act;
  }
  OPPI_RETURN_IF_ERROR(in.KnowsOnly({"id", "after", "act"}));
  if (kind == "scheduler_stopped") {
    act.kind = Kind::kSchedulerStopped;
  } else if (kind == "scheduler_started") {
    act.kind = Kind::kSchedulerStarted;
  } else if (kind == "erase_list_applied") {
    act.kind = Kind::kEraseListApplied;
  } else {
    return in.Wrong("act", "is no act");
  }
  return act;
}

/// What a question may be given beside the common members.
enum class InputKind : std::uint8_t { kText, kTexts, kInteger, kOp, kViewer, kItem };
struct Input {
  std::string_view name;
  InputKind kind;
  bool required;
};
struct AskInputs {
  std::string_view ask;
  std::span<const Input> inputs;
};

constexpr Input kDecideInputs[] = {
    {"learner", InputKind::kText, true},           {"controller", InputKind::kText, false},
    {"purpose", InputKind::kText, false},          {"recipient", InputKind::kText, false},
    {"data_categories", InputKind::kTexts, false}, {"op", InputKind::kOp, false},
    {"principal", InputKind::kText, false},        {"min_known", InputKind::kText, false},
    {"freshness_ms", InputKind::kInteger, false}};
constexpr Input kAtomInputs[] = {{"learner", InputKind::kText, true},
                                 {"controller", InputKind::kText, false},
                                 {"purpose", InputKind::kText, true},
                                 {"recipient", InputKind::kText, true},
                                 {"data_category", InputKind::kText, true}};
constexpr Input kFindingInputs[] = {{"learner", InputKind::kText, true},
                                    {"purpose", InputKind::kText, false},
                                    {"recipient", InputKind::kText, false}};
constexpr Input kHolderInputs[] = {{"learner", InputKind::kText, true},
                                   {"purpose", InputKind::kText, true}};
constexpr Input kRecordInputs[] = {{"learner", InputKind::kText, true},
                                   {"item", InputKind::kItem, true}};
constexpr Input kAuditInputs[] = {{"viewer", InputKind::kViewer, true},
                                  {"learner", InputKind::kText, false},
                                  {"actor", InputKind::kText, false}};
constexpr Input kIntakeInputs[] = {{"event", InputKind::kText, true}};
constexpr Input kLearnerInputs[] = {{"learner", InputKind::kText, true}};
constexpr Input kErasureInputs[] = {{"request", InputKind::kText, true}};
constexpr Input kSuspectInputs[] = {{"publisher", InputKind::kText, true},
                                    {"key", InputKind::kText, true}};
constexpr Input kBasisInputs[] = {{"controller", InputKind::kText, false},
                                  {"purpose", InputKind::kText, true},
                                  {"data_category", InputKind::kText, true}};

constexpr std::array<AskInputs, 13> kAsks = {{{"decide", kDecideInputs},
                                              {"consent_state", kAtomInputs},
                                              {"timeline", kAtomInputs},
                                              {"processing_after_withdrawal", kFindingInputs},
                                              {"authority_holders", kHolderInputs},
                                              {"record_as_of", kRecordInputs},
                                              {"audit_trail", kAuditInputs},
                                              {"intake_result", kIntakeInputs},
                                              {"stream_count", kLearnerInputs},
                                              {"erasure_status", kErasureInputs},
                                              {"suspect_set", kSuspectInputs},
                                              {"obligations", kLearnerInputs},
                                              {"basis_status", kBasisInputs}}};

Status CheckItem(const Reader& in) {
  OPPI_TRY(const std::string kind, in.Text("kind"));
  std::string_view by;  // the member that says which one
  if (kind == "course_grade" || kind == "subject_grade" || kind == "studyright_state") {
    by = "code";
  } else if (kind == "attendance") {
    by = "lesson";
  } else if (kind == "certificate") {
    by = "id";
  } else if (kind == "activity") {
    return in.KnowsOnly({"kind"});
  } else {
    return in.Wrong("kind", "is no kind of item");
  }
  OPPI_RETURN_IF_ERROR(in.KnowsOnly({"kind", by}));
  return in.Text(by).ok() ? Status() : Status(in.Wrong(by, "is missing"));
}

Status CheckViewer(const Reader& in) {
  OPPI_RETURN_IF_ERROR(in.KnowsOnly({"role", "person"}));
  OPPI_TRY(const std::string role, in.Text("role"));
  const auto* actor = events::InfoOf(events::EventType::kAccessRead).fields[1].codes;
  if (!events::CodeKnown(*actor, role)) return in.Wrong("role", "is no role of a viewer");
  OPPI_TRY(const std::string person, in.OptionalText("person"));
  if (person.empty() && (role == "GUARDIAN" || role == "LEARNER"))
    return in.Wrong("person", "is missing");
  return {};
}

Status CheckInput(const Reader& in, const Input& input, const JsonValue& value) {
  switch (input.kind) {
    case InputKind::kText:
      return value.IsString() && !value.string().empty()
                 ? Status()
                 : Status(in.Wrong(input.name, "is not a text"));
    case InputKind::kTexts: {
      OPPI_TRY(const auto texts, in.OptionalTexts(input.name));
      return texts.empty() ? Status(in.Wrong(input.name, "is empty")) : Status();
    }
    case InputKind::kInteger:
      return value.IsInteger() && value.integer() >= 0
                 ? Status()
                 : Status(in.Wrong(input.name, "is not a number from 0 up"));
    case InputKind::kOp:
      return value.IsString() && ParseDecisionOp(value.string())
                 ? Status()
                 : Status(in.Wrong(input.name, "is no operation"));
    case InputKind::kViewer:
    case InputKind::kItem: {
      if (!value.IsObject()) return in.Wrong(input.name, "is not an object");
      const Reader nested(value, in.where() + ": " + Quoted(input.name));
      return input.kind == InputKind::kViewer ? CheckViewer(nested) : CheckItem(nested);
    }
  }
  return {};
}

/// Some inputs are required by what else is asked.
Status CheckTogether(const Reader& in, const StoryQuestion& question) {
  const auto require = [&](std::initializer_list<std::string_view> names) -> Status {
    for (const std::string_view name : names) {
      OPPI_TRY(const JsonValue* value, in.Required(name));
      static_cast<void>(value);
    }
    return {};
  };
  if (question.ask == "audit_trail" && in.Find("learner") == nullptr && in.Find("actor") == nullptr)
    return in.Wrong("learner", "and `actor` are both missing");
  if (question.ask != "decide") return {};
  const JsonValue* op = in.Find("op");
  if (op == nullptr || op->string() == "disclose")
    return require({"purpose", "recipient", "data_categories"});
  if (op->string() == "emergency_read") return require({"principal", "data_categories"});
  return require({"principal"});
}

Result<StoryQuestion> ReadQuestion(const JsonValue& json) {
  if (!json.IsObject()) return InvalidArgument("`questions` holds something that is not an object");
  StoryQuestion question;
  OPPI_TRY(question.id, Reader(json, "a question").Text("id"));
  const Reader in(json, "question " + question.id);
  OPPI_TRY(question.ask, in.Text("ask"));
  const auto ask = std::find_if(kAsks.begin(), kAsks.end(),
                                [&](const AskInputs& known) { return known.ask == question.ask; });
  if (ask == kAsks.end()) return in.Wrong("ask", "is no question");
  OPPI_TRY(question.asked_after, in.OptionalText("asked_after"));
  OPPI_TRY(question.as_known_after, in.OptionalText("as_known_after"));
  OPPI_TRY(question.at, in.OptionalInstant("at"));
  OPPI_TRY(const JsonValue* expect, in.Required("expect"));
  if (!expect->IsObject()) return in.Wrong("expect", "is not an object");
  question.expect = *expect;

  std::vector<std::string_view> names{"id", "ask", "expect", "asked_after", "as_known_after", "at"};
  for (const Input& input : ask->inputs) names.push_back(input.name);
  OPPI_RETURN_IF_ERROR(in.KnowsOnly(names));
  question.inputs = JsonValue::Object();
  for (const Input& input : ask->inputs) {
    const JsonValue* value = in.Find(input.name);
    if (value == nullptr) {
      if (input.required) return in.Wrong(input.name, "is missing");
      continue;
    }
    OPPI_RETURN_IF_ERROR(CheckInput(in, input, *value));
    question.inputs.Set(input.name, *value);
  }
  OPPI_RETURN_IF_ERROR(CheckTogether(in, question));
  return question;
}

std::string Beside(const std::string& path, const std::string& name) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos || name.starts_with('/')) return name;
  return path.substr(0, slash + 1) + name;
}

/// Reads a file and what it includes into one story; the policy stays JSON until all is merged.
class Loader {
 public:
  explicit Loader(const FileReader& read) : read_(read) {}

  [[nodiscard]] Status Load(const std::string& path, bool included) {
    if (open_.size() >= kIncludeDepthMax) return InvalidArgument("includes go too deep");
    if (++files_ > kFilesMax) return InvalidArgument("includes too many files");
    if (!open_.insert(path).second) return InvalidArgument("includes itself");
    OPPI_TRY(const std::string text, read_(path));
    OPPI_TRY(const JsonValue json, ParseJson(text));
    if (!json.IsObject()) return InvalidArgument("is not a JSON object");
    const Reader in(json, "file");
    OPPI_RETURN_IF_ERROR(
        in.KnowsOnly({"format", "why", "include", "policy", "events", "acts", "questions"}));
    OPPI_TRY(const std::string format, in.Text("format"));
    if (format != kFormat) return in.Wrong("format", "is not \"oppiloki-rehearsal/1\"");
    OPPI_TRY(story_.why, in.Text("why"));
    OPPI_TRY(const auto includes, in.OptionalTexts("include"));
    for (const std::string& name : includes)
      if (Status status = Load(Beside(path, name), /*included=*/true); !status.ok())
        return At(name, status.error());
    OPPI_RETURN_IF_ERROR(LoadPolicy(in, path));
    OPPI_RETURN_IF_ERROR(LoadLists(in, included));
    story_.why = json.Find("why")->string();
    open_.erase(path);
    return {};
  }

  [[nodiscard]] Result<StoryFile> Finish() && {
    Result<PolicyPack> pack = ReadPolicyPack(policy_);
    if (!pack.ok()) return At("policy", std::move(pack).error());
    story_.pack = std::move(pack).value();
    return std::move(story_);
  }

 private:
  [[nodiscard]] Status LoadPolicy(const Reader& in, const std::string& path) {
    const JsonValue* policy = in.Find("policy");
    if (policy == nullptr) return {};
    if (policy->IsObject()) {
      policy_.Merge(*policy);
      return {};
    }
    OPPI_TRY(const std::string name, in.Text("policy"));
    Result<std::string> text = read_(Beside(path, name));
    if (!text.ok()) return At(name, std::move(text).error());
    Result<JsonValue> pack = ParseJson(*text);
    if (!pack.ok()) return At(name, std::move(pack).error());
    if (!pack->IsObject()) return Bad(name, "is not a JSON object");
    policy_.Merge(*pack);
    return {};
  }

  [[nodiscard]] Status LoadLists(const Reader& in, bool included) {
    const auto list = [&](std::string_view name, bool required) -> Result<const JsonValue*> {
      const JsonValue* value = in.Find(name);
      if (value == nullptr && !required) return value;
      if (value == nullptr) return in.Wrong(name, "is missing");
      if (!value->IsList()) return in.Wrong(name, "is not a list");
      return value;
    };
    OPPI_TRY(const JsonValue* events, list("events", true));
    for (const JsonValue& item : events->items()) {
      OPPI_TRY(StoryEvent event, ReadEvent(item));
      story_.events.push_back(std::move(event));
    }
    OPPI_TRY(const JsonValue* acts, list("acts", false));
    if (acts != nullptr) {
      for (const JsonValue& item : acts->items()) {
        OPPI_TRY(StoryAct act, ReadAct(item));
        story_.acts.push_back(std::move(act));
      }
    }
    OPPI_TRY(const JsonValue* questions, list("questions", true));
    for (const JsonValue& item : questions->items()) {
      OPPI_TRY(StoryQuestion question, ReadQuestion(item));
      if (!included) story_.questions.push_back(std::move(question));
    }
    return {};
  }

  const FileReader& read_;
  std::set<std::string> open_;
  std::size_t files_ = 0;
  JsonValue policy_ = JsonValue::Object();
  StoryFile story_;
};

/// Labels are unique; time rises unless the clock was made to jump.
Status CheckStory(const StoryFile& story) {
  std::set<std::string_view> labels;
  for (const StoryEvent& event : story.events)
    if (!labels.insert(event.id).second) return Bad("label " + event.id, "stands twice");
  for (const StoryAct& act : story.acts)
    if (!labels.insert(act.id).second) return Bad("label " + act.id, "stands twice");
  const bool jumps = std::any_of(story.acts.begin(), story.acts.end(), [](const StoryAct& act) {
    return act.kind == StoryAct::Kind::kClockJump;
  });
  for (std::size_t i = 1; i < story.events.size() && !jumps; ++i)
    if (story.events[i].recorded_at <= story.events[i - 1].recorded_at)
      return Bad("event " + story.events[i].id, "is not recorded later than the one before it");
  return {};
}

}  // namespace

Result<StoryFile> ReadStoryFile(const std::string& path, const FileReader& read) {
  Loader loader(read);
  OPPI_RETURN_IF_ERROR(loader.Load(path, /*included=*/false));
  OPPI_TRY(StoryFile story, std::move(loader).Finish());
  OPPI_RETURN_IF_ERROR(CheckStory(story));
  return story;
}

}  // namespace oppi::projections
