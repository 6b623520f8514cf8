#include <atomic>
#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "consumers/http_server.h"
#include "consumers/log_source.h"
#include "consumers/monitor.h"
#include "consumers/replay_follower.h"
#include "consumers/witness_api.h"
#include "ledger/durable_file.h"
#include "ledger/succession.h"
#include "ops/cli.h"
#include "ops/key_files.h"
#include "ops/signals.h"

/// Who watches the log from outside: `witness` cosigns, `monitor` shouts.

namespace oppi::ops {
namespace {

using Json = nlohmann::ordered_json;

struct WitnessOptions {
  std::string data;
  std::string listen = "127.0.0.1:8081";
  std::string name;
  std::vector<std::string> logs;  // VKEY or VKEY=URL
  std::vector<std::string> successions;
  unsigned interval_seconds = 1;
  bool replay = false;
  std::string token;  // file
};

/// A log to cosign, and where it is when the witness goes there itself.
struct FollowedLog {
  VerifierKey key;
  std::string url;
};

Result<FollowedLog> ParseFollowedLog(const std::string& text) {
  const std::size_t at = text.find("=http");
  OPPI_TRY(const VerifierKey key, ParseVerifierKey(text.substr(0, at)));
  return FollowedLog{key, at == std::string::npos ? "" : text.substr(at + 1)};
}

Result<NamedSigningKey> WitnessKey(const std::string& path, const std::string& name) {
  auto key = ReadKeyFile(path);
  if (key.ok() && !name.empty() && key->name != name) return InvalidArgument("this witness is called " + key->name);
  if (key.ok() || key.error().code != Code::kNotFound) return key;
  if (name.empty()) return InvalidArgument("a new witness needs a name: --name witness.example.fi");
  if (!KeyNameOk(name)) return InvalidArgument("a key name has no spaces and no plus sign");
  SystemEntropy entropy;
  NamedSigningKey made{name, SigningKey::Generate(entropy)};
  OPPI_RETURN_IF_ERROR(WriteKeyFile(path, made));
  return made;
}

/// Fetches the log's newest checkpoint and adds it, with a proof made from the log's tiles.
Result<ledger::WitnessAnswer> Fetch(ledger::Witness& witness, const std::string& origin, const consumers::TileSource& source) {
  ledger::AddCheckpoint request;
  OPPI_TRY(request.checkpoint, source.checkpoint());
  OPPI_TRY(request.old, witness.SizeOf(origin));
  OPPI_TRY(const ledger::Note note, ledger::ParseNote(request.checkpoint));
  OPPI_TRY(const ledger::Checkpoint checkpoint, ledger::ParseCheckpointText(note.text));
  if (request.old != TreeSize(0) && request.old < checkpoint.size) {
    OPPI_TRY(request.proof, consumers::ConsistencyFrom(source, request.old, checkpoint.size));
  }
  return witness.Add(FormatAddCheckpoint(request));
}

/// Fetches every log that has a URL until `stop`, saying on stderr what changes.
void FetchAll(ledger::Witness& witness, const std::vector<FollowedLog>& logs, unsigned interval_seconds, const std::atomic<bool>& stop) {
  std::map<std::string, std::string> said;
  for (unsigned tick = 0; !stop; ++tick, std::this_thread::sleep_for(std::chrono::milliseconds(100))) {
    if (tick % (interval_seconds * 10) != 0) continue;
    for (const FollowedLog& log : logs) {
      if (log.url.empty()) continue;
      const auto source = consumers::LogAt(log.url);
      const auto answer = source.ok() ? Fetch(witness, log.key.name, *source) : Result<ledger::WitnessAnswer>(source.error());
      const std::string now = !answer.ok()                                               ? answer.error().message
                              : answer->kind == ledger::WitnessAnswer::Kind::kCosigned ? ""
                                                                                       : "refused: " + answer->text;
      if (said[log.key.name] != now) std::fprintf(stderr, "%s: %s\n", log.key.name.c_str(), now.empty() ? "cosigned again" : now.c_str());
      said[log.key.name] = now;
    }
  }
}

/// The policy of somebody who was given these files, too.
Result<ledger::TlogPolicy> FollowFiles(ledger::TlogPolicy policy, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    OPPI_TRY(const auto text, ledger::ReadFileIfThere(path));
    if (!text) return NotFound("no succession at " + path);
    OPPI_TRY(const auto notes, ledger::ParseSuccessions(*text));
    OPPI_TRY(policy, ledger::Follow(std::move(policy), notes));
  }
  return policy;
}

/// The key that speaks for the log now.
Result<VerifierKey> NewestKeyOf(const VerifierKey& key, const std::vector<std::string>& successions) {
  OPPI_TRY(const ledger::TlogPolicy policy, FollowFiles(ledger::PolicyOf(key), successions));
  for (const ledger::TlogPolicy::Log& log : policy.logs)
    if (!log.until) return log.key;
  return Unauthenticated("the successions of " + key.name + " lead in a circle");
}

/// By origin: what follows each log with its labels.
using Followers = std::map<std::string, std::unique_ptr<consumers::ReplayFollower>>;

Result<Followers> FollowersOf(const std::vector<FollowedLog>& logs, const std::string& token_file) {
  if (token_file.empty()) return InvalidArgument("say with what token a replay may read transitions: --token FILE");
  OPPI_TRY(const auto token, ledger::ReadFileIfThere(token_file));
  if (!token) return NotFound("no token at " + token_file);
  Followers followers;
  for (const FollowedLog& log : logs) {
    if (log.url.empty()) return InvalidArgument("to replay a log its URL is needed: --log VKEY=URL");
    OPPI_TRY(auto source, consumers::ReplaySourceAt(log.url, token->substr(0, token->find('\n'))));
    followers.emplace(log.key.name, std::make_unique<consumers::ReplayFollower>(std::move(source)));
  }
  return followers;
}

Result<int> RunWitness(const WitnessOptions& o) {
  if (o.data.empty()) return InvalidArgument("say where the witness keeps what it must not forget: --data DIR");
  std::vector<FollowedLog> logs;
  std::vector<VerifierKey> keys;
  std::vector<std::string> names;
  for (const std::string& text : o.logs) {
    OPPI_TRY(FollowedLog log, ParseFollowedLog(text));
    OPPI_TRY(log.key, NewestKeyOf(log.key, o.successions));
    logs.push_back(log);
    keys.push_back(log.key);
    names.push_back(ledger::WitnessedLogName(log.key.name));
  }
  std::error_code error;
  std::filesystem::create_directories(o.data, error);
  if (error) return PermissionDenied("cannot make " + o.data + ": " + error.message());
  OPPI_TRY(NamedSigningKey key, WitnessKey(o.data + "/witness.key", o.name));
  OPPI_TRY(const auto state, ledger::WitnessFolder::Open(o.data, names));
  Followers followers;
  ledger::Witness::Demand demand;
  if (o.replay) {
    OPPI_TRY(followers, FollowersOf(logs, o.token));
    // A witness adds one checkpoint at a time.
    demand = [&followers](const ledger::Checkpoint& checkpoint) { return followers.at(checkpoint.origin)->Follow(checkpoint); };
  }
  const SystemClock clock;
  StopSignal stop_signal;  // before any thread is started
  ledger::Witness witness(std::move(key), keys, *state, clock, std::move(demand));

  consumers::ServerOptions options;
  options.listen = o.listen;
  const auto nobody = [](std::string_view) -> Result<consumers::Claims> { return Unauthenticated("a witness takes no tokens"); };
  OPPI_TRY(const auto server,
           consumers::HttpServer::Start(consumers::Router(consumers::WitnessRoutes(witness)), options, {clock, nobody, nullptr}));
  OPPI_TRY(const consumers::HostPort where, consumers::ParseHostPort(o.listen));
  std::printf("%s\n", FormatVerifierKey(witness.verifier()).c_str());
  std::fflush(stdout);
  std::fprintf(stderr, "witnessing %zu log%s on http://%s:%u; the line above goes into trust files; stop with Ctrl-C\n", logs.size(),
               logs.size() == 1 ? "" : "s", where.host.c_str(), static_cast<unsigned>(server->port()));
  std::atomic<bool> stop = false;
  std::thread fetching([&] { FetchAll(witness, logs, o.interval_seconds, stop); });
  stop_signal.Wait();
  stop = true;
  fetching.join();
  server->Stop();
  return kExitDone;
}

struct MonitorOptions {
  std::string url;
  std::string trust;
  std::string state;
  std::string alarms = ".";
  std::vector<std::string> receipts;
  std::vector<std::string> successions;
  unsigned interval_seconds = 10;
  bool once = false;
  bool json = false;
};

Result<consumers::MonitorState> StateAt(const std::string& path) {
  if (path.empty()) return consumers::MonitorState{};
  OPPI_TRY(const auto text, ledger::ReadFileIfThere(path));
  if (!text) return consumers::MonitorState{};
  return consumers::DecodeMonitorState(*text);
}

/// Writes what convinces others; its path.
Result<std::string> KeepProof(const MonitorOptions& o, const ledger::Equivocation& proof) {
  const std::string text = FormatEquivocation(proof);
  const std::string path = o.alarms + "/" + HashOf(text).hex().substr(0, 16) + ".equivocation";
  OPPI_RETURN_IF_ERROR(ledger::WriteFileDurably(path, text, 0644));
  return path;
}

Status Tell(const MonitorOptions& o, const consumers::MonitorLook& look) {
  Json json = {{"size", look.size.value()}, {"entries_read", look.entries_read}, {"witnesses", look.witnesses}};
  Json& alarms = json["alarms"] = Json::array();
  for (const consumers::MonitorAlarm& alarm : look.alarms) {
    Json one = {{"kind", MonitorAlarmName(alarm.kind)}, {"words", alarm.words}};
    if (alarm.proof) {
      OPPI_TRY(one["proof"], KeepProof(o, *alarm.proof));
    }
    alarms.push_back(std::move(one));
  }
  if (o.json) {
    std::printf("%s\n", json.dump().c_str());
  } else {
    if (look.alarms.empty())
      std::printf("holds   size %llu, %llu new entries read, %zu cosignatures\n", static_cast<unsigned long long>(look.size.value()),
                  static_cast<unsigned long long>(look.entries_read), look.witnesses.size());
    for (const Json& alarm : alarms) {
      std::printf("ALARM   %s: %s\n", alarm["kind"].get<std::string>().c_str(), alarm["words"].get<std::string>().c_str());
      if (alarm.contains("proof"))
        std::printf("        what proves it to anybody: %s (oppiloki verify)\n", alarm["proof"].get<std::string>().c_str());
    }
  }
  std::fflush(stdout);
  return {};
}

Result<int> RunMonitor(const MonitorOptions& o) {
  OPPI_TRY(const auto text, ledger::ReadFileIfThere(o.trust));
  if (!text) return NotFound("no trust file at " + o.trust);
  OPPI_TRY(ledger::TlogPolicy trust, ledger::ParseTlogPolicy(*text));
  OPPI_TRY(trust, FollowFiles(std::move(trust), o.successions));
  OPPI_TRY(consumers::TileSource source, consumers::LogAt(o.url));
  OPPI_TRY(consumers::MonitorState state, StateAt(o.state));
  std::vector<std::pair<std::string, std::string>> receipts;
  for (const std::string& path : o.receipts) {
    OPPI_TRY(auto receipt, ledger::ReadFileIfThere(path));
    if (!receipt) return NotFound("no receipt at " + path);
    receipts.emplace_back(path, *std::move(receipt));
  }
  consumers::Monitor monitor(std::move(trust), std::move(source), std::move(state), std::move(receipts));
  StopSignal stop;
  bool alarmed = false;
  do {
    const auto look = monitor.Look();
    if (!look.ok()) {
      if (o.once) return look.error();
      std::fprintf(stderr, "no look was taken: %s\n", look.error().message.c_str());
      continue;
    }
    OPPI_RETURN_IF_ERROR(Tell(o, *look));
    alarmed = alarmed || !look->alarms.empty();
    if (!o.state.empty() && !monitor.state().note.empty())
      OPPI_RETURN_IF_ERROR(ledger::WriteFileDurably(o.state, EncodeMonitorState(monitor.state()), 0644));
  } while (!o.once && !stop.WaitFor(std::chrono::seconds(o.interval_seconds)));
  return alarmed ? kExitFalse : kExitDone;
}

}  // namespace

