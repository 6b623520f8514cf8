#include "ledger/group.h"

#include <algorithm>
#include <cstring>

#include "events/ids.h"
#include "ledger/label_prover.h"
#include "ledger/label_rows.h"
#include "ledger/own_events.h"

namespace oppi::ledger {
namespace {

using events::ErrorCode;
using events::Outcome;

constexpr std::size_t kCachedStreamsMax = 1'500'000;

/// Groups whose refused or conflicting events leave a trace in the subject's stream (section 9).
bool LeavesTrace(const events::TypeInfo& type) {
  return type.group == "consent" || type.group == "restriction" || type.group == "guardianship";
}

ItemResult Refused(ErrorCode code, std::string member = {}) {
  ItemResult result;
  result.code = code;
  result.member = std::move(member);
  return result;
}

}  // namespace

namespace {

/// Handles and tags are random: their first bytes are a hash.
std::size_t FirstBytes(ByteView random) {
  std::uint64_t v = 0;
  std::memcpy(&v, random.data(), std::min(sizeof(v), random.size()));
  return v;
}

}  // namespace

std::size_t StreamCache::HandleHash::operator()(const Handle& h) const { return FirstBytes(h.view()); }
std::size_t Group::TagHash::operator()(const Bytes& tag) const { return FirstBytes(tag); }

Result<StreamCache::Entry*> StreamCache::Find(const Store& store, const Handle& handle) {
  const auto it = entries_.find(handle);
  if (it != entries_.end()) return &it->second;
  OPPI_TRY(StreamState state, ReadStream(store, handle));
  return &entries_.emplace(handle, Entry{std::move(state), false}).first->second;
}

Status StreamCache::Fetch(const Store& store, std::vector<Handle> handles) {
  std::sort(handles.begin(), handles.end());
  handles.erase(std::unique(handles.begin(), handles.end()), handles.end());
  std::erase_if(handles, [this](const Handle& handle) { return entries_.contains(handle); });
  std::vector<Bytes> keys;
  keys.reserve(handles.size());
  for (const Handle& handle : handles) keys.emplace_back(handle.view());
  OPPI_TRY(const auto rows, store.MultiGet(Table::kStreams, keys));
  for (std::size_t i = 0; i < handles.size(); ++i) {
    Entry entry;
    if (rows[i]) {
      OPPI_TRY(entry.state, DecodeStream(*rows[i]));
    }
    entries_.emplace(handles[i], std::move(entry));
  }
  return {};
}

void StreamCache::Trim() {
  if (entries_.size() > kCachedStreamsMax) entries_.clear();
}

Group::Group(const SequencerPorts& ports, const SequencerOptions& options, const LogView& view, TreeWriter& tree,
             StreamCache& streams)
    : ports_(ports), options_(options), view_(view), tree_(tree), streams_(streams), now_(ports.clock.Now()),
      committed_(std::make_shared<CommittedGroup>()) {}

Status Group::Prefetch(const std::vector<PreparedBatch*>& batches) {
  std::vector<Bytes> keys;
  std::vector<PreparedItem*> items;
  for (PreparedBatch* batch : batches)
    for (PreparedItem& item : batch->items) {
      if (item.dedup_key.empty()) continue;
      keys.push_back(item.dedup_key);
      items.push_back(&item);
    }
  OPPI_TRY(const auto rows, ports_.store.MultiGet(Table::kDedup, keys));
  for (std::size_t i = 0; i < items.size(); ++i) {
    items[i]->looked_up = true;
    if (!rows[i]) continue;
    OPPI_TRY(items[i]->seen, DecodeDedup(*rows[i]));
  }
  added_.reserve(items.size());
  return FetchStreams(items);
}

Status Group::FetchStreams(const std::vector<PreparedItem*>& items) {
  std::vector<Handle> handles;
  for (const PreparedItem* item : items) {
    // What came before gets no place again, and most of what is refused does not decode.
    if (item->seen || item->item.decoded.error != ErrorCode::kNone) continue;
    for (const std::string_view subject : item->item.decoded.event.Subjects())
      if (const KeyRingPtr ring = ports_.vault.RingAtHand(subject); ring != nullptr) handles.push_back(ring->handle);
  }
  return streams_.Fetch(ports_.store, std::move(handles));
}

Result<BatchResult> Group::Sequence(PreparedBatch& batch) {
  std::vector<events::Event> notes;
  OPPI_TRY(BatchResult result, Sequence(batch, Author::kPublisher, notes));
  if (notes.empty()) return result;
  // What the ledger itself has to say about refusals comes right behind the batch they were in.
  OPPI_TRY(PreparedBatch own, NotesBatch(std::move(notes)));
  std::vector<events::Event> none;
  OPPI_TRY(const BatchResult noted, Sequence(own, Author::kLedger, none));
  for (const ItemResult& item : noted.items) OPPI_CHECK(item.outcome == Outcome::kAccepted);
  return result;
}

Result<BatchResult> Group::Sequence(PreparedBatch& batch, Author author, std::vector<events::Event>& notes) {
  BatchResult result;
  if (batch.header.anchor_size != 0) {
    bool known = false;
    OPPI_RETURN_IF_ERROR(TimeOfAnchor(batch.header.anchor_size, batch.header.anchor_root.view(), known));
    if (!known) {
      result.error = ErrorCode::kBadSignature;
      result.message = "the anchor is not a checkpoint of this log";
      return result;
    }
  }
  std::optional<LeafIndex> batch_leaf;
  for (std::size_t i = 0; i < batch.items.size(); ++i) {
    OPPI_TRY(ItemResult item, SequenceItem(batch, static_cast<std::uint16_t>(i), author, batch_leaf, notes));
    result.items.push_back(std::move(item));
  }
  // The signature covers the commitments of all items: keep those the log does not have.
  if (batch_leaf) {
    Bytes missing;
    ByteWriter w(missing);
    for (std::size_t i = 0; i < batch.items.size(); ++i) {
      const Outcome outcome = result.items[i].outcome;
      if (outcome == Outcome::kAccepted || outcome == Outcome::kQuarantined) continue;
      w.U16(static_cast<std::uint16_t>(i));
      w.Raw(batch.items[i].item.commitment.view());
    }
    if (!missing.empty()) writes_.Put(Table::kBatches, BigEndian(batch_leaf->value()), missing);
    OPPI_RETURN_IF_ERROR(KeepDocuments(batch, result));
  }
  return result;
}

Result<ItemResult> Group::SequenceItem(PreparedBatch& batch, std::uint16_t number, Author author,
                                       std::optional<LeafIndex>& batch_leaf, std::vector<events::Event>& notes) {
  PreparedItem& item = batch.items[number];
  events::Decoded& decoded = item.item.decoded;
  // The order below is the order of vocabulary section 9: the first violated rule answers.
  if (decoded.error == ErrorCode::kTooLarge || decoded.error == ErrorCode::kMalformed)
    return Refused(decoded.error, decoded.member);
  if (author == Author::kPublisher)
    if (const ErrorCode code = ports_.rules.JudgeSource(batch.header, decoded.source); code != ErrorCode::kNone)
      return Refused(code);
  if (!item.dedup_key.empty()) {
    OPPI_TRY(std::optional<ItemResult> seen, JudgeDuplicate(batch, item, notes));
    if (seen) return *std::move(seen);
  }
  if (decoded.type == nullptr)
    return Refused(decoded.error == ErrorCode::kNone ? ErrorCode::kTypeUnknown : decoded.error, decoded.member);
  if (author == Author::kPublisher)
    if (const ErrorCode code = ports_.rules.JudgeType(batch.header, *decoded.type); code != ErrorCode::kNone) {
      if (decoded.error == ErrorCode::kNone && LeavesTrace(*decoded.type))
        notes.push_back(Note(events::EventType::kLedgerIntakeRefused, decoded.event, code));
      return Refused(code);
    }
  if (decoded.error != ErrorCode::kNone) return Refused(decoded.error, decoded.member);
  OPPI_CHECK(!item.dedup_key.empty());  // an event that decodes has source and id

  CommittedEvent candidate;
  candidate.event = std::move(decoded.event);
  const events::Event& event = candidate.event;
  if (event.sensitivity == events::Sensitivity::kS0 && item.item.raw.bytes.size() > kClearEventBytesMax)
    return Refused(ErrorCode::kTooLarge);
  OPPI_TRY(const bool moved, StreamMoved(event));
  if (moved) return Refused(ErrorCode::kStreamMoved, "expectedcount");
  if (event.anchor) {
    bool known = false;
    const auto root = FromHex(event.anchor->root);
    OPPI_TRY(candidate.anchored, TimeOfAnchor(event.anchor->size, root ? *root : Bytes(), known));
    if (!known) return Refused(ErrorCode::kEnvelopeInvalid, "anchorroot");
  }
  const Instant first = tree_.NextRecorded(now_);
  candidate.recorded = batch_leaf ? first : first + 1;
  candidate.position = LeafIndex(tree_.next().value() + (batch_leaf ? 0 : 1));
  candidate.publisher = batch.header.publisher;
  candidate.key = batch.header.key;
  OPPI_TRY(const Verdict verdict, ports_.rules.JudgeEvent(candidate));
  if (verdict.outcome == Outcome::kRejected) {
    if (author == Author::kPublisher && LeavesTrace(event.info()))
      notes.push_back(Note(events::EventType::kLedgerIntakeRefused, event, verdict.code));
    return Refused(verdict.code);
  }
  candidate.outcome = verdict.outcome;
  candidate.reason = verdict.code;

  // From here on the event is in.
  if (!batch_leaf) batch_leaf = tree_.Append({first, BatchLeaf{batch.header_bytes, batch.signature}}, writes_);
  std::vector<KeyRingPtr> subjects;
  OPPI_RETURN_IF_ERROR(AppendToStreams(batch, event, candidate.position, subjects));
  EventLeaf leaf{*batch_leaf, number, static_cast<std::uint8_t>(subjects.size()), candidate.outcome,
                 candidate.reason, item.item.commitment, std::nullopt};
  if (event.sensitivity == events::Sensitivity::kS0)
    leaf.clear = std::move(item.item.raw);
  else
    OPPI_RETURN_IF_ERROR(WriteBody(item, event, candidate.position, subjects));
  for (const KeyRingPtr& owner : subjects) candidate.owners.push_back(owner->handle);
  const LeafIndex index = tree_.Append({candidate.recorded, std::move(leaf)}, writes_);
  OPPI_CHECK(index == candidate.position);
  DedupRow row{index, candidate.recorded, item.content_tag, false};
  writes_.Put(Table::kDedup, item.dedup_key, EncodeDedup(row));
  added_.emplace(item.dedup_key, std::move(row));

  ItemResult result;
  result.outcome = candidate.outcome;
  result.code = candidate.reason;
  result.position = index;
  result.recorded = candidate.recorded;
  committed_->events.push_back(std::make_shared<const CommittedEvent>(std::move(candidate)));
  ports_.rules.Sequenced(committed_->events.back());
  return result;
}

Result<BatchResult> Group::SequenceOwn(PreparedBatch& batch) {
  std::vector<events::Event> none;
  return Sequence(batch, Author::kLedger, none);
}

Result<std::optional<DedupRow>> Group::FindDuplicate(const PreparedItem& item) {
  if (const auto it = added_.find(item.dedup_key); it != added_.end()) return std::optional(it->second);
  if (item.looked_up) return item.seen;
  OPPI_TRY(const auto bytes, ports_.store.Get(Table::kDedup, item.dedup_key));
  if (!bytes) return std::optional<DedupRow>();
  OPPI_TRY(DedupRow row, DecodeDedup(*bytes));
  return std::optional(std::move(row));
}

Result<std::optional<ItemResult>> Group::JudgeDuplicate(const PreparedBatch&, const PreparedItem& item,
                                                        std::vector<events::Event>& notes) {
  OPPI_TRY(const std::optional<DedupRow> seen, FindDuplicate(item));
  if (!seen) return std::optional<ItemResult>();
  ItemResult result;
  result.position = seen->position;
  result.recorded = seen->recorded;
  if (seen->barred) {
    result.code = ErrorCode::kRepublicationBarred;
  } else if (seen->content_tag == item.content_tag) {
    result.outcome = Outcome::kDuplicate;
  } else {
    result.code = ErrorCode::kIdConflict;
    // The new content is not kept; that somebody sent it is. Bytes that do not decode name nobody.
    const events::Decoded& decoded = item.item.decoded;
    events::Event about;
    if (decoded.error == ErrorCode::kNone)
      about = decoded.event;
    else
      about.id = decoded.id, about.source = decoded.source;
    notes.push_back(Note(events::EventType::kLedgerIngestConflict, about, ErrorCode::kIdConflict));
  }
  return std::optional(std::move(result));
}

Result<std::optional<Instant>> Group::TimeOfAnchor(std::uint64_t size, ByteView root, bool& known) {
  known = false;
  if (size == 0 || size > view_.size().value()) return std::optional<Instant>();
  OPPI_TRY(const RootHash there, view_.Root(TreeSize(size)));
  if (there.view() != root) return std::optional<Instant>();
  OPPI_TRY(const Leaf last, view_.ReadLeaf(LeafIndex(size - 1)));
  known = true;
  return std::optional(last.recorded);
}

Result<bool> Group::StreamMoved(const events::Event& event) {
  if (!event.expected_count) return false;
  std::uint64_t count = 0;
  OPPI_TRY(const std::vector<Handle> handles, ports_.vault.FindHandles(event.subject));
  if (!handles.empty()) {
    OPPI_TRY(const StreamCache::Entry* entry, streams_.Find(ports_.store, handles.front()));
    count = entry->state.count();
  }
  return static_cast<std::int64_t>(count) != *event.expected_count;
}

Status Group::AppendToStreams(const PreparedBatch& batch, const events::Event& event, LeafIndex index,
                              std::vector<KeyRingPtr>& subjects) {
  for (const std::string_view subject : event.Subjects()) {
    const auto found = batch.newcomers.find(subject);
    const Newcomer* newcomer = found == batch.newcomers.end() ? nullptr : &found->second;
    OPPI_TRY(KeyRingPtr ring, ports_.vault.RingFor(subject, vault_writes_, newcomer != nullptr ? &newcomer->handle : nullptr));
    OPPI_TRY(StreamCache::Entry * stream, streams_.Find(ports_.store, ring->handle));
    if (stream->state.count() == 0) OPPI_RETURN_IF_ERROR(BeginStream(subject, *ring, newcomer, stream->state));
    transitions_.events.push_back({index, stream->state.name.label});
    AppendToStream(stream->state, ring->handle, {index, event.info().feeds}, writes_);
    if (!stream->touched) touched_.emplace_back(ring->handle, stream);
    stream->touched = true;
    subjects.push_back(std::move(ring));
  }
  return {};
}

/// From here on the map has labels for this handle and for the identifier it belongs to.
Status Group::BeginStream(std::string_view subject, const KeyRing& ring, const Newcomer* newcomer, StreamState& stream) {
  const std::optional<HandleSalt> salt = SaltOf(ring);
  if (!salt) return DataLoss("vault: a handle in use has lost the key of its trail");
  Begun begun{{}, CommitHandle(ring.handle, *salt)};
  if (newcomer != nullptr && newcomer->handle == ring.handle) {
    begun.entry = newcomer->entry;
    stream.name = newcomer->stream;
  } else {
    OPPI_TRY(const LabelName name, EntryOf(subject));
    begun.entry = LabelFor(ports_.vault.label_key(), name);
    stream.name = LabelFor(ports_.vault.label_key(), LearnerStream(ring.handle));
  }
  begun_.push_back(begun);
  transitions_.streams.push_back({stream.name.label, stream.name.blind});
  return {};
}

/// Under the keys of its subjects; what is about nobody in particular is sealed for its organisation,
/// which is then its one owner.
Status Group::WriteBody(const PreparedItem& item, const events::Event& event, LeafIndex index, std::vector<KeyRingPtr>& subjects) {
  OPPI_CHECK(item.content);
  const KeyClass key_class = KeyClassOf(event.sensitivity);
  Body body{item.content->encoding, {}, item.content->sealed};
  const bool nobody = subjects.empty();
  if (nobody) {
    OPPI_TRY(KeyRingPtr organisation, ports_.vault.RingFor(event.KeyOwner(), vault_writes_));
    subjects.push_back(std::move(organisation));
  }
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    KeyRingPtr& owner = subjects[i];
    if (owner->Find(key_class) == nullptr) {
      const std::string name = nobody ? event.KeyOwner() : std::string(event.Subjects()[i]);
      OPPI_TRY(owner, ports_.vault.WithKey(name, owner, key_class, vault_writes_));
    }
    body.wraps.push_back(WrapKey(owner->handle, key_class, *owner->Find(key_class), item.content->content_key, ports_.entropy));
  }
  writes_.Put(Table::kBodies, BigEndian(index.value()), EncodeBody(body));
  return {};
}

