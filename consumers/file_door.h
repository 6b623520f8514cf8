#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "consumers/ingest.h"
#include "events/codec/foreign.h"
#include "events/ed25519.h"
#include "events/entropy.h"
#include "events/result.h"

/// Files in, signed batches out: what a publisher without an integration of its own runs. Publishing a
/// file again accepts nothing new, so an interrupted run is simply repeated.

namespace oppi::consumers {

struct FileDoorOptions {
  std::string origin;                              // the ledger the batches are for
  std::size_t batch_events = 1000;                 // 1..kBatchEventsMax
  events::Format format = events::Format::kUnknown;  // kUnknown: detect, record by record
  events::TranslateOptions translate;
  std::uint64_t anchor_size = 0;  // newest checkpoint the publisher has seen, if any
  RootHash anchor_root{};
};

struct Rejection {
  std::uint64_t index = 0;  // number of the event among all that were published, from 0
  std::string code;
  std::string message;
};

/// What became of the events. Numbers of events, not of input records.
struct PublishSummary {
  std::uint64_t published = 0;    // all below together
  std::uint64_t accepted = 0;     // in the log, quarantined ones included
  std::uint64_t quarantined = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t rejected_count = 0;  // rejected events, and records that could not be read as events
  std::vector<Rejection> rejected;   // the first kRejectionsKept
  std::uint64_t documents = 0;       // original documents kept as evidence
  std::uint64_t unmapped_grades = 0;  // grades that only the original document has
  std::uint64_t tree_size = 0;
};
inline constexpr std::size_t kRejectionsKept = 1000;

/// One published event, for receipts.
struct PublishedItem {
  std::uint64_t index = 0;
  const events::BatchItem& item;
  const ItemReport& report;
  const std::string& checkpoint;
};

class FileDoor {
 public:
  /// Takes one batch to the ledger: the road itself, or HTTP.
  using Send = std::function<Result<BatchReport>(events::SignedBatch)>;
  using Progress = std::function<void(std::uint64_t bytes, std::uint64_t total_bytes, const PublishSummary&)>;

  FileDoor(FileDoorOptions options, const NamedSigningKey& key, Entropy& entropy, Send send);

  void OnProgress(Progress progress) { progress_ = std::move(progress); }
  void OnItem(std::function<void(const PublishedItem&)> each) { on_item_ = std::move(each); }

  /// Publishes a file, a folder or `-`. May be called several times; Finish sends what is left.
  /// Errors: of the input (kNotFound, kInvalidArgument) or of the ledger; what was acknowledged stays.
  [[nodiscard]] Status Publish(const std::string& path);
  /// One event made elsewhere.
  [[nodiscard]] Status Add(const events::Event& event);
  [[nodiscard]] Result<PublishSummary> Finish();

 private:
  [[nodiscard]] Status PublishRoster(const std::string& path);
  [[nodiscard]] Status AddRecord(const Bytes& record, std::uint64_t number);
  [[nodiscard]] Status AddItem(Bytes bytes);
  [[nodiscard]] Status Flush();
  void Count(const events::BatchItem& item, const ItemReport& report, std::uint64_t index, const std::string& checkpoint);
  void Reject(std::uint64_t index, std::string code, std::string message);

  const FileDoorOptions options_;
  const NamedSigningKey& key_;
  Entropy& entropy_;
  Send send_;
  Progress progress_;
  std::function<void(const PublishedItem&)> on_item_;
  std::vector<events::BatchItem> items_;
  std::vector<std::uint64_t> indexes_;  // of items_
  std::uint64_t next_index_ = 0;
  std::vector<events::Attachment> attachments_;
  std::size_t attachment_bytes_ = 0;
  PublishSummary summary_;
  std::uint64_t bytes_read_ = 0;
  std::uint64_t bytes_total_ = 0;
};

/// What the first record of the input is. kOneRoster: a folder or archive of CSV files.
[[nodiscard]] Result<events::Format> FormatOf(const std::string& path);

/// {"published":..,"accepted":..,"quarantined":..,"duplicates":..,"conflicts":..,"rejected":[{"index":..,
///  "code":..,"message":..}],"rejected_count":..,"documents":..,"unmapped_grades":..,"tree_size":..}
[[nodiscard]] std::string SummaryJson(const PublishSummary& summary);

}  // namespace oppi::consumers
