#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "events/bytes.h"
#include "events/digest.h"
#include "events/ordinal.h"
#include "events/result.h"
#include "ledger/handle.h"
#include "ledger/merkle/mpt.h"
#include "ledger/vrf.h"

/// What the stream map holds (docs/wire-format.md, stream map): for each name a label, which only
/// the holder of the log's VRF key can compute and which proves itself, and a value that commits to
/// a stream or to an entry of an identifier.
///
///   input = "oppiloki/alpha/v1\n" || u8 kind || name
///   label = SHA-256("oppiloki/label/v1\n" || VRF output of input)
///   blind = SHA-256("oppiloki/blind/v1\n" || VRF output of input)
///
/// The blind keeps a value from being guessed by those who are shown it as a neighbour in a proof
/// of absence; whoever gets a proof of the label computes it from there. Nothing of it is stored.
/// Pure functions, any thread. No secrets, no store: part of what a verifier is made of.

namespace oppi::ledger {

enum class LabelKind : std::uint8_t {
  kLearnerStream = 1,  // events about the owner of a handle
  kEntry = 2,          // what there is of an identifier
  kActorStream = 3,    // events that the owner of a handle caused, reads above all
};

using Label = merkle::MapKey;
using Blind = Digest<struct BlindTag>;

struct LabelName {
  LabelKind kind = LabelKind::kEntry;
  Bytes name;  // 16 bytes of a handle, or an identifier
  friend bool operator==(const LabelName&, const LabelName&) = default;
};
/// Bytes of the longest identifier that has an entry.
inline constexpr std::size_t kLabelNameBytesMax = 1024;

[[nodiscard]] LabelName LearnerStream(const Handle& handle);
[[nodiscard]] LabelName ActorStream(const Handle& handle);
/// Errors: kInvalidArgument unless there are 1 to kLabelNameBytesMax bytes.
[[nodiscard]] Result<LabelName> EntryOf(std::string_view identifier);

[[nodiscard]] Bytes VrfInput(const LabelName& name);
/// What a VRF output gives.
struct Labelled {
  Label label;
  Blind blind;
  friend bool operator==(const Labelled&, const Labelled&) = default;
};
[[nodiscard]] Labelled LabelledBy(const VrfOutput& output);

/// How many entries a stream has, and the RFC 6962 root over their 8-byte big-endian log indices.
struct StreamHead {
  std::uint64_t count = 0;  // never 0 in the map
  RootHash root;
  friend bool operator==(const StreamHead&, const StreamHead&) = default;
};
/// SHA-256("oppiloki/val/v1\n" || u64 count || root || blind)
[[nodiscard]] merkle::MapValue ValueOf(const StreamHead& head, const Blind& blind);
/// The head of the stream of these entries.
[[nodiscard]] StreamHead HeadOf(std::span<const LeafIndex> entries);
/// These are all entries of the stream, in order. Errors: kInvalidArgument, with the reason.
[[nodiscard]] Status VerifyStreamEntries(const StreamHead& head,
                                         std::span<const LeafIndex> entries);

using HandleCommitment = Digest<struct HandleCommitmentTag>;
/// SHA-256("oppiloki/handle/v1\n" || salt || handle). Says nothing once the salt is destroyed.
[[nodiscard]] HandleCommitment CommitHandle(const Handle& handle, const HandleSalt& salt);

enum class EntryState : std::uint8_t { kHasStream = 1, kErased = 2 };

/// What there is of an identifier. Each change makes a new one that names the value of the one
/// before, so that the newest leads to all of them.
struct LabelEntry {
  EntryState state = EntryState::kHasStream;
  std::uint32_t number = 1;   // of this identifier, from 1
  HandleCommitment handle;    // in use; of an erased one, the last that was
  merkle::MapValue previous;  // value of the entry before; zeros in the first
  friend bool operator==(const LabelEntry&, const LabelEntry&) = default;
};
/// SHA-256("oppiloki/entry/v1\n" || u8 state || u32 number || handle || previous || blind)
[[nodiscard]] merkle::MapValue ValueOf(const LabelEntry& entry, const Blind& blind);
/// Errors: kInvalidArgument unless number and previous go together, and the first has a stream.
[[nodiscard]] Status CheckEntry(const LabelEntry& entry);
/// `earlier` is the one right before `later`. Errors: kInvalidArgument.
[[nodiscard]] Status VerifyEarlierEntry(const LabelEntry& later, const LabelEntry& earlier,
                                        const Blind& blind);
/// Errors: kInvalidArgument.
[[nodiscard]] Status VerifyHandle(const LabelEntry& entry, const Handle& handle,
                                  const HandleSalt& salt);

inline constexpr std::size_t kStreamHeadBytes = 8 + 32;
inline constexpr std::size_t kLabelEntryBytes = 1 + 4 + 32 + 32;
[[nodiscard]] Bytes EncodeStreamHead(const StreamHead& head);
/// Strict: kStreamHeadBytes, count not 0. Errors: kInvalidArgument.
[[nodiscard]] Result<StreamHead> DecodeStreamHead(ByteView bytes);
[[nodiscard]] Bytes EncodeLabelEntry(const LabelEntry& entry);
/// Strict: kLabelEntryBytes, and CheckEntry. Errors: kInvalidArgument.
[[nodiscard]] Result<LabelEntry> DecodeLabelEntry(ByteView bytes);

/// Which function of the log's entries the map is: the rules of docs/wire-format.md under this VRF
/// key. In every state leaf, so that a log cannot change its labels in silence.
/// SHA-256("oppiloki/fold/streams/v1\n" || VRF public key)
[[nodiscard]] Sha256Digest FoldOf(const VrfPublicKey& key);

}  // namespace oppi::ledger
