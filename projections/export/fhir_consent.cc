#include "projections/export/fhir_consent.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "projections/export/fhir_text.h"
#include "projections/export/identifiers.h"
#include "projections/learner_record.h"

namespace oppi::projections {
namespace {

using events::Event;
using Json = nlohmann::ordered_json;

constexpr std::string_view kDpv = "https://w3id.org/dpv#";
constexpr std::string_view kGdpr = "https://w3id.org/dpv/legal/eu/gdpr#";

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

/// A reference by identifier: whose resource it is stands elsewhere, if anywhere.
Json ByUri(std::string_view type, std::string uri) {
  Json reference;
  if (!type.empty()) reference["type"] = type;
  reference["identifier"] = {{"system", kUriIdentifiers}, {"value", std::move(uri)}};
  return reference;
}

/// What kind of thing a recipient is, the ledger is not told.
Json Recipient(std::string_view name) { return ByUri({}, OppilokiUri("recipient", name)); }

Json Masked(std::string_view type) {
  Json absent;
  absent["url"] = kDataAbsentReason;
  absent["valueCode"] = "masked";
  Json reference;
  reference["extension"] = Json::array({std::move(absent)});
  reference["type"] = type;
  reference["display"] = kRedactedText;
  return reference;
}

Json PeriodOf(const std::optional<Instant>& from, const std::optional<Instant>& until) {
  Json period = Json::object();
  if (from) period["start"] = FormatInstant(*from);
  if (until) period["end"] = FormatInstant(*until);
  return period;
}

/// Void from the start, not merely over.
bool NeverValid(const ConsentPortion& portion) {
  return portion.status == ConsentStatus::kInvalidated && !portion.began;
}

std::string_view StatusOf(const ConsentPortion& portion) {
  switch (portion.status) {
    case ConsentStatus::kGiven:
    case ConsentStatus::kRenewed:
      return "active";
    case ConsentStatus::kRequested:
    case ConsentStatus::kDeferred:
    case ConsentStatus::kPendingCo:
      return "draft";
    case ConsentStatus::kNone:
      return portion.reason == "QUARANTINED" || portion.reason == "SUSPECT" ? "draft" : "not-done";
    case ConsentStatus::kIndeterminate:
      return "unknown";
    default:
      break;
  }
  if (NeverValid(portion)) return "entered-in-error";
  return portion.began ? "inactive" : "not-done";
}

class Writer {
 public:
  Writer(const History& history, Places places) : history_(history), places_(places) {}

  [[nodiscard]] Json Consent(const ConsentRecord& record) const {
    const Event& act = record.act->event;
    const ConsentPortion& leading = LeadingPortion(record);
    Json json = {{"resourceType", "Consent"}};
    if (IsFhirId(record.id())) json["id"] = record.id();
    json["meta"]["tag"] = Tags(leading);
    json["identifier"] =
        Json::array({{{"system", kUriIdentifiers}, {"value", EventUri(record.id())}}});
    json["status"] = StatusOf(leading);
    json["subject"] = ByUri("Patient", PersonUri(history_.learner()));
    json["date"] = FormatDate(HelsinkiDate(act.V()));
    if (const Json period = Whole(record); !period.empty()) json["period"] = period;
    if (record.grant != nullptr) json["grantor"] = Json::array({Giver(act)});
    json["grantee"] = Recipients(record);
    const bool told = places_ == Places::kTold;
    json["controller"] = Json::array(
        {told ? ByUri("Organization", OrganisationUri(act.controller)) : Masked("Organization")});
    if (told) AddSources(json, act);
    if (told && record.basis)
      json["regulatoryBasis"] = Json::array({Concept(Coding(kGdpr, record.basis->code))});
    if (record.pack != nullptr)
      json["policyBasis"] = {{"url", HashUri(HashText(record.pack->hash))}};
    json["decision"] = "deny";
    if (const Json provisions = Provisions(record); !provisions.empty())
      json["provision"] = provisions;
    return json;
  }

