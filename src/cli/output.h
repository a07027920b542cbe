#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "cli/exit_code.h"
#include "cli/program.h"

namespace tenon::cli {

inline std::span<const std::byte> as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

/// Writes text to a file, or to standard output when `path` is empty or "-".
Result<ExitCode> write_text(Program& program, const std::string& path, std::string_view text);

/// Writes a binary the same way. A terminal gets none of it: that is a wrong command line, and the note says which option is missing.
Result<ExitCode> write_binary(Program& program, const std::string& path, std::span<const std::byte> binary);

}  // namespace tenon::cli
