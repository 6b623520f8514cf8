#pragma once

#include <array>

#include "events/bytes.h"

namespace oppi::ledger {

/// 32 secret bytes that wipe themselves.
class SecretKey {
 public:
  SecretKey() = default;
  explicit SecretKey(const std::array<unsigned char, 32>& bytes) : bytes_(bytes) {}
  ~SecretKey();
  SecretKey(const SecretKey&) = default;
  SecretKey& operator=(const SecretKey&) = default;
  [[nodiscard]] const unsigned char* data() const { return bytes_.data(); }
  [[nodiscard]] ByteView view() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }

 private:
  std::array<unsigned char, 32> bytes_{};
};

}  // namespace oppi::ledger
