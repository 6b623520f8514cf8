// What the stream map costs: proofs of absence about a million learners, and keeping the map up to
// date, beside as many bare hashes and bare multiplications of the group.

#include <sodium.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "events/entropy.h"
#include "ledger/label_prover.h"
#include "ledger/merkle/compact_range.h"
#include "ledger/state_receipt.h"
#include "tests/bench/bench.h"
#include "tests/bench/inclusion_bench.h"

namespace oppi::bench {
namespace {

using namespace ledger;

constexpr std::size_t kBatch = 10'000;
constexpr int kRounds = 41;
constexpr int kProofs = 400;
constexpr unsigned kLogLevels = 27;  // of a log of a hundred million entries

std::size_t Keys() {
  const char* text = std::getenv("OPPI_BENCH_LEARNERS");
  return text == nullptr ? 1'000'000 : std::strtoull(text, nullptr, 10);
}

double CpuSeconds() {
  timespec used{};
  (void)::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "benchmark: %s\n", what);
  std::exit(4);
}

/// Microseconds of each try, by the clock and of the core.
struct Times {
  std::vector<double> wall, cpu;
  template <class Do>
  void Measure(double divided_by, const Do& work) {
    const double cpu_before = CpuSeconds();
    const Stopwatch watch;
    work();
    wall.push_back(watch.seconds() * 1e6 / divided_by);
    cpu.push_back((CpuSeconds() - cpu_before) * 1e6 / divided_by);
  }
};
double Median(std::vector<double> figures) {
  std::sort(figures.begin(), figures.end());
  return figures[figures.size() / 2];
}

/// A stream as the writer has it at hand.
struct Stream {
  Labelled name;
  merkle::CompactRange entries;
};

struct Bench {
  Bench() {
    SeededEntropy entropy(1);
    // The labels are as random as the VRF's; making a million of those would take minutes.
    streams.resize(Keys());
    for (Stream& stream : streams) {
      stream.name.label.bytes = entropy.Array<32>();
      stream.name.blind.bytes = entropy.Array<32>();
    }
    std::sort(streams.begin(), streams.end(),
              [](const Stream& a, const Stream& b) { return a.name.label < b.name.label; });
    std::vector<merkle::MapEntry> entries;
    for (Stream& stream : streams) entries.push_back(Append(stream));
    const double before = CpuSeconds();
    merkle::MapTree::Builder builder;
    for (const merkle::MapEntry& entry : entries) Require(builder.Add(entry).ok(), "order");
    tree = builder.Finish();
    rebuild_us = (CpuSeconds() - before) * 1e6 / static_cast<double>(entries.size());
  }

  merkle::MapEntry Append(Stream& stream) {
    Bytes index;
    ByteWriter(index).U64(next++);
    stream.entries.Append(HashLeaf(index));
    return {stream.name.label,
            ValueOf(StreamHead{stream.entries.size().value(), stream.entries.Root()},
                    stream.name.blind)};
  }

  /// One commit of events about random learners: streams, values, map.
  void Upkeep() {
    std::mt19937_64 random(2);
    for (int round = 0; round < kRounds; ++round) {
      std::vector<std::size_t> about(kBatch);
      for (std::size_t& one : about) one = random() % streams.size();
      std::vector<merkle::MapEntry> changes;
      event.Measure(static_cast<double>(kBatch), [&] {
        std::sort(about.begin(), about.end());
        changes.reserve(about.size());
        for (std::size_t i = 0; i < about.size(); ++i) {
          const merkle::MapEntry entry = Append(streams[about[i]]);
          if (i > 0 && about[i] == about[i - 1]) changes.pop_back();
          changes.push_back(entry);
        }
        const auto use = tree->use();
        map.Measure(static_cast<double>(kBatch),
                    [&] { Require(tree->Prepare(changes).ok(), "the batch was refused"); });
        const auto after = tree->use();
        nodes.push_back(static_cast<double>(after.leaves + after.inner - use.leaves - use.inner));
        tree->Commit();
      });
      Require(tree->Prepare({}).ok(), "collecting");  // so that the next one's nodes can be counted
      const auto hashes = static_cast<std::size_t>(nodes.back());
      floor.Measure(static_cast<double>(kBatch), [&] {
        merkle::MapNode node{};
        for (std::size_t i = 0; i < hashes; ++i)
          node = merkle::HashMapInner(node, node, static_cast<std::uint8_t>(i));
        Require(node != merkle::MapNode{}, "hash");
      });
    }
  }

