#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "ledger/label.h"
#include "ledger/merkle/map_tree.h"
#include "ledger/sequencer.h"
#include "ledger/streams.h"
#include "ledger/transitions.h"
#include "ledger/tree_writer.h"

/// One commit in the making: gives places to the events of some batches and collects every row they
/// need. Nothing here touches the disk but reads. Owned by the writer thread.

namespace oppi::ledger {

/// Stream states the writer has at hand; what is not here is read from the store.
class StreamCache {
 public:
  struct Entry {
    StreamState state;
    bool touched = false;  // by the group in the making
  };
  [[nodiscard]] Result<Entry*> Find(const Store& store, const Handle& handle);
  /// Reads those that are not at hand in one go.
  [[nodiscard]] Status Fetch(const Store& store, std::vector<Handle> handles);
  void Trim();

 private:
  struct HandleHash {
    std::size_t operator()(const Handle& h) const;
  };
  std::unordered_map<Handle, Entry, HandleHash> entries_;
};

/// The stream map as the writer has it: what a group's state leaf follows from.
struct StreamMap {
  merkle::MapTree& tree;
  Sha256Digest fold;
  LeafIndex newest{0};  // state leaf
};

class Group {
 public:
  Group(const SequencerPorts& ports, const SequencerOptions& options, const LogView& view, TreeWriter& tree,
        StreamCache& streams);

  /// Reads the duplicate index for all of these batches in one go, and the streams of learners whose keys are
  /// at hand.
  [[nodiscard]] Status Prefetch(const std::vector<PreparedBatch*>& batches);
  /// Errors are of the store or vault and fatal; refusals are in the result.
  [[nodiscard]] Result<BatchResult> Sequence(PreparedBatch& batch);
  /// A batch of the ledger's own, which no publisher's rules apply to.
  [[nodiscard]] Result<BatchResult> SequenceOwn(PreparedBatch& batch);
  /// Completes the rows; the state leaf comes last. What it says of the map is prepared there, to be
  /// committed once the group is. After this the group is only read. Requires that it is not empty.
  [[nodiscard]] Status Finish(const StreamMap& map);

  [[nodiscard]] WriteBatch& writes() { return writes_; }
  /// Keys made for this group: to be durable before what is sealed under them.
  [[nodiscard]] const WriteBatch& vault_writes() const { return vault_writes_; }
  [[nodiscard]] std::shared_ptr<CommittedGroup> committed() { return committed_; }
  [[nodiscard]] bool empty() const { return committed_->events.empty(); }

 private:
  [[nodiscard]] Status FetchStreams(const std::vector<PreparedItem*>& items);
  enum class Author : std::uint8_t { kPublisher, kLedger };
  [[nodiscard]] Result<BatchResult> Sequence(PreparedBatch& batch, Author author, std::vector<events::Event>& notes);
  [[nodiscard]] Result<ItemResult> SequenceItem(PreparedBatch& batch, std::uint16_t item, Author author,
                                                std::optional<LeafIndex>& batch_leaf, std::vector<events::Event>& notes);
  [[nodiscard]] Result<std::optional<DedupRow>> FindDuplicate(const PreparedItem& item);
  [[nodiscard]] Result<std::optional<ItemResult>> JudgeDuplicate(const PreparedBatch& batch, const PreparedItem& item,
                                                                 std::vector<events::Event>& notes);
  [[nodiscard]] Result<std::optional<Instant>> TimeOfAnchor(std::uint64_t size, ByteView root, bool& known);
  [[nodiscard]] Result<bool> StreamMoved(const events::Event& event);
  [[nodiscard]] Status AppendToStreams(const PreparedBatch& batch, const events::Event& event, LeafIndex index,
                                       std::vector<KeyRingPtr>& subjects);
  [[nodiscard]] Status BeginStream(std::string_view subject, const KeyRing& ring, const Newcomer* newcomer, StreamState& stream);
  [[nodiscard]] Status WriteBody(const PreparedItem& item, const events::Event& event, LeafIndex index,
                                 std::vector<KeyRingPtr>& subjects);
  [[nodiscard]] Status KeepDocuments(const PreparedBatch& batch, const BatchResult& result);
  [[nodiscard]] Result<PreparedBatch> NotesBatch(std::vector<events::Event> notes);
  [[nodiscard]] events::Event Note(events::EventType type, const events::Event& about, events::ErrorCode code);

  const SequencerPorts& ports_;
  const SequencerOptions& options_;
  const LogView& view_;
  TreeWriter& tree_;
  StreamCache& streams_;
  const Instant now_;
  WriteBatch writes_;
  WriteBatch vault_writes_;
  std::shared_ptr<CommittedGroup> committed_;
  struct TagHash {
    std::size_t operator()(const Bytes& tag) const;
  };
  std::unordered_map<Bytes, DedupRow, TagHash> added_;  // duplicate index of this group
  std::vector<std::pair<Handle, StreamCache::Entry*>> touched_;
  struct Begun {
    Labelled entry;
    HandleCommitment handle;
  };
  std::vector<Begun> begun_;
  Transitions transitions_;
};

}  // namespace oppi::ledger
