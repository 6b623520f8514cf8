#include "ledger/state_receipt.h"

#include <string>
#include <utility>

#include "events/check.h"
#include "events/tree_hash.h"

namespace oppi::ledger {
namespace {

constexpr std::uint8_t kVersion = 1;
static_assert(kLabelProofBytesMax <= UINT16_MAX && kReceiptProofsMax <= UINT8_MAX);

Result<StateReceipt> ReceiptOf(const TlogProof& proof) {
  if (!proof.extra) return InvalidArgument("state receipt: the proof has no extra line");
  return DecodeStateReceipt(*proof.extra);
}

/// The last step: what the leaf says, once it is known to be at this index.
Result<ProvedState> At(StateReceipt receipt, LeafIndex index, Checkpoint checkpoint) {
  OPPI_TRY(const Leaf leaf, DecodeLeaf(receipt.leaf));
  ProvedState state;
  state.leaf = std::get<StateLeaf>(leaf.body);
  state.recorded = leaf.recorded;
  state.index = index;
  if (state.leaf.covers != TreeSize(index.value()))
    return InvalidArgument("state receipt: the entry at " + std::to_string(index.value()) +
                           " says that it covers " + std::to_string(state.leaf.covers.value()));
  state.current = SizeAfter(index) == checkpoint.size;
  state.checkpoint = std::move(checkpoint);
  state.vrf_key = receipt.vrf_key;
  state.proofs = std::move(receipt.proofs);
  return state;
}

}  // namespace

Bytes EncodeStateReceipt(const StateReceipt& receipt) {
  OPPI_CHECK(receipt.leaf.size() == kStateLeafBytes && receipt.proofs.size() <= kReceiptProofsMax);
  Bytes bytes;
  ByteWriter w(bytes);
  w.U8(kVersion);
  w.Raw(receipt.leaf);
  w.Raw(receipt.vrf_key.view());
  w.U8(static_cast<std::uint8_t>(receipt.proofs.size()));
  for (const LabelProof& proof : receipt.proofs) {
    const Bytes encoded = EncodeLabelProof(proof);
    w.U16(static_cast<std::uint16_t>(encoded.size()));
    w.Raw(encoded);
  }
  return bytes;
}

Result<StateReceipt> DecodeStateReceipt(ByteView bytes) {
  ByteReader r(bytes);
  if (r.U8() != kVersion) return InvalidArgument("state receipt: unknown version");
  StateReceipt receipt;
  receipt.leaf = r.Raw(kStateLeafBytes);
  const ByteView key = r.Raw(receipt.vrf_key.bytes.size());
  const std::size_t proofs = r.U8();
  if (!r.ok()) return InvalidArgument("state receipt: cut short");
  OPPI_TRY(const Leaf leaf, DecodeLeaf(receipt.leaf));
  const auto* state = std::get_if<StateLeaf>(&leaf.body);
  if (state == nullptr) return InvalidArgument("state receipt: of an entry that is no state");
  OPPI_TRY(receipt.vrf_key, ParseVrfPublicKey(key));
  if (FoldOf(receipt.vrf_key) != state->fold)
    return InvalidArgument("state receipt: the VRF key is not the one of the entry");
  if (proofs > kReceiptProofsMax)
    return InvalidArgument("state receipt: " + std::to_string(proofs) + " proofs, at most " +
                           std::to_string(kReceiptProofsMax));
  for (std::size_t i = 0; i < proofs; ++i) {
    const ByteView encoded = r.Raw(r.U16());
    if (!r.ok()) return InvalidArgument("state receipt: cut short");
    OPPI_TRY(LabelProof proof, DecodeLabelProof(encoded));
    receipt.proofs.push_back(std::move(proof));
  }
  if (!r.done()) return InvalidArgument("state receipt: wrong length");
  return receipt;
}

Result<ProvedState> VerifyStateReceipt(const TlogProof& proof, const VerifierKey& log) {
  OPPI_TRY(StateReceipt receipt, ReceiptOf(proof));
  OPPI_TRY(Checkpoint checkpoint, VerifyTlogProof(proof, HashLeaf(receipt.leaf), log));
  return At(std::move(receipt), proof.index, std::move(checkpoint));
}

Result<ProvedState> VerifyStateReceipt(const TlogProof& proof, const TlogPolicy& policy) {
  OPPI_TRY(StateReceipt receipt, ReceiptOf(proof));
  OPPI_TRY(TrustedCheckpoint trusted, VerifyTlogProof(proof, HashLeaf(receipt.leaf), policy));
  return At(std::move(receipt), proof.index, std::move(trusted.checkpoint));
}

}  // namespace oppi::ledger
