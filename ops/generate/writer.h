#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "events/event.h"
#include "events/result.h"
#include "ops/generate/generate.h"
#include "ops/generate/random.h"

/// Collects the events of one chapter and hands them on in publication order.

namespace oppi::ops {

/// In the order in which a chapter is published: nobody refers to somebody below.
enum class Publisher : std::uint8_t {
  kRegistrar,
  kDpo,
  kDvv,
  kSis,
  kPortal,
  kGateway,
  kVendor,
  kLedger
};
inline constexpr std::size_t kPublishers = 8;
/// System part of the publisher's source, which is also its name.
[[nodiscard]] std::string_view SystemOf(Publisher publisher);

class Writer {
 public:
  using Sink = std::function<Status(const Planned&)>;
  /// `sink` must outlive the writer.
  Writer(const Random& random, const Sink& sink);

  /// A new event of this chapter with id, source, time and - unless it is a registry event -
  /// controller filled in. The reference is valid until Flush.
  events::Event& Add(Publisher publisher, events::EventType type, Instant time,
                     std::string_view subject = {});
  /// The same, for events that intake will not simply accept.
  Planned& Plan(Publisher publisher, events::EventType type, Instant time,
                std::string_view subject = {});

  /// Ends the chapter: publisher by publisher, by time.
  [[nodiscard]] Status Flush();

  /// Events handed on so far: a log size that no later event's position lies below.
  [[nodiscard]] std::uint64_t emitted() const { return summary_.events; }
  [[nodiscard]] const YearSummary& summary() const { return summary_; }

 private:
  Random ids_;
  const Sink& sink_;
  std::array<std::deque<Planned>, kPublishers> chapter_;
  YearSummary summary_;
};

}  // namespace oppi::ops
