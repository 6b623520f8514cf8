#include "ledger/own_events.h"

#include "ledger/sequencer.h"

namespace oppi::ledger {
namespace {

class OneKey final : public events::KeySet {
 public:
  explicit OneKey(const PublicKey& key) : key_(key) {}
  [[nodiscard]] std::optional<PublicKey> Find(std::string_view, std::string_view) const override { return key_; }

 private:
  PublicKey key_;
};

}  // namespace

Result<events::SignedBatch> SignOwnEvents(const std::vector<events::Event>& own, std::string_view origin,
                                          const NamedSigningKey& ledger_key, Entropy& entropy) {
  events::BatchHeader header;
  header.origin = origin;
  header.publisher = kLedgerPublisher;
  header.key = KeyIdText(ledger_key.verifier().id);
  entropy.Fill(header.id);
  std::vector<events::BatchItem> items;
  for (const events::Event& event : own) {
    std::string member;
    // Learners of test data have ids without check digits; the event they are in was let in.
    if (events::Validate(event, {.check_digits = false}, member) != events::ErrorCode::kNone)
      return InvalidArgument("an event of the ledger's own is not valid: " + member);
    events::BatchItem item;
    item.bytes = events::EncodeJson(event);
    entropy.Fill(item.salt);
    items.push_back(std::move(item));
  }
  return events::SignBatch(std::move(header), std::move(items), ledger_key.key);
}

Result<events::VerifiedBatch> MakeOwnBatch(const std::vector<events::Event>& own, std::string_view origin,
                                           const NamedSigningKey& ledger_key, Entropy& entropy) {
  OPPI_TRY(events::SignedBatch batch, SignOwnEvents(own, origin, ledger_key, entropy));
  events::VerifyResult verified =
      events::VerifyBatch(std::move(batch), origin, OneKey(ledger_key.key.public_key()), {.check_digits = false});
  OPPI_CHECK(verified.batch);
  return *std::move(verified.batch);
}

}  // namespace oppi::ledger
