#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "tenon/detail/guest.h"
#include "tenon/host_view.h"
#include "tenon/types.h"

// gcc 12 takes the inside of an empty optional or expected for used although the code asks before.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

/// How each C++ type crosses the border: sizes and offsets at compile time, loads and stores in line. Not for embedders; `tenon/typed.h` is.
namespace tenon {

namespace detail {

class ResourceLookup;

/// Where and how a C++ type and a component's type differ, built from the inside out.
class Mismatch {
 public:
  /// `resources` tells which resources an import's handles are of, and outlives this. Null where the types are an export's: its handles are of resources that
  /// are only known when a call is made, and checked then.
  explicit Mismatch(const ResourceLookup* resources = nullptr) : resources_(resources) {}

  const ResourceLookup* resources() const { return resources_; }
  /// Notes the difference; always false.
  bool differ(std::string_view binding, Type component);
  bool differ(std::string reason);
  /// Names the part that the difference is in ("field `name`") when there is one; passes `same` on.
  bool in(bool same, std::string_view kind, std::string_view name);
  /// "parameter `call`, field `name`: the binding has string, the component has u32".
  std::string take() &&;

 private:
  const ResourceLookup* resources_;
  std::string path_;
  std::string reason_;
};

/// Whether `type` is of `kind`; notes the difference.
bool is_kind(Mismatch& mismatch, Type type, TypeKind kind);
/// Whether the names of `type`'s parts are `names`, in their order.
bool has_names(Mismatch& mismatch, Type type, std::span<const std::string_view> names, std::string_view part);
/// The guest's discriminant is not below `count`: a trap; always false.
[[gnu::cold]] bool bad_discriminant(Guest& guest, uint64_t discriminant, size_t count);
/// The host's enumerator is not below `count`: `InvalidInput`; always false.
[[gnu::cold]] bool bad_enumerator(Guest& guest, uint64_t value, size_t count);
/// The host's text or list lies in the memory of the guest that would get it: `InvalidInput`; always false.
[[gnu::cold]] bool bad_host_view(Guest& guest);
/// The guest's code point is no scalar value: a trap; always false. `bad_host_char`: the host's is not.
[[gnu::cold]] bool bad_char(Guest& guest);
[[gnu::cold]] bool bad_host_char(Guest& guest);

constexpr bool is_scalar_value(uint32_t code) { return code < 0x110000 && (code & 0xfffff800) != 0xd800; }
constexpr uint64_t align_up(uint64_t offset, uint64_t alignment) { return (offset + alignment - 1) & ~(alignment - 1); }

/// Writes at an address that was checked.
template <class T>
void write(Guest& guest, uint64_t at, T value) {
  std::memcpy(guest.memory() + at, &value, sizeof(T));
}

/// How `T` crosses the border. Each specialisation has, for memories addressed with `W` bytes (4 or 8):
///
///   flat, size<W>, alignment<W>      core values; bytes (`CanonicalABI.md`, "Flattening", "Element Size", "Alignment")
///   is_plain                         every byte pattern is a value and lies in host memory as it does in the guest's
///   has_handles                      handles are inside, so that the component's type is needed at run time
///   views                            which views are inside
///   store<W>, load<W>                through an address that was checked
///   lower<W>, lift<W>                through core values
///   matches                          whether the component's type is this one
template <class T>
struct Codec;

template <class T>
concept Bindable = requires { Codec<T>::flat; };

template <class T>
concept Number = (std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> && !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> &&
                  !std::same_as<T, char16_t> && !std::same_as<T, char32_t> && sizeof(T) <= 8) ||
                 std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, std::byte>;

template <Number T>
constexpr TypeKind number_kind() {
  if constexpr (std::same_as<T, float>)
    return TypeKind::F32;
  else if constexpr (std::same_as<T, double>)
    return TypeKind::F64;
  else if constexpr (std::same_as<T, std::byte>)
    return TypeKind::U8;
  else {
    constexpr bool is_signed = std::is_signed_v<T>;
    switch (sizeof(T)) {
      case 1: return is_signed ? TypeKind::S8 : TypeKind::U8;
      case 2: return is_signed ? TypeKind::S16 : TypeKind::U16;
      case 4: return is_signed ? TypeKind::S32 : TypeKind::U32;
      default: return is_signed ? TypeKind::S64 : TypeKind::U64;
    }
  }
}

/// Kinds of views: those that may lie in a guest's memory, and those of the host (`HostText`, `HostList`); bits of a mask.
inline constexpr unsigned guest_views = 1;
inline constexpr unsigned host_views = 2;

/// What most codecs have in common.
struct CodecBase {
  static constexpr bool is_plain = false;
  static constexpr bool has_handles = false;
  static constexpr unsigned views = 0;
};

/// The views anywhere in `T`, which is a component's type or not.
template <class T>
constexpr unsigned views_of = 0;
template <Bindable T>
constexpr unsigned views_of<T> = Codec<T>::views;

/// Whether none of the `bytes` at `start` lie in the guest's memory.
inline bool is_outside(const Guest& guest, const void* start, size_t bytes) {
  const auto from = reinterpret_cast<uintptr_t>(start);
  const auto memory = reinterpret_cast<uintptr_t>(guest.memory());
  return bytes == 0 || from >= memory + guest.memory_size() || from + bytes <= memory;
}

template <Number T>
struct Codec<T> : CodecBase {
  static constexpr size_t flat = 1;
  template <int W>
  static constexpr uint64_t size = sizeof(T);
  template <int W>
  static constexpr uint32_t alignment = sizeof(T);
  static constexpr bool is_plain = true;

