#pragma once

#include <string>

#include "ledger/tlog_policy.h"
#include "projections/proof_text.h"

namespace oppi::ops {

/// A log as static files (consumers/static_log.h): every entry, and every hash of every tile.
[[nodiscard]] projections::Verdict VerifyFolder(const std::string& path,
                                                const ledger::TlogPolicy& trust);

}  // namespace oppi::ops
