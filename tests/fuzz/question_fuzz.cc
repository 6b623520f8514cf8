// A question that parses is written back as JSON that parses to the same question.

#include <cstddef>
#include <cstdint>

#include "events/check.h"
#include "projections/question.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace oppi::projections;
  if (size == 0) return 0;
  const auto ask = static_cast<Ask>(data[0] % 5);
  const auto question = ParseQuestion(ask, {reinterpret_cast<const char*>(data) + 1, size - 1});
  if (question.ok()) {
    const auto again = ParseQuestion(ask, QuestionJson(*question));
    OPPI_CHECK(again.ok() && *again == *question);
  }
  return 0;
}
