#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "events/ids.h"
#include "ops/generate/stories.h"

/// Rare things that happen to somebody every year. Each story takes a pupil of its own, whom it
/// suits, so stories cannot contradict each other; in a small school a story that suits nobody is
/// not told.

namespace oppi::ops {
namespace {

using events::Event;
using events::EventType;

/// Hands out pupils in seeded order, each at most once.
class Cast {
 public:
  explicit Cast(Year& year) : year_(year) {
    for (std::size_t i = 0; i < year.people.pupils.size(); ++i)
      if (i != year.never_asked) waiting_.push_back(i);
    year.random.Fork("cast").Shuffle(waiting_);
  }
  /// The next pupil whom the part suits; nullopt when nobody is left who does.
  std::optional<std::size_t> Find(const std::function<bool(const Pupil&)>& suits) {
    const auto found = std::find_if(waiting_.begin(), waiting_.end(), [&](std::size_t index) {
      return suits(year_.people.pupils[index]);
    });
    if (found == waiting_.end()) return std::nullopt;
    const std::size_t index = *found;
    waiting_.erase(found);
    return index;
  }
  std::optional<std::size_t> Anybody() {
    return Find([](const Pupil&) { return true; });
  }

 private:
  Year& year_;
  std::vector<std::size_t> waiting_;
};

}  // namespace

class Stories::Teller {
 public:
  explicit Teller(Year& year) : year_(year), cast_(year) {}

  std::vector<Step> Tell() {
    for (int n = 0; n < 8; ++n) Moved();
    for (int n = 0; n < 3; ++n) CustodyEnded();
    for (int n = 0; n < 2; ++n) MovedAway();
    for (int n = 0; n < 3; ++n) CreditRecognised();
    for (int n = 0; n < 2; ++n) GradeReviewed();
    RegisteredLater();
    PausedByMistake();
    Protected();
    Restricted();
    Objected();
    Missing();
    NothingToErase();
    ErasureRefused();
    Held();
    TurnedThirteen();
    StudyStopped();
    NoticeWasWrong();
    FormLapsed();
    WithdrawalRefused();
    std::stable_sort(steps_.begin(), steps_.end(),
                     [](const Step& a, const Step& b) { return a.day < b.day; });
    return std::move(steps_);
  }

 private:
  const Pupil& pupil(std::size_t index) const { return year_.people.pupils[index]; }
  Pupil& pupil(std::size_t index) { return year_.people.pupils[index]; }

  void On(std::size_t percent, std::function<void(Date)> tell) {
    const Date day = year_.DayAt(percent);
    steps_.push_back({day, [tell = std::move(tell), day] { tell(day); }});
  }
  Event& Add(Publisher publisher, EventType type, Instant at, const Pupil& about) {
    return year_.writer.Add(publisher, type, at, about.oid);
  }
  std::string& Note(const char* story, std::size_t index) {
    return year_.notes[std::string(story) + "/" + std::to_string(index)];
  }

  void Moved() {
    const auto who = cast_.Anybody();
    if (!who) return;
    On(10 + *who % 80, [this, index = *who](Date day) {
      Event& moved = Add(Publisher::kDvv, EventType::kIdentityAttributeChanged, LocalTime(day, 6),
                         pupil(index));
      moved.valid_from = HelsinkiMidnight({day.days - 2});
      moved.SetText("attribute", "MUNICIPALITY").SetText("value", index % 2 == 0 ? "091" : "235");
      Event& contact = Add(Publisher::kSis, EventType::kIdentityAttributeChanged,
                           LocalTime(day, 10), pupil(index));
      contact.SetText("attribute", "CONTACT")
          .SetText("value", "Mallikatu " + std::to_string(index));
    });
  }

  void CustodyEnded() {
    const auto who = cast_.Find([](const Pupil& p) {
      return p.ties.size() == 2 && p.ties[1].decides && !p.sole_media_guardian;
    });
    if (!who) return;
    On(30 + *who % 20, [this, index = *who](Date day) {
      Pupil& child = pupil(index);
      const Tie tie = child.ties[1];
      // On the Sunday: what the guardian did in the week before was done in office.
      const Date sunday{day.days + 6 - Weekday(day)};
      Event& ended =
          Add(Publisher::kDvv, EventType::kGuardianshipEnded, LocalTime(sunday, 6), child);
      ended.other_subjects = {year_.guardian_oid(tie)};
      ended.SetText("guardianship", tie.event)
          .SetText("reason", "COURT")
          .SetText("court_ref", "KO 25/" + std::to_string(1000 + index));
      child.ties.pop_back();
    });
  }

