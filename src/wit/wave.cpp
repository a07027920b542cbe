#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/utf8.h"
#include "tenon/result.h"
#include "tenon/types.h"
#include "tenon/value.h"
#include "tenon/value_text.h"
#include "wit/walk.h"
#include "wit/wave_lexer.h"

namespace tenon {
namespace wit {
namespace {

std::string_view describe(TokenKind kind) {
  switch (kind) {
    case TokenKind::Open: return "\"(\"";
    case TokenKind::Close: return "\")\"";
    case TokenKind::OpenList: return "\"[\"";
    case TokenKind::CloseList: return "\"]\"";
    case TokenKind::OpenBrace: return "\"{\"";
    case TokenKind::CloseBrace: return "\"}\"";
    case TokenKind::Colon: return "\":\"";
    case TokenKind::Comma: return "\",\"";
    default: return "a value";
  }
}

std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::End: return "the end";
    case TokenKind::Number: return "number " + excerpt(token.text);
    case TokenKind::String:
    case TokenKind::MultilineString: return "string " + excerpt(token.text);
    case TokenKind::Char: return "char " + excerpt(token.text);
    case TokenKind::Label: return excerpt(token.text);
    default: return std::string(describe(token.kind));
  }
}

/// A label's name: without the "%".
std::string_view name_of(const Token& token) { return token.text.starts_with('%') ? token.text.substr(1) : token.text; }

/// An `ok` or `some` may be left out around a value that cannot be taken for one itself.
bool is_flattenable(std::optional<Type> payload) { return payload && payload->kind() != TypeKind::Option && payload->kind() != TypeKind::Result; }

/// Reads a value by its type, straight from the tokens: the depth of the text is bounded by the depth of the type. Member functions are called by `walk`.
class WaveReader {
 public:
  WaveReader(std::string_view text, size_t values_max) : lexer_(text), values_left_(values_max) {}

  Result<Value> read(Type type) {
    TENON_CHECK_OK(count_value());
    return walk(*this, type);
  }

  Result<> finish() {
    TENON_TRY(const Token token, lexer_.next());
    if (token.kind != TokenKind::End) return unexpected("the end", token);
    return {};
  }

  Result<std::vector<Value>> read_arguments(const TypeTable& table, const FuncTypeNode& func) {
    std::vector<Value> values;
    TENON_TRY(Token token, lexer_.peek());
    while (token.kind != TokenKind::End) {
      if (values.size() == func.params.size())
        return refuse(ErrorKind::InvalidInput, token, fmt::format("expected {} arguments, got more", func.params.size()));
      const Param& param = func.params[values.size()];
      const PathStep step(path_, std::string_view(param.name));
      TENON_TRY(Value value, read(Type(table, param.type)));
      values.push_back(std::move(value));
      TENON_TRY(token, lexer_.next());
      if (token.kind != TokenKind::End && token.kind != TokenKind::Comma) return unexpected("\",\" or \")\"", token);
      if (token.kind == TokenKind::Comma) {
        TENON_TRY(token, lexer_.peek());
      }
    }
    for (size_t i = values.size(); i < func.params.size(); i++) {
      const Type type(table, func.params[i].type);
      if (type.kind() != TypeKind::Option) {
        return fail(ErrorKind::InvalidInput, fmt::format("{}: expected {}, but there are only {} of {} arguments", func.params[i].name, to_string(type),
                                                         values.size(), func.params.size()));
      }
      values.push_back(Value::none());
    }
    return values;
  }

  Result<Value> boolean(Type) {
    TENON_TRY(const Token token, lexer_.next());
    if (token.is_word("true")) return Value(true);
    if (token.is_word("false")) return Value(false);
    return unexpected("bool (true or false)", token);
  }

  Result<Value> integer(Type type) {
    TENON_TRY(const Token token, lexer_.next());
    if (token.kind == TokenKind::Number) {
      const auto number = parse_integer(token.text);
      auto value = number ? make_integer(type.kind(), *number) : std::nullopt;
      if (value) return std::move(*value);
    }
    return unexpected(describe_integer(type.kind()), token);
  }

  Result<Value> floating(Type type) {
    TENON_TRY(const Token token, lexer_.next());
    constexpr double infinity = std::numeric_limits<double>::infinity();
    std::optional<Value> value;
    if (token.is_word("nan"))
      value = make_float(type.kind(), std::numeric_limits<double>::quiet_NaN());
    else if (token.is_word("inf"))
      value = make_float(type.kind(), infinity);
    else if (token.kind == TokenKind::Number && token.text == "-inf")
      value = make_float(type.kind(), -infinity);
    else if (token.kind == TokenKind::Number)
      value = parse_float(type.kind(), token.text);
    if (!value) return unexpected(fmt::format("{} (a number, nan, inf or -inf)", to_string(type.kind())), token);
    return std::move(*value);
  }

