#pragma once

#include <string>

#include "events/result.h"
#include "ops/master_key_source.h"

/// Settings of a ledger: ledger.toml.

namespace oppi::ops {

struct NodeConfig {
  std::string origin;
  std::string organisation;  // OID of the operator: source and controller of the ledger's own events
  bool check_digits = true;
  MasterKeySource master = {};
};

[[nodiscard]] std::string ConfigText(const NodeConfig& config);
/// Strict: a setting that is unknown or mistyped is refused by name. kNotFound: no such file.
[[nodiscard]] Result<NodeConfig> ReadConfig(const std::string& path);

}  // namespace oppi::ops
