#include "projections/views.h"

#include <algorithm>
#include <map>
#include <thread>

#include "ledger/streams.h"
#include "projections/log_reader.h"
#include "projections/persons.h"

namespace oppi::projections {
namespace {

using ledger::Table;

constexpr Projection kOfPersons[] = {Projection::kRecord, Projection::kConsent, Projection::kAudit};

constexpr std::string_view kCursorName = "cursor";
constexpr std::uint16_t kRecordFeeds = events::kFeedLR | events::kFeedSR | events::kFeedRO | events::kFeedAT |
                                       events::kFeedGR | events::kFeedLA | events::kFeedSU | events::kFeedCE;
/// Erasures change what a decision may rest on, so the consent view has them too.
constexpr std::uint16_t kConsentFeeds = events::kFeedCO | events::kFeedER;
constexpr std::uint16_t kAuditFeeds = events::kFeedAU | events::kFeedER;

Bytes Prefix(Projection projection, ByteView owner) {
  Bytes key(1, static_cast<char>(projection));
  return key.append(owner);
}

/// Indexes and the registry: by owner (a tag, or nobody), then position.
Bytes RowKey(Projection projection, ByteView owner, LeafIndex position) {
  Bytes key = Prefix(projection, owner);
  ByteWriter(key).U64(position.value());
  return key;
}

/// Facts: by position, then owner, so that rows are added in key order.
Bytes FactKey(Projection projection, LeafIndex position, const ledger::Handle& handle) {
  return RowKey(projection, {}, position).append(handle.view());
}

std::uint16_t FeedsOf(Projection projection) {
  switch (projection) {
    case Projection::kRecord: return kRecordFeeds;
    case Projection::kConsent: return kConsentFeeds;
    case Projection::kAudit: return kAuditFeeds;
    default: return 0;
  }
}

Status PutSealed(Projection projection, const ledger::Handle& handle, const ledger::CommittedEvent& event, ByteView fact,
                 const ledger::SecretKey& view_key, ledger::WriteBatch& rows) {
  const Bytes key = FactKey(projection, event.position, handle);
  const Bytes sealed = ledger::SealDeterministic(view_key, fact, key);
  rows.Put(Table::kViews, key, sealed);
  return {};
}

Status FoldFor(const ledger::CommittedEvent& event, const ledger::Handle& handle, ByteView fact,
               const ledger::Vault& vault, ledger::WriteBatch& rows) {
  OPPI_TRY(const auto view_key, vault.FindKey(handle, ledger::KeyClass::kView));
  if (!view_key) return {};  // erased since
  for (const Projection projection : kOfPersons)
    if ((event.event.info().feeds & FeedsOf(projection)) != 0)
      OPPI_RETURN_IF_ERROR(PutSealed(projection, handle, event, fact, *view_key, rows));
  return {};
}

/// Rows that an erasure is just putting under another key do not open; in a moment they do.
template <class Read>
Result<Facts> OnceRenewed(const ledger::Vault& vault, const Read& read) {
  for (;;) {
    const std::uint64_t before = vault.renewals();
    Result<Facts> facts = read();
    if (facts.ok() || (before % 2 == 0 && before == vault.renewals())) return facts;
    std::this_thread::yield();
  }
}

bool OnTrail(const ledger::CommittedEvent& event) { return (event.event.info().feeds & kAuditFeeds) != 0; }

Bytes PublisherKey(const ledger::CommittedEvent& event, const ledger::Vault& vault) {
  return RowKey(Projection::kByPublisher, vault.Tag("publisher", event.publisher), event.position);
}

/// What is left of entries that have no row for this owner: erased for it, or lost.
class WithoutRow {
 public:
  WithoutRow(const ViewStores& stores, const ledger::Handle& handle, TreeSize cursor)
      : log_(stores.log, nullptr, {{}, cursor, {}, {}}, {}), reader_(log_, stores.vault), handle_(handle) {}

  Result<Fact> Read(LeafIndex index) {
    OPPI_TRY(auto event, reader_.Read(index));
    if (!event) return DataLoss("log: a stream names entry " + std::to_string(index.value()) + ", which is no event");
    if (std::find(event->owners.begin(), event->owners.end(), handle_) != event->owners.end())
      return DataLoss("views: a fact that the stream names is missing");
    return Erased(*std::move(event));
  }

  /// The same when every key of this owner is lost: what others can still open is lost to it.
  Result<Fact> ReadLost(LeafIndex index) {
    OPPI_TRY(auto event, reader_.Read(index));
    if (!event) return DataLoss("log: a stream names entry " + std::to_string(index.value()) + ", which is no event");
    const bool named = std::find(event->owners.begin(), event->owners.end(), handle_) != event->owners.end();
    event->unreadable = event->unreadable || named;
    return Erased(*std::move(event));
  }

