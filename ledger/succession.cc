#include "ledger/succession.h"

#include <algorithm>

#include "events/check.h"
#include "events/limits.h"
#include "ledger/text_lines.h"

namespace oppi::ledger {
namespace {

constexpr std::string_view kKeyword = "oppiloki/succession@v1 ";
constexpr std::string_view kFrame = "succession ";
constexpr std::size_t kSuccessionsMax = 64;

Error Malformed(const std::string& what) { return InvalidArgument("succession: " + what); }

TlogPolicy::Log* Find(TlogPolicy& policy, const VerifierKey& key) {
  const auto log = std::find_if(policy.logs.begin(), policy.logs.end(),
                                [&](const TlogPolicy::Log& l) { return l.key == key; });
  return log == policy.logs.end() ? nullptr : &*log;
}

/// One of two keys is known: the other becomes so. False: neither is, or both are.
bool FollowOne(TlogPolicy& policy, const Succession& succession) {
  TlogPolicy::Log* before = Find(policy, succession.before);
  TlogPolicy::Log* after = Find(policy, succession.after);
  if (before == nullptr && after == nullptr) return false;
  if (before == nullptr) {
    policy.logs.push_back({succession.before, after->url, succession.at.size});
    return true;
  }
  const bool later = !before->until || *before->until < succession.at.size;
  const bool news = after == nullptr || later;
  if (later) before->until = succession.at.size;
  if (after == nullptr) policy.logs.push_back({succession.after, before->url, {}});
  return news;
}

}  // namespace

std::string SignCheckpoint(const Checkpoint& checkpoint, const NamedSigningKey& key,
                           const NamedSigningKey* also) {
  std::string note = SignCheckpoint(checkpoint, key);
  if (also == nullptr) return note;
  OPPI_CHECK(also->name == key.name);
  return note + FormatSignatureLine(SignNote(CheckpointText(checkpoint), *also));
}

std::string SignSuccession(const Checkpoint& at, const NamedSigningKey& before,
                           const NamedSigningKey& after) {
  OPPI_CHECK(before.name == at.origin && after.name == at.origin &&
             before.verifier() != after.verifier() && at.extensions.empty());
  Checkpoint extended = at;
  extended.extensions = {std::string(kKeyword) + FormatVerifierKey(before.verifier()) + " " +
                         FormatVerifierKey(after.verifier())};
  std::string note = SignCheckpoint(extended, before, &after);
  OPPI_CHECK(OpenSuccession(note).ok());
  return note;
}

Result<Succession> OpenSuccession(std::string_view note) {
  OPPI_TRY(const Note parsed, ParseNote(note));
  OPPI_TRY(Checkpoint at, ParseCheckpointText(parsed.text));
  if (at.extensions.size() != 1 || !at.extensions[0].starts_with(kKeyword))
    return Malformed("it names no successor");
  const std::string_view keys = std::string_view(at.extensions[0]).substr(kKeyword.size());
  const std::size_t space = keys.find(' ');
  if (space == keys.npos) return Malformed("it names no two keys");
  OPPI_TRY(const VerifierKey before, ParseVerifierKey(keys.substr(0, space)));
  OPPI_TRY(const VerifierKey after, ParseVerifierKey(keys.substr(space + 1)));
  for (const VerifierKey* key : {&before, &after})
    if (key->type != kNoteSignatureType || key->name != at.origin)
      return Malformed("a key that is not one of this log");
  if (before.key == after.key) return Malformed("a key that succeeds itself");
  OPPI_TRY(const auto verified, VerifyNote(parsed, {before, after}));
  if (verified.size() != 2) return Unauthenticated("succession: not signed by both keys");
  at.extensions.clear();
  return Succession{std::move(at), before, after};
}

std::string FormatSuccessions(const std::vector<std::string>& notes) {
  std::string text;
  for (const std::string& note : notes)
    text += std::string(kFrame) + std::to_string(note.size()) + "\n" + note;
  return text;
}

Result<std::vector<std::string>> ParseSuccessions(std::string_view text) {
  std::vector<std::string> notes;
  if (!text.starts_with(kFrame) && OpenSuccession(text).ok())
    return std::vector<std::string>{std::string(text)};
  while (!text.empty()) {
    const auto line = TakeLine(text);
    const auto bytes = line && line->starts_with(kFrame) ? ParseDecimal(line->substr(kFrame.size()))
                                                         : std::nullopt;
    if (!bytes || *bytes > text.size() || notes.size() == kSuccessionsMax)
      return Malformed("the file is none, or is cut off");
    const auto length = static_cast<std::size_t>(*bytes);
    notes.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return notes;
}

Result<TlogPolicy> Follow(TlogPolicy policy, const std::vector<std::string>& notes) {
  std::vector<Succession> all;
  for (const std::string& note : notes) {
    OPPI_TRY(Succession succession, OpenSuccession(note));
    for (const Succession& other : all)
      if (other.before == succession.before && other.after != succession.after)
        return Unauthenticated("succession: one key of " + other.at.origin + " handed over to two");
    all.push_back(std::move(succession));
  }
  // Each pass that says something new adds a key or a limit of one, so this ends.
  for (bool more = true; more;) {
    more = false;
    for (const Succession& succession : all) more = FollowOne(policy, succession) || more;
  }
  return policy;
}

}  // namespace oppi::ledger
