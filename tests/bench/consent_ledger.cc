#include "tests/bench/consent_ledger.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <thread>

#include "events/ids.h"
#include "ledger/label_rows.h"
#include "ledger/rocksdb_store.h"
#include "ledger/streams.h"
#include "ledger/tree_writer.h"
#include "ops/generate/policy.h"
#include "ops/key_files.h"
#include "ops/master_key_source.h"
#include "projections/views.h"
#include "tests/bench/bench.h"
#include "tests/bench/bench_node.h"

namespace oppi::bench {
namespace {

namespace fs = std::filesystem;
using events::Event;
using events::EventType;

constexpr const char* kOrigin = "bench.oppiloki.example/log";
constexpr std::uint64_t kControllers = 300;
constexpr std::uint64_t kThroughIntake = 200;
constexpr std::uint64_t kCommitEvents = 20'000;
constexpr std::uint64_t kBatchEvents = 1'000;
constexpr std::int64_t kHour = 3600 * kMicrosPerSecond;

std::string ControllerOf(std::uint64_t learner) {
  return events::OrganisationOid(100 + learner % kControllers);
}
std::string GuardianOf(std::uint64_t learner, int which) {
  // Two children to a family.
  return "urn:oid:" +
         events::PersonOid(50'000'000 + learner / 2 * 2 + static_cast<std::uint64_t>(which));
}

/// What happens to a learner, in the order in which it is recorded.
enum class Round { kFamily, kRequest, kGrant, kLater };
constexpr Round kRounds[] = {Round::kFamily, Round::kRequest, Round::kGrant, Round::kLater};

class Lives {
 public:
  explicit Lives(Instant now) : now_(now) {}

  [[nodiscard]] std::vector<Event> Of(std::uint64_t learner, Round round) const {
    std::vector<Event> events;
    const auto add = [&](EventType type, const char* what, std::int64_t hours_ago) -> Event& {
      Event& event = events.emplace_back(events::MakeEvent(type));
      event.time = now_ + -hours_ago * kHour;
      event.id = events::UuidV7FromName(what, std::to_string(learner));
      event.source = "urn:oid:" + ControllerOf(learner) + "/portal";
      event.subject = LearnerId(learner);
      event.controller = ControllerOf(learner);
      return event;
    };
    const auto offer = [](Event& event, ops::Purpose purpose) {
      const ops::Offer& offered = ops::OfferOf(purpose);
      event.SetText("purpose", std::string(ops::PurposeCode(purpose)));
      event.SetList("recipients", {std::string(offered.recipient)})
          .SetList("data_categories", {std::string(offered.category)});
      if (event.type == EventType::kConsentWithdrawn) return;
      event.SetText("notice", std::string(offered.notice)).SetText("notice_version", "1");
    };
    // Six to seventeen years old; who is old enough answers alone.
    const std::int32_t age_days = static_cast<std::int32_t>(6 * 366 + learner * 7919 % (12 * 365));
    const Date birth{static_cast<std::int32_t>(now_.micros / kMicrosPerDay) - age_days};
    const bool alone = ReachesAge(birth, ops::SelfAge(ops::Purpose::kAdapt)) <= now_ + -2 * kHour;
    const std::string giver = alone ? LearnerId(learner) : GuardianOf(learner, 0);
    const auto consent = [&](ops::Purpose purpose, const char* what, const std::string& request,
                             const std::string& by) {
      Event& given = add(EventType::kConsentGiven, what, 2);
      offer(given, purpose);
      given.SetText("request", events::UuidV7FromName(request, std::to_string(learner)));
      given.SetText("by", by).SetText("by_role", by == LearnerId(learner) ? "LEARNER" : "GUARDIAN");
      given.SetText("rendered_hash", HashText(HashOf("what was shown")))
          .SetText("method", "BUTTON");
    };
    switch (round) {
      case Round::kFamily: {
        add(EventType::kIdentityLearnerRegistered, "known", 5)
            .SetNumber("birth_date", birth.days)
            .SetText("language", "fi");
        for (int which = 0; which < (learner % 4 == 0 ? 1 : 2); ++which) {
          Event& edge = add(EventType::kGuardianshipEstablished, which == 0 ? "one" : "two", 5);
          edge.SetText("guardian", GuardianOf(learner, which)).SetText("right", "DECIDE");
          edge.valid_from = HelsinkiMidnight(birth);
        }
        break;
      }
      case Round::kRequest:
        offer(add(EventType::kConsentRequested, "asked", 4), ops::Purpose::kAdapt);
        if (learner % 5 == 0)
          offer(add(EventType::kConsentRequested, "asked for pictures", 4), ops::Purpose::kImages);
        break;
      case Round::kGrant:
        if (learner % 8 != 0) consent(ops::Purpose::kAdapt, "given", "asked", giver);
        // Pictures need both guardians; often one has answered so far.
        if (learner % 5 == 0 && age_days < 14 * 366)
          consent(ops::Purpose::kImages, "pictures", "asked for pictures", GuardianOf(learner, 0));
        break;
      case Round::kLater:
        if (learner % 8 != 0 && learner % 10 == 3) {
          Event& withdrawn = add(EventType::kConsentWithdrawn, "withdrawn", 1);
          offer(withdrawn, ops::Purpose::kAdapt);
          withdrawn.SetText("by", giver).SetText("channel", "BUTTON");
        }
        if (learner % 50 == 7) {
          Event& order = add(EventType::kRestrictionSet, "order", 1);
          order.SetText("kind", learner % 100 == 7 ? "ART18" : "PROTECTION");
        }
        break;
    }
    return events;
  }

