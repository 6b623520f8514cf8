#include "events/codec/flatbuffer.h"

#include <flatbuffers/flatbuffers.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>

#include "events/limits.h"

namespace oppi::events {
namespace {

using flatbuffers::Table;
using flatbuffers::uoffset_t;
using flatbuffers::voffset_t;

constexpr const char* kIdentifier = "OPEV";
constexpr std::string_view kSpecVersion = "1.0";
constexpr std::string_view kFlatBuffersType = "application/vnd.oppiloki.flatbuffers";
constexpr std::size_t kAlignment = 8;        // of the widest scalar of the schemas
constexpr std::size_t kBufferBytesMin = 12;  // root offset, a vtable and a table without fields
constexpr std::size_t kTableHeaderBytes = sizeof(flatbuffers::soffset_t);
constexpr std::size_t kVtableHeaderBytes = 2 * sizeof(voffset_t);

/// Slots of Envelope: the ids of events/schema/envelope.fbs.
enum Slot : voffset_t {
  kSpecVersionSlot,
  kIdSlot,
  kSourceSlot,
  kTypeSlot,
  kSubjectSlot,
  kOtherSubjectsSlot,
  kTimeSlot,
  kValidFromSlot,
  kValidToSlot,
  kControllerSlot,
  kOnBehalfOfSlot,
  kSensitivitySlot,
  kBasisSlot,
  kPurposeSlot,
  kCorrectsSlot,
  kAnnulsSlot,
  kCausationSlot,
  kCorrelationSlot,
  kExpectedCountSlot,
  kAnchorSizeSlot,
  kAnchorRootSlot,
  kDataContentTypeSlot,
  kDataSlot,
  kSlots
};
constexpr std::array<std::string_view, kSlots> kNames = {"specversion",   "id",
                                                         "source",        "type",
                                                         "subject",       "othersubjects",
                                                         "time",          "validfrom",
                                                         "validto",       "controller",
                                                         "onbehalfof",    "sensitivity",
                                                         "basis",         "purpose",
                                                         "corrects",      "annuls",
                                                         "causation",     "correlation",
                                                         "expectedcount", "anchorsize",
                                                         "anchorroot",    "datacontenttype",
                                                         "data"};

struct TextSlot {
  Slot slot;
  std::string Event::*member;
};
constexpr TextSlot kTextSlots[] = {{kIdSlot, &Event::id},
                                   {kSourceSlot, &Event::source},
                                   {kSubjectSlot, &Event::subject},
                                   {kControllerSlot, &Event::controller},
                                   {kOnBehalfOfSlot, &Event::on_behalf_of},
                                   {kBasisSlot, &Event::basis},
                                   {kPurposeSlot, &Event::purpose},
                                   {kCorrectsSlot, &Event::corrects},
                                   {kAnnulsSlot, &Event::annuls},
                                   {kCausationSlot, &Event::causation},
                                   {kCorrelationSlot, &Event::correlation}};

constexpr voffset_t VtableEntry(std::size_t slot) {
  return static_cast<voffset_t>(kVtableHeaderBytes + slot * sizeof(voffset_t));
}

/// Reads one buffer of a single table. Whatever is wrong with its structure makes it malformed for
/// good, and everything reads as left out from then on; callers ask once, at the end.
///
/// A buffer can hold bytes that nothing points to. They would be signed and kept, yet nobody would
/// ever see them, so all that is read is noted, and Sound() wants the rest to be padding.
class TableReader {
 public:
  TableReader(ByteView bytes, const char* identifier)
      : bytes_(Aligned(bytes)), verifier_(Data(), bytes_.size(), Options()) {
    const std::size_t header =
        sizeof(uoffset_t) + (identifier == nullptr ? 0 : flatbuffers::kFileIdentifierLength);
    if (bytes_.size() < std::max(header, kBufferBytesMin) ||
        bytes_.size() % sizeof(uoffset_t) != 0 ||
        (identifier != nullptr && !flatbuffers::BufferHasIdentifier(Data(), identifier)))
      return;
    Note(0, header);
    const uoffset_t root = verifier_.VerifyOffset(0);
    if (root == 0 || !verifier_.VerifyTableStart(Data() + root)) return;
    const auto* const table = reinterpret_cast<const Table*>(Data() + root);
    const std::size_t vtable = static_cast<std::size_t>(table->GetVTable() - Data());
    vtable_bytes_ = Scalar16(vtable);
    if (vtable_bytes_ < kVtableHeaderBytes) return;
    table_bytes_ = Scalar16(vtable + sizeof(voffset_t));
    if (table_bytes_ < kTableHeaderBytes || !verifier_.Verify(root, table_bytes_)) return;
    Note(vtable, vtable_bytes_);
    Note(root, kTableHeaderBytes);
    table_ = table;
    ok_ = true;
  }

