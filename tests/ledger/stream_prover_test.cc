#include "ledger/stream_prover.h"

#include <gtest/gtest.h>

#include <future>

#include "ledger/label_prover.h"
#include "tests/support/sample_events.h"
#include "tests/support/test_writer.h"

namespace oppi::ledger {
namespace {

using tests::Mark;
using tests::Marks;
using tests::TestWriter;

/// What somebody sees who has the view's state entry, the VRF key and the proofs, and nothing else.
void ExpectProved(TestWriter& writer, const LogView& view, std::string_view person,
                  const std::vector<LeafIndex>& entries) {
  const auto state = StateOf(view);
  ASSERT_TRUE(state.ok()) << state.error().message;
  EXPECT_EQ(state->leaf.covers.value(), view.size().value() - 1);
  const VrfPublicKey& key = writer.parts.vault->label_key().public_key();
  EXPECT_EQ(state->leaf.fold, FoldOf(key));
  const auto proved = ProveIdentifier(view, *writer.parts.vault, person);
  ASSERT_TRUE(proved.ok()) << proved.error().message;
  const auto entry = VerifyEntryProof(proved->entry, person, key, state->leaf.map_root);
  ASSERT_TRUE(entry.ok()) << entry.error().message;
  if (entries.empty()) {
    EXPECT_FALSE(entry->entry);
    EXPECT_TRUE(proved->streams.empty());
    return;
  }
  ASSERT_TRUE(entry->entry);
  ASSERT_EQ(proved->streams.size(), 1U);
  const ProvedStream& stream = proved->streams.front();
  EXPECT_TRUE(VerifyHandle(*entry->entry, stream.handle, stream.salt).ok());
  const auto head =
      VerifyStreamProof(stream.proof, LearnerStream(stream.handle), key, state->leaf.map_root);
  ASSERT_TRUE(head.ok()) << head.error().message;
  ASSERT_TRUE(*head);
  EXPECT_EQ(stream.entries, entries);
  EXPECT_TRUE(VerifyStreamEntries(**head, stream.entries).ok());
}

TEST(StreamProver, ShowsAllThatThereIsOfALearnerAndThatThereIsNothingOfAnother) {
  TestWriter writer;
  std::vector<LeafIndex> entries;
  for (std::uint64_t n = 1; n <= 40; ++n) {
    const auto result = writer.Send({Mark(2 * n, 1), Mark(2 * n + 1, 2)});
    ASSERT_TRUE(result.ok());
    entries.push_back(*result->items[0].position);
  }
  ExpectProved(writer, *writer.View(), tests::PersonId(1), entries);
  ExpectProved(writer, *writer.View(), tests::PersonId(3), {});
  writer.Restart();
  ExpectProved(writer, *writer.View(), tests::PersonId(1), entries);
}

TEST(StreamProver, AnOlderViewShowsWhatThereWasThen) {
  TestWriter writer;
  const auto first = writer.Send({Mark(1, 1)});
  ASSERT_TRUE(first.ok());
  const auto before = writer.View();
  ASSERT_TRUE(writer.Send({Mark(2, 1), Mark(3, 2)}).ok());
  ExpectProved(writer, *before, tests::PersonId(1), {*first->items[0].position});
  ExpectProved(writer, *before, tests::PersonId(2), {});
}

TEST(StreamProver, RefusesWhatIsNoIdentifier) {
  TestWriter writer;
  EXPECT_EQ(ProveIdentifier(*writer.View(), *writer.parts.vault, "").error().code,
            Code::kInvalidArgument);
}

TEST(StreamMap, TheWriterUsesTheHandleThatWasMadeAheadUnlessSomebodyWasFirst) {
  TestWriter writer;
  PreparedBatch one = writer.Prepare(writer.Sign({Mark(1, 1)}));
  PreparedBatch two = writer.Prepare(writer.Sign({Mark(2, 1)}));
  ASSERT_EQ(one.newcomers.size(), 1U);
  ASSERT_EQ(two.newcomers.size(), 1U);
  const Handle handle = one.newcomers.begin()->second.handle;
  EXPECT_NE(handle, two.newcomers.begin()->second.handle);
  std::promise<void> done;
  ASSERT_TRUE(writer.sequencer().Submit(std::move(one), [](Result<BatchResult>) {}).ok());
  ASSERT_TRUE(writer.sequencer()
                  .Submit(std::move(two), [&](Result<BatchResult>) { done.set_value(); })
                  .ok());
  done.get_future().wait();
  EXPECT_EQ(writer.parts.vault->FindHandles(tests::PersonId(1)).value(), std::vector{handle});
  EXPECT_EQ(writer.StreamOf(tests::PersonId(1)).size(), 2U);
  EXPECT_TRUE(writer.Prepare(writer.Sign({Mark(3, 1)})).newcomers.empty());
  writer.Check(writer.View()->size());
}

TEST(StreamMap, ALogWhoseRowsDoNotGiveTheMapIsNotOpened) {
  TestWriter writer;
  ASSERT_TRUE(writer.Send(Marks(1, 9)).ok());
  writer.Close();
  WriteBatch rows;
  rows.Delete(Table::kLabels,
              writer.parts.log_rows.Floor(Table::kLabels, Bytes(32, '\xff')).value()->first);
  ASSERT_TRUE(writer.parts.log_rows.Apply(rows, Durability::kSynced).ok());
  const Status opened = writer.Open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::kDataLoss);
  EXPECT_NE(opened.error().message.find("map root"), std::string::npos);
}

}  // namespace
}  // namespace oppi::ledger
