#include "ops/backup_desk.h"

#include <nlohmann/json.hpp>

#include "ops/backups.h"
#include "ops/control_socket.h"
#include "ops/copies.h"
#include "ops/node.h"
#include "ops/settings.h"

namespace oppi::ops {
namespace {

using Json = nlohmann::ordered_json;

std::string Text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string Member(const Json& json, const char* name) {
  return json.contains(name) && json[name].is_string() ? json[name].get<std::string>()
                                                       : std::string();
}

Json JsonOf(const BackupManifest& m, const std::string& path) {
  return {{"backup", path},
          {"origin", m.origin},
          {"size", m.size},
          {"root", m.root},
          {"made", FormatInstant(m.made)},
          {"refreshed", FormatInstant(m.refreshed)},
          {"generation", m.generation},
          {"erasures", m.erasures},
          {"keys", m.keys},
          {"master_key", m.master}};
}

constexpr Code kCodes[] = {
    Code::kInvalidArgument,   Code::kUnauthenticated, Code::kPermissionDenied,
    Code::kNotFound,          Code::kAlreadyExists,   Code::kAborted,
    Code::kResourceExhausted, Code::kUnavailable,     Code::kDataLoss};

}  // namespace

Result<std::string> AnswerBackup(Node& node, const BackupAsk& ask, const CopyProgressFn& progress) {
  if (ask.path.empty() || ask.path.front() != '/')
    return InvalidArgument("the path of a backup must be absolute here");
  if (ask.what == "make") {
    OPPI_TRY(const BackupManifest made, node.backups().Make(ask.path, ask.with_keys, progress));
    return Text(JsonOf(made, ask.path));
  }
  if (ask.what == "refresh") {
    OPPI_TRY(const BackupManifest refreshed, node.backups().Refresh(ask.path, progress));
    return Text(JsonOf(refreshed, ask.path));
  }
  if (ask.what == "forget") {
    OPPI_RETURN_IF_ERROR(node.backups().Forget(ask.path));
    return Text({{"forgotten", ask.path}});
  }
  return InvalidArgument(
      "the process that serves this ledger does not know this question; it is of another version");
}

Result<std::string> ListBackups(const std::string& ledger) {
  OPPI_TRY(const NodeConfig config, ReadConfig(ledger + "/ledger.toml"));
  OPPI_TRY(const std::vector<VaultCopy> copies, ReadCopies(ledger));
  const std::uint32_t current = GenerationInUse(ledger);
  Json list = Json::array();
  bool good = true;
  for (const VaultCopy& copy : copies) {
    good = good && copy.generation >= current;
    list.push_back({{"made", FormatInstant(copy.made)},
                    {"generation", copy.generation},
                    {"whole", copy.whole},
                    {"up_to_date", copy.generation >= current},
                    {"path", copy.path}});
  }
  return Text({{"origin", config.origin},
               {"generation", current},
               {"up_to_date", good},
               {"backups", list}});
}

void AnswerBackupLine(Node& node, const std::string& line,
                      const std::function<void(const std::string&)>& say) {
  const Json json = Json::parse(line, nullptr, false);
  BackupAsk ask;
  if (json.is_object()) {
    ask.what = Member(json, "backup");
    ask.path = Member(json, "path");
    ask.with_keys = !json.contains("with_keys") || json["with_keys"] != false;
  }
  const auto progress = [&say](const char* step, std::uint64_t done, std::uint64_t all) {
    say(Text({{"step", step}, {"done", done}, {"all", all}}));
  };
  const auto answer = AnswerBackup(node, ask, progress);
  if (answer.ok()) return say(Text({{"answer", *answer}}));
  say(Text({{"error", CodeName(answer.error().code)}, {"message", answer.error().message}}));
}

Result<std::string> AskBackup(const std::string& ledger, const BackupAsk& ask,
                              const CopyProgressFn& progress) {
  Json last;
  const auto heard = [&](const std::string& line) {
    last = Json::parse(line, nullptr, false);
    if (!progress || !last.is_object() || !last.contains("step") || !last.contains("done") ||
        !last.contains("all"))
      return;
    if (last["done"].is_number_unsigned() && last["all"].is_number_unsigned())
      progress(Member(last, "step").c_str(), last["done"].get<std::uint64_t>(),
               last["all"].get<std::uint64_t>());
  };
  OPPI_RETURN_IF_ERROR(AskServer(
      ledger, Text({{"backup", ask.what}, {"path", ask.path}, {"with_keys", ask.with_keys}}),
      heard));
  if (std::string answer = Member(last, "answer"); !answer.empty()) return answer;
  for (const Code code : kCodes)
    if (CodeName(code) == Member(last, "error")) return Error{code, Member(last, "message")};
  return Unavailable(
      "the process that serves this ledger has ended without an answer; see what is there with: "
      "oppiloki backup list --data " +
      ledger);
}

}  // namespace oppi::ops