 private:
  Instant now_;
};

/// Registry, and a first few learners through everything that an event goes through.
void ThroughIntake(ops::Node& node, const Lives& lives, std::uint64_t learners) {
  Entropy& entropy = node.entropy();
  const NamedSigningKey registrar = Must(ops::ReadKeyFile(node.KeyPath("registrar")));
  const NamedSigningKey portal{"portal", SigningKey::Generate(entropy)};
  std::vector<Event> registry;
  const auto add = [&](EventType type) -> Event& {
    Event& event = registry.emplace_back(events::MakeEvent(type));
    event.time = node.clock().Now();
    event.id = events::MakeUuidV7(event.time, entropy);
    event.source = "urn:oid:" + node.config().organisation + "/registrar";
    return event;
  };
  add(EventType::kRegistryPublisherRegistered)
      .SetText("publisher", "portal")
      .SetText("role", "PROVIDER");
  add(EventType::kRegistryKeyAdded)
      .SetText("publisher", "portal")
      .SetText("key", KeyIdText(portal.verifier().id))
      .SetText("public_key", ToBase64(View(portal.key.public_key())));
  add(EventType::kRegistryPolicyPublished)
      .SetText("policy", "fi-consent")
      .SetNumber("version", 1)
      .SetText("policy_hash", ops::PolicyHash())
      .SetText("body", ops::PolicyBody());
  for (const ops::Purpose purpose : {ops::Purpose::kAdapt, ops::Purpose::kImages}) {
    const ops::Offer& offer = ops::OfferOf(purpose);
    Event& notice = add(EventType::kRegistryNoticePublished);
    notice.valid_from = notice.time + -24 * kHour;
    notice.SetText("notice", std::string(offer.notice))
        .SetText("version", "1")
        .SetNumber("material", 0)
        .SetList("purposes", {std::string(ops::PurposeCode(purpose))})
        .SetList("recipients", {std::string(offer.recipient)})
        .SetList("data_categories", {std::string(offer.category)});
  }
  registry[2].valid_from = registry[2].time + -20LL * 366 * 24 * kHour;
  for (std::uint64_t c = 0; c < kControllers; ++c) {
    const std::string controller = events::OrganisationOid(100 + c);
    Event& delegation = add(EventType::kRegistryDelegationGranted);
    delegation.valid_from = delegation.time + -24 * kHour;
    delegation.SetText("publisher", "portal")
        .SetText("controller", controller)
        .SetList("acts", {"STATE_CONSENT"});
    for (const ops::Purpose purpose : {ops::Purpose::kAdapt, ops::Purpose::kImages}) {
      Event& basis = add(EventType::kRegistryBasisAsserted);
      basis.valid_from = basis.time + 5 * kMicrosPerSecond;  // for times to come only
      basis.SetText("controller", controller)
          .SetText("purpose", std::string(ops::PurposeCode(purpose)))
          .SetList("data_categories", {std::string(ops::OfferOf(purpose).category)})
          .SetText("basis", "A6-1-a")
          .SetText("law_ref", "1050/2018 5 §");
    }
  }
  const auto publish = [&](const NamedSigningKey& key, const std::vector<Event>& events) {
    for (std::size_t from = 0; from < events.size(); from += kBatchEvents) {
      const std::vector<Event> part(events.begin() + static_cast<std::ptrdiff_t>(from),
                                    events.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                         events.size(), from + kBatchEvents)));
      const consumers::BatchReport report = Must(node.PublishAs(key, part));
      for (std::size_t i = 0; i < report.items.size(); ++i) {
        if (report.items[i].outcome == events::Outcome::kAccepted) continue;
        std::fprintf(stderr, "benchmark: %s was not accepted: %s %s\n",
                     std::string(part[i].info().name).c_str(),
                     std::string(events::ErrorName(report.items[i].code)).c_str(),
                     report.items[i].member.c_str());
        std::exit(4);
      }
      if (report.items.size() != part.size()) std::exit(4);
    }
  };
  publish(registrar, registry);
  for (const Round round : kRounds) {
    std::vector<Event> events;
    for (std::uint64_t learner = 0; learner < learners; ++learner)
      for (Event& event : lives.Of(learner, round)) events.push_back(std::move(event));
    publish(portal, events);
  }
}

