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

Result<SealedOwn> SealedOwn::Of(const events::Event& event, const events::DecodeOptions& options, const Vault& vault,
                                Entropy& entropy) {
  OPPI_TRY(events::OwnItem item, events::OwnItem::Of(event, options, entropy));
  ItemSeal seal = SealItem(item.item(), vault, entropy);
  SealedOwn sealed(std::move(item), std::move(seal));
  AddNewcomers(event, vault, entropy, sealed.newcomers_);
  return sealed;
}

PreparedBatch SignSealed(events::BatchHeader header, std::vector<SealedOwn> items, const SigningKey& key) {
  std::vector<events::OwnItem> own;
  own.reserve(items.size());
  for (SealedOwn& sealed : items) own.push_back(std::move(sealed.item_));
  events::VerifiedBatch batch = events::SignOwnBatch(std::move(header), std::move(own), key);
  PreparedBatch prepared(batch);
  for (std::size_t i = 0; i < items.size(); ++i) {
    prepared.items.push_back({std::move(items[i].seal_), std::move(batch.items()[i]), false, {}});
    prepared.newcomers.merge(items[i].newcomers_);
  }
  return prepared;
}

}  // namespace oppi::ledger
