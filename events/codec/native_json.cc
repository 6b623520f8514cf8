#include "events/codec/native_json.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cstring>
#include <memory>

#include "events/codec/flatbuffer.h"
#include "events/codec/json_scan.h"
#include "events/limits.h"
#include "events/rules.h"

namespace oppi::events {
namespace {

namespace dom = simdjson::dom;

constexpr std::string_view kSpecVersion = "1.0";
constexpr std::string_view kJsonType = "application/json";
constexpr std::string_view kFlatBuffersType = "application/vnd.oppiloki.flatbuffers";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::int64_t kIntegerMax = (std::int64_t{1} << 53) - 1;

/// One parser and one padded buffer a thread: after the first event nothing is allocated to parse.
class Parser {
 public:
  /// False: not one JSON text of at most kEventBytesMax. The element is valid until the next call.
  bool Parse(ByteView bytes, dom::element& root) {
    if (bytes.size() > kEventBytesMax || bytes.starts_with(kByteOrderMark)) return false;
    if (!buffer_) {
      buffer_ = std::make_unique<char[]>(kEventBytesMax + simdjson::SIMDJSON_PADDING);
      // One level more than we accept: CheckTree then counts exactly.
      OPPI_CHECK(parser_.allocate(kEventBytesMax, kJsonDepthMax + 2) == simdjson::SUCCESS);
    }
    std::memcpy(buffer_.get(), bytes.data(), bytes.size());
    std::memset(buffer_.get() + bytes.size(), 0, simdjson::SIMDJSON_PADDING);
    return parser_.parse(buffer_.get(), bytes.size(), false).get(root) == simdjson::SUCCESS;
  }

 private:
  dom::parser parser_;
  std::unique_ptr<char[]> buffer_;
};

Parser& ThreadParser() {
  thread_local Parser parser;
  return parser;
}

/// Walks everything once: nesting, repeated member names, and (if asked) personal identity codes in
/// names and strings, which an escape may hide from a look at the bytes.
class TreeCheck {
 public:
  explicit TreeCheck(bool look_for_codes) : look_for_codes_(look_for_codes) {}

  bool Visit(dom::element element, std::size_t depth) {
    switch (element.type()) {
      case dom::element_type::OBJECT:
        return VisitObject(dom::object(element), depth);
      case dom::element_type::ARRAY:
        if (depth > kJsonDepthMax) return false;
        for (const dom::element item : dom::array(element))
          if (!Visit(item, depth + 1)) return false;
        return true;
      case dom::element_type::STRING:
        Look(std::string_view(element));
        return true;
      default:
        return true;
    }
  }
  [[nodiscard]] bool code_found() const { return code_found_; }

 private:
  bool VisitObject(dom::object object, std::size_t depth) {
    if (depth > kJsonDepthMax) return false;
    std::array<std::string_view, 24> few;
    std::size_t n = 0;
    for (const dom::key_value_pair member : object) {
      Look(member.key);
      if (!Visit(member.value, depth + 1)) return false;
      if (n < few.size()) {
        for (std::size_t i = 0; i < n; ++i)
          if (few[i] == member.key) return false;
        few[n] = member.key;
      }
      ++n;
    }
    return n <= few.size() || NamesDiffer(object, n);
  }

  static bool NamesDiffer(dom::object object, std::size_t n) {
    std::vector<std::string_view> names;
    names.reserve(n);
    for (const dom::key_value_pair member : object) names.push_back(member.key);
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) == names.end();
  }

  void Look(std::string_view text) {
    if (look_for_codes_ && !code_found_) code_found_ = ContainsPersonalCode(text);
  }

