#include "projections/export/balp_audit.h"

#include <array>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "projections/export/fhir_text.h"
#include "projections/export/identifiers.h"
#include "projections/learner_record.h"

namespace oppi::projections {
namespace {

using events::Event;
using Json = nlohmann::ordered_json;

constexpr std::string_view kProfiles =
    "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";
constexpr std::string_view kDicom = "http://dicom.nema.org/resources/ontology/DCM";
constexpr std::string_view kAuditType = "http://terminology.hl7.org/CodeSystem/audit-event-type";
constexpr std::string_view kLifecycle = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle";
constexpr std::string_view kInteraction = "http://hl7.org/fhir/restful-interaction";
constexpr std::string_view kParticipation =
    "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
constexpr std::string_view kEntityType = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
constexpr std::string_view kEntityRole = "http://terminology.hl7.org/CodeSystem/object-role";

constexpr std::string_view kSourceRole = "110153";
constexpr std::string_view kDestinationRole = "110152";

/// What BALP calls each action. Without a profile: BALP has none for it.
struct Pattern {
  std::string_view action;
  std::string_view profile;
  std::string_view type_system;
  std::string_view type;
  std::string_view subtype_system;
  std::string_view subtype;
  std::string_view crud;
};
constexpr std::array kPatterns = {
    Pattern{"read", "PatientRead", kAuditType, "rest", kInteraction, "read", "R"},
    Pattern{"disclosed", "PrivacyDisclosure.Source", kDicom, "110106", kLifecycle, "disclose", "R"},
    Pattern{"received", "PrivacyDisclosure.Recipient", kDicom, "110107", kLifecycle, "disclose",
            "C"},
    Pattern{"emergency_opened", "", kDicom, "110113", kDicom, "110127", "E"},
};

const Pattern* PatternOf(std::string_view action) {
  for (const Pattern& pattern : kPatterns)
    if (pattern.action == action) return &pattern;
  return nullptr;
}

Json Absent(std::string_view why) {
  Json extension = {{"url", kDataAbsentReason}};
  extension["valueCode"] = why;
  Json element;
  element["extension"] = Json::array({std::move(extension)});
  return element;
}

Json Coding(std::string_view system, std::string_view code) {
  return {{"system", system}, {"code", code}};
}
/// A code of this ledger or its policy pack.
Json OurCoding(std::string_view kind, std::string_view code) {
  const FhirCoding coding = OurFhirCoding(kind, code);
  return Coding(coding.system, coding.code);
}
Json Concept(Json coding) {
  Json json;
  json["coding"] = Json::array({std::move(coding)});
  return json;
}

Json ByUri(std::string uri) {
  Json reference;
  reference["identifier"] = {{"system", kUriIdentifiers}, {"value", std::move(uri)}};
  return reference;
}

/// A name of this ledger's world, as it is: a principal, a recipient.
Json ByName(std::string_view kind, std::string_view name) {
  const std::string plain = FhirString(name);
  if (plain.empty()) return ByUri(OppilokiUri(kind, name));
  Json reference;
  reference["identifier"] = {{"system", "urn:oppiloki:" + std::string(kind)}, {"value", plain}};
  return reference;
}

/// A reference to what is not told, in words for people and in a code for machines.
Json NotTold(std::string_view why) {
  Json reference = Absent(why);
  reference["display"] = why == "masked" ? kRedactedText : "not known to the ledger";
  return reference;
}

Json Agent(Json type, Json who) {
  Json agent;
  agent["type"] = std::move(type);
  agent["who"] = std::move(who);
  agent["requestor"] = false;
  return agent;
}

/// An agent with an address in the network, which the ledger is never told.
Json Machine(std::string_view role, Json who, std::string_view absence) {
  Json agent = Agent(Concept(Coding(kDicom, role)), std::move(who));
  agent["network"] = Absent(absence);
  return agent;
}

Json Entity(std::string_view type, std::string_view role, Json what) {
  Json entity;
  entity["what"] = std::move(what);
  entity["type"] = Coding(kEntityType, type);
  if (!role.empty()) entity["role"] = Coding(kEntityRole, role);
  return entity;
}

/// One entry, for one person that it was about.
class Writer {
 public:
  /// `fact`: nullptr for a redacted entry.
  Writer(const AuditEntry& entry, const Fact* fact, std::string_view person)
      : entry_(entry),
        fact_(fact),
        person_(person),
        pattern_(PatternOf(entry.action)),
        absence_(entry.redacted ? "masked" : "unknown") {}

