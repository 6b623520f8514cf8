#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "consumers/json_text.h"
#include "consumers/token.h"
#include "events/ids.h"
#include "ops/cli.h"
#include "ledger/durable_file.h"
#include "ops/key_files.h"
#include "projections/views.h"

namespace oppi::ops {
namespace {

Result<int> KeyNew(const std::string& out, const std::string& name) {
  if (!KeyNameOk(name)) return InvalidArgument("a key name has no spaces and no plus sign");
  SystemEntropy entropy;
  const NamedSigningKey key{name, SigningKey::Generate(entropy)};
  OPPI_RETURN_IF_ERROR(WriteKeyFile(out, key));
  std::printf("%s\n", FormatVerifierKey(key.verifier()).c_str());
  return kExitDone;
}

Result<int> KeyShow(const std::string& file) {
  OPPI_TRY(const NamedSigningKey key, ReadKeyFile(file));
  std::printf("%s\n", FormatVerifierKey(key.verifier()).c_str());
  return kExitDone;
}

/// An event of the registrar, complete but for its fields.
events::Event RegistryEvent(const Node& node, Entropy& entropy, events::EventType type) {
  events::Event event = events::MakeEvent(type);
  event.time = node.clock().Now();
  event.id = events::MakeUuidV7(event.time, entropy);
  event.source = "urn:oid:" + node.config().organisation + "/registrar";
  return event;
}

Result<int> PublishRegistry(Node& node, const std::vector<events::Event>& own) {
  OPPI_TRY(const NamedSigningKey registrar, ReadKeyFile(node.KeyPath("registrar")));
  OPPI_TRY(const consumers::BatchReport report, node.PublishAs(registrar, own));
  if (report.error != events::ErrorCode::kNone) return InvalidArgument(std::string(events::ErrorName(report.error)) + ": " + report.message);
  for (const consumers::ItemReport& item : report.items)
    if (item.outcome == events::Outcome::kRejected)
      return InvalidArgument("the ledger refused it: " + std::string(events::ErrorName(item.code)) + (item.member.empty() ? "" : ": " + item.member));
  return kExitDone;
}

struct PublisherAdd {
  LedgerOptions ledger;
  std::string name;
  std::string key;
  std::string role;  // empty: the one that may publish what is allowed
  std::vector<std::string> allow;
  std::string controller;
  std::vector<std::string> sources;
};

/// Types that `--allow` names: full or short names, whole groups ("grade" or "grade.*"), or all.
/// Empty: everything the role may.
Result<std::vector<events::EventType>> AllowedTypes(const std::vector<std::string>& allow) {
  std::vector<events::EventType> types;
  for (const std::string& name : allow) {
    if (name == "*" || name == "all") return std::vector<events::EventType>();
    const std::string group = name.ends_with(".*") ? name.substr(0, name.size() - 2) : name;
    const std::size_t before = types.size();
    for (const events::TypeInfo& info : events::AllTypes())
      if (info.full_name == name || info.name == name || info.group == group) types.push_back(info.type);
    if (types.size() == before) return InvalidArgument("--allow: the vocabulary has no type or group " + name);
  }
  return types;
}

/// A publisher has one role. Left out, it is the first that may publish everything that is allowed.
Result<std::string> RoleFor(const PublisherAdd& o, const std::vector<events::EventType>& types) {
  static constexpr events::Role kRoles[] = {events::Role::kProvider, events::Role::kVendor,  events::Role::kPortal,
                                            events::Role::kIdentity, events::Role::kGateway, events::Role::kDpo};
  if (!o.role.empty()) {
    if (std::find(std::begin(kRoles), std::end(kRoles), events::ParseRole(o.role).value_or(events::Role::kNone)) == std::end(kRoles))
      return InvalidArgument("--role knows PROVIDER, IDENTITY, PORTAL, VENDOR, GATEWAY and DPO");
    return o.role;
  }
  for (const events::Role role : kRoles)
    if (std::all_of(types.begin(), types.end(), [role](events::EventType type) { return events::RoleMayPublish(role, type); }))
      return std::string(events::RoleName(role));
  return InvalidArgument("no role may publish all of these types; register one publisher for each role");
}

Result<int> AddPublisher(const PublisherAdd& o) {
  OPPI_TRY(const VerifierKey key, ParseVerifierKey(o.key));
  if (key.name != o.name) return InvalidArgument("the key is named for another publisher than --name");
  OPPI_TRY(const std::vector<events::EventType> types, AllowedTypes(o.allow));
  OPPI_TRY(const std::string role, RoleFor(o, types));
  OPPI_TRY(const std::unique_ptr<Node> node, o.ledger.OpenNode());
  std::vector<events::Event> own;
  if (node->gate().CurrentPublishers()->Find(o.name) == nullptr) {
    events::Event registered = RegistryEvent(*node, node->entropy(), events::EventType::kRegistryPublisherRegistered);
    registered.SetText("publisher", o.name).SetText("role", role);
    if (!o.controller.empty()) registered.SetText("organisation", o.controller);
    if (!o.sources.empty()) registered.SetList("sources", o.sources);
    own.push_back(std::move(registered));
  }
  events::Event added = RegistryEvent(*node, node->entropy(), events::EventType::kRegistryKeyAdded);
  added.SetText("publisher", o.name).SetText("key", KeyIdText(key.id)).SetText("public_key", ToBase64(View(key.key)));
  if (!types.empty()) {
    std::vector<std::string> names;
    for (const events::EventType type : types) names.emplace_back(events::InfoOf(type).name);
    added.SetList("types", names);
  }
  own.push_back(std::move(added));
  return PublishRegistry(*node, own);
}

struct PublisherRevoke {
  LedgerOptions ledger;
  std::string key_id;
  std::string reason = "COMPROMISE";
  std::string compromised_from;
};

Result<int> RevokeKey(const PublisherRevoke& o) {
  OPPI_TRY(const std::unique_ptr<Node> node, o.ledger.OpenNode());
  std::string publisher;
  for (const auto& [name, key] : node->gate().CurrentPublishers()->keys())
    if (name.second == o.key_id) publisher = name.first;
  if (publisher.empty()) return NotFound("no publisher has a key with this id; see: oppiloki publisher list");
  events::Event revoked = RegistryEvent(*node, node->entropy(), events::EventType::kRegistryKeyRevoked);
  revoked.SetText("publisher", publisher).SetText("key", o.key_id);
  revoked.SetText("reason", o.compromised_from.empty() && o.reason == "COMPROMISE" ? "LOST" : o.reason);
  if (!o.compromised_from.empty()) {
    const auto from = ParseInstant(o.compromised_from);
    if (!from) return InvalidArgument("--compromised-from takes an instant such as 2026-11-23T12:00:00Z");
    revoked.SetNumber("compromised_from", from->micros);
  }
  return PublishRegistry(*node, {revoked});
}

Result<int> ListPublishers(const LedgerOptions& o) {
  OPPI_TRY(const std::unique_ptr<Node> node, o.OpenNode());
  const auto registry = node->gate().CurrentPublishers();
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const auto& [name, publisher] : registry->publishers()) {
    bool any = false;
    for (const auto& [id, key] : registry->keys()) {
      if (id.first != name) continue;
      any = true;
      const auto* revoked = registry->KeyRevokedBefore(name, id.second);
      list.push_back({{"publisher", name}, {"role", events::RoleName(publisher.role)}, {"organisation", publisher.organisation},
                      {"key", id.second}, {"since", key.from == kInstantMin ? "genesis" : FormatInstant(key.from)},
                      {"revoked", revoked == nullptr ? "" : FormatInstant(revoked->recorded)}, {"types", key.types}});
    }
    if (!any) list.push_back({{"publisher", name}, {"role", events::RoleName(publisher.role)}, {"organisation", publisher.organisation}});
  }
  PrintAnswer(list.dump(), o.json);
  return kExitDone;
}

struct TokenIssue {
  LedgerOptions ledger;
  consumers::Claims claims;
  int hours = 8;
  std::string out;
};

Result<int> IssueToken(TokenIssue o) {
  if (o.ledger.data.empty()) return InvalidArgument("say where the ledger is: --data DIR");
  OPPI_TRY(const NamedSigningKey key, ReadKeyFile(o.ledger.data + "/keys/operator.key"));
  o.claims.expires = SystemClock().Now() + static_cast<std::int64_t>(o.hours) * 3600 * kMicrosPerSecond;
  const std::string token = consumers::IssueToken(o.claims, key.key);
  if (o.out.empty()) {
    std::printf("%s\n", token.c_str());
    return kExitDone;
  }
  OPPI_RETURN_IF_ERROR(ledger::WriteFileDurably(o.out, token + "\n", 0600));
  return kExitDone;
}

}  // namespace

