#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/digest.h"
#include "events/ed25519.h"
#include "events/result.h"
#include "ledger/checkpoint.h"
#include "ledger/tlog_proof.h"

/// C2SP tlog-policy: which logs are believed, and which witnesses must have cosigned a checkpoint.
/// It is the one file that an offline verifier is configured with. Pure functions, any thread.

namespace oppi::ledger {

/// Names of witnesses and groups share one namespace; they mean nothing outside the file.
struct TlogPolicy {
  struct Log {
    VerifierKey key;  // type 01; its name is the log's origin
    std::string url;  // may be empty
    /// By itself it vouches for no larger tree: it has a successor (ledger/succession.h). Not in the file.
    std::optional<TreeSize> until = {};
    friend bool operator==(const Log&, const Log&) = default;
  };
  struct Witness {
    std::string name;
    VerifierKey key;  // type 04
    std::string url;
    friend bool operator==(const Witness&, const Witness&) = default;
  };
  /// Has witnessed a checkpoint if at least `threshold` of its members have.
  struct Group {
    std::string name;
    std::size_t threshold = 0;
    std::vector<std::string> members;  // witnesses, and groups before this one
    friend bool operator==(const Group&, const Group&) = default;
  };

  std::vector<Log> logs;
  std::vector<Witness> witnesses;
  std::vector<Group> groups;
  std::string quorum = "none";  // a witness, a group, or "none"
  friend bool operator==(const TlogPolicy&, const TlogPolicy&) = default;
};

/// Strict, and more so than the specification where it only recommends: keys of a type that cannot
/// be verified here are refused (not skipped, for that would weaken a quorum in silence), and so is
/// a file whose last line is not terminated (it may be cut off).
/// Errors: kInvalidArgument "policy line 3: ...".
[[nodiscard]] Result<TlogPolicy> ParseTlogPolicy(std::string_view text);
/// Logs, witnesses, groups, quorum, one line each. ParseTlogPolicy(FormatTlogPolicy(p)) == p for
/// every policy that ParseTlogPolicy gave.
[[nodiscard]] std::string FormatTlogPolicy(const TlogPolicy& policy);

/// A policy that believes one log and asks for no witnesses.
[[nodiscard]] TlogPolicy PolicyOf(const VerifierKey& log);

/// A checkpoint that satisfied a policy, and who vouched for it.
struct TrustedCheckpoint {
  struct Cosignature {
    std::string witness;          // its name in the policy
    std::uint64_t timestamp = 0;  // POSIX seconds, as the witness says
    friend bool operator==(const Cosignature&, const Cosignature&) = default;
  };
  Checkpoint checkpoint;
  VerifierKey log;
  std::vector<Cosignature> cosignatures;  // all that verified, in note order
};

/// Verifies the note under every key of the policy: signed by a listed log whose name is the
/// origin, and cosigned as the quorum demands. Errors: kInvalidArgument for the form of the note
/// and for a policy without logs, kUnauthenticated for everything that a signature is missing from
/// or does not verify under.
[[nodiscard]] Result<TrustedCheckpoint> OpenCheckpoint(std::string_view note,
                                                       const TlogPolicy& policy);

/// The checkpoint as above, and the inclusion of `leaf` in it.
[[nodiscard]] Result<TrustedCheckpoint> VerifyTlogProof(const TlogProof& proof,
                                                        const NodeHash& leaf,
                                                        const TlogPolicy& policy);

}  // namespace oppi::ledger
