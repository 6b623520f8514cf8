#pragma once

#include <functional>
#include <string>

#include "consumers/http_message.h"
#include "events/ordinal.h"
#include "events/result.h"
#include "ledger/log_view.h"

/// What an appointed auditor computes the stream map again from (ledger/transitions.h): pages of
/// commits, without names. Labels tell which entries belong together, so not everybody gets them.

namespace oppi::consumers {

/// About as many bytes of transitions as a page has.
inline constexpr std::size_t kTransitionsPageBytes = 4U << 20;

/// The page of commits whose state entries are at `from` or later; empty: there are none yet.
[[nodiscard]] Result<Bytes> TransitionsPage(const ledger::LogView& view, LeafIndex from);

class TransitionsApi {
 public:
  struct Ports {
    /// That somebody begins to read is recorded before the first page leaves.
    std::function<Status(const projections::Asker&)> record;
    std::function<std::shared_ptr<const ledger::LogView>()> view;
    std::string organisation;  // of the operator
  };
  explicit TransitionsApi(Ports ports) : ports_(std::move(ports)) {}
  /// GET /v1/transitions/{from}. Any thread.
  [[nodiscard]] HttpResponse Page(const HttpRequest& request) const;

 private:
  const Ports ports_;
};

}  // namespace oppi::consumers
