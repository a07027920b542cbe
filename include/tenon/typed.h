#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "tenon/component.h"
#include "tenon/detail/call.h"
#include "tenon/detail/codec.h"
#include "tenon/detail/codec_compound.h"
#include "tenon/host_view.h"
#include "tenon/instance.h"
#include "tenon/linker.h"
#include "tenon/resource.h"
#include "tenon/result.h"
#include "tenon/types.h"
#include "tenon/value.h"

/// Typed calls: C++ types instead of `Value`s, with everything that can be known at compile time known there.
///
///   component                C++
///   bool, u8 … s64, f32, f64 bool, uint8_t … int64_t, float, double (std::byte is a u8 too)
///   char, string             char32_t, std::string (parameters: std::string_view where nothing is kept; host functions' results: HostText)
///   list<T>, list<T, N>      std::vector<T> (parameters: std::span<const T> where nothing is kept; host functions' results: HostList<T>), std::array<T, N>
///   map<K, V>                std::map<K, V>, or std::vector<std::pair<K, V>>
///   option<T>                std::optional<T>
///   result<T, E>             Result<T, E> or std::expected<T, E>; void stands for no payload, std::monostate for no error payload
///   tuple<…>                 std::tuple, std::pair
///   record                   a struct with `RecordTraits`
///   variant                  a struct with a std::variant `value` and `VariantTraits`, or a std::variant; std::monostate where there is no payload
///   enum, flags              an enumeration with `EnumTraits`; a struct of words with `FlagsTraits`
///   own<R>, borrow<R>        Own<Tag>, Borrow<Tag>; in host functions of the host's own resources HostOwn<Tag>, HostBorrow<Tag>
///
/// No result holds a std::string_view or a std::span, however deep: for a typed call nothing would keep the bytes, and a host function's could lie in the
/// memory of a guest whose realloc runs first. Return std::string and std::vector, or HostText and HostList where the host keeps the bytes itself.
///
/// `tenon bindgen` writes the structs and traits of a WIT world.
namespace tenon {

/// A record's field: its name in WIT and the C++ member that holds it.
template <class T, class M>
struct Field {
  using Member = M;
  std::string_view name;
  M T::* member;
};

/// For `RecordTraits`: `field("call-id", &ToolCall::call_id)`.
template <class T, class M>
constexpr Field<T, M> field(std::string_view name, M T::* member) {
  return {name, member};
}

/// Specialise these for types of your own; each has one static constexpr member:
///
///   RecordTraits<T>::fields    std::make_tuple(tenon::field("name", &T::name), …), in the order of the WIT record
///   EnumTraits<E>::names       std::array<std::string_view, N>; E's enumerators are 0 … N-1
///   FlagsTraits<F>::names      std::array<std::string_view, N>; F has std::array<uint32_t, (N + 31) / 32> bits
///   VariantTraits<V>::names    std::array<std::string_view, N>; V has std::variant<…> value, alternative i for case i
///
/// They are declared in tenon/detail/codec_compound.h.

/// The resource of the host that `Tag` stands for, one for the process: `Tag::type()` when it has one. `LinkerInstance::define_resource` takes it.
template <class Tag>
ResourceType host_resource_type() {
  if constexpr (requires { Tag::type(); }) {
    return Tag::type();
  } else {
    static const ResourceType type = ResourceType::create_host();
    return type;
  }
}

template <class Tag>
class Borrow;

/// An owned handle of a resource, outside of any guest. Move-only. `Tag` is any type that stands for the resource; one with a static
/// `ResourceType type()` stands for a resource of the host.
///
/// A handle that is never dropped leaves its resource alive until the store ends; see `drop_resource`. The thread of the store.
template <class Tag>
class Own {
 public:
  Own() = default;
  explicit Own(ResourceAny resource) : resource_(std::move(resource)) {}
  Own(Own&&) noexcept = default;
  Own& operator=(Own&&) noexcept = default;
  Own(const Own&) = delete;
  Own& operator=(const Own&) = delete;

  /// A new handle of the host's own resource `Tag`, to be passed to a guest.
  static Own create(Store& store, uint32_t representation) { return Own(make_resource(store, host_resource_type<Tag>(), representation)); }