  template <int W>
  static bool store(Guest& guest, TypeIndex, uint64_t at, T value) {
    write(guest, at, value);
    return true;
  }
  template <int W>
  static bool load(Guest& guest, TypeIndex, uint64_t at, T& value) {
    value = guest.load<T>(at);
    return true;
  }
  template <int W>
  static bool lower(Guest&, TypeIndex, T value, RawValue*& flat_values) {
    // Signed numbers are extended to i32 with their sign; what is above stays zero.
    if constexpr (std::same_as<T, float>)
      *flat_values++ = RawValue::of(std::bit_cast<uint32_t>(value));
    else if constexpr (std::same_as<T, double>)
      *flat_values++ = RawValue::of(std::bit_cast<uint64_t>(value));
    else if constexpr (sizeof(T) == 8)
      *flat_values++ = RawValue::of(static_cast<uint64_t>(value));
    else
      *flat_values++ = RawValue::of(static_cast<uint32_t>(value));
    return true;
  }
  template <int W>
  static bool lift(Guest&, TypeIndex, const RawValue*& flat_values, T& value) {
    const uint64_t bits = flat_values++->bits;
    if constexpr (std::same_as<T, float>)
      value = std::bit_cast<float>(static_cast<uint32_t>(bits));
    else if constexpr (std::same_as<T, double>)
      value = std::bit_cast<double>(bits);
    else
      value = static_cast<T>(bits);
    return true;
  }
  static bool matches(Mismatch& mismatch, Type type) { return is_kind(mismatch, type, number_kind<T>()); }
};

template <>
struct Codec<bool> : CodecBase {
  static constexpr size_t flat = 1;
  template <int W>
  static constexpr uint64_t size = 1;
  template <int W>
  static constexpr uint32_t alignment = 1;

  template <int W>
  static bool store(Guest& guest, TypeIndex, uint64_t at, bool value) {
    write<uint8_t>(guest, at, value ? 1 : 0);
    return true;
  }
  template <int W>
  static bool load(Guest& guest, TypeIndex, uint64_t at, bool& value) {
    value = guest.load<uint8_t>(at) != 0;
    return true;
  }
  template <int W>
  static bool lower(Guest&, TypeIndex, bool value, RawValue*& flat_values) {
    *flat_values++ = RawValue::of(value ? 1 : 0);
    return true;
  }
  template <int W>
  static bool lift(Guest&, TypeIndex, const RawValue*& flat_values, bool& value) {
    value = flat_values++->u32() != 0;
    return true;
  }
  static bool matches(Mismatch& mismatch, Type type) { return is_kind(mismatch, type, TypeKind::Bool); }
};

template <>
struct Codec<char32_t> : CodecBase {
  static constexpr size_t flat = 1;
  template <int W>
  static constexpr uint64_t size = 4;
  template <int W>
  static constexpr uint32_t alignment = 4;

