#include "ops/generate/people.h"

#include <algorithm>

#include "events/check.h"
#include "events/ids.h"
#include "ops/generate/policy.h"
#include "ops/generate/rates.h"

namespace oppi::ops {
namespace {

constexpr std::size_t kClassSizeMax = 20;
constexpr std::size_t kGrades = 9;
constexpr int kFirstGradeBirthYear = 2018;  // who starts school in 2025 turns seven that year

// Words for weather, light and paper forms: no list of real people's names was read.
constexpr std::array<std::string_view, 24> kGivenNames = {
    "Aamu",   "Halla",  "Kaste",  "Kide",   "Kuura",  "Lumo",  "Luoto", "Myrsky",
    "Niitty", "Nuotti", "Pisara", "Poutu",  "Pyry",   "Rinne", "Routa", "Ruska",
    "Sade",   "Sumu",   "Syksy",  "Taival", "Tuisku", "Tyven", "Usva",  "Viima"};
constexpr std::array<std::string_view, 16> kFamilyNames = {
    "Esimerkki", "Harjoite", "Kaavake",   "Keksitty", "Koelma",  "Kuviteltu",
    "Lomake",    "Luonnos",  "Malline",   "Mallikas", "Mukamas", "Nimetön",
    "Näytelmä",  "Otelma",   "Sepitelmä", "Testinen"};
constexpr std::array<std::string_view, 5> kLanguages = {"fi", "sv", "en", "se", "other"};
constexpr std::array<unsigned, 5> kLanguageWeights = {86, 5, 2, 1, 6};

/// Numbers of persons: far from each other for different seeds, so that two generated years can
/// stand in one ledger without sharing anybody.
class Numbers {
 public:
  explicit Numbers(Random random) : next_(9'000'000'000 + random.Below(9'000) * 100'000) {}
  std::uint64_t Next() { return next_++; }