  bool look_for_codes_;
  bool code_found_ = false;
};

/// Attributes in the order of section 1.
enum Attribute : std::size_t {
  kSpecVersionAt,
  kIdAt,
  kSourceAt,
  kTypeAt,
  kSubjectAt,
  kOtherSubjectsAt,
  kTimeAt,
  kValidFromAt,
  kValidToAt,
  kControllerAt,
  kOnBehalfOfAt,
  kSensitivityAt,
  kBasisAt,
  kPurposeAt,
  kCorrectsAt,
  kAnnulsAt,
  kCausationAt,
  kCorrelationAt,
  kExpectedCountAt,
  kAnchorSizeAt,
  kAnchorRootAt,
  kDataContentTypeAt,
  kDataAt,
  kDataBase64At,
  kAttributes
};
constexpr std::array<std::string_view, kAttributes> kNames = {"specversion",   "id",
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
                                                              "data",          "data_base64"};
constexpr Attribute kRequired[] = {kSpecVersionAt, kIdAt,          kSourceAt,
                                   kTimeAt,        kSensitivityAt, kDataContentTypeAt};

/// Index of `name` in `names`, looking first where the last one left off: writers keep an order.
template <class Names, class NameOf>
std::size_t FindFrom(const Names& names, std::string_view name, std::size_t& cursor,
                     NameOf name_of) {
  const std::size_t n = names.size();
  for (std::size_t tried = 0, at = cursor; tried < n; ++tried, ++at) {
    if (at >= n) at = 0;
    if (name_of(names[at]) == name) {
      cursor = at + 1;
      return at;
    }
  }
  return n;
}

struct Envelope {
  std::array<dom::element, kAttributes> values;
  std::bitset<kAttributes> seen;
  std::size_t data_member = 0;  // which member of the root `data` is

  [[nodiscard]] bool Text(Attribute at, std::string_view& out) const {
    return seen[at] && values[at].get(out) == simdjson::SUCCESS;
  }
};

Envelope ReadEnvelope(dom::object root, Findings& findings) {
  Envelope envelope;
  std::size_t cursor = 0;
  std::size_t member = 0;
  for (const dom::key_value_pair pair : root) {
    const std::size_t at =
        FindFrom(kNames, pair.key, cursor, [](std::string_view name) { return name; });
    if (at == kAttributes) {
      findings.Note(ErrorCode::kEnvelopeInvalid, SafeMemberName(pair.key));
    } else {
      envelope.values[at] = pair.value;
      envelope.seen.set(at);
      if (at == kDataAt) envelope.data_member = member;
    }
    ++member;
  }
  return envelope;
}

/// Reads attributes into an event; what is not as it should be is noted and left out.
class AttributeReader {
 public:
  AttributeReader(const Envelope& envelope, Findings& findings)
      : envelope_(envelope), findings_(findings) {}

  void Text(Attribute at, std::string& out) const {
    std::string_view text;
    if (!envelope_.seen[at]) return;
    if (envelope_.Text(at, text) && !text.empty())
      out = text;
    else
      Invalid(at);
  }

  void Time(Attribute at, std::optional<Instant>& out) const {
    std::string_view text;
    if (!envelope_.seen[at]) return;
    if (envelope_.Text(at, text)) out = ParseInstant(text);
    if (!out) Invalid(at);
  }

  [[nodiscard]] std::optional<std::int64_t> Count(Attribute at) const {
    if (!envelope_.seen[at]) return std::nullopt;
    std::int64_t value = 0;
    const dom::element& element = envelope_.values[at];
    if (element.type() == dom::element_type::INT64 && element.get(value) == simdjson::SUCCESS &&
        value >= 0 && value <= kIntegerMax)
      return value;
    Invalid(at);
    return std::nullopt;
  }

  void OtherSubjects(std::vector<std::string>& out) const {
    std::string_view text;
    if (!envelope_.seen[kOtherSubjectsAt]) return;
    if (!envelope_.Text(kOtherSubjectsAt, text)) return Invalid(kOtherSubjectsAt);
    for (std::size_t begin = 0;;) {
      const std::size_t comma = text.find(',', begin);
      out.emplace_back(text.substr(begin, comma == std::string_view::npos ? comma : comma - begin));
      if (comma == std::string_view::npos) return;
      begin = comma + 1;
    }
  }

  void Invalid(Attribute at) const { findings_.Note(ErrorCode::kEnvelopeInvalid, kNames[at]); }

