#include "ledger/rewrap.h"

#include <sodium.h>

#include <optional>
#include <vector>

#include "ledger/durable_file.h"
#include "ledger/generation.h"

namespace oppi::ledger {
namespace {

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
  const std::vector<std::uint32_t> numbers = GenerationsIn(directory);
  for (const std::uint32_t number : numbers) {
    const Status rewrapped = Rewrap(GenerationPath(directory, number), GenerationBound(number), from, to, entropy);
    if (!rewrapped.ok()) return At("generation " + std::to_string(number), rewrapped.error());
  }
  return numbers.empty() ? Status(NotFound("there are no generation keys in " + directory)) : Status();
}

}  // namespace oppi::ledger
