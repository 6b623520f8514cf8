#include "ledger/fsck.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "events/commitment.h"
#include "events/tree_hash.h"
#include "ledger/bodies.h"
#include "ledger/checkpoint.h"
#include "ledger/label_prover.h"
#include "ledger/label_rows.h"
#include "ledger/leaf.h"
#include "ledger/map_replay.h"
#include "ledger/merkle/tile.h"
#include "ledger/prepared.h"
#include "ledger/streams.h"
#include "ledger/tree_writer.h"

namespace oppi::ledger {
namespace {

std::string Entry(std::uint64_t index) { return "entry " + std::to_string(index); }

class Checker {
 public:
  Checker(const Store& store, const Vault& vault, const std::function<void(std::uint64_t, std::uint64_t)>& progress)
      : store_(store), vault_(vault), progress_(progress) {}

  Status Run(const VerifierKey& log_key, const std::optional<CheckpointLock::Value>& locked) {
    locked_ = locked;
    OPPI_TRY(const auto state, ReadTreeState(store_));
    if (!state) {
      Damage("there is no tree state");
      return {};
    }
    size_ = state->size.value();
    OPPI_RETURN_IF_ERROR(CheckLeaves());
    CheckTree(*state, log_key);
    OPPI_RETURN_IF_ERROR(CheckTiles());
    FinishBatch();
    OPPI_RETURN_IF_ERROR(CheckStreams());
    return CheckMap();
  }

  FsckReport Take() { return std::move(report_); }

 private:
  void Damage(std::string what) {
    if (report_.damages.size() < kDamagesMax)
      report_.damages.push_back(std::move(what));
    else
      report_.truncated = true;
  }

  Status CheckLeaves() {
    std::uint64_t expected = 0;
    Status failure;
    OPPI_RETURN_IF_ERROR(store_.Scan(Table::kLeaves, {}, {}, [&](ByteView key, ByteView value) {
      const std::uint64_t first = ByteReader(key).U64();
      const auto entries = merkle::SplitBundle(value);
      if (!entries.ok() || first != expected) {
        Damage("the run of entries at " + std::to_string(first) + (entries.ok() ? " does not follow the one before it" : " does not divide into entries"));
        if (!entries.ok()) return false;
        expected = first;
      }
      for (const ByteView entry : *entries) {
        failure = CheckLeaf(expected++, entry);
        if (!failure.ok()) return false;
      }
      if (progress_) progress_(expected, size_);
      return true;
    }));
    OPPI_RETURN_IF_ERROR(failure);
    if (expected != size_) Damage("there are " + std::to_string(expected) + " entries, the tree state says " + std::to_string(size_));
    return {};
  }

  Status CheckLeaf(std::uint64_t index, ByteView bytes) {
    ++report_.leaves;
    range_.Append(HashLeaf(bytes), [&](unsigned level, std::uint64_t, const NodeHash& hash) {
      if (level % merkle::kTileHeight == 0) levels_[level / merkle::kTileHeight].append(hash.view());
    });
    if (locked_ && range_.size() == locked_->size && range_.Root() != locked_->root)
      Damage("the log does not extend the checkpoint that was published last: it is a fork");
    const auto leaf = DecodeLeaf(bytes);
    if (!leaf.ok()) {
      Damage(Entry(index) + " does not decode");
      return {};
    }
    if (index > 0 && leaf->recorded <= last_recorded_) Damage(Entry(index) + " was not recorded after the one before it");
    last_recorded_ = leaf->recorded;
    if (const auto* batch = std::get_if<BatchLeaf>(&leaf->body)) {
      FinishBatch();
      auto header = events::DecodeHeader(batch->header);
      if (!header.ok()) {
        Damage(Entry(index) + " holds a batch header that does not decode");
        return {};
      }
      batch_ = Batch{index, *std::move(header), {}};
      return {};
    }
    const auto* event = std::get_if<EventLeaf>(&leaf->body);
    if (event == nullptr) return {};
    ++report_.events;
    subjects_.emplace_back(index, event->subjects);
    if (!batch_ || batch_->index != event->batch.value())
      Damage(Entry(index) + " does not follow its batch");
    else
      batch_->commitments[event->item] = event->commitment;
    return CheckBody(index, *event);
  }

