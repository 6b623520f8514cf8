#include <cstdio>

#include "consumers/json_text.h"
#include "events/ids.h"
#include "ledger/durable_file.h"
#include "ops/backup_desk.h"
#include "ops/cli.h"
#include "ops/control_socket.h"
#include "ops/demo.h"
#include "ops/foyer.h"
#include "ops/process_guard.h"
#include "ops/serving.h"

namespace oppi::ops {
namespace {

struct InitOptions {
  LedgerOptions ledger;
  std::string origin;
  std::string organisation = events::OrganisationOid(1);
  unsigned partitions = 1;
  bool no_check_digits = false;
  std::string master = "file";
};

Result<int> Init(const InitOptions& o) {
  if (o.ledger.data.empty()) return InvalidArgument("say where to make the ledger: --data DIR");
  if (o.partitions != 1) return InvalidArgument("a ledger in one directory has one partition; more need Kafka");
  SystemEntropy entropy;
  const SystemClock clock;
  OPPI_TRY(const MasterKeySource master, ParseMasterKeySource(o.master));
  OPPI_RETURN_IF_ERROR(Node::Create({o.ledger.data, {o.origin, o.organisation, !o.no_check_digits, master}}, entropy, clock));
  OPPI_TRY(const std::unique_ptr<Node> node, o.ledger.OpenNode());
  const std::string vkey = FormatVerifierKey(node->LogKey());
  if (o.ledger.json) {
    std::string out = "{";
    consumers::AppendJsonMember(out, "origin", o.origin);
    consumers::AppendJsonMember(out, "vkey", vkey);
    std::printf("%s}\n", out.c_str());
  } else {
    std::printf("%s\n", vkey.c_str());
    std::fprintf(stderr, "A new ledger is in %s. The line above is its verifier key: give it to everybody who checks.\n"
                         "Keep %s apart from backups of the rest: whoever has both can read everything.\n",
                 o.ledger.data.c_str(), Describe(master).c_str());
  }
  return kExitDone;
}

struct ServeOptions {
  LedgerOptions ledger;
  std::string listen = "127.0.0.1:8080";
  std::string policy;
};

/// Opens the ledger; the foyer says how far it has come.
Result<std::unique_ptr<Node>> OpenSaying(const LedgerOptions& ledger, Foyer& foyer) {
  return ledger.OpenNode([&foyer](TreeSize folded, TreeSize size) {
    foyer.Say(folded < size ? "the views are being made: " + std::to_string(folded.value()) + " of " + std::to_string(size.value()) + " entries"
                             : "erasures that this copy of the log has not done are being done again");
  });
}

Result<ledger::TlogPolicy> PolicyToServeUnder(const Node& node, const std::string& path) {
  if (path.empty()) return node.Trust();
  OPPI_TRY(const auto text, ledger::ReadFileIfThere(path));
  if (!text) return NotFound("no policy at " + path);
  return ledger::ParseTlogPolicy(*text);
}

Result<int> Serve(const ServeOptions& o) {
  const SystemClock clock;
  // Whoever asks meanwhile is told why to wait.
  OPPI_TRY(auto foyer, Foyer::Open(o.listen, clock));
  const std::string listen = foyer->address();
  OPPI_TRY(const std::unique_ptr<Node> node, OpenSaying(o.ledger, *foyer));
  foyer.reset();
  if (const auto trouble = LockTroubleOf(LockableBytes()))
    std::fprintf(stderr, "warning: %s (%s)\n", trouble->message.c_str(), trouble->mend.c_str());
  OPPI_TRY(const ledger::TlogPolicy policy, PolicyToServeUnder(*node, o.policy));
  OPPI_TRY(const std::unique_ptr<Service> service, Service::Start(*node, listen, policy));
  Node* asked = node.get();
  const auto control = ControlSocket::Start(o.ledger.data, [asked](const std::string& line, const ControlSocket::SayFn& say) {
    AnswerBackupLine(*asked, line, say);
  });
  if (!control.ok()) std::fprintf(stderr, "warning: backups cannot be made while this serves: %s\n", control.error().message.c_str());
  std::fprintf(stderr, "serving %s on http://%s (size %llu); stop with Ctrl-C\n", node->config().origin.c_str(),
               service->address().c_str(), static_cast<unsigned long long>(node->View()->size().value()));
  service->WaitForSignal();
  std::fprintf(stderr, "finishing what is under way\n");
  return kExitDone;
}

}  // namespace

void AddLedgerCommands(Cli& cli) {
  auto init = std::make_shared<InitOptions>();
  CLI::App* command = AddCommand(cli, cli.app, "init", "Make a new ledger: keys, vault, first entry",
                                 "oppiloki init --data var/ledger --origin ledger.example.fi/log",
                                 [init] { return Init(*init); });
  init->ledger.AddTo(*command, false);
  command->add_option("--origin", init->origin, "Name of the log, for ever; what every checkpoint says")->required();
  command->add_option("--organisation", init->organisation, "Organisation OID of the operator");
  command->add_option("--master", init->master, "Where the key that wraps the vault is: file[:PATH] (as seen from the ledger directory), systemd[:CREDENTIAL] or a PKCS#11 URI");
  command->add_option("--partitions", init->partitions, "Number of logs; 1 without Kafka");
  command->add_flag("--no-check-digits", init->no_check_digits,
                    "Accept identifiers with wrong check digits (test data only)");

  auto demo = std::make_shared<DemoOptions>();
  command = AddCommand(cli, cli.app, "demo", "The main job: a ledger, a year of events, five answers verified, then serve",
                       "oppiloki demo --data var/demo --once", [demo] { return RunDemo(*demo); });
  command->add_option("--data", demo->directory, "Directory of the ledger; made when it is not there")->required();
  command->add_flag("--once", demo->once, "Do not serve; the last line of stdout is a summary in JSON");
  command->add_option("--input", demo->inputs, "Publish these files instead of a generated year");
  command->add_option("--listen", demo->listen, "HOST:PORT to serve on");
  command->add_option("--pupils", demo->pupils, "Pupils of the generated year");
  command->add_option("--days", demo->days, "School days of the generated year");

  auto serve = std::make_shared<ServeOptions>();
  command = AddCommand(cli, cli.app, "serve", "Serve a ledger over HTTP",
                       "oppiloki serve --data var/ledger --listen 127.0.0.1:8080", [serve] { return Serve(*serve); });
  serve->ledger.AddTo(*command, false);
  command->add_option("--listen", serve->listen, "HOST:PORT; port 0 takes any free one");
  command->add_option("--policy", serve->policy, "C2SP tlog-policy whose witnesses are asked to cosign; default trust.policy of the ledger");
}

}  // namespace oppi::ops
