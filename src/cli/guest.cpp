#include "cli/guest.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/input.h"
#include "tenon/component.h"
#include "tenon/core.h"
#include "tenon/instance.h"
#include "tenon/linker.h"
#include "tenon/result.h"
#include "tenon/types.h"
#include "tenon/value.h"
#include "tenon/value_text.h"
#include "wasi/context.h"
#include "wasi/filesystem/preopens.h"
#include "wasi/packages.h"
#include "wasi/preview1/preview1.h"
#include "wasi/refusal.h"
#include "wit/binary.h"
#include "wit/preview1.h"
#include "wit/walk.h"

namespace tenon::cli {
namespace {

// Components.

class ComponentGuest final : public Guest {
 public:
  ComponentGuest(Component component, Instance instance, std::vector<GuestFunc> functions)
      : component_(std::move(component)), instance_(instance), functions_(std::move(functions)) {}

  const std::vector<GuestFunc>& functions() const override { return functions_; }

  Result<GuestResult> call(size_t index, const CallText& call) override {
    const GuestFunc& wanted = functions_[index];
    TENON_TRY(const Func func, wanted.instance.empty() ? instance_.get_func(wanted.name) : instance_.get_func(wanted.instance, wanted.name));
    const FuncType type = func.type();
    TENON_TRY(const std::vector<Value> arguments, arguments_from_call(call, type.table(), type.node()));
    TENON_TRY(std::optional<Value> value, func.call(arguments));
    return GuestResult{std::move(value), type.result()};
  }

 private:
  Component component_;
  Instance instance_;
  std::vector<GuestFunc> functions_;
};

void collect_functions(std::span<const Item> items, const std::string& instance, std::vector<GuestFunc>& functions) {
  for (const Item& item : items) {
    if (item.kind() == ItemKind::Func)
      functions.push_back({.instance = instance, .name = std::string(item.name()), .type = to_string(*item.func())});
    else if (item.kind() == ItemKind::Instance && instance.empty())
      collect_functions(item.exports(), std::string(item.name()), functions);
  }
}

class CompiledComponent final : public CompiledGuest {
 public:
  CompiledComponent(const Engine& engine, Component component) : engine_(engine), component_(std::move(component)) {}

  size_t code_bytes() const override { return component_.code_bytes(); }

  Result<std::unique_ptr<Guest>> instantiate(Store& store, MissingImports missing) const override {
    Linker linker(engine_);
    if (store.data() != nullptr) {
      TENON_CHECK_OK(wasi::check_imports(component_, wasi::Context::of(store).guard()));
      if (imports_files()) TENON_CHECK_OK(wasi::filesystem::open_preopens(wasi::Context::of(store)));
      TENON_CHECK_OK(wasi::add_imported(linker, component_));
    }
    if (missing == MissingImports::Trap) TENON_CHECK_OK(linker.define_unknown_imports_as_traps(component_));
    auto instance = linker.instantiate(store, component_);
    if (!instance) return std::unexpected<Error>(with_advice(std::move(instance).error(), linker));
    std::vector<GuestFunc> found;
    collect_functions(component_.exports(), "", found);
    // Its own functions come first. Not std::stable_partition: clang warns of what gcc 12's library does in it.
    std::vector<GuestFunc> functions;
    for (const bool own : {true, false})
      for (const GuestFunc& func : found)
        if (func.instance.empty() == own) functions.push_back(func);
    return std::make_unique<ComponentGuest>(component_, *instance, std::move(functions));
  }

 private:
  bool imports_files() const {
    const std::span<const Item> imports = component_.imports();
    return std::any_of(imports.begin(), imports.end(), [](const Item& item) { return item.name().starts_with("wasi:filesystem/preopens"); });
  }

  Error with_advice(Error error, const Linker& linker) const {
    if (error.kind() != ErrorKind::NotFound || linker.missing(component_).empty()) return error;
    return Error(error.kind(),
                 error.message() + "\nlink a component that exports them with --link FILE, or let calls of them trap with --trap-missing-imports");
  }

