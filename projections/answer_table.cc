#include "projections/answer_table.h"

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "events/time.h"
#include "projections/text_table.h"

namespace oppi::projections {
namespace {

using Json = nlohmann::ordered_json;

/// A member, or null: answers leave out what is empty.
const Json& At(const Json& object, const char* name) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(name);
  return found == object.end() ? kNull : *found;
}

std::string TextOf(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_number_integer()) return std::to_string(value.get<std::int64_t>());
  if (!value.is_array()) return {};
  std::vector<std::string> parts;
  for (const Json& part : value) parts.push_back(TextOf(part));
  return Joined(parts);
}

std::string DayOf(const Json& value) {
  const std::string text = TextOf(value);
  const std::optional<Instant> instant = ParseInstant(text);
  return instant ? FormatDate(HelsinkiDate(*instant)) : text;
}

/// What is particular about an item.
std::string NoteOf(const Json& part) {
  std::vector<std::string> notes;
  const std::string status = TextOf(At(part, "status"));
  if (status != "PRESENT" && !status.empty()) notes.push_back(status);
  const Json& replaces = At(part, "replaces");
  if (!replaces.empty()) notes.push_back("corrected " + std::to_string(replaces.size()) + "x");
  if (At(part, "individualised").is_boolean()) notes.emplace_back("individualised");
  if (!At(part, "flags").empty()) notes.push_back(TextOf(At(part, "flags")));
  return Joined(notes);
}

enum class Show { kText, kDay, kAllIfAbsent, kNote, kClarified };

struct Column {
  const char* heading;
  const char* member;
  Show show = Show::kText;
};
using Columns = std::initializer_list<Column>;

std::string CellOf(const Json& part, const Column& column) {
  const Json& value = At(part, column.member);
  switch (column.show) {
    case Show::kText:
      return TextOf(value);
    case Show::kDay:
      return DayOf(value);
    case Show::kAllIfAbsent:
      return value.empty() ? "all" : TextOf(value);
    case Show::kNote:
      return NoteOf(part);
    case Show::kClarified:
      return TextOf(At(value, "absence_class"));
  }
  return {};
}

class Page {
 public:
  explicit Page(std::string text) : text_(std::move(text)) {}

  /// One row for each part that `keep` keeps.
  template <class Keep>
  void Section(const char* heading, const Json& parts, Columns columns, Keep keep) {
    TextTable table = TableOf(columns);
    for (const Json& part : parts) {
      if (keep(part)) table.Add(RowOf(part, columns));
    }
    Put(heading, table);
  }
  void Section(const char* heading, const Json& parts, Columns columns) {
    Section(heading, parts, columns, [](const Json&) { return true; });
  }
  /// The parts of each owner, after the owner's own id.
  void Nested(const char* heading, const Json& owners, const char* id, const char* member,
              Columns columns) {
    std::vector<std::string> names{id};
    for (const Column& column : columns) names.emplace_back(column.heading);
    TextTable table(std::move(names));
    for (const Json& owner : owners) {
      for (const Json& part : At(owner, member)) {
        std::vector<std::string> row = RowOf(part, columns);
        row.insert(row.begin(), TextOf(At(owner, id)));
        table.Add(std::move(row));
      }
    }
    Put(heading, table);
  }
  void Put(const char* heading, const TextTable& table) {
    if (!table.empty()) text_ += "\n" + table.Render(heading);
  }
  [[nodiscard]] std::string Take() { return std::move(text_); }

 private:
  static TextTable TableOf(Columns columns) {
    std::vector<std::string> names;
    for (const Column& column : columns) names.emplace_back(column.heading);
    return TextTable(std::move(names));
  }
  static std::vector<std::string> RowOf(const Json& part, Columns columns) {
    std::vector<std::string> row;
    for (const Column& column : columns) row.push_back(CellOf(part, column));
    return row;
  }

  std::string text_;
};

constexpr Column kFrom{"from", "valid_from", Show::kDay};
constexpr Column kUntil{"until", "valid_until", Show::kDay};
constexpr Column kDate{"date", "valid_from", Show::kDay};
constexpr Column kPosition{"position", "position"};
constexpr Column kNote{"note", "", Show::kNote};

