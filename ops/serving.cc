#include "ops/serving.h"

#include <algorithm>
#include <chrono>

#include "consumers/http_api.h"
#include "consumers/http_server.h"
#include "consumers/retention_worker.h"
#include "ops/erasure_timer.h"
#include "ops/key_files.h"
#include "ops/metrics.h"
#include "ops/signals.h"

namespace oppi::ops {
namespace {

/// The road with a stopwatch.
class MeasuredRoad final : public consumers::Road {
 public:
  MeasuredRoad(consumers::Road& road, Metrics& metrics, const Clock& clock) : road_(road), metrics_(metrics), clock_(clock) {}
  Result<consumers::BatchReport> Ingest(consumers::RawMessage message) override {
    return Measure([&] { return road_.Ingest(std::move(message)); });
  }
  Result<consumers::BatchReport> Ingest(events::SignedBatch batch) override {
    return Measure([&] { return road_.Ingest(std::move(batch)); });
  }
  Result<consumers::BatchReport> Ingest(OwnBatch batch) override {
    return Measure([&] { return road_.Ingest(std::move(batch)); });
  }

 private:
  template <class F>
  Result<consumers::BatchReport> Measure(F&& ingest) {
    const Instant start = clock_.Now();
    Result<consumers::BatchReport> report = ingest();
    if (report.ok()) metrics_.Ingested(*report, static_cast<double>(clock_.Now().micros - start.micros) * 1e-6);
    return report;
  }
  consumers::Road& road_;
  Metrics& metrics_;
  const Clock& clock_;
};

bool AsksWitnesses(const ledger::TlogPolicy& policy) {
  return std::any_of(policy.witnesses.begin(), policy.witnesses.end(), [](const auto& witness) { return !witness.url.empty(); });
}

/// The checkpoint that is shown, and the tiles of the newest: they serve every size before it as well.
consumers::TileSource TilesShownBy(const Node& node) {
  consumers::TileSource source = consumers::TilesOf([&node] { return node.View(); });
  source.checkpoint = [&node]() -> Result<std::string> { return node.Shown()->note(); };
  return source;
}

std::vector<std::string> RemarksOn(const consumers::Cosigning* cosigning) {
  std::vector<std::string> remarks;
  if (cosigning == nullptr) return remarks;
  const consumers::Cosigning::State state = cosigning->Now();
  if (!state.met) remarks.emplace_back("the checkpoint that is shown lacks the quorum of witnesses");
  for (const auto& witness : state.witnesses)
    if (!witness.trouble.empty()) remarks.push_back("witness " + witness.name + ": " + witness.trouble);
  if (!state.trouble.empty()) remarks.push_back("cosignatures are not kept: " + state.trouble);
  return remarks;
}

}  // namespace

struct Service::Impl {
  explicit Impl(Node& n) : node(n), metrics(n), road(n.road(), metrics, n.clock()), retention(n.retention(), n.config().organisation) {}
  Node& node;
  Metrics metrics;
  MeasuredRoad road;
  consumers::RetentionWorker retention;
  std::string host;
  std::unique_ptr<consumers::HttpServer> server;
  std::unique_ptr<ErasureTimer> erasures;
};

Service::Service(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Service::~Service() {
  impl_->server->Stop();
  impl_->erasures.reset();
}

Result<std::unique_ptr<Service>> Service::Start(Node& node, const std::string& listen, const ledger::TlogPolicy& policy) {
  OPPI_RETURN_IF_ERROR(node.ViewsMayBeServed());
  if (AsksWitnesses(policy)) OPPI_RETURN_IF_ERROR(node.CollectCosignatures(policy));
  auto impl = std::make_unique<Impl>(node);
  OPPI_TRY(const consumers::HostPort where, consumers::ParseHostPort(listen));
  impl->host = where.host;
  OPPI_TRY(const NamedSigningKey operator_key, ReadKeyFile(node.KeyPath("operator")));
  const PublicKey operator_public = operator_key.key.public_key();
  Metrics* metrics = &impl->metrics;

  consumers::HttpPorts ports{
      impl->road,
      node.desk(),
      node.entropy(),
      [&node](std::string publisher, std::vector<events::BatchItem> items) {
        return node.Attest(std::move(publisher), std::move(items));
      },
      [&node](std::string_view event_id) { return node.ReceiptOf(event_id); },
      [&node](LeafIndex position) { return node.ReceiptAt(position); },
      TilesShownBy(node),
      {[&node](const projections::Asker& asker) { return node.RecordListing(asker, 0); }, [&node] { return node.View(); },
       node.config().organisation},
      [&node] { return node.NotReadyBecause(); },
      [metrics] { return metrics->Text(); },
      consumers::Access::kAnyone,
      &node.erasures(),
      &impl->retention,
      [&node] { return RemarksOn(node.cosigning()); },
  };
  consumers::ServerOptions options;
  options.listen = listen;
  OPPI_TRY(impl->server,
           consumers::HttpServer::Start(
               consumers::Router(consumers::ApiRoutes(std::move(ports))), options,
               {node.clock(),
                [operator_public, &node](std::string_view token) {
                  return consumers::CheckToken(token, operator_public, node.clock().Now());
                },
                metrics}));
  if (const std::int64_t hours = node.config().erasure_every_hours; hours > 0)
    impl->erasures = std::make_unique<ErasureTimer>(node.erasures(), std::chrono::hours(hours));
  return std::unique_ptr<Service>(new Service(std::move(impl)));
}

std::string Service::address() const { return impl_->host + ":" + std::to_string(impl_->server->port()); }

void Service::WaitForSignal() { WaitForStopSignal(); }

}  // namespace oppi::ops