 private:
  static Json Tags(const ConsentPortion& leading) {
    Json tags = Json::array({OurCoding("consent-status", ConsentStatusName(leading.status)),
                             Coding(kDpv, DpvTermOf(leading))});
    if (!leading.reason.empty()) tags.push_back(OurCoding("reason", leading.reason));
    return tags;
  }

  static Json Giver(const Event& act) {
    const bool self = act.text("by") == act.subject;
    return ByUri(self ? "Patient" : "RelatedPerson", PersonUri(act.text("by")));
  }

  static Json Recipients(const ConsentRecord& record) {
    std::vector<std::string> names;
    for (const ConsentPortion& portion : record.portions)
      names.insert(names.end(), portion.recipients.begin(), portion.recipients.end());
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    Json list = Json::array();
    for (const std::string& name : names) list.push_back(Recipient(name));
    return list;
  }

  /// From the first instant in force to the last.
  static Json Whole(const ConsentRecord& record) {
    std::optional<Instant> from;
    std::optional<Instant> until;
    bool open = false;
    for (const ConsentPortion& portion : record.portions) {
      if (!portion.began) continue;
      from = from ? std::min(*from, *portion.began) : *portion.began;
      const std::optional<Instant> end = EndOf(portion);
      open = open || !end;
      if (end) until = until ? std::max(*until, *end) : *end;
    }
    return PeriodOf(from, open ? std::nullopt : until);
  }
  static std::optional<Instant> EndOf(const ConsentPortion& portion) {
    return InForce(portion.status) ? portion.until : portion.since;
  }

  /// The notice, and the exact bytes that were shown or signed, by their hashes.
  static void AddSources(Json& json, const Event& act) {
    if (!act.has("notice")) return;
    Json sources = Json::array();
    for (const char* hash : {"rendered_hash", "paper_hash"})
      if (const std::string uri = HashUri(act.text(hash)); !uri.empty())
        sources.push_back(ByUri("DocumentReference", uri));
    if (!sources.empty()) json["sourceReference"] = std::move(sources);
    json["policyText"] = Json::array(
        {ByUri("DocumentReference", NoticeUri(act.text("notice"), act.text("notice_version")))});
  }

  /// Exceptions to `deny`: what is, was or would be permitted, each with its own time. What was
  /// never in force is listed only while it may still come into force.
  Json Provisions(const ConsentRecord& record) const {
    Json list = Json::array();
    for (const ConsentPortion& portion : record.portions) {
      const bool draft = StatusOf(portion) == "draft";
      if (!portion.began && !draft) continue;
      Json provision;
      if (const Json period =
              PeriodOf(portion.began, portion.began ? EndOf(portion) : std::nullopt);
          !period.empty())
        provision["period"] = period;
      provision["actor"] = Json::array();
      for (const std::string& recipient : portion.recipients) {
        Json actor;
        actor["reference"] = Recipient(recipient);
        provision["actor"].push_back(std::move(actor));
      }
      provision["purpose"] = Json::array({OurCoding("purpose", record.act->event.text("purpose"))});
      provision["code"] = Json::array();
      for (const std::string& category : portion.categories)
        provision["code"].push_back(Concept(OurCoding("data-category", category)));
      list.push_back(std::move(provision));
    }
    return list;
  }

  const History& history_;
  Places places_;
};

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string FhirConsent(const ConsentRecord& record, const History& history, Places places) {
  return Dump(Writer(history, places).Consent(record));
}

std::string FhirConsentBundle(const std::vector<ConsentRecord>& records, const History& history,
                              const View& view, Places places) {
  const Writer writer(history, places);
  Json bundle = {
      {"resourceType", "Bundle"}, {"type", "collection"}, {"timestamp", FormatInstant(view.at)}};
  Json entries = Json::array();
  for (const ConsentRecord& record : records)
    entries.push_back({{"fullUrl", EventUri(record.id())}, {"resource", writer.Consent(record)}});
  if (!entries.empty()) bundle["entry"] = std::move(entries);
  return Dump(bundle);
}

}  // namespace oppi::projections
