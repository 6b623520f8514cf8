#include "tests/bench/inclusion_bench.h"

#include <time.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "events/tree_hash.h"
#include "ledger/log_view.h"
#include "ledger/merkle/compact_range.h"
#include "ledger/rocksdb_store.h"
#include "ledger/tree_writer.h"
#include "tests/bench/bench_node.h"

namespace oppi::bench {
namespace {

namespace fs = std::filesystem;
using namespace ledger;
using merkle::kTileHeight;
using merkle::kTileWidth;

constexpr int kProofs = 20'000;
constexpr std::size_t kTilesAtOnce = 1'000;

std::uint64_t Entries() {
  const char* text = std::getenv("OPPI_BENCH_ENTRIES");
  return text == nullptr ? 100'000'000 : std::strtoull(text, nullptr, 10);
}

NodeHash LeafOf(std::uint64_t index) { return HashLeaf(BigEndian(index)); }

std::unique_ptr<Store> Open(const std::string& path) {
  RocksDbOptions options;
  options.path = path;
  options.create = true;
  return Must(OpenRocksDb(options));
}

/// Rows of tiles as the writer makes them, without entries. The root.
RootHash LayDown(Store& store, std::uint64_t size) {
  merkle::CompactRange range;
  std::vector<Bytes> edge(8);
  WriteBatch rows;
  for (std::uint64_t i = 0; i < size; ++i) {
    range.Append(LeafOf(i), [&](unsigned level, std::uint64_t node, const NodeHash& hash) {
      if (level % kTileHeight != 0) return;
      Bytes& tile = edge[level / kTileHeight];
      tile += hash.view();
      if (tile.size() != kTileWidth * kDigestBytes) return;
      rows.Put(Table::kTiles, TileKey(level / kTileHeight, node / kTileWidth), tile);
      tile.clear();
    });
    if (rows.size() < kTilesAtOnce) continue;
    MustDo(store.Apply(rows, Durability::kBuffered));
    rows.Clear();
  }
  for (unsigned level = 0; level < edge.size(); ++level)
    if (!edge[level].empty())
      rows.Put(Table::kTiles, TileKey(level, (size >> (kTileHeight * level)) / kTileWidth),
               edge[level]);
  MustDo(store.Apply(rows, Durability::kSynced));
  return range.Root();
}

double ThreadSeconds() {
  timespec used{};
  (void)::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

double At(const std::vector<double>& sorted, double part) {
  return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
}

std::vector<double> Sorted(std::vector<double> figures) {
  std::sort(figures.begin(), figures.end());
  return figures;
}

}  // namespace

Rows InclusionRows() {
  const char* base = std::getenv("OPPI_BENCH_DIR");
  const fs::path root = fs::path(base != nullptr ? base : "build") / "bench-inclusion";
  fs::remove_all(root);
  fs::create_directories(root);
  const std::uint64_t size = Entries();
  const Stopwatch laying;
  Checkpoint checkpoint{kBenchOrigin, TreeSize(size), {}, {}};
  checkpoint.root = LayDown(*Open((root / "log").string()), size);
  std::fprintf(stderr, "a tree of %llu entries after %.0f s\n",
               static_cast<unsigned long long>(size), laying.seconds());

  const auto store = Open((root / "log").string());
  const auto view = std::make_shared<const LogView>(*store, store->Freeze(), checkpoint, "");
  std::mt19937_64 random(4);
  std::vector<double> proofs;
  std::vector<double> of_core;
  std::vector<double> reads;
  std::vector<double> checks;
  for (int i = 0; i < kProofs; ++i) {
    const LeafIndex index(random() % size);
    const double core_before = ThreadSeconds();
    const Stopwatch proving;
    const auto proof = Must(view->Inclusion(index, view->size()));
    proofs.push_back(proving.seconds() * 1e6);
    of_core.push_back((ThreadSeconds() - core_before) * 1e6);
    const Stopwatch checking;
    MustDo(merkle::VerifyInclusion(index, view->size(), LeafOf(index.value()), proof,
                                   checkpoint.root));
    checks.push_back(checking.seconds() * 1e6);
    // As many rows of other tiles.
    const std::uint64_t elsewhere = random() % size;
    const Stopwatch reading;
    for (unsigned level = 0; size >> (kTileHeight * level) != 0; ++level)
      (void)Must(store->Get(Table::kTiles,
                            TileKey(level, (elsewhere >> (kTileHeight * level)) / kTileWidth)));
    reads.push_back(reading.seconds() * 1e6);
  }
  proofs = Sorted(std::move(proofs));
  of_core = Sorted(std::move(of_core));
  reads = Sorted(std::move(reads));
  fs::remove_all(root);
  const char* floor = "reading as many tiles with the bare store";
  return {
      {"inclusion proof, median", At(proofs, 0.5), At(reads, 0.5), "us", floor},
      {"  99th percentile", At(proofs, 0.99), At(reads, 0.99), "us", floor},
      {"  99th percentile, of the core", At(of_core, 0.99), 0, "us", ""},
      {"  slowest", proofs.back(), reads.back(), "us", floor},
      {"  verified, median", At(Sorted(std::move(checks)), 0.5), 0, "us", ""},
      {"entries of the log", static_cast<double>(size), 0, "entries", ""},
  };
}

}  // namespace oppi::bench
