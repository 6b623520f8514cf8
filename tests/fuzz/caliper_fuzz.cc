#include "tests/fuzz/translate_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return oppi::fuzz::TranslateRecord(oppi::events::Format::kCaliper, data, size);
}
