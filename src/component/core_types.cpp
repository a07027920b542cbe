#include "component/core_types.h"

#include <fmt/format.h>

#include <algorithm>

namespace tenon::component {

namespace {

/// One side of a comparison, whichever it came from.
struct Side {
  uint32_t kind = TN_OTHER;
  std::string params;
  std::string results;
  tn_limits limits{};
  uint8_t global = 0;
  bool is_mutable = false;
};

std::string codes(const std::vector<CoreValueType>& types) {
  std::string text;
  for (const CoreValueType type : types) text += static_cast<char>(type_code(type));
  return text;
}

Side side_of(const CoreExternType& type, const std::vector<CoreFuncType>& types) {
  Side side;
  switch (type.kind) {
    case CoreExternKind::Func:
      side.kind = TN_FUNC;
      side.params = codes(types[at(type.func)].params);
      side.results = codes(types[at(type.func)].results);
      return side;
    case CoreExternKind::Global:
      side.kind = TN_GLOBAL;
      side.global = type_code(type.value);
      side.is_mutable = type.is_mutable;
      return side;
    case CoreExternKind::Table:
    case CoreExternKind::Memory:
      side.kind = type.kind == CoreExternKind::Table ? TN_TABLE : TN_MEMORY;
      side.limits = {.minimum = type.minimum,
                     .maximum = type.maximum.value_or(0),
                     .has_maximum = type.maximum.has_value(),
                     .is_64 = type.is_64,
                     .is_shared = type.is_shared,
                     .page_size_log2 = static_cast<uint8_t>(type.kind == CoreExternKind::Memory ? type.page_size_log2 : 0),
                     .element = static_cast<uint8_t>(type.kind == CoreExternKind::Table ? type_code(type.value) : 0)};
      return side;
    case CoreExternKind::Tag:
      side.kind = TN_TAG;
      side.params = codes(types[at(type.func)].params);
      return side;
  }
  return side;
}

Side side_of(const tn_module_item& item) {
  return {.kind = item.kind,
          .params = std::string(engine::text_of(item.params)),
          .results = std::string(engine::text_of(item.results)),
          .limits = item.limits,
          .global = item.global,
          .is_mutable = item.is_mutable != 0};
}

std::string_view kind_name(uint32_t kind) {
  switch (kind) {
    case TN_FUNC: return "func";
    case TN_TABLE: return "table";
    case TN_MEMORY: return "memory";
    case TN_GLOBAL: return "global";
    case TN_TAG: return "tag";
    default: return "shared memory";
  }
}

std::string value_name(uint8_t code) {
  switch (code) {
    case TN_TYPE_I32: return "i32";
    case TN_TYPE_I64: return "i64";
    case TN_TYPE_F32: return "f32";
    case TN_TYPE_F64: return "f64";
    case TN_TYPE_V128: return "v128";
    case TN_TYPE_FUNCREF: return "funcref";
    case TN_TYPE_EXTERNREF: return "externref";
    default: return "reference";
  }
}

std::string describe(const Side& side) {
  const auto list = [](std::string_view what, const std::string& types) {
    std::string text;
    for (const char code : types) text += " " + value_name(static_cast<uint8_t>(code));
    return text.empty() ? text : fmt::format(" ({}{})", what, text);
  };
  switch (side.kind) {
    case TN_FUNC: return fmt::format("type `(func{}{})`", list("param", side.params), list("result", side.results));
    case TN_GLOBAL: return std::string(side.is_mutable ? "mutable " : "") + "global " + value_name(side.global);
    case TN_TABLE:
    case TN_MEMORY:
      return side.limits.has_maximum != 0 ? fmt::format("{} {} to {}", kind_name(side.kind), side.limits.minimum, side.limits.maximum)
                                          : fmt::format("{} {} or more", kind_name(side.kind), side.limits.minimum);
    case TN_TAG: return "tag" + list("param", side.params);
    default: return std::string(kind_name(side.kind));
  }
}

bool fits(const tn_limits& wanted, const tn_limits& given) {
  if (wanted.is_64 != given.is_64 || wanted.is_shared != given.is_shared || wanted.page_size_log2 != given.page_size_log2 || wanted.element != given.element)
    return false;
  if (given.minimum < wanted.minimum) return false;
  return wanted.has_maximum == 0 || (given.has_maximum != 0 && given.maximum <= wanted.maximum);
}

Result<> compare(const Side& wanted, const Side& given) {
  bool good = wanted.kind == given.kind && wanted.kind != TN_OTHER;
  if (good && wanted.kind == TN_FUNC) good = wanted.params == given.params && wanted.results == given.results;
  if (good && wanted.kind == TN_TAG) good = wanted.params == given.params;
  if (good && wanted.kind == TN_GLOBAL) good = wanted.global == given.global && wanted.is_mutable == given.is_mutable;
  if (good && (wanted.kind == TN_TABLE || wanted.kind == TN_MEMORY)) good = fits(wanted.limits, given.limits);
  if (good) return {};
  if (wanted.kind != given.kind)
    return fail(ErrorKind::InvalidInput, "expected " + std::string(kind_name(wanted.kind)) + " found " + std::string(kind_name(given.kind)));
  return fail(ErrorKind::InvalidInput, "expected " + describe(wanted) + ", found " + describe(given));
}

}  // namespace

uint8_t type_code(CoreValueType type) {
  switch (type) {
    case CoreValueType::I32: return TN_TYPE_I32;
    case CoreValueType::I64: return TN_TYPE_I64;
    case CoreValueType::F32: return TN_TYPE_F32;
    case CoreValueType::F64: return TN_TYPE_F64;
    case CoreValueType::V128: return TN_TYPE_V128;
    case CoreValueType::FuncRef: return TN_TYPE_FUNCREF;
    case CoreValueType::ExternRef: return TN_TYPE_EXTERNREF;
    case CoreValueType::OtherRef: return TN_TYPE_REFERENCE;
  }
  return TN_TYPE_REFERENCE;
}

Result<> match(const CoreExternType& expected, const tn_module_item& actual, const std::vector<CoreFuncType>& types) {
  return compare(side_of(expected, types), side_of(actual));
}

Result<> match(const tn_module_item& wanted, const CoreExternType& given, const std::vector<CoreFuncType>& types) {
  return compare(side_of(wanted), side_of(given, types));
}

Result<> match(const ModuleType& expected, const tn_module* actual, const std::vector<CoreFuncType>& types) {
  for (const ModuleExport& wanted : expected.exports) {
    const std::string where = "module export `" + wanted.name + "`";
    bool found = false;
    for (size_t i = 0; i < tn_module_export_count(actual) && !found; ++i) {
      const tn_module_item item = tn_module_export(actual, i);
      if (engine::text_of(item.name) != wanted.name) continue;
      found = true;
      if (auto matched = match(wanted.type, item, types); !matched) return std::unexpected(std::move(matched).error().wrap(where + " has the wrong type"));
    }
    if (!found) return fail(ErrorKind::InvalidInput, where + " not defined");
  }
  for (size_t i = 0; i < tn_module_import_count(actual); ++i) {
    const tn_module_item item = tn_module_import(actual, i);
    const std::string where = "module import `" + std::string(engine::text_of(item.module)) + "::" + std::string(engine::text_of(item.name)) + "`";
    const auto named = [&item](const ModuleImport& import) {
      return import.module == engine::text_of(item.module) && import.name == engine::text_of(item.name);
    };
    const auto given = std::ranges::find_if(expected.imports, named);
    if (given == expected.imports.end()) return fail(ErrorKind::InvalidInput, where + " not defined");
    if (auto matched = match(item, given->type, types); !matched) return std::unexpected(std::move(matched).error().wrap(where + " has the wrong type"));
  }
  return {};
}

}  // namespace tenon::component
