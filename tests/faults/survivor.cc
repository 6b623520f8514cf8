#include "tests/faults/survivor.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "events/tree_hash.h"
#include "ledger/fsck.h"
#include "ledger/merkle/proof.h"
#include "ledger/tlog_proof.h"
#include "projections/log_reader.h"
#include "projections/rebuild.h"

namespace oppi::faults {

void Survivor::Hear(const Told& told) {
  for (const std::string& line : told.failed) Problem("the victim says: " + line);
  for (const std::uint64_t batch : told.begun) {
    begun_.insert(batch);
    next_batch_ = std::max(next_batch_, batch + 1);
  }
  std::map<std::uint64_t, std::set<bool>> kinds;  // of each batch: duplicates, new events
  for (const Told::Event& event : told.acknowledged) {
    const std::uint64_t batch = event.number / kBatchEvents;
    answered_.insert(batch);
    kinds[batch].insert(event.duplicate);
    const auto [it, is_new] = positions_.emplace(event.number, event.position);
    if (!is_new && !event.duplicate)
      Problem("event " + std::to_string(event.number) + " was accepted twice");
    if (it->second != event.position)
      Problem("event " + std::to_string(event.number) + " was said to be at two places");
    if (event.duplicate) ++duplicates_;
  }
  for (const auto& [batch, both] : kinds)
    if (both.size() > 1) Problem("batch " + std::to_string(batch) + " was in the log by half");
  for (const Told::Checkpoint& checkpoint : told.seen) {
    const auto [it, is_new] = seen_.emplace(checkpoint.size, checkpoint.root);
    if (!is_new && it->second != checkpoint.root)
      Problem("two checkpoints of size " + std::to_string(checkpoint.size) + " disagree");
  }
  ordered_.insert(told.ordered.begin(), told.ordered.end());
  for (const Told::Event& event : told.barred) {
    answered_.insert(event.number / kBatchEvents);
    barred_.insert(event.number);
    if (positions_.emplace(event.number, event.position).first->second != event.position)
      Problem("event " + std::to_string(event.number) + " was said to be at two places");
  }
  for (const Told::Erased& erased : told.erased) {
    erased_[erased.person] = std::max(erased_[erased.person], erased.size);
    ++erasures_;
  }
}

std::vector<std::uint64_t> Survivor::Unacknowledged() const {
  std::vector<std::uint64_t> batches;
  for (const std::uint64_t batch : begun_)
    if (answered_.count(batch) == 0) batches.push_back(batch);
  return batches;
}

std::vector<std::uint64_t> Survivor::Acknowledged() const {
  return {answered_.begin(), answered_.end()};
}

void Survivor::Examine(const std::string& directory, bool views) {
  auto node = ops::Node::Open({directory, {}});
  if (!node.ok()) {
    Problem("the ledger does not open: " + node.error().message);
    return;
  }
  tree_size_ = (*node)->View()->size().value();
  CheckPrefix(**node);
  CheckFsck(**node);
  CheckEvents(**node);
  if (views) CheckViews(**node);
}

void Survivor::Finish(const std::string& directory) {
  {
    auto node = ops::Node::Open({directory, {}});
    if (!node.ok()) return Problem("the ledger does not open: " + node.error().message);
    consumers::ErasureDesk& desk = (*node)->erasures();
    const auto open = desk.List({"survivor", "DPO", "*", "EDU"});
    if (!open.ok()) return Problem("erasing: " + open.error().message);
    const auto requests = nlohmann::json::parse(*open)["requests"];
    for (const auto& request : requests) {
      if (!request["decided"].is_null()) continue;  // a victim died between its request and its decision
      const auto decided = desk.Decide(request["request"], true, "", {"dpo-second", nullptr});
      if (!decided.ok()) Problem("erasing: " + decided.error().message);
    }
    const auto run = desk.Run();
    if (!run.ok()) return Problem("erasing: " + run.error().message);
    if (const std::uint64_t waiting = nlohmann::json::parse(*run)["waiting"]; waiting > 0)
      Problem("erasing: " + std::to_string(waiting) + " still wait");
  }
  std::uint64_t generations = 0;
  for (const auto& file : std::filesystem::directory_iterator(directory + "/vault"))
    if (file.path().filename().string().starts_with("generation-")) ++generations;
  if (generations != 1) Problem(std::to_string(generations) + " generations of keys are left");
  Examine(directory, true);
}

/// Every published tree is a prefix of the tree there is.
void Survivor::CheckPrefix(const ops::Node& node) {
  const auto view = node.View();
  // The newest, and a few older ones: each was proved when it was the newest.
  std::size_t checked = 0;
  for (auto it = seen_.rbegin(); it != seen_.rend() && checked < 20; ++it, ++checked) {
    const TreeSize from(it->first);
    const auto root = FromHex(it->second);
    const auto proof = view->Consistency(from, view->size());
    const Status good = !root || !RootHash::From(*root) ? Status(InvalidArgument("no root"))
                        : !proof.ok()                   ? Status(proof.error())
                                                        : ledger::merkle::VerifyConsistency(
                                                              from, view->size(), *proof, *RootHash::From(*root),
                                                              view->checkpoint().root);
    if (!good.ok())
      Problem("the tree published at size " + std::to_string(it->first) +
              " is no prefix of the tree of size " + std::to_string(view->size().value()) + ": " +
              good.error().message);
  }
}

void Survivor::CheckFsck(ops::Node& node) {
  const auto locked = node.lock().Read();
  if (!locked.ok()) return Problem("the lock cannot be read: " + locked.error().message);
  const auto report = ledger::Fsck(node.log_store(), node.vault(), node.LogKey(), *locked);
  if (!report.ok()) return Problem("fsck: " + report.error().message);
  for (const std::string& damage : report->damages) Problem("fsck: " + damage);
  if (report->bodies_erased > 0 && ordered_.empty()) Problem("bodies are gone that nobody erased");
}

void Survivor::CheckErased(const ledger::CommittedEvent& there, const std::map<std::uint64_t, std::uint64_t>& numbers_at,
                           std::set<std::uint64_t>& found) {
  ++erased_entries_;
  const std::string entry = "entry " + std::to_string(there.position.value());
  if (there.unreadable) Problem(entry + " is lost, and no erasure took it");
  const auto number = numbers_at.find(there.position.value());
  if (number == numbers_at.end()) {
    // Nobody heard of it, so nobody can say whose it was.
    if (ordered_.empty()) Problem(entry + " is erased, and nobody asked for it");
    return;
  }
  found.insert(number->second);
  if (ordered_.count(PersonOf(number->second)) == 0) Problem(entry + " is erased, and nobody asked for it");
}

/// Each acknowledged event is in the log once, at its place, with its bytes; nothing is there that
/// nobody sent.
void Survivor::CheckEvents(const ops::Node& node) {
  const auto view = node.View();
  std::unordered_map<std::string, std::uint64_t> numbers;
  for (const std::uint64_t batch : begun_)
    for (std::uint64_t i = 0; i < kBatchEvents; ++i)
      numbers.emplace(EventNumber(FirstOf(batch) + i).id, FirstOf(batch) + i);

  std::map<std::uint64_t, std::uint64_t> numbers_at;
  for (const auto& [number, position] : positions_) numbers_at.emplace(position, number);

  std::set<std::uint64_t> found;
  erased_entries_ = 0;
  projections::LogReader reader(*view, node.stores().vault);
  const Status scanned = reader.Scan(LeafIndex(0), view->size(), [&](ledger::CommittedEvent there) {
    if (!there.publisher.starts_with("sis")) return true;
    if (there.erased) {
      CheckErased(there, numbers_at, found);
      return true;
    }
    const auto number = numbers.find(there.event.id);
    if (number == numbers.end() || there.event != EventNumber(number->second)) {
      Problem("entry " + std::to_string(there.position.value()) + " was never sent");
      return true;
    }
    if (barred_.count(number->second) != 0)
      Problem("entry " + std::to_string(there.position.value()) + " opens, and was barred as erased");
    const auto erased = erased_.find(PersonOf(number->second));
    if (erased != erased_.end() && there.position.value() < erased->second)
      Problem("entry " + std::to_string(there.position.value()) + " opens, and an erasure took it");
    if (!found.insert(number->second).second)
      Problem("event " + std::to_string(number->second) + " is in the log twice");
    const auto told = positions_.find(number->second);
    if (told == positions_.end())
      unheard_.insert(number->second);
    else if (told->second != there.position.value())
      Problem("event " + std::to_string(number->second) + " is not where it was said to be");
    return true;
  });
  if (!scanned.ok()) Problem("the log does not read: " + scanned.error().message);
  for (const auto& [number, position] : positions_)
    if (found.count(number) == 0)
      Problem("event " + std::to_string(number) + " was acknowledged at " +
              std::to_string(position) + " and is lost");
  // And as a publisher would ask: the receipts of the first, the last and some in between.
  const std::size_t step = positions_.size() / 10 + 1;
  std::size_t n = 0;
  for (const auto& [number, position] : positions_) {
    if (n++ % step != 0 && n != positions_.size()) continue;
    const auto receipt = node.ReceiptOf(EventNumber(number).id);
    const auto proof = receipt.ok() ? ledger::ParseTlogProof(*receipt)
                                    : Result<ledger::TlogProof>(receipt.error());
    const auto leaf = view->LeafBytes(LeafIndex(position));
    if (!proof.ok() || !leaf.ok() || proof->index != LeafIndex(position) ||
        !ledger::VerifyTlogProof(*proof, HashLeaf(*leaf), node.LogKey()).ok())
      Problem("the receipt of event " + std::to_string(number) + " does not verify");
  }
}

void Survivor::CheckViews(ops::Node& node) {
  const auto view = node.View();
  const Status waited = node.runner().WaitFor(view->size());
  if (!waited.ok()) return Problem("views: " + waited.error().message);
  const auto report = projections::Rebuild(*view, node.stores(), {}, nullptr);
  if (!report.ok()) return Problem("rebuild: " + report.error().message);
  if (!report->identical()) Problem("rebuild: " + report->first);
}

}  // namespace oppi::faults
