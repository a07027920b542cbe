#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tenon/result.h"
#include "tenon/types.h"
#include "tenon/value.h"

/// The one walk over types that JSON, WAVE and JSON Schema are made from: what a type looks like as text is decided here, once.
namespace tenon::wit {

/// How a type appears in text. Coarser than `TypeKind` where kinds look alike, finer where one kind has two forms.
enum class Shape : uint8_t {
  Bool,
  Integer,
  Float,
  Char,
  String,
  Bytes,
  List,
  Map,
  Record,
  Tuple,
  Variant,
  Enum,
  Option,
  NestedOption,
  Result,
  Flags,
  Unsupported,
};

/// `list<u8>` is bytes; an option of an option is nested, because null could not tell its two ways of being none.
Shape shape_of(Type type);

/// Calls the member of `walker` that is named after the type's shape, with `type` and `arguments`. A walker that forgets a shape does not compile.
template <class Walker, class... Arguments>
auto walk(Walker& walker, Type type, Arguments&&... arguments) {
  switch (shape_of(type)) {
    case Shape::Bool: return walker.boolean(type, std::forward<Arguments>(arguments)...);
    case Shape::Integer: return walker.integer(type, std::forward<Arguments>(arguments)...);
    case Shape::Float: return walker.floating(type, std::forward<Arguments>(arguments)...);
    case Shape::Char: return walker.character(type, std::forward<Arguments>(arguments)...);
    case Shape::String: return walker.string(type, std::forward<Arguments>(arguments)...);
    case Shape::Bytes: return walker.bytes(type, std::forward<Arguments>(arguments)...);
    case Shape::List: return walker.list(type, std::forward<Arguments>(arguments)...);
    case Shape::Map: return walker.map(type, std::forward<Arguments>(arguments)...);
    case Shape::Record: return walker.record(type, std::forward<Arguments>(arguments)...);
    case Shape::Tuple: return walker.tuple(type, std::forward<Arguments>(arguments)...);
    case Shape::Variant: return walker.variant(type, std::forward<Arguments>(arguments)...);
    case Shape::Enum: return walker.enumeration(type, std::forward<Arguments>(arguments)...);
    case Shape::Option: return walker.option(type, std::forward<Arguments>(arguments)...);
    case Shape::NestedOption: return walker.nested_option(type, std::forward<Arguments>(arguments)...);
    case Shape::Result: return walker.result(type, std::forward<Arguments>(arguments)...);
    case Shape::Flags: return walker.flags(type, std::forward<Arguments>(arguments)...);
    case Shape::Unsupported: break;
  }
  return walker.unsupported(type, std::forward<Arguments>(arguments)...);
}

/// What an integer kind holds.
struct IntegerRange {
  int64_t minimum = 0;
  uint64_t maximum = 0;
};

IntegerRange integer_range(TypeKind kind);

/// An integer with its sign apart, so that both ends of s64 and u64 fit.
struct Integer {
  bool is_negative = false;
  uint64_t magnitude = 0;
};

/// The integer that `text` spells: decimal digits, "-" in front of negative ones, no leading zeros, no "+". Absent for other text and past 64 bits.
std::optional<Integer> parse_integer(std::string_view text);

/// `number` as a value of integer kind `kind`; absent when it does not fit.
std::optional<Value> make_integer(TypeKind kind, Integer number);

/// The integer that `value`, one of the eight kinds, holds.
Integer integer_of(const Value& value);

/// "u8 (0 to 255)".
std::string describe_integer(TypeKind kind);

/// `number` as a value of F32 or F64; absent when it is finite and too large for an F32.
std::optional<Value> make_float(TypeKind kind, double number);

/// The float that the decimal `text` (a JSON or WAVE number) stands for, rounded once to the nearest, infinity past all
/// numbers; absent when it is no number.
std::optional<Value> parse_float(TypeKind kind, std::string_view text);

/// The shortest decimal that reads back as the same F32 or F64; "-0" for minus zero. `value` is finite.
std::string finite_to_text(const Value& value);

/// Collects the elements of a list: packed for numbers, a sequence otherwise.
class ListBuilder {
 public:
  explicit ListBuilder(Type element);
  void add(Value element);
  size_t size() const { return size_; }
  Value take() &&;

 private:
  TypeKind element_;
  size_t size_ = 0;
  PackedList packed_;
  std::vector<Value> items_;
};

/// The element at `index` of a packed list or sequence; `held` owns it when it had to be made.
const Value& list_element(const Value& list, size_t index, Value& held);
size_t list_size(const Value& list);

/// The position of the part called `name`; absent when there is none.
std::optional<uint32_t> find_part(const TypeNode& node, std::string_view name);

/// `"; did you mean "…"?"` when one of `candidates` is close to `name`, else an empty string.
std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates);
std::string did_you_mean(std::string_view name, const TypeNode& node);

/// Where a walk is, for messages: "call.names[3].some". Grows and shrinks with the walk; text is made only for an error.
class Path {
 public:
  void push(std::string_view name) { steps_.emplace_back(name); }
  void push(size_t index) { steps_.emplace_back(index); }
  void pop() { steps_.pop_back(); }
  /// The text in front of a message, with ": " after it; empty at the top.
  std::string prefix() const;

 private:
  std::vector<std::variant<std::string_view, size_t>> steps_;
};

/// One step of a `Path` for the length of a block.
class PathStep {
 public:
  template <class Step>
  PathStep(Path& path, Step step) : path_(path) {
    path_.push(step);
  }
  ~PathStep() { path_.pop(); }
  PathStep(const PathStep&) = delete;
  PathStep& operator=(const PathStep&) = delete;

 private:
  Path& path_;
};

/// Refuses types that are nested too deep to be walked.
Result<> check_depth(Type type);

/// The message for a type that has no text form.
std::string unsupported_message(Type type, std::string_view form);

/// Whether a terminal would act on the character instead of showing it: control characters, and the marks that turn the direction of text around.
bool is_terminal_control(char32_t code);

/// `text` with what a terminal would act on as "\u{…}"; line breaks and tabs stay. Bytes that are no UTF-8 are shown the same way.
std::string printable(std::string_view text);

/// `text` cut for a message to at most 40 bytes of whole characters, "…" after it when it was longer; control characters as "\u{…}".
std::string excerpt(std::string_view text);

}  // namespace tenon::wit