  explicit operator bool() const { return resource_.state != nullptr; }
  const ResourceAny& any() const { return resource_; }
  /// Lends the handle to one call; it must live until that returns.
  Borrow<Tag> borrow() const { return Borrow<Tag>(resource_); }
  /// The number that the host knows its own resource by. Errors: those of `resource_representation`.
  Result<uint32_t> representation(Store& store) const { return resource_representation(store, resource_, host_resource_type<Tag>()); }
  /// Ends the handle and runs the resource's destructor. Errors: those of `drop_resource`; after `InvalidInput` the handle is as before.
  Result<> drop(Store& store) {
    const ResourceAny resource = resource_;  // a destructor may touch this handle
    Result<> dropped = drop_resource(store, resource);
    if (dropped || dropped.error().kind() != ErrorKind::InvalidInput) resource_ = {};
    return dropped;
  }

 private:
  ResourceAny resource_;
};

/// A handle that is lent for the time of a call. As a parameter it is made from an `Own`, which must live until the call returns; as a host function's
/// parameter it ends with the function.
template <class Tag>
class Borrow {
 public:
  Borrow() = default;
  explicit Borrow(ResourceAny resource) : resource_(std::move(resource)) {}
  Borrow(const Own<Tag>& own) : resource_(own.any()) {}  // NOLINT(google-explicit-constructor): lending is what a call does

  const ResourceAny& any() const { return resource_; }
  /// As `Own::representation`.
  Result<uint32_t> representation(Store& store) const { return resource_representation(store, resource_, host_resource_type<Tag>()); }

 private:
  ResourceAny resource_;
};

/// A handle of the host's own resource `Tag`, as its representation: in a host function's parameters, the guest gave it away for good and no destructor runs
/// for it any more. In a result the guest gets it; one that does not fit into the guest's table is ended by its destructor.
template <class Tag>
struct HostOwn {
  uint32_t representation = 0;
};

/// A handle of the host's own resource `Tag` that a guest lends for the time of a host function, as its representation.
template <class Tag>
struct HostBorrow {
  uint32_t representation = 0;
};

namespace detail {

/// Which resource of the host a C++ type is a handle of, where it is known.
template <class T>
struct HostTag {};
template <class Tag>
struct HostTag<HostOwn<Tag>> {
  static ResourceType type() { return host_resource_type<Tag>(); }
};
template <class Tag>
struct HostTag<HostBorrow<Tag>> {
  static ResourceType type() { return host_resource_type<Tag>(); }
};
template <class Tag>
  requires requires { Tag::type(); }
struct HostTag<Own<Tag>> {
  static ResourceType type() { return Tag::type(); }
};
template <class Tag>
  requires requires { Tag::type(); }
struct HostTag<Borrow<Tag>> {
  static ResourceType type() { return Tag::type(); }
};

/// Whether the handle `T` is of the resource that an import names; notes the difference. A representation means nothing for another resource, so that this
/// must hold for each handle, however deep it is in a parameter or result.
template <class T>
bool matches_resource(Mismatch& mismatch, Type type) {
  if constexpr (requires { HostTag<T>::type(); }) {
    if (mismatch.resources() == nullptr) return true;
    const auto found = mismatch.resources()->find(type.node());
    if (!found || *found != HostTag<T>::type()) return mismatch.differ("the binding has another resource than the component's import");
  }
  return true;
}

/// A handle: one core value, an i32. `Self` moves it between the table and the host.
template <class Self, class T, TypeKind K>
struct HandleCodec : CodecBase {
  static constexpr size_t flat = 1;
  template <int W>
  static constexpr uint64_t size = 4;
  template <int W>
  static constexpr uint32_t alignment = 4;
  static constexpr bool has_handles = true;

