#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tenon/result.h"

namespace tenon::wit {

enum class TokenKind : uint8_t { Open, Close, OpenList, CloseList, OpenBrace, CloseBrace, Colon, Comma, Number, Label, Char, String, MultilineString, End };

/// A token of WAVE. `text` is a view of the source, quotes and all; a label keeps its "%".
struct Token {
  TokenKind kind = TokenKind::End;
  std::string_view text;
  size_t offset = 0;

  /// Whether this is the label `word` without "%": a keyword.
  bool is_word(std::string_view word) const { return kind == TokenKind::Label && text == word; }
};

/// Splits WAVE text into tokens, one ahead; whitespace and comments are skipped. The source, which is UTF-8, outlives the lexer.
class WaveLexer {
 public:
  explicit WaveLexer(std::string_view source) : source_(source) {}

  /// The next token, which stays. Errors: `InvalidInput` for text that is no token, with line and column.
  Result<Token> peek();
  /// The next token, which is taken.
  Result<Token> next();

  /// "line 1, column 5: " for a byte of the source; columns count characters.
  std::string place(size_t offset) const;
  size_t offset() const { return offset_; }

 private:
  Result<Token> scan();
  void skip_blank();
  Result<Token> token(TokenKind kind, size_t bytes);
  Result<Token> scan_quoted(char quote);
  Result<Token> scan_multiline();
  std::unexpected<Error> invalid(size_t offset, std::string_view message) const;

  std::string_view source_;
  size_t offset_ = 0;
  std::optional<Token> ahead_;
};

/// Whether `word` is one of WAVE's keywords, which a case or flag may only have as its name with "%" in front.
bool is_wave_keyword(std::string_view word);

/// The text of a char, string or multiline string token. Errors: `InvalidInput`, without the place.
Result<std::string> unquote(const Token& token);

}  // namespace tenon::wit
