#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/guard.h"
#include "tenon/linker.h"
#include "tenon/store.h"
#include "tenon/typed.h"
#include "tenon/wasi_config.h"
#include "wasi/clock.h"
#include "wasi/resource.h"
#include "wasi/stream.h"
#include "wasi/wait.h"

namespace tenon::wasi {

/// What a package keeps for a store. The thread of the store.
class Part {
 public:
  Part() = default;
  virtual ~Part() = default;
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;
};

/// The WASI side of one live store: its resources, its guard, its waits. Found through the store's data; the store and the guard outlive it. One thread at a
/// time, as the store; `Store::interrupt` ends a wait from any thread.
class Context final {
 public:
  /// Sets the store's data to the new context.
  Context(Store& store, policy::Guard& guard, std::shared_ptr<const Config> config);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  static Context& of(Store& store) { return *static_cast<Context*>(store.data()); }

  Store& store() { return store_; }
  policy::Guard& guard() { return guard_; }
  const Config& config() const { return *config_; }
  ResourceTable& resources() { return resources_; }
  Clock& clock() { return clock_; }

  /// What a package keeps for the store: made as `T(*this)` when it is first asked for, ended after the store's resources.
  template <std::derived_from<Part> T>
  T& part() {
    for (const auto& [key, part] : parts_) {
      if (key == &part_key<T>) return static_cast<T&>(*part);
    }
    auto made = std::make_unique<T>(*this);
    return static_cast<T&>(*parts_.emplace_back(&part_key<T>, std::move(made)).second);
  }

  /// The status that the guest ended itself with; the call that did it failed with `ErrorKind::Exit`.
  std::optional<uint8_t> exit_status() const { return exit_status_; }
  void set_exit_status(uint8_t status) { exit_status_ = status; }

  /// Whether the call may go on: for loops of the host's own. Errors: `Timeout` when the deadline passed or the store was interrupted.
  Result<> check_time() const;
  /// Each host call begins with it. Errors: `LimitExceeded` when host calls are used up; `Timeout` when the store was interrupted.
  Result<> enter();

  /// A new handle of the host's for the guest. Errors: `LimitExceeded` when open handles are used up.
  template <class Tag>
  Result<HostOwn<Tag>> own(std::unique_ptr<Resource> resource) {
    TENON_CHECK_OK(guard_.budget().open_handle());
    return HostOwn<Tag>{resources_.add(std::move(resource))};
  }
  template <class Tag>
  Result<HostOwn<Tag>> own_child(std::unique_ptr<Resource> resource, uint32_t parent) {
    TENON_CHECK_OK(guard_.budget().open_handle());
    return HostOwn<Tag>{resources_.add_child(std::move(resource), parent)};
  }
  /// The destructor of all host resources.
  Result<> drop(uint32_t representation);
  /// A resource that the guest gave away for good. Error: `Trap` while it has children.
  template <class T>
  Result<std::unique_ptr<T>> take(uint32_t representation) {
    TENON_TRY(std::unique_ptr<T> taken, resources_.take<T>(representation));
    guard_.budget().close_handle();
    return taken;
  }

  /// Waits until something in `set` may be ready, which the caller finds out by asking again. Errors: `Timeout` when the deadline passes or the store is
  /// interrupted before that.
  Result<> wait(WaitSet& set);
  /// Waits until `thing.is_ready`; for pollables and streams. Errors as `wait`.
  template <class T>
  Result<> wait_for(T& thing) {
    while (!thing.is_ready(*this)) {
      WaitSet set;
      thing.prepare(*this, set);
      TENON_CHECK_OK(wait(set));
    }
    return {};
  }

  /// Goes on with `work` during each wait, until nothing of it is left to do.
  void add_background(std::shared_ptr<Background> work) { background_.push_back(std::move(work)); }

  /// Scratch that host functions return views into, with whatever was in it; each use ends the one before.
  std::span<std::byte> scratch(size_t size);

 private:
  friend class SignalGuard;
  template <class T>
  static constexpr char part_key = 0;

  Store& store_;
  policy::Guard& guard_;
  std::shared_ptr<const Config> config_;
  Clock clock_;
  std::optional<uint8_t> exit_status_;
  bool holds_signals_ = false;
  std::vector<std::pair<const void*, std::unique_ptr<Part>>> parts_;
  ResourceTable resources_;
  std::vector<std::shared_ptr<Background>> background_;
  /// Not value-initialised: it is as large as the largest read.
  std::unique_ptr<std::byte[]> scratch_;
  size_t scratch_size_ = 0;
};

namespace detail {

template <class F, class Signature>
struct Entry;
template <class F, class R, class... Args>
struct Entry<F, R(Args...)> {
  using Declared = std::conditional_t<tenon::detail::HostResult<R>::can_fail, R, Result<R>>;
  F body;
  Declared operator()(HostCall& call, Args... args) const {
    Context& context = Context::of(call.store());
    TENON_CHECK_OK(context.enter());
    if constexpr (std::is_void_v<R>) {
      body(context, std::move(args)...);
      return {};
    } else {
      return body(context, std::move(args)...);
    }
  }
};
template <class F>
struct BodySignature : BodySignature<decltype(&F::operator())> {};
template <class R, class C, class... Args>
struct BodySignature<R (C::*)(Context&, Args...) const> {
  using Type = R(Args...);
};

}  // namespace detail

/// Defines a host function whose body gets the context: `define(io, "block", [](Context& wasi, HostBorrow<Pollable> self) -> Result<> { … })`. The body may
/// return what `LinkerInstance::func` takes; an `Error` traps the guest. The call is charged before the body runs.
template <class F>
Result<> define(LinkerInstance& instance, std::string_view name, F body) {
  return instance.func(name, detail::Entry<F, typename detail::BodySignature<F>::Type>{std::move(body)});
}

/// Defines the host resource whose handles stand for a `T`: `define_resource<Pollable>(poll, "pollable")`. In host functions it is HostOwn<T>, HostBorrow<T>.
/// Handles that a guest leaves in its tables end with the context, before the store ends them.
template <std::derived_from<Resource> T>
Result<> define_resource(LinkerInstance& instance, std::string_view name) {
  return instance.define_resource(name, host_resource_type<T>(), [](Store& store, uint32_t representation) {
    return store.data() == nullptr ? Result<>() : Context::of(store).drop(representation);
  });
}

}  // namespace tenon::wasi
