#include "ledger/tlog_policy.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "events/check.h"
#include "events/limits.h"
#include "events/tree_hash.h"
#include "ledger/merkle/proof.h"
#include "ledger/text_lines.h"

namespace oppi::ledger {
namespace {

constexpr std::string_view kNone = "none";

using Words = std::vector<std::string_view>;

Words SplitWords(std::string_view line) {
  static constexpr std::string_view kWhiteSpace = " \t";
  Words words;
  for (auto at = line.find_first_not_of(kWhiteSpace); at != line.npos;
       at = line.find_first_not_of(kWhiteSpace)) {
    line.remove_prefix(at);
    const auto end = std::min(line.find_first_of(kWhiteSpace), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
  return words;
}

/// One file being read. Each line's function refuses what the lines before make impossible.
class Parser {
 public:
  Status Line(const Words& words) {
    const std::string_view keyword = words[0];
    if (keyword == "log") return Log(words);
    if (keyword == "witness") return Witness(words);
    if (keyword == "group") return Group(words);
    if (keyword == "quorum") return Quorum(words);
    return InvalidArgument("unknown keyword");
  }

  Result<TlogPolicy> Done() && {
    if (!has_quorum_) return InvalidArgument("policy: no quorum line");
    return std::move(policy_);
  }

 private:
  Status Log(const Words& words) {
    if (words.size() < 2 || words.size() > 3)
      return InvalidArgument("expected: log <vkey> [<url>]");
    if (policy_.logs.size() == kPolicyEntriesMax) return InvalidArgument("too many logs");
    OPPI_TRY(VerifierKey key, Key(words[1], kNoteSignatureType, "a log"));
    for (const TlogPolicy::Log& other : policy_.logs)
      if (other.key.key == key.key) return InvalidArgument("the public key of an earlier log");
    policy_.logs.push_back({std::move(key), std::string(words.size() > 2 ? words[2] : "")});
    return {};
  }

  Status Witness(const Words& words) {
    if (words.size() < 3 || words.size() > 4)
      return InvalidArgument("expected: witness <name> <vkey> [<url>]");
    if (policy_.witnesses.size() == kPolicyEntriesMax) return InvalidArgument("too many witnesses");
    OPPI_TRY(VerifierKey key, Key(words[2], kCosignatureType, "a witness"));
    for (const TlogPolicy::Witness& other : policy_.witnesses)
      if (other.key.key == key.key) return InvalidArgument("the public key of an earlier witness");
    OPPI_RETURN_IF_ERROR(Define(words[1]));
    policy_.witnesses.push_back(
        {std::string(words[1]), std::move(key), std::string(words.size() > 3 ? words[3] : "")});
    return {};
  }

  Status Group(const Words& words) {
    if (words.size() < 4) return InvalidArgument("expected: group <name> all|any|<k> <member>...");
    if (policy_.groups.size() == kPolicyEntriesMax) return InvalidArgument("too many groups");
    TlogPolicy::Group group;
    group.name = words[1];
    for (std::size_t i = 3; i < words.size(); ++i) {
      if (!names_.contains(words[i]))
        return InvalidArgument("a member that no line before defines");
      if (!grouped_.insert(std::string(words[i])).second)
        return InvalidArgument("a member that is in a group already");
      group.members.emplace_back(words[i]);
    }
    if (words[2] == "all") {
      group.threshold = group.members.size();
    } else if (words[2] == "any") {
      group.threshold = 1;
    } else {
      const auto threshold = ParseDecimal(words[2]);
      if (!threshold || *threshold < 1 || *threshold > group.members.size())
        return InvalidArgument("the threshold is not all, any, or 1 to the number of members");
      group.threshold = static_cast<std::size_t>(*threshold);
    }
    // After the members were looked up, so that a group cannot name itself.
    OPPI_RETURN_IF_ERROR(Define(words[1]));
    policy_.groups.push_back(std::move(group));
    return {};
  }

  Status Quorum(const Words& words) {
    if (words.size() != 2) return InvalidArgument("expected: quorum <name>|none");
    if (has_quorum_) return InvalidArgument("a second quorum");
    if (words[1] != kNone && !names_.contains(words[1]))
      return InvalidArgument("a quorum that no line before defines");
    policy_.quorum = words[1];
    has_quorum_ = true;
    return {};
  }

  static Result<VerifierKey> Key(std::string_view text, std::uint8_t type,
                                 const std::string& whose) {
    OPPI_TRY(VerifierKey key, ParseVerifierKey(text));
    if (key.type != type)
      return InvalidArgument("the key of " + whose + " has signature type " +
                             std::to_string(key.type) + ", expected " + std::to_string(type));
    return key;
  }

  Status Define(std::string_view name) {
    if (name == kNone) return InvalidArgument("the name none is taken");
    if (!names_.insert(std::string(name)).second)
      return InvalidArgument("a name that is defined already");
    return {};
  }

  TlogPolicy policy_;
  bool has_quorum_ = false;
  std::set<std::string, std::less<>> names_;    // witnesses and groups
  std::set<std::string, std::less<>> grouped_;  // names that are a member of some group
};

bool BytesAllowed(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || byte == '\n' || (byte >= 0x20 && byte != 0x7f);
  });
}

/// Whether these witnesses are a quorum.
bool HasQuorum(const TlogPolicy& policy,
               const std::vector<TrustedCheckpoint::Cosignature>& cosignatures) {
  if (policy.quorum == kNone) return true;
  std::set<std::string, std::less<>> witnessed;
  for (const auto& cosignature : cosignatures) witnessed.insert(cosignature.witness);
  // Groups name only what is before them, so one pass is enough.
  for (const TlogPolicy::Group& group : policy.groups) {
    const auto count =
        std::count_if(group.members.begin(), group.members.end(),
                      [&](const std::string& member) { return witnessed.contains(member); });
    if (static_cast<std::size_t>(count) >= group.threshold) witnessed.insert(group.name);
  }
  return witnessed.contains(policy.quorum);
}

}  // namespace

Result<TlogPolicy> ParseTlogPolicy(std::string_view text) {
  if (text.size() > kPolicyBytesMax) return InvalidArgument("policy: too long");
  if (!BytesAllowed(text)) return InvalidArgument("policy: control characters");
  Parser parser;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string where = "policy line " + std::to_string(number);
    const auto line = TakeLine(text);
    if (!line) return InvalidArgument(where + ": not terminated, the file may be cut off");
    const Words words = SplitWords(*line);
    if (words.empty() || words[0].starts_with('#')) continue;
    if (const Status status = parser.Line(words); !status.ok()) return At(where, status.error());
  }
  return std::move(parser).Done();
}

