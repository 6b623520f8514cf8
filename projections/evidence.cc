#include "projections/evidence.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "events/limits.h"
#include "events/tree_hash.h"
#include "ledger/merkle/compact_range.h"
#include "projections/log_reader.h"

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

/// Commitments of a whole batch: those in the log behind its leaf, and those kept beside it.
Result<std::vector<Commitment>> BatchCommitments(const ledger::LogView& log, LeafIndex batch, std::uint16_t count) {
  std::vector<Commitment> all(count);
  std::size_t known = 0;
  OPPI_RETURN_IF_ERROR(log.ScanLeaves(LeafIndex(batch.value() + 1), log.size(), [&](LeafIndex, ByteView bytes) {
    const auto leaf = ledger::DecodeLeaf(bytes);
    const auto* entry = leaf.ok() ? std::get_if<ledger::EventLeaf>(&leaf->body) : nullptr;
    if (entry == nullptr || entry->batch != batch || entry->item >= count) return false;
    all[entry->item] = entry->commitment;
    return ++known < count;
  }));
  OPPI_TRY(const auto row, log.store().Get(ledger::Table::kBatches, ledger::BigEndian(batch.value()), log.snapshot()));
  if (row) {
    ByteReader r(*row);
    while (r.ok() && !r.rest().empty()) {
      const std::uint16_t item = r.U16();
      const auto commitment = Commitment::From(r.Raw(kDigestBytes));
      if (!commitment || item >= count) return DataLoss("batches: damaged row");
      all[item] = *commitment;
      ++known;
    }
  }
  if (known != count) return DataLoss("batches: a commitment of a signed batch is missing");
  return all;
}

/// Inclusion proof in the small tree of a batch.
std::vector<NodeHash> ProofIn(const std::vector<Commitment>& leaves, std::size_t index) {
  std::vector<NodeHash> path;
  std::size_t begin = 0;
  std::size_t end = leaves.size();
  const auto root = [&](std::size_t from, std::size_t to) {
    ledger::merkle::CompactRange range;
    for (std::size_t i = from; i < to; ++i) range.Append(HashLeaf(leaves[i].view()));
    return AsNode(range.Root());
  };
  while (end - begin > 1) {
    std::size_t split = 1;
    while (split * 2 < end - begin) split *= 2;
    if (index < begin + split) {
      path.push_back(root(begin + split, end));
      end = begin + split;
    } else {
      path.push_back(root(begin, begin + split));
      begin += split;
    }
  }
  std::reverse(path.begin(), path.end());
  return path;
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

Result<std::vector<EvidenceEntry>> GatherEntries(const ledger::LogView& log, const ViewStores& stores,
                                                 const Facts& facts) {
  const LogReader reader(log, stores.vault);
  std::map<LeafIndex, EvidenceEntry> entries;
  std::map<LeafIndex, std::vector<Commitment>> batches;
  const auto add = [&](LeafIndex index) -> Status {
    if (entries.contains(index)) return {};
    EvidenceEntry entry;
    entry.index = index;
    OPPI_TRY(entry.leaf, log.LeafBytes(index));
    OPPI_TRY(entry.path, log.Inclusion(index, log.size()));
    entries.emplace(index, std::move(entry));
    return {};
  };
  OPPI_TRY(const Facts registry, ReadRegistry(stores.views, log.size()));
  std::set<LeafIndex> wanted;
  std::set<LeafIndex> erased;  // for who is asked about, whoever else may still open it
  for (const Facts* some : {&facts, &registry})
    for (const Fact& fact : *some) {
      wanted.insert(fact.position);
      if (fact.erased) erased.insert(fact.position);
      if (!fact.erased && fact.event.anchor) OPPI_RETURN_IF_ERROR(add(LeafIndex(fact.event.anchor->size - 1)));
    }
  OPPI_RETURN_IF_ERROR(add(LeafIndex(0)));
  for (const LeafIndex index : wanted) {
    OPPI_RETURN_IF_ERROR(add(index));
    EvidenceEntry& entry = entries.at(index);
    OPPI_TRY(const ledger::Leaf leaf, ledger::DecodeLeaf(entry.leaf));
    const auto* event = std::get_if<ledger::EventLeaf>(&leaf.body);
    if (event == nullptr) return DataLoss("log: entry " + std::to_string(index.value()) + " is no event");
    OPPI_RETURN_IF_ERROR(add(event->batch));
    if (!batches.contains(event->batch)) {
      OPPI_TRY(const ledger::Leaf batch_leaf, log.ReadLeaf(event->batch));
      const auto* batch = std::get_if<ledger::BatchLeaf>(&batch_leaf.body);
      if (batch == nullptr) return DataLoss("log: entry " + std::to_string(event->batch.value()) + " is no batch");
      OPPI_TRY(const events::BatchHeader header, events::DecodeHeader(batch->header));
      OPPI_TRY(auto commitments, BatchCommitments(log, event->batch, header.count));
      batches.emplace(event->batch, std::move(commitments));
    }
    entry.batch_path = ProofIn(batches.at(event->batch), event->item);
    if (event->clear || erased.contains(index)) continue;
    OPPI_TRY(ledger::Opened opened, reader.OpenItem(index, *event));
    if (opened.state == ledger::Opened::State::kUnreadable)
      return DataLoss("UNREADABLE: entry " + std::to_string(index.value()) + " does not open, and no erasure took it: nothing proves this answer");
    if (opened.state == ledger::Opened::State::kOpen) entry.opened = std::move(opened.item);
  }
  std::vector<EvidenceEntry> all;
  all.reserve(entries.size());
  for (auto& [index, entry] : entries) all.push_back(std::move(entry));
  return all;
}

}  // namespace oppi::projections
