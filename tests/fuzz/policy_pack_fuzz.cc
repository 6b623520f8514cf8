// JSON documents, policy packs and rehearsal files: whatever the text, no crash; what is read comes
// back from its canonical text with the same name.

#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>

#include "events/check.h"
#include "projections/policy.h"
#include "projections/rehearsal.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace oppi;
  using namespace oppi::projections;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Result<JsonValue> json = ParseJson(text);
  if (json.ok()) {
    const Result<JsonValue> again = ParseJson(json->Canonical());
    OPPI_CHECK(again.ok() && *again == *json && again->Canonical() == json->Canonical());
    const Result<PolicyPack> pack = ReadPolicyPack(*json);
    if (pack.ok()) {
      const Result<PolicyPack> named = ParsePolicyPack(pack->canonical);
      OPPI_CHECK(named.ok() && named->hash == pack->hash);
    }
  }
  std::ostringstream out;
  // Every file the story names is the story itself: includes must come to an end.
  const RehearsalReport report =
      Rehearse("story.json", [&](const std::string&) -> Result<std::string> { return text; }, out);
  OPPI_CHECK(report.bad <= 1);
  return 0;
}
