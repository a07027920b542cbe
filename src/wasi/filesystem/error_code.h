#pragma once

#include <expected>

#include "wasi/filesystem/types.h"

namespace tenon::wasi::filesystem {

/// The case of `error-code` that is similar to an errno. `io` for what has no case of its own.
ErrorCode error_code(int number);

/// `std::unexpected` of the current errno's case.
std::unexpected<ErrorCode> failed_with_errno();

inline std::unexpected<ErrorCode> failed(ErrorCode code) { return std::unexpected(code); }

}  // namespace tenon::wasi::filesystem