 private:
  std::uint64_t next_;
};

std::string PersonUrn(std::uint64_t number) { return "urn:oid:" + events::PersonOid(number); }

struct Family {
  std::string name;
  std::vector<std::size_t> guardians;
  bool separated = false;
  unsigned children_left = 1;
};

Family MakeFamily(People& people, Numbers& numbers, Random& random) {
  Family family;
  family.name = random.Pick(kFamilyNames);
  const std::size_t guardians = random.Chance(rates::kOneGuardian) ? 1 : 2;
  for (std::size_t i = 0; i < guardians; ++i) {
    family.guardians.push_back(people.guardians.size());
    people.guardians.push_back({PersonUrn(numbers.Next())});
  }
  family.separated = guardians == 2 && random.Chance(rates::kSeparated);
  family.children_left = random.Chance(rates::kSiblings) ? 2 : 1;
  return family;
}

Date BirthDate(int grade, Random& random) {
  const Date january_first = FromCivil({kFirstGradeBirthYear - (grade - 1), 1, 1});
  return {january_first.days + static_cast<std::int32_t>(random.Below(365))};
}

Pupil MakePupil(std::size_t index, int grade, const Family& family, Numbers& numbers,
                Random& random) {
  Pupil pupil;
  const std::uint64_t number = numbers.Next();
  pupil.oid = PersonUrn(number);
  pupil.studyright = events::StudyRightOid(number);
  pupil.given_name = random.Pick(kGivenNames);
  pupil.family_name = family.name;
  pupil.language = kLanguages[random.Weighted(kLanguageWeights)];
  pupil.grade = grade;
  pupil.birth = BirthDate(grade, random);
  // Ten equal groups, dealt in turn: the share of each group does not depend on luck.
  pupil.absence_percent = rates::kAbsencePercent[index % rates::kAbsencePercent.size()];
  for (const std::size_t guardian : family.guardians) pupil.ties.push_back({guardian, true, ""});
  if (family.separated) {
    // Of separated parents, one in three keeps the right to know but not to decide; for another
    // third a court has divided the duties.
    const std::uint64_t arrangement = random.Below(3);
    if (arrangement == 0) pupil.ties[1].decides = false;
    if (arrangement == 1) pupil.sole_media_guardian = family.guardians[0];
  }
  return pupil;
}

void MakeClasses(People& people, std::size_t pupils, Numbers& numbers) {
  // Grades are filled evenly; each grade is cut into classes of about equal size.
  const std::size_t in_grade = (pupils + kGrades - 1) / kGrades;
  const std::size_t parallel = (in_grade + kClassSizeMax - 1) / kClassSizeMax;
  for (std::size_t grade = 1; grade <= kGrades; ++grade) {
    for (std::size_t i = 0; i < parallel; ++i) {
      SchoolClass made;
      made.name = std::to_string(grade);
      made.name += static_cast<char>('A' + i % 26);
      if (i >= 26) made.name += std::to_string(i / 26 + 1);
      made.grade = static_cast<int>(grade);
      made.school = people.schools[grade <= 6 ? i % 2 : 2];
      made.teacher = people.teachers.size();
      people.teachers.push_back(PersonUrn(numbers.Next()));
      people.classes.push_back(std::move(made));
    }
  }
}

void MakeGroups(People& people, Numbers& numbers) {
  for (std::size_t c = 0; c < people.classes.size(); ++c) {
    // Up to grade 6 the class teacher teaches everything; from grade 7 each class has a second
    // teacher.
    std::size_t second = people.classes[c].teacher;
    if (people.classes[c].grade > 6) {
      second = people.teachers.size();
      people.teachers.push_back(PersonUrn(numbers.Next()));
    }
    for (std::size_t s = 0; s < kSubjects.size(); ++s) {
      people.groups.push_back({people.classes[c].name + "-" + std::string(kSubjects[s].code), c, s,
                               s % 2 == 0 ? people.classes[c].teacher : second});
    }
  }
}

void MakeTimetable(People& people, const Random& random) {
  for (std::size_t c = 0; c < people.classes.size(); ++c) {
    std::vector<std::size_t> week;
    for (std::size_t s = 0; s < kSubjects.size(); ++s)
      for (int n = 0; n < kSubjects[s].lessons_in_week; ++n)
        week.push_back(c * kSubjects.size() + s);
    OPPI_CHECK(week.size() == kSchoolWeekdays * kLessonsInDay);
    Random shuffle = random.Fork("timetable", c);
    shuffle.Shuffle(week);
    auto& table = people.timetable.emplace_back();
    for (std::size_t i = 0; i < week.size(); ++i)
      table[i / kLessonsInDay][i % kLessonsInDay] = week[i];
  }
}

}  // namespace

const std::string& ControllerOid() {
  static const std::string oid = events::OrganisationOid(9'990'000'001);
  return oid;
}

const std::string& NeighbourOid() {
  static const std::string oid = events::OrganisationOid(9'990'000'002);
  return oid;
}

People MakePeople(std::size_t pupils, const Random& random) {
  People people;
  Numbers numbers(random.Fork("numbers"));
  Random draw = random.Fork("people");
  for (std::uint64_t i = 0; i < 3; ++i)
    people.schools.push_back(events::OrganisationOid(9'990'000'010 + i));
  people.principal = PersonUrn(numbers.Next());
  MakeClasses(people, pupils, numbers);
  MakeGroups(people, numbers);
  MakeTimetable(people, random);

  const std::size_t parallel = people.classes.size() / kGrades;
  Family family;
  family.children_left = 0;
  for (std::size_t i = 0; i < pupils; ++i) {
    // Neighbouring pupils are siblings, so grades are dealt in turn: siblings are not in one class.
    const std::size_t grade = i % kGrades;
    const std::size_t school_class = grade * parallel + i / kGrades % parallel;
    if (family.children_left == 0) family = MakeFamily(people, numbers, draw);
    --family.children_left;
    Pupil pupil = MakePupil(i, static_cast<int>(grade) + 1, family, numbers, draw);
    pupil.school_class = school_class;
    people.classes[school_class].pupils.push_back(i);
    people.pupils.push_back(std::move(pupil));
  }
  return people;
}

Holders HoldersAt(const Pupil& pupil, Purpose purpose, Instant t) {
  Holders holders;
  if (t >= ReachesAge(pupil.birth, SelfAge(purpose))) {
    holders.learner = true;
    return holders;
  }
  for (const Tie& tie : pupil.ties) {
    if (!tie.decides) continue;
    // The court's division names media and research; digital services stay with both.
    if (purpose != Purpose::kAdapt && pupil.sole_media_guardian &&
        *pupil.sole_media_guardian != tie.guardian)
      continue;
    holders.guardians.push_back(tie.guardian);
  }
  return holders;
}

}  // namespace oppi::ops
