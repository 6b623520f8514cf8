#include "ledger/label.h"

#include <algorithm>
#include <string>

#include "events/tree_hash.h"
#include "ledger/merkle/compact_range.h"

namespace oppi::ledger {
namespace {

constexpr std::string_view kInputDomain = "oppiloki/alpha/v1\n";
constexpr std::string_view kLabelDomain = "oppiloki/label/v1\n";
constexpr std::string_view kBlindDomain = "oppiloki/blind/v1\n";
constexpr std::string_view kStreamDomain = "oppiloki/val/v1\n";
constexpr std::string_view kEntryDomain = "oppiloki/entry/v1\n";
constexpr std::string_view kHandleDomain = "oppiloki/handle/v1\n";
constexpr std::string_view kFoldDomain = "oppiloki/fold/streams/v1\n";

NodeHash LeafOf(LeafIndex index) {
  Bytes bytes;
  ByteWriter(bytes).U64(index.value());
  return HashLeaf(bytes);
}

}  // namespace

LabelName LearnerStream(const Handle& handle) {
  return {LabelKind::kLearnerStream, Bytes(handle.view())};
}
LabelName ActorStream(const Handle& handle) {
  return {LabelKind::kActorStream, Bytes(handle.view())};
}
Result<LabelName> EntryOf(std::string_view identifier) {
  if (identifier.empty() || identifier.size() > kLabelNameBytesMax)
    return InvalidArgument("label: an identifier has 1 to " + std::to_string(kLabelNameBytesMax) +
                           " bytes, this one " + std::to_string(identifier.size()));
  return LabelName{LabelKind::kEntry, Bytes(identifier)};
}

Bytes VrfInput(const LabelName& name) {
  Bytes input(kInputDomain);
  input.push_back(static_cast<char>(name.kind));
  return input.append(name.name);
}

Labelled LabelledBy(const VrfOutput& output) {
  return {Sha256().Update(kLabelDomain).Update(output.view()).Final<Label>(),
          Sha256().Update(kBlindDomain).Update(output.view()).Final<Blind>()};
}

merkle::MapValue ValueOf(const StreamHead& head, const Blind& blind) {
  return Sha256()
      .Update(kStreamDomain)
      .Update(EncodeStreamHead(head))
      .Update(blind.view())
      .Final<merkle::MapValue>();
}

StreamHead HeadOf(std::span<const LeafIndex> entries) {
  merkle::CompactRange range;
  for (const LeafIndex index : entries) range.Append(LeafOf(index));
  return {entries.size(), range.Root()};
}

Status VerifyStreamEntries(const StreamHead& head, std::span<const LeafIndex> entries) {
  if (entries.size() != head.count)
    return InvalidArgument("stream: " + std::to_string(entries.size()) + " entries of " +
                           std::to_string(head.count));
  if (std::adjacent_find(entries.begin(), entries.end(),
                         [](LeafIndex a, LeafIndex b) { return a >= b; }) != entries.end())
    return InvalidArgument("stream: the entries do not strictly ascend");
  if (HeadOf(entries).root != head.root)
    return InvalidArgument("stream: these are not its entries");
  return {};
}

HandleCommitment CommitHandle(const Handle& handle, const HandleSalt& salt) {
  return Sha256()
      .Update(kHandleDomain)
      .Update({reinterpret_cast<const char*>(salt.data()), salt.size()})
      .Update(handle.view())
      .Final<HandleCommitment>();
}

merkle::MapValue ValueOf(const LabelEntry& entry, const Blind& blind) {
  return Sha256()
      .Update(kEntryDomain)
      .Update(EncodeLabelEntry(entry))
      .Update(blind.view())
      .Final<merkle::MapValue>();
}

Status CheckEntry(const LabelEntry& entry) {
  if (entry.state != EntryState::kHasStream && entry.state != EntryState::kErased)
    return InvalidArgument("label entry: unknown state");
  if (entry.number == 0) return InvalidArgument("label entry: they are numbered from 1");
  if ((entry.number == 1) != (entry.previous == merkle::MapValue{}))
    return InvalidArgument("label entry: only the first has none before it");
  if (entry.number == 1 && entry.state != EntryState::kHasStream)
    return InvalidArgument("label entry: erased before there was a stream");
  return {};
}

Status VerifyEarlierEntry(const LabelEntry& later, const LabelEntry& earlier, const Blind& blind) {
  OPPI_RETURN_IF_ERROR(CheckEntry(later));
  OPPI_RETURN_IF_ERROR(CheckEntry(earlier));
  if (later.number - 1 != earlier.number || later.previous != ValueOf(earlier, blind))
    return InvalidArgument("label entry: not the one right before");
  return {};
}

Status VerifyHandle(const LabelEntry& entry, const Handle& handle, const HandleSalt& salt) {
  if (CommitHandle(handle, salt) != entry.handle)
    return InvalidArgument("label entry: it commits to another handle");
  return {};
}

Bytes EncodeStreamHead(const StreamHead& head) {
  OPPI_CHECK(head.count > 0);
  Bytes bytes;
  ByteWriter w(bytes);
  w.U64(head.count);
  w.Raw(head.root.view());
  return bytes;
}

Result<StreamHead> DecodeStreamHead(ByteView bytes) {
  ByteReader r(bytes);
  const std::uint64_t count = r.U64();
  const auto root = RootHash::From(r.Raw(kDigestBytes));
  if (!r.done() || !root) return InvalidArgument("stream head: expected 40 bytes");
  if (count == 0) return InvalidArgument("stream head: a stream in the map is not empty");
  return StreamHead{count, *root};
}

Bytes EncodeLabelEntry(const LabelEntry& entry) {
  OPPI_CHECK(CheckEntry(entry).ok());
  Bytes bytes;
  ByteWriter w(bytes);
  w.U8(static_cast<std::uint8_t>(entry.state));
  w.U32(entry.number);
  w.Raw(entry.handle.view());
  w.Raw(entry.previous.view());
  return bytes;
}

Result<LabelEntry> DecodeLabelEntry(ByteView bytes) {
  ByteReader r(bytes);
  LabelEntry entry;
  entry.state = static_cast<EntryState>(r.U8());
  entry.number = r.U32();
  const auto handle = HandleCommitment::From(r.Raw(kDigestBytes));
  const auto previous = merkle::MapValue::From(r.Raw(kDigestBytes));
  if (!r.done() || !handle || !previous) return InvalidArgument("label entry: expected 69 bytes");
  entry.handle = *handle;
  entry.previous = *previous;
  OPPI_RETURN_IF_ERROR(CheckEntry(entry));
  return entry;
}

Sha256Digest FoldOf(const VrfPublicKey& key) {
  return Sha256().Update(kFoldDomain).Update(key.view()).Final<Sha256Digest>();
}

}  // namespace oppi::ledger
