#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "ops/check_ledger.h"
#include "ops/cli.h"
#include "projections/rebuild.h"

namespace oppi::ops {
namespace {

namespace fs = std::filesystem;

Result<int> RunFsck(const LedgerOptions& o) {
  if (o.data.empty()) return InvalidArgument("say where the ledger is: --data DIR");
  ProgressBar bar("checking");
  OPPI_TRY(const CheckReport report, CheckLedger(o.data, [&bar](std::uint64_t done, std::uint64_t all) {
             bar.Show(static_cast<double>(done) / static_cast<double>(all), std::to_string(done) + " entries");
           }));
  if (o.json) {
    const nlohmann::ordered_json json = {{"clean", report.damages.empty()},
                                         {"entries", report.entries},
                                         {"events", report.events},
                                         {"bodies_open", report.bodies_open},
                                         {"bodies_erased", report.bodies_erased},
                                         {"streams", report.streams},
                                         {"view_rows", report.view_rows},
                                         {"damages", report.damages},
                                         {"truncated", report.truncated}};
    std::printf("%s\n", json.dump().c_str());
  } else {
    std::printf("%llu entries, %llu events, %llu bodies, %llu erased, %llu streams, %llu view rows\n",
                static_cast<unsigned long long>(report.entries), static_cast<unsigned long long>(report.events),
                static_cast<unsigned long long>(report.bodies_open), static_cast<unsigned long long>(report.bodies_erased),
                static_cast<unsigned long long>(report.streams), static_cast<unsigned long long>(report.view_rows));
    for (const std::string& damage : report.damages) std::printf("damage: %s\n", damage.c_str());
    if (report.truncated) std::printf("... and more\n");
    std::printf("%s\n", report.damages.empty() ? "clean" : "DAMAGED");
  }
  return report.damages.empty() ? kExitDone : kExitFalse;
}

struct RebuildOptions {
  LedgerOptions ledger;
  std::vector<std::string> projections;
  bool repair = false;
};

Result<projections::RebuildReport> Compare(const RebuildOptions& o, const std::vector<projections::Projection>& only) {
  OPPI_TRY(const auto node, o.ledger.OpenNode());
  ProgressBar bar("rebuilding");
  return projections::Rebuild(*node->View(), node->stores(), only, nullptr, [&bar](std::uint64_t done, std::uint64_t all) {
    bar.Show(static_cast<double>(done) / static_cast<double>(all), std::to_string(done) + " entries");
  });
}

/// Sets the views aside and lets the ledger make them again; puts them back when it cannot.
Status Replace(const RebuildOptions& o) {
  const fs::path views = fs::path(o.ledger.data) / "views";
  const fs::path aside = fs::path(o.ledger.data) / "views.replaced";
  std::error_code error;
  fs::remove_all(aside, error);
  fs::rename(views, aside, error);
  if (error) return PermissionDenied("cannot set the views aside: " + error.message());
  const auto opened = o.ledger.OpenNode();
  if (opened.ok()) {
    fs::remove_all(aside, error);
    return {};
  }
  fs::remove_all(views, error);
  fs::rename(aside, views, error);
  return opened.error();
}

void Print(const projections::RebuildReport& report, bool as_json) {
  if (as_json) {
    const nlohmann::ordered_json json = {{"identical", report.identical()}, {"events", report.events},       {"rows", report.rows},
                                         {"missing", report.missing},       {"different", report.different}, {"unexpected", report.unexpected},
                                         {"digest", report.digest}};
    std::printf("%s\n", json.dump().c_str());
    return;
  }
  std::printf("%llu events give %llu rows: %s\n", static_cast<unsigned long long>(report.events), static_cast<unsigned long long>(report.rows),
              report.identical() ? "identical to the views, byte for byte" : report.first.c_str());
}

Result<int> RunRebuild(const RebuildOptions& o) {
  std::vector<projections::Projection> only;
  for (const std::string& name : o.projections) {
    const auto* known = std::find_if(std::begin(projections::kProjections), std::end(projections::kProjections),
                                     [&](projections::Projection p) { return projections::ProjectionName(p) == name; });
    if (known == std::end(projections::kProjections))
      return InvalidArgument("there is no projection called " + name + "; there are registry, record, consent, audit, by-actor, by-publisher and erasures");
    only.push_back(*known);
  }
  if (o.repair && !only.empty()) return InvalidArgument("--repair rebuilds all projections; leave their names out");
  Result<projections::RebuildReport> report = Compare(o, only);
  // Views that cannot even be read are mended like views that differ.
  const bool unreadable = !report.ok() && report.error().code == Code::kDataLoss;
  if (o.repair && (unreadable || (report.ok() && !report->identical()))) {
    OPPI_RETURN_IF_ERROR(Replace(o));
    report = Compare(o, only);
    if (report.ok() && report->identical()) std::fprintf(stderr, "The views were replaced by rebuilt ones.\n");
  }
  if (!report.ok()) return report.error();
  Print(*report, o.ledger.json);
  // What differs is not served until somebody decides to replace it.
  const std::string marker = o.ledger.data + "/views.differ";
  if (report->identical()) {
    // A look at some of the views does not clear the others.
    if (only.empty()) fs::remove(marker);
    return kExitDone;
  }
  if (std::FILE* file = std::fopen(marker.c_str(), "w"); file != nullptr) std::fclose(file);
  std::fprintf(stderr, "The views will not be served until they are replaced: oppiloki rebuild --data %s --repair\n", o.ledger.data.c_str());
  return kExitFalse;
}

}  // namespace

void AddRepairCommands(Cli& cli) {
  auto fsck = std::make_shared<LedgerOptions>();
  CLI::App* command = AddCommand(cli, cli.app, "fsck", "Check every hash, tile, body, stream and view; name each damage",
                                 "oppiloki fsck --data var/ledger", [fsck] { return RunFsck(*fsck); });
  fsck->AddTo(*command, false);

  auto rebuild = std::make_shared<RebuildOptions>();
  command = AddCommand(cli, cli.app, "rebuild", "The views again from the log, compared byte for byte",
                       "oppiloki rebuild --data var/ledger record consent", [rebuild] { return RunRebuild(*rebuild); });
  rebuild->ledger.AddTo(*command, false);
  command->add_option("PROJECTION", rebuild->projections, "registry, record, consent, audit, by-actor, by-publisher, erasures; all when left out");
  command->add_flag("--repair", rebuild->repair, "Replace views that differ by the rebuilt ones");
}

}  // namespace oppi::ops
