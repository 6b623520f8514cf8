#include <array>
#include <string>

#include "events/ids.h"
#include "ops/generate/rates.h"
#include "ops/generate/year.h"

/// Exercises in the vendor's tool, told in the two languages vendors speak: xAPI and Caliper.

namespace oppi::ops {
namespace {

using events::Event;
using events::EventType;

constexpr std::array<const char*, 3> kVerbs = {"attempted", "completed", "passed"};

/// The name under which the vendor knows the pupil: a pseudonym of the controller.
std::string Pseudonym(const Pupil& pupil) {
  return events::UuidV4FromName("vendor-one", pupil.oid);
}

void TellXapi(Year& year, const Pupil& pupil, Instant at, std::uint64_t exercise, Random& draw) {
  Event& event =
      year.writer.Add(Publisher::kVendor, EventType::kActivityXapiStatement, at, pupil.oid);
  const std::string id = events::UuidV4FromName("statement", event.id);
  const std::string verb = draw.Pick(kVerbs);
  std::string statement = R"({"id":")" + id + R"(","timestamp":")" + FormatInstant(at);
  statement +=
      R"(","actor":{"objectType":"Agent","account":{"homePage":"https://tool.example","name":")";
  statement += Pseudonym(pupil) + R"("}},"verb":{"id":"http://adlnet.gov/expapi/verbs/)" + verb;
  statement += R"("},"object":{"id":"https://tool.example/exercise/)" + std::to_string(exercise);
  statement += R"("},"result":{"score":{"raw":)" + std::to_string(draw.Between(4, 20));
  statement += R"(,"max":20}}})";
  event.purpose = "EDU";
  event.basis = "A6-1-e";
  event.SetText("statement_id", id).SetText("statement", std::move(statement));
}

void TellCaliper(Year& year, const Pupil& pupil, Instant at, std::uint64_t exercise) {
  Event& event =
      year.writer.Add(Publisher::kVendor, EventType::kActivityCaliperEvent, at, pupil.oid);
  const std::string id = "urn:uuid:" + events::UuidV4FromName("caliper", event.id);
  std::string body = R"({"@context":"http://purl.imsglobal.org/ctx/caliper/v1p2","id":")" + id;
  body += R"(","type":"NavigationEvent","actor":{"id":"urn:uuid:)" + Pseudonym(pupil);
  body += R"(","type":"Person"},"action":"NavigatedTo","object":{"id":"https://tool.example/page/)";
  body += std::to_string(exercise) + R"(","type":"WebPage"},"eventTime":")";
  // Caliper wants three fraction digits, always.
  std::string time = FormatInstant({at.micros - at.micros % kMicrosPerSecond});
  time.insert(time.size() - 1, ".000");
  body += time + R"("})";
  event.purpose = "EDU";
  event.basis = "A6-1-e";
  event.SetText("event_id", id).SetText("event", std::move(body));
}

}  // namespace

void TellActivityOfWeek(Year& year, std::span<const Date> week) {
  Random draw = year.random.Fork("activity", static_cast<std::uint64_t>(week.front().days));
  for (const Pupil& pupil : year.people.pupils) {
    if (pupil.left || !draw.Chance(rates::kActivityInWeek)) continue;
    const Instant at = DrawTime(week, 9, 19, draw);
    const std::uint64_t exercise = 1 + draw.Below(400);
    if (draw.Chance(300'000))
      TellCaliper(year, pupil, at, exercise);
    else
      TellXapi(year, pupil, at, exercise, draw);
  }
}

}  // namespace oppi::ops
