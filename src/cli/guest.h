#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/input.h"
#include "tenon/engine.h"
#include "tenon/result.h"
#include "tenon/store.h"
#include "tenon/types.h"
#include "tenon/value.h"
#include "tenon/value_text.h"

namespace tenon::cli {

/// A function that can be called by name.
struct GuestFunc {
  /// Of the interface that exports it; empty at the top.
  std::string instance;
  std::string name;
  /// "func(a: u32) -> string".
  std::string type;

  std::string display() const { return instance.empty() ? name : instance + "/" + name; }
};

/// What a call came to. `type` views the guest.
struct GuestResult {
  std::optional<Value> value;
  std::optional<Type> type;
};

enum class MissingImports : uint8_t { Refuse, Trap };

/// A live component or core module whose functions are called with text. One thread at a time; its store outlives it.
class Guest {
 public:
  virtual ~Guest() = default;

  virtual const std::vector<GuestFunc>& functions() const = 0;
  /// Calls function `index` of `functions()`.
  virtual Result<GuestResult> call(size_t index, const CallText& call) = 0;
};

/// What a file compiles to, ready to be instantiated.
class CompiledGuest {
 public:
  virtual ~CompiledGuest() = default;
  /// Machine code in bytes.
  virtual size_t code_bytes() const = 0;
  /// A component gets WASI when the store has a `wasi::Context`. Errors: those of instantiating; `Denied` lists the imports that the context's guard forbids.
  virtual Result<std::unique_ptr<Guest>> instantiate(Store& store, MissingImports missing) const = 0;
};

/// Compiles a component or core module. A module of WASI preview 1 becomes a component first. Errors: as `Component::create` and `core::Module::create`, with
/// the file's name in front.
Result<std::unique_ptr<CompiledGuest>> compile_guest(const Engine& engine, const Input& input);

/// The function that makes the guest a program: `run` of wasi:cli/run, or `_start` of a core module. Absent when it is none.
std::optional<size_t> find_program(const std::vector<GuestFunc>& functions);

/// The function that `name` means: its full name, without the version, with the interface's short name, or alone when only one interface has it.
/// Errors: `NotFound` with near names; `InvalidInput` when several fit, listing them.
Result<size_t> find_function(const std::vector<GuestFunc>& functions, std::string_view name);

}  // namespace tenon::cli
