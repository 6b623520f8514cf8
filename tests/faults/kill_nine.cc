#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <random>

#include "events/ids.h"
#include "ops/node.h"
#include "tests/faults/survivor.h"
#include "tests/faults/victim.h"
#include "tests/support/temp_folder.h"

/// Kills a ledger that is taking events in, at random moments, and checks what is left.
///
///   oppi_kill_nine --rounds 200 --seed 7
///
/// A round: a victim process opens the ledger, says again what had no answer, publishes new batches
/// from several threads and tells of every answer; it gets SIGKILL at a random moment, while
/// opening or while publishing; then the ledger is opened and examined. Every so many rounds a new
/// ledger begins. With --erase the victim has learners erased while it publishes, so that it dies in all
/// steps of that, too. The seed decides what is drawn; the moments themselves are the machine's.

namespace oppi::faults {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

struct Options {
  int rounds = 10;
  std::uint64_t seed = 0;
  int life = 10;        // rounds that one ledger lives
  int views_every = 3;  // rounds between rebuilds
  std::string parent = fs::temp_directory_path().string();
  std::int64_t publish_ms_max = 700;
  bool erase = false;
};

constexpr int kErasuresARound = 12;

constexpr std::int64_t kOpenMicrosMax = 120'000'000;

class Trial {
 public:
  explicit Trial(const Options& options) : options_(options), random_(options.seed) {}

  int Run() {
    std::printf("kill_nine: %d rounds, seed %llu\n", options_.rounds,
                static_cast<unsigned long long>(options_.seed));
    const auto start = SteadyClock::now();
    for (int round = 0; round < options_.rounds; ++round) {
      if (round % options_.life == 0 && !Begin()) return 1;
      const bool last = round + 1 == options_.rounds || (round + 1) % options_.life == 0;
      if (!Round(round, last || (round + 1) % options_.views_every == 0)) return Failed();
      if (!last) continue;
      if (options_.erase) survivor_.Finish(directory_);
      if (!survivor_.problems().empty()) return Failed();
      Add();
    }
    const auto seconds = std::chrono::duration<double>(SteadyClock::now() - start).count();
    std::printf(
        "kill_nine: %d kills, %d of them while opening, seed %llu: %llu events acknowledged, all "
        "there "
        "once; %llu found durable without an answer heard; %llu answered as duplicates; every "
        "published tree a prefix; fsck clean; views rebuilt %d times; %.0f s\n",
        options_.rounds, kills_while_opening_, static_cast<unsigned long long>(options_.seed),
        static_cast<unsigned long long>(acknowledged_), static_cast<unsigned long long>(unheard_),
        static_cast<unsigned long long>(duplicates_), rebuilds_, seconds);
    if (options_.erase)
      std::printf("kill_nine: %llu erasures executed, %llu entries erased, every other one opens; one generation of keys left in each ledger\n",
                  static_cast<unsigned long long>(erasures_), static_cast<unsigned long long>(erased_entries_));
    return 0;
  }

 private:
  std::int64_t Draw(std::int64_t below) {
    return std::uniform_int_distribution<std::int64_t>(0, below - 1)(random_);
  }

  bool Begin() {
    folder_ = std::make_unique<tests::TempFolder>(options_.parent);
    directory_ = *folder_ / "ledger";
    survivor_ = Survivor();
    SystemEntropy entropy;
    const ops::SystemClock clock;
    const Status created = ops::Node::Create(
        {directory_,
         {.origin = "oppiloki.example/kill-nine",
          .organisation = events::OrganisationOid(1),
          .check_digits = true,
          .erasure_delay_hours = 0}},
        entropy, clock);
    if (!created.ok()) std::fprintf(stderr, "kill_nine: %s\n", created.error().message.c_str());
    return created.ok();
  }

  /// What had no answer, and something that had one: that must be answered as a duplicate.
  std::vector<std::uint64_t> BatchesToSendAgain() {
    std::vector<std::uint64_t> again = survivor_.Unacknowledged();
    const std::vector<std::uint64_t> old = survivor_.Acknowledged();
    for (int i = 0; i < 2 && !old.empty(); ++i)
      again.push_back(old[static_cast<std::size_t>(Draw(static_cast<std::int64_t>(old.size())))]);
    return again;
  }

