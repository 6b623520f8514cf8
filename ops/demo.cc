#include "ops/demo.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "consumers/file_door.h"
#include "events/ids.h"
#include "ledger/durable_file.h"
#include "ops/cli.h"
#include "ops/generate/generate.h"
#include "ops/generate/people.h"
#include "ops/key_files.h"
#include "ops/publishers.h"
#include "ops/serving.h"
#include "projections/log_reader.h"
#include "projections/verifier.h"

namespace oppi::ops {
namespace {

namespace fs = std::filesystem;
using projections::Ask;
using projections::Question;

struct Story {
  consumers::PublishSummary totals;
  bool as_planned = true;
  Highlights people;   // generated year
  std::string sample;  // input files: some learner that has events
};

void Add(consumers::PublishSummary& totals, const consumers::PublishSummary& s) {
  totals.published += s.published;
  totals.accepted += s.accepted;
  totals.quarantined += s.quarantined;
  totals.duplicates += s.duplicates;
  totals.conflicts += s.conflicts;
  totals.rejected_count += s.rejected_count;
  totals.documents += s.documents;
  totals.tree_size = std::max(totals.tree_size, s.tree_size);
}

Result<std::unique_ptr<Node>> OpenOrCreate(const DemoOptions& o, const NodeConfig& config) {
  SystemEntropy entropy;
  if (!fs::exists(fs::path(o.directory) / "ledger.toml")) {
    OPPI_RETURN_IF_ERROR(Node::Create({o.directory, config}, entropy, SystemClock()));
    std::printf("A new ledger is in %s.\n", o.directory.c_str());
  }
  return Node::Open({o.directory, {}});
}

/// When the year is published: the first time now, and ever after the same moment, so that publishing
/// it again gives duplicates and nothing new.
Result<std::optional<Instant>> MomentOf(const Node& node) {
  const std::string path = node.directory() + "/demo.now";
  OPPI_TRY(const std::optional<Bytes> kept, ledger::ReadFileIfThere(path));
  if (kept) {
    const auto moment = ParseInstant(ByteView(*kept).substr(0, kept->find('\n')));
    if (!moment) return InvalidArgument(path + " does not hold an instant");
    return moment;
  }
  const Instant now = node.clock().Now();
  OPPI_RETURN_IF_ERROR(ledger::WriteFileDurably(path, FormatInstant(now) + "\n", 0600));
  return std::optional(now);
}

/// Signs runs of one publisher after the other, as their nightly exports would arrive.
Result<Story> PublishYear(Node& node, const DemoOptions& o) {
  Story story;
  GenerateOptions year;
  year.pupils = o.pupils;
  year.days = o.days;
  OPPI_TRY(year.now, MomentOf(node));
  std::map<std::string, NamedSigningKey> keys;
  std::unique_ptr<consumers::FileDoor> door;
  std::string current;
  SystemEntropy entropy;
  std::map<std::string, std::uint64_t> by_publisher;
  std::uint64_t planned_refusals = 0;
  ProgressBar bar("publishing a school year");
  const auto finish = [&]() -> Status {
    if (door == nullptr) return {};
    OPPI_TRY(const consumers::PublishSummary s, door->Finish());
    Add(story.totals, s);
    door.reset();
    return {};
  };
  OPPI_TRY(const YearSummary summary, GeneratePlanned(year, [&](const Planned& planned) -> Status {
             if (planned.publisher != current || door == nullptr) {
               OPPI_RETURN_IF_ERROR(finish());
               current = planned.publisher;
               if (!keys.contains(current)) {
                 OPPI_TRY(NamedSigningKey key, PublisherKey(node, current));
                 keys.emplace(current, std::move(key));
               }
               consumers::FileDoorOptions options;
               options.origin = node.config().origin;
               door = std::make_unique<consumers::FileDoor>(options, keys.at(current), entropy,
                                                            [&node](events::SignedBatch batch) { return node.road().Ingest(std::move(batch)); });
             }
             ++by_publisher[current];
             planned_refusals += planned.expected == events::Outcome::kRejected ? 1 : 0;
             bar.Show(static_cast<double>(story.totals.published) / (140.0 * static_cast<double>(o.pupils)),
                      std::to_string(story.totals.published) + " events");
             return door->Add(planned.event);
           }));
  OPPI_RETURN_IF_ERROR(finish());
  story.people = summary.highlights;
  const std::uint64_t refused = story.totals.rejected_count + story.totals.conflicts;
  story.as_planned = refused == planned_refusals;
  std::printf("Published a school year of %zu pupils and %zu days, signed by %zu publishers:\n", o.pupils, o.days, by_publisher.size());
  for (const auto& [name, count] : by_publisher) std::printf("  %-12s %8llu events\n", name.c_str(), static_cast<unsigned long long>(count));
  std::printf("Accepted %llu, of them %llu quarantined as late; %llu were here already; refused %llu, the year plans for %llu.\n",
              static_cast<unsigned long long>(story.totals.accepted), static_cast<unsigned long long>(story.totals.quarantined),
              static_cast<unsigned long long>(story.totals.duplicates), static_cast<unsigned long long>(refused),
              static_cast<unsigned long long>(planned_refusals));
  return story;
}

Result<Story> PublishInputs(Node& node, const DemoOptions& o) {
  Story story;
  SystemEntropy entropy;
  for (const std::string& input : o.inputs) {
    OPPI_TRY(const events::Format format, consumers::FormatOf(input));
    // Learning activity comes from a vendor, school records and read logs from the school.
    const bool activity = format == events::Format::kXapi || format == events::Format::kCaliper;
    OPPI_TRY(const NamedSigningKey signer, PublisherKey(node, activity ? "vendor-one" : "sis"));
    consumers::FileDoorOptions options;
    options.origin = node.config().origin;
    options.translate = TranslationFor(node.config().organisation, signer);
    ProgressBar bar("publishing");
    consumers::FileDoor door(options, signer, entropy, [&node](events::SignedBatch batch) { return node.road().Ingest(std::move(batch)); });
    door.OnProgress([&bar](std::uint64_t bytes, std::uint64_t total, const consumers::PublishSummary& s) {
      bar.Show(total == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(total), std::to_string(s.published) + " events");
    });
    OPPI_RETURN_IF_ERROR(door.Publish(input));
    OPPI_TRY(const consumers::PublishSummary s, door.Finish());
    std::printf("%s: %llu events, %llu accepted, %llu duplicates, %llu conflicts, %llu rejected\n", fs::path(input).filename().c_str(),
                static_cast<unsigned long long>(s.published), static_cast<unsigned long long>(s.accepted),
                static_cast<unsigned long long>(s.duplicates), static_cast<unsigned long long>(s.conflicts),
                static_cast<unsigned long long>(s.rejected_count));
    for (std::size_t i = 0; i < s.rejected.size() && i < 5; ++i)
      std::printf("  event %llu: %s, %s\n", static_cast<unsigned long long>(s.rejected[i].index), s.rejected[i].code.c_str(), s.rejected[i].message.c_str());
    Add(story.totals, s);
  }
  // Somebody to ask about: the newest event that names a person.
  const auto view = node.View();
  projections::LogReader reader(*view, node.vault());
  for (std::uint64_t i = view->size().value(); i-- > 1 && story.sample.empty();) {
    OPPI_TRY(const auto event, reader.Read(LeafIndex(i)));
    const bool record = event && !event->erased && (event->event.info().feeds & events::kFeedAU) == 0;
    if (record) story.sample = event->event.subject;
  }
  return story;
}

struct Asked {
  std::string words;
  Question question;
};

std::vector<Asked> QuestionsFor(const Story& story, const NodeConfig& config) {
  const auto about = [](Ask ask, const std::string& learner) {
    Question q;
    q.ask = ask;
    q.learner = learner;
    q.reason = "first look";
    q.evidence = true;
    return q;
  };
  const auto decide = [&](const std::string& learner) {
    Question q = about(Ask::kDecide, learner);
    q.controller = config.organisation;
    q.purpose = story.people.purpose.empty() ? "ADAPT" : story.people.purpose;
    q.recipient = story.people.vendor.empty() ? "V1" : story.people.vendor;
    q.categories = {story.people.category.empty() ? "LRN" : story.people.category};
    return q;
  };
  if (story.sample.empty() && story.people.consenting.empty()) return {};
  if (story.people.consenting.empty())
    return {{"the record of a learner", about(Ask::kRecord, story.sample)},
            {"the learner's consents", about(Ask::kConsents, story.sample)},
            {"may a vendor have the learner's data", decide(story.sample)},
            {"who looked at the learner's data", about(Ask::kAudit, story.sample)},
            {"consents of somebody the ledger has never heard of", about(Ask::kTimeline, "urn:oid:" + events::PersonOid(999'999'999))}};
  Question permitted = decide(story.people.consenting);
  Question denied = decide(story.people.withdrawn);
  permitted.controller = denied.controller = ControllerOid();
  return {{"the record of a pupil with a corrected grade", about(Ask::kRecord, story.people.corrected)},
          {"the consents of a pupil, through time", about(Ask::kTimeline, story.people.consenting)},
          {"may the vendor have the data of a pupil who consents", permitted},
          {"may the vendor have the data of a pupil who withdrew", denied},
          {"who looked at the pupil's data", about(Ask::kAudit, story.people.consenting)}};
}

/// Asks, then checks the answer with nothing but the trust file, as a stranger would.
Result<bool> AskAndVerify(Node& node, const Asked& asked, std::size_t number) {
  const projections::Asker asker{"operator", "DPO", "*", "EDU"};
  OPPI_TRY(const std::string answer, node.desk().Answer(asked.question, asker));
  auto json = nlohmann::ordered_json::parse(answer);
  const std::string evidence = json["evidence"].dump();
  const auto proved = projections::VerifyEvidence(evidence, ledger::PolicyOf(node.LogKey()));
  std::printf("\n%zu. %s\n", number, asked.words.c_str());
  const std::string text = Readable(json["result"].dump());
  std::size_t lines = 0;
  for (std::size_t at = 0; at < text.size() && lines < 12; ++lines) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::printf("   %s\n", text.substr(at, end - at).c_str());
    at = end + 1;
  }
  if (!proved.ok()) {
    std::printf("   NOT VERIFIED: %s\n", proved.error().message.c_str());
    return false;
  }
  // The last thing that was shown: that the answer comes of these events.
  const auto last = std::find_if(proved->rbegin(), proved->rend(), [](const std::string& line) { return !line.starts_with("NOT shown"); });
  std::printf("   verified: %s\n", last->c_str());
  return true;
}

}  // namespace

