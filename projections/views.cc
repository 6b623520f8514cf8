#include "projections/views.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace oppi::projections {
namespace {

using ledger::Table;

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

Bytes RowKey(Projection projection, ByteView owner, LeafIndex position) {
  Bytes key = Prefix(projection, owner);
  ByteWriter(key).U64(position.value());
  return key;
}

Status PutSealed(Projection projection, const ledger::Handle& handle, const ledger::CommittedEvent& event, ByteView fact,
                 const ledger::SecretKey& view_key, ledger::WriteBatch& rows) {
  Bytes key = RowKey(projection, handle.view(), event.position);
  Bytes sealed = ledger::SealDeterministic(view_key, fact, key);
  rows.Put(Table::kViews, std::move(key), std::move(sealed));
  return {};
}

Status FoldFor(const ledger::CommittedEvent& event, const ledger::Handle& handle, ByteView fact,
               const ledger::Vault& vault, ledger::WriteBatch& rows) {
  OPPI_TRY(const auto view_key, vault.FindKey(handle, ledger::KeyClass::kView));
  if (!view_key) return {};  // erased since
  const std::uint16_t feeds = event.event.info().feeds;
  if ((feeds & kRecordFeeds) != 0) OPPI_RETURN_IF_ERROR(PutSealed(Projection::kRecord, handle, event, fact, *view_key, rows));
  if ((feeds & kConsentFeeds) != 0) OPPI_RETURN_IF_ERROR(PutSealed(Projection::kConsent, handle, event, fact, *view_key, rows));
  if ((feeds & kAuditFeeds) != 0) OPPI_RETURN_IF_ERROR(PutSealed(Projection::kAudit, handle, event, fact, *view_key, rows));
  return {};
}

}  // namespace

std::string_view ProjectionName(Projection projection) {
  switch (projection) {
    case Projection::kRegistry: return "registry";
    case Projection::kRecord: return "record";
    case Projection::kConsent: return "consent";
    case Projection::kAudit: return "audit";
    case Projection::kByActor: return "by-actor";
    case Projection::kByPublisher: return "by-publisher";
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
  std::vector<std::string_view> owners = event.event.Subjects();
  if (owners.empty() && (type.feeds & kAuditFeeds) != 0) owners.push_back(kNobody);
  std::optional<ledger::Handle> first;
  for (const std::string_view owner : owners) {
    OPPI_TRY(const auto handle, vault.FindHandle(owner));
    if (!handle) continue;  // erased since
    if (!first) first = handle;
    OPPI_RETURN_IF_ERROR(FoldFor(event, *handle, fact, vault, rows));
  }
  if (first && (type.feeds & kAuditFeeds) != 0) {
    rows.Put(Table::kViews, RowKey(Projection::kByPublisher, vault.Tag("publisher", event.publisher), event.position),
             Bytes(first->view()));
    if (const std::string_view actor = event.event.text("actor"); !actor.empty())
      rows.Put(Table::kViews, RowKey(Projection::kByActor, vault.Tag("actor", actor), event.position), Bytes(first->view()));
  }
  return {};
}

Result<Facts> ReadFacts(const ledger::Store& views, const ledger::Vault& vault, const ledger::Handle& handle,
                        const std::vector<Projection>& projections, TreeSize size) {
  OPPI_TRY(const auto view_key, vault.FindKey(handle, ledger::KeyClass::kView));
  if (!view_key) return Facts();
  std::map<LeafIndex, Fact> merged;
  Status failure;
  for (const Projection projection : projections) {
    const Bytes prefix = Prefix(projection, handle.view());
    OPPI_RETURN_IF_ERROR(views.Scan(
        Table::kViews, prefix, RowKey(projection, handle.view(), NextIndex(size)), [&](ByteView key, ByteView sealed) {
          const LeafIndex position(ByteReader(key.substr(prefix.size())).U64());
          if (merged.contains(position)) return true;
          auto plain = ledger::Unseal(*view_key, sealed, key);
          auto fact = plain.ok() ? DecodeFact(*plain) : Result<Fact>(plain.error());
          if (!fact.ok()) {
            failure = At(std::string(ProjectionName(projection)) + " view, entry " + std::to_string(position.value()), fact.error());
            return false;
          }
          merged.emplace(position, std::move(fact).value());
          return true;
        }));
    OPPI_RETURN_IF_ERROR(failure);
  }
  Facts facts;
  facts.reserve(merged.size());
  for (auto& [position, fact] : merged) facts.push_back(std::move(fact));
  return facts;
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

Result<Facts> ReadIndexed(const ledger::Store& views, const ledger::Vault& vault, Projection index, std::string_view name,
                          TreeSize size) {
  OPPI_CHECK(index == Projection::kByActor || index == Projection::kByPublisher);
  const Bytes tag = vault.Tag(index == Projection::kByActor ? "actor" : "publisher", name);
  std::vector<std::pair<LeafIndex, ledger::Handle>> named;
  OPPI_RETURN_IF_ERROR(views.Scan(Table::kViews, Prefix(index, tag), RowKey(index, tag, NextIndex(size)),
                                  [&](ByteView key, ByteView value) {
                                    ledger::Handle handle;
                                    if (value.size() != handle.bytes.size()) return true;
                                    std::memcpy(handle.bytes.data(), value.data(), value.size());
                                    named.emplace_back(LeafIndex(ByteReader(key.substr(1 + tag.size())).U64()), handle);
                                    return true;
                                  }));
  Facts facts;
  for (const auto& [position, handle] : named) {
    OPPI_TRY(const auto view_key, vault.FindKey(handle, ledger::KeyClass::kView));
    if (!view_key) continue;
    const Bytes key = RowKey(Projection::kAudit, handle.view(), position);
    OPPI_TRY(const auto sealed, views.Get(Table::kViews, key));
    if (!sealed) return DataLoss("audit view: entry " + std::to_string(position.value()) + " is missing");
    OPPI_TRY(const Bytes plain, ledger::Unseal(*view_key, *sealed, key));
    OPPI_TRY(Fact fact, DecodeFact(plain));
    facts.push_back(std::move(fact));
  }
  return facts;
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
  rows.Put(Table::kMeta, Bytes(kCursorName), ledger::BigEndian(size.value()));
}

}  // namespace oppi::projections
