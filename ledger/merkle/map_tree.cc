#include "ledger/merkle/map_tree.h"

#include <algorithm>
#include <array>
#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "events/check.h"
#include "ledger/merkle/map_bits.h"
#include "ledger/merkle/node_arena.h"

namespace oppi::ledger::merkle {
namespace {

using Entries = std::span<const MapEntry>;

/// Number of a node: in the arena of leaves if the highest bit is set, else in that of inner nodes.
using Ref = std::uint32_t;
constexpr Ref kLeafBit = Ref{1} << 31;
constexpr Ref kNothing = ~Ref{0};
constexpr bool IsLeaf(Ref ref) { return (ref & kLeafBit) != 0; }

struct Inner {
  MapNode hash;
  Ref left;
  Ref right;
  std::uint8_t bit;
};
static_assert(sizeof(Inner) == 44 && sizeof(MapEntry) == 64);  // 108 bytes a key

/// So many ways down are followed at a time.
constexpr std::size_t kFetched = 16;

/// A subtree with its hash at hand.
struct Sub {
  Ref ref = kNothing;
  MapNode hash{};
};

/// The first bit in which some entry differs from `key`; kKeyBits when none does. The first and the
/// last of sorted entries tell for all between them.
unsigned FirstDeparture(const MapKey& key, Entries entries) {
  return std::min(FirstDifference(key, entries.front().key),
                  FirstDifference(key, entries.back().key));
}

struct Refs {
  std::vector<Ref> leaves;
  std::vector<Ref> inner;
  void Add(Ref ref) {
    if (IsLeaf(ref))
      leaves.push_back(ref & ~kLeafBit);
    else
      inner.push_back(ref);
  }
  void Clear() {
    leaves.clear();
    inner.clear();
  }
};

}  // namespace

struct MapTree::State {
  // Nodes are written by the writer before the view that reaches them is published under the mutex,
  // and used again after the last view that reached them has said so under the mutex.
  NodeArena<MapEntry> leaves;
  NodeArena<Inner> inner;

  // The writer's.
  Sub top;  // of what is prepared
  std::uint64_t size = 0;
  Refs made;      // since the last commit
  Refs replaced;  // of these, some may have been made since, too
  struct Garbage {
    std::uint64_t version;  // the last one that could reach it
    Refs refs;
  };
  std::deque<Garbage> garbage;  // versions ascend

  mutable std::mutex mutex;
  // Guarded by mutex.
  std::shared_ptr<const View> committed;
  std::set<std::uint64_t> live;  // versions of which there is a view

  [[nodiscard]] MapNode HashOf(Ref ref) const {
    return IsLeaf(ref) ? HashMapLeaf(leaves[ref & ~kLeafBit]) : inner[ref].hash;
  }
  [[nodiscard]] Sub Old(Ref ref) const { return {ref, HashOf(ref)}; }
  [[nodiscard]] const MapEntry& Leaf(Ref ref) const { return leaves[ref & ~kLeafBit]; }
  /// Any key below a node: it has the bits that all of them share.
  [[nodiscard]] const MapKey& SomeKey(Ref ref) const {
    while (!IsLeaf(ref)) ref = inner[ref].left;
    return Leaf(ref).key;
  }

  Sub NewLeaf(const MapEntry& entry) {
    const Ref ref = leaves.Take() | kLeafBit;
    leaves[ref & ~kLeafBit] = entry;
    made.Add(ref);
    return {ref, HashMapLeaf(entry)};
  }
  Sub NewInner(unsigned bit, const Sub& left, const Sub& right) {
    const Ref ref = inner.Take();
    const auto byte = static_cast<std::uint8_t>(bit);
    // Not read back from the node: that would wait for memory.
    const Sub made_now{ref, HashMapInner(left.hash, right.hash, byte)};
    Inner& node = inner[ref];
    node.hash = made_now.hash;
    node.left = left.ref;
    node.right = right.ref;
    node.bit = byte;
    made.Add(ref);
    return made_now;
  }

  void Fetch(Ref ref) const {
    if (IsLeaf(ref))
      Prefetch(&Leaf(ref), sizeof(MapEntry));
    else
      Prefetch(&inner[ref], sizeof(Inner));
  }
  void FetchWays(Ref node, Entries changes) const;

  Sub Build(Entries entries);
  Sub Change(Ref node, unsigned from, Entries changes);
  Sub Diverge(Ref node, const MapKey& key, unsigned bit, Entries changes);
  void Collect();
};

/// Subtrees that wait for what comes right of them; their bits ascend.
struct MapTree::Stack {
  struct Waiting {
    Sub left;
    unsigned bit;
  };
  std::vector<Waiting> waiting;
  Sub current;
  MapKey last{};