 private:
  const ledger::LogView log_;
  LogReader reader_;
  const ledger::Handle handle_;
};

}  // namespace

std::string_view ProjectionName(Projection projection) {
  switch (projection) {
    case Projection::kRegistry: return "registry";
    case Projection::kRecord: return "record";
    case Projection::kConsent: return "consent";
    case Projection::kAudit: return "audit";
    case Projection::kByActor: return "by-actor";
    case Projection::kByPublisher: return "by-publisher";
    case Projection::kErasures: return "erasures";
  }
  return "";
}

Status Fold(const ledger::CommittedEvent& event, const ledger::Vault& vault, ledger::WriteBatch& rows) {
  if (event.erased) return {};
  const events::TypeInfo& type = event.event.info();
  if (type.feeds == 0) return {};
  const Bytes fact = EncodeFact(event);
  if (event.event.sensitivity == events::Sensitivity::kS0) {
    rows.Put(Table::kViews, RowKey(Projection::kRegistry, {}, event.position), fact);
    return {};
  }
  // A read of nobody in particular is found by who looked; it lies under its organisation's key.
  const bool trail = OnTrail(event);
  if (event.event.Subjects().empty() && !trail) return {};
  for (const ledger::Handle& owner : event.owners) OPPI_RETURN_IF_ERROR(FoldFor(event, owner, fact, vault, rows));
  if (event.owners.empty() || !trail) return {};
  const ledger::Handle& first = event.owners.front();
  rows.Put(Table::kViews, PublisherKey(event, vault), first.view());
  if (const std::string_view actor = event.event.text("actor"); !actor.empty())
    rows.Put(Table::kViews, RowKey(Projection::kByActor, vault.Tag("actor", actor), event.position), first.view());
  if (event.event.info().group == "erasure")
    rows.Put(Table::kViews, RowKey(Projection::kErasures, {}, event.position), first.view());
  return {};
}

Status FoldAgain(const ViewStores& stores, const ledger::LogView& log, const ledger::Handle& owner, TreeSize cursor,
                 ledger::WriteBatch& rows) {
  OPPI_TRY(const auto entries, ledger::ReadStreamEntries(stores.log, owner, cursor));
  LogReader reader(log, stores.vault);
  for (const ledger::StreamEntry& entry : entries) {
    OPPI_TRY(const auto event, reader.Read(entry.index));
    if (!event) return DataLoss("log: a stream names entry " + std::to_string(entry.index.value()) + ", which is no event");
    // What this owner has lost goes; what others still have of it comes again, the same as before.
    if (std::find(event->owners.begin(), event->owners.end(), owner) == event->owners.end())
      for (const Projection projection : kOfPersons) rows.Delete(Table::kViews, FactKey(projection, entry.index, owner));
    if (event->erased) rows.Delete(Table::kViews, PublisherKey(*event, stores.vault));
    OPPI_RETURN_IF_ERROR(Fold(*event, stores.vault, rows));
  }
  return {};
}

namespace {

Result<Facts> ReadFactsOnce(const ViewStores& stores, const ledger::Handle& handle, const std::vector<Projection>& projections,
                            TreeSize size, TreeSize cursor) {
  OPPI_TRY(const auto view_key, stores.vault.FindKey(handle, ledger::KeyClass::kView));
  OPPI_TRY(const auto entries, ledger::ReadStreamEntries(stores.log, handle, std::min(size, cursor)));
  std::vector<Bytes> keys;
  std::vector<LeafIndex> indices;
  for (const ledger::StreamEntry& entry : entries)
    for (const Projection projection : projections)
      if ((entry.feeds & FeedsOf(projection)) != 0) {
        keys.push_back(FactKey(projection, entry.index, handle));
        indices.push_back(entry.index);
        break;
      }
  Facts facts;
  std::optional<WithoutRow> without_row;
  if (!view_key) {  // an erasure always leaves one
    without_row.emplace(stores, handle, cursor);
    for (const LeafIndex index : indices) {
      OPPI_TRY(Fact lost, without_row->ReadLost(index));
      facts.push_back(std::move(lost));
    }
    return facts;
  }
  OPPI_TRY(const auto rows, stores.views.MultiGet(Table::kViews, keys));
  facts.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i]) {
      if (!without_row) without_row.emplace(stores, handle, cursor);
      OPPI_TRY(Fact gone, without_row->Read(indices[i]));
      facts.push_back(std::move(gone));
      continue;
    }
    OPPI_TRY(const Bytes plain, ledger::Unseal(*view_key, *rows[i], keys[i]));
    OPPI_TRY(Fact fact, DecodeFact(plain));
    facts.push_back(std::move(fact));
  }
  return facts;
}

}  // namespace

Result<Facts> ReadFacts(const ViewStores& stores, const ledger::Handle& handle, const std::vector<Projection>& projections,
                        TreeSize size, TreeSize cursor) {
  return OnceRenewed(stores.vault, [&] { return ReadFactsOnce(stores, handle, projections, size, cursor); });
}

Result<Facts> ReadRegistry(const ledger::Store& views, TreeSize size) {
  Facts facts;
  Status failure;
  OPPI_RETURN_IF_ERROR(views.Scan(Table::kViews, Prefix(Projection::kRegistry, {}),
                                  RowKey(Projection::kRegistry, {}, NextIndex(size)), [&](ByteView, ByteView row) {
                                    auto fact = DecodeFact(row);
                                    if (!fact.ok()) {
                                      failure = At("registry view", fact.error());
                                      return false;
                                    }
                                    facts.push_back(std::move(fact).value());
                                    return true;
                                  }));
  OPPI_RETURN_IF_ERROR(failure);
  return facts;
}

