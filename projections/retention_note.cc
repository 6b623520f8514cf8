#include "projections/retention_note.h"

#include <utility>

namespace oppi::projections {
namespace {

constexpr std::string_view kFirstLine = "oppiloki/retention/v1\n";

std::string TextOf(const RetentionTable& table, std::string_view origin) {
  return std::string(kFirstLine) + std::string(origin) + "\n" + table.canonical + "\n";
}

Status CheckSigner(const ledger::Note& note, const ledger::NoteSignature& signature, events::EventType act,
                   const Publishers& publishers, Instant now) {
  const std::string& name = signature.name;
  const std::string id = KeyIdText(signature.key_id);
  if (publishers.RoleOf(name) == events::Role::kNone)
    return PermissionDenied("PUBLISHER_UNKNOWN: " + name + " signed the retention table and is not a principal of this ledger");
  if (publishers.RoleOf(name) != events::Role::kDpo)
    return PermissionDenied("TYPE_NOT_ALLOWED: a retention table is signed by principals with the role DPO, and " + name + " has another");
  const PublisherKey* key = publishers.FindKey(name, id);
  if (key == nullptr) return PermissionDenied("KEY_UNKNOWN: " + name + " signed with a key that is not registered: " + id);
  if (publishers.KeyRevokedBefore(name, id) != nullptr)
    return PermissionDenied("KEY_REVOKED: the key " + id + " of " + name + " was revoked; the table has to be signed again");
  if (now < key->from || (key->until && *key->until <= now))
    return PermissionDenied("KEY_REVOKED: the key " + id + " of " + name + " is not valid now; the table has to be signed again");
  if (!publishers.MayPublish(name, id, act))
    return PermissionDenied("TYPE_NOT_ALLOWED: the key " + id + " of " + name + " was narrowed to other types");
  const auto verified = ledger::VerifyNote(note, {MakeVerifierKey(name, ledger::kNoteSignatureType, key->public_key)});
  if (!verified.ok())
    return PermissionDenied("BAD_SIGNATURE: the retention table is not what " + name + " signed");
  return {};
}

}  // namespace

SignedRetention SignRetention(const RetentionTable& table, std::string_view origin, const NamedSigningKey& key) {
  SignedRetention signed_table{table, {TextOf(table, origin), {}}};
  SignAlso(signed_table, key);
  return signed_table;
}

void SignAlso(SignedRetention& signed_table, const NamedSigningKey& key) {
  signed_table.note.signatures.push_back(ledger::SignNote(signed_table.note.text, key));
}

Result<SignedRetention> ParseRetentionNote(std::string_view note, std::string_view origin) {
  SignedRetention read;
  OPPI_TRY(read.note, ledger::ParseNote(note));
  if (read.note.signatures.size() > 2) return InvalidArgument("a retention table has two signatures");
  std::string_view text = read.note.text;
  if (!text.starts_with(kFirstLine)) return InvalidArgument("the note is no retention table");
  text.remove_prefix(kFirstLine.size());
  const std::size_t end = text.find('\n');
  if (text.substr(0, end) != origin) return InvalidArgument("the retention table was signed for another ledger");
  text.remove_prefix(end + 1);
  if (text.empty()) return InvalidArgument("the note has no retention table");
  text.remove_suffix(1);
  OPPI_TRY(read.table, ParseRetentionTable(text));
  // Nothing can be signed beside what is read.
  if (read.note.text != TextOf(read.table, origin)) return InvalidArgument("the retention table is not in its canonical form");
  return read;
}

Status CheckRetention(const SignedRetention& signed_table, const Publishers& publishers, const PolicyPack* pack, Instant now) {
  const auto& signatures = signed_table.note.signatures;
  if (signatures.size() != 2 || signatures[0].name == signatures[1].name)
    return PermissionDenied("NEEDS_SECOND_PRINCIPAL: two different principals sign a retention table; the first requests, the second decides");
  OPPI_RETURN_IF_ERROR(CheckSigner(signed_table.note, signatures[0], events::EventType::kErasureRequested, publishers, now));
  OPPI_RETURN_IF_ERROR(CheckSigner(signed_table.note, signatures[1], events::EventType::kErasureDecided, publishers, now));
  if (pack == nullptr)
    return InvalidArgument("NO_POLICY: no policy pack is in force, which says what must be kept by law and when a learner comes of age");
  return CheckStatutory(signed_table.table, *pack);
}

}  // namespace oppi::projections
