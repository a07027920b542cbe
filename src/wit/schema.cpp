#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tenon/result.h"
#include "tenon/types.h"
#include "tenon/value_text.h"
#include "wit/walk.h"

namespace tenon {
namespace wit {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view dialect = "https://json-schema.org/draft/2020-12/schema";
constexpr std::string_view base64_pattern = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$";

/// How often each type is used by the types that a schema describes. Each type is looked at once.
class UseCounter {
 public:
  explicit UseCounter(const TypeTable& table) : table_(table) {}

  void count(TypeIndex index) {
    if (++uses_[index] > 1) return;
    for (const TypeField& field : table_.node(index).fields) {
      if (field.type) count(*field.type);
    }
  }
  bool is_shared(TypeIndex index) const {
    const auto found = uses_.find(index);
    return found != uses_.end() && found->second > 1;
  }

 private:
  const TypeTable& table_;
  std::map<TypeIndex, uint32_t> uses_;
};

/// Describes types. Member functions are called by `walk`.
class SchemaBuilder {
 public:
  explicit SchemaBuilder(const TypeTable& table) : table_(table), uses_(table) {}

  void count(TypeIndex index) { uses_.count(index); }

  Result<ordered_json> describe(TypeIndex index) {
    const Type type(table_, index);
    const TypeKind kind = type.kind();
    const bool has_body = kind == TypeKind::Record || kind == TypeKind::Tuple || kind == TypeKind::Variant || kind == TypeKind::Enum ||
                          kind == TypeKind::Flags || kind == TypeKind::Result || kind == TypeKind::Option || kind == TypeKind::List ||
                          kind == TypeKind::FixedLengthList || kind == TypeKind::Map;
    if (!has_body || !uses_.is_shared(index)) return walk(*this, type);
    auto found = names_.find(index);
    if (found == names_.end()) {
      const std::string name = fmt::format("{}-{}", to_string(kind), names_.size() + 1);
      found = names_.emplace(index, name).first;
      TENON_TRY(ordered_json body, walk(*this, type));
      definitions_[name] = std::move(body);
    }
    return ordered_json{{"$ref", "#/$defs/" + found->second}};
  }

  /// `schema` as a document of its own.
  std::string finish(const ordered_json& schema) const {
    ordered_json document{{"$schema", dialect}};
    document.update(schema);
    if (!definitions_.empty()) document["$defs"] = definitions_;
    return document.dump();
  }

  Result<ordered_json> boolean(Type) { return ordered_json{{"type", "boolean"}}; }

  Result<ordered_json> integer(Type type) {
    const IntegerRange range = integer_range(type.kind());
    ordered_json schema{{"type", "integer"}, {"minimum", range.minimum}, {"maximum", range.maximum}};
    if (type.kind() == TypeKind::S64 || type.kind() == TypeKind::U64) {
      schema["type"] = {"integer", "string"};
      schema["pattern"] = type.kind() == TypeKind::S64 ? "^(?:0|-?[1-9][0-9]{0,18})$" : "^(?:0|[1-9][0-9]{0,19})$";
    }
    return schema;
  }

  Result<ordered_json> floating(Type type) {
    ordered_json number{{"type", "number"}};
    if (type.kind() == TypeKind::F32) {
      constexpr double f32_overflow = 0x1.ffffffp+127;  // what is not below is nearest to infinity
      number["exclusiveMinimum"] = -f32_overflow;
      number["exclusiveMaximum"] = f32_overflow;
    }
    return ordered_json{{"anyOf", ordered_json::array({std::move(number), ordered_json{{"enum", {"NaN", "Infinity", "-Infinity"}}}})}};
  }

  Result<ordered_json> character(Type) { return ordered_json{{"type", "string"}, {"minLength", 1}, {"maxLength", 1}}; }
  Result<ordered_json> string(Type) { return ordered_json{{"type", "string"}}; }
  Result<ordered_json> bytes(Type) { return ordered_json{{"type", "string"}, {"contentEncoding", "base64"}, {"pattern", base64_pattern}}; }

  Result<ordered_json> list(Type type) {
    TENON_TRY(ordered_json element, describe(type.element().index()));
    ordered_json schema{{"type", "array"}, {"items", std::move(element)}};
    if (type.kind() == TypeKind::FixedLengthList) schema["minItems"] = schema["maxItems"] = type.node().length;
    return schema;
  }

  Result<ordered_json> map(Type type) {
    TENON_TRY(ordered_json entry, positions(type.element()));
    return ordered_json{{"type", "array"}, {"items", std::move(entry)}};
  }

  Result<ordered_json> tuple(Type type) { return positions(type); }

