#pragma once

#include <cstddef>
#include <cstdint>

/// Every limit has a name and stands here.

namespace oppi {

/// vocabulary section 1
inline constexpr std::size_t kEventBytesMax = 64 * 1024;
inline constexpr std::size_t kBatchEventsMax = 1000;
/// A public (S0) event lies in its leaf in clear, and a leaf must fit an entry bundle's 65,535 bytes.
inline constexpr std::size_t kClearEventBytesMax = 60 * 1024;
/// Whole signed batch on the wire, attachments included.
inline constexpr std::size_t kBatchBytesMax = 64 * 1024 * 1024;
inline constexpr std::size_t kAttachmentBytesMax = 2 * 1024 * 1024;
inline constexpr std::size_t kJsonDepthMax = 32;
inline constexpr std::size_t kOtherSubjectsMax = 100;
inline constexpr std::size_t kStrCharsMax = 200;
inline constexpr std::size_t kTextCharsMax = 4000;
inline constexpr std::size_t kListItemsMax = 64;
inline constexpr std::size_t kCodeSetCodesMax = 4000;
inline constexpr std::size_t kObjectBytesMax = 48 * 1024;
inline constexpr std::size_t kOriginBytesMax = 255;
inline constexpr std::size_t kKeyNameBytesMax = 255;
inline constexpr std::size_t kNoteBytesMax = 1024 * 1024;
inline constexpr std::size_t kNoteSignaturesMax = 100;
/// A tlog-proof: the note, and extra data that may hold several map proofs.
inline constexpr std::size_t kTlogProofBytesMax = 4 * 1024 * 1024;
/// A tlog-policy file, and how many logs, witnesses and groups it may name (each).
inline constexpr std::size_t kPolicyBytesMax = 256 * 1024;
inline constexpr std::size_t kPolicyEntriesMax = 256;
/// TIME_IN_FUTURE: how far V of a consent, access or attendance event may lie after R.
inline constexpr std::int64_t kFutureMicrosMax = 5 * 60 * 1'000'000LL;

}  // namespace oppi
