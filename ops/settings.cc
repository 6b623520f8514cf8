#include "ops/settings.h"

#include <filesystem>
#include <map>
#include <toml++/toml.h>

#include "ledger/durable_file.h"

namespace oppi::ops {
namespace {

using Kind = MasterKeySource::Kind;

std::string Line(const char* name, const std::string& value) {
  return std::string(name) + " = \"" + value + "\"\n";
}

std::string VaultText(const MasterKeySource& master) {
  std::string text = "\n# What wraps the keys of the vault.\n[vault]\n";
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

Result<NodeConfig> FromTable(const toml::table& table) {
  NodeConfig config;
  for (const auto& [key, value] : table) {
    if (key == "origin" && value.is_string()) config.origin = *value.value<std::string>();
    else if (key == "organisation" && value.is_string()) config.organisation = *value.value<std::string>();
    else if (key == "check_digits" && value.is_boolean()) config.check_digits = *value.value<bool>();
    else if (key == "vault" && value.is_table()) OPPI_RETURN_IF_ERROR(ReadVault(*value.as_table(), config.master));
    else return InvalidArgument("unknown or mistyped setting " + std::string(key.str()));
  }
  if (config.origin.empty()) return InvalidArgument("origin is missing");
  return config;
}

}  // namespace

std::string ConfigText(const NodeConfig& config) {
  return "# Settings of this ledger. The origin can never change: it is what every checkpoint names.\n" +
         Line("origin", config.origin) +
         "# The operator's organisation OID: controller of the events that the ledger itself records.\n" +
         Line("organisation", config.organisation) +
         "# Refuse identifiers whose check digit is wrong. Switch off for test data only.\n"
         "check_digits = " + (config.check_digits ? "true" : "false") + "\n" + VaultText(config.master);
}

Result<NodeConfig> ReadConfig(const std::string& path) {
  OPPI_TRY(const std::optional<Bytes> text, ledger::ReadFileIfThere(path));
  if (!text) return NotFound("no ledger at " + std::filesystem::path(path).parent_path().string() + "; make one with: oppiloki init");
  try {
    auto config = FromTable(toml::parse(*text));
    if (!config.ok()) return At(path, std::move(config).error());
    return config;
  } catch (const toml::parse_error& e) {
    return InvalidArgument(path + ": " + std::string(e.description()));
  }
}

}  // namespace oppi::ops
