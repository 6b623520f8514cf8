#include "ledger/rewrap.h"

#include <sodium.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <vector>

#include "ledger/durable_file.h"

namespace oppi::ledger {
namespace {

namespace fs = std::filesystem;

/// What the content of a generation key file is bound to; nullopt when this is none.
std::optional<Bytes> BoundTo(std::string_view name) {
  if (name == "generation.key") return Bytes("oppiloki/generation/v1\n");
  constexpr std::string_view kStem = "generation-";
  constexpr std::string_view kSuffix = ".key";
  if (!name.starts_with(kStem) || !name.ends_with(kSuffix)) return std::nullopt;
  const char* const end = name.data() + name.size() - kSuffix.size();
  std::uint32_t number = 0;
  const auto [at, failed] = std::from_chars(name.data() + kStem.size(), end, number);
  if (failed != std::errc() || at != end) return std::nullopt;
  Bytes bound("oppiloki/generation/v2\n");
  ByteWriter(bound).U32(number);
  return bound;
}

/// Wiped whatever happens next.
class Wiped {
 public:
  explicit Wiped(Bytes bytes) : bytes_(std::move(bytes)) {}
  ~Wiped() { sodium_memzero(bytes_.data(), bytes_.size()); }
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  [[nodiscard]] const Bytes& get() const { return bytes_; }

 private:
  Bytes bytes_;
};

Status Rewrap(const std::string& path, ByteView bound, MasterKey& from, MasterKey& to, Entropy& entropy) {
  OPPI_TRY(const std::optional<Bytes> file, ReadFileIfThere(path));
  if (!file) return NotFound("the generation key file is missing");
  if (auto done = to.Unwrap(*file, bound); done.ok()) {
    const Wiped wiped(std::move(done).value());
    return {};
  } else if (done.error().code != Code::kPermissionDenied) {
    return done.error();
  }
  OPPI_TRY(Bytes opened, from.Unwrap(*file, bound));
  const Wiped plain(std::move(opened));
  OPPI_TRY(const Bytes wrapped, to.Wrap(plain.get(), bound, entropy));
  OPPI_TRY(Bytes again, to.Unwrap(wrapped, bound));
  const Wiped checked(std::move(again));
  if (checked.get() != plain.get()) return Unavailable("the new master key does not open what it has just wrapped");
  return WriteFileDurably(path, wrapped, 0600);
}

}  // namespace

Status RewrapGenerationKeys(const std::string& directory, MasterKey& from, MasterKey& to, Entropy& entropy) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error))
    names.push_back(at->path().filename().string());
  std::sort(names.begin(), names.end());
  bool any = false;
  for (const std::string& name : names) {
    const std::optional<Bytes> bound = BoundTo(name);
    if (!bound) continue;
    any = true;
    const Status rewrapped = Rewrap(directory + "/" + name, *bound, from, to, entropy);
    if (!rewrapped.ok()) return At(name, rewrapped.error());
  }
  return any ? Status() : Status(NotFound("there are no generation keys in " + directory));
}

}  // namespace oppi::ledger
