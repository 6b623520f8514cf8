#include "projections/decision_cache.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <list>

namespace oppi::projections {
namespace {

constexpr std::size_t kStamps = 1U << 20;
constexpr std::size_t kShards = 64;
/// More questions about one learner than this: the oldest goes.
constexpr std::size_t kAnswersMax = 16;

struct KeyHash {
  std::size_t operator()(const DecisionCache::Key& key) const { return key.low; }  // random already
};

struct AnswerSlot {
  DecisionCache::Key question;
  DecisionCache::Found found;
  TreeSize registry_mark{0};
  Bytes decided;
};

struct Learner {
  DecisionCache::Key key;
  std::vector<AnswerSlot> answers;  // oldest first
};
using Learners = std::list<Learner>;  // asked for last, first

std::size_t BytesOf(const Learner& learner) {
  // A node of the list, a node of the map with its bucket, and what allocations cost; each text has an
  // allocation of its own.
  std::size_t bytes = 128 + learner.answers.capacity() * sizeof(AnswerSlot) + 16;
  for (const AnswerSlot& slot : learner.answers) bytes += slot.decided.capacity() + 17;
  return bytes;
}

}  // namespace

/// Who was asked about longest ago goes first.
struct DecisionCache::Shard {
  mutable std::mutex mutex;
  Learners learners;
  std::unordered_map<Key, Learners::iterator, KeyHash> by_key;
  std::size_t bytes = 0;
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;

