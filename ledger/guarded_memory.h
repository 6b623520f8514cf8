#pragma once

#include <cstddef>
#include <memory>

#include "events/bytes.h"
#include "ledger/secret_key.h"

/// Secrets that stay where they are: between guard pages, locked into memory as far as RLIMIT_MEMLOCK
/// allows, never in a core dump, wiped when they go. Some pages each: for keys that unlock other keys,
/// not for the keys of learners (ledger/locked_memory.h).

namespace oppi::ledger {

/// Secret bytes: PINs, key files while they are read.
class GuardedBytes {
 public:
  GuardedBytes() = default;
  /// Zeros.
  explicit GuardedBytes(std::size_t size);
  explicit GuardedBytes(ByteView secret);

  [[nodiscard]] unsigned char* data() { return bytes_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] ByteView view() const { return {reinterpret_cast<const char*>(bytes_.get()), size_}; }
  /// Less of them than before. Requires size <= size().
  void Shorten(std::size_t size);

 private:
  struct Free {
    void operator()(unsigned char* bytes) const;
  };
  std::unique_ptr<unsigned char, Free> bytes_;
  std::size_t size_ = 0;
};

/// A key that unlocks other keys. Read-only once it is made.
class GuardedKey {
 public:
  explicit GuardedKey(const SecretKey& key);
  [[nodiscard]] const SecretKey& get() const { return *key_; }

 private:
  struct Free {
    void operator()(SecretKey* key) const;
  };
  std::unique_ptr<SecretKey, Free> key_;
};

}  // namespace oppi::ledger
