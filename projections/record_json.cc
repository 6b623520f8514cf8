#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "projections/learner_record.h"

namespace oppi::projections {
namespace {

using Json = nlohmann::ordered_json;

/// Adds members that say something; an empty one is left out.
class Members {
 public:
  explicit Members(Json& json) : json_(json) {}
  Members& Text(const char* name, std::string_view text) {
    if (!text.empty()) json_[name] = text;
    return *this;
  }
  Members& List(const char* name, const std::vector<std::string>& list) {
    if (!list.empty()) json_[name] = list;
    return *this;
  }
  Members& Day(const char* name, const std::optional<Date>& date) {
    if (date) json_[name] = FormatDate(*date);
    return *this;
  }
  Members& Time(const char* name, const std::optional<Instant>& instant) {
    if (instant) json_[name] = FormatInstant(*instant);
    return *this;
  }
  Members& Number(const char* name, std::optional<std::int64_t> number) {
    if (number) json_[name] = *number;
    return *this;
  }
  Members& Flag(const char* name, bool flag) {
    json_[name] = flag;
    return *this;
  }

 private:
  Json& json_;
};

class Writer {
 public:
  explicit Writer(const LearnerRecord& record) : record_(record) {}

  Json Write() const {
    Json json = Json::object();
    json["learner"] = record_.learner;
    json["view"] = {{"at", FormatInstant(record_.view.at)}, {"size", record_.view.size.value()}};
    json["identity"] = IdentityJson();
    Section(json, "guardians", record_.guardians, &Writer::GuardianJson);
    Section(json, "divided_duties", record_.divided_duties, &Writer::DividedJson);
    Section(json, "studyrights", record_.studyrights, &Writer::StudyRightJson);
    Section(json, "groups", record_.groups, &Writer::MembershipJson);
    json["attendance"] = AttendanceJson();
    GradeSection(json, "course_grades", GradeKind::kCourse, "course");
    GradeSection(json, "subject_grades", GradeKind::kSubjectFinal, "subject");
    GradeSection(json, "item_results", GradeKind::kItemResult, "item");
    GradeSection(json, "credits", GradeKind::kCredit, "course");
    Section(json, "verbal_assessments", record_.verbal_assessments, &Writer::VerbalJson);
    Section(json, "reassessments", record_.reassessments, &Writer::ReassessmentJson);
    json["activity"] = ActivityJson();
    Section(json, "support", record_.support, &Writer::SupportJson);
    Section(json, "conduct", record_.conduct, &Writer::SupportJson);
    Section(json, "certificates", record_.certificates, &Writer::CertificateJson);
    Section(json, "restrictions", record_.restrictions, &Writer::RestrictionJson);
    if (!record_.erased.empty()) {
      Json& erased = json["erased"] = Json::array();
      for (const Item& item : record_.erased) erased.push_back(ItemJson(item));
    }
    if (!record_.held.empty()) {
      Json& held = json["held"] = Json::array();
      for (const Item& item : record_.held) held.push_back(HeldJson(item));
    }
    return json;
  }

 private:
  template <class Part>
  void Section(Json& json, const char* name, const std::vector<Part>& parts,
               Json (Writer::*write)(const Part&) const) const {
    if (parts.empty()) return;
    Json& list = json[name] = Json::array();
    for (const Part& part : parts) list.push_back((this->*write)(part));
  }

  Json ItemJson(const Item& item) const {
    Json json = Json::object();
    Members members(json);
    members.Text("event", item.event);
    if (!record_.places_hidden) {
      json["position"] = item.position.value();
      json["recorded"] = FormatInstant(item.recorded);
    }
    const bool gone = item.status == ItemStatus::kErased || item.status == ItemStatus::kUnreadable;
    if (!gone) members.Time("valid_from", item.from);
    members.Time("valid_until", item.until)
        .Text("publisher", item.publisher)
        .Text("controller", item.controller)
        .Text("status", ItemStatusName(item.status))
        .Text("by", item.by)
        .List("replaces", item.replaces);
    return json;
  }

  Json HeldJson(const Item& item) const {
    Json json = Json::object();
    if (!record_.places_hidden) {
      json["position"] = item.position.value();
      json["recorded"] = FormatInstant(item.recorded);
    }
    json["status"] = ItemStatusName(item.status);
    json["by"] = item.by;
    return json;
  }

