#pragma once

#include "events/bytes.h"
#include "events/digest.h"
#include "events/ordinal.h"
#include "events/tree_hash.h"

namespace oppi::ledger {

/// Hash of one entry of a stream's mini log (docs/wire-format.md section 6). Pure, any thread.
[[nodiscard]] inline NodeHash StreamLeaf(LeafIndex index) {
  Bytes bytes;
  ByteWriter(bytes).U64(index.value());
  return HashLeaf(bytes);
}

}  // namespace oppi::ledger
