#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "projections/rehearsal_file.h"

/// Random histories of one child's consents: out of order, repeated, late, under stolen keys, with
/// guardians coming and going, notices changing, evidence erased. Same seed, same story.

namespace oppi::tests {

class RandomStory {
 public:
  explicit RandomStory(std::uint64_t seed);

  /// Registry, child, guardians and some dozens of events; intake decides what of it counts.
  [[nodiscard]] const projections::StoryFile& story() const { return story_; }

  /// Instants worth asking about: those of the events and of what ends by itself, give or take a
  /// microsecond.
  [[nodiscard]] Instant SomeInstant();
  [[nodiscard]] std::string SomeOf(const std::vector<std::string>& list);
  [[nodiscard]] std::uint64_t Below(std::uint64_t bound);
  [[nodiscard]] bool Chance(int percent) {
    return Below(100) < static_cast<std::uint64_t>(percent);
  }

  /// One more event, some time after the last: what the invariants add to a history.
  projections::StoryEvent& AddNegative();
  projections::StoryEvent& AddGrant();
  /// Of consent evidence, of other classes, or of the child as a whole.
  projections::StoryEvent& AddErasure();
  projections::StoryEvent& Tell(const std::string& publisher, const std::string& type,
                                projections::JsonValue data);
  [[nodiscard]] const std::vector<std::string>& grants() const { return grants_; }
  [[nodiscard]] Instant now() const { return now_; }

 private:
  void TellBase();
  void TellSomething();
  void TellNegative(const std::string& kind);
  void TellNotice();
  void TellAuthority();
  void TellOfficer();
  void TellRegistry();
  void TellErasure();
  [[nodiscard]] projections::JsonValue Scope(bool all_allowed);
  [[nodiscard]] std::string SomePerson();
  [[nodiscard]] std::int64_t SomeDelay();
  [[nodiscard]] std::vector<std::string> SomeSubset(const std::vector<std::string>& list);
  projections::StoryEvent& Backdate(projections::StoryEvent& event);

  std::mt19937_64 random_;
  projections::StoryFile story_;
  Instant now_{};
  int labels_ = 0;
  std::vector<std::string> requests_;
  std::vector<std::string> grants_;
  std::vector<std::string> edges_;
  std::vector<std::string> ends_;
  std::vector<std::string> links_;
  std::vector<std::string> withdrawal_requests_;
  std::vector<std::string> restrictions_;
  std::vector<std::string> bases_;
  int notice_version_ = 1;
  bool child_decides_ = false;  // old enough to be asked himself
};

}  // namespace oppi::tests