  /// Nothing was malformed, and every byte was reached or is padding. What the slots of another
  /// schema point to is not looked for: they are refused by name (HasSlotsFrom).
  [[nodiscard]] bool Sound(std::size_t known_slots) {
    if (!ok_ || HasSlotsFrom(known_slots)) return ok_;
    if (table_bytes_ - fields_end_ >= kAlignment) return false;
    std::sort(reached_.begin(), reached_.end());
    std::size_t end = 0;
    for (const auto& [begin, bytes] : reached_) {
      if (begin > end && !IsPadding(end, begin)) return false;
      end = std::max(end, begin + bytes);
    }
    return IsPadding(end, bytes_.size());
  }

  /// Slots at or past `known` that are filled in: fields of another schema.
  [[nodiscard]] bool HasSlotsFrom(std::size_t known) const {
    if (!ok_) return false;
    for (std::size_t at = VtableEntry(known); at < vtable_bytes_; at += sizeof(voffset_t))
      if (Scalar16(static_cast<std::size_t>(table_->GetVTable() - Data()) + at) != 0) return true;
    return false;
  }

  template <class T>
  std::optional<T> Scalar(std::size_t slot) {
    const std::uint8_t* const at = Field<T>(slot);
    if (at == nullptr) return std::nullopt;
    return flatbuffers::ReadScalar<T>(at);
  }

  std::optional<std::string_view> Text(std::size_t slot) {
    const std::uint8_t* const at = Field<uoffset_t>(slot);
    return at == nullptr ? std::nullopt : TextAt(at);
  }

  std::optional<ByteView> Blob(std::size_t slot) {
    const std::uint8_t* const at = Field<uoffset_t>(slot);
    if (at == nullptr) return std::nullopt;
    const uoffset_t offset = verifier_.VerifyOffset(Position(at));
    const auto* const vector =
        reinterpret_cast<const flatbuffers::Vector<std::uint8_t>*>(at + offset);
    if (offset == 0 || !verifier_.VerifyVector(vector)) return Malformed<ByteView>();
    Note(Position(at + offset), sizeof(uoffset_t) + vector->size());
    return ByteView{reinterpret_cast<const char*>(vector->data()), vector->size()};
  }

  /// False: left out. A list over items_max is malformed.
  bool Texts(std::size_t slot, std::size_t items_max, std::vector<std::string>& texts) {
    const std::uint8_t* const at = Field<uoffset_t>(slot);
    if (at == nullptr) return false;
    const uoffset_t offset = verifier_.VerifyOffset(Position(at));
    const auto* const vector = reinterpret_cast<const flatbuffers::Vector<uoffset_t>*>(at + offset);
    if (offset == 0 || !verifier_.VerifyVector(vector) || vector->size() > items_max)
      return Malformed<bool>().has_value();
    Note(Position(at + offset), sizeof(uoffset_t) * (1 + vector->size()));
    texts.reserve(vector->size());
    for (uoffset_t i = 0; i < vector->size(); ++i) {
      const auto text = TextAt(vector->Data() + i * sizeof(uoffset_t));
      if (!text) return false;
      texts.emplace_back(*text);
    }
    return true;
  }

 private:
  static flatbuffers::Verifier::Options Options() {
    flatbuffers::Verifier::Options options;
    options.max_depth = 1;  // one table; what lies in it is read here, not by recursion
    options.max_tables = 1;
    return options;
  }

  /// Scalars are read in place, so the bytes are copied when they lie askew.
  ByteView Aligned(ByteView bytes) {
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % kAlignment == 0 || bytes.empty())
      return bytes;
    copy_ = std::make_unique<std::uint64_t[]>(bytes.size() / sizeof(std::uint64_t) + 1);
    std::memcpy(copy_.get(), bytes.data(), bytes.size());
    return {reinterpret_cast<const char*>(copy_.get()), bytes.size()};
  }

