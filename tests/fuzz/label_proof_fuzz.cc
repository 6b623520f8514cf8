// A label proof, a state receipt, a stream head or a label entry that decodes is exactly the bytes it
// is written as; none verifies under a key and a root that it was not made for.

#include <cstddef>
#include <cstdint>

#include "events/check.h"
#include "ledger/label_proof.h"
#include "ledger/state_receipt.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace oppi::ledger;
  const oppi::ByteView bytes(reinterpret_cast<const char*>(data), size);
  if (const auto head = DecodeStreamHead(bytes); head.ok())
    OPPI_CHECK(EncodeStreamHead(*head) == bytes);
  if (const auto entry = DecodeLabelEntry(bytes); entry.ok())
    OPPI_CHECK(EncodeLabelEntry(*entry) == bytes);
  if (const auto receipt = DecodeStateReceipt(bytes); receipt.ok())
    OPPI_CHECK(EncodeStateReceipt(*receipt) == bytes);
  const auto proof = DecodeLabelProof(bytes);
  if (!proof.ok()) return 0;
  OPPI_CHECK(EncodeLabelProof(*proof) == bytes);
  VrfPublicKey key;  // the generator: nobody has proved anything under it
  const auto raw =
      *oppi::FromHex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76");
  for (std::size_t i = 0; i < raw.size(); ++i) key.bytes[i] = static_cast<unsigned char>(raw[i]);
  OPPI_CHECK(!VerifyEntryProof(*proof, "nobody", key, {}).ok());
  OPPI_CHECK(!VerifyStreamProof(*proof, {proof->kind, oppi::Bytes(16, 'h')}, key, {}).ok());
  return 0;
}