/// The rows of events, as the writer and the projections make them.
class Layer {
 public:
  Layer(const std::string& directory, std::uint64_t learners)
      : handles_(learners), streams_(learners) {
    ledger::RocksDbOptions rocks;
    rocks.path = directory + "/log";
    log_ = Must(ledger::OpenRocksDb(rocks));
    rocks.path = directory + "/views";
    views_ = Must(ledger::OpenRocksDb(rocks));
    rocks.path = directory + "/vault/rows";
    vault_rows_ = Must(ledger::OpenRocksDb(rocks));
    vault_ = Must(ledger::Vault::Open(
        *vault_rows_, entropy_,
        {directory + "/vault", Must(ops::OpenMasterKey({}, directory)), false}));
    tree_ = std::make_unique<ledger::TreeWriter>(Must(ledger::TreeWriter::Open(*log_)));
    state_ = LeafIndex(tree_->size().value() - 1);
  }

  void Add(std::uint64_t learner, Event event) {
    if (events_ % kBatchEvents == 0)
      batch_ =
          tree_->Append({tree_->NextRecorded(now_), ledger::BatchLeaf{Bytes(120, 'h'), {}}}, rows_);
    ledger::CommittedEvent committed;
    committed.recorded = tree_->NextRecorded(now_);
    committed.position = tree_->next();
    committed.publisher = "portal";
    committed.key = "00000000";
    committed.event = std::move(event);
    if (!handles_[learner]) {
      // The labels are as random as the VRF's; making two million of those would take minutes.
      entropy_.Fill(streams_[learner].name.label.bytes);
      entropy_.Fill(streams_[learner].name.blind.bytes);
      const std::string& owner = committed.event.subject;
      handles_[learner] = Must(vault_->WithKey(owner, Must(vault_->RingFor(owner, vault_writes_)),
                                               ledger::KeyClass::kView, vault_writes_))
                              ->handle;
    }
    committed.owners = {*handles_[learner]};
    ledger::AppendToStream(streams_[learner], *handles_[learner],
                           {committed.position, committed.event.info().feeds}, rows_);
    ledger::EventLeaf leaf;
    leaf.batch = batch_;
    leaf.item = static_cast<std::uint16_t>(events_ % kBatchEvents);
    leaf.subjects = 1;
    entropy_.Fill(leaf.commitment.bytes);
    (void)tree_->Append({committed.recorded, leaf}, rows_);
    MustDo(projections::Fold(committed, *vault_, view_rows_));
    if (++events_ % kCommitEvents == 0) Write();
  }

