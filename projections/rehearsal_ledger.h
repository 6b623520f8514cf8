#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/outcome.h"
#include "projections/fact.h"
#include "projections/registry.h"
#include "projections/rehearsal_event.h"
#include "projections/rehearsal_file.h"

/// The in-memory ledger of one rehearsal: a log without signatures, the duplicate index, the notes
/// that refusals leave, and what acts do to the node. Everything happens once, in order; questions
/// then look back at any point of it.

namespace oppi::projections {

/// What intake said of one event of the story.
struct StoryIntake {
  events::Outcome outcome = events::Outcome::kAccepted;
  events::ErrorCode code = events::ErrorCode::kNone;
  std::optional<LeafIndex> original;  // DUPLICATE, ID_CONFLICT
  std::optional<Instant> recorded;    // of what is in the log under that identity
};

/// Where the story stands after one event or act.
struct StoryPoint {
  std::uint64_t step = 0;
  TreeSize size{0};
  bool ready = true;  // false: restored, the erase list not applied yet
};

class RehearsalLedger {
 public:
  /// Lets everything happen. Errors: kInvalidArgument - the story contradicts itself.
  [[nodiscard]] static Result<std::unique_ptr<RehearsalLedger>> Play(const StoryFile& story);

  /// By label of an event, an act or a note; nullopt: never happens.
  [[nodiscard]] std::optional<StoryPoint> PointAfter(std::string_view label) const;
  [[nodiscard]] StoryPoint End() const { return now_; }

  [[nodiscard]] const Registry& registry() const { return registry_; }
  /// The log with all content, also what was erased later: for labels and times only.
  [[nodiscard]] const Facts& log() const { return log_; }
  [[nodiscard]] const std::string& LabelAt(LeafIndex position) const;
  [[nodiscard]] const StoryIntake* IntakeOf(std::string_view label) const;
  /// The event id a label stands for.
  [[nodiscard]] std::string IdOf(std::string_view label) const;

  /// What the physical log of that size shows about the person, under every identifier, with the
  /// links of everybody; erased content is gone.
  [[nodiscard]] Facts StreamOf(std::string_view person, TreeSize physical) const;
  /// Everything the physical log of that size shows, each content gone that every stream lost.
  [[nodiscard]] Facts WholeLog(TreeSize physical) const;
  /// Positions in the stream of one identifier.
  [[nodiscard]] std::vector<LeafIndex> StreamPositions(std::string_view person,
                                                       TreeSize size) const;

 private:
  explicit RehearsalLedger(const StoryFile& story);

  [[nodiscard]] Status TakeEvent(const StoryEvent& told);
  [[nodiscard]] Status TakeAct(const StoryAct& act);
  [[nodiscard]] Result<StoryIntake> Intake(const StoryEvent& told, const StoryEvent& content);
  [[nodiscard]] Result<const StoryEvent*> ContentOf(const StoryEvent& told) const;
  void Append(Fact fact, const std::string& label);
  void Erase(const Fact& execution);
  void Note(events::EventType type, const StoryEvent& told, const StoryEvent& content,
            events::ErrorCode code);
  [[nodiscard]] Instant NextRecorded(Instant clock) const;
  void Pass(const std::string& label);
  [[nodiscard]] const Fact* Find(std::string_view id) const;
  [[nodiscard]] bool ErasedFor(std::string_view person, LeafIndex position,
                               TreeSize physical) const;

  const StoryFile& story_;
  StoryLabels labels_;
  std::map<std::string, std::string, std::less<>> id_of_;  // labels whose id is another's
  Registry registry_;
  Facts log_;
  std::vector<std::string> label_at_;
  std::map<std::string, StoryPoint, std::less<>> points_;
  std::map<std::string, StoryIntake, std::less<>> intakes_;
  /// (source, id) -> what was accepted under it, with its bytes.
  struct Known {
    LeafIndex position{0};
    std::string bytes;
  };
  std::map<std::pair<std::string, std::string>, Known> known_;
  /// (person, position) -> the execution that destroyed the person's copy.
  std::map<std::pair<std::string, LeafIndex>, LeafIndex, std::less<>> erased_;
  StoryPoint now_;
};

}  // namespace oppi::projections
