#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "consumers/ingest.h"
#include "events/batch.h"
#include "events/entropy.h"
#include "ops/node.h"
#include "tests/support/temp_folder.h"

/// A real ledger in a temporary directory, with publishers that a test can speak for.

namespace oppi::ops {

class TempLedger {
 public:
  /// `erasure_delay_hours` as in ledger.toml: 0 lets a run carry out what was just decided.
  explicit TempLedger(bool check_digits = true, std::int64_t erasure_delay_hours = 24);
  ~TempLedger();
  TempLedger(const TempLedger&) = delete;
  TempLedger& operator=(const TempLedger&) = delete;

  [[nodiscard]] Node& node() { return *node_; }
  [[nodiscard]] const std::string& directory() const { return directory_; }
  /// Closes it and opens it again, as after a restart.
  void Close() { node_.reset(); }
  void Open();

  /// Registers a publisher with a new key, which may be narrowed to `types`.
  const NamedSigningKey& Register(const std::string& publisher, std::string_view role,
                                  const std::vector<std::string>& types = {},
                                  const std::vector<std::string>& sources = {});
  void Revoke(const std::string& publisher);
  [[nodiscard]] const NamedSigningKey& KeyOf(const std::string& publisher);

  /// A batch of these bytes, signed for this ledger.
  [[nodiscard]] events::SignedBatch Sign(const std::string& publisher,
                                         const std::vector<Bytes>& items,
                                         std::vector<events::Attachment> attachments = {});
  /// Down the road; a road that fails is a test that fails.
  consumers::BatchReport Ingest(events::SignedBatch batch);
  consumers::BatchReport Publish(const std::string& publisher, const std::vector<Bytes>& items);
  consumers::BatchReport Publish(const std::string& publisher,
                                 const std::vector<events::Event>& own);

  /// Every event of the log, opened, in log order.
  [[nodiscard]] std::vector<ledger::CommittedEvent> Events();
  [[nodiscard]] std::uint64_t Size() { return node_->View()->size().value(); }

  /// An event of a registrar, complete but for its fields.
  [[nodiscard]] events::Event RegistryEvent(events::EventType type);

 private:
  SystemEntropy entropy_;
  const tests::TempFolder folder_;
  const std::string directory_ = folder_ / "ledger";
  std::unique_ptr<Node> node_;
  std::map<std::string, NamedSigningKey> keys_;
};

/// An event of a school about a learner: SampleEvent, but made an hour ago.
[[nodiscard]] events::Event SchoolEvent(events::EventType type, std::uint64_t learner,
                                        std::uint64_t number);

}  // namespace oppi::ops
