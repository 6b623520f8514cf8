#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "events/ids.h"
#include "events/tree_hash.h"
#include "ledger/bodies.h"
#include "ledger/fsck.h"
#include "ledger/merkle/compact_range.h"
#include "ledger/merkle/proof.h"
#include "ledger/rocksdb_store.h"
#include "ledger/sealing.h"
#include "ledger/streams.h"
#include "ledger/tlog_proof.h"
#include "ops/vault_master.h"
#include "projections/rebuild.h"
#include "tests/ops/temp_ledger.h"
#include "tests/support/sample_events.h"

/// What somebody finds who gets hold of everything after an erasure: the live directory, an old backup of
/// it, and every key that still exists. Learners have a random string planted in what is told of them, in
/// every class, in events they share and in documents; a tenth of them is erased.

namespace oppi::ops {
namespace {

namespace fs = std::filesystem;
using events::Event;
using events::EventType;
using events::Outcome;
using events::Sensitivity;
using ledger::Table;

constexpr std::uint64_t kLearners = 2'000;
constexpr std::uint64_t kErasedEvery = 10;
/// What every canary begins with, so that one search finds them all.
constexpr std::string_view kCanary = "kanarialintu";
constexpr std::size_t kCanaryBytes = kCanary.size() + 32;

bool IsErased(std::uint64_t learner) { return learner % kErasedEvery == 3; }
std::string Person(std::uint64_t learner) { return tests::PersonId(learner); }

/// An event with a canary in it.
struct Planted {
  EventType type{};
  std::uint64_t learner = 0;
  std::uint64_t shared_with = 0;  // 0: nobody
  bool stays = false;             // a fact in force, which no erasure takes
  LeafIndex position{0};
};

class Forensic : public testing::Test {
 protected:
  Forensic() {
    for (std::uint64_t learner = 0; learner <= kLearners; ++learner)
      canaries_.push_back(std::string(kCanary) + HashOf(View(entropy_.Array<32>())).hex().substr(0, 32));
    ledger_.Register("sis", "PROVIDER");
    ledger_.Register("lrs", "VENDOR");
    ledger_.Register("anna", "DPO");
    ledger_.Register("bertta", "DPO");
  }

  Event About(EventType type, std::uint64_t learner, std::uint64_t number) const {
    return SchoolEvent(type, learner, number);
  }

  /// What the school says of a learner, the canary in each event, and a document for some.
  std::vector<std::pair<Event, Planted>> SchoolEvents(std::uint64_t learner, std::vector<events::Attachment>& documents) const {
    const std::string& canary = canaries_[learner];
    std::vector<std::pair<Event, Planted>> made;
    const auto add = [&](Event event, std::uint64_t shared_with = 0, bool stays = false) {
      const EventType type = event.type;
      made.emplace_back(std::move(event), Planted{type, learner, shared_with, stays});
    };
    add(About(EventType::kIdentityLearnerRegistered, learner, 1).SetText("family_name", canary), 0, true);
    add(About(EventType::kAttendanceMarked, learner, 2).SetText("lesson", canary));
    add(About(EventType::kAttendanceClarified, learner, 3).SetList("lessons", {"7B", canary}));
    add(About(EventType::kGradeVerbalAssessed, learner, 4).SetText("text", "Verbal: " + canary + "\nand more"));
    Event item = About(EventType::kGradeItemCreated, learner, 5).SetText("item", canary);
    item.subject = Person(learner);
    item.controller = events::OrganisationOid(7);
    add(std::move(item));
    Event plan = About(EventType::kSupportPlanRecorded, learner, 6);
    plan.correlation = canary;
    add(std::move(plan));
    Event informed = About(EventType::kConsentChildInformed, learner, 7);
    informed.correlation = canary;
    add(std::move(informed));
    if (learner % 2 == 1 && learner < kLearners) {
      // Over by now, so that it may be erased; of two siblings.
      Event guardian = About(EventType::kGuardianshipEstablished, learner, 8);
      guardian.other_subjects = {Person(learner + 1)};
      guardian.valid_from = Instant{guardian.time.micros - 2 * kMicrosPerDay};
      guardian.valid_to = Instant{guardian.time.micros - kMicrosPerDay};
      guardian.correlation = canary;
      add(std::move(guardian), learner + 1);
    }
    if (learner % 4 == 3) {
      const Bytes document = R"({"oppija":{"nimi":")" + canary + R"("},"opiskeluoikeudet":[]})";
      Event read_from = About(EventType::kGradeCourseAssessed, learner, 9);
      read_from.correlation = HashOf(document).hex();
      documents.push_back({read_from.subject, "application/json", document});
      add(std::move(read_from));
    }
    return made;
  }

