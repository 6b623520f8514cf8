// May this be done? Asked of uniformly random learners of a large ledger, from one core without the
// event that records it, and by many callers with it.

#include <sched.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <thread>

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include "ledger/streams.h"
#include "tests/bench/bench.h"
#include "tests/bench/bench_node.h"
#include "tests/bench/consent_ledger.h"

namespace oppi::bench {
namespace {

namespace fs = std::filesystem;

constexpr int kCallers = 64;
constexpr double kSeconds = 10;  // of each measurement that can be as long as one likes
constexpr std::size_t kEventBytes =
    1'500;  // what a decision's event writes: leaf, body, stream, tag, view row

std::uint64_t Learners() {
  const char* text = std::getenv("OPPI_BENCH_LEARNERS");
  return text == nullptr ? 1'000'000 : std::strtoull(text, nullptr, 10);
}

void Pin() {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  (void)::sched_setaffinity(0, sizeof(one), &one);
}

const projections::Asker kGateway{"gateway", "SYSTEM", "*", "EDU"};

consumers::LedgerDesk& DeskOf(ops::Node& node) {
  return dynamic_cast<consumers::LedgerDesk&>(node.desk());
}

double Median(std::vector<double> figures) {
  std::sort(figures.begin(), figures.end());
  return figures[figures.size() / 2];
}

/// What this thread has computed, so that others on the machine do not count; waits do not either.
double CpuSeconds() {
  timespec used{};
  (void)::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

struct Rate {
  double wall = 0;
  double cpu = 0;  // a second of the core, waits left out
};

Rate Median(const std::vector<Rate>& rates) {
  std::vector<double> wall, cpu;
  for (const Rate& rate : rates) {
    wall.push_back(rate.wall);
    cpu.push_back(rate.cpu);
  }
  return {Median(std::move(wall)), Median(std::move(cpu))};
}

/// `ask(learner)` for random learners, for a while; asks a second.
template <class Ask>
Rate PerSecond(std::uint64_t learners, std::uint64_t seed, double seconds, std::uint64_t most,
               const Ask& ask) {
  std::mt19937_64 random(seed);
  std::uint64_t asked = 0;
  const Stopwatch watch;
  const double cpu = CpuSeconds();
  do {
    for (int i = 0; i < 64; ++i) ask(random() % learners);
    asked += 64;
  } while (watch.seconds() < seconds && asked < most);
  return {static_cast<double>(asked) / watch.seconds(),
          static_cast<double>(asked) / (CpuSeconds() - cpu)};
}

/// The rows that a decision about a learner is folded from - the stream and its facts, sealed as
/// they lie - read with no more than the store's Get. Names and keys of the vault are not among
/// them.
Rate BareReadsPerSecond(ops::Node& node, std::uint64_t learners, std::uint64_t seed,
                        double seconds) {
  struct Keys {
    ledger::Handle handle;
    std::vector<Bytes> facts;
  };
  // Of fewer learners than are asked for: the keys must be known before, and do not count.
  const std::uint64_t sample = std::min<std::uint64_t>(learners, 100'000);
  std::vector<Keys> keys(sample);
  std::mt19937_64 random(seed);
  for (Keys& k : keys) {
    const std::string person = LearnerId(random() % learners);
    k.handle = Must(node.vault().FindHandles(person)).at(0);
    for (const ledger::StreamEntry& entry :
         Must(ledger::ReadStreamEntries(node.log_store(), k.handle, node.View()->size())))
      if ((entry.feeds & events::kFeedCO) != 0) {
        Bytes fact(1, static_cast<char>(projections::Projection::kConsent));
        ByteWriter(fact).U64(entry.index.value());
        k.facts.push_back(fact.append(k.handle.view()));
      }
  }
  return PerSecond(sample, seed, seconds, ~std::uint64_t{0}, [&](std::uint64_t i) {
    const Keys& k = keys[i];
    if (!Must(node.log_store().Get(ledger::Table::kStreams, k.handle.view()))) std::exit(4);
    for (const auto& row : Must(node.view_store().MultiGet(ledger::Table::kViews, k.facts)))
      if (!row) std::exit(4);
  });
}

/// As many callers writing as many bytes through RocksDB alone, which groups their synced writes
/// itself.
double BareWritesPerSecond(const std::string& path, int callers, double seconds) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kNoCompression;
  rocksdb::DB* raw = nullptr;
  if (!rocksdb::DB::Open(options, path, &raw).ok()) std::exit(4);
  const std::unique_ptr<rocksdb::DB> db(raw);
  std::atomic<std::uint64_t> number{0};
  const Stopwatch watch;
  std::vector<std::thread> threads;
  for (int c = 0; c < callers; ++c)
    threads.emplace_back([&] {
      rocksdb::WriteOptions synced;
      synced.sync = true;
      const Bytes bytes(kEventBytes, 'x');
      while (watch.seconds() < seconds)
        if (!db->Put(synced, ledger::BigEndian(number++), bytes).ok()) std::exit(4);
    });
  for (std::thread& thread : threads) thread.join();
  return static_cast<double>(number) / watch.seconds();
}

/// Each caller asks, waits until its decision is durable and has its answer, asks again.
double DurablePerSecond(ops::Node& node, std::uint64_t learners, int callers, double seconds) {
  std::atomic<std::uint64_t> answered{0};
  const TreeSize before = node.View()->size();
  const Stopwatch watch;
  std::vector<std::thread> threads;
  for (int c = 0; c < callers; ++c)
    threads.emplace_back([&, c] {
      std::mt19937_64 random(static_cast<std::uint64_t>(1000 + c));
      for (; watch.seconds() < seconds; ++answered)
        (void)Must(node.desk().Answer(QuestionAbout(random() % learners), kGateway));
    });
  for (std::thread& thread : threads) thread.join();
  const double rate = static_cast<double>(answered) / watch.seconds();
  // One event an answer, no more and no fewer.
  std::uint64_t recorded = 0;
  const auto view = node.View();
  for (std::uint64_t i = before.value(); i < view->size().value(); ++i)
    recorded +=
        std::holds_alternative<ledger::EventLeaf>(Must(view->ReadLeaf(LeafIndex(i))).body) ? 1 : 0;
  if (recorded != answered) {
    std::fprintf(stderr, "benchmark: %llu answers, %llu events\n",
                 static_cast<unsigned long long>(answered),
                 static_cast<unsigned long long>(recorded));
    std::exit(4);
  }
  return rate;
}

Rows Run() {
  const char* base = std::getenv("OPPI_BENCH_DIR");
  const fs::path root = fs::path(base != nullptr ? base : "build") / "bench-decide";
  fs::remove_all(root);
  fs::create_directories(root);
  ConsentLedger made = MakeConsentLedger((root / "ledger").string(), Learners());
  ops::Node& node = *made.node;
  const std::uint64_t learners = made.learners;
  consumers::LedgerDesk& desk = DeskOf(node);
  const auto per_event = static_cast<double>(made.events);
  std::fprintf(stderr, "%llu learners, %.0f events, laid down in %.0f s\n",
               static_cast<unsigned long long>(learners), per_event, made.seconds);

  Rate cold, cold_floor, warm, warm_floor, with_json;
  std::map<std::string, std::uint64_t> results;
  std::thread([&] {
    Pin();
    const auto judge = [&](std::uint64_t learner) {
      return Must(desk.Judge(QuestionAbout(learner), kGateway));
    };
    const std::uint64_t few = std::min<std::uint64_t>(learners, 100'000);
    // Medians, in turn with the floor, since others use this machine too.
    std::vector<Rate> ours, floor, json;
    for (std::uint64_t round = 0; round < 3; ++round) {
      ours.push_back(
          PerSecond(learners, 1 + round, kSeconds / 3, few / 6, [&](std::uint64_t learner) {
            const auto judged = judge(learner);
            ++results[std::string(projections::DecisionResultName(judged.decided.result)) + " " +
                      std::string(projections::ReasonName(judged.decided.reason))];
          }));
      floor.push_back(BareReadsPerSecond(node, learners, 5 + round, kSeconds / 6));
    }
    cold = Median(ours);
    cold_floor = Median(floor);
    ours.clear();
    floor.clear();
    // Everybody is asked about once.
    const Stopwatch warming;
    for (std::uint64_t learner = 0; learner < learners; ++learner) (void)judge(learner);
    std::fprintf(stderr, "asked about everybody in %.0f s\n", warming.seconds());
    for (std::uint64_t round = 0; round < 5; ++round) {
      ours.push_back(PerSecond(learners, 10 + round, kSeconds / 5, ~std::uint64_t{0}, judge));
      floor.push_back(BareReadsPerSecond(node, learners, 20 + round, kSeconds / 10));
      json.push_back(PerSecond(
          learners, 30 + round, kSeconds / 10, ~std::uint64_t{0}, [&](std::uint64_t learner) {
            const auto question = QuestionAbout(learner);
            const auto judged = Must(desk.Judge(question, kGateway));
            const std::string text = projections::AnswerJson(
                question, judged.view, ToAnswer(judged.decided), judged.log->note());
            if (text.empty()) std::exit(4);
          }));
    }
    warm = Median(ours);
    warm_floor = Median(floor);
    with_json = Median(json);
  }).join();
  for (const auto& [result, count] : results)
    std::fprintf(stderr, "  %-28s %llu\n", result.c_str(), static_cast<unsigned long long>(count));
  const auto cached = node.decider().cache().counts();

  std::vector<double> durable, alone, writes;
  for (int round = 0; round < 3; ++round) {
    durable.push_back(DurablePerSecond(node, learners, kCallers, kSeconds / 2));
    writes.push_back(BareWritesPerSecond((root / ("floor" + std::to_string(round))).string(),
                                         kCallers, kSeconds / 4));
    alone.push_back(DurablePerSecond(node, learners, 1, kSeconds / 5));
  }
  made.node.reset();
  fs::remove_all(root);

  const char* reads = "the same rows through the bare store's Get";
  return {
      {"asked before, one core, not recorded", warm.wall, warm_floor.wall, "decisions/s", reads},
      {"  a second of the core, without waits", warm.cpu, warm_floor.cpu, "decisions/s", reads},
      {"asked before, with the answer's JSON", with_json.wall, warm_floor.wall, "decisions/s",
       reads},
      {"  a second of the core, without waits", with_json.cpu, warm_floor.cpu, "decisions/s",
       reads},
      {"never asked before, one core, not recorded", cold.wall, cold_floor.wall, "decisions/s",
       reads},
      {"  a second of the core, without waits", cold.cpu, cold_floor.cpu, "decisions/s", reads},
      {"durable decision event, 64 callers", Median(durable), Median(writes), "decisions/s",
       "RocksDB, 64 callers, synced, same bytes"},
      {"durable decision event, one caller", Median(alone), 0, "decisions/s", ""},
      {"memory of an answer with its learner",
       static_cast<double>(cached.bytes) /
           static_cast<double>(std::max<std::uint64_t>(1, cached.learners)),
       0, "bytes", ""},
      {"learners in the ledger", static_cast<double>(learners), 0, "learners", ""},
      {"events in the ledger", per_event, 0, "events", ""},
  };
}

}  // namespace

Benchmark DecideBenchmark() {
  return {"decide", "decisions about random learners of a million, in memory, cold, and recorded",
          Run};
}

}  // namespace oppi::bench
