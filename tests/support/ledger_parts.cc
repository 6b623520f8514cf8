#include "tests/support/ledger_parts.h"

#include "events/tree_hash.h"
#include "ledger/merkle/compact_range.h"
#include "ledger/sequencer.h"
#include "ledger/tlog_proof.h"
#include "tests/support/sample_events.h"

namespace oppi::tests {
namespace {

using ledger::LogView;

constexpr Instant kStart{1'772'438'400 * kMicrosPerSecond};  // 2026-03-02T08:00:00Z

events::SignedBatch SignItems(std::vector<events::BatchItem> items, const NamedSigningKey& key,
                              Entropy& entropy, const ledger::Checkpoint* anchor) {
  events::BatchHeader header;
  header.origin = kOrigin;
  header.publisher = key.name;
  header.key = KeyIdText(key.verifier().id);
  entropy.Fill(header.id);
  if (anchor != nullptr) {
    header.anchor_size = anchor->size.value();
    header.anchor_root = anchor->root;
  }
  return events::SignBatch(std::move(header), std::move(items), key.key);
}

void CheckTiles(const LogView& view, const std::vector<NodeHash>& leaves,
                std::vector<std::string>& problems) {
  // Hashes of each tile level, straight from the definition of a node.
  std::vector<NodeHash> row = leaves;
  for (unsigned level = 0; !row.empty(); ++level) {
    for (std::uint64_t first = 0; first < row.size(); first += ledger::merkle::kTileWidth) {
      const auto width = static_cast<unsigned>(
          std::min<std::uint64_t>(ledger::merkle::kTileWidth, row.size() - first));
      Bytes expected;
      for (unsigned i = 0; i < width; ++i) expected.append(row[first + i].view());
      const auto tile = view.Tile({false, level, first / ledger::merkle::kTileWidth, width});
      if (!tile.ok() || *tile != expected)
        problems.push_back("tile " + std::to_string(first / ledger::merkle::kTileWidth) +
                           " of level " + std::to_string(level) + " is wrong");
    }
    for (unsigned height = 0; height < ledger::merkle::kTileHeight; ++height) {
      for (std::size_t i = 0; i < row.size() / 2; ++i)
        row[i] = HashChildren(row[2 * i], row[2 * i + 1]);
      row.resize(row.size() / 2);
    }
  }
}

void CheckReceipts(const LogView& view, const std::vector<NodeHash>& leaves,
                   const VerifierKey& log_key, std::vector<std::string>& problems) {
  for (std::uint64_t i = 0; i < leaves.size(); ++i) {
    const auto text = view.Receipt(LeafIndex(i));
    const auto proof =
        text.ok() ? ledger::ParseTlogProof(*text) : Result<ledger::TlogProof>(text.error());
    const auto checkpoint = proof.ok() ? ledger::VerifyTlogProof(*proof, leaves[i], log_key)
                                       : Result<ledger::Checkpoint>(proof.error());
    if (!checkpoint.ok())
      problems.push_back("receipt " + std::to_string(i) + ": " + checkpoint.error().message);
    else if (*checkpoint != view.checkpoint() || !proof->extra ||
             HashLeaf(*proof->extra) != leaves[i])
      problems.push_back("receipt " + std::to_string(i) + " is of something else");
  }
}

}  // namespace

NamedSigningKey KeyNamed(const std::string& name) {
  return {name, SigningKey::FromSeed(HashOf("key of " + name).bytes)};
}

LedgerParts::LedgerParts(std::uint64_t seed)
    : clock(kStart),
      entropy(seed),
      log_key(KeyNamed(kOrigin)),
      registrar_key(KeyNamed("registrar")),
      ledger_key(KeyNamed("ledger")) {}

ledger::SecretKey LedgerParts::Master() const {
  return ledger::SecretKey(HashOf("master key of tests").bytes);
}

ledger::GenesisLeaf LedgerParts::Genesis() const {
  return {kOrigin, FormatVerifierKey(log_key.verifier()),
          FormatVerifierKey(registrar_key.verifier()), FormatVerifierKey(ledger_key.verifier())};
}

Status LedgerParts::Create() {
  OPPI_RETURN_IF_ERROR(OpenVault());
  return ledger::CreateLog(log_store, lock, Genesis(), vault->label_key().public_key(), clock.Now(),
                           log_key);
}

Status LedgerParts::OpenVault() {
  vault.reset();
  OPPI_TRY(vault, ledger::Vault::Open(vault_store, entropy, {folder.path(), ledger::MasterKeyOf(Master())}));
  return {};
}

events::SignedBatch SignBytes(const std::vector<Bytes>& bytes, const NamedSigningKey& key,
                              Entropy& entropy, const ledger::Checkpoint* anchor) {
  std::vector<events::BatchItem> items;
  for (const Bytes& one : bytes) {
    events::BatchItem item;
    item.bytes = one;
    entropy.Fill(item.salt);
    items.push_back(std::move(item));
  }
  return SignItems(std::move(items), key, entropy, anchor);
}

events::SignedBatch SignEvents(const std::vector<events::Event>& events, const NamedSigningKey& key,
                               Entropy& entropy, const ledger::Checkpoint* anchor) {
  std::vector<Bytes> bytes;
  for (const events::Event& event : events) bytes.push_back(events::EncodeJson(event));
  return SignBytes(bytes, key, entropy, anchor);
}

events::Event Mark(std::uint64_t number, std::uint64_t person) {
  events::Event event = SampleEvent(events::EventType::kAttendanceMarked, Fill::kRequired, number);
  event.subject = PersonId(person);
  return event;
}

std::vector<events::Event> Marks(std::uint64_t first, std::uint64_t count, std::uint64_t persons) {
  std::vector<events::Event> marks;
  for (std::uint64_t i = 0; i < count; ++i) marks.push_back(Mark(first + i, i % persons + 1));
  return marks;
}

std::vector<std::string> ProblemsOf(LedgerParts& parts, const LogView& view) {
  const VerifierKey log_key = parts.log_key.verifier();
  const auto locked = parts.lock.Read();
  if (!locked.ok()) return {"the lock cannot be read"};
  const auto report = ledger::Fsck(parts.log_store, *parts.vault, log_key, *locked);
  if (!report.ok()) return {"fsck: " + report.error().message};
  std::vector<std::string> problems = report->damages;
  if (report->leaves != view.size().value()) problems.emplace_back("fsck saw another tree");
  if (*locked != ledger::CheckpointLock::Value{view.size(), view.checkpoint().root})
    problems.emplace_back("the lock is not what is published");
  const auto checkpoint = ledger::OpenCheckpoint(view.note(), log_key);
  if (!checkpoint.ok() || *checkpoint != view.checkpoint())
    problems.emplace_back("the published note does not verify");

  std::vector<NodeHash> leaves;
  ledger::merkle::CompactRange range;
  Instant last = kInstantMin;
  const Status scanned =
      view.ScanLeaves(LeafIndex(0), view.size(), [&](LeafIndex index, ByteView bytes) {
        leaves.push_back(HashLeaf(bytes));
        range.Append(leaves.back());
        const auto leaf = ledger::DecodeLeaf(bytes);
        if (!leaf.ok() || leaf->recorded <= last)
          problems.push_back("entry " + std::to_string(index.value()) + " is out of order");
        else
          last = leaf->recorded;
        return true;
      });
  if (!scanned.ok()) problems.push_back("entries: " + scanned.error().message);
  if (range.size() != view.size() || range.Root() != view.checkpoint().root)
    problems.emplace_back("the entries do not give the published root");
  CheckTiles(view, leaves, problems);
  CheckReceipts(view, leaves, log_key, problems);
  return problems;
}

}  // namespace oppi::tests
