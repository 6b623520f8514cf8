#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "events/result.h"
#include "ledger/committed.h"
#include "ledger/log_view.h"
#include "ledger/store.h"
#include "ledger/vault.h"
#include "projections/fact.h"

/// Views: what the log means, kept so that it can be asked quickly. A view row is one fact, sealed
/// under its learner's view key; answers fold the facts of a view (t, S). So one row serves every past
/// moment, nothing is read to write it, and a rebuild gives the same bytes.

namespace oppi::projections {

/// The first byte of a view's keys.
enum class Projection : std::uint8_t {
  kRegistry = 'K',  // public: publishers, keys, policies, notices, bases. Key: position
  kRecord = 'R',    // learner record. Key: position, handle
  kConsent = 'C',   // consent, authority, restrictions, erasures. Key: position, handle
  kAudit = 'A',     // who looked, who decided. Key: position, handle
  kByActor = 'a',   // index: tag(actor), position -> handle of the subject the row lies under
  kByPublisher = 'p',  // index: tag(publisher), position -> the same
  kErasures = 'e',     // index of everything on erasures: position -> the same
};
inline constexpr Projection kProjections[] = {Projection::kRegistry, Projection::kRecord, Projection::kConsent,
                                              Projection::kAudit, Projection::kByActor, Projection::kByPublisher,
                                              Projection::kErasures};
/// "registry", "record", "consent", "audit", "by-actor", "by-publisher", "erasures"
[[nodiscard]] std::string_view ProjectionName(Projection projection);

/// The fold: rows that one event adds. Pure but for the vault's keys, which are looked up.
[[nodiscard]] Status Fold(const ledger::CommittedEvent& event, const ledger::Vault& vault, ledger::WriteBatch& rows);

/// Where facts are read from. What an erasure took is `erased`; what is lost is `unreadable` as well.
struct ViewStores {
  const ledger::Store& log;    // streams: which facts there must be
  const ledger::Store& views;
  const ledger::Vault& vault;
};
/// After keys of this owner have changed: its rows below `cursor` again from the log, and none of what
/// it has lost. `log`: the newest view.
[[nodiscard]] Status FoldAgain(const ViewStores& stores, const ledger::LogView& log, const ledger::Handle& owner,
                               TreeSize cursor, ledger::WriteBatch& rows);
/// Facts of one owner, in log order, below `size` and below `cursor` (what the views have reached).
/// `projections`: which of kRecord, kConsent, kAudit to merge (a fact that lies in two comes once).
/// The stream says which facts there must be: a missing one is kDataLoss, never a shorter answer.
[[nodiscard]] Result<Facts> ReadFacts(const ViewStores& stores, const ledger::Handle& handle,
                                      const std::vector<Projection>& projections, TreeSize size, TreeSize cursor);
/// Registry facts, positions below `size`. As in every view row, without `object` fields.
[[nodiscard]] Result<Facts> ReadRegistry(const ledger::Store& views, TreeSize size);
/// The same with the bodies of policy packs, read from the log.
[[nodiscard]] Result<Facts> ReadFullRegistry(const ledger::LogView& log, const ViewStores& stores, TreeSize size);
/// kDataLoss "UNREADABLE: ..." when one of these facts below `size` is lost without an order: what an answer
/// that leaves out the erased must not be made from.
[[nodiscard]] Status NothingLost(const Facts& facts, TreeSize size);
/// Everything about a person under every identifier that a link ever joined to this one: what answers
/// and intake are computed from. Log order; empty when nobody of the name is known.
[[nodiscard]] Result<Facts> ReadPerson(const ViewStores& stores, std::string_view person, TreeSize cursor);
/// The same from some of kRecord, kConsent and kAudit. Links are in each of them.
[[nodiscard]] Result<Facts> ReadPerson(const ViewStores& stores, std::string_view person,
                                       const std::vector<Projection>& projections, TreeSize cursor);
/// Facts that an index names, in log order. `name`: of the actor or publisher; of kErasures: nothing.
[[nodiscard]] Result<Facts> ReadIndexed(const ledger::Store& views, const ledger::Vault& vault, Projection index,
                                        std::string_view name, TreeSize size);

/// How far the views have come: every event below it is folded.
[[nodiscard]] Result<TreeSize> ReadCursor(const ledger::Store& views);
void PutCursor(TreeSize size, ledger::WriteBatch& rows);

}  // namespace oppi::projections
