#include "tests/projections/naive_consent.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace oppi::tests {
namespace {

using projections::Fact;
using Strings = std::vector<std::string>;

constexpr std::int64_t kNever = INT64_MIN;
constexpr std::int64_t kDay = 86'400'000'000;

std::string Type(const Fact& f) { return std::string(f.event.info().name); }
std::string Text(const Fact& f, const char* field) { return std::string(f.event.text(field)); }
std::int64_t V(const Fact& f) { return f.event.V().micros; }
std::int64_t R(const Fact& f) { return f.recorded.micros; }
bool Has(const Strings& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}
bool InForceName(const std::string& status) { return status == "GIVEN" || status == "RENEWED"; }

/// C2: the more restrictive is applied last.
int Rank(const std::string& type) {
  if (type == "consent.requested" || type == "consent.notice_served") return 0;
  if (type == "guardianship.ended") return 1;
  if (type == "consent.given") return 2;
  if (type == "consent.withdrawal_requested" || type == "consent.withdrawal_refused") return 3;
  if (type == "consent.revoked") return 4;
  if (type == "consent.refused") return 5;
  if (type == "consent.withdrawn") return 6;
  return -1;
}

const Strings kReasons = {"SUBJECT_ERASED",      "ERASURE_PENDING", "RESTRICTED",
                          "PROTECTED",           "OBJECTION",       "NO_BASIS",
                          "BASIS_INVALID",       "INVALIDATED",     "WITHDRAWN",
                          "WITHDRAWAL_PENDING",  "REFUSED",         "REVOKED",
                          "SUPERSEDED",          "EXPIRED",         "EXPIRED_AT_AGE",
                          "EXPIRED_AT_MAJORITY", "SUSPECT",         "QUARANTINED",
                          "PENDING_CO",          "NOTICE_VERSION",  "SCOPE",
                          "NO_CONSENT",          "ERASED"};
std::size_t Severity(const std::string& reason) {
  return static_cast<std::size_t>(std::find(kReasons.begin(), kReasons.end(), reason) -
                                  kReasons.begin());
}

}  // namespace

/// What section 13 calls st.
struct NaiveConsent::Running {
  std::string status = "NONE";
  std::string reason;
  std::string consent;
  std::string by;
  std::int64_t since = 0;
  std::map<std::string, const Fact*> pending;
  std::map<std::string, const Fact*> givers;
  const Fact* decisive = nullptr;
  bool waiting = false;
  std::set<std::string> flags;
  std::vector<const Fact*> applied;
  std::int64_t decided_at = -1;
};

bool NaiveConsent::Sees(const Fact& f) const { return f.position.value() < size_ && !f.erased; }

const Fact* NaiveConsent::FindEvent(const std::string& id) const {
  for (const Fact& f : log_)
    if (Sees(f) && f.event.id == id) return &f;
  return nullptr;
}

bool NaiveConsent::Annulled(const Fact& f) const {
  for (const Fact& g : log_)
    if (Sees(g) && Type(g) == "ledger.fact_annulled" && g.event.annuls == f.event.id) return true;
  return false;
}

bool NaiveConsent::Stands(const Fact& f) const {
  if (!Sees(f) || Annulled(f)) return false;
  for (const Fact& g : log_)
    if (Sees(g) && g.event.corrects == f.event.id && !Annulled(g)) return false;
  return true;
}

/// Joined by links that stand and were recorded by then.
bool NaiveConsent::Connected(const std::string& a, const std::string& b,
                             std::int64_t until_recorded) const {
  std::set<std::string> group{a};
  for (std::size_t before = 0; before != group.size();) {
    before = group.size();
    for (const Fact& f : log_) {
      if (f.erased || Type(f) != "identity.pseudonyms_linked" || !Stands(f) ||
          R(f) > until_recorded)
        continue;
      if (group.count(Text(f, "kept")) + group.count(Text(f, "merged")) == 1) {
        group.insert(Text(f, "kept"));
        group.insert(Text(f, "merged"));
      }
    }
  }
  return group.count(b) != 0;
}

