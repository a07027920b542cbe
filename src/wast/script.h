#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/result.h"

/// Scripts that test WebAssembly: modules, components, and what must come of them.
namespace tenon::wast {

/// A value as a script writes it, in the form of the crate json-from-wast: `{"type": "u32", "value": "7"}`, `{"type": "variant", "value": {"case": "a"}}`.
using Constant = nlohmann::json;

enum class DirectiveKind : uint8_t {
  Module,
  ModuleDefinition,
  ModuleInstance,
  Register,
  Action,
  AssertReturn,
  AssertTrap,
  AssertExhaustion,
  AssertException,
  AssertSuspension,
  AssertUninstantiable,
  AssertInvalid,
  AssertMalformed,
  AssertUnlinkable,
  AssertInvalidCustom,
  AssertMalformedCustom,
  Thread,
  Wait,
};

/// The keyword of a script: "assert_return", "module".
std::string_view to_string(DirectiveKind kind);

/// A call of an exported function, or a look at an exported global.
struct Action {
  bool is_get = false;
  /// The instance; the latest when absent.
  std::optional<std::string> instance;
  std::string field;
  std::vector<Constant> arguments;
};

/// One directive. Only the members that its kind has are set.
struct Directive {
  DirectiveKind kind = DirectiveKind::Module;
  /// From 1.
  uint32_t line = 0;
  /// Module: the name of its instance. ModuleDefinition: of the module. ModuleInstance: of the instance. Register: of the instance. Thread, Wait: of the
  /// thread.
  std::optional<std::string> name;
  /// ModuleInstance: of what. Thread: the instance that it shares.
  std::optional<std::string> module;
  /// Register: the new name.
  std::string as;
  /// Index into `Script::files`.
  size_t file = 0;
  /// What the reason must contain.
  std::string text;
  Action action;
  std::vector<Constant> expected;
  /// Thread: what it does.
  std::vector<Directive> directives;
};

/// A binary, or the reason why the text of a script does not become one.
struct ScriptFile {
  std::vector<std::byte> bytes;
  std::optional<std::string> error;
};

/// A script, read. A value.
struct Script {
  std::vector<Directive> directives;
  std::vector<ScriptFile> files;
  /// What the script says that it needs on or off, in the comments that it begins with, as Wasmtime's own tests have them: ";;! component_model_map = true".
  std::map<std::string, bool, std::less<>> settings;

  /// Errors: `InvalidInput` with line and column; `LimitExceeded` when the text or what it encodes to is too large.
  static Result<Script> parse(std::string_view text);

  /// Directives, those of threads too.
  size_t size() const;
};

}  // namespace tenon::wast
