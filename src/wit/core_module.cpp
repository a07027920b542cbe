#include "wit/core_module.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "tenon/result.h"
#include "wit/binary.h"
#include "wit/binary_reader.h"

namespace tenon::wit {
namespace {

constexpr uint64_t items_max = 1'000'000;

/// Kinds of imports and exports as the binary numbers them.
enum class Kind : uint8_t { Func, Table, Memory, Global, Tag };
constexpr std::array<std::string_view, 5> kind_names = {"func", "table", "memory", "global", "tag"};

/// Names of the types that are one byte, and of the heap types that references may be to.
std::string_view short_type(uint8_t code) {
  switch (code) {
    case 0x7F: return "i32";
    case 0x7E: return "i64";
    case 0x7D: return "f32";
    case 0x7C: return "f64";
    case 0x7B: return "v128";
    case 0x70: return "funcref";
    case 0x6F: return "externref";
    case 0x6E: return "anyref";
    case 0x6D: return "eqref";
    case 0x6C: return "i31ref";
    case 0x6B: return "structref";
    case 0x6A: return "arrayref";
    case 0x69: return "exnref";
    case 0x71: return "nullref";
    case 0x72: return "nullexternref";
    case 0x73: return "nullfuncref";
    case 0x74: return "nullexnref";
    default: return {};
  }
}

/// Reads the sections in their order. Each member returns false when the bytes end too early or have a form that is not known; what was read until then is
/// kept, and types that are not known stay empty.
class CoreModuleReader {
 public:
  Result<CoreModule> read(std::span<const std::byte> binary) {
    TENON_TRY(const std::vector<Section> sections, read_sections(binary));
    for (const Section& section : sections) {
      BinaryReader reader(section.body);
      bool is_whole = true;
      switch (section.id) {
        case 1: is_whole = each(reader, [&] { return rec_type(reader); }); break;
        case 2: is_whole = each(reader, [&] { return import(reader); }); break;
        case 3: is_whole = each(reader, [&] { return function(reader); }); break;
        case 4: (void)each(reader, [&] { return defined_table(reader); }); break;
        case 5: is_whole = each(reader, [&] { return defined_memory(reader); }); break;
        case 6: (void)each(reader, [&] { return defined_global(reader); }); break;
        case 7: is_whole = each(reader, [&] { return exported(reader); }); break;
        case 13: is_whole = each(reader, [&] { return tag(reader); }); break;
        default: break;
      }
      if (is_too_large_) return fail(ErrorKind::LimitExceeded, fmt::format("the {} section has more than {} entries", section.name, items_max));
      if (!is_whole) return fail(ErrorKind::InvalidInput, fmt::format("the {} section is cut off or of a form that is not known", section.name));
    }
    return std::move(module_);
  }

 private:
  template <class Step>
  bool each(BinaryReader& reader, Step step) {
    const auto count = reader.number();
    if (!count) return false;
    if (*count > items_max) is_too_large_ = true;
    for (uint64_t i = 0; i < *count && !is_too_large_; i++) {
      if (!step()) return false;
    }
    return !is_too_large_;
  }

  // Types.

  bool rec_type(BinaryReader& reader) {
    constexpr uint8_t group = 0x4E;
    if (reader.peek() != group) return sub_type(reader);
    (void)reader.byte();
    return each(reader, [&] { return sub_type(reader); });
  }

  bool sub_type(BinaryReader& reader) {
    constexpr uint8_t open = 0x50;
    constexpr uint8_t final = 0x4F;
    constexpr uint8_t shared = 0x65;
    if (reader.peek() == open || reader.peek() == final) {
      (void)reader.byte();
      if (!each(reader, [&] { return reader.skip_number(); })) return false;
    }
    if (reader.peek() == shared) (void)reader.byte();
    return composite_type(reader);
  }

