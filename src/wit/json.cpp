#include "wit/json.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/utf8.h"
#include "tenon/result.h"
#include "tenon/types.h"
#include "tenon/value.h"
#include "tenon/value_text.h"
#include "wit/walk.h"

namespace tenon {
namespace wit {
namespace {

using nlohmann::json;

/// A type adds at most two levels of JSON: a map is an array of arrays, a nested option an object around its value.
constexpr size_t max_json_depth = size_t{2} * max_type_depth + 4;

/// Builds the document while the text is read, and stops at the first thing that is too much or there twice.
class DocumentBuilder final : public nlohmann::json_sax<json> {
 public:
  DocumentBuilder(std::string_view text, size_t nodes_max) : text_(text), nodes_left_(nodes_max) {}

  bool null() override { return put(json(nullptr)) != nullptr; }
  bool boolean(bool value) override { return put(json(value)) != nullptr; }
  bool number_integer(number_integer_t value) override { return put(json(value)) != nullptr; }
  bool number_unsigned(number_unsigned_t value) override { return put(json(value)) != nullptr; }
  bool number_float(number_float_t value, const string_t&) override { return put(json(value)) != nullptr; }
  bool string(string_t& value) override { return put(json(std::move(value))) != nullptr; }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(json(json::value_t::object)); }
  bool start_array(std::size_t) override { return open(json(json::value_t::array)); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    auto [place, is_new] = open_.back()->get_ref<json::object_t&>().emplace(std::move(name), nullptr);
    if (!is_new) return refuse(ErrorKind::InvalidInput, fmt::format("the key \"{}\" is there twice", excerpt(place->first)));
    member_ = &place->second;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& exception) override {
    const std::string_view before = text_.substr(0, position == 0 ? 0 : position - 1);
    const size_t line = 1 + static_cast<size_t>(std::count(before.begin(), before.end(), '\n'));
    const size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
    std::string_view reason = exception.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while parsing …": the place is given in our own words.
    if (const size_t at = reason.find("] "); at != std::string_view::npos) reason.remove_prefix(at + 2);
    if (const size_t at = reason.find(": "); reason.starts_with("parse error") && at != std::string_view::npos) reason.remove_prefix(at + 2);
    return refuse(ErrorKind::InvalidInput, fmt::format("not JSON: line {}, column {}: {}", line, before.size() - line_start + 1, excerpt_of_reason(reason)));
  }

  Result<json> take() && {
    if (error_) return std::unexpected<Error>(std::move(*error_));
    return std::move(root_);
  }

 private:
  static std::string excerpt_of_reason(std::string_view reason) {
    constexpr size_t longest = 200;
    std::string text;
    for (char c : reason.substr(0, longest)) text += c == '\n' || c == '\r' ? ' ' : c;
    // The reason quotes the text, which need not be UTF-8 and may have been cut within a character.
    while (!text.empty() && !base::is_utf8(text)) text.pop_back();
    return text;
  }

  bool refuse(ErrorKind kind, std::string message) {
    if (!error_) error_.emplace(kind, std::move(message));
    return false;
  }

  json* put(json value) {
    if (nodes_left_ == 0) {
      refuse(ErrorKind::LimitExceeded, "the JSON has too many values");
      return nullptr;
    }
    nodes_left_--;
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    if (open_.back()->is_array()) {
      auto& items = open_.back()->get_ref<json::array_t&>();
      items.push_back(std::move(value));
      return &items.back();
    }
    *member_ = std::move(value);
    return member_;
  }

