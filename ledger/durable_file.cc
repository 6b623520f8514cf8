#include "ledger/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "ledger/descriptor.h"

namespace oppi::ledger {
namespace {

Error FromErrno(const std::string& path, const char* doing) {
  const int code = errno;
  const std::string message = std::string(doing) + " " + path + ": " + std::strerror(code);
  if (code == EACCES || code == EPERM) return PermissionDenied(message);
  if (code == ENOSPC || code == EDQUOT) return ResourceExhausted(message);
  return DataLoss(message);
}

}  // namespace

Result<std::optional<Bytes>> ReadFileIfThere(const std::string& path) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) {
    if (errno == ENOENT) return std::optional<Bytes>();
    return FromErrno(path, "cannot open");
  }
  Bytes bytes;
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::read(fd.get(), buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FromErrno(path, "cannot read");
    if (n == 0) return std::optional(std::move(bytes));
    bytes.append(buffer, static_cast<std::size_t>(n));
  }
}

namespace {

Status WriteAll(int fd, const std::string& path, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FromErrno(path, "cannot write");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace

Status WriteFileDurably(const std::string& path, ByteView bytes, mode_t mode) {
  const std::string folder = FolderOf(path);
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0) return FromErrno(folder, "cannot open");
  const std::string temporary = path + ".new";
  Descriptor fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (fd.get() < 0) return FromErrno(temporary, "cannot create");
  // Whatever the umask is, and whatever mode an interrupted write left.
  if (::fchmod(fd.get(), mode) != 0) return FromErrno(temporary, "cannot set the mode of");
  OPPI_RETURN_IF_ERROR(WriteAll(fd.get(), temporary, bytes));
  if (::fsync(fd.get()) != 0) return FromErrno(temporary, "cannot sync");
  if (::close(fd.Release()) != 0) return FromErrno(temporary, "cannot close");
  if (::rename(temporary.c_str(), path.c_str()) != 0) return FromErrno(path, "cannot rename to");
  if (::fsync(directory.get()) != 0) return FromErrno(folder, "cannot sync");
  return {};
}

Status DestroyFile(const std::string& path, Entropy& entropy) {
  const std::string folder = FolderOf(path);
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0) return FromErrno(folder, "cannot open");
  {
    const Descriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (fd.get() < 0) return errno == ENOENT ? Status() : Status(FromErrno(path, "cannot open"));
    struct stat facts {};
    if (::fstat(fd.get(), &facts) != 0) return FromErrno(path, "cannot look at");
    OPPI_RETURN_IF_ERROR(WriteAll(fd.get(), path, entropy.Take(static_cast<std::size_t>(facts.st_size))));
    if (::fsync(fd.get()) != 0) return FromErrno(path, "cannot sync");
  }
  if (::unlink(path.c_str()) != 0) return FromErrno(path, "cannot remove");
  if (::fsync(directory.get()) != 0) return FromErrno(folder, "cannot sync");
  return {};
}

}  // namespace oppi::ledger