  Engine engine_;
  Component component_;
};

// Core modules.

std::optional<TypeKind> kind_of(core::ValType type) {
  switch (type) {
    case core::ValType::I32: return TypeKind::S32;
    case core::ValType::I64: return TypeKind::S64;
    case core::ValType::F32: return TypeKind::F32;
    case core::ValType::F64: return TypeKind::F64;
    default: return std::nullopt;
  }
}

/// Signed or not is not in a core type: i32 takes -2^31 to 2^32-1. All i64 of a call are read as signed, or else all as unsigned.
enum class Sign : uint8_t { Signed, Unsigned };

Result<std::vector<core::Val>> core_arguments(const CallText& call, const core::FuncType& type, Sign sign) {
  const TypeTable table;
  FuncTypeNode node;
  for (size_t i = 0; i < type.params.size(); i++) {
    const auto kind = kind_of(type.params[i]);
    if (!kind) return fail(ErrorKind::Unsupported, fmt::format("the function takes a {}, which has no text form", to_string(type.params[i])));
    const bool is_unsigned = *kind == TypeKind::S64 && sign == Sign::Unsigned;
    node.params.push_back({.name = fmt::format("p{}", i),
                           .type = primitive_type(is_unsigned              ? TypeKind::U64
                                                  : *kind == TypeKind::S32 ? TypeKind::S64
                                                                           : *kind)});
  }
  TENON_TRY(const std::vector<Value> values, arguments_from_call(call, table, node));
  std::vector<core::Val> arguments;
  for (size_t i = 0; i < values.size(); i++) {
    const auto* wide = values[i].get_if<int64_t>();
    if (type.params[i] == core::ValType::I32) {
      if (*wide < INT32_MIN || *wide > int64_t{UINT32_MAX})
        return fail(ErrorKind::InvalidInput, fmt::format("p{}: expected i32 (-2147483648 to 4294967295), got number {}", i, *wide));
      arguments.emplace_back(static_cast<int32_t>(static_cast<uint32_t>(*wide)));
    } else if (wide != nullptr) {
      arguments.emplace_back(*wide);
    } else if (const auto* natural = values[i].get_if<uint64_t>()) {
      arguments.emplace_back(static_cast<int64_t>(*natural));
    } else if (const auto* narrow = values[i].get_if<float>()) {
      arguments.emplace_back(*narrow);
    } else {
      arguments.emplace_back(*values[i].get_if<double>());
    }
  }
  return arguments;
}

Value value_of(const core::Val& held) {
  if (const auto* number = std::get_if<int32_t>(&held)) return Value(int32_t{*number});
  if (const auto* number = std::get_if<int64_t>(&held)) return Value(int64_t{*number});
  if (const auto* number = std::get_if<float>(&held)) return Value(float{*number});
  if (const auto* number = std::get_if<double>(&held)) return Value(double{*number});
  return {};
}

class CoreGuest final : public Guest {
 public:
  CoreGuest(core::Instance instance, std::vector<GuestFunc> functions) : instance_(std::move(instance)), functions_(std::move(functions)) {}

  const std::vector<GuestFunc>& functions() const override { return functions_; }

  Result<GuestResult> call(size_t index, const CallText& call) override {
    TENON_TRY(const core::Func func, instance_.get_func(functions_[index].name));
    const core::FuncType type = func.type();
    auto arguments = core_arguments(call, type, Sign::Signed);
    if (!arguments && arguments.error().kind() == ErrorKind::InvalidInput && std::ranges::find(type.params, core::ValType::I64) != type.params.end()) {
      if (auto as_unsigned = core_arguments(call, type, Sign::Unsigned)) arguments = std::move(as_unsigned);
    }
    if (!arguments) return std::unexpected<Error>(std::move(arguments).error());
    std::vector<TypeIndex> members;
    for (core::ValType result : type.results) {
      const auto kind = kind_of(result);
      if (!kind) return fail(ErrorKind::Unsupported, fmt::format("the function returns a {}, which has no text form", to_string(result)));
      members.push_back(primitive_type(*kind));
    }
    TENON_TRY(const std::vector<core::Val> results, func.call(*arguments));
    if (results.empty()) return GuestResult{};
    if (results.size() == 1) return GuestResult{value_of(results[0]), Type(types_, members[0])};
    std::vector<Value> items;
    items.reserve(results.size());
    for (const core::Val& result : results) items.push_back(value_of(result));
    return GuestResult{Value::sequence(std::move(items)), Type(types_, types_.add_tuple(members))};
  }

