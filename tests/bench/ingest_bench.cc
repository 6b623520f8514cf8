// Signed batches in, receipts out, projections keeping up: the whole road on a real disk.

#include <unistd.h>

#include <ctime>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "events/ids.h"
#include "events/verify.h"
#include "ledger/prepared.h"
#include "ops/key_files.h"
#include "ops/node.h"
#include "tests/bench/bench.h"
#include "tests/bench/bench_node.h"
#include "tests/bench/workload.h"

namespace oppi::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBatches = 300;
constexpr std::size_t kBatchEvents = 1000;
constexpr std::size_t kEventBytes = 600;
constexpr int kPublishers = 4;  // connections that wait for their receipts, as publishers do

/// The floor of the disk: RocksDB alone writing the same bytes, one synced batch for each of ours.
double RocksDbEventsPerSecond(const std::string& path, const std::vector<events::SignedBatch>& batches) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kNoCompression;
  rocksdb::DB* raw = nullptr;
  if (!rocksdb::DB::Open(options, path, &raw).ok()) std::exit(4);
  const std::unique_ptr<rocksdb::DB> db(raw);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  std::uint64_t number = 0;
  const Stopwatch watch;
  for (const events::SignedBatch& batch : batches) {
    rocksdb::WriteBatch rows;
    for (const events::BatchItem& item : batch.items) (void)rows.Put(ledger::BigEndian(number++), item.bytes);
    if (!db->Write(synced, &rows).ok()) std::exit(4);
  }
  return static_cast<double>(number) / watch.seconds();
}

double VerificationsPerSecond() {
  SeededEntropy entropy(2);
  const SigningKey key = SigningKey::Generate(entropy);
  const Bytes message = entropy.Take(200);
  const Signature signature = key.Sign(message);
  constexpr int kTimes = 10'000;
  const Stopwatch watch;
  bool all = true;
  for (int i = 0; i < kTimes; ++i) all = VerifySignature(key.public_key(), message, signature) && all;
  if (!all) std::exit(4);
  return kTimes / watch.seconds();
}

Rows Run() {
  const char* base = std::getenv("OPPI_BENCH_DIR");
  const fs::path root = fs::path(base != nullptr ? base : "build") / "bench-ingest";
  fs::remove_all(root);
  fs::create_directories(root);
  SystemEntropy entropy;
  const NamedSigningKey publisher{"vendor-one", SigningKey::Generate(entropy)};
  WorkloadOptions workload;
  workload.batches = kBatches;
  workload.batch_events = kBatchEvents;
  workload.event_bytes = kEventBytes;
  workload.origin = "bench.oppiloki.example/log";
  workload.source = "urn:oid:" + events::OrganisationOid(2) + "/vendor-one";
  workload.controller = events::OrganisationOid(2);
  std::vector<events::SignedBatch> batches = MakeBatches(workload, publisher);
  const double disk = RocksDbEventsPerSecond((root / "floor").string(), batches);
  const double signatures = VerificationsPerSecond();

  std::unique_ptr<ops::Node> node = FreshNode((root / "ledger").string(), publisher);

  // Where the time goes, step by step on one thread, on a tenth of the batches.
  double verify = 0;
  double prepare = 0;
  const std::size_t sampled = kBatches / 10;
  for (std::size_t i = 0; i < sampled; ++i) {
    const Stopwatch verifying;
    events::VerifyResult verified = events::VerifyBatch(batches[i], workload.origin, *node->gate().Keys());
    verify += verifying.seconds();
    if (!verified.batch) std::exit(4);
    const Stopwatch preparing;
    const ledger::PreparedBatch prepared = ledger::Prepare(*std::move(verified.batch), node->vault(), entropy);
    prepare += preparing.seconds();
  }

  std::atomic<std::size_t> next{0};
  std::atomic<std::uint64_t> accepted{0};
  const double cpu_before = CpuSeconds();
  const Stopwatch watch;
  std::vector<std::thread> threads;
  for (int t = 0; t < kPublishers; ++t)
    threads.emplace_back([&] {
      for (std::size_t i = next++; i < batches.size(); i = next++) {
        const consumers::BatchReport report = Must(node->road().Ingest(std::move(batches[i])));
        accepted += report.Count(events::Outcome::kAccepted);
      }
    });
  for (std::thread& t : threads) t.join();
  const double acknowledged = watch.seconds();
  MustDo(node->runner().WaitFor(node->View()->size()));
  const double folded = watch.seconds();
  const double cpu = CpuSeconds() - cpu_before;
  const std::map<std::string, double> by_thread = CpuByThread();
  const auto thread = [&by_thread](const char* name) {
    const auto it = by_thread.find(name);
    return it == by_thread.end() ? 0.0 : it->second;
  };
  if (accepted != kBatches * kBatchEvents) {
    std::fprintf(stderr, "benchmark: %llu events accepted\n", static_cast<unsigned long long>(accepted));
    std::exit(4);
  }
  node.reset();
  fs::remove_all(root);

  const auto n = static_cast<double>(kBatches * kBatchEvents);
  const auto sample = static_cast<double>(sampled * kBatchEvents);
  return {
      {"durable and folded into the views", n / folded, disk, "events/s", "RocksDB, same bytes, synced a batch"},
      {"durable and receipted", n / acknowledged, disk, "events/s", "RocksDB, same bytes, synced a batch"},
      {"against one signature an event", n / folded, signatures, "events/s", "Ed25519 verifications/s, libsodium"},
      {"CPU of the whole road", cpu / n * 1e6, 0, "us/event", ""},
      {"  of it: verify (decode, commitments, signature)", verify / sample * 1e6, 0, "us/event", ""},
      {"  of it: prepare (tags, seal contents)", prepare / sample * 1e6, 0, "us/event", ""},
      {"  of it: the writer (sequence, commit)", thread("oppi-writer") / n * 1e6, 0, "us/event", ""},
      {"  of it: the projections (fold, seal, write)", thread("oppi-fold") / n * 1e6, 0, "us/event", ""},
  };
}

}  // namespace

Benchmark IngestBenchmark() {
  return {"ingest", "signed batches of 1,000 events of 600 bytes, durable before the receipt, views keeping up", Run};
}

}  // namespace oppi::bench
