#include "events/codec/caliper_rules.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string_view>

#include "events/codec/translation.h"
#include "events/codec/web_forms.h"

namespace oppi::events {
namespace {

enum Form : std::uint8_t {
  kString,
  kStrings,
  kBool,
  kInteger,
  kDecimal,
  kDateTime,
  kDuration,
  kObject,
  kEntity,
  kEntities,  // an object of the class, or its IRI
  kValue,
  kValues,  // an object of the class that has no identity
  kMetric,
  kMessageType,
  kIdentifierType,
  kStatus,
  kRoles,
};

struct Class {
  std::string_view name, parent, other_parent;
};
struct Property {
  std::string_view owner, name;
  Form form;
  std::string_view of;
};
struct EventRule {
  std::string_view type, actor, object, generated, target, referrer, actions;
};

#define CLASS(...)
#define PROPERTY(...)
#define EVENT(...)
#define TERMS(name, terms) constexpr std::string_view k##name##Terms = terms;
#include "events/codec/caliper_table.inc"
#undef TERMS
#define TERMS(...)

#undef CLASS
#define CLASS(name, parent, other) {name, parent, other},
constexpr Class kClasses[] = {
#include "events/codec/caliper_table.inc"
};
#undef CLASS
#define CLASS(...)

#undef PROPERTY
#define PROPERTY(owner, name, form, of) {owner, name, form, of},
constexpr Property kProperties[] = {
#include "events/codec/caliper_table.inc"
};
#undef PROPERTY
#define PROPERTY(...)

#undef EVENT
#define EVENT(type, actor, object, generated, target, referrer, actions) \
  {type, actor, object, generated, target, referrer, actions},
constexpr EventRule kEvents[] = {
#include "events/codec/caliper_table.inc"
};
#undef EVENT
#undef PROPERTY
#undef CLASS
#undef TERMS

const Class* FindClass(std::string_view name) {
  const auto found = std::find_if(std::begin(kClasses), std::end(kClasses),
                                  [name](const Class& c) { return c.name == name; });
  return found == std::end(kClasses) ? nullptr : found;
}

bool IsA(std::string_view name, std::string_view ancestor) {
  if (name == ancestor) return true;
  const Class* c = FindClass(name);
  return c != nullptr && ((!c->parent.empty() && IsA(c->parent, ancestor)) ||
                          (!c->other_parent.empty() && IsA(c->other_parent, ancestor)));
}

/// The property as the class has it, its own before an inherited one.
const Property* FindProperty(std::string_view owner, std::string_view name) {
  for (const Property& property : kProperties)
    if (property.owner == owner && property.name == name) return &property;
  const Class* c = FindClass(owner);
  for (const std::string_view parent : {c->parent, c->other_parent})
    if (!parent.empty())
      if (const Property* inherited = FindProperty(parent, name)) return inherited;
  return nullptr;
}

/// `word` stands among words that are kept apart by `separator`.
bool Among(std::string_view word, std::string_view words, char separator) {
  while (!words.empty()) {
    const std::size_t end = words.find(separator);
    if (words.substr(0, end) == word) return true;
    if (end == std::string_view::npos) return false;
    words.remove_prefix(end + 1);
  }
  return false;
}

bool IsAnyOf(std::string_view name, std::string_view alternatives) {
  while (!alternatives.empty()) {
    const std::size_t end = alternatives.find('|');
    if (IsA(name, alternatives.substr(0, end))) return true;
    if (end == std::string_view::npos) return false;
    alternatives.remove_prefix(end + 1);
  }
  return false;
}

bool IsReference(std::string_view text) { return IsIri(text) || text.starts_with("_:"); }

bool IsContextText(std::string_view text) {
  return text.starts_with("http://purl.imsglobal.org/ctx/caliper/v1p") ||
         text.starts_with("https://purl.imsglobal.org/ctx/caliper/v1p");
}

bool IsContext(const Json& context) {
  if (context.is_string()) return IsContextText(context.text);
  if (context.is_array()) return std::any_of(context.items.begin(), context.items.end(), IsContext);
  // A context written out names the vocabulary itself.
  return std::any_of(context.items.begin(), context.items.end(), [](const Json& item) {
    return item.str().starts_with("http://purl.imsglobal.org/caliper");
  });
}

class Rules {
 public:
  explicit Rules(CaliperStrictness strictness)
      : certified_(strictness == CaliperStrictness::kCertified) {}

  std::optional<std::string> Check(const Json& record) {
    if (Record(record)) return std::nullopt;
    return fault_;
  }

