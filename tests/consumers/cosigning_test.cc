#include "consumers/cosigning.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>

#include "consumers/http_server.h"
#include "consumers/witness_api.h"
#include "events/tree_hash.h"
#include "tests/support/sample_events.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_ledger.h"

/// A log and its witnesses, each a server of its own: one that lies, one that is slow, one that is
/// down; and that the log neither waits for them nor shows less than before.

namespace oppi::consumers {
namespace {

using namespace std::chrono_literals;

/// What a witness does instead of what it should.
using Part = std::function<HttpResponse(const HttpRequest&, const std::function<HttpResponse()>& honest)>;

/// A witness behind HTTP.
class ServedWitness {
 public:
  ServedWitness(const std::string& name, std::uint8_t seed, const VerifierKey& log, const Clock& clock, Part part = {})
      : name_(name),
        state_(ledger::WitnessFolder::Open(folder_.path(), {ledger::WitnessedLogName(log.name)}).value()),
        witness_({name, SigningKey::FromSeed({seed})}, {log}, *state_, clock),
        clock_(clock),
        part_(std::move(part)) {
    Start("127.0.0.1:0");
  }
  void Start(const std::string& listen) {
    std::vector<Route> routes = WitnessRoutes(witness_);
    if (part_)
      routes[0].handle = [this, honest = routes[0].handle](const HttpRequest& request) {
        return part_(request, [&] { return honest(request); });
      };
    const auto nobody = [](std::string_view) -> Result<Claims> { return Unauthenticated("no tokens"); };
    ServerOptions options;
    options.listen = listen;
    options.limits.drain_time_max = 50ms;
    server_ = HttpServer::Start(Router(std::move(routes)), options, {clock_, nobody, nullptr}).value();
    port_ = server_->port();
  }
  void Stop() { server_.reset(); }
  void StartAgain() { Start("127.0.0.1:" + std::to_string(port_)); }

  [[nodiscard]] ledger::TlogPolicy::Witness Place() const {
    return {name_, witness_.verifier(), "http://127.0.0.1:" + std::to_string(port_)};
  }
  [[nodiscard]] ledger::Witness& witness() { return witness_; }

 private:
  const std::string name_;
  const tests::TempFolder folder_;
  std::unique_ptr<ledger::WitnessFolder> state_;
  ledger::Witness witness_;
  const Clock& clock_;
  Part part_;
  std::uint16_t port_ = 0;
  std::unique_ptr<HttpServer> server_;
};

class CosigningTest : public testing::Test {
 protected:
  CosigningTest() : key_(ledger_.Register("sis", events::Role::kProvider)) {}

  void Say(std::uint64_t count = 1) {
    std::vector<events::Event> some;
    for (std::uint64_t i = 0; i < count; ++i)
      some.push_back(tests::SampleEvent(events::EventType::kAttendanceMarked, tests::Fill::kRequired, ++said_));
    ASSERT_TRUE(ledger_.Publish(key_, some).ok());
  }
  [[nodiscard]] VerifierKey Log() const { return ledger_.parts.log_key.verifier(); }
  [[nodiscard]] ledger::TlogPolicy Policy(const std::vector<const ServedWitness*>& witnesses, std::size_t k) const {
    ledger::TlogPolicy policy = ledger::PolicyOf(Log());
    ledger::TlogPolicy::Group group{"enough", k, {}};
    for (const ServedWitness* witness : witnesses) {
      policy.witnesses.push_back(witness->Place());
      group.members.push_back(policy.witnesses.back().name);
    }
    policy.groups.push_back(std::move(group));
    policy.quorum = "enough";
    return policy;
  }
  [[nodiscard]] std::unique_ptr<Cosigning> Start(const ledger::TlogPolicy& policy, CosigningOptions options = Quick()) {
    return Cosigning::Start({[this] { return ledger_.View(); }, ledger_.parts.clock, folder_.path() + "/cosigned"}, policy, options).value();
  }
  static CosigningOptions Quick() {
    CosigningOptions options;
    options.round_every = 20ms;
    options.back_off_first = 20ms;
    options.back_off_max = 100ms;
    return options;
  }
  template <class F>
  static bool Soon(F&& holds) {
    for (int i = 0; i < 500; ++i, std::this_thread::sleep_for(20ms))
      if (holds()) return true;
    return false;
  }
  bool ShowsNewest(const Cosigning& cosigning) const {
    return Soon([&] { return cosigning.Shown()->size() == ledger_.View()->size() && cosigning.Now().met; });
  }
  static std::string Trouble(const Cosigning& cosigning, std::size_t witness) { return cosigning.Now().witnesses[witness].trouble; }