  Status CheckBody(std::uint64_t index, const EventLeaf& leaf) {
    events::BatchItem item;
    if (leaf.clear) {
      item = *leaf.clear;
    } else {
      OPPI_TRY(const auto row, store_.Get(Table::kBodies, BigEndian(index)));
      if (!row) {
        Damage("the body of " + Entry(index) + " is missing, and no erasure took it");
        return {};
      }
      const auto body = DecodeBody(*row);
      if (!body.ok()) {
        Damage("the body of " + Entry(index) + " is damaged");
        return {};
      }
      OPPI_TRY(Opened opened, OpenBody(*body, vault_));
      if (opened.state == Opened::State::kUnreadable) Damage("the body of " + Entry(index) + " does not open under its keys");
      if (opened.state == Opened::State::kErased) ++report_.bodies_erased;
      if (opened.state != Opened::State::kOpen) return {};
      ++report_.bodies_open;
      item = std::move(opened.item);
    }
    if (events::Commit(item.bytes, item.encoding, item.salt) != leaf.commitment)
      Damage("the body of " + Entry(index) + " is not what the log commits to");
    const events::Decoded decoded = events::Decode(item.bytes, item.encoding, {.check_digits = false});
    if (decoded.error != events::ErrorCode::kNone) {
      Damage("the body of " + Entry(index) + " is no event");
      return {};
    }
    OPPI_TRY(const auto row, store_.Get(Table::kDedup, DedupKey(vault_, decoded.source, decoded.id)));
    const auto dedup = row ? DecodeDedup(*row) : Result<DedupRow>(NotFound(""));
    if (!dedup.ok() || dedup->position.value() != index) Damage("the duplicate index does not know " + Entry(index));
    return {};
  }

  /// The signed root must be that of all commitments of the batch.
  void FinishBatch() {
    if (!batch_) return;
    const Batch batch = *std::move(batch_);
    batch_.reset();
    const auto row = store_.Get(Table::kBatches, BigEndian(batch.index));
    std::map<std::uint16_t, Commitment> all = batch.commitments;
    if (row.ok() && row->has_value()) {
      ByteReader r(**row);
      while (r.ok() && !r.rest().empty()) {
        const std::uint16_t item = r.U16();
        if (const auto commitment = Commitment::From(r.Raw(kDigestBytes))) all.emplace(item, *commitment);
      }
    }
    std::vector<Commitment> list;
    for (const auto& [item, commitment] : all) list.push_back(commitment);
    if (list.size() != batch.header.count || events::BatchRoot(list) != batch.header.root)
      Damage("the batch at " + Entry(batch.index) + " is not the one that its publisher signed");
  }

  void CheckTree(const TreeState& state, const VerifierKey& log_key) {
    if (range_.Root() != state.root) Damage("the entries do not give the stored root");
    const auto note = store_.Get(Table::kMeta, "checkpoint");
    const auto checkpoint = note.ok() && note->has_value() ? OpenCheckpoint(**note, log_key) : Result<Checkpoint>(NotFound("missing"));
    if (!checkpoint.ok()) {
      Damage("the checkpoint does not verify: " + checkpoint.error().message);
      return;
    }
    if (checkpoint->size != range_.size() || checkpoint->root != range_.Root()) Damage("the checkpoint does not match the entries");
    if (locked_ && locked_->size > range_.size()) Damage("the log is shorter than the checkpoint that was published last");
  }

  Status CheckTiles() {
    for (auto& [level, hashes] : levels_) {
      const std::size_t full = merkle::kTileWidth * kDigestBytes;
      for (std::size_t at = 0, n = 0; at < hashes.size(); at += full, ++n) {
        const ByteView expected = ByteView(hashes).substr(at, full);
        OPPI_TRY(const auto tile, store_.Get(Table::kTiles, TileKey(level, n)));
        if (!tile || ByteView(*tile).substr(0, expected.size()) != expected)
          Damage("tile " + std::to_string(n) + " of level " + std::to_string(level) + (tile ? " is not what the entries give" : " is missing"));
      }
    }
    return {};
  }

  /// Each stream is gap-free and gives its head; each event is in as many streams as its leaf says.
  Status CheckStreams() {
    std::unordered_map<std::uint64_t, unsigned> named;
    std::vector<Handle> handles;
    OPPI_RETURN_IF_ERROR(store_.Scan(Table::kStreams, {}, {}, [&](ByteView key, ByteView) {
      Handle handle;
      if (key.size() == handle.bytes.size()) {
        std::copy(key.begin(), key.end(), reinterpret_cast<char*>(handle.bytes.data()));
        handles.push_back(handle);
      }
      return true;
    }));
    for (const Handle& handle : handles) {
      ++report_.streams;
      const auto state = ReadStream(store_, handle);
      const auto entries = ReadStreamEntries(store_, handle, TreeSize(~std::uint64_t{0}));
      if (!state.ok() || !entries.ok()) {
        Damage("a stream is damaged: " + (state.ok() ? entries.error().message : state.error().message));
        continue;
      }
      if (state->name != LabelFor(vault_.label_key(), LearnerStream(handle)))
        Damage("a stream of " + std::to_string(entries->size()) + " entries is under a label that is not its own");
      merkle::CompactRange mini;
      for (const StreamEntry& entry : *entries) {
        mini.Append(StreamLeaf(entry.index));
        ++named[entry.index.value()];
        placed_.push_back({entry.index.value(), static_cast<std::uint32_t>(names_.size()), &entry == &entries->front()});
      }
      names_.push_back(state->name);
      if (mini != state->entries) Damage("a stream of " + std::to_string(entries->size()) + " entries does not give its head");
    }
    for (const auto& [index, subjects] : subjects_)
      if (named[index] != subjects)
        Damage(Entry(index) + " is in " + std::to_string(named[index]) + " streams, its leaf says " + std::to_string(subjects));
    return {};
  }