  [[nodiscard]] Json AuditEvent(const std::string& id) const {
    Json json = {{"resourceType", "AuditEvent"}};
    if (IsFhirId(id)) json["id"] = id;
    if (pattern_ != nullptr && !pattern_->profile.empty())
      json["meta"]["profile"] =
          Json::array({std::string(kProfiles) + std::string(pattern_->profile)});
    AddKind(json);
    // Of a redacted entry the Helsinki day is told, and nothing finer.
    if (entry_.redacted || entry_.at.size() > 10) json["period"] = {{"start", entry_.at}};
    if (entry_.redacted)
      json["_recorded"] = Absent("masked");
    else
      json["recorded"] = FormatInstant(entry_.recorded);
    json["outcome"] = "0";
    AddPurpose(json);
    json["agent"] = Agents();
    json["source"]["observer"] = Observer();
    json["entity"] = Entities();
    return json;
  }

 private:
  void AddKind(Json& json) const {
    if (pattern_ == nullptr) {
      json["type"] = OurCoding("event-type", "access." + entry_.action);
      return;
    }
    json["type"] = Coding(pattern_->type_system, pattern_->type);
    json["subtype"] = Json::array({Coding(pattern_->subtype_system, pattern_->subtype)});
    json["action"] = pattern_->crud;
  }

  void AddPurpose(Json& json) const {
    const std::string reason = FhirString(entry_.reason);
    if (entry_.purpose.empty() && reason.empty()) return;
    Json purpose = Json::object();
    if (!entry_.purpose.empty()) purpose = Concept(OurCoding("purpose", entry_.purpose));
    if (!reason.empty()) purpose["text"] = reason;
    json["purposeOfEvent"] = Json::array({std::move(purpose)});
  }

  /// The system that told the ledger.
  [[nodiscard]] Json Observer() const {
    return fact_ == nullptr ? NotTold("masked") : ByUri(fact_->event.source);
  }
  [[nodiscard]] Json Recipient() const {
    return entry_.recipient.empty() ? NotTold(absence_) : ByName("recipient", entry_.recipient);
  }

  [[nodiscard]] Json User() const {
    Json user = Agent(Concept(Coding(kParticipation, "IRCP")),
                      entry_.actor.empty() ? NotTold(absence_) : ByName("principal", entry_.actor));
    user["requestor"] = true;
    if (!entry_.actor_role.empty())
      user["role"] = Json::array({Concept(OurCoding("actor-role", entry_.actor_role))});
    if (!entry_.purpose.empty())
      user["purposeOfUse"] = Json::array({Concept(OurCoding("purpose", entry_.purpose))});
    return user;
  }

  /// For whom the user acted.
  [[nodiscard]] Json Organisation() const {
    const std::string uri = OrganisationUri(entry_.organisation);
    return Agent(
        Concept(OurCoding("agent-type", "organisation")),
        uri.starts_with("urn:oid:") ? ByUri(uri) : ByName("organisation", entry_.organisation));
  }