 private:
  bool Fail() {
    if (fault_.empty()) fault_ = path_.empty() ? "record" : path_;
    return false;
  }
  bool Require(bool holds) { return holds || Fail(); }
  template <class F>
  bool Within(std::string_view name, F&& rule) {
    const std::size_t size = path_.size();
    if (!path_.empty()) path_ += '.';
    path_ += name;
    const bool ok = rule();
    path_.resize(size);
    return ok;
  }
  template <class F>
  bool Needed(const Json& object, std::string_view name, F&& holds) {
    return Within(name, [&] { return Require(holds(object[name])); });
  }

  bool Record(const Json& record) {
    if (!record.is_object()) return Fail();
    if (IsCaliperEnvelope(record)) return Envelope(record);
    if (record.Find("caliper_supported_versions") != nullptr) return Configuration(record);
    // A value without identity is always part of something else, whose context it shares.
    const std::string_view type = record["type"].str();
    if (FindClass(type) != nullptr && !IsA(type, "Entity") && record.Find("@context") == nullptr)
      return Entity(record, type);
    return Needed(record, "@context", IsContext) && Described(record);
  }
  bool Described(const Json& record) {
    if (IsCaliperEvent(record)) return Event(record);
    return Entity(record, "Entity|SystemIdentifier|TextPositionSelector");
  }

  bool Configuration(const Json& record) {
    const auto texts = [](const Json& list) {
      return list.is_array() && std::all_of(list.items.begin(), list.items.end(),
                                            [](const Json& item) { return IsContext(item); });
    };
    const Json* size = record.Find("caliper_maximum_payload_size");
    return Needed(record, "caliper_supported_versions", texts) &&
           (size == nullptr || Within("caliper_maximum_payload_size",
                                      [&] { return Require(size->Integer().value_or(-1) > 0); }));
  }

  bool Envelope(const Json& record) {
    return Needed(record, "sensor", [](const Json& v) { return IsReference(v.str()); }) &&
           Needed(record, "sendTime", [this](const Json& v) { return DateTime(v); }) &&
           Needed(record, "dataVersion", IsContext) && Within("data", [&] {
             const Json& data = record["data"];
             if (!data.is_array() || data.items.empty()) return Fail();
             return std::all_of(data.items.begin(), data.items.end(), [&](const Json& item) {
               if (!item.is_object()) return Fail();
               return Needed(item, "@context", IsContext) && Described(item);
             });
           });
  }

  [[nodiscard]] bool DateTime(const Json& v) const {
    if (!ParseForeignInstant(v.str(), Zoneless::kRefuse)) return false;
    constexpr std::size_t kMillisecondsChars = 24;  // YYYY-MM-DDTHH:mm:ss.SSSZ
    return !certified_ || (v.text.size() == kMillisecondsChars && v.text.back() == 'Z');
  }
  [[nodiscard]] bool Decimal(const Json& v) const {
    return v.Number() && (!certified_ || !v.Integer());
  }

  bool Event(const Json& v) {
    const std::string_view type = v["type"].str();
    const auto rule = std::find_if(std::begin(kEvents), std::end(kEvents),
                                   [type](const EventRule& e) { return e.type == type; });
    const bool known = rule != std::end(kEvents);
    if (!known && (certified_ || type.empty())) return Within("type", [this] { return Fail(); });
    const EventRule& e = known ? *rule : kEvents[0];
    const auto identity = [](const Json& id) {
      return id.str().starts_with("urn:uuid:") && IsUuidText(id.str().substr(9));
    };
    const std::string_view actions = e.actions.empty() ? kActionTerms : e.actions;
    return Needed(v, "id", identity) && Party(v, "actor", e.actor, true) &&
           Needed(v, "action",
                  [&](const Json& a) {
                    return Among(a.str(), actions, ' ') || (!known && !a.str().empty());
                  }) &&
           Party(v, "object", e.object, true) &&
           Needed(v, "eventTime", [this](const Json& t) { return DateTime(t); }) &&
           Optional(v, "profile", [](const Json& p) { return p.is_string(); }) &&
           Optional(v, "extensions", [](const Json& x) { return x.is_object(); }) &&
           Party(v, "generated", e.generated, false) && Party(v, "target", e.target, false) &&
           Party(v, "referrer", e.referrer, false) &&
           Party(v, "edApp", "SoftwareApplication", false) &&
           Party(v, "group", "Organization", false) &&
           Party(v, "membership", "Membership", false) && Party(v, "session", "Session", false) &&
           Party(v, "federatedSession", "LtiSession", false) && Across(v, type);
  }

