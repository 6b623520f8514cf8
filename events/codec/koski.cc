#include "events/codec/koski.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "events/codec/json_tree.h"
#include "events/codec/koski_units.h"
#include "events/codec/translation.h"
#include "events/digest.h"
#include "events/ids.h"
#include "events/limits.h"

namespace oppi::events {
namespace {

/// Members that say on which day something happened. Estimates and planned ends are not among them.
constexpr std::array<std::string_view, 5> kHappened = {"alku", "alkamispäivä", "päättymispäivä",
                                                       "päivä", "arviointipäivä"};

void NoteLatest(const Json& value, std::optional<Date>& latest) {
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    const bool member = value.is_object();
    if (member && value.names[i] == "lisätiedot") continue;  // periods that may lie ahead
    const Json& item = value.items[i];
    if (member && item.is_string() &&
        std::find(kHappened.begin(), kHappened.end(), value.names[i]) != kHappened.end()) {
      const auto date = ParseDate(item.text);
      if (date && (!latest || *date > *latest)) latest = date;
    }
    NoteLatest(item, latest);
  }
}

std::optional<Instant> LatestDay(const Json& studyrights) {
  std::optional<Date> latest;
  NoteLatest(studyrights, latest);
  if (!latest) return std::nullopt;
  return HelsinkiMidnight(*latest);
}

/// Codes of `opintojenrahoitus` that say who pays; the others stay in the document.
std::string_view FinancingOf(std::string_view code) {
  for (const std::string_view state : {"1", "2", "10", "13", "14"})
    if (code == state) return "STATE";
  for (const std::string_view fee : {"4", "16", "17"})
    if (code == fee) return "PRIVATE";
  return {};
}

std::string_view LanguageOf(std::string_view code) {
  if (code == "FI") return "fi";
  if (code == "SV") return "sv";
  if (code == "EN") return "en";
  if (code == "SE") return "se";
  return "other";
}

bool IsOrganisation(std::string_view oid) { return CheckOrganisation(oid, false) == IdCheck::kOk; }

class Document {
 public:
  Document(const Json& root, ByteView bytes, Translation& translation)
      : root_(root), translation_(translation), digest_(HashOf(bytes)) {}

  void Translate() {
    const Json& person = root_["henkilö"];
    const Json& studyrights = root_["opiskeluoikeudet"];
    if (!person.is_object()) return Missing("henkilö");
    if (studyrights.elements().empty()) return Missing("opiskeluoikeudet");
    subject_ = SubjectOf(person);
    const auto latest = LatestDay(studyrights);
    const auto time = latest ? latest : translation_.options().received;
    for (std::size_t i = 0; i < studyrights.items.size(); ++i) {
      const Json& json = studyrights.items[i];
      if (!json.is_object()) return translation_.Refuse(ErrorCode::kFieldType, "opiskeluoikeudet");
      const auto stamp = json.Find("aikaleima") != nullptr
                             ? ParseForeignInstant(json["aikaleima"].str(), Zoneless::kHelsinki)
                             : time;
      if (!stamp) return Missing("aikaleima");
      KoskiStudyRight right = Describe(json, i, *stamp);
      if (i == 0) Register(person, right);
      right.fallback_ref = registration_;
      StudyRight(json, right);
      TranslateKoskiUnits(json, right, translation_);
    }
    if (translation_.out().events.empty()) Missing("opiskeluoikeudet");
  }

  [[nodiscard]] const std::string& subject() const { return subject_; }

 private:
  void Missing(std::string_view member) { translation_.Refuse(ErrorCode::kFieldMissing, member); }

  std::string SubjectOf(const Json& person) const {
    std::string oid = "urn:oid:";
    oid += person["oid"].str();
    if (CheckPerson(oid, false) == IdCheck::kOk) return oid;
    const std::string_view code = person["hetu"].str();
    // An unsound code could be anybody's, so it must not bring two children together.
    if (BirthDateOfPersonalCode(code)) return translation_.Pseudonym("fi/hetu", code);
    return translation_.Pseudonym("koski/document", digest_.hex());
  }

  KoskiStudyRight Describe(const Json& json, std::size_t index, Instant time) const {
    KoskiStudyRight right;
    right.subject = subject_;
    right.time = time;
    right.correlation = digest_.hex();
    right.document_hash = HashText(digest_);
    const std::string_view provider = json["koulutustoimija"]["oid"].str();
    const std::string_view school = json["oppilaitos"]["oid"].str();
    const auto& units = json["suoritukset"].elements();
    const std::string_view site = units.empty() ? "" : units[0]["toimipiste"]["oid"].str();
    right.controller = translation_.options().controller;
    for (const std::string_view oid : {school, provider})
      if (IsOrganisation(oid)) right.controller = oid;
    right.school = right.controller;
    for (const std::string_view oid : {site, school})
      if (IsOrganisation(oid)) right.school = oid;
    right.start = StartOf(json);
    const std::string_view oid = json["oid"].str();
    const auto version = json["versionumero"].Integer();
    right.identity = !oid.empty() && version ? std::string(oid) + "/" + std::to_string(*version)
                                             : right.correlation + "/" + std::to_string(index);
    right.studyright = KeyOf(json, right, index);
    return right;
  }

  static std::optional<Date> StartOf(const Json& json) {
    if (const auto start = ParseDate(json["alkamispäivä"].str())) return start;
    const auto& periods = json["tila"]["opiskeluoikeusjaksot"].elements();
    return periods.empty() ? std::nullopt : ParseDate(periods[0]["alku"].str());
  }

