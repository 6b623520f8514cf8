#include "events/entropy.h"

#include <sodium.h>

#include <cstring>

namespace oppi {

SystemEntropy::SystemEntropy() {
  static const bool ready = [] {
    randombytes_set_implementation(&randombytes_internal_implementation);
    return sodium_init() >= 0;
  }();
  OPPI_CHECK(ready);
}

void SystemEntropy::Fill(std::span<unsigned char> out) { randombytes_buf(out.data(), out.size()); }

void SeededEntropy::Fill(std::span<unsigned char> out) {
  std::array<unsigned char, crypto_stream_chacha20_KEYBYTES> key{};
  std::array<unsigned char, crypto_stream_chacha20_NONCEBYTES> nonce{};
  static_assert(crypto_stream_chacha20_NONCEBYTES == sizeof(counter_));
  std::memcpy(key.data(), &seed_, sizeof(seed_));
  std::memcpy(nonce.data(), &counter_, sizeof(counter_));
  ++counter_;
  crypto_stream_chacha20(out.data(), out.size(), nonce.data(), key.data());
}

}  // namespace oppi
