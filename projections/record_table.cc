#include <string>
#include <utility>

#include "projections/learner_record.h"
#include "projections/text_table.h"

namespace oppi::projections {
namespace {

std::string Day(const Item& item) { return FormatDate(HelsinkiDate(item.from)); }

std::string Until(const std::optional<Instant>& until) {
  return until ? FormatDate(HelsinkiDate(*until)) : std::string();
}

std::string Number(std::int64_t number) { return std::to_string(number); }

class Writer {
 public:
  explicit Writer(const LearnerRecord& record) : record_(record) {}

  std::string Write() {
    text_ = "Record of " + Printable(record_.learner) + "\n  valid at " +
            FormatInstant(record_.view.at) + ", as known at log size " +
            std::to_string(record_.view.size.value()) + "\n";
    Identity();
    Guardians();
    StudyRights();
    Groups();
    Grades("Course grades", "course", GradeKind::kCourse);
    Grades("Subject grades", "subject", GradeKind::kSubjectFinal);
    Grades("Recognised credits", "course", GradeKind::kCredit);
    Grades("Results", "item", GradeKind::kItemResult);
    Assessments();
    Attendance();
    Activity();
    Support("Support", record_.support);
    Support("Conduct", record_.conduct);
    Certificates();
    Restrictions();
    Erased();
    return std::move(text_);
  }

 private:
  void Section(std::string_view heading, const TextTable& table) {
    if (!table.empty()) text_ += "\n" + table.Render(heading);
  }
  /// Log position and what is particular about the item: the last two columns of each table.
  std::string Position(const Item& item) const {
    return record_.places_hidden ? std::string() : std::to_string(item.position.value());
  }
  static std::string Note(const Item& item) {
    std::string note;
    if (item.status != ItemStatus::kPresent) note = ItemStatusName(item.status);
    if (!item.replaces.empty()) {
      note += (note.empty() ? "corrected " : ", corrected ") +
              std::to_string(item.replaces.size()) + "x";
    }
    return note;
  }

  void Identity() {
    TextTable table({"what", "value"});
    const auto add = [&](const char* what, const std::string& value) {
      if (!value.empty()) table.Add({what, value});
    };
    add("name", record_.identity.name);
    if (record_.identity.birth_date) add("born", FormatDate(*record_.identity.birth_date));
    add("language", record_.identity.language);
    add("municipality", record_.identity.municipality);
    add("contact", record_.identity.contact);
    for (const PseudonymLink& link : record_.identity.pseudonyms) {
      add("also known as", link.kept == record_.learner ? link.merged : link.kept);
    }
    Section("Identity", table);
    TextTable changes({"attribute", "value", "from", "until", "position", "note"});
    for (const AttributeChange& change : record_.identity.changes) {
      changes.Add({change.attribute, change.value, Day(change.item), Until(change.item.until),
                   Position(change.item), Note(change.item)});
    }
    Section("Changes of identity", changes);
  }

  void Guardians() {
    TextTable table({"guardian", "right", "for", "from", "until", "in force", "position", "note"});
    for (const Guardian& guardian : record_.guardians) {
      table.Add({guardian.guardian, guardian.right,
                 guardian.purpose_classes.empty() ? "all" : Joined(guardian.purpose_classes),
                 Day(guardian.item), Until(guardian.item.until), guardian.in_force ? "yes" : "no",
                 Position(guardian.item), Note(guardian.item)});
    }
    Section("Guardians", table);
    TextTable divided({"guardian", "alone for", "from", "until", "position", "note"});
    for (const DividedDuty& duty : record_.divided_duties) {
      divided.Add({duty.guardian, Joined(duty.purpose_classes), Day(duty.item),
                   Until(duty.item.until), Position(duty.item), Note(duty.item)});
    }
    Section("Duties divided", divided);
  }

  void StudyRights() {
    TextTable rights({"study right", "kind", "provider", "school", "start", "state"});
    TextTable states({"study right", "state", "from", "until", "position", "note"});
    TextTable moves({"study right", "from provider", "to provider", "date", "position"});
    TextTable placed(
        {"study right", "year", "grade", "class", "from", "until", "position", "note"});
    TextTable years({"study right", "year", "grade", "outcome", "position", "note"});
    for (const StudyRight& right : record_.studyrights) {
      rights.Add({right.studyright, right.kind, right.provider, right.school,
                  right.start ? FormatDate(*right.start) : "", right.state});
      for (const StudyState& state : right.states) {
        states.Add({right.studyright, state.state, FormatDate(HelsinkiDate(state.from)),
                    Until(state.until), Position(state.item), Note(state.item)});
      }
      for (const Transfer& move : right.transfers) {
        moves.Add({right.studyright, move.from_provider, move.to_provider,
                   move.date ? FormatDate(*move.date) : "", Position(move.item)});
      }
      for (const ClassPlacement& place : right.placements) {
        placed.Add({right.studyright, place.school_year, Number(place.grade_level),
                    place.class_name, Day(place.item), Until(place.item.until),
                    Position(place.item), Note(place.item)});
      }
      for (const YearDecision& year : right.years) {
        years.Add({right.studyright, year.school_year, Number(year.grade_level), year.outcome,
                   Position(year.item), Note(year.item)});
      }
    }
    Section("Study rights", rights);
    Section("States of study rights", states);
    Section("Transfers", moves);
    Section("Classes", placed);
    Section("Decisions on the school year", years);
  }

  void Groups() {
    TextTable table({"group", "role", "from", "until", "position", "note"});
    for (const Membership& member : record_.groups) {
      table.Add({member.group, member.role, Day(member.item), Until(member.item.until),
                 Position(member.item), Note(member.item)});
    }
    Section("Groups", table);
  }

