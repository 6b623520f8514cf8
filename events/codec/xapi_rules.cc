#include "events/codec/xapi_rules.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <set>
#include <string_view>

#include "events/codec/translation.h"
#include "events/codec/web_forms.h"

namespace oppi::events {
namespace {

constexpr std::string_view kVoided = "http://adlnet.gov/expapi/verbs/voided";
constexpr std::array<std::string_view, 4> kIdentifiers = {"mbox", "mbox_sha1sum", "openid",
                                                          "account"};

/// One pass over one statement. Every rule returns false after noting the member at fault; `path_`
/// follows the value that is being looked at.
class Rules {
 public:
  explicit Rules(XapiVersion version) : version_(version) {}

  std::optional<std::string> Check(const Json& statement) {
    if (Statement(statement, false)) return std::nullopt;
    return fault_;
  }

 private:
  using Rule = bool (Rules::*)(const Json&);

  bool Fail() {
    if (fault_.empty()) fault_ = path_.empty() ? "statement" : path_;
    return false;
  }
  bool Require(bool holds) { return holds || Fail(); }

  /// Runs a rule on a value one step further down.
  template <class F>
  bool Within(std::string_view name, F&& rule) {
    const std::size_t size = path_.size();
    if (!path_.empty()) path_ += '.';
    path_ += name;
    const bool ok = rule();
    path_.resize(size);
    return ok;
  }
  bool Member(const Json& object, std::string_view name, Rule rule) {
    const Json* member = object.Find(name);
    return member == nullptr || Within(name, [&] { return (this->*rule)(*member); });
  }
  bool Needs(const Json& object, std::initializer_list<std::string_view> names) {
    return std::all_of(names.begin(), names.end(), [&](std::string_view name) {
      return object.Find(name) != nullptr || Within(name, [this] { return Fail(); });
    });
  }
  /// An object that has no members but these.
  bool Only(const Json& object, std::initializer_list<std::string_view> names) {
    if (!object.is_object()) return Fail();
    // An unknown member's name is the sender's text and may say anything, so it is not repeated.
    return std::all_of(object.names.begin(), object.names.end(), [&](const std::string& name) {
      return std::find(names.begin(), names.end(), name) != names.end() || Fail();
    });
  }
  bool Each(const Json& array, Rule rule) {
    if (!array.is_array()) return Fail();
    return std::all_of(array.items.begin(), array.items.end(),
                       [&](const Json& item) { return (this->*rule)(item); });
  }

  // Simple forms.
  bool String(const Json& v) { return Require(v.is_string()); }
  bool Bool(const Json& v) { return Require(v.is(Json::Kind::kBool)); }
  bool Number(const Json& v) { return Require(v.Number().has_value()); }
  bool Iri(const Json& v) { return Require(v.is_string() && IsIri(v.text)); }
  bool Uuid(const Json& v) { return Require(v.is_string() && IsUuidText(v.text)); }
  bool Language(const Json& v) { return Require(v.is_string() && IsLanguageTag(v.text)); }
  bool Duration(const Json& v) { return Require(v.is_string() && IsDuration(v.text)); }
  bool MediaType(const Json& v) { return Require(v.is_string() && IsMediaType(v.text)); }
  bool Mailto(const Json& v) { return Require(v.is_string() && IsMailto(v.text)); }
  bool Timestamp(const Json& v) {
    return Require(v.is_string() && ParseForeignInstant(v.text, Zoneless::kUtc).has_value());
  }
  bool HexDigest(const Json& v, std::size_t min, std::size_t max) {
    return Require(v.is_string() && v.text.size() >= min && v.text.size() <= max &&
                   v.text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos);
  }
  bool Sha1(const Json& v) { return HexDigest(v, 40, 40); }
  bool Sha2(const Json& v) { return HexDigest(v, 56, 128); }

  bool LanguageMap(const Json& v) {
    if (!v.is_object()) return Fail();
    for (std::size_t i = 0; i < v.items.size(); ++i)
      if (!IsLanguageTag(v.names[i]) || !v.items[i].is_string()) return Fail();
    return true;
  }
  /// The one place where anything may be said, nulls included.
  bool Extensions(const Json& v) {
    return Require(v.is_object() && std::all_of(v.names.begin(), v.names.end(), IsIri));
  }

