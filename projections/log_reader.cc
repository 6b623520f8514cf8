#include "projections/log_reader.h"

#include "events/commitment.h"
#include "ledger/prepared.h"

namespace oppi::projections {

using ledger::Opened;

namespace {
constexpr std::size_t kHeadersKept = 64;
}

Result<const events::BatchHeader*> LogReader::HeaderAt(LeafIndex index) {
  const auto it = headers_.find(index);
  if (it != headers_.end()) return &it->second;
  OPPI_TRY(const ledger::Leaf leaf, view_.ReadLeaf(index));
  const auto* batch = std::get_if<ledger::BatchLeaf>(&leaf.body);
  if (batch == nullptr) return DataLoss("log: entry " + std::to_string(index.value()) + " should be a batch");
  auto header = events::DecodeHeader(batch->header);
  if (!header.ok()) return DataLoss("log: entry " + std::to_string(index.value()) + " has a damaged batch header");
  if (headers_.size() >= kHeadersKept) headers_.erase(headers_.begin());
  return &headers_.insert_or_assign(index, std::move(header).value()).first->second;
}

Result<Opened> LogReader::OpenItem(LeafIndex index, const ledger::EventLeaf& leaf) const {
  if (leaf.clear) return Opened{Opened::State::kOpen, *leaf.clear, {}};
  OPPI_TRY(const auto row, view_.store().Get(ledger::Table::kBodies, ledger::BigEndian(index.value()), view_.snapshot()));
  if (!row) return Opened{};
  OPPI_TRY(const ledger::Body body, ledger::DecodeBody(*row));
  return ledger::OpenBody(body, vault_);
}

Result<std::optional<ledger::CommittedEvent>> LogReader::FromLeaf(LeafIndex index, const ledger::Leaf& leaf) {
  const auto* entry = std::get_if<ledger::EventLeaf>(&leaf.body);
  if (entry == nullptr) return std::optional<ledger::CommittedEvent>();
  OPPI_TRY(const events::BatchHeader* header, HeaderAt(entry->batch));
  ledger::CommittedEvent event;
  event.position = index;
  event.recorded = leaf.recorded;
  event.outcome = entry->outcome;
  event.reason = entry->reason;
  event.publisher = header->publisher;
  event.key = header->key;
  OPPI_TRY(const Opened opened, OpenItem(index, *entry));
  if (opened.state != Opened::State::kOpen) {
    event.erased = true;
    event.unreadable = opened.state == Opened::State::kUnreadable;
    return std::optional(std::move(event));
  }
  event.owners = opened.owners;
  if (events::Commit(opened.item.bytes, opened.item.encoding, opened.item.salt) != entry->commitment)
    return DataLoss("body of entry " + std::to_string(index.value()) + " is not what the log commits to");
  events::Decoded decoded = events::Decode(opened.item.bytes, opened.item.encoding, {.check_digits = false});
  if (decoded.error != events::ErrorCode::kNone)
    return DataLoss("body of entry " + std::to_string(index.value()) + " does not decode");
  event.event = std::move(decoded.event);
  if (event.event.anchor) {
    OPPI_TRY(const ledger::Leaf last, view_.ReadLeaf(LeafIndex(event.event.anchor->size - 1)));
    event.anchored = last.recorded;
  }
  return std::optional(std::move(event));
}

Result<std::optional<ledger::CommittedEvent>> LogReader::Read(LeafIndex index) {
  OPPI_TRY(const ledger::Leaf leaf, view_.ReadLeaf(index));
  return FromLeaf(index, leaf);
}

Status LogReader::Scan(LeafIndex from, TreeSize to, const std::function<bool(ledger::CommittedEvent)>& each) {
  Status failure;
  const Status scanned = view_.ScanLeaves(from, to, [&](LeafIndex index, ByteView bytes) {
    auto leaf = ledger::DecodeLeaf(bytes);
    if (!leaf.ok()) {
      failure = DataLoss("log: entry " + std::to_string(index.value()) + " does not decode");
      return false;
    }
    auto event = FromLeaf(index, *leaf);
    if (!event.ok()) {
      failure = std::move(event).error();
      return false;
    }
    return !event->has_value() || each(*std::move(*event));
  });
  if (!failure.ok()) return failure;
  return scanned;
}

Result<std::optional<ledger::CommittedEvent>> FindEvent(const ledger::LogView& log, const ledger::Vault& vault,
                                                        std::string_view event_id) {
  const Bytes prefix = ledger::DedupPrefix(vault, event_id);
  std::optional<Bytes> row;
  OPPI_RETURN_IF_ERROR(log.store().Scan(ledger::Table::kDedup, prefix, ledger::PrefixEnd(prefix),
                                        [&](ByteView, ByteView value) {
                                          row = Bytes(value);
                                          return false;
                                        },
                                        log.snapshot()));
  if (!row) return std::optional<ledger::CommittedEvent>();
  OPPI_TRY(const ledger::DedupRow found, ledger::DecodeDedup(*row));
  return LogReader(log, vault).Read(found.position);
}

}  // namespace oppi::projections
