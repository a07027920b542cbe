#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "tenon/detail/codec.h"
#include "tenon/detail/guest.h"
#include "tenon/result.h"
#include "tenon/types.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // see codec.h
#endif

/// How values with parts cross the border: records, tuples, variants, enums, flags, maps. Not for embedders; `tenon/typed.h` is.
namespace tenon {

template <class T>
struct RecordTraits;
template <class T>
struct EnumTraits;
template <class T>
struct FlagsTraits;
template <class T>
struct VariantTraits;

namespace detail {

/// Members one after another: records, tuples, and the parameters of a function that go through memory.
template <class... Members>
struct Sequence {
  static constexpr size_t count = sizeof...(Members);
  static constexpr size_t flat = (size_t{0} + ... + Codec<Members>::flat);
  static constexpr bool has_handles = (false || ... || Codec<Members>::has_handles);
  static constexpr unsigned views = (0U | ... | Codec<Members>::views);
  template <int W>
  static constexpr uint32_t alignment = std::max({uint32_t{1}, Codec<Members>::template alignment<W>...});

  template <int W>
  static constexpr std::array<uint64_t, count + 1> offsets = [] {
    constexpr std::array<uint64_t, count + 1> sizes = {Codec<Members>::template size<W>..., 0};
    constexpr std::array<uint64_t, count + 1> alignments = {Codec<Members>::template alignment<W>..., alignment<W>};
    std::array<uint64_t, count + 1> made = {};
    uint64_t end = 0;
    for (size_t i = 0; i <= count; i++) {
      made[i] = align_up(end, alignments[i]);
      end = made[i] + sizes[i];
    }
    return made;
  }();
  template <int W>
  static constexpr uint64_t size = offsets<W>[count];
};

/// `Access` gives member `I` of a `T`: `Access::get<I>(value)`.
template <class T, class Access, class... Members>
struct SequenceCodec : CodecBase {
  using Layout = Sequence<Members...>;
  using Indexes = std::index_sequence_for<Members...>;
  static constexpr size_t flat = Layout::flat;
  template <int W>
  static constexpr uint64_t size = Layout::template size<W>;
  template <int W>
  static constexpr uint32_t alignment = Layout::template alignment<W>;
  static constexpr bool has_handles = Layout::has_handles;
  static constexpr unsigned views = Layout::views;

