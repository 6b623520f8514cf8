#include "ledger/store.h"

namespace oppi::ledger {

Bytes PrefixEnd(ByteView prefix) {
  Bytes end(prefix);
  while (!end.empty()) {
    if (static_cast<unsigned char>(end.back()) != 0xff) {
      end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
      return end;
    }
    end.pop_back();
  }
  return end;
}

void WriteBatch::Append(const WriteBatch& other) {
  for (std::size_t i = 0; i < other.size(); ++i) {
    const Entry e = other[i];
    Add(e.table, e.is_delete, e.key, e.value);
  }
}

Bytes BigEndian(std::uint64_t value) {
  Bytes bytes;
  ByteWriter(bytes).U64(value);
  return bytes;
}

}  // namespace oppi::ledger
