#include <cstdio>

#include "ops/cli.h"

// The program. Every command is a file in ops/commands.

int main(int argc, char** argv) {
  oppi::ops::Cli cli;
  cli.app.name("oppiloki");
  cli.app.description("A learner record ledger whose every answer can be checked offline.");
  cli.app.set_version_flag("--version", std::string("oppiloki ") + OPPI_VERSION);
  cli.app.require_subcommand(1);
  oppi::ops::AddLedgerCommands(cli);
  oppi::ops::AddKeyCommands(cli);
  oppi::ops::AddPublishCommands(cli);
  oppi::ops::AddQueryCommands(cli);
  oppi::ops::AddProofCommands(cli);
  oppi::ops::AddRepairCommands(cli);
  oppi::ops::AddRehearseCommand(cli);
  try {
    cli.app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return cli.app.exit(e) == 0 ? oppi::ops::kExitDone : oppi::ops::kExitUsage;
  }
  if (!cli.run) return oppi::ops::kExitUsage;
  const oppi::Result<int> done = cli.run();
  if (done.ok()) return *done;
  std::fprintf(stderr, "oppiloki: %s\n", done.error().message.c_str());
  return oppi::ops::ExitFor(done.error());
}
