#include "ops/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "ledger/descriptor.h"
#include "ledger/durable_file.h"

namespace oppi::ops {
namespace {

using ledger::Descriptor;

constexpr std::size_t kSecretFileBytesMax = 64 * 1024;

/// Reads `path` unless a bit of `forbidden` is set in its mode. What is checked is what is read.
Result<ledger::GuardedBytes> ReadChecked(const std::string& path, mode_t forbidden) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0 && errno == EACCES) return PermissionDenied("may not read the key file " + path + "; run this as its owner");
  if (fd.get() < 0) return NotFound("no key file at " + path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return InvalidArgument("the key file " + path + " is not a file");
  if (info.st_uid != ::geteuid() && info.st_uid != 0)
    return PermissionDenied("the key file " + path + " belongs to another user; run this as that user, or: chown " +
                            std::to_string(::geteuid()) + " " + path);
  if ((info.st_mode & forbidden) != 0)
    return PermissionDenied("the key file " + path + " can be read by others; run: chmod 600 " + path);
  if (info.st_size > static_cast<off_t>(kSecretFileBytesMax)) return InvalidArgument("the key file " + path + " is too large for one");
  ledger::GuardedBytes bytes(static_cast<std::size_t>(info.st_size));
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::read(fd.get(), bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Unavailable("cannot read " + path + ": " + std::strerror(errno));
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  bytes.Shorten(done);
  return bytes;
}

}  // namespace

Result<ledger::GuardedBytes> ReadSecretFile(const std::string& path) { return ReadChecked(path, 077); }

Status WriteSecretFile(const std::string& path, ByteView bytes) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) return AlreadyExists("there is a file at " + path + " already");
  return ledger::WriteFileDurably(path, bytes, 0600);
}

Result<ledger::GuardedBytes> ReadCredential(const std::string& name) {
  const char* const directory = std::getenv("CREDENTIALS_DIRECTORY");
  const std::string setting = "LoadCredentialEncrypted=" + name;
  if (directory == nullptr || *directory == '\0')
    return NotFound("systemd gave this process no credentials; put " + setting +
                    " into the service's unit, or try it by hand: systemd-run --pty -p " + setting + " oppiloki ...");
  // systemd lets the service in by an access list, which shows as a group bit.
  auto bytes = ReadChecked(std::string(directory) + "/" + name, 037);
  if (!bytes.ok() && bytes.error().code == Code::kNotFound)
    return NotFound("systemd gave this service no credential " + name + "; its unit needs " + setting);
  return bytes;
}

void DropLineEnd(ledger::GuardedBytes& text) {
  if (text.view().ends_with('\n')) text.Shorten(text.size() - 1);
  if (text.view().ends_with('\r')) text.Shorten(text.size() - 1);
}

}  // namespace oppi::ops
