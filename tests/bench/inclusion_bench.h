#pragma once

#include "tests/bench/bench.h"

/// Inclusion proofs out of a large log, as they are served.

namespace oppi::bench {

/// A tree of OPPI_BENCH_ENTRIES entries (100 million) is laid down in the store under
/// OPPI_BENCH_DIR, hashes only, opened anew, and proofs of random entries are made and verified.
[[nodiscard]] Rows InclusionRows();

}  // namespace oppi::bench
