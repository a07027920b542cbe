#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "component/wat.h"
#include "policy/guard.h"
#include "policy/rules.h"
#include "tenon/instance.h"
#include "tenon/store.h"
#include "tenon/typed.h"
#include "wasi/context.h"
#include "wasi/link.h"
#include "wasi/sockets/address.h"
#include "wasi/sockets/datagram.h"
#include "wasi/sockets/error.h"
#include "wasi/sockets/socket.h"
#include "wasi/sockets/tcp.h"

/// For tests: a guest that hands every function of wasi:sockets, and those of wasi:io that go with them, through to the host, so that a test calls them across
/// the border with C++ types.
namespace tenon::wasi::sockets {

/// Any resource, as a test holds it.
struct Handle {};
using Held = Own<Handle>;
using Lent = Borrow<Handle>;

/// `stream-error` on the guest's side.
struct GuestStreamError {
  std::variant<Held, std::monostate> value = std::monostate();
  bool is_closed() const { return value.index() == 1; }
};
template <class T = void>
using StreamReply = std::expected<T, GuestStreamError>;
using Bytes = std::vector<uint8_t>;
using HeldStreams = std::tuple<Held, Held>;
using HeldAccepted = std::tuple<Held, Held, Held>;

}  // namespace tenon::wasi::sockets

template <>
struct tenon::VariantTraits<tenon::wasi::sockets::GuestStreamError> {
  static constexpr std::array<std::string_view, 2> names = {"last-operation-failed", "closed"};
};

