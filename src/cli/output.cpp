#include "cli/output.h"

#include <unistd.h>

#include "base/files.h"

namespace tenon::cli {

Result<ExitCode> write_text(Program& program, const std::string& path, std::string_view text) {
  if (path.empty() || path == "-") {
    program.print(text);
    return ExitCode::Success;
  }
  TENON_CHECK_OK(base::write_file(path, text));
  return ExitCode::Success;
}

Result<ExitCode> write_binary(Program& program, const std::string& path, std::span<const std::byte> binary) {
  if ((path.empty() || path == "-") && isatty(STDOUT_FILENO) == 1) {
    program.note("error: the output is binary and would go to the terminal\ntry: -o FILE, or --text for WebAssembly text\n");
    return ExitCode::Usage;
  }
  return write_text(program, path, std::string_view(reinterpret_cast<const char*>(binary.data()), binary.size()));
}

}  // namespace tenon::cli
