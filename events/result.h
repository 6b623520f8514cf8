#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "events/check.h"

/// The one error type. A code is an instruction to the caller; the message says what, where,
/// expected and got, and never contains learner data.

namespace oppi {

enum class Code {
  kInvalidArgument,    // refuse: the input is wrong and stays wrong
  kUnauthenticated,    // refuse: nobody proved who asks
  kPermissionDenied,   // refuse: known, but not allowed
  kNotFound,           // refuse: no such thing
  kAlreadyExists,      // fine: it was done before
  kAborted,            // reload and redo
  kResourceExhausted,  // back off
  kUnavailable,        // retry later
  kDataLoss,           // stop and call a person
};

[[nodiscard]] std::string_view CodeName(Code code);

struct Error {
  Code code;
  std::string message;
};

/// Success or an Error. Must be looked at.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor): return Error
  [[nodiscard]] bool ok() const { return !error_; }
  [[nodiscard]] const Error& error() const {
    OPPI_CHECK(error_);
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

/// A T or an Error, spelled like std::expected.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  [[nodiscard]] T& value() & { Require(); return *std::get_if<0>(&state_); }
  [[nodiscard]] const T& value() const& { Require(); return *std::get_if<0>(&state_); }
  [[nodiscard]] T&& value() && { Require(); return std::move(*std::get_if<0>(&state_)); }
  [[nodiscard]] const Error& error() const& { OPPI_CHECK(!ok()); return *std::get_if<1>(&state_); }
  [[nodiscard]] Error&& error() && { OPPI_CHECK(!ok()); return std::move(*std::get_if<1>(&state_)); }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  void Require() const { OPPI_CHECK(ok()); }
  std::variant<T, Error> state_;
};

[[nodiscard]] inline Error InvalidArgument(std::string m) { return {Code::kInvalidArgument, std::move(m)}; }
[[nodiscard]] inline Error Unauthenticated(std::string m) { return {Code::kUnauthenticated, std::move(m)}; }
[[nodiscard]] inline Error PermissionDenied(std::string m) { return {Code::kPermissionDenied, std::move(m)}; }
[[nodiscard]] inline Error NotFound(std::string m) { return {Code::kNotFound, std::move(m)}; }
[[nodiscard]] inline Error AlreadyExists(std::string m) { return {Code::kAlreadyExists, std::move(m)}; }
[[nodiscard]] inline Error Aborted(std::string m) { return {Code::kAborted, std::move(m)}; }
[[nodiscard]] inline Error ResourceExhausted(std::string m) { return {Code::kResourceExhausted, std::move(m)}; }
[[nodiscard]] inline Error Unavailable(std::string m) { return {Code::kUnavailable, std::move(m)}; }
[[nodiscard]] inline Error DataLoss(std::string m) { return {Code::kDataLoss, std::move(m)}; }

/// A named place in the code, put before a message on its way up: "checkpoint: bad root".
[[nodiscard]] inline Error At(std::string_view where, Error error) {
  error.message = std::string(where) + ": " + error.message;
  return error;
}

}  // namespace oppi

#define OPPI_CONCAT_INNER(a, b) a##b
#define OPPI_CONCAT(a, b) OPPI_CONCAT_INNER(a, b)

/// OPPI_TRY(const auto batch, Decode(bytes)): binds the value or returns the error.
#define OPPI_TRY(declaration, expression) \
  OPPI_TRY_INNER(OPPI_CONCAT(oppi_result_, __LINE__), declaration, expression)
#define OPPI_TRY_INNER(name, declaration, expression)       \
  auto name = (expression);                                 \
  if (!name.ok()) [[unlikely]] return std::move(name).error(); \
  declaration = std::move(name).value()

/// Returns the error of a Status (or Result) that is not ok.
#define OPPI_RETURN_IF_ERROR(expression)                                   \
  do {                                                                     \
    if (auto oppi_status = (expression); !oppi_status.ok()) [[unlikely]]   \
      return oppi_status.error();                                          \
  } while (false)