Status Group::KeepDocuments(const PreparedBatch& batch, const BatchResult&) {
  for (const events::Attachment& document : batch.attachments) {
    const Sha256Digest digest = HashOf(document.bytes);
    // Kept only if an event that got in refers to it; anything else is nobody's evidence.
    const auto refers = [&](const std::shared_ptr<const CommittedEvent>& e) {
      return e->publisher == batch.header.publisher && e->event.subject == document.subject &&
             e->event.correlation == digest.hex();
    };
    if (std::none_of(committed_->events.begin(), committed_->events.end(), refers)) continue;
    OPPI_TRY(KeyRingPtr owner, ports_.vault.RingFor(document.subject, vault_writes_));
    OPPI_TRY(owner, ports_.vault.WithKey(document.subject, std::move(owner), KeyClass::kS4, vault_writes_));
    events::BatchItem content;
    ByteWriter w(content.bytes);
    w.Short(document.media_type);
    w.Raw(document.bytes);
    const SealedContent sealed = SealContent(content, ports_.entropy);
    const Body body{sealed.encoding,
                    {WrapKey(owner->handle, KeyClass::kS4, *owner->Find(KeyClass::kS4), sealed.content_key, ports_.entropy)},
                    sealed.sealed};
    writes_.Put(Table::kDocuments, DocumentKey(ports_.vault, owner->handle, digest), EncodeBody(body));
  }
  return {};
}