  void MovedAway() {
    const auto who = cast_.Find([](const Pupil& p) { return p.grade < 9; });
    if (!who) return;
    On(60, [this, index = *who](Date day) {
      Pupil& child = pupil(index);
      const Instant at = LocalTime(day, 15);
      const Date monday{day.days + 7 - Weekday(day)};
      Event& transferred = Add(Publisher::kSis, EventType::kStudyrightTransferred, at, child);
      transferred.SetText("studyright", child.studyright)
          .SetText("from_provider", ControllerOid())
          .SetText("to_provider", NeighbourOid())
          .SetNumber("date", monday.days);
      Event& state =
          Add(Publisher::kSis, EventType::kStudyrightStateChanged, After(at, 0, 5), child);
      state.valid_from = HelsinkiMidnight(monday);
      state.SetText("studyright", child.studyright)
          .SetText("state", "eronnut")
          .SetText("financing", "MUNICIPAL");
      SchoolClass& school_class = year_.people.classes[child.school_class];
      for (const Group& group : year_.people.groups) {
        if (group.school_class != child.school_class) continue;
        Event& removed =
            Add(Publisher::kSis, EventType::kTeachingMembershipSet, After(at, 0, 10), child);
        removed.valid_from = HelsinkiMidnight(monday);
        removed.SetText("group", group.name)
            .SetText("role", "LEARNER")
            .SetText("status", "REMOVED");
      }
      std::erase(school_class.pupils, index);
      child.left = true;
    });
  }

  void CreditRecognised() {
    const auto who = cast_.Find([](const Pupil& p) { return p.grade >= 7; });
    if (!who) return;
    On(20, [this, index = *who](Date day) {
      Event& recognised =
          Add(Publisher::kSis, EventType::kGradeCreditRecognised, LocalTime(day, 11), pupil(index));
      recognised.SetText("course", "MU" + std::to_string(pupil(index).grade) + ".1")
          .SetText("scope", "0.5")
          .SetText("origin", "Music school")
          .SetText("grade", "S");
    });
  }

  /// A guardian asks for a course grade to be looked at again; the board decides, the teacher
  /// corrects.
  void GradeReviewed() {
    const auto who = cast_.Find([](const Pupil& p) { return p.grade >= 4; });
    if (!who) return;
    On(55, [this, index = *who](Date day) {
      CourseGrade& stands = year_.course_grades[index][1];
      if (!stands.event || stands.grade == 10) return;
      const std::string old_grade = std::to_string(stands.grade);
      const std::string new_grade = std::to_string(++stands.grade);
      Event& decided = Add(Publisher::kSis, EventType::kGradeReassessmentDecided,
                           LocalTime(day, 12), pupil(index));
      decided.SetText("target", stands.event->id)
          .SetText("old_grade", old_grade)
          .SetText("new_grade", new_grade)
          .SetText("reason", "REQUEST")
          .SetText("decider_role", "BOARD");
      Event& corrected =
          Add(Publisher::kSis, EventType::kGradeCourseAssessed, LocalTime(day, 13), pupil(index));
      corrected.fields = stands.event->fields;
      corrected.SetText("grade", new_grade);
      corrected.corrects = stands.event->id;
      corrected.valid_from = stands.event->V();
      corrected.causation = decided.id;
      stands.event = corrected;
    });
  }

  /// A pupil came without papers and was known by a pseudonym of the municipality for a while.
  void RegisteredLater() {
    const auto who = cast_.Anybody();
    if (!who) return;
    const std::string pseudonym =
        "urn:uuid:" + events::UuidV4FromName("came without papers", pupil(*who).oid);
    On(4, [this, pseudonym, index = *who](Date day) {
      Event& known = year_.writer.Add(Publisher::kSis, EventType::kIdentityLearnerRegistered,
                                      LocalTime(day, 9), pseudonym);
      known.SetNumber("birth_date", pupil(index).birth.days).SetText("language", "other");
    });
    On(12, [this, pseudonym, index = *who](Date day) {
      Event& linked = Add(Publisher::kDvv, EventType::kIdentityPseudonymsLinked, LocalTime(day, 6),
                          pupil(index));
      linked.other_subjects = {pseudonym};
      linked.SetText("kept", pupil(index).oid)
          .SetText("merged", pseudonym)
          .SetText("reason", "REGISTERED_LATER");
    });
  }

