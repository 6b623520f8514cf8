#include <string>

#include "ops/generate/year.h"

/// The last school day: who moves up, and the certificate that says so.

namespace oppi::ops {
namespace {

using events::Event;
using events::EventType;

constexpr const char* kSchoolYear = "2025-2026";
constexpr int kLastGrade = 9;

std::string CertificateNumber(std::size_t pupil, const char* kind) {
  return std::string(kind) + "-2026-" + std::to_string(10'000 + pupil);
}

Event& Issue(Year& year, std::size_t index, Instant at, const std::string& number,
             const char* kind) {
  const Pupil& pupil = year.people.pupils[index];
  Event& event = year.writer.Add(Publisher::kSis, EventType::kCertificateIssued, at, pupil.oid);
  event.SetText("certificate", number)
      .SetText("kind", kind)
      .SetText("document_hash", DocumentHash("certificate " + number + pupil.oid))
      .SetList("basis_events", year.certificate_basis[index])
      .SetNumber("basis_size", static_cast<std::int64_t>(year.writer.emitted()))
      .SetText("signer", year.people.principal);
  return event;
}

void TellYearDecision(Year& year, std::size_t index) {
  const Pupil& pupil = year.people.pupils[index];
  Random draw = year.random.Fork("year decision", index);
  const std::uint64_t fate = draw.Below(200);
  Event& event = year.writer.Add(Publisher::kSis, EventType::kStudyrightYearDecided,
                                 LocalTime(year.last_day(), 13), pupil.oid);
  event.SetText("studyright", pupil.studyright)
      .SetText("school_year", kSchoolYear)
      .SetNumber("grade_level", pupil.grade)
      .SetText("outcome", fate == 0   ? "RETAINED"
                          : fate <= 2 ? "CONDITIONAL"
                                      : "PROMOTED");
  if (pupil.grade != kLastGrade || fate == 0) return;
  Event& state = year.writer.Add(Publisher::kSis, EventType::kStudyrightStateChanged,
                                 LocalTime(year.last_day(), 13, 30), pupil.oid);
  state.SetText("studyright", pupil.studyright)
      .SetText("state", "valmistunut")
      .SetText("financing", "MUNICIPAL");
}

}  // namespace

void TellCertificates(Year& year) {
  const Instant morning = LocalTime({year.last_day().days + 1}, 8);
  bool replaced = false;
  for (std::size_t index = 0; index < year.people.pupils.size(); ++index) {
    if (year.people.pupils[index].left) continue;
    TellYearDecision(year, index);
    if (year.certificate_basis[index].empty()) continue;
    const bool last = year.people.pupils[index].grade == kLastGrade;
    const char* kind = last ? "FINAL" : "YEAR";
    const std::string number = CertificateNumber(index, kind);
    Issue(year, index, morning, number, kind);
    if (replaced || !last) continue;
    // One had a slip of the pen: revoked, and issued again under a number of its own.
    replaced = true;
    Event& revoked = year.writer.Add(Publisher::kSis, EventType::kCertificateRevoked,
                                     After(morning, 3), year.people.pupils[index].oid);
    revoked.SetText("certificate", number)
        .SetText("reason", "CORRECTED")
        .SetText("replacement", number + "B");
    Issue(year, index, After(morning, 3, 5), number + "B", kind);
  }
}

}  // namespace oppi::ops