  bool open(json container) {
    if (open_.size() >= max_json_depth) return refuse(ErrorKind::LimitExceeded, fmt::format("the JSON is nested deeper than {}", max_json_depth));
    json* place = put(std::move(container));
    if (place == nullptr) return false;
    open_.push_back(place);
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  std::string_view text_;
  size_t nodes_left_;
  json root_;
  /// The containers around the next value. An element's address holds while it is open: only the innermost array grows.
  std::vector<json*> open_;
  json* member_ = nullptr;
  std::optional<Error> error_;
};

Result<json> parse_document(std::string_view text, const TextLimits& limits) {
  if (text.size() > limits.bytes_max) return fail(ErrorKind::LimitExceeded, fmt::format("the JSON has {} bytes, more than {}", text.size(), limits.bytes_max));
  DocumentBuilder builder(text, limits.values_max);
  json::sax_parse(text.begin(), text.end(), &builder);
  return std::move(builder).take();
}

/// What `node` is, for "expected …, got …".
std::string describe(const json& node) {
  switch (node.type()) {
    case json::value_t::null: return "null";
    case json::value_t::boolean: return node.get<bool>() ? "true" : "false";
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
    case json::value_t::number_float: return "number " + node.dump();
    case json::value_t::string: return fmt::format("string \"{}\"", excerpt(node.get_ref<const std::string&>()));
    case json::value_t::array: return fmt::format("an array of {}", node.size());
    case json::value_t::object:
      return node.size() == 1 ? fmt::format("an object with the key \"{}\"", excerpt(node.begin().key())) : fmt::format("an object of {} keys", node.size());
    default: return "something else";
  }
}

/// Reads a value by its type. Member functions are called by `walk`.
class JsonReader {
 public:
  explicit JsonReader(size_t values_max) : values_left_(values_max) {}

  Result<Value> read(Type type, const json& node) {
    if (values_left_ == 0) return refuse(ErrorKind::LimitExceeded, "the JSON stands for too many values");
    values_left_--;
    return walk(*this, type, node);
  }

  Result<std::vector<Value>> read_arguments(const TypeTable& table, const FuncTypeNode& func, const json& node) {
    if (node.is_array()) return by_position(table, func, node);
    if (node.is_object()) return by_name(table, func, node);
    return refuse(ErrorKind::InvalidInput, "expected arguments as an object by name or an array by position, got " + describe(node));
  }

  Result<Value> boolean(Type, const json& node) {
    if (!node.is_boolean()) return mismatch("bool", node);
    return Value(node.get<bool>());
  }

  Result<Value> integer(Type type, const json& node) {
    std::optional<Integer> number;
    if (node.is_number_unsigned()) {
      number = Integer{false, node.get<uint64_t>()};
    } else if (node.is_number_integer()) {
      const auto held = node.get<int64_t>();
      number = Integer{held < 0, held < 0 ? uint64_t{0} - static_cast<uint64_t>(held) : static_cast<uint64_t>(held)};
    } else if (node.is_number_float()) {
      // 1.0 and 1e3 are integers in JSON; past 2^53 a float no longer says which one.
      constexpr double exact = 9007199254740992.0;
      const auto held = node.get<double>();
      if (std::trunc(held) == held && std::abs(held) <= exact) number = Integer{held < 0, static_cast<uint64_t>(std::abs(held))};
    } else if (node.is_string() && (type.kind() == TypeKind::S64 || type.kind() == TypeKind::U64)) {
      number = parse_integer(node.get_ref<const std::string&>());
    }
    std::optional<Value> value = number ? make_integer(type.kind(), *number) : std::nullopt;
    if (!value) return mismatch(describe_integer(type.kind()), node);
    return std::move(*value);
  }

  Result<Value> floating(Type type, const json& node) {
    std::optional<Value> value;
    if (node.is_number_unsigned())
      value = make_float(type.kind(), static_cast<double>(node.get<uint64_t>()));
    else if (node.is_number_integer())
      value = make_float(type.kind(), static_cast<double>(node.get<int64_t>()));
    else if (node.is_number_float())
      value = make_float(type.kind(), node.get<double>());
    else if (node == "NaN")
      value = make_float(type.kind(), std::numeric_limits<double>::quiet_NaN());
    else if (node == "Infinity")
      value = make_float(type.kind(), std::numeric_limits<double>::infinity());
    else if (node == "-Infinity")
      value = make_float(type.kind(), -std::numeric_limits<double>::infinity());
    if (!value) return mismatch(fmt::format("{} (a number, \"NaN\", \"Infinity\" or \"-Infinity\")", to_string(type.kind())), node);
    return std::move(*value);
  }

