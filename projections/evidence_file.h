#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/batch.h"
#include "events/digest.h"
#include "events/ordinal.h"
#include "events/result.h"
#include "projections/answer.h"
#include "projections/question.h"

/// Evidence: one file that holds an answer and everything that is needed to check it offline - the log
/// entries it rests on with their inclusion proofs, the opened events, the batches that publishers
/// signed, the registry events that say whose keys those are, and the checkpoint
/// (docs/wire-format.md, "Evidence"). The format alone: no log, no store.

namespace oppi::projections {

/// One entry of the log, as the file has it.
struct EvidenceEntry {
  LeafIndex index{0};
  Bytes leaf;
  std::vector<NodeHash> path;                // inclusion in the checkpoint's tree
  std::optional<events::BatchItem> opened;   // exact bytes and salt; absent: erased, public or a batch
  std::vector<NodeHash> batch_path;          // inclusion of the commitment in the signed batch
};

struct Evidence {
  Question question;
  Access access;       // what the asker was allowed to see: part of how the answer was made
  View view;
  std::string result;  // JSON, exactly as answered
  std::uint64_t count = 0;
  std::string checkpoint;
  std::vector<EvidenceEntry> entries;  // ascending
};

[[nodiscard]] std::string EncodeEvidence(const Evidence& evidence);
/// Strict and bounded. Errors: kInvalidArgument "evidence: ...".
[[nodiscard]] Result<Evidence> DecodeEvidence(std::string_view json);

}  // namespace oppi::projections