  template <int W>
  static bool store(Guest& guest, TypeIndex type, uint64_t at, const T& value) {
    uint32_t index = 0;
    if (!Self::give(guest, guest.node(type), value, index)) [[unlikely]]
      return false;
    write(guest, at, index);
    return true;
  }
  template <int W>
  static bool load(Guest& guest, TypeIndex type, uint64_t at, T& value) {
    return Self::take(guest, guest.node(type), guest.load<uint32_t>(at), value);
  }
  template <int W>
  static bool lower(Guest& guest, TypeIndex type, const T& value, RawValue*& flat_values) {
    uint32_t index = 0;
    if (!Self::give(guest, guest.node(type), value, index)) [[unlikely]]
      return false;
    *flat_values++ = RawValue::of(index);
    return true;
  }
  template <int W>
  static bool lift(Guest& guest, TypeIndex type, const RawValue*& flat_values, T& value) {
    return Self::take(guest, guest.node(type), flat_values++->u32(), value);
  }
  static bool matches(Mismatch& mismatch, Type type) { return is_kind(mismatch, type, K) && matches_resource<T>(mismatch, type); }
};

template <class T, TypeKind K>
struct AnyHandleCodec : HandleCodec<AnyHandleCodec<T, K>, T, K> {
  static bool give(Guest& guest, const TypeNode& type, const T& value, uint32_t& index) {
    if (value.any().state == nullptr) [[unlikely]]
      return guest.fail(ErrorKind::InvalidInput, "an empty handle");
    return guest.lower_handle(type, value.any(), index);
  }
  static bool take(Guest& guest, const TypeNode& type, uint32_t index, T& value) {
    ResourceAny resource;
    if (!guest.lift_handle(type, index, resource)) [[unlikely]]
      return false;
    value = T(std::move(resource));
    return true;
  }
};

template <class T, TypeKind K>
struct HostHandleCodec : HandleCodec<HostHandleCodec<T, K>, T, K> {
  static bool give(Guest& guest, const TypeNode& type, const T& value, uint32_t& index) {
    return guest.lower_representation(type, value.representation, index);
  }
  static bool take(Guest& guest, const TypeNode& type, uint32_t index, T& value) { return guest.lift_representation(type, index, value.representation); }
};

template <class Tag>
struct Codec<Own<Tag>> : AnyHandleCodec<Own<Tag>, TypeKind::Own> {};
template <class Tag>
struct Codec<Borrow<Tag>> : AnyHandleCodec<Borrow<Tag>, TypeKind::Borrow> {};
template <class Tag>
struct Codec<HostOwn<Tag>> : HostHandleCodec<HostOwn<Tag>, TypeKind::Own> {};
template <class Tag>
struct Codec<HostBorrow<Tag>> : HostHandleCodec<HostBorrow<Tag>, TypeKind::Borrow> {};

/// The signature of a binding against that of a component; notes the difference.
template <class R, class... Parameters>
struct Signature {
  using Layout = Sequence<Parameters...>;

  static bool matches(Mismatch& mismatch, FuncType type) {
    if (type.param_count() != sizeof...(Parameters)) {
      return mismatch.differ("the binding has " + std::to_string(sizeof...(Parameters)) + " parameters, the component has " + to_string(type));
    }
    const bool parameters = [&]<size_t... I>(std::index_sequence<I...>) {
      return (true && ... && mismatch.in(Codec<Parameters>::matches(mismatch, type.param_type(I)), "parameter", type.param_name(I)));
    }(std::index_sequence_for<Parameters...>());
    if (!parameters) return false;
    const std::optional<Type> result = type.result();
    if (result.has_value() == std::is_void_v<R>) {
      return mismatch.in(mismatch.differ(result ? "the binding has none, the component has " + to_string(*result)
                                                : std::string("the binding has one, the component has none")),
                         "result", "");
    }
    if constexpr (!std::is_void_v<R>)
      return mismatch.in(Codec<R>::matches(mismatch, *result), "result", "");
    else
      return true;
  }
};

/// The type of parameter `i`, where handles inside of it need it.
template <class Parameter>
TypeIndex param_type(const FuncTypeNode& type, size_t i) {
  if constexpr (Codec<Parameter>::has_handles)
    return type.params[i].type;
  else
    return TypeIndex{};
}

template <class R>
TypeIndex result_type(const FuncTypeNode& type) {
  if constexpr (Codec<R>::has_handles)
    return *type.result;
  else
    return TypeIndex{};
}

}  // namespace detail

/// Whether `T` can be a parameter or a result: one of the types above, all the way down.
template <class T>
concept ComponentType = detail::Bindable<T>;

template <class Signature>
class TypedFunc;

/// An exported function with C++ types. Made by `Instance::get_func<R(Args…)>`. A handle: copy freely; valid until its store ends. The thread of the store.
template <class R, class... Params>
class TypedFunc<R(Params...)> {
  static_assert((ComponentType<std::remove_cvref_t<Params>> && ...), "a parameter's type has no counterpart in the component model; see tenon/typed.h");
  static_assert(std::is_void_v<R> || ComponentType<R>, "the result's type has no counterpart in the component model; see tenon/typed.h");
  static_assert((detail::views_of<R> & detail::guest_views) == 0, "a result holds no std::string_view or std::span; take std::string and std::vector");
  static_assert((detail::views_of<R> & detail::host_views) == 0,
                "a call's result is not the host's: take std::string and std::vector, not HostText and HostList");

