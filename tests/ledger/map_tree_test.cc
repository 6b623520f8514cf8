#include "ledger/merkle/map_tree.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "tests/support/vectors.h"

namespace oppi::ledger::merkle {
namespace {

using Model = std::map<MapKey, MapValue>;

std::vector<MapEntry> EntriesOf(const Model& model) {
  std::vector<MapEntry> entries;
  for (const auto& [key, value] : model) entries.push_back({key, value});
  return entries;
}

/// Keys of which many share long prefixes, and some are there already.
MapKey SomeKey() {
  MapKey key;
  key.bytes[static_cast<std::size_t>(*rc::gen::element(0, 15, 31))] =
      *rc::gen::arbitrary<unsigned char>();
  key.bytes[31] = *rc::gen::arbitrary<unsigned char>();
  return key;
}

Model SomeChanges(std::size_t most) {
  Model changes;
  const auto count = *rc::gen::inRange<std::size_t>(0, most + 1);
  for (std::size_t i = 0; i < count; ++i) {
    MapValue value;
    value.bytes[0] = *rc::gen::inRange<unsigned char>(0, 3);
    changes[SomeKey()] = value;
  }
  return changes;
}

std::unique_ptr<MapTree> Built(const std::vector<MapEntry>& entries) {
  MapTree::Builder builder;
  for (const MapEntry& entry : entries) EXPECT_TRUE(builder.Add(entry).ok());
  return builder.Finish();
}

/// The view answers as the definition does over these entries.
void Check(const MapTree::View& view, const Model& model, const std::vector<MapKey>& asked) {
  const auto entries = EntriesOf(model);
  RC_ASSERT(view.root() == *RootOfMap(entries));
  RC_ASSERT(view.size() == entries.size());
  for (const MapKey& key : asked) {
    const auto found = model.find(key);
    const auto included = view.ProveInclusion(key);
    const auto absent = view.ProveAbsence(key);
    RC_ASSERT(view.Find(key).has_value() == (found != model.end()));
    RC_ASSERT(included.ok() == (found != model.end()));
    RC_ASSERT(absent.ok() == (found == model.end()));
    if (found == model.end()) {
      RC_ASSERT(*absent == *ProveMapAbsence(entries, key));
      RC_ASSERT(included.error().code == Code::kNotFound);
    } else {
      RC_ASSERT(included->value == found->second);
      RC_ASSERT(*view.Find(key) == found->second);
      RC_ASSERT(included->path == *ProveMapInclusion(entries, key));
      RC_ASSERT(absent.error().code == Code::kAlreadyExists);
    }
  }
}

RC_GTEST_PROP(MapTreeProperty, EveryHistoryOfBatchesAnswersAsTheDefinitionDoes, ()) {
  MapTree tree;
  Model model;
  std::vector<std::pair<std::shared_ptr<const MapTree::View>, Model>> held;
  held.emplace_back(tree.Committed(), model);
  const int batches = *rc::gen::inRange(1, 8);
  for (int i = 0; i < batches; ++i) {
    const Model changes = SomeChanges(*rc::gen::element<std::size_t>(1, 3, 40));
    Model next = changes;
    next.insert(model.begin(), model.end());
    const auto before = tree.Committed();
    const auto root = tree.Prepare(EntriesOf(changes));
    RC_ASSERT(root.ok());
    RC_ASSERT(*root == *RootOfMap(EntriesOf(next)));
    RC_ASSERT(tree.Committed() == before);  // nobody sees it
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        tree.Discard();
        RC_ASSERT(tree.PreparedRoot() == before->root());
        break;
      case 1: {  // a second batch on top of the first
        const Model more = SomeChanges(10);
        for (const auto& [key, value] : more) next[key] = value;
        RC_ASSERT(*tree.Prepare(EntriesOf(more)) == *RootOfMap(EntriesOf(next)));
        [[fallthrough]];
      }
      default:
        tree.Commit();
        model = next;
        if (*rc::gen::arbitrary<bool>()) held.emplace_back(tree.Committed(), model);
    }
  }
  held.emplace_back(tree.Committed(), model);
  std::vector<MapKey> asked = {SomeKey(), SomeKey(), SomeKey()};
  for (const auto& [key, value] : model) asked.push_back(key);
  // I2: those that were held meanwhile answer as they did.
  for (const auto& [view, then] : held) Check(*view, then, asked);
  // A tree that is made of the entries at once is the same.
  Check(*Built(EntriesOf(model))->Committed(), model, asked);
}

RC_GTEST_PROP(MapTreeProperty, NothingIsLeftOfWhatNobodyCanReach, ()) {
  MapTree tree;
  Model model;
  for (int i = 0; i < 6; ++i) {
    const Model changes = SomeChanges(30);
    RC_ASSERT(tree.Prepare(EntriesOf(changes)).ok());
    if (*rc::gen::inRange(0, 3) == 0) {
      tree.Discard();
      continue;
    }
    tree.Commit();
    for (const auto& [key, value] : changes) model[key] = value;
  }
  RC_ASSERT(tree.Prepare({}).ok());  // takes back what is free
  const MapTree::Use use = tree.use();
  RC_ASSERT(use.leaves == model.size());
  RC_ASSERT(use.inner == (model.empty() ? 0 : model.size() - 1));
}

TEST(MapTree, NodesOfAHeldViewAreKeptAndTakenBackAfter) {
  MapTree tree;
  std::vector<MapEntry> entries(2);
  entries[1].key.bytes[0] = 1;
  ASSERT_TRUE(tree.Prepare(entries).ok());
  auto held = tree.Commit();
  for (unsigned char i = 1; i <= 10; ++i) {
    entries[0].value.bytes[0] = i;
    ASSERT_TRUE(tree.Prepare(std::span(entries).first(1)).ok());
    tree.Commit();
  }
  // Ten versions of one leaf and of the root above it, and the other leaf.
  ASSERT_TRUE(tree.Prepare({}).ok());
  EXPECT_EQ(tree.use().leaves, 12U);
  EXPECT_EQ(tree.use().inner, 11U);
  EXPECT_EQ(*held->Find(entries[0].key), MapValue{});
  held.reset();
  ASSERT_TRUE(tree.Prepare({}).ok());
  EXPECT_EQ(tree.use().leaves, 2U);
  EXPECT_EQ(tree.use().inner, 1U);
}

TEST(MapTree, AViewOutlivesItsTree) {
  std::shared_ptr<const MapTree::View> view;
  {
    const auto tree = Built({MapEntry{}});
    view = tree->Committed();
  }
  EXPECT_EQ(view->root(), *RootOfMap(std::vector{MapEntry{}}));
  EXPECT_TRUE(view->ProveInclusion(MapKey{}).ok());
}

TEST(MapTree, AValueThatIsSetAgainChangesNothing) {
  MapTree tree;
  const std::vector<MapEntry> one(1);
  const MapRoot root = *tree.Prepare(one);
  tree.Commit();
  EXPECT_EQ(*tree.Prepare(one), root);
  tree.Commit();
  EXPECT_EQ(tree.use().leaves, 1U);
  EXPECT_EQ(tree.Committed()->size(), 1U);
}

TEST(MapTree, TheEmptyTreeHasTheEmptyRootAndProvesAbsence) {
  MapTree tree;
  EXPECT_EQ(tree.Committed()->root(), EmptyMapRoot());
  EXPECT_EQ(*tree.Prepare({}), EmptyMapRoot());
  EXPECT_TRUE(
      VerifyMapAbsence(MapKey{}, *tree.Committed()->ProveAbsence(MapKey{}), EmptyMapRoot()).ok());
  EXPECT_EQ(tree.Committed()->ProveInclusion(MapKey{}).error().code, Code::kNotFound);
  tree.Discard();
  EXPECT_EQ(tree.PreparedRoot(), EmptyMapRoot());
  EXPECT_EQ(Built({})->Committed()->root(), EmptyMapRoot());
}

TEST(MapTree, EntriesOutOfOrderOrTwiceAreRefusedAndChangeNothing) {
  MapEntry low{};
  MapEntry high{};
  high.key.bytes[31] = 1;
  MapTree tree;
  EXPECT_EQ(tree.Prepare(std::vector{high, low}).error().code, Code::kInvalidArgument);
  EXPECT_EQ(tree.Prepare(std::vector{low, low}).error().code, Code::kInvalidArgument);
  EXPECT_EQ(tree.PreparedRoot(), EmptyMapRoot());
  MapTree::Builder builder;
  EXPECT_TRUE(builder.Add(high).ok());
  EXPECT_FALSE(builder.Add(high).ok());
  EXPECT_FALSE(builder.Add(low).ok());
  EXPECT_EQ(builder.Finish()->Committed()->root(), *RootOfMap(std::vector{high}));
}

TEST(MapTree, TheDeepestTreeThereIsWorks) {
  // Each key differs from the one before in one bit.
  std::vector<MapEntry> entries(1);
  for (std::size_t bit = 256; bit-- > 0;) {
    MapEntry entry{};
    entry.key.bytes[bit / 8] = static_cast<unsigned char>(1U << (7 - bit % 8));
    entries.push_back(entry);
  }
  MapTree tree;
  for (const MapEntry& entry : entries) ASSERT_TRUE(tree.Prepare(std::span(&entry, 1)).ok());
  tree.Commit();
  EXPECT_EQ(tree.Committed()->root(), *RootOfMap(entries));
  EXPECT_EQ(Built(entries)->Committed()->root(), *RootOfMap(entries));
  EXPECT_EQ(tree.Committed()->ProveInclusion(entries[0].key)->path.size(), 256U);
}

TEST(MapTree, AnswersWhileItIsWritten) {
  std::mt19937_64 random(1);
  std::vector<MapEntry> entries(2000);
  for (MapEntry& entry : entries)
    for (unsigned char& byte : entry.key.bytes) byte = static_cast<unsigned char>(random());
  std::sort(entries.begin(), entries.end(),
            [](const MapEntry& a, const MapEntry& b) { return a.key < b.key; });
  const auto tree = Built(entries);
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::atomic<std::uint64_t> proofs{0};
  std::vector<std::thread> readers;
  for (std::uint64_t r = 0; r < 2; ++r)
    readers.emplace_back([&, r] {
      std::mt19937_64 mine(r);
      while (!stop) {
        const auto view = tree->Committed();
        for (int i = 0; i < 20; ++i) {
          MapKey key = entries[mine() % entries.size()].key;
          const auto there = view->ProveInclusion(key);
          if (!there.ok() ||
              !VerifyMapInclusion({key, there->value}, there->path, view->root()).ok())
            ++wrong;
          key.bytes[31] ^= 1;
          const auto absent = view->ProveAbsence(key);
          if (!absent.ok() || !VerifyMapAbsence(key, *absent, view->root()).ok()) ++wrong;
          ++proofs;
        }
      }
    });
  for (unsigned round = 0; round < 300 || proofs < 1000; ++round) {
    std::vector<MapEntry> changes;
    for (const MapEntry& entry : entries)
      if (random() % 20 == 0) {
        changes.push_back(entry);
        changes.back().value = HashOf<MapValue>(std::to_string(round));
      }
    ASSERT_TRUE(tree->Prepare(changes).ok());
    if (round % 5 == 0)
      tree->Discard();
    else
      tree->Commit();
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
  ASSERT_TRUE(tree->Prepare({}).ok());
  EXPECT_EQ(tree->use().leaves, entries.size());
}

std::vector<nlohmann::json> MapVectors(const std::string& name) {
  std::vector<nlohmann::json> vectors;
  for (const std::string& line : tests::Lines(
           tests::ReadFile(tests::VectorPath("waict-mpt/merkle-patricia-tree-tests/" + name))))
    vectors.push_back(nlohmann::json::parse(line));
  return vectors;
}

Model ModelOf(const nlohmann::json& leaves) {
  Model model;
  for (const auto& leaf : leaves)
    model[*MapKey::From(tests::FromVector(leaf.at("key")))] =
        *MapValue::From(tests::FromVector(leaf.at("value")));
  return model;
}

TEST(MapTreeVectors, EveryKnownRootIsComputedLeafByLeafAndAtOnce) {
  OPPI_NEEDS_VECTORS("waict-mpt");
  const auto vectors = MapVectors("mpt_root_kats.jsonl");
  EXPECT_EQ(vectors.size(), 24U);
  for (const auto& vector : vectors) {
    SCOPED_TRACE(vector.at("label"));
    const Model model = ModelOf(vector.at("leaves"));
    EXPECT_EQ(Built(EntriesOf(model))->Committed()->root().base64(), vector.at("root"));
    MapTree tree;
    for (const auto& leaf : vector.at("leaves")) {
      const auto one = EntriesOf(ModelOf(nlohmann::json::array({leaf})));
      ASSERT_TRUE(tree.Prepare(one).ok());
      tree.Commit();
    }
    EXPECT_EQ(tree.Committed()->root().base64(), vector.at("root"));
  }
}

TEST(MapTreeVectors, EveryKnownInclusionProofIsMadeByteForByte) {
  OPPI_NEEDS_VECTORS("waict-mpt");
  const auto vectors = MapVectors("mpt_inclusion_kats.jsonl");
  EXPECT_EQ(vectors.size(), 36U);
  for (const auto& vector : vectors) {
    SCOPED_TRACE(vector.at("label"));
    const auto& leaf = vector.at("leaves").at(vector.at("target_index").get<std::size_t>());
    const auto tree = Built(EntriesOf(ModelOf(vector.at("leaves"))));
    const auto included =
        tree->Committed()->ProveInclusion(*MapKey::From(tests::FromVector(leaf.at("key"))));
    ASSERT_TRUE(included.ok());
    EXPECT_EQ("mptproof\x01" + Bytes(included->value.view()) + EncodeMapPath(included->path),
              tests::FromVector(vector.at("proof")));
  }
}

}  // namespace
}  // namespace oppi::ledger::merkle