  Result<Value> character(Type, const json& node) {
    if (node.is_string()) {
      const auto& text = node.get_ref<const std::string&>();
      const base::Decoded decoded = base::decode_utf8(text);
      if (decoded.bytes != 0 && decoded.bytes == text.size()) return Value(char32_t{decoded.code});
    }
    return mismatch("char (a string of one character)", node);
  }

  Result<Value> string(Type, const json& node) {
    if (!node.is_string()) return mismatch("string", node);
    return Value::string(node.get_ref<const std::string&>());
  }

  Result<Value> bytes(Type, const json& node) {
    if (!node.is_string()) return mismatch("list<u8> (a base64 string)", node);
    auto decoded = base::decode_base64(node.get_ref<const std::string&>());
    if (!decoded) return mismatch("base64 with padding", node);
    return Value(PackedList{TypeKind::U8, std::move(*decoded)});
  }

  Result<Value> list(Type type, const json& node) {
    if (!node.is_array()) return mismatch(to_string(type) + " (an array)", node);
    if (type.kind() == TypeKind::FixedLengthList && node.size() != type.node().length) return mismatch(fmt::format("an array of {}", type.node().length), node);
    ListBuilder builder(type.element());
    for (size_t i = 0; i < node.size(); i++) {
      const PathStep step(path_, i);
      TENON_TRY(Value element, read(type.element(), node[i]));
      builder.add(std::move(element));
    }
    return std::move(builder).take();
  }

  Result<Value> map(Type type, const json& node) {
    if (!node.is_array()) return mismatch(to_string(type) + " (an array of pairs)", node);
    ListBuilder builder(type.element());
    for (size_t i = 0; i < node.size(); i++) {
      const PathStep step(path_, i);
      if (!node[i].is_array() || node[i].size() != 2) return mismatch("a pair [key, value]", node[i]);
      TENON_TRY(Value entry, read(type.element(), node[i]));
      builder.add(std::move(entry));
    }
    return std::move(builder).take();
  }

  Result<Value> record(Type type, const json& node) {
    if (!node.is_object()) return mismatch(to_string(type) + " (an object)", node);
    std::vector<Value> items;
    items.reserve(type.node().fields.size());
    size_t found = 0;
    for (const TypeField& field : type.node().fields) {
      TENON_TRY(Value item, member(Type(type.table(), *field.type), field.name, node, found));
      items.push_back(std::move(item));
    }
    if (found != node.size()) return unknown_key(type.node(), "field", node);
    return Value::sequence(std::move(items));
  }

  Result<Value> tuple(Type type, const json& node) {
    const auto& fields = type.node().fields;
    if (!node.is_array() || node.size() != fields.size()) return mismatch(fmt::format("{} (an array of {})", to_string(type), fields.size()), node);
    std::vector<Value> items;
    items.reserve(fields.size());
    for (size_t i = 0; i < fields.size(); i++) {
      const PathStep step(path_, i);
      TENON_TRY(Value item, read(*type.field_type(i), node[i]));
      items.push_back(std::move(item));
    }
    return Value::sequence(std::move(items));
  }

  Result<Value> variant(Type type, const json& node) { return one_case(type, node, "case"); }
  Result<Value> result(Type type, const json& node) { return one_case(type, node, "case"); }

  Result<Value> enumeration(Type type, const json& node) {
    if (!node.is_string()) return mismatch(to_string(type) + " (a string)", node);
    const auto& name = node.get_ref<const std::string&>();
    const auto index = find_part(type.node(), name);
    if (!index) return mismatch("one of " + to_string(type), node, did_you_mean(name, type.node()));
    return Value::enum_case(*index);
  }

  Result<Value> option(Type type, const json& node) {
    if (node.is_null()) return Value::none();
    TENON_TRY(Value payload, read(type.element(), node));
    return Value::some(std::move(payload));
  }

  Result<Value> nested_option(Type type, const json& node) {
    if (node.is_null()) return Value::none();
    if (!node.is_object() || node.size() != 1 || !node.contains("some")) return mismatch("null or {\"some\": …}", node);
    const PathStep step(path_, "some");
    TENON_TRY(Value payload, read(type.element(), node["some"]));
    return Value::some(std::move(payload));
  }

