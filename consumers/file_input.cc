#include "consumers/file_input.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "consumers/json_splitter.h"

namespace oppi::consumers {
namespace {

constexpr std::size_t kBlockBytes = 128 * 1024;
/// How much of a plain file is looked at to find its shape.
constexpr std::size_t kHeadBytes = 1024 * 1024;
constexpr std::size_t kFolderFilesMax = 100'000;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ > STDERR_FILENO) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

struct ArchiveFree {
  void operator()(struct archive* a) const { archive_read_free(a); }
};
using ArchiveHandle = std::unique_ptr<struct archive, ArchiveFree>;

Error FromErrno(int number) {
  if (number == ENOENT || number == ENOTDIR) return NotFound("input: no such file");
  if (number == EACCES || number == EPERM) return PermissionDenied("input: may not be read");
  return InvalidArgument("input: cannot be read (errno " + std::to_string(number) + ")");
}

Result<Descriptor> OpenDescriptor(const std::string& path) {
  if (path == "-") return Descriptor(STDIN_FILENO);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FromErrno(errno);
  return Descriptor(fd);
}

/// One file or stream: an archive's entries, or one text cut by its shape.
class ArchiveInput final : public FileInput {
 public:
  ArchiveInput(Descriptor descriptor, std::string file_name, FileInputOptions options)
      : descriptor_(std::move(descriptor)),
        file_name_(std::move(file_name)),
        options_(std::move(options)) {}

  Status Start() {
    struct stat status {};
    if (::fstat(descriptor_.get(), &status) != 0) return FromErrno(errno);
    if (S_ISDIR(status.st_mode)) return InvalidArgument("input: is a folder");
    if (S_ISREG(status.st_mode)) total_ = static_cast<std::uint64_t>(status.st_size);
    archive_.reset(archive_read_new());
    if (!archive_) return ResourceExhausted("input: out of memory");
    struct archive* a = archive_.get();
    archive_read_support_filter_gzip(a);
    archive_read_support_filter_xz(a);
    archive_read_support_filter_zstd(a);
    archive_read_support_format_tar(a);
    archive_read_support_format_zip(a);
    archive_read_support_format_raw(a);
    archive_read_support_format_empty(a);
    if (archive_read_open_fd(a, descriptor_.get(), kBlockBytes) != ARCHIVE_OK) return Damaged();
    return {};
  }

  Result<std::optional<InputRecord>> Next() override {
    for (;;) {
      if (!in_entry_) {
        OPPI_TRY(const bool more, NextEntry());
        if (!more) return std::optional<InputRecord>();
      }
      OPPI_TRY(std::optional<InputRecord> record, NextInEntry());
      if (record) return record;
      in_entry_ = false;
    }
  }

 private:
  static Error Damaged() { return InvalidArgument("input: damaged or unknown compression"); }

  Result<bool> NextEntry() {
    for (;;) {
      struct archive_entry* entry = nullptr;
      const int outcome = archive_read_next_header(archive_.get(), &entry);
      if (outcome == ARCHIVE_EOF) return false;
      if (outcome != ARCHIVE_OK && outcome != ARCHIVE_WARN) return Damaged();
      const bool raw = archive_format(archive_.get()) == ARCHIVE_FORMAT_RAW;
      if (!raw && archive_entry_filetype(entry) != AE_IFREG) continue;
      const char* name = raw ? nullptr : archive_entry_pathname(entry);
      name_ = name == nullptr ? "" : name;
      in_entry_ = true;
      entry_ended_ = false;
      buffer_.clear();
      rest_ = {};
      OPPI_RETURN_IF_ERROR(Look(raw));
      return true;
    }
  }

  /// Reads the head of the entry and settles how it is cut. Documents of an archive stay whole.
  Status Look(bool raw) {
    auto shape = JsonSplitter::Shape::kWhole;
    if (raw) {
      while (!entry_ended_ && buffer_.size() < kHeadBytes) {
        const std::size_t looked = buffer_.size();
        OPPI_RETURN_IF_ERROR(Fill());
        if (buffer_.find('\n', looked) != Bytes::npos) break;
      }
      shape = ShapeOf(buffer_, entry_ended_);
      if (shape == JsonSplitter::Shape::kWhole) name_ = file_name_;
    }
    rest_ = buffer_;
    splitter_.emplace(shape, options_.record_bytes_max);
    return {};
  }

  /// Appends one block to the buffer.
  Status Fill() {
    const std::size_t size = buffer_.size();
    buffer_.resize(size + kBlockBytes);
    const la_ssize_t n = archive_read_data(archive_.get(), buffer_.data() + size, kBlockBytes);
    buffer_.resize(size + (n > 0 ? static_cast<std::size_t>(n) : 0));
    if (n < 0) return Damaged();
    if (n == 0) entry_ended_ = true;
    if (options_.progress)
      options_.progress(static_cast<std::uint64_t>(archive_filter_bytes(archive_.get(), -1)),
                        total_);
    return {};
  }