namespace tenon::wasi::sockets {

/// One function that is handed through.
struct Passed {
  /// What the guest exports it as.
  std::string_view name;
  /// The identifier of the imported instance and the function's name in it.
  std::string_view instance;
  std::string_view function;
  /// In text, with the types' identifiers.
  std::string_view params;
  std::string_view result;
  /// Core parameters of the params.
  std::string_view flat;
  /// Where the result is: nowhere, in a core value, in memory.
  enum class Result : uint8_t { None, Value, Memory } kind;
};

inline std::string guest_text() {
  constexpr auto none = Passed::Result::None;
  constexpr auto value = Passed::Result::Value;
  constexpr auto memory = Passed::Result::Memory;
  constexpr std::string_view ip = " i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32";
  const std::string self_ip = "i32" + std::string(ip);
  const std::string two_ip = "i32 i32" + std::string(ip);
  const std::string self_option_ip = "i32 i32" + std::string(ip);
  std::vector<Passed> passed = {
      {"ready", "poll", "[method]pollable.ready", "(param \"self\" (borrow $pollable))", "bool", "i32", value},
      {"block", "poll", "[method]pollable.block", "(param \"self\" (borrow $pollable))", "", "i32", none},
      {"read", "streams", "[method]input-stream.read", "(param \"self\" (borrow $input)) (param \"len\" u64)", "(result (list u8) (error $stream-error))",
       "i32 i64", memory},
      {"blocking-read", "streams", "[method]input-stream.blocking-read", "(param \"self\" (borrow $input)) (param \"len\" u64)",
       "(result (list u8) (error $stream-error))", "i32 i64", memory},
      {"input-subscribe", "streams", "[method]input-stream.subscribe", "(param \"self\" (borrow $input))", "(own $pollable)", "i32", value},
      {"check-write", "streams", "[method]output-stream.check-write", "(param \"self\" (borrow $output))", "(result u64 (error $stream-error))", "i32", memory},
      {"write", "streams", "[method]output-stream.write", "(param \"self\" (borrow $output)) (param \"contents\" (list u8))", "(result (error $stream-error))",
       "i32 i32 i32", memory},
      {"blocking-write", "streams", "[method]output-stream.blocking-write-and-flush", "(param \"self\" (borrow $output)) (param \"contents\" (list u8))",
       "(result (error $stream-error))", "i32 i32 i32", memory},
      {"flush", "streams", "[method]output-stream.flush", "(param \"self\" (borrow $output))", "(result (error $stream-error))", "i32", memory},
      {"blocking-flush", "streams", "[method]output-stream.blocking-flush", "(param \"self\" (borrow $output))", "(result (error $stream-error))", "i32",
       memory},
      {"output-subscribe", "streams", "[method]output-stream.subscribe", "(param \"self\" (borrow $output))", "(own $pollable)", "i32", value},
      {"network-error-code", "network", "network-error-code", "(param \"err\" (borrow $error))", "(option $code)", "i32", memory},
      {"instance-network", "instance-network", "instance-network", "", "(own $network)", "", value},
      {"lookup", "lookup", "resolve-addresses", "(param \"network\" (borrow $network)) (param \"name\" string)", "(result (own $resolve) (error $code))",
       "i32 i32 i32", memory},
      {"lookup-next", "lookup", "[method]resolve-address-stream.resolve-next-address", "(param \"self\" (borrow $resolve))",
       "(result (option $ip) (error $code))", "i32", memory},
      {"lookup-subscribe", "lookup", "[method]resolve-address-stream.subscribe", "(param \"self\" (borrow $resolve))", "(own $pollable)", "i32", value},
      {"tcp-create", "tcp-create", "create-tcp-socket", "(param \"address-family\" $family)", "(result (own $tcp-socket) (error $code))", "i32", memory},
      {"udp-create", "udp-create", "create-udp-socket", "(param \"address-family\" $family)", "(result (own $udp-socket) (error $code))", "i32", memory},
  };
  const std::string tcp = "(param \"self\" (borrow $tcp-socket)) ";
  const std::string udp = "(param \"self\" (borrow $udp-socket)) ";
  const std::string network = "(param \"network\" (borrow $network)) ";
  // Texts that the views above and below point to.
  std::vector<std::string> kept;
  kept.reserve(256);
  const auto keep = [&kept](std::string text) -> std::string_view { return kept.emplace_back(std::move(text)); };
  const auto method = [&](std::string_view prefix, std::string_view resource, std::string_view name, const std::string& params, std::string_view result,
                          std::string_view flat, Passed::Result kind) {
    passed.push_back({keep(std::string(prefix) + "-" + std::string(name)), prefix, keep("[method]" + std::string(resource) + "." + std::string(name)),
                      keep(params), result, keep(std::string(flat)), kind});
  };
  constexpr std::string_view unit = "(result (error $code))";
  const auto option = [&](std::string_view prefix, std::string_view resource, const std::string& self, std::string_view name, std::string_view type,
                          std::string_view flat) {
    method(prefix, resource, name, self, keep("(result " + std::string(type) + " (error $code))"), "i32", memory);
    method(prefix, resource, keep("set-" + std::string(name)), self + "(param \"value\" " + std::string(type) + ")", unit, keep("i32 " + std::string(flat)),
           memory);
  };
  method("tcp", "tcp-socket", "start-bind", tcp + network + "(param \"local-address\" $endpoint)", unit, two_ip, memory);
  method("tcp", "tcp-socket", "finish-bind", tcp, unit, "i32", memory);
  method("tcp", "tcp-socket", "start-connect", tcp + network + "(param \"remote-address\" $endpoint)", unit, two_ip, memory);
  method("tcp", "tcp-socket", "finish-connect", tcp, "(result (tuple (own $input) (own $output)) (error $code))", "i32", memory);
  method("tcp", "tcp-socket", "start-listen", tcp, unit, "i32", memory);
  method("tcp", "tcp-socket", "finish-listen", tcp, unit, "i32", memory);
  method("tcp", "tcp-socket", "accept", tcp, "(result (tuple (own $tcp-socket) (own $input) (own $output)) (error $code))", "i32", memory);
  method("tcp", "tcp-socket", "local-address", tcp, "(result $endpoint (error $code))", "i32", memory);
  method("tcp", "tcp-socket", "remote-address", tcp, "(result $endpoint (error $code))", "i32", memory);
  method("tcp", "tcp-socket", "is-listening", tcp, "bool", "i32", value);
  method("tcp", "tcp-socket", "address-family", tcp, "$family", "i32", value);
  method("tcp", "tcp-socket", "set-listen-backlog-size", tcp + "(param \"value\" u64)", unit, "i32 i64", memory);
  option("tcp", "tcp-socket", tcp, "keep-alive-enabled", "bool", "i32");
  option("tcp", "tcp-socket", tcp, "keep-alive-idle-time", "u64", "i64");
  option("tcp", "tcp-socket", tcp, "keep-alive-interval", "u64", "i64");
  option("tcp", "tcp-socket", tcp, "keep-alive-count", "u32", "i32");
  option("tcp", "tcp-socket", tcp, "hop-limit", "u8", "i32");
  option("tcp", "tcp-socket", tcp, "receive-buffer-size", "u64", "i64");
  option("tcp", "tcp-socket", tcp, "send-buffer-size", "u64", "i64");
  method("tcp", "tcp-socket", "subscribe", tcp, "(own $pollable)", "i32", value);
  method("tcp", "tcp-socket", "shutdown", tcp + "(param \"shutdown-type\" $shutdown-type)", unit, "i32 i32", memory);
  method("udp", "udp-socket", "start-bind", udp + network + "(param \"local-address\" $endpoint)", unit, two_ip, memory);
  method("udp", "udp-socket", "finish-bind", udp, unit, "i32", memory);
  method("udp", "udp-socket", "stream", udp + "(param \"remote-address\" (option $endpoint))", "(result (tuple (own $incoming) (own $outgoing)) (error $code))",
         self_option_ip, memory);
  method("udp", "udp-socket", "local-address", udp, "(result $endpoint (error $code))", "i32", memory);
  method("udp", "udp-socket", "remote-address", udp, "(result $endpoint (error $code))", "i32", memory);
  method("udp", "udp-socket", "address-family", udp, "$family", "i32", value);
  option("udp", "udp-socket", udp, "unicast-hop-limit", "u8", "i32");
  option("udp", "udp-socket", udp, "receive-buffer-size", "u64", "i64");
  option("udp", "udp-socket", udp, "send-buffer-size", "u64", "i64");
  method("udp", "udp-socket", "subscribe", udp, "(own $pollable)", "i32", value);
  const std::string incoming = "(param \"self\" (borrow $incoming)) ";
  const std::string outgoing = "(param \"self\" (borrow $outgoing)) ";
  method("udp", "incoming-datagram-stream", "receive", incoming + "(param \"max-results\" u64)", "(result (list $incoming-datagram) (error $code))", "i32 i64",
         memory);
  passed.push_back({"udp-incoming-subscribe", "udp", "[method]incoming-datagram-stream.subscribe", keep(incoming), "(own $pollable)", "i32", value});
  method("udp", "outgoing-datagram-stream", "check-send", outgoing, "(result u64 (error $code))", "i32", memory);
  method("udp", "outgoing-datagram-stream", "send", outgoing + "(param \"datagrams\" (list $outgoing-datagram))", "(result u64 (error $code))", "i32 i32 i32",
         memory);
  passed.push_back({"udp-outgoing-subscribe", "udp", "[method]outgoing-datagram-stream.subscribe", keep(outgoing), "(own $pollable)", "i32", value});

  const auto result_of = [](std::string_view result) { return result.empty() ? std::string() : " (result " + std::string(result) + ")"; };
  const auto functions_of = [&](std::string_view instance) {
    std::string text;
    for (const Passed& each : passed) {
      if (each.instance == instance)
        text += "\n    (export \"" + std::string(each.function) + "\" (func " + std::string(each.params) + result_of(each.result) + "))";
    }
    return text;
  };
  // Inside of each instance, the types that it takes from others have the same identifiers as outside.
  const auto taken = [](std::string_view name, std::string_view outside) {
    return "\n    (export \"" + std::string(name) + "\" (type $" + std::string(outside) + " (eq $" + std::string(outside) + "')))";
  };
  const std::string taken_network = taken("network", "network") + taken("error-code", "code");
  const std::string taken_endpoint = taken("ip-socket-address", "endpoint") + taken("ip-address-family", "family");
  const std::string taken_pollable = taken("pollable", "pollable");
  std::string text = "(component";
  const auto import = [&text](std::string_view name, std::string_view identifier, const std::string& body) {
    text += "\n  (import \"wasi:" + std::string(name) + "@0.2.1\" (instance $" + std::string(identifier) + body + "))";
  };
  const auto alias = [&text](std::string_view instance, std::string_view name, std::string_view identifier) {
    text += "\n  (alias export $" + std::string(instance) + " \"" + std::string(name) + "\" (type $" + std::string(identifier) + "'))";
    text += "\n  (alias export $" + std::string(instance) + " \"" + std::string(name) + "\" (type $" + std::string(identifier) + "))";
  };
  const auto resource = [](std::string_view name, std::string_view identifier) {
    return "\n    (export \"" + std::string(name) + "\" (type $" + std::string(identifier) + " (sub resource)))";
  };
  const auto type = [](std::string_view name, std::string_view identifier, std::string_view definition) {
    const std::string id(identifier);
    return "\n    (type $" + id + "-structure " + std::string(definition) + ") (export \"" + std::string(name) + "\" (type $" + id + " (eq $" + id +
           "-structure)))";
  };
  import("io/error", "io-error", resource("error", "error"));
  alias("io-error", "error", "error");
  import("io/poll", "poll", resource("pollable", "pollable") + functions_of("poll"));
  alias("poll", "pollable", "pollable");
  import("io/streams", "streams",
         taken("error", "error") + taken_pollable + resource("input-stream", "input") + resource("output-stream", "output") +
             type("stream-error", "stream-error", "(variant (case \"last-operation-failed\" (own $error)) (case \"closed\"))") + functions_of("streams"));
  alias("streams", "input-stream", "input");
  alias("streams", "output-stream", "output");
  alias("streams", "stream-error", "stream-error");
  std::string codes;
  for (const std::string_view name : EnumTraits<ErrorCode>::names) codes += " \"" + std::string(name) + "\"";
  import("sockets/network", "network",
         taken("error", "error") + resource("network", "network") + type("error-code", "code", "(enum" + codes + ")") +
             type("ip-address-family", "family", "(enum \"ipv4\" \"ipv6\")") + type("ipv4-address", "ipv4", "(tuple u8 u8 u8 u8)") +
             type("ipv6-address", "ipv6", "(tuple u16 u16 u16 u16 u16 u16 u16 u16)") +
             type("ip-address", "ip", "(variant (case \"ipv4\" $ipv4) (case \"ipv6\" $ipv6))") +
             type("ipv4-socket-address", "endpoint4", "(record (field \"port\" u16) (field \"address\" $ipv4))") +
             type("ipv6-socket-address", "endpoint6",
                  "(record (field \"port\" u16) (field \"flow-info\" u32) (field \"address\" $ipv6) (field \"scope-id\" u32))") +
             type("ip-socket-address", "endpoint", "(variant (case \"ipv4\" $endpoint4) (case \"ipv6\" $endpoint6))") + functions_of("network"));
  alias("network", "network", "network");
  alias("network", "error-code", "code");
  alias("network", "ip-address-family", "family");
  alias("network", "ip-address", "ip");
  alias("network", "ip-socket-address", "endpoint");
  import("sockets/instance-network", "instance-network", taken("network", "network") + functions_of("instance-network"));
  import("sockets/ip-name-lookup", "lookup",
         taken_pollable + taken_network + taken("ip-address", "ip") + resource("resolve-address-stream", "resolve") + functions_of("lookup"));
  alias("lookup", "resolve-address-stream", "resolve");
  import("sockets/tcp", "tcp",
         taken("input-stream", "input") + taken("output-stream", "output") + taken_pollable + taken_network + taken_endpoint +
             resource("tcp-socket", "tcp-socket") + type("shutdown-type", "shutdown-type", "(enum \"receive\" \"send\" \"both\")") + functions_of("tcp"));
  alias("tcp", "tcp-socket", "tcp-socket");
  alias("tcp", "shutdown-type", "shutdown-type");
  import("sockets/tcp-create-socket", "tcp-create",
         taken_network + taken("ip-address-family", "family") + taken("tcp-socket", "tcp-socket") + functions_of("tcp-create"));
  import("sockets/udp", "udp",
         taken_pollable + taken_network + taken_endpoint + resource("udp-socket", "udp-socket") + resource("incoming-datagram-stream", "incoming") +
             resource("outgoing-datagram-stream", "outgoing") +
             type("incoming-datagram", "incoming-datagram", "(record (field \"data\" (list u8)) (field \"remote-address\" $endpoint))") +
             type("outgoing-datagram", "outgoing-datagram", "(record (field \"data\" (list u8)) (field \"remote-address\" (option $endpoint)))") +
             functions_of("udp"));
  alias("udp", "udp-socket", "udp-socket");
  alias("udp", "incoming-datagram-stream", "incoming");
  alias("udp", "outgoing-datagram-stream", "outgoing");
  alias("udp", "incoming-datagram", "incoming-datagram");
  alias("udp", "outgoing-datagram", "outgoing-datagram");
  import("sockets/udp-create-socket", "udp-create",
         taken_network + taken("ip-address-family", "family") + taken("udp-socket", "udp-socket") + functions_of("udp-create"));

  // Memory is handed out in a circle: no test needs what it was given two mebibytes ago.
  text += R"(
  (core module $libc-module
    (memory (export "memory") 64)
    (global $next (mut i32) (i32.const 65536))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
      (if (i32.gt_u (i32.add (global.get $next) (local.get 3)) (i32.const 4100000)) (then (global.set $next (i32.const 65536))))
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (local.get $at)))
  (core instance $libc (instantiate $libc-module)))";
  std::string imports;
  std::string bodies;
  std::string given;
  std::string exports;
  for (const std::string_view resource_name :
       {"error", "pollable", "input", "output", "network", "resolve", "tcp-socket", "udp-socket", "incoming", "outgoing"}) {
    const std::string drop = "drop-" + std::string(resource_name);
    text += "\n  (core func $" + drop + " (canon resource.drop $" + std::string(resource_name) + "))";
    imports += "\n    (import \"\" \"" + drop + "\" (func $" + drop + " (param i32)))";
    given += " (export \"" + drop + "\" (func $" + drop + "))";
  }
  for (size_t i = 0; i < passed.size(); i++) {
    const Passed& each = passed[i];
    const std::string id = "f" + std::to_string(i);
    const std::string flat = each.flat.empty() ? "" : " (param " + std::string(each.flat) + ")";
    const auto count = std::ranges::count(each.flat, 'i');
    std::string arguments;
    for (ptrdiff_t k = 0; k < count; k++) arguments += " (local.get " + std::to_string(k) + ")";
    text += "\n  (core func $" + id + " (canon lower (func $" + std::string(each.instance) + " \"" + std::string(each.function) +
            "\") (memory $libc \"memory\") (realloc (func $libc \"realloc\"))))";
    const bool in_memory = each.kind == memory;
    // What is lent comes first, and is given back before the function returns.
    std::string drops;
    size_t lent = 0;
    for (size_t at = each.params.find("(borrow $"); at != std::string_view::npos; at = each.params.find("(borrow $", at + 1)) {
      const std::string_view rest = each.params.substr(at + 9);
      drops += " (call $drop-" + std::string(rest.substr(0, rest.find(')'))) + " (local.get " + std::to_string(lent++) + "))";
    }
    const std::string result = each.kind == none ? "" : " (result i32)";
    imports += "\n    (import \"\" \"" + id + "\" (func $" + id + flat + (in_memory ? " (param i32)" : result) + "))";
    bodies += "\n    (func (export \"" + id + "\")" + flat + result + " (call $" + id + arguments + (in_memory ? " (i32.const 1024))" : ")") + drops +
              (in_memory ? " (i32.const 1024))" : ")");
    given += " (export \"" + id + "\" (func $" + id + "))";
    exports += "\n  (func (export \"" + std::string(each.name) + "\") " + std::string(each.params) + result_of(each.result) +
               " (canon lift (core func $main \"" + id + "\") (memory $libc \"memory\") (realloc (func $libc \"realloc\"))))";
  }
  text += "\n  (core module $main-module" + imports + bodies + ")";
  text += "\n  (core instance $main (instantiate $main-module (with \"\" (instance" + given + "))))";
  return text + exports + ")";
}

