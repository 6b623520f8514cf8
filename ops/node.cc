#include "ops/node.h"

#include <chrono>
#include <filesystem>
#include <thread>

#include "events/ids.h"
#include "events/limits.h"
#include "ledger/durable_file.h"
#include "ledger/rocksdb_store.h"
#include "ledger/tlog_policy.h"
#include "ops/backups.h"
#include "ops/key_files.h"
#include "ops/publishers.h"
#include "ops/vault_master.h"
#include "projections/log_reader.h"

namespace oppi::ops {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSigningKeys[] = {"log", "registrar", "ledger", "operator"};

Status MakeFolders(const std::string& directory) {
  for (const char* folder : {"", "keys", "vault", "lock"}) {
    std::error_code error;
    fs::create_directories(fs::path(directory) / folder, error);
    if (!error) fs::permissions(fs::path(directory) / folder, fs::perms::owner_all, error);
    if (error) return PermissionDenied("cannot make " + (fs::path(directory) / folder).string() + ": " + error.message());
  }
  return {};
}

/// The key that an init which was interrupted left here, or a new one.
Result<NamedSigningKey> KeyForNewLedger(const std::string& path, const std::string& name, Entropy& entropy) {
  if (fs::exists(path)) {
    OPPI_TRY(NamedSigningKey left, ReadKeyFile(path));
    if (left.name != name) return AlreadyExists("there is an unfinished ledger of another origin here; its key is " + path);
    return left;
  }
  NamedSigningKey key{name, SigningKey::Generate(entropy)};
  OPPI_RETURN_IF_ERROR(WriteKeyFile(path, key));
  return key;
}

/// The first two entries, unless an init which was interrupted got so far. A log that holds more was
/// in use: it has lost its settings and must not be begun again.
Status BeginLog(ledger::Store& store, ledger::CheckpointLock& lock, const ledger::GenesisLeaf& genesis,
                const ledger::VrfPublicKey& label_key, Instant now, const NamedSigningKey& log_key) {
  const Status created = ledger::CreateLog(store, lock, genesis, label_key, now, log_key);
  if (created.ok() || created.error().code != Code::kAlreadyExists) return created;
  auto stored = ledger::StoredView(store, log_key.verifier());
  if (!stored.ok() && stored.error().code == Code::kNotFound)
    return DataLoss("the checkpoint lock here knows of a log that is not here: restore the log");
  OPPI_TRY(const auto view, std::move(stored));
  OPPI_TRY(const ledger::Leaf first, view->ReadLeaf(LeafIndex(0)));
  const auto* there = std::get_if<ledger::GenesisLeaf>(&first.body);
  const bool ours = view->size() == TreeSize(2) && there != nullptr && *there == genesis;
  return ours ? Status() : Status(AlreadyExists("there is a log here that has been in use, but no ledger.toml: restore that file"));
}

}  // namespace

std::string Node::KeyPath(std::string_view name) const { return directory_ + "/keys/" + std::string(name) + ".key"; }

