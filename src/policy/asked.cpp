#include "policy/asked.h"

#include <charconv>
#include <cstring>

#include "policy/host_pattern.h"

namespace tenon::policy {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_glob_character(char c) { return c == '*' || c == '?' || c == '[' || c == ']' || c == '{' || c == '}' || c == '\\'; }

/// What a rule for a name adds for an address of this class.
std::string_view suffix_of(AddressClass kind) {
  switch (kind) {
    case AddressClass::Loopback: return "+loopback";
    case AddressClass::Private: return "+private";
    case AddressClass::LinkLocal: return "+link-local";
    default: return "";
  }
}

}  // namespace

AskedText::AskedText(const Question& question) {
  const AccessName name = name_of(question.access);
  add(name.domain);
  if (question.access == Access::Http) {
    add(':');
    const std::string_view method = question.http != nullptr ? question.http->method : "*";
    for (const char c : method) add(c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : is_control(c) ? '?' : c);
  } else if (!name.action.empty()) {
    add(':');
    add(name.action);
  }
  if (name.target == TargetKind::None) return;
  add(':');
  switch (name.target) {
    case TargetKind::Path: add_glob_free(question.text == "/" ? "/." : question.text); break;  // "/" would stand for all there is
    case TargetKind::Name:
    case TargetKind::Host: add_glob_free(question.text); break;
    case TargetKind::Endpoint: add_endpoint(question); break;
    case TargetKind::Url: add_url(question); break;
    case TargetKind::None: break;
  }
}

void AskedText::add(std::string_view text) {
  if (text.size() > bytes_max - size_) {
    is_cut_ = true;
    return;
  }
  std::memcpy(buffer_.data() + size_, text.data(), text.size());
  size_ += text.size();
}

void AskedText::add_hex(char c) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  add(digits[static_cast<unsigned char>(c) >> 4]);
  add(digits[static_cast<unsigned char>(c) & 15]);
}

void AskedText::add_port(uint16_t port) {
  std::array<char, 8> digits;
  const auto [end, error] = std::to_chars(digits.begin(), digits.end(), port);
  add(':');
  add(std::string_view(digits.data(), static_cast<size_t>(end - digits.data())));
}

void AskedText::add_address(const IpAddress& address) {
  std::array<char, address_text_max + 2> text;
  add(print_address(address, true, text));
}

void AskedText::add_name(std::string_view name, const std::optional<IpAddress>& address) {
  add(name);
  if (!address) return;
  const AddressClass kind = class_of(*address);
  const bool is_localhost = name == "localhost" || name.ends_with(".localhost");
  if (!is_localhost || kind != AddressClass::Loopback) add(suffix_of(kind));
}

void AskedText::add_glob_free(std::string_view text) {
  if (text.size() > bytes_max - size_) {
    is_cut_ = true;
    return;
  }
  size_t plain = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!is_glob_character(text[i]) && !is_control(text[i])) continue;
    add(text.substr(plain, i - plain));
    plain = i + 1;
    add('\\');
    if (is_control(text[i])) {
      add('x');
      add_hex(text[i]);
    } else {
      add(text[i]);
    }
  }
  add(text.substr(plain));
}

void AskedText::add_endpoint(const Question& question) {
  add(question.transport == Transport::Tcp ? "tcp://" : "udp://");
  if (!question.address) return;
  const AddressClass kind = class_of(*question.address);
  if (question.names.empty() || kind == AddressClass::Metadata || kind == AddressClass::Special) {
    add_address(*question.address);
  } else {
    add_name(question.names.front(), question.address);
  }
  add_port(question.port);
}

void AskedText::add_url(const Question& question) {
  if (question.http == nullptr) {
    if (!question.address) return;
    if (question.names.empty()) {
      add_address(*question.address);
    } else {
      add_name(question.names.front(), question.address);
    }
    add_port(question.port);
    return;
  }
  const HttpTarget& http = *question.http;
  const bool is_https = http.scheme == "https";
  add(is_https ? "https://" : "http://");
  const bool is_name = is_host_name(http.host);
  if (is_name) {
    add_name(http.host, question.address);
  } else if (question.address) {
    add_address(*question.address);
  }
  // Behind an address the port is always written: "10.0.0.1/8" might be a range.
  if (!is_name || http.port != (is_https ? 443 : 80)) add_port(http.port);
  if (http.path == "/") return;
  for (const char c : http.path) {
    if (is_url_path_character(c) || c == '%') {
      add(c);
    } else {
      add('%');
      add_hex(c);
    }
  }
}

}  // namespace tenon::policy
