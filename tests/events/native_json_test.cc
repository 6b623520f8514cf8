#include "events/codec/native_json.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "events/event.h"
#include "tests/support/sample_events.h"

namespace oppi::events {
namespace {

using tests::Fill;
using tests::SampleEvent;

TEST(NativeJson, ReadsBackEveryTypeItWrites) {
  for (const TypeInfo& info : AllTypes()) {
    for (const Fill fill : {Fill::kRequired, Fill::kEverything}) {
      for (std::uint64_t number = 1; number <= 12; ++number) {
        const Event event = SampleEvent(info.type, fill, number);
        const std::string json = EncodeJson(event);
        const Decoded decoded = Decode(json, Encoding::kJson);
        ASSERT_EQ(ErrorName(decoded.error), "") << decoded.member << '\n' << json;
        ASSERT_EQ(decoded.event, event) << json;
        EXPECT_EQ(decoded.type, &info);
        EXPECT_EQ(decoded.id, event.id);
        EXPECT_EQ(decoded.source, event.source);
        EXPECT_EQ(EncodeJson(decoded.event), json);
      }
    }
  }
}

TEST(NativeJson, ReadsEveryExampleOfTheVocabulary) {
  const auto path = std::filesystem::path(OPPI_SHARED_DIR) / "design" / "vocabulary.md";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no vocabulary at " << path;
  std::ifstream in(path);
  int examples = 0;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("{\"specversion\"")) continue;
    ++examples;
    const Decoded decoded = Decode(line, Encoding::kJson);
    ASSERT_EQ(ErrorName(decoded.error), "") << decoded.member << '\n' << line;
    EXPECT_EQ(Decode(EncodeJson(decoded.event), Encoding::kJson).event, decoded.event);
  }
  EXPECT_EQ(examples, 15);
}

}  // namespace
}  // namespace oppi::events
