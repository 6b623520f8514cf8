#include "consumers/erasure_api.h"

#include <utility>

#include "consumers/erasure_desk.h"
#include "consumers/http_api.h"
#include "consumers/http_errors.h"
#include "consumers/json_body.h"
#include "events/ids.h"

namespace oppi::consumers {
namespace {

HttpResponse Reply(Result<std::string> answer) {
  if (!answer.ok()) return ProblemResponse(ProblemOf(answer.error()));
  HttpResponse response;
  response.body = std::move(answer).value();
  return response;
}

HttpResponse Refuse(const Status& status) { return ProblemResponse(ProblemOf(status.error())); }

/// The gateway attests that it acted: whoever holds the token.
Principal PrincipalOf(const HttpRequest& request) {
  return {request.claims->asker.principal, nullptr};
}

Result<std::string> IdIn(const HttpRequest& request, const char* unknown) {
  const std::string& id = request.parameters.at("id");
  if (!events::IsUuidV7(id)) return NotFound(unknown);
  return id;
}

constexpr const char* kRequestUnknown = "REQUEST_UNKNOWN: an id is a lower-case UUID of version 7";
constexpr const char* kHoldUnknown = "HOLD_UNKNOWN: an id is a lower-case UUID of version 7";

}  // namespace

HttpResponse ErasureApi::Request(const HttpRequest& request) const {
  ErasureAsk ask;
  bool dry_run = false;
  const Status read = ReadBody(request.body,
                           {{"learner", &ask.learner},
                            {"controller", &ask.controller},
                            {"classes", &ask.classes},
                            {"types", &ask.types},
                            {"ground", &ask.ground},
                            {"whole_subject", &ask.whole_subject},
                            {"dry_run", &dry_run},
                            {"reason", &ask.reason}},
                           {"learner", "classes"});
  if (!read.ok()) return Refuse(read);
  if (dry_run) return Reply(ports_->erasures->Preview(ask, request.claims->asker));
  if (!ask.reason.empty()) return Refuse(InvalidArgument("UNKNOWN_FIELD: reason"));
  if (ask.ground.empty()) return Refuse(InvalidArgument("FIELD_MISSING: ground"));
  return Reply(ports_->erasures->Request(ask, PrincipalOf(request)));
}

HttpResponse ErasureApi::List(const HttpRequest& request) const {
  return Reply(ports_->erasures->List(request.claims->asker));
}

HttpResponse ErasureApi::StatusOf(const HttpRequest& request) const {
  const auto id = IdIn(request, kRequestUnknown);
  return id.ok() ? Reply(ports_->erasures->StatusOf(*id, request.claims->asker))
                 : Refuse(id.error());
}

HttpResponse ErasureApi::Decide(const HttpRequest& request) const {
  std::string decision;
  std::string law_ref;
  const Status read =
      ReadBody(request.body, {{"decision", &decision}, {"law_ref", &law_ref}}, {"decision"});
  if (!read.ok()) return Refuse(read);
  if (decision != "ACCEPT" && decision != "REFUSE" && decision != "CANCEL")
    return Refuse(InvalidArgument("CODE_UNKNOWN: decision"));
  const auto id = IdIn(request, kRequestUnknown);
  if (!id.ok()) return Refuse(id.error());
  return Reply(ports_->erasures->Decide(*id, decision == "ACCEPT", law_ref, PrincipalOf(request)));
}

HttpResponse ErasureApi::Run(const HttpRequest& request) const {
  return Reply(ports_->erasures->RunFor(request.claims->asker));
}

HttpResponse ErasureApi::SetHold(const HttpRequest& request) const {
  HoldAsk ask;
  const Status read = ReadBody(request.body,
                           {{"learner", &ask.learner},
                            {"controller", &ask.controller},
                            {"classes", &ask.classes},
                            {"ground", &ask.ground},
                            {"case_ref", &ask.case_ref}},
                           {"learner", "classes", "ground", "case_ref"});
  return read.ok() ? Reply(ports_->erasures->SetHold(ask, PrincipalOf(request))) : Refuse(read);
}

HttpResponse ErasureApi::ReleaseHold(const HttpRequest& request) const {
  const auto id = IdIn(request, kHoldUnknown);
  return id.ok() ? Reply(ports_->erasures->ReleaseHold(*id, PrincipalOf(request)))
                 : Refuse(id.error());
}

}  // namespace oppi::consumers
