#include "ledger/master_key.h"

#include "ledger/guarded_memory.h"
#include "ledger/sealing.h"

namespace oppi::ledger {
namespace {

class MemoryMasterKey final : public MasterKey {
 public:
  explicit MemoryMasterKey(const SecretKey& key) : key_(key) {}

  Result<Bytes> Wrap(ByteView plain, ByteView bound_to, Entropy& entropy) override {
    return Seal(key_.get(), plain, bound_to, entropy);
  }

  Result<Bytes> Unwrap(ByteView wrapped, ByteView bound_to) override {
    auto plain = Unseal(key_.get(), wrapped, bound_to);
    if (!plain.ok()) return PermissionDenied("the master key does not open this");
    return plain;
  }

 private:
  const GuardedKey key_;
};

}  // namespace

std::shared_ptr<MasterKey> MasterKeyOf(const SecretKey& key) { return std::make_shared<MemoryMasterKey>(key); }

}  // namespace oppi::ledger
