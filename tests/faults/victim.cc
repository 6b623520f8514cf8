#include "tests/faults/victim.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "ledger/checkpoint.h"
#include "ops/node.h"
#include "ops/publishers.h"
#include "tests/faults/workload.h"
#include "tests/support/sample_events.h"

namespace oppi::faults {
namespace {

using events::Outcome;
using SteadyClock = std::chrono::steady_clock;

/// POSIX: writes up to this size into a pipe are never torn.
constexpr std::size_t kPipeWriteMax = 4096;

void Tell(int told, const std::string& lines) {
  OPPI_CHECK(lines.size() <= kPipeWriteMax);
  OPPI_CHECK(::write(told, lines.data(), lines.size()) == static_cast<ssize_t>(lines.size()));
}

/// Batches in the order they are sent, handed to whichever thread is free.
class Work {
 public:
  explicit Work(const VictimOptions& options)
      : again_(options.again.begin(), options.again.end()), next_(options.first_batch) {}
  std::uint64_t Take() {
    const std::scoped_lock lock(mutex_);
    if (again_.empty()) return next_++;
    const std::uint64_t batch = again_.front();
    again_.pop_front();
    return batch;
  }

 private:
  std::mutex mutex_;
  std::deque<std::uint64_t> again_;
  std::uint64_t next_;
};

/// Sends one batch and tells of it. False when the ledger did not take it.
bool Send(ops::Node& node, const NamedSigningKey& key, std::uint64_t batch, int told) {
  Tell(told, "begin " + std::to_string(batch) + "\n");
  const auto report =
      node.road().Ingest(BatchNumber(batch, node.config().origin, key, node.entropy()));
  if (!report.ok() || report->error != events::ErrorCode::kNone) {
    Tell(told, "failed " + (report.ok() ? report->message : report.error().message) + "\n");
    return false;
  }
  const auto checkpoint = ledger::OpenCheckpoint(report->checkpoint, node.LogKey());
  if (!checkpoint.ok()) {
    Tell(told, "failed " + checkpoint.error().message + "\n");
    return false;
  }
  std::string lines =
      "seen " + std::to_string(checkpoint->size.value()) + " " + checkpoint->root.hex() + "\n";
  for (const consumers::ItemReport& item : report->items) {
    const bool in = item.outcome == Outcome::kAccepted || item.outcome == Outcome::kDuplicate;
    if (item.code == events::ErrorCode::kRepublicationBarred) {
      lines += "barred " + std::to_string(FirstOf(batch) + item.item) + " " +
               std::to_string(item.position->value()) + "\n";
      continue;
    }
    if (!in) {
      lines += "failed " + std::string(events::ErrorName(item.code)) + "\n";
      continue;
    }
    lines += "event " + std::to_string(FirstOf(batch) + item.item) +
             (item.outcome == Outcome::kAccepted ? " A " : " D ") +
             std::to_string(item.position->value()) + "\n";
  }
  Tell(told, lines);
  return true;
}

/// Requests, decides and executes; tells before and after.
Status Erase(ops::Node& node, std::uint64_t person, int told) {
  consumers::ErasureDesk& desk = node.erasures();
  const std::string size = std::to_string(node.View()->size().value());
  Tell(told, "order " + std::to_string(person) + "\n");
  OPPI_TRY(const std::string requested,
           desk.Request({tests::PersonId(person), {}, {"S1", "S2", "S3", "S4", "C"}, {}, "REQUEST", false},
                        {"dpo", nullptr}));
  const std::string id = nlohmann::json::parse(requested)["request"];
  OPPI_TRY(const std::string decided, desk.Decide(id, true, "", {"dpo-second", nullptr}));
  OPPI_TRY(const std::string run, desk.Run());
  const auto report = nlohmann::json::parse(run);
  for (const auto& executed : report["executed"])
    if (executed["request"] == id)
      Tell(told, "erased " + std::to_string(person) + " " + size + "\n");
  return {};
}

/// Finishes what an earlier victim left, then has the persons erased. False when something was refused
/// that must not be.
bool EraseAll(ops::Node& node, const std::vector<std::uint64_t>& persons, int told) {
  Status done;
  if (const auto left = node.erasures().Run(); !left.ok()) done = left.error();
  for (const std::uint64_t person : persons) {
    if (!done.ok()) break;
    done = Erase(node, person, told);
    // Asked before, or nothing is told of this person yet.
    if (!done.ok() && (done.error().code == Code::kAlreadyExists || done.error().code == Code::kNotFound)) done = {};
  }
  if (!done.ok()) Tell(told, "failed erasing: " + done.error().message + "\n");
  return done.ok();
}

std::string Joined(const std::vector<std::uint64_t>& batches) {
  std::string text;
  for (const std::uint64_t batch : batches)
    text += (text.empty() ? "" : ",") + std::to_string(batch);
  return text;
}

}  // namespace

int RunVictim(const VictimOptions& options, int told) {
  auto node = ops::Node::Open({options.directory, {}});
  if (!node.ok()) {
    Tell(told, "failed open: " + node.error().message + "\n");
    return 1;
  }
  Tell(told, "open\n");
  std::vector<NamedSigningKey> keys;
  for (unsigned t = 0; t < options.threads; ++t) {
    auto key = ops::PublisherKey(**node, "sis" + std::to_string(t));
    if (!key.ok()) {
      Tell(told, "failed key: " + key.error().message + "\n");
      return 1;
    }
    keys.push_back(*std::move(key));
  }
  for (const char* officer : {"dpo", "dpo-second"})
    if (const auto key = ops::PublisherKey(**node, officer); !key.ok()) {
      Tell(told, "failed key: " + key.error().message + "\n");
      return 1;
    }
  Work work(options);
  std::atomic<bool> good = true;
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < options.threads; ++t)
    threads.emplace_back([&, t] {
      while (good)
        if (!Send(**node, keys[t], work.Take(), told)) good = false;
    });
  if (!options.erase.empty())
    threads.emplace_back([&] {
      if (!EraseAll(**node, options.erase, told)) good = false;
    });
  for (std::thread& thread : threads) thread.join();
  return 1;
}

