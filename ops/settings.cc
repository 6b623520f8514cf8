#include "ops/settings.h"

#include <filesystem>
#include <map>
#include <sstream>
#include <toml++/toml.h>

#include "ledger/durable_file.h"

namespace oppi::ops {
namespace {

using Kind = MasterKeySource::Kind;

std::string Line(const char* name, const std::string& value) {
  return std::string(name) + " = \"" + value + "\"\n";
}

constexpr const char* kVaultComment = "# What wraps the keys of the vault.";
constexpr const char* kBeforeComment = "# The master key is being moved from here; run the same command again to finish.";

std::string TableText(const char* comment, const char* name, const MasterKeySource& master) {
  std::string text = std::string("\n") + comment + "\n[" + name + "]\n";
  switch (master.kind) {
    case Kind::kFile:
      return text + Line("master", "file") + Line("file", master.file);
    case Kind::kSystemd:
      return text + Line("master", "systemd") + Line("credential", master.credential);
    case Kind::kPkcs11:
      text += Line("master", "pkcs11") + Line("module", master.place.module) + Line("token", master.place.token) +
              Line("key", master.place.key);
      return text + (master.pin_file.empty() ? Line("pin_credential", master.pin_credential) : Line("pin_file", master.pin_file));
  }
  return text;
}

std::string VaultText(const MasterKeySource& master, const MasterKeySource* before) {
  return TableText(kVaultComment, "vault", master) + (before == nullptr ? "" : TableText(kBeforeComment, "vault_before", *before));
}

/// The settings that each kind has.
Status ReadVault(const toml::table& table, MasterKeySource& master) {
  const std::string kind = table["master"].value_or(std::string("file"));
  std::map<std::string, std::string*> known;
  if (kind == "file") {
    known = {{"file", &master.file}};
  } else if (kind == "systemd") {
    master.kind = Kind::kSystemd;
    known = {{"credential", &master.credential}};
  } else if (kind == "pkcs11") {
    master.kind = Kind::kPkcs11;
    known = {{"module", &master.place.module}, {"token", &master.place.token}, {"key", &master.place.key},
             {"pin_file", &master.pin_file}, {"pin_credential", &master.pin_credential}};
  } else {
    return InvalidArgument("vault.master is file, systemd or pkcs11");
  }
  for (const auto& [key, value] : table) {
    if (key == "master" && value.is_string()) continue;
    const auto setting = known.find(std::string(key.str()));
    if (setting == known.end() || !value.is_string())
      return InvalidArgument("unknown or mistyped setting vault." + std::string(key.str()) + " (vault.master is " + kind + ")");
    *setting->second = *value.value<std::string>();
  }
  return CheckMasterKeySource(master);
}

Status ReadErasure(const toml::table& table, NodeConfig& config) {
  constexpr std::int64_t kMonth = 31 * 24;
  for (const auto& [key, value] : table) {
    const auto hours = value.value<std::int64_t>();
    std::int64_t* setting = key == "delay_hours" ? &config.erasure_delay_hours : key == "every_hours" ? &config.erasure_every_hours : nullptr;
    if (setting == nullptr || !value.is_integer() || *hours < 0 || *hours > kMonth)
      return InvalidArgument("unknown or mistyped setting erasure." + std::string(key.str()) +
                             " (erasure.delay_hours and erasure.every_hours are 0 to 744)");
    *setting = *hours;
  }
  return {};
}

Result<NodeConfig> FromTable(const toml::table& table) {
  NodeConfig config;
  for (const auto& [key, value] : table) {
    if (key == "origin" && value.is_string()) config.origin = *value.value<std::string>();
    else if (key == "organisation" && value.is_string()) config.organisation = *value.value<std::string>();
    else if (key == "check_digits" && value.is_boolean()) config.check_digits = *value.value<bool>();
    else if (key == "vault" && value.is_table()) OPPI_RETURN_IF_ERROR(ReadVault(*value.as_table(), config.master));
    else if (key == "vault_before" && value.is_table()) OPPI_RETURN_IF_ERROR(ReadVault(*value.as_table(), config.master_before.emplace()));
    else if (key == "erasure" && value.is_table()) OPPI_RETURN_IF_ERROR(ReadErasure(*value.as_table(), config));
    else return InvalidArgument("unknown or mistyped setting " + std::string(key.str()));
  }
  if (config.origin.empty()) return InvalidArgument("origin is missing");
  return config;
}

Result<Bytes> ReadText(const std::string& path) {
  OPPI_TRY(std::optional<Bytes> text, ledger::ReadFileIfThere(path));
  const std::string directory = std::filesystem::path(path).parent_path().string();
  if (!text && std::filesystem::exists(directory + "/restoring"))
    return NotFound("a restore into " + directory + " was interrupted; run the same command again: oppiloki restore --data " + directory + " --from ...");
  if (!text) return NotFound("no ledger at " + directory + "; make one with: oppiloki init");
  return *std::move(text);
}

Result<NodeConfig> Parse(const std::string& path, const Bytes& text) {
  try {
    auto config = FromTable(toml::parse(text));
    if (!config.ok()) return At(path, std::move(config).error());
    return config;
  } catch (const toml::parse_error& e) {
    return InvalidArgument(path + ": " + std::string(e.description()));
  }
}

/// Without the two tables of the vault, our comments above them and the empty lines at the end.
std::string WithoutVault(const Bytes& text) {
  std::istringstream lines(text);
  std::string kept;
  bool in_vault = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("[")) in_vault = line.starts_with("[vault]") || line.starts_with("[vault_before]");
    if (!in_vault && line != kVaultComment && line != kBeforeComment) kept += line + "\n";
  }
  while (kept.ends_with("\n\n")) kept.pop_back();
  return kept;
}

}  // namespace

std::string ConfigText(const NodeConfig& config) {
  return "# Settings of this ledger. The origin can never change: it is what every checkpoint names.\n" +
         Line("origin", config.origin) +
         "# The operator's organisation OID: controller of the events that the ledger itself records.\n" +
         Line("organisation", config.organisation) +
         "# Refuse identifiers whose check digit is wrong. Switch off for test data only.\n"
         "check_digits = " + (config.check_digits ? "true" : "false") + "\n"
         "\n# Hours between the decision to erase and the erasure, in which it can be called off.\n[erasure]\n"
         "delay_hours = " + std::to_string(config.erasure_delay_hours) + "\n"
         "# How often a served ledger carries out what is due, in hours; 0: never by itself.\n"
         "every_hours = " + std::to_string(config.erasure_every_hours) + "\n" +
         VaultText(config.master, config.master_before ? &*config.master_before : nullptr);
}

Result<NodeConfig> ReadConfig(const std::string& path) {
  OPPI_TRY(const Bytes text, ReadText(path));
  return Parse(path, text);
}

Status WriteMasterSetting(const std::string& path, const MasterKeySource& master, const MasterKeySource* before) {
  OPPI_TRY(const Bytes text, ReadText(path));
  const std::string changed = WithoutVault(text) + VaultText(master, before);
  const auto config = Parse(path, changed);
  if (!config.ok() || config->master != master || config->master_before.has_value() != (before != nullptr))
    return InvalidArgument(path + ": write the settings of the vault as a table that begins with a line [vault]");
  return ledger::WriteFileDurably(path, changed, 0600);
}

}  // namespace oppi::ops
