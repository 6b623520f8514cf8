#include <array>
#include <string>
#include <vector>

#include "events/ed25519.h"
#include "ops/generate/year.h"

/// Code sets, policy, notices, legal bases, delegations; and a vendor that comes and goes again.

namespace oppi::ops {
namespace {

using events::Event;
using events::EventType;

void TellCodeSets(Year& year) {
  struct CodeSet {
    const char* name;
    std::vector<std::string> codes;
  };
  std::vector<std::string> subjects;
  subjects.reserve(kSubjects.size());
  for (const Subject& subject : kSubjects) subjects.emplace_back(subject.code);
  const std::array<CodeSet, 3> sets = {{
      {"KUNTA", {"049", "091", "092", "235"}},
      {"SRKIND", {"aikuistenperusopetus", "esiopetus", "lukiokoulutus", "perusopetus"}},
      {"SUBJECT", subjects},
  }};
  for (const CodeSet& set : sets) {
    Event& event = year.writer.Add(Publisher::kRegistrar, EventType::kRegistryCodeSetPublished,
                                   GovernanceStart());
    event.SetText("code_set", set.name).SetNumber("version", 1).SetList("codes", set.codes);
  }
}

void TellPolicy(Year& year) {
  Event& event = year.writer.Add(Publisher::kRegistrar, EventType::kRegistryPolicyPublished,
                                 GovernanceStart());
  event.SetText("policy", "fi-consent")
      .SetNumber("version", 1)
      .SetText("policy_hash", PolicyHash())
      .SetText("body", PolicyBody());
}

void TellNotices(Year& year) {
  const auto tell = [&year](Purpose purpose, const char* version, Instant from, bool material) {
    const Offer& offer = OfferOf(purpose);
    Event& event =
        year.writer.Add(Publisher::kRegistrar, EventType::kRegistryNoticePublished, from);
    event.SetText("notice", std::string(offer.notice))
        .SetText("version", version)
        .SetNumber("material", material ? 1 : 0)
        .SetList("purposes", {std::string(PurposeCode(purpose))})
        .SetList("recipients", {std::string(offer.recipient)})
        .SetList("data_categories", {std::string(offer.category)})
        .SetText("document_hash", DocumentHash(std::string(offer.notice) + " " + version));
    return &event;
  };
  for (const Purpose purpose : {Purpose::kAdapt, Purpose::kImages, Purpose::kResearch})
    tell(purpose, "1", GovernanceStart(), false);
  Event* second = tell(Purpose::kAdapt, "2", SecondNoticeFrom(), true);
  second->SetNumber("grace_until", SecondNoticeGraceEnd().micros);
}

void TellDelegations(Year& year) {
  for (const char* publisher : {"portal", "sis", "vendor-one"}) {
    Event& event = year.writer.Add(Publisher::kRegistrar, EventType::kRegistryDelegationGranted,
                                   GovernanceStart());
    event.SetText("publisher", publisher)
        .SetText("controller", ControllerOid())
        .SetList("acts", {"STATE_CONSENT"});
  }
}

/// A second vendor is registered in August and leaves in spring: its delegation ends, its key is
/// revoked. It never publishes anything.
void TellPassingVendor(Year& year) {
  Random random = year.random.Fork("vendor-two");
  const SigningKey key = SigningKey::FromSeed(random.Array<kSeedBytes>());
  const std::string name = "vendor-two";
  const std::string key_id = KeyIdText(NoteKeyId(name, 0x01, key.public_key()));
  const Instant joined = GovernanceStart();
  const Instant left = HelsinkiMidnight(year.DayAt(70));

  Event& registered =
      year.writer.Add(Publisher::kRegistrar, EventType::kRegistryPublisherRegistered, joined);
  registered.SetText("publisher", name)
      .SetText("role", "VENDOR")
      .SetText("organisation", ControllerOid())
      .SetList("sources", {"urn:oid:" + ControllerOid() + "/" + name});
  Event& added = year.writer.Add(Publisher::kRegistrar, EventType::kRegistryKeyAdded, joined);
  added.SetText("publisher", name)
      .SetText("key", key_id)
      .SetText("public_key", ToBase64(View(key.public_key())))
      .SetList("types", {"activity.xapi_statement"});
  Event& delegated =
      year.writer.Add(Publisher::kRegistrar, EventType::kRegistryDelegationGranted, joined);
  delegated.SetText("publisher", name)
      .SetText("controller", ControllerOid())
      .SetList("acts", {"STATE_CONSENT"});
  Event& ended = year.writer.Add(Publisher::kRegistrar, EventType::kRegistryDelegationEnded, left);
  ended.SetText("delegation", delegated.id);
  Event& revoked = year.writer.Add(Publisher::kRegistrar, EventType::kRegistryKeyRevoked, left);
  revoked.SetText("publisher", name).SetText("key", key_id).SetText("reason", "ROTATED");
}

/// Asserted by the data-protection officer, since the year is published after it began: only the
/// officer may assert a basis for the past.
void TellBases(Year& year) {
  struct Basis {
    const char* purpose;
    const char* basis;
    const char* law;
    std::vector<std::string> categories;
  };
  const std::vector<std::string> all = {"ID", "LOC", "LRN", "SUP"};
  const std::array<Basis, 6> bases = {{
      {"EDU", "A6-1-e", "628/1998", all},
      {"KOSKI", "A6-1-c", "884/2017", all},
      {"ADAPT", "A6-1-a", "679/2016 6(1)(a)", {"LRN"}},
      {"IMG", "A6-1-a", "679/2016 6(1)(a)", {"ID"}},
      {"RES", "A6-1-a", "679/2016 6(1)(a)", {"LRN"}},
      {"TOOLG", "A6-1-e", "628/1998", {"LRN"}},
  }};
  for (const Basis& basis : bases) {
    Event& event =
        year.writer.Add(Publisher::kDpo, EventType::kRegistryBasisAsserted, GovernanceStart());
    event.valid_from = GovernanceStart();
    event.SetText("controller", ControllerOid())
        .SetText("purpose", basis.purpose)
        .SetList("data_categories", basis.categories)
        .SetText("basis", basis.basis)
        .SetText("law_ref", basis.law);
    year.basis[basis.purpose] = event.id;
  }
  // The authority doubted the basis of one tool and sent the matter back.
  const auto determine = [&year](const char* outcome, Instant at, const char* decision) {
    Event& event = year.writer.Add(Publisher::kDpo, EventType::kRegistryBasisDetermined, at);
    event.SetText("basis", year.basis.at("TOOLG"))
        .SetText("authority", "Tietosuojavaltuutettu")
        .SetText("outcome", outcome)
        .SetNumber("final", 0)
        .SetText("decision_ref", decision);
  };
  determine("NOT_VALID", HelsinkiMidnight(year.DayAt(40)), "TSV/1/2025");
  determine("RETURNED", HelsinkiMidnight(year.DayAt(80)), "TSV/2/2026");
}

}  // namespace

void TellGovernance(Year& year) {
  TellCodeSets(year);
  TellPolicy(year);
  TellNotices(year);
  TellDelegations(year);
  TellPassingVendor(year);
  TellBases(year);
}

}  // namespace oppi::ops