  /// A study right is marked as interrupted; it was only leave. The correction keeps the valid
  /// time.
  void PausedByMistake() {
    const auto who = cast_.Anybody();
    if (!who) return;
    const auto state = [this, index = *who](Date day, int hour, const char* code) -> Event& {
      Event& event = Add(Publisher::kSis, EventType::kStudyrightStateChanged, LocalTime(day, hour),
                         pupil(index));
      event.SetText("studyright", pupil(index).studyright)
          .SetText("state", code)
          .SetText("financing", "MUNICIPAL");
      return event;
    };
    On(34, [state](Date day) {
      Event& wrong = state(day, 9, "valiaikaisestikeskeytynyt");
      wrong.valid_from = HelsinkiMidnight(day);
      Event& right = state(day, 15, "loma");
      right.valid_from = wrong.valid_from;
      right.corrects = wrong.id;
    });
    On(38, [state](Date day) { state(day, 9, "lasna").valid_from = HelsinkiMidnight(day); });
  }

  Event& Restriction(Publisher publisher, Date day, std::size_t index, const char* kind) {
    Event& set = Add(publisher, EventType::kRestrictionSet, LocalTime(day, 6, 30), pupil(index));
    set.SetText("kind", kind);
    Note("restriction", index) = set.id;
    return set;
  }
  void Clear(Publisher publisher, Date day, std::size_t index, const char* outcome) {
    Event& cleared =
        Add(publisher, EventType::kRestrictionCleared, LocalTime(day, 6, 30), pupil(index));
    cleared.SetText("restriction", Note("restriction", index)).SetText("outcome", outcome);
  }

  void Protected() {
    const auto whole_year = cast_.Anybody();
    const auto until_spring = cast_.Anybody();
    if (!whole_year || !until_spring) return;
    On(18, [this, a = *whole_year, b = *until_spring](Date day) {
      Restriction(Publisher::kDvv, day, a, "PROTECTION");
      Restriction(Publisher::kDvv, day, b, "PROTECTION");
    });
    On(78, [this, b = *until_spring](Date day) { Clear(Publisher::kDvv, day, b, "ENDED"); });
  }

  void Restricted() {
    const auto who = cast_.Anybody();
    if (!who) return;
    On(48, [this, index = *who](Date day) {
      Restriction(Publisher::kDpo, day, index, "ART18").SetList("data_categories", {"LRN.GRADE"});
    });
    On(66, [this, index = *who](Date day) { Clear(Publisher::kDpo, day, index, "UPHELD"); });
  }

  void Objected() {
    const auto who = cast_.Find([](const Pupil& p) { return p.grade <= 5; });
    if (!who) return;
    On(52, [this, index = *who](Date day) {
      Event& set = Restriction(Publisher::kPortal, day, index, "OBJECTION");
      set.on_behalf_of = year_.guardian_oid(pupil(index).ties.front());
      set.SetList("purposes", {"TOOLG"});
    });
    On(72, [this, index = *who](Date day) { Clear(Publisher::kDpo, day, index, "NOT_UPHELD"); });
  }

