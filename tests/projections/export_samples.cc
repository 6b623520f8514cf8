#include <cstdio>
#include <filesystem>
#include <fstream>

#include "events/check.h"
#include "projections/export/export_answer.h"
#include "projections/rehearsal_ledger.h"
#include "tests/projections/export_stories.h"
#include "tests/projections/random_story.h"

/// Writes documents of every format and every state into a folder, for validators that other people
/// wrote (tests/exports): export_samples DIR [HISTORIES]. The name says what is inside:
/// <story>.<format>.json, <story>.<format>-one.json for the receipt of one consent.

namespace oppi::tests {
namespace {

using projections::Access;
using projections::Answer;
using projections::ExportAudit;
using projections::ExportConsents;
using projections::Facts;
using projections::Question;
using projections::View;

class Folder {
 public:
  explicit Folder(std::filesystem::path path) : path_(std::move(path)) {}
  void Write(const std::string& name, const std::string& json) {
    std::ofstream file(path_ / (name + ".json"), std::ios::binary);
    file << json << "\n";
    OPPI_CHECK(file.good());
    ++count_;
  }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  std::filesystem::path path_;
  std::size_t count_ = 0;
};

constexpr const char* kFormats[] = {"ts27560", "kantara", "fhir"};

void WriteConsents(Folder& folder, const std::string& name, const std::string& learner,
                   const Facts& stream, const projections::Registry& registry, const View& view,
                   const Access& access, const std::string& consent) {
  for (const std::string format : kFormats) {
    Question question = AskFor(format);
    question.learner = learner;
    folder.Write(name + "." + format,
                 ExportConsents(question, access, stream, registry, view).result);
    if (consent.empty()) continue;
    question.consent = consent;
    const std::string one = ExportConsents(question, access, stream, registry, view).result;
    if (one != "null") folder.Write(name + "." + format + "-one", one);
  }
}

void WriteStories(Folder& folder, const Names& names, const std::string& prefix) {
  for (const ExportStory& story : ExportStories(names)) {
    const auto write = [&](const std::string& name, const Access& access) {
      WriteConsents(folder, name, kLearner, story.stream.facts(), *story.built, story.view(),
                    access, story.consent);
    };
    write(prefix + story.name, MaySeeAll());
    write(prefix + story.name + "-redacted", MaySeeRedacted());
  }
  const ExportStory audit = AuditStory(names);
  for (const bool redacted : {false, true})
    for (const bool learner : {false, true}) {
      Question question = AskFor("fhir");
      question.ask = projections::Ask::kAudit;
      if (!learner) question.learner.clear();
      const Access access = redacted ? MaySeeRedacted() : MaySeeAll();
      folder.Write(prefix + (learner ? "audit-learner" : "audit-actor") +
                       (redacted ? "-redacted" : "") + ".balp",
                   ExportAudit(question, access, audit.stream.facts(), audit.view()).result);
    }
}

/// Histories that nobody thought of, as the rehearsal ledger plays them.
void WriteRandom(Folder& folder, std::uint64_t seed) {
  const RandomStory random(seed);
  auto played = projections::RehearsalLedger::Play(random.story());
  OPPI_CHECK(played.ok());
  const auto& ledger = **played;
  const TreeSize size(ledger.log().size());
  const Instant at = ledger.log().back().recorded;
  WriteConsents(folder, "random-" + std::to_string(seed), "C1", ledger.StreamOf("C1", size),
                ledger.registry(), {at, size}, MaySeeAll(), {});
}

int Main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: export_samples DIR [HISTORIES]\n", stderr);
    return 2;
  }
  Folder folder(argv[1]);
  WriteStories(folder, PlainNames(), "plain-");
  WriteStories(folder, HostileNames(), "hostile-");
  const std::uint64_t histories = argc > 2 ? std::stoull(argv[2]) : 0;
  for (std::uint64_t seed = 1; seed <= histories; ++seed) WriteRandom(folder, seed);
  std::printf("%zu documents\n", folder.count());
  return 0;
}

}  // namespace
}  // namespace oppi::tests

int main(int argc, char** argv) { return oppi::tests::Main(argc, argv); }
