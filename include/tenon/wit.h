#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/result.h"

namespace tenon::wit {

/// What a `Package` was read from.
enum class Origin : uint8_t { Package, Component, Module };

/// "package", "component", "module".
std::string_view to_string(Origin origin);

struct ParseOptions {
  /// `@unstable(feature = …)` items to keep; "*" keeps all. Default: none.
  std::vector<std::string> features = {};
};

struct PrintOptions {
  /// With documentation comments. Default: yes.
  bool docs = true;
  /// With the packages that the main one depends on, each nested in `package … { … }`, so that the text parses again alone. Default: yes.
  bool dependencies = true;
};

/// A resolved set of WIT packages: one main package with what it depends on. From a component or a core module it also has a world.
///
/// Immutable; any thread, several at once. Moved, not copied.
class Package {
 public:
  /// A WIT folder (its `*.wit` files, with dependencies in `deps/`), a WIT file, or a WebAssembly file (binary or text): WIT package, component, or core
  /// module with an embedded component type.
  ///
  /// Errors: `InvalidInput` for wrong WIT with file, line, column and the source line; `NotFound` for a missing file, or for a core module without a
  /// component type; `LimitExceeded` past 10,000 files, 16 MiB of WIT text, 200,000 items, 256 MiB of WebAssembly, or for a type with over a
  /// million parts.
  static Result<Package> load(const std::filesystem::path& path, const ParseOptions& options = {});

  /// WIT text of one file without dependencies other than nested packages. `path` is for messages. Errors as for `load`.
  static Result<Package> parse(std::string_view text, std::string_view path = "input.wit", const ParseOptions& options = {});

  /// The content of a file as `load` takes it: WIT text or WebAssembly, binary or text, told apart by how it begins. `path` is for messages.
  static Result<Package> read(std::string_view contents, std::string_view path, const ParseOptions& options = {});

  /// The WIT of a WebAssembly file, binary or text, as for `load`.
  static Result<Package> decode(std::span<const std::byte> bytes);

  Package(Package&&) noexcept;
  Package& operator=(Package&&) noexcept;
  ~Package();

  Origin origin() const;

  /// WIT text of the main package.
  Result<std::string> print(const PrintOptions& options = {}) const;

  /// One JSON object: `origin`, `package` (index), `world` (index or null) and the arrays `packages`, `worlds`, `interfaces` and `types`, which refer to
  /// each other by index. `world` selects a world by name. Errors: `NotFound` when there is no such world.
  Result<std::string> json(std::string_view world = {}) const;

  /// The main package as a binary WIT package.
  Result<std::vector<std::byte>> encode() const;