  template <int W>
  static bool store(Guest& guest, TypeIndex type, uint64_t at, const T& value) {
    return [&]<size_t... I>(std::index_sequence<I...>) {
      return (true && ... &&
              Codec<Members>::template store<W>(guest, part_of<Members>(guest, type, I), at + Layout::template offsets<W>[I], Access::template get<I>(value)));
    }(Indexes());
  }
  template <int W>
  static bool load(Guest& guest, TypeIndex type, uint64_t at, T& value) {
    return [&]<size_t... I>(std::index_sequence<I...>) {
      return (true && ... &&
              Codec<Members>::template load<W>(guest, part_of<Members>(guest, type, I), at + Layout::template offsets<W>[I], Access::template get<I>(value)));
    }(Indexes());
  }
  template <int W>
  static bool lower(Guest& guest, TypeIndex type, const T& value, RawValue*& flat_values) {
    return [&]<size_t... I>(std::index_sequence<I...>) {
      return (true && ... && Codec<Members>::template lower<W>(guest, part_of<Members>(guest, type, I), Access::template get<I>(value), flat_values));
    }(Indexes());
  }
  template <int W>
  static bool lift(Guest& guest, TypeIndex type, const RawValue*& flat_values, T& value) {
    return [&]<size_t... I>(std::index_sequence<I...>) {
      return (true && ... && Codec<Members>::template lift<W>(guest, part_of<Members>(guest, type, I), flat_values, Access::template get<I>(value)));
    }(Indexes());
  }
};

struct TupleAccess {
  template <size_t I, class T>
  static decltype(auto) get(T& value) {
    return std::get<I>(value);
  }
};

template <class T, class... Members>
struct TupleCodec : SequenceCodec<T, TupleAccess, Members...> {
  static bool matches(Mismatch& mismatch, Type type) {
    if (!is_kind(mismatch, type, TypeKind::Tuple)) return false;
    if (type.node().fields.size() != sizeof...(Members)) return mismatch.differ("a tuple of " + std::to_string(sizeof...(Members)), type);
    return [&]<size_t... I>(std::index_sequence<I...>) {
      return (true && ... && mismatch.in(Codec<Members>::matches(mismatch, *type.field_type(I)), "member", std::to_string(I)));
    }(std::index_sequence_for<Members...>());
  }
};

template <class... Members>
  requires(Bindable<Members> && ...)
struct Codec<std::tuple<Members...>> : TupleCodec<std::tuple<Members...>, Members...> {};
template <class First, class Second>
  requires(Bindable<First> && Bindable<Second>)
struct Codec<std::pair<First, Second>> : TupleCodec<std::pair<First, Second>, First, Second> {};

template <class T>
concept Record = requires { RecordTraits<T>::fields; };

template <class T>
struct RecordAccess {
  template <size_t I, class U>
  static decltype(auto) get(U& value) {
    return (value.*(std::get<I>(RecordTraits<T>::fields).member));
  }
};

template <class T, class Fields>
struct RecordBase;
template <class T, class... Fields>
struct RecordBase<T, std::tuple<Fields...>> : SequenceCodec<T, RecordAccess<T>, typename Fields::Member...> {
  static bool matches(Mismatch& mismatch, Type type) {
    if (!is_kind(mismatch, type, TypeKind::Record)) return false;
    constexpr auto names =
        std::apply([](const auto&... fields) { return std::array<std::string_view, sizeof...(Fields)>{fields.name...}; }, RecordTraits<T>::fields);
    if (!has_names(mismatch, type, names, "field")) return false;
    return [&]<size_t... I>(std::index_sequence<I...>) {
      return (true && ... && mismatch.in(Codec<typename Fields::Member>::matches(mismatch, *type.field_type(I)), "field", names[I]));
    }(std::index_sequence_for<Fields...>());
  }
};

template <Record T>
struct Codec<T> : RecordBase<T, std::remove_cvref_t<decltype(RecordTraits<T>::fields)>> {};

/// The discriminant's bytes for a number of cases.
constexpr uint32_t discriminant_bytes(size_t cases) { return cases <= 0x100 ? 1 : cases <= 0x10000 ? 2 : 4; }

/// A case without payload.
struct NoPayload {};
template <>
struct Codec<NoPayload> : CodecBase {
  static constexpr size_t flat = 0;
  template <int W>
  static constexpr uint64_t size = 0;
  template <int W>
  static constexpr uint32_t alignment = 1;
};
template <class T>
using PayloadOf = std::conditional_t<std::is_void_v<T> || std::same_as<T, std::monostate>, NoPayload, T>;
template <class T>
constexpr bool has_payload = !std::same_as<PayloadOf<T>, NoPayload>;

/// The discriminant and the layout of a variant with these payloads.
template <class... Payloads>
struct Cases : CodecBase {
  static constexpr size_t count = sizeof...(Payloads);
  static constexpr uint32_t tag_bytes = discriminant_bytes(count);
  using Tag = std::conditional_t<tag_bytes == 1, uint8_t, std::conditional_t<tag_bytes == 2, uint16_t, uint32_t>>;
  static constexpr size_t flat = 1 + std::max({size_t{0}, Codec<PayloadOf<Payloads>>::flat...});
  template <int W>
  static constexpr uint32_t payload_alignment = std::max({uint32_t{1}, Codec<PayloadOf<Payloads>>::template alignment<W>...});
  template <int W>
  static constexpr uint32_t alignment = std::max(tag_bytes, payload_alignment<W>);
  template <int W>
  static constexpr uint64_t payload_offset = align_up(tag_bytes, payload_alignment<W>);
  template <int W>
  static constexpr uint64_t size = align_up(payload_offset<W> + std::max({uint64_t{0}, Codec<PayloadOf<Payloads>>::template size<W>...}), alignment<W>);
  static constexpr bool has_handles = (false || ... || Codec<PayloadOf<Payloads>>::has_handles);
  static constexpr unsigned views = (0U | ... | Codec<PayloadOf<Payloads>>::views);

