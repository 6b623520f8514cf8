#include "projections/evidence_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>


namespace oppi::projections {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFormat = "oppiloki-evidence/1";
constexpr std::size_t kEntriesMax = 2'000'000;
constexpr std::size_t kEvidenceBytesMax = 1U << 30;

Json Hashes(const std::vector<NodeHash>& hashes) {
  Json list = Json::array();
  for (const NodeHash& hash : hashes) list.push_back(hash.base64());
  return list;
}

Error Bad(const std::string& what) { return InvalidArgument("evidence: " + what); }

Result<std::string> Text(const Json& object, const char* name) {
  if (!object.is_object() || !object.contains(name) || !object[name].is_string()) return Bad(std::string(name) + " is missing");
  return object[name].get<std::string>();
}

Result<std::uint64_t> Number(const Json& object, const char* name) {
  if (!object.is_object() || !object.contains(name) || !object[name].is_number_unsigned()) return Bad(std::string(name) + " is missing");
  return object[name].get<std::uint64_t>();
}

Result<Bytes> Base64(const Json& object, const char* name) {
  OPPI_TRY(const std::string text, Text(object, name));
  auto bytes = FromBase64(text);
  if (!bytes) return Bad(std::string(name) + " is not base64");
  return *std::move(bytes);
}

Result<std::vector<NodeHash>> PathFrom(const Json& object, const char* name) {
  std::vector<NodeHash> path;
  if (!object.contains(name)) return path;
  if (!object[name].is_array() || object[name].size() > 64) return Bad(std::string(name) + " is not a path");
  for (const Json& each : object[name]) {
    const auto raw = each.is_string() ? FromBase64(each.get<std::string>()) : std::nullopt;
    const auto hash = raw ? NodeHash::From(*raw) : std::nullopt;
    if (!hash) return Bad(std::string(name) + " is not a path");
    path.push_back(*hash);
  }
  return path;
}

Result<EvidenceEntry> EntryFrom(const Json& json) {
  EvidenceEntry entry;
  OPPI_TRY(const std::uint64_t index, Number(json, "index"));
  entry.index = LeafIndex(index);
  OPPI_TRY(entry.leaf, Base64(json, "leaf"));
  OPPI_TRY(entry.path, PathFrom(json, "path"));
  OPPI_TRY(entry.batch_path, PathFrom(json, "batch_path"));
  for (const auto& [name, value] : json.items())
    if (name != "index" && name != "leaf" && name != "path" && name != "batch_path" && name != "event" &&
        name != "event_base64" && name != "salt")
      return Bad("an entry has an unknown member");
  if (!json.contains("salt")) return entry;
  events::BatchItem item;
  OPPI_TRY(const Bytes salt, Base64(json, "salt"));
  if (salt.size() != item.salt.size()) return Bad("a salt is not 32 bytes");
  std::copy(salt.begin(), salt.end(), reinterpret_cast<char*>(item.salt.data()));
  if (json.contains("event")) {
    OPPI_TRY(item.bytes, Text(json, "event"));
  } else {
    item.encoding = events::Encoding::kFlatBuffers;
    OPPI_TRY(item.bytes, Base64(json, "event_base64"));
  }
  entry.opened = std::move(item);
  return entry;
}

}  // namespace

std::string EncodeEvidence(const Evidence& e) {
  Json json;
  json["format"] = kFormat;
  json["ask"] = AskName(e.question.ask);
  json["inputs"] = Json::parse(QuestionJson(e.question));
  json["access"] = {{"controller", e.access.controller}, {"special_category", e.access.special_category}, {"redact", e.access.redact}};
  json["view"] = {{"at", FormatInstant(e.view.at)}, {"size", e.view.size.value()}};
  json["result"] = e.result;
  json["count"] = e.count;
  json["checkpoint"] = e.checkpoint;
  Json entries = Json::array();
  for (const EvidenceEntry& entry : e.entries) {
    Json one;
    one["index"] = entry.index.value();
    one["leaf"] = ToBase64(entry.leaf);
    one["path"] = Hashes(entry.path);
    if (entry.opened) {
      one["salt"] = ToBase64({reinterpret_cast<const char*>(entry.opened->salt.data()), entry.opened->salt.size()});
      if (entry.opened->encoding == events::Encoding::kJson)
        one["event"] = entry.opened->bytes;
      else
        one["event_base64"] = ToBase64(entry.opened->bytes);
    }
    if (!entry.batch_path.empty()) one["batch_path"] = Hashes(entry.batch_path);
    entries.push_back(std::move(one));
  }
  json["entries"] = std::move(entries);
  return json.dump();
}

Result<Evidence> DecodeEvidence(std::string_view text) {
  if (text.size() > kEvidenceBytesMax) return Bad("too many bytes");
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return Bad("not a JSON object");
  OPPI_TRY(const std::string format, Text(json, "format"));
  if (format != kFormat) return Bad("unknown format");
  for (const auto& [name, value] : json.items())
    if (name != "format" && name != "ask" && name != "inputs" && name != "access" && name != "view" && name != "result" &&
        name != "count" && name != "checkpoint" && name != "entries")
      return Bad("an unknown member");
  Evidence e;
  OPPI_TRY(const std::string ask, Text(json, "ask"));
  std::optional<Ask> kind;
  for (const Ask each : kAsks)
    if (AskName(each) == ask) kind = each;
  if (!kind || !json.contains("inputs")) return Bad("unknown question");
  OPPI_TRY(e.question, ParseQuestion(*kind, json["inputs"].dump()));
  const Json access = json.value("access", Json::object());
  if (!access.is_object() || !access.value("controller", Json("")).is_string()) return Bad("access is missing");
  e.access.refusal.clear();
  e.access.controller = access.value("controller", std::string());
  e.access.special_category = access.contains("special_category") && access["special_category"] == true;
  e.access.redact = access.contains("redact") && access["redact"] == true;
  const Json view = json.value("view", Json::object());
  OPPI_TRY(const std::string at, Text(view, "at"));
  const auto instant = ParseInstant(at);
  if (!instant) return Bad("view.at is no instant");
  OPPI_TRY(const std::uint64_t size, Number(view, "size"));
  e.view = {*instant, TreeSize(size)};
  OPPI_TRY(e.result, Text(json, "result"));
  OPPI_TRY(e.count, Number(json, "count"));
  OPPI_TRY(e.checkpoint, Text(json, "checkpoint"));
  if (!json.contains("entries") || !json["entries"].is_array() || json["entries"].size() > kEntriesMax) return Bad("entries are missing");
  for (const Json& each : json["entries"]) {
    if (!each.is_object()) return Bad("an entry is no object");
    OPPI_TRY(EvidenceEntry entry, EntryFrom(each));
    if (!e.entries.empty() && entry.index <= e.entries.back().index) return Bad("entries are not in order");
    e.entries.push_back(std::move(entry));
  }
  return e;
}

}  // namespace oppi::projections
