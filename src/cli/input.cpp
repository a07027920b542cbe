#include "cli/input.h"

#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "cli/program.h"
#include "tenon/result.h"
#include "tenon/wit.h"
#include "wit/binary.h"

namespace tenon::cli {

/// Tells what was found in a file.
static Input told(Input input) {
  base::log(base::LogLevel::Info, fmt::format("{}: {}, {} bytes", input.name, to_string(input.kind), input.bytes().size()));
  return input;
}

static std::unexpected<Error> in(const std::string& name, Error error) { return std::unexpected<Error>(std::move(error).wrap(name)); }

Result<Input> load_input(Program& program, const std::string& path) {
  TENON_TRY(std::string contents, program.read_input(path));
  Input input{.name = path == "-" ? "standard input" : path, .contents = std::move(contents), .made = {}};
  auto kind = wit::detect(input.bytes());
  if (!kind) return in(input.name, std::move(kind).error());
  if (*kind != wit::FileKind::Text) {
    input.kind = *kind;
    return told(std::move(input));
  }
  TENON_TRY(input.made, wit::text_to_binary(input.contents, input.name));
  kind = wit::detect(input.made);
  if (!kind) return in(input.name, std::move(kind).error());
  input.kind = *kind;
  return told(std::move(input));
}

Result<> check_runnable(const Input& input) {
  if (input.kind != wit::FileKind::WitPackage) return {};
  return fail(ErrorKind::InvalidInput, fmt::format("{}: expected a component or core module, got a WIT package (tenon wit prints it)", input.name));
}

}  // namespace tenon::cli
