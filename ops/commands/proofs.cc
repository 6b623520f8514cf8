#include <cstdio>
#include <nlohmann/json.hpp>

#include "events/tree_hash.h"
#include "ops/cli.h"
#include "ops/remote.h"
#include "ops/verify_files.h"
#include "ops/verify_folder.h"

namespace oppi::ops {
namespace {

Result<int> PrintCheckpoint(const LedgerOptions& o) {
  std::string note;
  if (!o.url.empty()) {
    OPPI_TRY(const auto remote, Remote::Open(o.url, {}));
    OPPI_TRY(note, remote->Text("/checkpoint"));
  } else {
    OPPI_TRY(const auto node, o.OpenNode());
    note = node->Shown()->note();
  }
  if (o.json) {
    OPPI_TRY(const ledger::Note parsed, ledger::ParseNote(note));
    OPPI_TRY(const ledger::Checkpoint checkpoint, ledger::ParseCheckpointText(parsed.text));
    const nlohmann::ordered_json json = {{"origin", checkpoint.origin}, {"size", checkpoint.size.value()},
                                         {"root", checkpoint.root.base64()}, {"note", note}};
    std::printf("%s\n", json.dump().c_str());
  } else {
    std::fputs(note.c_str(), stdout);
  }
  return kExitDone;
}

struct ProveOptions {
  LedgerOptions ledger;
  std::optional<std::uint64_t> index;
  std::optional<std::uint64_t> size;
  std::optional<std::uint64_t> from;
  std::optional<std::uint64_t> to;
};

Result<int> Prove(const ProveOptions& o) {
  if (o.index.has_value() == o.from.has_value()) return InvalidArgument("prove takes --index I, or --from M --to N");
  OPPI_TRY(const auto node, o.ledger.OpenNode());
  const auto view = node->View();
  if (o.index && !o.size) {
    OPPI_TRY(const std::string receipt, node->ReceiptAt(LeafIndex(*o.index)));
    OPPI_TRY(const ledger::TlogPolicy trust, node->Trust());
    OPPI_TRY(const ledger::TlogProof proof, ledger::ParseTlogProof(receipt));
    if (const auto trusted = OpenCheckpoint(proof.checkpoint, trust); !trusted.ok())
      std::fprintf(stderr, "not yet as trust.policy demands: %s\n", trusted.error().message.c_str());
    if (o.ledger.json)
      std::printf("%s\n", nlohmann::ordered_json({{"index", *o.index}, {"receipt", receipt}}).dump().c_str());
    else
      std::fputs(receipt.c_str(), stdout);
    return kExitDone;
  }
  nlohmann::ordered_json json;
  std::vector<NodeHash> path;
  if (o.index) {
    json = {{"index", *o.index}, {"size", *o.size}};
    OPPI_TRY(path, view->Inclusion(LeafIndex(*o.index), TreeSize(*o.size)));
    OPPI_TRY(const RootHash root, view->Root(TreeSize(*o.size)));
    json["root"] = root.base64();
  } else {
    const TreeSize to(o.to.value_or(view->size().value()));
    json = {{"from", *o.from}, {"to", to.value()}};
    OPPI_TRY(path, view->Consistency(TreeSize(*o.from), to));
    OPPI_TRY(const RootHash first, view->Root(TreeSize(*o.from)));
    OPPI_TRY(const RootHash second, view->Root(to));
    json["from_root"] = first.base64();
    json["to_root"] = second.base64();
  }
  nlohmann::ordered_json hashes = nlohmann::ordered_json::array();
  for (const NodeHash& hash : path) hashes.push_back(hash.base64());
  json["proof"] = std::move(hashes);
  PrintAnswer(json.dump(), o.ledger.json);
  return kExitDone;
}

}  // namespace

void AddProofCommands(Cli& cli) {
  auto checkpoint = std::make_shared<LedgerOptions>();
  CLI::App* command = AddCommand(cli, cli.app, "checkpoint", "The newest signed checkpoint", "oppiloki checkpoint --data var/ledger",
                                 [checkpoint] { return PrintCheckpoint(*checkpoint); });
  checkpoint->AddTo(*command, true);

  auto prove = std::make_shared<ProveOptions>();
  command = AddCommand(cli, cli.app, "prove", "Inclusion of an entry, or consistency of two sizes",
                       "oppiloki prove --data var/ledger --index 17 > entry-17.tlog-proof", [prove] { return Prove(*prove); });
  prove->ledger.AddTo(*command, false);
  command->add_option("--index", prove->index, "Entry to prove included; the answer is a C2SP tlog-proof");
  command->add_option("--size", prove->size, "In the tree of this size instead of the newest checkpoint");
  command->add_option("--from", prove->from, "Smaller size");
  command->add_option("--to", prove->to, "Larger size; default the newest");

  auto verify = std::make_shared<VerifyOptions>();
  verify->folder = VerifyFolder;
  command = AddCommand(cli, cli.app, "verify", "Check evidence, receipts, checkpoints and exported logs offline",
                       "oppiloki verify answer.evidence --trust var/ledger/trust.policy", [verify] { return VerifyFiles(*verify); });
  command->add_option("FILE", verify->files, "Evidence, receipts (tlog-proof), checkpoints, equivocations, or folders with an exported log")
      ->required();
  command->add_option("--trust,--policy", verify->policy, "C2SP tlog-policy: the log and its witnesses")->required();
  command->add_option("--succession", verify->successions, "The log's key has changed: what one key signed for the next");
  command->add_option("--about", verify->about, "Identifier that state receipts must speak of");
  command->add_flag("--incomplete", verify->incomplete, "Accept evidence that does not show that nothing is left out");
  command->add_flag("--json", verify->json, "One JSON document a file");
}

}  // namespace oppi::ops
