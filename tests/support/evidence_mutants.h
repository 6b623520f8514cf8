#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

/// Alterations of an evidence file, each with a name that says what was done where. Any verifier must
/// refuse every one of them; the same ones can be written to a folder for verifiers in other languages.

namespace oppi::tests {

struct Mutant {
  std::string name;  // "flip /entries/3/leaf, sealed"
  std::string text;
};

/// In every member of the document: texts flipped, cut, emptied and lengthened; numbers raised and
/// lowered; flags turned; elements dropped, doubled and swapped; lists cut and emptied; members
/// dropped, renamed and added. Those of the claim once as they are and, where the claim could not be
/// true of another question, once more with the claim's hash made to fit. Stops when `each`
/// returns false.
void ForEachMutant(const std::string& evidence, const std::function<bool(const Mutant&)>& each);

/// What the form itself refuses: white space, another order, other spellings of the same document.
[[nodiscard]] std::vector<Mutant> Respelled(const std::string& evidence);

}  // namespace oppi::tests