  bool Version(const Json& v) {
    const std::string_view text = v.str();
    const auto is = [text](std::string_view series) {
      return text == series || (text.starts_with(series) && text.size() > series.size() + 1 &&
                                text[series.size()] == '.');
    };
    return Require(is("1.0") || (version_ == XapiVersion::k2_0 && is("2.0")));
  }

  // Section 2.4.2: who.
  bool Account(const Json& v) {
    return Only(v, {"homePage", "name"}) && Needs(v, {"homePage", "name"}) &&
           Member(v, "homePage", &Rules::Iri) && Member(v, "name", &Rules::String);
  }
  static std::size_t Identifiers(const Json& v) {
    return static_cast<std::size_t>(
        std::count_if(kIdentifiers.begin(), kIdentifiers.end(),
                      [&](std::string_view name) { return v.Find(name) != nullptr; }));
  }
  bool IdentifierForms(const Json& v) {
    return Member(v, "name", &Rules::String) && Member(v, "mbox", &Rules::Mailto) &&
           Member(v, "mbox_sha1sum", &Rules::Sha1) && Member(v, "openid", &Rules::Iri) &&
           Member(v, "account", &Rules::Account);
  }
  bool Agent(const Json& v) {
    if (!Only(v, {"objectType", "name", "mbox", "mbox_sha1sum", "openid", "account"})) return false;
    if (const Json* type = v.Find("objectType"); type != nullptr && type->str() != "Agent")
      return Within("objectType", [this] { return Fail(); });
    return Require(Identifiers(v) == 1) && IdentifierForms(v);
  }
  bool Group(const Json& v) {
    if (!Only(v, {"objectType", "name", "member", "mbox", "mbox_sha1sum", "openid", "account"}))
      return false;
    if (v["objectType"].str() != "Group") return Within("objectType", [this] { return Fail(); });
    const std::size_t identifiers = Identifiers(v);
    return Require(identifiers <= 1) && (identifiers == 1 || Needs(v, {"member"})) &&
           IdentifierForms(v) && Member(v, "member", &Rules::Members);
  }
  bool Members(const Json& v) { return Each(v, &Rules::Agent); }
  bool Actor(const Json& v) {
    if (!v.is_object()) return Fail();
    return v["objectType"].str() == "Group" ? Group(v) : Agent(v);
  }
  /// Section 2.4.9: an agent, or the two of a three-legged OAuth request.
  bool Authority(const Json& v) {
    if (v["objectType"].str() != "Group") return Actor(v);
    return Require(Identifiers(v) == 0) && Group(v) && Require(v["member"].items.size() == 2);
  }