 public:
  /// Calls the function. Errors: those of `Func::call`. A `result<T, E>` of the guest is the value, not the error: `Result<Result<T, E>>`.
  Result<R> call(const std::remove_cvref_t<Params>&... args) const {
    detail::GuestCall call(*lifted_);
    if (call.guest().is_64()) [[unlikely]]
      return run<8>(call, args...);
    return run<4>(call, args...);
  }
  Result<R> operator()(const std::remove_cvref_t<Params>&... args) const { return call(args...); }

  Func func() const { return Func(*lifted_); }

 private:
  friend class Instance;
  using Layout = detail::Sequence<std::remove_cvref_t<Params>...>;
  explicit TypedFunc(detail::LiftedFunc& lifted) : lifted_(&lifted) {}

  template <int W, class... Args>
  Result<R> run(detail::GuestCall& call, const Args&... args) const {
    if (!call.enter() || !lower<W>(call, std::index_sequence_for<Args...>(), args...) || !call.invoke()) [[unlikely]] {
      return std::unexpected(call.take_error());
    }
    if constexpr (std::is_void_v<R>) {
      if (!call.leave()) [[unlikely]]
        return std::unexpected(call.take_error());
      return {};
    } else {
      Result<R> result{};
      if (!lift<W>(call, *result) || !call.leave()) [[unlikely]]
        return std::unexpected(call.take_error());
      return result;
    }
  }

  template <int W, size_t... I, class... Args>
  bool lower(detail::GuestCall& call, std::index_sequence<I...>, const Args&... args) const {
    [[maybe_unused]] detail::Guest& guest = call.guest();
    [[maybe_unused]] const FuncTypeNode& type = *lifted_->type;
    if constexpr (Layout::flat <= detail::flat_params_max) {
      [[maybe_unused]] detail::RawValue* flat = call.values();
      return (true && ... && detail::Codec<Args>::template lower<W>(guest, detail::param_type<Args>(type, I), args, flat));
    } else {
      uint64_t address = 0;
      if (!call.allocate_params(address)) return false;
      return (true && ... && detail::Codec<Args>::template store<W>(guest, detail::param_type<Args>(type, I), address + Layout::template offsets<W>[I], args));
    }
  }

  template <int W, class T>
  bool lift(detail::GuestCall& call, T& result) const {
    detail::Guest& guest = call.guest();
    const TypeIndex type = detail::result_type<T>(*lifted_->type);
    if constexpr (detail::Codec<T>::flat <= detail::flat_results_max) {
      const detail::RawValue* flat = call.values();
      return detail::Codec<T>::template lift<W>(guest, type, flat, result);
    } else {
      uint64_t address = 0;
      return call.result_address(address) && detail::Codec<T>::template load<W>(guest, type, address, result);
    }
  }