  Result<std::optional<InputRecord>> NextInEntry() {
    using Step = JsonSplitter::Step;
    for (;;) {
      const Step step =
          rest_.empty() && entry_ended_ ? splitter_->Finish() : splitter_->Next(rest_);
      switch (step) {
        case Step::kRecord:
          return Record(false);
        case Step::kTooLarge:
          return Record(true);
        case Step::kEnd:
          return std::optional<InputRecord>();
        case Step::kBroken:
          return InvalidArgument("input: not one whole JSON array, after record " +
                                 std::to_string(number_));
        case Step::kMore:
          break;
      }
      if (!rest_.empty() || entry_ended_) continue;
      buffer_.clear();
      OPPI_RETURN_IF_ERROR(Fill());
      rest_ = buffer_;
    }
  }

  std::optional<InputRecord> Record(bool too_large) {
    InputRecord record;
    record.number = number_++;
    record.name = name_;
    record.too_large = too_large;
    if (!too_large) record.bytes = splitter_->record();
    return record;
  }

  Descriptor descriptor_;  // outlives archive_, which reads from it
  std::string file_name_;
  FileInputOptions options_;
  ArchiveHandle archive_;
  std::uint64_t total_ = 0;
  std::uint64_t number_ = 0;
  std::string name_;
  bool in_entry_ = false;
  bool entry_ended_ = false;
  Bytes buffer_;
  ByteView rest_;  // of buffer_
  std::optional<JsonSplitter> splitter_;
};

/// The files of a folder one after the other, each a document of its own.
class FolderInput final : public FileInput {
 public:
  FolderInput(std::vector<std::filesystem::path> files, FileInputOptions options)
      : files_(std::move(files)), options_(std::move(options)) {}

  Result<std::optional<InputRecord>> Next() override {
    if (at_ == files_.size()) return std::optional<InputRecord>();
    const std::filesystem::path& path = files_[at_];
    OPPI_TRY(Descriptor descriptor, OpenDescriptor(path.string()));
    InputRecord record;
    record.number = at_++;
    record.name = path.filename().string();
    OPPI_RETURN_IF_ERROR(ReadWhole(descriptor, record));
    if (options_.progress) options_.progress(at_, files_.size());
    return std::optional<InputRecord>(std::move(record));
  }

 private:
  Status ReadWhole(const Descriptor& descriptor, InputRecord& record) const {
    for (;;) {
      const std::size_t size = record.bytes.size();
      record.bytes.resize(size + kBlockBytes);
      const ssize_t n = ::read(descriptor.get(), record.bytes.data() + size, kBlockBytes);
      record.bytes.resize(size + (n > 0 ? static_cast<std::size_t>(n) : 0));
      if (n < 0 && errno != EINTR) return FromErrno(errno);
      if (n == 0) return {};
      if (record.bytes.size() <= options_.record_bytes_max) continue;
      record.bytes.clear();
      record.too_large = true;
      return {};
    }
  }

  std::vector<std::filesystem::path> files_;
  FileInputOptions options_;
  std::size_t at_ = 0;
};

Result<std::unique_ptr<FileInput>> OpenFolder(const std::string& path, FileInputOptions options) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  std::filesystem::directory_iterator entries(path, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    std::error_code type_error;
    if (entries->is_regular_file(type_error)) files.push_back(entries->path());
    if (files.size() > kFolderFilesMax)
      return InvalidArgument("input: too many files in the folder");
  }
  if (error) return FromErrno(error.value());
  std::sort(files.begin(), files.end());
  return std::unique_ptr<FileInput>(
      std::make_unique<FolderInput>(std::move(files), std::move(options)));
}

}  // namespace

Result<std::unique_ptr<FileInput>> FileInput::Open(const std::string& path,
                                                   FileInputOptions options) {
  std::error_code error;
  if (path != "-" && std::filesystem::is_directory(path, error))
    return OpenFolder(path, std::move(options));
  OPPI_TRY(Descriptor descriptor, OpenDescriptor(path));
  std::filesystem::path name = path == "-" ? "" : std::filesystem::path(path).filename();
  for (const std::string_view suffix : {".gz", ".xz", ".zst"})
    if (name.extension() == suffix) name.replace_extension();
  auto input =
      std::make_unique<ArchiveInput>(std::move(descriptor), name.string(), std::move(options));
  OPPI_RETURN_IF_ERROR(input->Start());
  return std::unique_ptr<FileInput>(std::move(input));
}

}  // namespace oppi::consumers