  /// A child does not come home. The principal opens what is needed to search; it is reviewed next
  /// day.
  void Missing() {
    const auto who = cast_.Find([](const Pupil& p) { return p.grade <= 6; });
    if (!who) return;
    On(44, [this, index = *who](Date day) {
      Event& opened = Add(Publisher::kGateway, EventType::kAccessEmergencyOpened,
                          LocalTime(day, 18), pupil(index));
      opened.SetText("actor", year_.people.principal)
          .SetText("organisation", ControllerOid())
          .SetText("principal", year_.people.principal)
          .SetList("data_categories", {"ID", "LOC"})
          .SetText("basis", "679/2016 6(1)(d)")
          .SetNumber("minutes", 120)
          .SetText("reason", "MISSING_PERSON");
      Note("emergency", index) = opened.id;
      Event& read = year_.writer.Add(Publisher::kGateway, EventType::kAccessRead,
                                     LocalTime(day, 18, 5), pupil(index).oid);
      read.SetText("actor", year_.people.principal)
          .SetText("actor_role", "STAFF")
          .SetText("organisation", ControllerOid())
          .SetText("purpose", "EDU")
          .SetText("query", "RECORD")
          .SetNumber("result_count", 1)
          .SetText("reason_text", "emergency");
    });
    On(45, [this, index = *who](Date day) {
      Event& reviewed = Add(Publisher::kDpo, EventType::kAccessEmergencyReviewed,
                            LocalTime(day, 10), pupil(index));
      reviewed.SetText("emergency", Note("emergency", index)).SetText("outcome", "JUSTIFIED");
    });
  }

  std::string RequestErasure(Date day, std::size_t index, const char* erased_class) {
    Event& requested =
        Add(Publisher::kPortal, EventType::kErasureRequested, LocalTime(day, 20), pupil(index));
    requested.on_behalf_of = year_.guardian_oid(pupil(index).ties.front());
    requested.SetList("classes", {erased_class}).SetText("ground", "REQUEST");
    Note("erasure", index) = requested.id;
    return requested.id;
  }
  void DecideErasure(Date day, std::size_t index, const char* outcome) {
    Event& decided =
        Add(Publisher::kDpo, EventType::kErasureDecided, LocalTime(day, 10), pupil(index));
    decided.SetText("request", Note("erasure", index))
        .SetText("outcome", outcome)
        .SetText("law_ref", "679/2016 17");
  }

  /// A guardian wants technical traces erased. None are held of any pupil (class S1 events are
  /// about lessons and exams), so the execution truthfully covers nothing.
  void NothingToErase() {
    const auto who = cast_.Anybody();
    if (!who) return;
    On(35, [this, index = *who](Date day) { RequestErasure(day, index, "S1"); });
    On(36, [this, index = *who](Date day) { DecideErasure(day, index, "ACCEPTED"); });
    On(37, [this, index = *who](Date day) {
      Event& executed =
          Add(Publisher::kLedger, EventType::kErasureExecuted, LocalTime(day, 3), pupil(index));
      executed.SetText("request", Note("erasure", index))
          .SetList("classes", {"S1"})
          .SetList("receipts", {"payload_store:none", "key_store:none"})
          .SetNumber("covered_count", 0)
          .SetNumber("shared_remaining", 0);
      Note("execution", index) = executed.id;
    });
    On(39, [this, index = *who](Date day) {
      Event& verified =
          Add(Publisher::kLedger, EventType::kErasureVerified, LocalTime(day, 3), pupil(index));
      verified.SetText("execution", Note("execution", index))
          .SetText("verifier", "fsck")
          .SetList("stores", {"payload_store", "key_store"});
    });
  }

  void ErasureRefused() {
    const auto who = cast_.Anybody();
    if (!who) return;
    On(41, [this, index = *who](Date day) { RequestErasure(day, index, "S2"); });
    On(43, [this, index = *who](Date day) { DecideErasure(day, index, "REFUSED"); });
  }

  void Held() {
    const auto who = cast_.Anybody();
    if (!who) return;
    On(42, [this, index = *who](Date day) {
      Event& hold =
          Add(Publisher::kDpo, EventType::kErasureHoldSet, LocalTime(day, 12), pupil(index));
      hold.SetList("classes", {"S2", "S3"})
          .SetText("ground", "LITIGATION")
          .SetText("case_ref", "KAO 2026/" + std::to_string(index));
      Note("hold", index) = hold.id;
    });
    On(82, [this, index = *who](Date day) {
      Event& released =
          Add(Publisher::kDpo, EventType::kErasureHoldReleased, LocalTime(day, 12), pupil(index));
      released.SetText("hold", Note("hold", index));
    });
  }

  /// The first paper consent for the purpose whose pupil has no part in another story.
  std::optional<PaperConsent> Consent(Purpose purpose,
                                      const std::function<bool(const Pupil&)>& suits) {
    for (const PaperConsent& consent : year_.paper_consents) {
      if (consent.purpose != purpose || !suits(pupil(consent.pupil))) continue;
      const auto taken = cast_.Find([&](const Pupil& p) { return &p == &pupil(consent.pupil); });
      if (taken) return consent;
    }
    return std::nullopt;
  }

