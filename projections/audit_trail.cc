#include "projections/audit_trail.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace oppi::projections {
namespace {

using events::Event;
using events::EventType;
using Json = nlohmann::ordered_json;

constexpr std::string_view kAccessGroup = "access";

bool IsLook(const Event& event) {
  return event.info().group == kAccessGroup && event.type != EventType::kAccessDecisionMade &&
         event.type != EventType::kAccessEmergencyReviewed;
}

/// "access.read" -> "read"; of other groups the whole name.
std::string_view ActionOf(const Event& event) {
  std::string_view name = event.info().name;
  if (event.info().group == kAccessGroup) name.remove_prefix(kAccessGroup.size() + 1);
  return name;
}

bool Listed(const Fact& fact, const View& view, const AuditQuery& query) {
  if (!Visible(fact, view) || fact.erased) return false;
  const Event& event = fact.event;
  const Instant v = event.V();
  if (v > view.at || (query.from && v < *query.from) || (query.until && v >= *query.until)) {
    return false;
  }
  if (!query.publisher.empty()) {
    if (fact.publisher != query.publisher) return false;
  } else if (!IsLook(event)) {
    return false;
  }
  return query.actor.empty() || event.text("actor") == query.actor;
}

AuditEntry EntryOf(const Fact& fact, AuditRedaction redaction) {
  const Event& event = fact.event;
  AuditEntry entry;
  entry.event = event.id;
  entry.action = ActionOf(event);
  entry.actor_role = event.text("actor_role");
  entry.purpose = event.text("purpose");
  entry.query = event.text("query");
  if (redaction == AuditRedaction::kProtection) {
    entry.redacted = true;
    entry.organisation = kRedactedText;
    entry.at = FormatDate(HelsinkiDate(event.V()));
    return entry;
  }
  entry.actor = event.text("actor");
  entry.organisation = event.text("organisation");
  entry.recipient = event.text("recipient");
  entry.reason = event.text("reason_text");
  entry.at = FormatInstant(event.V());
  entry.recorded = fact.recorded;
  entry.position = fact.position;
  return entry;
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

AuditTrail BuildAudit(const Facts& facts, const View& view, const AuditQuery& query,
                      AuditRedaction redaction) {
  AuditTrail trail;
  for (const Fact& fact : facts) {
    if (!Listed(fact, view, query)) continue;
    trail.entries.push_back(EntryOf(fact, redaction));
    ++trail.total;
    if (trail.entries.back().redacted) ++trail.redacted;
  }
  return trail;
}

std::string AuditJson(const AuditTrail& trail) {
  Json json;
  json["total"] = trail.total;
  json["redacted"] = trail.redacted;
  Json& entries = json["entries"] = Json::array();
  for (const AuditEntry& entry : trail.entries) {
    Json item = Json::object();
    const auto add = [&](const char* name, const std::string& text) {
      if (!text.empty()) item[name] = text;
    };
    if (!entry.redacted) item["event"] = entry.event;
    add("action", entry.action);
    add("actor", entry.actor);
    add("actor_role", entry.actor_role);
    add("organisation", entry.organisation);
    add("purpose", entry.purpose);
    add("recipient", entry.recipient);
    add("query", entry.query);
    add("reason", entry.reason);
    add("at", entry.at);
    if (!entry.redacted) {
      item["recorded"] = FormatInstant(entry.recorded);
      item["position"] = entry.position.value();
    }
    entries.push_back(std::move(item));
  }
  return Dump(json);
}

std::vector<Source> SourcesOf(const AuditTrail& trail) {
  std::vector<Source> sources;
  for (const AuditEntry& entry : trail.entries) {
    if (!entry.redacted) sources.push_back({entry.event, entry.position, entry.recorded});
  }
  return sources;
}

}  // namespace oppi::projections