bool NaiveConsent::IsLearner(const std::string& person) const {
  return Connected(learner_, person, INT64_MAX);
}
bool NaiveConsent::About(const Fact& f) const { return IsLearner(f.event.subject); }

/// Guardians are not linked in these histories; the learner goes by the name asked for.
std::string NaiveConsent::Name(const std::string& person) const {
  return IsLearner(person) ? learner_ : person;
}

std::optional<std::int64_t> NaiveConsent::JoinedAt(const std::string& a,
                                                   const std::string& b) const {
  if (a == b) return kNever;
  for (const Fact& f : log_)
    if (!f.erased && Type(f) == "identity.pseudonyms_linked" && Stands(f) && Connected(a, b, R(f)))
      return R(f);
  return std::nullopt;
}

std::optional<std::int64_t> NaiveConsent::Reaches(int age) const {
  const Fact* birth = nullptr;
  for (const Fact& f : log_) {
    if (f.erased || Type(f) != "identity.learner_registered" || !Stands(f) || !About(f)) continue;
    const bool own = f.event.subject == learner_;
    if (birth == nullptr || (own && birth->event.subject != learner_) ||
        (own == (birth->event.subject == learner_) && V(f) >= V(*birth)))
      birth = &f;
  }
  if (birth == nullptr) return std::nullopt;
  const Date date{static_cast<std::int32_t>(birth->event.number("birth_date"))};
  return ReachesAge(date, age, pack_.leap_birthday).micros;
}

std::optional<std::int64_t> NaiveConsent::EdgeEnd(const Fact& edge) const {
  std::optional<std::int64_t> end;
  const auto sooner = [&end](std::int64_t at) { end = end ? std::min(*end, at) : at; };
  if (edge.event.valid_to) sooner(edge.event.valid_to->micros);
  for (const Fact& f : log_)
    if (!f.erased && Type(f) == "guardianship.ended" && Stands(f) &&
        Text(f, "guardianship") == edge.event.id)
      sooner(V(f));
  return end;
}

bool NaiveConsent::Decides(const Fact& f, std::int64_t t) const {
  if (f.erased || Type(f) != "guardianship.established" || !Stands(f) || !About(f) ||
      Text(f, "right") != "DECIDE" || t < V(f))
    return false;
  const auto end = EdgeEnd(f);
  return !end || t < *end;
}

Strings NaiveConsent::HoldersAt(const std::string& purpose, std::int64_t t) const {
  const auto* rules = pack_.Purpose(purpose);
  if (rules == nullptr) return {};
  const auto majority = Reaches(pack_.majority_age);
  if (majority && *majority <= t) return {learner_};
  const int self_age = rules->iss ? pack_.iss_age : rules->self_age.value_or(pack_.self_age);
  const auto self = Reaches(self_age);
  std::set<std::string> holders;
  if (self && *self <= t) holders.insert(learner_);
  if (holders.empty() || rules->with_guardians) {
    std::set<std::string> guardians;
    for (const Fact& f : log_) {
      if (!Decides(f, t)) continue;
      const auto& classes = f.event.list("purpose_classes");
      if (classes.empty() || Has(classes, rules->purpose_class))
        guardians.insert(Text(f, "guardian"));
    }
    const Fact* divided = nullptr;
    for (const Fact& f : log_)
      if (!f.erased && Type(f) == "guardianship.duties_divided" && Stands(f) && About(f) &&
          Has(f.event.list("purpose_classes"), rules->purpose_class) && V(f) <= t &&
          (!f.event.valid_to || t < f.event.valid_to->micros) &&
          (divided == nullptr || V(*divided) <= V(f)))
        divided = &f;
    for (const std::string& guardian : guardians)
      if (divided == nullptr || guardian == Text(*divided, "guardian")) holders.insert(guardian);
  }
  return {holders.begin(), holders.end()};
}

Strings NaiveConsent::Path(const std::string& category) const {
  Strings path{category};
  while (true) {
    const auto found = pack_.categories.find(path.back());
    if (found == pack_.categories.end() || found->second.parent.empty()) return path;
    path.push_back(found->second.parent);
  }
}

