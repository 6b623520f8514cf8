#include "projections/export/ts27560.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "projections/export/identifiers.h"
#include "projections/learner_record.h"

namespace oppi::projections {
namespace {

using events::Event;
using events::EventType;
using Json = nlohmann::ordered_json;

constexpr std::string_view kSchema = "https://w3id.org/dpv/schema/dpv-27560#";

Json Context() {
  return {{"dpv", "https://w3id.org/dpv#"},
          {"dpv-27560", kSchema},
          {"eu-gdpr", "https://w3id.org/dpv/legal/eu/gdpr#"},
          {"loc", "https://w3id.org/dpv/loc#"},
          {"dct", "http://purl.org/dc/terms/"},
          {"skos", "http://www.w3.org/2004/02/skos/core#"},
          {"xsd", "http://www.w3.org/2001/XMLSchema#"}};
}

/// A plain text; written so that no processor takes it for anything else.
Json Text(std::string_view text) { return {{"@value", text}}; }
Json Time(Instant t) { return {{"@type", "xsd:dateTime"}, {"@value", FormatInstant(t)}}; }
Json Named(std::string uri, std::string_view type, std::string_view identifier) {
  return {{"@id", std::move(uri)}, {"@type", type}, {"dct:identifier", Text(identifier)}};
}

Json PersonOf(const Event& event) {
  const std::string_view person = event.text("by");
  const bool subject = person == event.subject;
  return Named(PersonUri(person), subject ? "dpv:DataSubject" : "dpv:GuardianOfDataSubject",
               person);
}

void AddAct(Json& node, const Fact& fact) {
  const Event& event = fact.event;
  node["dpv:isIndicatedAtTime"] = Time(event.V());
  if (event.has("by")) node["dpv:isIndicatedBy"] = PersonOf(event);
  for (const char* how : {"method", "channel"})
    if (event.has(how)) node["dpv:hasIndicationMethod"] = Text(event.text(how));
  node["dct:identifier"] = Text(event.id);
}

/// The present state of one portion.
Json StateOf(const ConsentPortion& portion) {
  Json node = {{"@type", "dpv:" + std::string(DpvTermOf(portion))}};
  node["dct:title"] = Text(ConsentStatusName(portion.status));
  if (!portion.reason.empty()) node["dct:description"] = Text(portion.reason);
  if (portion.since) node["dct:date"] = Time(*portion.since);
  if (portion.until) node["dct:valid"] = Time(*portion.until);
  return node;
}

Json CategoryOf(const std::string& category, const PolicyPack* pack) {
  Json node = Named(OppilokiUri("data-category", category), "dpv:PersonalData", category);
  const auto found =
      pack == nullptr ? decltype(pack->categories.end()){} : pack->categories.find(category);
  if (pack != nullptr && found != pack->categories.end() && !found->second.parent.empty())
    node["skos:broader"] = {{"@id", OppilokiUri("data-category", found->second.parent)}};
  return node;
}

class Writer {
 public:
  Writer(const History& history, const View& view, Places places)
      : history_(history), view_(view), places_(places) {}

  [[nodiscard]] Json Record(const ConsentRecord& record) const {
    const Event& act = record.act->event;
    Json json;
    json["@id"] = EventUri(record.id());
    json["@type"] = "dpv:ConsentRecord";
    json["dct:conformsTo"] = {{"@id", "dpv-27560:record"}};
    json["dct:identifier"] = Text(record.id());
    json["dct:created"] = Time(record.act->recorded);
    json["dct:modified"] = Time(view_.at);
    json["dpv:hasDataSubject"] =
        Named(PersonUri(history_.learner()), "dpv:DataSubject", history_.learner());
    json["dpv:hasDataController"] = Controller(act);
    if (record.pack != nullptr)
      json["dpv:hasJurisdiction"] = Jurisdiction(record.pack->jurisdiction);
    if (act.has("notice")) json["dpv:hasNotice"] = Notice(record);
    if (record.basis && places_ == Places::kTold)
      json["dpv:hasLegalBasis"] = {{"@id", "eu-gdpr:" + std::string(record.basis->code)}};
    Json processes = Json::array();
    for (const ConsentPortion& portion : record.portions)
      processes.push_back(Process(record, portion));
    json["dpv:hasProcess"] = std::move(processes);
    if (record.grant != nullptr) {
      json["dpv:hasConsentControl"] = {{"@type", "dpv:WithdrawConsent"}};
      json["dpv:hasRight"] = {{"@id", "eu-gdpr:A7-3"}};
    }
    json["dpv:hasConsentStatus"] = Happenings(record);
    return json;
  }

 private:
  [[nodiscard]] Json Controller(const Event& act) const {
    if (places_ == Places::kHidden)
      return {{"@type", "dpv:DataController"}, {"dct:title", Text(kRedactedText)}};
    return Named(OrganisationUri(act.controller), "dpv:DataController", act.controller);
  }

