#include "tests/projections/consent_property.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace oppi::projections {
namespace {

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

const std::vector<std::string> kPurposes = {"EDU", "ADAPT", "IMG", "FREE"};
const std::vector<std::string> kRecipients = {"V1", "V2", "V3"};
const std::vector<std::string> kLeaves = {"LRN.ACTIVITY", "LRN.GRADE", "SUP"};

std::uint64_t PropertyCases() {
  return FromEnvironment("OPPI_PROPERTY_CASES", OPPI_PROPERTY_CASES_DEFAULT);
}

void ForEachStory(const std::function<void(tests::RandomStory&)>& body) {
  const std::uint64_t first = FromEnvironment("OPPI_PROPERTY_SEED", 20260115);
  std::printf("%llu histories, seeds from %llu on\n",
              static_cast<unsigned long long>(PropertyCases()),
              static_cast<unsigned long long>(first));
  for (std::uint64_t i = 0; i < PropertyCases(); ++i) {
    const std::uint64_t seed = first + i;
    SCOPED_TRACE("OPPI_PROPERTY_CASES=1 OPPI_PROPERTY_SEED=" + std::to_string(seed));
    tests::RandomStory random(seed);
    body(random);
    if (::testing::Test::HasFailure()) return;
  }
}

Played::Played(const StoryFile& told) {
  auto played = RehearsalLedger::Play(told);
  EXPECT_TRUE(played.ok()) << played.error().message;
  ledger = std::move(played).value();
}

Asked Look(const Played& played, TreeSize known, TreeSize physical, const std::string& learner) {
  Asked asked;
  asked.stream = played.ledger->StreamOf(learner, physical);
  asked.history =
      std::make_unique<History>(learner, played.ledger->registry(), asked.stream, known);
  return asked;
}

std::unique_ptr<Registry> RegistryAgain(const Played& played, const StoryFile& story,
                                        TreeSize known) {
  auto registry = std::make_unique<Registry>(Publishers());
  registry->AddPolicy(story.pack, kInstantMin);
  for (const Fact& fact : played.ledger->registry().facts())
    if (Contains(known, fact.position)) registry->Apply(fact);
  return registry;
}

DecideQuestion SomeQuestion(tests::RandomStory& random) {
  DecideQuestion question;
  question.controller = "K";
  question.purpose = random.SomeOf(kPurposes);
  question.recipient = kRecipients[random.Below(3)];
  if (!random.grants().empty() && random.Chance(75)) {
    const std::string grant = random.SomeOf(random.grants());
    for (const StoryEvent& event : random.story().events) {
      if (event.id != grant) continue;
      question.purpose = event.data.Find("purpose")->string();
      const auto& recipients = event.data.Find("recipients")->items();
      question.recipient = recipients[random.Below(recipients.size())].string();
    }
  }
  const std::vector<std::vector<std::string>> sets = {
      {"LRN"}, {"LRN.GRADE"}, {"SUP"}, {"LRN", "SUP"}, {"LRN.ACTIVITY", "SUP"}};
  question.categories = sets[random.Below(sets.size())];
  question.at = random.SomeInstant();
  return question;
}

std::string Told(const Decision& decision) {
  std::string text{DecisionResultName(decision.result)};
  text += " " + std::string(ReasonName(decision.reason)) + " " + std::string(decision.basis) + " " +
          IdOf(decision.consent) + " " + IdOf(decision.by);
  for (const std::string& item : decision.permitted_subset) text += " +" + item;
  for (const auto& entry : decision.denied)
    text += " -" + entry.first + ":" + std::string(ReasonName(entry.second));
  for (const std::string& item : decision.missing) text += " ?" + item;
  for (const std::string& item : FlagNames(decision.flags, decision.basis_contested))
    text += " !" + item;
  return text;
}

}  // namespace oppi::projections
