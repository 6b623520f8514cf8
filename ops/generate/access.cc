#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "ops/generate/rates.h"
#include "ops/generate/year.h"

/// Who looked, and who was given something. Every disclosure cites a decision, every receipt cites
/// the disclosure.

namespace oppi::ops {
namespace {

using events::Event;
using events::EventType;

struct Transfer {
  const char* purpose;
  const char* recipient;
  const char* category;
  const char* channel;
};

/// A decision resting on law, the disclosure, and - from recipients that publish here - the
/// receipt.
void TellTransfer(Year& year, const Pupil& pupil, Instant at, const Transfer& transfer,
                  bool acknowledged) {
  const std::string content = DocumentHash(std::string(transfer.purpose) + pupil.oid);
  Event& decision =
      year.writer.Add(Publisher::kGateway, EventType::kAccessDecisionMade, at, pupil.oid);
  decision.SetText("purpose", transfer.purpose)
      .SetText("recipient", transfer.recipient)
      .SetList("data_categories", {transfer.category})
      .SetText("result", "PERMIT_STATUTORY")
      .SetText("basis", year.basis.at(transfer.purpose))
      .SetNumber("known_size", static_cast<std::int64_t>(year.writer.emitted()))
      .SetText("policy_hash", PolicyHash());
  Event& disclosed =
      year.writer.Add(Publisher::kGateway, EventType::kAccessDisclosed, After(at, 0, 1), pupil.oid);
  disclosed.SetText("actor", "gateway")
      .SetText("organisation", ControllerOid())
      .SetText("purpose", transfer.purpose)
      .SetText("recipient", transfer.recipient)
      .SetList("data_categories", {transfer.category})
      .SetText("decision", decision.id)
      .SetText("channel", transfer.channel)
      .SetText("content_hash", content);
  if (!acknowledged) return;
  Event& received =
      year.writer.Add(Publisher::kVendor, EventType::kAccessReceived, After(at, 0, 2), pupil.oid);
  received.SetText("disclosure", disclosed.id)
      .SetText("recipient", transfer.recipient)
      .SetText("content_hash", content);
}

Event& TellRead(Year& year, Publisher publisher, Instant at, const std::string& subject,
                const std::string& actor, const char* role, const char* query) {
  Event& read = year.writer.Add(publisher, EventType::kAccessRead, at, subject);
  read.SetText("actor", actor)
      .SetText("actor_role", role)
      .SetText("organisation", ControllerOid())
      .SetText("purpose", "EDU")
      .SetText("query", query)
      .SetNumber("result_count", 1);
  return read;
}

/// A class teacher opens the class list: one event about everybody on it.
void TellClassRead(Year& year, const SchoolClass& school_class, Instant at) {
  std::vector<std::string> read_about;
  for (const std::size_t pupil : school_class.pupils)
    read_about.push_back(year.people.pupils[pupil].oid);
  if (read_about.empty()) return;
  std::sort(read_about.begin(), read_about.end());
  const auto count = static_cast<std::int64_t>(read_about.size());
  Event& read = TellRead(year, Publisher::kGateway, at, read_about.front(),
                         year.people.teachers[school_class.teacher], "TEACHER", "BULK");
  read_about.erase(read_about.begin());
  read.other_subjects = std::move(read_about);
  read.SetNumber("result_count", count).SetText("reason_text", "class list");
}

}  // namespace

void TellFirstDisclosures(Year& year) {
  const Instant at = LocalTime(year.first_day(), 7);
  for (const Pupil& pupil : year.people.pupils)
    TellTransfer(year, pupil, at, {"EDU", "vendor-one", "ID", "API"}, true);
}

void TellNationalDisclosures(Year& year) {
  const Instant at = LocalTime({year.last_day().days + 1}, 9);
  for (const Pupil& pupil : year.people.pupils)
    if (!pupil.left) TellTransfer(year, pupil, at, {"KOSKI", "KOSKI", "LRN.GRADE", "FILE"}, false);
}

void TellReadsOfWeek(Year& year, std::span<const Date> week) {
  Random draw = year.random.Fork("reads", static_cast<std::uint64_t>(week.front().days));
  for (const SchoolClass& school_class : year.people.classes)
    TellClassRead(year, school_class, LocalTime(week[draw.Below(week.size())], 8, 30));
  for (const Pupil& pupil : year.people.pupils) {
    if (pupil.left || !draw.Chance(rates::kGuardianReadsInWeek)) continue;
    const Instant at = DrawTime(week, 16, 21, draw);
    // From the upper grades on the pupil looks as often as the guardians do.
    const bool self = pupil.grade >= 7 && draw.Chance(500'000);
    const std::string& actor =
        self ? pupil.oid : year.guardian_oid(pupil.ties[draw.Below(pupil.ties.size())]);
    TellRead(year, Publisher::kPortal, at, pupil.oid, actor, self ? "LEARNER" : "GUARDIAN",
             "LEARNER_RECORD")
        .on_behalf_of = actor;
  }
}

}  // namespace oppi::ops
