#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/digest.h"
#include "events/result.h"
#include "ledger/tlog_policy.h"

/// Two signed checkpoints of one log that cannot both be true, as a text that convinces a third
/// party who trusts neither side: only the log's own key can have made it.
///
///   oppiloki/equivocation@v1
///   prefix <base64 root>        only when the sizes differ: the root that the tree of the larger
///   <base64 hash>*              checkpoint has at the smaller size, and the consistency proof of it
///   <empty line>
///   checkpoint <bytes>          the smaller or first note, verbatim
///   ...
///   checkpoint <bytes>          the larger or second one
///   ...
///
/// Pure functions, any thread.

namespace oppi::ledger {

struct Equivocation {
  std::string first;   // note; not larger than the second
  std::string second;
  std::optional<RootHash> prefix;  // root at first's size in second's tree; set iff the sizes differ
  std::vector<NodeHash> proof;
  friend bool operator==(const Equivocation&, const Equivocation&) = default;
};
inline constexpr std::size_t kEquivocationBytesMax = 512 * 1024;

[[nodiscard]] std::string FormatEquivocation(const Equivocation& equivocation);
/// Strict: FormatEquivocation(ParseEquivocation(t)) == t. Errors: kInvalidArgument.
[[nodiscard]] Result<Equivocation> ParseEquivocation(std::string_view text);
[[nodiscard]] bool IsEquivocation(std::string_view text);

/// Succeeds when it is proved that a log of the policy signed both, and they contradict; gives that in
/// words. Cosignatures are not asked for: the log's own signature is what convicts it.
/// Errors: kInvalidArgument, kUnauthenticated with what is missing.
[[nodiscard]] Result<std::string> ProveEquivocation(const Equivocation& equivocation, const TlogPolicy& policy);

}  // namespace oppi::ledger
