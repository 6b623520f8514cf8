#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

/// Comparisons of C++20 that the standard library of Debian 12's emscripten does not have yet, so
/// that defaulted ones of ours exist. Included before every file of the WebAssembly build
/// (CMakeLists.txt beside it), and by nothing else: adding to std is not for programs, it stands in
/// for what the library will bring.

#if defined(_LIBCPP_VERSION) && _LIBCPP_VERSION < 16000
namespace std {

template <class T, size_t N>
constexpr strong_ordering operator<=>(const array<T, N>& a, const array<T, N>& b) {
  for (size_t i = 0; i < N; ++i)
    if (const strong_ordering order = a[i] <=> b[i]; order != 0) return order;
  return strong_ordering::equal;
}

constexpr strong_ordering operator<=>(string_view a, string_view b) { return a.compare(b) <=> 0; }
inline strong_ordering operator<=>(const string& a, const string& b) { return a.compare(b) <=> 0; }

}  // namespace std
#endif
