#include "ops/file_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <vector>

#include "ledger/descriptor.h"
#include "ledger/durable_file.h"

namespace oppi::ops {
namespace {

using ledger::Descriptor;

namespace fs = std::filesystem;

constexpr std::size_t kBlock = std::size_t{1} << 20;

Error FromErrno(const char* doing, const std::string& path) {
  const int code = errno;
  const std::string message = std::string(doing) + " " + path + ": " + std::strerror(code);
  if (code == EACCES || code == EPERM || code == EROFS) return PermissionDenied(message);
  if (code == ENOSPC || code == EDQUOT) return ResourceExhausted(message);
  return DataLoss(message);
}

struct Tree {
  std::vector<std::string> folders;            // as seen from the root, parents first
  std::map<std::string, std::uint64_t> files;  // and their sizes
  std::uint64_t bytes = 0;
};

Result<Tree> TreeOf(const std::string& root) {
  Tree tree;
  std::error_code error;
  fs::recursive_directory_iterator at(root, error);
  for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().lexically_relative(root).string();
    const fs::file_status status = at->symlink_status(error);
    if (error) break;
    if (fs::is_directory(status)) {
      tree.folders.push_back(name);
    } else if (fs::is_regular_file(status)) {
      const std::uint64_t size = at->file_size(error);
      if (error) break;
      tree.files.emplace(name, size);
      tree.bytes += size;
    } else {
      return DataLoss("neither a file nor a folder: " + at->path().string());
    }
  }
  if (error == std::errc::permission_denied) return PermissionDenied("cannot read all of " + root);
  if (error) return DataLoss("cannot read " + root + ": " + error.message());
  return tree;
}

/// `each` sees the file block by block.
Status ReadBlocks(const std::string& path, const std::function<Status(ByteView)>& each) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (fd.get() < 0) return FromErrno("cannot open", path);
  Bytes block(kBlock, '\0');
  for (;;) {
    const ssize_t n = ::read(fd.get(), block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FromErrno("cannot read", path);
    if (n == 0) return {};
    OPPI_RETURN_IF_ERROR(each(ByteView(block).substr(0, static_cast<std::size_t>(n))));
  }
}

Status CopyFile(const std::string& from, const std::string& to) {
  const Descriptor fd(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (fd.get() < 0) return FromErrno("cannot create", to);
  const auto write = [&](ByteView block) -> Status {
    while (!block.empty()) {
      const ssize_t n = ::write(fd.get(), block.data(), block.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return FromErrno("cannot write", to);
      block.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
  };
  OPPI_RETURN_IF_ERROR(ReadBlocks(from, write));
  if (::fsync(fd.get()) != 0) return FromErrno("cannot sync", to);
  return {};
}

/// True when the file has become a second name of the first one.
Result<bool> ShareFile(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) != 0) return false;
  const Descriptor fd(::open(to.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0 || ::fchmod(fd.get(), 0600) != 0 || ::fsync(fd.get()) != 0)
    return FromErrno("cannot sync", to);
  return true;
}

/// RocksDB writes these once; what else lies in its folder is small and copied.
bool IsNeverChanged(const std::string& name) { return name.ends_with(".sst"); }

Result<Sha256Digest> HashFile(const std::string& path) {
  Sha256 hash;
  OPPI_RETURN_IF_ERROR(ReadBlocks(path, [&hash](ByteView block) {
    hash.Update(block);
    return Status();
  }));
  return hash.Final<Sha256Digest>();
}

std::string NameOf(const std::string& folder) { return fs::path(folder).filename().string(); }

}  // namespace

Status SyncFolder(const std::string& folder) {
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return FromErrno("cannot open", folder);
  if (::fsync(fd.get()) != 0) return FromErrno("cannot sync", folder);
  return {};
}

Status MakePrivateFolder(const std::string& folder) {
  const std::string parent = fs::path(folder).parent_path().string();
  std::error_code error;
  if (!parent.empty() && !fs::exists(parent, error))
    OPPI_RETURN_IF_ERROR(MakePrivateFolder(parent));
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return FromErrno("cannot make", folder);
  if (::chmod(folder.c_str(), 0700) != 0) return FromErrno("cannot set the mode of", folder);
  return SyncFolder(parent.empty() ? "." : parent);
}

Status CopyTree(const std::string& from, const std::string& to, bool may_share,
                const CopyProgressFn& progress) {
  OPPI_TRY(const Tree tree, TreeOf(from));
  OPPI_RETURN_IF_ERROR(MakePrivateFolder(to));
  for (const std::string& folder : tree.folders)
    OPPI_RETURN_IF_ERROR(MakePrivateFolder(to + "/" + folder));
  std::uint64_t done = 0;
  for (const auto& [name, size] : tree.files) {
    const std::string source = from + "/" + name;
    const std::string target = to + "/" + name;
    bool shared = false;
    if (may_share && IsNeverChanged(name)) {
      OPPI_TRY(shared, ShareFile(source, target));
    }
    if (!shared) OPPI_RETURN_IF_ERROR(CopyFile(source, target));
    done += size;
    if (progress) progress("copying", done, tree.bytes);
  }
  for (const std::string& folder : tree.folders)
    OPPI_RETURN_IF_ERROR(SyncFolder(to + "/" + folder));
  return SyncFolder(to);
}

Result<Sha256Digest> ListTree(const std::string& folder, const CopyProgressFn& progress) {
  OPPI_TRY(const Tree tree, TreeOf(folder));
  std::string list;
  std::uint64_t done = 0;
  for (const auto& [name, size] : tree.files) {
    OPPI_TRY(const Sha256Digest hash, HashFile(folder + "/" + name));
    list += hash.hex() + "  " + NameOf(folder) + "/" + name + "\n";
    done += size;
    if (progress) progress("hashing", done, tree.bytes);
  }
  OPPI_RETURN_IF_ERROR(ledger::WriteFileDurably(folder + ".sha256", list, 0600));
  return HashOf(list);
}

Status CheckTree(const std::string& folder, const std::string& list_path, const Sha256Digest& list,
                 const CopyProgressFn& progress) {
  OPPI_TRY(const auto text, ledger::ReadFileIfThere(list_path));
  if (!text) return DataLoss("the list " + list_path + " is missing");
  if (HashOf(*text) != list)
    return DataLoss("the list " + list_path + " is damaged, or of another backup");
  OPPI_TRY(Tree tree, TreeOf(folder));
  std::uint64_t done = 0;
  ByteView rest = *text;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const ByteView line = rest.substr(0, end);
    rest.remove_prefix(std::min(rest.size(), end == ByteView::npos ? rest.size() : end + 1));
    const std::size_t slash = line.find('/');
    if (slash == ByteView::npos || line.size() < 66)
      return DataLoss("the list " + list_path + " is damaged");
    const std::string name(line.substr(slash + 1));
    const auto file = tree.files.find(name);
    if (file == tree.files.end()) return DataLoss("a file is missing: " + folder + "/" + name);
    OPPI_TRY(const Sha256Digest hash, HashFile(folder + "/" + name));
    if (hash.hex() != line.substr(0, 64))
      return DataLoss("a file is damaged: " + folder + "/" + name);
    done += file->second;
    if (progress) progress("checking", done, tree.bytes);
    tree.files.erase(file);
  }
  if (!tree.files.empty())
    return DataLoss("a file does not belong there: " + folder + "/" + tree.files.begin()->first);
  return {};
}

Status DestroyTree(const std::string& folder, Entropy& entropy) {
  std::error_code error;
  if (!fs::exists(folder, error)) return {};
  OPPI_TRY(const Tree tree, TreeOf(folder));
  for (const auto& [name, size] : tree.files)
    if (name.ends_with(".key") || name.ends_with(".key.new"))
      OPPI_RETURN_IF_ERROR(ledger::DestroyFile(folder + "/" + name, entropy));
  fs::remove_all(folder, error);
  if (error) return PermissionDenied("cannot remove " + folder + ": " + error.message());
  const std::string parent = fs::path(folder).parent_path().string();
  return SyncFolder(parent.empty() ? "." : parent);
}

}  // namespace oppi::ops
