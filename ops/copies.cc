#include "ops/copies.h"

#include <nlohmann/json.hpp>

#include "ledger/durable_file.h"
#include "ledger/generation.h"
#include "ops/file_tree.h"

namespace oppi::ops {
namespace {

using Json = nlohmann::ordered_json;

std::string PathOf(const std::string& ledger) { return ledger + "/erasures/copies.json"; }

}  // namespace

Result<std::vector<VaultCopy>> ReadCopies(const std::string& ledger) {
  OPPI_TRY(const auto text, ledger::ReadFileIfThere(PathOf(ledger)));
  std::vector<VaultCopy> copies;
  if (!text) return copies;
  const Json json = Json::parse(*text, nullptr, false);
  try {
    for (const Json& one : json.at("copies")) {
      const auto made = ParseInstant(one.at("made").get<std::string>());
      if (!made) return DataLoss("the list of backups is damaged: " + PathOf(ledger));
      copies.push_back({one.at("path").get<std::string>(), one.at("id").get<std::string>(), *made,
                        one.at("generation").get<std::uint32_t>(), one.at("whole").get<bool>()});
    }
  } catch (const Json::exception&) {
    return DataLoss("the list of backups is damaged: " + PathOf(ledger));
  }
  return copies;
}

Status WriteCopies(const std::string& ledger, const std::vector<VaultCopy>& copies) {
  Json list = Json::array();
  for (const VaultCopy& copy : copies)
    list.push_back({{"path", copy.path},
                    {"id", copy.id},
                    {"made", FormatInstant(copy.made)},
                    {"generation", copy.generation},
                    {"whole", copy.whole}});
  OPPI_RETURN_IF_ERROR(MakePrivateFolder(ledger + "/erasures"));
  const Json json = {{"copies", list}};
  return ledger::WriteFileDurably(
      PathOf(ledger), json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n", 0600);
}

std::uint32_t GenerationInUse(const std::string& ledger) {
  const std::vector<std::uint32_t> generations = ledger::GenerationsIn(ledger + "/vault");
  return generations.empty() ? 0 : generations.front();
}

std::string StaleText(const VaultCopy& copy) {
  if (!copy.whole)
    return "the backup begun at " + FormatInstant(copy.made) + " in " + copy.path +
           " is being made, or was interrupted: it may hold keys of what was erased, and nobody "
           "can restore it";
  return "the backup made at " + FormatInstant(copy.made) + " in " + copy.path +
         " still opens what was erased since, to whoever also has the master key";
}

std::string StaleMend(const VaultCopy& copy, const std::string& ledger) {
  const std::string destroyed = "oppiloki backup forget --data " + ledger + " " + copy.path;
  if (!copy.whole) return "destroy it and say so: " + destroyed;
  return "refresh it: oppiloki backup refresh --data " + ledger + " " + copy.path +
         "; or destroy it and say so: " + destroyed;
}

}  // namespace oppi::ops