  void Add(State& state, const MapEntry& entry) {
    if (current.ref != kNothing) {
      const unsigned bit = FirstDifference(last, entry.key);
      Close(state, static_cast<int>(bit));
      waiting.push_back({current, bit});
    }
    current = state.NewLeaf(entry);
    last = entry.key;
  }
  /// Joins everything below an inner node of this bit; all that is left: -1.
  void Close(State& state, int bit) {
    while (!waiting.empty() && static_cast<int>(waiting.back().bit) > bit) {
      current = state.NewInner(waiting.back().bit, waiting.back().left, current);
      waiting.pop_back();
    }
  }
  Sub Finish(State& state) {
    Close(state, -1);
    return current;
  }
};

/// Requires one entry or more.
Sub MapTree::State::Build(Entries entries) {
  size += entries.size();
  if (entries.size() == 1) return NewLeaf(entries.front());
  Stack stack;
  for (const MapEntry& entry : entries) stack.Add(*this, entry);
  return stack.Finish(*this);
}

/// The subtree `node`, of which `key` is one, with changes of which some leave its way at `bit`.
Sub MapTree::State::Diverge(Ref node, const MapKey& key, unsigned bit, Entries changes) {
  const bool right = BitOf(key, bit);
  const auto [clear, set] = SplitAt(changes, bit);
  const Entries here = right ? set : clear;
  const Sub mine = here.empty() ? Old(node) : Change(node, bit + 1, here);
  const Sub other = Build(right ? clear : set);
  return right ? NewInner(bit, other, mine) : NewInner(bit, mine, other);
}

/// Asks the memory for the nodes that these changes will touch, all ways a step at a time: one
/// after the other each step would wait for the one before it.
void MapTree::State::FetchWays(Ref node, Entries changes) const {
  std::array<Ref, kFetched> at;
  at.fill(node);
  for (bool more = true; more;) {
    more = false;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (IsLeaf(at[i])) continue;
      const Inner& here = inner[at[i]];
      Fetch(here.left);  // one is on the way, the other's hash is needed
      Fetch(here.right);
      at[i] = BitOf(changes[i].key, here.bit) ? here.right : here.left;
      more = true;
    }
  }
}

/// The subtree `node` with these changes. They and all keys below agree in the bits before `from`.
/// Recursion is at most 256 deep: `from` grows.
Sub MapTree::State::Change(Ref node, unsigned from, Entries changes) {
  if (IsLeaf(node)) {
    const MapEntry& leaf = Leaf(node);
    const unsigned bit = FirstDeparture(leaf.key, changes);
    if (bit != kKeyBits) return Diverge(node, leaf.key, bit, changes);
    if (leaf.value == changes.front().value) return Old(node);
    replaced.Add(node);
    return NewLeaf(changes.front());
  }
  const Inner& old = inner[node];
  if (old.bit > from) {  // else there is no bit in which a change could leave
    const MapKey& key = SomeKey(node);
    const unsigned bit = FirstDeparture(key, changes);
    if (bit < old.bit) return Diverge(node, key, bit, changes);
  }
  const auto [clear, set] = SplitAt(changes, old.bit);
  if (changes.size() > kFetched) {
    if (clear.size() <= kFetched) FetchWays(old.left, clear);
    if (set.size() <= kFetched) FetchWays(old.right, set);
  }
  const Sub left = clear.empty() ? Old(old.left) : Change(old.left, old.bit + 1U, clear);
  const Sub right = set.empty() ? Old(old.right) : Change(old.right, old.bit + 1U, set);
  if (left.ref == old.left && right.ref == old.right) return {node, old.hash};
  replaced.Add(node);
  return NewInner(old.bit, left, right);
}

/// Takes back what no view can reach any more.
void MapTree::State::Collect() {
  std::uint64_t oldest = 0;
  {
    const std::scoped_lock lock(mutex);
    oldest = *live.begin();  // the committed view is always there
  }
  while (!garbage.empty() && garbage.front().version < oldest) {
    leaves.Give(garbage.front().refs.leaves);
    inner.Give(garbage.front().refs.inner);
    garbage.pop_front();
  }
}

MapTree::View::View(std::shared_ptr<State> state, std::uint64_t version, Ref top,
                    std::uint64_t size, const MapRoot& root)
    : state_(std::move(state)), version_(version), top_(top), size_(size), root_(root) {}

MapTree::View::~View() {
  const std::scoped_lock lock(state_->mutex);
  state_->live.erase(version_);
}

std::optional<MapValue> MapTree::View::Find(const MapKey& key) const {
  if (top_ == kNothing) return std::nullopt;
  Ref ref = top_;
  while (!IsLeaf(ref)) {
    const Inner& node = state_->inner[ref];
    ref = BitOf(key, node.bit) ? node.right : node.left;
  }
  const MapEntry& leaf = state_->Leaf(ref);
  return leaf.key == key ? std::optional(leaf.value) : std::nullopt;
}

