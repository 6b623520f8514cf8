#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "ledger/fsck.h"
#include "ledger/rocksdb_store.h"
#include "ops/cli.h"
#include "projections/rebuild.h"

namespace oppi::ops {
namespace {

namespace fs = std::filesystem;

Result<int> RunFsck(const LedgerOptions& o) {
  OPPI_TRY(const auto node, o.OpenNode());
  ProgressBar bar("checking");
  OPPI_TRY(const auto locked, node->lock().Read());
  OPPI_TRY(const ledger::FsckReport report,
           ledger::Fsck(node->log_store(), node->vault(), node->LogKey(), locked, [&bar](std::uint64_t done, std::uint64_t all) {
             bar.Show(static_cast<double>(done) / static_cast<double>(all), std::to_string(done) + " entries");
           }));
  OPPI_TRY(const projections::RebuildReport views, projections::Rebuild(*node->View(), node->stores(), {}, nullptr));
  std::vector<std::string> damages = report.damages;
  if (!views.identical()) damages.push_back(views.first);
  if (o.json) {
    const nlohmann::ordered_json json = {{"clean", damages.empty()},       {"entries", report.leaves},
                                         {"events", report.events},        {"bodies_open", report.bodies_open},
                                         {"bodies_erased", report.bodies_erased}, {"streams", report.streams},
                                         {"view_rows", views.rows},        {"damages", damages},
                                         {"truncated", report.truncated}};
    std::printf("%s\n", json.dump().c_str());
  } else {
    std::printf("%llu entries, %llu events, %llu bodies, %llu erased, %llu streams, %llu view rows\n",
                static_cast<unsigned long long>(report.leaves), static_cast<unsigned long long>(report.events),
                static_cast<unsigned long long>(report.bodies_open), static_cast<unsigned long long>(report.bodies_erased),
                static_cast<unsigned long long>(report.streams), static_cast<unsigned long long>(views.rows));
    for (const std::string& damage : damages) std::printf("damage: %s\n", damage.c_str());
    if (report.truncated) std::printf("... and more\n");
    std::printf("%s\n", damages.empty() ? "clean" : "DAMAGED");
  }
  return damages.empty() ? kExitDone : kExitFalse;
}

struct RebuildOptions {
  LedgerOptions ledger;
  std::vector<std::string> projections;
  bool repair = false;
};

Result<int> RunRebuild(const RebuildOptions& o) {
  std::vector<projections::Projection> only;
  for (const std::string& name : o.projections) {
    const auto* known = std::find_if(std::begin(projections::kProjections), std::end(projections::kProjections),
                                     [&](projections::Projection p) { return projections::ProjectionName(p) == name; });
    if (known == std::end(projections::kProjections))
      return InvalidArgument("there is no projection called " + name + "; there are registry, record, consent, audit, by-actor and by-publisher");
    only.push_back(*known);
  }
  if (o.repair && !only.empty()) return InvalidArgument("--repair rebuilds all projections; leave their names out");
  OPPI_TRY(auto node, o.ledger.OpenNode());
  const std::string fresh = o.ledger.data + "/views.rebuilt";
  projections::RebuildReport report;
  {
    ProgressBar bar("rebuilding");
    std::unique_ptr<ledger::Store> into;
    if (o.repair) {
      fs::remove_all(fresh);
      ledger::RocksDbOptions rocks;
      rocks.path = fresh;
      rocks.create = true;
      OPPI_TRY(into, ledger::OpenRocksDb(rocks));
    }
    OPPI_TRY(report, projections::Rebuild(*node->View(), node->stores(), only, into.get(), [&bar](std::uint64_t done, std::uint64_t all) {
               bar.Show(static_cast<double>(done) / static_cast<double>(all), std::to_string(done) + " entries");
             }));
  }
  if (o.ledger.json) {
    const nlohmann::ordered_json json = {{"identical", report.identical()}, {"events", report.events},       {"rows", report.rows},
                                         {"missing", report.missing},       {"different", report.different}, {"unexpected", report.unexpected},
                                         {"digest", report.digest}};
    std::printf("%s\n", json.dump().c_str());
  } else {
    std::printf("%llu events give %llu rows: %s\n", static_cast<unsigned long long>(report.events), static_cast<unsigned long long>(report.rows),
                report.identical() ? "identical to the views, byte for byte" : report.first.c_str());
  }
  // What differs is not served until somebody decides to replace it.
  const std::string marker = o.ledger.data + "/views.differ";
  if (report.identical()) {
    fs::remove(marker);
    fs::remove_all(fresh);
    return kExitDone;
  }
  if (!o.repair) {
    if (std::FILE* file = std::fopen(marker.c_str(), "w"); file != nullptr) std::fclose(file);
    std::fprintf(stderr, "The views will not be served until they are replaced: oppiloki rebuild --data %s --repair\n", o.ledger.data.c_str());
    return kExitFalse;
  }
  node.reset();
  fs::rename(o.ledger.data + "/views", o.ledger.data + "/views.replaced");
  fs::rename(fresh, o.ledger.data + "/views");
  fs::remove_all(o.ledger.data + "/views.replaced");
  fs::remove(marker);
  std::fprintf(stderr, "The views were replaced by the rebuilt ones.\n");
  return kExitDone;
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
  command->add_option("PROJECTION", rebuild->projections, "registry, record, consent, audit, by-actor, by-publisher; all when left out");
  command->add_flag("--repair", rebuild->repair, "Replace views that differ by the rebuilt ones");
}

}  // namespace oppi::ops
