#include <emscripten/emscripten.h>

#include <cstdlib>
#include <string>

#include "projections/proof_text.h"

// The door of the WebAssembly build: one function, texts in, one JSON text out. ops/wasm/verify.mjs
// makes a JavaScript function of it. One thread at a time.

/// The verdict of projections::VerifyText as {"file":"","kind","holds","proved","failed"}; a policy
/// that cannot be used is a verdict of kind "policy". `incomplete`: not 0 accepts evidence that does
/// not show whole streams. Valid until the next call.
extern "C" EMSCRIPTEN_KEEPALIVE const char* oppi_verify(const char* file, std::size_t file_bytes,
                                                        const char* policy,
                                                        std::size_t policy_bytes, const char* about,
                                                        std::size_t about_bytes, int incomplete) {
  static std::string json;
  const auto trust = oppi::ledger::ParseTlogPolicy({policy, policy_bytes});
  const oppi::projections::Verdict verdict =
      trust.ok() ? oppi::projections::VerifyText({file, file_bytes}, *trust, {about, about_bytes},
                                                 {.complete = incomplete == 0})
                 : oppi::projections::Verdict{false, "policy", {}, trust.error().message};
  json = oppi::projections::VerdictJson("", verdict);
  return json.c_str();
}
