#pragma once

#include <cstdint>

#include "tenon/result.h"

namespace tenon::cli {

/// The status that the program ends with (docs/exit-codes.md). `Guest` is for everything that a guest decides, so that its statuses cannot be taken
/// for the program's own.
enum class ExitCode : uint8_t {
  Success = 0,
  Guest = 1,
  Usage = 2,
  InvalidInput = 3,
  Unsupported = 4,
  NotFound = 5,
  Denied = 6,
  LimitExceeded = 7,
  Timeout = 8,
  Trap = 9,
  Unavailable = 10,
};

ExitCode exit_code_of(ErrorKind kind);

}  // namespace tenon::cli
