#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/result.h"

/// What a file is and what lies in it, from its first bytes and its sections' headers alone. Nothing is validated.
namespace tenon::wit {

enum class FileKind : uint8_t {
  Component,
  CoreModule,
  /// A binary component that holds nothing but exported types of packages: WIT as WebAssembly.
  WitPackage,
  /// WebAssembly text.
  Text,
};

/// "component", "core module", "WIT package", "text".
std::string_view to_string(FileKind kind);

/// Tells a file's kind by its first 8 bytes, then by its exports.
///
/// Errors: `InvalidInput` says what was seen instead: "expected WebAssembly …, got an ELF program"; `Unsupported` for core modules of the legacy component
/// model, which had a custom section "component".
Result<FileKind> detect(std::span<const std::byte> file);

/// A section of a module or component. Views the binary.
struct Section {
  uint8_t id = 0;
  /// Of a custom section (id 0); of others, what the specification calls it.
  std::string_view name;
  std::span<const std::byte> body;
};

/// The sections at the top of a binary. Errors: `InvalidInput` with the offset when a header is cut off or reaches past the end; `LimitExceeded` past
/// 100,000 sections.
Result<std::vector<Section>> read_sections(std::span<const std::byte> binary);

}  // namespace tenon::wit