  Json IdentityJson() const {
    const Identity& identity = record_.identity;
    Json json = Json::object();
    Members(json)
        .Text("name", identity.name)
        .Day("birth_date", identity.birth_date)
        .Text("language", identity.language)
        .Text("municipality", identity.municipality)
        .Text("contact", identity.contact);
    Section(json, "registrations", identity.registrations, &Writer::RegistrationJson);
    Section(json, "changes", identity.changes, &Writer::ChangeJson);
    Section(json, "pseudonyms", identity.pseudonyms, &Writer::PseudonymJson);
    return json;
  }
  Json RegistrationJson(const Registration& part) const {
    Json json = ItemJson(part.item);
    Members(json)
        .Day("birth_date", part.birth_date)
        .Text("language", part.language)
        .Text("given_name", part.given_name)
        .Text("family_name", part.family_name)
        .Text("municipality", part.municipality);
    return json;
  }
  Json ChangeJson(const AttributeChange& part) const {
    Json json = ItemJson(part.item);
    Members(json).Text("attribute", part.attribute).Text("value", part.value);
    return json;
  }
  Json PseudonymJson(const PseudonymLink& part) const {
    Json json = ItemJson(part.item);
    Members(json).Text("kept", part.kept).Text("merged", part.merged).Text("reason", part.reason);
    return json;
  }
  Json GuardianJson(const Guardian& part) const {
    Json json = ItemJson(part.item);
    Members(json)
        .Text("guardian", part.guardian)
        .Text("right", part.right)
        .List("purpose_classes", part.purpose_classes)
        .Flag("in_force", part.in_force)
        .Text("ended_by", part.ended_by);
    return json;
  }
  Json DividedJson(const DividedDuty& part) const {
    Json json = ItemJson(part.item);
    Members(json)
        .Text("guardian", part.guardian)
        .List("purpose_classes", part.purpose_classes)
        .Text("court_ref", part.court_ref);
    return json;
  }

  Json StudyRightJson(const StudyRight& right) const {
    Json json = Json::object();
    Members(json)
        .Text("studyright", right.studyright)
        .Text("kind", right.kind)
        .Text("provider", right.provider)
        .Text("school", right.school)
        .Day("start", right.start)
        .Text("state", right.state);
    if (right.granted) json["granted"] = ItemJson(*right.granted);
    Section(json, "states", right.states, &Writer::StateJson);
    Section(json, "transfers", right.transfers, &Writer::TransferJson);
    Section(json, "placements", right.placements, &Writer::PlacementJson);
    Section(json, "years", right.years, &Writer::YearJson);
    return json;
  }
  Json StateJson(const StudyState& part) const {
    Json json = ItemJson(part.item);
    Members(json)
        .Text("state", part.state)
        .Text("financing", part.financing)
        .Time("from", part.from)
        .Time("until", part.until);
    return json;
  }
  Json TransferJson(const Transfer& part) const {
    Json json = ItemJson(part.item);
    Members(json)
        .Text("from_provider", part.from_provider)
        .Text("to_provider", part.to_provider)
        .Day("date", part.date);
    return json;
  }
  Json PlacementJson(const ClassPlacement& part) const {
    Json json = ItemJson(part.item);
    Members(json)
        .Text("school_year", part.school_year)
        .Number("grade_level", part.grade_level)
        .Text("class_name", part.class_name)
        .Text("site", part.site);
    return json;
  }
  Json YearJson(const YearDecision& part) const {
    Json json = ItemJson(part.item);
    Members(json)
        .Text("school_year", part.school_year)
        .Number("grade_level", part.grade_level)
        .Text("outcome", part.outcome);
    return json;
  }
  Json MembershipJson(const Membership& part) const {
    Json json = ItemJson(part.item);
    Members(json)
        .Text("group", part.group)
        .Text("role", part.role)
        .Text("removed_by", part.removed_by);
    return json;
  }

