#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "consumers/log_source.h"
#include "consumers/static_log.h"
#include "ledger/durable_file.h"
#include "ops/cli.h"

/// `export`: the log as static files.

namespace oppi::ops {
namespace {

struct ExportOptions {
  std::string data;
  std::string url;
  std::string trust;
  std::string out;
  bool json = false;
};

/// A server that asks for patience gets it.
consumers::TileSource Patient(consumers::TileSource source) {
  const auto tile = source.tile;
  source.tile = [tile](const ledger::merkle::TileId& id) -> Result<Bytes> {
    constexpr int kTries = 20;
    for (int i = 1;; ++i) {
      auto bytes = tile(id);
      if (bytes.ok() || i == kTries || bytes.error().code != Code::kResourceExhausted) return bytes;
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
  };
  return source;
}

Result<int> Export(const ExportOptions& o) {
  if (o.data.empty() == o.url.empty())
    return InvalidArgument("say which log: --data DIR, or --url URL with --trust FILE");
  std::unique_ptr<Node> node;
  std::string note;
  consumers::TileSource source;
  if (!o.data.empty()) {
    LedgerOptions ledger;
    ledger.data = o.data;
    OPPI_TRY(node, ledger.OpenNode());
    const auto view = node->Cosigned();
    note = view->note();
    source = consumers::TilesOf([view] { return view; });
  } else {
    OPPI_TRY(const auto text, ledger::ReadFileIfThere(o.trust));
    if (!text) return NotFound("no trust file at " + o.trust);
    OPPI_TRY(const ledger::TlogPolicy trust, ledger::ParseTlogPolicy(*text));
    OPPI_TRY(source, consumers::LogAt(o.url));
    source = Patient(std::move(source));
    OPPI_TRY(note, source.checkpoint());
    OPPI_RETURN_IF_ERROR(OpenCheckpoint(note, trust));
  }
  ProgressBar bar("exporting");
  OPPI_TRY(const consumers::ExportReport report,
           consumers::ExportLog(note, source, o.out, [&bar](std::uint64_t done, std::uint64_t of) {
             bar.Show(static_cast<double>(done) / static_cast<double>(of),
                      std::to_string(done) + " entries");
           }));
  OPPI_TRY(const ledger::Note parsed, ledger::ParseNote(note));
  OPPI_TRY(const ledger::Checkpoint checkpoint, ledger::ParseCheckpointText(parsed.text));
  const nlohmann::ordered_json json = {{"out", o.out},
                                       {"size", checkpoint.size.value()},
                                       {"root", checkpoint.root.base64()},
                                       {"files_written", report.files_written},
                                       {"files_kept", report.files_kept},
                                       {"bytes_written", report.bytes_written}};
  PrintAnswer(json.dump(), o.json);
  return kExitDone;
}

}  // namespace

void AddExportCommand(Cli& cli) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* command =
      AddCommand(cli, cli.app, "export",
                 "The log as static files, for any web server and any C2SP tlog-tiles client",
                 "oppiloki export --data var/ledger --out var/public-log",
                 [options] { return Export(*options); });
  command->add_option("--data", options->data, "Ledger directory");
  command->add_option("--url", options->url, "Or a log that is served, by anybody");
  command->add_option("--trust", options->trust,
                      "With --url: C2SP tlog-policy that its checkpoint must satisfy");
  command
      ->add_option("--out", options->out,
                   "Folder; made if need be. With an older export of this log in it, only what is "
                   "new is written")
      ->required();
  command->add_flag("--json", options->json, "One JSON document");
}

}  // namespace oppi::ops