  /// nullptr: not there.
  Learner* Find(const Key& key) {
    const auto it = by_key.find(key);
    if (it == by_key.end()) return nullptr;
    learners.splice(learners.begin(), learners, it->second);
    return &*it->second;
  }
  Learner& FindOrAdd(const Key& key) {
    if (Learner* there = Find(key)) return *there;
    learners.push_front({key, {}});
    by_key.emplace(key, learners.begin());
    bytes += BytesOf(learners.front());
    return learners.front();
  }
  void Erase(const Key& key) {
    const auto it = by_key.find(key);
    if (it == by_key.end()) return;
    bytes -= BytesOf(*it->second);
    learners.erase(it->second);
    by_key.erase(it);
  }
  void Trim(std::size_t bytes_max) {
    while (bytes > bytes_max && !learners.empty()) Erase(Key(learners.back().key));
  }
};

DecisionCache::DecisionCache(Options options, Entropy& entropy, TreeSize told)
    : options_(options),
      stamps_(std::make_unique<std::atomic<std::uint64_t>[]>(kStamps)),
      told_(told.value()),
      shards_(std::make_unique<Shard[]>(kShards)) {
  static_assert(crypto_shorthash_siphashx24_KEYBYTES == sizeof(hash_key_));
  entropy.Fill(hash_key_);
}

DecisionCache::~DecisionCache() = default;

DecisionCache::Key DecisionCache::Hash(std::string_view text) const {
  static_assert(crypto_shorthash_siphashx24_BYTES == sizeof(Key));
  std::array<unsigned char, sizeof(Key)> out;
  crypto_shorthash_siphashx24(out.data(), reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash_key_.data());
  Key key;
  std::memcpy(&key, out.data(), sizeof(key));
  return key;
}

DecisionCache::Asked DecisionCache::Name(const Question& question, const View& view, TreeSize registry_mark) const {
  Bytes text;
  text.reserve(160);
  ByteWriter out(text);
  for (const std::string* member : {&question.controller, &question.purpose, &question.recipient}) out.Long(*member);
  for (const std::string& category : question.categories) out.Long(category);
  return {Hash(question.learner), Hash(text), view.at, view.size, registry_mark};
}

std::atomic<std::uint64_t>& DecisionCache::StampOf(const Key& learner) const { return stamps_[learner.high % kStamps]; }
DecisionCache::Shard& DecisionCache::ShardOf(const Key& learner) const { return shards_[(learner.high >> 32) % kShards]; }

void DecisionCache::Raise(std::atomic<std::uint64_t>& stamp, std::uint64_t size) const {
  std::uint64_t before = stamp.load(std::memory_order_relaxed);
  while (before < size && !stamp.compare_exchange_weak(before, size)) {
  }
}

std::optional<Decided> DecisionCache::Find(const Asked& asked) {
  // Until it is told of everything in the view it cannot know whether an answer still holds.
  const bool told = asked.size.value() <= told_.load(std::memory_order_acquire);
  Shard& shard = ShardOf(asked.learner);
  Bytes bytes;
  {
    const std::scoped_lock lock(shard.mutex);
    const Learner* learner = told ? shard.Find(asked.learner) : nullptr;
    const std::uint64_t stamp = std::max(StampOf(asked.learner).load(), everybody_.load());
    if (learner != nullptr)
      for (const AnswerSlot& slot : learner->answers)
        if (slot.question == asked.question && slot.registry_mark == asked.registry_mark && slot.found.steady.Holds(asked.at) &&
            slot.found.facts_end <= asked.size && asked.registry_mark <= asked.size && stamp <= slot.found.read_at.value())
          bytes = slot.decided;
    ++(bytes.empty() ? shard.misses : shard.hits);
  }
  if (bytes.empty()) return std::nullopt;
  auto decided = DecodeDecided(bytes);
  OPPI_CHECK(decided.ok());
  return std::move(decided).value();
}

void DecisionCache::Keep(const Asked& asked, const Found& found, const Decided& decided) {
  if (asked.size < found.facts_end || asked.size < asked.registry_mark) return;  // the view saw less than there is
  AnswerSlot slot{asked.question, found, asked.registry_mark, EncodeDecided(decided)};
  slot.decided.shrink_to_fit();
  Shard& shard = ShardOf(asked.learner);
  const std::scoped_lock lock(shard.mutex);
  // Under the lock that Forget takes after it has raised the stamp.
  if (std::max(StampOf(asked.learner).load(), everybody_.load()) > found.read_at.value()) return;
  Learner& learner = shard.FindOrAdd(asked.learner);
  shard.bytes -= BytesOf(learner);
  std::erase_if(learner.answers, [&](const AnswerSlot& old) { return old.question == asked.question; });
  if (learner.answers.size() == kAnswersMax) learner.answers.erase(learner.answers.begin());
  learner.answers.reserve(learner.answers.size() + 1);
  learner.answers.push_back(std::move(slot));
  shard.bytes += BytesOf(learner);
  shard.Trim(options_.bytes_max / kShards);
}

void DecisionCache::Committed(const ledger::CommittedGroup& group) {
  for (const auto& event : group.events) {
    if (!MovesDecisions(event->event.info())) continue;
    for (const std::string_view subject : event->event.Subjects())
      Raise(StampOf(Hash(subject)), SizeAfter(event->position).value());
  }
  told_.store(group.size.value(), std::memory_order_release);
}

void DecisionCache::Forget(std::string_view person) {
  const Key key = Hash(person);
  Raise(StampOf(key), told_.load() + 1);
  Shard& shard = ShardOf(key);
  const std::scoped_lock lock(shard.mutex);
  shard.Erase(key);
}

void DecisionCache::ForgetAll() {
  Raise(everybody_, told_.load() + 1);
  for (std::size_t i = 0; i < kShards; ++i) {
    Shard& shard = shards_[i];
    const std::scoped_lock lock(shard.mutex);
    shard.by_key.clear();
    shard.learners.clear();
    shard.bytes = 0;
  }
}

DecisionCache::Counts DecisionCache::counts() const {
  Counts counts;
  for (std::size_t i = 0; i < kShards; ++i) {
    const Shard& shard = shards_[i];
    const std::scoped_lock lock(shard.mutex);
    counts.hits += shard.hits;
    counts.misses += shard.misses;
    counts.bytes += shard.bytes;
    counts.learners += shard.learners.size();
    for (const Learner& learner : shard.learners) counts.answers += learner.answers.size();
  }
  return counts;
}

}  // namespace oppi::projections