bool NaiveConsent::Covers(const Strings& named, const std::string& category) const {
  for (const std::string& above : Path(category))
    if (Has(named, above)) return true;
  return false;
}

bool NaiveConsent::Touches(const Fact& f, const Key& key) const {
  if (!About(f) || f.event.controller != key.controller || Text(f, "purpose") != key.purpose)
    return false;
  const auto& recipients = f.event.list("recipients");
  const auto& categories = f.event.list("data_categories");
  return (recipients.empty() || Has(recipients, key.recipient)) &&
         (categories.empty() || Covers(categories, key.category));
}

bool NaiveConsent::Suspect(const Fact& f) const {
  for (const Fact& g : log_)
    if (Sees(g) && Type(g) == "registry.key_revoked" && Text(g, "publisher") == f.publisher &&
        Text(g, "key") == f.key && g.event.has("compromised_from") &&
        g.event.number("compromised_from") <= R(f))
      return true;
  return false;
}

std::optional<std::int64_t> NaiveConsent::SaidOn(const Fact& f, const std::string& type) const {
  for (const Fact& g : log_)
    if (Sees(g) && Type(g) == type && Text(g, "event") == f.event.id) return R(g);
  return std::nullopt;
}

std::optional<std::int64_t> NaiveConsent::Effective(const Fact& f) const {
  const std::string type = Type(f);
  if (type == "guardianship.ended") return std::max(V(f), R(f));
  if (type != "consent.given") return V(f);
  std::int64_t start = V(f);
  if (f.anchored) start = std::max(start, f.anchored->micros);
  // The link, if the grant stands under the learner's other identifier, or is the learner's own act
  // under it, or leans on an edge that does.
  if (const auto link = JoinedAt(learner_, f.event.subject)) start = std::max(start, *link);
  std::optional<std::int64_t> least = JoinedAt(Text(f, "by"), f.event.subject);
  for (const Fact& edge : log_) {
    if (!Decides(edge, V(f)) || Text(edge, "guardian") != Text(f, "by")) continue;
    const auto link = JoinedAt(edge.event.subject, f.event.subject);
    if (link) least = least ? std::min(*least, *link) : *link;
  }
  if (least) start = std::max(start, *least);
  if (f.outcome == events::Outcome::kQuarantined) {
    const auto released = SaidOn(f, "ledger.quarantine_released");
    if (!released) return std::nullopt;
    start = std::max(start, *released);
  }
  if (Suspect(f)) {
    const auto reattested = SaidOn(f, "ledger.reattested");
    if (!reattested) return std::nullopt;
    start = std::max(start, *reattested);
  }
  return start;
}

bool NaiveConsent::Void(const Fact& grant, const std::vector<const Fact*>& applied) const {
  for (const Fact* n : applied) {
    if (grant.event.has("request")) {
      const Fact* request = FindEvent(Text(grant, "request"));
      const std::uint64_t position = request == nullptr ? 0 : request->position.value();
      if (n->position.value() > position) return true;
    } else if (n->position > grant.position || V(*n) >= V(grant)) {
      return true;
    }
  }
  return false;
}

