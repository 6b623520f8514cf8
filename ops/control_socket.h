#pragma once

#include <functional>
#include <memory>
#include <string>

#include "events/result.h"

/// How a command asks the process that serves a ledger: a socket file in the ledger's lock folder.
/// Whoever may write there is the owner of the ledger; no token is needed, and nothing of it can be
/// reached over a network. One line is asked; lines are answered until the other side ends.

namespace oppi::ops {

class ControlSocket {
 public:
  using SayFn = std::function<void(const std::string& line)>;
  using AnswerFn = std::function<void(const std::string& question, const SayFn& say)>;
  /// `answer` is called on a thread of its own, one question at a time, and finished even if nobody
  /// listens any more. Errors: kPermissionDenied.
  [[nodiscard]] static Result<std::unique_ptr<ControlSocket>> Start(const std::string& ledger,
                                                                    AnswerFn answer);
  /// Finishes the answer under way.
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

 private:
  struct Impl;
  explicit ControlSocket(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Asks and hands every line of the answer to `heard`, however long it takes. Errors: kUnavailable
/// (nobody can be asked).
[[nodiscard]] Status AskServer(const std::string& ledger, const std::string& question,
                               const ControlSocket::SayFn& heard);

}  // namespace oppi::ops
