#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/result.h"
#include "tenon/value_text.h"
#include "wit/binary.h"
#include "wit/core_module.h"

namespace tenon::wit {

/// An import or export, with what an instance exports below it.
struct InspectedItem {
  /// Of a core module's import: "module.name".
  std::string name;
  /// "func", "instance", "component", "module", "type", "resource"; in core modules "func", "memory", "table", "global", "tag".
  std::string kind;
  /// "func(a: u32) -> string", "record { … }", "(i32, i32) -> (i32)", "memory 1..2". Empty where the kind says all.
  std::string type;
  std::vector<InspectedItem> items;
  /// Of an exported function whose types have a JSON form.
  std::optional<FunctionSchema> schema;
};

/// A core module: the file itself, or one inside of a component.
struct InspectedModule {
  uint64_t bytes = 0;
  /// Made by the translator to connect components; not in the file.
  bool is_adapter = false;
  size_t import_count = 0;
  size_t export_count = 0;
  std::vector<DefinedMemory> memories;
};

/// What a WebAssembly file holds and asks for. The file is validated, nothing is compiled.
struct Inspection {
  FileKind kind = FileKind::Component;
  uint64_t bytes = 0;
  std::vector<InspectedItem> imports;
  std::vector<InspectedItem> exports;
  std::vector<InspectedModule> modules;
  /// Interfaces of WASI that it imports: "wasi:cli/environment@0.2.6"; of a core module the functions of preview 1: "wasi_snapshot_preview1.fd_write".
  std::vector<std::string> wasi;
  /// Asynchronous functions and built-ins that keep it from running here.
  std::vector<std::string> unsupported;
  /// WIT text with documentation; empty for core modules that carry none.
  std::string wit;
  /// As `read_metadata` gives it.
  std::string metadata;
  /// The plan that the runtime would follow, as text. Only when it was asked for.
  std::string plan;
};

enum class PlanDump : uint8_t { Without, With };

/// Looks into a binary of kind `kind`. Errors: `InvalidInput` when it is not valid, with what and where; as `component::translate`.
Result<Inspection> inspect(FileKind kind, std::span<const std::byte> binary, PlanDump dump = PlanDump::Without);

/// "1.5 MB", "2,195 bytes".
std::string describe_size(uint64_t bytes);

/// "memory of 1 to 2 pages (64 KiB each), 64-bit".
std::string describe(const DefinedMemory& memory);

/// The inspection for people, and as one JSON object.
std::string to_text(const Inspection& inspection, std::string_view name);
std::string to_json(const Inspection& inspection, std::string_view name);

/// Schemas of the exported functions: `{"run": {"input": …, "output": …, "error": …}, "wasi:cli/run@0.2.6#run": …}`; null where there is none.
std::string schemas_to_json(const Inspection& inspection);

}  // namespace tenon::wit
