#include "consumers/transitions_api.h"

#include <charconv>

#include "consumers/http_errors.h"
#include "ledger/transitions.h"

namespace oppi::consumers {

Result<Bytes> TransitionsPage(const ledger::LogView& view, LeafIndex from) {
  std::vector<ledger::CommitTransitions> page;
  std::size_t bytes = 0;
  Status failure;
  OPPI_RETURN_IF_ERROR(view.ScanTransitions(from, [&](LeafIndex state, ByteView row) {
    auto transitions = ledger::DecodeTransitions(row);
    if (!transitions.ok()) {
      failure = DataLoss("transitions: a damaged row");
      return false;
    }
    page.push_back({state, *std::move(transitions)});
    bytes += row.size();
    return bytes < kTransitionsPageBytes;
  }));
  OPPI_RETURN_IF_ERROR(failure);
  return ledger::EncodeTransitionsPage(page);
}

HttpResponse TransitionsApi::Page(const HttpRequest& request) const {
  const auto answer = [&]() -> Result<Bytes> {
    const std::string& text = request.parameters.at("from");
    std::uint64_t from = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), from);
    if (error != std::errc() || end != text.data() + text.size())
      return InvalidArgument("FIELD_TYPE: from is the index of an entry");
    const projections::Asker& asker = request.claims->asker;
    const bool all = asker.organisation == "*" || asker.organisation == ports_.organisation;
    if (asker.role != "AUDITOR" || !all)
      return PermissionDenied(
          "ROLE_NOT_ALLOWED: an auditor of the whole ledger follows its labels");
    const auto view = ports_.view();
    if (view == nullptr) return Unavailable("NOT_READY: nothing is published yet");
    if (from == 0) OPPI_RETURN_IF_ERROR(ports_.record(asker));
    return TransitionsPage(*view, LeafIndex(from));
  }();
  if (!answer.ok()) return ProblemResponse(ProblemOf(answer.error()));
  HttpResponse response;
  response.media_type = "application/octet-stream";
  response.body = *answer;
  return response;
}

}  // namespace oppi::consumers
