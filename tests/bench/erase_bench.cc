// 1,000 of a million learners erased, every other key wrapped again, while publishers go on publishing.

#include <atomic>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>
#include <thread>

#include "events/ids.h"
#include "ledger/sealing.h"
#include "tests/bench/bench.h"
#include "tests/bench/bench_node.h"
#include "tests/bench/workload.h"

namespace oppi::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLearners = 1'000'000;
constexpr std::uint64_t kErased = 1'000;
constexpr std::uint64_t kEventsOfErased = 50;
constexpr int kPublishers = 4;

std::string Learner(std::uint64_t number) { return "urn:oid:" + events::PersonOid(10'000'000 + number); }

WorkloadOptions Load(std::uint64_t first, std::size_t batches, std::uint64_t learners) {
  WorkloadOptions load;
  load.first = first;
  load.batches = batches;
  load.learners = learners;
  load.seed = first + 1;
  load.origin = kBenchOrigin;
  load.source = "urn:oid:" + events::OrganisationOid(2) + "/vendor-one";
  load.controller = events::OrganisationOid(2);
  return load;
}

/// Publishers that send what they are given until it is gone or they are told to stop.
class Traffic {
 public:
  Traffic(ops::Node& node, std::vector<events::SignedBatch> batches) : batches_(std::move(batches)) {
    for (int t = 0; t < kPublishers; ++t)
      threads_.emplace_back([this, &node] {
        for (std::size_t i = next_++; i < batches_.size() && !stop_; i = next_++)
          accepted_ += Must(node.road().Ingest(std::move(batches_[i]))).Count(events::Outcome::kAccepted);
      });
  }
  ~Traffic() { Stop(); }
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;
  void Wait() {
    for (std::thread& t : threads_)
      if (t.joinable()) t.join();
  }
  /// What was accepted until now.
  std::uint64_t Stop() {
    const std::uint64_t accepted = accepted_;
    stop_ = true;
    Wait();
    return accepted;
  }
  [[nodiscard]] bool used_up() const { return next_ >= batches_.size(); }

 private:
  std::vector<events::SignedBatch> batches_;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

/// Events per second of these batches, nothing else going on.
double IngestRate(ops::Node& node, std::vector<events::SignedBatch> batches) {
  const double events = static_cast<double>(batches.size() * batches.front().items.size());
  const Stopwatch watch;
  Traffic(node, std::move(batches)).Wait();
  return events / watch.seconds();
}

void PublishOrders(ops::Node& node, const NamedSigningKey& asking, const NamedSigningKey& deciding) {
  std::vector<events::Event> requests;
  for (std::uint64_t i = 0; i < kErased; ++i) {
    events::Event event = events::MakeEvent(events::EventType::kErasureRequested);
    event.time = node.clock().Now();
    event.id = events::MakeUuidV7(event.time, node.entropy());
    event.source = "urn:oid:" + node.config().organisation + "/" + asking.name;
    event.subject = Learner(i * (kLearners / kErased));
    event.controller = node.config().organisation;
    event.SetList("classes", {"S1", "S2", "S3", "S4", "C"}).SetText("ground", "REQUEST");
    requests.push_back(std::move(event));
  }
  if (Must(node.PublishAs(asking, requests)).Count(events::Outcome::kAccepted) != kErased) GiveUp("requests were refused");
  for (events::Event& event : requests) {
    events::Event decided = events::MakeEvent(events::EventType::kErasureDecided);
    decided.time = node.clock().Now();
    decided.source = "urn:oid:" + node.config().organisation + "/" + deciding.name;
    decided.subject = event.subject;
    decided.controller = event.controller;
    decided.SetText("request", event.id).SetText("outcome", "ACCEPTED");
    decided.id = events::MakeUuidV7(decided.time, node.entropy());
    event = std::move(decided);
  }
  if (Must(node.PublishAs(deciding, requests)).Count(events::Outcome::kAccepted) != kErased) GiveUp("decisions were refused");
}

/// The floor: as many rows of the same size, opened, sealed and written by the bare libraries.
double SecondsToSealAgain(const std::string& path, std::uint64_t rows) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kNoCompression;
  rocksdb::DB* raw = nullptr;
  if (!rocksdb::DB::Open(options, path, &raw).ok()) GiveUp("cannot open " + path);
  const std::unique_ptr<rocksdb::DB> db(raw);
  SeededEntropy entropy(5);
  const ledger::SecretKey key(entropy.Array<32>());
  const Bytes plain = entropy.Take(150);  // between a row of names and a ring of keys
  const Bytes sealed = ledger::Seal(key, plain, "row", entropy);
  const Stopwatch watch;
  rocksdb::WriteBatch batch;
  for (std::uint64_t i = 0; i < rows; ++i) {
    const Bytes opened = Must(ledger::Unseal(key, sealed, "row"));
    (void)batch.Put(entropy.Take(21), ledger::Seal(key, opened, "row", entropy));
    if (batch.Count() < 4000 && i + 1 < rows) continue;
    if (!db->Write(rocksdb::WriteOptions(), &batch).ok()) GiveUp("cannot write " + path);
    batch.Clear();
  }
  return watch.seconds();
}

