#include "ledger/generation.h"

#include <sodium.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "ledger/durable_file.h"

namespace oppi::ledger {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStem = "generation-";
constexpr std::string_view kSuffix = ".key";

const unsigned char* U(ByteView v) { return reinterpret_cast<const unsigned char*>(v.data()); }

SecretKey Derive(const SecretKey& key, std::string_view context) {
  std::array<unsigned char, 32> out;
  crypto_generichash(out.data(), out.size(), U(context), context.size(), key.data(), 32);
  const SecretKey derived(out);
  sodium_memzero(out.data(), out.size());
  return derived;
}

SecretKey KeyFrom(ByteView bytes) {
  std::array<unsigned char, 32> raw;
  std::memcpy(raw.data(), bytes.data(), raw.size());
  const SecretKey key(raw);
  sodium_memzero(raw.data(), raw.size());
  return key;
}

Generation Of(std::uint32_t number, const SecretKey& root, const SecretKey& tags) {
  return {number, GuardedKey(tags), GuardedKey(Derive(root, "wrap")), GuardedKey(Derive(tags, "tag"))};
}

}  // namespace

std::string GenerationPath(const std::string& directory, std::uint32_t number) {
  return directory + "/" + std::string(kStem) + std::to_string(number) + std::string(kSuffix);
}

Bytes GenerationBound(std::uint32_t number) {
  Bytes bound("oppiloki/generation/v2\n");
  ByteWriter(bound).U32(number);
  return bound;
}

std::vector<std::uint32_t> GenerationsIn(const std::string& directory) {
  std::vector<std::uint32_t> numbers;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    if (name.size() <= kStem.size() + kSuffix.size() || !std::string_view(name).starts_with(kStem) ||
        !std::string_view(name).ends_with(kSuffix))
      continue;
    const char* end = name.data() + name.size() - kSuffix.size();
    std::uint32_t number = 0;
    const auto [at, failed] = std::from_chars(name.data() + kStem.size(), end, number);
    if (failed == std::errc() && at == end) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Result<Generation> MakeGeneration(const std::string& directory, const Generation* before, MasterKey& master, Entropy& entropy) {
  const auto secret = [&entropy] {
    auto raw = entropy.Array<32>();
    const SecretKey key(raw);
    sodium_memzero(raw.data(), raw.size());
    return key;
  };
  const std::uint32_t number = before == nullptr ? 1 : before->number + 1;
  const SecretKey root = secret();
  const SecretKey tags = before == nullptr ? secret() : before->tags.get();
  Bytes plain = Bytes(root.view()).append(tags.view());
  const auto wrapped = master.Wrap(plain, GenerationBound(number), entropy);
  sodium_memzero(plain.data(), plain.size());
  if (!wrapped.ok()) return wrapped.error();
  OPPI_RETURN_IF_ERROR(WriteFileDurably(GenerationPath(directory, number), *wrapped, 0600));
  return Of(number, root, tags);
}

Result<Generation> ReadGeneration(const std::string& directory, std::uint32_t number, MasterKey& master) {
  OPPI_TRY(const std::optional<Bytes> file, ReadFileIfThere(GenerationPath(directory, number)));
  if (!file) return NotFound("vault: the generation key file is missing");
  OPPI_TRY(Bytes plain, master.Unwrap(*file, GenerationBound(number)));
  if (plain.size() != 64) return DataLoss("vault: the generation key file is damaged");
  Generation read = Of(number, KeyFrom(ByteView(plain).substr(0, 32)), KeyFrom(ByteView(plain).substr(32)));
  sodium_memzero(plain.data(), plain.size());
  return read;
}

Status DestroyGeneration(const std::string& directory, std::uint32_t number, Entropy& entropy) {
  return DestroyFile(GenerationPath(directory, number), entropy);
}

}  // namespace oppi::ledger