Result<int> RunDemo(const DemoOptions& o) {
  const Instant start = SystemClock().Now();
  NodeConfig config;
  config.origin = "demo.oppiloki.example/log";
  config.organisation = events::OrganisationOid(1);
  config.check_digits = false;  // public test data has identifiers without check digits
  const bool again = fs::exists(fs::path(o.directory) / "ledger.toml");
  OPPI_TRY(std::unique_ptr<Node> node, OpenOrCreate(o, config));

  Story story;
  std::uint64_t verified = 0;
  std::uint64_t asked_count = 0;
  if (again && !o.once && o.inputs.empty()) {
    std::printf("The ledger of %s is here already, size %llu.\n", o.directory.c_str(), static_cast<unsigned long long>(node->View()->size().value()));
  } else {
    OPPI_TRY(story, o.inputs.empty() ? PublishYear(*node, o) : PublishInputs(*node, o));
    for (const Asked& asked : QuestionsFor(story, node->config())) {
      OPPI_TRY(const bool holds, AskAndVerify(*node, asked, ++asked_count));
      verified += holds ? 1 : 0;
    }
  }
  if (!o.once) {
    OPPI_TRY(const auto service, Service::Start(*node, o.listen, ledger::PolicyOf(node->LogKey())));
    std::printf("\nServing on http://%s - stop with Ctrl-C.\n", service->address().c_str());
    std::fflush(stdout);
    service->WaitForSignal();
    return kExitDone;
  }
  const double seconds = static_cast<double>(SystemClock().Now().micros - start.micros) * 1e-6;
  const nlohmann::ordered_json line = {{"published", story.totals.published},
                                       {"accepted", story.totals.accepted},
                                       {"duplicates", story.totals.duplicates},
                                       {"rejected", story.totals.rejected_count + story.totals.conflicts},
                                       {"tree_size", node->View()->size().value()},
                                       {"verified_answers", verified},
                                       {"seconds", seconds}};
  std::printf("\n%s\n", line.dump().c_str());
  return verified == asked_count && asked_count >= 5 && story.as_planned ? kExitDone : kExitFalse;
}

}  // namespace oppi::ops
