#include <cstddef>
#include <string>
#include <string_view>
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
namespace {

constexpr std::string_view blank = " \t\r\n";

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

/// What stands between the "(" that `text` starts with and the matching ")", which must end it.
Result<std::string> between_parentheses(std::string_view text) {
  wit::WaveLexer lexer(text);
  size_t depth = 0;
  for (;;) {
    TENON_TRY(const wit::Token token, lexer.next());
    if (token.kind == wit::TokenKind::End) return fail(ErrorKind::InvalidInput, "the call has no closing \")\"");
    if (token.kind == wit::TokenKind::Open) depth++;
    if (token.kind != wit::TokenKind::Close || --depth > 0) continue;
    TENON_TRY(const wit::Token after, lexer.next());
    if (after.kind != wit::TokenKind::End)
      return fail(ErrorKind::InvalidInput, fmt::format("expected nothing behind the call, got \"{}\"", wit::excerpt(text.substr(after.offset))));
    return std::string(text.substr(1, token.offset - 1));
  }
}

}  // namespace

Result<CallText> parse_call(std::string_view text) {
  if (text.size() > TextLimits().bytes_max)
    return fail(ErrorKind::LimitExceeded, fmt::format("the call has {} bytes, more than {}", text.size(), TextLimits().bytes_max));
  if (!base::is_utf8(text)) return fail(ErrorKind::InvalidInput, "the call is not UTF-8");
  text = trim(text);
  // "[method]counter.get" begins with a bracket that is part of the name, wherever an interface stands in front.
  size_t end = 0;
  for (;;) {
    end = std::min(text.find_first_of("({[ \t\r\n", end), text.size());
    const bool is_name_part = end < text.size() && text[end] == '[' && (end == 0 || text[end - 1] == '/' || text[end - 1] == '.' || text[end - 1] == '#');
    if (!is_name_part) break;
    end = std::min(text.find(']', end), text.size());
  }
  CallText call{.function = std::string(text.substr(0, end)), .arguments = {}};
  if (call.function.empty()) return fail(ErrorKind::InvalidInput, fmt::format("expected the name of a function, got \"{}\"", wit::excerpt(text)));
  const std::string_view rest = trim(text.substr(end));
  if (rest.empty()) return call;
  if (rest.starts_with('{') || rest.starts_with('[')) {
    call.form = CallText::Form::Json;
    call.arguments = rest;
    return call;
  }
  if (!rest.starts_with('(')) {
    return fail(ErrorKind::InvalidInput, fmt::format("expected \"(\" with arguments in WAVE, or a JSON object or array, got \"{}\"", wit::excerpt(rest)));
  }
  TENON_TRY(call.arguments, between_parentheses(rest));
  return call;
}

Result<std::vector<Value>> arguments_from_call(const CallText& call, const TypeTable& table, const FuncTypeNode& func, const TextLimits& limits) {
  return call.form == CallText::Form::Json ? arguments_from_json(call.arguments, table, func, limits)
                                           : arguments_from_wave(call.arguments, table, func, limits);
}

}  // namespace tenon
