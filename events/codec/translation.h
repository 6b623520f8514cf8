#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "events/codec/foreign.h"

/// What the codecs share: gathering the events of one record, all or nothing, each one checked
/// against the vocabulary before anybody signs it.

namespace oppi::events {

class Translation {
 public:
  Translation(std::uint64_t record, const TranslateOptions& options);

  /// An event of the type with source and controller of the options, and an id made from `name`
  /// alone: what identifies the fact in the foreign system, so that a fact that was altered under
  /// its old name comes out as an id conflict and not as a second fact.
  [[nodiscard]] Event Make(EventType type, std::string_view name, Instant time) const;

  /// Keeps the event if Validate accepts it and its encoded form fits; otherwise the record is
  /// refused.
  void Add(Event event);
  void Attach(Attachment attachment);
  /// The first refusal stays.
  void Refuse(ErrorCode code, std::string_view member);
  [[nodiscard]] bool refused() const { return out_.refused.has_value(); }
  [[nodiscard]] const TranslateOptions& options() const { return options_; }
  [[nodiscard]] Translated& out() { return out_; }

  /// urn:uuid of a pseudonym that depends on the kind of name, the name, and the publisher's
  /// secret.
  [[nodiscard]] std::string Pseudonym(std::string_view kind, std::string_view name) const;

  [[nodiscard]] Translated Finish() &&;

 private:
  const TranslateOptions& options_;
  Translated out_;
  std::uint64_t record_;
};

/// Number of UTF-8 characters (code points).
[[nodiscard]] std::size_t CharacterCount(std::string_view utf8);
/// Text for a `str` field: at most kStrCharsMax characters (cut, with an ellipsis), without
/// personal identity codes. nullopt when it is empty or holds a code: the caller then does without.
[[nodiscard]] std::optional<std::string> CleanStr(std::string_view text);
/// A key for a `str` field that must stay whole to stay unique: itself where it may be written,
/// else a digest of it.
[[nodiscard]] std::string KeyStr(std::string_view text);

/// Instants as other people write them: ISO 8601 extended form with date and time of day, any
/// number of fraction digits (cut to microseconds), `Z`, an offset (+hh, +hhmm, +hh:mm; never minus
/// zero), or none at all, which `zoneless` decides about.
enum class Zoneless : std::uint8_t { kRefuse, kUtc, kHelsinki };
[[nodiscard]] std::optional<Instant> ParseForeignInstant(std::string_view text, Zoneless zoneless);

}  // namespace oppi::events