 private:
  const Envelope& envelope_;
  Findings& findings_;
};

void ReadAttributes(const Envelope& envelope, Event& event, Findings& findings) {
  const AttributeReader read(envelope, findings);
  for (const Attribute at : kRequired)
    if (!envelope.seen[at]) read.Invalid(at);
  std::string_view text;
  if (!envelope.Text(kSpecVersionAt, text) || text != kSpecVersion) read.Invalid(kSpecVersionAt);
  read.Text(kIdAt, event.id);
  read.Text(kSourceAt, event.source);
  read.Text(kSubjectAt, event.subject);
  read.OtherSubjects(event.other_subjects);
  std::optional<Instant> time;
  read.Time(kTimeAt, time);
  event.time = time.value_or(Instant{});
  read.Time(kValidFromAt, event.valid_from);
  read.Time(kValidToAt, event.valid_to);
  read.Text(kControllerAt, event.controller);
  read.Text(kOnBehalfOfAt, event.on_behalf_of);
  const auto sensitivity =
      envelope.Text(kSensitivityAt, text) ? ParseSensitivity(text) : std::optional<Sensitivity>{};
  if (sensitivity)
    event.sensitivity = *sensitivity;
  else
    read.Invalid(kSensitivityAt);
  read.Text(kBasisAt, event.basis);
  read.Text(kPurposeAt, event.purpose);
  read.Text(kCorrectsAt, event.corrects);
  read.Text(kAnnulsAt, event.annuls);
  read.Text(kCausationAt, event.causation);
  read.Text(kCorrelationAt, event.correlation);
  event.expected_count = read.Count(kExpectedCountAt);
  const auto anchor_size = read.Count(kAnchorSizeAt);
  std::string anchor_root;
  read.Text(kAnchorRootAt, anchor_root);
  if (envelope.seen[kAnchorSizeAt] != envelope.seen[kAnchorRootAt])
    read.Invalid(envelope.seen[kAnchorSizeAt] ? kAnchorRootAt : kAnchorSizeAt);
  else if (anchor_size)
    event.anchor = Anchor{static_cast<std::uint64_t>(*anchor_size), std::move(anchor_root)};
}

/// False: not of the type. Form and codes of texts are checked later, on the value.
bool ReadField(FieldType type, const dom::element& element, FieldValue& value) {
  std::string_view text;
  bool truth = false;
  switch (type) {
    case FieldType::kInt:
      return element.type() == dom::element_type::INT64 &&
             element.get(value.number) == simdjson::SUCCESS;
    case FieldType::kBool:
      if (element.get(truth) != simdjson::SUCCESS) return false;
      value.number = truth ? 1 : 0;
      return true;
    case FieldType::kDate: {
      const auto date =
          element.get(text) == simdjson::SUCCESS ? ParseDate(text) : std::optional<Date>{};
      if (date) value.number = date->days;
      return date.has_value();
    }
    case FieldType::kTime: {
      const auto time =
          element.get(text) == simdjson::SUCCESS ? ParseInstant(text) : std::optional<Instant>{};
      if (time) value.number = time->micros;
      return time.has_value();
    }
    case FieldType::kObject:
      return element.type() == dom::element_type::OBJECT;
    case FieldType::kStrList:
    case FieldType::kRefList:
    case FieldType::kCodeList: {
      dom::array items;
      if (element.get(items) != simdjson::SUCCESS) return false;
      if (items.size() > kCodeSetCodesMax) return false;
      value.list.reserve(items.size());
      for (const dom::element item : items) {
        if (item.get(text) != simdjson::SUCCESS) return false;
        value.list.emplace_back(text);
      }
      return true;
    }
    default:
      if (element.get(text) != simdjson::SUCCESS) return false;
      value.text = text;
      return true;
  }
}

/// `data` is member `data_member` of the event in `bytes`, which are looked at again only for the
/// exact text of an `object` field.
void ReadData(dom::object data, ByteView bytes, std::size_t data_member, Event& event,
              Findings& findings) {
  const auto fields = event.info().fields;
  std::size_t cursor = 0;
  std::size_t member = 0;
  for (const dom::key_value_pair pair : data) {
    const std::size_t at =
        FindFrom(fields, pair.key, cursor, [](const FieldInfo& field) { return field.name; });
    if (at == fields.size()) {
      findings.Note(ErrorCode::kUnknownField, SafeMemberName(pair.key));
    } else {
      FieldValue& value = event.fields[at];
      value.present = true;
      if (!ReadField(fields[at].type, pair.value, value))
        findings.Note(ErrorCode::kFieldType, fields[at].name);
      else if (fields[at].type == FieldType::kObject)
        value.text = NthMemberValue(NthMemberValue(bytes, data_member), member);
    }
    ++member;
  }
}

/// `data`, or a FlatBuffers table in `data_base64`; which one, `datacontenttype` says.
Content ReadPayload(const Envelope& envelope, ByteView bytes, Event& event, Findings& findings) {
  const auto invalid = [&findings](Attribute at) {
    findings.Note(ErrorCode::kEnvelopeInvalid, kNames[at]);
  };
  std::string_view text;
  const bool flat = envelope.Text(kDataContentTypeAt, text) && text == kFlatBuffersType;
  if (!flat && text != kJsonType) invalid(kDataContentTypeAt);
  const Attribute payload = flat ? kDataBase64At : kDataAt;
  const Attribute other = flat ? kDataAt : kDataBase64At;
  if (envelope.seen[other]) invalid(other);
  dom::object data;
  if (flat && envelope.Text(payload, text)) {
    const auto table = FromBase64(text);
    if (!table || !ReadPayload(*table, event, findings))
      findings.Note(ErrorCode::kMalformed, kNames[payload]);
    return Content::kUnchecked;
  }
  if (!flat && envelope.seen[payload] && envelope.values[payload].get(data) == simdjson::SUCCESS)
    ReadData(data, bytes, envelope.data_member, event, findings);
  else
    invalid(payload);
  return Content::kChecked;
}

void AppendMember(Bytes& out, std::string_view name) {
  if (out.back() != '{') out.push_back(',');
  out.push_back('"');
  out.append(name);
  out.append("\":");
}

void AppendText(Bytes& out, Attribute at, std::string_view text) {
  if (text.empty()) return;
  AppendMember(out, kNames[at]);
  AppendJsonString(out, text);
}

void AppendInstant(Bytes& out, Attribute at, const std::optional<Instant>& time) {
  if (time) AppendText(out, at, FormatInstant(*time));
}

void AppendField(Bytes& out, const FieldInfo& field, const FieldValue& value) {
  AppendMember(out, field.name);
  switch (field.type) {
    case FieldType::kInt:
      out.append(std::to_string(value.number));
      break;
    case FieldType::kBool:
      out.append(value.number != 0 ? "true" : "false");
      break;
    case FieldType::kDate:
      AppendJsonString(out, FormatDate({static_cast<std::int32_t>(value.number)}));
      break;
    case FieldType::kTime:
      AppendJsonString(out, FormatInstant({value.number}));
      break;
    case FieldType::kObject:
      out.append(value.text);
      break;
    case FieldType::kStrList:
    case FieldType::kRefList:
    case FieldType::kCodeList:
      out.push_back('[');
      for (std::size_t i = 0; i < value.list.size(); ++i) {
        if (i != 0) out.push_back(',');
        AppendJsonString(out, value.list[i]);
      }
      out.push_back(']');
      break;
    default:
      AppendJsonString(out, value.text);
  }
}

}  // namespace

