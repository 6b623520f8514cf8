#include <cstdio>
#include <string>
#include <string_view>

#include "ops/exit_code.h"
#include "ops/verify_files.h"

// The stand-alone verifier: no store, no network, no settings; a few files in, verdicts out.

namespace {

using namespace oppi;

constexpr std::string_view kHelp =
    "Checks evidence, receipts, state receipts, checkpoints and equivocations offline.\n"
    "Usage: oppiloki-verify [OPTIONS] FILE...\n"
    "\n"
    "Options:\n"
    "  --policy FILE   C2SP tlog-policy: the log and its witnesses (also --trust)\n"
    "  --succession FILE  the log's key has changed: what one key signed for the next; repeatable\n"
    "  --about NAME    identifier that state receipts must speak of\n"
    "  --incomplete    accept evidence that does not show that nothing is left out\n"
    "  --json          one JSON document a file\n"
    "  --version       print the version\n"
    "  --help          print this\n"
    "\n"
    "Exit code 0: every file holds; 1: one does not; 2: bad usage.\n"
    "\n"
    "Example:\n"
    "  oppiloki-verify answer.evidence --policy trust.policy\n";

struct Parsed {
  ops::VerifyOptions options;
  std::string_view print;  // instead of verifying
};

Result<Parsed> Parse(int argc, char** argv) {
  Parsed parsed;
  bool options_end = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (options_end || !word.starts_with("-") || word == "-") {
      parsed.options.files.emplace_back(word);
    } else if (word == "--") {
      options_end = true;
    } else if (word == "--help" || word == "-h") {
      parsed.print = kHelp;
    } else if (word == "--version") {
      parsed.print = "oppiloki-verify " OPPI_VERSION "\n";
    } else if (word == "--incomplete") {
      parsed.options.incomplete = true;
    } else if (word == "--json") {
      parsed.options.json = true;
    } else if (word == "--succession") {
      if (++i == argc) return InvalidArgument("--succession needs a value");
      parsed.options.successions.emplace_back(argv[i]);
    } else if (word == "--policy" || word == "--trust" || word == "--about") {
      if (++i == argc) return InvalidArgument(std::string(word) + " needs a value");
      (word == "--about" ? parsed.options.about : parsed.options.policy) = argv[i];
    } else {
      // What was not expected may be a person's number: it is not repeated.
      return InvalidArgument("an argument was not expected; see --help");
    }
  }
  if (!parsed.print.empty()) return parsed;
  if (parsed.options.policy.empty()) return InvalidArgument("--policy is required");
  if (parsed.options.files.empty()) return InvalidArgument("FILE is required");
  return parsed;
}

Result<int> Run(int argc, char** argv) {
  OPPI_TRY(const Parsed parsed, Parse(argc, argv));
  if (parsed.print.empty()) return ops::VerifyFiles(parsed.options);
  std::fwrite(parsed.print.data(), 1, parsed.print.size(), stdout);
  return ops::kExitDone;
}

}  // namespace

int main(int argc, char** argv) {
  const Result<int> done = Run(argc, argv);
  if (done.ok()) return *done;
  std::fprintf(stderr, "oppiloki-verify: %s\n", done.error().message.c_str());
  return ops::ExitFor(done.error());
}
