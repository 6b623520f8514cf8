#include "consumers/publish_api.h"

#include <utility>
#include <variant>

#include "consumers/http_api.h"
#include "consumers/http_errors.h"
#include "consumers/json_splitter.h"
#include "events/ids.h"
#include "events/limits.h"

namespace oppi::consumers {

namespace {

/// Looked at before anything is accepted: a refusal afterwards would be a lie.
std::optional<HttpResponse> CheckQuery(const HttpRequest& request) {
  const auto wanted = request.query.find("receipts");
  if (wanted == request.query.end() || wanted->second == "0" || wanted->second == "1")
    return std::nullopt;
  return ProblemResponse({400, "UNKNOWN_PARAMETER", "receipts is 0 or 1"});
}

/// The elements of a CloudEvents batch, byte for byte: what is attested and kept is what was sent.
/// What is wrong inside an element is the decoder's to say, of that element alone.
std::variant<std::vector<Bytes>, Problem> ElementsOf(ByteView body) {
  JsonSplitter splitter(JsonSplitter::Shape::kArray, kBatchBytesMax);
  std::vector<Bytes> elements;
  while (true) {
    JsonSplitter::Step step = splitter.Next(body);
    if (step == JsonSplitter::Step::kMore) step = splitter.Finish();
    if (step == JsonSplitter::Step::kEnd) return elements;
    if (step != JsonSplitter::Step::kRecord)
      return ProblemOf(events::ErrorCode::kMalformed, "the body is a JSON array of events");
    if (elements.size() == kBatchEventsMax)
      return ProblemOf(events::ErrorCode::kBatchTooLarge, "too many events");
    elements.push_back(splitter.record());
  }
}

}  // namespace

HttpResponse PublishApi::Batch(HttpRequest request) const {
  if (auto refusal = CheckQuery(request)) return std::move(*refusal);
  const auto form = request.media_type == kBatchMediaType ? RawMessage::Form::kFlatBuffers
                                                          : RawMessage::Form::kJson;
  auto report = ports_->road.Ingest(RawMessage{form, std::move(request.body)});
  return Report(request, std::move(report));
}

HttpResponse PublishApi::Events(HttpRequest request) const {
  if (auto refusal = CheckQuery(request)) return std::move(*refusal);
  std::variant<std::vector<Bytes>, Problem> elements;
  if (request.media_type == kCloudEventsMediaType)
    elements = ElementsOf(request.body);
  else
    std::get<0>(elements).push_back(std::move(request.body));
  if (const auto* problem = std::get_if<Problem>(&elements)) return ProblemResponse(*problem);
  std::vector<events::BatchItem> items;
  for (Bytes& element : std::get<0>(elements))
    items.push_back(
        {events::Encoding::kJson, ports_->entropy.Array<events::kSaltBytes>(), std::move(element)});
  if (items.empty())
    return ProblemResponse(ProblemOf(events::ErrorCode::kMalformed, "no event in the array"));
  return Report(request, ports_->attest(request.claims->publisher, std::move(items)));
}

HttpResponse PublishApi::Report(const HttpRequest& request, Result<BatchReport> report) const {
  if (!report) return ProblemResponse(ProblemOf(report.error()));
  if (report->error != events::ErrorCode::kNone)
    return ProblemResponse(ProblemOf(report->error, report->message));
  HttpResponse response;
  const auto wanted = request.query.find("receipts");
  if (wanted == request.query.end() || wanted->second != "1") {
    response.body = ReportJson(*report);
    return response;
  }
  std::vector<std::string> receipts;
  for (const ItemReport& item : report->items) {
    if (!item.position) {
      receipts.emplace_back();
      continue;
    }
    // The batch is in the log, so the answer must say so even where a proof cannot be had this
    // moment.
    auto receipt = ports_->receipt_at(*item.position);
    receipts.push_back(receipt ? std::move(*receipt) : std::string());
  }
  response.body = ReportJson(*report, receipts);
  return response;
}

HttpResponse PublishApi::Receipt(const HttpRequest& request) const {
  const std::string& event_id = request.parameters.at("event_id");
  if (!events::IsUuidV7(event_id))
    return ProblemResponse({404, "NOT_FOUND", "an event id is a lower-case UUID of version 7"});
  auto receipt = ports_->receipt_of_event(event_id);
  if (!receipt) return ProblemResponse(ProblemOf(receipt.error()));
  HttpResponse response;
  response.media_type = "text/plain; charset=utf-8";
  response.body = std::move(*receipt);
  return response;
}

}  // namespace oppi::consumers