/// What all tests share: compiled once.
struct Shared {
  Engine engine;
  Component component;
  InstancePre pre;

  static const Shared& get() {
    static const Shared shared = [] {
      Result<Engine> engine = Engine::create();
      Result<Component> component = component::component_of(*engine, guest_text());
      if (!component) ADD_FAILURE() << component.error().message();
      Linker linker(*engine);
      const Result<> added = add_to_linker(linker);
      if (!added) ADD_FAILURE() << added.error().message();
      Result<InstancePre> pre = linker.instantiate_pre(*component);
      if (!pre) ADD_FAILURE() << pre.error().message();
      return Shared{*std::move(engine), *std::move(component), *std::move(pre)};
    }();
    return shared;
  }
};

/// One store with the guest in it.
class World {
 public:
  struct Options {
    std::vector<std::string> grants = {"inherit-network"};
    policy::BudgetLimits limits = {};
    ResolverOptions resolver = {};
  };

  World() : World(Options{}) {}
  explicit World(const Options& options)
      : store_(*Store::create(Shared::get().engine)),
        budget_(policy::Budget::create(options.limits)),
        guard_(*policy::Rules::from_grants(options.grants), budget_),
        context_(*store_, guard_, config_of(options)),
        instance_(*Shared::get().pre.instantiate(*store_)) {}

