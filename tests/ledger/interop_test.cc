#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "ledger/tlog_proof.h"
#include "tests/ledger/test_keys.h"
#include "tests/ledger/test_tree.h"

/// Our notes and proofs, judged by a program that shares no code with us (tests/interop).

namespace oppi::ledger {
namespace {

using tests::TestKey;

constexpr char kOrigin[] = "oppiloki.example/demo";

class Interop : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* candidate : {"/usr/bin/python3", "python3"})
      if (!python_ && Run(std::string(candidate) + " -c 'import cryptography'") == 0)
        python_ = candidate;
    if (!python_) GTEST_SKIP() << "needs the Debian package python3-cryptography";
    folder_ = std::filesystem::path(testing::TempDir()) /
              ("oppiloki-interop-" + std::to_string(static_cast<unsigned long long>(::getpid())));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  /// Exit code of a command.
  static int Run(const std::string& command) {
    const int status = std::system((command + " >/dev/null 2>&1").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  /// The independent verdict on `content`: 0 good, 1 refused.
  int Check(const std::string& content, const std::vector<VerifierKey>& keys,
            const std::optional<NodeHash>& leaf = std::nullopt) const {
    const auto file = folder_ / "file";
    std::ofstream(file, std::ios::binary) << content;
    std::string command = *python_ + " -B '" OPPI_SOURCE_DIR "/tests/interop/check_note.py'";
    for (const VerifierKey& key : keys) command += " --key '" + FormatVerifierKey(key) + "'";
    if (leaf) command += " --leaf " + leaf->hex();
    return Run(command + " '" + file.string() + "'");
  }

  std::optional<std::string> python_;
  std::filesystem::path folder_;
};

TEST_F(Interop, OurNotesAndCosignaturesVerifyElsewhere) {
  const auto log = TestKey(kOrigin, 1);
  const auto witness = TestKey("witness.example/w", 2);
  const std::string text = CheckpointText({kOrigin, TreeSize(7), HashOf<RootHash>("root"), {}});
  const std::string note =
      FormatNote({text, {SignNote(text, log), Cosign(text, witness, 1700000000)}});
  EXPECT_EQ(Check(note, {log.verifier(), witness.verifier(kCosignatureType)}), 0);
  EXPECT_EQ(Check(note, {log.verifier(), witness.verifier(kNoteSignatureType)}), 1);
  EXPECT_EQ(Check(note, {TestKey(kOrigin, 3).verifier()}), 1);
  std::string changed = note;
  changed[changed.find("\n7\n") + 1] = '8';
  EXPECT_EQ(Check(changed, {log.verifier()}), 1);
}

TEST_F(Interop, OurReceiptsVerifyElsewhere) {
  const auto log = TestKey(kOrigin, 1);
  for (const std::uint64_t size : {1U, 2U, 7U, 8U, 300U}) {
    SCOPED_TRACE(size);
    const auto leaves = tests::SomeLeaves(size);
    const auto index = size * 2 / 3;
    TlogProof proof{
        std::nullopt, LeafIndex(index),
        *merkle::InclusionProof(LeafIndex(index), TreeSize(size), tests::ReaderOf(leaves)),
        SignCheckpoint({kOrigin, TreeSize(size), tests::RootOf(leaves, size), {}}, log)};
    if (size > 2) proof.extra = "something beside it";
    EXPECT_EQ(Check(FormatTlogProof(proof), {log.verifier()}, leaves[index]), 0);
    EXPECT_EQ(Check(FormatTlogProof(proof), {log.verifier()}, HashLeaf("another")), 1);
    if (!proof.path.empty()) {
      proof.path[0].bytes[0] ^= 1;
      EXPECT_EQ(Check(FormatTlogProof(proof), {log.verifier()}, leaves[index]), 1);
    }
  }
}

}  // namespace
}  // namespace oppi::ledger
