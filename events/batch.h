#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "events/bytes.h"
#include "events/commitment.h"
#include "events/digest.h"
#include "events/ed25519.h"
#include "events/event.h"
#include "events/limits.h"
#include "events/result.h"

/// What a publisher signs: one Ed25519 signature over the header of a batch, whose root covers the
/// commitments of its events (docs/wire-format.md). One event is a batch of one.

namespace oppi::events {

using BatchId = std::array<unsigned char, 16>;

struct BatchHeader {
  std::string origin;       // the ledger this batch is meant for
  std::string publisher;    // who speaks
  std::string key;          // key id: 8 hex digits of the publisher's (or the gateway's) verifier key
  std::string attested_by;  // empty: signed by the publisher itself; else the gateway that vouches
  BatchId id{};
  std::uint64_t anchor_size = 0;  // newest checkpoint the signer had seen; 0 = none
  RootHash anchor_root{};
  std::uint16_t count = 0;
  RootHash root{};  // RFC 6962 tree hash whose leaf inputs are the items' 32-byte commitments
  friend bool operator==(const BatchHeader&, const BatchHeader&) = default;
};

/// The exact bytes that are signed, and that the log keeps.
[[nodiscard]] Bytes EncodeHeader(const BatchHeader& header);
[[nodiscard]] Result<BatchHeader> DecodeHeader(ByteView bytes);

struct BatchItem {
  Encoding encoding = Encoding::kJson;
  Salt salt{};
  Bytes bytes;  // exactly what the publisher made
};

/// A document that events of the batch refer to by its SHA-256 in `correlation` (original records
/// that are kept as evidence). Sealed for `subject`, never part of the log.
struct Attachment {
  std::string subject;
  std::string media_type;
  Bytes bytes;
};

struct SignedBatch {
  BatchHeader header;
  Signature signature{};
  std::vector<BatchItem> items;
  std::vector<Attachment> attachments;
};

/// Root over commitments, RFC 6962.
[[nodiscard]] RootHash BatchRoot(const std::vector<Commitment>& commitments);

/// Fills in count and root, and signs. `header` gives origin, publisher, key, id and anchor.
[[nodiscard]] SignedBatch SignBatch(BatchHeader header, std::vector<BatchItem> items,
                                    const SigningKey& key, std::vector<Attachment> attachments = {});

/// Wire forms. Decoders are strict and bounded; they check form, not signatures.
[[nodiscard]] Bytes EncodeBatch(const SignedBatch& batch);                 // FlatBuffers, id "OPBA"
[[nodiscard]] Result<SignedBatch> DecodeBatch(ByteView bytes);
[[nodiscard]] std::string EncodeBatchJson(const SignedBatch& batch);
[[nodiscard]] Result<SignedBatch> DecodeBatchJson(ByteView bytes);

}  // namespace oppi::events
