#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "events/bytes.h"
#include "events/result.h"
#include "ledger/label.h"
#include "ledger/merkle/mpt.h"
#include "ledger/vrf.h"

/// Proof of what the stream map holds under a name: how many entries a stream has, what there is of
/// an identifier, or that there is nothing. Checked under the log's VRF key and a map root, both
/// from a state leaf (ledger/state_receipt.h). Pure functions, any thread; part of what a verifier
/// is made of.

namespace oppi::ledger {

struct LabelProof {
  struct Stream {
    StreamHead head;
    merkle::MapPath path;
    friend bool operator==(const Stream&, const Stream&) = default;
  };
  struct Entry {
    LabelEntry entry;
    merkle::MapPath path;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  using Absent = merkle::MapAbsence;

  LabelKind kind = LabelKind::kEntry;
  VrfProof vrf;
  std::variant<Absent, Stream, Entry> shows;  // Entry if and only if the kind is kEntry
  friend bool operator==(const LabelProof&, const LabelProof&) = default;
};

/// The longest there is: an entry at a depth of 256.
inline constexpr std::size_t kLabelProofBytesMax = 3 + kVrfProofBytes + kLabelEntryBytes + 256 * 33;

/// version 1 (1) || kind (1) || there (1: 0 or 1) || VRF proof (80)
///   there 0: the absence of merkle::EncodeMapAbsence
///   there 1: stream head (40) or entry (69), then the path of merkle::EncodeMapPath
[[nodiscard]] Bytes EncodeLabelProof(const LabelProof& proof);
/// Strict: EncodeLabelProof(DecodeLabelProof(b)) == b. Errors: kInvalidArgument, with the reason.
[[nodiscard]] Result<LabelProof> DecodeLabelProof(ByteView bytes);

/// What the map of this root holds under the name of a stream; nullopt: nothing.
/// Errors: kInvalidArgument, with the reason.
[[nodiscard]] Result<std::optional<StreamHead>> VerifyStreamProof(const LabelProof& proof,
                                                                  const LabelName& name,
                                                                  const VrfPublicKey& key,
                                                                  const merkle::MapRoot& root);

struct ProvedEntry {
  std::optional<LabelEntry> entry;  // nullopt: this log has never had anything of the identifier
  Blind blind;                      // for VerifyEarlierEntry
};
/// What the map of this root holds of an identifier. Errors: kInvalidArgument, with the reason.
[[nodiscard]] Result<ProvedEntry> VerifyEntryProof(const LabelProof& proof,
                                                   std::string_view identifier,
                                                   const VrfPublicKey& key,
                                                   const merkle::MapRoot& root);

}  // namespace oppi::ledger