  Result<Value> flags(Type type, const json& node) {
    if (!node.is_array()) return mismatch(to_string(type) + " (an array of names)", node);
    std::vector<uint32_t> words((type.node().fields.size() + 31) / 32);
    for (size_t i = 0; i < node.size(); i++) {
      const PathStep step(path_, i);
      if (!node[i].is_string()) return mismatch("the name of a flag", node[i]);
      const auto& name = node[i].get_ref<const std::string&>();
      const auto index = find_part(type.node(), name);
      if (!index) return mismatch("one of " + to_string(type), node[i], did_you_mean(name, type.node()));
      const uint32_t bit = 1u << (*index % 32);
      if ((words[*index / 32] & bit) != 0) return refuse(ErrorKind::InvalidInput, fmt::format("the flag \"{}\" is there twice", excerpt(name)));
      words[*index / 32] |= bit;
    }
    return Value::flags(std::move(words));
  }

  Result<Value> unsupported(Type type, const json&) { return refuse(ErrorKind::Unsupported, unsupported_message(type, "JSON")); }

 private:
  std::unexpected<Error> refuse(ErrorKind kind, std::string_view message) const { return fail(kind, path_.prefix() + std::string(message)); }
  std::unexpected<Error> mismatch(std::string_view expected, const json& node, std::string_view hint = {}) const {
    return refuse(ErrorKind::InvalidInput, fmt::format("expected {}, got {}{}", expected, describe(node), hint));
  }

  /// A record's field or a call's parameter. An option may be absent.
  Result<Value> member(Type type, const std::string& name, const json& object, size_t& found) {
    const PathStep step(path_, std::string_view(name));
    const auto place = object.find(name);
    if (place != object.end()) {
      found++;
      return read(type, *place);
    }
    if (type.kind() != TypeKind::Option) return refuse(ErrorKind::InvalidInput, fmt::format("expected {}, but it is not there", to_string(type)));
    if (values_left_ == 0) return refuse(ErrorKind::LimitExceeded, "the JSON stands for too many values");
    values_left_--;
    return Value::none();
  }

  std::unexpected<Error> unknown_key(const TypeNode& node, std::string_view what, const json& object) const {
    for (const auto& [key, value] : object.items()) {
      if (!find_part(node, key)) return refuse(ErrorKind::InvalidInput, fmt::format("there is no {} \"{}\"{}", what, excerpt(key), did_you_mean(key, node)));
    }
    return refuse(ErrorKind::InvalidInput, fmt::format("a {} is there twice", what));
  }

  Result<Value> one_case(Type type, const json& node, std::string_view what) {
    if (!node.is_object() || node.size() != 1) return mismatch(to_string(type) + " (an object with one key)", node);
    const auto& [name, payload] = *node.get_ref<const json::object_t&>().begin();
    const auto index = find_part(type.node(), name);
    if (!index) return unknown_key(type.node(), what, node);
    const PathStep step(path_, std::string_view(name));
    const auto payload_type = type.field_type(*index);
    if (!payload_type) {
      if (!payload.is_null()) return mismatch("null, for the case has no value", payload);
      return Value::variant_case(*index);
    }
    TENON_TRY(Value held, read(*payload_type, payload));
    return Value::variant_case(*index, std::move(held));
  }

  Result<std::vector<Value>> by_name(const TypeTable& table, const FuncTypeNode& func, const json& node) {
    std::vector<Value> values;
    size_t found = 0;
    for (const Param& param : func.params) {
      TENON_TRY(Value value, member(Type(table, param.type), param.name, node, found));
      values.push_back(std::move(value));
    }
    if (found == node.size()) return values;
    TypeNode names;
    for (const Param& param : func.params) names.fields.push_back({.name = param.name});
    return unknown_key(names, "parameter", node);
  }

