#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

/// A benchmark measures ours and, in the same run on the same bytes, the floor: what the bare library
/// or the hardware gives. Ratios travel between machines; absolute figures do not.

namespace oppi::bench {

struct Row {
  std::string what;
  double ours = 0;
  double floor = 0;  // 0: a figure without a floor (where the time goes)
  std::string unit;
  std::string floor_is;
};

using Rows = std::vector<Row>;

struct Benchmark {
  std::string name;
  std::string about;
  std::function<Rows()> run;
};

[[nodiscard]] Benchmark DecideBenchmark();
[[nodiscard]] Benchmark EraseBenchmark();
[[nodiscard]] Benchmark IngestBenchmark();
[[nodiscard]] Benchmark ProofBenchmark();

class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace oppi::bench
