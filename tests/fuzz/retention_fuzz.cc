// Retention tables and their notes: whatever the text, no crash; what is read comes back from its
// canonical text with the same name, and from its bytes with the same signatures.

#include <cstddef>
#include <cstdint>
#include <string>

#include "events/check.h"
#include "projections/retention_note.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace oppi;
  using namespace oppi::projections;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Result<RetentionTable> table = ParseRetentionTable(text);
  if (table.ok()) {
    const Result<RetentionTable> again = ParseRetentionTable(table->canonical);
    OPPI_CHECK(again.ok() && again->hash == table->hash && again->rules == table->rules);
    OPPI_CHECK(!table->rules.empty() && table->Citation().size() <= 180);
  }
  const Result<SignedRetention> note = ParseRetentionNote(text, "log.test");
  if (note.ok()) OPPI_CHECK(ledger::FormatNote(note->note) == text);
  return 0;
}