  Result<ordered_json> record(Type type) {
    std::vector<Param> members;
    for (const TypeField& field : type.node().fields) members.push_back({field.name, *field.type});
    return object(members);
  }

  Result<ordered_json> variant(Type type) {
    ordered_json cases = ordered_json::array();
    for (const TypeField& field : type.node().fields) {
      ordered_json body{{"type", "null"}};
      if (field.type) {
        TENON_TRY(body, describe(*field.type));
      }
      cases.push_back(single(field.name, std::move(body)));
    }
    return ordered_json{{"oneOf", std::move(cases)}};
  }

  Result<ordered_json> result(Type type) { return variant(type); }
  Result<ordered_json> enumeration(Type type) { return ordered_json{{"type", "string"}, {"enum", names(type)}}; }

  Result<ordered_json> option(Type type) {
    TENON_TRY(ordered_json some, describe(type.element().index()));
    return ordered_json{{"anyOf", ordered_json::array({std::move(some), ordered_json{{"type", "null"}}})}};
  }

  Result<ordered_json> nested_option(Type type) {
    TENON_TRY(ordered_json some, describe(type.element().index()));
    return ordered_json{{"anyOf", ordered_json::array({single("some", std::move(some)), ordered_json{{"type", "null"}}})}};
  }

  Result<ordered_json> flags(Type type) {
    ordered_json schema{{"type", "array"}, {"items", ordered_json{{"enum", names(type)}}}, {"uniqueItems", true}};
    if (type.node().fields.empty()) schema["items"] = false;
    return schema;
  }

  Result<ordered_json> unsupported(Type type) { return fail(ErrorKind::Unsupported, path_.prefix() + unsupported_message(type, "JSON")); }

  /// An object with exactly these members; options may be absent.
  Result<ordered_json> object(const std::vector<Param>& members) {
    ordered_json properties = ordered_json::object();
    ordered_json required = ordered_json::array();
    for (const Param& member : members) {
      const PathStep step(path_, std::string_view(member.name));
      TENON_TRY(properties[member.name], describe(member.type));
      if (table_.node(member.type).kind != TypeKind::Option) required.push_back(member.name);
    }
    return ordered_json{{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}, {"additionalProperties", false}};
  }

 private:
  static ordered_json names(Type type) {
    ordered_json list = ordered_json::array();
    for (const TypeField& field : type.node().fields) list.push_back(field.name);
    return list;
  }

  static ordered_json single(const std::string& name, ordered_json value) {
    return ordered_json{
        {"type", "object"}, {"properties", ordered_json{{name, std::move(value)}}}, {"required", ordered_json::array({name})}, {"additionalProperties", false}};
  }

  /// An array with one schema for each position.
  Result<ordered_json> positions(Type type) {
    ordered_json items = ordered_json::array();
    for (const TypeField& field : type.node().fields) {
      TENON_TRY(ordered_json item, describe(*field.type));
      items.push_back(std::move(item));
    }
    const size_t count = items.size();
    ordered_json schema{{"type", "array"}};
    if (count != 0) schema["prefixItems"] = std::move(items);
    schema["items"] = false;
    schema["minItems"] = count;
    schema["maxItems"] = count;
    return schema;
  }

  const TypeTable& table_;
  UseCounter uses_;
  std::map<TypeIndex, std::string> names_;
  ordered_json definitions_ = ordered_json::object();
  Path path_;
};

}  // namespace
}  // namespace wit

Result<std::string> json_schema(Type type) {
  TENON_CHECK_OK(wit::check_depth(type));
  wit::SchemaBuilder builder(type.table());
  builder.count(type.index());
  TENON_TRY(const nlohmann::ordered_json schema, builder.describe(type.index()));
  return builder.finish(schema);
}

Result<FunctionSchema> function_schema(const TypeTable& table, const FuncTypeNode& func) {
  FunctionSchema schema;
  wit::SchemaBuilder builder(table);
  for (const Param& param : func.params) {
    TENON_CHECK_OK(wit::check_depth(Type(table, param.type)));
    builder.count(param.type);
  }
  TENON_TRY(const nlohmann::ordered_json input, builder.object(func.params));
  schema.input = builder.finish(input);
  if (!func.result) return schema;
  const Type result(table, *func.result);
  if (result.kind() != TypeKind::Result) {
    TENON_TRY(schema.output, json_schema(result));
    return schema;
  }
  if (const auto ok = result.field_type(0)) {
    TENON_TRY(schema.output, json_schema(*ok));
  }
  if (const auto error = result.field_type(1)) {
    TENON_TRY(schema.error, json_schema(*error));
  }
  return schema;
}

}  // namespace tenon