  Result<Value> character(Type) {
    TENON_TRY(const Token token, lexer_.next());
    if (token.kind != TokenKind::Char) return unexpected("char ('x')", token);
    TENON_TRY(const std::string text, unquoted(token));
    const base::Decoded decoded = base::decode_utf8(text);
    if (decoded.bytes == 0 || decoded.bytes != text.size()) return unexpected("char (one character)", token);
    return Value(char32_t{decoded.code});
  }

  Result<Value> string(Type) {
    TENON_TRY(const Token token, lexer_.next());
    if (token.kind != TokenKind::String && token.kind != TokenKind::MultilineString) return unexpected("string (\"…\")", token);
    TENON_TRY(std::string text, unquoted(token));
    return Value::string(std::move(text));
  }

  Result<Value> bytes(Type type) { return list(type); }
  Result<Value> map(Type type) { return list(type); }

  Result<Value> list(Type type) {
    TENON_TRY(const Token open, take(TokenKind::OpenList, to_string(type)));
    ListBuilder builder(type.element());
    for (;;) {
      TENON_TRY(const Token token, lexer_.peek());
      if (token.kind == TokenKind::CloseList) break;
      const PathStep step(path_, builder.size());
      TENON_TRY(Value element, read(type.element()));
      builder.add(std::move(element));
      TENON_TRY(const bool more, comma_or(TokenKind::CloseList));
      if (!more) break;
    }
    TENON_CHECK_OK(take(TokenKind::CloseList, "\"]\""));
    if (type.kind() == TypeKind::FixedLengthList && builder.size() != type.node().length) {
      return refuse(ErrorKind::InvalidInput, open, fmt::format("expected {} elements, got {}", type.node().length, builder.size()));
    }
    return std::move(builder).take();
  }

  Result<Value> record(Type type) {
    TENON_CHECK_OK(take(TokenKind::OpenBrace, to_string(type)));
    const TypeNode& node = type.node();
    std::vector<std::optional<Value>> fields(node.fields.size());
    TENON_TRY(Token token, lexer_.next());
    if (token.kind == TokenKind::CloseBrace) return refuse(ErrorKind::InvalidInput, token, "expected a field; a record without fields is written {:}");
    if (token.kind == TokenKind::Colon) {
      TENON_TRY(token, take(TokenKind::CloseBrace, "\"}\""));
    }
    while (token.kind != TokenKind::CloseBrace) {
      if (token.kind != TokenKind::Label) return unexpected("the name of a field", token);
      const auto index = find_part(node, name_of(token));
      if (!index)
        return refuse(ErrorKind::InvalidInput, token, fmt::format("there is no field \"{}\"{}", excerpt(name_of(token)), did_you_mean(name_of(token), node)));
      if (fields[*index]) return refuse(ErrorKind::InvalidInput, token, fmt::format("the field \"{}\" is there twice", node.fields[*index].name));
      const PathStep step(path_, std::string_view(node.fields[*index].name));
      TENON_CHECK_OK(take(TokenKind::Colon, "\":\""));
      TENON_TRY(fields[*index], read(*type.field_type(*index)));
      TENON_CHECK_OK(comma_or(TokenKind::CloseBrace));
      TENON_TRY(token, lexer_.next());
    }
    return complete_record(type, std::move(fields), token);
  }

  Result<Value> tuple(Type type) {
    TENON_CHECK_OK(take(TokenKind::Open, to_string(type)));
    std::vector<Value> items;
    const size_t count = type.node().fields.size();
    for (size_t i = 0; i < count; i++) {
      const PathStep step(path_, i);
      TENON_TRY(Value item, read(*type.field_type(i)));
      items.push_back(std::move(item));
      TENON_TRY(const bool more, comma_or(TokenKind::Close));
      if (!more) break;
    }
    TENON_TRY(const Token close, take(TokenKind::Close, fmt::format("\")\" after {} members", count)));
    if (items.size() != count) return refuse(ErrorKind::InvalidInput, close, fmt::format("expected {} members, got {}", count, items.size()));
    return Value::sequence(std::move(items));
  }

