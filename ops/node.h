#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "consumers/cosigning.h"
#include "consumers/erasure_desk.h"
#include "consumers/ledger_desk.h"
#include "consumers/ledger_road.h"
#include "consumers/retention_desk.h"
#include "events/entropy.h"
#include "events/result.h"
#include "ledger/checkpoint_lock.h"
#include "ledger/sequencer.h"
#include "ledger/store.h"
#include "ledger/vault.h"
#include "ops/log_keys.h"
#include "ops/settings.h"
#include "ops/system_clock.h"
#include "projections/decider.h"
#include "projections/eraser.h"
#include "projections/gate.h"
#include "projections/registry_cell.h"
#include "projections/runner.h"

/// A ledger directory, and everything wired together over it.
///
///   ledger.toml            origin, settings
///   keys/                  log, registrar, ledger, operator: signing keys; master: wraps the vault,
///                          unless that key is elsewhere
///   vault/                 generation keys, wrapped by the master key, and in rows/ what they wrap
///   erasures/              the erasure list, and which backups there are
///   retention/             the signed retention table, older ones, how far an interrupted run came
///   lock/checkpoint        newest published checkpoint; never in a backup
///   lock/cosigned          what is shown when there are witnesses, with what they signed
///   log/, views/           RocksDB

namespace oppi::ops {

class Backups;

class Node {
 public:
  struct CreateOptions {
    std::string directory;
    NodeConfig config;
  };
  /// A new ledger: keys, vault, genesis. kAlreadyExists when the directory has one. Run again after it
  /// was interrupted, it goes on with what is there.
  [[nodiscard]] static Status Create(const CreateOptions& options, Entropy& entropy, const Clock& clock);

  struct OpenOptions {
    std::string directory;
    std::function<void(TreeSize folded, TreeSize size)> catching_up;  // may be empty
  };
  /// Recovers, verifies, catches the views up. kUnavailable when another process has it open.
  [[nodiscard]] static Result<std::unique_ptr<Node>> Open(const OpenOptions& options);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  [[nodiscard]] const NodeConfig& config() const { return config_; }
  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] consumers::Road& road() { return *road_; }
  [[nodiscard]] consumers::Desk& desk() { return *desk_; }
  [[nodiscard]] consumers::ErasureDesk& erasures() { return *erasure_desk_; }
  [[nodiscard]] projections::Eraser& eraser() { return *eraser_; }
  [[nodiscard]] consumers::RetentionDesk& retention() { return *retention_desk_; }
  [[nodiscard]] Backups& backups() { return *backups_; }
  [[nodiscard]] const ledger::Store& log_store() const { return *log_store_; }
  [[nodiscard]] const ledger::Store& view_store() const { return *view_store_; }
  [[nodiscard]] projections::ViewStores stores() const { return {*log_store_, *view_store_, *vault_}; }
  [[nodiscard]] ledger::CheckpointLock& lock() { return *lock_; }
  [[nodiscard]] ledger::Vault& vault() { return *vault_; }
  [[nodiscard]] projections::Gate& gate() { return *gate_; }
  [[nodiscard]] projections::Runner& runner() { return *runner_; }
  [[nodiscard]] projections::RegistryCell& registry() { return *registry_; }
  [[nodiscard]] projections::Decider& decider() { return *decider_; }
  [[nodiscard]] ledger::Sequencer& sequencer() { return *sequencer_; }
  [[nodiscard]] std::shared_ptr<const ledger::LogView> View() const { return sequencer_->View(); }
  /// What the log shows of itself: with witnesses, what consumers::Cosigning says; else the newest view.
  [[nodiscard]] std::shared_ptr<const ledger::LogView> Shown() const;
  /// The newest checkpoint that witnesses were seen to have signed as trust.policy demands, of what was served
  /// before; where there is none, the newest view.
  [[nodiscard]] std::shared_ptr<const ledger::LogView> Cosigned() const { return kept_ != nullptr ? kept_ : View(); }
  /// Begins to collect the cosignatures that `policy` knows of; until the node closes. Once.
  /// Errors: kInvalidArgument when the policy names none of the keys that sign now.
  [[nodiscard]] Status CollectCosignatures(const ledger::TlogPolicy& policy);
  /// nullptr: none are collected.
  [[nodiscard]] const consumers::Cosigning* cosigning() const { return cosigning_.get(); }
  /// What verifiers are told to trust: trust.policy.
  [[nodiscard]] Result<ledger::TlogPolicy> Trust() const;
  [[nodiscard]] VerifierKey LogKey() const { return log_keys_->key.verifier(); }
  [[nodiscard]] const NamedSigningKey& ledger_key() const { return *ledger_key_; }
  [[nodiscard]] Entropy& entropy() { return entropy_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] std::string KeyPath(std::string_view name) const;

