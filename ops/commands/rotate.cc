#include <cstdio>

#include "consumers/json_text.h"
#include "ops/cli.h"
#include "ops/vault_master.h"

namespace oppi::ops {
namespace {

struct RotateMaster {
  LedgerOptions ledger;
  std::string to;
};

Result<int> Rotate(const RotateMaster& o) {
  if (o.ledger.data.empty()) return InvalidArgument("say where the ledger is: --data DIR");
  OPPI_TRY(const MasterKeySource to, ParseMasterKeySource(o.to));
  OPPI_TRY(const NodeConfig before, ReadConfig(o.ledger.data + "/ledger.toml"));
  SystemEntropy entropy;
  OPPI_RETURN_IF_ERROR(MoveVaultMaster(o.ledger.data, to, entropy));
  const std::string old = Describe(before.master_before ? *before.master_before : before.master);
  if (o.ledger.json) {
    std::string out = "{";
    consumers::AppendJsonMember(out, "master", Describe(to));
    consumers::AppendJsonMember(out, "before", old);
    std::printf("%s}\n", out.c_str());
  } else {
    std::printf("The vault is wrapped by %s now.\n"
                "%s opens copies of the ledger from before; destroy it when there are none, or destroy them.\n",
                Describe(to).c_str(), ("The old key, " + old + ",").c_str());
  }
  return kExitDone;
}

}  // namespace

void AddRotateCommands(Cli& cli) {
  CLI::App* rotate = AddCommand(cli, cli.app, "rotate", "Change keys", "oppiloki rotate vault-master --data var/ledger --to file:/mnt/safe/master.key", nullptr);
  rotate->require_subcommand(1);
  auto master = std::make_shared<RotateMaster>();
  CLI::App* command = AddCommand(cli, *rotate, "vault-master", "Wrap the vault's keys by a master key elsewhere, as on a token",
                                 "oppiloki rotate vault-master --data var/ledger --to file:/mnt/safe/master.key",
                                 [master] { return Rotate(*master); });
  master->ledger.AddTo(*command, false);
  command->add_option("--to", master->to, "file[:PATH] (as seen from the ledger directory), systemd[:CREDENTIAL] or a PKCS#11 URI")->required();
}

}  // namespace oppi::ops
