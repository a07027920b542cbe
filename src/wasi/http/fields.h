#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tenon/result.h"
#include "tenon/typed.h"
#include "wasi/resource.h"

namespace tenon::wasi::http {

/// `header-error` of wasi:http/types: an enum in all but name.
struct HeaderError {
  enum Case : uint8_t { InvalidSyntax, Forbidden, Immutable };
  std::variant<std::monostate, std::monostate, std::monostate> value;

  static HeaderError invalid_syntax() { return {.value = decltype(value)(std::in_place_index<InvalidSyntax>)}; }
  static HeaderError forbidden() { return {.value = decltype(value)(std::in_place_index<Forbidden>)}; }
  static HeaderError immutable() { return {.value = decltype(value)(std::in_place_index<Immutable>)}; }
  bool operator==(const HeaderError&) const = default;
};

struct FieldLine {
  std::string name;
  std::string value;
  bool operator==(const FieldLine&) const = default;
};

/// Bytes that all fields of a context hold together, and how many they may.
struct FieldLedger {
  size_t bytes = 0;
  size_t bytes_max = size_t{64} << 20;
};

/// Names and values in their order, with the case of the names as it was given; they are compared without it. Counted in a ledger.
class FieldList final {
 public:
  /// Bytes of names and values of one list, each line counted with `line_bytes` more.
  static constexpr size_t bytes_max = size_t{128} << 10;
  static constexpr size_t line_bytes = 64;

  explicit FieldList(std::shared_ptr<FieldLedger> ledger) : ledger_(std::move(ledger)) {}
  ~FieldList() { ledger_->bytes -= bytes_; }
  FieldList(const FieldList&) = delete;
  FieldList& operator=(const FieldList&) = delete;

  const std::vector<FieldLine>& lines() const { return lines_; }
  /// As the limit counts them.
  size_t bytes() const { return bytes_; }
  const FieldLine* find(std::string_view name) const;

  /// Adds a line, unchecked. Whether there was room for it in the list and the ledger.
  bool add(std::string_view name, std::string_view value);
  void erase(std::string_view name);
  /// A copy of its own; nothing when the ledger has no room for it.
  std::shared_ptr<FieldList> copy() const;

 private:
  std::shared_ptr<FieldLedger> ledger_;
  std::vector<FieldLine> lines_;
  size_t bytes_ = 0;
};

/// `fields` of wasi:http/types: headers or trailers. What a guest makes is mutable; what it is given with a message is not.
class Fields final : public Resource {
 public:
  /// A guest's own, empty.
  explicit Fields(std::shared_ptr<FieldLedger> ledger) : is_mutable_(true), list_(std::make_shared<FieldList>(std::move(ledger))) {}
  /// Those of a message, which it shares.
  explicit Fields(std::shared_ptr<const FieldList> list) : is_mutable_(false), list_(std::const_pointer_cast<FieldList>(std::move(list))) {}

  const std::vector<FieldLine>& lines() const { return list_->lines(); }
  /// For the message that the guest gives them to.
  std::shared_ptr<const FieldList> share() const { return list_; }

  /// The operations of wasi:http/types that change. The outer error, `LimitExceeded`, traps: this list or all of the context's hold too much.
  using Outcome = Result<std::expected<void, HeaderError>>;
  Outcome append(std::string_view name, std::string_view value);
  Outcome set(std::string_view name, const std::vector<std::vector<uint8_t>>& values);
  Outcome remove(std::string_view name);
  /// A mutable copy.
  Result<std::unique_ptr<Fields>> clone() const;

 private:
  struct Copied {};
  Fields(Copied, std::shared_ptr<FieldList> list) : is_mutable_(true), list_(std::move(list)) {}
  /// What is wrong with changing the lines of `name`.
  std::optional<HeaderError> refuse(std::string_view name) const;

  bool is_mutable_;
  /// Shared only when it is not mutable; nothing is changed then.
  std::shared_ptr<FieldList> list_;
};

}  // namespace tenon::wasi::http

template <>
struct tenon::VariantTraits<tenon::wasi::http::HeaderError> {
  static constexpr std::array<std::string_view, 3> names = {"invalid-syntax", "forbidden", "immutable"};
};
