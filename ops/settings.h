#pragma once

#include <cstdint>
#include <optional>
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
  std::optional<MasterKeySource> master_before = {};  // while a move of the master key is unfinished
  std::int64_t erasure_every_hours = 24;  // how often `serve` carries out what is due; 0: never
  std::int64_t erasure_delay_hours = 24;  // between a decision and its execution: time to call it off
};

[[nodiscard]] std::string ConfigText(const NodeConfig& config);
/// Strict: a setting that is unknown or mistyped is refused by name. kNotFound: no such file.
[[nodiscard]] Result<NodeConfig> ReadConfig(const std::string& path);
/// Replaces the tables [vault] and [vault_before] and leaves every other line as it is. `before`: nullptr
/// when no move is under way. Errors: kInvalidArgument when the file is written in a way that this cannot
/// change.
[[nodiscard]] Status WriteMasterSetting(const std::string& path, const MasterKeySource& master, const MasterKeySource* before);

}  // namespace oppi::ops
