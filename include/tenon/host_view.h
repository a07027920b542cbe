#pragma once

#include <concepts>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if defined(__clang__)
#define TENON_LIFETIMEBOUND [[clang::lifetimebound]]
#else
#define TENON_LIFETIMEBOUND
#endif

namespace tenon {

/// Text of the host that a host function returns without a copy of it: `HostText{entry.name}`. To a component it is a string.
///
/// The bytes belong to the host and outlive the call: constants, what the host keeps for the store (`Store::data`), for a resource, or in what the function
/// object holds. They never lie in a guest's memory, which the guest's realloc may move or overwrite while the result is passed to it, and never in the
/// function's own variables or parameters, which are gone by then. Nothing may change them until the guest goes on. They are UTF-8, which is checked.
///
/// A value; one anywhere in a result will do: in a record, an option, the payload of a `Result`. An argument of a typed call may be one too; a parameter
/// of a host function may not, as that is the guest's. A call fails with `InvalidInput` when the text lies in the memory of the guest that would get it.
class HostText {
 public:
  constexpr HostText() = default;
  constexpr explicit HostText(std::string_view text TENON_LIFETIMEBOUND) : text_(text) {}
  /// A string that ends with the expression: return the string itself.
  template <std::same_as<std::string> Temporary>
  explicit HostText(Temporary&&) = delete;

  constexpr std::string_view view() const { return text_; }

 private:
  std::string_view text_;
};

/// Elements of the host that a host function returns without a copy of them: `HostList<uint8_t>{buffer}`. To a component it is a list (of pairs: a map
/// too). Where the elements may lie and how long they stay is as for `HostText`.
template <class T>
class HostList {
 public:
  constexpr HostList() = default;
  constexpr explicit HostList(std::span<const T> elements TENON_LIFETIMEBOUND) : elements_(elements) {}
  /// A list that ends with the expression: return the list itself.
  template <std::same_as<std::vector<T>> Temporary>
  explicit HostList(Temporary&&) = delete;

  constexpr std::span<const T> view() const { return elements_; }

 private:
  std::span<const T> elements_;
};

}  // namespace tenon
