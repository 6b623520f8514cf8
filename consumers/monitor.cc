#include "consumers/monitor.h"

#include "consumers/log_source.h"
#include "events/tree_hash.h"
#include "ledger/leaf.h"
#include "ledger/merkle/proof.h"
#include "ledger/text_lines.h"

namespace oppi::consumers {

using ledger::Checkpoint;
using ledger::Equivocation;
using ledger::merkle::kTileWidth;
using ledger::merkle::TileId;
using Kind = MonitorAlarm::Kind;

namespace {

constexpr std::string_view kStateHeader = "oppiloki/monitor@v2";

Result<Checkpoint> CheckpointIn(const std::string& note) {
  OPPI_TRY(const ledger::Note parsed, ledger::ParseNote(note));
  return ledger::ParseCheckpointText(parsed.text);
}

std::string SizeText(TreeSize size) { return "size " + std::to_string(size.value()); }

}  // namespace

const char* MonitorAlarmName(Kind kind) {
  switch (kind) {
    case Kind::kUntrusted:
      return "UNTRUSTED";
    case Kind::kEquivocation:
      return "EQUIVOCATION";
    case Kind::kRollback:
      return "ROLLBACK";
    case Kind::kEntries:
      return "ENTRIES";
    case Kind::kPromise:
      return "PROMISE";
  }
  return "";
}

std::string EncodeMonitorState(const MonitorState& state) {
  std::string text = std::string(kStateHeader) + "\n" + std::to_string(state.leaves.size().value()) + "\n" +
                     std::to_string(state.recorded_micros) + "\n" + std::to_string(state.state_index) + "\n";
  for (const NodeHash& hash : state.leaves.hashes()) text += hash.base64() + "\n";
  return text + "\n" + state.note;
}

Result<MonitorState> DecodeMonitorState(std::string_view text) {
  const Error bad = DataLoss("the monitor's state file is damaged; without it the monitor begins with the first entry");
  if (ledger::TakeLine(text) != kStateHeader) return bad;
  const auto size_line = ledger::TakeLine(text);
  const auto recorded_line = ledger::TakeLine(text);
  const auto state_line = ledger::TakeLine(text);
  const auto state_index = state_line ? ledger::ParseDecimal(*state_line) : std::nullopt;
  const auto size = size_line ? ledger::ParseDecimal(*size_line) : std::nullopt;
  const auto recorded = recorded_line ? ledger::ParseDecimal(*recorded_line) : std::nullopt;
  if (!size || !recorded || !state_index || (*state_index != 0 && *state_index >= *size)) return bad;
  std::vector<NodeHash> hashes;
  auto line = ledger::TakeLine(text);
  for (; line && !line->empty(); line = ledger::TakeLine(text)) {
    const auto bytes = FromBase64(*line);
    const auto hash = bytes ? NodeHash::From(*bytes) : std::nullopt;
    if (!hash || hashes.size() == 64) return bad;
    hashes.push_back(*hash);
  }
  auto leaves = ledger::merkle::CompactRange::From(TreeSize(*size), std::move(hashes));
  const auto checkpoint = CheckpointIn(std::string(text));
  if (!line || !leaves || !checkpoint || checkpoint->size != leaves->size() || checkpoint->root != leaves->Root()) return bad;
  MonitorState state;
  state.note = std::string(text);
  state.leaves = *std::move(leaves);
  state.recorded_micros = static_cast<std::int64_t>(*recorded);
  state.state_index = *state_index;
  return state;
}

Result<MonitorLook> Monitor::Look() {
  OPPI_TRY(const std::string note, source_.checkpoint());
  MonitorLook look;
  const auto now = OpenCheckpoint(note, policy_);
  if (!now) {
    look.alarms.push_back({Kind::kUntrusted, "the log serves a checkpoint that does not hold: " + now.error().message, {}});
    return look;
  }
  look.size = now->checkpoint.size;
  for (const auto& cosignature : now->cosignatures) look.witnesses.push_back(cosignature.witness);
  OPPI_RETURN_IF_ERROR(Follow(*now, note, look));
  OPPI_RETURN_IF_ERROR(CheckReceipts(note, look));
  return look;
}

Result<std::optional<Equivocation>> Monitor::Contradiction(const std::string& first, const std::string& second) {
  OPPI_TRY(const Checkpoint from, CheckpointIn(first));
  OPPI_TRY(const Checkpoint to, CheckpointIn(second));
  if (from.size == to.size) {
    if (from.root == to.root) return std::optional<Equivocation>();
    return std::optional(Equivocation{first, second, {}, {}});
  }
  if (from.size == TreeSize(0)) return std::optional<Equivocation>();
  const auto nodes = ledger::merkle::NodesFromTiles(to.size, source_.tile);
  OPPI_TRY(const RootHash prefix, ledger::merkle::RootAt(from.size, nodes));
  OPPI_TRY(std::vector<NodeHash> proof, ConsistencyFrom(source_, from.size, to.size));
  OPPI_RETURN_IF_ERROR(ledger::merkle::VerifyConsistency(from.size, to.size, proof, prefix, to.root));
  if (prefix == from.root) return std::optional<Equivocation>();
  return std::optional(Equivocation{first, second, prefix, std::move(proof)});
}

Status Monitor::Follow(const ledger::TrustedCheckpoint& now, const std::string& note, MonitorLook& look) {
  const TreeSize before = state_.leaves.size();
  const Checkpoint& served = now.checkpoint;
  if (!state_.note.empty() && served.size <= before) {
    const bool smaller = served.size < before;
    // The larger tree's tiles may be gone with it; that it was there is certain.
    auto made = Contradiction(smaller ? note : state_.note, smaller ? state_.note : note);
    if (auto proof = made.ok() ? *std::move(made) : std::nullopt)
      look.alarms.push_back({Kind::kEquivocation, "the log signed two trees that exclude each other, at " + SizeText(served.size) + " and " + SizeText(before),
                             std::move(proof)});
    else if (smaller)
      look.alarms.push_back({Kind::kRollback, "the log serves " + SizeText(served.size) + " and has served " + SizeText(before), {}});
    return {};
  }
  MonitorState next = state_;
  OPPI_RETURN_IF_ERROR(ReadEntries(now, next, look));
  if (look.alarms.empty() && next.leaves.Root() == served.root) {
    next.note = note;
    state_ = std::move(next);
    return {};
  }
  // The entries do not lead to the signed tree: either it does not continue the last one, or they are not its entries.
  // What convinces others comes first; where the tiles are no tree either, nothing can be proved.
  if (!state_.note.empty()) {
    auto made = Contradiction(state_.note, note);
    if (auto proof = made.ok() ? *std::move(made) : std::nullopt) {
      look.alarms.clear();
      look.alarms.push_back({Kind::kEquivocation, "the tree of " + SizeText(served.size) + " does not continue the tree of " + SizeText(before), std::move(proof)});
      return {};
    }
  }
  if (!look.alarms.empty()) return {};
  const auto found = FirstAltered(before.value(), served.size.value());
  const std::optional<std::uint64_t> altered = found.ok() ? *found : std::nullopt;
  look.alarms.push_back({Kind::kEntries,
                         "the entries that are served do not make the tree that was signed at " + SizeText(served.size) +
                             (altered ? ": entry " + std::to_string(*altered) + " is hidden, altered or out of its place" : ""),
                         {}});
  return {};
}

std::string Monitor::CheckEntry(ByteView entry, MonitorState& next) {
  const auto leaf = ledger::DecodeLeaf(entry);
  if (!leaf) return "is malformed: " + leaf.error().message;
  if (leaf->recorded.micros <= next.recorded_micros) return "was recorded before the entry that precedes it";
  next.recorded_micros = leaf->recorded.micros;
  const std::uint64_t index = next.leaves.size().value();
  if (std::holds_alternative<ledger::GenesisLeaf>(leaf->body) != (index == 0)) return index == 0 ? "is not the log's genesis" : "is a second genesis";
  const auto* state = std::get_if<ledger::StateLeaf>(&leaf->body);
  if (state == nullptr) return {};
  if (state->covers.value() != index) return "is a state of " + std::to_string(state->covers.value()) + " entries, not of those before it";
  if (state->previous.value() != next.state_index) return "is a state that does not follow the one before it";
  next.state_index = index;
  return {};
}

Result<std::optional<std::uint64_t>> Monitor::FirstAltered(std::uint64_t first, std::uint64_t size) const {
  for (std::uint64_t tile = first / kTileWidth; tile * kTileWidth < size; ++tile) {
    const auto width = static_cast<unsigned>(std::min<std::uint64_t>(kTileWidth, size - tile * kTileWidth));
    OPPI_TRY(const Bytes hashes, source_.tile({false, 0, tile, width}));
    OPPI_TRY(const Bytes bundle, source_.tile({true, 0, tile, width}));
    const auto entries = ledger::merkle::SplitBundle(bundle);
    if (!entries || entries->size() < width || hashes.size() != width * kDigestBytes) return std::optional(tile * kTileWidth);
    for (unsigned i = 0; i < width; ++i)
      if (HashLeaf((*entries)[i]).view() != ByteView(hashes).substr(i * kDigestBytes, kDigestBytes)) return std::optional(tile * kTileWidth + i);
  }
  return std::optional<std::uint64_t>();
}

Status Monitor::ReadEntries(const ledger::TrustedCheckpoint& now, MonitorState& next, MonitorLook& look) {
  const std::uint64_t size = now.checkpoint.size.value();
  while (next.leaves.size().value() < size) {
    const std::uint64_t index = next.leaves.size().value();
    const std::uint64_t tile = index / kTileWidth;
    const auto width = static_cast<unsigned>(std::min<std::uint64_t>(kTileWidth, size - tile * kTileWidth));
    OPPI_TRY(const Bytes bundle, source_.tile({true, 0, tile, width}));
    const auto entries = ledger::merkle::SplitBundle(bundle);
    if (!entries || entries->size() < width) {
      look.alarms.push_back({Kind::kEntries, "the entry bundle " + std::to_string(tile) + " is malformed or too short", {}});
      return {};
    }
    for (std::size_t i = index % kTileWidth; i < width; ++i) {
      if (const std::string wrong = CheckEntry((*entries)[i], next); !wrong.empty()) {
        look.alarms.push_back({Kind::kEntries, "entry " + std::to_string(next.leaves.size().value()) + " " + wrong, {}});
        return {};
      }
      next.leaves.Append(HashLeaf((*entries)[i]));
      ++look.entries_read;
    }
  }
  return {};
}

Status Monitor::CheckReceipts(const std::string& note, MonitorLook& look) {
  for (const auto& [name, text] : receipts_) {
    const auto proof = ledger::ParseTlogProof(text);
    const auto promised = proof && proof->extra ? VerifyTlogProof(*proof, HashLeaf(*proof->extra), policy_)
                                                : Result<ledger::TrustedCheckpoint>(InvalidArgument("it is no receipt"));
    if (!promised) {
      look.alarms.push_back({Kind::kPromise, "the receipt " + name + " does not hold by itself: " + promised.error().message, {}});
      continue;
    }
    const bool newer = promised->checkpoint.size > look.size;
    auto made = Contradiction(newer ? note : proof->checkpoint, newer ? proof->checkpoint : note);
    if (!made.ok() && !newer) {
      if (made.error().code == Code::kUnavailable && look.alarms.empty()) return made.error();
      look.alarms.push_back({Kind::kPromise, "nothing that is served shows the tree of the receipt " + name + " in this one: " + made.error().message, {}});
      continue;
    }
    if (auto contradiction = made.ok() ? *std::move(made) : std::nullopt)
      look.alarms.push_back({Kind::kPromise, "the receipt " + name + " promises an entry in a tree that the log does not stand by any more", std::move(contradiction)});
    else if (newer)
      look.alarms.push_back({Kind::kPromise, "the receipt " + name + " is newer than the tree that is served: " + SizeText(promised->checkpoint.size), {}});
  }
  return {};
}

}  // namespace oppi::consumers