events::Event Group::Note(events::EventType type, const events::Event& about, events::ErrorCode code) {
  events::Event note = events::MakeEvent(type);
  note.id = events::MakeUuidV7(now_, ports_.entropy);
  note.source = options_.ledger_source;
  note.subject = about.subject;
  note.time = now_;
  note.controller = about.controller;
  note.SetText("event", about.id);
  note.SetText("code", std::string(events::ErrorName(code)));
  if (!about.source.empty()) note.SetText("source", about.source);
  return note;
}

Result<PreparedBatch> Group::NotesBatch(std::vector<events::Event> notes) {
  // More than one batch's worth of refusals cannot come from one batch.
  OPPI_CHECK(notes.size() <= kBatchEventsMax);
  OPPI_TRY(events::VerifiedBatch batch,
           MakeOwnBatch(notes, options_.origin, ports_.ledger_key, ports_.entropy));
  return Prepare(std::move(batch), ports_.vault, ports_.entropy);
}

Status Group::Finish(const StreamMap& map) {
  const TreeSize covers = tree_.size();
  std::vector<merkle::MapEntry> changes;
  changes.reserve(touched_.size() + begun_.size());
  for (const auto& [handle, stream] : touched_) {
    writes_.Put(Table::kStreams, handle.view(), EncodeStream(stream->state));
    changes.push_back({stream->state.name.label, ValueOf(HeadOf(stream->state), stream->state.name.blind)});
    stream->touched = false;
  }
  for (const Begun& begun : begun_) {
    OPPI_TRY(const auto before, ReadIdentifier(ports_.store, begun.entry.label));
    const Identifier after = WithStream(before, begun.handle, begun.entry.blind, covers);
    writes_.Put(Table::kLabels, begun.entry.label.view(), EncodeIdentifier(after));
    changes.push_back({begun.entry.label, after.value});
    transitions_.entries.push_back({begun.entry.label, after.value});
  }
  std::sort(transitions_.events.begin(), transitions_.events.end());
  std::sort(transitions_.streams.begin(), transitions_.streams.end());
  std::sort(transitions_.entries.begin(), transitions_.entries.end());
  writes_.Put(Table::kTransitions, BigEndian(covers.value()), EncodeTransitions(transitions_));
  std::sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  OPPI_TRY(const merkle::MapRoot root, map.tree.Prepare(changes));
  (void)tree_.Append({tree_.NextRecorded(now_), StateLeaf{covers, root, map.fold, map.newest}}, writes_);
  tree_.Finish(writes_);
  committed_->size = tree_.size();
  return {};
}

}  // namespace oppi::ledger
