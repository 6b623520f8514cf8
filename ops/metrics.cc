#include "ops/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <map>
#include <mutex>

namespace oppi::ops {
namespace {

/// 50 us doubling to about 6.5 s, and 10 s.
prometheus::Histogram::BucketBoundaries Seconds() {
  prometheus::Histogram::BucketBoundaries bounds;
  for (double b = 50e-6; b < 10; b *= 2) bounds.push_back(b);
  bounds.push_back(10);
  return bounds;
}

}  // namespace

struct Metrics::Impl {
  explicit Impl(Node& n)
      : node(n),
        tree_size(prometheus::BuildGauge().Name("ledger_tree_size").Help("Entries under the published checkpoint").Register(registry).Add({})),
        lag(prometheus::BuildGauge().Name("projection_lag_events").Help("Entries that the views do not have yet").Register(registry).Add({})),
        items(prometheus::BuildCounter().Name("ledger_events_total").Help("Events that came in, by outcome and code").Register(registry)),
        ingest(prometheus::BuildHistogram().Name("ledger_ingest_duration_seconds").Help("From a batch at the door to its durable receipt").Register(registry).Add({}, Seconds())),
        shown(prometheus::BuildGauge().Name("ledger_shown_size").Help("Entries under the checkpoint that is shown to all").Register(registry).Add({})),
        quorum(prometheus::BuildGauge().Name("ledger_shown_quorum").Help("1: the quorum of witnesses has cosigned what is shown").Register(registry)),
        witness_size(prometheus::BuildGauge().Name("witness_cosigned_size").Help("Entries under the newest checkpoint that a witness cosigned").Register(registry)),
        witness_answers(prometheus::BuildGauge().Name("witness_answers").Help("Answers of a witness since the start, by what they were").Register(registry)),
        requests(prometheus::BuildHistogram().Name("http_request_duration_seconds").Help("HTTP requests by route and status class").Register(registry)) {}

  prometheus::Counter& Items(events::Outcome outcome, events::ErrorCode code) {
    const std::scoped_lock lock(mutex);
    auto& cached = item_counters[{outcome, code}];
    if (cached == nullptr)
      cached = &items.Add({{"outcome", std::string(events::OutcomeName(outcome))}, {"code", std::string(events::ErrorName(code))}});
    return *cached;
  }

  void Witnessed(const consumers::Cosigning::State& state) {
    quorum.Add({}).Set(state.met ? 1 : 0);
    for (const auto& witness : state.witnesses) {
      witness_size.Add({{"witness", witness.name}}).Set(static_cast<double>(witness.cosigned.value()));
      witness_answers.Add({{"witness", witness.name}, {"kind", "cosigned"}}).Set(static_cast<double>(witness.cosignatures));
      for (const auto& [kind, count] : witness.failures)
        witness_answers.Add({{"witness", witness.name}, {"kind", kind}}).Set(static_cast<double>(count));
    }
  }

  Node& node;
  prometheus::Registry registry;
  prometheus::Gauge& tree_size;
  prometheus::Gauge& lag;
  prometheus::Family<prometheus::Counter>& items;
  prometheus::Histogram& ingest;
  prometheus::Gauge& shown;
  prometheus::Family<prometheus::Gauge>& quorum;
  prometheus::Family<prometheus::Gauge>& witness_size;
  prometheus::Family<prometheus::Gauge>& witness_answers;
  prometheus::Family<prometheus::Histogram>& requests;
  std::mutex mutex;
  std::map<std::pair<events::Outcome, events::ErrorCode>, prometheus::Counter*> item_counters;
};

Metrics::Metrics(Node& node) : impl_(std::make_unique<Impl>(node)) {}
Metrics::~Metrics() = default;

void Metrics::Observed(std::string_view route, unsigned status, double seconds) {
  impl_->requests.Add({{"route", std::string(route)}, {"status", std::to_string(status / 100) + "xx"}}, Seconds()).Observe(seconds);
}

void Metrics::Ingested(const consumers::BatchReport& report, double seconds) {
  impl_->ingest.Observe(seconds);
  if (report.error != events::ErrorCode::kNone) {
    impl_->Items(events::Outcome::kRejected, report.error).Increment();
    return;
  }
  // A batch has few kinds of outcomes: count first, look up once.
  std::map<std::pair<events::Outcome, events::ErrorCode>, double> counts;
  for (const consumers::ItemReport& item : report.items) counts[{item.outcome, item.code}] += 1;
  for (const auto& [kind, count] : counts) impl_->Items(kind.first, kind.second).Increment(count);
}

std::string Metrics::Text() {
  const auto size = impl_->node.View()->size().value();
  const auto cursor = impl_->node.runner().cursor().value();
  impl_->tree_size.Set(static_cast<double>(size));
  impl_->lag.Set(static_cast<double>(size > cursor ? size - cursor : 0));
  impl_->shown.Set(static_cast<double>(impl_->node.Shown()->size().value()));
  if (const consumers::Cosigning* cosigning = impl_->node.cosigning()) impl_->Witnessed(cosigning->Now());
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace oppi::ops
