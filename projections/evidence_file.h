#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/batch.h"
#include "events/commitment.h"
#include "events/digest.h"
#include "events/ordinal.h"
#include "events/result.h"
#include "ledger/label.h"
#include "ledger/label_proof.h"
#include "ledger/vrf.h"
#include "projections/authorise.h"
#include "projections/fact.h"
#include "projections/question.h"

/// Evidence: one file that holds an answer and everything that is needed to check it offline - the log
/// entries it rests on and that there are no others, the opened events, the batches that publishers
/// signed, the registry events that say whose keys those are, and the checkpoint
/// (docs/wire-format.md, evidence). The format alone: no log, no store.

namespace oppi::projections {

/// What is said to be so.
struct Claim {
  Question question;   // `reason`, `evidence`, `limit` and `after` are not part of it
  Access access;       // what the asker was allowed to see: `controller` and `special_category`
  View view;
  std::string result;  // JSON, exactly as answered
  std::uint64_t count = 0;
};

/// One entry of the log, as the file has it.
struct EvidenceEntry {
  LeafIndex index{0};
  Bytes leaf;
  std::optional<std::vector<NodeHash>> nodes;  // of a batch that events of the file name
  std::optional<events::BatchItem> opened;     // exact bytes and salt
  std::optional<events::PartOpening> part;     // or the type alone
};

struct StreamEvidence {
  ledger::Handle handle;
  ledger::HandleSalt salt{};
  ledger::LabelProof proof;
  std::vector<LeafIndex> entries;
};

/// What the stream map says of an identifier.
struct IdentifierEvidence {
  std::string name;
  ledger::LabelProof proof;
  std::vector<ledger::LabelEntry> earlier;  // newest first
  std::vector<StreamEvidence> streams;
};

/// The state entry that the proofs of identifiers and streams hold under.
struct StateEvidence {
  LeafIndex index{0};
  ledger::VrfPublicKey vrf_key;
};

/// Which events an execution took.
struct ErasureEvidence {
  LeafIndex execution{0};
  std::vector<LeafIndex> covered;
};

struct Evidence {
  Claim claim;
  std::string checkpoint;
  std::vector<NodeHash> nodes;                  // multi-inclusion of the entries in the checkpoint's tree
  std::optional<StateEvidence> state;           // nullopt: the file does not show that it is complete
  std::vector<IdentifierEvidence> identifiers;  // empty without state
  std::vector<ErasureEvidence> erasures;        // ascending
  std::vector<EvidenceEntry> entries;           // ascending
};

inline constexpr std::size_t kEvidenceBytesMax = std::size_t{1} << 28;

/// The bytes of the claim's object.
[[nodiscard]] std::string ClaimJson(const Claim& claim);
[[nodiscard]] Sha256Digest ClaimHash(const Claim& claim);

[[nodiscard]] std::string EncodeEvidence(const Evidence& evidence);
/// Strict and bounded: EncodeEvidence(DecodeEvidence(t)) == t. Errors: kInvalidArgument
/// "evidence: ...".
[[nodiscard]] Result<Evidence> DecodeEvidence(std::string_view json);

}  // namespace oppi::projections