 private:
  core::Instance instance_;
  std::vector<GuestFunc> functions_;
  TypeTable types_;
};

/// What is known of imports that programs have and nothing here provides: one line each, behind a line break.
std::string why_not_provided(const core::Module& module) {
  const auto imports = [&](std::string_view from, std::string_view name) {
    return std::ranges::any_of(module.imports(),
                               [&](const core::ImportType& import) { return import.module == from && (name.empty() || import.name == name); });
  };
  std::string lines;
  if (imports("wasi_unstable", "")) lines += "\nwasi_unstable is WASI before preview 1: build the program for wasm32-wasip1 or wasm32-wasip2";
  if (imports("wasi", "thread-spawn")) lines += "\nthreads of programs (wasi-threads) are not run: build the program without them";
  return lines;
}

class CompiledModule final : public CompiledGuest {
 public:
  explicit CompiledModule(core::Module module) : module_(std::move(module)) {}

  size_t code_bytes() const override { return module_.code_bytes(); }

  Result<std::unique_ptr<Guest>> instantiate(Store& store, MissingImports missing) const override {
    TENON_TRY(const std::vector<core::Extern> imports, make_imports(store, missing));
    TENON_TRY(core::Instance instance, core::Instance::create(store, module_, imports));
    if (store.data() != nullptr && imports_preview1()) TENON_CHECK_OK(wasi::preview1::bind_memory(wasi::Context::of(store), instance));
    std::vector<GuestFunc> functions;
    bool has_initializer = false;
    for (const core::ExportType& exported : module_.exports()) {
      if (const auto* type = std::get_if<core::FuncType>(&exported.type)) {
        functions.push_back({.instance = {}, .name = exported.name, .type = "func " + to_string(*type)});
        has_initializer = has_initializer || (exported.name == "_initialize" && type->params.empty());
      }
    }
    // The convention of reactors: it runs before anything else.
    if (has_initializer) {
      TENON_TRY(const core::Func initialize, instance.get_func("_initialize"));
      TENON_CHECK_OK(initialize.call({}));
    }
    return std::make_unique<CoreGuest>(std::move(instance), std::move(functions));
  }

 private:
  Result<std::vector<core::Extern>> make_imports(Store& store, MissingImports missing) const {
    std::vector<core::Extern> imports;
    std::vector<std::string> names;
    if (store.data() != nullptr) TENON_CHECK_OK(wasi::preview1::check_imports(module_, wasi::Context::of(store).guard()));
    for (const core::ImportType& import : module_.imports()) {
      if (store.data() != nullptr) {
        TENON_TRY(const std::optional<core::Func> provided, wasi::preview1::make_import(store, import));
        if (provided) {
          imports.emplace_back(*provided);
          continue;
        }
      }
      const auto* func = std::get_if<core::FuncType>(&import.type);
      const std::string name = import.module + "." + import.name;
      if (missing == MissingImports::Refuse || func == nullptr) {
        names.push_back(fmt::format("{} ({})", name, to_string(import.type)));
        continue;
      }
      auto trap = [name](Store&, std::span<const core::Val>, std::span<core::Val>) -> Result<> {
        return fail(ErrorKind::Trap, fmt::format("the import {} is not provided", name));
      };
      TENON_TRY(core::Func made, core::Func::create(store, *func, std::move(trap)));
      imports.emplace_back(made);
    }
    if (names.empty()) return imports;
    std::string advice = why_not_provided(module_);
    if (missing == MissingImports::Refuse) advice += "\nlet calls of missing functions trap with --trap-missing-imports";
    return fail(ErrorKind::NotFound, fmt::format("not provided: {}{}", fmt::join(names, ", "), advice));
  }

  bool imports_preview1() const {
    return std::ranges::any_of(module_.imports(), [](const core::ImportType& import) { return import.module == "wasi_snapshot_preview1"; });
  }

