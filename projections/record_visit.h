#pragma once

#include "projections/learner_record.h"

/// Visits the Item of every part of a record (a LearnerRecord, const or not), in the record's
/// order.

namespace oppi::projections {

template <class Record, class Visit>
void ForEachItem(Record& record, Visit visit) {
  const auto each = [&](auto& parts) {
    for (auto& part : parts) visit(part.item);
  };
  each(record.identity.registrations);
  each(record.identity.changes);
  each(record.identity.pseudonyms);
  each(record.guardians);
  each(record.divided_duties);
  for (auto& right : record.studyrights) {
    if (right.granted) visit(*right.granted);
    each(right.states);
    each(right.transfers);
    each(right.placements);
    each(right.years);
  }
  each(record.groups);
  for (auto& mark : record.attendance.marks) {
    visit(mark.item);
    if (mark.clarified) visit(mark.clarified->item);
  }
  each(record.attendance.registers);
  each(record.attendance.reports);
  each(record.attendance.leaves);
  each(record.attendance.thresholds);
  each(record.grades);
  each(record.verbal_assessments);
  each(record.reassessments);
  each(record.activity);
  each(record.support);
  each(record.conduct);
  each(record.certificates);
  each(record.restrictions);
  for (auto& item : record.erased) visit(item);
  for (auto& item : record.held) visit(item);
}

}  // namespace oppi::projections
