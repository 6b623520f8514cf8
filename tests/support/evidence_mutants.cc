#include "tests/support/evidence_mutants.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "tests/support/sealed_claim.h"

namespace oppi::tests {
namespace {

using Json = nlohmann::ordered_json;
using Pointer = Json::json_pointer;

/// Another question, or another moment, may have the same answer: a true claim, though not the one
/// that was made.
bool AnotherTrueClaim(const std::string& path) {
  return path.starts_with("/claim/inputs") || path.starts_with("/claim/view/at");
}

class Mutator {
 public:
  Mutator(const std::string& evidence, const std::function<bool(const Mutant&)>& each)
      : text_(evidence), whole_(Json::parse(evidence)), each_(each) {}

  void Run() { Visit("", whole_); }

 private:
  template <class Change>
  void Try(const std::string& what, const std::string& path, Change&& change) {
    if (stopped_) return;
    Json bad = whole_;
    change(bad[Pointer(path)]);
    if (bad == whole_ && bad.dump() == text_) return;
    stopped_ = !each_({what + " " + path, bad.dump()});
    if (!stopped_ && path.starts_with("/claim/") && !AnotherTrueClaim(path))
      stopped_ = !each_({what + " " + path + ", sealed", Sealed(bad)});
  }

  void Visit(const std::string& path, const Json& at) {
    if (stopped_) return;
    if (at.is_string())
      VisitText(path, at.get<std::string>());
    else if (at.is_number())
      VisitNumber(path, at.get<std::uint64_t>());
    else if (at.is_boolean())
      Try("turn", path, [&](Json& j) { j = !at.get<bool>(); });
    else if (at.is_array())
      VisitList(path, at);
    else if (at.is_object())
      VisitObject(path, at);
    if (!path.empty()) Try("null", path, [](Json& j) { j = nullptr; });
  }

  void VisitText(const std::string& path, const std::string& text) {
    const auto with = [&](const char* what, std::string changed) {
      Try(what, path, [&](Json& j) { j = std::move(changed); });
    };
    for (const std::size_t at : {std::size_t{0}, text.size() / 3, text.size() / 2, text.size() - 1}) {
      if (text.empty() || static_cast<unsigned char>(text[at]) >= 0x80) continue;
      std::string changed = text;
      changed[at] = text[at] == 'A' ? 'B' : 'A';
      with("flip", std::move(changed));
    }
    if (!text.empty()) with("cut", text.substr(0, text.size() / 2));
    if (!text.empty()) with("empty", "");
    with("lengthen", text + "A");
  }

  void VisitNumber(const std::string& path, std::uint64_t n) {
    Try("raise", path, [&](Json& j) { j = n + 1; });
    if (n > 0) Try("lower", path, [&](Json& j) { j = n - 1; });
    Try("make a text of", path, [&](Json& j) { j = std::to_string(n); });
  }

  void VisitList(const std::string& path, const Json& list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string element = path + "/" + std::to_string(i);
      Try("drop", path, [&](Json& j) { j.erase(i); });
      Try("double", path, [&](Json& j) { j.insert(j.begin() + static_cast<std::ptrdiff_t>(i), Json(list[i])); });
      if (i > 0) Try("swap at " + std::to_string(i) + " of", path, [&](Json& j) { std::swap(j[i], j[i - 1]); });
      if (i > 0) Try("cut at " + std::to_string(i) + " of", path, [&](Json& j) { j.erase(j.begin() + static_cast<std::ptrdiff_t>(i), j.end()); });
      Visit(element, list[i]);
    }
    if (!list.empty()) Try("empty", path, [](Json& j) { j = Json::array(); });
    Try("add to", path, [](Json& j) { j.push_back(nullptr); });
  }

  void VisitObject(const std::string& path, const Json& object) {
    for (const auto& [name, value] : object.items()) {
      const std::string member = name;
      Try("drop " + member + " of", path, [&](Json& j) { j.erase(member); });
      Visit(path + "/" + member, value);
    }
    Try("add a member to", path, [](Json& j) { j["more"] = 1; });
  }

  const std::string& text_;
  const Json whole_;
  const std::function<bool(const Mutant&)>& each_;
  bool stopped_ = false;
};

}  // namespace

void ForEachMutant(const std::string& evidence, const std::function<bool(const Mutant&)>& each) {
  Mutator(evidence, each).Run();
}

std::vector<Mutant> Respelled(const std::string& evidence) {
  const auto replaced = [&](std::string_view from, std::string_view to) {
    std::string text = evidence;
    return text.replace(text.find(from), from.size(), to);
  };
  Json reordered;
  const Json whole = Json::parse(evidence);
  reordered["entries"] = whole["entries"];
  for (const auto& [name, value] : whole.items()) reordered[name] = value;
  return {{"a line end", evidence + "\n"},
          {"a space before", " " + evidence},
          {"white space", whole.dump(1)},
          {"an escape that is not needed", replaced("\"format\"", "\"f\\u006frmat\"")},
          {"a slash escaped", replaced("oppiloki-evidence/", "oppiloki-evidence\\/")},
          {"a number with a fraction", replaced("\"count\":", "\"count\":0.0e0")},
          {"another order", reordered.dump()},
          {"a member twice", replaced("{\"format\"", "{\"format\":\"oppiloki-evidence/2\",\"format\"")},
          {"another version", replaced("evidence/2", "evidence/3")},
          {"a byte order mark", "\xef\xbb\xbf" + evidence},
          {"the first half", evidence.substr(0, evidence.size() / 2)},
          {"all but the last byte", evidence.substr(0, evidence.size() - 1)}};
}

}  // namespace oppi::tests
