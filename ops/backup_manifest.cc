#include "ops/backup_manifest.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "ledger/durable_file.h"
#include "ledger/signed_note.h"

namespace oppi::ops {
namespace {

using Json = nlohmann::ordered_json;

/// Not the first line of any checkpoint: no origin has a slash and a version like this.
constexpr std::string_view kFirstLine = "oppiloki/backup/v1\n";

Error Damaged() { return DataLoss("the manifest of the backup is damaged"); }

Result<BackupManifest> Decode(std::string_view text) {
  if (!text.starts_with(kFirstLine))
    return DataLoss("this is no backup, or one of another version of this program");
  const Json json = Json::parse(text.substr(kFirstLine.size()), nullptr, false);
  if (!json.is_object()) return Damaged();
  BackupManifest m;
  try {
    m.id = json.at("id").get<std::string>();
    m.origin = json.at("origin").get<std::string>();
    const auto made = ParseInstant(json.at("made").get<std::string>());
    const auto refreshed = ParseInstant(json.at("refreshed").get<std::string>());
    m.size = json.at("size").get<std::uint64_t>();
    m.root = json.at("root").get<std::string>();
    m.checkpoint = json.at("checkpoint").get<std::string>();
    m.generation = json.at("generation").get<std::uint32_t>();
    m.erasures = json.at("erasures").get<std::uint32_t>();
    m.state = json.at("state").get<std::uint32_t>();
    m.keys = json.at("keys").get<bool>();
    m.master = json.at("master").get<bool>();
    const auto log = ParseHashText(json.at("log_files").get<std::string>());
    const auto state = ParseHashText(json.at("state_files").get<std::string>());
    if (!made || !refreshed || !log || !state) return Damaged();
    m.made = *made;
    m.refreshed = *refreshed;
    m.log_files = *log;
    m.state_files = *state;
  } catch (const Json::exception&) {
    return Damaged();
  }
  return m;
}

Result<ledger::Note> ReadNote(const std::string& backup) {
  OPPI_TRY(const auto bytes, ledger::ReadFileIfThere(backup + "/manifest"));
  if (!bytes) {
    OPPI_TRY(const auto unfinished, ReadUnfinished(backup));
    if (unfinished) return NotFound("the backup at " + backup + " was never finished");
    return NotFound("there is no backup at " + backup);
  }
  auto note = ledger::ParseNote(*bytes);
  if (!note.ok()) return Damaged();
  return note;
}

}  // namespace

Status WriteUnfinished(const std::string& backup, const std::string& id) {
  return ledger::WriteFileDurably(backup + "/unfinished", id + "\n", 0600);
}

Result<std::optional<std::string>> ReadUnfinished(const std::string& backup) {
  OPPI_TRY(auto id, ledger::ReadFileIfThere(backup + "/unfinished"));
  if (id && !id->empty()) id->pop_back();
  return id;
}

void RemoveUnfinished(const std::string& backup) {
  std::error_code ignored;
  std::filesystem::remove(backup + "/unfinished", ignored);
}

Status WriteManifest(const std::string& backup, const BackupManifest& m,
                     const NamedSigningKey& key) {
  const Json json = {{"id", m.id},
                     {"origin", m.origin},
                     {"made", FormatInstant(m.made)},
                     {"refreshed", FormatInstant(m.refreshed)},
                     {"size", m.size},
                     {"root", m.root},
                     {"checkpoint", m.checkpoint},
                     {"generation", m.generation},
                     {"erasures", m.erasures},
                     {"state", m.state},
                     {"keys", m.keys},
                     {"master", m.master},
                     {"log_files", HashText(m.log_files)},
                     {"state_files", HashText(m.state_files)}};
  ledger::Note note;
  note.text = std::string(kFirstLine) + json.dump() + "\n";
  note.signatures.push_back(ledger::SignNote(note.text, key));
  return ledger::WriteFileDurably(backup + "/manifest", ledger::FormatNote(note), 0600);
}

Result<BackupManifest> PeekManifest(const std::string& backup) {
  OPPI_TRY(const ledger::Note note, ReadNote(backup));
  return Decode(note.text);
}

Result<BackupManifest> ReadManifest(const std::string& backup, const VerifierKey& key) {
  OPPI_TRY(const ledger::Note note, ReadNote(backup));
  if (!ledger::VerifyNote(note, {key}).ok())
    return DataLoss("the manifest is damaged, or the backup is of another ledger");
  return Decode(note.text);
}

}  // namespace oppi::ops