  detail::LiftedFunc* lifted_;
};

namespace detail {

/// What a host function's parameter is lifted into, and how it is handed on.
template <class T>
struct Held {
  using Type = T;
};
/// Text in the guest's memory when it is UTF-8 there, otherwise a copy.
struct HeldText {
  std::string_view view;
  std::string copy;
};
template <>
struct Held<std::string_view> {
  using Type = HeldText;
};
/// Numbers stay in the guest's memory; anything else is copied.
template <class Element>
struct Held<std::span<const Element>> {
  using Type = std::conditional_t<Codec<Element>::is_plain, std::span<const Element>, std::vector<Element>>;
};

template <class T>
T&& hand_on(T& held) {
  return std::move(held);
}
inline std::string_view hand_on(HeldText& held) { return held.view; }

template <class T>
struct HeldCodec : Codec<T> {};
template <>
struct HeldCodec<std::string_view> : PointerPair<HeldCodec<std::string_view>, std::string_view> {
  template <int W>
  static bool take(Guest& guest, TypeIndex, uint64_t address, uint64_t length, HeldText& text) {
    if (guest.encoding() == TextEncoding::Utf8) return lift_string_view(guest, address, length, text.view);
    if (!lift_string(guest, address, length, text.copy)) return false;
    text.view = text.copy;
    return true;
  }
};

/// What a function object takes and gives back.
template <class F>
struct Callable : Callable<decltype(&F::operator())> {};
template <class R, class C, class... Args>
struct Callable<R (C::*)(Args...)> : Callable<R(Args...)> {};
template <class R, class C, class... Args>
struct Callable<R (C::*)(Args...) const> : Callable<R(Args...)> {};
template <class R, class C, class... Args>
struct Callable<R (C::*)(Args...) noexcept> : Callable<R(Args...)> {};
template <class R, class C, class... Args>
struct Callable<R (C::*)(Args...) const noexcept> : Callable<R(Args...)> {};
template <class R, class... Args>
struct Callable<R (*)(Args...)> : Callable<R(Args...)> {};
template <class R, class... Args>
struct Callable<R (*)(Args...) noexcept> : Callable<R(Args...)> {};
template <class R, class... Args>
struct Callable<R(Args...)> {
  using Signature = R(std::remove_cvref_t<Args>...);
};
template <class R, class... Args>
struct Callable<R(HostCall&, Args...)> {
  using Signature = R(std::remove_cvref_t<Args>...);
};

/// What the component sees of a host function's result; `Result<T>` is `T` or the error that traps the guest.
template <class T>
struct HostResult {
  using Type = T;
  static constexpr bool can_fail = false;
};
template <class T>
struct HostResult<tenon::Result<T, Error>> {
  using Type = T;
  static constexpr bool can_fail = true;
};

/// `F` behind an import of the type that the signature says, whose parameters are plain types.
template <class F, class Signature>
class LambdaFunction;

template <class F, class Declared, class... Args>
class LambdaFunction<F, Declared(Args...)> final : public HostFunction {
  using R = typename HostResult<Declared>::Type;
  using Layout = Sequence<Args...>;
  using Indexes = std::index_sequence_for<Args...>;
  static_assert((ComponentType<Args> && ...), "a parameter's type has no counterpart in the component model; see tenon/typed.h");
  static_assert(std::is_void_v<R> || ComponentType<R>, "the result's type has no counterpart in the component model; see tenon/typed.h");
  static_assert((views_of<R> & guest_views) == 0,
                "a host function returns no std::string_view or std::span, which may lie in the guest's memory: return std::string or std::vector, or "
                "HostText or HostList when the host keeps the bytes");
  static_assert((Layout::views & host_views) == 0,
                "a host function's parameter is the guest's: take std::string_view and std::span, not HostText and HostList");

 public:
  explicit LambdaFunction(F body) : body_(std::move(body)) {}

  Result<> check(FuncType type, const ResourceLookup& resources) const override {
    Mismatch mismatch(&resources);
    if (!Signature<R, Args...>::matches(mismatch, type)) return fail(ErrorKind::InvalidInput, std::move(mismatch).take());
    return {};
  }

  bool call(HostFrame& frame) const noexcept override {
    if (frame.guest().is_64()) [[unlikely]]
      return run<8>(frame, Indexes());
    return run<4>(frame, Indexes());
  }

 private:
  template <int W, size_t... I>
  bool run(HostFrame& frame, std::index_sequence<I...> indexes) const {
    std::tuple<typename Held<Args>::Type...> held;
    if (!lift<W>(frame, held, indexes)) [[unlikely]]
      return false;
    frame.begin_body();
    const auto invoke = [&]() -> decltype(auto) {
      if constexpr (std::is_invocable_v<F&, HostCall&, decltype(hand_on(std::get<I>(held)))...>) {
        HostCall call(frame.store(), frame.type());
        return body_(call, hand_on(std::get<I>(held))...);
      } else {
        return body_(hand_on(std::get<I>(held))...);
      }
    };
    using Returned = decltype(invoke());
    if constexpr (HostResult<Returned>::can_fail) {
      Returned returned = invoke();
      if (!returned) [[unlikely]]
        return frame.guest().fail(std::move(returned).error());
      if constexpr (std::is_void_v<R>)
        return frame.finish();
      else
        return frame.finish() && lower<W>(frame, *returned);
    } else if constexpr (std::is_void_v<R>) {
      invoke();
      return frame.finish();
    } else {
      const R returned = invoke();
      return frame.finish() && lower<W>(frame, returned);
    }
  }

