#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "events/event.h"
#include "events/ordinal.h"
#include "events/result.h"
#include "events/time.h"
#include "ledger/checkpoint.h"
#include "ledger/leaf.h"
#include "projections/evidence_file.h"
#include "projections/fact.h"

/// The entries of an evidence file as a verifier has them: each proved to be in the log, each event to
/// be what its publisher signed. Nothing of it is believed. Errors: kUnauthenticated with what does
/// not hold, in plain words.

namespace oppi::projections {

/// What a verifier says of something that does not hold.
[[nodiscard]] Error Failed(std::string what);
/// "entry 17"
[[nodiscard]] std::string EntryText(LeafIndex index);

class ProvedLog {
 public:
  [[nodiscard]] static Result<ProvedLog> Of(const Evidence& evidence, const ledger::Checkpoint& checkpoint);

  /// nullptr when the entry is not in the file, or of another kind.
  template <class T>
  [[nodiscard]] const T* Find(LeafIndex index) const {
    const auto it = leaves_.find(index);
    return it == leaves_.end() ? nullptr : std::get_if<T>(&it->second.body);
  }
  /// nullopt when the entry is not in the file.
  [[nodiscard]] std::optional<Instant> Recorded(LeafIndex index) const;
  [[nodiscard]] std::size_t size() const { return leaves_.size(); }

 private:
  std::map<LeafIndex, ledger::Leaf> leaves_;
};

/// How much of an event the file shows.
enum class Opening : std::uint8_t { kClear, kFull, kType, kClosed };

struct ProvedEvent {
  Opening opening = Opening::kClosed;
  events::EventType type{};  // not of what is closed
  Fact fact;                 // of what is clear or opened in full; without content of what is closed
};
using ProvedEvents = std::map<LeafIndex, ProvedEvent>;

/// Batches, signatures under keys that the log registers, commitments of what is shown.
[[nodiscard]] Result<ProvedEvents> ProveEvents(const Evidence& evidence, const ProvedLog& log, std::string_view origin);

}  // namespace oppi::projections
