#include "ops/vault_master.h"

#include <filesystem>

#include "ledger/checkpoint_lock.h"
#include "ledger/rewrap.h"

namespace oppi::ops {
namespace {

/// The key before the move: fetched when it is needed, because often it is gone.
class KeyBefore final : public ledger::MasterKey {
 public:
  KeyBefore(MasterKeySource source, std::string directory) : source_(std::move(source)), directory_(std::move(directory)) {}

  Result<Bytes> Wrap(ByteView plain, ByteView bound_to, Entropy& entropy) override {
    OPPI_TRY(const auto key, OpenMasterKey(source_, directory_));
    return key->Wrap(plain, bound_to, entropy);
  }
  Result<Bytes> Unwrap(ByteView wrapped, ByteView bound_to) override {
    OPPI_TRY(const auto key, OpenMasterKey(source_, directory_));
    return key->Unwrap(wrapped, bound_to);
  }

 private:
  const MasterKeySource source_;
  const std::string directory_;
};

/// Wraps by the new key; opens with either.
class MovingKey final : public ledger::MasterKey {
 public:
  MovingKey(std::shared_ptr<MasterKey> now, const MasterKeySource& before, const std::string& directory)
      : now_(std::move(now)), before_(before, directory) {}

  Result<Bytes> Wrap(ByteView plain, ByteView bound_to, Entropy& entropy) override { return now_->Wrap(plain, bound_to, entropy); }

  Result<Bytes> Unwrap(ByteView wrapped, ByteView bound_to) override {
    auto opened = now_->Unwrap(wrapped, bound_to);
    if (opened.ok() || opened.error().code != Code::kPermissionDenied) return opened;
    return before_.Unwrap(wrapped, bound_to);
  }

 private:
  const std::shared_ptr<MasterKey> now_;
  KeyBefore before_;
};

/// One file under two names: whoever then destroyed "the old one" would have none.
bool IsSameFile(const MasterKeySource& a, const MasterKeySource& b, const std::string& directory) {
  if (a.kind != MasterKeySource::Kind::kFile || b.kind != a.kind) return false;
  std::error_code error;
  return std::filesystem::equivalent(std::filesystem::path(directory) / a.file, std::filesystem::path(directory) / b.file, error);
}

}  // namespace

Result<std::shared_ptr<ledger::MasterKey>> OpenVaultMaster(const NodeConfig& config, const std::string& directory) {
  OPPI_TRY(auto master, OpenMasterKey(config.master, directory));
  if (!config.master_before) return master;
  return std::shared_ptr<ledger::MasterKey>(std::make_shared<MovingKey>(std::move(master), *config.master_before, directory));
}

Status MoveVaultMaster(const std::string& directory, const MasterKeySource& to, Entropy& entropy) {
  const std::string settings = directory + "/ledger.toml";
  OPPI_TRY(NodeConfig config, ReadConfig(settings));
  OPPI_TRY(const auto lock, ledger::OpenFileLock(directory + "/lock/checkpoint"));
  if (config.master_before && config.master != to)
    return InvalidArgument("the move of the master key to " + Describe(config.master) + " is unfinished; finish it first");
  if (!config.master_before && config.master == to) return AlreadyExists("the master key is " + Describe(to) + " already");
  const MasterKeySource before = config.master_before ? *config.master_before : config.master;
  if (IsSameFile(before, to, directory)) return AlreadyExists("the master key is in that file already");

  // 1 the new key is there and works  2 the settings name both  3 every file is under the new one
  // 4 the settings name the new one alone
  OPPI_RETURN_IF_ERROR(MakeMasterKey(to, directory, entropy));
  if (!config.master_before) OPPI_RETURN_IF_ERROR(OpenMasterKey(before, directory));
  KeyBefore from_key(before, directory);
  OPPI_TRY(const auto to_key, OpenMasterKey(to, directory));
  OPPI_RETURN_IF_ERROR(WriteMasterSetting(settings, to, &before));
  OPPI_RETURN_IF_ERROR(ledger::RewrapGenerationKeys(directory + "/vault", from_key, *to_key, entropy));
  return WriteMasterSetting(settings, to, nullptr);
}

}  // namespace oppi::ops
