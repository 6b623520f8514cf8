#include "events/codec/oneroster.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "events/codec/csv.h"
#include "events/codec/translation.h"
#include "events/ids.h"

namespace oppi::events {
namespace {

using Names = std::initializer_list<std::string_view>;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

std::string FileName(std::string_view path) {
  const std::size_t slash = path.find_last_of("/\\");
  return Lower(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

/// "2021-08-24" or, as School Data Sync 1 has it, "8/24/2021".
std::optional<Date> ReadDate(std::string_view text) {
  if (const auto date = ParseDate(text.substr(0, 10));
      date && (text.size() == 10 || text[10] == 'T'))
    return date;
  std::array<int, 3> part{};
  std::size_t at = 0;
  for (const char c : text) {
    if (c == '/' && at < 2) {
      ++at;
    } else if (c >= '0' && c <= '9' && part[at] < 1000) {
      part[at] = part[at] * 10 + (c - '0');
    } else {
      return std::nullopt;
    }
  }
  if (at != 2) return std::nullopt;
  std::array<char, 48> iso{};
  std::snprintf(iso.data(), iso.size(), "%04d-%02d-%02d", part[2], part[0], part[1]);
  return ParseDate(iso.data());
}

/// Role in a group; "" for roles that are none there.
std::string_view GroupRole(std::string_view role) {
  const std::string lower = Lower(role);
  if (lower == "student" || lower == "learner") return "LEARNER";
  if (lower == "teacher" || lower == "professor" || lower == "faculty" || lower == "lecturer" ||
      lower == "instructor")
    return "TEACHER";
  if (lower == "aide" || lower == "assistant" || lower == "teacherassistant") return "ASSISTANT";
  if (lower == "guardian" || lower == "parent") return "GUARDIAN";
  return {};
}

bool IsGuardian(std::string_view role) {
  const std::string lower = Lower(role);
  return lower == "guardian" || lower == "parent" || lower == "mother" || lower == "father";
}

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of(",;");
    std::string_view part = text.substr(0, end);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parts;
}

struct Term {
  std::string title;
  std::optional<Date> start;
  std::optional<Date> end;
};

class Roster {
 public:
  explicit Roster(const TranslateOptions& options) : options_(options) {}

  void Load(const std::vector<RosterFile>& files) {
    for (const RosterFile& file : files) {
      const std::string name = FileName(file.name);
      auto table = CsvTable::Parse(file.bytes);
      if (table)
        tables_.insert_or_assign(name, std::move(*table));
      else if (IsOurs(name))
        out_.refused.push_back({ErrorCode::kMalformed, 0, name});
    }
    LoadTerms();
    LoadPeople();
  }

  RosterEvents Translate() {
    Learners();
    Guardians();
    Groups();
    Memberships();
    return std::move(out_);
  }

 private:
  static bool IsOurs(std::string_view name) {
    for (const std::string_view known :
         {"academicsessions.csv", "classes.csv", "courses.csv", "demographics.csv",
          "enrollments.csv", "relationships.csv", "roles.csv", "section.csv", "student.csv",
          "studentenrollment.csv", "teacherroster.csv", "users.csv"})
      if (name == known) return true;
    return false;
  }

  /// Calls `f` with a table and a row of it, for every row of the file if there is one.
  template <class F>
  void EachRow(const std::string& file, F&& f) const {
    const auto found = tables_.find(file);
    if (found == tables_.end()) return;
    for (std::size_t row = 0; row < found->second.rows(); ++row) f(found->second, row);
  }

  void LoadTerms() {
    EachRow("academicsessions.csv", [this](const CsvTable& t, std::size_t row) {
      NoteTerm(t.At(row, {"sourcedId"}), t.At(row, {"title"}), t.At(row, {"startDate"}),
               t.At(row, {"endDate"}));
    });
    EachRow("section.csv", [this](const CsvTable& t, std::size_t row) {
      NoteTerm(t.At(row, {"Term SIS ID"}), t.At(row, {"Term Name"}), t.At(row, {"Term StartDate"}),
               t.At(row, {"Term EndDate"}));
    });
  }
  void NoteTerm(std::string_view id, std::string_view title, std::string_view start,
                std::string_view end) {
    Term term{std::string(title.empty() ? id : title), ReadDate(start), ReadDate(end)};
    if (term.start && (!earliest_ || *term.start < *earliest_)) earliest_ = term.start;
    terms_.emplace(id, std::move(term));
  }

  void LoadPeople() {
    const auto note = [this](std::string_view id, std::string_view role) {
      if (Lower(role) == "student") students_.emplace(id);
      if (IsGuardian(role)) guardians_.emplace(id);
    };
    EachRow("users.csv", [&](const CsvTable& t, std::size_t row) {
      note(t.At(row, {"sourcedId"}), t.At(row, {"role"}));
    });
    EachRow("roles.csv", [&](const CsvTable& t, std::size_t row) {
      note(t.At(row, {"userSourcedId"}), t.At(row, {"role"}));
    });
    EachRow("enrollments.csv", [&](const CsvTable& t, std::size_t row) {
      note(t.At(row, {"userSourcedId"}), t.At(row, {"role"}));
    });
    EachRow("demographics.csv", [this](const CsvTable& t, std::size_t row) {
      birth_dates_.emplace(t.At(row, {"userSourcedId", "sourcedId"}),
                           t.At(row, {"birthDate", "birthdate"}));
    });
    EachRow("courses.csv", [this](const CsvTable& t, std::size_t row) {
      const std::string_view subject = t.At(row, {"subject", "subjectCodes", "subjects"});
      const std::string_view code = t.At(row, {"code", "courseCode"});
      courses_.emplace(t.At(row, {"sourcedId"}), subject.empty() ? code : subject);
    });
  }

  /// `kind` keeps apart ids that count on their own: School Data Sync 1 numbers students and
  /// teachers in separate files.
  [[nodiscard]] std::string Person(const Translation& translation, std::string_view id,
                                   std::string_view kind = "user") const {
    if (CheckPerson(id, false) == IdCheck::kOk) return std::string(id);
    if (IsUuidV4(id)) return "urn:uuid:" + std::string(id);
    std::string name = options_.controller;
    name.append("\n").append(kind).append("\n").append(id);
    return translation.Pseudonym("oneroster", name);
  }

  /// `dateLastModified` of the row, the start of the roster, or the reception.
  [[nodiscard]] std::optional<Instant> TimeOf(std::string_view modified) const {
    if (const auto instant = ParseForeignInstant(modified, Zoneless::kUtc)) return instant;
    if (const auto date = ReadDate(modified)) return HelsinkiMidnight(*date);
    if (earliest_) return HelsinkiMidnight(*earliest_);
    return options_.received;
  }

  /// Runs `fill` on a new event of the type and takes the event, or the refusal, into the result.
  /// `columns`: the columns that identify the row; each has to hold something.
  template <class F>
  void Row(const std::string& file, const CsvTable& t, std::size_t row, EventType type,
           std::initializer_list<Names> columns, F&& fill) {
    Translation translation(row, options_);
    const auto refuse = [&](ErrorCode code, std::string_view column) {
      out_.refused.push_back({code, row, file + ": " + std::string(column)});
    };
    const std::string_view modified = t.At(row, {"dateLastModified"});
    std::string name = file;
    for (const Names& alternatives : columns) {
      const std::string_view value = t.At(row, alternatives);
      if (value.empty()) return refuse(ErrorCode::kFieldMissing, *alternatives.begin());
      name.append("\n").append(value);
    }
    if (!modified.empty()) name.append("\n").append(modified);
    const auto time = TimeOf(modified);
    if (!time) return refuse(ErrorCode::kFieldMissing, "dateLastModified");
    Event event = translation.Make(type, name, *time);
    if (const std::string_view column = fill(event, translation); !column.empty())
      return refuse(ErrorCode::kFieldType, column);
    translation.Add(std::move(event));
    Translated translated = std::move(translation).Finish();
    if (translated.refused) return refuse(translated.refused->code, translated.refused->member);
    out_.events.push_back(std::move(translated.events.front()));
  }

  void Learners() {
    EachRow("users.csv", [this](const CsvTable& t, std::size_t row) {
      const std::string id(t.At(row, {"sourcedId"}));
      if (!students_.contains(id)) return;
      const auto birth = birth_dates_.find(id);
      Learner("users.csv", t, row, {"sourcedId"}, "user",
              birth == birth_dates_.end() ? "" : birth->second);
    });
    EachRow("student.csv", [this](const CsvTable& t, std::size_t row) {
      Learner("student.csv", t, row, {"SIS ID"}, "student", t.At(row, {"Birthdate"}));
    });
  }
  void Learner(const std::string& file, const CsvTable& t, std::size_t row, Names id,
               std::string_view kind, std::string_view birth_date) {
    if (birth_date.empty()) {
      ++out_.unmapped_rows;
      return;
    }
    Row(file, t, row, EventType::kIdentityLearnerRegistered, {id},
        [&](Event& event, const Translation& translation) -> std::string_view {
          const auto birth = ReadDate(birth_date);
          if (!birth) return "birthDate";
          event.subject = Person(translation, t.At(row, id), kind);
          event.SetNumber("birth_date", birth->days);
          event.SetText("language", "other");
          if (const auto given =
                  CleanStr(t.At(row, {"preferredFirstName", "givenName", "First Name"})))
            event.SetText("given_name", *given);
          if (const auto family = CleanStr(t.At(row, {"familyName", "Last Name"})))
            event.SetText("family_name", *family);
          return {};
        });
  }

  void Guardians() {
    EachRow("relationships.csv", [this](const CsvTable& t, std::size_t row) {
      if (!IsGuardian(t.At(row, {"relationshipRole"}))) {
        ++out_.unmapped_rows;
        return;
      }
      const Names child = {"userSourcedId"};
      const Names adult = {"relationshipUserSourcedId"};
      Row("relationships.csv", t, row, EventType::kGuardianshipEstablished, {child, adult},
          [&](Event& event, const Translation& translation) {
            return Guardianship(event, translation, t.At(row, child), t.At(row, adult));
          });
    });
    EachRow("users.csv", [this](const CsvTable& t, std::size_t row) {
      const std::string_view child = t.At(row, {"sourcedId"});
      if (!students_.contains(std::string(child))) return;
      for (const std::string& agent : SplitList(t.At(row, {"agentSourcedIds", "agents"}))) {
        if (!guardians_.contains(agent)) continue;
        Row("users.csv", t, row, EventType::kGuardianshipEstablished, {{"sourcedId"}},
            [&](Event& event, const Translation& translation) {
              // Several adults in one row: the row's name alone would give them one id.
              std::string name("agent\n");
              name.append(child).append("\n").append(agent);
              event.id = translation.Make(event.type, name, event.time).id;
              return Guardianship(event, translation, child, agent);
            });
      }
    });
  }
  std::string_view Guardianship(Event& event, const Translation& translation,
                                std::string_view child, std::string_view adult) const {
    event.subject = Person(translation, child);
    event.other_subjects = {Person(translation, adult)};
    event.SetText("guardian", event.other_subjects.front());
    event.SetText("right", options_.guardian_right);
    event.SetText("source", "DOCUMENT");
    return {};
  }

  void Groups() {
    EachRow("classes.csv", [this](const CsvTable& t, std::size_t row) {
      const auto terms = SplitList(t.At(row, {"termSourcedIds", "sessionSourcedIds"}));
      std::string_view subject = t.At(row, {"subjectCodes", "subjects"});
      const auto course = courses_.find(std::string(t.At(row, {"courseSourcedId"})));
      if (subject.empty() && course != courses_.end()) subject = course->second;
      Group("classes.csv", t, row, {"sourcedId"}, terms.empty() ? "" : terms.front(), subject,
            t.At(row, {"schoolSourcedId", "orgSourcedId"}));
    });
    EachRow("section.csv", [this](const CsvTable& t, std::size_t row) {
      std::string_view subject = t.At(row, {"Course Subject"});
      if (subject.empty()) subject = t.At(row, {"Course Number"});
      Group("section.csv", t, row, {"SIS ID"}, t.At(row, {"Term SIS ID"}), subject,
            t.At(row, {"School SIS ID"}));
    });
  }
  void Group(const std::string& file, const CsvTable& t, std::size_t row, Names id,
             std::string_view term_id, std::string_view subject, std::string_view school) {
    Row(file, t, row, EventType::kTeachingGroupDefined, {id},
        [&](Event& event, const Translation&) -> std::string_view {
          const auto term = terms_.find(std::string(term_id));
          const auto code = CleanStr(subject);
          if (!code) return "subject";
          if (term == terms_.end()) return "term";
          HoldDuring(event, term->second);
          event.SetText("group", KeyStr(t.At(row, id)));
          event.SetText("subject_code", *code);
          const bool oid = CheckOrganisation(school, false) == IdCheck::kOk;
          event.SetText("school", oid ? std::string(school) : options_.controller);
          event.SetText("term", KeyStr(term->second.title));
          event.SetText("status", "OPEN");
          groups_.emplace(t.At(row, id), term->second);
          return {};
        });
  }

  static void HoldDuring(Event& event, const Term& term) {
    if (term.start) event.valid_from = HelsinkiMidnight(*term.start);
    if (!term.end) return;
    const Instant end = HelsinkiMidnight({term.end->days + 1});
    if (end > event.V()) event.valid_to = end;
  }

  void Memberships() {
    EachRow("enrollments.csv", [this](const CsvTable& t, std::size_t row) {
      Membership("enrollments.csv", t, row, {"classSourcedId"}, {"userSourcedId"}, "user",
                 t.At(row, {"role"}), {{"classSourcedId"}, {"userSourcedId"}, {"role"}});
    });
    EachRow("studentenrollment.csv", [this](const CsvTable& t, std::size_t row) {
      Membership("studentenrollment.csv", t, row, {"Section SIS ID"}, {"SIS ID"}, "student",
                 "student", {{"Section SIS ID"}, {"SIS ID"}});
    });
    EachRow("teacherroster.csv", [this](const CsvTable& t, std::size_t row) {
      Membership("teacherroster.csv", t, row, {"Section SIS ID"}, {"SIS ID"}, "teacher", "teacher",
                 {{"Section SIS ID"}, {"SIS ID"}});
    });
  }
  void Membership(const std::string& file, const CsvTable& t, std::size_t row, Names group,
                  Names user, std::string_view kind, std::string_view role,
                  std::initializer_list<Names> identity) {
    const std::string_view group_role = GroupRole(role);
    if (group_role.empty()) {
      ++out_.unmapped_rows;
      return;
    }
    Row(file, t, row, EventType::kTeachingMembershipSet, identity,
        [&](Event& event, const Translation& translation) -> std::string_view {
          event.subject = Person(translation, t.At(row, user), kind);
          Term term;
          const auto known = groups_.find(std::string(t.At(row, group)));
          if (known != groups_.end()) term = known->second;
          if (const auto begin = ReadDate(t.At(row, {"beginDate"}))) term.start = begin;
          if (const auto end = ReadDate(t.At(row, {"endDate"}))) term.end = end;
          HoldDuring(event, term);
          event.SetText("group", KeyStr(t.At(row, group)));
          event.SetText("role", std::string(group_role));
          const std::string status = Lower(t.At(row, {"status"}));
          event.SetText("status",
                        status == "tobedeleted" || status == "inactive" ? "REMOVED" : "ADDED");
          return {};
        });
  }

  const TranslateOptions& options_;
  RosterEvents out_;
  std::map<std::string, CsvTable> tables_;
  std::map<std::string, Term> terms_;               // by id
  std::optional<Date> earliest_;                    // first day of the earliest term
  std::set<std::string> students_;                  // ids of users
  std::set<std::string> guardians_;                 // ids of users
  std::map<std::string, std::string> birth_dates_;  // by id of the user, as written
  std::map<std::string, std::string> courses_;      // id of the course: its subject or code
  std::map<std::string, Term> groups_;              // id of the class: when it meets
};

}  // namespace

RosterEvents TranslateRoster(const std::vector<RosterFile>& files,
                             const TranslateOptions& options) {
  Roster roster(options);
  roster.Load(files);
  return roster.Translate();
}

}  // namespace oppi::events
