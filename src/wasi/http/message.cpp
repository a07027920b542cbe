#include "wasi/http/message.h"

#include <utility>

#include "wasi/http/syntax.h"

namespace tenon::wasi::http {

namespace {

constexpr size_t standard_methods = 9;
constexpr std::array<std::string_view, standard_methods> method_tokens = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};

template <size_t... I>
Method standard_method(size_t which, std::index_sequence<I...>) {
  Method method;
  (void)((which == I && (method.value.emplace<I>(), true)) || ...);
  return method;
}

}  // namespace

std::string token_of(const Method& method) {
  if (method.value.index() < standard_methods) return std::string(method_tokens[method.value.index()]);
  const std::string& other = std::get<standard_methods>(method.value);
  for (const std::string_view token : method_tokens) {
    if (equals_ignoring_case(other, token)) return std::string(token);
  }
  return other;
}

Method method_of(std::string_view token) {
  for (size_t i = 0; i < standard_methods; i++) {
    if (token == method_tokens[i]) return standard_method(i, std::make_index_sequence<standard_methods>());
  }
  return {.value = Method::Value(std::in_place_index<standard_methods>, token)};
}

}  // namespace tenon::wasi::http
