#include "wit/wave_lexer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/utf8.h"
#include "tenon/result.h"
#include "wit/walk.h"

namespace tenon::wit {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

constexpr std::string_view triple_quote = "\"\"\"";

/// Length of the label that `text` starts with: words of one case joined by "-", the first of which starts with a letter; "%" may stand in front.
size_t label_length(std::string_view text) {
  size_t at = text.starts_with('%') ? 1 : 0;
  size_t end = 0;
  for (bool first = true; at < text.size(); first = false) {
    if (first ? !is_lower(text[at]) && !is_upper(text[at]) : !is_lower(text[at]) && !is_upper(text[at]) && !is_digit(text[at])) break;
    const std::string_view word = text.substr(at);
    const auto lower_end = std::ranges::find_if_not(word, [](char c) { return is_lower(c) || is_digit(c); });
    const auto upper_end = std::ranges::find_if_not(word, [](char c) { return is_upper(c) || is_digit(c); });
    end = at + static_cast<size_t>(std::max(lower_end - word.begin(), upper_end - word.begin()));
    if (end >= text.size() || text[end] != '-') break;
    at = end + 1;
  }
  return end;
}

/// Length of the number that `text` starts with: a JSON number.
size_t number_length(std::string_view text) {
  size_t at = text.starts_with('-') ? 1 : 0;
  const auto digits = [&text](size_t from) {
    size_t to = from;
    while (to < text.size() && is_digit(text[to])) to++;
    return to;
  };
  if (at >= text.size() || !is_digit(text[at])) return 0;
  at = text[at] == '0' ? at + 1 : digits(at);
  if (at < text.size() && text[at] == '.' && digits(at + 1) > at + 1) at = digits(at + 1);
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    const size_t from = at + 1 < text.size() && (text[at + 1] == '+' || text[at + 1] == '-') ? at + 2 : at + 1;
    if (digits(from) > from) at = digits(from);
  }
  return at;
}

/// Decodes the escape that `text` starts with into `out`; returns its length, 0 when it is none.
size_t unescape(std::string_view text, std::string& out) {
  if (text.size() < 2) return 0;
  switch (text[1]) {
    case '\\':
    case '\'':
    case '"': out += text[1]; return 2;
    case 't': out += '\t'; return 2;
    case 'n': out += '\n'; return 2;
    case 'r': out += '\r'; return 2;
    case 'u': break;
    default: return 0;
  }
  const size_t close = text.find('}');
  constexpr size_t first_digit = 3;
  constexpr size_t most_digits = 6;
  if (!text.substr(2).starts_with('{') || close == std::string_view::npos || close == first_digit || close > first_digit + most_digits) return 0;
  char32_t code = 0;
  for (char c : text.substr(first_digit, close - first_digit)) {
    const int digit = is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return 0;
    code = code * 16 + static_cast<char32_t>(digit);
  }
  if (!base::is_scalar_value(code)) return 0;
  base::append_utf8(out, code);
  return close + 1;
}

Result<> append_unescaped(std::string_view text, std::string& out) {
  while (!text.empty()) {
    const size_t plain = std::min(text.find('\\'), text.size());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const size_t taken = unescape(text, out);
    if (taken == 0)
      return fail(ErrorKind::InvalidInput, fmt::format("\"{}\" is no escape; there are \\' \\\" \\\\ \\t \\n \\r \\u{{…}}", excerpt(text.substr(0, 8))));
    text.remove_prefix(taken);
  }
  return {};
}

/// Lines between the quotes, without the indent of the closing quotes.
Result<std::string> unquote_multiline(std::string_view text) {
  if (text.starts_with('\r')) text.remove_prefix(1);
  if (!text.starts_with('\n')) return fail(ErrorKind::InvalidInput, "the opening \"\"\" must be followed by a line break");
  const size_t last = text.rfind('\n');
  const std::string_view indent = text.substr(last + 1);
  if (indent.find_first_not_of(' ') != std::string_view::npos) return fail(ErrorKind::InvalidInput, "the closing \"\"\" must stand on a line of its own");
  std::string out;
  if (last == 0) return out;
  std::string_view lines = text.substr(1, last - 1);
  for (bool first = true; first || !lines.empty(); first = false) {
    if (!first) {
      lines.remove_prefix(1);
      out += '\n';
    }
    const size_t end = std::min(lines.find('\n'), lines.size());
    std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end);
    if (!line.starts_with(indent)) return fail(ErrorKind::InvalidInput, "every line must be indented at least as far as the closing \"\"\"");
    line.remove_prefix(indent.size());
    if (line.ends_with('\r')) line.remove_suffix(1);
    TENON_CHECK_OK(append_unescaped(line, out));
  }
  return out;
}

}  // namespace

