#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "consumers/ingest.h"
#include "events/ed25519.h"
#include "ledger/log_view.h"
#include "projections/eraser.h"
#include "projections/erasure_work.h"
#include "projections/publishers.h"
#include "projections/question.h"

/// Erasure and legal hold as a data-protection officer works with them: ask, look what it would take,
/// decide, call off, carry out, see what was done. Every act is an event of the principal who does it.

namespace oppi::consumers {

/// Who acts: a registered publisher, whose role says what it may do. With a key it signs itself,
/// without one the ledger's gateway attests that it acted.
struct Principal {
  std::string name;
  std::shared_ptr<const NamedSigningKey> key;
};

struct ErasureAsk {
  std::string learner;
  std::string controller;            // empty: the operator's organisation
  std::vector<std::string> classes;  // CLASS codes
  std::vector<std::string> types;    // names without prefix; empty: all
  std::string ground;                // EGROUND code
  bool whole_subject = false;
  std::string reason = {};  // why a preview is looked at; kept with the access event
};

struct HoldAsk {
  std::string learner;
  std::string controller;
  std::vector<std::string> classes;
  std::string ground;    // HOLD code
  std::string case_ref;  // of the case that needs the data
};

/// Any thread. Answers are JSON. Errors: kNotFound LEARNER_UNKNOWN, REQUEST_UNKNOWN, HOLD_UNKNOWN;
/// kAlreadyExists ALREADY_REQUESTED, ALREADY_DECIDED, ALREADY_EXECUTED, NOTHING_TO_ERASE;
/// kPermissionDenied NEEDS_SECOND_PRINCIPAL, TYPE_NOT_ALLOWED, PUBLISHER_UNKNOWN, ROLE_NOT_ALLOWED;
/// kInvalidArgument STATUTORY_RECORD and the codes of vocabulary section 9; kDataLoss UNREADABLE. Whoever
/// looks is an Asker, in role DPO or AUDITOR, and each look at a learner's erasure state is a recorded access.
class ErasureDesk {
 public:
  struct Ports {
    projections::ViewStores stores;
    projections::Runner& runner;
    projections::Eraser& eraser;
    const Clock& clock;
    Entropy& entropy;
    std::function<std::shared_ptr<const ledger::LogView>()> view;
    /// One event of this principal, down the road.
    std::function<Result<BatchReport>(const Principal&, const events::Event&)> publish;
    /// One event of the ledger's own.
    std::function<Status(std::vector<events::Event>)> note;
    std::function<std::shared_ptr<const projections::Publishers>()> publishers;
    /// The desk of questions: permission, answer, recorded access.
    std::function<Result<std::string>(const projections::Question&, const projections::Asker&)> answer;
    /// LedgerDesk::RecordListing.
    std::function<Status(const projections::Asker&, std::uint64_t count)> listed;
    std::string organisation;       // of the operator
    std::int64_t delay_micros = 0;  // between a decision and its execution
    /// Copies of the vault that still open what was erased, in words. May be empty.
    std::function<Result<std::vector<std::string>>()> stale_copies = {};
  };
  explicit ErasureDesk(Ports ports) : ports_(std::move(ports)) {}

  /// What it would take; changes nothing.
  [[nodiscard]] Result<std::string> Preview(const ErasureAsk& ask, const projections::Asker& asker);
  [[nodiscard]] Result<std::string> Request(const ErasureAsk& ask, const Principal& principal);
  /// `accept` false refuses, and calls off what had been accepted. `law_ref` says why.
  [[nodiscard]] Result<std::string> Decide(const std::string& request, bool accept, const std::string& law_ref,
                                           const Principal& principal);
  /// The answer of Ask::kErasure with `due`; of what is not carried out also what it would take.
  [[nodiscard]] Result<std::string> StatusOf(const std::string& request, const projections::Asker& asker);
  /// Every request that is not done and that the asker's organisation is responsible for. Names nobody.
  [[nodiscard]] Result<std::string> List(const projections::Asker& asker);
  /// Executes what is due.
  [[nodiscard]] Result<std::string> Run(const projections::ErasureProgressFn& progress = {});
  /// The same for whoever may: role DPO, or SYSTEM of the operator. kUnavailable while another does.
  [[nodiscard]] Result<std::string> RunFor(const projections::Asker& asker);

  [[nodiscard]] Result<std::string> SetHold(const HoldAsk& ask, const Principal& principal);
  [[nodiscard]] Result<std::string> ReleaseHold(const std::string& hold, const Principal& principal);
  [[nodiscard]] Result<std::string> Holds(const std::string& learner, const projections::Asker& asker);

 private:
  class Person;
  [[nodiscard]] Result<std::unique_ptr<Person>> Find(const std::string& learner) const;
  /// The person whose stream has this event, which must be of the type.
  [[nodiscard]] Result<std::unique_ptr<Person>> FindByEvent(const std::string& id, events::EventType type, const char* unknown) const;
  /// LEARNER_UNKNOWN, for whoever may know of every learner.
  [[nodiscard]] Status KnownTo(const projections::Asker& asker, const std::string& learner) const;
  /// Before anything is looked up: a refusal must not tell who is in the ledger.
  [[nodiscard]] Status May(const Principal& principal, events::EventType type) const;
  /// The result of a question, once it was permitted and recorded.
  [[nodiscard]] Result<std::string> Look(const projections::Question& question, const projections::Asker& asker) const;
  /// The request as it is now, for whoever has just acted on it.
  [[nodiscard]] Result<std::string> StateOf(const std::string& request) const;
  [[nodiscard]] Result<events::Event> EventFor(const ErasureAsk& ask) const;
  [[nodiscard]] Status Publish(const Principal& principal, const events::Event& event) const;
  [[nodiscard]] events::Event NewEvent(events::EventType type, const std::string& learner, const std::string& controller) const;

  const Ports ports_;
  std::mutex run_for_;
};

}  // namespace oppi::consumers
