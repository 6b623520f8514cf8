#pragma once

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "events/ed25519.h"
#include "events/result.h"
#include "ops/node.h"

/// What the benchmarks of a whole ledger share. A benchmark that cannot go on says why and ends.

namespace oppi::bench {

[[noreturn]] inline void GiveUp(const std::string& why) {
  std::fprintf(stderr, "benchmark: %s\n", why.c_str());
  std::exit(4);
}
template <class T>
T Must(Result<T> result) {
  if (!result.ok()) GiveUp(result.error().message);
  return std::move(result).value();
}
inline void MustDo(const Status& status) {
  if (!status.ok()) GiveUp(status.error().message);
}

/// CPU seconds of this process so far.
[[nodiscard]] double CpuSeconds();
/// The same by thread name. Threads that have ended are not in it.
[[nodiscard]] std::map<std::string, double> CpuByThread();

inline constexpr const char* kBenchOrigin = "bench.oppiloki.example/log";

/// A new ledger in `directory` that knows this publisher.
[[nodiscard]] std::unique_ptr<ops::Node> FreshNode(const std::string& directory, const NamedSigningKey& publisher);
void Register(ops::Node& node, const NamedSigningKey& publisher, const std::string& role);

}  // namespace oppi::bench
