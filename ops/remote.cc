#include "ops/remote.h"

#include <nlohmann/json.hpp>

#include "consumers/publish_api.h"

namespace oppi::ops {
namespace {

using Json = nlohmann::json;

Result<consumers::BatchReport> ParseReport(const std::string& body) {
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object() || !json.contains("items") || !json["items"].is_array()) return InvalidArgument("the server's report is not one");
  consumers::BatchReport report;
  report.size = TreeSize(json.value("size", std::uint64_t{0}));
  report.checkpoint = json.value("checkpoint", std::string());
  for (const Json& each : json["items"]) {
    consumers::ItemReport item;
    item.item = each.value("index", std::uint16_t{0});
    const std::string outcome = each.value("outcome", std::string());
    for (const auto o : {events::Outcome::kAccepted, events::Outcome::kQuarantined, events::Outcome::kDuplicate})
      if (outcome == events::OutcomeName(o)) item.outcome = o;
    item.code = events::ParseErrorName(each.value("code", std::string())).value_or(events::ErrorCode::kNone);
    item.member = each.value("member", std::string());
    if (each.contains("position")) item.position = LeafIndex(each["position"].get<std::uint64_t>());
    if (each.contains("recorded")) item.recorded = ParseInstant(each["recorded"].get<std::string>());
    report.items.push_back(std::move(item));
  }
  return report;
}

}  // namespace

Result<std::unique_ptr<Remote>> Remote::Open(const std::string& url, const std::string& token) {
  consumers::ClientOptions options;
  options.token = token;
  OPPI_TRY(auto client, consumers::HttpClient::Make(url, options));
  return std::unique_ptr<Remote>(new Remote(std::move(client)));
}

Result<std::string> Remote::Text(const std::string& path) {
  OPPI_TRY(consumers::HttpReply reply, client_->Get(path));
  if (reply.status >= 400) return consumers::ErrorOf(reply);
  return std::move(reply.body);
}

Result<ledger::Checkpoint> Remote::NewestCheckpoint() {
  OPPI_TRY(const std::string note, Text("/checkpoint"));
  OPPI_TRY(const ledger::Note parsed, ledger::ParseNote(note));
  return ledger::ParseCheckpointText(parsed.text);
}

Result<consumers::BatchReport> Remote::Send(const events::SignedBatch& batch) {
  OPPI_TRY(const consumers::HttpReply reply,
           client_->Post("/v1/batches", consumers::kBatchMediaType, events::EncodeBatch(batch)));
  if (reply.status < 400) return ParseReport(reply.body);
  const Json problem = Json::parse(reply.body, nullptr, false);
  const auto code = problem.is_object() ? events::ParseErrorName(problem.value("code", std::string())) : std::nullopt;
  if (!code) return consumers::ErrorOf(reply);
  consumers::BatchReport refused;
  refused.error = *code;
  refused.message = problem.value("detail", std::string());
  return refused;
}

Result<std::string> Remote::Ask(const std::string& path, const std::string& body) {
  OPPI_TRY(consumers::HttpReply reply, client_->Post(path, "application/json", body));
  if (reply.status >= 400) return consumers::ErrorOf(reply);
  return std::move(reply.body);
}

}  // namespace oppi::ops