  Result<Value> variant(Type type) {
    TENON_TRY(const Token token, take_case(type));
    const auto index = find_part(type.node(), name_of(token));
    if (!index) return unknown_case(type, token);
    return payload_of(token, *index, type.field_type(*index));
  }

  Result<Value> enumeration(Type type) { return variant(type); }

  Result<Value> option(Type type) {
    TENON_TRY(const Token token, lexer_.peek());
    if (token.is_word("none") || token.is_word("some")) {
      TENON_CHECK_OK(lexer_.next());
      return token.is_word("none") ? payload_of(token, 0, std::nullopt) : payload_of(token, 1, type.element());
    }
    if (!is_flattenable(type.element())) return unexpected("some(…) or none", token);
    TENON_TRY(Value payload, read(type.element()));
    return Value::some(std::move(payload));
  }

  Result<Value> nested_option(Type type) { return option(type); }

  Result<Value> result(Type type) {
    TENON_TRY(const Token token, lexer_.peek());
    if (token.is_word("ok") || token.is_word("err")) {
      TENON_CHECK_OK(lexer_.next());
      const uint32_t index = token.is_word("ok") ? 0 : 1;
      return payload_of(token, index, type.field_type(index));
    }
    if (!is_flattenable(type.field_type(0))) return unexpected("ok or err", token);
    TENON_TRY(Value payload, read(*type.field_type(0)));
    return Value::ok(std::move(payload));
  }

  Result<Value> flags(Type type) {
    TENON_CHECK_OK(take(TokenKind::OpenBrace, to_string(type)));
    const TypeNode& node = type.node();
    std::vector<uint32_t> words((node.fields.size() + 31) / 32);
    for (;;) {
      TENON_TRY(const Token token, lexer_.peek());
      if (token.kind == TokenKind::CloseBrace) break;
      TENON_CHECK_OK(lexer_.next());
      if (token.kind != TokenKind::Label) return unexpected("the name of a flag", token);
      const auto index = find_part(node, name_of(token));
      if (!index)
        return refuse(ErrorKind::InvalidInput, token, fmt::format("there is no flag \"{}\"{}", excerpt(name_of(token)), did_you_mean(name_of(token), node)));
      const uint32_t bit = 1u << (*index % 32);
      if ((words[*index / 32] & bit) != 0)
        return refuse(ErrorKind::InvalidInput, token, fmt::format("the flag \"{}\" is there twice", node.fields[*index].name));
      words[*index / 32] |= bit;
      TENON_TRY(const bool more, comma_or(TokenKind::CloseBrace));
      if (!more) break;
    }
    TENON_CHECK_OK(take(TokenKind::CloseBrace, "\"}\""));
    return Value::flags(std::move(words));
  }

  Result<Value> unsupported(Type type) { return fail(ErrorKind::Unsupported, path_.prefix() + unsupported_message(type, "WAVE")); }

 private:
  std::unexpected<Error> refuse(ErrorKind kind, const Token& token, std::string_view message) const {
    return fail(kind, lexer_.place(token.offset) + path_.prefix() + std::string(message));
  }
  std::unexpected<Error> unexpected(std::string_view expected, const Token& token) const {
    return refuse(ErrorKind::InvalidInput, token, fmt::format("expected {}, got {}", expected, describe(token)));
  }

  Result<> count_value() {
    if (values_left_ == 0) return fail(ErrorKind::LimitExceeded, "the WAVE text stands for too many values");
    values_left_--;
    return {};
  }

  Result<Token> take(TokenKind kind, std::string_view expected) {
    TENON_TRY(const Token token, lexer_.next());
    if (token.kind != kind) return unexpected(expected, token);
    return token;
  }

  /// After an item: whether a comma was taken. Without one, `close` must be next.
  Result<bool> comma_or(TokenKind close) {
    TENON_TRY(const Token token, lexer_.peek());
    if (token.kind != TokenKind::Comma) {
      if (token.kind != close) return unexpected(fmt::format("\",\" or {}", describe(close)), token);
      return false;
    }
    TENON_CHECK_OK(lexer_.next());
    return true;
  }

  Result<std::string> unquoted(const Token& token) {
    auto text = unquote(token);
    if (!text) return refuse(text.error().kind(), token, text.error().message());
    return text;
  }

  Result<Token> take_case(Type type) {
    TENON_TRY(const Token token, lexer_.next());
    if (token.kind != TokenKind::Label) return unexpected(to_string(type), token);
    if (is_wave_keyword(token.text)) {
      if (!find_part(type.node(), token.text)) return unknown_case(type, token);
      return refuse(ErrorKind::InvalidInput, token, fmt::format("the case \"{0}\" is a keyword and is written %{0}", token.text));
    }
    return token;
  }

