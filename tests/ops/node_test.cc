#include "ops/node.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "events/ids.h"
#include "ops/publishers.h"
#include "tests/support/temp_folder.h"

namespace oppi::ops {
namespace {

namespace fs = std::filesystem;

class NodeTest : public testing::Test {
 protected:
  Status Create(const std::string& origin = "oppiloki.example/node") {
    return Node::Create({directory_, {origin, events::OrganisationOid(1), true}}, entropy_, clock_);
  }
  void Remove(const std::string& name) { fs::remove_all(directory_ + "/" + name); }
  /// The log's own key and the size of its log.
  std::pair<VerifierKey, std::uint64_t> Opened() {
    auto node = Node::Open({directory_, {}});
    OPPI_CHECK(node.ok());
    return {(*node)->LogKey(), (*node)->View()->size().value()};
  }

  tests::TempFolder folder_;
  const std::string directory_ = folder_ / "ledger";
  SystemEntropy entropy_;
  SystemClock clock_;
};

TEST_F(NodeTest, OpensWhatItCreatedAndRefusesToCreateItAgain) {
  ASSERT_TRUE(Create().ok());
  EXPECT_EQ(Opened().second, 2U);
  const Status again = Create();
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, Code::kAlreadyExists);
}

TEST_F(NodeTest, FinishesAnInitThatWasInterruptedWithTheKeysThatAreThere) {
  ASSERT_TRUE(Create().ok());
  const VerifierKey key = Opened().first;
  // Backwards through what init leaves behind, as if it had been stopped ever earlier.
  const std::vector<std::vector<std::string>> missing = {
      {"ledger.toml"},
      {"ledger.toml", "trust.policy"},
      {"ledger.toml", "trust.policy", "lock/checkpoint"},
      {"ledger.toml", "trust.policy", "lock/checkpoint", "log", "views", "vault"},
      {"ledger.toml", "trust.policy", "lock", "log", "keys/master.key", "vault"},
      {"ledger.toml", "trust.policy", "lock", "log", "keys/registrar.key", "keys/ledger.key"}};
  for (const auto& names : missing) {
    for (const std::string& name : names) Remove(name);
    const Status created = Create();
    ASSERT_TRUE(created.ok()) << names.size() << ": " << created.error().message;
    EXPECT_EQ(Opened(), std::pair(key, std::uint64_t{2}));
  }
}

TEST_F(NodeTest, DoesNotFinishAnInitOfAnotherOrigin) {
  ASSERT_TRUE(Create().ok());
  Remove("ledger.toml");
  const Status other = Create("oppiloki.example/other");
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, Code::kAlreadyExists);
}

TEST_F(NodeTest, NeverBeginsALogAgainThatHasBeenInUse) {
  ASSERT_TRUE(Create().ok());
  {
    const auto node = Node::Open({directory_, {}});
    ASSERT_TRUE(node.ok());
    ASSERT_TRUE(PublisherKey(**node, "sis").ok());
  }
  Remove("ledger.toml");
  const Status again = Create();
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, Code::kAlreadyExists);
  EXPECT_NE(again.error().message.find("in use"), std::string::npos) << again.error().message;
}

TEST_F(NodeTest, NeverBeginsANewLogWhereTheLockKnowsOfALostOne) {
  ASSERT_TRUE(Create().ok());
  Remove("ledger.toml");
  Remove("log");
  const Status again = Create();
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, Code::kDataLoss);
}

TEST_F(NodeTest, IsUnavailableToASecondOpener) {
  ASSERT_TRUE(Create().ok());
  const auto first = Node::Open({directory_, {}});
  ASSERT_TRUE(first.ok());
  const auto second = Node::Open({directory_, {}});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::kUnavailable);
}

TEST_F(NodeTest, RefusesToServeAnOldCopyOfItsStore) {
  ASSERT_TRUE(Create().ok());
  (void)Opened();
  fs::copy(directory_ + "/log", directory_ + "/old", fs::copy_options::recursive);
  {
    const auto node = Node::Open({directory_, {}});
    ASSERT_TRUE(node.ok());
    ASSERT_TRUE(PublisherKey(**node, "sis").ok());
  }
  Remove("log");
  fs::rename(directory_ + "/old", directory_ + "/log");
  Remove("views");  // so that only the lock can tell
  const auto node = Node::Open({directory_, {}});
  ASSERT_FALSE(node.ok());
  EXPECT_EQ(node.error().code, Code::kDataLoss);
}

}  // namespace
}  // namespace oppi::ops
