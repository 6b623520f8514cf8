#include "ledger/label_proof.h"

#include <string>
#include <utility>

#include "events/check.h"

namespace oppi::ledger {
namespace {

constexpr std::uint8_t kVersion = 1;
enum There : std::uint8_t { kAbsent = 0, kThere = 1 };

bool KindFits(const LabelProof& proof) {
  if (std::holds_alternative<LabelProof::Stream>(proof.shows))
    return proof.kind != LabelKind::kEntry;
  return !std::holds_alternative<LabelProof::Entry>(proof.shows) || proof.kind == LabelKind::kEntry;
}

/// The label and the blind that the VRF proof shows for a name.
Result<Labelled> Derive(const LabelProof& proof, const LabelName& name, const VrfPublicKey& key) {
  if (proof.kind != name.kind || !KindFits(proof))
    return InvalidArgument("label proof: of another kind");
  OPPI_TRY(const VrfOutput output, VerifyVrf(key, VrfInput(name), proof.vrf));
  return LabelledBy(output);
}

}  // namespace

Bytes EncodeLabelProof(const LabelProof& proof) {
  OPPI_CHECK(KindFits(proof));
  Bytes bytes;
  ByteWriter w(bytes);
  w.U8(kVersion);
  w.U8(static_cast<std::uint8_t>(proof.kind));
  const auto* absent = std::get_if<LabelProof::Absent>(&proof.shows);
  w.U8(absent != nullptr ? kAbsent : kThere);
  w.Raw(proof.vrf.view());
  if (absent != nullptr) {
    w.Raw(EncodeMapAbsence(*absent));
  } else if (const auto* stream = std::get_if<LabelProof::Stream>(&proof.shows)) {
    w.Raw(EncodeStreamHead(stream->head));
    w.Raw(EncodeMapPath(stream->path));
  } else {
    const auto& entry = std::get<LabelProof::Entry>(proof.shows);
    w.Raw(EncodeLabelEntry(entry.entry));
    w.Raw(EncodeMapPath(entry.path));
  }
  return bytes;
}

Result<LabelProof> DecodeLabelProof(ByteView bytes) {
  if (bytes.size() > kLabelProofBytesMax)
    return InvalidArgument("label proof: longer than any, " + std::to_string(bytes.size()) +
                           " bytes");
  ByteReader r(bytes);
  if (r.U8() != kVersion) return InvalidArgument("label proof: unknown version");
  const std::uint8_t kind = r.U8();
  const std::uint8_t there = r.U8();
  const ByteView vrf = r.Raw(kVrfProofBytes);
  if (!r.ok()) return InvalidArgument("label proof: cut short");
  if (kind < static_cast<std::uint8_t>(LabelKind::kLearnerStream) ||
      kind > static_cast<std::uint8_t>(LabelKind::kActorStream))
    return InvalidArgument("label proof: unknown kind");
  if (there > kThere) return InvalidArgument("label proof: neither there nor absent");
  LabelProof proof;
  proof.kind = static_cast<LabelKind>(kind);
  OPPI_TRY(proof.vrf, ParseVrfProof(vrf));
  if (there == kAbsent) {
    OPPI_TRY(proof.shows, merkle::DecodeMapAbsence(r.rest()));
    return proof;
  }
  if (proof.kind == LabelKind::kEntry) {
    LabelProof::Entry shows;
    OPPI_TRY(shows.entry, DecodeLabelEntry(r.Raw(kLabelEntryBytes)));
    OPPI_TRY(shows.path, merkle::DecodeMapPath(r.rest()));
    proof.shows = std::move(shows);
  } else {
    LabelProof::Stream shows;
    OPPI_TRY(shows.head, DecodeStreamHead(r.Raw(kStreamHeadBytes)));
    OPPI_TRY(shows.path, merkle::DecodeMapPath(r.rest()));
    proof.shows = std::move(shows);
  }
  return proof;
}

Result<std::optional<StreamHead>> VerifyStreamProof(const LabelProof& proof, const LabelName& name,
                                                    const VrfPublicKey& key,
                                                    const merkle::MapRoot& root) {
  if (name.kind == LabelKind::kEntry) return InvalidArgument("label proof: not of a stream");
  OPPI_TRY(const Labelled derived, Derive(proof, name, key));
  if (const auto* absent = std::get_if<LabelProof::Absent>(&proof.shows)) {
    OPPI_RETURN_IF_ERROR(merkle::VerifyMapAbsence(derived.label, *absent, root));
    return std::optional<StreamHead>();
  }
  const auto& stream = std::get<LabelProof::Stream>(proof.shows);
  if (stream.head.count == 0) return InvalidArgument("label proof: a stream without entries");
  OPPI_RETURN_IF_ERROR(merkle::VerifyMapInclusion(
      {derived.label, ValueOf(stream.head, derived.blind)}, stream.path, root));
  return std::optional(stream.head);
}

Result<ProvedEntry> VerifyEntryProof(const LabelProof& proof, std::string_view identifier,
                                     const VrfPublicKey& key, const merkle::MapRoot& root) {
  OPPI_TRY(const LabelName name, EntryOf(identifier));
  OPPI_TRY(const Labelled derived, Derive(proof, name, key));
  if (const auto* absent = std::get_if<LabelProof::Absent>(&proof.shows)) {
    OPPI_RETURN_IF_ERROR(merkle::VerifyMapAbsence(derived.label, *absent, root));
    return ProvedEntry{std::nullopt, derived.blind};
  }
  const auto& entry = std::get<LabelProof::Entry>(proof.shows);
  OPPI_RETURN_IF_ERROR(CheckEntry(entry.entry));
  OPPI_RETURN_IF_ERROR(merkle::VerifyMapInclusion(
      {derived.label, ValueOf(entry.entry, derived.blind)}, entry.path, root));
  return ProvedEntry{entry.entry, derived.blind};
}

}  // namespace oppi::ledger