Rows Run() {
  const char* base = std::getenv("OPPI_BENCH_DIR");
  const fs::path root = fs::path(base != nullptr ? base : "build") / "bench-erase";
  fs::remove_all(root);
  fs::create_directories(root);
  SystemEntropy entropy;
  const NamedSigningKey publisher{"vendor-one", SigningKey::Generate(entropy)};
  const NamedSigningKey asking{"anna", SigningKey::Generate(entropy)};
  const NamedSigningKey deciding{"bertta", SigningKey::Generate(entropy)};
  std::unique_ptr<ops::Node> node = FreshNode((root / "ledger").string(), publisher);
  Register(*node, asking, "DPO");
  Register(*node, deciding, "DPO");

  // Every learner once; those who leave many times more.
  constexpr std::size_t kChunk = 100;
  for (std::uint64_t first = 0; first < kLearners; first += kChunk * 1000) {
    Traffic(*node, MakeBatches(Load(first, kChunk, kLearners), publisher)).Wait();
    std::fprintf(stderr, "\r%llu of %llu learners", static_cast<unsigned long long>(first + kChunk * 1000),
                 static_cast<unsigned long long>(kLearners));
  }
  std::fprintf(stderr, "\n");
  {
    WorkloadOptions load = Load(10 * kLearners, kErased * kEventsOfErased / 1000, kErased);
    load.stride = kLearners / kErased;
    Traffic(*node, MakeBatches(load, publisher)).Wait();
  }
  PublishOrders(*node, asking, deciding);

  const double quiet = IngestRate(*node, MakeBatches(Load(20 * kLearners, 200, kLearners), publisher));
  Traffic traffic(*node, MakeBatches(Load(30 * kLearners, 2000, kLearners), publisher));
  const Stopwatch watch;
  const auto report = nlohmann::json::parse(Must(node->erasures().Run()));
  const double seconds = watch.seconds();
  const bool used_up = traffic.used_up();
  const double beside = static_cast<double>(traffic.Stop()) / seconds;
  if (report["executed"].size() != kErased) GiveUp("not everybody was erased");
  if (used_up) GiveUp("the traffic ended before the run did; the rate beside it means nothing");
  const std::uint64_t rows = report["rewrapped"];
  node.reset();
  const double floor = SecondsToSealAgain((root / "floor").string(), rows);
  fs::remove_all(root);
  return {
      {"1,000 of 1,000,000 learners, with ingest beside", seconds, floor, "s", "the same rows sealed again and written by RocksDB"},
      {"rows wrapped again", static_cast<double>(rows), 0, "rows", ""},
      {"ingest beside the run", beside, quiet, "events/s", "ingest before the run"},
  };
}

}  // namespace

Benchmark EraseBenchmark() {
  return {"erase", "a run over 1,000 of a million learners, each with 51 events, while four publishers publish", Run};
}

}  // namespace oppi::bench