Status Node::Create(const CreateOptions& options, Entropy& entropy, const Clock& clock) {
  const std::string& dir = options.directory;
  if (!KeyNameOk(options.config.origin) || options.config.origin.size() > kOriginBytesMax ||
      options.config.origin.find_first_of("\"\\") != std::string::npos)
    return InvalidArgument("the origin must be a name without spaces, plus signs and quotes, at most 255 bytes");
  if (events::CheckOrganisation(options.config.organisation, true) != events::IdCheck::kOk)
    return InvalidArgument("the operator's organisation must be an OID 1.2.246.562.10.<number> with a right check digit");
  if (fs::exists(fs::path(dir) / "restoring"))
    return AlreadyExists("a restore into " + dir + " was interrupted; run oppiloki restore again, or say another directory");
  if (fs::exists(fs::path(dir) / "ledger.toml")) return AlreadyExists("there is a ledger at " + dir + " already");
  OPPI_RETURN_IF_ERROR(MakeFolders(dir));

  ledger::GenesisLeaf genesis;
  genesis.origin = options.config.origin;
  for (const char* name : kSigningKeys) {
    OPPI_TRY(const NamedSigningKey key,
             KeyForNewLedger(dir + "/keys/" + name + ".key",
                             std::string_view(name) == "log" ? options.config.origin : std::string(name), entropy));
    const std::string vkey = FormatVerifierKey(key.verifier());
    if (std::string_view(name) == "log") genesis.log_key = vkey;
    if (std::string_view(name) == "registrar") genesis.registrar_key = vkey;
    if (std::string_view(name) == "ledger") genesis.ledger_key = vkey;
  }
  OPPI_RETURN_IF_ERROR(MakeMasterKey(options.config.master, dir, entropy));

  OPPI_TRY(const auto lock, ledger::OpenFileLock(dir + "/lock/checkpoint"));
  ledger::RocksDbOptions rocks;
  rocks.path = dir + "/log";
  rocks.create = true;
  OPPI_TRY(const auto store, ledger::OpenRocksDb(rocks));
  OPPI_TRY(const NamedSigningKey log_key, ReadKeyFile(dir + "/keys/log.key"));
  rocks.path = dir + "/vault/rows";
  OPPI_TRY(const auto vault_rows, ledger::OpenRocksDb(rocks));
  OPPI_TRY(auto master, OpenMasterKey(options.config.master, dir));
  OPPI_TRY(const auto vault, ledger::Vault::Open(*vault_rows, entropy, {dir + "/vault", std::move(master), true}));
  OPPI_RETURN_IF_ERROR(BeginLog(*store, *lock, genesis, vault->label_key().public_key(), clock.Now(), log_key));
  const std::string trust = ledger::FormatTlogPolicy(ledger::PolicyOf(log_key.verifier()));
  OPPI_RETURN_IF_ERROR(ledger::WriteFileDurably(dir + "/trust.policy", trust, 0644));
  // The settings last: a directory without them is no ledger, so a half-made one is never opened.
  return ledger::WriteFileDurably(dir + "/ledger.toml", ConfigText(options.config), 0600);
}

