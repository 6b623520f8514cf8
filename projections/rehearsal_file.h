#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "events/result.h"
#include "events/time.h"
#include "projections/json_value.h"
#include "projections/policy.h"
#include "projections/rehearsal.h"

/// A rehearsal file as a value: parsed strictly, with what it includes put in front.

namespace oppi::projections {

struct StoryEvent {
  std::string id;  // label
  Instant recorded_at{};
  std::string publisher;
  std::string key;
  std::string type;
  std::string subject;
  std::vector<std::string> other_subjects;
  std::string controller;
  std::optional<Instant> time;
  std::optional<Instant> valid_from;
  std::optional<Instant> valid_to;
  std::string corrects;
  std::string annuls;
  std::optional<Instant> anchor_at;
  JsonValue data;
  std::string resend_of;
  std::string same_id_as;
};

struct StoryAct {
  enum class Kind : std::uint8_t {
    kClockJump,
    kSchedulerStopped,
    kSchedulerStarted,
    kRestore,
    kEraseListApplied
  };
  std::string id;
  std::string after;  // label of an event or act
  Kind kind{};
  Instant to{};             // kClockJump
  std::string store_as_of;  // kRestore: label
};

struct StoryQuestion {
  std::string id;
  std::string ask;
  std::string asked_after;     // empty: at the end
  std::string as_known_after;  // empty: asked_after
  std::optional<Instant> at;
  JsonValue inputs;  // the members particular to the ask, checked by name and type
  JsonValue expect;
};

struct StoryFile {
  std::string why;
  std::vector<StoryEvent> events;  // included ones first
  std::vector<StoryAct> acts;
  std::vector<StoryQuestion> questions;  // of the file itself
  PolicyPack pack;
};

/// Errors: kInvalidArgument, saying what is wrong; whatever `read` says of a file.
[[nodiscard]] Result<StoryFile> ReadStoryFile(const std::string& path, const FileReader& read);

}  // namespace oppi::projections