void AddWitnessCommands(Cli& cli) {
  auto witness = std::make_shared<WitnessOptions>();
  CLI::App* command = AddCommand(cli, cli.app, "witness", "Cosign the checkpoints of logs, each only as a continuation of the last",
                                 "oppiloki witness --data var/witness --name witness.example.fi --listen 127.0.0.1:8081 --log \"$LOG_VKEY=http://127.0.0.1:8080\"",
                                 [witness] { return RunWitness(*witness); });
  command->add_option("--data", witness->data, "Directory of the witness: its key and what it cosigned last. Never restore it from a copy");
  command->add_option("--name", witness->name, "Name of a new witness, as its cosignatures will say");
  command->add_option("--listen", witness->listen, "HOST:PORT of its add-checkpoint; port 0 takes any free one");
  command->add_option("--log", witness->logs, "Verifier key of a log, or VKEY=URL to fetch its checkpoints as well")->required();
  command->add_option("--succession", witness->successions, "A log's key has changed: what one key signed for the next");
  command->add_option("--interval", witness->interval_seconds, "Seconds between fetches")->check(CLI::Range(1U, 3600U));
  command->add_flag("--replay", witness->replay,
                    "Cosign only what was computed again: every map root follows from the entries, and no event is missing from a stream");
  command->add_option("--token", witness->token, "File with a token of role AUDITOR, for --replay")->check(CLI::ExistingFile);

  auto monitor = std::make_shared<MonitorOptions>();
  command = AddCommand(cli, cli.app, "monitor", "Follow a log from outside and shout when it misbehaves",
                       "oppiloki monitor --url http://127.0.0.1:8080 --trust trust.policy --state monitor.state --once",
                       [monitor] { return RunMonitor(*monitor); });
  command->add_option("--url", monitor->url, "The log")->required();
  command->add_option("--trust", monitor->trust, "C2SP tlog-policy: the log's key and its witnesses")->required();
  command->add_option("--state", monitor->state, "File that remembers the newest tree; without it every run begins with the first entry");
  command->add_option("--alarms", monitor->alarms, "Directory for what proves an alarm to others")->check(CLI::ExistingDirectory);
  command->add_option("--receipt", monitor->receipts, "Receipts whose promise must be kept");
  command->add_option("--succession", monitor->successions, "The log's key has changed: what one key signed for the next");
  command->add_option("--interval", monitor->interval_seconds, "Seconds between looks")->check(CLI::Range(1U, 86400U));
  command->add_flag("--once", monitor->once, "One look; exit code 1 when something is wrong");
  command->add_flag("--json", monitor->json, "One JSON document a look");
}

}  // namespace oppi::ops