  [[nodiscard]] const std::uint8_t* Data() const {
    return reinterpret_cast<const std::uint8_t*>(bytes_.data());
  }
  [[nodiscard]] std::size_t Position(const std::uint8_t* at) const {
    return static_cast<std::size_t>(at - Data());
  }
  [[nodiscard]] std::uint16_t Scalar16(std::size_t at) const {
    return flatbuffers::ReadScalar<std::uint16_t>(Data() + at);
  }

  void Note(std::size_t begin, std::size_t bytes) { reached_.emplace_back(begin, bytes); }

  template <class T>
  std::optional<T> Malformed() {
    ok_ = false;
    return std::nullopt;
  }

  /// Where the slot's value (or offset) lies; nullptr when left out.
  template <class T>
  const std::uint8_t* Field(std::size_t slot) {
    if (!ok_) return nullptr;
    const voffset_t offset = table_->GetOptionalFieldOffset(VtableEntry(slot));
    if (offset == 0) return nullptr;
    const auto* const base = reinterpret_cast<const std::uint8_t*>(table_);
    if (offset < kTableHeaderBytes || offset + sizeof(T) > table_bytes_ ||
        !verifier_.VerifyField<T>(base, offset, sizeof(T))) {
      ok_ = false;
      return nullptr;
    }
    Note(Position(base) + offset, sizeof(T));
    fields_end_ = std::max(fields_end_, offset + sizeof(T));
    return base + offset;
  }

  std::optional<std::string_view> TextAt(const std::uint8_t* at) {
    const uoffset_t offset = verifier_.VerifyOffset(Position(at));
    const auto* const text = reinterpret_cast<const flatbuffers::String*>(at + offset);
    // Strings may be shared, so the sum is bounded too: a small buffer must not unfold into a large
    // event.
    if (offset == 0 || !verifier_.VerifyString(text) ||
        (text_bytes_ += text->size()) > kEventBytesMax ||
        !simdjson::validate_utf8(text->c_str(), text->size()))
      return Malformed<std::string_view>();
    Note(Position(at + offset), sizeof(uoffset_t) + text->size() + 1);
    return std::string_view(text->c_str(), text->size());
  }

  [[nodiscard]] bool IsPadding(std::size_t begin, std::size_t end) const {
    const ByteView gap = bytes_.substr(begin, end - begin);
    return gap.size() < kAlignment && gap.find_first_not_of('\0') == ByteView::npos;
  }