  Store& store() { return *store_; }
  Context& context() { return context_; }
  policy::Guard& guard() { return guard_; }
  policy::Budget& budget() { return *budget_; }

  /// Calls an exported function, which may fail.
  template <class R = void, class... Params>
  Result<R> try_call(std::string_view name, const Params&... arguments) {
    const auto function = instance_.get_func<R(Params...)>(name);
    if (!function) {
      ADD_FAILURE() << name << ": " << function.error().message();
      return std::unexpected(function.error());
    }
    return function->call(arguments...);
  }
  /// Calls an exported function, which must not trap.
  template <class R = void, class... Params>
  R call(std::string_view name, const Params&... arguments) {
    Result<R> result = try_call<R>(name, arguments...);
    if (!result) {
      ADD_FAILURE() << name << ": " << result.error().message();
      std::abort();
    }
    if constexpr (!std::is_void_v<R>) return *std::move(result);
  }
  Result<> drop(Held& held) { return held.drop(*store_); }

  Held network() { return call<Held>("instance-network"); }
  Held tcp(IpAddressFamily family = IpAddressFamily::Ipv4) { return *call<Answer<Held>>("tcp-create", family); }
  Held udp(IpAddressFamily family = IpAddressFamily::Ipv4) { return *call<Answer<Held>>("udp-create", family); }
  /// Waits for a subscription and drops it.
  Result<> wait(Held pollable) {
    TENON_CHECK_OK(try_call("block", pollable.borrow()));
    return drop(pollable);
  }
  Result<> wait_for(std::string_view subscribe, const Held& self) { return wait(call<Held>(subscribe, self.borrow())); }

 private:
  static std::shared_ptr<const Config> config_of(const Options& options) {
    auto config = std::make_shared<Config>();
    config->resolver = options.resolver;
    return config;
  }

  std::unique_ptr<Store> store_;
  std::shared_ptr<policy::Budget> budget_;
  policy::Guard guard_;
  Context context_;
  Instance instance_;
};

/// The loopback address of a family.
inline Endpoint loopback(IpAddressFamily family, uint16_t port) {
  Endpoint endpoint = Endpoint::any(family);
  endpoint.port = port;
  if (family == IpAddressFamily::Ipv4)
    endpoint.ip.bytes = {127, 0, 0, 1};
  else
    endpoint.ip.bytes[15] = 1;
  return endpoint;
}

/// Whether the machine has the family's loopback address.
inline bool has_family(IpAddressFamily family) {
  const auto socket = open_socket(family, SOCK_DGRAM);
  return socket && bind_to(*socket, loopback(family, 0)) == 0;
}

inline Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }
inline std::string text_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace tenon::wasi::sockets
