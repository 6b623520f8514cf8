// The two wire forms of a signed batch: FlatBuffers and JSON. Strict and bounded; form only.

#include <flatbuffers/flatbuffers.h>
#include <simdjson.h>

#include <algorithm>
#include <cstring>

#include "batch_generated.h"
#include "events/batch.h"
#include "events/codec/json_scan.h"

namespace oppi::events {
namespace {

namespace dom = simdjson::dom;

Error Bad(const char* what) { return InvalidArgument(std::string("batch: ") + what); }

ByteView ViewOf(const flatbuffers::Vector<std::uint8_t>* v) {
  return v == nullptr ? ByteView() : ByteView(reinterpret_cast<const char*>(v->data()), v->size());
}
std::string_view ViewOf(const flatbuffers::String* s) {
  return s == nullptr ? std::string_view() : std::string_view(s->c_str(), s->size());
}

template <std::size_t N>
bool CopyExact(ByteView from, std::array<unsigned char, N>& to) {
  if (from.size() != N) return false;
  std::memcpy(to.data(), from.data(), N);
  return true;
}

/// The form every decoder must have reached in the end, whatever the encoding.
Result<SignedBatch> CheckForm(SignedBatch batch) {
  if (batch.items.empty()) return Bad("no items");
  if (batch.items.size() > kBatchEventsMax) return Bad("more items than a batch may have");
  if (batch.header.count != batch.items.size()) return Bad("count differs from the number of items");
  for (const Attachment& a : batch.attachments)
    if (a.bytes.size() > kAttachmentBytesMax) return Bad("an attachment is too large");
  // The header's own decoder knows what a header must look like.
  OPPI_TRY(const BatchHeader again, DecodeHeader(EncodeHeader(batch.header)));
  OPPI_CHECK(again == batch.header);
  return batch;
}

bool ShortEnough(const BatchHeader& h) {
  return std::max({h.origin.size(), h.publisher.size(), h.key.size(), h.attested_by.size()}) <= 255;
}

}  // namespace

Bytes EncodeBatch(const SignedBatch& batch) {
  std::size_t total = 1024;
  for (const BatchItem& item : batch.items) total += item.bytes.size() + 96;
  flatbuffers::FlatBufferBuilder b(total);
  const auto vec = [&b](ByteView v) {
    return b.CreateVector(reinterpret_cast<const std::uint8_t*>(v.data()), v.size());
  };
  const auto str = [&b](std::string_view s) { return b.CreateString(s.data(), s.size()); };
  std::vector<flatbuffers::Offset<fbs::Item>> items;
  items.reserve(batch.items.size());
  for (const BatchItem& item : batch.items) {
    const auto salt = vec({reinterpret_cast<const char*>(item.salt.data()), item.salt.size()});
    const auto bytes = vec(item.bytes);
    items.push_back(fbs::CreateItem(b, static_cast<std::uint8_t>(item.encoding), salt, bytes));
  }
  std::vector<flatbuffers::Offset<fbs::Attachment>> attachments;
  for (const Attachment& a : batch.attachments)
    attachments.push_back(fbs::CreateAttachment(b, str(a.subject), str(a.media_type), vec(a.bytes)));
  const BatchHeader& h = batch.header;
  const auto header = fbs::CreateHeader(
      b, str(h.origin), str(h.publisher), str(h.key), str(h.attested_by),
      vec({reinterpret_cast<const char*>(h.id.data()), h.id.size()}), h.anchor_size, vec(h.anchor_root.view()),
      h.count, vec(h.root.view()));
  const auto signature = vec(View(batch.signature));
  const auto item_vector = b.CreateVector(items);
  const auto attachment_vector = b.CreateVector(attachments);
  b.Finish(fbs::CreateBatch(b, header, signature, item_vector, attachment_vector), fbs::BatchIdentifier());
  return {reinterpret_cast<const char*>(b.GetBufferPointer()), b.GetSize()};
}

Result<SignedBatch> DecodeBatch(ByteView bytes) {
  if (bytes.size() > kBatchBytesMax) return Bad("too many bytes");
  // Depth 4 is Batch > items > Item > bytes; a table a piece for items, attachments, header, batch.
  flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), 8,
                                 static_cast<flatbuffers::uoffset_t>(2 * kBatchEventsMax + 16));
  if (bytes.size() < 8 || !verifier.VerifyBuffer<fbs::Batch>(fbs::BatchIdentifier()))
    return Bad("not a FlatBuffers batch");
  const fbs::Batch* wire = flatbuffers::GetRoot<fbs::Batch>(bytes.data());
  if (wire->header() == nullptr || wire->items() == nullptr) return Bad("header or items missing");
  if (wire->items()->size() > kBatchEventsMax) return Bad("more items than a batch may have");

  SignedBatch batch;
  const fbs::Header& h = *wire->header();
  batch.header.origin = ViewOf(h.origin());
  batch.header.publisher = ViewOf(h.publisher());
  batch.header.key = ViewOf(h.key());
  batch.header.attested_by = ViewOf(h.attested_by());
  batch.header.anchor_size = h.anchor_size();
  batch.header.count = h.count();
  if (!ShortEnough(batch.header)) return Bad("a name is too long");
  if (!CopyExact(ViewOf(h.batch()), batch.header.id)) return Bad("the batch id is not 16 bytes");
  if (!CopyExact(ViewOf(h.anchor_root()), batch.header.anchor_root.bytes)) return Bad("the anchor root is not 32 bytes");
  if (!CopyExact(ViewOf(h.root()), batch.header.root.bytes)) return Bad("the root is not 32 bytes");
  if (!CopyExact(ViewOf(wire->signature()), batch.signature)) return Bad("the signature is not 64 bytes");
  batch.items.resize(wire->items()->size());
  for (flatbuffers::uoffset_t i = 0; i < wire->items()->size(); ++i) {
    const fbs::Item* item = wire->items()->Get(i);
    BatchItem& out = batch.items[i];
    if (item->encoding() != 1 && item->encoding() != 2) return Bad("an item has an unknown encoding");
    out.encoding = static_cast<Encoding>(item->encoding());
    if (!CopyExact(ViewOf(item->salt()), out.salt)) return Bad("a salt is not 32 bytes");
    out.bytes = ViewOf(item->bytes());
  }
  if (wire->attachments() != nullptr)
    for (const fbs::Attachment* a : *wire->attachments())
      batch.attachments.push_back({std::string(ViewOf(a->subject())), std::string(ViewOf(a->media_type())), Bytes(ViewOf(a->bytes()))});
  return CheckForm(std::move(batch));
}

