#include "projections/people.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <vector>

#include "ledger/sealing.h"
#include "projections/persons.h"

namespace oppi::projections {
namespace {

using ledger::Handle;

constexpr std::string_view kBoundTo = "people";

/// Whoever asks is told where to go on, but not the handle, which is nobody's business.
ledger::SecretKey CursorKey(const ledger::Vault& vault) {
  const Bytes halves = vault.Tag("cursor", "0") + vault.Tag("cursor", "1");
  std::array<unsigned char, 32> key{};
  std::memcpy(key.data(), halves.data(), key.size());
  return ledger::SecretKey(key);
}

Result<Handle> HandleAfter(const ledger::Vault& vault, std::string_view after) {
  const auto sealed = FromHex(after);
  const auto plain =
      sealed ? ledger::Unseal(CursorKey(vault), *sealed, kBoundTo) : Result<Bytes>(DataLoss(""));
  Handle handle;
  if (!plain.ok() || plain->size() != handle.bytes.size())
    return InvalidArgument("FIELD_TYPE: after");
  std::memcpy(handle.bytes.data(), plain->data(), plain->size());
  return handle;
}

/// Handles of streams after this one, in order; at most `most`.
Result<std::vector<Handle>> HandlesAfter(const ledger::Store& log,
                                         const std::optional<Handle>& after, std::uint64_t most) {
  std::vector<Handle> handles;
  const ByteView from = after ? after->view() : ByteView();
  OPPI_RETURN_IF_ERROR(
      log.Scan(ledger::Table::kStreams, from, {}, [&](ByteView key, ByteView) {
        Handle handle;
        if (key.size() != handle.bytes.size() || (after && key == from)) return true;
        std::memcpy(handle.bytes.data(), key.data(), key.size());
        handles.push_back(handle);
        return handles.size() < most;
      }));
  return handles;
}

Result<Facts> Read(const ViewStores& stores, const Handle& handle, TreeSize cursor) {
  return ReadFacts(stores, handle, {Projection::kConsent, Projection::kAudit}, cursor, cursor);
}

/// The learner whose stream this is; nullopt: somebody who is only named in others' events, or an
/// older stream of a learner who has a newer one.
Result<std::optional<std::string>> OwnerOf(const ViewStores& stores, const Handle& handle,
                                           const Facts& facts) {
  std::vector<std::string_view> tried;
  for (const Fact& fact : facts) {
    const std::string& subject = fact.event.subject;
    if (fact.erased || subject.empty() ||
        std::find(tried.begin(), tried.end(), subject) != tried.end())
      continue;
    tried.push_back(subject);
    OPPI_TRY(const auto handles, stores.vault.FindHandles(subject));
    if (!handles.empty() && handles.front() == handle) return std::optional(subject);
  }
  return std::optional<std::string>();
}

/// What lies under every handle of the learner and of the identifiers that links join to it, in log
/// order. As ReadPerson, but for facts of the record.
Result<Facts> ReadForOversight(const ViewStores& stores, const std::string& learner,
                               TreeSize cursor) {
  std::map<LeafIndex, Fact> merged;
  std::vector<std::string> names{learner};
  for (std::size_t next = 0; next < names.size(); ++next) {
    OPPI_TRY(const auto handles, stores.vault.FindHandles(names[next]));
    for (const Handle& handle : handles) {
      OPPI_TRY(Facts facts, Read(stores, handle, cursor));
      for (std::string& other : PossibleIdentifiers(learner, facts))
        if (std::find(names.begin(), names.end(), other) == names.end())
          names.push_back(std::move(other));
      for (Fact& fact : facts) {
        const auto [at, added] = merged.try_emplace(fact.position, fact);
        // Erased under one identifier, open under another of the same person: gone.
        if (!added && fact.erased) at->second = std::move(fact);
      }
    }
  }
  Facts all;
  for (auto& entry : merged) all.push_back(std::move(entry.second));
  return all;
}

int PercentAt(const Handle& handle) {
  return static_cast<int>((handle.bytes[0] * 256U + handle.bytes[1]) * 100U / 65536U);
}

}  // namespace

Result<PeopleWalk> ForEachLearner(
    const ViewStores& stores, std::string_view after, TreeSize cursor, std::uint64_t streams_max,
    const std::function<Result<bool>(const std::string& learner, const Facts& facts)>& each) {
  std::optional<Handle> from;
  if (!after.empty()) {
    OPPI_TRY(from, HandleAfter(stores.vault, after));
  }
  // One more than may be looked at says whether anything is left.
  OPPI_TRY(const std::vector<Handle> handles, HandlesAfter(stores.log, from, streams_max + 1));
  PeopleWalk walk;
  bool more = true;
  for (const Handle& handle : handles) {
    if (walk.looked_at == streams_max || !more) {
      const Handle& last = handles[walk.looked_at - 1];
      walk.next =
          ToHex(ledger::SealDeterministic(CursorKey(stores.vault), last.view(), kBoundTo));
      walk.percent = PercentAt(last);
      return walk;
    }
    ++walk.looked_at;
    OPPI_TRY(const auto key, stores.vault.FindKey(handle, ledger::KeyClass::kView));
    if (!key) continue;  // erased as a whole
    OPPI_TRY(const Facts own, Read(stores, handle, cursor));
    OPPI_TRY(const auto learner, OwnerOf(stores, handle, own));
    if (!learner) continue;
    OPPI_TRY(const Facts facts, ReadForOversight(stores, *learner, cursor));
    if (Persons(facts, cursor).NameOf(*learner, {}) != *learner) continue;
    OPPI_TRY(more, each(*learner, facts));
  }
  walk.percent = 100;
  return walk;
}

}  // namespace oppi::projections
