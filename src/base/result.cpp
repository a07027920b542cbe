#include "tenon/result.h"

namespace tenon {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::InvalidInput: return "invalid-input";
    case ErrorKind::Unsupported: return "unsupported";
    case ErrorKind::NotFound: return "not-found";
    case ErrorKind::Denied: return "denied";
    case ErrorKind::LimitExceeded: return "limit-exceeded";
    case ErrorKind::Timeout: return "timeout";
    case ErrorKind::Trap: return "trap";
    case ErrorKind::Exit: return "exit";
    case ErrorKind::Unavailable: return "unavailable";
  }
  return "unknown";
}

}  // namespace tenon
