#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ops/node.h"
#include "tests/faults/workload.h"

namespace oppi::faults {

/// What a ledger has said to the victims it had, and whether it still stands by it.
class Survivor {
 public:
  /// What one victim told. Contradictions of what earlier ones were told are problems.
  void Hear(const Told& told);

  /// Opens the ledger and checks, naming problems: what was acknowledged is there once and where it
  /// was said to be; what was published is a prefix of what there is; fsck. `views`: that a rebuild
  /// gives the same views, too.
  void Examine(const std::string& directory, bool views);

  /// Opens it once more, executes every erasure that was decided, and checks that one generation of keys
  /// is left, that nothing waits, and everything of Examine.
  void Finish(const std::string& directory);

  /// Batches that were begun and never acknowledged.
  [[nodiscard]] std::vector<std::uint64_t> Unacknowledged() const;
  /// Batches that were.
  [[nodiscard]] std::vector<std::uint64_t> Acknowledged() const;
  [[nodiscard]] std::uint64_t next_batch() const { return next_batch_; }

  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }
  [[nodiscard]] std::uint64_t acknowledged() const { return positions_.size(); }
  [[nodiscard]] std::uint64_t duplicates() const { return duplicates_; }
  [[nodiscard]] std::uint64_t tree_size() const { return tree_size_; }
  /// Events found after a kill that nobody had been told of: durable, but their answer was lost.
  [[nodiscard]] std::uint64_t unheard() const { return unheard_.size(); }
  /// Erasures that a victim was told were executed.
  [[nodiscard]] std::uint64_t erasures() const { return erasures_; }
  /// Entries found erased at the last examination.
  [[nodiscard]] std::uint64_t erased_entries() const { return erased_entries_; }

 private:
  void Problem(std::string what) { problems_.push_back(std::move(what)); }
  void CheckEvents(const ops::Node& node);
  /// What is left of an event that was erased.
  void CheckErased(const ledger::CommittedEvent& there, const std::map<std::uint64_t, std::uint64_t>& numbers_at,
                   std::set<std::uint64_t>& found);
  void CheckPrefix(const ops::Node& node);
  void CheckFsck(ops::Node& node);
  void CheckViews(ops::Node& node);

  std::map<std::uint64_t, std::uint64_t> positions_;  // of each acknowledged event, by number
  std::set<std::uint64_t> begun_;
  std::set<std::uint64_t> answered_;           // batches
  std::map<std::uint64_t, std::string> seen_;  // root of each published size
  std::set<std::uint64_t> ordered_;            // persons whose erasure was requested, or may have been
  std::set<std::uint64_t> barred_;             // events that were not taken again, being erased
  std::map<std::uint64_t, std::uint64_t> erased_;  // persons: nothing below this size may open
  std::uint64_t erasures_ = 0;
  std::uint64_t erased_entries_ = 0;
  std::uint64_t next_batch_ = 0;
  std::uint64_t duplicates_ = 0;
  std::set<std::uint64_t> unheard_;
  std::uint64_t tree_size_ = 0;
  std::vector<std::string> problems_;
};

}  // namespace oppi::faults