Result<Facts> ReadFullRegistry(const ledger::LogView& log, const ViewStores& stores, TreeSize size) {
  OPPI_TRY(Facts facts, ReadRegistry(stores.views, size));
  LogReader reader(log, stores.vault);
  for (Fact& fact : facts) {
    if (fact.event.type != events::EventType::kRegistryPolicyPublished) continue;
    OPPI_TRY(auto whole, reader.Read(fact.position));
    if (!whole) return DataLoss("log: entry " + std::to_string(fact.position.value()) + " should be a policy");
    fact = *std::move(whole);
  }
  return facts;
}

Status NothingLost(const Facts& facts, TreeSize size) {
  const auto lost = std::find_if(facts.begin(), facts.end(),
                                 [size](const Fact& fact) { return fact.unreadable && Contains(size, fact.position); });
  if (lost == facts.end()) return {};
  return DataLoss("UNREADABLE: entry " + std::to_string(lost->position.value()) +
                  " does not open, and no erasure took it; see: oppiloki fsck");
}

Result<Facts> ReadPerson(const ViewStores& stores, std::string_view person, TreeSize cursor) {
  return ReadPerson(stores, person, {Projection::kRecord, Projection::kConsent, Projection::kAudit}, cursor);
}

Result<Facts> ReadPerson(const ViewStores& stores, std::string_view person, const std::vector<Projection>& projections,
                         TreeSize cursor) {
  std::map<LeafIndex, Fact> merged;
  std::vector<std::string> names{std::string(person)};
  for (std::size_t next = 0; next < names.size(); ++next) {
    OPPI_TRY(const auto handles, stores.vault.FindHandles(names[next]));
    for (const ledger::Handle& handle : handles) {
      OPPI_TRY(Facts facts, ReadFacts(stores, handle, projections, cursor, cursor));
      for (std::string& other : PossibleIdentifiers(person, facts))
        if (std::find(names.begin(), names.end(), other) == names.end()) names.push_back(std::move(other));
      for (Fact& fact : facts) {
        // Erased under one identifier, open under another of the same person: gone.
        const auto known = merged.find(fact.position);
        if (known == merged.end())
          merged.emplace(fact.position, std::move(fact));
        else if (fact.erased)
          known->second = std::move(fact);
      }
    }
  }
  Facts all;
  all.reserve(merged.size());
  for (auto& [position, fact] : merged) all.push_back(std::move(fact));
  return all;
}

namespace {

Result<Facts> ReadIndexedOnce(const ledger::Store& views, const ledger::Vault& vault, Projection index, std::string_view name,
                          TreeSize size) {
  const Bytes tag = index == Projection::kErasures ? Bytes() : vault.Tag(index == Projection::kByActor ? "actor" : "publisher", name);
  std::vector<std::pair<LeafIndex, ledger::Handle>> named;
  OPPI_RETURN_IF_ERROR(views.Scan(Table::kViews, Prefix(index, tag), RowKey(index, tag, NextIndex(size)),
                                  [&](ByteView key, ByteView value) {
                                    const auto handle = ledger::HandleFrom(value);
                                    if (handle) named.emplace_back(LeafIndex(ByteReader(key.substr(1 + tag.size())).U64()), *handle);
                                    return true;
                                  }));
  Facts facts;
  for (const auto& [position, handle] : named) {
    OPPI_TRY(const auto view_key, vault.FindKey(handle, ledger::KeyClass::kView));
    if (!view_key) {
      Fact lost;
      lost.position = position;
      lost.erased = lost.unreadable = true;
      facts.push_back(std::move(lost));
      continue;
    }
    const Bytes key = FactKey(Projection::kAudit, position, handle);
    OPPI_TRY(const auto sealed, views.Get(Table::kViews, key));
    if (!sealed) return DataLoss("audit view: entry " + std::to_string(position.value()) + " is missing");
    OPPI_TRY(const Bytes plain, ledger::Unseal(*view_key, *sealed, key));
    OPPI_TRY(Fact fact, DecodeFact(plain));
    facts.push_back(std::move(fact));
  }
  return facts;
}

}  // namespace

Result<Facts> ReadIndexed(const ledger::Store& views, const ledger::Vault& vault, Projection index, std::string_view name,
                          TreeSize size) {
  return OnceRenewed(vault, [&] { return ReadIndexedOnce(views, vault, index, name, size); });
}

Result<TreeSize> ReadCursor(const ledger::Store& views) {
  OPPI_TRY(const auto row, views.Get(Table::kMeta, kCursorName));
  if (!row) return TreeSize(0);
  ByteReader r(*row);
  const TreeSize size(r.U64());
  if (!r.done()) return DataLoss("views: damaged cursor");
  return size;
}

void PutCursor(TreeSize size, ledger::WriteBatch& rows) {
  rows.Put(Table::kMeta, kCursorName, ledger::BigEndian(size.value()));
}

}  // namespace oppi::projections
