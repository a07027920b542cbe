#include "wasi/sockets/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string_view>

namespace tenon::wasi::sockets {
namespace {

TEST(SocketErrors, HaveTheCodeOfTheInterface) {
  struct Row {
    int number;
    std::string_view code;
  };
  constexpr Row rows[] = {
      {EPERM, "access-denied"},
      {EACCES, "access-denied"},
      {EOPNOTSUPP, "not-supported"},
      {ENOPROTOOPT, "not-supported"},
      {EPFNOSUPPORT, "not-supported"},
      {EPROTONOSUPPORT, "not-supported"},
      {EPROTOTYPE, "not-supported"},
      {ESOCKTNOSUPPORT, "not-supported"},
      {EAFNOSUPPORT, "not-supported"},
      {EINVAL, "invalid-argument"},
      {ENOMEM, "out-of-memory"},
      {ENOBUFS, "out-of-memory"},
      {ETIMEDOUT, "timeout"},
      {EALREADY, "concurrency-conflict"},
      {EAGAIN, "would-block"},
      {EWOULDBLOCK, "would-block"},
      {EINTR, "would-block"},
      {EISCONN, "invalid-state"},
      {ENOTCONN, "invalid-state"},
      {EDESTADDRREQ, "invalid-state"},
      {EMFILE, "new-socket-limit"},
      {ENFILE, "new-socket-limit"},
      {EADDRNOTAVAIL, "address-not-bindable"},
      {EADDRINUSE, "address-in-use"},
      {EHOSTUNREACH, "remote-unreachable"},
      {EHOSTDOWN, "remote-unreachable"},
      {ENETUNREACH, "remote-unreachable"},
      {ENETDOWN, "remote-unreachable"},
      {ENONET, "remote-unreachable"},
      {ECONNREFUSED, "connection-refused"},
      {ECONNRESET, "connection-reset"},
      {ECONNABORTED, "connection-aborted"},
      {EMSGSIZE, "datagram-too-large"},
      {0, "unknown"},
      {EIO, "unknown"},
      {99999, "unknown"},
  };
  for (const Row& row : rows) EXPECT_EQ(EnumTraits<ErrorCode>::names[static_cast<size_t>(error_code_of(row.number))], row.code) << row.number;
}

}  // namespace
}  // namespace tenon::wasi::sockets
