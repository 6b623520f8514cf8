#include "events/batch.h"

#include <algorithm>
#include <cstring>

#include "events/tree_hash.h"

namespace oppi::events {
namespace {

constexpr std::string_view kHeaderDomain = "oppiloki/batch/v1\n";

NodeHash SubtreeHash(const Commitment* leaves, std::size_t n) {
  if (n == 1) return HashLeaf(leaves->view());
  std::size_t split = 1;
  while (split * 2 < n) split *= 2;
  return HashChildren(SubtreeHash(leaves, split), SubtreeHash(leaves + split, n - split));
}

bool NameOk(std::string_view name) { return KeyNameOk(name); }

}  // namespace

Bytes EncodeHeader(const BatchHeader& header) {
  Bytes bytes;
  ByteWriter w(bytes);
  w.Raw(kHeaderDomain);
  w.Short(header.origin);
  w.Short(header.publisher);
  w.Short(header.key);
  w.Short(header.attested_by);
  w.Raw({reinterpret_cast<const char*>(header.id.data()), header.id.size()});
  w.U64(header.anchor_size);
  w.Raw(header.anchor_root.view());
  w.U16(header.count);
  w.Raw(header.root.view());
  return bytes;
}

Result<BatchHeader> DecodeHeader(ByteView bytes) {
  if (!bytes.starts_with(kHeaderDomain)) return InvalidArgument("batch header: unknown format");
  ByteReader r(bytes.substr(kHeaderDomain.size()));
  BatchHeader header;
  header.origin = r.Short();
  header.publisher = r.Short();
  header.key = r.Short();
  header.attested_by = r.Short();
  const ByteView id = r.Raw(header.id.size());
  header.anchor_size = r.U64();
  const auto anchor_root = RootHash::From(r.Raw(kDigestBytes));
  header.count = r.U16();
  const auto root = RootHash::From(r.Raw(kDigestBytes));
  if (!r.done() || !anchor_root || !root) return InvalidArgument("batch header: wrong length");
  std::memcpy(header.id.data(), id.data(), id.size());
  header.anchor_root = *anchor_root;
  header.root = *root;
  if (!NameOk(header.origin) || !NameOk(header.publisher) || header.key.empty() ||
      (!header.attested_by.empty() && !NameOk(header.attested_by)))
    return InvalidArgument("batch header: bad name");
  if (header.anchor_size == 0 && header.anchor_root != RootHash{})
    return InvalidArgument("batch header: an anchor root without a size");
  return header;
}

RootHash BatchRoot(const std::vector<Commitment>& commitments) {
  return commitments.empty() ? EmptyRoot() : AsRoot(SubtreeHash(commitments.data(), commitments.size()));
}

SignedBatch SignBatch(BatchHeader header, std::vector<BatchItem> items, const SigningKey& key,
                      std::vector<Attachment> attachments) {
  OPPI_CHECK(items.size() <= kBatchEventsMax);
  std::vector<Commitment> commitments;
  commitments.reserve(items.size());
  for (const BatchItem& item : items) commitments.push_back(Commit(item.bytes, item.encoding, item.salt));
  header.count = static_cast<std::uint16_t>(items.size());
  header.root = BatchRoot(commitments);
  SignedBatch batch{std::move(header), {}, std::move(items), std::move(attachments)};
  batch.signature = key.Sign(EncodeHeader(batch.header));
  return batch;
}

}  // namespace oppi::events
