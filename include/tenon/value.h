#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "tenon/result.h"
#include "tenon/types.h"

namespace tenon {

class Value;

namespace detail {

/// Whether `T` is one of the alternatives of a variant. Looks at names only, never at conversions.
template <class T, class Variant>
struct IsAlternative;
template <class T, class... Alternatives>
struct IsAlternative<T, std::variant<Alternatives...>> : std::bool_constant<(std::is_same_v<T, Alternatives> || ...)> {};

}  // namespace detail

/// Whether lists of `kind` are packed: U8 … U64, S8 … S64, F32 and F64.
constexpr bool is_packed_element(TypeKind kind) { return kind >= TypeKind::S8 && kind <= TypeKind::F64; }

/// Bytes of one element of a packed list; 0 for kinds that are not packed.
size_t packed_element_bytes(TypeKind kind);

/// A list of numbers, packed as they lie in memory (little endian). `element` is one of U8 … F64 but not Bool or Char.
struct PackedList {
  TypeKind element = TypeKind::U8;
  std::vector<std::byte> bytes;

  /// Number of elements.
  size_t size() const;
  bool operator==(const PackedList&) const = default;
};

/// An owned or borrowed handle outside of any guest. Made by the linker and by lifting; moved into a call when it is owned.
/// `state` is opaque and shared so that a handle used twice is noticed.
struct ResourceAny {
  std::shared_ptr<void> state;
  bool owned = false;

  bool operator==(const ResourceAny&) const = default;
};

/// A component-model value whose type is known at run time.
///
/// Positional: a record's fields, a variant's case and an enum's case are indexes into the type, which carries the names. A list of numbers, of fixed
/// length or not, comes as a `PackedList`, any other list as a `Sequence`; a `Sequence` of numbers is taken too. Text is UTF-8. Value type: copies deeply
/// (resource handles are shared). One thread at a time.
class Value {
 public:
  struct Sequence {
    std::vector<Value> items;
    bool operator==(const Sequence&) const = default;
  };
  /// Variant, option, result: which case, and its payload if it has one. Option: case 0 is none, 1 is some. Result: 0 is ok, 1 is error.
  struct Case {
    uint32_t index = 0;
    std::unique_ptr<Value> payload;
    Case() = default;
    Case(uint32_t i, std::unique_ptr<Value> p) : index(i), payload(std::move(p)) {}
    Case(const Case& other);
    Case(Case&&) noexcept = default;
    Case& operator=(const Case& other);
    Case& operator=(Case&&) noexcept = default;
    ~Case() = default;
    bool operator==(const Case& other) const;
  };
  /// One bit a flag, in the order of the type: exactly (flags + 31) / 32 words, bits past the last flag zero.
  struct Flags {
    std::vector<uint32_t> words;
    bool operator==(const Flags&) const = default;
  };

  using Storage = std::variant<bool, int8_t, uint8_t, int16_t, uint16_t, int32_t, uint32_t, int64_t, uint64_t, float, double, char32_t, std::string, PackedList,
                               Sequence, Case, Flags, ResourceAny>;

  Value() : storage_(false) {}
  /// Any alternative of `Storage`, by its exact type.
  template <class T>
    requires detail::IsAlternative<T, Storage>::value
  explicit Value(T&& value) : storage_(std::in_place_type<T>, std::forward<T>(value)) {}

  static Value string(std::string text) { return Value(std::move(text)); }
  static Value bytes(std::span<const std::byte> bytes);
  /// Members of a record, tuple, list, fixed-length list or map (a map's entries are tuples of two).
  static Value sequence(std::vector<Value> items) { return Value(Sequence{std::move(items)}); }
  static Value variant_case(uint32_t index) { return Value(Case{index, nullptr}); }
  static Value variant_case(uint32_t index, Value payload) { return Value(Case{index, std::make_unique<Value>(std::move(payload))}); }
  static Value enum_case(uint32_t index) { return variant_case(index); }
  static Value none() { return variant_case(0); }
  static Value some(Value payload) { return variant_case(1, std::move(payload)); }
  static Value flags(std::vector<uint32_t> words) { return Value(Flags{std::move(words)}); }
  /// A result's success and failure; without a payload where the type has none.
  static Value ok() { return variant_case(0); }
  static Value ok(Value payload) { return variant_case(0, std::move(payload)); }
  static Value err() { return variant_case(1); }
  static Value err(Value payload) { return variant_case(1, std::move(payload)); }

  /// The alternative `T`, or nullptr when the value is another.
  template <class T>
  const T* get_if() const {
    return std::get_if<T>(&storage_);
  }
  template <class T>
  T* get_if() {
    return std::get_if<T>(&storage_);
  }
  const Storage& storage() const { return storage_; }
  Storage& storage() { return storage_; }

  /// Floating-point numbers compare by bits, so that a NaN equals itself; a packed list equals a sequence of the same numbers.
  bool operator==(const Value& other) const;

 private:
  Storage storage_;
};

/// The number at `index` of a packed list, as a value of its element's kind. `index` is less than `list.size()`.
Value packed_element(const PackedList& list, size_t index);

/// Whether `value` has the shape of `type`, all the way down.
///
/// Errors: `InvalidInput` says where it does not and what was expected ("call.name: expected string, got u32"); text that is not UTF-8, a char that
/// is no Unicode scalar value, and flags past the last one are refused too. `LimitExceeded` for types deeper than `max_type_depth`. `Unsupported`
/// for futures, streams and error contexts.
Result<> check(const Value& value, Type type);

}  // namespace tenon