  static void store_tag(Guest& guest, uint64_t at, size_t tag) { write(guest, at, static_cast<Tag>(tag)); }
  static bool load_tag(Guest& guest, uint64_t at, size_t& tag) {
    tag = guest.load<Tag>(at);
    return tag < count || bad_discriminant(guest, tag, count);
  }
  static bool lift_tag(Guest& guest, const RawValue* flat_values, size_t& tag) {
    tag = flat_values->u32();
    return tag < count || bad_discriminant(guest, tag, count);
  }
  /// Ends the core values of a case that has fewer than the largest.
  static void pad(RawValue* from, RawValue* to) {
    while (from != to) *from++ = RawValue{};
  }
};

template <class T>
  requires Bindable<T>
struct Codec<std::optional<T>> : Cases<void, T> {
  using Layout = Cases<void, T>;

  template <int W>
  static bool store(Guest& guest, TypeIndex type, uint64_t at, const std::optional<T>& value) {
    Layout::store_tag(guest, at, value ? 1 : 0);
    return !value || Codec<T>::template store<W>(guest, part_of<T>(guest, type, 0), at + Layout::template payload_offset<W>, *value);
  }
  template <int W>
  static bool load(Guest& guest, TypeIndex type, uint64_t at, std::optional<T>& value) {
    size_t tag = 0;
    if (!Layout::load_tag(guest, at, tag)) [[unlikely]]
      return false;
    value.reset();
    return tag == 0 || Codec<T>::template load<W>(guest, part_of<T>(guest, type, 0), at + Layout::template payload_offset<W>, value.emplace());
  }
  template <int W>
  static bool lower(Guest& guest, TypeIndex type, const std::optional<T>& value, RawValue*& flat_values) {
    RawValue* const end = flat_values + Layout::flat;
    *flat_values++ = RawValue::of(value ? 1 : 0);
    if (value && !Codec<T>::template lower<W>(guest, part_of<T>(guest, type, 0), *value, flat_values)) return false;
    Layout::pad(flat_values, end);
    flat_values = end;
    return true;
  }
  template <int W>
  static bool lift(Guest& guest, TypeIndex type, const RawValue*& flat_values, std::optional<T>& value) {
    const RawValue* const end = flat_values + Layout::flat;
    size_t tag = 0;
    if (!Layout::lift_tag(guest, flat_values++, tag)) [[unlikely]]
      return false;
    value.reset();
    if (tag == 1 && !Codec<T>::template lift<W>(guest, part_of<T>(guest, type, 0), flat_values, value.emplace())) return false;
    flat_values = end;
    return true;
  }
  static bool matches(Mismatch& mismatch, Type type) {
    return is_kind(mismatch, type, TypeKind::Option) && mismatch.in(Codec<T>::matches(mismatch, type.element()), "some", "");
  }
};

/// The payload of case `i` of a variant or result, or that it has none.
template <class Payload>
bool matches_payload(Mismatch& mismatch, Type type, size_t i, std::string_view kind, std::string_view name) {
  const std::optional<Type> payload = type.field_type(i);
  if (payload.has_value() != has_payload<Payload>) {
    return mismatch.in(mismatch.differ(payload ? "the binding has no payload, the component has " + to_string(*payload)
                                               : std::string("the binding has a payload, the component has none")),
                       kind, name);
  }
  if constexpr (has_payload<Payload>)
    return mismatch.in(Codec<Payload>::matches(mismatch, *payload), kind, name);
  else
    return true;
}

template <class T, class Ok, class Err>
struct ExpectedCodec : Cases<Ok, Err> {
  using Layout = Cases<Ok, Err>;