  Json AttendanceJson() const {
    const Attendance& attendance = record_.attendance;
    Json json = Json::object();
    json["marks_by_code"] = Counts(attendance.marks_by_code);
    json["absences_by_class"] = Counts(attendance.absences_by_class);
    json["absences_not_clarified"] = attendance.absences_not_clarified;
    Section(json, "marks", attendance.marks, &Writer::MarkJson);
    Section(json, "registers", attendance.registers, &Writer::RegisterJson);
    Section(json, "reports", attendance.reports, &Writer::AbsenceJson);
    Section(json, "leaves", attendance.leaves, &Writer::AbsenceJson);
    Section(json, "thresholds", attendance.thresholds, &Writer::ThresholdJson);
    return json;
  }
  static Json Counts(const std::map<std::string, std::uint64_t>& counts) {
    Json json = Json::object();
    for (const auto& [code, count] : counts) json[code] = count;
    return json;
  }
  Json MarkJson(const LessonMark& part) const {
    Json json = ItemJson(part.item);
    Members(json)
        .Text("lesson", part.lesson)
        .Text("code", part.code)
        .Number("minutes_late", part.minutes_late)
        .Flag("newest", part.newest);
    if (part.clarified) {
      Json& clarified = json["clarified"] = ItemJson(part.clarified->item);
      Members(clarified)
          .Text("absence_class", part.clarified->absence_class)
          .Text("by_person", part.clarified->by);
    }
    return json;
  }
  Json RegisterJson(const Register& part) const {
    Json json = ItemJson(part.item);
    Members(json).Text("lesson", part.lesson).Number("present_count", part.present_count);
    return json;
  }
  Json AbsenceJson(const AbsencePeriod& part) const {
    Json json = ItemJson(part.item);
    Members(json)
        .Time("from", part.from)
        .Time("until", part.until)
        .Text("absence_class", part.absence_class)
        .Text("by_person", part.by)
        .Text("outcome", part.outcome)
        .Text("decider_role", part.decider_role);
    return json;
  }
  Json ThresholdJson(const AbsenceThreshold& part) const {
    Json json = ItemJson(part.item);
    Members(json)
        .Number("threshold_hours", part.threshold_hours)
        .Text("counted_hours", part.counted_hours);
    return json;
  }

  void GradeSection(Json& json, const char* name, GradeKind kind, const char* code_name) const {
    Json list = Json::array();
    for (const Grade& grade : record_.grades) {
      if (grade.kind != kind) continue;
      Json part = ItemJson(grade.item);
      Members members(part);
      members.Text(code_name, grade.code)
          .Text("grade", grade.grade)
          .Text("scope", grade.scope)
          .Text("points", grade.points)
          .Number("attempt", grade.attempt)
          .Text("assessor", grade.assessor)
          .Text("studyright", grade.studyright)
          .Text("origin", grade.origin);
      if (grade.individualised) members.Flag("individualised", true);
      members.Flag("newest", grade.newest);
      list.push_back(std::move(part));
    }
    if (!list.empty()) json[name] = std::move(list);
  }
  Json VerbalJson(const VerbalAssessment& part) const {
    Json json = ItemJson(part.item);
    Members(json).Text("subject", part.subject).Text("assessor", part.assessor);
    return json;
  }
  Json ReassessmentJson(const Reassessment& part) const {
    Json json = ItemJson(part.item);
    Members(json)
        .Text("target", part.target)
        .Text("old_grade", part.old_grade)
        .Text("new_grade", part.new_grade)
        .Text("reason", part.reason)
        .Text("decider_role", part.decider_role);
    return json;
  }
  Json ActivityJson() const {
    Json json = Json::object();
    json["count"] = record_.activity.size();
    if (!record_.activity.empty()) {
      json["first"] = FormatInstant(record_.activity.front().item.from);
      json["last"] = ItemJson(record_.activity.back().item);
    }
    return json;
  }
  Json SupportJson(const SupportFact& part) const {
    Json json = ItemJson(part.item);
    Members(json)
        .Text("kind", part.kind)
        .List("codes", part.codes)
        .Text("hash", part.hash)
        .Text("decider", part.decider)
        .Day("date", part.date);
    return json;
  }
  Json CertificateJson(const Certificate& part) const {
    Json json = ItemJson(part.item);
    json["certificate"] = part.certificate;
    json["kind"] = part.kind;
    json["state"] = part.revoked ? "REVOKED" : "ISSUED";
    json["flags"] = Json::array();
    if (part.basis_corrected) json["flags"].push_back("BASIS_CORRECTED");
    Members(json)
        .Text("document_hash", part.document_hash)
        .List("basis_events", part.basis_events)
        .Number("basis_size", part.basis_size)
        .Text("signer", part.signer)
        .Text("revoked_by", part.revoked_by)
        .Text("revoked_reason", part.revoked_reason)
        .Text("replacement", part.replacement);
    return json;
  }
  Json RestrictionJson(const Restriction& part) const {
    Json json = ItemJson(part.item);
    Members(json)
        .Text("kind", part.kind)
        .List("purposes", part.purposes)
        .List("data_categories", part.data_categories)
        .Text("cleared_by", part.cleared_by);
    return json;
  }

  const LearnerRecord& record_;
};

}  // namespace

std::string RecordJson(const LearnerRecord& record) {
  return Writer(record).Write().dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace oppi::projections
