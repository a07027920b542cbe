#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

/// The grammar of HTTP's parts, as bytes. No function allocates or fails otherwise than by its answer.
namespace tenon::wasi::http {

/// A method or the name of a field: letters, digits and the fifteen marks of RFC 9110's `token`; 1 to 65535 bytes.
bool is_token(std::string_view text);
/// The value of a field: no control character but the tab, so no CR, LF or NUL.
bool is_field_value(std::string_view bytes);
/// A scheme of RFC 3986: a letter, then letters, digits, '+', '-' and '.'.
bool is_scheme(std::string_view text);
/// `[userinfo@]host[:port]`: a port, when there is one, of 0 to 65535; brackets around IPv6 and nowhere else; the characters that RFC 3986 has there.
bool is_authority(std::string_view text);
/// A path from the slash on (or nothing, or `*`) and a query: printable ASCII without space, `<`, `>` and `#`.
bool is_path_with_query(std::string_view text);

/// The number that a `content-length` says: digits alone, within 64 bits.
std::optional<uint64_t> parse_content_length(std::string_view text);

/// Without the spaces and tabs at both ends.
std::string_view trim(std::string_view text);

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
/// Equal but for the case of ASCII letters.
bool equals_ignoring_case(std::string_view a, std::string_view b);

/// Fields that belong to a connection or to the host, which a guest may neither set nor see.
bool is_forbidden_field(std::string_view name);

}  // namespace tenon::wasi::http
