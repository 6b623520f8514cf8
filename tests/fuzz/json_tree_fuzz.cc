// Every value of a tree is, word for word, a JSON text of its own that reads the same.

#include <cstddef>
#include <cstdint>

#include "events/check.h"
#include "events/codec/json_tree.h"

namespace {

bool Same(const oppi::events::Json& a, const oppi::events::Json& b) {
  if (a.kind != b.kind || a.truth != b.truth || a.text != b.text || a.names != b.names ||
      a.raw != b.raw || a.items.size() != b.items.size())
    return false;
  for (std::size_t i = 0; i < a.items.size(); ++i)
    if (!Same(a.items[i], b.items[i])) return false;
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const oppi::ByteView text(reinterpret_cast<const char*>(data), size);
  const auto tree = oppi::events::ParseJson(text);
  if (!tree) return 0;
  const auto again = oppi::events::ParseJson(tree->raw);
  OPPI_CHECK(again && Same(*tree, *again));
  for (const oppi::events::Json& item : tree->items) {
    const auto alone = oppi::events::ParseJson(item.raw);
    OPPI_CHECK(alone && Same(item, *alone));
  }
  return 0;
}
