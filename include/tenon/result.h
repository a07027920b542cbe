#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace tenon {

/// What a caller can do about a failure. Callers branch on the kind, never on the text of a message.
enum class ErrorKind : uint8_t {
  /// The bytes, text or values given are wrong; the same input will always fail.
  InvalidInput,
  /// The input is right, but needs something that this build does not run.
  Unsupported,
  /// What was named does not exist: an export, an import, a file.
  NotFound,
  /// A policy or permission refuses it.
  Denied,
  /// A limit was reached: memory, fuel, stack, size, count.
  LimitExceeded,
  /// The deadline passed or the call was cancelled.
  Timeout,
  /// The guest trapped; its instance takes no more calls.
  Trap,
  /// The guest ended itself with a status (`wasi:cli/exit`).
  Exit,
  /// A resource of the machine or a peer is missing or failed: disk, network, process.
  Unavailable,
};

/// The name of `kind` as it appears in messages and JSON, in kebab-case: "invalid-input".
std::string_view to_string(ErrorKind kind);

/// The one error of the program: a kind to branch on, and a message for people.
///
/// The message is lower case, without a period at the end, with the numbers in it; context is added on the way out with `wrap`.
class Error {
 public:
  Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}

  ErrorKind kind() const { return kind_; }
  const std::string& message() const { return message_; }

  /// The error with "`context`: " in front of its message.
  Error wrap(std::string_view context) && {
    message_.insert(0, ": ").insert(0, context);
    return std::move(*this);
  }

 private:
  ErrorKind kind_;
  std::string message_;
};

/// A value or an `Error`. Must be looked at. With an `E` of its own it is a guest's `result<T, E>` in a typed function (`tenon/typed.h`).
template <class T = void, class E = Error>
class [[nodiscard]] Result : public std::expected<T, E> {
 public:
  using std::expected<T, E>::expected;
};

/// An error as the return value of a function that returns `Result`.
inline std::unexpected<Error> fail(ErrorKind kind, std::string message) { return std::unexpected<Error>(Error(kind, std::move(message))); }

}  // namespace tenon

#define TENON_CONCAT_INNER(a, b) a##b
#define TENON_CONCAT(a, b) TENON_CONCAT_INNER(a, b)
#define TENON_TRY_INNER(name, declaration, ...)                      \
  auto name = (__VA_ARGS__);                                         \
  if (!name) [[unlikely]]                                            \
    return std::unexpected<::tenon::Error>(std::move(name).error()); \
  declaration = *std::move(name)

/// `TENON_TRY(auto bytes, read(file));` declares `bytes`, or returns the error from the enclosing function. One per line, in braces.
#define TENON_TRY(declaration, ...) TENON_TRY_INNER(TENON_CONCAT(tenon_try_, __LINE__), declaration, __VA_ARGS__)

/// `TENON_CHECK_OK(step());` goes on when the `Result` holds no error, and returns the error otherwise.
#define TENON_CHECK_OK(...)                                                    \
  do {                                                                         \
    if (auto tenon_result = (__VA_ARGS__); !tenon_result) [[unlikely]]         \
      return std::unexpected<::tenon::Error>(std::move(tenon_result).error()); \
  } while (false)