  /// The study right's own name: OID, else the id of the school's system, else what sets it apart
  /// from the learner's others, so that the next version of the document speaks of the same one.
  [[nodiscard]] std::string KeyOf(const Json& json, const KoskiStudyRight& right,
                                  std::size_t index) const {
    if (const std::string_view oid = json["oid"].str(); !oid.empty()) return KeyStr(oid);
    const Json& origin = json["lähdejärjestelmänId"];
    if (const std::string_view id = origin["id"].str(); !id.empty()) {
      std::string key(origin["lähdejärjestelmä"]["koodiarvo"].str());
      key.append(":").append(id);
      return KeyStr(key);
    }
    std::string name = right.subject + "\n" + right.school + "\n";
    name.append(json["tyyppi"]["koodiarvo"].str()).append("\n");
    if (right.start) name += FormatDate(*right.start);
    // Two of the same kind, school and day in one document are told apart by their order.
    std::size_t same = 0;
    const auto& all = root_["opiskeluoikeudet"].items;
    for (std::size_t i = 0; i < index; ++i)
      if (all[i]["tyyppi"]["koodiarvo"].str() == json["tyyppi"]["koodiarvo"].str() &&
          all[i]["oppilaitos"]["oid"].str() == json["oppilaitos"]["oid"].str() &&
          StartOf(all[i]) == right.start)
        ++same;
    name.append("\n").append(std::to_string(same));
    return "koski:" + HashOf(name).hex();
  }

  void Register(const Json& person, const KoskiStudyRight& right) {
    auto birth = ParseDate(person["syntymäaika"].str());
    if (!birth) birth = BirthDateOfPersonalCode(person["hetu"].str());
    if (!birth) return;
    Event event =
        MakeKoskiEvent(translation_, right, EventType::kIdentityLearnerRegistered, "person");
    event.SetNumber("birth_date", birth->days);
    const std::string_view language = person["äidinkieli"]["koodiarvo"].str();
    event.SetText("language", std::string(LanguageOf(language)));
    auto given = CleanStr(person["kutsumanimi"].str());
    if (!given) given = CleanStr(person["etunimet"].str());
    if (given) event.SetText("given_name", *given);
    if (const auto family = CleanStr(person["sukunimi"].str()))
      event.SetText("family_name", *family);
    registration_ = event.id;
    translation_.Add(std::move(event));
  }

  void StudyRight(const Json& json, KoskiStudyRight& right) {
    const std::string_view kind = json["tyyppi"]["koodiarvo"].str();
    if (kind.empty()) return Missing("opiskeluoikeudet.tyyppi");
    if (right.start) {
      Event event = MakeKoskiEvent(translation_, right, EventType::kStudyrightGranted, "granted");
      event.time = HelsinkiMidnight(*right.start);
      event.SetText("studyright", right.studyright);
      event.SetText("kind", std::string(kind));
      event.SetText("provider", right.controller);
      event.SetText("school", right.school);
      event.SetNumber("start", right.start->days);
      right.fallback_ref = event.id;
      translation_.Add(std::move(event));
    }
    const auto& periods = json["tila"]["opiskeluoikeusjaksot"].elements();
    for (std::size_t i = 0; i < periods.size(); ++i) {
      const auto first = ParseDate(periods[i]["alku"].str());
      if (!first) return translation_.Refuse(ErrorCode::kFieldType, "opiskeluoikeusjaksot.alku");
      Event event = MakeKoskiEvent(translation_, right, EventType::kStudyrightStateChanged,
                                   "state/" + std::to_string(i));
      event.valid_from = HelsinkiMidnight(*first);
      event.SetText("studyright", right.studyright);
      event.SetText("state", std::string(periods[i]["tila"]["koodiarvo"].str()));
      const std::string_view payer =
          FinancingOf(periods[i]["opintojenRahoitus"]["koodiarvo"].str());
      if (!payer.empty()) event.SetText("financing", std::string(payer));
      translation_.Add(std::move(event));
    }
  }

  const Json& root_;
  Translation& translation_;
  Sha256Digest digest_;
  std::string subject_;
  std::string registration_;  // id of learner_registered; empty when there is none
};

}  // namespace

std::optional<Date> BirthDateOfPersonalCode(std::string_view code) {
  static constexpr std::string_view kCheck = "0123456789ABCDEFHJKLMNPRSTUVWXY";
  if (code.size() != 11) return std::nullopt;
  const auto digit = [code](std::size_t at) { return code[at] >= '0' && code[at] <= '9'; };
  int number = 0;
  for (const std::size_t at : {0U, 1U, 2U, 3U, 4U, 5U, 7U, 8U, 9U}) {
    if (!digit(at)) return std::nullopt;
    number = number * 10 + (code[at] - '0');
  }
  if (code[10] != kCheck[static_cast<std::size_t>(number % 31)]) return std::nullopt;
  const char sign = code[6];
  std::string_view century;
  if (sign == '+') century = "18";
  if (sign == '-' || (sign >= 'U' && sign <= 'Y')) century = "19";
  if (sign >= 'A' && sign <= 'F') century = "20";
  if (century.empty()) return std::nullopt;
  std::string date(century);
  date.append(code.substr(4, 2)).append("-").append(code.substr(2, 2)).append("-");
  date.append(code.substr(0, 2));
  return ParseDate(date);
}

Translated TranslateKoski(ByteView document, std::uint64_t number,
                          const TranslateOptions& options) {
  Translation translation(number, options);
  if (document.size() > kAttachmentBytesMax) {
    translation.Refuse(ErrorCode::kTooLarge, "");
    return std::move(translation).Finish();
  }
  const auto root = ParseJson(document);
  if (!root || !root->is_object()) {
    translation.Refuse(ErrorCode::kMalformed, "");
    return std::move(translation).Finish();
  }
  Document reader(*root, document, translation);
  reader.Translate();
  translation.Attach({reader.subject(), "application/json", Bytes(document)});
  return std::move(translation).Finish();
}

}  // namespace oppi::events