  /// The guardian consented in August; the child turned thirteen since and is told about it.
  void TurnedThirteen() {
    const Instant latest = HelsinkiMidnight(year_.DayAt(80));
    const auto consent = Consent(Purpose::kAdapt, [&](const Pupil& p) {
      const Instant birthday = ReachesAge(p.birth, SelfAge(Purpose::kAdapt));
      return birthday > HelsinkiMidnight(year_.first_day()) && birthday < latest;
    });
    if (!consent) return;
    On(85, [this, index = consent->pupil](Date day) {
      Event& informed = Add(Publisher::kPortal, EventType::kConsentChildInformed,
                            LocalTime(day, 12), pupil(index));
      informed.SetText("notice", std::string(OfferOf(Purpose::kAdapt).notice))
          .SetText("notice_version", std::string(NoticeVersionAt(Purpose::kAdapt, informed.time)))
          .SetText("method", "BUTTON");
    });
  }

  /// One school leaves the study: the municipality revokes what its families had allowed.
  void StudyStopped() {
    for (int n = 0; n < 5; ++n) {
      const auto consent = Consent(Purpose::kResearch, [](const Pupil&) { return true; });
      if (!consent) return;
      On(86, [this, index = consent->pupil](Date day) {
        Event& revoked =
            Add(Publisher::kSis, EventType::kConsentRevoked, LocalTime(day, 9), pupil(index));
        NameOffer(revoked, Purpose::kResearch, revoked.time);
        revoked.SetText("reason", "PURPOSE_ENDED");
      });
    }
  }

  void NoticeWasWrong() {
    const auto consent = Consent(Purpose::kImages, [](const Pupil&) { return true; });
    if (!consent) return;
    On(58, [this, target = *consent](Date day) {
      Event& invalidated = Add(Publisher::kDpo, EventType::kConsentInvalidated, LocalTime(day, 14),
                               pupil(target.pupil));
      invalidated.SetText("target", target.event)
          .SetText("reason", "NOTICE_DEFECT")
          .SetText("effect", "EX_NUNC")
          .SetText("decision_ref", "DPO 1/2026");
    });
  }

  /// Pictures were allowed for the autumn only (consents.cc).
  void FormLapsed() {
    for (const PaperConsent& consent : year_.paper_consents) {
      if (consent.purpose != Purpose::kImages || consent.pupil % 20 != 0) continue;
      On(50, [this, lapsed = consent](Date day) {
        Event& expired = Add(Publisher::kLedger, EventType::kConsentExpired, LocalTime(day, 3),
                             pupil(lapsed.pupil));
        expired.SetText("consent", lapsed.event)
            .SetNumber("expired_at", HelsinkiMidnight(day).micros);
      });
      return;
    }
  }

  /// Somebody wants to withdraw what rests on law, not on consent.
  void WithdrawalRefused() {
    const auto who = cast_.Find([](const Pupil& p) { return p.grade <= 5; });
    if (!who) return;
    On(64, [this, index = *who](Date day) {
      const std::string& guardian = year_.guardian_oid(pupil(index).ties.front());
      Event& requested = Add(Publisher::kPortal, EventType::kConsentWithdrawalRequested,
                             LocalTime(day, 21), pupil(index));
      requested.other_subjects = {guardian};
      NameGuardian(requested, guardian);
      requested.SetText("purpose", "KOSKI").SetList("recipients", {"KOSKI"});
      Note("withdrawal", index) = requested.id;
    });
    On(65, [this, index = *who](Date day) {
      Event& refused = Add(Publisher::kSis, EventType::kConsentWithdrawalRefused,
                           LocalTime(day, 10), pupil(index));
      refused.SetText("request", Note("withdrawal", index))
          .SetText("law_ref", "884/2017")
          .SetText("purpose", "KOSKI")
          .SetList("recipients", {"KOSKI"});
    });
  }

  Year& year_;
  Cast cast_;
  std::vector<Step> steps_;
};

Stories::Stories(Year& year) : teller_(std::make_unique<Teller>(year)), steps_(teller_->Tell()) {}
Stories::~Stories() = default;

}  // namespace oppi::ops
