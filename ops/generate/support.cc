#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "ops/generate/rates.h"
#include "ops/generate/year.h"

/// Support for learning, welfare, conduct. Contents are never told, only that a document exists.

namespace oppi::ops {
namespace {

using events::Event;
using events::EventType;

// Our own choices, per million and week, of pupils.
constexpr std::uint64_t kConductInWeek = 8'000;
constexpr std::uint64_t kWelfareInWeek = 1'500;

bool Contains(std::span<const Date> week, Date date) {
  return std::find(week.begin(), week.end(), date) != week.end();
}

void TellDecision(Year& year, const Pupil& pupil, Date date, bool pupil_specific, Random& draw) {
  static constexpr std::array<const char*, 4> kMeasures = {"ASSISTANT", "DEVICE",
                                                           "SPECIAL_TEACHING", "TEACHING_SUPPORT"};
  std::vector<std::string> measures = {draw.Pick(kMeasures)};
  if (pupil_specific && measures.front() != "SPECIAL_TEACHING")
    measures.emplace_back("SPECIAL_TEACHING");
  const Instant decided = LocalTime(date, 13);
  Event& decision =
      year.writer.Add(Publisher::kSis, EventType::kSupportDecisionMade, decided, pupil.oid);
  decision.valid_from = HelsinkiMidnight({date.days + 1});
  decision.SetText("kind", pupil_specific ? "PUPIL_SPECIFIC" : "GROUP_SPECIFIC")
      .SetList("measures", std::move(measures))
      .SetText("decision_hash", DocumentHash("support decision " + pupil.oid))
      .SetText("decider_role", pupil_specific ? "PRINCIPAL" : "CLASS_TEACHER");
  if (!pupil_specific) return;
  Event& plan = year.writer.Add(Publisher::kSis, EventType::kSupportPlanRecorded, After(decided, 1),
                                pupil.oid);
  plan.valid_from = decision.valid_from;
  plan.SetText("kind", "IMPLEMENTATION")
      .SetText("plan_hash", DocumentHash("support plan " + pupil.oid))
      .SetList("participants", {"LEARNER", "GUARDIAN", "TEACHER", "SPECIAL_TEACHER"});
}

void TellConduct(Year& year, const Pupil& pupil, Date date, Random& draw) {
  const std::uint64_t kind = draw.Below(3);
  Event& noted = year.writer.Add(Publisher::kSis, EventType::kSupportConductNoted,
                                 LocalTime(date, 14, 20), pupil.oid);
  noted.SetText("kind", kind == 0   ? "PRAISE"
                        : kind == 1 ? "DISTURBANCE"
                                    : "LATE_WORK")
      .SetText("text_hash", DocumentHash("conduct " + noted.id))
      .SetText("author", year.people.teacher_of(pupil));
  if (kind != 1 || !draw.Chance(300'000)) return;
  Event& measure = year.writer.Add(Publisher::kSis, EventType::kSupportMeasureDecided,
                                   LocalTime(date, 15), pupil.oid);
  measure.SetText("measure", "DETENTION")
      .SetNumber("date", date.days)
      .SetText("decider_role", "PRINCIPAL");
}

}  // namespace

void TellSupportOfWeek(Year& year, std::span<const Date> week) {
  for (std::size_t index = 0; index < year.people.pupils.size(); ++index) {
    const Pupil& pupil = year.people.pupils[index];
    if (pupil.left) continue;
    // Drawn anew each week from the same fork, so no state is carried: who gets support, and when.
    Random fate = year.random.Fork("support", index);
    const std::uint64_t share = fate.Below(rates::kMillion);
    const Date decided = year.DayAt(5 + fate.Below(40));
    const bool pupil_specific = share < rates::kPupilSpecificSupport;
    const bool any = share < rates::kPupilSpecificSupport + rates::kGroupSpecificSupport;
    if (any && Contains(week, decided)) TellDecision(year, pupil, decided, pupil_specific, fate);

    Random draw = year.random.Fork("conduct", index)
                      .Fork("week", static_cast<std::uint64_t>(week.front().days));
    if (draw.Chance(kConductInWeek)) {
      const Date date = week[draw.Below(week.size())];
      TellConduct(year, pupil, date, draw);
    }
    if (draw.Chance(kWelfareInWeek)) {
      Event& noted = year.writer.Add(Publisher::kSis, EventType::kSupportCaseNoted,
                                     LocalTime(week.back(), 12, 40), pupil.oid);
      noted.SetText("case_hash", DocumentHash("case " + noted.id));
    }
  }
}

}  // namespace oppi::ops