Result<std::unique_ptr<Node>> Node::Open(const OpenOptions& options) {
  std::unique_ptr<Node> node(new Node());
  node->directory_ = options.directory;
  OPPI_TRY(node->config_, ReadConfig(options.directory + "/ledger.toml"));
  OPPI_TRY(node->log_keys_, ReadLogKeys(options.directory + "/keys"));
  OPPI_TRY(node->ledger_key_, ReadKeyFile(node->KeyPath("ledger")));
  OPPI_TRY(auto master, OpenVaultMaster(node->config_, options.directory));
  OPPI_TRY(node->lock_, ledger::OpenFileLock(options.directory + "/lock/checkpoint"));
  ledger::RocksDbOptions rocks;
  rocks.path = options.directory + "/log";
  OPPI_TRY(node->log_store_, ledger::OpenRocksDb(rocks));
  OPPI_RETURN_IF_ERROR(SignStoredAnew(*node->log_store_, *node->log_keys_));
  rocks.path = options.directory + "/views";
  rocks.create = true;  // views can always be made again
  OPPI_TRY(node->view_store_, ledger::OpenRocksDb(rocks));
  rocks.path = options.directory + "/vault/rows";
  rocks.create = false;
  auto vault_rows = ledger::OpenRocksDb(rocks);
  if (!vault_rows.ok() && vault_rows.error().code == Code::kNotFound)
    return DataLoss("vault: its rows are missing; put the vault of this ledger back");
  if (!vault_rows.ok()) return std::move(vault_rows).error();
  node->vault_store_ = std::move(vault_rows).value();
  OPPI_TRY(node->vault_, ledger::Vault::Open(*node->vault_store_, node->entropy_,
                                             {options.directory + "/vault", std::move(master), false}));

  // The views catch up with what is stored before anything new is let in.
  OPPI_TRY(const std::shared_ptr<const ledger::LogView> view, ledger::StoredView(*node->log_store_, node->LogKey()));
  OPPI_TRY(node->runner_, projections::Runner::Open(*node->view_store_, *node->vault_, *view, {}, options.catching_up));
  OPPI_TRY(node->gate_, projections::Gate::Open(node->stores(), *view));

  projections::Runner* runner = node->runner_.get();
  projections::Gate* gate = node->gate_.get();
  node->registry_ = std::make_unique<projections::RegistryCell>(node->stores(), *runner, view->size());
  projections::RegistryCell* registry = node->registry_.get();
  const auto read = [runner, stores = node->stores()](std::string_view person, const std::vector<projections::Projection>& projections,
                                                      TreeSize size) -> Result<projections::Facts> {
    OPPI_RETURN_IF_ERROR(runner->WaitFor(size));
    return projections::ReadPerson(stores, person, projections, size);
  };
  node->decider_ = std::make_unique<projections::Decider>(read, projections::DecisionCache::Options{}, node->entropy_, view->size());
  projections::DecisionCache* decisions = &node->decider_->cache();
  runner->OnAdvance([gate](TreeSize cursor) { gate->ViewsReached(cursor); });
  ledger::SequencerOptions sequencing;
  sequencing.origin = node->config_.origin;
  sequencing.ledger_source = "urn:oid:" + node->config_.organisation + "/ledger";
  OPPI_TRY(node->sequencer_,
           ledger::Sequencer::Open({*node->log_store_, *node->vault_, *node->gate_, *node->lock_, node->clock_,
                                    node->entropy_, node->log_keys_->key, *node->ledger_key_,
                                    [runner, registry, decisions](std::shared_ptr<const ledger::CommittedGroup> group) {
                                      // These first: whoever waits for the views may rely on them.
                                      registry->Committed(*group);
                                      decisions->Committed(*group);
                                      runner->Committed(std::move(group));
                                    },
                                    node->log_keys_->before ? &*node->log_keys_->before : nullptr},
                                   sequencing));
  node->road_ = std::make_unique<consumers::LedgerRoad>(consumers::LedgerRoad::Ports{
      *node->sequencer_, *node->vault_, node->entropy_, [gate] { return gate->Keys(); }, node->config_.origin,
      {.check_digits = node->config_.check_digits}});
  ledger::Sequencer* sequencer = node->sequencer_.get();
  // Nothing has been submitted yet, so the writer thread is not looking.
  gate->LookUpIn([sequencer] { return sequencer->View(); });
  OPPI_RETURN_IF_ERROR(node->OpenErasures());
  node->OpenRetention();
  node->desk_ = std::make_unique<consumers::LedgerDesk>(consumers::LedgerDesk::Ports{
      node->stores(), *runner, *registry, *node->decider_, *node->road_, node->clock_, node->entropy_, [sequencer] { return sequencer->View(); },
      *node->ledger_key_, node->config_.origin, node->config_.organisation,
      {.check_digits = node->config_.check_digits},
      [self = node.get()] { return ledger::ErasureList::Open(self->directory_ + "/erasures", self->vault_->ListKey()); },
      [self = node.get()](const std::shared_ptr<const ledger::LogView>& asked) {
        constexpr std::chrono::seconds kEvidenceWaitMax(3);
        auto cosigned = self->cosigning_ == nullptr ? nullptr : self->cosigning_->Cosigned(asked->size(), kEvidenceWaitMax);
        if (cosigned == nullptr && self->kept_ != nullptr && !(self->kept_->size() < asked->size())) cosigned = self->kept_;
        return cosigned == nullptr ? asked : cosigned;
      }});
  node->OpenCosigned();
  return node;
}

/// What was shown last is only a convenience here: when it is damaged, or of a log that was restored since, the newest
/// checkpoint is as good, without cosignatures.
void Node::OpenCosigned() {
  const auto note = ledger::ReadFileIfThere(CosignedPath());
  const auto trust = Trust();
  if (!note.ok() || !*note || !trust.ok() || trust->witnesses.empty() || !ledger::OpenCheckpoint(**note, *trust).ok()) return;
  auto view = ledger::ViewOfNote(*View(), **note, LogKey());
  if (view.ok()) kept_ = *std::move(view);
}

Result<ledger::TlogPolicy> Node::Trust() const {
  OPPI_TRY(const auto text, ledger::ReadFileIfThere(directory_ + "/trust.policy"));
  return text ? ledger::ParseTlogPolicy(*text) : ledger::PolicyOf(LogKey());
}

