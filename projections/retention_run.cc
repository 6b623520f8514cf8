#include "projections/retention_run.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "events/ids.h"
#include "events/limits.h"
#include "ledger/durable_file.h"

namespace oppi::projections {
namespace {

using events::Event;
using events::EventType;
using Kind = RetentionStep::Kind;

constexpr std::string_view kProgressFirstLine = "oppiloki/retention-progress/v1\n";
/// Owners at a time: some megabytes, and a million owners are gone through 20 times.
constexpr std::size_t kWindow = 50'000;
constexpr std::int64_t kBackOffFirst = kMicrosPerSecond;
constexpr std::int64_t kBackOffMax = 30 * kMicrosPerSecond;
constexpr std::int64_t kBackOffAltogether = 600 * kMicrosPerSecond;
/// Of a wait: after each it is asked whether to stop.
constexpr std::int64_t kNap = kMicrosPerSecond / 5;

/// Tags are spread evenly, so the share of what lies below one is the share of what is done.
double ShareBelow(ByteView tag) {
  double share = 0;
  double weight = 1;
  for (const char c : tag.substr(0, 4)) share += static_cast<unsigned char>(c) * (weight /= 256);
  return share;
}

void CountIn(const RetentionStep& step, RetentionReport& report) {
  if (step.kind == Kind::kCallOff) {
    ++report.not_due_again;
    return;
  }
  RetentionReport::OfRule& rule = report.rules[step.rule];
  switch (step.kind) {
    case Kind::kRequest:
    case Kind::kDecide:
      ++rule.learners;
      rule.events += step.events;
      rule.shared += step.shared;
      if (step.held) ++rule.held;
      break;
    case Kind::kWaits: ++rule.waiting; break;
    case Kind::kCalledOff: ++rule.called_off; break;
    case Kind::kCallOff: break;
  }
}

}  // namespace

Result<RetentionRun::Window> RetentionRun::NextWindow(ByteView after) const {
  Window window;
  OPPI_RETURN_IF_ERROR(ports_.stores.vault.ScanOwners([&](const ledger::OwnerRow& owner) {
    Bytes tag = ports_.stores.vault.Tag("owner", owner.name);
    if (ByteView(tag) <= after) return true;
    if (window.size() == kWindow && window.rbegin()->first < tag) return true;
    window.emplace(std::move(tag), owner.name);
    if (window.size() > kWindow) window.erase(std::prev(window.end()));
    return true;
  }));
  return window;
}

Result<RetentionRun::Chunk> RetentionRun::NextChunk(Window& window, ByteView after, std::size_t size) const {
  if (window.empty()) {
    OPPI_TRY(window, NextWindow(after));
  }
  Chunk chunk;
  for (std::size_t i = 0; i < size && !window.empty(); ++i) {
    auto first = window.extract(window.begin());
    chunk.last = std::move(first.key());
    if (events::CheckPerson(first.mapped(), false) == events::IdCheck::kOk) chunk.names.push_back(std::move(first.mapped()));
  }
  return chunk;
}

Result<std::vector<RetentionRun::Ordered>> RetentionRun::Look(const Chunk& chunk, RetentionReport& report) const {
  const auto log = ports_.view();
  OPPI_RETURN_IF_ERROR(ports_.runner.WaitFor(log->size()));
  OPPI_TRY(const auto snapshot, ports_.registry.At(*log));
  const Registry& registry = *snapshot->registry;
  const Instant now = ports_.clock.Now();
  OPPI_RETURN_IF_ERROR(CheckRetention(table_, registry.publishers(), registry.PackAt(now, log->size()), now));
  std::vector<Ordered> ordered;
  for (const std::string& learner : chunk.names) {
    ++report.persons;
    const auto facts = ReadPerson(ports_.stores, learner, log->size());
    if (!facts.ok() && facts.error().message.starts_with("UNREADABLE")) {
      ++report.unreadable;
      continue;
    }
    if (!facts.ok()) return facts.error();
    const History history(learner, registry, *facts, log->size());
    for (RetentionStep& step : StepsFor(history, table_.table, table_.requester(), now)) {
      CountIn(step, report);
      if (step.kind == Kind::kRequest || step.kind == Kind::kDecide || step.kind == Kind::kCallOff)
        ordered.push_back({learner, std::move(step)});
    }
  }
  return ordered;
}

Status RetentionRun::Publish(const std::string& principal, const std::vector<Event>& events,
                             std::vector<events::Outcome>& outcomes) const {
  for (std::size_t from = 0; from < events.size(); from += kBatchEventsMax) {
    const std::vector<Event> some(events.begin() + static_cast<std::ptrdiff_t>(from),
                                  events.begin() + static_cast<std::ptrdiff_t>(std::min(events.size(), from + kBatchEventsMax)));
    std::int64_t waited = 0;
    std::int64_t back_off = kBackOffFirst;
    for (;;) {
      const auto published = ports_.publish(principal, some);
      if (published.ok()) {
        if (published->size() != some.size()) return InvalidArgument("intake refused a batch of a retention run");
        outcomes.insert(outcomes.end(), published->begin(), published->end());
        break;
      }
      if (published.error().code != Code::kResourceExhausted) return published.error();
      if (waited >= kBackOffAltogether) return Unavailable("live traffic leaves no room for a retention run: run it again later");
      if (!Wait(back_off)) return Unavailable("the retention run was stopped: the next one goes on from there");
      waited += back_off;
      back_off = std::min(back_off * 2, kBackOffMax);
    }
  }
  return {};
}

Event RetentionRun::DecisionOn(const Ordered& order) const {
  Event event = events::MakeEvent(EventType::kErasureDecided);
  event.id = ports_.new_id();
  event.time = ports_.clock.Now();
  event.subject = order.learner;
  event.controller = ports_.controller;
  const bool call_off = order.step.kind == Kind::kCallOff;
  event.SetText("request", order.step.request).SetText("outcome", call_off ? "REFUSED" : "ACCEPTED");
  event.SetText("law_ref", table_.table.Citation() + (call_off ? ", not due any more" : ""));
  return event;
}

Status RetentionRun::Order(std::vector<Ordered> ordered, RetentionReport& report) const {
  std::vector<Event> requests;
  for (Ordered& order : ordered) {
    if (order.step.kind != Kind::kRequest) continue;
    Event request = RetentionRequest(table_.table.rules[order.step.rule], order.learner, ports_.clock.Now());
    request.id = ports_.new_id();
    request.controller = ports_.controller;
    order.step.request = request.id;
    requests.push_back(std::move(request));
  }
  std::vector<events::Outcome> outcomes;
  OPPI_RETURN_IF_ERROR(Publish(table_.requester(), requests, outcomes));
  std::vector<Event> decisions;
  std::size_t next = 0;
  for (const Ordered& order : ordered) {
    const bool accepted = order.step.kind != Kind::kRequest || outcomes[next++] == events::Outcome::kAccepted;
    if (accepted) decisions.push_back(DecisionOn(order));
    else ++report.refused;
  }
  outcomes.clear();
  OPPI_RETURN_IF_ERROR(Publish(table_.decider(), decisions, outcomes));
  for (const events::Outcome outcome : outcomes)
    if (outcome != events::Outcome::kAccepted) ++report.refused;
  return {};
}

/// Empty: from the beginning.
Result<Bytes> RetentionRun::ReadProgress() const {
  OPPI_TRY(const auto file, ledger::ReadFileIfThere(ports_.progress_file));
  const std::string mine = std::string(kProgressFirstLine) + HashText(table_.table.hash) + "\n";
  if (!file || !file->starts_with(mine) || file->back() != '\n') return Bytes();
  const auto tag = FromHex(ByteView(*file).substr(mine.size(), file->size() - mine.size() - 1));
  return tag.value_or(Bytes());
}

Status RetentionRun::WriteProgress(ByteView last) const {
  const std::string text = std::string(kProgressFirstLine) + HashText(table_.table.hash) + "\n" + ToHex(last) + "\n";
  return ledger::WriteFileDurably(ports_.progress_file, text, 0600);
}

bool RetentionRun::Wait(std::int64_t micros) const {
  if (!stop_) {
    ports_.wait(micros);
    return true;
  }
  for (std::int64_t left = micros; left > 0; left -= kNap) {
    if (stop_()) return false;
    ports_.wait(std::min(left, kNap));
  }
  return !stop_();
}

Result<RetentionReport> RetentionRun::Run(const RetentionOptions& options, const RetentionProgressFn& progress) {
  stop_ = options.stop;
  RetentionReport report;
  report.rules.resize(table_.table.rules.size());
  Bytes after;
  if (!options.dry_run) {
    OPPI_TRY(after, ReadProgress());
  }
  report.resumed = !after.empty();
  Window window;
  for (std::uint64_t chunks = 0; options.chunks_max == 0 || chunks < options.chunks_max; ++chunks) {
    const Instant begun = ports_.clock.Now();
    OPPI_TRY(const Chunk chunk, NextChunk(window, after, std::max<std::size_t>(options.chunk, 1)));
    report.finished = chunk.last.empty();
    // An empty chunk too: a table that may not be used is said so, in a ledger of nobody as well.
    OPPI_TRY(std::vector<Ordered> ordered, Look(chunk, report));
    if (!options.dry_run) {
      OPPI_RETURN_IF_ERROR(Order(std::move(ordered), report));
      OPPI_RETURN_IF_ERROR(WriteProgress(chunk.last));
    }
    if (chunk.last.empty()) break;
    after = chunk.last;
    if (progress) progress(ShareBelow(after), report.persons);
    const std::int64_t took = ports_.clock.Now().micros - begun.micros;
    if (options.per_second > 0) {
      const auto due = static_cast<std::int64_t>(static_cast<double>(chunk.names.size()) * static_cast<double>(kMicrosPerSecond) / options.per_second);
      if (took < due && !Wait(due - took)) break;
    }
    if (stop_ && stop_()) break;
  }
  return report;
}

}  // namespace oppi::projections
