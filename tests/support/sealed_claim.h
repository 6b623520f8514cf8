#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "events/digest.h"

namespace oppi::tests {

/// Evidence that somebody altered, with the hash of its claim as that claim is now: what a forger who knows the
/// format would write.
inline std::string Sealed(nlohmann::ordered_json evidence) {
  evidence["claim_hash"] =
      Sha256().Update("oppiloki/claim/v1\n").Update(evidence["claim"].dump()).Final<Sha256Digest>().base64();
  return evidence.dump();
}

}  // namespace oppi::tests