std::vector<NaiveConsent::End> NaiveConsent::Ends(const Running& st,
                                                  const std::string& purpose) const {
  std::vector<End> ends;
  const auto* rules = pack_.Purpose(purpose);
  bool only_guardians = true;
  for (const auto& [who, grant] : st.givers) {
    if (who == learner_) only_guardians = false;
    for (const Fact& f : log_)
      if (Sees(f) && Type(f) == "consent.invalidated" && About(f) &&
          Text(f, "target") == grant->event.id && Text(f, "effect") == "EX_NUNC")
        ends.push_back({V(f), 1, "INVALIDATED", Text(f, "reason"), f.event.id});
    if (grant->event.has("valid_until"))
      ends.push_back({grant->event.number("valid_until"), 3, "EXPIRED", "", ""});
    // The version that was cited, and material ones after it.
    const Fact* cited = nullptr;
    for (const Fact& f : log_)
      if (Sees(f) && Type(f) == "registry.notice_published" &&
          Text(f, "notice") == Text(*grant, "notice") &&
          Text(f, "version") == Text(*grant, "notice_version") && cited == nullptr)
        cited = &f;
    for (const Fact& f : log_) {
      if (cited == nullptr || !Sees(f) || Type(f) != "registry.notice_published" ||
          Text(f, "notice") != Text(*grant, "notice") || f.event.number("material") == 0 ||
          Text(f, "version") == Text(*cited, "version"))
        continue;
      if (std::tuple(V(f), f.position) > std::tuple(V(*cited), cited->position))
        ends.push_back({f.event.has("grace_until") ? f.event.number("grace_until") : V(f), 4,
                        "SUPERSEDED", "", f.event.id});
    }
  }
  ends.push_back({V(*st.decisive) + rules->ttl_days * kDay, 3, "EXPIRED", "", ""});
  const auto majority = Reaches(pack_.majority_age);
  if (only_guardians && pack_.on_authority_end == projections::OnAuthorityEnd::kInvalidateExNunc) {
    // The first instant at which no giver decides any more; ends are the only instants to try.
    std::set<std::pair<std::int64_t, std::string>> instants{{V(*st.decisive), ""}};
    for (const Fact& f : log_) {
      if (f.erased || Type(f) != "guardianship.established" || !Stands(f) || !About(f) ||
          st.givers.count(Text(f, "guardian")) == 0)
        continue;
      const auto end = EdgeEnd(f);
      if (!end || *end <= V(*st.decisive)) continue;
      std::string by = f.event.id;
      for (const Fact& g : log_)
        if (!g.erased && Type(g) == "guardianship.ended" && Stands(g) &&
            Text(g, "guardianship") == f.event.id && V(g) == *end && by == f.event.id)
          by = f.event.valid_to && f.event.valid_to->micros == *end ? f.event.id : g.event.id;
      instants.insert({*end, by});
    }
    for (const auto& [at, by] : instants) {
      if (majority && *majority <= at) break;
      bool somebody = false;
      for (const Fact& f : log_)
        somebody = somebody || (Decides(f, at) && st.givers.count(Text(f, "guardian")) != 0);
      if (somebody) continue;
      ends.push_back({at, 2, "INVALIDATED", "AUTHORITY_ENDED", by});
      break;
    }
  }
  const auto iss_age = Reaches(pack_.iss_age);
  for (const auto& [who, grant] : st.givers) {
    if (who == learner_) continue;
    if (majority && rules->on_majority == projections::OnMajority::kExpire && V(*grant) < *majority)
      ends.push_back({*majority, 5, "EXPIRED", "EXPIRED_AT_MAJORITY", ""});
    if (iss_age && rules->iss && V(*grant) < *iss_age) {
      if (pack_.on_iss_age == projections::OnIssAge::kExpire)
        ends.push_back({*iss_age, 6, "EXPIRED", "EXPIRED_AT_AGE", ""});
      if (pack_.on_iss_age == projections::OnIssAge::kReconfirmWithin)
        ends.push_back(
            {*iss_age + pack_.on_iss_age_days * kDay, 6, "EXPIRED", "EXPIRED_AT_AGE", ""});
    }
  }
  return ends;
}

std::optional<NaiveConsent::End> NaiveConsent::EndBy(const Running& st, const std::string& purpose,
                                                     std::int64_t t) const {
  std::optional<End> first;
  for (const End& end : Ends(st, purpose))
    if (end.at <= t &&
        (!first || std::tuple(end.at, end.order) < std::tuple(first->at, first->order)))
      first = end;
  return first;
}

