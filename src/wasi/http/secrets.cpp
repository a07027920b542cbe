#include "wasi/http/secrets.h"

#include <charconv>

#include "wasi/http/syntax.h"

namespace tenon::wasi::http {

namespace {

struct HostAndPort {
  std::string_view host;
  uint16_t port = 0;
};

/// "name", "name:port", "[v6]", "[v6]:port" or "v6".
HostAndPort split(std::string_view text, uint16_t default_port) {
  HostAndPort made{.host = text, .port = default_port};
  std::string_view digits;
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return made;
    made.host = text.substr(1, close - 1);
    digits = text.substr(close + 1);
  } else if (const size_t colon = text.find(':'); colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos) {
    made.host = text.substr(0, colon);
    digits = text.substr(colon);
  }
  if (!digits.empty()) {
    made.port = 0;
    std::from_chars(digits.data() + 1, digits.data() + digits.size(), made.port);
  }
  return made;
}

}  // namespace

bool goes_to(const Secret& secret, const Target& target) {
  if (secret.placeholder.empty() || target.method == "TRACE") return false;
  if (!target.is_tls && !secret.allow_plain) return false;
  const auto [host, port] = split(secret.host, target.default_port());
  return equals_ignoring_case(host, target.host) && port == target.port;
}

std::expected<std::string, ErrorCode> fill_secrets(const std::vector<Secret>& secrets, const Target& target, std::string_view value) {
  std::string made;
  made.reserve(value.size());
  while (!value.empty()) {
    const Secret* found = nullptr;
    for (const Secret& secret : secrets) {
      if (value.starts_with(secret.placeholder) && goes_to(secret, target) && (found == nullptr || secret.placeholder.size() > found->placeholder.size()))
        found = &secret;
    }
    if (found == nullptr) {
      made.push_back(value[0]);
      value.remove_prefix(1);
      continue;
    }
    if (!is_field_value(found->value)) return std::unexpected(error_code<ErrorCase::ConfigurationError>());
    made += found->value;
    value.remove_prefix(found->placeholder.size());
  }
  return made;
}

}  // namespace tenon::wasi::http
