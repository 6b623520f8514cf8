#include "ops/master_key_source.h"

#include <p11-kit/uri.h>

#include <filesystem>

#include "ops/key_files.h"
#include "ops/secret_file.h"

namespace oppi::ops {
namespace {

using Kind = MasterKeySource::Kind;

std::string PathOf(const MasterKeySource& source, const std::string& directory) {
  return (std::filesystem::path(directory) / source.file).string();
}

std::string Trimmed(const unsigned char* text, std::size_t size) {
  std::string trimmed(reinterpret_cast<const char*>(text), size);
  trimmed.resize(trimmed.find('\0') == std::string::npos ? size : trimmed.find('\0'));
  trimmed.erase(trimmed.find_last_not_of(' ') + 1);
  return trimmed;
}

Status TakePinSource(const std::string& pin_source, MasterKeySource& source) {
  if (pin_source.starts_with("credential:")) source.pin_credential = pin_source.substr(11);
  else if (pin_source.starts_with("file:///")) source.pin_file = pin_source.substr(7);
  else if (pin_source.starts_with("file:/")) source.pin_file = pin_source.substr(5);
  else if (pin_source.starts_with("/")) source.pin_file = pin_source;
  else return InvalidArgument("--master: the pin-source is file:/PATH or credential:NAME");
  return {};
}

Result<MasterKeySource> ParseUri(const std::string& text) {
  const std::unique_ptr<P11KitUri, decltype(&p11_kit_uri_free)> uri(p11_kit_uri_new(), p11_kit_uri_free);
  if (p11_kit_uri_parse(text.c_str(), P11_KIT_URI_FOR_ANY, uri.get()) != P11_KIT_URI_OK)
    return InvalidArgument("--master: this is not a PKCS#11 URI (RFC 7512)");
  if (p11_kit_uri_get_pin_value(uri.get()) != nullptr)
    return InvalidArgument("--master: a PIN on the command line can be read by everybody on this machine, and now has been; "
                           "change it, put it into a file with mode 600, and say pin-source=file:/PATH");
  MasterKeySource source;
  source.kind = Kind::kPkcs11;
  const CK_TOKEN_INFO& token = *p11_kit_uri_get_token_info(uri.get());
  source.place.token = Trimmed(token.label, sizeof(token.label));
  if (const CK_ATTRIBUTE* label = p11_kit_uri_get_attribute(uri.get(), CKA_LABEL); label != nullptr)
    source.place.key.assign(static_cast<const char*>(label->pValue), label->ulValueLen);
  if (const char* module = p11_kit_uri_get_module_path(uri.get()); module != nullptr) source.place.module = module;
  if (const char* pin = p11_kit_uri_get_pin_source(uri.get()); pin != nullptr)
    OPPI_RETURN_IF_ERROR(TakePinSource(pin, source));
  return source;
}

PinSource PinOf(const MasterKeySource& source) {
  return [file = source.pin_file, credential = source.pin_credential]() -> Result<ledger::GuardedBytes> {
    OPPI_TRY(ledger::GuardedBytes pin, file.empty() ? ReadCredential(credential) : ReadSecretFile(file));
    DropLineEnd(pin);
    if (pin.size() == 0) return InvalidArgument("the PIN of the token is empty in " + (file.empty() ? credential : file));
    return pin;
  };
}

Result<std::shared_ptr<ledger::MasterKey>> InMemory(Result<ledger::SecretKey> key) {
  if (!key.ok()) return std::move(key).error();
  return ledger::MasterKeyOf(*key);
}

}  // namespace

Result<MasterKeySource> ParseMasterKeySource(const std::string& text) {
  MasterKeySource source;
  if (text.starts_with("pkcs11:")) {
    OPPI_TRY(source, ParseUri(text));
  } else if (text == "systemd" || text.starts_with("systemd:")) {
    source.kind = Kind::kSystemd;
    if (text != "systemd") source.credential = text.substr(8);
  } else if (text.starts_with("file:") && text.size() > 5) {
    source.file = text.substr(5);
  } else if (text != "file") {
    return InvalidArgument("--master: say file, file:PATH, systemd, systemd:CREDENTIAL or pkcs11:...");
  }
  OPPI_RETURN_IF_ERROR(CheckMasterKeySource(source));
  return source;
}

Status CheckMasterKeySource(const MasterKeySource& source) {
  for (const std::string* text : {&source.file, &source.credential, &source.place.module, &source.place.token,
                                  &source.place.key, &source.pin_file, &source.pin_credential})
    for (const char c : *text)
      if (c == '"' || c == '\\' || c == '\'' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
        return InvalidArgument("names and paths of the master key have no quotes, backslashes and control characters");
  for (const std::string* name : {&source.credential, &source.pin_credential})
    if (name->find('/') != std::string::npos) return InvalidArgument("a systemd credential is a name, not a path");
  if (source.kind == Kind::kFile && source.file.empty()) return InvalidArgument("the master key's file is missing");
  if (source.kind == Kind::kSystemd && source.credential.empty()) return InvalidArgument("the master key's credential is missing");
  if (source.kind != Kind::kPkcs11) return {};
  if (source.place.module.empty()) return InvalidArgument("a master key on a token needs the token's module: module-path=/usr/lib/...");
  if (source.place.token.empty() || source.place.key.empty())
    return InvalidArgument("a master key on a token needs the labels of both: token=LABEL;object=LABEL");
  if (source.pin_file.empty() == source.pin_credential.empty())
    return InvalidArgument("a master key on a token needs one source of its PIN: pin-source=file:/PATH or pin-source=credential:NAME");
  return {};
}

std::string Describe(const MasterKeySource& source) {
  switch (source.kind) {
    case Kind::kFile:
      return "the file " + source.file;
    case Kind::kSystemd:
      return "the systemd credential " + source.credential;
    case Kind::kPkcs11:
      return "the key " + source.place.key + " on the token " + source.place.token;
  }
  return "";
}

Status MakeMasterKey(const MasterKeySource& source, const std::string& directory, Entropy& entropy) {
  Status made;
  if (source.kind == Kind::kFile) made = WriteMasterKey(PathOf(source, directory), entropy);
  if (source.kind == Kind::kPkcs11) made = MakePkcs11Key(source.place, PinOf(source));
  if (!made.ok() && made.error().code != Code::kAlreadyExists) return made;
  const auto opened = OpenMasterKey(source, directory);
  if (!opened.ok() && opened.error().code == Code::kNotFound && source.kind == Kind::kSystemd)
    return NotFound(opened.error().message + "; make the key with: openssl rand -hex 32 | systemd-creds encrypt --name=" +
                    source.credential + " - /etc/credstore.encrypted/" + source.credential);
  return opened.ok() ? Status() : Status(opened.error());
}

Result<std::shared_ptr<ledger::MasterKey>> OpenMasterKey(const MasterKeySource& source, const std::string& directory) {
  switch (source.kind) {
    case Kind::kFile:
      return InMemory(ReadMasterKey(PathOf(source, directory)));
    case Kind::kSystemd: {
      OPPI_TRY(const ledger::GuardedBytes text, ReadCredential(source.credential));
      return InMemory(ParseMasterKey("the systemd credential " + source.credential, text.view()));
    }
    case Kind::kPkcs11:
      return OpenPkcs11Master(source.place, PinOf(source));
  }
  return InvalidArgument("no such kind of master key");
}

}  // namespace oppi::ops
