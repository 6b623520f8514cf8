#include <cstdio>
#include <fstream>

#include "consumers/file_door.h"
#include "consumers/http_client.h"
#include "consumers/json_text.h"
#include "consumers/publish_api.h"
#include "events/ids.h"
#include "ledger/checkpoint.h"
#include "ops/cli.h"
#include "ops/generate/generate.h"
#include "ops/key_files.h"
#include "ops/publishers.h"
#include "ops/remote.h"

namespace oppi::ops {
namespace {

struct PublishOptions {
  LedgerOptions ledger;
  std::string format;
  std::string key_file;
  std::size_t batch = 1000;
  std::string receipts;
  std::string source;
  std::string controller;
  std::string kafka;
  std::vector<std::string> inputs;
};

std::string ReceiptLine(const consumers::PublishedItem& p) {
  std::string line = "{\"index\":" + std::to_string(p.index);
  consumers::AppendJsonMember(line, "outcome", events::OutcomeName(p.report.outcome));
  if (p.report.position) line += ",\"position\":" + std::to_string(p.report.position->value());
  consumers::AppendJsonMember(line, "salt", ToBase64({reinterpret_cast<const char*>(p.item.salt.data()), p.item.salt.size()}));
  consumers::AppendJsonMember(line, "commitment", events::Commit(p.item.bytes, p.item.encoding, p.item.salt).hex());
  consumers::AppendJsonMember(line, "checkpoint", p.checkpoint);
  return line + "}\n";
}

void PrintSummary(const consumers::PublishSummary& s, bool json) {
  if (json) {
    std::printf("%s\n", consumers::SummaryJson(s).c_str());
    return;
  }
  std::printf("published   %llu\naccepted    %llu\n", static_cast<unsigned long long>(s.published),
              static_cast<unsigned long long>(s.accepted));
  if (s.quarantined > 0) std::printf("  of them quarantined  %llu\n", static_cast<unsigned long long>(s.quarantined));
  std::printf("duplicates  %llu\nconflicts   %llu\nrejected    %llu\n", static_cast<unsigned long long>(s.duplicates),
              static_cast<unsigned long long>(s.conflicts), static_cast<unsigned long long>(s.rejected_count));
  if (s.documents > 0) std::printf("documents   %llu kept as evidence\n", static_cast<unsigned long long>(s.documents));
  if (s.unmapped_grades > 0)
    std::printf("unmapped    %llu grades on other scales stay in the documents\n", static_cast<unsigned long long>(s.unmapped_grades));
  for (const consumers::Rejection& r : s.rejected)
    std::printf("  %llu  %s  %s\n", static_cast<unsigned long long>(r.index), r.code.c_str(), r.message.c_str());
  if (s.rejected_count > s.rejected.size())
    std::printf("  ... and %llu more\n", static_cast<unsigned long long>(s.rejected_count - s.rejected.size()));
}

Result<int> Publish(const PublishOptions& o) {
  if (!o.kafka.empty()) return InvalidArgument("this build publishes to a directory or a URL; --kafka is not part of it");
  if (o.batch < 1 || o.batch > kBatchEventsMax) return InvalidArgument("--batch takes 1 to " + std::to_string(kBatchEventsMax));
  consumers::FileDoorOptions options;
  if (!o.format.empty()) {
    const auto format = events::ParseFormat(o.format);
    if (!format) return InvalidArgument("--format knows native, xapi, caliper, oneroster, koski and audit");
    options.format = *format;
  }
  OPPI_TRY(const NamedSigningKey key, ReadKeyFile(o.key_file));
  options.batch_events = o.batch;

  std::unique_ptr<Node> node;
  std::unique_ptr<Remote> remote;
  consumers::FileDoor::Send send;
  ledger::Checkpoint seen;
  if (!o.ledger.url.empty()) {
    OPPI_TRY(remote, Remote::Open(o.ledger.url, {}));
    OPPI_TRY(seen, remote->NewestCheckpoint());
    send = [&remote](events::SignedBatch batch) { return remote->Send(batch); };
  } else {
    OPPI_TRY(node, o.ledger.OpenNode());
    seen = node->View()->checkpoint();
    send = [&node](events::SignedBatch batch) { return node->road().Ingest(std::move(batch)); };
  }
  options.origin = seen.origin;
  options.anchor_size = seen.size.value();
  options.anchor_root = seen.root;
  std::string controller = o.controller;
  if (controller.empty() && node != nullptr) {
    const auto registry = node->gate().CurrentPublishers();
    if (const auto* publisher = registry->Find(key.name); publisher != nullptr) controller = publisher->organisation;
  }
  options.translate = TranslationFor(controller.empty() ? events::OrganisationOid(1) : controller, key);
  if (!o.source.empty()) options.translate.source = o.source;

  std::ofstream receipts;
  if (!o.receipts.empty()) {
    receipts.open(o.receipts, std::ios::trunc);
    if (!receipts) return InvalidArgument("cannot write " + o.receipts);
  }
  SystemEntropy entropy;
  ProgressBar bar("publishing");
  consumers::FileDoor door(options, key, entropy, send);
  door.OnProgress([&bar](std::uint64_t bytes, std::uint64_t total, const consumers::PublishSummary& s) {
    bar.Show(total == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(total), std::to_string(s.published) + " events");
  });
  if (receipts.is_open()) door.OnItem([&receipts](const consumers::PublishedItem& item) { receipts << ReceiptLine(item); });
  for (const std::string& input : o.inputs) OPPI_RETURN_IF_ERROR(door.Publish(input));
  OPPI_TRY(const consumers::PublishSummary summary, door.Finish());
  PrintSummary(summary, o.ledger.json);
  return summary.rejected_count + summary.conflicts == 0 ? kExitDone : kExitUsage;
}

struct GenerateCommand {
  GenerateOptions options;
  std::string now;
  std::string out = "-";
};

Result<int> RunGenerate(GenerateCommand o) {
  if (!o.now.empty()) {
    o.options.now = ParseInstant(o.now);
    if (!o.options.now) return InvalidArgument("--now takes an instant such as 2026-11-23T12:00:00Z");
  }
  std::FILE* out = o.out == "-" ? stdout : std::fopen(o.out.c_str(), "w");
  if (out == nullptr) return InvalidArgument("cannot write " + o.out);
  std::uint64_t written = 0;
  bool failed = false;
  const Status status = Generate(o.options, [&](const events::Event& event) -> Status {
    const std::string line = events::EncodeJson(event) + "\n";
    failed = failed || std::fwrite(line.data(), 1, line.size(), out) != line.size();
    ++written;
    return failed ? Status(ResourceExhausted("cannot write " + o.out)) : Status();
  });
  if (out != stdout && std::fclose(out) != 0 && status.ok()) return ResourceExhausted("cannot write " + o.out);
  if (!status.ok()) return status.error();
  std::fprintf(stderr, "%llu events\n", static_cast<unsigned long long>(written));
  return kExitDone;
}

}  // namespace

void AddPublishCommands(Cli& cli) {
  auto publish = std::make_shared<PublishOptions>();
  CLI::App* command = AddCommand(cli, cli.app, "publish", "Sign and publish files",
                                 "oppiloki publish --data var/ledger --key sis.key events.ndjson",
                                 [publish] { return Publish(*publish); });
  publish->ledger.AddTo(*command, true);
  command->add_option("--format", publish->format, "native, xapi, caliper, oneroster, koski or audit; detected when left out");
  command->add_option("--key", publish->key_file, "The publisher's key file")->required();
  command->add_option("--batch", publish->batch, "Events a batch, 1 to 1000");
  command->add_option("--receipts", publish->receipts, "Write one line a published event, with its salt and place");
  command->add_option("--source", publish->source, "Source of translated records: urn:oid:<organisation>/<system>");
  command->add_option("--controller", publish->controller, "Organisation OID responsible for translated records");
  command->add_option("--kafka", publish->kafka, "Brokers to publish through");
  command->add_option("INPUT", publish->inputs, "Files, folders, archives (gz, xz, tar) or - for standard input")->required();

  auto generate = std::make_shared<GenerateCommand>();
  command = AddCommand(cli, cli.app, "generate", "Write a school year of invented events",
                       "oppiloki generate --pupils 500 --days 190 --seed 1 --out year.ndjson",
                       [generate] { return RunGenerate(*generate); });
  command->add_option("--pupils", generate->options.pupils, "Number of pupils");
  command->add_option("--days", generate->options.days, "Number of school days");
  command->add_option("--seed", generate->options.seed, "Same seed, same bytes");
  command->add_option("--now", generate->now, "When the year is published; default: its end");
  command->add_option("--out", generate->out, "File, or - for standard output");
}

}  // namespace oppi::ops
