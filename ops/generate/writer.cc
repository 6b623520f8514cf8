#include "ops/generate/writer.h"

#include <algorithm>
#include <vector>

#include "events/ids.h"
#include "ops/generate/people.h"

namespace oppi::ops {
namespace {

constexpr std::array<std::string_view, kPublishers> kSystems = {
    "registrar", "dpo", "dvv", "sis", "portal", "gateway", "vendor-one", "ledger"};

}  // namespace

std::string_view SystemOf(Publisher publisher) {
  return kSystems[static_cast<std::size_t>(publisher)];
}

Writer::Writer(const Random& random, const Sink& sink) : ids_(random.Fork("ids")), sink_(sink) {}

Planned& Writer::Plan(Publisher publisher, events::EventType type, Instant time,
                      std::string_view subject) {
  Planned& planned = chapter_[static_cast<std::size_t>(publisher)].emplace_back();
  planned.publisher = SystemOf(publisher);
  planned.event = events::MakeEvent(type);
  events::Event& event = planned.event;
  event.id = events::MakeUuidV7(time, ids_);
  event.source = "urn:oid:" + ControllerOid() + "/" + planned.publisher;
  event.time = time;
  event.subject = subject;
  if (event.info().subject != events::SubjectRule::kAbsent) event.controller = ControllerOid();
  return planned;
}

events::Event& Writer::Add(Publisher publisher, events::EventType type, Instant time,
                           std::string_view subject) {
  return Plan(publisher, type, time, subject).event;
}

Status Writer::Flush() {
  for (std::deque<Planned>& of_publisher : chapter_) {
    std::vector<const Planned*> in_order;
    in_order.reserve(of_publisher.size());
    for (const Planned& planned : of_publisher) in_order.push_back(&planned);
    // Stable: a correction carries the time of what it corrects, and was added after it.
    std::stable_sort(in_order.begin(), in_order.end(), [](const Planned* a, const Planned* b) {
      return a->event.time < b->event.time;
    });
    for (const Planned* planned : in_order) {
      OPPI_RETURN_IF_ERROR(sink_(*planned));
      ++summary_.events;
      if (planned->expected == events::Outcome::kQuarantined) ++summary_.quarantined;
      if (planned->expected == events::Outcome::kRejected) ++summary_.refused;
    }
    of_publisher.clear();
  }
  return {};
}

}  // namespace oppi::ops