  template <int W>
  static bool store(Guest& guest, TypeIndex, uint64_t at, char32_t value) {
    if (!is_scalar_value(value)) [[unlikely]]
      return bad_host_char(guest);
    write<uint32_t>(guest, at, value);
    return true;
  }
  template <int W>
  static bool load(Guest& guest, TypeIndex, uint64_t at, char32_t& value) {
    value = guest.load<uint32_t>(at);
    return is_scalar_value(value) || bad_char(guest);
  }
  template <int W>
  static bool lower(Guest& guest, TypeIndex, char32_t value, RawValue*& flat_values) {
    if (!is_scalar_value(value)) [[unlikely]]
      return bad_host_char(guest);
    *flat_values++ = RawValue::of(value);
    return true;
  }
  template <int W>
  static bool lift(Guest& guest, TypeIndex, const RawValue*& flat_values, char32_t& value) {
    value = flat_values++->u32();
    return is_scalar_value(value) || bad_char(guest);
  }
  static bool matches(Mismatch& mismatch, Type type) { return is_kind(mismatch, type, TypeKind::Char); }
};

/// A pointer and a length: strings, lists, maps. `Self` has `put` (places what is pointed to) and `take` (reads it).
template <class Self, class T>
struct PointerPair : CodecBase {
  static constexpr size_t flat = 2;
  template <int W>
  static constexpr uint64_t size = uint64_t{2} * W;
  template <int W>
  static constexpr uint32_t alignment = W;

  template <int W>
  using Word = std::conditional_t<W == 4, uint32_t, uint64_t>;

  template <int W>
  static bool store(Guest& guest, TypeIndex type, uint64_t at, const T& value) {
    uint64_t address = 0;
    uint64_t length = 0;
    if (!Self::template put<W>(guest, type, value, address, length)) [[unlikely]]
      return false;
    write(guest, at, static_cast<Word<W>>(address));
    write(guest, at + W, static_cast<Word<W>>(length));
    return true;
  }
  template <int W, class Out>
  static bool load(Guest& guest, TypeIndex type, uint64_t at, Out& value) {
    return Self::template take<W>(guest, type, guest.load<Word<W>>(at), guest.load<Word<W>>(at + W), value);
  }
  template <int W>
  static bool lower(Guest& guest, TypeIndex type, const T& value, RawValue*& flat_values) {
    uint64_t address = 0;
    uint64_t length = 0;
    if (!Self::template put<W>(guest, type, value, address, length)) [[unlikely]]
      return false;
    *flat_values++ = RawValue::of(address);
    *flat_values++ = RawValue::of(length);
    return true;
  }
  template <int W, class Out>
  static bool lift(Guest& guest, TypeIndex type, const RawValue*& flat_values, Out& value) {
    const auto address = static_cast<Word<W>>(flat_values++->bits);
    const auto length = static_cast<Word<W>>(flat_values++->bits);
    return Self::template take<W>(guest, type, address, length, value);
  }
};

template <class T>
struct TextCodec : PointerPair<TextCodec<T>, T> {
  template <int W>
  static bool put(Guest& guest, TypeIndex, std::string_view text, uint64_t& address, uint64_t& length) {
    return check_text(guest, text) && lower_string(guest, text, address, length);
  }
  template <int W>
  static bool take(Guest& guest, TypeIndex, uint64_t address, uint64_t length, std::string& text) {
    return lift_string(guest, address, length, text);
  }
  static bool matches(Mismatch& mismatch, Type type) { return is_kind(mismatch, type, TypeKind::String); }
};

template <>
struct Codec<std::string> : TextCodec<std::string> {};
template <>
struct Codec<std::string_view> : TextCodec<std::string_view> {
  static constexpr unsigned views = guest_views;
};
template <>
struct Codec<HostText> : PointerPair<Codec<HostText>, HostText> {
  static constexpr unsigned views = host_views;

  template <int W>
  static bool put(Guest& guest, TypeIndex type, HostText text, uint64_t& address, uint64_t& length) {
    if (!is_outside(guest, text.view().data(), text.view().size())) [[unlikely]]
      return bad_host_view(guest);
    return Codec<std::string_view>::put<W>(guest, type, text.view(), address, length);
  }
  static bool matches(Mismatch& mismatch, Type type) { return is_kind(mismatch, type, TypeKind::String); }
};

/// The part `i` of a component's type, where somebody below needs it.
template <class Part>
TypeIndex part_of(Guest& guest, TypeIndex type, size_t i) {
  if constexpr (Codec<Part>::has_handles)
    return *guest.node(type).fields[i].type;
  else
    return TypeIndex{};
}

/// Elements in one piece: `Elements` has data() and size().
template <class Element>
struct Elements {
  using C = Codec<Element>;

