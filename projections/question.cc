#include "projections/question.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "events/event.h"
#include "events/limits.h"
#include "projections/json_writer.h"

namespace oppi::projections {
namespace {

constexpr std::size_t kQuestionBytesMax = 64 * 1024;
constexpr std::uint64_t kIntegerMax = (std::uint64_t{1} << 53) - 1;

enum class Kind : std::uint8_t { kText, kTexts, kInstant, kSize, kCount, kFlag };

constexpr std::uint64_t kPageRowsMax = 10'000;

/// Which member belongs to which question: r ecord, c onsents, t imeline, d ecide, a udit,
/// o bligations, f indings, e rasure, h olds. Capital: required. A decision needs more, by its op
/// (see CheckDecide); an audit needs one of learner, actor and publisher (see CheckAudit), obligations and findings a
/// learner or a controller (see CheckOversight).
struct Member {
  std::string_view name;
  Kind kind;
  std::string_view asks;
};
constexpr std::array kMembers = {
    Member{"learner", Kind::kText, "RCTDaofeH"},
    Member{"controller", Kind::kText, "ctdof"},
    Member{"purpose", Kind::kText, "ctdof"},
    Member{"recipient", Kind::kText, "ctdof"},
    Member{"categories", Kind::kTexts, "ctd"},
    Member{"op", Kind::kText, "d"},
    Member{"principal", Kind::kText, "d"},
    Member{"actor", Kind::kText, "a"},
    Member{"publisher", Kind::kText, "a"},
    Member{"status", Kind::kText, "o"},
    Member{"format", Kind::kText, "ca"},
    Member{"consent", Kind::kText, "c"},
    Member{"request", Kind::kText, "E"},
    Member{"valid_at", Kind::kInstant, "rctdaofeh"},
    Member{"known_size", Kind::kSize, "rctdaofeh"},
    Member{"known_at", Kind::kInstant, "rctdaofeh"},
    Member{"min_size", Kind::kSize, "d"},
    Member{"from", Kind::kInstant, "a"},
    Member{"until", Kind::kInstant, "a"},
    Member{"limit", Kind::kCount, "of"},
    Member{"after", Kind::kText, "of"},
    Member{"reason", Kind::kText, "rctdaofeh"},
    Member{"evidence", Kind::kFlag, "rctdaofeh"},
};

char Letter(Ask ask) { return AskName(ask)[0]; }
char Capital(Ask ask) { return static_cast<char>(Letter(ask) - 'a' + 'A'); }
bool Belongs(const Member& member, Ask ask) {
  return member.asks.find(Letter(ask)) != std::string_view::npos ||
         member.asks.find(Capital(ask)) != std::string_view::npos;
}

Error Refuse(std::string_view code, std::string_view member) {
  // A member's name is the caller's text too: only what looks like one of ours is repeated.
  const bool plain = !member.empty() && member.size() <= 32 &&
                     std::all_of(member.begin(), member.end(),
                                 [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  return InvalidArgument(std::string(code) + ": " + (plain ? std::string(member) : "a member"));
}

/// In the order of Kind, but that instants are texts until they are read.
using Value = std::variant<std::string, std::vector<std::string>, std::uint64_t, bool>;

/// Characters, not bytes; the parser has checked that the text is UTF-8.
std::size_t CharactersIn(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

/// Takes exactly one flat object of texts, lists of texts, whole numbers and flags. The first thing
/// that is none of these stops the parser with its refusal in `error`.
class Flat final : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::map<std::string, Value, std::less<>> values;
  std::optional<Error> error;

  bool null() override { return Fail("FIELD_TYPE"); }
  bool boolean(bool v) override { return Keep(v); }
  bool number_integer(number_integer_t) override { return Fail("FIELD_TYPE"); }
  bool number_unsigned(number_unsigned_t v) override {
    if (v > kIntegerMax) return Fail("FIELD_TYPE");
    return Keep(std::uint64_t{v});
  }
  bool number_float(number_float_t, const string_t&) override { return Fail("FIELD_TYPE"); }
  bool binary(binary_t&) override { return Fail("FIELD_TYPE"); }
  bool string(string_t& v) override {
    if (v.empty() || CharactersIn(v) > kStrCharsMax) return Fail("FIELD_TYPE");
    if (events::ContainsPersonalCode(v)) return Fail("PERSONAL_CODE_PRESENT");
    if (!in_list_) return Keep(std::move(v));
    if (list_.size() == kListItemsMax) return Fail("FIELD_TYPE");
    list_.push_back(std::move(v));
    return true;
  }
  bool start_object(std::size_t) override {
    if (in_object_) return Fail("FIELD_TYPE");
    in_object_ = true;
    return true;
  }
  bool key(string_t& name) override {
    member_ = std::move(name);
    if (values.count(member_) != 0) return Fail("MALFORMED");
    return true;
  }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override {
    if (in_list_ || !in_object_) return Fail("FIELD_TYPE");
    in_list_ = true;
    list_.clear();
    return true;
  }
  bool end_array() override {
    in_list_ = false;
    if (list_.empty()) return Fail("FIELD_TYPE");
    return Keep(std::move(list_));
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override {
    member_.clear();
    return Fail("MALFORMED");
  }

 private:
  bool Fail(std::string_view code) {
    error = member_.empty() ? InvalidArgument("MALFORMED: not a question") : Refuse(code, member_);
    return false;
  }
  bool Keep(Value value) {
    if (in_list_ || !in_object_) return Fail("FIELD_TYPE");
    values.emplace(member_, std::move(value));
    return true;
  }

  bool in_object_ = false;
  bool in_list_ = false;
  std::string member_;
  std::vector<std::string> list_;
};

/// Where a member's value is: of a question that is read, or of one that is written.
template <class Q>
auto* TextOf(Q& q, std::string_view name) {
  if (name == "learner") return &q.learner;
  if (name == "controller") return &q.controller;
  if (name == "purpose") return &q.purpose;
  if (name == "recipient") return &q.recipient;
  if (name == "op") return &q.op;
  if (name == "principal") return &q.principal;
  if (name == "actor") return &q.actor;
  if (name == "publisher") return &q.publisher;
  if (name == "status") return &q.status;
  if (name == "after") return &q.after;
  if (name == "format") return &q.format;
  if (name == "consent") return &q.consent;
  if (name == "request") return &q.request;
  return &q.reason;
}
template <class Q>
auto* InstantOf(Q& q, std::string_view name) {
  if (name == "valid_at") return &q.valid_at;
  if (name == "known_at") return &q.known_at;
  if (name == "from") return &q.from;
  return &q.until;
}
template <class Q>
auto* SizeOf(Q& q, std::string_view name) {
  return name == "known_size" ? &q.known_size : &q.min_size;
}

Status Take(Question& question, const Member& member, Value value) {
  std::string* text = std::get_if<std::string>(&value);
  auto* texts = std::get_if<std::vector<std::string>>(&value);
  const std::uint64_t* number = std::get_if<std::uint64_t>(&value);
  const bool* flag = std::get_if<bool>(&value);
  if (member.kind == Kind::kInstant && text != nullptr) {
    *InstantOf(question, member.name) = ParseInstant(*text);
    if (*InstantOf(question, member.name)) return {};
  } else if (member.kind == Kind::kText && text != nullptr) {
    *TextOf(question, member.name) = std::move(*text);
    return {};
  } else if (member.kind == Kind::kTexts && texts != nullptr) {
    question.categories = std::move(*texts);
    return {};
  } else if (member.kind == Kind::kSize && number != nullptr) {
    *SizeOf(question, member.name) = TreeSize(*number);
    return {};
  } else if (member.kind == Kind::kCount && number != nullptr) {
    if (*number == 0 || *number > kPageRowsMax) return Refuse("FIELD_TYPE", member.name);
    question.limit = *number;
    return {};
  } else if (member.kind == Kind::kFlag && flag != nullptr) {
    question.evidence = *flag;
    return {};
  }
  return Refuse("FIELD_TYPE", member.name);
}

Status CheckDecide(const Question& question) {
  const std::string_view op = question.op.empty() ? "disclose" : std::string_view(question.op);
  if (op != "disclose" && op != "guardian_view" && op != "emergency_read") {
    return Refuse("CODE_UNKNOWN", "op");
  }
  if (op == "disclose") {
    if (question.controller.empty()) return Refuse("FIELD_MISSING", "controller");
    if (question.purpose.empty()) return Refuse("FIELD_MISSING", "purpose");
    if (question.recipient.empty()) return Refuse("FIELD_MISSING", "recipient");
    if (!question.principal.empty()) return Refuse("UNKNOWN_FIELD", "principal");
  } else if (question.principal.empty()) {
    return Refuse("FIELD_MISSING", "principal");
  }
  if (op != "guardian_view" && question.categories.empty()) {
    return Refuse("FIELD_MISSING", "categories");
  }
  return {};
}

Status CheckAudit(const Question& question) {
  if (question.learner.empty() && question.actor.empty() && question.publisher.empty()) {
    return Refuse("FIELD_MISSING", "learner");
  }
  if (question.from && question.until && *question.until <= *question.from) {
    return Refuse("FIELD_TYPE", "until");
  }
  if (!question.format.empty() && question.format != "fhir")
    return Refuse("CODE_UNKNOWN", "format");
  // What a publisher published is mostly no access, and is listed without its content.
  if (!question.format.empty() && !question.publisher.empty())
    return Refuse("UNKNOWN_FIELD", "format");
  return {};
}

Status CheckConsents(const Question& question) {
  const std::string& format = question.format;
  if (!format.empty() && format != "ts27560" && format != "kantara" && format != "fhir") {
    return Refuse("CODE_UNKNOWN", "format");
  }
  if (format.empty() && !question.consent.empty()) return Refuse("FIELD_MISSING", "format");
  return {};
}

Status CheckOversight(const Question& question) {
  if (question.learner.empty() && question.controller.empty())
    return Refuse("FIELD_MISSING", "learner");
  constexpr std::array<std::string_view, 4> kStatuses = {"", "DONE", "OPEN", "OVERDUE"};
  if (std::find(kStatuses.begin(), kStatuses.end(), question.status) == kStatuses.end())
    return Refuse("CODE_UNKNOWN", "status");
  if (AsksOfMany(question)) return {};
  if (question.limit) return Refuse("UNKNOWN_FIELD", "limit");
  if (!question.after.empty()) return Refuse("UNKNOWN_FIELD", "after");
  return {};
}

}  // namespace

std::string_view AskName(Ask ask) {
  switch (ask) {
    case Ask::kRecord:
      return "record";
    case Ask::kConsents:
      return "consents";
    case Ask::kTimeline:
      return "timeline";
    case Ask::kDecide:
      return "decide";
    case Ask::kAudit:
      return "audit";
    case Ask::kObligations:
      return "obligations";
    case Ask::kFindings:
      return "findings";
    case Ask::kErasure:
      return "erasure";
    case Ask::kHolds:
      return "holds";
  }
  return "";
}

Result<Question> ParseQuestion(Ask ask, std::string_view json) {
  if (json.size() > kQuestionBytesMax) return InvalidArgument("TOO_LARGE: question");
  Flat flat;
  const bool parsed = nlohmann::json::sax_parse(json, &flat);
  if (flat.error) return *flat.error;
  if (!parsed) return InvalidArgument("MALFORMED: not a question");
  Question question;
  question.ask = ask;
  for (const Member& member : kMembers) {
    const auto found = flat.values.find(member.name);
    if (found == flat.values.end()) {
      if (member.asks.find(Capital(ask)) != std::string_view::npos) {
        return Refuse("FIELD_MISSING", member.name);
      }
      continue;
    }
    if (!Belongs(member, ask)) return Refuse("UNKNOWN_FIELD", member.name);
    OPPI_RETURN_IF_ERROR(Take(question, member, std::move(found->second)));
    flat.values.erase(found);
  }
  if (!flat.values.empty()) return Refuse("UNKNOWN_FIELD", flat.values.begin()->first);
  if (question.known_size && question.known_at) return Refuse("UNKNOWN_FIELD", "known_at");
  if (ask == Ask::kDecide) OPPI_RETURN_IF_ERROR(CheckDecide(question));
  if (ask == Ask::kAudit) OPPI_RETURN_IF_ERROR(CheckAudit(question));
  if (ask == Ask::kObligations || ask == Ask::kFindings)
    OPPI_RETURN_IF_ERROR(CheckOversight(question));
  if (ask == Ask::kConsents) OPPI_RETURN_IF_ERROR(CheckConsents(question));
  return question;
}

std::string QuestionJson(const Question& question) {
  std::string text;
  text.reserve(256);
  JsonWriter json(text);
  json.Open('{');
  for (const Member& member : kMembers) {
    switch (member.kind) {
      case Kind::kText:
        if (const std::string* value = TextOf(question, member.name); !value->empty()) json.Name(member.name).Text(*value);
        break;
      case Kind::kTexts:
        if (!question.categories.empty()) json.Name(member.name).Texts(question.categories);
        break;
      case Kind::kInstant:
        if (const auto* value = InstantOf(question, member.name); *value) json.Name(member.name).Text(FormatInstant(**value));
        break;
      case Kind::kSize:
        if (const auto* value = SizeOf(question, member.name); *value) json.Name(member.name).Number((*value)->value());
        break;
      case Kind::kCount:
        if (question.limit) json.Name(member.name).Number(*question.limit);
        break;
      case Kind::kFlag:
        if (question.evidence) json.Name(member.name).True();
        break;
    }
  }
  json.Close('}');
  return text;
}

}  // namespace oppi::projections