Victim::Victim(const VictimOptions& options) {
  const std::string first = std::to_string(options.first_batch);
  const std::string again = Joined(options.again);
  const std::string threads = std::to_string(options.threads);
  const std::string erase = Joined(options.erase);
  std::vector<const char*> arguments = {"oppi_kill_nine", "--victim",    options.directory.c_str(),
                                        "--first",        first.c_str(), "--threads",
                                        threads.c_str()};
  if (!again.empty()) arguments.insert(arguments.end(), {"--again", again.c_str()});
  if (!erase.empty()) arguments.insert(arguments.end(), {"--erase-persons", erase.c_str()});
  arguments.push_back(nullptr);
  int ends[2];
  OPPI_CHECK(::pipe2(ends, O_CLOEXEC) == 0);
  pid_ = ::fork();
  OPPI_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    // A fresh program: what threads of this one held locked is nobody's business there.
    ::dup2(ends[1], STDOUT_FILENO);
    ::execv("/proc/self/exe", const_cast<char* const*>(arguments.data()));
    ::_exit(127);
  }
  ::close(ends[1]);
  from_ = ends[0];
}

Victim::~Victim() {
  if (pid_ > 0) (void)Kill();
  ::close(from_);
}

void Victim::Listen(std::int64_t micros, bool until_open) {
  const auto deadline = SteadyClock::now() + std::chrono::microseconds(micros);
  while (!ended_) {
    if (until_open && text_.starts_with("open\n")) return;
    const auto left =
        std::chrono::duration_cast<std::chrono::nanoseconds>(deadline - SteadyClock::now());
    if (left.count() <= 0) return;
    pollfd ready{from_, POLLIN, 0};
    const timespec wait{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
    if (::ppoll(&ready, 1, &wait, nullptr) <= 0) continue;
    char buffer[65536];
    const ssize_t n = ::read(from_, buffer, sizeof(buffer));
    if (n > 0) text_.append(buffer, static_cast<std::size_t>(n));
    ended_ = n == 0;
  }
}

bool Victim::Kill() {
  const bool alive = !ended_;
  (void)::kill(pid_, SIGKILL);
  int status = 0;
  OPPI_CHECK(::waitpid(pid_, &status, 0) == pid_);
  pid_ = -1;
  char buffer[65536];
  for (ssize_t n = 0; (n = ::read(from_, buffer, sizeof(buffer))) > 0;)
    text_.append(buffer, static_cast<std::size_t>(n));
  return alive && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

}  // namespace oppi::faults
