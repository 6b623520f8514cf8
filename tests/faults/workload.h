#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "events/batch.h"
#include "events/ed25519.h"

/// What the victim publishes. An event follows from its number and a batch from its own, so that
/// any process can say again what another one said before it was killed, byte for byte.

namespace oppi::faults {

inline constexpr std::uint64_t kBatchEvents = 20;
inline constexpr std::uint64_t kPersons = 97;

/// Number of the person an event is about; tests::PersonId has the identifier.
[[nodiscard]] inline std::uint64_t PersonOf(std::uint64_t number) { return number % kPersons + 1; }
[[nodiscard]] inline std::uint64_t FirstOf(std::uint64_t batch) { return batch * kBatchEvents; }
[[nodiscard]] events::Event EventNumber(std::uint64_t number);
/// Signed as the publisher the key is named after, for the ledger of this origin.
[[nodiscard]] events::SignedBatch BatchNumber(std::uint64_t batch, const std::string& origin,
                                              const NamedSigningKey& key, Entropy& entropy);

/// Lines that the victim writes, each group of lines in one write that a pipe does not tear:
///   open                       the ledger is open
///   begin <batch>              before it is sent
///   event <number> <A|D> <position>   for each event of an acknowledged batch: accepted, duplicate
///   seen <size> <root, hex>    a checkpoint that was published to the victim
///   barred <number> <position> an event sent again that an erasure took
///   order <person>             before an erasure of all about this person is requested
///   erased <person> <size>     it was executed; the tree had this size when it was requested
///   failed <text>              what must not happen: the ledger refused or broke
struct Told {
  struct Event {
    std::uint64_t number = 0;
    bool duplicate = false;
    std::uint64_t position = 0;
  };
  struct Checkpoint {
    std::uint64_t size = 0;
    std::string root;
  };
  struct Erased {
    std::uint64_t person = 0;
    std::uint64_t size = 0;
  };
  bool open = false;
  std::vector<std::uint64_t> begun;
  std::vector<Event> acknowledged;
  std::vector<Checkpoint> seen;
  std::vector<Event> barred;
  std::vector<std::uint64_t> ordered;
  std::vector<Erased> erased;
  std::vector<std::string> failed;
};
/// Strict: a line that is none of these is in `failed`.
[[nodiscard]] Told ParseTold(const std::string& text);

}  // namespace oppi::faults
