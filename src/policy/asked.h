#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "policy/request.h"

namespace tenon::policy {

/// The capability that would allow just what a question asks for, written into a buffer of its own: nothing is allocated. Without values of variables, headers
/// and queries.
///
/// What no capability can say (a control character in a path, a method that is none) is written so that `Capability::parse` refuses the text.
class AskedText final {
 public:
  static constexpr size_t bytes_max = 1024;

  /// An address is told by the first of the question's names, where a rule for a name can allow it.
  explicit AskedText(const Question& question);

  std::string_view text() const { return {buffer_.data(), size_}; }
  /// Whether it did not fit.
  bool is_cut() const { return is_cut_; }

 private:
  void add(std::string_view text);
  void add(char c) { add(std::string_view(&c, 1)); }
  void add_hex(char c);
  void add_port(uint16_t port);
  void add_address(const IpAddress& address);
  void add_name(std::string_view name, const std::optional<IpAddress>& address);
  void add_glob_free(std::string_view text);
  void add_endpoint(const Question& question);
  void add_url(const Question& question);

  std::array<char, bytes_max> buffer_;
  size_t size_ = 0;
  bool is_cut_ = false;
};

}  // namespace tenon::policy
