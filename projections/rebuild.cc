#include "projections/rebuild.h"

#include <algorithm>

#include "events/digest.h"
#include "projections/log_reader.h"

namespace oppi::projections {
namespace {

using ledger::Table;

constexpr std::size_t kCompareRows = 4'000;

bool Wanted(const std::vector<Projection>& only, ByteView key) {
  if (only.empty()) return true;
  return !key.empty() && std::find(only.begin(), only.end(), static_cast<Projection>(key[0])) != only.end();
}

std::string Describe(ByteView key, const char* what) {
  const std::string_view name = key.empty() ? std::string_view() : ProjectionName(static_cast<Projection>(key[0]));
  return "the " + std::string(name) + " view has a row that is " + what;
}

class Comparison {
 public:
  Comparison(const ViewStores& stores, const std::vector<Projection>& only, ledger::Store* into, RebuildReport& report)
      : stores_(stores), only_(only), into_(into), report_(report) {}

  Status Add(ledger::WriteBatch& rows) {
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (const auto entry = rows[i]; Wanted(only_, entry.key)) pending_.Put(entry.table, entry.key, entry.value);
    rows.Clear();
    return pending_.size() < kCompareRows ? Status() : Flush();
  }

  Status Flush() {
    std::vector<Bytes> keys;
    for (std::size_t i = 0; i < pending_.size(); ++i) keys.emplace_back(pending_[i].key);
    OPPI_TRY(const auto stored, stores_.views.MultiGet(Table::kViews, keys));
    for (std::size_t i = 0; i < keys.size(); ++i) {
      ++report_.rows;
      if (stored[i] && *stored[i] == pending_[i].value) continue;
      ++(stored[i] ? report_.different : report_.missing);
      if (report_.first.empty()) report_.first = Describe(keys[i], stored[i] ? "not what the log gives" : "missing");
    }
    if (into_ != nullptr) OPPI_RETURN_IF_ERROR(into_->Apply(pending_, ledger::Durability::kBuffered));
    pending_.Clear();
    return {};
  }

 private:
  const ViewStores& stores_;
  const std::vector<Projection>& only_;
  ledger::Store* into_;
  RebuildReport& report_;
  ledger::WriteBatch pending_;
};

}  // namespace

Result<RebuildReport> Rebuild(const ledger::LogView& log, const ViewStores& stores, const std::vector<Projection>& only,
                              ledger::Store* into, const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  RebuildReport report;
  OPPI_TRY(const TreeSize cursor, ReadCursor(stores.views));
  Comparison comparison(stores, only, into, report);
  LogReader reader(log, stores.vault);
  ledger::WriteBatch rows;
  Status failure;
  OPPI_RETURN_IF_ERROR(reader.Scan(LeafIndex(0), cursor, [&](ledger::CommittedEvent event) {
    ++report.events;
    failure = Fold(event, stores.vault, rows);
    if (failure.ok()) failure = comparison.Add(rows);
    if (progress && report.events % 1000 == 0) progress(event.position.value(), cursor.value());
    return failure.ok();
  }));
  OPPI_RETURN_IF_ERROR(failure);
  OPPI_RETURN_IF_ERROR(comparison.Flush());
  // Every rebuilt row was looked up; whatever is there beyond them, no event gives.
  std::uint64_t stored = 0;
  Sha256 digest;
  OPPI_RETURN_IF_ERROR(stores.views.Scan(Table::kViews, {}, {}, [&](ByteView key, ByteView value) {
    if (!Wanted(only, key)) return true;
    ++stored;
    Bytes lengths;
    ByteWriter w(lengths);
    w.U64(key.size());
    w.U64(value.size());
    digest.Update(lengths).Update(key).Update(value);
    return true;
  }));
  const std::uint64_t found = report.rows - report.missing;
  report.unexpected = stored > found ? stored - found : 0;
  if (report.unexpected > 0 && report.first.empty()) report.first = "the views have rows that no event gives";
  report.digest = digest.Final<Sha256Digest>().hex();
  if (into != nullptr) {
    PutCursor(cursor, rows);
    OPPI_RETURN_IF_ERROR(into->Apply(rows, ledger::Durability::kSynced));
  }
  return report;
}

}  // namespace oppi::projections