  std::unique_ptr<std::uint64_t[]> copy_;
  ByteView bytes_;
  flatbuffers::Verifier verifier_;
  const Table* table_ = nullptr;
  std::size_t vtable_bytes_ = 0;
  std::size_t table_bytes_ = 0;
  std::size_t fields_end_ = kTableHeaderBytes;
  std::size_t text_bytes_ = 0;
  std::vector<std::pair<std::size_t, std::size_t>> reached_;
  bool ok_ = false;
};

void ReadAttributes(TableReader& in, Event& event, Findings& findings) {
  const auto invalid = [&findings](Slot slot) {
    findings.Note(ErrorCode::kEnvelopeInvalid, kNames[slot]);
  };
  if (in.Text(kSpecVersionSlot).value_or("") != kSpecVersion) invalid(kSpecVersionSlot);
  for (const TextSlot& text : kTextSlots) {
    const auto value = in.Text(text.slot);
    if (value && value->empty()) invalid(text.slot);
    event.*text.member = value.value_or("");
  }
  if (in.Texts(kOtherSubjectsSlot, kListItemsMax * kOtherSubjectsMax, event.other_subjects) &&
      event.other_subjects.empty())
    invalid(kOtherSubjectsSlot);
  const auto time = in.Scalar<std::int64_t>(kTimeSlot);
  if (!time) invalid(kTimeSlot);
  event.time = {time.value_or(0)};
  if (const auto from = in.Scalar<std::int64_t>(kValidFromSlot)) event.valid_from = Instant{*from};
  if (const auto to = in.Scalar<std::int64_t>(kValidToSlot)) event.valid_to = Instant{*to};
  if (const auto sensitivity = ParseSensitivity(in.Text(kSensitivitySlot).value_or("")))
    event.sensitivity = *sensitivity;
  else
    invalid(kSensitivitySlot);
  event.expected_count = in.Scalar<std::int64_t>(kExpectedCountSlot);
  const auto size = in.Scalar<std::int64_t>(kAnchorSizeSlot);
  const auto root = in.Text(kAnchorRootSlot);
  if (size.has_value() != root.has_value()) invalid(size ? kAnchorRootSlot : kAnchorSizeSlot);
  if (size && *size < 0) invalid(kAnchorSizeSlot);
  if (size && root) event.anchor = Anchor{static_cast<std::uint64_t>(*size), std::string(*root)};
  if (in.Text(kDataContentTypeSlot).value_or("") != kFlatBuffersType) invalid(kDataContentTypeSlot);
  if (in.HasSlotsFrom(kSlots)) findings.Note(ErrorCode::kEnvelopeInvalid, {});
}

void ReadField(TableReader& in, std::size_t slot, const FieldInfo& field, FieldValue& value) {
  const auto number = [&](auto scalar) {
    // A required scalar has the schema's default, so a writer leaves out a zero.
    value.present = scalar.has_value() || field.required;
    value.number = static_cast<std::int64_t>(scalar.value_or(0));
  };
  switch (field.type) {
    case FieldType::kInt:
    case FieldType::kTime:
      return number(in.Scalar<std::int64_t>(slot));
    case FieldType::kBool:
      return number(in.Scalar<std::uint8_t>(slot));
    case FieldType::kDate:
      return number(in.Scalar<std::int32_t>(slot));
    case FieldType::kStrList:
    case FieldType::kRefList:
    case FieldType::kCodeList:
      value.present = in.Texts(slot, kCodeSetCodesMax, value.list);
      return;
    default:
      if (const auto text = in.Text(slot)) {
        value.present = true;
        value.text = *text;
      }
  }
}

void WriteField(flatbuffers::FlatBufferBuilder& out, voffset_t entry, const FieldInfo& field,
                const FieldValue& value) {
  const auto number = [&]<class T>(T v) {
    if (field.required)
      out.AddElement<T>(entry, v, T{0});
    else
      out.AddElement<T>(entry, v);
  };
  switch (field.type) {
    case FieldType::kInt:
    case FieldType::kTime:
      return number(value.number);
    case FieldType::kBool:
      return number(static_cast<std::uint8_t>(value.number));
    case FieldType::kDate:
      return number(static_cast<std::int32_t>(value.number));
    default:
      OPPI_CHECK(false);
  }
}

template <class Offset>
Bytes Finished(flatbuffers::FlatBufferBuilder& out, Offset root, const char* identifier) {
  out.Finish(flatbuffers::Offset<Table>(root), identifier);
  return {reinterpret_cast<const char*>(out.GetBufferPointer()), out.GetSize()};
}

flatbuffers::Offset<void> WriteTexts(flatbuffers::FlatBufferBuilder& out,
                                     const std::vector<std::string>& texts) {
  return out.CreateVectorOfStrings(texts).Union();
}

flatbuffers::Offset<void> WriteText(flatbuffers::FlatBufferBuilder& out, std::string_view text) {
  return out.CreateString(text.data(), text.size()).Union();
}

}  // namespace

