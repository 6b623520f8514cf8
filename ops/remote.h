#pragma once

#include <memory>
#include <string>

#include "consumers/http_client.h"
#include "consumers/ingest.h"
#include "events/batch.h"
#include "ledger/checkpoint.h"

/// A served ledger, for commands with --url.

namespace oppi::ops {

class Remote {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Remote>> Open(const std::string& url, const std::string& token);

  /// The newest checkpoint, parsed but not verified: the log's key is the caller's business.
  [[nodiscard]] Result<ledger::Checkpoint> NewestCheckpoint();
  [[nodiscard]] Result<std::string> Text(const std::string& path);
  [[nodiscard]] Result<consumers::BatchReport> Send(const events::SignedBatch& batch);
  /// POST of a JSON body, which may be empty where none is wanted; the answer's text.
  [[nodiscard]] Result<std::string> Ask(const std::string& path, const std::string& body);

 private:
  explicit Remote(std::unique_ptr<consumers::HttpClient> client) : client_(std::move(client)) {}
  std::unique_ptr<consumers::HttpClient> client_;
};

}  // namespace oppi::ops