NaiveConsent::Running NaiveConsent::Fold(const Key& key, std::int64_t t) const {
  std::vector<std::tuple<std::int64_t, int, std::uint64_t, const Fact*>> rows;
  for (const Fact& f : log_) {
    if (!Sees(f) || Rank(Type(f)) < 0) continue;
    const bool touches = Type(f) == "guardianship.ended" ? About(f) && Stands(f) : Touches(f, key);
    if (!touches) continue;
    if (const auto start = Effective(f))
      rows.emplace_back(*start, Rank(Type(f)), f.position.value(), &f);
  }
  std::sort(rows.begin(), rows.end());

  Running st;
  const auto all_rule = pack_.Purpose(key.purpose) != nullptr &&
                        pack_.Purpose(key.purpose)->rule == projections::ConsentRule::kAll;
  const auto within = [&st](const Strings& holders) {
    for (const std::string& holder : holders)
      if (st.pending.count(holder) == 0) return false;
    return true;
  };
  const auto become = [&st](const std::string& status, std::int64_t since, const std::string& by) {
    st.status = status;
    st.since = since;
    st.by = by;
    st.consent.clear();
    st.reason.clear();
  };
  const auto give = [&](const Fact* decisive, std::int64_t since, const Strings& holders) {
    become(decisive->event.has("renews") ? "RENEWED" : "GIVEN", since, "");
    st.consent = decisive->event.id;
    st.decisive = decisive;
    st.givers.clear();
    for (const auto& [who, grant] : st.pending)
      if (grant == decisive || Has(holders, who)) st.givers[who] = grant;
    st.flags.clear();
    st.waiting = false;
  };
  for (const auto& row : rows) {
    const std::int64_t start = std::get<0>(row);
    const std::uint64_t position = std::get<2>(row);
    const Fact* f = std::get<3>(row);
    if (start > t) break;
    const std::string type = Type(*f);
    const std::string by = f->event.has("by") ? Name(Text(*f, "by")) : "";
    const auto may_end = [&] {
      if (by.empty() || Has(HoldersAt(key.purpose, V(*f)), by)) return true;
      return (InForceName(st.status) ? st.givers : st.pending).count(by) != 0;
    };
    if (type == "consent.requested") {
      if (st.status == "NONE" || st.status == "DEFERRED") {
        become("REQUESTED", start, f->event.id);
        st.decided_at = static_cast<std::int64_t>(position);
      }
    } else if (type == "consent.notice_served") {
      if (Text(*f, "outcome") == "DISMISSED" && (st.status == "NONE" || st.status == "REQUESTED")) {
        become("DEFERRED", start, f->event.id);
        st.decided_at = static_cast<std::int64_t>(position);
      }
    } else if (type == "guardianship.ended") {
      const Strings holders = HoldersAt(key.purpose, start);
      if (st.status != "PENDING_CO" || holders.empty() || !within(holders)) continue;
      // "The decisive grant is the newest", of those who still count: the one taken last.
      const Fact* newest = nullptr;
      for (const std::string& holder : holders) {
        const Fact* grant = st.pending[holder];
        if (newest == nullptr || std::tuple(*Effective(*newest), newest->position) <
                                     std::tuple(*Effective(*grant), grant->position))
          newest = grant;
      }
      give(newest, start, holders);
    } else if (type == "consent.withdrawal_requested") {
      if (!may_end()) continue;
      st.waiting = true;
      st.flags.erase("WITHDRAWAL_REFUSED");
    } else if (type == "consent.withdrawal_refused") {
      if (st.waiting) st.flags.insert("WITHDRAWAL_REFUSED");
      st.waiting = false;
    } else if (type == "consent.given") {
      if (Void(*f, st.applied)) {
        for (const Fact* n : st.applied)
          if (n->position > f->position) st.flags.insert("RECONFIRM");
        continue;
      }
      if (InForceName(st.status)) {
        if (const auto over = EndBy(st, key.purpose, start)) {
          const std::string consent = st.consent;
          become(over->status, std::max(over->at, st.since), over->by);
          st.consent = consent;
          st.reason = over->reason;
          for (const auto& [who, grant] : st.givers)
            if (st.pending.count(who) != 0 && st.pending[who] == grant) st.pending.erase(who);
        }
      }
      const Fact* ex_tunc = nullptr;
      for (const Fact& g : log_)
        if (Sees(g) && Type(g) == "consent.invalidated" && About(g) &&
            Text(g, "target") == f->event.id && Text(g, "effect") == "EX_TUNC" &&
            ex_tunc == nullptr)
          ex_tunc = &g;
      const Strings holders = HoldersAt(key.purpose, V(*f));
      if (ex_tunc != nullptr || !Has(holders, by)) {
        if (InForceName(st.status)) continue;
        become("INVALIDATED", start, ex_tunc != nullptr ? ex_tunc->event.id : "");
        st.consent = f->event.id;
        st.reason = ex_tunc != nullptr ? Text(*ex_tunc, "reason") : "AUTHORITY_NEVER_HELD";
        st.decided_at = static_cast<std::int64_t>(position);
        continue;
      }
      if (!all_rule) st.pending.clear();
      st.pending[by] = f;
      if (!all_rule || within(holders) || f->event.has("hindrance")) {
        const bool alone = all_rule && !within(holders);
        give(f, start, holders);
        if (alone) st.flags.insert("HINDRANCE");
        st.decided_at = static_cast<std::int64_t>(position);
      } else if (!InForceName(st.status)) {
        become("PENDING_CO", start, f->event.id);
        st.decided_at = static_cast<std::int64_t>(position);
      }
    } else {  // revoked, refused, withdrawn
      if (!may_end()) continue;
      if (type == "consent.refused" && by != learner_) {
        const bool closed = InForceName(st.status) && EndBy(st, key.purpose, start);
        for (const auto& [who, grant] : InForceName(st.status) ? st.givers : st.pending)
          if (((InForceName(st.status) && !closed) || st.status == "PENDING_CO") && who != by &&
              who != learner_)
            st.flags.insert("GUARDIAN_CONFLICT");
      }
      become(type == "consent.refused"     ? "REFUSED"
             : type == "consent.withdrawn" ? "WITHDRAWN"
                                           : "REVOKED",
             start, f->event.id);
      st.pending.clear();
      st.waiting = false;
      st.flags.erase("WITHDRAWAL_REFUSED");
      st.flags.erase("HINDRANCE");
      st.applied.push_back(f);
      st.decided_at = static_cast<std::int64_t>(position);
    }
  }
  return st;
}

