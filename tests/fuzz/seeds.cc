// Writes seed corpora. Of the event fuzzers: a small and a full event of every type in each form. Of
// erasure records: an empty and a full one.
// oppi_fuzz_seeds DIR -> DIR/event_json, DIR/event_flatbuffer, DIR/compact, DIR/erasure_record

#include <filesystem>
#include <fstream>
#include <iostream>

#include "ledger/erasure.h"
#include "tests/support/sample_events.h"

namespace {

using namespace oppi::events;

void Write(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

void WriteErasureRecords(const std::filesystem::path& folder) {
  using oppi::Bytes;
  using oppi::LeafIndex;
  oppi::ledger::ErasureRecord record;
  record.number = 1;
  record.handles = {oppi::ledger::Handle{}};
  Write(folder / "small", EncodeErasureRecord(record));
  record.size = oppi::TreeSize(10);
  record.execution = Bytes(200, 'e');
  record.wraps = {{LeafIndex(3), {}, {}}, {LeafIndex(4), {}, Bytes(72, 'w')}};
  record.barred = {Bytes(24, 'b')};
  record.documents = {{Bytes(32, 'd'), {}}, {Bytes(32, 'e'), Bytes(72, 'f')}};
  record.vault = {{Bytes(21, 'k'), Bytes(300, 'v')}, {Bytes(21, 'l'), {}}};
  record.view_keys = {{Bytes(21, 'm'), Bytes(300, 'n')}};
  Write(folder / "full", EncodeErasureRecord(record));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: oppi_fuzz_seeds DIR\n";
    return 2;
  }
  const std::filesystem::path root = argv[1];
  for (const TypeInfo& info : AllTypes()) {
    for (const auto fill : {oppi::tests::Fill::kRequired, oppi::tests::Fill::kEverything}) {
      const Event event = oppi::tests::SampleEvent(info.type, fill);
      const std::string name =
          std::string(info.name) + (fill == oppi::tests::Fill::kRequired ? ".small" : ".full");
      Write(root / "event_json" / name, EncodeJson(event));
      Write(root / "event_flatbuffer" / name, '\0' + EncodeFlatBuffer(event));
      Write(root / "compact" / name, EncodeCompact(event));
    }
  }
  WriteErasureRecords(root / "erasure_record");
}
