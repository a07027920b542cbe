#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "policy/guard.h"
#include "tenon/linker.h"
#include "tenon/store.h"
#include "tenon/typed.h"
#include "wasi/resource.h"
#include "wasi/stream.h"
#include "wasi/wait.h"

namespace tenon::wasi {

namespace http {
class Client;
class Pool;
}  // namespace http

/// A folder of the machine that a guest sees.
struct Mount {
  std::string host_path;
  /// Absolute, normalised.
  std::string guest_path;
  bool is_read_only = false;
  /// Whether paths may lead onto other file systems mounted beneath it.
  bool crosses_mounts = true;
};

/// Where one of stdin, stdout and stderr leads.
struct Stdio {
  enum class Kind : uint8_t {
    /// Empty input; output that is taken and forgotten.
    Null,
    /// The descriptor `descriptor` of this process, which stays open and is not closed.
    Descriptor,
    /// Input from `bytes`; output appended to `bytes`, at most `bytes_max`.
    Memory,
  };
  Kind kind = Kind::Null;
  int descriptor = -1;
  std::shared_ptr<std::string> bytes;
  size_t bytes_max = size_t{16} << 20;
};

/// Random numbers and clocks that repeat.
struct Deterministic {
  uint64_t seed = 0;
  /// What the wall clock says at the start; the monotonic clock starts at 0.
  std::chrono::nanoseconds wall_start{0};
  /// How far both clocks advance each time one is read. A wait on the clock advances it to the end of the wait and takes no time.
  std::chrono::nanoseconds step = std::chrono::microseconds(1);
};

/// A value that the host knows and the guest does not: the guest writes `placeholder` into a header's value, and the host puts `value` in its place in requests
/// to `host` alone. To every other host, in every other part of a request and in every record the placeholder is what it is. `value` is never written anywhere.
struct Secret {
  /// What the operator calls it.
  std::string name;
  /// Not empty. Long enough not to be met by chance.
  std::string placeholder;
  std::string value;
  /// A name or address in lower case, with a port where it is not the scheme's own: "api.example.com", "127.0.0.1:8443".
  std::string host;
  /// Whether it may go out without TLS.
  bool allow_plain = false;
};

/// How requests of wasi:http leave the host.
struct HttpConfig {
  /// A PEM file of the certificate authorities that are trusted instead of the machine's. Empty: the machine's.
  std::string ca_file;
  /// Keeps connections from one context to the next. Contexts that share one have the same rules and the same config. Absent: connections end with the context.
  std::shared_ptr<http::Pool> pool;
};

/// What the host offers; what of it a guest gets is up to the guard.
struct Config {
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<Mount> mounts;
  Stdio standard_input;
  Stdio standard_output;
  Stdio standard_error;
  std::optional<Deterministic> deterministic;
  std::vector<Secret> secrets;
  HttpConfig http;
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

  /// What wasi:http keeps for the store: its connections and requests. Empty until the first request.
  std::shared_ptr<http::Client>& http_client() { return http_client_; }

  /// Scratch that host functions return views into; each use ends the one before.
  std::span<std::byte> scratch(size_t size);

 private:
  Store& store_;
  policy::Guard& guard_;
  std::shared_ptr<const Config> config_;
  std::shared_ptr<http::Client> http_client_;
  ResourceTable resources_;
  std::vector<std::shared_ptr<Background>> background_;
  std::vector<std::byte> scratch_;
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

}  // namespace tenon::wasi
