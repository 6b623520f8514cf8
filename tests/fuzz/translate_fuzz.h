#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "events/check.h"
#include "events/codec/foreign.h"
#include "events/ids.h"

/// What holds for every codec of foreign records, whatever the bytes.

namespace oppi::fuzz {

inline events::TranslateOptions Publisher() {
  events::TranslateOptions options;
  options.controller = events::OrganisationOid(3464839101);
  options.source = "urn:oid:" + options.controller + "/import";
  options.pseudonym_key = "a secret of the fuzzer";
  options.received = Instant{0};
  options.decode.check_digits = false;
  return options;
}

/// Whatever a codec makes can be published: it decodes to itself.
inline void CheckPublishable(const std::vector<events::Event>& events) {
  for (const events::Event& event : events) {
    const std::string json = events::EncodeJson(event);
    const events::Decoded decoded =
        events::Decode(json, events::Encoding::kJson, Publisher().decode);
    OPPI_CHECK(decoded.error == events::ErrorCode::kNone);
    OPPI_CHECK(decoded.event == event);
  }
}

inline int TranslateRecord(events::Format format, const std::uint8_t* data, std::size_t size) {
  const ByteView record(reinterpret_cast<const char*>(data), size);
  const events::Translated translated = events::Translate(format, record, 0, Publisher());
  OPPI_CHECK(!translated.refused || (translated.events.empty() && translated.attachments.empty()));
  CheckPublishable(translated.events);
  return 0;
}

}  // namespace oppi::fuzz