Decoded DecodeJson(ByteView bytes, const DecodeOptions& options) {
  Decoded decoded;
  if (bytes.size() > kEventBytesMax) {
    decoded.error = ErrorCode::kTooLarge;
    return decoded;
  }
  dom::element root;
  dom::object members;
  // Without an escape every string stands in the bytes as it is, and one look at them is enough.
  TreeCheck tree(bytes.find('\\') != ByteView::npos);
  if (!ThreadParser().Parse(bytes, root) || root.get(members) != simdjson::SUCCESS ||
      !tree.Visit(root, 1)) {
    decoded.error = ErrorCode::kMalformed;
    return decoded;
  }

  Findings findings;
  const Envelope envelope = ReadEnvelope(members, findings);
  std::string_view text;
  if (envelope.Text(kSourceAt, text)) decoded.source = text;
  if (envelope.Text(kIdAt, text)) decoded.id = text;
  if (envelope.Text(kTypeAt, text)) {
    decoded.type = FindType(text);
    if (decoded.type == nullptr) findings.Note(ErrorCode::kTypeUnknown, kNames[kTypeAt]);
  } else {
    findings.Note(ErrorCode::kEnvelopeInvalid, kNames[kTypeAt]);
  }
  if (decoded.type != nullptr) {
    Event& event = decoded.event = MakeEvent(decoded.type->type);
    ReadAttributes(envelope, event, findings);
    const Content content = ReadPayload(envelope, bytes, event, findings);
    if (tree.code_found() || ContainsPersonalCode(bytes))
      findings.Note(ErrorCode::kPersonalCodePresent, MemberWithPersonalCode(event));
    CheckEvent(event, options, content, findings);
    if (event.sensitivity == Sensitivity::kS0 && bytes.size() > kClearEventBytesMax)
      findings.Note(ErrorCode::kTooLarge, {});
  }
  decoded.error = findings.error();
  decoded.member = findings.member();
  return decoded;
}