bool is_wave_keyword(std::string_view word) {
  constexpr std::array<std::string_view, 8> keywords = {"true", "false", "some", "none", "ok", "err", "inf", "nan"};
  return std::ranges::find(keywords, word) != keywords.end();
}

Result<std::string> unquote(const Token& token) {
  if (token.kind == TokenKind::MultilineString) return unquote_multiline(token.text.substr(3, token.text.size() - 6));
  std::string text;
  TENON_CHECK_OK(append_unescaped(token.text.substr(1, token.text.size() - 2), text));
  return text;
}

std::string WaveLexer::place(size_t offset) const {
  const std::string_view before = source_.substr(0, offset);
  const auto line = 1 + std::ranges::count(before, '\n');
  const size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const auto column = 1 + std::ranges::count_if(before.substr(line_start), [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; });
  return fmt::format("line {}, column {}: ", line, column);
}

std::unexpected<Error> WaveLexer::invalid(size_t offset, std::string_view message) const {
  return fail(ErrorKind::InvalidInput, place(offset) + std::string(message));
}

Result<Token> WaveLexer::peek() {
  if (!ahead_) {
    TENON_TRY(ahead_, scan());
  }
  return *ahead_;
}

Result<Token> WaveLexer::next() {
  TENON_TRY(const Token taken, peek());
  ahead_.reset();
  return taken;
}

void WaveLexer::skip_blank() {
  while (offset_ < source_.size()) {
    const char c = source_[offset_];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      offset_++;
    } else if (source_.substr(offset_).starts_with("//")) {
      offset_ = std::min(source_.find('\n', offset_), source_.size());
    } else {
      break;
    }
  }
}

Result<Token> WaveLexer::token(TokenKind kind, size_t bytes) {
  Token found{kind, source_.substr(offset_, bytes), offset_};
  offset_ += bytes;
  return found;
}

Result<Token> WaveLexer::scan() {
  skip_blank();
  const std::string_view rest = source_.substr(offset_);
  if (rest.empty()) return token(TokenKind::End, 0);
  switch (rest.front()) {
    case '(': return token(TokenKind::Open, 1);
    case ')': return token(TokenKind::Close, 1);
    case '[': return token(TokenKind::OpenList, 1);
    case ']': return token(TokenKind::CloseList, 1);
    case '{': return token(TokenKind::OpenBrace, 1);
    case '}': return token(TokenKind::CloseBrace, 1);
    case ':': return token(TokenKind::Colon, 1);
    case ',': return token(TokenKind::Comma, 1);
    case '\'': return scan_quoted('\'');
    case '"': return rest.starts_with(triple_quote) ? scan_multiline() : scan_quoted('"');
    default: break;
  }
  if (rest.starts_with("-inf") && label_length(rest.substr(1)) == 3) return token(TokenKind::Number, 4);
  if (const size_t length = number_length(rest); length != 0) return token(TokenKind::Number, length);
  if (const size_t length = label_length(rest); length != 0) return token(TokenKind::Label, length);
  return invalid(offset_, fmt::format("expected a value, got \"{}\"", excerpt(rest.substr(0, 12))));
}

Result<Token> WaveLexer::scan_quoted(char quote) {
  const std::string_view rest = source_.substr(offset_);
  for (size_t at = 1; at < rest.size() && rest[at] != '\n'; at++) {
    if (rest[at] == quote) return token(quote == '"' ? TokenKind::String : TokenKind::Char, at + 1);
    if (rest[at] == '\\') at++;
  }
  return invalid(offset_, fmt::format("the {} has no closing {}", quote == '"' ? "string" : "char", quote));
}

Result<Token> WaveLexer::scan_multiline() {
  const size_t close = source_.find(triple_quote, offset_ + 3);
  if (close == std::string_view::npos) return invalid(offset_, "the string has no closing \"\"\"");
  return token(TokenKind::MultilineString, close + 3 - offset_);
}

}  // namespace tenon::wit
