#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "events/result.h"
#include "ledger/merkle/mpt.h"

/// The served form of the map of mpt.h: the same roots and proofs, with the inner nodes kept, so
/// that a batch of k changes among n keys costs about k * log2(n / k) hashes and a proof log2(n)
/// steps. Nothing here is stored: the nodes are derived from the sorted entries, which somebody
/// else keeps (ledger/label_rows.h).
///
/// Readers beside the writer: a node is never changed once it is made. A batch makes new nodes
/// along the ways it touches (copy on write) and shares all others; committing it publishes one new
/// root. A view pins what it reads, without locks; the nodes that a later commit replaced are used
/// again when no view that can reach them is left.
///
/// About 108 bytes a key, and for every batch about 500 bytes a change until its views are gone.
///
/// Invariants
///  I1 Root and proofs are those of RootOfMap, ProveMapInclusion, ProveMapAbsence over the entries.
///  I2 A view answers the same for as long as it is held.
///  I3 What was prepared is seen by nobody before Commit, and leaves nothing behind after Discard.

namespace oppi::ledger::merkle {

class MapTree {
  struct State;
  struct Stack;

 public:
  /// The map as of one commit. Any thread; may outlive the tree. Hold it for the length of an
  /// answer: while it lives, nodes that were replaced since are kept.
  class View {
   public:
    ~View();
    View(const View&) = delete;
    View& operator=(const View&) = delete;

    [[nodiscard]] const MapRoot& root() const { return root_; }
    /// Number of keys.
    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] std::optional<MapValue> Find(const MapKey& key) const;

    struct Included {
      MapValue value;
      MapPath path;
    };
    /// Errors: kNotFound when the key is not there.
    [[nodiscard]] Result<Included> ProveInclusion(const MapKey& key) const;
    /// Errors: kAlreadyExists when the key is there.
    [[nodiscard]] Result<MapAbsence> ProveAbsence(const MapKey& key) const;

   private:
    friend class MapTree;
    View(std::shared_ptr<State> state, std::uint64_t version, std::uint32_t top, std::uint64_t size,
         const MapRoot& root);
    const std::shared_ptr<State> state_;
    const std::uint64_t version_;
    const std::uint32_t top_;
    const std::uint64_t size_;
    const MapRoot root_;
  };

  /// Makes a tree of entries that come in ascending order, in one pass: a hash or two an entry.
  class Builder {
   public:
    Builder();
    ~Builder();
    Builder(const Builder&) = delete;
    Builder& operator=(const Builder&) = delete;
    /// Errors: kInvalidArgument unless the key is above all before it.
    [[nodiscard]] Status Add(const MapEntry& entry);
    /// Call once.
    [[nodiscard]] std::unique_ptr<MapTree> Finish();

   private:
    std::shared_ptr<State> state_;
    std::unique_ptr<Stack> stack_;
  };

  /// Empty.
  MapTree();
  ~MapTree();
  MapTree(const MapTree&) = delete;
  MapTree& operator=(const MapTree&) = delete;

  /// What was committed last. Any thread.
  [[nodiscard]] std::shared_ptr<const View> Committed() const;

  // The writer: one thread.

  /// Sets these keys, new or there already, on top of what is committed and prepared, and says the
  /// root that committing will give. Errors, and nothing is changed: kInvalidArgument unless the
  /// keys strictly ascend.
  [[nodiscard]] Result<MapRoot> Prepare(std::span<const MapEntry> changes);
  /// Of what is prepared, of what is committed if nothing is.
  [[nodiscard]] MapRoot PreparedRoot() const;
  /// Shows what was prepared.
  std::shared_ptr<const View> Commit();
  /// Forgets what was prepared.
  void Discard();

  struct Use {
    std::uint64_t leaves = 0;  // nodes that some view or the writer can reach
    std::uint64_t inner = 0;
    std::uint64_t bytes = 0;  // of memory, free nodes included
  };
  [[nodiscard]] Use use() const;

 private:
  explicit MapTree(std::shared_ptr<State> state);
  const std::shared_ptr<State> state_;
};

}  // namespace oppi::ledger::merkle