void Person(Page& page, const Json& record) {
  const Json& identity = At(record, "identity");
  TextTable table({"what", "value"});
  for (const char* what : {"name", "birth_date", "language", "municipality", "contact"}) {
    const std::string value = TextOf(At(identity, what));
    if (!value.empty()) table.Add({what, value});
  }
  for (const Json& link : At(identity, "pseudonyms")) {
    const bool kept = At(link, "kept") == At(record, "learner");
    table.Add({"also known as", TextOf(At(link, kept ? "merged" : "kept"))});
  }
  page.Put("Identity", table);
  page.Section("Changes of identity", At(identity, "changes"),
               {{"attribute", "attribute"}, {"value", "value"}, kFrom, kUntil, kPosition, kNote});
  page.Section("Guardians", At(record, "guardians"),
               {{"guardian", "guardian"},
                {"right", "right"},
                {"for", "purpose_classes", Show::kAllIfAbsent},
                kFrom,
                kUntil,
                {"in force", "in_force"},
                kPosition,
                kNote});
  page.Section("Duties divided", At(record, "divided_duties"),
               {{"guardian", "guardian"},
                {"alone for", "purpose_classes"},
                kFrom,
                kUntil,
                kPosition,
                kNote});
}

void Studies(Page& page, const Json& record) {
  const Json& rights = At(record, "studyrights");
  page.Section("Study rights", rights,
               {{"studyright", "studyright"},
                {"kind", "kind"},
                {"provider", "provider"},
                {"school", "school"},
                {"start", "start"},
                {"state", "state"}});
  page.Nested("States of study rights", rights, "studyright", "states",
              {{"state", "state"},
               {"from", "from", Show::kDay},
               {"until", "until", Show::kDay},
               kPosition,
               kNote});
  page.Nested("Transfers", rights, "studyright", "transfers",
              {{"from provider", "from_provider"},
               {"to provider", "to_provider"},
               {"date", "date"},
               kPosition});
  page.Nested("Classes", rights, "studyright", "placements",
              {{"year", "school_year"},
               {"grade", "grade_level"},
               {"class", "class_name"},
               kFrom,
               kUntil,
               kPosition,
               kNote});
  page.Nested("Decisions on the school year", rights, "studyright", "years",
              {{"year", "school_year"},
               {"grade", "grade_level"},
               {"outcome", "outcome"},
               kPosition,
               kNote});
  page.Section("Groups", At(record, "groups"),
               {{"group", "group"}, {"role", "role"}, kFrom, kUntil, kPosition, kNote});
}

void Grades(Page& page, const Json& record) {
  const auto section = [&](const char* heading, const char* member, Column code) {
    page.Section(heading, At(record, member),
                 {code,
                  {"grade", "grade"},
                  {"points", "points"},
                  {"scope", "scope"},
                  kDate,
                  kUntil,
                  {"newest", "newest"},
                  {"study right", "studyright"},
                  {"from where", "origin"},
                  {"assessor", "assessor"},
                  kPosition,
                  kNote});
  };
  section("Course grades", "course_grades", {"course", "course"});
  section("Subject grades", "subject_grades", {"subject", "subject"});
  section("Recognised credits", "credits", {"course", "course"});
  section("Results", "item_results", {"item", "item"});
  page.Section("Verbal assessments (text sealed)", At(record, "verbal_assessments"),
               {{"subject", "subject"}, kDate, {"assessor", "assessor"}, kPosition, kNote});
  page.Section("Reassessments", At(record, "reassessments"),
               {{"old", "old_grade"},
                {"new", "new_grade"},
                {"reason", "reason"},
                {"decided by", "decider_role"},
                kDate,
                kPosition});
}

void Attendance(Page& page, const Json& record) {
  const Json& attendance = At(record, "attendance");
  TextTable counts({"mark", "lessons"});
  for (const auto& [code, count] : At(attendance, "marks_by_code").items()) {
    counts.Add({code, TextOf(count)});
  }
  for (const auto& [code, count] : At(attendance, "absences_by_class").items()) {
    counts.Add({"absent: " + code, TextOf(count)});
  }
  if (const Json& count = At(attendance, "absences_not_clarified"); count != 0) {
    if (!count.is_null()) counts.Add({"absent: not clarified", TextOf(count)});
  }
  page.Put("Attendance", counts);
  page.Section(
      "Lessons marked other than present", At(attendance, "marks"),
      {{"lesson", "lesson"},
       {"mark", "code"},
       {"minutes", "minutes_late"},
       {"clarified", "clarified", Show::kClarified},
       kDate,
       kPosition,
       kNote},
      [](const Json& mark) { return At(mark, "newest") == true && At(mark, "code") != "PRESENT"; });
  page.Section(
      "Absences reported", At(attendance, "reports"),
      {{"from", "from"}, {"until", "until"}, {"class", "absence_class"}, kPosition, kNote});
  page.Section("Leave", At(attendance, "leaves"),
               {{"from", "from"},
                {"until", "until"},
                {"outcome", "outcome"},
                {"decided by", "decider_role"},
                kPosition,
                kNote});
  page.Section(
      "Absence limits reached", At(attendance, "thresholds"),
      {{"limit, hours", "threshold_hours"}, {"counted", "counted_hours"}, kDate, kPosition});
}

