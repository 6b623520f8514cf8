#include <iostream>

#include "ledger/durable_file.h"
#include "ops/cli.h"
#include "projections/rehearsal.h"

namespace oppi::ops {
namespace {

Result<int> Rehearse(const std::vector<std::string>& files) {
  const auto read = [](const std::string& path) -> Result<std::string> {
    OPPI_TRY(std::optional<Bytes> text, ledger::ReadFileIfThere(path));
    if (!text) return NotFound("there is no such file");
    return *std::move(text);
  };
  projections::RehearsalReport all;
  for (const std::string& file : files) all += projections::Rehearse(file, read, std::cout);
  projections::PrintTotals(all, std::cout);
  return all.ExitCode();
}

}  // namespace

void AddRehearseCommand(Cli& cli) {
  auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* command = AddCommand(cli, cli.app, "rehearse", "Try a policy on stories before it is in force",
                                 "oppiloki rehearse stories/*.json", [files] { return Rehearse(*files); });
  command->add_option("FILE", *files, "Rehearsal files")->required();
}

}  // namespace oppi::ops
