#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// What all C2SP texts (notes, checkpoints, proofs, tile paths, policies) are made of: lines and
/// decimal numbers that have exactly one spelling.

namespace oppi::ledger {

/// Takes the next line off `rest`, without its "\n". nullopt when no "\n" is left: every line of a
/// C2SP text is terminated, the last one too.
[[nodiscard]] std::optional<std::string_view> TakeLine(std::string_view& rest);

/// ASCII decimal digits without sign or leading zeros. nullopt for everything else, overflow
/// included.
[[nodiscard]] std::optional<std::uint64_t> ParseDecimal(std::string_view text);

/// Valid UTF-8 (shortest forms, no surrogates) without control characters below U+0020 but "\n".
[[nodiscard]] bool IsNoteText(std::string_view text);

}  // namespace oppi::ledger