  /// Signs with one of the node's own keys ("registrar", "ledger") and sends it down the road.
  [[nodiscard]] Result<consumers::BatchReport> PublishAs(const NamedSigningKey& key, const std::vector<events::Event>& own);

  /// Signs as the ledger's own gateway, on behalf of a publisher that sent events without signatures.
  [[nodiscard]] Result<consumers::BatchReport> Attest(std::string publisher, std::vector<events::BatchItem> items);
  /// One event of a registered principal, under its own key or attested.
  [[nodiscard]] Result<consumers::BatchReport> PublishFor(const consumers::Principal& principal, events::Event event);
  /// Events of one registered principal, attested: an outcome each, or kResourceExhausted.
  [[nodiscard]] Result<std::vector<events::Outcome>> AttestFor(const std::string& principal, const std::vector<events::Event>& own);
  /// Access by somebody who was shown a list that names nobody; durable when it returns.
  [[nodiscard]] Status RecordListing(const projections::Asker& asker, std::uint64_t count) { return desk_->RecordListing(asker, count); }
  /// tlog-proof text of the event with this id; kNotFound when there is none.
  [[nodiscard]] Result<std::string> ReceiptOf(std::string_view event_id) const;
  /// tlog-proof text of an entry, in what is shown if that has it, else in the newest view.
  [[nodiscard]] Result<std::string> ReceiptAt(LeafIndex position) const;
  /// kDataLoss when a rebuild found that the views differ from the log: nothing is answered from them.
  [[nodiscard]] Status ViewsMayBeServed() const;
  /// Empty: ready to serve.
  [[nodiscard]] std::vector<std::string> NotReadyBecause() const;

 private:
  Node() = default;
  [[nodiscard]] Status OpenErasures();
  void OpenRetention();
  void OpenCosigned();
  [[nodiscard]] std::string CosignedPath() const { return directory_ + "/lock/cosigned"; }
  [[nodiscard]] std::string SourceOf(const std::string& principal) const;

  std::string directory_;
  NodeConfig config_;
  SystemEntropy entropy_;
  SystemClock clock_;
  std::optional<LogKeys> log_keys_;
  std::optional<NamedSigningKey> ledger_key_;
  // Destroyed from the last to the first: who calls goes before who is called.
  std::unique_ptr<ledger::CheckpointLock> lock_;
  std::unique_ptr<ledger::Store> log_store_;
  std::unique_ptr<ledger::Store> view_store_;
  std::unique_ptr<ledger::Store> vault_store_;
  std::unique_ptr<ledger::Vault> vault_;
  std::unique_ptr<projections::Gate> gate_;
  std::unique_ptr<projections::Runner> runner_;
  std::unique_ptr<projections::RegistryCell> registry_;
  std::unique_ptr<projections::Decider> decider_;
  std::unique_ptr<ledger::Sequencer> sequencer_;
  std::unique_ptr<consumers::LedgerRoad> road_;
  std::unique_ptr<consumers::LedgerDesk> desk_;
  std::unique_ptr<Backups> backups_;
  std::unique_ptr<projections::Eraser> eraser_;
  std::unique_ptr<consumers::ErasureDesk> erasure_desk_;
  std::unique_ptr<consumers::RetentionDesk> retention_desk_;
  std::shared_ptr<const ledger::LogView> kept_;  // shown and cosigned by the process before this one
  std::unique_ptr<consumers::Cosigning> cosigning_;
};

}  // namespace oppi::ops