NaiveConsent::State NaiveConsent::StateOf(const Key& key, std::int64_t t) const {
  const Running st = Fold(key, t);
  State state;
  std::int64_t erased_at = -1;
  std::string erased_by;
  for (const Fact& f : log_)  // the physical log, whatever the view
    if (!f.erased && Type(f) == "erasure.executed" && About(f) &&
        Has(f.event.list("classes"), "C")) {
      erased_at = static_cast<std::int64_t>(f.position.value());
      erased_by = f.event.id;
    }
  if (erased_at >= 0 && st.decided_at < erased_at) {
    state.status = "INDETERMINATE";
    state.reason = "ERASED";
    state.by = erased_by;
    return state;
  }
  state.status = st.status;
  state.reason = st.reason;
  state.consent = st.consent;
  state.by = st.by;
  if (st.status != "NONE") state.since = st.since;
  state.flags = {st.flags.begin(), st.flags.end()};
  if (st.status == "PENDING_CO")
    for (const std::string& holder : HoldersAt(key.purpose, t))
      if (st.pending.count(holder) == 0) state.missing.push_back(holder);
  if (InForceName(st.status)) {
    state.waiting = st.waiting;
    if (const auto over = EndBy(st, key.purpose, t)) {
      state.status = over->status;
      state.reason = over->reason;
      state.by = over->by;
      state.since = std::max(over->at, st.since);
      state.waiting = false;
    }
  }
  const auto* rules = pack_.Purpose(key.purpose);
  for (const Fact& f : log_) {
    if (!Sees(f) || Type(f) != "consent.given" || !Touches(f, key) || V(f) > t || rules == nullptr)
      continue;
    const auto released = SaidOn(f, "ledger.quarantine_released");
    const auto reattested = SaidOn(f, "ledger.reattested");
    const bool quarantined =
        f.outcome == events::Outcome::kQuarantined && (!released || *released > t);
    const bool suspect = Suspect(f) && (!reattested || *reattested > t);
    if (!quarantined && !suspect) continue;
    bool fits = Has(HoldersAt(key.purpose, V(f)), Name(Text(f, "by"))) && !Void(f, st.applied) &&
                t < V(f) + rules->ttl_days * kDay &&
                (!f.event.has("valid_until") || t < f.event.number("valid_until"));
    for (const Fact& g : log_)
      if (Sees(g) && Type(g) == "consent.invalidated" && About(g) &&
          Text(g, "target") == f.event.id && (Text(g, "effect") == "EX_TUNC" || V(g) <= t))
        fits = false;
    state.quarantined = state.quarantined || (fits && quarantined);
    state.suspect = state.suspect || (fits && suspect);
  }
  return state;
}

