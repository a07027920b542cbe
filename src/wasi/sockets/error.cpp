#include "wasi/sockets/error.h"

#include <cerrno>

namespace tenon::wasi::sockets {

ErrorCode error_code_of(int number) {
  switch (number) {
    case EAGAIN:
    case EINTR: return ErrorCode::WouldBlock;
    case EPERM:
    case EACCES: return ErrorCode::AccessDenied;
    case EOPNOTSUPP:
    case ENOPROTOOPT:
    case EPFNOSUPPORT:
    case EPROTONOSUPPORT:
    case EPROTOTYPE:
    case ESOCKTNOSUPPORT:
    case EAFNOSUPPORT: return ErrorCode::NotSupported;
    case EINVAL: return ErrorCode::InvalidArgument;
    case ENOMEM:
    case ENOBUFS: return ErrorCode::OutOfMemory;
    case ETIMEDOUT: return ErrorCode::Timeout;
    case EALREADY: return ErrorCode::ConcurrencyConflict;
    case EISCONN:
    case ENOTCONN:
    case EDESTADDRREQ: return ErrorCode::InvalidState;
    case EMFILE:
    case ENFILE: return ErrorCode::NewSocketLimit;
    case EADDRNOTAVAIL: return ErrorCode::AddressNotBindable;
    case EADDRINUSE: return ErrorCode::AddressInUse;
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETUNREACH:
    case ENETDOWN:
    case ENONET: return ErrorCode::RemoteUnreachable;
    case ECONNREFUSED: return ErrorCode::ConnectionRefused;
    case ECONNRESET: return ErrorCode::ConnectionReset;
    case ECONNABORTED: return ErrorCode::ConnectionAborted;
    case EMSGSIZE: return ErrorCode::DatagramTooLarge;
    default: return ErrorCode::Unknown;
  }
}

}  // namespace tenon::wasi::sockets