  // Sections 2.4.3 and 2.4.4: did what.
  bool Verb(const Json& v) {
    return Only(v, {"id", "display"}) && Needs(v, {"id"}) && Member(v, "id", &Rules::Iri) &&
           Member(v, "display", &Rules::LanguageMap);
  }
  bool Component(const Json& v) {
    return Only(v, {"id", "description"}) && Needs(v, {"id"}) && Member(v, "id", &Rules::String) &&
           Member(v, "description", &Rules::LanguageMap);
  }
  bool Components(const Json& v) {
    if (!Each(v, &Rules::Component)) return false;
    std::set<std::string_view> seen;
    return std::all_of(v.items.begin(), v.items.end(), [&](const Json& component) {
      return Require(seen.insert(component["id"].str()).second);
    });
  }
  bool Patterns(const Json& v) { return Each(v, &Rules::String); }
  bool InteractionType(const Json& v) {
    static constexpr std::array<std::string_view, 10> kTypes = {
        "true-false",  "choice",     "fill-in", "long-fill-in", "matching",
        "performance", "sequencing", "likert",  "numeric",      "other"};
    return Require(std::find(kTypes.begin(), kTypes.end(), v.str()) != kTypes.end());
  }
  /// Lists of components belong to certain interaction types only.
  bool Interaction(const Json& v) {
    struct List {
      std::string_view name;
      std::array<std::string_view, 2> types;
    };
    static constexpr std::array<List, 5> kLists = {{{"choices", {"choice", "sequencing"}},
                                                    {"scale", {"likert", ""}},
                                                    {"source", {"matching", ""}},
                                                    {"target", {"matching", ""}},
                                                    {"steps", {"performance", ""}}}};
    const std::string_view type = v["interactionType"].str();
    if (v.Find("correctResponsesPattern") != nullptr && type.empty())
      return Within("interactionType", [this] { return Fail(); });
    for (const List& list : kLists) {
      if (v.Find(list.name) == nullptr) continue;
      if (type.empty() || (type != list.types[0] && type != list.types[1]))
        return Within(list.name, [this] { return Fail(); });
      if (!Member(v, list.name, &Rules::Components)) return false;
    }
    return true;
  }
  bool Definition(const Json& v) {
    return Only(v, {"name", "description", "type", "moreInfo", "extensions", "interactionType",
                    "correctResponsesPattern", "choices", "scale", "source", "target", "steps"}) &&
           Member(v, "name", &Rules::LanguageMap) &&
           Member(v, "description", &Rules::LanguageMap) && Member(v, "type", &Rules::Iri) &&
           Member(v, "moreInfo", &Rules::Iri) && Member(v, "extensions", &Rules::Extensions) &&
           Member(v, "interactionType", &Rules::InteractionType) &&
           Member(v, "correctResponsesPattern", &Rules::Patterns) && Interaction(v);
  }
  bool Activity(const Json& v) {
    if (!Only(v, {"objectType", "id", "definition"})) return false;
    if (const Json* type = v.Find("objectType"); type != nullptr && type->str() != "Activity")
      return Within("objectType", [this] { return Fail(); });
    return Needs(v, {"id"}) && Member(v, "id", &Rules::Iri) &&
           Member(v, "definition", &Rules::Definition);
  }
  bool StatementRef(const Json& v) {
    if (!Only(v, {"objectType", "id"})) return false;
    if (v["objectType"].str() != "StatementRef")
      return Within("objectType", [this] { return Fail(); });
    return Needs(v, {"id"}) && Member(v, "id", &Rules::Uuid);
  }
  bool Object(const Json& v, bool nested) {
    if (!v.is_object()) return Fail();
    const Json* type = v.Find("objectType");
    if (type == nullptr || type->str() == "Activity") return Activity(v);
    if (type->str() == "Agent") return Agent(v);
    if (type->str() == "Group") return Group(v);
    if (type->str() == "StatementRef") return StatementRef(v);
    if (type->str() == "SubStatement" && !nested) return Statement(v, true);
    return Within("objectType", [this] { return Fail(); });
  }

  // Section 2.4.5: with which result.
  bool Score(const Json& v) {
    if (!Only(v, {"scaled", "raw", "min", "max"}) || !Member(v, "scaled", &Rules::Number) ||
        !Member(v, "raw", &Rules::Number) || !Member(v, "min", &Rules::Number) ||
        !Member(v, "max", &Rules::Number))
      return false;
    const auto scaled = v["scaled"].Number();
    const auto raw = v["raw"].Number();
    const auto min = v["min"].Number();
    const auto max = v["max"].Number();
    return Require(!scaled || (*scaled >= -1 && *scaled <= 1)) &&
           Require(!min || !max || *min < *max) && Require(!raw || !min || *raw >= *min) &&
           Require(!raw || !max || *raw <= *max);
  }
  bool Result(const Json& v) {
    return Only(v, {"score", "success", "completion", "response", "duration", "extensions"}) &&
           Member(v, "score", &Rules::Score) && Member(v, "success", &Rules::Bool) &&
           Member(v, "completion", &Rules::Bool) && Member(v, "response", &Rules::String) &&
           Member(v, "duration", &Rules::Duration) && Member(v, "extensions", &Rules::Extensions);
  }