 private:
  struct Handle;
  explicit Package(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;

  friend Result<std::vector<std::byte>> embed(const Package&, std::span<const std::byte>, const struct EmbedOptions&);
  friend Result<std::vector<std::byte>> dummy_module(const Package&, std::string_view);
  friend Result<std::vector<std::string>> targets(const Package&, std::string_view, std::span<const std::byte>);
  friend Result<std::vector<std::string>> semver_check(const Package&, const Package&);
};

/// How a guest lays out strings (`CanonicalABI.md`, "String Encoding").
enum class StringEncoding : uint8_t { Utf8, Utf16, Latin1OrUtf16 };

struct EmbedOptions {
  /// The world: "tool", or "demo:plugin/tool@0.1.0". Empty when the package has one world.
  std::string world = {};
  StringEncoding encoding = StringEncoding::Utf8;
};

/// A core module (binary or text) with a world written into it as its component type: the first of two steps to a component.
///
/// Errors: `InvalidInput` when the module is not valid; `NotFound` when there is no such world.
Result<std::vector<std::byte>> embed(const Package& package, std::span<const std::byte> module, const EmbedOptions& options = {});

/// A core module with the imports and exports of a world, in which every function traps. Without the component type. Errors: `NotFound`.
Result<std::vector<std::byte>> dummy_module(const Package& package, std::string_view world = {});

/// Which published adapter stands between a module that imports `wasi_snapshot_preview1` and WASI 0.2.
enum class Preview1 : uint8_t {
  /// The command adapter for a module that exports `_start`, the reactor adapter for others.
  Automatic,
  None,
  Command,
  Reactor,
  Proxy,
};

struct ComponentizeOptions {
  /// Adapters (core modules, binary or text) by the name of the module that they stand in for.
  std::vector<std::pair<std::string, std::vector<std::byte>>> adapters = {};
  /// Used when no adapter named `wasi_snapshot_preview1` is given.
  Preview1 preview1 = Preview1::Automatic;
  /// Adapters get their memory by `memory.grow` and not from the module's `cabi_realloc`. Default: no.
  bool realloc_via_memory_grow = false;
  /// Imports of one interface in compatible versions become one. Default: yes.
  bool merge_imports_by_semver = true;
  /// Names for debugging in the component. Default: no.
  bool debug_names = false;
};

/// The component of a core module (binary or text) that carries its component type: the second step.
///
/// Errors: `InvalidInput` when the module has no component type, or lacks an import or export of its world, with the name.
Result<std::vector<std::byte>> componentize(std::span<const std::byte> module, const ComponentizeOptions& options = {});

/// One of the components that are composed. The bytes (binary or text) live until the call returns.
struct NamedComponent {
  /// For messages.
  std::string name;
  std::span<const std::byte> bytes;
};

/// One component of several. The first one's exports are the result's; an import that another one exports is connected to it, by name or else by a compatible
/// version; imports that are left become the result's.
///
/// Errors: `InvalidInput` when types differ, two export the same, nothing uses one, or they need each other in a circle; with their names.
Result<std::vector<std::byte>> compose(std::span<const NamedComponent> components);

/// How a component (binary or text) differs from what `world` asks of it, one sentence a difference that names the function and the part of the type; empty
/// when it fits. It fits when the world imports all that it imports, and it exports all that the world exports.
///
/// Errors: `InvalidInput` when the bytes are no component; `NotFound` when there is no such world.
Result<std::vector<std::string>> targets(const Package& package, std::string_view world, std::span<const std::byte> component);

/// What `after` breaks that was built for `before`, one sentence each; empty when it is a compatible version. Compares the main packages, whose names must be
/// equal but for the version. Errors: `InvalidInput` for another package.
Result<std::vector<std::string>> semver_check(const Package& before, const Package& after);

/// Producers and registry metadata of a module or component and of those inside it, as JSON: `{"component": {"metadata": {…}, "children": […]}}` or
/// `{"module": {…}}` with `name`, `producers`, `authors`, `description`, `licenses`, `source`, `homepage`, `revision`, `version`, `range`.
Result<std::string> read_metadata(std::span<const std::byte> wasm);

/// The binary with metadata from a JSON object: the fields of `read_metadata` as text (null clears one), and `language`, `processed-by`, `sdk` as objects of
/// names and versions that are added. Errors: `InvalidInput` with the field.
Result<std::vector<std::byte>> add_metadata(std::span<const std::byte> wasm, std::string_view json);

/// The binary of WebAssembly text (a core module or a component); binary input comes back as it is. Not validated. `path` is for messages.
///
/// Errors: `InvalidInput` with file, line, column and the source line; `LimitExceeded` past 64 MiB.
Result<std::vector<std::byte>> text_to_binary(std::string_view text, std::string_view path = "input.wat");

struct TextOptions {
  /// Declarations only. Default: no.
  bool skeleton = false;
  /// Instructions folded into expressions. Default: no.
  bool folded = false;
};

/// The text of a binary core module or component. Errors: `InvalidInput` with the offset.
Result<std::string> binary_to_text(std::span<const std::byte> binary, const TextOptions& options = {});

}  // namespace tenon::wit
