#pragma once

#include <array>
#include <string_view>

#include "events/bytes.h"
#include "events/entropy.h"
#include "events/result.h"
#include "ledger/guarded_memory.h"
#include "ledger/vrf.h"

namespace oppi::ledger {

/// The proving half of C2SP vrf-r255. One key a log: it says who is behind which label, so it lies
/// in guarded, locked memory, and what it computes on takes the same time for every key. Move-only.
/// Const members: any thread.
class VrfSecretKey {
 public:
  /// A key that nobody has chosen.
  [[nodiscard]] static VrfSecretKey Generate(Entropy& entropy);
  /// The same key again and again: as secret as `key`, and apart from what else is made of it.
  [[nodiscard]] static VrfSecretKey Derive(const SecretKey& key, std::string_view context);
  /// Errors: kInvalidArgument unless the bytes are a canonical scalar that is not zero.
  [[nodiscard]] static Result<VrfSecretKey> From(const SecretKey& scalar);

  [[nodiscard]] const VrfPublicKey& public_key() const { return public_; }
  /// The scalar, to be sealed and kept.
  [[nodiscard]] const SecretKey& scalar() const { return scalar_.get(); }

  /// The output alone: about half the work of a proof.
  [[nodiscard]] VrfOutput Hash(ByteView input) const;
  struct Proved {
    VrfOutput output;
    VrfProof proof;
  };
  /// Deterministic: the same input always gives the same proof.
  [[nodiscard]] Proved Prove(ByteView input) const;

 private:
  explicit VrfSecretKey(const SecretKey& scalar);
  [[nodiscard]] static VrfSecretKey Reduced(std::array<unsigned char, 64>& wide);

  GuardedKey scalar_;
  VrfPublicKey public_;
};

}  // namespace oppi::ledger
