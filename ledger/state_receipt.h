#pragma once

#include <vector>

#include "events/bytes.h"
#include "events/ordinal.h"
#include "events/result.h"
#include "ledger/checkpoint.h"
#include "ledger/label_proof.h"
#include "ledger/leaf.h"
#include "ledger/tlog_policy.h"
#include "ledger/tlog_proof.h"

/// Label proofs with all that they rest on, as one C2SP tlog-proof: its `extra` holds the state
/// leaf, the VRF key that the leaf binds and the proofs; its index, path and checkpoint prove the
/// leaf. Pure functions, any thread; part of what a verifier is made of.

namespace oppi::ledger {

inline constexpr std::size_t kReceiptProofsMax = 16;
inline constexpr std::size_t kStateLeafBytes = 90;

struct StateReceipt {
  Bytes leaf;  // exactly as it lies in the log
  VrfPublicKey vrf_key;
  std::vector<LabelProof> proofs;  // at most kReceiptProofsMax
  friend bool operator==(const StateReceipt&, const StateReceipt&) = default;
};
/// version 1 (1) || leaf (90) || VRF public key (32) || number (1) || per proof: u16 length, bytes
[[nodiscard]] Bytes EncodeStateReceipt(const StateReceipt& receipt);
/// Strict: EncodeStateReceipt(DecodeStateReceipt(b)) == b. The leaf must be a state leaf of this
/// VRF key. Errors: kInvalidArgument, with the reason.
[[nodiscard]] Result<StateReceipt> DecodeStateReceipt(ByteView bytes);

/// A state leaf that is proved to be in a log, and what came with it.
struct ProvedState {
  StateLeaf leaf;
  Instant recorded{};
  LeafIndex index{0};
  Checkpoint checkpoint;
  /// The map covers every entry of the checkpoint but the leaf itself. Otherwise entries from
  /// index + 1 on are not in it.
  bool current = false;
  VrfPublicKey vrf_key;
  std::vector<LabelProof> proofs;  // to be verified under vrf_key and leaf.map_root
};
/// Errors: kInvalidArgument and kUnauthenticated, those of VerifyTlogProof and DecodeStateReceipt
/// among them.
[[nodiscard]] Result<ProvedState> VerifyStateReceipt(const TlogProof& proof,
                                                     const VerifierKey& log);
[[nodiscard]] Result<ProvedState> VerifyStateReceipt(const TlogProof& proof,
                                                     const TlogPolicy& policy);

}  // namespace oppi::ledger
