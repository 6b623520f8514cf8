#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "events/batch.h"
#include "events/digest.h"
#include "events/entropy.h"
#include "events/result.h"
#include "ledger/vault.h"

/// Erasable bytes. An event's bytes and salt are sealed once under a content key of their own; the
/// content key is wrapped under the data key of each subject (and class). Erasing one subject removes
/// that wrap only; when no wrap is left nothing opens the body.

namespace oppi::ledger {

/// Bytes sealed under a fresh content key, before anybody's wrap. Made off the writer thread.
struct SealedContent {
  SecretKey content_key;
  events::Encoding encoding = events::Encoding::kJson;
  Bytes sealed;  // salt || bytes
};
[[nodiscard]] SealedContent SealContent(const events::BatchItem& item, Entropy& entropy);

struct Wrap {
  Handle handle;
  KeyClass key_class{};
  Bytes sealed_key;
};

/// One row of the Bodies table. When the last wrap goes, a tombstone stays: what is gone by order is
/// never taken for what is lost.
struct Body {
  events::Encoding encoding = events::Encoding::kJson;
  std::vector<Wrap> wraps;
  Bytes sealed;
  [[nodiscard]] bool tombstone() const { return wraps.empty() && sealed.empty(); }
};
[[nodiscard]] Bytes EncodeBody(const Body& body);
[[nodiscard]] Result<Body> DecodeBody(ByteView bytes);

[[nodiscard]] Wrap WrapKey(const Handle& handle, KeyClass key_class, const SecretKey& data_key,
                           const SecretKey& content_key, Entropy& entropy);

/// What a body says when it is opened.
struct Opened {
  enum class State : std::uint8_t { kOpen, kErased, kUnreadable };
  State state = State::kUnreadable;
  events::BatchItem item;      // kOpen only
  std::vector<Handle> owners;  // kOpen only: of the wraps that are left, in their order
};
/// Tries each wrap. A tombstone is kErased. Wraps that no key opens are kUnreadable: an incident.
[[nodiscard]] Result<Opened> OpenBody(const Body& body, const Vault& vault);

/// The content key that this wrap holds; nullopt when the data key does not open it.
[[nodiscard]] std::optional<SecretKey> Unwrap(const Wrap& wrap, const SecretKey& data_key);

/// Key of the Documents table.
[[nodiscard]] Bytes DocumentKey(const Vault& vault, const Handle& owner, const Sha256Digest& digest);

}  // namespace oppi::ledger
