#include "consumers/witness_client.h"

#include <cstdlib>

#include "ledger/text_lines.h"

namespace oppi::consumers {
namespace {

/// The size in the body of a 409.
std::optional<TreeSize> SizeIn(std::string_view body) {
  const auto line = ledger::TakeLine(body);
  const auto size = line && body.empty() ? ledger::ParseDecimal(*line) : std::nullopt;
  return size ? std::optional(TreeSize(*size)) : std::nullopt;
}

Error Refusal(const HttpReply& reply) {
  const std::string said = "it answers " + ProblemText(reply);
  switch (reply.status) {
    case 400:
    case 403:
    case 404:
      return PermissionDenied(said);
    case 422:
      return DataLoss("it does not take this tree for a continuation of what it cosigned last: " +
                      said);
    case 429:
      return Unavailable(said);
    default:
      return reply.status >= 500 ? Unavailable(said)
                                 : Unauthenticated("it does not speak tlog-witness: " + said);
  }
}

}  // namespace

Result<std::unique_ptr<WitnessClient>> WitnessClient::Make(const VerifierKey& witness,
                                                           const std::string& url,
                                                           const WitnessClientOptions& options,
                                                           const Clock& clock) {
  ClientOptions http;
  http.connect_time_max = options.connect_time_max;
  http.answer_time_max = options.answer_time_max;
  http.answer_bytes_max = 64UL * 1024;
  OPPI_TRY(auto client, HttpClient::Make(url, http));
  return std::unique_ptr<WitnessClient>(
      new WitnessClient(witness, std::move(client), options.clock_difference_max, clock));
}

Result<HttpReply> WitnessClient::Ask(const ledger::LogView& view, TreeSize old) {
  ledger::AddCheckpoint request;
  request.old = old;
  if (old != TreeSize(0)) {
    OPPI_TRY(request.proof, view.Consistency(old, view.size()));
  }
  request.checkpoint = view.note();
  auto reply =
      client_->Post("/add-checkpoint", "text/plain; charset=utf-8", FormatAddCheckpoint(request));
  if (reply.ok()) return reply;
  const bool not_http = reply.error().code == Code::kInvalidArgument ||
                        reply.error().code == Code::kResourceExhausted;
  return not_http ? Unauthenticated("it does not speak tlog-witness: " + reply.error().message)
                  : reply.error();
}

Result<ledger::NoteSignature> WitnessClient::Cosign(const ledger::LogView& view) {
  if (view.size() < cosigned_)
    return Aborted("it has cosigned size " + std::to_string(cosigned_.value()));
  OPPI_TRY(HttpReply reply, Ask(view, cosigned_));
  if (reply.status == 409) {
    const auto size = SizeIn(reply.body);
    if (!size) return Unauthenticated("its answer 409 does not say a size");
    if (view.size() < *size)
      return Aborted("it has cosigned size " + std::to_string(size->value()));
    cosigned_ = *size;
    OPPI_TRY(reply, Ask(view, cosigned_));
  }
  if (reply.status == 409) return Unavailable("somebody else is asking it at the same time");
  if (reply.status != 200) return Refusal(reply);
  OPPI_TRY(ledger::NoteSignature cosignature, Checked(view, reply.body));
  cosigned_ = view.size();
  return cosignature;
}

Result<ledger::NoteSignature> WitnessClient::Checked(const ledger::LogView& view,
                                                     const std::string& answer) const {
  const auto lines = ledger::ParseSignatureLines(answer);
  if (!lines.ok()) return Unauthenticated("its answer is no signature line");
  auto note = ledger::ParseNote(view.note());
  if (!note.ok()) return note.error();
  for (const ledger::NoteSignature& line : *lines) {
    if (line.name != witness_.name || line.key_id != witness_.id) continue;
    note->signatures = {line};
    const auto verified = VerifyNote(*note, {witness_});
    if (!verified.ok()) return Unauthenticated("its signature does not verify");
    const std::int64_t now = clock_.Now().micros / kMicrosPerSecond;
    const std::int64_t off = static_cast<std::int64_t>(verified->front().timestamp) - now;
    if (off > difference_.count() || off < -difference_.count())
      return Unauthenticated("its clock and ours differ by " + std::to_string(std::abs(off)) +
                             " seconds");
    return line;
  }
  return Unauthenticated("its answer has no signature by its key");
}

}  // namespace oppi::consumers
