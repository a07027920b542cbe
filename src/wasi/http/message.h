#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "tenon/typed.h"
#include "wasi/http/error_code.h"

namespace tenon::wasi::http {

/// `method` of wasi:http/types. The first nine cases are the methods of HTTP's standards, in WIT's order.
struct Method {
  using Value = std::variant<std::monostate, std::monostate, std::monostate, std::monostate, std::monostate, std::monostate, std::monostate, std::monostate,
                             std::monostate, std::string>;
  Value value;
  bool operator==(const Method&) const = default;
};

/// `scheme` of wasi:http/types.
struct Scheme {
  using Value = std::variant<std::monostate, std::monostate, std::string>;
  Value value;
  bool operator==(const Scheme&) const = default;
};

inline Scheme scheme_http() { return {.value = Scheme::Value(std::in_place_index<0>)}; }
inline Scheme scheme_https() { return {.value = Scheme::Value(std::in_place_index<1>)}; }

/// The method's token; standard methods in upper case, however a guest wrote them.
std::string token_of(const Method& method);
/// A method of its token: one of the standard cases when it is one of theirs exactly.
Method method_of(std::string_view token);

}  // namespace tenon::wasi::http

template <>
struct tenon::VariantTraits<tenon::wasi::http::Method> {
  static constexpr std::array<std::string_view, 10> names = {"get", "head", "post", "put", "delete", "connect", "options", "trace", "patch", "other"};
};
template <>
struct tenon::VariantTraits<tenon::wasi::http::Scheme> {
  static constexpr std::array<std::string_view, 3> names = {"HTTP", "HTTPS", "other"};
};
