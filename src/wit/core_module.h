#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tenon/result.h"

namespace tenon::wit {

/// A memory that a core module defines.
struct DefinedMemory {
  /// In pages.
  uint64_t minimum = 0;
  std::optional<uint64_t> maximum = {};
  bool is_64 = false;
  bool is_shared = false;
  uint64_t page_bytes = 65536;
};

/// An import or export of a core module.
struct CoreItem {
  /// Of an import.
  std::string module;
  std::string name;
  /// "func", "table", "memory", "global" or "tag".
  std::string kind;
  /// "(i32, i32) -> (i32)", "1..2", "mut i64"; empty when it is of a form that is not known here.
  std::string type;
};

/// What a core module imports, exports and defines, as far as its sections say: nothing is validated, nothing compiled.
struct CoreModule {
  std::vector<CoreItem> imports;
  std::vector<CoreItem> exports;
  /// Imported memories are not among them.
  std::vector<DefinedMemory> memories;
};

/// Errors: `InvalidInput` when a section is cut off; `LimitExceeded` past 1,000,000 types, functions, imports or exports.
Result<CoreModule> read_core_module(std::span<const std::byte> module);

}  // namespace tenon::wit