std::string NaiveConsent::ReasonWithout(const Key& key, std::int64_t t, const State& state) const {
  if (state.suspect) return "SUSPECT";
  if (state.quarantined) return "QUARANTINED";
  // Every atom that any grant names.
  Strings recipients;
  for (const Fact& f : log_)
    if (Sees(f) && Type(f) == "consent.given")
      for (const std::string& recipient : f.event.list("recipients"))
        if (!Has(recipients, recipient)) recipients.push_back(recipient);
  bool newer_notice = false;
  for (const std::string& recipient : recipients) {
    for (const auto& [category, unused] : pack_.categories) {
      if (pack_.LeavesOf(category).size() != 1 || pack_.LeavesOf(category).front() != category)
        continue;
      const State other = StateOf({key.controller, key.purpose, recipient, category}, t);
      if (!InForceName(other.status)) continue;
      if (recipient == key.recipient) return "SCOPE";
      const Fact* consent = FindEvent(other.consent);
      const Fact* cited = nullptr;
      for (const Fact& f : log_)
        if (Sees(f) && Type(f) == "registry.notice_published" &&
            Text(f, "notice") == Text(*consent, "notice") &&
            Text(f, "version") == Text(*consent, "notice_version") && cited == nullptr)
          cited = &f;
      for (const Fact& f : log_)
        if (cited != nullptr && Sees(f) && Type(f) == "registry.notice_published" &&
            Text(f, "notice") == Text(*cited, "notice") && f.event.number("material") != 0 &&
            Text(f, "version") != Text(*cited, "version") &&
            std::tuple(V(f), f.position) > std::tuple(V(*cited), cited->position) && V(f) <= t &&
            Has(f.event.list("purposes"), key.purpose) &&
            Has(f.event.list("recipients"), key.recipient) &&
            Covers(f.event.list("data_categories"), key.category))
          newer_notice = true;
    }
  }
  return newer_notice ? "NOTICE_VERSION" : "NO_CONSENT";
}