  template <int W>
  static bool store(Guest& guest, TypeIndex type, uint64_t at, const T& value) {
    Layout::store_tag(guest, at, value.has_value() ? 0 : 1);
    const uint64_t payload = at + Layout::template payload_offset<W>;
    if (value.has_value()) {
      if constexpr (has_payload<Ok>) return Codec<Ok>::template store<W>(guest, part_of<Ok>(guest, type, 0), payload, *value);
    } else {
      if constexpr (has_payload<Err>) return Codec<Err>::template store<W>(guest, part_of<Err>(guest, type, 1), payload, value.error());
    }
    return true;
  }
  template <int W>
  static bool load(Guest& guest, TypeIndex type, uint64_t at, T& value) {
    size_t tag = 0;
    if (!Layout::load_tag(guest, at, tag)) [[unlikely]]
      return false;
    const uint64_t payload = at + Layout::template payload_offset<W>;
    return place(tag, value,
                 [&]<class Payload>(size_t i, Payload& to) { return Codec<Payload>::template load<W>(guest, part_of<Payload>(guest, type, i), payload, to); });
  }
  template <int W>
  static bool lower(Guest& guest, TypeIndex type, const T& value, RawValue*& flat_values) {
    RawValue* const end = flat_values + Layout::flat;
    *flat_values++ = RawValue::of(value.has_value() ? 0 : 1);
    if (value.has_value()) {
      if constexpr (has_payload<Ok>) {
        if (!Codec<Ok>::template lower<W>(guest, part_of<Ok>(guest, type, 0), *value, flat_values)) return false;
      }
    } else {
      if constexpr (has_payload<Err>) {
        if (!Codec<Err>::template lower<W>(guest, part_of<Err>(guest, type, 1), value.error(), flat_values)) return false;
      }
    }
    Layout::pad(flat_values, end);
    flat_values = end;
    return true;
  }
  template <int W>
  static bool lift(Guest& guest, TypeIndex type, const RawValue*& flat_values, T& value) {
    const RawValue* const end = flat_values + Layout::flat;
    size_t tag = 0;
    if (!Layout::lift_tag(guest, flat_values++, tag)) [[unlikely]]
      return false;
    const bool lifted = place(tag, value, [&]<class Payload>(size_t i, Payload& to) {
      return Codec<Payload>::template lift<W>(guest, part_of<Payload>(guest, type, i), flat_values, to);
    });
    flat_values = end;
    return lifted;
  }
  static bool matches(Mismatch& mismatch, Type type) {
    return is_kind(mismatch, type, TypeKind::Result) && matches_payload<Ok>(mismatch, type, 0, "ok", "") && matches_payload<Err>(mismatch, type, 1, "err", "");
  }

 private:
  template <class Read>
  static bool place(size_t tag, T& value, Read&& read) {
    if (tag == 0) {
      if (!value.has_value()) value = T();
      if constexpr (has_payload<Ok>) return read(0, *value);
    } else {
      Err error{};
      if constexpr (has_payload<Err>) {
        if (!read(1, error)) return false;
      }
      value = std::unexpected<Err>(std::move(error));
    }
    return true;
  }
};

template <class T>
concept BindablePayload = std::is_void_v<T> || std::same_as<T, std::monostate> || Bindable<T>;

template <BindablePayload Ok, BindablePayload Err>
struct Codec<std::expected<Ok, Err>> : ExpectedCodec<std::expected<Ok, Err>, Ok, Err> {};
template <BindablePayload Ok, BindablePayload Err>
struct Codec<Result<Ok, Err>> : ExpectedCodec<Result<Ok, Err>, Ok, Err> {};

/// `Access::get(value)` is the `std::variant<Payloads…>` inside of a `T`.
template <class T, class Access, class... Payloads>
struct VariantCodec : Cases<Payloads...> {
  using Layout = Cases<Payloads...>;
  template <size_t I>
  using Payload = std::tuple_element_t<I, std::tuple<Payloads...>>;

