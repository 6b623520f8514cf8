// Map proofs that decode are exactly the bytes that they encode to; a proof of absence never
// verifies against the root that it proves the presence under.

#include <cstddef>
#include <cstdint>

#include "events/check.h"
#include "ledger/merkle/mpt.h"

namespace merkle = oppi::ledger::merkle;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const oppi::ByteView bytes(reinterpret_cast<const char*>(data), size);
  if (const auto path = merkle::DecodeMapPath(bytes); path.ok())
    OPPI_CHECK(merkle::EncodeMapPath(*path) == bytes);
  const auto absence = merkle::DecodeMapAbsence(bytes);
  if (!absence.ok()) return 0;
  OPPI_CHECK(merkle::EncodeMapAbsence(*absence) == bytes);
  if (absence->other) {
    OPPI_CHECK(!merkle::VerifyMapAbsence(absence->other->key, *absence, merkle::MapRoot{}).ok());
    OPPI_CHECK(!merkle::VerifyMapAbsence(merkle::MapKey{}, *absence, merkle::EmptyMapRoot()).ok());
  } else {
    OPPI_CHECK(merkle::VerifyMapAbsence(merkle::MapKey{}, *absence, merkle::EmptyMapRoot()).ok());
  }
  return 0;
}
