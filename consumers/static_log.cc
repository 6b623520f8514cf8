#include "consumers/static_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "events/tree_hash.h"
#include "ledger/descriptor.h"
#include "ledger/durable_file.h"
#include "ledger/merkle/compact_range.h"

namespace oppi::consumers {

using ledger::Checkpoint;
using ledger::merkle::CompactRange;
using ledger::merkle::kTileHeight;
using ledger::merkle::kTileWidth;
using ledger::merkle::TileId;

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kTileBytes = kTileWidth * kDigestBytes;

Result<Checkpoint> CheckpointIn(const std::string& note) {
  OPPI_TRY(const ledger::Note parsed, ledger::ParseNote(note));
  return ledger::ParseCheckpointText(parsed.text);
}

/// One export: what is written where.
class Folder {
 public:
  explicit Folder(std::string path) : path_(std::move(path)) {}

  /// What an export before this one left here.
  Status Take(const Checkpoint& now) {
    OPPI_RETURN_IF_ERROR(MakeFolder(path_));
    OPPI_TRY(const auto note, ledger::ReadFileIfThere(path_ + "/checkpoint"));
    if (!note) return {};
    const auto before = CheckpointIn(*note);
    if (!before.ok() || before->origin != now.origin)
      return AlreadyExists("something else than this log is in " + path_);
    if (now.size < before->size)
      return AlreadyExists(path_ + " has the log at size " + std::to_string(before->size.value()) +
                           ", which is newer");
    before_ = *before;
    return {};
  }

  Status Write(const TileId& id, ByteView bytes) {
    const std::string path = path_ + "/" + TilePath(id);
    OPPI_TRY(const auto there, ledger::ReadFileIfThere(path));
    if (there && ByteView(*there) == bytes) {
      ++report.files_kept;
      return {};
    }
    // Whole tiles below the checkpoint of before were complete and on the disk when that was
    // written.
    if (there && InsideBefore(id))
      return AlreadyExists(path + " is damaged, or of another tree; export into a new folder");
    OPPI_RETURN_IF_ERROR(MakeFolder(fs::path(path).parent_path()));
    OPPI_RETURN_IF_ERROR(Replace(path, bytes));
    ++report.files_written;
    report.bytes_written += bytes.size();
    return {};
  }

  /// The partial tiles that the full one makes needless.
  Status DropPartial(const TileId& id) const {
    std::error_code error;
    fs::remove_all(path_ + "/" + TilePath(id) + ".p", error);
    return error ? Status(
                       DataLoss("cannot remove partial tiles in " + path_ + ": " + error.message()))
                 : Status();
  }

  Status Finish(const std::string& note) {
    const ledger::Descriptor folder(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() < 0 || ::syncfs(folder.get()) != 0) return DataLoss("cannot sync " + path_);
    return ledger::WriteFileDurably(path_ + "/checkpoint", note, 0644);
  }

  [[nodiscard]] const std::optional<Checkpoint>& before() const { return before_; }
  ExportReport report;

 private:
  [[nodiscard]] bool InsideBefore(const TileId& id) const {
    return before_ && id.width == kTileWidth &&
           ledger::merkle::TileWidthAt(before_->size, id.level, id.index) == kTileWidth;
  }

  /// Public, whatever the process otherwise keeps to itself.
  static Status MakeFolder(const fs::path& path) {
    std::error_code error;
    if (fs::is_directory(path, error)) return {};
    if (path.has_parent_path()) OPPI_RETURN_IF_ERROR(MakeFolder(path.parent_path()));
    fs::create_directory(path, error);
    if (!error) fs::permissions(path, fs::perms(0755), error);
    return error ? Status(PermissionDenied("cannot make " + path.string() + ": " + error.message()))
                 : Status();
  }