  tests::TestLedger ledger_;
  const tests::TempFolder folder_;
  const NamedSigningKey key_;
  std::uint64_t said_ = 0;
};

TEST_F(CosigningTest, WhatTheQuorumCosignedIsShownAndHoldsUnderThePolicy) {
  ServedWitness one("one", 1, Log(), ledger_.parts.clock);
  ServedWitness two("two", 2, Log(), ledger_.parts.clock);
  const auto policy = Policy({&one, &two}, 2);
  const auto cosigning = Start(policy);
  for (int i = 0; i < 5; ++i) {
    Say(7);
    ASSERT_TRUE(ShowsNewest(*cosigning)) << Trouble(*cosigning, 0) << Trouble(*cosigning, 1);
    const auto trusted = OpenCheckpoint(cosigning->Shown()->note(), policy);
    ASSERT_TRUE(trusted.ok()) << trusted.error().message;
    EXPECT_EQ(trusted->cosignatures.size(), 2U);
  }
  // A receipt from it says so by itself.
  const auto receipt = ledger::ParseTlogProof(cosigning->Shown()->Receipt(LeafIndex(3)).value());
  EXPECT_TRUE(VerifyTlogProof(*receipt, HashLeaf(*receipt->extra), policy).ok());
  const auto bare = ledger::ParseTlogProof(ledger_.View()->Receipt(LeafIndex(3)).value());
  EXPECT_FALSE(VerifyTlogProof(*bare, HashLeaf(*bare->extra), policy).ok());
}

TEST_F(CosigningTest, OneThatLiesOneThatIsSlowAndOneThatIsDownHoldUpNobody) {
  ServedWitness honest("honest", 1, Log(), ledger_.parts.clock);
  ServedWitness other("other", 2, Log(), ledger_.parts.clock);
  const NamedSigningKey stranger{"liar", SigningKey::FromSeed({9})};
  ServedWitness liar("liar", 3, Log(), ledger_.parts.clock, [&](const HttpRequest&, const auto& answer_honestly) {
    HttpResponse response = answer_honestly();
    if (response.status != 200) return response;
    // Its name and id over a signature of another key.
    auto lines = ledger::ParseSignatureLines(response.body).value();
    auto forged = ledger::Cosign(ledger_.View()->note().substr(0, ledger_.View()->note().find("\n\n") + 1), stranger,
                                 static_cast<std::uint64_t>(ledger_.parts.clock.Now().micros / kMicrosPerSecond));
    lines[0].signature = forged.signature;
    response.body = FormatSignatureLine(lines[0]);
    return response;
  });
  std::atomic<bool> released = false;
  ServedWitness slow("slow", 4, Log(), ledger_.parts.clock, [&](const HttpRequest&, const auto& answer_honestly) {
    for (int i = 0; i < 30000 && !released; ++i) std::this_thread::sleep_for(1ms);
    return answer_honestly();
  });
  ServedWitness down("down", 5, Log(), ledger_.parts.clock);
  down.Stop();
  const auto cosigning = Start(Policy({&honest, &other, &liar, &slow, &down}, 2));
  const auto before = std::chrono::steady_clock::now();
  for (int i = 0; i < 10; ++i) {
    Say();
    ASSERT_TRUE(ShowsNewest(*cosigning));
  }
  // Ten acknowledgements and ten quorums in less time than the slow one would take for one answer.
  EXPECT_LT(std::chrono::steady_clock::now() - before, 20s);
  EXPECT_TRUE(Soon([&] { return !Trouble(*cosigning, 4).empty(); }));
  const auto state = cosigning->Now();
  EXPECT_EQ(state.witnesses[2].cosignatures, 0U);
  EXPECT_GT(state.witnesses[2].failures.at("untrusted"), 0U);
  EXPECT_EQ(state.witnesses[2].trouble, "its signature does not verify");
  EXPECT_GT(state.witnesses[4].failures.at("unavailable"), 0U);
  EXPECT_EQ(ledger::ParseNote(cosigning->Shown()->note())->signatures.size(), 3U) << "the log's and two";
  released = true;
  // Back in time, the slow one and the one that comes up again are heard, too.
  down.StartAgain();
  EXPECT_TRUE(Soon([&] { return ledger::ParseNote(cosigning->Shown()->note())->signatures.size() == 5; }));
  EXPECT_TRUE(Trouble(*cosigning, 4).empty()) << Trouble(*cosigning, 4);
}

TEST_F(CosigningTest, TwoSlowOnesStillMeetOnOneCheckpoint) {
  const Part late = [](const HttpRequest&, const auto& answer_honestly) {
    std::this_thread::sleep_for(60ms);
    return answer_honestly();
  };
  ServedWitness one("one", 1, Log(), ledger_.parts.clock, late);
  ServedWitness two("two", 2, Log(), ledger_.parts.clock, late);
  const auto cosigning = Start(Policy({&one, &two}, 2));
  std::vector<TreeSize> met;
  for (int i = 0; i < 100; ++i) {
    Say();
    std::this_thread::sleep_for(10ms);
    const auto shown = cosigning->Shown();
    if (cosigning->Now().met && (met.empty() || met.back() < shown->size())) met.push_back(shown->size());
  }
  EXPECT_GE(met.size(), 4U) << "the log grows all the time, and the quorum follows";
}

TEST_F(CosigningTest, WithoutAQuorumTheNewestIsShownLateAndNeverLess) {
  ServedWitness one("one", 1, Log(), ledger_.parts.clock);
  ServedWitness two("two", 2, Log(), ledger_.parts.clock);
  CosigningOptions options = Quick();
  options.unmet_max = 3s;
  const auto cosigning = Start(Policy({&one, &two}, 2), options);
  Say();
  ASSERT_TRUE(ShowsNewest(*cosigning));
  const TreeSize met = cosigning->Shown()->size();
  two.Stop();
  Say();
  ASSERT_TRUE(Soon([&] { return cosigning->Now().witnesses[0].cosigned == ledger_.View()->size(); }));
  EXPECT_EQ(cosigning->Shown()->size(), met) << "the newest with a quorum, as long as it is young";
  EXPECT_EQ(cosigning->Cosigned(ledger_.View()->size(), 5s), nullptr) << "nothing to wait for";
  ASSERT_TRUE(Soon([&] { return cosigning->Shown()->size() == ledger_.View()->size(); }));
  EXPECT_FALSE(cosigning->Now().met);
  EXPECT_EQ(ledger::ParseNote(cosigning->Shown()->note())->signatures.size(), 2U) << "with what there is";
  TreeSize shown = cosigning->Shown()->size();
  two.StartAgain();
  for (int i = 0; i < 60; ++i) {
    Say();
    std::this_thread::sleep_for(5ms);
    const TreeSize now = cosigning->Shown()->size();
    EXPECT_FALSE(now < shown);
    shown = now;
  }
  EXPECT_TRUE(ShowsNewest(*cosigning));
}

TEST_F(CosigningTest, ARestartShowsNothingSmallerAndKeepsWhatWasCosigned) {
  ServedWitness one("one", 1, Log(), ledger_.parts.clock);
  const auto policy = Policy({&one}, 1);
  {
    const auto cosigning = Start(policy);
    Say(3);
    ASSERT_TRUE(ShowsNewest(*cosigning));
  }
  one.Stop();
  const TreeSize cosigned = ledger_.View()->size();
  {
    const auto cosigning = Start(policy);
    EXPECT_EQ(cosigning->Shown()->size(), cosigned);
    EXPECT_TRUE(cosigning->Now().met) << "it was kept";
    Say();
    EXPECT_EQ(cosigning->Shown()->size(), cosigned);
  }
  // A file of another log, or none at all: the newest is shown, and it is said.
  std::ofstream(folder_.path() + "/cosigned") << "damaged\n";
  const auto cosigning = Start(policy);
  EXPECT_EQ(cosigning->Shown()->size(), ledger_.View()->size());
  EXPECT_FALSE(cosigning->Now().met);
}

TEST_F(CosigningTest, AWitnessThatKnowsMoreThanTheLogIsSaidToBeAhead) {
  ServedWitness one("one", 1, Log(), ledger_.parts.clock);
  const auto old = ledger_.View();
  Say(5);
  const auto cosigning = Start(Policy({&one}, 1));
  ASSERT_TRUE(ShowsNewest(*cosigning));
  // As after a restore from an old copy: the log is behind what its witness has.
  const auto stale = Cosigning::Start({[old] { return old; }, ledger_.parts.clock, ""}, Policy({&one}, 1), Quick()).value();
  ASSERT_TRUE(Soon([&] { return stale->Now().witnesses[0].failures.count("ahead") == 1; }));
  EXPECT_EQ(Trouble(*stale, 0), "it has cosigned size " + std::to_string(ledger_.View()->size().value()));
}

TEST_F(CosigningTest, AForkIsRefusedByTheWitness) {
  ServedWitness one("one", 1, Log(), ledger_.parts.clock);
  {
    Say(5);
    const auto cosigning = Start(Policy({&one}, 1));
    ASSERT_TRUE(ShowsNewest(*cosigning));
  }
  tests::TestLedger fork;  // the same keys, another history
  const NamedSigningKey key = fork.Register("another", events::Role::kProvider);
  while (fork.View()->size() < ledger_.View()->size()) ASSERT_TRUE(fork.Publish(key, tests::Marks(fork.View()->size().value(), 3)).ok());
  const auto forked = Cosigning::Start({[&fork] { return fork.View(); }, fork.parts.clock, ""}, Policy({&one}, 1), Quick()).value();
  ASSERT_TRUE(Soon([&] { return forked->Now().witnesses[0].failures.count("inconsistent") == 1; })) << Trouble(*forked, 0);
}

TEST_F(CosigningTest, EveryOtherAnswerIsAFailureWithAName) {
  struct Case {
    unsigned status;
    std::string body;
    std::string kind;
  };
  const std::string name = ledger_.View()->checkpoint().origin;
  const std::vector<Case> cases = {
      {403, "", "refused"},      {404, "", "refused"},         {400, "", "refused"},        {422, "", "inconsistent"},
      {500, "", "unavailable"},  {503, "", "unavailable"},     {429, "", "unavailable"},    {301, "", "untrusted"},
      {200, "", "untrusted"},    {200, "hello", "untrusted"},  {409, "x\n", "untrusted"},   {409, "18446744073709551616\n", "untrusted"},
      {409, "2", "untrusted"},   {409, "99999999\n", "ahead"}, {409, "0\n", "unavailable"}, {200, "\u2014 one AAAA\n", "untrusted"},
      {204, "", "untrusted"},
  };
  for (const Case& c : cases) {
    ServedWitness one("one", 1, Log(), ledger_.parts.clock, [&c](const HttpRequest&, const auto&) {
      HttpResponse response;
      response.status = c.status;
      response.media_type = "text/plain";
      response.body = c.body;
      return response;
    });
    const auto cosigning = Start(Policy({&one}, 1));
    ASSERT_TRUE(Soon([&] { return !Trouble(*cosigning, 0).empty(); })) << c.status;
    EXPECT_EQ(cosigning->Now().witnesses[0].failures.count(c.kind), 1U) << c.status << " " << c.body << ": " << Trouble(*cosigning, 0);
    EXPECT_FALSE(cosigning->Now().met);
  }
}

TEST_F(CosigningTest, ATimeThatIsNotNearNowIsRefused) {
  for (const std::int64_t off : {-400, 400}) {
    ManualClock wrong{Instant{ledger_.parts.clock.Now().micros + off * kMicrosPerSecond}};
    ServedWitness one("one", 1, Log(), wrong);
    const auto cosigning = Start(Policy({&one}, 1));
    ASSERT_TRUE(Soon([&] { return !Trouble(*cosigning, 0).empty(); }));
    EXPECT_EQ(Trouble(*cosigning, 0), "its clock and ours differ by 400 seconds");
  }
}

TEST_F(CosigningTest, EndingDoesNotWaitForAWitness) {
  std::atomic<bool> asked = false;
  std::atomic<bool> released = false;
  ServedWitness slow("slow", 4, Log(), ledger_.parts.clock, [&](const HttpRequest&, const auto& answer_honestly) {
    asked = true;
    for (int i = 0; i < 30000 && !released; ++i) std::this_thread::sleep_for(1ms);
    return answer_honestly();
  });
  auto cosigning = Start(Policy({&slow}, 1));
  ASSERT_TRUE(Soon([&] { return asked.load(); }));
  const auto before = std::chrono::steady_clock::now();
  cosigning.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - before, 4s) << "less than the time that an answer may take";
  released = true;
}

TEST_F(CosigningTest, AnAddressThatIsNoneIsRefusedAtTheStart) {
  ServedWitness one("one", 1, Log(), ledger_.parts.clock);
  auto policy = Policy({&one}, 1);
  policy.witnesses[0].url = "ftp://somewhere";
  const auto cosigning = Cosigning::Start({[this] { return ledger_.View(); }, ledger_.parts.clock, ""}, policy, Quick());
  ASSERT_FALSE(cosigning.ok());
  EXPECT_EQ(cosigning.error().code, Code::kInvalidArgument);
}

}  // namespace
}  // namespace oppi::consumers
