// Writes the seed corpus of the event fuzzers: a small and a full event of every type in each form.
// oppi_fuzz_seeds DIR -> DIR/event_json, DIR/event_flatbuffer, DIR/compact

#include <filesystem>
#include <fstream>
#include <iostream>

#include "tests/support/sample_events.h"

namespace {

using namespace oppi::events;

void Write(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
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
}
