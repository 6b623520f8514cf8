#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "events/ed25519.h"
#include "events/result.h"
#include "projections/retention_run.h"

/// The retention table in force, and its runs, as data-protection officers work with them. Tables are
/// files of the ledger's directory:
///
///   retention/current.note   the one in force
///   retention/v<n>.note      every one that was ever set
///   retention/progress       how far an interrupted run came

namespace oppi::consumers {

/// Answers are JSON. Any thread; one run at a time. Errors: kNotFound NO_TABLE; kAlreadyExists
/// VERSION_NOT_NEWER; those of CheckRetention and ParseRetentionTable.
class RetentionDesk {
 public:
  struct Ports {
    projections::RetentionRun::Ports run;  // progress_file: set here
    std::string directory;
    std::string origin;
  };
  explicit RetentionDesk(Ports ports);

  /// A table with its first signature, for the other officer: a note.
  [[nodiscard]] Result<std::string> Sign(std::string_view table, const NamedSigningKey& key) const;
  /// The same note with the second signature.
  [[nodiscard]] Result<std::string> SignAlso(std::string_view note, const NamedSigningKey& key) const;
  /// Puts a note with both signatures in force.
  [[nodiscard]] Result<std::string> Set(std::string_view note);
  /// The table in force, who signed it, and whether a run may rest on it.
  [[nodiscard]] Result<std::string> Show() const;
  [[nodiscard]] Result<std::string> Run(const projections::RetentionOptions& options, const projections::RetentionProgressFn& progress = {});

 private:
  [[nodiscard]] Result<std::optional<projections::SignedRetention>> Current() const;
  [[nodiscard]] Status Check(const projections::SignedRetention& table) const;

  Ports ports_;
  std::mutex running_;
};

}  // namespace oppi::consumers
