#include "ledger/checkpoint_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "events/bytes.h"
#include "ledger/durable_file.h"

namespace oppi::ledger {
namespace {

constexpr std::string_view kMagic = "oppilock";
constexpr std::size_t kBodyBytes = 8 + 8 + kDigestBytes;
constexpr std::size_t kSlotBytes = 512;  // one sector: never torn together with the other
static_assert(kBodyBytes + kDigestBytes < kSlotBytes);

Bytes EncodeSlot(const CheckpointLock::Value& value) {
  Bytes slot(kMagic);
  ByteWriter w(slot);
  w.U64(value.size.value());
  w.Raw(value.root.view());
  w.Raw(HashOf(slot).view());
  slot.resize(kSlotBytes, '\0');
  return slot;
}

std::optional<CheckpointLock::Value> DecodeSlot(ByteView slot) {
  if (slot.size() != kSlotBytes || !slot.starts_with(kMagic)) return std::nullopt;
  if (slot.substr(kBodyBytes, kDigestBytes) != HashOf(slot.substr(0, kBodyBytes)).view()) return std::nullopt;
  ByteReader r(slot.substr(kMagic.size()));
  CheckpointLock::Value value;
  value.size = TreeSize(r.U64());
  value.root = *RootHash::From(r.Raw(kDigestBytes));
  return value;
}

class FileLock final : public CheckpointLock {
 public:
  explicit FileLock(int fd) : fd_(fd) {}
  ~FileLock() override { ::close(fd_); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  Result<std::optional<Value>> Read() override {
    std::optional<Value> newest;
    bool any = false;
    for (off_t slot = 0; slot < 2; ++slot) {
      std::array<char, kSlotBytes> bytes{};
      const ssize_t n = ::pread(fd_, bytes.data(), bytes.size(), slot * static_cast<off_t>(kSlotBytes));
      if (n < 0) return DataLoss("checkpoint lock: cannot read");
      any = any || n > 0;
      const auto value = DecodeSlot({bytes.data(), static_cast<std::size_t>(n)});
      if (value && (!newest || value->size > newest->size)) {
        newest = value;
        next_slot_ = 1 - slot;
      }
    }
    if (any && !newest) return DataLoss("checkpoint lock: neither slot is valid");
    return newest;
  }

  Status Advance(const Value& value) override {
    const Bytes slot = EncodeSlot(value);
    const ssize_t n = ::pwrite(fd_, slot.data(), slot.size(), next_slot_ * static_cast<off_t>(kSlotBytes));
    if (n != static_cast<ssize_t>(slot.size()) || ::fdatasync(fd_) != 0)
      return DataLoss(std::string("checkpoint lock: outcome unknown: ") + std::strerror(errno));
    next_slot_ = 1 - next_slot_;
    return {};
  }

 private:
  int fd_;
  off_t next_slot_ = 0;
};

}  // namespace

Result<std::unique_ptr<CheckpointLock>> OpenFileLock(const std::string& path) {
  OPPI_TRY(const std::optional<Bytes> there, ReadFileIfThere(path));
  if (!there) OPPI_RETURN_IF_ERROR(WriteFileDurably(path, "", 0600));
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return PermissionDenied("checkpoint lock: cannot open " + path);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    ::close(fd);
    return Unavailable("this ledger is open in another process; ask it through --url instead");
  }
  return std::unique_ptr<CheckpointLock>(std::make_unique<FileLock>(fd));
}

}  // namespace oppi::ledger
