#include "projections/learner_record.h"
#include "projections/record_visit.h"

namespace oppi::projections {
namespace {

void Hide(std::string& text) {
  if (!text.empty()) text = kRedactedText;
}

}  // namespace

std::size_t HidePlaces(LearnerRecord& record) {
  record.places_hidden = true;
  std::size_t changed = 0;
  ForEachItem(record, [&](Item& item) {
    Hide(item.publisher);
    Hide(item.controller);
    ++changed;
  });
  Hide(record.identity.municipality);
  Hide(record.identity.contact);
  for (Registration& part : record.identity.registrations) Hide(part.municipality);
  for (AttributeChange& part : record.identity.changes) {
    if (part.attribute == "MUNICIPALITY" || part.attribute == "CONTACT") Hide(part.value);
  }
  for (DividedDuty& part : record.divided_duties) Hide(part.court_ref);  // names the court
  for (StudyRight& right : record.studyrights) {
    Hide(right.provider);
    Hide(right.school);
    for (Transfer& part : right.transfers) {
      Hide(part.from_provider);
      Hide(part.to_provider);
    }
    for (ClassPlacement& part : right.placements) {
      Hide(part.class_name);
      Hide(part.site);
    }
  }
  for (Membership& part : record.groups) Hide(part.group);
  for (LessonMark& part : record.attendance.marks) Hide(part.lesson);
  for (Register& part : record.attendance.registers) Hide(part.lesson);
  for (Grade& part : record.grades) {
    Hide(part.assessor);
    Hide(part.origin);
    if (part.kind == GradeKind::kItemResult) Hide(part.code);  // made by the group's teacher
  }
  for (VerbalAssessment& part : record.verbal_assessments) Hide(part.assessor);
  for (SupportFact& part : record.conduct) Hide(part.decider);
  for (Certificate& part : record.certificates) {
    Hide(part.certificate);  // numbered by the school
    Hide(part.replacement);
    Hide(part.signer);
  }
  return changed;
}

}  // namespace oppi::projections