  std::unexpected<Error> unknown_case(Type type, const Token& token) const {
    return refuse(ErrorKind::InvalidInput, token,
                  fmt::format("expected {}, got {}{}", to_string(type), describe(token), did_you_mean(name_of(token), type.node())));
  }

  /// What stands in parentheses behind a case.
  Result<Value> payload_of(const Token& name, uint32_t index, std::optional<Type> type) {
    TENON_TRY(const Token open, lexer_.peek());
    if (open.kind != TokenKind::Open) {
      if (type) return refuse(ErrorKind::InvalidInput, name, fmt::format("{} needs a value: {}({})", name.text, name.text, to_string(*type)));
      return Value::variant_case(index);
    }
    if (!type) return refuse(ErrorKind::InvalidInput, open, fmt::format("{} takes no value", name.text));
    TENON_CHECK_OK(lexer_.next());
    const PathStep step(path_, name_of(name));
    TENON_TRY(Value payload, read(*type));
    TENON_CHECK_OK(take(TokenKind::Close, "\")\""));
    return Value::variant_case(index, std::move(payload));
  }

  Result<Value> complete_record(Type type, std::vector<std::optional<Value>> fields, const Token& close) {
    std::vector<Value> items;
    items.reserve(fields.size());
    for (size_t i = 0; i < fields.size(); i++) {
      if (!fields[i]) {
        const Type field = *type.field_type(i);
        if (field.kind() != TypeKind::Option) {
          return refuse(ErrorKind::InvalidInput, close, fmt::format("the field \"{}\" of type {} is missing", type.node().fields[i].name, to_string(field)));
        }
        TENON_CHECK_OK(count_value());
        fields[i] = Value::none();
      }
      items.push_back(std::move(*fields[i]));
    }
    return Value::sequence(std::move(items));
  }

  WaveLexer lexer_;
  Path path_;
  size_t values_left_;
};

/// Writes a value that fits its type.
class WaveWriter {
 public:
  Result<> write(Type type, const Value& value) { return walk(*this, type, value); }
  std::string take() && { return std::move(text_); }

  Result<> boolean(Type, const Value& value) { return put(*value.get_if<bool>() ? "true" : "false"); }

  Result<> integer(Type, const Value& value) {
    const Integer number = integer_of(value);
    return put(fmt::format("{}{}", number.is_negative ? "-" : "", number.magnitude));
  }

  Result<> floating(Type, const Value& value) {
    const auto* narrow = value.get_if<float>();
    const double number = narrow != nullptr ? double{*narrow} : *value.get_if<double>();
    if (std::isnan(number)) return put("nan");
    if (std::isinf(number)) return put(number < 0 ? "-inf" : "inf");
    return put(finite_to_text(value));
  }

  Result<> character(Type, const Value& value) {
    text_ += '\'';
    put_character(*value.get_if<char32_t>());
    return put("'");
  }

  Result<> string(Type, const Value& value) {
    std::string_view rest = *value.get_if<std::string>();
    text_ += '"';
    while (!rest.empty()) {
      const base::Decoded decoded = base::decode_utf8(rest);
      put_character(decoded.code);
      rest.remove_prefix(decoded.bytes);
    }
    return put("\"");
  }

  Result<> bytes(Type type, const Value& value) { return list(type, value); }
  Result<> map(Type type, const Value& value) { return list(type, value); }

  Result<> list(Type type, const Value& value) {
    text_ += '[';
    const Type element = type.element();
    Value held;
    for (size_t i = 0; i < list_size(value); i++) {
      if (i != 0) text_ += ", ";
      const PathStep step(path_, i);
      TENON_CHECK_OK(write(element, list_element(value, i, held)));
    }
    return put("]");
  }

  Result<> record(Type type, const Value& value) {
    const auto& items = value.get_if<Value::Sequence>()->items;
    text_ += '{';
    bool first = true;
    for (size_t i = 0; i < items.size(); i++) {
      const Type field = *type.field_type(i);
      if (field.kind() == TypeKind::Option && items[i].get_if<Value::Case>()->index == 0) continue;
      if (!std::exchange(first, false)) text_ += ", ";
      text_ += type.node().fields[i].name;
      text_ += ": ";
      const PathStep step(path_, std::string_view(type.node().fields[i].name));
      TENON_CHECK_OK(write(field, items[i]));
    }
    return put(first ? ":}" : "}");
  }