void AddKeyCommands(Cli& cli) {
  CLI::App* key = AddCommand(cli, cli.app, "key", "Make and show signing keys", "oppiloki key new --out sis.key --name sis", {});
  key->require_subcommand(1);
  auto out = std::make_shared<std::string>();
  auto name = std::make_shared<std::string>();
  CLI::App* command = AddCommand(cli, *key, "new", "Make a key; prints its verifier key", "oppiloki key new --out sis.key --name sis",
                                 [out, name] { return KeyNew(*out, *name); });
  command->add_option("--out", *out, "File to write (never overwritten)")->required();
  command->add_option("--name", *name, "Name of the publisher, witness or principal")->required();
  command = AddCommand(cli, *key, "show", "Print the verifier key of a key file", "oppiloki key show sis.key", [out] { return KeyShow(*out); });
  command->add_option("FILE", *out, "Key file")->required();

  CLI::App* publisher = AddCommand(cli, cli.app, "publisher", "Who may publish what; each change is an event",
                                   "oppiloki publisher list --data var/ledger", {});
  publisher->require_subcommand(1);
  auto add = std::make_shared<PublisherAdd>();
  command = AddCommand(cli, *publisher, "add", "Register a publisher, or give it a further key",
                       "oppiloki publisher add --data var/ledger --name sis --role PROVIDER --key \"$(oppiloki key show sis.key)\" --allow all",
                       [add] { return AddPublisher(*add); });
  add->ledger.AddTo(*command, false);
  command->add_option("--name", add->name, "Name of the publisher")->required();
  command->add_option("--key", add->key, "Its verifier key")->required();
  command->add_option("--role", add->role, "PROVIDER, IDENTITY, PORTAL, VENDOR, GATEWAY or DPO; left out: the one that may publish what is allowed");
  command->add_option("--allow", add->allow, "Types or groups this key may publish, as in grade.course_assessed,attendance; or all")->delimiter(',');
  command->add_option("--controller", add->controller, "Organisation OID: its sources are this publisher's");
  command->add_option("--source", add->sources, "A source it may use; repeatable")->delimiter(',');
  auto revoke = std::make_shared<PublisherRevoke>();
  command = AddCommand(cli, *publisher, "revoke", "Revoke a key, for ever",
                       "oppiloki publisher revoke --data var/ledger --key-id 1a2b3c4d --compromised-from 2026-11-01T00:00:00Z",
                       [revoke] { return RevokeKey(*revoke); });
  revoke->ledger.AddTo(*command, false);
  command->add_option("--key-id", revoke->key_id, "8 hex digits, as in: oppiloki publisher list")->required();
  command->add_option("--reason", revoke->reason, "COMPROMISE, ROTATED or LOST");
  command->add_option("--compromised-from", revoke->compromised_from, "Everything the key signed that was recorded from then on is suspect");
  auto list = std::make_shared<LedgerOptions>();
  command = AddCommand(cli, *publisher, "list", "Publishers and their keys", "oppiloki publisher list --data var/ledger",
                       [list] { return ListPublishers(*list); });
  list->AddTo(*command, false);

  CLI::App* token = AddCommand(cli, cli.app, "token", "Access tokens signed by the operator", "oppiloki token issue --help", {});
  token->require_subcommand(1);
  auto issue = std::make_shared<TokenIssue>();
  command = AddCommand(cli, *token, "issue", "Make an access token",
                       "oppiloki token issue --data var/ledger --principal dpo@example.fi --role DPO --organisation '*' --purpose EDU --out dpo.token",
                       [issue] { return IssueToken(*issue); });
  issue->ledger.AddTo(*command, false);
  command->add_option("--principal", issue->claims.asker.principal, "Who asks")->required();
  command->add_option("--role", issue->claims.asker.role, "TEACHER STAFF GUARDIAN LEARNER VENDOR DPO AUDITOR SYSTEM")->required();
  command->add_option("--organisation", issue->claims.asker.organisation, "Organisation OID, or * for the operator's officers")->required();
  command->add_option("--purpose", issue->claims.asker.purpose, "Purpose code")->required();
  command->add_option("--publisher", issue->claims.publisher, "Publisher that may post unsigned events");
  command->add_option("--hours", issue->hours, "How long it is good for")->check(CLI::Range(1, 24 * 366));
  command->add_option("--out", issue->out, "File to write; standard output when left out");
}

}  // namespace oppi::ops
