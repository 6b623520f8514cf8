#include "projections/rehearsal.h"

#include <ostream>
#include <sstream>
#include <utility>

#include "projections/rehearsal_answers.h"
#include "projections/rehearsal_file.h"
#include "projections/rehearsal_ledger.h"

namespace oppi::projections {
namespace {

/// One line per expected member that is not there or is another; empty when all agree.
std::string Differences(const JsonValue& expected, const JsonValue& got) {
  std::string lines;
  for (const auto& [member, value] : expected.members()) {
    const JsonValue* answer = got.Find(member);
    if (answer != nullptr && *answer == value) continue;
    lines += "  " + member + ": expected " + value.Text() + ", got " +
             (answer == nullptr ? "nothing" : answer->Text()) + "\n";
  }
  return lines;
}

/// Questions are answered before a line is printed: a file that contradicts itself prints none.
Result<RehearsalReport> RehearseStory(const std::string& path, const FileReader& read,
                                      std::ostream& out) {
  OPPI_TRY(const StoryFile story, ReadStoryFile(path, read));
  OPPI_TRY(const std::unique_ptr<RehearsalLedger> ledger, RehearsalLedger::Play(story));
  RehearsalReport report;
  std::ostringstream lines;
  for (const StoryQuestion& question : story.questions) {
    OPPI_TRY(const JsonValue answer, AnswerStoryQuestion(*ledger, question));
    const std::string differences = Differences(question.expect, answer);
    lines << (differences.empty() ? "ok   " : "FAIL ") << path << ' ' << question.id << ' '
          << question.ask << '\n'
          << differences;
    ++(differences.empty() ? report.passed : report.failed);
  }
  out << lines.str();
  return report;
}

}  // namespace

RehearsalReport& RehearsalReport::operator+=(const RehearsalReport& other) {
  passed += other.passed;
  failed += other.failed;
  bad += other.bad;
  return *this;
}

int RehearsalReport::ExitCode() const {
  if (bad != 0) return 2;
  return failed != 0 ? 1 : 0;
}

RehearsalReport Rehearse(const std::string& path, const FileReader& read, std::ostream& out) {
  Result<RehearsalReport> report = RehearseStory(path, read, out);
  if (report.ok()) return *report;
  out << "BAD  " << path << ": " << report.error().message << '\n';
  RehearsalReport bad;
  bad.bad = 1;
  return bad;
}

void PrintTotals(const RehearsalReport& report, std::ostream& out) {
  out << report.passed << " passed, " << report.failed << " failed\n";
}

}  // namespace oppi::projections
