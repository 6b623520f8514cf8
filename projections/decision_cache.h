#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "events/entropy.h"
#include "ledger/committed.h"
#include "projections/decided.h"
#include "projections/decision_bounds.h"

/// Decisions in memory, by learner and question. An entry is an answer of the fold together with
/// everything under which the fold would say the same again:
///
///   t in [from, until)             nothing that the fold compares t with lies between
///   registry mark                  the registry says the same
///   facts_end <= S                 the view sees every fact that the answer rests on
///   nothing said since read_at     no event that moves decisions came into the learner's stream
///
/// so a view of another size may use it, and a view that lacks a fact, or has one more, never does.
///
/// I1  Whoever is told of an event (Committed) before an answer is looked up finds no older answer.
/// I2  What was forgotten is gone from memory when Forget returns, and nothing that was read before
///     is kept afterwards.
/// I3  At most bytes_max bytes, keys and bookkeeping included (the table of stamps, 8 MiB, beside it).
///
/// Learners and questions are named by keyed 128-bit hashes under a key of this process; what is kept
/// of an answer names events and, where consents are missing, guardians.

namespace oppi::projections {

class DecisionCache {
 public:
  struct Options {
    std::size_t bytes_max = 512U << 20;
  };
  DecisionCache(Options options, Entropy& entropy, TreeSize told);
  ~DecisionCache();
  DecisionCache(const DecisionCache&) = delete;
  DecisionCache& operator=(const DecisionCache&) = delete;

  /// A question with its view, as entries are found by it.
  struct Asked;
  struct Key {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Asked {
    Key learner;
    Key question;  // everything but learner, times, sizes and op
    Instant at{};
    TreeSize size{0};           // S of the view
    TreeSize registry_mark{0};  // RegistrySnapshot::mark
  };
  [[nodiscard]] Asked Name(const Question& question, const View& view, TreeSize registry_mark) const;

  [[nodiscard]] std::optional<Decided> Find(const Asked& asked);

  struct Found {
    Steady steady;
    TreeSize read_at{0};    // the learner's facts were read up to here
    TreeSize facts_end{0};  // behind the last of them
  };
  /// Keeps the fold's answer, unless the learner was forgotten or something was said since `read_at`.
  void Keep(const Asked& asked, const Found& found, const Decided& decided);

  /// The writer thread, after each publication, in log order and before anybody waits for its views.
  void Committed(const ledger::CommittedGroup& group);

  /// Everything about the person (one identifier), or about everybody. For erasure; any thread.
  void Forget(std::string_view person);
  void ForgetAll();

  struct Counts {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t learners = 0;
    std::uint64_t answers = 0;
    std::uint64_t bytes = 0;
  };
  [[nodiscard]] Counts counts() const;

 private:
  struct Shard;
  [[nodiscard]] Key Hash(std::string_view text) const;
  [[nodiscard]] std::atomic<std::uint64_t>& StampOf(const Key& learner) const;
  [[nodiscard]] Shard& ShardOf(const Key& learner) const;
  /// Nothing that was read before this size may be used.
  void Raise(std::atomic<std::uint64_t>& stamp, std::uint64_t size) const;

  const Options options_;
  std::array<unsigned char, 16> hash_key_{};
  /// By some bits of the learner's key: behind the last event that moved decisions. Learners who share a
  /// stamp only miss more often.
  std::unique_ptr<std::atomic<std::uint64_t>[]> stamps_;
  std::atomic<std::uint64_t> everybody_{0};  // a stamp that is every learner's
  std::atomic<std::uint64_t> told_;          // Committed knows of everything below
  std::unique_ptr<Shard[]> shards_;
};

}  // namespace oppi::projections
