#include "ledger/erasure_list.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "ledger/durable_file.h"
#include "ledger/sealing.h"

namespace oppi::ledger {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".erasure";

Bytes BoundTo(std::uint32_t number) {
  Bytes bound("oppiloki/erasure-record/v1\n");
  ByteWriter(bound).U32(number);
  return bound;
}

}  // namespace

std::string ErasureList::PathOf(std::uint32_t number) const {
  char name[32];
  std::snprintf(name, sizeof(name), "/%08u", number);
  return directory_ + name + std::string(kSuffix);
}

Result<ErasureList> ErasureList::Open(std::string directory, const SecretKey& key) {
  ErasureList list(std::move(directory), key);
  std::error_code error;
  std::uint32_t files = 0;
  for (const auto& entry : fs::directory_iterator(list.directory_, error))
    if (entry.path().extension() == kSuffix) ++files;
  if (error && error != std::errc::no_such_file_or_directory) return PermissionDenied("erasure list: cannot read " + list.directory_);
  for (std::uint32_t number = 1; number <= files; ++number)
    if (!fs::exists(list.PathOf(number), error)) return DataLoss("erasure list: record " + std::to_string(number) + " is missing");
  list.last_ = files;
  return list;
}

Status ErasureList::Append(ErasureRecord& record, Entropy& entropy) {
  std::error_code error;
  fs::create_directories(directory_, error);
  if (error) return PermissionDenied("erasure list: cannot make " + directory_);
  record.number = last_ + 1;
  const Bytes sealed = Seal(key_, EncodeErasureRecord(record), BoundTo(record.number), entropy);
  OPPI_RETURN_IF_ERROR(WriteFileDurably(PathOf(record.number), sealed, 0600));
  ++last_;
  return {};
}

Result<ErasureRecord> ErasureList::Read(std::uint32_t number) const {
  OPPI_TRY(const auto sealed, ReadFileIfThere(PathOf(number)));
  if (!sealed) return DataLoss("erasure list: record " + std::to_string(number) + " is missing");
  OPPI_TRY(const Bytes plain, Unseal(key_, *sealed, BoundTo(number)));
  OPPI_TRY(ErasureRecord record, DecodeErasureRecord(plain));
  if (record.number != number) return DataLoss("erasure list: record " + std::to_string(number) + " says it is another");
  return record;
}

}  // namespace oppi::ledger
