#include "projections/evidence_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace oppi::projections {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFormat = "oppiloki-evidence/2";
constexpr std::string_view kClaimDomain = "oppiloki/claim/v1\n";
constexpr std::size_t kEntriesMax = 2'000'000;
constexpr std::uint64_t kNumberMax = (std::uint64_t{1} << 53) - 1;

Error Bad(const std::string& what) { return InvalidArgument("evidence: " + what); }

// Writing.

template <class Bytes32>
Json Hashes(const std::vector<Bytes32>& hashes) {
  Json list = Json::array();
  for (const auto& hash : hashes) list.push_back(hash.base64());
  return list;
}

Json Indices(const std::vector<LeafIndex>& indices) {
  Json list = Json::array();
  for (const LeafIndex index : indices) list.push_back(index.value());
  return list;
}

template <std::size_t N>
std::string Base64Of(const std::array<unsigned char, N>& bytes) {
  return ToBase64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Json JsonOf(const Claim& claim) {
  Json json;
  json["ask"] = AskName(claim.question.ask);
  Question asked = claim.question;
  asked.reason.clear();
  asked.evidence = false;
  json["inputs"] = Json::parse(QuestionJson(asked));
  json["access"] = {{"controller", claim.access.controller}, {"special_category", claim.access.special_category}};
  json["view"] = {{"at", FormatInstant(claim.view.at)}, {"size", claim.view.size.value()}};
  json["result"] = claim.result;
  json["count"] = claim.count;
  return json;
}

Json JsonOf(const IdentifierEvidence& identifier) {
  Json json;
  json["name"] = identifier.name;
  json["proof"] = ToBase64(ledger::EncodeLabelProof(identifier.proof));
  json["earlier"] = Json::array();
  for (const ledger::LabelEntry& entry : identifier.earlier)
    json["earlier"].push_back(ToBase64(ledger::EncodeLabelEntry(entry)));
  json["streams"] = Json::array();
  for (const StreamEvidence& stream : identifier.streams) {
    Json one;
    one["handle"] = ToBase64(stream.handle.view());
    one["salt"] = Base64Of(stream.salt);
    one["proof"] = ToBase64(ledger::EncodeLabelProof(stream.proof));
    one["entries"] = Indices(stream.entries);
    json["streams"].push_back(std::move(one));
  }
  return json;
}

Json JsonOf(const events::PartOpening& part) {
  Json list = Json::array();
  for (std::size_t i = 0; i < part.leaves.size(); ++i) {
    if (i == part.shown)
      list.push_back(Json::array({Base64Of(part.salt), part.text}));
    else
      list.push_back(part.leaves[i].base64());
  }
  return list;
}

Json JsonOf(const EvidenceEntry& entry) {
  Json json;
  json["index"] = entry.index.value();
  json["leaf"] = ToBase64(entry.leaf);
  if (entry.nodes) json["nodes"] = Hashes(*entry.nodes);
  if (entry.opened) {
    json["salt"] = Base64Of(entry.opened->salt);
    if (entry.opened->encoding == events::Encoding::kJson)
      json["event"] = entry.opened->bytes;
    else
      json["event_base64"] = ToBase64(entry.opened->bytes);
  }
  if (entry.part) json["part"] = JsonOf(*entry.part);
  return json;
}

// Reading. What is there twice, too much or out of order shows when it is written again.

Result<const Json*> Member(const Json& object, const char* name) {
  if (!object.is_object()) return Bad("an object is something else");
  const auto it = object.find(name);
  if (it == object.end()) return Bad(std::string(name) + " is missing");
  return &*it;
}

Result<std::string> AsText(const Json& json, const char* name) {
  if (!json.is_string()) return Bad(std::string(name) + " is no text");
  return json.get<std::string>();
}

Result<std::uint64_t> AsNumber(const Json& json, const char* name) {
  if (!json.is_number_unsigned() || json.get<std::uint64_t>() > kNumberMax) return Bad(std::string(name) + " is no number");
  return json.get<std::uint64_t>();
}

Result<Bytes> AsBytes(const Json& json, const char* name) {
  OPPI_TRY(const std::string text, AsText(json, name));
  auto bytes = FromBase64(text);
  if (!bytes) return Bad(std::string(name) + " is not base64");
  return *std::move(bytes);
}

template <class Bytes32>
Result<Bytes32> AsHash(const Json& json, const char* name) {
  OPPI_TRY(const Bytes raw, AsBytes(json, name));
  const auto hash = Bytes32::From(raw);
  if (!hash) return Bad(std::string(name) + " is not 32 bytes");
  return *hash;
}

template <std::size_t N>
Result<std::array<unsigned char, N>> AsArray(const Json& json, const char* name) {
  OPPI_TRY(const Bytes raw, AsBytes(json, name));
  std::array<unsigned char, N> bytes{};
  if (raw.size() != N) return Bad(std::string(name) + " is not " + std::to_string(N) + " bytes");
  std::copy(raw.begin(), raw.end(), reinterpret_cast<char*>(bytes.data()));
  return bytes;
}

Result<std::string> Text(const Json& object, const char* name) {
  OPPI_TRY(const Json* member, Member(object, name));
  return AsText(*member, name);
}
Result<std::uint64_t> Number(const Json& object, const char* name) {
  OPPI_TRY(const Json* member, Member(object, name));
  return AsNumber(*member, name);
}
Result<const Json*> List(const Json& object, const char* name) {
  OPPI_TRY(const Json* member, Member(object, name));
  if (!member->is_array()) return Bad(std::string(name) + " is no list");
  return member;
}

Result<std::vector<NodeHash>> HashesFrom(const Json& object, const char* name) {
  OPPI_TRY(const Json* list, List(object, name));
  std::vector<NodeHash> hashes;
  for (const Json& each : *list) {
    OPPI_TRY(const NodeHash hash, AsHash<NodeHash>(each, name));
    hashes.push_back(hash);
  }
  return hashes;
}

Result<std::vector<LeafIndex>> IndicesFrom(const Json& object, const char* name) {
  OPPI_TRY(const Json* list, List(object, name));
  std::vector<LeafIndex> indices;
  for (const Json& each : *list) {
    OPPI_TRY(const std::uint64_t index, AsNumber(each, name));
    if (!indices.empty() && index <= indices.back().value()) return Bad(std::string(name) + " are not in order");
    indices.emplace_back(index);
  }
  if (indices.empty()) return Bad(std::string(name) + " are empty");
  return indices;
}

Result<Claim> ClaimFrom(const Json& json) {
  Claim claim;
  OPPI_TRY(const std::string ask, Text(json, "ask"));
  const auto* kind = std::find_if(std::begin(kAsks), std::end(kAsks), [&](Ask each) { return AskName(each) == ask; });
  if (kind == std::end(kAsks)) return Bad("unknown question");
  OPPI_TRY(const Json* inputs, Member(json, "inputs"));
  OPPI_TRY(claim.question, ParseQuestion(*kind, inputs->dump()));
  if (claim.question.limit || !claim.question.after.empty()) return Bad("a question about many learners");
  OPPI_TRY(const Json* access, Member(json, "access"));
  OPPI_TRY(claim.access.controller, Text(*access, "controller"));
  OPPI_TRY(const Json* special, Member(*access, "special_category"));
  if (!special->is_boolean()) return Bad("special_category is neither true nor false");
  claim.access.special_category = special->get<bool>();
  claim.access.refusal.clear();
  OPPI_TRY(const Json* view, Member(json, "view"));
  OPPI_TRY(const std::string at, Text(*view, "at"));
  const auto instant = ParseInstant(at);
  if (!instant) return Bad("view.at is no instant");
  OPPI_TRY(const std::uint64_t size, Number(*view, "size"));
  claim.view = {*instant, TreeSize(size)};
  OPPI_TRY(claim.result, Text(json, "result"));
  OPPI_TRY(claim.count, Number(json, "count"));
  return claim;
}

Result<ledger::LabelProof> ProofFrom(const Json& object) {
  OPPI_TRY(const Json* proof, Member(object, "proof"));
  OPPI_TRY(const Bytes bytes, AsBytes(*proof, "proof"));
  auto decoded = ledger::DecodeLabelProof(bytes);
  if (!decoded.ok()) return Bad(decoded.error().message);
  return decoded;
}

Result<StreamEvidence> StreamFrom(const Json& json) {
  StreamEvidence stream;
  OPPI_TRY(const Json* handle, Member(json, "handle"));
  OPPI_TRY(const Bytes name, AsBytes(*handle, "handle"));
  const auto parsed = ledger::HandleFrom(name);
  if (!parsed) return Bad("a handle is not 16 bytes");
  stream.handle = *parsed;
  OPPI_TRY(const Json* salt, Member(json, "salt"));
  OPPI_TRY(stream.salt, AsArray<std::tuple_size_v<ledger::HandleSalt>>(*salt, "salt"));
  OPPI_TRY(stream.proof, ProofFrom(json));
  OPPI_TRY(stream.entries, IndicesFrom(json, "entries"));
  return stream;
}

Result<IdentifierEvidence> IdentifierFrom(const Json& json) {
  IdentifierEvidence identifier;
  OPPI_TRY(identifier.name, Text(json, "name"));
  OPPI_TRY(identifier.proof, ProofFrom(json));
  OPPI_TRY(const Json* earlier, List(json, "earlier"));
  for (const Json& each : *earlier) {
    OPPI_TRY(const Bytes bytes, AsBytes(each, "earlier"));
    const auto entry = ledger::DecodeLabelEntry(bytes);
    if (!entry.ok()) return Bad(entry.error().message);
    identifier.earlier.push_back(*entry);
  }
  OPPI_TRY(const Json* streams, List(json, "streams"));
  for (const Json& each : *streams) {
    OPPI_TRY(StreamEvidence stream, StreamFrom(each));
    identifier.streams.push_back(std::move(stream));
  }
  return identifier;
}

Result<events::PartOpening> PartFrom(const Json& list) {
  if (!list.is_array() || list.size() < 2 || list.size() > events::kSegmentsMax) return Bad("part has too few or too many segments");
  events::PartOpening part;
  bool shown = false;
  for (const Json& each : list) {
    if (each.is_string()) {
      OPPI_TRY(const Sha256Digest leaf, AsHash<Sha256Digest>(each, "part"));
      part.leaves.push_back(leaf);
      continue;
    }
    if (!each.is_array() || each.size() != 2 || shown) return Bad("part shows something else than one segment");
    shown = true;
    part.shown = part.leaves.size();
    part.leaves.emplace_back();
    OPPI_TRY(part.salt, AsArray<events::kSegmentSaltBytes>(each[0], "part"));
    OPPI_TRY(part.text, AsText(each[1], "part"));
  }
  if (!shown) return Bad("part shows no segment");
  return part;
}

Result<EvidenceEntry> EntryFrom(const Json& json) {
  EvidenceEntry entry;
  OPPI_TRY(const std::uint64_t index, Number(json, "index"));
  entry.index = LeafIndex(index);
  OPPI_TRY(const Json* leaf, Member(json, "leaf"));
  OPPI_TRY(entry.leaf, AsBytes(*leaf, "leaf"));
  if (json.contains("nodes")) {
    OPPI_TRY(entry.nodes, HashesFrom(json, "nodes"));
  }
  if (json.contains("part")) {
    OPPI_TRY(entry.part, PartFrom(json.at("part")));
  }
  if (!json.contains("salt")) return entry;
  if (entry.part) return Bad("an entry is opened twice");
  events::BatchItem item;
  OPPI_TRY(item.salt, AsArray<events::kSaltBytes>(json.at("salt"), "salt"));
  if (json.contains("event")) {
    OPPI_TRY(item.bytes, Text(json, "event"));
  } else {
    item.encoding = events::Encoding::kFlatBuffers;
    OPPI_TRY(const Json* event, Member(json, "event_base64"));
    OPPI_TRY(item.bytes, AsBytes(*event, "event_base64"));
  }
  entry.opened = std::move(item);
  return entry;
}

Result<std::optional<StateEvidence>> StateFrom(const Json& json) {
  OPPI_TRY(const Json* member, Member(json, "state"));
  if (member->is_null()) return std::optional<StateEvidence>();
  StateEvidence state;
  OPPI_TRY(const std::uint64_t index, Number(*member, "index"));
  state.index = LeafIndex(index);
  OPPI_TRY(const Json* key, Member(*member, "vrf_key"));
  OPPI_TRY(const Bytes bytes, AsBytes(*key, "vrf_key"));
  const auto parsed = ledger::ParseVrfPublicKey(bytes);
  if (!parsed.ok()) return Bad(parsed.error().message);
  state.vrf_key = *parsed;
  return std::optional(state);
}

/// Where two texts begin to differ.
std::size_t FirstDifference(std::string_view a, std::string_view b) {
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

}  // namespace

std::string ClaimJson(const Claim& claim) { return JsonOf(claim).dump(); }

Sha256Digest ClaimHash(const Claim& claim) {
  return Sha256().Update(kClaimDomain).Update(ClaimJson(claim)).Final<Sha256Digest>();
}

std::string EncodeEvidence(const Evidence& e) {
  Json json;
  json["format"] = kFormat;
  json["claim"] = JsonOf(e.claim);
  json["claim_hash"] = ClaimHash(e.claim).base64();
  json["checkpoint"] = e.checkpoint;
  json["nodes"] = Hashes(e.nodes);
  json["state"] = nullptr;
  if (e.state) json["state"] = {{"index", e.state->index.value()}, {"vrf_key", ToBase64(e.state->vrf_key.view())}};
  json["identifiers"] = Json::array();
  for (const IdentifierEvidence& identifier : e.identifiers) json["identifiers"].push_back(JsonOf(identifier));
  json["erasures"] = Json::array();
  for (const ErasureEvidence& erasure : e.erasures)
    json["erasures"].push_back({{"execution", erasure.execution.value()}, {"covered", Indices(erasure.covered)}});
  json["entries"] = Json::array();
  for (const EvidenceEntry& entry : e.entries) json["entries"].push_back(JsonOf(entry));
  return json.dump();
}

Result<Evidence> DecodeEvidence(std::string_view text) {
  if (text.size() > kEvidenceBytesMax) return Bad("too many bytes");
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return Bad("not a JSON object");
  OPPI_TRY(const std::string format, Text(json, "format"));
  if (format != kFormat) return Bad("unknown format");
  Evidence e;
  OPPI_TRY(const Json* claim, Member(json, "claim"));
  OPPI_TRY(e.claim, ClaimFrom(*claim));
  OPPI_TRY(e.checkpoint, Text(json, "checkpoint"));
  OPPI_TRY(e.nodes, HashesFrom(json, "nodes"));
  OPPI_TRY(e.state, StateFrom(json));
  OPPI_TRY(const Json* identifiers, List(json, "identifiers"));
  for (const Json& each : *identifiers) {
    OPPI_TRY(IdentifierEvidence identifier, IdentifierFrom(each));
    e.identifiers.push_back(std::move(identifier));
  }
  if (e.state.has_value() == e.identifiers.empty()) return Bad("state and identifiers go together");
  OPPI_TRY(const Json* erasures, List(json, "erasures"));
  for (const Json& each : *erasures) {
    ErasureEvidence erasure;
    OPPI_TRY(const std::uint64_t execution, Number(each, "execution"));
    erasure.execution = LeafIndex(execution);
    OPPI_TRY(erasure.covered, IndicesFrom(each, "covered"));
    if (!e.erasures.empty() && erasure.execution <= e.erasures.back().execution) return Bad("erasures are not in order");
    e.erasures.push_back(std::move(erasure));
  }
  OPPI_TRY(const Json* entries, List(json, "entries"));
  if (entries->size() > kEntriesMax) return Bad("too many entries");
  e.entries.reserve(entries->size());
  for (const Json& each : *entries) {
    OPPI_TRY(EvidenceEntry entry, EntryFrom(each));
    if (!e.entries.empty() && entry.index <= e.entries.back().index) return Bad("entries are not in order");
    e.entries.push_back(std::move(entry));
  }
  // One way to write it: whatever was added, left out, repeated or spelled otherwise shows here.
  const std::string again = EncodeEvidence(e);
  if (again != text) {
    OPPI_TRY(const std::string hash, Text(json, "claim_hash"));
    if (hash != ClaimHash(e.claim).base64()) return Bad("claim_hash is that of another claim");
    return Bad("not written as the format has it, from byte " + std::to_string(FirstDifference(again, text)));
  }
  return e;
}

}  // namespace oppi::projections
