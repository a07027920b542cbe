#include "cli/exit_code.h"

#include "tenon/result.h"

namespace tenon::cli {

ExitCode exit_code_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::InvalidInput: return ExitCode::InvalidInput;
    case ErrorKind::Unsupported: return ExitCode::Unsupported;
    case ErrorKind::NotFound: return ExitCode::NotFound;
    case ErrorKind::Denied: return ExitCode::Denied;
    case ErrorKind::LimitExceeded: return ExitCode::LimitExceeded;
    case ErrorKind::Timeout: return ExitCode::Timeout;
    case ErrorKind::Trap: return ExitCode::Trap;
    case ErrorKind::Exit: return ExitCode::Guest;
    case ErrorKind::Unavailable: return ExitCode::Unavailable;
  }
  return ExitCode::Unavailable;
}

}  // namespace tenon::cli