  template <int W, size_t... I>
  bool lift(HostFrame& frame, std::tuple<typename Held<Args>::Type...>& held, std::index_sequence<I...>) const {
    [[maybe_unused]] Guest& guest = frame.guest();
    [[maybe_unused]] const FuncTypeNode& type = frame.type().node();
    if constexpr (Layout::flat <= flat_params_max) {
      [[maybe_unused]] const RawValue* flat = frame.values();
      return (true && ... && HeldCodec<Args>::template lift<W>(guest, param_type<Args>(type, I), flat, std::get<I>(held)));
    } else {
      uint64_t address = 0;
      if (!frame.params_address(address)) return false;
      return (true && ... && HeldCodec<Args>::template load<W>(guest, param_type<Args>(type, I), address + Layout::template offsets<W>[I], std::get<I>(held)));
    }
  }

  template <int W>
  bool lower(HostFrame& frame, const auto& returned) const {
    Guest& guest = frame.guest();
    const TypeIndex type = result_type<R>(frame.type().node());
    if constexpr (Codec<R>::flat <= flat_results_max) {
      RawValue* flat = frame.values();
      return Codec<R>::template lower<W>(guest, type, returned, flat);
    } else {
      uint64_t address = 0;
      return frame.result_address(address) && Codec<R>::template store<W>(guest, type, address, returned);
    }
  }

  mutable F body_;
};

}  // namespace detail

/// A host function made of a function object, for `LinkerInstance::define_func`: `host_func([](uint32_t level, std::string_view text) { … })`.
///
/// Its parameters and result are the types above, or `Result<T>`, whose error traps the guest; a first parameter `HostCall&` gets the call. A
/// `std::string_view` and a `std::span` of numbers lie in the guest's memory: valid until the function returns or lets the guest run. It must not throw, and
/// runs on several threads at once when instances in several stores call it.
template <class F>
std::shared_ptr<const detail::HostFunction> host_func(F body) {
  return std::make_shared<const detail::LambdaFunction<F, typename detail::Callable<F>::Signature>>(std::move(body));
}

namespace detail {

template <class F, class R, class... Args>
std::shared_ptr<const HostFunction> host_func_as(std::type_identity<R(Args...)>, F body) {
  return std::make_shared<const LambdaFunction<F, R(std::remove_cvref_t<Args>...)>>(std::move(body));
}

}  // namespace detail

template <class F>
  requires requires { typename detail::Callable<std::decay_t<F>>::Signature; }
Result<> LinkerInstance::func(std::string_view name, F&& body) {
  return define_func(name, host_func(std::decay_t<F>(std::forward<F>(body))));
}

template <class Signature, class F>
  requires std::is_function_v<Signature>
Result<> LinkerInstance::define_func(std::string_view name, F&& body) {
  return define_func(name, detail::host_func_as(std::type_identity<Signature>(), std::decay_t<F>(std::forward<F>(body))));
}

namespace detail {

template <class R, class... Args>
Result<> check_signature(std::type_identity<R(Args...)>, FuncType type, std::string_view name) {
  Mismatch mismatch;
  if (Signature<R, std::remove_cvref_t<Args>...>::matches(mismatch, type)) return {};
  return fail(ErrorKind::InvalidInput, "export `" + std::string(name) + "`: " + std::move(mismatch).take());
}

}  // namespace detail

template <class Signature>
Result<TypedFunc<Signature>> Instance::get_func(std::string_view name) const {
  TENON_TRY(const Func found, get_func(name));
  TENON_CHECK_OK(detail::check_signature(std::type_identity<Signature>(), found.type(), name));
  return TypedFunc<Signature>(found.lifted());
}

template <class Signature>
Result<TypedFunc<Signature>> Instance::get_func(std::string_view instance, std::string_view name) const {
  TENON_TRY(const Func found, get_func(instance, name));
  TENON_CHECK_OK(detail::check_signature(std::type_identity<Signature>(), found.type(), name));
  return TypedFunc<Signature>(found.lifted());
}

template <class Signature>
Result<TypedFunc<Signature>> Instance::get_func(ExportIndex index) const {
  TENON_TRY(const Func found, get_func(index));
  TENON_CHECK_OK(detail::check_signature(std::type_identity<Signature>(), found.type(), "function"));
  return TypedFunc<Signature>(found.lifted());
}

}  // namespace tenon