Status Node::CollectCosignatures(const ledger::TlogPolicy& policy) {
  OPPI_CHECK(cosigning_ == nullptr);
  ledger::TlogPolicy ours = policy;
  std::erase_if(ours.logs, [this](const ledger::TlogPolicy::Log& log) {
    return log.key != LogKey() && !(log_keys_->before && log.key == log_keys_->before->verifier());
  });
  if (ours.logs.empty()) return InvalidArgument("the policy does not name this log's key");
  OPPI_TRY(cosigning_, consumers::Cosigning::Start({[this] { return View(); }, clock_, CosignedPath()}, std::move(ours), {}));
  return {};
}

std::shared_ptr<const ledger::LogView> Node::Shown() const {
  if (cosigning_ != nullptr) return cosigning_->Shown();
  const auto newest = View();
  return kept_ != nullptr && kept_->size() == newest->size() ? kept_ : newest;
}

/// The erasure list, and whatever it says that this store has not done: before anybody is served.
Status Node::OpenErasures() {
  OPPI_TRY(ledger::ErasureList list, ledger::ErasureList::Open(directory_ + "/erasures", vault_->ListKey()));
  const auto publish_own = [this](std::vector<events::Event> own) -> Status {
    constexpr std::size_t kAtOnce = 200;
    for (std::size_t from = 0; from < own.size(); from += kAtOnce) {
      const std::vector<events::Event> some(own.begin() + static_cast<std::ptrdiff_t>(from),
                                            own.begin() + static_cast<std::ptrdiff_t>(std::min(own.size(), from + kAtOnce)));
      OPPI_TRY(const consumers::BatchReport report, PublishAs(*ledger_key_, some));
      for (const consumers::ItemReport& item : report.items)
        if (item.outcome == events::Outcome::kRejected)
          return InvalidArgument(std::string(events::ErrorName(item.code)) + ": the ledger's own event was refused");
    }
    return {};
  };
  backups_ = std::make_unique<Backups>(Backups::Ports{directory_, config_, *sequencer_, *log_store_, *vault_store_, *vault_,
                                                      *ledger_key_, clock_, entropy_});
  eraser_ = std::make_unique<projections::Eraser>(
      projections::Eraser::Ports{*sequencer_, *runner_, *vault_, *log_store_, *view_store_, clock_, entropy_,
                                 "urn:oid:" + config_.organisation + "/ledger", publish_own,
                                 [](std::int64_t micros) { std::this_thread::sleep_for(std::chrono::microseconds(micros)); },
                                 [this](std::string_view person) { decider_->cache().Forget(person); },
                                 [this](const projections::ErasureProgressFn& progress) { return backups_->BringUpToDate(progress); }},
      std::move(list));
  OPPI_RETURN_IF_ERROR(eraser_->CatchUp());
  erasure_desk_ = std::make_unique<consumers::ErasureDesk>(consumers::ErasureDesk::Ports{
      stores(), *runner_, *eraser_, clock_, entropy_, [this] { return sequencer_->View(); },
      [this](const consumers::Principal& principal, events::Event event) { return PublishFor(principal, std::move(event)); },
      publish_own, [this] { return gate_->CurrentPublishers(); },
      [this](const projections::Question& question, const projections::Asker& asker) { return desk_->Answer(question, asker); },
      [this](const projections::Asker& asker, std::uint64_t count) { return desk_->RecordListing(asker, count); },
      config_.organisation, config_.erasure_delay_hours * 3600 * kMicrosPerSecond, [this] { return backups_->Stale(); }});
  return {};
}

void Node::OpenRetention() {
  retention_desk_ = std::make_unique<consumers::RetentionDesk>(consumers::RetentionDesk::Ports{
      {stores(), *runner_, *registry_, clock_, [this] { return sequencer_->View(); },
       [this](const std::string& principal, const std::vector<events::Event>& own) { return AttestFor(principal, own); },
       [this] { return events::MakeUuidV7(clock_.Now(), entropy_); },
       [](std::int64_t micros) { std::this_thread::sleep_for(std::chrono::microseconds(micros)); }, config_.organisation, {}},
      directory_ + "/retention", config_.origin});
}

