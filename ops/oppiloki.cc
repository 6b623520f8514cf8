#include <cstdio>

#include "ops/cli.h"
#include "ops/process_guard.h"

// The program. Every command is a file in ops/commands.

int main(int argc, char** argv) {
  if (const oppi::Status guarded = oppi::ops::GuardProcess(); !guarded.ok()) {
    std::fprintf(stderr, "oppiloki: %s\n", guarded.error().message.c_str());
    return oppi::ops::ExitFor(guarded.error());
  }
  oppi::ops::Cli cli;
  cli.app.name("oppiloki");
  cli.app.description("A learner record ledger whose every answer can be checked offline.");
  cli.app.set_version_flag("--version", std::string("oppiloki ") + OPPI_VERSION);
  cli.app.footer("Example:\n  oppiloki demo --data var/demo --once\n\n'oppiloki COMMAND --help' has an example for each.");
  cli.app.require_subcommand(1);
  oppi::ops::AddLedgerCommands(cli);
  oppi::ops::AddKeyCommands(cli);
  oppi::ops::AddPublishCommands(cli);
  oppi::ops::AddQueryCommands(cli);
  oppi::ops::AddProofCommands(cli);
  oppi::ops::AddRotateCommands(cli);
  oppi::ops::AddDoctorCommand(cli);
  oppi::ops::AddEraseCommands(cli);
  oppi::ops::AddRetentionCommands(cli);
  oppi::ops::AddBackupCommands(cli);
  oppi::ops::AddRepairCommands(cli);
  oppi::ops::AddRehearseCommand(cli);
  oppi::ops::AddExportCommand(cli);
  AddWitnessCommands(cli);
  try {
    cli.app.parse(argc, argv);
  } catch (const CLI::ExtrasError&) {
    // What was not expected may be a person's number: it is not repeated.
    std::fputs("oppiloki: an argument was not expected; see --help\n", stderr);
    return oppi::ops::kExitUsage;
  } catch (const CLI::ConversionError& e) {
    // "Could not convert: --batch = many": the value stands at the end and is not repeated either.
    const std::string what = e.what();
    std::fprintf(stderr, "oppiloki: %s\n", what.substr(0, what.find(" = ")).c_str());
    return oppi::ops::kExitUsage;
  } catch (const CLI::RequiredError& e) {
    const bool no_command = cli.app.get_subcommands().empty();
    if (no_command && argc > 1) std::fputs("oppiloki: there is no such command\n", stderr);
    cli.app.exit(e);
    return oppi::ops::kExitUsage;
  } catch (const CLI::ParseError& e) {
    return cli.app.exit(e) == 0 ? oppi::ops::kExitDone : oppi::ops::kExitUsage;
  }
  if (!cli.run) return oppi::ops::kExitUsage;
  const oppi::Result<int> done = cli.run();
  if (done.ok()) return *done;
  std::fprintf(stderr, "oppiloki: %s\n", done.error().message.c_str());
  return oppi::ops::ExitFor(done.error());
}
