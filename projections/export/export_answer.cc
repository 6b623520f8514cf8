#include "projections/export/export_answer.h"

#include <utility>

#include "events/check.h"
#include "projections/export/balp_audit.h"
#include "projections/export/consent_record.h"
#include "projections/export/fhir_consent.h"
#include "projections/export/kantara.h"
#include "projections/export/ts27560.h"

namespace oppi::projections {
namespace {

std::string Document(const Question& question, const std::vector<ConsentRecord>& records,
                     const History& history, const View& view, Places places) {
  if (!question.consent.empty()) {
    if (records.empty()) return "null";
    const ConsentRecord& record = records.front();
    if (question.format == "fhir") return FhirConsent(record, history, places);
    if (question.format == "kantara") return KantaraReceipt(record, history, places);
    return Ts27560Receipt(record, history, view, places);
  }
  if (question.format == "fhir") return FhirConsentBundle(records, history, view, places);
  if (question.format == "kantara") return KantaraReceipts(records, history, places);
  return Ts27560Graph(records, history, view, places);
}

}  // namespace

Answer ExportConsents(const Question& question, const Access& access, const Facts& stream,
                      const Registry& registry, const View& view) {
  OPPI_CHECK(access.permitted());
  const History history(question.learner, registry, stream, view.size);
  std::vector<ConsentRecord> records = RecordsOf(history, question, access, view);
  // Receipts are of consents that were given.
  if (question.format == "kantara")
    std::erase_if(records, [](const ConsentRecord& record) { return record.grant == nullptr; });
  const Places places = access.redact ? Places::kHidden : Places::kTold;
  Answer answer;
  answer.result = Document(question, records, history, view, places);
  answer.count = records.size();
  if (access.redact) {
    // A log position leads to the publisher that signed there.
    answer.redactions.push_back({"PROTECTION", answer.count});
    return answer;
  }
  for (const Fact* fact : FactsNamedBy(records))
    answer.items.push_back({fact->event.id, fact->position, fact->recorded});
  return answer;
}

Answer ExportAudit(const Question& question, const Access& access, const Facts& stream,
                   const View& view) {
  OPPI_CHECK(question.publisher.empty());
  const AuditAnswer audit = AnswerAudit(question, access, stream, view);
  Answer answer = ToAnswer(audit);
  answer.result = BalpAuditBundle(audit.trail, question, stream, view);
  return answer;
}

}  // namespace oppi::projections
