#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "events/event.h"

/// The rules of vocabulary sections 1, 2, 4, 7, 8 on one event value, shared by every codec.

namespace oppi::events {

/// Collects violated rules and keeps the one that section 9 checks first; of equals, the one that
/// was noted first. So a codec may look at things in any order.
class Findings {
 public:
  void Note(ErrorCode code, std::string_view member) {
    if (error_ != ErrorCode::kNone && error_ <= code) return;
    error_ = code;
    member_ = member;
  }
  [[nodiscard]] ErrorCode error() const { return error_; }
  [[nodiscard]] const std::string& member() const { return member_; }

 private:
  ErrorCode error_ = ErrorCode::kNone;
  std::string member_;
};

/// What the caller already knows about the texts of an event.
enum class Content : std::uint8_t {
  kUnchecked,  // nothing
  kChecked,    // valid UTF-8, `object` fields are sound, no personal identity code anywhere
};

/// Notes every violated rule that can be seen on the value alone. Any thread.
void CheckEvent(const Event& event, const DecodeOptions& options, Content content,
                Findings& findings);

/// The first member (envelope, then fields) that holds a personal identity code; empty when none
/// does. Escapes inside `object` fields are not undone (JSON codec: CheckObject).
[[nodiscard]] std::string_view MemberWithPersonalCode(const Event& event);

/// A member name that somebody else chose, fit for an error text: the name itself if it looks like
/// one, else empty, since a name can carry a learner's data as well as a value can.
[[nodiscard]] std::string_view SafeMemberName(std::string_view name);

}  // namespace oppi::events
