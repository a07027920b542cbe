#include "component/plan.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "engine/raw.h"
#include "tenon_native.h"

namespace tenon::component {
namespace {

enum class Needs : uint8_t { Sync, Async };

struct TrampolineInfo {
  std::string_view name;
  Needs needs;
};

constexpr TrampolineInfo trampoline_infos[] = {
#define TENON_TRAMPOLINE(kind, name, needs) {name, Needs::needs},
#include "component/trampolines.def"
#undef TENON_TRAMPOLINE
};

const TrampolineInfo& info(TrampolineKind kind) { return trampoline_infos[static_cast<size_t>(kind)]; }

uint32_t feature_bits(const TranslateOptions& options) {
  uint32_t bits = 0;
  if (options.maps) bits |= TN_PLAN_MAPS;
  if (options.fixed_length_lists) bits |= TN_PLAN_FIXED_LENGTH_LISTS;
  if (options.implements) bits |= TN_PLAN_IMPLEMENTS;
  if (options.memory64) bits |= TN_PLAN_MEMORY64;
  if (options.async_stackful) bits |= TN_PLAN_ASYNC_STACKFUL;
  if (options.more_async_builtins) bits |= TN_PLAN_MORE_ASYNC_BUILTINS;
  if (options.threading) bits |= TN_PLAN_THREADING;
  if (options.error_context) bits |= TN_PLAN_ERROR_CONTEXT;
  if (options.garbage_collection) bits |= TN_PLAN_GC;
  return bits;
}

}  // namespace

std::string_view to_string(TrampolineKind kind) { return info(kind).name; }

bool is_async(TrampolineKind kind) { return info(kind).needs == Needs::Async; }

std::string_view to_string(Transcode transcode) {
  constexpr std::string_view names[] = {
      "utf8-to-utf8",           "utf16-to-utf16",  "latin1-to-latin1", "latin1-to-utf16",       "latin1-to-utf8", "utf16-to-compact-probably-utf16",
      "utf16-to-compact-utf16", "utf16-to-latin1", "utf16-to-utf8",    "utf8-to-compact-utf16", "utf8-to-latin1", "utf8-to-utf16",
  };
  return names[static_cast<size_t>(transcode)];
}

std::string_view to_string(StringEncoding encoding) {
  constexpr std::string_view names[] = {"utf8", "utf16", "latin1+utf16"};
  return names[static_cast<size_t>(encoding)];
}

std::string_view to_string(CoreValueType type) {
  constexpr std::string_view names[] = {"i32", "i64", "f32", "f64", "v128", "funcref", "externref", "ref"};
  return names[static_cast<size_t>(type)];
}

std::string_view to_string(CoreExternKind kind) {
  constexpr std::string_view names[] = {"func", "table", "memory", "global", "tag"};
  return names[static_cast<size_t>(kind)];
}

std::string_view to_string(ExternKind kind) {
  constexpr std::string_view names[] = {"component", "instance", "func", "type", "module", "core func", "resource"};
  return names[static_cast<size_t>(kind)];
}

PlanBuffer::~PlanBuffer() { tn_buffer_free({reinterpret_cast<uint8_t*>(data_), size_, capacity_}); }

Result<PlanBuffer> translate(std::span<const std::byte> component, const TranslateOptions& options) {
  tn_buffer made = {};
  if (tn_error* error = tn_plan_translate(engine::bytes_of(component), feature_bits(options), &made); error != nullptr)
    return std::unexpected(engine::take_error(error));
  PlanBuffer buffer;
  buffer.data_ = reinterpret_cast<std::byte*>(made.data);
  buffer.size_ = made.size;
  buffer.capacity_ = made.capacity;
  return buffer;
}

Result<> validate(std::span<const std::byte> wasm, const TranslateOptions& options) {
  if (tn_error* error = tn_plan_validate(engine::bytes_of(wasm), feature_bits(options)); error != nullptr) return std::unexpected(engine::take_error(error));
  return {};
}

namespace {

/// Walks what a component imports, exports and computes with, and notes what cannot run.
class UseSearch {
 public:
  explicit UseSearch(const Plan& plan) : plan_(plan) {}

