#pragma once

#include <string>
#include <string_view>

#include "events/codec/foreign.h"
#include "events/ed25519.h"
#include "events/result.h"
#include "ops/node.h"

/// Publishers whose keys this machine holds: those of the demonstration.

namespace oppi::ops {

/// A principal's name as the system part of a source: [a-z0-9-]{1,32}.
[[nodiscard]] std::string SystemName(std::string_view name);

/// The key of a publisher, from the node's keys or from keys/publishers/NAME.key. A publisher that the
/// ledger does not know yet gets a key and is registered with the role its name stands for (sis and
/// others PROVIDER, dvv IDENTITY, portal PORTAL, gateway GATEWAY, dpo DPO, vendor-* VENDOR).
[[nodiscard]] Result<NamedSigningKey> PublisherKey(Node& node, const std::string& name);

/// How foreign records become events of this publisher. Pseudonyms are mixed with a secret made from
/// its key, so the same key gives the same pseudonyms.
[[nodiscard]] events::TranslateOptions TranslationFor(const std::string& controller, const NamedSigningKey& key);

}  // namespace oppi::ops