  void Grades(std::string_view heading, const char* code, GradeKind kind) {
    TextTable table({code, "grade", "points", "scope", "date", "until", "newest", "study right",
                     "from where", "assessor", "position", "note"});
    for (const Grade& grade : record_.grades) {
      if (grade.kind != kind) continue;
      std::string note = Note(grade.item);
      if (grade.individualised) note += note.empty() ? "individualised" : ", individualised";
      table.Add({grade.code, grade.grade, grade.points, grade.scope, Day(grade.item),
                 Until(grade.item.until), grade.newest ? "yes" : "no", grade.studyright,
                 grade.origin, grade.assessor, Position(grade.item), std::move(note)});
    }
    Section(heading, table);
  }

  void Assessments() {
    TextTable verbal({"subject", "date", "assessor", "position", "note"});
    for (const VerbalAssessment& part : record_.verbal_assessments) {
      verbal.Add(
          {part.subject, Day(part.item), part.assessor, Position(part.item), Note(part.item)});
    }
    Section("Verbal assessments (text sealed)", verbal);
    TextTable again({"old", "new", "reason", "decided by", "date", "position"});
    for (const Reassessment& part : record_.reassessments) {
      again.Add({part.old_grade, part.new_grade, part.reason, part.decider_role, Day(part.item),
                 Position(part.item)});
    }
    Section("Reassessments", again);
  }

  void Attendance() {
    const oppi::projections::Attendance& attendance = record_.attendance;
    TextTable counts({"mark", "lessons"});
    for (const auto& [code, count] : attendance.marks_by_code) {
      counts.Add({code, std::to_string(count)});
    }
    for (const auto& [code, count] : attendance.absences_by_class) {
      counts.Add({"absent: " + code, std::to_string(count)});
    }
    if (attendance.absences_not_clarified > 0) {
      counts.Add({"absent: not clarified", std::to_string(attendance.absences_not_clarified)});
    }
    Section("Attendance", counts);
    TextTable marks({"lesson", "mark", "late min", "clarified", "date", "position", "note"});
    for (const LessonMark& mark : attendance.marks) {
      if (!mark.newest || mark.code == "PRESENT") continue;  // those are in the counts
      marks.Add({mark.lesson, mark.code, mark.minutes_late ? Number(*mark.minutes_late) : "",
                 mark.clarified ? mark.clarified->absence_class : "", Day(mark.item),
                 Position(mark.item), Note(mark.item)});
    }
    Section("Lessons marked other than present", marks);
    TextTable periods({"kind", "from", "until", "class", "outcome", "position", "note"});
    const auto add = [&](const char* kind, const AbsencePeriod& part) {
      periods.Add({kind, FormatInstant(part.from), FormatInstant(part.until), part.absence_class,
                   part.outcome, Position(part.item), Note(part.item)});
    };
    for (const AbsencePeriod& part : attendance.reports) add("reported", part);
    for (const AbsencePeriod& part : attendance.leaves) add("leave", part);
    Section("Absences reported and leave", periods);
    TextTable limits({"limit h", "counted h", "date", "position"});
    for (const AbsenceThreshold& part : attendance.thresholds) {
      limits.Add(
          {Number(part.threshold_hours), part.counted_hours, Day(part.item), Position(part.item)});
    }
    Section("Absence limits reached", limits);
  }

  void Activity() {
    if (record_.activity.empty()) return;
    TextTable table({"events", "first", "last"});
    table.Add({std::to_string(record_.activity.size()),
               FormatInstant(record_.activity.front().item.from),
               FormatInstant(record_.activity.back().item.from)});
    Section("Learning activity", table);
  }

  void Support(std::string_view heading, const std::vector<SupportFact>& facts) {
    TextTable table({"kind", "what", "decided by", "from", "until", "position", "note"});
    for (const SupportFact& fact : facts) {
      table.Add({fact.kind, Joined(fact.codes), fact.decider, Day(fact.item),
                 Until(fact.item.until), Position(fact.item), Note(fact.item)});
    }
    Section(heading, table);
  }

  void Certificates() {
    TextTable table({"certificate", "kind", "state", "date", "flags", "position", "note"});
    for (const Certificate& part : record_.certificates) {
      table.Add({part.certificate, part.kind, part.revoked ? "REVOKED" : "ISSUED", Day(part.item),
                 part.basis_corrected ? "BASIS_CORRECTED" : "", Position(part.item),
                 Note(part.item)});
    }
    Section("Certificates", table);
  }

  void Restrictions() {
    TextTable table({"restriction", "purposes", "categories", "from", "until", "position"});
    for (const Restriction& part : record_.restrictions) {
      table.Add({part.kind, part.purposes.empty() ? "all" : Joined(part.purposes),
                 part.data_categories.empty() ? "all" : Joined(part.data_categories),
                 Day(part.item), Until(part.item.until), Position(part.item)});
    }
    Section("Restrictions", table);
  }

  void Erased() {
    if (record_.erased.empty()) return;
    if (record_.places_hidden) {
      text_ += "\n" + std::to_string(record_.erased.size()) + " erased entries\n";
      return;
    }
    TextTable table({"position", "recorded", "publisher", "erased by"});
    for (const Item& item : record_.erased) {
      table.Add({Position(item), FormatInstant(item.recorded), item.publisher, item.by});
    }
    Section("Erased entries", table);
  }

  const LearnerRecord& record_;
  std::string text_;
};

}  // namespace

std::string RecordTable(const LearnerRecord& record) { return Writer(record).Write(); }

}  // namespace oppi::projections
