// The strict parser of questions is not the matter of these tests: this one only looks at the first
// byte.
#include "projections/question.h"
namespace oppi::projections {
Result<Question> ParseQuestion(Ask ask, std::string_view json) {
  if (json.empty() || json.front() != '{') return InvalidArgument("not an object");
  Question q;
  q.ask = ask;
  return q;
}
}  // namespace oppi::projections
