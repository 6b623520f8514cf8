#include "ops/generate/generate.h"

#include <span>
#include <string>
#include <utility>

#include "events/digest.h"
#include "ops/generate/attendance.h"
#include "ops/generate/last_days.h"
#include "ops/generate/stories.h"
#include "ops/generate/year.h"

namespace oppi::ops {
namespace {

constexpr std::int32_t kDaysUntilPublished = 7;  // after the last school day, by default
constexpr std::int32_t kDaysUntilPublishedMin = 4;

Error OutOfBounds(const char* what) { return InvalidArgument(std::string("generate: ") + what); }

Result<Instant> PublishedAt(const GenerateOptions& options, Date last_day) {
  if (!options.now) return LocalTime({last_day.days + kDaysUntilPublished}, 12);
  if (*options.now < HelsinkiMidnight({last_day.days + kDaysUntilPublishedMin}))
    return OutOfBounds("now must lie at least four days after the last school day");
  return *options.now;
}

/// The week that begins with `days.front()`: up to the last day before the next Monday.
std::span<const Date> FirstWeek(std::span<const Date> days) {
  const std::int32_t next_monday = days.front().days + 7 - Weekday(days.front());
  std::size_t length = 1;
  while (length < days.size() && days[length].days < next_monday) ++length;
  return days.first(length);
}

Status TellYear(Year& year) {
  Writer& writer = year.writer;
  TellGovernance(year);
  OPPI_RETURN_IF_ERROR(writer.Flush());
  // From here on policy, notices, bases and delegations are in the log.

  TellRegister(year);
  TellEnrolment(year);
  OPPI_RETURN_IF_ERROR(writer.Flush());
  TellPaperConsents(year);
  TellFirstDisclosures(year);
  OPPI_RETURN_IF_ERROR(writer.Flush());
  // From here on every pupil has guardians, a study right and a class.

  Attendance attendance(year);
  const Stories stories(year);
  std::size_t next_step = 0;
  for (std::span<const Date> rest = year.days; !rest.empty();) {
    const std::span<const Date> week = FirstWeek(rest);
    rest = rest.subspan(week.size());
    attendance.TellWeek(week);
    TellGradesOfWeek(year, week);
    TellSupportOfWeek(year, week);
    TellActivityOfWeek(year, week);
    TellReadsOfWeek(year, week);
    TellPortalConsentsOfWeek(year, week);
    OPPI_RETURN_IF_ERROR(writer.Flush());
    for (; next_step < stories.steps().size() && stories.steps()[next_step].day <= week.back();
         ++next_step) {
      stories.steps()[next_step].tell();
      OPPI_RETURN_IF_ERROR(writer.Flush());
    }
  }

  TellFinalGrades(year);
  OPPI_RETURN_IF_ERROR(writer.Flush());
  TellCertificates(year);
  TellNationalDisclosures(year);
  OPPI_RETURN_IF_ERROR(writer.Flush());
  // From here on the year is over, and `now` is near.

  LastDays last_days(year);
  for (const auto chapter :
       {&LastDays::TellReleases, &LastDays::TellAnswers, &LastDays::TellDisclosures,
        &LastDays::TellWithdrawals, &LastDays::TellStops, &LastDays::TellProvocations}) {
    (last_days.*chapter)();
    OPPI_RETURN_IF_ERROR(writer.Flush());
  }
  return {};
}

}  // namespace

Instant DrawTime(std::span<const Date> week, int first, int last, Random& draw) {
  const Date date = week[draw.Below(week.size())];
  const auto hour = static_cast<int>(draw.Between(first, last));
  const auto minute = static_cast<int>(draw.Below(60));
  return LocalTime(date, hour, minute);
}

std::string DocumentHash(std::string_view name) {
  return HashText(HashOf("invented document\n" + std::string(name)));
}

void NameGuardian(events::Event& event, const std::string& guardian) {
  event.on_behalf_of = guardian;
  event.SetText("by", guardian);
}

Result<YearSummary> GeneratePlanned(const GenerateOptions& options,
                                    const std::function<Status(const Planned&)>& sink) {
  if (options.pupils < kPupilsMin || options.pupils > kPupilsMax)
    return OutOfBounds("pupils must be 45 to 50000");
  if (options.days < 1 || options.days > kSchoolDaysMax)
    return OutOfBounds("days must be 1 to 190");
  std::vector<Date> days = SchoolDays(options.days);
  OPPI_TRY(const Instant now, PublishedAt(options, days.back()));

  const Random random(options.seed);
  Writer writer(random, sink);
  Year year{.options = options,
            .random = random,
            .people = MakePeople(options.pupils, random),
            .days = std::move(days),
            .now = now,
            .writer = writer};
  year.course_grades.resize(options.pupils);
  year.certificate_basis.resize(options.pupils);
  // A pupil of the lower grades, so that guardians would be asked if anybody was.
  year.never_asked = random.Fork("never asked").Below(options.pupils / 9) * 9;
  year.highlights.never_asked = year.people.pupils[year.never_asked].oid;
  year.highlights.vendor = OfferOf(Purpose::kAdapt).recipient;
  year.highlights.purpose = PurposeCode(Purpose::kAdapt);
  year.highlights.category = OfferOf(Purpose::kAdapt).category;

  OPPI_RETURN_IF_ERROR(TellYear(year));
  YearSummary summary = writer.summary();
  summary.now = now;
  summary.highlights = std::move(year.highlights);
  return summary;
}

Status Generate(const GenerateOptions& options,
                const std::function<Status(const events::Event&)>& sink) {
  OPPI_RETURN_IF_ERROR(
      GeneratePlanned(options, [&sink](const Planned& planned) { return sink(planned.event); }));
  return {};
}

std::string_view PublisherOf(const events::Event& event) {
  const std::string_view source = event.source;
  return source.substr(source.rfind('/') + 1);
}

}  // namespace oppi::ops