Decoded DecodeFlatBuffer(ByteView bytes, const DecodeOptions& options) {
  Decoded decoded;
  if (bytes.size() > kEventBytesMax) {
    decoded.error = ErrorCode::kTooLarge;
    return decoded;
  }
  TableReader in(bytes, kIdentifier);
  Event read = MakeEvent(EventType{});
  Findings findings;
  ReadAttributes(in, read, findings);
  const auto type = in.Text(kTypeSlot);
  const auto data = in.Blob(kDataSlot);
  // A writer pads a buffer to its widest scalar; the envelope always has one, its time.
  if (!in.Sound(kSlots) || bytes.size() % kAlignment != 0) {
    decoded.error = ErrorCode::kMalformed;
    return decoded;
  }
  decoded.source = read.source;
  decoded.id = read.id;
  if (!type) {
    findings.Note(ErrorCode::kEnvelopeInvalid, kNames[kTypeSlot]);
  } else if (decoded.type = FindType(*type); decoded.type == nullptr) {
    findings.Note(ErrorCode::kTypeUnknown, kNames[kTypeSlot]);
  } else {
    decoded.event = std::move(read);
    decoded.event.type = decoded.type->type;
    decoded.event.fields.assign(decoded.type->fields.size(), {});
    if (!data)
      findings.Note(ErrorCode::kEnvelopeInvalid, kNames[kDataSlot]);
    else if (!ReadPayload(*data, decoded.event, findings))
      findings.Note(ErrorCode::kMalformed, kNames[kDataSlot]);
    CheckEvent(decoded.event, options, Content::kUnchecked, findings);
    if (decoded.event.sensitivity == Sensitivity::kS0 && bytes.size() > kClearEventBytesMax)
      findings.Note(ErrorCode::kTooLarge, {});
  }
  decoded.error = findings.error();
  decoded.member = findings.member();
  return decoded;
}

bool ReadPayload(ByteView bytes, Event& event, Findings& findings) {
  const auto fields = event.info().fields;
  TableReader in(bytes, nullptr);
  for (std::size_t i = 0; i < fields.size(); ++i) ReadField(in, i, fields[i], event.fields[i]);
  if (in.HasSlotsFrom(fields.size())) findings.Note(ErrorCode::kUnknownField, {});
  return in.Sound(fields.size());
}

Bytes WritePayload(const Event& event) {
  const auto fields = event.info().fields;
  OPPI_CHECK(event.fields.size() == fields.size());
  flatbuffers::FlatBufferBuilder out;
  std::vector<flatbuffers::Offset<void>> offsets(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const FieldValue& value = event.fields[i];
    if (!value.present || IsNumber(fields[i].type)) continue;
    offsets[i] = IsList(fields[i].type) ? WriteTexts(out, value.list) : WriteText(out, value.text);
  }
  const uoffset_t start = out.StartTable();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (!event.fields[i].present) continue;
    if (IsNumber(fields[i].type))
      WriteField(out, VtableEntry(i), fields[i], event.fields[i]);
    else
      out.AddOffset(VtableEntry(i), offsets[i]);
  }
  return Finished(out, out.EndTable(start), nullptr);
}

Bytes EncodeFlatBuffer(const Event& event) {
  flatbuffers::FlatBufferBuilder out;
  const Bytes payload = WritePayload(event);
  out.ForceVectorAlignment(payload.size(), 1, kAlignment);
  const auto data =
      out.CreateVector(reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size());
  std::array<flatbuffers::Offset<void>, kSlots> offsets{};
  const auto text = [&](Slot slot, std::string_view value) {
    if (!value.empty()) offsets[slot] = WriteText(out, value);
  };
  text(kSpecVersionSlot, kSpecVersion);
  text(kTypeSlot, event.info().full_name);
  for (const TextSlot& slot : kTextSlots) text(slot.slot, event.*slot.member);
  if (!event.other_subjects.empty())
    offsets[kOtherSubjectsSlot] = WriteTexts(out, event.other_subjects);
  text(kSensitivitySlot, SensitivityName(event.sensitivity));
  if (event.anchor) offsets[kAnchorRootSlot] = WriteText(out, event.anchor->root);
  text(kDataContentTypeSlot, kFlatBuffersType);

  const uoffset_t start = out.StartTable();
  const auto number = [&out](Slot slot, std::int64_t value) {
    out.AddElement(VtableEntry(slot), value);
  };
  number(kTimeSlot, event.time.micros);
  if (event.valid_from) number(kValidFromSlot, event.valid_from->micros);
  if (event.valid_to) number(kValidToSlot, event.valid_to->micros);
  if (event.expected_count) number(kExpectedCountSlot, *event.expected_count);
  if (event.anchor) number(kAnchorSizeSlot, static_cast<std::int64_t>(event.anchor->size));
  for (std::size_t slot = 0; slot < kSlots; ++slot)
    if (offsets[slot].o != 0) out.AddOffset(VtableEntry(slot), offsets[slot]);
  out.AddOffset(VtableEntry(kDataSlot), data);
  return Finished(out, out.EndTable(start), kIdentifier);
}

}  // namespace oppi::events
