#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "tenon/component.h"
#include "tenon/resource.h"
#include "tenon/result.h"
#include "tenon/value.h"

namespace tenon {

class Engine;
class Store;
class Instance;
class Linker;

namespace core {
class Module;
}

namespace detail {
template <class F>
struct Callable;
class HostFunction;
class LinkerScope;
class PreState;
}  // namespace detail

/// What a host function learns of its call. Lives as long as the call.
class HostCall {
 public:
  HostCall(Store& store, FuncType type) : store_(&store), type_(type) {}

  /// The store of the guest that calls.
  Store& store() { return *store_; }
  /// The type at which the guest imports the function.
  FuncType type() const { return type_; }

 private:
  Store* store_;
  FuncType type_;
};

/// A host function over dynamic values. Gets as many arguments as the type has parameters, and returns a value exactly when the type has a result.
///
/// It runs on the thread that called the guest. An error traps the guest; the caller of the guest gets it, kind and message. It must not throw. Called
/// from several threads at once when the linker's instances live in several stores.
using HostCallback = std::function<Result<std::optional<Value>>(HostCall& call, std::span<Value> arguments)>;

/// The destructor of a host resource. Gets the representation; an error traps the guest that dropped the handle. It must not throw. `drop_resource` says when
/// it runs: at the latest in the store's end, so what it uses must outlive the stores.
using ResourceDestructor = std::function<Result<>(Store& store, uint32_t representation)>;

/// One level of names in a linker: its root, or an instance that it provides. A view of the linker, which outlives it and stays where it is.
class LinkerInstance {
 public:
  /// Defines a host function. Errors of all: `InvalidInput` when the name is taken and shadowing is not allowed.
  Result<> define_func(std::string_view name, HostCallback callback);
  /// For the typed templates: a function that knows its own type.
  Result<> define_func(std::string_view name, std::shared_ptr<const detail::HostFunction> function);
  /// Defines a host function with C++ types: `func("log", [](uint32_t level, std::string_view text) { … })`. Include `tenon/typed.h`, which says what
  /// the types may be. Whether they are those of an import is checked when one is linked; the error names the parameter and the field that differs.
  template <class F>
    requires requires { typename detail::Callable<std::decay_t<F>>::Signature; }
  Result<> func(std::string_view name, F&& body);
  /// The same with the signature said: `define_func<uint32_t(std::string_view)>("parse", body)`, for a body that is overloaded or a template.
  template <class Signature, class F>
    requires std::is_function_v<Signature>
  Result<> define_func(std::string_view name, F&& body);
  /// Defines a resource that the host implements.
  Result<> define_resource(std::string_view name, ResourceType type, ResourceDestructor destructor = {});
  /// Provides a core module.
  Result<> define_module(std::string_view name, const core::Module& module);
  /// The instance of that name, made when there is none.
  Result<LinkerInstance> instance(std::string_view name);

 private:
  friend class Linker;
  LinkerInstance(Linker& linker, detail::LinkerScope& scope) : linker_(&linker), scope_(&scope) {}
  Linker* linker_;
  detail::LinkerScope* scope_;
};

/// A component with all its imports found and their types checked: the fast way to make many instances. Immutable; shared; copies share one state.
class InstancePre {
 public:
  /// Makes an instance in `store` and runs its start functions. The thread of the store; the store's engine is the component's.
  ///
  /// Errors: `InvalidInput` when `store` is of another engine; `LimitExceeded` when the pool or a limit has no room; `Trap` and others from start functions.
  Result<Instance> instantiate(Store& store) const;

  const Component& component() const { return component_; }

 private:
  friend class Linker;
  InstancePre(Component component, std::shared_ptr<const detail::PreState> state) : component_(std::move(component)), state_(std::move(state)) {}
  Component component_;
  std::shared_ptr<const detail::PreState> state_;
};

/// Names and what they stand for, to satisfy imports with.
///
/// An import is looked up by its exact name first, then by semver: `wasi:cli/environment@0.2.6` is satisfied by 0.2.0 as well as by 0.2.9 (the newest one
/// defined of the track), not by 0.3.0. Building one is for one thread; a built one is immutable and may be shared.
class Linker {
 public:
  explicit Linker(const Engine& engine);
  Linker(Linker&&) noexcept;
  Linker& operator=(Linker&&) noexcept;
  ~Linker();

  LinkerInstance root();
  /// Shorthand for `root().instance(name)`.
  Result<LinkerInstance> instance(std::string_view name) { return root().instance(name); }
  /// Whether a name may be defined again. Default: no.
  void set_allow_shadowing(bool allow);

  /// Whether built-ins that cannot run yet (tasks, streams, futures, error contexts, threads) trap when they are called, instead of keeping their component
  /// from being linked. Asynchronous functions and values, and resources represented by an i64, keep it from that in any case. Default: no.
  void set_trap_unsupported_builtins(bool trap);

  /// The imports of `component` that nothing here provides, each as "wasi:cli/environment@0.2.6#get-environment" or "name".
  std::vector<std::string> missing(const Component& component) const;
  /// Gives every missing function of `component` a body that traps when it is called, and every missing resource an empty destructor.
  /// Errors: `InvalidInput` when a missing import is a module or a component.
  Result<> define_unknown_imports_as_traps(const Component& component);

  /// Finds and checks all imports.
  ///
  /// Errors: `NotFound` "not provided: …" lists every missing import; `InvalidInput` when a type differs, with both types and the path to the difference;
  /// `Unsupported` when the component uses asynchronous functions, listing them.
  Result<InstancePre> instantiate_pre(const Component& component) const;
  /// `instantiate_pre` and `InstancePre::instantiate` at once.
  Result<Instance> instantiate(Store& store, const Component& component) const;

 private:
  friend class LinkerInstance;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tenon
