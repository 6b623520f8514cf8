#include "projections/decided.h"

#include <map>

#include "events/ids.h"
#include "projections/decision_bounds.h"
#include "projections/json_writer.h"

namespace oppi::projections {
namespace {

std::optional<Source> SourceOf(const Fact* fact) {
  if (fact == nullptr) return std::nullopt;
  return Source{fact->event.id, fact->position, fact->recorded};
}

void WriteIdOf(const std::optional<Source>& source, JsonWriter& json) {
  if (source)
    json.Text(source->event);
  else
    json.Null();
}

// The encoding
//
//   u8 result | u8 reason | u8 marks | text basis | source consent, source by, if marked
//   texts permitted_subset | u32 count of denied: text leaf, u8 reason | texts missing
//   u32 count of obligations: u8 code, i64 due, id event, u8 status | 32 bytes policy, if marked
//
// source: id event, u64 position, i64 recorded. id: u8 1 and the 16 bytes of a UUID, or u8 0 and a
// text. text: u32 length, bytes. texts: u32 count, texts.
enum Mark : std::uint8_t {
  kConsentMark = 1,
  kByMark = 2,
  kPolicyMark = 4,
  kContestedMark = 8,
  kConflictMark = 16,
  kHindranceMark = 32,
  kReconfirmMark = 64,
  kRefusedMark = 128,
};

void PutId(ByteWriter& out, std::string_view id) {
  const bool uuid = events::IsUuid(id);
  out.U8(uuid ? 1 : 0);
  if (!uuid) return out.Long(id);
  const auto raw = events::UuidBytes(id);
  out.Raw({raw.data(), raw.size()});
}

bool TakeId(ByteReader& in, std::string& id) {
  const std::uint8_t form = in.U8();
  if (form > 1) return false;
  if (form == 0) {
    id = in.Long();
    return in.ok() && !events::IsUuid(id);
  }
  const ByteView raw = in.Raw(events::kUuidBytes);
  if (!in.ok()) return false;
  id = events::UuidText(raw);
  return true;
}

void PutSource(ByteWriter& out, const Source& source) {
  PutId(out, source.event);
  out.U64(source.position.value());
  out.I64(source.recorded.micros);
}

bool TakeSource(ByteReader& in, std::optional<Source>& source) {
  source.emplace();
  if (!TakeId(in, source->event)) return false;
  source->position = LeafIndex(in.U64());
  source->recorded = Instant{in.I64()};
  return in.ok();
}

void PutTexts(ByteWriter& out, const std::vector<std::string>& texts) {
  out.U32(static_cast<std::uint32_t>(texts.size()));
  for (const std::string& text : texts) out.Long(text);
}

bool TakeTexts(ByteReader& in, std::vector<std::string>& texts) {
  const std::size_t count = in.U32();
  if (count > in.rest().size()) return false;
  texts.reserve(count);
  for (std::size_t i = 0; i < count; ++i) texts.emplace_back(in.Long());
  return in.ok();
}

std::uint8_t MarksOf(const Decided& decided) {
  unsigned marks = 0;
  const auto mark = [&marks](bool there, Mark bit) { if (there) marks |= bit; };
  mark(decided.consent.has_value(), kConsentMark);
  mark(decided.by.has_value(), kByMark);
  mark(decided.policy.has_value(), kPolicyMark);
  mark(decided.basis_contested, kContestedMark);
  mark(decided.flags.guardian_conflict, kConflictMark);
  mark(decided.flags.hindrance, kHindranceMark);
  mark(decided.flags.reconfirm, kReconfirmMark);
  mark(decided.flags.withdrawal_refused, kRefusedMark);
  return static_cast<std::uint8_t>(marks);
}

bool TakeReason(ByteReader& in, Reason& reason) {
  const std::uint8_t number = in.U8();
  reason = static_cast<Reason>(number);
  return number <= static_cast<std::uint8_t>(Reason::kNotSubject);
}

bool TakeDenied(ByteReader& in, Decided& decided) {
  const std::size_t count = in.U32();
  if (count > in.rest().size()) return false;
  for (std::size_t i = 0; i < count; ++i) {
    auto& entry = decided.denied.emplace_back(in.Long(), Reason::kNone);
    if (!TakeReason(in, entry.second)) return false;
  }
  return in.ok();
}

bool TakeObligations(ByteReader& in, Decided& decided) {
  const std::size_t count = in.U32();
  if (count > in.rest().size()) return false;
  for (std::size_t i = 0; i < count; ++i) {
    Decided::Obligation& duty = decided.obligations.emplace_back();
    const std::uint8_t code = in.U8();
    duty.code = static_cast<DutyCode>(code);
    duty.due = Instant{in.I64()};
    if (!TakeId(in, duty.event)) return false;
    const std::uint8_t status = in.U8();
    duty.status = static_cast<DutyStatus>(status);
    if (code > static_cast<std::uint8_t>(DutyCode::kEraseAfterRelease) ||
        status > static_cast<std::uint8_t>(DutyStatus::kOverdue))
      return false;
  }
  return in.ok();
}

bool TakeAll(ByteReader& in, Decided& decided) {
  const std::uint8_t result = in.U8();
  if (result > static_cast<std::uint8_t>(DecisionResult::kNotReady)) return false;
  decided.result = static_cast<DecisionResult>(result);
  if (!TakeReason(in, decided.reason)) return false;
  const std::uint8_t marks = in.U8();
  decided.basis = in.Long();
  if ((marks & kConsentMark) != 0 && !TakeSource(in, decided.consent)) return false;
  if ((marks & kByMark) != 0 && !TakeSource(in, decided.by)) return false;
  decided.basis_contested = (marks & kContestedMark) != 0;
  decided.flags.guardian_conflict = (marks & kConflictMark) != 0;
  decided.flags.hindrance = (marks & kHindranceMark) != 0;
  decided.flags.reconfirm = (marks & kReconfirmMark) != 0;
  decided.flags.withdrawal_refused = (marks & kRefusedMark) != 0;
  if (!TakeTexts(in, decided.permitted_subset) || !TakeDenied(in, decided) ||
      !TakeTexts(in, decided.missing) || !TakeObligations(in, decided))
    return false;
  if ((marks & kPolicyMark) != 0) {
    const auto policy = Sha256Digest::From(in.Raw(kDigestBytes));
    if (!policy) return false;
    decided.policy = *policy;
  }
  return in.done();
}

}  // namespace

DecideQuestion DecideQuestionOf(const Question& question, const View& view) {
  DecideQuestion ask;
  ask.controller = question.controller;
  ask.purpose = question.purpose;
  ask.recipient = question.recipient;
  ask.categories = question.categories;
  ask.op = ParseDecisionOp(question.op).value_or(DecisionOp::kDisclose);
  ask.principal = question.principal;
  ask.at = view.at;
  ask.min_known = question.min_size;
  return ask;
}

Decided DecideOn(const History& history, const DecideQuestion& question) {
  Decision decision = Decide(history, question);
  Decided decided;
  decided.result = decision.result;
  decided.reason = decision.reason;
  decided.basis = decision.basis;
  decided.consent = SourceOf(decision.consent);
  decided.by = SourceOf(decision.by);
  decided.permitted_subset = std::move(decision.permitted_subset);
  decided.denied.assign(decision.denied.begin(), decision.denied.end());
  decided.missing = std::move(decision.missing);
  decided.flags = decision.flags;
  decided.basis_contested = decision.basis_contested;
  for (const Duty& duty : decision.obligations)
    decided.obligations.push_back(
        {duty.code, duty.due, duty.event == nullptr ? std::string() : duty.event->event.id, duty.status});
  if (const PolicyPack* pack = history.PackAt(question.at)) decided.policy = pack->hash;
  return decided;
}

bool IsDisclose(const Question& question) {
  return ParseDecisionOp(question.op).value_or(DecisionOp::kDisclose) == DecisionOp::kDisclose;
}

Facts WithoutBystanders(const Question& question, Facts facts) {
  if (IsDisclose(question))
    std::erase_if(facts, [](const Fact& fact) { return !fact.erased && !MovesDecisions(fact.event.info()); });
  return facts;
}

Decided DecideFrom(const Question& question, Facts facts, const Registry& registry, const View& view) {
  const Facts own = WithoutBystanders(question, std::move(facts));
  const History history(question.learner, registry, own, view.size);
  return DecideOn(history, DecideQuestionOf(question, view));
}

Answer ToAnswer(const Decided& decided) {
  // Where the answer came from, in log order.
  std::map<LeafIndex, Source> sources;
  for (const auto& source : {decided.consent, decided.by})
    if (source) sources.emplace(source->position, *source);
  Answer answer{{}, 1, {}, {}};
  answer.result.reserve(512);
  JsonWriter json(answer.result);
  json.Open('{').Name("result").Text(DecisionResultName(decided.result));
  json.Name("reason").TextOrNull(ReasonName(decided.reason));
  json.Name("basis").TextOrNull(decided.basis);
  WriteIdOf(decided.consent, json.Name("consent"));
  WriteIdOf(decided.by, json.Name("by"));
  json.Name("permitted_subset").Texts(decided.permitted_subset);
  json.Name("denied").Open('{');
  for (const auto& [leaf, reason] : decided.denied) json.Name(leaf).Text(ReasonName(reason));
  json.Close('}').Name("missing").Texts(decided.missing);
  json.Name("flags").Texts(FlagNames(decided.flags, decided.basis_contested));
  if (decided.result == DecisionResult::kPermit) {
    json.Name("obligations").Open('[');
    for (const Decided::Obligation& duty : decided.obligations) {
      json.Open('{').Name("code").Text(DutyCodeName(duty.code)).Name("due").Text(FormatInstant(duty.due));
      json.Name("event").TextOrNull(duty.event).Name("status").Text(DutyStatusName(duty.status)).Close('}');
    }
    json.Close(']');
  }
  json.Name("policy_hash").TextOrNull(decided.policy ? HashText(*decided.policy) : std::string()).Close('}');
  for (auto& [position, source] : sources) answer.items.push_back(std::move(source));
  return answer;
}

Bytes EncodeDecided(const Decided& decided) {
  Bytes bytes;
  bytes.reserve(128);
  ByteWriter out(bytes);
  out.U8(static_cast<std::uint8_t>(decided.result));
  out.U8(static_cast<std::uint8_t>(decided.reason));
  out.U8(MarksOf(decided));
  out.Long(decided.basis);
  if (decided.consent) PutSource(out, *decided.consent);
  if (decided.by) PutSource(out, *decided.by);
  PutTexts(out, decided.permitted_subset);
  out.U32(static_cast<std::uint32_t>(decided.denied.size()));
  for (const auto& [leaf, reason] : decided.denied) {
    out.Long(leaf);
    out.U8(static_cast<std::uint8_t>(reason));
  }
  PutTexts(out, decided.missing);
  out.U32(static_cast<std::uint32_t>(decided.obligations.size()));
  for (const Decided::Obligation& duty : decided.obligations) {
    out.U8(static_cast<std::uint8_t>(duty.code));
    out.I64(duty.due.micros);
    PutId(out, duty.event);
    out.U8(static_cast<std::uint8_t>(duty.status));
  }
  if (decided.policy) out.Raw(decided.policy->view());
  return bytes;
}

Result<Decided> DecodeDecided(ByteView bytes) {
  ByteReader in(bytes);
  Decided decided;
  if (!TakeAll(in, decided)) return DataLoss("decision: damaged bytes");
  return decided;
}

}  // namespace oppi::projections
