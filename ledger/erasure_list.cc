#include "ledger/erasure_list.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "ledger/durable_file.h"
#include "ledger/sealing.h"

namespace oppi::ledger {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".erasure";

Bytes BoundTo(std::uint32_t first, std::uint32_t last) {
  Bytes bound("oppiloki/erasure-records/v1\n");
  ByteWriter w(bound);
  w.U32(first);
  w.U32(last);
  return bound;
}

/// "00000001-00000020"
std::optional<std::pair<std::uint32_t, std::uint32_t>> Numbers(std::string_view stem) {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  const char* end = stem.data() + stem.size();
  const auto [dash, bad] = std::from_chars(stem.data(), end, first);
  if (bad != std::errc() || dash == end || *dash != '-') return std::nullopt;
  const auto [at, worse] = std::from_chars(dash + 1, end, last);
  if (worse != std::errc() || at != end || first == 0 || last < first) return std::nullopt;
  return std::pair(first, last);
}

}  // namespace

std::string ErasureList::PathOf(const File& file) const {
  char name[32];
  std::snprintf(name, sizeof(name), "/%08u-%08u", file.first, file.last);
  return directory_ + name + std::string(kSuffix);
}

Result<ErasureList> ErasureList::Open(std::string directory, const SecretKey& key) {
  ErasureList list(std::move(directory), key);
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(list.directory_, error)) {
    if (entry.path().extension() != kSuffix) continue;
    const auto numbers = Numbers(entry.path().stem().string());
    if (!numbers) return DataLoss("erasure list: " + entry.path().filename().string() + " is none of its files");
    list.files_.push_back({numbers->first, numbers->second});
  }
  if (error && error != std::errc::no_such_file_or_directory) return PermissionDenied("erasure list: cannot read " + list.directory_);
  std::sort(list.files_.begin(), list.files_.end(), [](const File& a, const File& b) { return a.first < b.first; });
  for (const File& file : list.files_) {
    if (file.first != list.last_ + 1) return DataLoss("erasure list: record " + std::to_string(list.last_ + 1) + " is missing");
    list.last_ = file.last;
  }
  return list;
}

Status ErasureList::Append(std::vector<ErasureRecord>& records, Entropy& entropy) {
  if (records.empty()) return {};
  std::error_code error;
  fs::create_directories(directory_, error);
  if (error) return PermissionDenied("erasure list: cannot make " + directory_);
  const File file{last_ + 1, last_ + static_cast<std::uint32_t>(records.size())};
  Bytes plain;
  ByteWriter w(plain);
  std::uint32_t number = last_;
  for (ErasureRecord& record : records) {
    record.number = ++number;
    w.Long(EncodeErasureRecord(record));
  }
  OPPI_RETURN_IF_ERROR(WriteFileDurably(PathOf(file), Seal(key_, plain, BoundTo(file.first, file.last), entropy), 0600));
  files_.push_back(file);
  last_ = file.last;
  return {};
}

Result<ErasureRecord> ErasureList::Read(std::uint32_t number) const {
  const auto file = std::find_if(files_.begin(), files_.end(), [&](const File& f) { return f.first <= number && number <= f.last; });
  const Error missing = DataLoss("erasure list: record " + std::to_string(number) + " is missing");
  if (file == files_.end()) return missing;
  OPPI_TRY(const auto sealed, ReadFileIfThere(PathOf(*file)));
  if (!sealed) return missing;
  OPPI_TRY(const Bytes plain, Unseal(key_, *sealed, BoundTo(file->first, file->last)));
  ByteReader r(plain);
  for (std::uint32_t at = file->first; at < number && r.ok(); ++at) (void)r.Long();
  OPPI_TRY(ErasureRecord record, DecodeErasureRecord(r.Long()));
  if (record.number != number) return DataLoss("erasure list: record " + std::to_string(number) + " says it is another");
  return record;
}

Result<std::uint32_t> AddErasures(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::create_directories(to, error);
  if (!error) fs::permissions(to, fs::perms::owner_all, error);
  if (error) return PermissionDenied("erasure list: cannot make " + to);
  std::vector<std::string> names;
  if (fs::exists(from, error))
    for (const auto& entry : fs::directory_iterator(from, error))
      if (entry.path().extension() == kSuffix) names.push_back(entry.path().filename().string());
  if (error) return PermissionDenied("erasure list: cannot read " + from);
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    OPPI_TRY(const auto there, ReadFileIfThere(to + "/" + name));
    OPPI_TRY(const auto more, ReadFileIfThere(from + "/" + name));
    if (!more) return DataLoss("erasure list: " + name + " is missing");
    if (there && *there != *more) return DataLoss("erasure list: " + name + " differs between " + from + " and " + to);
    if (!there) OPPI_RETURN_IF_ERROR(WriteFileDurably(to + "/" + name, *more, 0600));
  }
  std::uint32_t last = 0;
  for (const auto& entry : fs::directory_iterator(to, error))
    if (const auto numbers = Numbers(entry.path().stem().string()); numbers && entry.path().extension() == kSuffix)
      last = std::max(last, numbers->second);
  if (error) return PermissionDenied("erasure list: cannot read " + to);
  return last;
}

}  // namespace oppi::ledger