  Result<> tuple(Type type, const Value& value) {
    const auto& items = value.get_if<Value::Sequence>()->items;
    text_ += '(';
    for (size_t i = 0; i < items.size(); i++) {
      if (i != 0) text_ += ", ";
      const PathStep step(path_, i);
      TENON_CHECK_OK(write(*type.field_type(i), items[i]));
    }
    return put(")");
  }

  Result<> variant(Type type, const Value& value) {
    const auto& held = *value.get_if<Value::Case>();
    const std::string& name = type.node().fields[held.index].name;
    if (is_wave_keyword(name)) text_ += '%';
    return with_payload(name, type.field_type(held.index), held.payload.get());
  }

  Result<> enumeration(Type type, const Value& value) { return variant(type, value); }

  Result<> option(Type type, const Value& value) {
    const auto& held = *value.get_if<Value::Case>();
    return held.index == 0 ? put("none") : with_payload("some", type.element(), held.payload.get());
  }

  Result<> nested_option(Type type, const Value& value) { return option(type, value); }

  Result<> result(Type type, const Value& value) {
    const auto& held = *value.get_if<Value::Case>();
    return with_payload(held.index == 0 ? "ok" : "err", type.field_type(held.index), held.payload.get());
  }

  Result<> flags(Type type, const Value& value) {
    const auto& words = value.get_if<Value::Flags>()->words;
    text_ += '{';
    bool first = true;
    for (size_t i = 0; i < type.node().fields.size(); i++) {
      if (((words[i / 32] >> (i % 32)) & 1) == 0) continue;
      if (!std::exchange(first, false)) text_ += ", ";
      text_ += type.node().fields[i].name;
    }
    return put("}");
  }

  Result<> unsupported(Type type, const Value&) { return fail(ErrorKind::Unsupported, path_.prefix() + unsupported_message(type, "WAVE")); }

 private:
  Result<> put(std::string_view text) {
    text_ += text;
    return {};
  }

  Result<> with_payload(std::string_view name, std::optional<Type> type, const Value* payload) {
    text_ += name;
    if (!type || payload == nullptr) return {};
    text_ += '(';
    const PathStep step(path_, name);
    TENON_CHECK_OK(write(*type, *payload));
    return put(")");
  }

  /// What a terminal would act on instead of showing is escaped: control characters, and the marks that turn the direction of text around.
  void put_character(char32_t code) {
    switch (code) {
      case '\\': text_ += "\\\\"; return;
      case '"': text_ += "\\\""; return;
      case '\'': text_ += "\\'"; return;
      case '\t': text_ += "\\t"; return;
      case '\n': text_ += "\\n"; return;
      case '\r': text_ += "\\r"; return;
      default: break;
    }
    if (is_terminal_control(code))
      text_ += fmt::format("\\u{{{:x}}}", static_cast<uint32_t>(code));
    else
      base::append_utf8(text_, code);
  }

  std::string text_;
  Path path_;
};

Result<> check_text(std::string_view text, const TextLimits& limits) {
  if (text.size() > limits.bytes_max)
    return fail(ErrorKind::LimitExceeded, fmt::format("the WAVE text has {} bytes, more than {}", text.size(), limits.bytes_max));
  if (!base::is_utf8(text)) return fail(ErrorKind::InvalidInput, "the WAVE text is not UTF-8");
  return {};
}

}  // namespace
}  // namespace wit

Result<Value> from_wave(std::string_view text, Type type, const TextLimits& limits) {
  TENON_CHECK_OK(wit::check_depth(type));
  TENON_CHECK_OK(wit::check_text(text, limits));
  wit::WaveReader reader(text, limits.values_max);
  TENON_TRY(Value value, reader.read(type));
  TENON_CHECK_OK(reader.finish());
  return value;
}

Result<std::string> to_wave(const Value& value, Type type) {
  TENON_CHECK_OK(check(value, type));
  wit::WaveWriter writer;
  TENON_CHECK_OK(writer.write(type, value));
  return std::move(writer).take();
}

Result<std::vector<Value>> arguments_from_wave(std::string_view text, const TypeTable& table, const FuncTypeNode& func, const TextLimits& limits) {
  for (const Param& param : func.params) TENON_CHECK_OK(wit::check_depth(Type(table, param.type)));
  TENON_CHECK_OK(wit::check_text(text, limits));
  wit::WaveReader reader(text, limits.values_max);
  return reader.read_arguments(table, func);
}

}  // namespace tenon