  /// Which entities go together depends on the action.
  bool Across(const Json& v, std::string_view type) {
    const std::string_view action = v["action"].str();
    if (type == "SessionEvent") {
      const bool timed_out = action == "TimedOut";
      return Party(v, "actor", timed_out ? "SoftwareApplication" : "Person", true) &&
             Party(v, "object", timed_out ? "Session" : "SoftwareApplication", true);
    }
    if (type == "FeedbackEvent")
      return Party(v, "generated", action == "Ranked" ? "Rating" : "Comment", false);
    if (type == "ResourceManagementEvent" && action == "Copied")
      return Party(v, "generated", "DigitalResource", true);
    if (type == "ToolLaunchEvent" && action == "Launched")
      return Party(v, "federatedSession", "LtiSession", true);
    return true;
  }

  template <class F>
  bool Optional(const Json& object, std::string_view name, F&& holds) {
    return object.Find(name) == nullptr || Needed(object, name, holds);
  }
  bool Party(const Json& event, std::string_view name, std::string_view alternatives, bool needed) {
    const Json* party = event.Find(name);
    if (party == nullptr) return !needed || Within(name, [this] { return Fail(); });
    return Within(name, [&] {
      return EntityOrReference(*party, alternatives.empty() ? "Entity" : alternatives);
    });
  }
  bool EntityOrReference(const Json& v, std::string_view alternatives) {
    if (v.is_string()) return Require(IsReference(v.text));
    return Entity(v, alternatives);
  }

  bool Entity(const Json& v, std::string_view alternatives) {
    if (!v.is_object()) return Fail();
    const std::string_view type = v["type"].str();
    const Class* known = FindClass(type);
    if (known == nullptr) {
      // A type of another version or profile: nothing is known about it but that it has an
      // identity.
      if (certified_ || type.empty()) return Within("type", [this] { return Fail(); });
      return Needed(v, "id", [](const Json& id) { return IsReference(id.str()); });
    }
    if (!IsAnyOf(type, alternatives)) return Within("type", [this] { return Fail(); });
    if (IsA(type, "Entity") &&
        !Needed(v, "id", [](const Json& id) { return IsReference(id.str()); }))
      return false;
    if (type == "SystemIdentifier" &&
        !(Needed(v, "identifier", [](const Json& i) { return i.is_string(); }) &&
          Needed(v, "identifierType", [](const Json& i) { return i.is_string(); })))
      return false;
    if (!Optional(v, "@context", IsContext)) return false;
    for (std::size_t i = 0; i < v.items.size(); ++i) {
      const Property* property = FindProperty(type, v.names[i]);
      if (property != nullptr &&
          !Within(property->name, [&] { return Fits(v.items[i], *property); }))
        return false;
    }
    return true;
  }

  template <class F>
  bool Each(const Json& list, F&& rule) {
    return list.is_array() ? std::all_of(list.items.begin(), list.items.end(), rule) : Fail();
  }
  bool Term(const Json& v, std::string_view terms) {
    return Require(v.is_string() && (Among(v.text, terms, ' ') || !certified_));
  }

  bool Fits(const Json& v, const Property& property) {
    switch (property.form) {
      case kString:
        return Require(v.is_string());
      case kStrings:
        return Each(v, [this](const Json& s) { return Require(s.is_string()); });
      case kBool:
        return Require(v.is(Json::Kind::kBool));
      case kInteger:
        return Require(v.Integer().has_value());
      case kDecimal:
        return Require(Decimal(v));
      case kDateTime:
        return Require(DateTime(v));
      case kDuration:
        return Require(IsDuration(v.str()));
      case kObject:
        return Require(v.is_object());
      case kEntity:
        return EntityOrReference(v, property.of);
      case kEntities:
        return Each(v, [&](const Json& e) { return EntityOrReference(e, property.of); });
      case kValue:
        return Entity(v, property.of);
      case kValues:
        return Each(v, [&](const Json& e) { return Entity(e, property.of); });
      case kMetric:
        return Term(v, kMetricTerms);
      case kMessageType:
        return Term(v, kMessageTypeTerms);
      case kIdentifierType:
        return Term(v, kIdentifierTypeTerms);
      case kStatus:
        return Term(v, kStatusTerms);
      case kRoles:
        return Each(v, [this](const Json& role) { return Term(role, kRoleTerms); });
    }
    return Fail();
  }

  bool certified_;
  std::string path_;
  std::string fault_;
};

}  // namespace

std::optional<std::string> ValidateCaliper(const Json& record, CaliperStrictness strictness) {
  return Rules(strictness).Check(record);
}

bool IsCaliperEnvelope(const Json& record) {
  return record.Find("sensor") != nullptr && record.Find("data") != nullptr;
}

bool IsCaliperEvent(const Json& record) {
  return record["type"].str().ends_with("Event") || record.Find("action") != nullptr ||
         record.Find("eventTime") != nullptr;
}

}  // namespace oppi::events
