#include "events/codec/koski_units.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <optional>
#include <utility>

#include "events/ids.h"
#include "events/limits.h"

namespace oppi::events {
namespace {

constexpr std::array<std::string_view, 2> kGeneralScales = {
    "arviointiasteikkoyleissivistava", "ahvenanmaanarviointiasteikkoyleissivistava"};
constexpr std::array<std::string_view, 10> kGrades = {"4", "5",  "6", "7", "8",
                                                      "9", "10", "H", "S", "O"};

template <std::size_t N>
bool OneOf(std::string_view text, const std::array<std::string_view, N>& set) {
  return std::find(set.begin(), set.end(), text) != set.end();
}
bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// The grade, if it is on the general scale; other scales use the same digits for other things.
std::string_view GradeOf(const Json& assessment) {
  const Json& grade = assessment["arvosana"];
  if (!OneOf(grade["koodistoUri"].str(), kGeneralScales)) return {};
  return OneOf(grade["koodiarvo"].str(), kGrades) ? grade["koodiarvo"].str() : "";
}

std::string_view Localised(const Json& text) {
  for (const std::string_view language : {"fi", "sv", "en"})
    if (const std::string_view found = text[language].str(); !found.empty()) return found;
  return {};
}

/// `laajuus` as a `dec`; nullopt where none is told, or it cannot be written so.
std::optional<std::string> ScopeOf(const Json& unit) {
  const auto value = unit["koulutusmoduuli"]["laajuus"]["arvo"].Number();
  if (!value || *value < 0 || *value >= 1e9) return std::nullopt;
  std::array<char, 40> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.4f", *value);
  std::string text(buffer.data());
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

/// A graded unit that is a subject rather than a course. The code of its type tells.
bool IsSubject(std::string_view type) {
  return Contains(type, "oppiaine") || Contains(type, "toimintaalue");
}

/// General upper secondary courses of the older curricula count one course unless they say
/// otherwise.
bool IsCourse(std::string_view type) {
  return type.ends_with("kurssi") || type == "lukionmuuopinto";
}

/// The code of a subject: the national code as it is; codes of other national sets are named with
/// their set, as the national code service does, for "1" alone says nothing.
std::string SubjectCode(const Json& unit) {
  const Json& code = unit["koulutusmoduuli"]["tunniste"];
  const std::string_view set = code["koodistoUri"].str();
  if (set.empty() || Contains(set, "oppiaine")) return KeyStr(code["koodiarvo"].str());
  std::string name(set);
  name.append("_").append(code["koodiarvo"].str());
  return KeyStr(name);
}

std::string_view UnitCode(const Json& unit) {
  return unit["koulutusmoduuli"]["tunniste"]["koodiarvo"].str();
}

/// Finnish school years begin in August.
std::string SchoolYear(Date day) {
  const CivilDate civil = ToCivil(day);
  const int first = civil.month >= 8 ? civil.year : civil.year - 1;
  return std::to_string(first) + "-" + std::to_string(first + 1);
}

/// Year class from its code: "7"; in the European school N1-N2 come before the first year, P1-P5
/// are years 1-5 and S1-S7 years 6-12. The tenth year of basic education is a programme of its own.
std::optional<std::int64_t> GradeLevel(const Json& unit) {
  std::string_view code = UnitCode(unit);
  if (unit["tyyppi"]["koodiarvo"].str() == "perusopetuksenlisaopetus") return 10;
  if (code == "explorer") return 0;
  std::int64_t before = 0;
  if (code.size() == 2 && (code[0] == 'N' || code[0] == 'P' || code[0] == 'S')) {
    if (code[0] == 'N') return 0;
    if (code[0] == 'S') before = 5;
    code.remove_prefix(1);
  }
  if (code.empty() || code.size() > 2 ||
      code.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  std::int64_t level = 0;
  for (const char c : code) level = level * 10 + (c - '0');
  return level + before;
}

std::string_view CertificateKind(std::string_view type, bool top) {
  static constexpr std::array<std::string_view, 7> kDiplomas = {
      "ammatillinentutkinto", "lukionoppimaara",    "lukionoppimaara2019", "ibtutkinto",
      "diatutkintovaihe",     "ylioppilastutkinto", "ebtutkinto"};
  if (Contains(type, "vuosiluokka")) return "YEAR";
  if (!top || Contains(type, "oppiaineenoppimaara") || Contains(type, "aineopinnot") ||
      Contains(type, "osittainen") || Contains(type, "pienemm"))
    return "COURSE";
  return OneOf(type, kDiplomas) ? "DIPLOMA" : "FINAL";
}

/// All grades of the study right, whatever their scale.
std::uint32_t CountGrades(const Json& value) {
  std::uint32_t count = 0;
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    if (value.is_object()) {
      if (value.names[i] == "tunnustettu") continue;  // grades of somebody else's school
      if (value.names[i] == "arvosana" && value.items[i].is_object()) ++count;
    }
    count += CountGrades(value.items[i]);
  }
  return count;
}

class Units {
 public:
  Units(const KoskiStudyRight& right, Translation& translation)
      : right_(right), translation_(translation) {}

  void Top(const Json& unit, const std::string& place) {
    Placement(unit, place);
    Year(unit, place);
    Unit(unit, place, nullptr, DayOf(unit["vahvistus"]));
  }

  [[nodiscard]] std::uint32_t mapped_grades() const { return mapped_grades_; }

 private:
  static std::optional<Date> DayOf(const Json& something) {
    if (const auto day = ParseDate(something["päivä"].str())) return day;
    return ParseDate(something["arviointipäivä"].str());
  }

  [[nodiscard]] Event Make(EventType type, const std::string& place) const {
    return MakeKoskiEvent(translation_, right_, type, place);
  }

  [[nodiscard]] std::string Person(std::string_view name) const {
    std::string who = right_.school;
    who.append("\n").append(name);
    return translation_.Pseudonym("koski/staff", who);
  }
  [[nodiscard]] std::string Assessor(const Json& assessment) const {
    const auto& named = assessment["arvioitsijat"].elements();
    return Person(named.empty() ? "" : named[0]["nimi"].str());
  }
  [[nodiscard]] std::string Site(const Json& unit) const {
    const std::string_view oid = unit["toimipiste"]["oid"].str();
    return CheckOrganisation(oid, false) == IdCheck::kOk ? std::string(oid) : right_.school;
  }

  void Placement(const Json& unit, const std::string& place) {
    auto day = ParseDate(unit["alkamispäivä"].str());
    if (!day) day = right_.start;
    if (!day) return;
    const auto class_name = CleanStr(unit["luokka"].str());
    if (const auto level = GradeLevel(unit); class_name && level) {
      Event event = Make(EventType::kStudyrightClassPlaced, place);
      event.valid_from = HelsinkiMidnight(*day);
      event.SetText("studyright", right_.studyright);
      event.SetText("school_year", SchoolYear(*day));
      event.SetNumber("grade_level", *level);
      event.SetText("class_name", *class_name);
      event.SetText("site", Site(unit));
      translation_.Add(std::move(event));
    }
    if (const auto group = CleanStr(unit["ryhmä"].str())) {
      Event event = Make(EventType::kTeachingMembershipSet, place);
      event.valid_from = HelsinkiMidnight(*day);
      event.SetText("group", KeyStr(Site(unit) + "/" + *group));
      event.SetText("role", "LEARNER");
      event.SetText("status", "ADDED");
      translation_.Add(std::move(event));
    }
  }

  void Year(const Json& unit, const std::string& place) {
    const auto confirmed = DayOf(unit["vahvistus"]);
    const Json& retained = unit["jääLuokalle"];
    const auto level = GradeLevel(unit);
    if (!confirmed || !level || !retained.is(Json::Kind::kBool)) return;
    const auto first = ParseDate(unit["alkamispäivä"].str());
    Event event = Make(EventType::kStudyrightYearDecided, place);
    event.time = HelsinkiMidnight(*confirmed);
    event.SetText("studyright", right_.studyright);
    event.SetText("school_year", SchoolYear(first.value_or(*confirmed)));
    event.SetNumber("grade_level", *level);
    event.SetText("outcome", retained.truth ? "RETAINED" : "PROMOTED");
    translation_.Add(std::move(event));
  }

  /// A unit, then the units in it, then its confirmation, which rests on all of them. Returns the
  /// ids of the grades given. `subject`: the enclosing subject; `day`: when the enclosing unit was
  /// confirmed.
  std::vector<std::string> Unit(const Json& unit, const std::string& place, const Json* subject,
                                std::optional<Date> day) {
    if (const auto own = DayOf(unit["vahvistus"])) day = own;
    const std::string_view type = unit["tyyppi"]["koodiarvo"].str();
    std::vector<std::string> grades;
    if (unit.Find("tunnustettu") != nullptr) {
      Recognised(unit, place, day, grades);
    } else {
      const auto& assessments = unit["arviointi"].elements();
      for (std::size_t i = 0; i < assessments.size(); ++i) {
        const std::string where = place + "/" + std::to_string(i);
        auto assessed = DayOf(assessments[i]);
        if (!assessed) assessed = day;
        Graded(unit, assessments[i], where, assessed, grades);
        Verbal(IsSubject(type) || subject == nullptr ? unit : *subject, assessments[i], where,
               assessed);
      }
    }
    const Json* inner = IsSubject(type) ? &unit : subject;
    const auto& parts = unit["osasuoritukset"].elements();
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto below = Unit(parts[i], place + "/" + std::to_string(i) + "u", inner, day);
      grades.insert(grades.end(), below.begin(), below.end());
    }
    Confirmed(unit, place, grades);
    return grades;
  }

  void Graded(const Json& unit, const Json& assessment, const std::string& place,
              std::optional<Date> day, std::vector<std::string>& grades) {
    const std::string_view grade = GradeOf(assessment);
    const std::string_view type = unit["tyyppi"]["koodiarvo"].str();
    if (grade.empty() || UnitCode(unit).empty()) return;
    const bool subject = IsSubject(type);
    auto scope = ScopeOf(unit);
    if (!scope && IsCourse(type)) scope = "1";
    if (!subject && !scope) return;
    Event event =
        Make(subject ? EventType::kGradeSubjectFinal : EventType::kGradeCourseAssessed, place);
    if (day) event.valid_from = HelsinkiMidnight(*day);
    event.SetText(subject ? "subject" : "course",
                  subject ? SubjectCode(unit) : KeyStr(UnitCode(unit)));
    event.SetText("grade", std::string(grade));
    event.SetText("assessor", Assessor(assessment));
    event.SetText("studyright", right_.studyright);
    if (!subject) event.SetText("scope", *scope);
    const Json& own_goals = unit["yksilöllistettyOppimäärä"];
    if (subject && own_goals.is(Json::Kind::kBool))
      event.SetNumber("individualised", own_goals.truth ? 1 : 0);
    grades.push_back(event.id);
    ++mapped_grades_;
    translation_.Add(std::move(event));
  }

  void Verbal(const Json& subject, const Json& assessment, const std::string& place,
              std::optional<Date> day) {
    const std::string_view text = Localised(assessment["kuvaus"]);
    if (text.empty() || CharacterCount(text) > kTextCharsMax || ContainsPersonalCode(text) ||
        UnitCode(subject).empty())
      return;
    Event event = Make(EventType::kGradeVerbalAssessed, place);
    if (day) event.valid_from = HelsinkiMidnight(*day);
    event.SetText("subject", SubjectCode(subject));
    event.SetText("text", std::string(text));
    event.SetText("assessor", Assessor(assessment));
    translation_.Add(std::move(event));
  }

  void Recognised(const Json& unit, const std::string& place, std::optional<Date> day,
                  std::vector<std::string>& grades) {
    auto scope = ScopeOf(unit);
    if (!scope && IsCourse(unit["tyyppi"]["koodiarvo"].str())) scope = "1";
    const auto& assessments = unit["arviointi"].elements();
    if (!scope || UnitCode(unit).empty()) {
      ++translation_.out().unmapped_credits;
      return;
    }
    Event event = Make(EventType::kGradeCreditRecognised, place);
    std::string_view grade;
    for (const Json& assessment : assessments) {
      if (const auto assessed = DayOf(assessment)) day = assessed;
      if (const std::string_view given = GradeOf(assessment); !given.empty()) {
        grade = given;
        ++mapped_grades_;
      }
    }
    if (day) event.time = HelsinkiMidnight(*day);
    event.SetText("course", KeyStr(UnitCode(unit)));
    event.SetText("scope", *scope);
    // The text may name the other school or the work; without it, the law's own word.
    event.SetText("origin",
                  CleanStr(Localised(unit["tunnustettu"]["selite"])).value_or("tunnustettu"));
    if (!grade.empty()) event.SetText("grade", std::string(grade));
    grades.push_back(event.id);
    translation_.Add(std::move(event));
  }

  void Confirmed(const Json& unit, const std::string& place, std::vector<std::string> grades) {
    const auto day = DayOf(unit["vahvistus"]);
    if (!day) return;
    if (grades.empty() && !right_.fallback_ref.empty()) grades.push_back(right_.fallback_ref);
    if (grades.empty()) return;
    // A list holds 64; the document, whose hash is beside it, holds them all.
    if (grades.size() > kListItemsMax) grades.resize(kListItemsMax);
    const std::string_view type = unit["tyyppi"]["koodiarvo"].str();
    const bool top = !Contains(place, "u");
    std::string name = right_.studyright;
    name.append("/").append(type).append("/").append(UnitCode(unit)).append("/");
    name += FormatDate(*day);
    Event event = Make(EventType::kCertificateIssued, place);
    event.time = HelsinkiMidnight(*day);
    event.SetText("certificate", KeyStr(name));
    event.SetText("kind", std::string(CertificateKind(type, top)));
    event.SetText("document_hash", right_.document_hash);
    event.SetList("basis_events", std::move(grades));
    event.SetNumber("basis_size", 0);  // the size of the ledger is not known here
    const auto& signers = unit["vahvistus"]["myöntäjäHenkilöt"].elements();
    if (!signers.empty()) event.SetText("signer", Person(signers[0]["nimi"].str()));
    translation_.Add(std::move(event));
  }

  const KoskiStudyRight& right_;
  Translation& translation_;
  std::uint32_t mapped_grades_ = 0;
};

}  // namespace

Event MakeKoskiEvent(const Translation& translation, const KoskiStudyRight& right, EventType type,
                     std::string_view place) {
  std::string name = right.identity;
  name.append("\n").append(place);
  Event event = translation.Make(type, name, right.time);
  event.subject = right.subject;
  event.controller = right.controller;
  event.correlation = right.correlation;
  return event;
}

void TranslateKoskiUnits(const Json& studyright_json, const KoskiStudyRight& right,
                         Translation& translation) {
  const auto& units = studyright_json["suoritukset"].elements();
  Units reader(right, translation);
  for (std::size_t i = 0; i < units.size(); ++i) reader.Top(units[i], std::to_string(i));
  const std::uint32_t all = CountGrades(studyright_json);
  if (all > reader.mapped_grades())
    translation.out().unmapped_grades += all - reader.mapped_grades();
}

}  // namespace oppi::events
