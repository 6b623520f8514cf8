#include <sodium.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "ops/cli.h"
#include "ops/doctor.h"

namespace oppi::ops {
namespace {

using Level = Finding::Level;

void Print(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    std::printf("%-8s %-16s %s\n", LevelName(finding.level), finding.check.c_str(), finding.message.c_str());
    if (!finding.mend.empty()) std::printf("%-8s %-16s mend: %s\n", "", "", finding.mend.c_str());
  }
}

Result<int> Doctor(const LedgerOptions& o, const std::string& version) {
  const Instant now = SystemClock().Now();
  std::vector<Finding> findings = {{Level::kGood, "version", version + ", libsodium " + sodium_version_string(), ""}};
  for (Finding& finding : ExamineMachine({}, now)) findings.push_back(std::move(finding));
  if (!o.data.empty()) {
    OPPI_TRY(std::vector<Finding> more, ExamineLedger(o.data, now));
    for (Finding& finding : more) findings.push_back(std::move(finding));
  }
  unsigned wrong = 0;
  unsigned warnings = 0;
  for (const Finding& finding : findings) {
    wrong += finding.level == Level::kWrong;
    warnings += finding.level == Level::kWarning;
  }
  if (o.json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const Finding& f : findings)
      list.push_back({{"check", f.check}, {"level", LevelName(f.level)}, {"message", f.message}, {"mend", f.mend}});
    const nlohmann::ordered_json json = {{"healthy", wrong == 0}, {"wrong", wrong}, {"warnings", warnings}, {"findings", list}};
    std::printf("%s\n", json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
  } else {
    Print(findings);
    std::printf("%u wrong, %u warnings\n", wrong, warnings);
  }
  return wrong == 0 ? kExitDone : kExitFalse;
}

}  // namespace

void AddDoctorCommand(Cli& cli) {
  auto ledger = std::make_shared<LedgerOptions>();
  CLI::App* command = AddCommand(cli, cli.app, "doctor", "Examine the installation: permissions, keys, memory, swap, disk, clock",
                                 "oppiloki doctor --data var/ledger",
                                 [ledger, &cli] { return Doctor(*ledger, cli.app.version()); });
  ledger->AddTo(*command, false);
}

}  // namespace oppi::ops
