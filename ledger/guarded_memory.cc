#include "ledger/guarded_memory.h"

#include <sodium.h>

#include <cstring>
#include <new>

#include "events/check.h"

namespace oppi::ledger {
namespace {

/// Locks what it can: when the limit is reached the bytes are guarded and wiped all the same.
void* Allocate(std::size_t size) {
  OPPI_CHECK(sodium_init() >= 0);
  void* const bytes = sodium_malloc(size);
  OPPI_CHECK(bytes != nullptr);
  return bytes;
}

}  // namespace

GuardedBytes::GuardedBytes(std::size_t size) : bytes_(static_cast<unsigned char*>(Allocate(size))), size_(size) {
  if (size > 0) std::memset(bytes_.get(), 0, size);
}

GuardedBytes::GuardedBytes(ByteView secret) : GuardedBytes(secret.size()) {
  if (!secret.empty()) std::memcpy(bytes_.get(), secret.data(), secret.size());
}

void GuardedBytes::Shorten(std::size_t size) {
  OPPI_CHECK(size <= size_);
  size_ = size;
}

void GuardedBytes::Free::operator()(unsigned char* bytes) const { sodium_free(bytes); }

GuardedKey::GuardedKey(const SecretKey& key) : key_(new (Allocate(sizeof(SecretKey))) SecretKey(key)) {
  OPPI_CHECK(sodium_mprotect_readonly(key_.get()) == 0);
}

void GuardedKey::Free::operator()(SecretKey* key) const {
  OPPI_CHECK(sodium_mprotect_readwrite(key) == 0);
  key->~SecretKey();
  sodium_free(key);
}

}  // namespace oppi::ledger