  // Section 2.4.6: in which context.
  bool Activities(const Json& v) { return v.is_array() ? Each(v, &Rules::Activity) : Activity(v); }
  bool ContextActivities(const Json& v) {
    return Only(v, {"parent", "grouping", "category", "other"}) &&
           Member(v, "parent", &Rules::Activities) && Member(v, "grouping", &Rules::Activities) &&
           Member(v, "category", &Rules::Activities) && Member(v, "other", &Rules::Activities);
  }
  bool RelevantTypes(const Json& v) { return Each(v, &Rules::Iri) && Require(!v.items.empty()); }
  bool ContextAgent(const Json& v) {
    return Only(v, {"objectType", "agent", "relevantTypes"}) &&
           Require(v["objectType"].str() == "contextAgent") && Needs(v, {"agent"}) &&
           Member(v, "agent", &Rules::Agent) && Member(v, "relevantTypes", &Rules::RelevantTypes);
  }
  bool ContextGroup(const Json& v) {
    return Only(v, {"objectType", "group", "relevantTypes"}) &&
           Require(v["objectType"].str() == "contextGroup") && Needs(v, {"group"}) &&
           Member(v, "group", &Rules::Group) && Member(v, "relevantTypes", &Rules::RelevantTypes);
  }
  bool ContextAgents(const Json& v) { return Each(v, &Rules::ContextAgent); }
  bool ContextGroups(const Json& v) { return Each(v, &Rules::ContextGroup); }
  bool Context(const Json& v) {
    const bool known =
        version_ == XapiVersion::k2_0
            ? Only(v, {"registration", "instructor", "team", "contextActivities", "revision",
                       "platform", "language", "statement", "extensions", "contextAgents",
                       "contextGroups"})
            : Only(v, {"registration", "instructor", "team", "contextActivities", "revision",
                       "platform", "language", "statement", "extensions"});
    return known && Member(v, "registration", &Rules::Uuid) &&
           Member(v, "instructor", &Rules::Actor) && Member(v, "team", &Rules::Group) &&
           Member(v, "contextActivities", &Rules::ContextActivities) &&
           Member(v, "revision", &Rules::String) && Member(v, "platform", &Rules::String) &&
           Member(v, "language", &Rules::Language) &&
           Member(v, "statement", &Rules::StatementRef) &&
           Member(v, "extensions", &Rules::Extensions) &&
           Member(v, "contextAgents", &Rules::ContextAgents) &&
           Member(v, "contextGroups", &Rules::ContextGroups);
  }

  // Section 2.4.11.
  bool Length(const Json& v) {
    const auto length = v.Integer();
    return Require(length && *length >= 0);
  }
  bool Attachment(const Json& v) {
    return Only(v, {"usageType", "display", "description", "contentType", "length", "sha2",
                    "fileUrl"}) &&
           Needs(v, {"usageType", "display", "contentType", "length", "sha2"}) &&
           Member(v, "usageType", &Rules::Iri) && Member(v, "display", &Rules::LanguageMap) &&
           Member(v, "description", &Rules::LanguageMap) &&
           Member(v, "contentType", &Rules::MediaType) && Member(v, "length", &Rules::Length) &&
           Member(v, "sha2", &Rules::Sha2) && Member(v, "fileUrl", &Rules::Iri);
  }
  bool Attachments(const Json& v) { return Each(v, &Rules::Attachment); }

  bool Statement(const Json& v, bool nested) {
    const bool known =
        nested ? Only(v, {"objectType", "actor", "verb", "object", "result", "context", "timestamp",
                          "attachments"})
               : Only(v, {"id", "actor", "verb", "object", "result", "context", "timestamp",
                          "stored", "authority", "version", "attachments"});
    return known && Needs(v, {"actor", "verb", "object"}) && Member(v, "id", &Rules::Uuid) &&
           Member(v, "actor", &Rules::Actor) && Member(v, "verb", &Rules::Verb) &&
           Within("object", [&] { return Object(v["object"], nested); }) &&
           Member(v, "result", &Rules::Result) && Member(v, "context", &Rules::Context) &&
           Member(v, "timestamp", &Rules::Timestamp) && Member(v, "stored", &Rules::Timestamp) &&
           Member(v, "authority", &Rules::Authority) && Member(v, "version", &Rules::Version) &&
           Member(v, "attachments", &Rules::Attachments) && Across(v);
  }
  /// What binds members of different branches.
  bool Across(const Json& v) {
    const Json& object = v["object"];
    const std::string_view type = object["objectType"].str();
    if (v["verb"]["id"].str() == kVoided && type != "StatementRef")
      return Within("object", [this] { return Fail(); });
    if (type.empty() || type == "Activity") return true;
    for (const std::string_view name : {"revision", "platform"})
      if (v["context"].Find(name) != nullptr)
        return Within("context", [&] { return Within(name, [this] { return Fail(); }); });
    return true;
  }

  XapiVersion version_;
  std::string path_;
  std::string fault_;
};

}  // namespace

std::optional<std::string> ValidateStatement(const Json& statement, XapiVersion version) {
  return Rules(version).Check(statement);
}

}  // namespace oppi::events
