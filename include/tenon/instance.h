#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "tenon/component.h"
#include "tenon/resource.h"
#include "tenon/result.h"
#include "tenon/value.h"

namespace tenon {

class Store;
template <class Signature>
class TypedFunc;

namespace core {
class Module;
}

namespace detail {
class InstanceState;
struct LiftedFunc;
}  // namespace detail

/// What guests of a store may make the host take and keep for them.
struct ComponentLimits {
  /// Bytes of host memory that the arguments or the result of one call may fill when they are lifted. What a guest points to twice counts twice.
  /// Default 128 MiB.
  uint64_t lift_bytes = uint64_t{128} << 20;
  /// Resource handles that all instances together may hold at once; each borrow of an owned one counts too. Default 1,048,576.
  uint32_t handles = 1 << 20;
};

/// Sets the limits of a store; handles that are there already stay. The thread of the store.
void set_component_limits(Store& store, const ComponentLimits& limits);

/// The linear memory behind a lifted function, as the host sees it. Valid until the store ends; its size is looked up each time, because it may grow.
class MemoryView {
 public:
  MemoryView(detail::InstanceState& instance, uint32_t memory) : instance_(&instance), memory_(memory) {}

  /// Bytes.
  uint64_t size() const;
  /// The bytes now. Valid until the guest runs again or the store ends.
  std::span<std::byte> data() const;
  /// Copies out of and into the memory. Errors: `InvalidInput` when the range is not inside, with the range and the size.
  Result<> read(uint64_t address, std::span<std::byte> to) const;
  Result<> write(uint64_t address, std::span<const std::byte> from) const;

 private:
  detail::InstanceState* instance_;
  uint32_t memory_;
};

/// An exported function of a live instance. A handle: copy freely; valid until its store ends. The thread of the store.
class Func {
 public:
  FuncType type() const;

  /// Lowers the arguments, runs the function, lifts its result, and runs post-return (`CanonicalABI.md`, `canon lift`).
  ///
  /// Errors: `InvalidInput` when the arguments do not fit the type, saying where (the instance stays usable unless a borrow was lent to it before);
  /// `Trap`, `LimitExceeded`, `Timeout`, `Exit` and whatever a host function failed with: the instance then refuses further calls with `Trap` "cannot enter
  /// component instance", as it also does when it is called back while it runs.
  Result<std::optional<Value>> call(std::span<const Value> arguments) const;

  /// The memory that the function's pointers are into; absent when it was lifted without one.
  std::optional<MemoryView> memory() const;

  /// For the typed templates.
  explicit Func(detail::LiftedFunc& lifted) : lifted_(&lifted) {}
  detail::LiftedFunc& lifted() const { return *lifted_; }

 private:
  detail::LiftedFunc* lifted_;
};

/// A live instance of a component. A handle: copy freely; owned by its store and valid until that ends. The thread of the store.
class Instance {
 public:
  /// An exported function: "run", or by path "wasi:cli/run@0.2.6#run"; of an exported instance: ("wasi:cli/run@0.2.6", "run"). Versions match as semver
  /// does.
  ///
  /// Errors: `NotFound`, listing what there is; `InvalidInput` when the export is no function.
  Result<Func> get_func(std::string_view name) const;
  Result<Func> get_func(std::string_view instance, std::string_view name) const;
  Result<Func> get_func(ExportIndex index) const;

  /// The same with C++ types: `get_func<Result<uint32_t, std::string>(std::string_view)>("parse")`. Include `tenon/typed.h`.
  ///
  /// Errors as above; `InvalidInput` when the function has another type, naming the parameter and the field that differs.
  template <class Signature>
  Result<TypedFunc<Signature>> get_func(std::string_view name) const;
  template <class Signature>
  Result<TypedFunc<Signature>> get_func(std::string_view instance, std::string_view name) const;
  template <class Signature>
  Result<TypedFunc<Signature>> get_func(ExportIndex index) const;

  /// An exported core module.
  Result<core::Module> get_module(std::string_view name) const;
  /// The type of an exported resource.
  Result<ResourceType> get_resource(std::string_view name) const;
  Result<ResourceType> get_resource(std::string_view instance, std::string_view name) const;

  Component component() const;
  Store& store() const;
  /// Whether it trapped and refuses calls.
  bool is_poisoned() const;

  /// For the runtime.
  explicit Instance(detail::InstanceState& state) : state_(&state) {}
  detail::InstanceState& state() const { return *state_; }

 private:
  detail::InstanceState* state_;
};

}  // namespace tenon
