#include "ledger/own_events.h"

#include "ledger/sequencer.h"

namespace oppi::ledger {

events::BatchHeader OwnHeader(std::string_view origin, const NamedSigningKey& ledger_key, Entropy& entropy) {
  events::BatchHeader header;
  header.origin = origin;
  header.publisher = kLedgerPublisher;
  header.key = KeyIdText(ledger_key.verifier().id);
  entropy.Fill(header.id);
  return header;
}

Result<events::VerifiedBatch> MakeOwnBatch(const std::vector<events::Event>& own, std::string_view origin,
                                           const NamedSigningKey& ledger_key, Entropy& entropy) {
  std::vector<events::OwnItem> items;
  items.reserve(own.size());
  for (const events::Event& event : own) {
    // Learners of test data have ids without check digits; the event they are in was let in.
    auto item = events::OwnItem::Of(event, {.check_digits = false}, entropy);
    if (!item.ok()) return At("an event of the ledger's own is not valid", item.error());
    items.push_back(std::move(item).value());
  }
  return events::SignOwnBatch(OwnHeader(origin, ledger_key, entropy), std::move(items), ledger_key.key);
}

}  // namespace oppi::ledger