  void Proofs() {
    SeededEntropy entropy(3);
    const VrfSecretKey key = VrfSecretKey::Generate(entropy);
    const auto view = tree->Committed();
    const auto scalar = entropy.Array<32>();
    std::array<unsigned char, 32> element;
    crypto_scalarmult_ristretto255_base(element.data(), key.scalar().data());
    for (int i = 0; i < kProofs; ++i) {
      const std::string nobody = "urn:oid:1.2.246.562.24." + std::to_string(i);
      std::optional<LabelProof> proof;
      build.Measure(1, [&] {
        auto made = ProveEntry(*view, key, nobody, std::nullopt);
        Require(made.ok(), "no proof");
        proof = *std::move(made);
      });
      const Bytes bytes = EncodeLabelProof(*proof);
      sizes.push_back(static_cast<double>(bytes.size()));
      verify.Measure(1, [&] {
        const auto decoded = DecodeLabelProof(bytes);
        Require(decoded.ok(), "does not decode");
        const auto entry = VerifyEntryProof(*decoded, nobody, key.public_key(), view->root());
        Require(entry.ok() && !entry->entry, "does not verify");
      });
      multiply.Measure(1, [&] {
        std::array<unsigned char, 32> product;
        Require(crypto_scalarmult_ristretto255(product.data(), scalar.data(), element.data()) == 0,
                "multiplication");
        element = product;
      });
      map_only.Measure(
          1, [&] { Require(view->ProveAbsence(HashOf<Label>(nobody)).ok(), "no map proof"); });
      if (i == 0) receipt_bytes = ReceiptBytes(key, *proof, view->root());
    }
  }

  /// The text that is handed over: the state entry in a log of a hundred million, one signature.
  static double ReceiptBytes(const VrfSecretKey& key, const LabelProof& proof,
                             const merkle::MapRoot& root) {
    const LeafIndex index((std::uint64_t{1} << kLogLevels) - 1);
    const Leaf leaf{{1}, StateLeaf{TreeSize(index.value()), root, FoldOf(key.public_key()), {}}};
    const NamedSigningKey log_key{"ledger.example.fi/national", SigningKey::FromSeed({})};
    const TlogProof text{
        EncodeStateReceipt({EncodeLeaf(leaf), key.public_key(), {proof}}), index,
        std::vector<NodeHash>(kLogLevels),
        SignCheckpoint({log_key.name, SizeAfter(index), RootHash{{1}}, {}}, log_key)};
    return static_cast<double>(FormatTlogProof(text).size());
  }

  std::vector<Stream> streams;
  std::unique_ptr<merkle::MapTree> tree;
  std::uint64_t next = 0;
  double rebuild_us = 0;
  Times event, map, floor, build, verify, multiply, map_only;
  std::vector<double> nodes, sizes;
  double receipt_bytes = 0;
};

Rows Run() {
  Bench bench;
  bench.Upkeep();
  const auto use = bench.tree->use();
  bench.Proofs();
  const auto keys = static_cast<double>(bench.streams.size());
  const char* hashes = "as many bare SHA-256 of 65 bytes";
  const char* group = "the group's multiplications alone";
  // Proving multiplies three times, verifying four times.
  Rows rows = {
      {"map upkeep, batches of 10,000, per event", Median(bench.map.wall), Median(bench.floor.wall),
       "us", hashes},
      {"  of the core", Median(bench.map.cpu), Median(bench.floor.cpu), "us", hashes},
      {"  with the stream's head and value", Median(bench.event.wall), 0, "us", ""},
      {"  of the core", Median(bench.event.cpu), 0, "us", ""},
      {"  new nodes per event", Median(bench.nodes) / static_cast<double>(kBatch), 0, "nodes", ""},
      {"rebuild from sorted rows, per key, of the core", bench.rebuild_us, 0, "us", ""},
      {"memory per key", static_cast<double>(use.bytes) / keys, 108, "bytes",
       "a leaf and an inner node"},
      {"absence of a learner, built", Median(bench.build.wall), 3 * Median(bench.multiply.wall),
       "us", group},
      {"  of the core", Median(bench.build.cpu), 3 * Median(bench.multiply.cpu), "us", group},
      {"  the map's part of it", Median(bench.map_only.cpu), 0, "us", ""},
      {"absence of a learner, verified", Median(bench.verify.wall), 4 * Median(bench.multiply.wall),
       "us", group},
      {"  of the core", Median(bench.verify.cpu), 4 * Median(bench.multiply.cpu), "us", group},
      {"label proof of absence", Median(bench.sizes), 0, "bytes", ""},
      {"state receipt with it, in a log of 2^27", bench.receipt_bytes, 0, "bytes", ""},
      {"keys in the map", keys, 0, "keys", ""},
  };
  for (Row& row : InclusionRows()) rows.push_back(std::move(row));
  return rows;
}

}  // namespace

Benchmark ProofBenchmark() {
  return {"proof", "the stream map of a million learners: upkeep, proofs of absence; inclusion in a tree of 100 million", Run};
}

}  // namespace oppi::bench