namespace {

/// Where a search for `key` ends, and the way back. Requires a node.
template <class State>
std::pair<MapEntry, MapPath> Search(const State& state, Ref ref, const MapKey& key) {
  MapPath path;
  path.reserve(64);
  while (!IsLeaf(ref)) {
    const Inner& node = state.inner[ref];
    const bool right = BitOf(key, node.bit);
    path.push_back({node.bit, state.HashOf(right ? node.left : node.right)});
    ref = right ? node.right : node.left;
  }
  std::reverse(path.begin(), path.end());
  return {state.Leaf(ref), std::move(path)};
}

}  // namespace

Result<MapTree::View::Included> MapTree::View::ProveInclusion(const MapKey& key) const {
  if (top_ == kNothing) return NotFound("map: empty");
  auto [entry, path] = Search(*state_, top_, key);
  if (entry.key != key) return NotFound("map: no such key");
  return Included{entry.value, std::move(path)};
}

Result<MapAbsence> MapTree::View::ProveAbsence(const MapKey& key) const {
  if (top_ == kNothing) return MapAbsence{};
  auto [entry, path] = Search(*state_, top_, key);
  if (entry.key == key) return AlreadyExists("map: the key is there");
  return MapAbsence{entry, std::move(path)};
}

MapTree::Builder::Builder()
    : state_(std::make_shared<State>()), stack_(std::make_unique<Stack>()) {}
MapTree::Builder::~Builder() = default;

Status MapTree::Builder::Add(const MapEntry& entry) {
  if (state_->size > 0 && !(stack_->last < entry.key))
    return InvalidArgument("map: the keys do not strictly ascend");
  ++state_->size;
  stack_->Add(*state_, entry);
  state_->made.Clear();  // nothing to go back to
  return {};
}

std::unique_ptr<MapTree> MapTree::Builder::Finish() {
  state_->top = stack_->Finish(*state_);
  return std::unique_ptr<MapTree>(new MapTree(std::move(state_)));
}

MapTree::MapTree() : MapTree(std::make_shared<State>()) {}

MapTree::MapTree(std::shared_ptr<State> state) : state_(std::move(state)) { (void)Commit(); }

/// A view keeps the state; the state must not keep its view for ever.
MapTree::~MapTree() {
  std::shared_ptr<const View> last;
  {
    const std::scoped_lock lock(state_->mutex);
    last.swap(state_->committed);
  }
}

std::shared_ptr<const MapTree::View> MapTree::Committed() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->committed;
}

Result<MapRoot> MapTree::Prepare(Entries changes) {
  const auto bad =
      std::adjacent_find(changes.begin(), changes.end(),
                         [](const MapEntry& a, const MapEntry& b) { return !(a.key < b.key); });
  if (bad != changes.end()) return InvalidArgument("map: the keys do not strictly ascend");
  State& s = *state_;
  s.Collect();
  if (s.top.ref != kNothing && changes.size() <= kFetched) s.FetchWays(s.top.ref, changes);
  if (!changes.empty())
    s.top = s.top.ref == kNothing ? s.Build(changes) : s.Change(s.top.ref, 0, changes);
  return PreparedRoot();
}

MapRoot MapTree::PreparedRoot() const {
  return state_->top.ref == kNothing ? EmptyMapRoot() : MapRoot{state_->top.hash.bytes};
}

std::shared_ptr<const MapTree::View> MapTree::Commit() {
  State& s = *state_;
  std::shared_ptr<const View> before = Committed();
  const std::uint64_t version = before == nullptr ? 1 : before->version_ + 1;
  const std::shared_ptr<const View> view(
      new View(state_, version, s.top.ref, s.size, PreparedRoot()));
  s.garbage.push_back({version - 1, std::exchange(s.replaced, {})});
  s.made.Clear();
  {
    const std::scoped_lock lock(s.mutex);
    s.live.insert(version);
    s.committed = view;
  }
  return view;  // `before` goes after the lock: its end takes it
}

void MapTree::Discard() {
  State& s = *state_;
  s.leaves.Give(s.made.leaves);
  s.inner.Give(s.made.inner);
  s.replaced.Clear();
  const std::shared_ptr<const View> view = Committed();
  s.size = view->size_;
  s.top = view->top_ == kNothing ? Sub{} : s.Old(view->top_);
}

MapTree::Use MapTree::use() const {
  const State& s = *state_;
  return {s.leaves.in_use(), s.inner.in_use(), s.leaves.bytes() + s.inner.bytes()};
}

}  // namespace oppi::ledger::merkle
