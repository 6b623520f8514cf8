// Five files of a roster, kept apart by zero bytes.

#include "events/codec/oneroster.h"
#include "tests/fuzz/translate_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  oppi::ByteView rest(reinterpret_cast<const char*>(data), size);
  std::vector<oppi::events::RosterFile> files;
  for (const char* name : {"academicSessions.csv", "users.csv", "demographics.csv", "classes.csv",
                           "enrollments.csv"}) {
    const std::size_t end = rest.find('\0');
    files.push_back({name, rest.substr(0, end)});
    rest.remove_prefix(end == oppi::ByteView::npos ? rest.size() : end + 1);
  }
  const auto roster = oppi::events::TranslateRoster(files, oppi::fuzz::Publisher());
  oppi::fuzz::CheckPublishable(roster.events);
  return 0;
}
