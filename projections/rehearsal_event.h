#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "events/event.h"
#include "projections/policy.h"
#include "projections/rehearsal_file.h"

/// From an event of a story to an event value, by the rules of the vocabulary that look at one
/// event alone (ENVELOPE_INVALID ... TOO_MANY_SUBJECTS). Stories write labels where real events
/// have ids, persons and organisations, and leave out what no rule reads: only fields that some
/// rule reads are required, and checked for type and code.

namespace oppi::projections {

/// What labels mean at this point of the story; nullopt: the label does not stand for that.
struct StoryLabels {
  std::function<std::string(std::string_view label)> event_id;  // the label itself when unknown
  std::function<std::optional<std::int64_t>(std::string_view label)> size_after;
};

struct StoryReading {
  events::ErrorCode error = events::ErrorCode::kNone;  // the first violated rule
  events::Event event;                                 // meaningful only without error
};

/// `type` is the story event's type. Errors: kInvalidArgument - the story contradicts itself (a log
/// size named by a label that has not happened).
[[nodiscard]] Result<StoryReading> ReadStoryEvent(const StoryEvent& story,
                                                  const events::TypeInfo& type,
                                                  const StoryLabels& labels,
                                                  const PolicyPack& pack);

}  // namespace oppi::projections