  [[nodiscard]] static Json Jurisdiction(const std::string& code) {
    const bool country = code.size() == 2 && std::all_of(code.begin(), code.end(), [](char c) {
                           return c >= 'A' && c <= 'Z';
                         });
    if (country) return {{"@id", "loc:" + code}};
    return {{"@type", "dpv:Jurisdiction"}, {"dct:title", Text(code)}};
  }

  [[nodiscard]] Json Notice(const ConsentRecord& record) const {
    const Event& act = record.act->event;
    Json notice = {{"@type", "dpv:ConsentNotice"}};
    if (places_ == Places::kHidden) return notice;
    const std::string version(act.text("notice_version"));
    notice["@id"] = NoticeUri(act.text("notice"), version);
    notice["dct:identifier"] = Text(act.text("notice"));
    notice["dct:hasVersion"] = Text(version);
    notice["dct:language"] = Text(LanguageTag(record.language));
    if (const std::string rendered = HashUri(act.text("rendered_hash")); !rendered.empty())
      notice["dct:hasFormat"] = {{"@id", rendered}};
    return notice;
  }

  [[nodiscard]] Json Process(const ConsentRecord& record, const ConsentPortion& portion) const {
    const std::string_view purpose = record.act->event.text("purpose");
    Json process = {{"@type", "dpv:Process"}};
    process["dpv:hasPurpose"] = Named(OppilokiUri("purpose", purpose), "dpv:Purpose", purpose);
    Json categories = Json::array();
    for (const std::string& category : portion.categories)
      categories.push_back(CategoryOf(category, history_.PackAt(view_.at)));
    process["dpv:hasPersonalData"] = std::move(categories);
    Json recipients = Json::array();
    for (const std::string& recipient : portion.recipients)
      recipients.push_back(Named(OppilokiUri("recipient", recipient), "dpv:Recipient", recipient));
    process["dpv:hasRecipient"] = std::move(recipients);
    // Mandatory in the specification, and nothing that this ledger is told.
    process["dpv:hasStorageCondition"] = {{"@type", "dpv:StorageCondition"},
                                          {"dct:description", Text("not known to the ledger")}};
    process["dpv:hasConsentStatus"] = StateOf(portion);
    return process;
  }

  /// What was said and done, in the order in which it took effect.
  [[nodiscard]] static Json Happenings(const ConsentRecord& record) {
    Json list = Json::array();
    const bool began =
        std::any_of(record.portions.begin(), record.portions.end(),
                    [](const ConsentPortion& portion) { return portion.began.has_value(); });
    if (began) list.push_back(Given(*record.act));
    std::vector<const ConsentPortion*> rest;
    for (const ConsentPortion& portion : record.portions)
      if (!InForce(portion.status)) rest.push_back(&portion);
    std::stable_sort(rest.begin(), rest.end(),
                     [](const auto* a, const auto* b) { return a->since < b->since; });
    for (const ConsentPortion* portion : rest) {
      Json node = StateOf(*portion);
      const Fact* by = portion->by != nullptr || began ? portion->by : record.act;
      if (portion->reason == kReplaced) {
        node["dct:isReplacedBy"] = {{"@id", EventUri(by->event.id)}};
      } else if (by != nullptr && by->event.sensitivity != events::Sensitivity::kS0) {
        AddAct(node, *by);
      }
      if (std::find(list.begin(), list.end(), node) == list.end()) list.push_back(std::move(node));
    }
    return list;
  }

  [[nodiscard]] static Json Given(const Fact& grant) {
    const bool renewed = grant.event.has("renews");
    Json given;
    given["@type"] = {renewed ? "dpv:RenewedConsentGiven" : "dpv:ConsentGiven",
                      "dpv:ExpressedConsent"};
    AddAct(given, grant);
    if (renewed) given["dct:replaces"] = {{"@id", EventUri(grant.event.text("renews"))}};
    return given;
  }

  const History& history_;
  const View& view_;
  Places places_;
};

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string Ts27560Graph(const std::vector<ConsentRecord>& records, const History& history,
                         const View& view, Places places) {
  const Writer writer(history, view, places);
  Json json = {{"@context", Context()}};
  Json& graph = json["@graph"] = Json::array();
  for (const ConsentRecord& record : records) graph.push_back(writer.Record(record));
  return Dump(json);
}

std::string Ts27560Receipt(const ConsentRecord& record, const History& history, const View& view,
                           Places places) {
  // One view of one record is one receipt: asked for again, it has the same identifier.
  const std::string name =
      record.id() + "@" + std::to_string(view.size.value()) + "@" + FormatInstant(view.at);
  Json json = {{"@context", Context()}};
  json["@id"] = OppilokiUri("receipt", name);
  json["@type"] = "dpv:ConsentReceipt";
  json["dct:conformsTo"] = {{"@id", "dpv-27560:receipt"}};
  json["dct:identifier"] = Text(OppilokiUri("receipt", name));
  json["dct:created"] = Time(view.at);
  json["dpv:hasRecordOfActivity"] = Writer(history, view, places).Record(record);
  return Dump(json);
}

}  // namespace oppi::projections