  template <int W>
  static bool store(Guest& guest, TypeIndex type, uint64_t at, const T& value) {
    const auto& held = Access::get(value);
    Layout::store_tag(guest, at, held.index());
    return dispatch(held.index(), [&]<size_t I>(std::integral_constant<size_t, I>) {
      if constexpr (has_payload<Payload<I>>) {
        using P = Payload<I>;
        return Codec<P>::template store<W>(guest, part_of<P>(guest, type, I), at + Layout::template payload_offset<W>, *std::get_if<I>(&held));
      }
      return true;
    });
  }
  template <int W>
  static bool load(Guest& guest, TypeIndex type, uint64_t at, T& value) {
    size_t tag = 0;
    if (!Layout::load_tag(guest, at, tag)) [[unlikely]]
      return false;
    return dispatch(tag, [&]<size_t I>(std::integral_constant<size_t, I>) {
      auto& payload = Access::get(value).template emplace<I>();
      if constexpr (has_payload<Payload<I>>) {
        using P = Payload<I>;
        return Codec<P>::template load<W>(guest, part_of<P>(guest, type, I), at + Layout::template payload_offset<W>, payload);
      }
      return true;
    });
  }
  template <int W>
  static bool lower(Guest& guest, TypeIndex type, const T& value, RawValue*& flat_values) {
    const auto& held = Access::get(value);
    RawValue* const end = flat_values + Layout::flat;
    *flat_values++ = RawValue::of(held.index());
    const bool lowered = dispatch(held.index(), [&]<size_t I>(std::integral_constant<size_t, I>) {
      if constexpr (has_payload<Payload<I>>) {
        using P = Payload<I>;
        return Codec<P>::template lower<W>(guest, part_of<P>(guest, type, I), *std::get_if<I>(&held), flat_values);
      }
      return true;
    });
    if (!lowered) return false;
    Layout::pad(flat_values, end);
    flat_values = end;
    return true;
  }
  template <int W>
  static bool lift(Guest& guest, TypeIndex type, const RawValue*& flat_values, T& value) {
    const RawValue* const end = flat_values + Layout::flat;
    size_t tag = 0;
    if (!Layout::lift_tag(guest, flat_values++, tag)) [[unlikely]]
      return false;
    const bool lifted = dispatch(tag, [&]<size_t I>(std::integral_constant<size_t, I>) {
      auto& payload = Access::get(value).template emplace<I>();
      if constexpr (has_payload<Payload<I>>) {
        using P = Payload<I>;
        return Codec<P>::template lift<W>(guest, part_of<P>(guest, type, I), flat_values, payload);
      }
      return true;
    });
    flat_values = end;
    return lifted;
  }

 protected:
  static bool matches_cases(Mismatch& mismatch, Type type) {
    if (!is_kind(mismatch, type, TypeKind::Variant)) return false;
    if (type.node().fields.size() != sizeof...(Payloads)) return mismatch.differ("a variant of " + std::to_string(sizeof...(Payloads)) + " cases", type);
    return [&]<size_t... I>(std::index_sequence<I...>) {
      return (true && ... && matches_payload<Payload<I>>(mismatch, type, I, "case", type.node().fields[I].name));
    }(std::index_sequence_for<Payloads...>());
  }

