#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "cli/program.h"
#include "tenon/result.h"
#include "wit/binary.h"

namespace tenon::cli {

/// A WebAssembly file that a command was given; text is a binary by now.
struct Input {
  /// The path, or "standard input".
  std::string name;
  /// Component, CoreModule or WitPackage.
  wit::FileKind kind = wit::FileKind::Component;
  /// What was read; used when it is a binary.
  std::string contents;
  /// A binary that was made of text or of other files.
  std::vector<std::byte> made;

  std::span<const std::byte> bytes() const { return made.empty() ? std::as_bytes(std::span(contents)) : std::span<const std::byte>(made); }
};

/// Reads a file, tells what it is, and makes a binary of text. Errors: as `Program::read_input`, `wit::detect` and `wit::text_to_binary`, with the name in
/// front.
Result<Input> load_input(Program& program, const std::string& path);

/// Refuses what cannot be run: "expected a component or core module, got a WIT package".
Result<> check_runnable(const Input& input);

}  // namespace tenon::cli
