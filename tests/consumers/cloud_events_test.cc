#include "consumers/cloud_events.h"

#include <gtest/gtest.h>

#include "events/limits.h"

namespace oppi::tests {
namespace {

using consumers::SplitEvents;

TEST(CloudEvents, AnArrayIsCutAtItsElements) {
  const std::string body = "\r\n[ {\"a\":1} ,\t{},{\"b\":\"}]\\\"\\\\\"} ]\n";
  const auto events = SplitEvents(body);
  ASSERT_TRUE(events.ok());
  EXPECT_EQ(*events, (std::vector<ByteView>{"{\"a\":1}", "{}", "{\"b\":\"}]\\\"\\\\\"}"}));
  EXPECT_TRUE(SplitEvents("[]")->empty());
  EXPECT_TRUE(SplitEvents(" [ ] ")->empty());
}

TEST(CloudEvents, WhatIsNoArrayOfObjectsIsRefused) {
  for (const std::string_view body :
       {"",        " ",       "{}",     "[",       "[{}",         "[{},",   "[{},]",
        "[,{}]",   "[{} {}]", "[{}]]",  "[{}] x",  "[1]",         "[null]", "[[{}]]",
        "[\"a\"]", "[{]",     "[{\"a]", "[{\"a\\", "[{\"a\":[}]", "[{]}]",  "\xef\xbb\xbf[{}]"}) {
    const auto events = SplitEvents(body);
    ASSERT_FALSE(events.ok()) << body;
    EXPECT_EQ(events.error().code, Code::kInvalidArgument);
    EXPECT_TRUE(events.error().message.starts_with("MALFORMED: "));
  }
}

TEST(CloudEvents, AnArrayMayHaveAThousandElementsAndNotOneMore) {
  std::string body = "[{}";
  for (std::size_t i = 1; i < kBatchEventsMax; ++i) body += ",{}";
  EXPECT_EQ(SplitEvents(body + "]")->size(), kBatchEventsMax);
  const auto more = SplitEvents(body + ",{}]");
  ASSERT_FALSE(more.ok());
  EXPECT_TRUE(more.error().message.starts_with("BATCH_TOO_LARGE: "));
}

TEST(CloudEvents, DepthIsTheDecodersMatterAndCostsNoStackHere) {
  const std::string deep = "[" + std::string(100'000, '{') + std::string(100'000, '}') + "]";
  EXPECT_EQ(SplitEvents(deep)->size(), 1U);
}

}  // namespace
}  // namespace oppi::tests