  [[nodiscard]] Json Agents() const {
    const bool told = !entry_.actor.empty() || entry_.redacted;
    Json agents = Json::array();
    if (entry_.action == "read") {
      agents.push_back(Machine(kDestinationRole, NotTold(absence_), absence_));
      agents.push_back(Machine(kSourceRole, Observer(), absence_));
      agents.push_back(User());
    } else if (entry_.action == "disclosed") {
      agents.push_back(Machine(kSourceRole, Observer(), absence_));
      agents.push_back(Machine(kDestinationRole, Recipient(), absence_));
      if (told) agents.push_back(User());
    } else if (entry_.action == "received") {
      agents.push_back(Machine(kSourceRole, NotTold(absence_), absence_));
      agents.push_back(Machine(kDestinationRole, Observer(), absence_));
      if (const std::string name = FhirString(entry_.recipient); !name.empty())
        agents.back()["name"] = name;
    } else if (told) {
      agents.push_back(User());
    } else {
      agents.push_back(Agent(Concept(Coding(kDicom, kDestinationRole)), Recipient()));
    }
    if (!entry_.organisation.empty() && !entry_.redacted) agents.push_back(Organisation());
    return agents;
  }

  [[nodiscard]] Json Patient() const {
    Json what = ByUri(PersonUri(person_));
    what["type"] = "Patient";
    return Entity("1", "1", std::move(what));
  }

  /// What was looked at or handed over, as far as the ledger is told.
  [[nodiscard]] Json Data() const {
    Json what = NotTold(absence_);
    std::string_view role = "3";
    if (!entry_.query.empty()) {
      what = ByName("query", entry_.query);
      role = "4";
    } else if (fact_ != nullptr && !HashUri(fact_->event.text("content_hash")).empty()) {
      what = ByUri(HashUri(fact_->event.text("content_hash")));
    }
    Json entity = Entity("2", role, std::move(what));
    if (fact_ == nullptr) return entity;
    Json details = Json::array();
    for (const std::string& category : fact_->event.list("data_categories")) {
      Json detail = {{"type", "data_category"}};
      detail["valueString"] = FhirString(category).empty() ? OppilokiUri("data-category", category)
                                                           : FhirString(category);
      details.push_back(std::move(detail));
    }
    if (!details.empty()) entity["detail"] = std::move(details);
    return entity;
  }

  [[nodiscard]] Json Entities() const {
    Json entities = Json::array({Patient(), Data()});
    if (fact_ == nullptr) return entities;
    // Events that this one cites: the decision of a disclosure, the disclosure that was received.
    for (const char* cited : {"decision", "disclosure", "withdrawal"}) {
      if (!fact_->event.has(cited)) continue;
      Json entity = Entity("4", "", ByUri(EventUri(fact_->event.text(cited))));
      entity["description"] = cited;
      entities.push_back(std::move(entity));
    }
    return entities;
  }

  const AuditEntry& entry_;
  const Fact* fact_;
  std::string_view person_;
  const Pattern* pattern_;
  std::string_view absence_;
};

std::vector<std::string_view> PersonsOf(const Fact* fact, const Question& question) {
  if (!question.learner.empty() || fact == nullptr) return {question.learner};
  return fact->event.Subjects();
}

}  // namespace

std::string BalpAuditBundle(const AuditTrail& trail, const Question& question, const Facts& stream,
                            const View& view) {
  std::unordered_map<std::string_view, const Fact*> by_id;
  for (const Fact& fact : stream)
    if (!fact.erased) by_id.emplace(fact.event.id, &fact);
  Json entries = Json::array();
  for (const AuditEntry& entry : trail.entries) {
    const auto found = entry.redacted ? by_id.end() : by_id.find(entry.event);
    const Fact* fact = found == by_id.end() ? nullptr : found->second;
    std::size_t nth = 0;
    for (const std::string_view person : PersonsOf(fact, question)) {
      std::string id = entry.redacted ? std::string() : entry.event;
      if (nth++ > 0) id += "." + std::to_string(nth);
      const std::string url = entry.redacted
                                  ? OppilokiUri("audit-entry", std::to_string(entries.size() + 1))
                                  : EventUri(id);
      entries.push_back(
          {{"fullUrl", url}, {"resource", Writer(entry, fact, person).AuditEvent(id)}});
    }
  }
  Json bundle = {
      {"resourceType", "Bundle"}, {"type", "collection"}, {"timestamp", FormatInstant(view.at)}};
  if (!entries.empty()) bundle["entry"] = std::move(entries);
  return bundle.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace oppi::projections
