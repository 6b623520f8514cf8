#include "ops/cli.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "ledger/durable_file.h"

namespace oppi::ops {

void LedgerOptions::AddTo(CLI::App& command, bool served) {
  command.add_option("--data", data, "Directory of a ledger on this machine");
  if (served) {
    command.add_option("--url", url, "A served ledger, as in http://127.0.0.1:8080");
    command.add_option("--token", token_file, "File with the access token for --url");
  }
  command.add_flag("--json", json, "Print one JSON document (or NDJSON for lists that stream)");
}

Result<std::unique_ptr<Node>> LedgerOptions::OpenNode(const std::function<void(TreeSize, TreeSize)>& catching_up) const {
  if (data.empty()) return InvalidArgument("say where the ledger is: --data DIR");
  ProgressBar bar("catching up");
  return Node::Open({data, [&](TreeSize folded, TreeSize size) {
                       if (catching_up) catching_up(folded, size);
                       bar.Show(static_cast<double>(folded.value()) / static_cast<double>(size.value()),
                                std::to_string(folded.value()) + " entries");
                     }});
}

Result<std::string> LedgerOptions::ReadToken() const {
  if (token_file.empty()) return Unauthenticated("a served ledger wants a token: --token FILE (make one with: oppiloki token issue)");
  OPPI_TRY(std::optional<Bytes> text, ledger::ReadFileIfThere(token_file));
  if (!text) return NotFound("no token file at " + token_file);
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  return *std::move(text);
}

CLI::App* AddCommand(Cli& cli, CLI::App& parent, const std::string& name, const std::string& about,
                     const std::string& example, std::function<Result<int>()> body) {
  CLI::App* command = parent.add_subcommand(name, about);
  command->footer("Example:\n  " + example);
  if (body) command->callback([&cli, body = std::move(body)] { cli.run = body; });
  return command;
}

ProgressBar::ProgressBar(std::string label) : label_(std::move(label)), terminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

void ProgressBar::Show(double fraction, const std::string& note) {
  if (!terminal_) return;
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::steady_clock::now().time_since_epoch())
                       .count();
  if (shown_ && now - last_ms_ < 100) return;
  last_ms_ = now;
  shown_ = true;
  constexpr int kWidth = 30;
  const int filled = static_cast<int>(std::min(1.0, std::max(0.0, fraction)) * kWidth);
  std::fprintf(stderr, "\r\033[K%s  [%.*s%.*s] %3d %%  %s", label_.c_str(), filled,
               "##############################", kWidth - filled, "..............................",
               static_cast<int>(fraction * 100), note.c_str());
  std::fflush(stderr);
}

void PrintAnswer(const std::string& json, bool as_json) {
  const std::string text = as_json ? json + "\n" : Readable(json);
  std::fwrite(text.data(), 1, text.size(), stdout);
}

}  // namespace oppi::ops