ObjectCheck CheckObject(ByteView text) {
  dom::element root;
  TreeCheck tree(true);
  // Two levels lie above the field in an event: the envelope and `data`.
  constexpr std::size_t kDepth = 3;
  if (text.size() > kObjectBytesMax || !text.starts_with('{') || !text.ends_with('}') ||
      !ThreadParser().Parse(text, root) || !tree.Visit(root, kDepth))
    return ObjectCheck::kUnsound;
  return tree.code_found() ? ObjectCheck::kPersonalCode : ObjectCheck::kSound;
}

std::string EncodeJson(const Event& event) {
  const TypeInfo& info = event.info();
  OPPI_CHECK(event.fields.size() == info.fields.size());
  Bytes out;
  out.reserve(768);
  out.push_back('{');
  AppendText(out, kSpecVersionAt, kSpecVersion);
  AppendText(out, kIdAt, event.id);
  AppendText(out, kSourceAt, event.source);
  AppendText(out, kTypeAt, info.full_name);
  AppendText(out, kSubjectAt, event.subject);
  std::string others;
  for (const std::string& person : event.other_subjects)
    (others += others.empty() ? "" : ",") += person;
  AppendText(out, kOtherSubjectsAt, others);
  AppendInstant(out, kTimeAt, event.time);
  AppendInstant(out, kValidFromAt, event.valid_from);
  AppendInstant(out, kValidToAt, event.valid_to);
  AppendText(out, kControllerAt, event.controller);
  AppendText(out, kOnBehalfOfAt, event.on_behalf_of);
  AppendText(out, kSensitivityAt, SensitivityName(event.sensitivity));
  AppendText(out, kBasisAt, event.basis);
  AppendText(out, kPurposeAt, event.purpose);
  AppendText(out, kCorrectsAt, event.corrects);
  AppendText(out, kAnnulsAt, event.annuls);
  AppendText(out, kCausationAt, event.causation);
  AppendText(out, kCorrelationAt, event.correlation);
  if (event.expected_count) {
    AppendMember(out, kNames[kExpectedCountAt]);
    out.append(std::to_string(*event.expected_count));
  }
  if (event.anchor) {
    AppendMember(out, kNames[kAnchorSizeAt]);
    out.append(std::to_string(event.anchor->size));
    AppendText(out, kAnchorRootAt, event.anchor->root);
  }
  AppendText(out, kDataContentTypeAt, kJsonType);
  AppendMember(out, kNames[kDataAt]);
  out.push_back('{');
  for (std::size_t i = 0; i < info.fields.size(); ++i)
    if (event.fields[i].present) AppendField(out, info.fields[i], event.fields[i]);
  out.append("}}");
  return out;
}

}  // namespace oppi::events
