#pragma once

#include "events/bytes.h"
#include "events/digest.h"

/// RFC 6962 section 2.1 hashing: batches of events and the log use the same tree.

namespace oppi {

/// SHA-256(0x00 || leaf)
[[nodiscard]] inline NodeHash HashLeaf(ByteView leaf) {
  return Sha256().Update(static_cast<unsigned char>(0x00)).Update(leaf).Final<NodeHash>();
}
/// SHA-256(0x01 || left || right)
[[nodiscard]] inline NodeHash HashChildren(const NodeHash& left, const NodeHash& right) {
  return Sha256().Update(static_cast<unsigned char>(0x01)).Update(left.view()).Update(right.view()).Final<NodeHash>();
}
/// Root of the tree without leaves: SHA-256("").
[[nodiscard]] inline RootHash EmptyRoot() { return HashOf<RootHash>(""); }
[[nodiscard]] inline RootHash AsRoot(const NodeHash& node) { return RootHash{node.bytes}; }
[[nodiscard]] inline NodeHash AsNode(const RootHash& root) { return NodeHash{root.bytes}; }

}  // namespace oppi
