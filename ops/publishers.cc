#include "ops/publishers.h"

#include <sodium.h>

#include <filesystem>

#include "events/ids.h"
#include "ops/key_files.h"

namespace oppi::ops {
namespace {

const char* RoleFor(const std::string& name) {
  if (name == "dvv") return "IDENTITY";
  if (name == "portal") return "PORTAL";
  if (name == "gateway") return "GATEWAY";
  if (name == "dpo") return "DPO";
  if (name.rfind("vendor", 0) == 0) return "VENDOR";
  return "PROVIDER";
}

Status Register(Node& node, const NamedSigningKey& key) {
  OPPI_TRY(const NamedSigningKey registrar, ReadKeyFile(node.KeyPath("registrar")));
  const VerifierKey verifier = key.verifier();
  std::vector<events::Event> own;
  for (const events::EventType type : {events::EventType::kRegistryPublisherRegistered, events::EventType::kRegistryKeyAdded}) {
    events::Event event = events::MakeEvent(type);
    event.time = node.clock().Now();
    event.id = events::MakeUuidV7(event.time, node.entropy());
    event.source = "urn:oid:" + node.config().organisation + "/registrar";
    event.SetText("publisher", key.name);
    own.push_back(std::move(event));
  }
  own[0].SetText("role", RoleFor(key.name));
  own[1].SetText("key", KeyIdText(verifier.id)).SetText("public_key", ToBase64(View(verifier.key)));
  OPPI_TRY(const consumers::BatchReport report, node.PublishAs(registrar, own));
  for (const consumers::ItemReport& item : report.items)
    if (item.outcome == events::Outcome::kRejected)
      return InvalidArgument("the publisher could not be registered: " + std::string(events::ErrorName(item.code)));
  return {};
}

}  // namespace

std::string SystemName(std::string_view name) {
  std::string system;
  for (const char c : name.substr(0, 32)) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    system += (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') ? lower : '-';
  }
  return system;
}

Result<NamedSigningKey> PublisherKey(Node& node, const std::string& name) {
  if (name == "registrar" || name == "ledger") return ReadKeyFile(node.KeyPath(name));
  const std::filesystem::path folder = std::filesystem::path(node.directory()) / "keys" / "publishers";
  const std::string path = (folder / (name + ".key")).string();
  if (!std::filesystem::exists(path)) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return PermissionDenied("cannot make " + folder.string() + ": " + error.message());
    OPPI_RETURN_IF_ERROR(WriteKeyFile(path, {name, SigningKey::Generate(node.entropy())}));
  }
  OPPI_TRY(NamedSigningKey key, ReadKeyFile(path));
  if (node.gate().CurrentPublishers()->FindKey(name, KeyIdText(key.verifier().id)) == nullptr)
    OPPI_RETURN_IF_ERROR(Register(node, key));
  return key;
}

events::TranslateOptions TranslationFor(const std::string& controller, const NamedSigningKey& key) {
  events::TranslateOptions options;
  options.controller = controller;
  options.source = "urn:oid:" + controller + "/" + SystemName(key.name);
  auto seed = key.key.seed();
  Bytes secret(32, '\0');
  static constexpr std::string_view kContext = "oppiloki/pseudonym/v1";
  crypto_generichash(reinterpret_cast<unsigned char*>(secret.data()), secret.size(),
                     reinterpret_cast<const unsigned char*>(kContext.data()), kContext.size(), seed.data(), seed.size());
  sodium_memzero(seed.data(), seed.size());
  options.pseudonym_key = std::move(secret);
  // What a ledger enforces it says itself, item by item; a translation is not stricter than that.
  options.decode.check_digits = false;
  return options;
}

}  // namespace oppi::ops
