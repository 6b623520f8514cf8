#include <cstdio>

#include "consumers/json_text.h"
#include "ops/cli.h"
#include "ops/log_keys.h"
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

struct RotateLog {
  LedgerOptions ledger;
  bool end_overlap = false;
};

Result<int> RotateLogKeyOf(const RotateLog& o) {
  const std::string& data = o.ledger.data;
  if (data.empty()) return InvalidArgument("say where the ledger is: --data DIR");
  OPPI_RETURN_IF_ERROR(ReadConfig(data + "/ledger.toml"));
  SystemEntropy entropy;
  if (o.end_overlap) {
    OPPI_RETURN_IF_ERROR(EndLogKeyOverlap(data, entropy));
    std::printf("%s", o.ledger.json ? "{\"overlap\":false}\n" : "The new key signs alone now; the old one is destroyed.\n");
    return kExitDone;
  }
  OPPI_TRY(const LogKeyRotation rotation, RotateLogKey(data, entropy));
  const std::string after = FormatVerifierKey(rotation.after);
  const std::string file = data + "/keys/log.successions";
  if (o.ledger.json) {
    std::string out = "{";
    consumers::AppendJsonMember(out, "vkey", after);
    consumers::AppendJsonMember(out, "before", FormatVerifierKey(rotation.before));
    consumers::AppendJsonMember(out, "successions", file);
    std::printf("%s,\"size\":%llu}\n", out.c_str(), static_cast<unsigned long long>(rotation.size.value()));
    return kExitDone;
  }
  std::printf("%s\n", after.c_str());
  std::fprintf(stderr,
               "The line above is the log's key from size %llu on. Publish it together with %s, which proves it.\n"
               "Until the overlap ends both keys sign. End it when everybody has followed: oppiloki rotate log-key --end-overlap --data %s\n",
               static_cast<unsigned long long>(rotation.size.value()), file.c_str(), data.c_str());
  return kExitDone;
}

}  // namespace

void AddRotateCommands(Cli& cli) {
  CLI::App* rotate = AddCommand(cli, cli.app, "rotate", "Change keys", "oppiloki rotate vault-master --data var/ledger --to file:/mnt/safe/master.key", nullptr);
  rotate->require_subcommand(1);
  auto log = std::make_shared<RotateLog>();
  CLI::App* log_key = AddCommand(cli, *rotate, "log-key", "Hand the log over to a new key, with a signed succession",
                                 "oppiloki rotate log-key --data var/ledger", [log] { return RotateLogKeyOf(*log); });
  log->ledger.AddTo(*log_key, false);
  log_key->add_flag("--end-overlap", log->end_overlap, "Destroy the key before: the new one signs alone");
  auto master = std::make_shared<RotateMaster>();
  CLI::App* command = AddCommand(cli, *rotate, "vault-master", "Wrap the vault's keys by a master key elsewhere, as on a token",
                                 "oppiloki rotate vault-master --data var/ledger --to file:/mnt/safe/master.key",
                                 [master] { return Rotate(*master); });
  master->ledger.AddTo(*command, false);
  command->add_option("--to", master->to, "file[:PATH] (as seen from the ledger directory), systemd[:CREDENTIAL] or a PKCS#11 URI")->required();
}

}  // namespace oppi::ops