std::string NaiveConsent::LeafReason(const Key& key, std::int64_t t, State& state, bool& by_consent,
                                     bool& contested) const {
  const auto restricted = [&](const std::string& kind) {
    for (const Fact& f : log_) {
      if (f.erased || Type(f) != "restriction.set" || !Stands(f) || !About(f) ||
          Text(f, "kind") != kind || V(f) > t ||
          (f.event.valid_to && f.event.valid_to->micros <= t))
        continue;
      bool cleared = false;
      for (const Fact& g : log_)
        if (!g.erased && Type(g) == "restriction.cleared" && Stands(g) &&
            Text(g, "restriction") == f.event.id && V(g) <= t &&
            !(kind == "OBJECTION" && Text(g, "outcome") == "UPHELD"))
          cleared = true;
      const auto& purposes = f.event.list("purposes");
      const auto& categories = f.event.list("data_categories");
      if (!cleared && (purposes.empty() || Has(purposes, key.purpose)) &&
          (categories.empty() || Covers(categories, key.category)))
        return true;
    }
    return false;
  };
  for (const Fact& f : log_)
    if (!f.erased && Type(f) == "erasure.executed" && About(f) &&
        f.event.number("whole_subject") != 0)
      return "SUBJECT_ERASED";
  if (restricted("ART18")) return "RESTRICTED";
  if (restricted("PROTECTION") && Covers(pack_.protected_categories, key.category) &&
      !Has(pack_.cleared_recipients, key.recipient))
    return "PROTECTED";
  const Fact* basis = nullptr;
  for (const Fact& f : log_)
    if (Sees(f) && Type(f) == "registry.basis_asserted" &&
        Text(f, "controller") == key.controller && Text(f, "purpose") == key.purpose &&
        Covers(f.event.list("data_categories"), key.category) && V(f) <= t &&
        (!f.event.valid_to || t < f.event.valid_to->micros) &&
        (basis == nullptr || V(*basis) <= V(f)))
      basis = &f;
  if (basis == nullptr) return "NO_BASIS";
  std::string status = "ASSERTED";
  for (const Fact& f : log_) {
    if (!Sees(f) || Type(f) != "registry.basis_determined" || Text(f, "basis") != basis->event.id)
      continue;
    const bool is_final = f.event.number("final") != 0;
    const std::string outcome = Text(f, "outcome");
    status = outcome == "RETURNED" ? "OPEN"
             : !is_final           ? "CONTESTED"
             : outcome == "VALID"  ? "CONFIRMED"
                                   : "INVALID";
  }
  if (status == "INVALID") return "BASIS_INVALID";
  const std::string code = Text(*basis, "basis");
  if (code != "A6-1-a") {
    if ((code == "A6-1-e" || code == "A6-1-f") && restricted("OBJECTION")) return "OBJECTION";
    contested = status == "CONTESTED" || status == "OPEN";
    return "";
  }
  by_consent = true;
  state = StateOf(key, t);
  if (InForceName(state.status)) return state.waiting ? "WITHDRAWAL_PENDING" : "";
  if (state.status == "NONE" || state.status == "REQUESTED" || state.status == "DEFERRED")
    return ReasonWithout(key, t, state);
  if (state.status == "INDETERMINATE") return "ERASED";
  if (state.status == "EXPIRED" && !state.reason.empty()) return state.reason;
  return state.status;
}

NaiveConsent::Answer NaiveConsent::Decide(const Key& key, const Strings& categories,
                                          std::int64_t t) const {
  Answer answer;
  std::set<std::string> leaves;
  for (const std::string& category : categories)
    for (const auto leaf : pack_.LeavesOf(category)) leaves.insert(std::string(leaf));
  std::map<std::string, std::string> reasons;
  std::set<std::string> missing;
  std::set<std::string> flags;
  bool any_consent = false;
  for (const std::string& leaf : leaves) {
    Key atom = key;
    atom.category = leaf;
    State state;
    bool by_consent = false;
    bool contested = false;
    const std::string reason = LeafReason(atom, t, state, by_consent, contested);
    reasons[leaf] = reason;
    any_consent = any_consent || by_consent;
    if (contested) flags.insert("BASIS_CONTESTED");
    flags.insert(state.flags.begin(), state.flags.end());
    missing.insert(state.missing.begin(), state.missing.end());
    if (!reason.empty()) answer.denied[leaf] = reason;
    const bool leads = answer.reason.empty() || Severity(reason) < Severity(answer.reason);
    if (!reason.empty() && leads) {
      answer.reason = reason;
      answer.consent = state.consent;
    }
    if (reason.empty() && answer.reason.empty() && answer.consent.empty())
      answer.consent = state.consent;
  }
  std::set<std::string> subset;
  for (const std::string& category : categories) {
    bool whole = true;
    for (const auto leaf : pack_.LeavesOf(category))
      whole = whole && reasons[std::string(leaf)].empty();
    if (whole) subset.insert(category);
    for (const auto leaf : pack_.LeavesOf(category))
      if (!whole && reasons[std::string(leaf)].empty()) subset.insert(std::string(leaf));
  }
  answer.permitted_subset = {subset.begin(), subset.end()};
  answer.missing = {missing.begin(), missing.end()};
  answer.flags = {flags.begin(), flags.end()};
  answer.result = answer.reason == "ERASED" ? "INDETERMINATE"
                  : !answer.reason.empty()  ? "DENY"
                  : any_consent             ? "PERMIT"
                                            : "PERMIT_STATUTORY";
  return answer;
}

}  // namespace oppi::tests
