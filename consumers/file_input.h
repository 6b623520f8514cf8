#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "events/bytes.h"
#include "events/result.h"

/// Records out of files: NDJSON lines, elements of a JSON array, or whole documents of an archive
/// or a folder; gzip, xz and zstd are undone on the way. Streams: memory is bounded by one record.

namespace oppi::consumers {

struct InputRecord {
  std::uint64_t number = 0;  // from 0, over the whole input
  /// Of a whole document: its path within the archive or folder, or the file's own name; empty for
  /// lines and elements. File names can hold learner data: for telling documents apart, never for
  /// logs.
  std::string name;
  Bytes bytes;
  bool too_large = false;  // over the limit: bytes are empty, what follows is sound
};

struct FileInputOptions {
  std::size_t record_bytes_max = 2 * 1024 * 1024;  // kAttachmentBytesMax: a document is kept whole
  /// Called after each block that was read: bytes of the file so far (as stored, compressed) and
  /// its size, 0 when that is not known (`-`, pipes); of a folder, files so far and all.
  std::function<void(std::uint64_t read, std::uint64_t total)> progress;
};

class FileInput {
 public:
  virtual ~FileInput() = default;
  FileInput(const FileInput&) = delete;
  FileInput& operator=(const FileInput&) = delete;

  /// `path` is a file, a folder (its files in the order of their names, not deeper) or `-` for the
  /// standard input. Errors: kNotFound, kPermissionDenied, kInvalidArgument (not a file).
  [[nodiscard]] static Result<std::unique_ptr<FileInput>> Open(const std::string& path,
                                                               FileInputOptions options = {});

  /// nullopt at the end. Errors: kInvalidArgument (damaged archive, array that breaks off), and the
  /// records before it were sound. One thread at a time.
  [[nodiscard]] virtual Result<std::optional<InputRecord>> Next() = 0;

 protected:
  FileInput() = default;
};

}  // namespace oppi::consumers
