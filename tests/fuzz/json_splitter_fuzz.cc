// However a text arrives, the same records come out; and of an array that is sound JSON, its
// elements.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "consumers/json_splitter.h"
#include "events/check.h"
#include "events/codec/json_tree.h"

namespace {

using Splitter = oppi::consumers::JsonSplitter;

struct Outcome {
  std::vector<std::string> records;
  bool broken = false;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome Split(oppi::ByteView text, Splitter::Shape shape, std::size_t block) {
  Splitter splitter(shape, 1 << 20);
  Outcome outcome;
  while (!text.empty()) {
    oppi::ByteView input = text.substr(0, block);
    text.remove_prefix(input.size());
    for (;;) {
      const Splitter::Step step = splitter.Next(input);
      if (step == Splitter::Step::kMore) break;
      if (step == Splitter::Step::kBroken) {
        outcome.broken = true;
        return outcome;
      }
      outcome.records.push_back(splitter.record());
    }
  }
  for (;;) {
    const Splitter::Step step = splitter.Finish();
    if (step == Splitter::Step::kRecord) {
      outcome.records.push_back(splitter.record());
      continue;
    }
    outcome.broken = step == Splitter::Step::kBroken;
    return outcome;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const oppi::ByteView text(reinterpret_cast<const char*>(data), size);
  for (const auto shape :
       {Splitter::Shape::kLines, Splitter::Shape::kArray, Splitter::Shape::kWhole}) {
    const Outcome whole = Split(text, shape, std::max<std::size_t>(size, 1));
    OPPI_CHECK(Split(text, shape, 1) == whole);
    OPPI_CHECK(Split(text, shape, 7) == whole);
    if (shape != Splitter::Shape::kArray) continue;
    const auto json = oppi::events::ParseJson(text);
    if (!json || !json->is_array()) continue;
    OPPI_CHECK(!whole.broken && whole.records.size() == json->items.size());
    for (std::size_t i = 0; i < whole.records.size(); ++i)
      OPPI_CHECK(whole.records[i] == json->items[i].raw);
  }
  return 0;
}
