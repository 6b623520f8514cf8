#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "consumers/http_api.h"
#include "consumers/http_server.h"
#include "events/ed25519.h"
#include "events/entropy.h"
#include "events/time.h"

/// A road, a desk and a clock that do as told, and a server on a free port that stands on them.

namespace oppi::tests {

/// Set by a test while server threads read it.
class AtomicClock final : public Clock {
 public:
  explicit AtomicClock(Instant now) : micros_(now.micros) {}
  [[nodiscard]] Instant Now() const override { return {micros_.load()}; }
  void Set(Instant now) { micros_.store(now.micros); }
  void Advance(std::int64_t micros) { micros_.fetch_add(micros); }

 private:
  std::atomic<std::int64_t> micros_;
};

/// Holds callers until it is opened.
class Gate {
 public:
  void Wait();
  void Open();
  /// How many have come so far; waits until at least `n` have.
  void AwaitArrivals(std::size_t n);

 private:
  std::mutex mu_;
  std::condition_variable changed_;
  std::size_t arrived_ = 0;
  bool open_ = false;
};

class FakeRoad final : public consumers::Road {
 public:
  [[nodiscard]] Result<consumers::BatchReport> Ingest(consumers::RawMessage message) override;
  [[nodiscard]] Result<consumers::BatchReport> Ingest(events::SignedBatch batch) override;
  [[nodiscard]] Result<consumers::BatchReport> Ingest(OwnBatch batch) override;
  /// What the next calls answer.
  void Say(std::function<Result<consumers::BatchReport>(const consumers::RawMessage&)> answer);
  [[nodiscard]] std::vector<consumers::RawMessage> messages() const;

 private:
  mutable std::mutex mu_;
  std::function<Result<consumers::BatchReport>(const consumers::RawMessage&)> answer_;
  std::vector<consumers::RawMessage> messages_;
};

class FakeDesk final : public consumers::Desk {
 public:
  struct Asked {
    projections::Question question;
    projections::Asker asker;
  };
  [[nodiscard]] Result<std::string> Answer(const projections::Question& question,
                                           const projections::Asker& asker) override;
  void Say(std::function<Result<std::string>()> answer);
  [[nodiscard]] std::vector<Asked> asked() const;

 private:
  mutable std::mutex mu_;
  std::function<Result<std::string>()> answer_;
  std::vector<Asked> asked_;
};

class FakeObserver final : public consumers::HttpObserver {
 public:
  struct Seen {
    std::string route;
    unsigned status;
    double seconds;
  };
  void Observed(std::string_view route, unsigned status, double seconds) override;
  [[nodiscard]] std::vector<Seen> seen() const;

 private:
  mutable std::mutex mu_;
  std::vector<Seen> seen_;
};

inline constexpr Instant kTestNow{1'767'225'600 * kMicrosPerSecond};  // 2026-01-01T00:00:00Z

/// A report of `n` accepted items from position 0.
[[nodiscard]] consumers::BatchReport Accepted(std::size_t n);

/// Everything a server needs, and the server.
class TestServer {
 public:
  /// Generous with rates, strict with time, so that tests of time-outs are short.
  [[nodiscard]] static consumers::ServerOptions Options();

  explicit TestServer(consumers::ServerOptions options = Options());
  ~TestServer();

  [[nodiscard]] std::uint16_t port() const { return server->port(); }
  /// A valid token of a teacher; `publisher` as claimed.
  [[nodiscard]] std::string Token(std::string principal = "teacher-1",
                                  std::string publisher = {}) const;
  void Stop() { server->Stop(); }

  FakeRoad road;
  FakeDesk desk;
  FakeObserver observer;
  AtomicClock clock{kTestNow};
  SystemEntropy entropy;
  SigningKey operator_key;
  std::mutex mu;
  // Guarded by mu.
  std::vector<std::string> not_ready;
  std::string checkpoint =
      "log.example/oppiloki\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n";
  std::map<std::string, Bytes> tiles;  // by path
  std::map<std::string, std::string> receipts;
  struct Attested {
    std::string publisher;
    std::vector<events::BatchItem> items;
  };
  std::vector<Attested> attested;

  std::unique_ptr<consumers::HttpServer> server;

 private:
  [[nodiscard]] consumers::HttpPorts Ports();
};

}  // namespace oppi::tests
