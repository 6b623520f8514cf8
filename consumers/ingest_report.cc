#include <algorithm>

#include "consumers/ingest.h"
#include "consumers/json_text.h"
#include "events/check.h"

namespace oppi::consumers {

std::uint64_t BatchReport::Count(events::Outcome outcome) const {
  return static_cast<std::uint64_t>(
      std::count_if(items.begin(), items.end(),
                    [outcome](const ItemReport& item) { return item.outcome == outcome; }));
}

namespace {

void AppendItem(std::string& out, const ItemReport& item, const std::string* receipt) {
  out += '{';
  AppendJsonName(out, "index");
  out += std::to_string(item.item);
  AppendJsonMember(out, "outcome", events::OutcomeName(item.outcome));
  if (item.code != events::ErrorCode::kNone)
    AppendJsonMember(out, "code", events::ErrorName(item.code));
  if (!item.member.empty()) AppendJsonMember(out, "member", item.member);
  if (item.position) {
    AppendJsonName(out, "position");
    out += std::to_string(item.position->value());
  }
  if (item.recorded) AppendJsonMember(out, "recorded", FormatInstant(*item.recorded));
  if (receipt != nullptr && !receipt->empty()) AppendJsonMember(out, "receipt", *receipt);
  out += '}';
}

std::string Json(const BatchReport& report, const std::vector<std::string>* receipts) {
  std::string out = "{";
  if (report.error != events::ErrorCode::kNone) {
    AppendJsonMember(out, "error", events::ErrorName(report.error));
    AppendJsonMember(out, "message", report.message);
  }
  AppendJsonName(out, "size");
  out += std::to_string(report.size.value());
  AppendJsonMember(out, "checkpoint", report.checkpoint);
  AppendJsonName(out, "items");
  out += '[';
  for (std::size_t i = 0; i < report.items.size(); ++i) {
    if (i != 0) out += ',';
    AppendItem(out, report.items[i], receipts != nullptr ? &(*receipts)[i] : nullptr);
  }
  out += "]}";
  return out;
}

}  // namespace

std::string ReportJson(const BatchReport& report) { return Json(report, nullptr); }

std::string ReportJson(const BatchReport& report, const std::vector<std::string>& receipts) {
  OPPI_CHECK(receipts.size() == report.items.size());
  return Json(report, &receipts);
}

}  // namespace oppi::consumers
