#include "projections/export/kantara.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "events/check.h"
#include "projections/export/identifiers.h"
#include "projections/learner_record.h"

namespace oppi::projections {
namespace {

using events::Event;
using Json = nlohmann::ordered_json;

constexpr std::string_view kVersion = "KI-CR-v1.1.0";
/// The specification has no code for it, and demands a text.
constexpr std::string_view kUnknown = "not known to the ledger";

Json OrUnknown(std::string_view text) { return text.empty() ? Json(kUnknown) : Json(text); }

/// Whole seconds, rounded down before 1970 too.
std::int64_t Seconds(Instant t) {
  const std::int64_t whole = t.micros / kMicrosPerSecond;
  return t.micros % kMicrosPerSecond < 0 ? whole - 1 : whole;
}

/// When it ends or ended: "2027-01-15T08:00:00Z", "WITHDRAWN 2026-06-12T08:00:00Z".
std::string TerminationOf(const ConsentPortion& portion) {
  if (InForce(portion.status))
    return portion.until ? FormatInstant(*portion.until) : std::string(kUnknown);
  std::string text(portion.reason.empty() ? ConsentStatusName(portion.status) : portion.reason);
  if (portion.since) text += " " + FormatInstant(*portion.since);
  return text;
}

Json ControllerOf(const Event& act, Places places) {
  const bool told = places == Places::kTold;
  return {{"piiController", told ? std::string(act.controller) : std::string(kRedactedText)},
          {"contact", kUnknown},
          {"address", Json::object()},
          {"email", kUnknown},
          {"phone", kUnknown}};
}

/// Categories of the purpose, as the policy pack has them.
Json PurposeCategory(const ConsentRecord& record, std::string_view purpose) {
  const PurposeRules* rules = record.pack == nullptr ? nullptr : record.pack->Purpose(purpose);
  return Json::array({OrUnknown(rules == nullptr ? std::string_view() : rules->purpose_class)});
}

Json PurposeOf(const ConsentRecord& record, const ConsentPortion& portion) {
  const std::string_view purpose = record.act->event.text("purpose");
  Json json;
  json["purpose"] = purpose;
  json["purposeCategory"] = PurposeCategory(record, purpose);
  json["consentType"] = "EXPLICIT";
  json["piiCategory"] = portion.categories;
  json["termination"] = TerminationOf(portion);
  std::string names;
  for (const std::string& recipient : portion.recipients)
    if (recipient != record.act->event.controller) names += (names.empty() ? "" : ", ") + recipient;
  json["thirdPartyDisclosure"] = !names.empty();
  if (!names.empty()) json["thirdPartyName"] = names;
  return json;
}

/// Categories that the pack protects: the only ones that it calls sensitive.
std::vector<std::string> SensitiveOf(const ConsentRecord& record) {
  std::set<std::string> found;
  if (record.pack == nullptr) return {};
  for (const ConsentPortion& portion : record.portions)
    for (const std::string& category : portion.categories)
      if (record.pack->Covers(record.pack->protected_categories, category)) found.insert(category);
  return {found.begin(), found.end()};
}

Json ReceiptOf(const ConsentRecord& record, const History& history, Places places) {
  OPPI_CHECK(record.grant != nullptr);
  const Event& act = record.act->event;
  Json json;
  json["version"] = kVersion;
  json["jurisdiction"] =
      OrUnknown(record.pack == nullptr ? std::string_view() : record.pack->jurisdiction);
  json["consentTimestamp"] = Seconds(act.V());
  json["collectionMethod"] = OrUnknown(act.text("method"));
  json["consentReceiptID"] = record.id();
  // Without it a reader would take it for English.
  json["language"] = LanguageTag(record.language);
  json["piiPrincipalId"] = history.learner();
  json["piiControllers"] = Json::array({ControllerOf(act, places)});
  const bool told = places == Places::kTold;
  json["policyUrl"] =
      told ? Json(NoticeUri(act.text("notice"), act.text("notice_version"))) : Json(kRedactedText);
  Json purposes = Json::array();
  for (const ConsentPortion& portion : record.portions)
    purposes.push_back(PurposeOf(record, portion));
  Json service;
  service["service"] = act.text("purpose");
  service["purposes"] = std::move(purposes);
  json["services"] = Json::array({std::move(service)});
  const std::vector<std::string> sensitive = SensitiveOf(record);
  json["sensitive"] = !sensitive.empty();
  json["spiCat"] = sensitive;
  return json;
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string KantaraReceipt(const ConsentRecord& record, const History& history, Places places) {
  return Dump(ReceiptOf(record, history, places));
}

std::string KantaraReceipts(const std::vector<ConsentRecord>& records, const History& history,
                            Places places) {
  Json list = Json::array();
  for (const ConsentRecord& record : records)
    if (record.grant != nullptr) list.push_back(ReceiptOf(record, history, places));
  return Dump(list);
}

}  // namespace oppi::projections
