#include <sodium.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "tests/bench/bench.h"

// oppi_bench [--out FILE] [NAME...]: runs the benchmarks and prints what, ours, floor, ratio.

namespace {

std::string Json(const std::vector<std::pair<std::string, oppi::bench::Rows>>& all) {
  std::string out = "[";
  char number[64];
  for (const auto& [name, rows] : all)
    for (const oppi::bench::Row& row : rows) {
      if (out.size() > 1) out += ",\n ";
      out += "{\"benchmark\":\"" + name + "\",\"what\":\"" + row.what + "\",\"unit\":\"" + row.unit + "\"";
      std::snprintf(number, sizeof(number), ",\"ours\":%.6g", row.ours);
      out += number;
      if (row.floor > 0) {
        std::snprintf(number, sizeof(number), ",\"floor\":%.6g,\"ratio\":%.4f", row.floor, row.ours / row.floor);
        out += number;
        out += ",\"floor_is\":\"" + row.floor_is + "\"";
      }
      out += "}";
    }
  return out + "]\n";
}

void Print(const std::string& name, const oppi::bench::Rows& rows) {
  for (const oppi::bench::Row& row : rows) {
    std::printf("%-9s %-52s %14.1f %-12s", name.c_str(), row.what.c_str(), row.ours, row.unit.c_str());
    if (row.floor > 0) std::printf(" %14.1f  %6.3f  %s", row.floor, row.ours / row.floor, row.floor_is.c_str());
    std::printf("\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (sodium_init() < 0) return 4;
  const std::vector<oppi::bench::Benchmark> known = {oppi::bench::IngestBenchmark(), oppi::bench::EraseBenchmark(),
                                                     oppi::bench::DecideBenchmark(), oppi::bench::ProofBenchmark()};
  std::string out;
  std::vector<std::string> wanted;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--out") == 0 && i + 1 < argc)
      out = argv[++i];
    else
      wanted.emplace_back(argv[i]);
  }
  for (const std::string& name : wanted) {
    bool found = false;
    for (const auto& b : known) found = found || b.name == name;
    if (found) continue;
    std::fprintf(stderr, "no benchmark is called %s; there are:\n", name.c_str());
    for (const auto& b : known) std::fprintf(stderr, "  %-9s %s\n", b.name.c_str(), b.about.c_str());
    return 2;
  }
  std::printf("%-9s %-52s %14s %-12s %14s  %6s  %s\n", "benchmark", "what", "ours", "", "floor", "ratio", "floor is");
  std::vector<std::pair<std::string, oppi::bench::Rows>> all;
  for (const auto& benchmark : known) {
    bool run = wanted.empty();
    for (const std::string& name : wanted) run = run || name == benchmark.name;
    if (!run) continue;
    all.emplace_back(benchmark.name, benchmark.run());
    Print(all.back().first, all.back().second);
  }
  if (!out.empty()) std::ofstream(out) << Json(all);
  return 0;
}