  /// Whole or not at all; on the disk when everything is synced at the end.
  static Status Replace(const std::string& path, ByteView bytes) {
    const std::string fresh = path + ".new";
    const ledger::Descriptor file(
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (file.get() < 0) return PermissionDenied("cannot write " + fresh);
    while (!bytes.empty()) {
      const ssize_t n = ::write(file.get(), bytes.data(), bytes.size());
      if (n <= 0) return DataLoss("cannot write " + fresh);
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    if (::fchmod(file.get(), 0644) != 0 || ::rename(fresh.c_str(), path.c_str()) != 0)
      return DataLoss("cannot write " + path);
    return {};
  }

  const std::string path_;
  std::optional<Checkpoint> before_;
};

}  // namespace

TileSource LogInFolder(const std::string& folder) {
  const auto read = [folder](const std::string& path) -> Result<Bytes> {
    OPPI_TRY(auto bytes, ledger::ReadFileIfThere(folder + "/" + path));
    if (!bytes) return NotFound("there is no file " + path);
    return *std::move(bytes);
  };
  TileSource source;
  source.checkpoint = [read]() -> Result<std::string> { return read("checkpoint"); };
  source.tile = [read](const TileId& id) -> Result<Bytes> {
    auto tile = read(TilePath(id));
    if (tile.ok() || id.width == kTileWidth) return tile;
    // A partial tile may be gone once the full one is there; entry bundles are cut by whoever reads
    // them.
    TileId full = id;
    full.width = kTileWidth;
    auto whole = read(TilePath(full));
    if (!whole.ok()) return tile.error();
    if (!id.entries) whole->resize(std::min<std::size_t>(whole->size(), id.width * kDigestBytes));
    return whole;
  };
  return source;
}

Status DeriveTiles(const Checkpoint& checkpoint, const TileSource& source, const EachTileFn& each,
                   const LogProgressFn& progress) {
  const std::uint64_t size = checkpoint.size.value();
  CompactRange range;
  std::vector<Bytes> growing;  // by level of tiles: the hashes of the one that is not full
  Status result;
  const auto on_node = [&](unsigned level, std::uint64_t index, const NodeHash& hash) {
    if (level % kTileHeight != 0) return;
    const unsigned tile_level = level / kTileHeight;
    if (growing.size() <= tile_level) growing.resize(tile_level + 1);
    Bytes& tile = growing[tile_level];
    tile += hash.view();
    if (tile.size() != kTileBytes) return;
    if (result.ok()) result = each({false, tile_level, index / kTileWidth, kTileWidth}, tile);
    tile.clear();
  };
  for (std::uint64_t n = 0; n * kTileWidth < size; ++n) {
    if (progress) progress(n * kTileWidth, size);
    const auto width =
        static_cast<unsigned>(std::min<std::uint64_t>(kTileWidth, size - n * kTileWidth));
    const TileId id{true, 0, n, width};
    OPPI_TRY(Bytes bundle, source.tile(id));
    const auto entries = ledger::merkle::SplitBundle(bundle);
    if (!entries.ok() || entries->size() < width)
      return DataLoss("the entry bundle " + std::to_string(n) + " is malformed or too short");
    Bytes exact;
    for (unsigned i = 0; i < width; ++i) {
      ledger::merkle::AppendEntry(exact, (*entries)[i]);
      range.Append(HashLeaf((*entries)[i]), on_node);
    }
    OPPI_RETURN_IF_ERROR(result);
    OPPI_RETURN_IF_ERROR(each(id, exact));
  }
  if (range.Root() != checkpoint.root)
    return DataLoss("the entries do not make the tree that was signed at size " +
                    std::to_string(size));
  for (unsigned level = 0; level < growing.size(); ++level)
    if (const auto width = static_cast<unsigned>(growing[level].size() / kDigestBytes); width != 0)
      OPPI_RETURN_IF_ERROR(each({false, level, (size >> (kTileHeight * level)) / kTileWidth, width},
                                growing[level]));
  return {};
}

Result<ExportReport> ExportLog(const std::string& note, const TileSource& source,
                               const std::string& path, const LogProgressFn& progress) {
  OPPI_TRY(const Checkpoint checkpoint, CheckpointIn(note));
  Folder folder(path);
  OPPI_RETURN_IF_ERROR(folder.Take(checkpoint));
  std::vector<TileId> full;  // written now: their partial ones go when the new checkpoint is there
  const Status derived = DeriveTiles(
      checkpoint, source,
      [&](const TileId& id, ByteView bytes) -> Status {
        const std::uint64_t before = folder.report.files_written;
        OPPI_RETURN_IF_ERROR(folder.Write(id, bytes));
        if (id.width == kTileWidth && folder.report.files_written != before) full.push_back(id);
        return {};
      },
      progress);
  OPPI_RETURN_IF_ERROR(derived);
  if (const auto& before = folder.before(); before && before->size != TreeSize(0)) {
    const auto nodes = ledger::merkle::NodesFromTiles(checkpoint.size, LogInFolder(path).tile);
    OPPI_TRY(const RootHash root, ledger::merkle::RootAt(before->size, nodes));
    if (root != before->root) return AlreadyExists("the log in " + path + " is of another tree");
  }
  OPPI_RETURN_IF_ERROR(folder.Finish(note));
  for (const TileId& id : full) OPPI_RETURN_IF_ERROR(folder.DropPartial(id));
  return folder.report;
}

}  // namespace oppi::consumers