  template <int W>
  static bool store(Guest& guest, TypeIndex element, const Element* elements, size_t count, uint64_t at) {
    if constexpr (C::is_plain) {
      if (count != 0) std::memcpy(guest.memory() + at, elements, count * sizeof(Element));
    } else {
      for (size_t i = 0; i < count; i++, at += C::template size<W>) {
        if (!C::template store<W>(guest, element, at, elements[i])) [[unlikely]]
          return false;
      }
    }
    return true;
  }

  template <int W>
  static bool put(Guest& guest, TypeIndex element, const Element* elements, size_t count, uint64_t& address, uint64_t& length) {
    length = count;
    return allocate_list(guest, count, C::template size<W>, C::template alignment<W>, address) && store<W>(guest, element, elements, count, address);
  }

  template <int W>
  static bool check(Guest& guest, uint64_t address, uint64_t length) {
    return check_list(guest, address, length, C::template size<W>, C::template alignment<W>, sizeof(Element));
  }

  template <int W>
  static bool take(Guest& guest, TypeIndex element, uint64_t address, uint64_t length, std::vector<Element>& elements) {
    if (!check<W>(guest, address, length)) [[unlikely]]
      return false;
    if constexpr (C::is_plain) {
      const auto* const from = reinterpret_cast<const Element*>(guest.memory() + address);
      elements.assign(from, from + length);
    } else if constexpr (std::same_as<Element, bool>) {
      elements.resize(length);
      for (size_t i = 0; i < length; i++) elements[i] = guest.load<uint8_t>(address + i) != 0;
    } else {
      elements.clear();
      elements.resize(length);
      for (Element& each : elements) {
        if (!C::template load<W>(guest, element, address, each)) [[unlikely]]
          return false;
        address += C::template size<W>;
      }
    }
    return true;
  }
};

template <class T>
constexpr bool is_pair = false;
template <class K, class V>
constexpr bool is_pair<std::pair<K, V>> = true;
template <class K, class V>
constexpr bool is_pair<std::tuple<K, V>> = true;

/// Whether `type` is a list of `Element`, or a map when the elements are pairs.
template <class Element>
bool matches_list(Mismatch& mismatch, Type type) {
  if constexpr (is_pair<Element>) {
    if (type.kind() == TypeKind::Map) return mismatch.in(Codec<Element>::matches(mismatch, type.element()), "entry", "");
  }
  return is_kind(mismatch, type, TypeKind::List) && mismatch.in(Codec<Element>::matches(mismatch, type.element()), "element", "");
}

template <class Element>
TypeIndex element_of(Guest& guest, TypeIndex type) {
  if constexpr (Codec<Element>::has_handles) {
    const TypeNode& node = guest.node(type);
    return node.kind == TypeKind::Map ? *node.entry : *node.fields[0].type;
  } else {
    return TypeIndex{};
  }
}

template <class Element>
  requires Bindable<Element>
struct Codec<std::vector<Element>> : PointerPair<Codec<std::vector<Element>>, std::vector<Element>> {
  static constexpr bool has_handles = Codec<Element>::has_handles;
  static constexpr unsigned views = Codec<Element>::views;

  template <int W>
  static bool put(Guest& guest, TypeIndex type, const std::vector<Element>& list, uint64_t& address, uint64_t& length) {
    const TypeIndex element = element_of<Element>(guest, type);
    if constexpr (std::same_as<Element, bool>) {
      length = list.size();
      if (!allocate_list(guest, length, 1, 1, address)) return false;
      for (size_t i = 0; i < list.size(); i++) write<uint8_t>(guest, address + i, list[i] ? 1 : 0);
      return true;
    } else {
      return Elements<Element>::template put<W>(guest, element, list.data(), list.size(), address, length);
    }
  }
  template <int W>
  static bool take(Guest& guest, TypeIndex type, uint64_t address, uint64_t length, std::vector<Element>& list) {
    return Elements<Element>::template take<W>(guest, element_of<Element>(guest, type), address, length, list);
  }
  static bool matches(Mismatch& mismatch, Type type) { return matches_list<Element>(mismatch, type); }
};

/// A view: lowered from anywhere; lifted only as the parameter of a host function, and then only of numbers, which stay where they are.
template <class Element>
  requires Bindable<Element>
struct Codec<std::span<const Element>> : PointerPair<Codec<std::span<const Element>>, std::span<const Element>> {
  static constexpr bool has_handles = Codec<Element>::has_handles;
  static constexpr unsigned views = Codec<Element>::views | guest_views;