  void Send(const std::string& publisher, std::vector<std::pair<Event, Planted>>& some, std::vector<events::Attachment> documents) {
    std::vector<Bytes> bytes;
    for (const auto& [event, planted] : some) bytes.push_back(EncodeJson(event));
    const auto report = ledger_.Ingest(ledger_.Sign(publisher, bytes, std::move(documents)));
    ASSERT_EQ(report.items.size(), some.size()) << report.message;
    for (const consumers::ItemReport& item : report.items) {
      ASSERT_EQ(item.outcome, Outcome::kAccepted)
          << some[item.item].first.info().name << " " << events::ErrorName(item.code) << " " << item.member;
      some[item.item].second.position = *item.position;
      planted_.push_back(some[item.item].second);
    }
    some.clear();
  }

  void Plant() {
    std::vector<std::pair<Event, Planted>> school;
    std::vector<std::pair<Event, Planted>> vendor;
    std::vector<events::Attachment> documents;
    for (std::uint64_t learner = 1; learner <= kLearners; ++learner) {
      for (auto& one : SchoolEvents(learner, documents)) school.push_back(std::move(one));
      Event statement = About(EventType::kActivityXapiStatement, learner, 10);
      statement.SetText("statement", R"({"verb":{"id":"http://example.org/did"},"result":{"response":")" + canaries_[learner] + R"("}})");
      vendor.emplace_back(std::move(statement), Planted{EventType::kActivityXapiStatement, learner, 0, false});
      if (school.size() > 900 || learner == kLearners) {
        ASSERT_NO_FATAL_FAILURE(Send("sis", school, std::move(documents)));
        ASSERT_NO_FATAL_FAILURE(Send("lrs", vendor, {}));
        documents.clear();
      }
    }
  }

  /// A copy of everything there is, while it is closed.
  void BackUp() {
    ledger_.Close();
    fs::copy(ledger_.directory(), backup_, fs::copy_options::recursive);
    ledger_.Open();
  }

  void EraseATenth() {
    consumers::ErasureDesk& desk = ledger_.node().erasures();
    std::vector<std::string> requests;
    for (std::uint64_t learner = 1; learner <= kLearners; ++learner) {
      if (!IsErased(learner)) continue;
      const auto requested = desk.Request({Person(learner), {}, {"S1", "S2", "S3", "S4", "C"}, {}, "REQUEST", false}, {"anna", nullptr});
      ASSERT_TRUE(requested.ok()) << requested.error().message;
      const std::string id = nlohmann::json::parse(*requested)["request"];
      const auto decided = desk.Decide(id, true, "", {"bertta", nullptr});
      ASSERT_TRUE(decided.ok()) << decided.error().message;
    }
    const auto run = desk.Run();
    ASSERT_TRUE(run.ok()) << run.error().message;
    const auto report = nlohmann::json::parse(*run);
    EXPECT_EQ(report["executed"].size(), kLearners / kErasedEvery);
    EXPECT_EQ(report["skipped"].size(), 0U);
    EXPECT_EQ(report["generation"], 2);
  }

  /// Nothing of it is left for anybody: erased for its learner, and for who shares it.
  bool Gone(const Planted& planted) const {
    return !planted.stays && IsErased(planted.learner) && (planted.shared_with == 0 || IsErased(planted.shared_with));
  }
  /// None of the keys by which it opened were touched.
  bool Untouched(const Planted& planted) const { return !IsErased(planted.learner); }

  SystemEntropy entropy_;
  TempLedger ledger_{true, 0};
  const std::string backup_ = (fs::path(ledger_.directory()).parent_path() / "backup").string();
  std::vector<std::string> canaries_;
  std::vector<Planted> planted_;
};

/// Every byte of every file below the folder.
struct Search {
  std::map<std::string, std::set<std::string>> found;  // canary or `control` -> files
  std::uint64_t bytes = 0;
};

Search SearchEverywhere(const std::string& folder, const std::string& control) {
  Search search;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    search.bytes += bytes.size();
    for (std::size_t at = bytes.find(kCanary); at != std::string::npos; at = bytes.find(kCanary, at + 1))
      search.found[bytes.substr(at, kCanaryBytes)].insert(entry.path().string());
    if (bytes.find(control) != std::string::npos) search.found[control].insert(entry.path().string());
  }
  return search;
}

/// What was handed out before the erasure, and what the streams were.
struct Before {
  TreeSize size{0};
  RootHash root;
  std::vector<std::string> receipts;  // of each planted event
  std::vector<std::vector<NodeHash>> inclusion;
  std::vector<std::pair<TreeSize, std::vector<NodeHash>>> consistency;  // from there to `size`
  std::map<std::uint64_t, std::pair<ledger::Handle, std::vector<ledger::StreamEntry>>> streams;
  std::map<std::uint64_t, RootHash> heads;
};

Before Remember(Node& node, const std::vector<Planted>& planted) {
  Before before;
  const auto view = node.View();
  before.size = view->size();
  before.root = view->checkpoint().root;
  for (const Planted& one : planted) {
    before.receipts.push_back(view->Receipt(one.position).value());
    before.inclusion.push_back(view->Inclusion(one.position, view->size()).value());
  }
  for (std::uint64_t from = 1; from < view->size().value(); from = from * 2 + 1)
    before.consistency.emplace_back(TreeSize(from), view->Consistency(TreeSize(from), view->size()).value());
  for (std::uint64_t learner = 1; learner <= kLearners; ++learner) {
    const ledger::Handle handle = node.vault().FindHandles(Person(learner)).value().front();
    before.streams[learner] = {handle, ledger::ReadStreamEntries(node.log_store(), handle, view->size()).value()};
    before.heads[learner] = ledger::ReadStream(node.log_store(), handle).value().head();
  }
  return before;
}

void ExpectProofsHold(Node& node, const Before& before, const std::vector<Planted>& planted) {
  const auto view = node.View();
  std::uint64_t bad = 0;
  for (std::size_t i = 0; i < planted.size(); ++i) {
    const NodeHash leaf = HashLeaf(view->LeafBytes(planted[i].position).value());
    const auto proof = ledger::ParseTlogProof(before.receipts[i]);
    const bool receipt = proof.ok() && ledger::VerifyTlogProof(*proof, leaf, node.LogKey()).ok() && proof->extra && HashLeaf(*proof->extra) == leaf;
    const bool inclusion = ledger::merkle::VerifyInclusion(planted[i].position, before.size, leaf, before.inclusion[i], before.root).ok();
    bad += receipt && inclusion ? 0 : 1;
  }
  EXPECT_EQ(bad, 0U) << "of " << planted.size() << " receipts and inclusion proofs";
  for (const auto& [from, proof] : before.consistency)
    EXPECT_TRUE(ledger::merkle::VerifyConsistency(from, before.size, proof, view->Root(from).value(), view->Root(before.size).value()).ok()) << from.value();
  const auto since = view->Consistency(before.size, view->size());
  ASSERT_TRUE(since.ok());
  EXPECT_TRUE(ledger::merkle::VerifyConsistency(before.size, view->size(), *since, before.root, view->checkpoint().root).ok());
}

void ExpectStreamsHold(Node& node, const Before& before) {
  std::uint64_t changed = 0;
  std::uint64_t longer = 0;
  for (const auto& [learner, stream] : before.streams) {
    const auto& [handle, entries] = stream;
    const auto now = ledger::ReadStreamEntries(node.log_store(), handle, TreeSize(~std::uint64_t{0}));
    ASSERT_TRUE(now.ok()) << now.error().message;
    const bool same = now->size() >= entries.size() && std::equal(entries.begin(), entries.end(), now->begin());
    ledger::merkle::CompactRange range;
    for (std::size_t i = 0; i < std::min(entries.size(), now->size()); ++i) range.Append(ledger::StreamLeaf((*now)[i].index));
    const bool proves = range.Root() == before.heads.at(learner);
    const auto head = ledger::ReadStream(node.log_store(), handle);
    for (std::size_t i = entries.size(); i < now->size(); ++i) range.Append(ledger::StreamLeaf((*now)[i].index));
    changed += same && proves && head.ok() && head->head() == range.Root() && head->count() == now->size() ? 0 : 1;
    longer += now->size() > entries.size() ? 1 : 0;
  }
  EXPECT_EQ(changed, 0U);
  EXPECT_EQ(longer, kLearners / kErasedEvery);  // by the trail of the erasure
}

/// The old backup with every key that exists now: the vault as it is, and the generation key that is in use
/// tried on the vault's rows of then.
void ExpectBackupOpensForTheOthersOnly(Node& node, const std::string& backup, const std::vector<Planted>& planted,
                                       const std::function<bool(const Planted&)>& gone, const std::function<bool(const Planted&)>& untouched) {
  ledger::RocksDbOptions rocks;
  rocks.path = backup + "/log";
  const auto log = ledger::OpenRocksDb(rocks).value();
  std::uint64_t erased_open = 0;
  std::uint64_t others_closed = 0;
  for (const Planted& one : planted) {
    const auto row = log->Get(Table::kBodies, ledger::BigEndian(one.position.value())).value();
    ASSERT_TRUE(row.has_value());
    const auto opened = ledger::OpenBody(ledger::DecodeBody(*row).value(), node.vault()).value();
    const bool open = opened.state == ledger::Opened::State::kOpen;
    if (gone(one) && open) ++erased_open;
    if (untouched(one) && !open) ++others_closed;
  }
  EXPECT_EQ(erased_open, 0U);
  EXPECT_EQ(others_closed, 0U);

  std::uint64_t documents_open = 0;
  std::uint64_t documents_closed = 0;
  std::set<Bytes> erased_handles;
  for (std::uint64_t learner = 1; learner <= kLearners; ++learner) {
    const std::vector<ledger::Handle> handles = node.vault().FindHandles(Person(learner)).value();
    for (const ledger::Handle& handle : handles)
      if (IsErased(learner)) erased_handles.insert(Bytes(handle.view()));
  }
  ASSERT_TRUE(log->Scan(Table::kDocuments, {}, {}, [&](ByteView key, ByteView row) {
                    const bool open = ledger::OpenBody(ledger::DecodeBody(row).value(), node.vault()).value().state == ledger::Opened::State::kOpen;
                    const bool erased = erased_handles.count(Bytes(key.substr(0, 16))) != 0;
                    documents_open += erased && open ? 1 : 0;
                    documents_closed += !erased && !open ? 1 : 0;
                    return true;
                  }).ok());
  EXPECT_EQ(documents_open, 0U);
  EXPECT_EQ(documents_closed, 0U);

  rocks.path = backup + "/views";
  const auto views = ledger::OpenRocksDb(rocks).value();
  std::uint64_t rows_open = 0;
  std::uint64_t rows_closed = 0;
  ASSERT_TRUE(views->Scan(Table::kViews, {}, {}, [&](ByteView key, ByteView row) {
                     if (std::string_view("RCA").find(key[0]) == std::string_view::npos) return true;
                     const auto handle = ledger::HandleFrom(key.substr(9));
                     const auto view_key = node.vault().FindKey(*handle, ledger::KeyClass::kView).value();
                     const bool open = view_key && ledger::Unseal(*view_key, row, key).ok();
                     const bool erased = erased_handles.count(Bytes(handle->view())) != 0;
                     rows_open += erased && open ? 1 : 0;
                     rows_closed += !erased && !open ? 1 : 0;
                     return true;
                   }).ok());
  EXPECT_EQ(rows_open, 0U);
  EXPECT_EQ(rows_closed, 0U);

  rocks.path = backup + "/vault/rows";
  const auto vault_rows = ledger::OpenRocksDb(rocks).value();
  const std::uint32_t generation = node.vault().generation();
  const auto master = OpenVaultMaster(node.config(), node.directory()).value();
  const auto key = ledger::ReadGeneration(node.directory() + "/vault", generation, *master).value();
  const std::string old_file = ledger::GenerationPath(node.directory() + "/vault", generation - 1);
  EXPECT_FALSE(fs::exists(old_file));
  std::uint64_t rows = 0;
  std::uint64_t opened = 0;
  ASSERT_TRUE(vault_rows->Scan(Table::kVault, {}, {}, [&](ByteView row_key, ByteView sealed) {
                          ++rows;
                          Bytes again;
                          ByteWriter(again).U32(generation);
                          again.append(row_key.substr(4));
                          for (const ledger::SecretKey* secret : {&key.wrap.get(), &key.tags.get(), &key.tag.get()}) {
                            opened += ledger::Unseal(*secret, sealed, row_key).ok() ? 1 : 0;
                            opened += ledger::Unseal(*secret, sealed, again).ok() ? 1 : 0;
                          }
                          return true;
                        }).ok());
  EXPECT_GE(rows, 2 * kLearners);
  EXPECT_EQ(opened, 0U);

  // The generation key that was destroyed would have opened everything: nothing else was in the way.
  SystemEntropy entropy;
  auto old_master = OpenVaultMaster(node.config(), node.directory()).value();
  const auto then = ledger::Vault::Open(*vault_rows, entropy, {backup + "/vault", std::move(old_master), false}).value();
  for (const Planted& one : planted) {
    const auto row = log->Get(Table::kBodies, ledger::BigEndian(one.position.value())).value();
    ASSERT_EQ(ledger::OpenBody(ledger::DecodeBody(*row).value(), *then).value().state, ledger::Opened::State::kOpen);
  }
}

void ExpectOwnStateSound(Node& node) {
  const auto view = node.View();
  const auto fsck = ledger::Fsck(node.log_store(), node.vault(), node.LogKey(), node.lock().Read().value());
  ASSERT_TRUE(fsck.ok()) << fsck.error().message;
  for (const std::string& damage : fsck->damages) ADD_FAILURE() << damage;
  EXPECT_GT(fsck->bodies_erased, 0U);
  ASSERT_TRUE(node.runner().WaitFor(view->size()).ok());
  const auto rebuilt = projections::Rebuild(*view, node.stores(), {}, nullptr);
  ASSERT_TRUE(rebuilt.ok()) << rebuilt.error().message;
  EXPECT_TRUE(rebuilt->identical()) << rebuilt->first;
}

TEST_F(Forensic, NothingOpensWhatWasErasedAndEverythingElseStaysProvableAndOpen) {
  ASSERT_NO_FATAL_FAILURE(Plant());
  BackUp();
  const Before before = Remember(ledger_.node(), planted_);
  ASSERT_NO_FATAL_FAILURE(EraseATenth());

  std::map<std::string, int> live_open;  // by type
  std::map<std::string, int> live_closed;
  for (const Planted& one : planted_) {
    const auto row = ledger_.node().log_store().Get(Table::kBodies, ledger::BigEndian(one.position.value())).value();
    ASSERT_TRUE(row.has_value());
    const auto state = ledger::OpenBody(ledger::DecodeBody(*row).value(), ledger_.node().vault()).value().state;
    const std::string type(events::InfoOf(one.type).name);
    if (Gone(one) && state != ledger::Opened::State::kErased) ++live_open[type];
    if (!Gone(one) && state != ledger::Opened::State::kOpen) ++live_closed[type];
  }
  EXPECT_TRUE(live_open.empty()) << testing::PrintToString(live_open);
  EXPECT_TRUE(live_closed.empty()) << testing::PrintToString(live_closed);
  ExpectBackupOpensForTheOthersOnly(
      ledger_.node(), backup_, planted_, [this](const Planted& p) { return Gone(p); }, [this](const Planted& p) { return Untouched(p); });
  ExpectProofsHold(ledger_.node(), before, planted_);
  ExpectStreamsHold(ledger_.node(), before);
  ExpectOwnStateSound(ledger_.node());
  const std::string origin = ledger_.node().config().origin;

  for (int closed = 0; closed < 2; ++closed) {
    const Search search = SearchEverywhere(ledger_.directory(), origin);
    EXPECT_GT(search.bytes, 10'000'000U);
    EXPECT_FALSE(search.found.at(origin).empty());
    for (const auto& [what, files] : search.found)
      if (what != origin) ADD_FAILURE() << what << " lies in clear in " << *files.begin();
    ledger_.Close();
  }
  ledger_.Open();
  ExpectOwnStateSound(ledger_.node());
}

}  // namespace
}  // namespace oppi::ops
