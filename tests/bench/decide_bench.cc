// May this be done? Asked of uniformly random learners of a large ledger, from one core without the
// event that records it, and by many callers with it.

#include <sched.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <numeric>
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
double ThreadCpuSeconds() {
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

/// Learners in an order that looks random, each once: from a place in it, as many as are taken.
class EachOnce {
 public:
  EachOnce(std::uint64_t learners, std::uint64_t first)
      : learners_(learners), step_(learners * 618 / 1000 + 1), next_(first) {
    while (std::gcd(step_, learners_) != 1) ++step_;
  }
  std::uint64_t operator()() { return next_++ % learners_ * step_ % learners_; }

 private:
  std::uint64_t learners_;
  std::uint64_t step_;
  std::uint64_t next_;
};

class Anybody {
 public:
  Anybody(std::uint64_t learners, std::uint64_t seed) : learners_(learners), random_(seed) {}
  std::uint64_t operator()() { return random_() % learners_; }

 private:
  std::uint64_t learners_;
  std::mt19937_64 random_;
};

/// `ask(learner)` for a while, at most so often; asks a second.
template <class Learner, class Ask>
Rate PerSecond(Learner learner, double seconds, std::uint64_t most, const Ask& ask) {
  std::uint64_t asked = 0;
  const Stopwatch watch;
  const double cpu = ThreadCpuSeconds();
  do {
    for (int i = 0; i < 64; ++i) ask(learner());
    asked += 64;
  } while (watch.seconds() < seconds && asked + 64 <= most);
  return {static_cast<double>(asked) / watch.seconds(),
          static_cast<double>(asked) / (ThreadCpuSeconds() - cpu)};
}

/// The rows that a decision about a learner is folded from - the stream and its facts, sealed as
/// they lie - read with no more than the store's Get. Names and keys of the vault are not among
/// them.
Rate BareReadsPerSecond(ops::Node& node, EachOnce learner, std::uint64_t sample, double seconds) {
  struct Keys {
    ledger::Handle handle;
    std::vector<Bytes> facts;
  };
  // Of fewer learners than are asked for: the keys must be known before, and do not count.
  std::vector<Keys> keys(sample);
  for (Keys& k : keys) {
    k.handle = Must(node.vault().FindHandles(LearnerId(learner()))).at(0);
    for (const ledger::StreamEntry& entry :
         Must(ledger::ReadStreamEntries(node.log_store(), k.handle, node.View()->size())))
      if ((entry.feeds & events::kFeedCO) != 0) {
        Bytes fact(1, static_cast<char>(projections::Projection::kConsent));
        ByteWriter(fact).U64(entry.index.value());
        k.facts.push_back(fact.append(k.handle.view()));
      }
  }
  return PerSecond(Anybody(sample, 1), seconds, ~std::uint64_t{0}, [&](std::uint64_t i) {
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
template <class LearnersOf>
Rate DurablePerSecond(ops::Node& node, int callers, double seconds, const LearnersOf& learners_of) {
  std::atomic<std::uint64_t> answered{0};
  const TreeSize before = node.View()->size();
  const Stopwatch watch;
  const double cpu = CpuSeconds();
  std::vector<std::thread> threads;
  for (int c = 0; c < callers; ++c)
    threads.emplace_back([&, learner = learners_of(c)]() mutable {
      for (; watch.seconds() < seconds; ++answered)
        (void)Must(node.desk().Answer(QuestionAbout(learner()), kGateway));
    });
  for (std::thread& thread : threads) thread.join();
  const auto asked = static_cast<double>(answered);
  const Rate rate{asked / watch.seconds(), asked / (CpuSeconds() - cpu)};
  // One event an answer, no more and no fewer.
  std::uint64_t recorded = 0;
  std::uint64_t batches = 0;
  const auto view = node.View();
  for (std::uint64_t i = before.value(); i < view->size().value(); ++i) {
    const ledger::Leaf leaf = Must(view->ReadLeaf(LeafIndex(i)));
    if (std::holds_alternative<ledger::EventLeaf>(leaf.body)) ++recorded;
    if (std::holds_alternative<ledger::BatchLeaf>(leaf.body)) ++batches;
  }
  if (recorded != answered) {
    std::fprintf(stderr, "benchmark: %llu answers, %llu events\n",
                 static_cast<unsigned long long>(answered),
                 static_cast<unsigned long long>(recorded));
    std::exit(4);
  }
  std::fprintf(stderr, "  %d callers: %.0f/s, %.1f events a batch\n", callers, rate.wall,
               asked / static_cast<double>(batches));
  return rate;
}

struct Figures {
  Rate cold, cold_floor;
  Rate warm, warm_floor;
  Rate json;
};

/// Questions about learners who were not asked about since the ledger was opened. What the disk
/// holds may be in the system's memory.
void MeasureCold(ops::Node& node, std::uint64_t learners, Figures& figures) {
  consumers::LedgerDesk& desk = DeskOf(node);
  std::map<std::string, std::uint64_t> results;
  std::vector<Rate> ours, floor;
  const std::uint64_t part =
      learners / 20;  // three rounds of ours, three of the floor: no learner twice
  for (std::uint64_t round = 0; round < 3; ++round) {
    ours.push_back(PerSecond(
        EachOnce(learners, round * part), kSeconds / 3, part, [&](std::uint64_t learner) {
          const auto judged = Must(desk.Judge(QuestionAbout(learner), kGateway));
          ++results[std::string(projections::DecisionResultName(judged.decided.result)) + " " +
                    std::string(projections::ReasonName(judged.decided.reason))];
        }));
    floor.push_back(
        BareReadsPerSecond(node, EachOnce(learners, (3 + round) * part), part, kSeconds / 6));
  }
  figures.cold = Median(ours);
  figures.cold_floor = Median(floor);
  for (const auto& [result, count] : results)
    std::fprintf(stderr, "  %-28s %llu\n", result.c_str(), static_cast<unsigned long long>(count));
}

/// Uniformly random learners, after everybody was asked about once.
void MeasureWarm(ops::Node& node, std::uint64_t learners, Figures& figures) {
  consumers::LedgerDesk& desk = DeskOf(node);
  const auto judge = [&](std::uint64_t learner) {
    return Must(desk.Judge(QuestionAbout(learner), kGateway));
  };
  const Stopwatch warming;
  for (std::uint64_t learner = 0; learner < learners; ++learner) (void)judge(learner);
  std::fprintf(stderr, "asked about everybody in %.0f s\n", warming.seconds());
  const auto before = node.decider().cache().counts();
  std::vector<Rate> ours, floor, json;
  for (std::uint64_t round = 0; round < 5; ++round) {
    ours.push_back(
        PerSecond(Anybody(learners, 10 + round), kSeconds / 2, ~std::uint64_t{0}, judge));
    floor.push_back(BareReadsPerSecond(node, EachOnce(learners, round * learners / 20),
                                       learners / 20, kSeconds / 10));
    json.push_back(PerSecond(Anybody(learners, 30 + round), kSeconds / 10, ~std::uint64_t{0},
                             [&](std::uint64_t learner) {
                               const auto question = QuestionAbout(learner);
                               const auto judged = Must(desk.Judge(question, kGateway));
                               const std::string text = projections::AnswerJson(
                                   question, judged.view, ToAnswer(judged.decided),
                                   judged.log->note());
                               if (text.empty()) std::exit(4);
                             }));
  }
  figures.warm = Median(ours);
  figures.warm_floor = Median(floor);
  figures.json = Median(json);
  const auto after = node.decider().cache().counts();
  std::fprintf(stderr, "asked again: %llu from memory, %llu folded\n",
               static_cast<unsigned long long>(after.hits - before.hits),
               static_cast<unsigned long long>(after.misses - before.misses));
}

Rows Run() {
  const char* base = std::getenv("OPPI_BENCH_DIR");
  const char* kept = std::getenv("OPPI_BENCH_KEPT");
  const fs::path root = fs::path(base != nullptr ? base : "build") / "bench-decide";
  fs::remove_all(root);
  fs::create_directories(root);
  ConsentLedger made =
      MakeConsentLedger((root / "ledger").string(), Learners(), kept != nullptr ? kept : "");
  ops::Node& node = *made.node;
  const std::uint64_t learners = made.learners;
  const std::uint64_t entries = node.View()->size().value();
  std::fprintf(stderr, "%llu learners, %llu entries, ready after %.0f s\n",
               static_cast<unsigned long long>(learners), static_cast<unsigned long long>(entries),
               made.seconds);

  Figures figures;
  const auto on_one_core = [&](const auto& measure) {
    std::thread([&] {
      Pin();
      measure(node, learners, figures);
    }).join();
  };
  on_one_core(MeasureCold);
  // Callers take learners from the part that nobody has asked about so far.
  std::vector<Rate> cold_durable, durable, alone;
  std::vector<double> writes;
  const std::uint64_t rest = learners * 3 / 10;
  const std::uint64_t share = (learners - rest) / 3 / kCallers;
  for (std::uint64_t round = 0; round < 3; ++round)
    cold_durable.push_back(DurablePerSecond(node, kCallers, kSeconds / 3, [&](int c) {
      return EachOnce(learners, rest + (round * kCallers + static_cast<std::uint64_t>(c)) * share);
    }));
  on_one_core(MeasureWarm);
  const auto cached = node.decider().cache().counts();
  for (std::uint64_t round = 0; round < 5; ++round) {
    durable.push_back(DurablePerSecond(node, kCallers, kSeconds / 2, [&](int c) {
      return Anybody(learners, 1000 * (round + 1) + static_cast<std::uint64_t>(c));
    }));
    writes.push_back(BareWritesPerSecond((root / ("floor" + std::to_string(round))).string(),
                                         kCallers, kSeconds / 4));
    alone.push_back(DurablePerSecond(node, 1, kSeconds / 5,
                                     [&](int) { return Anybody(learners, 500 + round); }));
  }
  made.node.reset();
  fs::remove_all(root);

  const char* reads = "the same rows through the bare store's Get";
  const char* core = "  a second of the core, without waits";
  const char* bare = "RocksDB, 64 callers, synced, same bytes";
  const auto row = [](const char* what, double ours, double floor, const char* is) {
    return Row{what, ours, floor, "decisions/s", is};
  };
  return {
      row("asked before, one core, not recorded", figures.warm.wall, figures.warm_floor.wall,
          reads),
      row(core, figures.warm.cpu, figures.warm_floor.cpu, reads),
      row("asked before, with the answer's JSON", figures.json.wall, figures.warm_floor.wall,
          reads),
      row(core, figures.json.cpu, figures.warm_floor.cpu, reads),
      row("never asked before, one core, not recorded", figures.cold.wall, figures.cold_floor.wall,
          reads),
      row(core, figures.cold.cpu, figures.cold_floor.cpu, reads),
      row("durable, asked before, 64 callers", Median(durable).wall, Median(writes), bare),
      row("  a second of a core, all threads", Median(durable).cpu, 0, ""),
      row("durable, never asked before, 64 callers", Median(cold_durable).wall, Median(writes),
          bare),
      row("  a second of a core, all threads", Median(cold_durable).cpu, 0, ""),
      row("durable, asked before, one caller", Median(alone).wall, 0, ""),
      {"memory of an answer with its learner",
       static_cast<double>(cached.bytes) /
           static_cast<double>(std::max<std::uint64_t>(1, cached.learners)),
       0, "bytes", ""},
      {"answers in memory", static_cast<double>(cached.answers), 0, "answers", ""},
      {"learners in the ledger", static_cast<double>(learners), 0, "learners", ""},
      {"entries in the log", static_cast<double>(entries), 0, "entries", ""},
  };
}

}  // namespace

Benchmark DecideBenchmark() {
  return {"decide", "decisions about random learners of a million, in memory, cold, and recorded",
          Run};
}

}  // namespace oppi::bench