  bool composite_type(BinaryReader& reader) {
    if (types_.size() >= items_max) is_too_large_ = true;
    std::string text;
    switch (reader.byte().value_or(0)) {
      case 0x60: {  // function
        std::string params;
        std::string results;
        if (!value_types(reader, params) || !value_types(reader, results)) return false;
        text = params + " -> " + results;
        break;
      }
      case 0x5F:  // struct
        if (!each(reader, [&] { return field_type(reader); })) return false;
        break;
      case 0x5E:  // array
        if (!field_type(reader)) return false;
        break;
      case 0x5D:  // continuation
        if (!reader.skip_number()) return false;
        break;
      default: return false;
    }
    types_.push_back(std::move(text));
    return true;
  }

  bool field_type(BinaryReader& reader) {
    constexpr uint8_t i8 = 0x78;
    constexpr uint8_t i16 = 0x77;
    if (reader.peek() == i8 || reader.peek() == i16)
      (void)reader.byte();
    else if (!value_type(reader))
      return false;
    return reader.byte().has_value();  // mutability
  }

  bool value_types(BinaryReader& reader, std::string& text) {
    text = "(";
    const bool is_whole = each(reader, [&] {
      const auto type = value_type(reader);
      if (!type) return false;
      if (text.size() > 1) text += ", ";
      text += *type;
      return true;
    });
    text += ")";
    return is_whole;
  }

  std::optional<std::string> value_type(BinaryReader& reader) {
    constexpr uint8_t reference = 0x64;
    constexpr uint8_t nullable = 0x63;
    const auto code = reader.byte();
    if (!code) return std::nullopt;
    if (*code != reference && *code != nullable) {
      const std::string_view name = short_type(*code);
      return name.empty() ? std::nullopt : std::optional(std::string(name));
    }
    const auto heap = reader.peek();
    const std::string_view name = heap ? short_type(*heap) : std::string_view();
    const auto index = name.empty() ? reader.number() : std::nullopt;
    if (!name.empty())
      (void)reader.byte();
    else if (!index)
      return std::nullopt;
    return fmt::format("(ref {}{})", *code == nullable ? "null " : "", name.empty() ? std::to_string(*index) : std::string(name));
  }

  std::optional<DefinedMemory> limits(BinaryReader& reader) {
    constexpr uint64_t has_maximum = 1;
    constexpr uint64_t shared = 2;
    constexpr uint64_t index_64 = 4;
    constexpr uint64_t has_page_size = 8;
    constexpr uint64_t page_log2_max = 16;
    const auto flags = reader.number();
    const auto minimum = flags ? reader.number() : std::nullopt;
    if (!minimum) return std::nullopt;
    DefinedMemory found{.minimum = *minimum, .is_64 = (*flags & index_64) != 0, .is_shared = (*flags & shared) != 0};
    if ((*flags & has_maximum) != 0) {
      found.maximum = reader.number();
      if (!found.maximum) return std::nullopt;
    }
    if ((*flags & has_page_size) != 0) {
      const auto log2 = reader.number();
      if (!log2 || *log2 > page_log2_max) return std::nullopt;
      found.page_bytes = uint64_t{1} << *log2;
    }
    return found;
  }

  static std::string text_of(const DefinedMemory& bounds) {
    return fmt::format("{}..{}{}{}", bounds.minimum, bounds.maximum ? std::to_string(*bounds.maximum) : "", bounds.is_64 ? ", 64-bit" : "",
                       bounds.is_shared ? ", shared" : "");
  }

  std::optional<std::string> table_type(BinaryReader& reader) {
    const auto element = value_type(reader);
    const auto bounds = element ? limits(reader) : std::nullopt;
    return bounds ? std::optional(fmt::format("{} of {}", text_of(*bounds), *element)) : std::nullopt;
  }

  std::optional<std::string> global_type(BinaryReader& reader) {
    const auto content = value_type(reader);
    const auto flags = content ? reader.byte() : std::nullopt;
    return flags ? std::optional(((*flags & 1) != 0 ? "mut " : "") + *content) : std::nullopt;
  }

  std::string type_text(uint64_t index) const { return index < types_.size() ? types_[index] : ""; }

  // Items. Imports come first in each index space.