  Result<std::vector<Value>> by_position(const TypeTable& table, const FuncTypeNode& func, const json& node) {
    if (node.size() > func.params.size()) return refuse(ErrorKind::InvalidInput, fmt::format("expected {} arguments, got {}", func.params.size(), node.size()));
    std::vector<Value> values;
    for (size_t i = 0; i < func.params.size(); i++) {
      const Param& param = func.params[i];
      const PathStep step(path_, std::string_view(param.name));
      const Type type(table, param.type);
      if (i < node.size()) {
        TENON_TRY(Value value, read(type, node[i]));
        values.push_back(std::move(value));
      } else if (type.kind() == TypeKind::Option) {
        values.push_back(Value::none());
      } else {
        return refuse(ErrorKind::InvalidInput, fmt::format("expected {}, but there are only {} arguments", to_string(type), node.size()));
      }
    }
    return values;
  }

  Path path_;
  size_t values_left_;
};

/// Writes a value that fits its type.
class JsonWriter {
 public:
  Result<> write(Type type, const Value& value) { return walk(*this, type, value); }
  std::string take() && { return std::move(text_); }

  Result<> boolean(Type, const Value& value) { return put(*value.get_if<bool>() ? "true" : "false"); }

  Result<> integer(Type, const Value& value) {
    constexpr uint64_t largest_exact = (uint64_t{1} << 53) - 1;
    const Integer number = integer_of(value);
    const std::string_view quote = number.magnitude > largest_exact ? "\"" : "";
    return put(fmt::format("{}{}{}{}", quote, number.is_negative ? "-" : "", number.magnitude, quote));
  }

  Result<> floating(Type, const Value& value) {
    const auto* narrow = value.get_if<float>();
    const double number = narrow != nullptr ? double{*narrow} : *value.get_if<double>();
    if (std::isnan(number)) return put("\"NaN\"");
    if (std::isinf(number)) return put(number < 0 ? "\"-Infinity\"" : "\"Infinity\"");
    if (number == 0 && std::signbit(number)) return put("-0.0");  // "-0" would be read as an integer, which has no sign
    std::string text = finite_to_text(value);
    if (narrow != nullptr) {
      // Readers go through a double. In the rare case that rounding twice gives another float, all digits of the double are written.
      const auto wide = parse_float(TypeKind::F64, text);
      if (!wide || static_cast<float>(*wide->get_if<double>()) != *narrow) text = finite_to_text(Value(double{number}));
    }
    return put(text);
  }

  Result<> character(Type, const Value& value) {
    std::string text;
    base::append_utf8(text, *value.get_if<char32_t>());
    append_json_string(text_, text);
    return {};
  }

  Result<> string(Type, const Value& value) {
    append_json_string(text_, *value.get_if<std::string>());
    return {};
  }

  Result<> bytes(Type, const Value& value) {
    std::vector<std::byte> gathered;
    if (const auto* sequence = value.get_if<Value::Sequence>()) {
      for (const Value& item : sequence->items) gathered.push_back(static_cast<std::byte>(*item.get_if<uint8_t>()));
    }
    const auto* packed = value.get_if<PackedList>();
    return put("\"" + base::encode_base64(packed != nullptr ? packed->bytes : gathered) + "\"");
  }

  Result<> list(Type type, const Value& value) {
    text_ += '[';
    const Type element = type.element();
    Value held;
    for (size_t i = 0; i < list_size(value); i++) {
      if (i != 0) text_ += ',';
      const PathStep step(path_, i);
      TENON_CHECK_OK(write(element, list_element(value, i, held)));
    }
    return put("]");
  }

  Result<> map(Type type, const Value& value) { return list(type, value); }

  Result<> record(Type type, const Value& value) {
    const auto& items = value.get_if<Value::Sequence>()->items;
    text_ += '{';
    for (size_t i = 0; i < items.size(); i++) {
      if (i != 0) text_ += ',';
      TENON_CHECK_OK(member(type.node().fields[i].name, type.field_type(i), &items[i]));
    }
    return put("}");
  }

  Result<> tuple(Type type, const Value& value) {
    const auto& items = value.get_if<Value::Sequence>()->items;
    text_ += '[';
    for (size_t i = 0; i < items.size(); i++) {
      if (i != 0) text_ += ',';
      const PathStep step(path_, i);
      TENON_CHECK_OK(write(*type.field_type(i), items[i]));
    }
    return put("]");
  }