  std::vector<UnsupportedUse> run() && {
    for (const NamedExtern& import : plan_.imports) visit(import.type, import.name, UnsupportedUse::Kind::ImportedFunction);
    for (const NamedExport& item : plan_.exports) visit_export(item, "");
    for (const Trampoline& trampoline : plan_.trampolines) {
      if (is_async(trampoline.kind)) note(UnsupportedUse::Kind::BuiltIn, to_string(trampoline.kind));
      if (trampoline.kind == TrampolineKind::LowerImport && plan_.options[at(*trampoline.options)].is_async)
        note(UnsupportedUse::Kind::ImportedFunction, "canon lower async");
    }
    for (const Initializer& initializer : plan_.initializers) {
      const auto* resource = std::get_if<DefineResource>(&initializer);
      if (resource != nullptr && resource->representation != CoreValueType::I32) {
        note(UnsupportedUse::Kind::Resource, "a resource represented by an " + std::string(to_string(resource->representation)));
      }
    }
    const auto order = [](const UnsupportedUse& use) { return std::pair(use.kind, std::string_view(use.name)); };
    std::ranges::sort(uses_, std::less<>{}, order);
    const auto repeated = std::ranges::unique(uses_);
    uses_.erase(repeated.begin(), repeated.end());
    return std::move(uses_);
  }

 private:
  void note(UnsupportedUse::Kind kind, std::string_view name) { uses_.push_back({kind, std::string(name)}); }

  bool is_async_type(std::optional<TypeIndex> index) const {
    if (!index) return false;
    const TypeNode& node = plan_.types->node(*index);
    return node.kind >= TypeKind::Future;
  }

  /// Notes futures, streams and error contexts inside of `index`. Parts come before what is made of them, so the walk ends.
  void visit_type(TypeIndex index) {
    if (index < primitive_type(TypeKind::List) || seen_[at(index)]) return;
    seen_[at(index)] = true;
    if (is_async_type(index)) note(UnsupportedUse::Kind::ValueType, tenon::to_string(Type(*plan_.types, index)));
    for (const TypeField& field : plan_.types->node(index).fields) {
      if (field.type) visit_type(*field.type);
    }
  }

  void visit_func(FuncTypeIndex index, std::string_view name, UnsupportedUse::Kind kind) {
    const FuncTypeNode& func = plan_.func_types[at(index)];
    if (func.is_async) note(kind, name);
    for (const Param& param : func.params) visit_type(param.type);
    if (func.result) visit_type(*func.result);
  }

  void visit(const ExternType& type, const std::string& name, UnsupportedUse::Kind kind) {
    if (const auto* func = std::get_if<FuncTypeIndex>(&type)) visit_func(*func, name, kind);
    if (const auto* instance = std::get_if<InstanceTypeIndex>(&type)) {
      for (const NamedExtern& item : plan_.instance_types[at(*instance)].exports) visit(item.type, name + "#" + item.name, kind);
    }
  }

  void visit_export(const NamedExport& item, const std::string& prefix) {
    const std::string name = prefix + item.name;
    const Export& found = plan_.export_items[at(item.index)];
    if (const auto* func = std::get_if<LiftedFunction>(&found)) {
      visit_func(func->type, name, UnsupportedUse::Kind::ExportedFunction);
      if (plan_.options[at(func->options)].is_async) note(UnsupportedUse::Kind::ExportedFunction, name);
    } else if (const auto* instance = std::get_if<ExportedInstance>(&found)) {
      for (const NamedExport& inner : instance->exports) visit_export(inner, name + "#");
    }
  }

  const Plan& plan_;
  std::vector<bool> seen_ = std::vector<bool>(plan_.types->size());
  std::vector<UnsupportedUse> uses_;
};

}  // namespace

std::vector<UnsupportedUse> unsupported_uses(const Plan& plan) { return UseSearch(plan).run(); }

}  // namespace tenon::component