  bool import(BinaryReader& reader) {
    const auto module = reader.name();
    const auto name = module ? reader.name() : std::nullopt;
    const auto kind = name ? reader.byte() : std::nullopt;
    if (!kind || *kind >= kind_names.size()) return false;
    std::optional<std::string> type;
    switch (static_cast<Kind>(*kind)) {
      case Kind::Func: type = func_type(reader); break;
      case Kind::Table: type = table_type(reader); break;
      case Kind::Memory:
        if (const auto bounds = limits(reader)) type = text_of(*bounds);
        break;
      case Kind::Global: type = global_type(reader); break;
      case Kind::Tag:
        if (reader.byte()) type = func_type(reader);
        break;
    }
    if (!type) return false;
    spaces_[*kind].push_back(*type);
    module_.imports.push_back({.module = std::string(*module), .name = std::string(*name), .kind = std::string(kind_names[*kind]), .type = std::move(*type)});
    return true;
  }

  std::optional<std::string> func_type(BinaryReader& reader) {
    const auto index = reader.number();
    return index ? std::optional(type_text(*index)) : std::nullopt;
  }

  bool add(Kind kind, std::optional<std::string> type) {
    if (!type) return false;
    spaces_[static_cast<size_t>(kind)].push_back(std::move(*type));
    return true;
  }

  bool function(BinaryReader& reader) { return add(Kind::Func, func_type(reader)); }
  bool tag(BinaryReader& reader) { return reader.byte() && add(Kind::Tag, func_type(reader)); }

  bool defined_memory(BinaryReader& reader) {
    const auto bounds = limits(reader);
    if (!bounds) return false;
    module_.memories.push_back(*bounds);
    return add(Kind::Memory, text_of(*bounds));
  }

  bool defined_table(BinaryReader& reader) {
    constexpr uint8_t has_expression = 0x40;
    if (reader.peek() != has_expression) return add(Kind::Table, table_type(reader));
    (void)reader.byte();
    return reader.byte() && add(Kind::Table, table_type(reader)) && constant_expression(reader);
  }

  bool defined_global(BinaryReader& reader) { return add(Kind::Global, global_type(reader)) && constant_expression(reader); }

  /// Skips a constant expression up to its end. Those that make objects of the garbage collector are not known here.
  bool constant_expression(BinaryReader& reader) {
    for (;;) {
      const auto code = reader.byte();
      if (!code) return false;
      switch (*code) {
        case 0x0B: return true;  // end
        case 0x41:
        case 0x42:
        case 0x23:
        case 0xD0:
        case 0xD2:  // i32.const, i64.const, global.get, ref.null, ref.func
          if (!reader.skip_number()) return false;
          break;
        case 0x43:  // f32.const
          if (!reader.take(4)) return false;
          break;
        case 0x44:  // f64.const
          if (!reader.take(8)) return false;
          break;
        case 0x6A:
        case 0x6B:
        case 0x6C:
        case 0x7C:
        case 0x7D:
        case 0x7E: break;  // add, sub and mul of i32 and i64
        case 0xFD:  // v128.const
          if (reader.number() != 12u || !reader.take(16)) return false;
          break;
        default: return false;
      }
    }
  }

  bool exported(BinaryReader& reader) {
    const auto name = reader.name();
    const auto kind = name ? reader.byte() : std::nullopt;
    const auto index = kind ? reader.number() : std::nullopt;
    if (!index || *kind >= kind_names.size()) return false;
    const std::vector<std::string>& space = spaces_[*kind];
    module_.exports.push_back(
        {.module = {}, .name = std::string(*name), .kind = std::string(kind_names[*kind]), .type = *index < space.size() ? space[*index] : ""});
    return true;
  }

  CoreModule module_;
  std::vector<std::string> types_;
  /// The types of functions, tables, memories, globals and tags, by index.
  std::array<std::vector<std::string>, kind_names.size()> spaces_;
  bool is_too_large_ = false;
};

}  // namespace

Result<CoreModule> read_core_module(std::span<const std::byte> module) { return CoreModuleReader().read(module); }

}  // namespace tenon::wit
