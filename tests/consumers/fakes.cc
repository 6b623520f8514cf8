#include "tests/consumers/fakes.h"

#include <utility>

#include "events/check.h"

namespace oppi::tests {

using consumers::BatchReport;

void Gate::Wait() {
  std::unique_lock lock(mu_);
  ++arrived_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return open_; });
}

void Gate::Open() {
  const std::lock_guard lock(mu_);
  open_ = true;
  changed_.notify_all();
}

void Gate::AwaitArrivals(std::size_t n) {
  std::unique_lock lock(mu_);
  changed_.wait(lock, [this, n] { return arrived_ >= n; });
}

BatchReport Accepted(std::size_t n) {
  BatchReport report;
  for (std::size_t i = 0; i < n; ++i) {
    consumers::ItemReport item;
    item.item = static_cast<std::uint16_t>(i);
    item.outcome = events::Outcome::kAccepted;
    item.position = LeafIndex(i);
    item.recorded = kTestNow;
    report.items.push_back(item);
  }
  report.size = TreeSize(n);
  report.checkpoint = "note\n";
  return report;
}

Result<BatchReport> FakeRoad::Ingest(consumers::RawMessage message) {
  std::function<Result<BatchReport>(const consumers::RawMessage&)> answer;
  {
    const std::lock_guard lock(mu_);
    messages_.push_back(message);
    answer = answer_;
  }
  return answer ? answer(message) : Accepted(1);
}

Result<BatchReport> FakeRoad::Ingest(events::SignedBatch batch) {
  return Accepted(batch.items.size());
}

Result<BatchReport> FakeRoad::Ingest(OwnBatch batch) {
  return Accepted(batch().items.size());
}

void FakeRoad::Say(std::function<Result<BatchReport>(const consumers::RawMessage&)> answer) {
  const std::lock_guard lock(mu_);
  answer_ = std::move(answer);
}

std::vector<consumers::RawMessage> FakeRoad::messages() const {
  const std::lock_guard lock(mu_);
  return messages_;
}

Result<std::string> FakeDesk::Answer(const projections::Question& question,
                                     const projections::Asker& asker) {
  std::function<Result<std::string>()> answer;
  {
    const std::lock_guard lock(mu_);
    asked_.push_back({question, asker});
    answer = answer_;
  }
  return answer ? answer() : std::string(R"({"result":"fine"})");
}

void FakeDesk::Say(std::function<Result<std::string>()> answer) {
  const std::lock_guard lock(mu_);
  answer_ = std::move(answer);
}

std::vector<FakeDesk::Asked> FakeDesk::asked() const {
  const std::lock_guard lock(mu_);
  return asked_;
}

void FakeObserver::Observed(std::string_view route, unsigned status, double seconds) {
  const std::lock_guard lock(mu_);
  seen_.push_back({std::string(route), status, seconds});
}

std::vector<FakeObserver::Seen> FakeObserver::seen() const {
  const std::lock_guard lock(mu_);
  return seen_;
}

consumers::ServerOptions TestServer::Options() {
  consumers::ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.limits.per_remote = {};
  options.limits.per_principal = {};
  options.limits.drain_time_max = std::chrono::seconds(5);
  return options;
}

TestServer::TestServer(consumers::ServerOptions options)
    : operator_key(SigningKey::Generate(entropy)) {
  const PublicKey key = operator_key.public_key();
  auto started = consumers::HttpServer::Start(
      consumers::Router(consumers::ApiRoutes(Ports())), std::move(options),
      {clock,
       [this, key](std::string_view token) {
         return consumers::CheckToken(token, key, clock.Now());
       },
       &observer});
  OPPI_CHECK(started.ok());
  server = std::move(*started);
}

TestServer::~TestServer() { server.reset(); }

std::string TestServer::Token(std::string principal, std::string publisher) const {
  consumers::Claims claims;
  claims.asker = {std::move(principal), "TEACHER", "1.2.246.562.10.34648391018", "TEACHING"};
  claims.publisher = std::move(publisher);
  claims.expires = kTestNow + 3600 * kMicrosPerSecond;
  return consumers::IssueToken(claims, operator_key);
}

consumers::HttpPorts TestServer::Ports() {
  consumers::HttpPorts ports{road, desk, entropy, {}, {},
                             {},   {},   {},      {}, {}, consumers::Access::kAnyone};
  ports.attest = [this](std::string publisher,
                        std::vector<events::BatchItem> items) -> Result<BatchReport> {
    const std::lock_guard lock(mu);
    attested.push_back({std::move(publisher), items});
    return Accepted(items.size());
  };
  ports.receipt_of_event = [this](std::string_view id) -> Result<std::string> {
    const std::lock_guard lock(mu);
    const auto found = receipts.find(std::string(id));
    if (found == receipts.end()) return NotFound("no such event");
    return found->second;
  };
  ports.receipt_at = [](LeafIndex position) -> Result<std::string> {
    return "c2sp.org/tlog-proof@v1\nindex " + std::to_string(position.value()) + "\n";
  };
  ports.tiles.checkpoint = [this]() -> Result<std::string> {
    const std::lock_guard lock(mu);
    return checkpoint;
  };
  ports.tiles.tile = [this](const ledger::merkle::TileId& id) -> Result<Bytes> {
    const std::lock_guard lock(mu);
    const auto found = tiles.find(ledger::merkle::TilePath(id));
    if (found == tiles.end()) return NotFound("no such tile");
    return found->second;
  };
  ports.not_ready_because = [this] {
    const std::lock_guard lock(mu);
    return not_ready;
  };
  ports.metrics = [] { return std::string("oppiloki_up 1\n"); };
  return ports;
}

}  // namespace oppi::tests
