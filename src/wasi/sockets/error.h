#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <string_view>

#include "tenon/typed.h"

namespace tenon::wasi::sockets {

/// `error-code` of wasi:sockets/network.
enum class ErrorCode : uint8_t {
  Unknown,
  AccessDenied,
  NotSupported,
  InvalidArgument,
  OutOfMemory,
  Timeout,
  ConcurrencyConflict,
  NotInProgress,
  WouldBlock,
  InvalidState,
  NewSocketLimit,
  AddressNotBindable,
  AddressInUse,
  RemoteUnreachable,
  ConnectionRefused,
  ConnectionReset,
  ConnectionAborted,
  DatagramTooLarge,
  NameUnresolvable,
  TemporaryResolverFailure,
  PermanentResolverFailure,
};

/// What a function of wasi:sockets answers its guest. A `Result` of one is a trap or that answer.
template <class T = void>
using Answer = std::expected<T, ErrorCode>;

/// The code of an errno, where no function says otherwise.
ErrorCode error_code_of(int number);

/// An error code on its way out of a function that returns an `Answer` or a `Result` of one.
struct Refusal {
  ErrorCode code;
  template <class T>
  operator std::expected<T, ErrorCode>() const {  // NOLINT(google-explicit-constructor): it is what a function returns
    return std::unexpected(code);
  }
};
inline Refusal refuse(ErrorCode code) { return {code}; }

}  // namespace tenon::wasi::sockets

template <>
struct tenon::EnumTraits<tenon::wasi::sockets::ErrorCode> {
  static constexpr std::array<std::string_view, 21> names = {"unknown",
                                                             "access-denied",
                                                             "not-supported",
                                                             "invalid-argument",
                                                             "out-of-memory",
                                                             "timeout",
                                                             "concurrency-conflict",
                                                             "not-in-progress",
                                                             "would-block",
                                                             "invalid-state",
                                                             "new-socket-limit",
                                                             "address-not-bindable",
                                                             "address-in-use",
                                                             "remote-unreachable",
                                                             "connection-refused",
                                                             "connection-reset",
                                                             "connection-aborted",
                                                             "datagram-too-large",
                                                             "name-unresolvable",
                                                             "temporary-resolver-failure",
                                                             "permanent-resolver-failure"};
};
