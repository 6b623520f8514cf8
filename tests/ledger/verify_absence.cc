// oppi_verify_absence FILE: is "nobody" proved to be absent by this state receipt of the test log?
// Linked with the verifying half of the ledger alone.

#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "ledger/state_receipt.h"

namespace {

using namespace oppi::ledger;

oppi::Status Verify(const std::string& text) {
  std::array<unsigned char, oppi::kSeedBytes> seed{};
  seed.fill(1);  // the log key of tests/ledger/test_keys.h
  const oppi::NamedSigningKey log{"oppiloki.example/state", oppi::SigningKey::FromSeed(seed)};
  OPPI_TRY(const TlogProof proof, ParseTlogProof(text));
  OPPI_TRY(const ProvedState state, VerifyStateReceipt(proof, log.verifier()));
  if (!state.current || state.proofs.size() != 1)
    return oppi::InvalidArgument("not a current state with one proof");
  OPPI_TRY(const ProvedEntry entry,
           VerifyEntryProof(state.proofs[0], "nobody", state.vrf_key, state.leaf.map_root));
  if (entry.entry) return oppi::InvalidArgument("there is an entry");
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::ifstream in(argv[1], std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const oppi::Status verified = Verify(text);
  std::puts(verified.ok() ? "absent" : verified.error().message.c_str());
  if (!verified.ok()) return 1;
  // The same with one character changed must fail, or this program proves nothing.
  std::string changed = text;
  const auto at = changed.find("extra ") + 200;
  changed[at] = changed[at] == 'A' ? 'B' : 'A';
  return Verify(changed).ok() ? 1 : 0;
}
