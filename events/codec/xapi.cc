#include "events/codec/xapi.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "events/codec/json_tree.h"
#include "events/codec/translation.h"
#include "events/codec/xapi_rules.h"
#include "events/digest.h"
#include "events/ids.h"
#include "events/limits.h"

namespace oppi::events {
namespace {

/// Inside an event the statement lies two levels down.
constexpr std::size_t kStatementDepthMax = kJsonDepthMax - 2;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

/// The person an account name says by itself; "" when it says none.
std::string PersonOf(std::string_view name) {
  if (IsUuidV4(name)) return "urn:uuid:" + std::string(name);
  if (CheckPerson(name, false) == IdCheck::kOk) return std::string(name);
  return {};
}

/// Subject for an agent or an identified group; "" when the actor has no identifier at all.
std::string SubjectOf(const Json& actor, const Translation& translation) {
  if (const Json* account = actor.Find("account")) {
    const std::string_view name = (*account)["name"].str();
    if (std::string person = PersonOf(name); !person.empty()) return person;
    // The home page goes first on a line of its own: it cannot hold a line break.
    std::string identifier((*account)["homePage"].str());
    identifier.append("\n").append(name);
    return translation.Pseudonym("xapi/account", identifier);
  }
  if (const Json* mbox = actor.Find("mbox")) return translation.Pseudonym("xapi/mbox", mbox->str());
  if (const Json* sum = actor.Find("mbox_sha1sum"))
    return translation.Pseudonym("xapi/mbox_sha1sum", Lower(sum->str()));
  if (const Json* openid = actor.Find("openid"))
    return translation.Pseudonym("xapi/openid", openid->str());
  return {};
}

/// Whose records the statement belongs to.
std::vector<std::string> SubjectsOf(const Json& actor, std::string_view statement_id,
                                    const Translation& translation) {
  if (std::string one = SubjectOf(actor, translation); !one.empty()) return {std::move(one)};
  std::set<std::string> members;
  for (const Json& member : actor["member"].elements())
    members.insert(SubjectOf(member, translation));
  // A group of nobody known: the statement stands for itself.
  if (members.empty()) return {translation.Pseudonym("xapi/statement", statement_id)};
  return {members.begin(), members.end()};
}

std::optional<Instant> TimeOf(const Json& statement, const TranslateOptions& options) {
  for (const std::string_view name : {"timestamp", "stored"})
    if (const Json* member = statement.Find(name))
      return ParseForeignInstant(member->str(), Zoneless::kUtc);
  return options.received;
}

}  // namespace

Translated TranslateXapi(ByteView record, std::uint64_t number, const TranslateOptions& options) {
  Translation translation(number, options);
  const auto refuse = [&translation](ErrorCode code, std::string_view member) {
    translation.Refuse(code, member);
    return std::move(translation).Finish();
  };
  if (record.size() > kObjectBytesMax) return refuse(ErrorCode::kTooLarge, "statement");
  const auto statement = ParseJson(record, {.depth_max = kStatementDepthMax});
  if (!statement || !statement->is_object()) return refuse(ErrorCode::kMalformed, "statement");
  if (const auto fault = ValidateStatement(*statement, XapiVersion::k2_0))
    return refuse(ErrorCode::kFieldType, *fault);
  const auto time = TimeOf(*statement, options);
  if (!time) return refuse(ErrorCode::kFieldMissing, "timestamp");

  const std::string_view own_id = (*statement)["id"].str();
  const std::string statement_id =
      own_id.empty() ? UuidV4FromName("oppiloki/xapi/unnamed/v1", HashOf(statement->raw).hex())
                     : Lower(own_id);
  const auto subjects = SubjectsOf((*statement)["actor"], statement_id, translation);
  if (subjects.size() > kOtherSubjectsMax)
    return refuse(ErrorCode::kTooManySubjects, "actor.member");
  for (const std::string& subject : subjects) {
    // Only the parts of an anonymous group need more than the statement's id to be told apart.
    std::string name = statement_id;
    if (subjects.size() > 1) name.append("\n").append(subject);
    Event event = translation.Make(EventType::kActivityXapiStatement, name, *time);
    event.subject = subject;
    if (subjects.size() > 1) event.correlation = statement_id;
    event.SetText("statement_id", statement_id);
    event.SetText("statement", std::string(statement->raw));
    translation.Add(std::move(event));
  }
  return std::move(translation).Finish();
}

}  // namespace oppi::events
