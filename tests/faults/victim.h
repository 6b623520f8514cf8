#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace oppi::faults {

struct VictimOptions {
  std::string directory;
  std::uint64_t first_batch = 0;     // batches from here on are new
  std::vector<std::uint64_t> again;  // batches to send first: unacknowledged ones, and old ones
  unsigned threads = 3;
  std::vector<std::uint64_t> erase;  // persons to have erased while it publishes, one after another
};

/// Opens the ledger and publishes until it is killed, telling on descriptor `told` (workload.h).
/// Returns only when something is wrong.
int RunVictim(const VictimOptions& options, int told);

/// A process that runs RunVictim.
class Victim {
 public:
  /// Aborts when it cannot be started.
  explicit Victim(const VictimOptions& options);
  ~Victim();
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;

  /// Reads what it tells for so long, or until it has said "open" if `until_open`, or until it
  /// ends.
  void Listen(std::int64_t micros, bool until_open);
  /// SIGKILL, then everything it still said. False when it had ended by itself.
  [[nodiscard]] bool Kill();
  [[nodiscard]] const std::string& told() const { return text_; }

 private:
  int pid_ = -1;
  int from_ = -1;
  bool ended_ = false;
  std::string text_;
};

}  // namespace oppi::faults