  void Finish(const std::string& directory, const NamedSigningKey& log_key) {
    std::vector<ledger::merkle::MapEntry> labels;
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      if (!handles_[i]) continue;
      const ledger::StreamState& stream = streams_[i];
      rows_.Put(ledger::Table::kStreams, handles_[i]->view(), ledger::EncodeStream(stream));
      labels.push_back(
          {stream.name.label, ValueOf(ledger::HeadOf(stream), stream.name.blind)});
      ledger::Labelled name;
      entropy_.Fill(name.label.bytes);
      const auto identifier = ledger::WithStream(std::nullopt, {}, name.blind, tree_->size());
      rows_.Put(ledger::Table::kLabels, name.label.view(), ledger::EncodeIdentifier(identifier));
      labels.push_back({name.label, identifier.value});
    }
    MustDo(AddThoseBefore(labels));
    std::sort(labels.begin(), labels.end(),
              [](const auto& a, const auto& b) { return a.key < b.key; });
    ledger::merkle::MapTree::Builder map;
    for (const auto& label : labels) MustDo(map.Add(label));
    (void)tree_->Append(
        {tree_->NextRecorded(now_),
         ledger::StateLeaf{tree_->size(), map.Finish()->PreparedRoot(),
                           ledger::FoldOf(vault_->label_key().public_key()), state_}},
        rows_);
    tree_->Finish(rows_);
    const ledger::Checkpoint checkpoint{kOrigin, tree_->size(), tree_->Root(), {}};
    rows_.Put(ledger::Table::kMeta, "checkpoint", ledger::SignCheckpoint(checkpoint, log_key));
    projections::PutCursor(tree_->size(), view_rows_);
    Write();
    const auto lock = Must(ledger::OpenFileLock(directory + "/lock/checkpoint"));
    MustDo(lock->Advance({checkpoint.size, checkpoint.root}));
  }

 private:
  void Write() {
    MustDo(vault_->Apply(vault_writes_));
    vault_writes_.Clear();
    MustDo(log_->Apply(rows_, ledger::Durability::kBuffered));
    MustDo(views_->Apply(view_rows_, ledger::Durability::kBuffered));
    rows_.Clear();
    view_rows_.Clear();
  }

  /// Labels of what went through the writer, which has the map's rows of it.
  Status AddThoseBefore(std::vector<ledger::merkle::MapEntry>& labels) const {
    OPPI_RETURN_IF_ERROR(
        log_->Scan(ledger::Table::kStreams, {}, {}, [&](ByteView, ByteView row) {
          const auto stream = Must(ledger::DecodeStream(row));
          labels.push_back({stream.name.label, ValueOf(ledger::HeadOf(stream), stream.name.blind)});
          return true;
        }));
    return log_->Scan(ledger::Table::kLabels, {}, {}, [&](ByteView label, ByteView row) {
      labels.push_back({*ledger::Label::From(label), Must(ledger::DecodeIdentifier(row)).value});
      return true;
    });
  }

  SystemEntropy entropy_;
  const Instant now_ = ops::SystemClock().Now();
  std::unique_ptr<ledger::Store> log_;
  std::unique_ptr<ledger::Store> views_;
  std::unique_ptr<ledger::Store> vault_rows_;
  std::unique_ptr<ledger::Vault> vault_;
  std::unique_ptr<ledger::TreeWriter> tree_;
  std::vector<std::optional<ledger::Handle>> handles_;
  std::vector<ledger::StreamState> streams_;
  ledger::WriteBatch rows_;
  ledger::WriteBatch view_rows_;
  ledger::WriteBatch vault_writes_;
  LeafIndex batch_{0};
  LeafIndex state_{0};  // the state leaf before ours
  std::uint64_t events_ = 0;
};

}  // namespace

std::string LearnerId(std::uint64_t learner) {
  return "urn:oid:" + events::PersonOid(10'000'000 + learner);
}

projections::Question QuestionAbout(std::uint64_t learner) {
  projections::Question question;
  question.ask = projections::Ask::kDecide;
  question.learner = LearnerId(learner);
  question.controller = ControllerOf(learner);
  const ops::Offer& offer = ops::OfferOf(ops::Purpose::kAdapt);
  question.purpose = ops::PurposeCode(offer.purpose);
  question.recipient = offer.recipient;
  question.categories = {std::string(offer.category)};
  return question;
}

namespace {

/// Coprime to the count, and about a third of it: neighbours come in far from each other.
std::uint64_t StepAmong(std::uint64_t learners) {
  std::uint64_t step = learners / 3 + 1;
  while (std::gcd(step, learners) != 1) ++step;
  return step;
}

void LayDown(const std::string& directory, std::uint64_t learners) {
  SystemEntropy entropy;
  const ops::SystemClock clock;
  const Lives lives(clock.Now());
  const std::uint64_t judged = std::min(learners, kThroughIntake);
  ops::Node::CreateOptions create;
  create.directory = directory;
  create.config.origin = kOrigin;
  create.config.organisation = events::OrganisationOid(1);
  MustDo(ops::Node::Create(create, entropy, clock));
  std::string log_key;
  {
    const std::unique_ptr<ops::Node> node = Must(ops::Node::Open({directory, {}}));
    ThroughIntake(*node, lives, judged);
    log_key = node->KeyPath("log");
  }
  Layer layer(directory, learners);
  const std::uint64_t step = StepAmong(learners);
  for (const Round round : kRounds)
    for (std::uint64_t i = 0; i < learners; ++i) {
      const std::uint64_t learner = i * step % learners;
      if (learner < judged) continue;
      for (Event& event : lives.Of(learner, round)) layer.Add(learner, std::move(event));
    }
  layer.Finish(directory, Must(ops::ReadKeyFile(log_key)));
}

}  // namespace

ConsentLedger MakeConsentLedger(const std::string& directory, std::uint64_t learners,
                                const std::string& kept) {
  ConsentLedger made;
  made.learners = learners;
  const Stopwatch watch;
  if (kept.empty()) {
    LayDown(directory, learners);
  } else {
    const fs::path there = fs::path(kept) / ("consents-" + std::to_string(learners));
    if (!fs::exists(there)) {
      const fs::path begun = there.string() + ".begun";
      fs::remove_all(begun);
      LayDown(begun.string(), learners);
      fs::rename(begun, there);
    }
    fs::copy(there, directory, fs::copy_options::recursive);
  }
  made.seconds = watch.seconds();
  made.node = Must(ops::Node::Open({directory, {}}));
  return made;
}

}  // namespace oppi::bench