  core::Module module_;
};

/// Whether a core module carries the type of a component that can be made of it.
bool has_component_type(std::span<const std::byte> module) {
  const auto sections = wit::read_sections(module);
  return sections && std::ranges::any_of(*sections, [](const wit::Section& section) { return section.id == 0 && section.name.starts_with("component-type"); });
}

std::string without_version(std::string_view name) { return std::string(name.substr(0, name.find('@'))); }

std::string short_name(std::string_view name) {
  const std::string plain = without_version(name);
  return plain.substr(plain.find_last_of('/') == std::string::npos ? 0 : plain.find_last_of('/') + 1);
}

/// How well `name` names the function: 0 fully, 1 without the version or package, 2 by the function's name alone; absent when not at all.
std::optional<int> rank(const GuestFunc& func, std::string_view name) {
  if (func.instance.empty()) return func.name == name ? std::optional(0) : std::nullopt;
  const auto is = [&](std::string_view instance, std::string_view separator) { return name == fmt::format("{}{}{}", instance, separator, func.name); };
  const std::string plain = without_version(func.instance);
  for (std::string_view separator : {"/", "#", "."}) {
    if (is(func.instance, separator)) return 0;
    if (is(plain, separator) || is(short_name(func.instance), separator)) return 1;
  }
  // The form of WAVE's own library: "ns:package/interface.name@1.0.0".
  if (name == fmt::format("{}.{}{}", plain, func.name, func.instance.substr(plain.size()))) return 0;
  return func.name == name ? std::optional(2) : std::nullopt;
}

}  // namespace

Result<std::unique_ptr<CompiledGuest>> compile_guest(const Engine& engine, const Input& input) {
  TENON_CHECK_OK(check_runnable(input));
  // A module that carries a component type is meant to be a component; any other one runs as it is, with preview 1 when it wants that.
  bool is_preview1 = false;
  if (input.kind == wit::FileKind::CoreModule && has_component_type(input.bytes())) {
    auto found = wit::imports_preview1(input.bytes());
    if (!found) return std::unexpected<Error>(std::move(found).error().wrap(input.name));
    is_preview1 = *found;
  }
  if (input.kind == wit::FileKind::Component || is_preview1) {
    auto component = is_preview1 ? Component::create(engine, input.bytes(), wit::preview1_recipe()) : Component::create(engine, input.bytes());
    if (!component) return std::unexpected<Error>(std::move(component).error().wrap(input.name));
    return std::make_unique<CompiledComponent>(engine, std::move(*component));
  }
  auto module = core::Module::create(engine, input.bytes());
  if (!module) return std::unexpected<Error>(std::move(module).error().wrap(input.name));
  return std::make_unique<CompiledModule>(std::move(*module));
}

std::optional<size_t> find_program(const std::vector<GuestFunc>& functions) {
  for (size_t i = 0; i < functions.size(); i++) {
    const GuestFunc& func = functions[i];
    if (func.name == "run" && func.instance.starts_with("wasi:cli/run@0.2.")) return i;
    if (func.instance.empty() && func.name == "_start" && func.type.starts_with("func ()")) return i;
  }
  return std::nullopt;
}

Result<size_t> find_function(const std::vector<GuestFunc>& functions, std::string_view name) {
  constexpr int worst = 3;
  int best = worst;
  std::vector<size_t> found;
  for (size_t i = 0; i < functions.size(); i++) {
    const auto ranked = rank(functions[i], name);
    if (!ranked || *ranked > best) continue;
    if (*ranked < best) found.clear();
    best = *ranked;
    found.push_back(i);
  }
  if (found.size() == 1) return found.front();
  if (!found.empty()) {
    std::vector<std::string> names;
    names.reserve(found.size());
    for (size_t i : found) names.push_back(functions[i].display());
    return fail(ErrorKind::InvalidInput, fmt::format("\"{}\" could be any of: {}", wit::excerpt(name), fmt::join(names, ", ")));
  }
  std::vector<std::string> displays;
  displays.reserve(functions.size());
  for (const GuestFunc& func : functions) displays.push_back(func.display());
  std::vector<std::string_view> candidates(displays.begin(), displays.end());
  candidates.reserve(2 * functions.size());
  for (const GuestFunc& func : functions) candidates.push_back(func.name);
  constexpr size_t shown_max = 20;
  std::string hint = wit::did_you_mean(name, candidates);
  if (hint.empty() && !displays.empty()) {
    const size_t shown = std::min(displays.size(), shown_max);
    hint = fmt::format("; there are: {}", fmt::join(displays.begin(), displays.begin() + static_cast<ptrdiff_t>(shown), ", "));
    if (shown < displays.size()) hint += fmt::format(" and {} more (tenon inspect lists them)", displays.size() - shown);
  }
  if (displays.empty()) hint = "; it exports no function";
  return fail(ErrorKind::NotFound, fmt::format("there is no exported function \"{}\"{}", wit::excerpt(name), hint));
}

}  // namespace tenon::cli
