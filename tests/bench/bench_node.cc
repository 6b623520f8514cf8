#include "tests/bench/bench_node.h"

#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "events/ids.h"
#include "ops/key_files.h"
#include "ops/system_clock.h"

namespace oppi::bench {

namespace fs = std::filesystem;

double CpuSeconds() {
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

std::map<std::string, double> CpuByThread() {
  std::map<std::string, double> cpu;
  for (const auto& task : fs::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "stat");
    std::string line;
    std::getline(file, line);
    const auto open = line.find('(');
    const auto close = line.rfind(')');
    if (open == line.npos || close == line.npos) continue;
    std::istringstream rest(line.substr(close + 2));
    std::string skipped;
    for (int i = 0; i < 11; ++i) rest >> skipped;
    double user = 0;
    double system = 0;
    rest >> user >> system;
    cpu[line.substr(open + 1, close - open - 1)] += (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }
  return cpu;
}

void Register(ops::Node& node, const NamedSigningKey& publisher, const std::string& role) {
  const NamedSigningKey registrar = Must(ops::ReadKeyFile(node.KeyPath("registrar")));
  events::Event registered = events::MakeEvent(events::EventType::kRegistryPublisherRegistered);
  events::Event key_added = events::MakeEvent(events::EventType::kRegistryKeyAdded);
  for (events::Event* e : {&registered, &key_added}) {
    e->time = node.clock().Now();
    e->id = events::MakeUuidV7(e->time, node.entropy());
    e->source = "urn:oid:" + node.config().organisation + "/registrar";
    e->SetText("publisher", publisher.name);
  }
  registered.SetText("role", role);
  key_added.SetText("key", KeyIdText(publisher.verifier().id));
  key_added.SetText("public_key", ToBase64(View(publisher.key.public_key())));
  const consumers::BatchReport report = Must(node.PublishAs(registrar, {registered, key_added}));
  if (report.Count(events::Outcome::kAccepted) != 2) GiveUp("a publisher was not accepted");
}

std::unique_ptr<ops::Node> FreshNode(const std::string& directory, const NamedSigningKey& publisher) {
  SystemEntropy entropy;
  const ops::SystemClock clock;
  ops::NodeConfig config;
  config.origin = kBenchOrigin;
  config.organisation = events::OrganisationOid(1);
  config.erasure_delay_hours = 0;
  MustDo(ops::Node::Create({directory, config}, entropy, clock));
  std::unique_ptr<ops::Node> node = Must(ops::Node::Open({directory, {}}));
  Register(*node, publisher, "VENDOR");
  return node;
}

}  // namespace oppi::bench
