#include "ops/generate/policy.h"

#include <array>

#include "events/check.h"
#include "events/digest.h"

namespace oppi::ops {
namespace {

constexpr int kIssAge = 13;  // Data Protection Act 1050/2018, section 5
constexpr int kSelfAge = 15;
constexpr int kMajorityAge = 18;

constexpr std::array<Offer, 3> kOffers = {{
    {Purpose::kAdapt, "vendor-one", "N-ADAPT", "LRN"},
    {Purpose::kImages, "yearbook", "N-IMG", "ID"},
    {Purpose::kResearch, "university", "N-RES", "LRN.GRADE"},
}};

std::string PurposeRule(bool iss, std::string_view majority, std::string_view purpose_class,
                        std::string_view rule, int self_age, int ttl_days) {
  std::string text = "{\"iss\":";
  text += iss ? "true" : "false";
  text += ",\"on_majority\":\"";
  text += majority;
  text += "\",\"purpose_class\":\"";
  text += purpose_class;
  text += "\",\"rule\":\"";
  text += rule;
  text += '"';
  if (self_age != 0) text += ",\"self_age\":" + std::to_string(self_age);
  text += ",\"ttl_days\":" + std::to_string(ttl_days) + "}";
  return text;
}

std::string MakeBody() {
  std::string text =
      R"({"categories":{"ID":null,"LOC":null,"LRN":null,"LRN.ACTIVITY":"LRN","LRN.GRADE":"LRN","SUP":null},)"
      R"("emergency":{"max_minutes":240,"review_hours":24},)"
      R"("erasure":{"after_release_days":7,"statutory_types":["grade.course_assessed","grade.subject_final","certificate.issued"]},)";
  text += "\"iss_age\":" + std::to_string(kIssAge);
  text +=
      R"(,"jurisdiction":"FI","late_limit_hours":{"online":72,"paper":336},"leap_birthday":"MAR_1",)";
  text += "\"majority_age\":" + std::to_string(kMajorityAge);
  text +=
      R"(,"max_staleness_ms":5000,"on_authority_end":"INVALIDATE_EX_NUNC","on_iss_age":{"days":30,"mode":"KEEP_AND_INFORM"},)"
      R"("policy":"fi-consent","protection":{"categories":["LOC"],"cleared_recipients":["POLICE"]},"purposes":{)";
  text += "\"ADAPT\":" + PurposeRule(true, "EXPIRE", "DIGITAL", "ONE", 0, 365);
  text += ",\"EDU\":" + PurposeRule(false, "KEEP", "SCHOOL", "ONE", 0, 3650);
  text += ",\"IMG\":" + PurposeRule(false, "EXPIRE", "MEDIA", "ALL", 0, 365);
  text += ",\"KOSKI\":" + PurposeRule(false, "KEEP", "SCHOOL", "ONE", 0, 3650);
  text += ",\"RES\":" + PurposeRule(false, "EXPIRE", "RESEARCH", "ONE", kMajorityAge, 3650);
  text += ",\"TOOLG\":" + PurposeRule(false, "KEEP", "SCHOOL", "ONE", 0, 3650);
  text += "},\"review_days\":7,\"self_age\":" + std::to_string(kSelfAge);
  text += R"(,"stop_ack_hours":24,"timezone":"Europe/Helsinki","version":1})";
  return text;
}

}  // namespace

const std::string& PolicyBody() {
  static const std::string body = MakeBody();
  return body;
}

const std::string& PolicyHash() {
  static const std::string hash = HashText(HashOf(PolicyBody()));
  return hash;
}

std::string_view PurposeCode(Purpose purpose) {
  switch (purpose) {
    case Purpose::kAdapt:
      return "ADAPT";
    case Purpose::kImages:
      return "IMG";
    case Purpose::kResearch:
      return "RES";
  }
  OPPI_CHECK(false && "every purpose has a code");
  return {};
}

int SelfAge(Purpose purpose) {
  switch (purpose) {
    case Purpose::kAdapt:
      return kIssAge;
    case Purpose::kImages:
      return kSelfAge;
    case Purpose::kResearch:
      return kMajorityAge;
  }
  OPPI_CHECK(false && "every purpose has an age");
  return 0;
}

const Offer& OfferOf(Purpose purpose) { return kOffers[static_cast<std::size_t>(purpose)]; }

Instant GovernanceStart() { return HelsinkiMidnight(FromCivil({2025, 8, 1})); }
Instant SecondNoticeFrom() { return HelsinkiMidnight(FromCivil({2026, 5, 4})); }
Instant SecondNoticeGraceEnd() { return HelsinkiMidnight(FromCivil({2026, 6, 1})); }

std::string_view NoticeVersionAt(Purpose purpose, Instant t) {
  return purpose == Purpose::kAdapt && t >= SecondNoticeFrom() ? "2" : "1";
}

}  // namespace oppi::ops