namespace {

void AppendMember(std::string& out, std::string_view name, std::string_view value) {
  if (out.back() != '{') out += ',';
  AppendJsonString(out, name);
  out += ':';
  AppendJsonString(out, value);
}

/// Members of one JSON object, each taken at most once; what is left over is an error.
class Members {
 public:
  static Result<Members> Of(dom::element element, std::initializer_list<std::string_view> known) {
    dom::object object;
    if (element.get(object) != simdjson::SUCCESS) return Bad("an object was expected");
    Members m;
    for (const auto field : object) {
      if (std::find(known.begin(), known.end(), field.key) == known.end()) return Bad("an unknown member");
      for (const auto& [name, value] : m.members_)
        if (name == field.key) return Bad("a repeated member");
      m.members_.emplace_back(field.key, field.value);
    }
    return m;
  }
  [[nodiscard]] const dom::element* Find(std::string_view name) const {
    for (const auto& [n, value] : members_)
      if (n == name) return &value;
    return nullptr;
  }
  [[nodiscard]] std::optional<std::string_view> Text(std::string_view name) const {
    const dom::element* e = Find(name);
    std::string_view text;
    if (e == nullptr || e->get(text) != simdjson::SUCCESS) return std::nullopt;
    return text;
  }

 private:
  std::vector<std::pair<std::string_view, dom::element>> members_;
};

template <std::size_t N>
bool FromText(std::optional<std::string_view> text, std::optional<Bytes> (*decode)(std::string_view),
              std::array<unsigned char, N>& out) {
  if (!text) return false;
  const auto bytes = decode(*text);
  return bytes && CopyExact(*bytes, out);
}

Result<BatchItem> ItemFromJson(dom::element element) {
  OPPI_TRY(const Members m, Members::Of(element, {"event", "event_base64", "salt"}));
  BatchItem item;
  if (!FromText(m.Text("salt"), FromBase64, item.salt)) return Bad("a salt is not the base64 of 32 bytes");
  const auto json = m.Text("event");
  const auto base64 = m.Text("event_base64");
  if (json.has_value() == base64.has_value()) return Bad("an item needs event or event_base64");
  if (json) {
    item.bytes = *json;
    return item;
  }
  item.encoding = Encoding::kFlatBuffers;
  const auto bytes = FromBase64(*base64);
  if (!bytes) return Bad("event_base64 is not base64");
  item.bytes = *bytes;
  return item;
}

}  // namespace