  /// The map of each state leaf, computed again from what the streams and labels are now.
  Status CheckMap() {
    std::sort(placed_.begin(), placed_.end());
    std::multimap<std::uint64_t, Transitions::Entry> changed;  // by the state leaf's index
    OPPI_RETURN_IF_ERROR(store_.Scan(Table::kLabels, {}, {}, [&](ByteView key, ByteView row) {
      const auto label = Label::From(key);
      const auto identifier = DecodeIdentifier(row);
      if (!label || !identifier.ok()) {
        Damage("the row of an identifier's label is damaged");
        return true;
      }
      // An entry's value is what the one after it names; of two that came together only the later is in a map.
      const auto& changes = identifier->changes;
      for (std::size_t i = 0; i < changes.size(); ++i)
        if (i == 0 || changes[i - 1].covers != changes[i].covers)
          changed.emplace(changes[i].covers.value(),
                          Transitions::Entry{*label, i == 0 ? identifier->value : changes[i - 1].entry.previous});
      return true;
    }));
    MapReplay replay;
    std::vector<Leaf> commit;
    auto placed = placed_.begin();
    Status failure;
    OPPI_RETURN_IF_ERROR(store_.Scan(Table::kLeaves, {}, {}, [&](ByteView, ByteView value) {
      const auto bundle = merkle::SplitBundle(value);
      for (std::size_t i = 0; bundle.ok() && i < bundle->size(); ++i) {
        auto leaf = DecodeLeaf((*bundle)[i]);
        if (!leaf.ok()) return false;  // said already
        commit.push_back(*std::move(leaf));
        if (!std::holds_alternative<StateLeaf>(commit.back().body)) continue;
        const std::uint64_t last = replay.next().value() + commit.size() - 1;
        Transitions transitions;
        for (; placed != placed_.end() && placed->index <= last; ++placed) {
          const Labelled& name = names_[placed->stream];
          transitions.events.push_back({LeafIndex(placed->index), name.label});
          if (placed->first) transitions.streams.push_back({name.label, name.blind});
        }
        const auto [from, to] = changed.equal_range(last);
        for (auto it = from; it != to; ++it) transitions.entries.push_back(it->second);
        failure = CheckCommit(last, commit, std::move(transitions), replay);
        commit.clear();
        if (!failure.ok() || !map_followed_) return false;
      }
      return bundle.ok();
    }));
    return failure;
  }

  Status CheckCommit(std::uint64_t state, const std::vector<Leaf>& commit, Transitions transitions, MapReplay& replay) {
    std::sort(transitions.events.begin(), transitions.events.end());
    std::sort(transitions.streams.begin(), transitions.streams.end());
    std::sort(transitions.entries.begin(), transitions.entries.end());
    if (const Status added = replay.Add(commit, transitions); !added.ok()) {
      Damage("the stream map: " + added.error().message);
      map_followed_ = false;
      return {};
    }
    OPPI_TRY(const auto row, store_.Get(Table::kTransitions, BigEndian(state)));
    if (!row || *row != EncodeTransitions(transitions))
      Damage("the transitions of " + Entry(state) + (row ? " are not what the streams say" : " are missing"));
    return {};
  }

  struct Batch {
    std::uint64_t index;
    events::BatchHeader header;
    std::map<std::uint16_t, Commitment> commitments;
  };

  const Store& store_;
  const Vault& vault_;
  const std::function<void(std::uint64_t, std::uint64_t)>& progress_;
  std::optional<CheckpointLock::Value> locked_;
  FsckReport report_;
  std::uint64_t size_ = 0;
  Instant last_recorded_{};
  merkle::CompactRange range_;
  std::map<unsigned, Bytes> levels_;  // hashes of each tile level
  std::optional<Batch> batch_;
  std::vector<std::pair<std::uint64_t, std::uint8_t>> subjects_;
  std::vector<Labelled> names_;  // of the streams
  struct Placed {
    std::uint64_t index;
    std::uint32_t stream;  // in names_
    bool first;            // of the stream
    friend auto operator<=>(const Placed&, const Placed&) = default;
  };
  std::vector<Placed> placed_;
  bool map_followed_ = true;
};

}  // namespace

Result<FsckReport> Fsck(const Store& store, const Vault& vault, const VerifierKey& log_key,
                        const std::optional<CheckpointLock::Value>& locked,
                        const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  Checker checker(store, vault, progress);
  OPPI_RETURN_IF_ERROR(checker.Run(log_key, locked));
  return checker.Take();
}

}  // namespace oppi::ledger