 private:
  /// Runs `body` for the case `tag`, which is below the number of cases; a variant that lost its value has none.
  template <class Body>
  static bool dispatch(size_t tag, Body&& body) {
    bool done = false;
    [&]<size_t... I>(std::index_sequence<I...>) {
      (void)((tag == I && (done = body(std::integral_constant<size_t, I>()), true)) || ...);
    }(std::index_sequence_for<Payloads...>());
    return done;
  }
};

struct PlainVariant {
  template <class T>
  static T& get(T& value) {
    return value;
  }
};
template <class... Payloads>
  requires(BindablePayload<Payloads> && ...)
struct Codec<std::variant<Payloads...>> : VariantCodec<std::variant<Payloads...>, PlainVariant, Payloads...> {
  static bool matches(Mismatch& mismatch, Type type) { return Codec::matches_cases(mismatch, type); }
};

struct NamedVariant {
  template <class T>
  static auto& get(T& value) {
    return value.value;
  }
};
template <class T, class Variant>
struct NamedVariantCodec;
template <class T, class... Payloads>
struct NamedVariantCodec<T, std::variant<Payloads...>> : VariantCodec<T, NamedVariant, Payloads...> {
  static bool matches(Mismatch& mismatch, Type type) {
    static_assert(VariantTraits<T>::names.size() == sizeof...(Payloads), "VariantTraits names every alternative of the variant");
    return is_kind(mismatch, type, TypeKind::Variant) && has_names(mismatch, type, VariantTraits<T>::names, "case") &&
           NamedVariantCodec::matches_cases(mismatch, type);
  }
};

template <class T>
  requires requires { VariantTraits<T>::names; }
struct Codec<T> : NamedVariantCodec<T, decltype(T::value)> {};

/// A C++ enumeration; enumerators are 0 … N-1.
template <class T>
  requires requires { EnumTraits<T>::names; }
struct Codec<T> : CodecBase {
  static constexpr size_t count = EnumTraits<T>::names.size();
  using Layout = Cases<>;
  static constexpr uint32_t tag_bytes = discriminant_bytes(count);
  using Tag = std::conditional_t<tag_bytes == 1, uint8_t, std::conditional_t<tag_bytes == 2, uint16_t, uint32_t>>;
  static constexpr size_t flat = 1;
  template <int W>
  static constexpr uint64_t size = tag_bytes;
  template <int W>
  static constexpr uint32_t alignment = tag_bytes;

  template <int W>
  static bool store(Guest& guest, TypeIndex, uint64_t at, T value) {
    if (static_cast<uint64_t>(value) >= count) [[unlikely]]
      return bad_enumerator(guest, static_cast<uint64_t>(value), count);
    write(guest, at, static_cast<Tag>(value));
    return true;
  }
  template <int W>
  static bool load(Guest& guest, TypeIndex, uint64_t at, T& value) {
    return place(guest, guest.load<Tag>(at), value);
  }
  template <int W>
  static bool lower(Guest& guest, TypeIndex, T value, RawValue*& flat_values) {
    if (static_cast<uint64_t>(value) >= count) [[unlikely]]
      return bad_enumerator(guest, static_cast<uint64_t>(value), count);
    *flat_values++ = RawValue::of(static_cast<uint64_t>(value));
    return true;
  }
  template <int W>
  static bool lift(Guest& guest, TypeIndex, const RawValue*& flat_values, T& value) {
    return place(guest, flat_values++->u32(), value);
  }
  static bool matches(Mismatch& mismatch, Type type) {
    return is_kind(mismatch, type, TypeKind::Enum) && has_names(mismatch, type, EnumTraits<T>::names, "case");
  }

 private:
  static bool place(Guest& guest, uint32_t tag, T& value) {
    if (tag >= count) [[unlikely]]
      return bad_discriminant(guest, tag, count);
    value = static_cast<T>(tag);
    return true;
  }
};

/// Flags; `T::bits` is an array of 32-bit words, one bit a name.
template <class T>
  requires requires { FlagsTraits<T>::names; }
struct Codec<T> : CodecBase {
  static constexpr size_t count = FlagsTraits<T>::names.size();
  static constexpr size_t words = (count + 31) / 32;
  static constexpr size_t flat = words;
  template <int W>
  static constexpr uint64_t size = count == 0    ? 0
                                   : count <= 8  ? 1
                                   : count <= 16 ? 2
                                                 : 4 * words;
  template <int W>
  static constexpr uint32_t alignment = count == 0    ? 1
                                        : count <= 8  ? 1
                                        : count <= 16 ? 2
                                                      : 4;
  static constexpr uint32_t last_mask = count % 32 == 0 ? UINT32_MAX : (uint32_t{1} << count % 32) - 1;
  static_assert(std::tuple_size_v<decltype(T::bits)> == words, "one word for 32 flags");

