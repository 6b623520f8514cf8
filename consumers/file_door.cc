#include "consumers/file_door.h"

#include "consumers/file_input.h"
#include "consumers/json_text.h"
#include "events/codec/oneroster.h"
#include "events/limits.h"

namespace oppi::consumers {
namespace {

using events::ErrorCode;
using events::Outcome;

constexpr std::size_t kAttachmentBytesPerBatch = 16 * 1024 * 1024;
constexpr std::size_t kRosterFileBytesMax = 256 * 1024 * 1024;

/// One sentence a person can act on, for each code a publisher commonly meets.
std::string_view Explain(ErrorCode code) {
  switch (code) {
    case ErrorCode::kTooLarge: return "the event is larger than 64 KiB";
    case ErrorCode::kMalformed: return "the event is not well-formed";
    case ErrorCode::kPublisherUnknown: return "this publisher is not registered";
    case ErrorCode::kSourceNotYours: return "the source is not one of this publisher's own";
    case ErrorCode::kIdConflict: return "another event has this source and id already";
    case ErrorCode::kRepublicationBarred: return "this event was erased and may not be published again";
    case ErrorCode::kTypeUnknown: return "the vocabulary has no such type";
    case ErrorCode::kTypeNotAllowed: return "this publisher or key may not publish this type";
    case ErrorCode::kKeyRevoked: return "the key was revoked";
    case ErrorCode::kFieldMissing: return "a required field is missing";
    case ErrorCode::kIdCheckDigit: return "an identifier has a wrong check digit";
    case ErrorCode::kPersonalCodePresent: return "a personal identity code must not be in an event";
    case ErrorCode::kTimeInFuture: return "the event lies in the future";
    default: return "the event breaks a rule of the vocabulary";
  }
}

}  // namespace

FileDoor::FileDoor(FileDoorOptions options, const NamedSigningKey& key, Entropy& entropy, Send send)
    : options_(std::move(options)), key_(key), entropy_(entropy), send_(std::move(send)) {
  OPPI_CHECK(options_.batch_events >= 1 && options_.batch_events <= kBatchEventsMax);
}

Result<events::Format> FormatOf(const std::string& path) {
  if (path == "-") return events::Format::kUnknown;  // read once only
  OPPI_TRY(const std::unique_ptr<FileInput> input, FileInput::Open(path));
  OPPI_TRY(const std::optional<InputRecord> record, input->Next());
  if (!record) return events::Format::kUnknown;
  if (record->name.ends_with(".csv")) return events::Format::kOneRoster;
  return events::DetectFormat(record->bytes);
}

/// A roster is understood as a whole: its files refer to one another.
Status FileDoor::PublishRoster(const std::string& path) {
  FileInputOptions input_options;
  input_options.record_bytes_max = kRosterFileBytesMax;
  OPPI_TRY(const std::unique_ptr<FileInput> input, FileInput::Open(path, input_options));
  std::vector<InputRecord> records;
  for (;;) {
    OPPI_TRY(std::optional<InputRecord> record, input->Next());
    if (!record) break;
    if (record->too_large)
      Reject(next_index_++, "TOO_LARGE", "file " + std::to_string(record->number) + " of the roster is too large");
    else
      records.push_back(*std::move(record));
  }
  std::vector<events::RosterFile> files;
  for (const InputRecord& record : records) files.push_back({record.name, record.bytes});
  const events::RosterEvents roster = events::TranslateRoster(files, options_.translate);
  for (const events::Refused& refused : roster.refused)
    Reject(next_index_++, std::string(events::ErrorName(refused.code)), events::Describe(refused));
  for (const events::Event& event : roster.events) OPPI_RETURN_IF_ERROR(Add(event));
  return {};
}

Status FileDoor::Publish(const std::string& path) {
  events::Format format = options_.format;
  if (format == events::Format::kUnknown) {
    OPPI_TRY(format, FormatOf(path));
  }
  if (format == events::Format::kOneRoster) return PublishRoster(path);
  FileInputOptions input_options;
  input_options.progress = [this](std::uint64_t read, std::uint64_t total) {
    bytes_read_ = read;
    bytes_total_ = total;
  };
  OPPI_TRY(const std::unique_ptr<FileInput> input, FileInput::Open(path, input_options));
  for (;;) {
    OPPI_TRY(const std::optional<InputRecord> record, input->Next());
    if (!record) return {};
    if (record->too_large)
      Reject(next_index_++, "TOO_LARGE", "record " + std::to_string(record->number) + " is too large");
    else
      OPPI_RETURN_IF_ERROR(AddRecord(record->bytes, record->number));
  }
}

Status FileDoor::AddRecord(const Bytes& record, std::uint64_t number) {
  events::Format format = options_.format;
  if (format == events::Format::kUnknown) format = events::DetectFormat(record);
  // What nobody can name is published as it is: the ledger says what is wrong with it.
  if (format == events::Format::kNative || format == events::Format::kUnknown) return AddItem(record);
  events::Translated translated = events::Translate(format, record, number, options_.translate);
  if (translated.refused) {
    Reject(next_index_++, std::string(events::ErrorName(translated.refused->code)), events::Describe(*translated.refused));
    return {};
  }
  summary_.unmapped_grades += translated.unmapped_grades;
  // A document and the events that refer to it travel in one batch.
  if (items_.size() + translated.events.size() > options_.batch_events && !items_.empty()) OPPI_RETURN_IF_ERROR(Flush());
  for (events::Attachment& document : translated.attachments) {
    attachment_bytes_ += document.bytes.size();
    attachments_.push_back(std::move(document));
    ++summary_.documents;
  }
  for (const events::Event& event : translated.events) OPPI_RETURN_IF_ERROR(Add(event));
  if (attachment_bytes_ > kAttachmentBytesPerBatch) return Flush();
  return {};
}

Status FileDoor::Add(const events::Event& event) { return AddItem(events::EncodeJson(event)); }

Status FileDoor::AddItem(Bytes bytes) {
  events::BatchItem item;
  // FlatBuffers events carry their file identifier at byte 4; everything else is JSON.
  const bool binary = bytes.size() > 8 && ByteView(bytes).substr(4, 4) == "OPEV";
  item.encoding = binary ? events::Encoding::kFlatBuffers : events::Encoding::kJson;
  item.bytes = std::move(bytes);
  entropy_.Fill(item.salt);
  items_.push_back(std::move(item));
  indexes_.push_back(next_index_++);
  return items_.size() >= options_.batch_events ? Flush() : Status();
}

Status FileDoor::Flush() {
  if (items_.empty()) return {};
  events::BatchHeader header;
  header.origin = options_.origin;
  header.publisher = key_.name;
  header.key = KeyIdText(key_.verifier().id);
  header.anchor_size = options_.anchor_size;
  header.anchor_root = options_.anchor_root;
  entropy_.Fill(header.id);
  const events::SignedBatch batch = events::SignBatch(std::move(header), std::move(items_), key_.key, std::move(attachments_));
  const std::vector<std::uint64_t> indexes = std::move(indexes_);
  items_.clear();
  indexes_.clear();
  attachments_.clear();
  attachment_bytes_ = 0;
  OPPI_TRY(const BatchReport report, send_(batch));
  if (report.error != ErrorCode::kNone) {
    for (const std::uint64_t index : indexes) Reject(index, std::string(events::ErrorName(report.error)), report.message);
  } else {
    if (report.items.size() != batch.items.size()) return DataLoss("the ledger answered for another number of events");
    for (std::size_t i = 0; i < batch.items.size(); ++i) Count(batch.items[i], report.items[i], indexes[i], report.checkpoint);
    summary_.tree_size = report.size.value();
  }
  if (progress_) progress_(bytes_read_, bytes_total_, summary_);
  return {};
}

void FileDoor::Count(const events::BatchItem& item, const ItemReport& report, std::uint64_t index, const std::string& checkpoint) {
  switch (report.outcome) {
    case Outcome::kQuarantined:
      ++summary_.quarantined;
      [[fallthrough]];
    case Outcome::kAccepted:
      ++summary_.accepted;
      ++summary_.published;
      break;
    case Outcome::kDuplicate:
      ++summary_.duplicates;
      ++summary_.published;
      break;
    case Outcome::kRejected:
      if (report.code == ErrorCode::kIdConflict) {
        ++summary_.conflicts;
        ++summary_.published;
      } else {
        std::string message(Explain(report.code));
        if (!report.member.empty()) message += ": " + report.member;
        Reject(index, std::string(events::ErrorName(report.code)), std::move(message));
      }
      break;
  }
  if (on_item_) on_item_({index, item, report, checkpoint});
}

void FileDoor::Reject(std::uint64_t index, std::string code, std::string message) {
  ++summary_.rejected_count;
  ++summary_.published;
  if (summary_.rejected.size() < kRejectionsKept) summary_.rejected.push_back({index, std::move(code), std::move(message)});
}

Result<PublishSummary> FileDoor::Finish() {
  OPPI_RETURN_IF_ERROR(Flush());
  return summary_;
}

std::string SummaryJson(const PublishSummary& s) {
  std::string out = "{\"published\":" + std::to_string(s.published) + ",\"accepted\":" + std::to_string(s.accepted) +
                    ",\"quarantined\":" + std::to_string(s.quarantined) + ",\"duplicates\":" + std::to_string(s.duplicates) +
                    ",\"conflicts\":" + std::to_string(s.conflicts) + ",\"rejected\":[";
  for (const Rejection& r : s.rejected) {
    if (out.back() != '[') out += ',';
    out += "{\"index\":" + std::to_string(r.index);
    AppendJsonMember(out, "code", r.code);
    AppendJsonMember(out, "message", r.message);
    out += '}';
  }
  return out + "],\"rejected_count\":" + std::to_string(s.rejected_count) + ",\"documents\":" + std::to_string(s.documents) +
         ",\"unmapped_grades\":" + std::to_string(s.unmapped_grades) + ",\"tree_size\":" + std::to_string(s.tree_size) + "}";
}

}  // namespace oppi::consumers