  template <int W>
  static bool put(Guest& guest, TypeIndex type, std::span<const Element> list, uint64_t& address, uint64_t& length) {
    return Elements<Element>::template put<W>(guest, element_of<Element>(guest, type), list.data(), list.size(), address, length);
  }
  template <int W>
  static bool take(Guest& guest, TypeIndex type, uint64_t address, uint64_t length, std::vector<Element>& list) {
    return Elements<Element>::template take<W>(guest, element_of<Element>(guest, type), address, length, list);
  }
  template <int W>
  static bool take(Guest& guest, TypeIndex, uint64_t address, uint64_t length, std::span<const Element>& list)
    requires Codec<Element>::is_plain
  {
    if (!Elements<Element>::template check<W>(guest, address, length)) [[unlikely]]
      return false;
    list = {reinterpret_cast<const Element*>(guest.memory() + address), length};
    return true;
  }
  static bool matches(Mismatch& mismatch, Type type) { return matches_list<Element>(mismatch, type); }
};

template <class Element>
  requires Bindable<Element>
struct Codec<HostList<Element>> : PointerPair<Codec<HostList<Element>>, HostList<Element>> {
  static constexpr bool has_handles = Codec<Element>::has_handles;
  static constexpr unsigned views = Codec<Element>::views | host_views;

  template <int W>
  static bool put(Guest& guest, TypeIndex type, HostList<Element> list, uint64_t& address, uint64_t& length) {
    if (!is_outside(guest, list.view().data(), list.view().size_bytes())) [[unlikely]]
      return bad_host_view(guest);
    return Codec<std::span<const Element>>::template put<W>(guest, type, list.view(), address, length);
  }
  static bool matches(Mismatch& mismatch, Type type) { return matches_list<Element>(mismatch, type); }
};

/// A fixed-length list.
template <class Element, size_t N>
  requires Bindable<Element>
struct Codec<std::array<Element, N>> : CodecBase {
  using C = Codec<Element>;
  static constexpr size_t flat = C::flat * N;
  template <int W>
  static constexpr uint64_t size = C::template size<W> * N;
  template <int W>
  static constexpr uint32_t alignment = C::template alignment<W>;
  static constexpr bool is_plain = C::is_plain;
  static constexpr bool has_handles = C::has_handles;
  static constexpr unsigned views = C::views;

  template <int W>
  static bool store(Guest& guest, TypeIndex type, uint64_t at, const std::array<Element, N>& list) {
    return Elements<Element>::template store<W>(guest, element_of<Element>(guest, type), list.data(), N, at);
  }
  template <int W>
  static bool load(Guest& guest, TypeIndex type, uint64_t at, std::array<Element, N>& list) {
    if constexpr (is_plain) {
      std::memcpy(list.data(), guest.memory() + at, sizeof(list));
    } else {
      const TypeIndex element = element_of<Element>(guest, type);
      for (Element& each : list) {
        if (!C::template load<W>(guest, element, at, each)) [[unlikely]]
          return false;
        at += C::template size<W>;
      }
    }
    return true;
  }
  template <int W>
  static bool lower(Guest& guest, TypeIndex type, const std::array<Element, N>& list, RawValue*& flat_values) {
    const TypeIndex element = element_of<Element>(guest, type);
    return std::ranges::all_of(list, [&](const Element& each) { return C::template lower<W>(guest, element, each, flat_values); });
  }
  template <int W>
  static bool lift(Guest& guest, TypeIndex type, const RawValue*& flat_values, std::array<Element, N>& list) {
    const TypeIndex element = element_of<Element>(guest, type);
    return std::ranges::all_of(list, [&](Element& each) { return C::template lift<W>(guest, element, flat_values, each); });
  }
  static bool matches(Mismatch& mismatch, Type type) {
    if (!is_kind(mismatch, type, TypeKind::FixedLengthList)) return false;
    if (type.node().length != N) return mismatch.differ("a list of " + std::to_string(N), type);
    return mismatch.in(C::matches(mismatch, type.element()), "element", "");
  }
};

}  // namespace detail
}  // namespace tenon

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