std::string FormatTlogPolicy(const TlogPolicy& policy) {
  const auto with_url = [](std::string line, const std::string& url) {
    return url.empty() ? line + "\n" : line + " " + url + "\n";
  };
  std::string text;
  for (const auto& log : policy.logs)
    text += with_url("log " + FormatVerifierKey(log.key), log.url);
  for (const auto& witness : policy.witnesses)
    text += with_url("witness " + witness.name + " " + FormatVerifierKey(witness.key), witness.url);
  for (const auto& group : policy.groups) {
    text += "group " + group.name + " " +
            (group.threshold == group.members.size() ? "all"
             : group.threshold == 1                  ? "any"
                                                     : std::to_string(group.threshold));
    for (const std::string& member : group.members) text += " " + member;
    text += "\n";
  }
  text += "quorum " + policy.quorum + "\n";
  return text;
}

TlogPolicy PolicyOf(const VerifierKey& log) {
  TlogPolicy policy;
  policy.logs.push_back({log, ""});
  return policy;
}

Result<TrustedCheckpoint> OpenCheckpoint(std::string_view note, const TlogPolicy& policy) {
  if (policy.logs.empty()) return InvalidArgument("policy: names no log");
  std::vector<VerifierKey> known;
  for (const auto& log : policy.logs) known.push_back(log.key);
  for (const auto& witness : policy.witnesses) known.push_back(witness.key);

  OPPI_TRY(const Note parsed, ParseNote(note));
  OPPI_TRY(const std::vector<VerifiedSignature> verified, VerifyNote(parsed, known));
  OPPI_TRY(Checkpoint checkpoint, ParseCheckpointText(parsed.text));

  // A log may have several keys, one after the other.
  const auto may_vouch = [&](const VerifierKey& key) {
    return std::any_of(policy.logs.begin(), policy.logs.end(), [&](const TlogPolicy::Log& log) {
      return log.key == key && (!log.until || !(*log.until < checkpoint.size));
    });
  };
  const auto by_log =
      std::find_if(verified.begin(), verified.end(), [&](const VerifiedSignature& signature) {
        return signature.key.type == kNoteSignatureType &&
               signature.key.name == checkpoint.origin && may_vouch(signature.key);
      });
  if (by_log == verified.end())
    return Unauthenticated(
        "checkpoint: not signed by a log of the policy, or only by a key that handed over before");
  if (checkpoint.size == TreeSize(0) && checkpoint.root != EmptyRoot())
    return InvalidArgument("checkpoint: size 0 with a root that is not the empty tree's");

  TrustedCheckpoint trusted{std::move(checkpoint), by_log->key, {}};
  for (const VerifiedSignature& signature : verified) {
    if (signature.key.type != kCosignatureType) continue;
    const auto witness =
        std::find_if(policy.witnesses.begin(), policy.witnesses.end(),
                     [&](const auto& candidate) { return candidate.key == signature.key; });
    OPPI_CHECK(witness != policy.witnesses.end());
    trusted.cosignatures.push_back({witness->name, signature.timestamp});
  }
  if (!HasQuorum(policy, trusted.cosignatures))
    return Unauthenticated("checkpoint: " + std::to_string(trusted.cosignatures.size()) +
                           " cosignatures of known witnesses are not the quorum of the policy");
  return trusted;
}

Result<TrustedCheckpoint> VerifyTlogProof(const TlogProof& proof, const NodeHash& leaf,
                                          const TlogPolicy& policy) {
  OPPI_TRY(TrustedCheckpoint trusted, OpenCheckpoint(proof.checkpoint, policy));
  const Checkpoint& checkpoint = trusted.checkpoint;
  OPPI_RETURN_IF_ERROR(
      merkle::VerifyInclusion(proof.index, checkpoint.size, leaf, proof.path, checkpoint.root));
  return trusted;
}

}  // namespace oppi::ledger