  bool Round(int round, bool views) {
    // Now and then the views go, so that opening takes long and is killed in the middle of it.
    const bool without_views = Draw(6) == 0;
    if (without_views) fs::remove_all(directory_ + "/views");
    const bool while_opening = Draw(4) == 0;
    VictimOptions what{directory_, survivor_.next_batch(), BatchesToSendAgain(), 3, {}};
    for (int i = 0; options_.erase && i < kErasuresARound; ++i)
      what.erase.push_back(static_cast<std::uint64_t>(Draw(kPersons)) + 1);
    const auto start = SteadyClock::now();
    Victim victim(what);
    std::int64_t delay = 0;
    if (while_opening) {
      delay = Draw(open_micros_ * 5 / 4);
      victim.Listen(delay, false);
    } else {
      victim.Listen(kOpenMicrosMax, true);
      open_micros_ =
          std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - start).count();
      delay = Draw(options_.publish_ms_max * 1000);
      victim.Listen(delay, false);
    }
    const bool killed = victim.Kill();
    const Told told = ParseTold(victim.told());
    survivor_.Hear(told);
    if (!killed) std::printf("round %d: the victim ended by itself\n", round);
    if (!told.open) ++kills_while_opening_;
    const std::uint64_t unheard_before = survivor_.unheard();
    survivor_.Examine(directory_, views);
    if (views) ++rebuilds_;
    std::printf(
        "round %d: killed %.1f ms after %s%s: %zu batches begun, %zu events answered, %llu more "
        "durable, tree of %llu\n",
        round, static_cast<double>(delay) / 1000, while_opening ? "its start" : "opening",
        without_views ? " without views" : "", told.begun.size(), told.acknowledged.size(),
        static_cast<unsigned long long>(survivor_.unheard() - unheard_before),
        static_cast<unsigned long long>(survivor_.tree_size()));
    std::fflush(stdout);
    return killed && survivor_.problems().empty();
  }

  void Add() {
    acknowledged_ += survivor_.acknowledged();
    duplicates_ += survivor_.duplicates();
    unheard_ += survivor_.unheard();
    erasures_ += survivor_.erasures();
    erased_entries_ += survivor_.erased_entries();
  }

  int Failed() {
    for (const std::string& problem : survivor_.problems())
      std::printf("PROBLEM: %s\n", problem.c_str());
    const fs::path kept =
        fs::path(options_.parent) / ("oppiloki-kill-nine-" + std::to_string(options_.seed));
    std::error_code error;
    fs::rename(directory_, kept, error);
    std::printf("kill_nine: failed with seed %llu; the ledger is kept in %s\n",
                static_cast<unsigned long long>(options_.seed), kept.c_str());
    return 1;
  }

  const Options options_;
  std::mt19937_64 random_;
  std::unique_ptr<tests::TempFolder> folder_;
  std::string directory_;
  Survivor survivor_;
  std::int64_t open_micros_ = 100'000;
  int kills_while_opening_ = 0;
  int rebuilds_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t duplicates_ = 0;
  std::uint64_t unheard_ = 0;
  std::uint64_t erasures_ = 0;
  std::uint64_t erased_entries_ = 0;
};

int Main(int argc, char** argv) {
  Options options;
  options.seed = std::random_device()();
  VictimOptions victim;
  CLI::App app("Kills a ledger at random moments and checks what is left of it.");
  app.add_option("--rounds", options.rounds, "how many kills");
  app.add_option("--seed", options.seed, "what is drawn; printed");
  app.add_option("--life", options.life, "rounds that one ledger lives")
      ->check(CLI::PositiveNumber);
  app.add_option("--views-every", options.views_every, "rounds between rebuilds of the views")
      ->check(CLI::PositiveNumber);
  app.add_flag("--erase", options.erase, "have learners erased while the victim publishes");
  app.add_option("--dir", options.parent, "where the ledgers lie")->check(CLI::ExistingDirectory);
  app.add_option("--victim", victim.directory, "be the victim (used by the program itself)");
  app.add_option("--first", victim.first_batch);
  app.add_option("--again", victim.again)->delimiter(',');
  app.add_option("--threads", victim.threads);
  app.add_option("--erase-persons", victim.erase)->delimiter(',');
  CLI11_PARSE(app, argc, argv);
  return victim.directory.empty() ? Trial(options).Run() : RunVictim(victim, STDOUT_FILENO);
}

}  // namespace
}  // namespace oppi::faults

int main(int argc, char** argv) { return oppi::faults::Main(argc, argv); }