  template <int W>
  static bool store(Guest& guest, TypeIndex, uint64_t at, T value) {
    mask(value);
    std::memcpy(guest.memory() + at, value.bits.data(), size<W>);
    return true;
  }
  template <int W>
  static bool load(Guest& guest, TypeIndex, uint64_t at, T& value) {
    value.bits = {};
    std::memcpy(value.bits.data(), guest.memory() + at, size<W>);
    mask(value);
    return true;
  }
  template <int W>
  static bool lower(Guest&, TypeIndex, T value, RawValue*& flat_values) {
    mask(value);
    for (const uint32_t word : value.bits) *flat_values++ = RawValue::of(word);
    return true;
  }
  template <int W>
  static bool lift(Guest&, TypeIndex, const RawValue*& flat_values, T& value) {
    for (uint32_t& word : value.bits) word = flat_values++->u32();
    mask(value);
    return true;
  }
  static bool matches(Mismatch& mismatch, Type type) {
    return is_kind(mismatch, type, TypeKind::Flags) && has_names(mismatch, type, FlagsTraits<T>::names, "flag");
  }

 private:
  static void mask(T& value) {
    if constexpr (words != 0) value.bits.back() &= last_mask;
  }
};

/// A map. Of entries with equal keys the last one stays.
template <class Key, class Mapped>
  requires(Bindable<Key> && Bindable<Mapped>)
struct Codec<std::map<Key, Mapped>> : PointerPair<Codec<std::map<Key, Mapped>>, std::map<Key, Mapped>> {
  using Entry = Codec<std::pair<Key, Mapped>>;
  static constexpr bool has_handles = Entry::has_handles;
  static constexpr unsigned views = Entry::views;

  template <int W>
  static bool put(Guest& guest, TypeIndex type, const std::map<Key, Mapped>& map, uint64_t& address, uint64_t& length) {
    length = map.size();
    if (!allocate_list(guest, length, Entry::template size<W>, Entry::template alignment<W>, address)) return false;
    uint64_t at = address;
    for (const auto& [key, mapped] : map) {
      if (!Codec<Key>::template store<W>(guest, part_of<Key>(guest, type, 0), at, key)) return false;
      if (!Codec<Mapped>::template store<W>(guest, part_of<Mapped>(guest, type, 1), at + Entry::Layout::template offsets<W>[1], mapped)) return false;
      at += Entry::template size<W>;
    }
    return true;
  }
  template <int W>
  static bool take(Guest& guest, TypeIndex type, uint64_t address, uint64_t length, std::map<Key, Mapped>& map) {
    if (!check_list(guest, address, length, Entry::template size<W>, Entry::template alignment<W>, sizeof(std::pair<Key, Mapped>) + map_node_bytes))
      return false;
    map.clear();
    for (uint64_t i = 0; i < length; i++, address += Entry::template size<W>) {
      Key key{};
      if (!Codec<Key>::template load<W>(guest, part_of<Key>(guest, type, 0), address, key)) return false;
      if (!Codec<Mapped>::template load<W>(guest, part_of<Mapped>(guest, type, 1), address + Entry::Layout::template offsets<W>[1], map[std::move(key)]))
        return false;
    }
    return true;
  }
  static bool matches(Mismatch& mismatch, Type type) {
    return is_kind(mismatch, type, TypeKind::Map) && mismatch.in(Codec<Key>::matches(mismatch, *type.field_type(0)), "key", "") &&
           mismatch.in(Codec<Mapped>::matches(mismatch, *type.field_type(1)), "value", "");
  }

 private:
  /// About what a tree's node costs beside its entry.
  static constexpr uint64_t map_node_bytes = 32;
};

}  // namespace detail
}  // namespace tenon

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