/// The first source that the principal is registered with, or one named after it.
std::string Node::SourceOf(const std::string& principal) const {
  const auto publishers = gate_->CurrentPublishers();
  const projections::Publisher* known = publishers->Find(principal);
  if (known != nullptr && !known->sources.empty()) return known->sources.front();
  const std::string organisation = known == nullptr || known->organisation.empty() ? config_.organisation : known->organisation;
  return "urn:oid:" + organisation + "/" + SystemName(principal);
}

Result<std::vector<events::Outcome>> Node::AttestFor(const std::string& principal, const std::vector<events::Event>& own) {
  const std::string source = SourceOf(principal);
  std::vector<events::BatchItem> items;
  for (events::Event event : own) {
    event.source = source;
    events::BatchItem item;
    item.bytes = events::EncodeJson(event);
    entropy_.Fill(item.salt);
    items.push_back(std::move(item));
  }
  OPPI_TRY(const consumers::BatchReport report, Attest(principal, std::move(items)));
  if (report.error != events::ErrorCode::kNone)
    return InvalidArgument(std::string(events::ErrorName(report.error)) + ": events in the name of " + principal + " were refused");
  std::vector<events::Outcome> outcomes;
  for (const consumers::ItemReport& item : report.items) outcomes.push_back(item.outcome);
  return outcomes;
}

Result<consumers::BatchReport> Node::PublishFor(const consumers::Principal& principal, events::Event event) {
  event.source = SourceOf(principal.name);
  if (principal.key != nullptr) return PublishAs(*principal.key, {event});
  events::BatchItem item;
  item.bytes = events::EncodeJson(event);
  entropy_.Fill(item.salt);
  return Attest(principal.name, {std::move(item)});
}

Node::~Node() {
  // Who acts on the writer goes first; then the writer, then the projections: what is committed is still folded.
  cosigning_.reset();
  sequencer_.reset();
  if (runner_ != nullptr) runner_->OnAdvance({});
}

Result<consumers::BatchReport> Node::PublishAs(const NamedSigningKey& key, const std::vector<events::Event>& own) {
  events::BatchHeader header;
  header.origin = config_.origin;
  header.publisher = key.name;
  header.key = KeyIdText(key.verifier().id);
  entropy_.Fill(header.id);
  std::vector<events::BatchItem> items;
  for (const events::Event& event : own) {
    events::BatchItem item;
    item.bytes = events::EncodeJson(event);
    entropy_.Fill(item.salt);
    items.push_back(std::move(item));
  }
  return road_->Ingest(events::SignBatch(std::move(header), std::move(items), key.key));
}

Result<consumers::BatchReport> Node::Attest(std::string publisher, std::vector<events::BatchItem> items) {
  events::BatchHeader header;
  header.origin = config_.origin;
  header.publisher = std::move(publisher);
  header.attested_by = ledger_key_->name;
  header.key = KeyIdText(ledger_key_->verifier().id);
  entropy_.Fill(header.id);
  return road_->Ingest(events::SignBatch(std::move(header), std::move(items), ledger_key_->key));
}

Result<std::string> Node::ReceiptOf(std::string_view event_id) const {
  const auto view = View();
  OPPI_TRY(const auto event, projections::FindEvent(*view, *vault_, event_id));
  if (!event) return NotFound("there is no event with this id");
  return ReceiptAt(event->position);
}

Result<std::string> Node::ReceiptAt(LeafIndex position) const {
  for (const auto& view : {cosigning_ == nullptr ? kept_ : cosigning_->Shown(), View()})
    if (view != nullptr && Contains(view->size(), position)) return view->Receipt(position);
  return NotFound("SIZE_UNKNOWN: no such entry in this checkpoint");
}

Status Node::ViewsMayBeServed() const {
  if (!fs::exists(directory_ + "/views.differ")) return {};
  return DataLoss("a rebuild found that the views differ from the log; replace them with: oppiloki rebuild --data " + directory_ + " --repair");
}

std::vector<std::string> Node::NotReadyBecause() const {
  std::vector<std::string> reasons;
  if (!ViewsMayBeServed().ok()) reasons.emplace_back("a rebuild found that the views differ from the log");
  if (runner_->cursor().value() + 1'000'000 < View()->size().value()) reasons.emplace_back("the views are far behind the log");
  return reasons;
}

}  // namespace oppi::ops