void Rest(Page& page, const Json& record) {
  const Json& activity = At(record, "activity");
  if (const Json& count = At(activity, "count"); !count.is_null() && count != 0) {
    TextTable table({"events", "first", "last"});
    table.Add({TextOf(count), TextOf(At(activity, "first")),
               TextOf(At(At(activity, "last"), "valid_from"))});
    page.Put("Learning activity", table);
  }
  for (const auto& [heading, member] : {std::pair{"Support", "support"}, {"Conduct", "conduct"}}) {
    page.Section(heading, At(record, member),
                 {{"kind", "kind"},
                  {"what", "codes"},
                  {"decided by", "decider"},
                  kFrom,
                  kUntil,
                  kPosition,
                  kNote});
  }
  page.Section("Certificates", At(record, "certificates"),
               {{"certificate", "certificate"},
                {"kind", "kind"},
                {"state", "state"},
                kDate,
                {"replaced by", "replacement"},
                kPosition,
                kNote});
  page.Section("Restrictions", At(record, "restrictions"),
               {{"restriction", "kind"},
                {"purposes", "purposes", Show::kAllIfAbsent},
                {"categories", "data_categories", Show::kAllIfAbsent},
                kFrom,
                kUntil,
                kPosition});
  page.Section("Erased entries", At(record, "erased"),
               {kPosition,
                {"recorded", "recorded"},
                {"publisher", "publisher"},
                {"status", "status"},
                {"by", "by"}});
}

Result<Json> Parse(std::string_view text, bool (Json::*is_kind)() const noexcept) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !(json.*is_kind)()) return InvalidArgument("answer: not such JSON");
  return json;
}

}  // namespace

Result<std::string> RecordTable(std::string_view record_json) {
  OPPI_TRY(const Json record, Parse(record_json, &Json::is_object));
  const Json& view = At(record, "view");
  Page page("Record of " + Printable(TextOf(At(record, "learner"))) + "\n  valid at " +
            Printable(TextOf(At(view, "at"))) + ", as known at log size " +
            TextOf(At(view, "size")) + "\n");
  Person(page, record);
  Studies(page, record);
  Grades(page, record);
  Attendance(page, record);
  Rest(page, record);
  return page.Take();
}

Result<std::string> AuditTable(std::string_view audit_json) {
  OPPI_TRY(const Json audit, Parse(audit_json, &Json::is_object));
  const std::string total = TextOf(At(audit, "total"));
  std::string heading = total + (total == "1" ? " entry" : " entries");
  if (const Json& redacted = At(audit, "redacted"); !redacted.is_null() && redacted != 0) {
    heading += ", " + TextOf(redacted) + " redacted";
  }
  Page page(std::move(heading) + "\n");
  page.Section("Entries", At(audit, "entries"),
               {{"at", "at"},
                {"action", "action"},
                {"actor", "actor"},
                {"role", "actor_role"},
                {"organisation", "organisation"},
                {"purpose", "purpose"},
                {"recipient", "recipient"},
                {"query", "query"},
                {"reason", "reason"},
                {"recorded", "recorded"},
                kPosition});
  return page.Take();
}

Result<std::string> ObligationsTable(std::string_view rows_json) {
  OPPI_TRY(const Json rows, Parse(rows_json, &Json::is_array));
  Page page(rows.empty() ? "No duties.\n" : "");
  page.Section("Duties", rows,
               {{"learner", "learner"},
                {"duty", "code"},
                {"status", "status"},
                {"due", "due"},
                {"controller", "controller"},
                {"purpose", "purpose"},
                {"recipient", "recipient"},
                {"event", "event"}});
  return page.Take();
}

Result<std::string> FindingsTable(std::string_view rows_json) {
  OPPI_TRY(const Json rows, Parse(rows_json, &Json::is_array));
  Page page(rows.empty() ? "Nothing found.\n" : "");
  page.Section("Findings", rows,
               {{"learner", "learner"},
                {"finding", "finding"},
                {"reason", "reason"},
                {"at", "at"},
                {"due", "due"},
                {"after, s", "latency_seconds"},
                {"controller", "controller"},
                {"purpose", "purpose"},
                {"recipients", "recipients"},
                {"categories", "data_categories"},
                {"event", "event"},
                {"known from", "known_from"}});
  return page.Take();
}

Result<std::string> RedactionLines(std::string_view redactions_json) {
  OPPI_TRY(const Json redactions, Parse(redactions_json, &Json::is_array));
  std::string lines;
  for (const Json& redaction : redactions) {
    const std::string count = TextOf(At(redaction, "count"));
    lines += "Kept back (" + Printable(TextOf(At(redaction, "reason"))) + "): ";
    if (count.empty()) {
      lines += "not shown in this role, whether there is any or not\n";
    } else {
      lines += count + (count == "1" ? " entry\n" : " entries\n");
    }
  }
  return lines;
}

}  // namespace oppi::projections