std::string EncodeBatchJson(const SignedBatch& batch) {
  const BatchHeader& h = batch.header;
  std::string out = "{";
  AppendMember(out, "origin", h.origin);
  AppendMember(out, "publisher", h.publisher);
  AppendMember(out, "key", h.key);
  if (!h.attested_by.empty()) AppendMember(out, "attested_by", h.attested_by);
  AppendMember(out, "batch", ToHex({reinterpret_cast<const char*>(h.id.data()), h.id.size()}));
  if (h.anchor_size != 0) {
    out += ",\"anchor_size\":" + std::to_string(h.anchor_size);
    AppendMember(out, "anchor_root", h.anchor_root.hex());
  }
  AppendMember(out, "root", h.root.hex());
  AppendMember(out, "signature", ToBase64(View(batch.signature)));
  out += ",\"items\":[";
  for (const BatchItem& item : batch.items) {
    if (out.back() != '[') out += ',';
    out += '{';
    if (item.encoding == Encoding::kJson)
      AppendMember(out, "event", item.bytes);
    else
      AppendMember(out, "event_base64", ToBase64(item.bytes));
    AppendMember(out, "salt", ToBase64({reinterpret_cast<const char*>(item.salt.data()), item.salt.size()}));
    out += '}';
  }
  out += ']';
  if (!batch.attachments.empty()) {
    out += ",\"attachments\":[";
    for (const Attachment& a : batch.attachments) {
      if (out.back() != '[') out += ',';
      out += '{';
      AppendMember(out, "subject", a.subject);
      AppendMember(out, "media_type", a.media_type);
      AppendMember(out, "bytes", ToBase64(a.bytes));
      out += '}';
    }
    out += ']';
  }
  return out + '}';
}

Result<SignedBatch> DecodeBatchJson(ByteView bytes) {
  if (bytes.size() > kBatchBytesMax) return Bad("too many bytes");
  static thread_local dom::parser parser(kBatchBytesMax + 64);
  if (parser.capacity() == 0 && parser.allocate(1024 * 1024, kJsonDepthMax) != simdjson::SUCCESS)
    return ResourceExhausted("batch: no memory");
  dom::element root;
  if (bytes.starts_with("\xef\xbb\xbf") || parser.parse(bytes.data(), bytes.size()).get(root) != simdjson::SUCCESS)
    return Bad("not valid JSON");
  OPPI_TRY(const Members m, Members::Of(root, {"origin", "publisher", "key", "attested_by", "batch", "anchor_size",
                                               "anchor_root", "root", "signature", "items", "attachments"}));
  SignedBatch batch;
  const auto origin = m.Text("origin");
  const auto publisher = m.Text("publisher");
  const auto key = m.Text("key");
  if (!origin || !publisher || !key) return Bad("origin, publisher and key must be texts");
  batch.header.origin = *origin;
  batch.header.publisher = *publisher;
  batch.header.key = *key;
  if (m.Find("attested_by") != nullptr) {
    const auto by = m.Text("attested_by");
    if (!by) return Bad("attested_by must be a text");
    batch.header.attested_by = *by;
  }
  if (!ShortEnough(batch.header)) return Bad("a name is too long");
  if (!FromText(m.Text("batch"), FromHex, batch.header.id)) return Bad("batch is not 32 hex digits");
  if (!FromText(m.Text("root"), FromHex, batch.header.root.bytes)) return Bad("root is not 64 hex digits");
  if (!FromText(m.Text("signature"), FromBase64, batch.signature)) return Bad("signature is not the base64 of 64 bytes");
  if (const dom::element* size = m.Find("anchor_size"); size != nullptr || m.Find("anchor_root") != nullptr) {
    if (size == nullptr || size->get(batch.header.anchor_size) != simdjson::SUCCESS || batch.header.anchor_size == 0 ||
        !FromText(m.Text("anchor_root"), FromHex, batch.header.anchor_root.bytes))
      return Bad("anchor_size and anchor_root go together");
  }
  dom::array items;
  if (m.Find("items") == nullptr || m.Find("items")->get(items) != simdjson::SUCCESS) return Bad("items must be a list");
  for (const dom::element element : items) {
    if (batch.items.size() == kBatchEventsMax) return Bad("more items than a batch may have");
    OPPI_TRY(BatchItem item, ItemFromJson(element));
    batch.items.push_back(std::move(item));
  }
  batch.header.count = static_cast<std::uint16_t>(batch.items.size());
  if (const dom::element* list = m.Find("attachments"); list != nullptr) {
    dom::array attachments;
    if (list->get(attachments) != simdjson::SUCCESS) return Bad("attachments must be a list");
    for (const dom::element element : attachments) {
      if (batch.attachments.size() == kBatchEventsMax) return Bad("too many attachments");
      OPPI_TRY(const Members a, Members::Of(element, {"subject", "media_type", "bytes"}));
      const auto subject = a.Text("subject");
      const auto media_type = a.Text("media_type");
      const auto base64 = a.Text("bytes");
      if (!subject || !media_type || !base64) return Bad("an attachment needs subject, media_type and bytes");
      auto content = FromBase64(*base64);
      if (!content) return Bad("an attachment's bytes are not base64");
      batch.attachments.push_back({std::string(*subject), std::string(*media_type), std::move(*content)});
    }
  }
  return CheckForm(std::move(batch));
}

}  // namespace oppi::events