  Result<> variant(Type type, const Value& value) {
    const auto& held = *value.get_if<Value::Case>();
    text_ += '{';
    TENON_CHECK_OK(member(type.node().fields[held.index].name, type.field_type(held.index), held.payload.get()));
    return put("}");
  }

  Result<> result(Type type, const Value& value) { return variant(type, value); }

  Result<> enumeration(Type type, const Value& value) {
    append_json_string(text_, type.node().fields[value.get_if<Value::Case>()->index].name);
    return {};
  }

  Result<> option(Type type, const Value& value) {
    const auto& held = *value.get_if<Value::Case>();
    return held.index == 0 ? put("null") : write(type.element(), *held.payload);
  }

  Result<> nested_option(Type type, const Value& value) {
    const auto& held = *value.get_if<Value::Case>();
    if (held.index == 0) return put("null");
    text_ += '{';
    TENON_CHECK_OK(member("some", type.element(), held.payload.get()));
    return put("}");
  }

  Result<> flags(Type type, const Value& value) {
    const auto& words = value.get_if<Value::Flags>()->words;
    text_ += '[';
    bool first = true;
    for (size_t i = 0; i < type.node().fields.size(); i++) {
      if (((words[i / 32] >> (i % 32)) & 1) == 0) continue;
      if (!std::exchange(first, false)) text_ += ',';
      append_json_string(text_, type.node().fields[i].name);
    }
    return put("]");
  }

  Result<> unsupported(Type type, const Value&) { return fail(ErrorKind::Unsupported, path_.prefix() + unsupported_message(type, "JSON")); }

 private:
  Result<> put(std::string_view text) {
    text_ += text;
    return {};
  }

  /// `"name":value`; null where there is no value.
  Result<> member(std::string_view name, std::optional<Type> type, const Value* value) {
    append_json_string(text_, name);
    text_ += ':';
    if (!type || value == nullptr) return put("null");
    const PathStep step(path_, name);
    return write(*type, *value);
  }

  std::string text_;
  Path path_;
};

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<uint8_t>(c) < 0x20 || c == 0x7F)
          out += fmt::format("\\u{:04x}", static_cast<uint8_t>(c));
        else
          out += c;
    }
  }
  out += '"';
}

}  // namespace wit

Result<Value> from_json(std::string_view text, Type type, const TextLimits& limits) {
  TENON_CHECK_OK(wit::check_depth(type));
  TENON_TRY(const nlohmann::json document, wit::parse_document(text, limits));
  return wit::JsonReader(limits.values_max).read(type, document);
}

Result<std::string> to_json(const Value& value, Type type) {
  TENON_CHECK_OK(check(value, type));
  wit::JsonWriter writer;
  TENON_CHECK_OK(writer.write(type, value));
  return std::move(writer).take();
}

Result<std::vector<Value>> arguments_from_json(std::string_view text, const TypeTable& table, const FuncTypeNode& func, const TextLimits& limits) {
  for (const Param& param : func.params) TENON_CHECK_OK(wit::check_depth(Type(table, param.type)));
  TENON_TRY(const nlohmann::json document, wit::parse_document(text, limits));
  return wit::JsonReader(limits.values_max).read_arguments(table, func, document);
}

Result<CallOutcome> outcome_to_json(const Value* value, std::optional<Type> type) {
  if (value == nullptr || !type) return CallOutcome{true, "null"};
  if (type->kind() != TypeKind::Result) {
    TENON_TRY(std::string json, to_json(*value, *type));
    return CallOutcome{true, std::move(json)};
  }
  TENON_CHECK_OK(check(*value, *type));
  const auto& held = *value->get_if<Value::Case>();
  if (held.payload == nullptr) return CallOutcome{held.index == 0, "null"};
  TENON_TRY(std::string json, to_json(*held.payload, *type->field_type(held.index)));
  return CallOutcome{held.index == 0, std::move(json)};
}

}  // namespace tenon
