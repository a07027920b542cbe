#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "component/wat.h"
#include "policy/guard.h"
#include "policy/rules.h"
#include "tenon/instance.h"
#include "tenon/typed.h"
#include "wasi/context.h"
#include "wasi/http/types.h"
#include "wasi/link.h"

/// For tests: a guest that imports all of wasi:http and hands each function on, so that a test calls it from the host and still through a component's border.
namespace tenon::wasi::http {

/// The types as wasi:http 0.2 has them, written down once more: what is linked to them is what real guests import.
inline constexpr std::string_view guest_imports = R"(
  (import "wasi:io/error@VERSION" (instance $error (export "error" (type $error (sub resource)))))
  (alias export $error "error" (type $io-error))
  (import "wasi:io/poll@VERSION" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.ready" (func (param "self" (borrow $pollable)) (result bool)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:io/streams@VERSION" (instance $streams
    (alias outer 1 $io-error (type $io-error'))
    (export "error" (type $io-error (eq $io-error')))
    (alias outer 1 $pollable (type $pollable'))
    (export "pollable" (type $pollable (eq $pollable')))
    (type $stream-error' (variant (case "last-operation-failed" (own $io-error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $stream-error')))
    (export "input-stream" (type $input-stream (sub resource)))
    (export "output-stream" (type $output-stream (sub resource)))
    (export "[method]input-stream.blocking-read"
      (func (param "self" (borrow $input-stream)) (param "len" u64) (result (result (list u8) (error $stream-error)))))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $output-stream)) (param "contents" (list u8)) (result (result (error $stream-error)))))))
  (alias export $streams "stream-error" (type $stream-error))
  (alias export $streams "input-stream" (type $input-stream))
  (alias export $streams "output-stream" (type $output-stream))
  (import "wasi:http/types@VERSION" (instance $types
    (type $number u64)
    (export "duration" (type $duration (eq $number)))
    (alias outer 1 $input-stream (type $input-stream'))
    (export "input-stream" (type $input-stream (eq $input-stream')))
    (alias outer 1 $output-stream (type $output-stream'))
    (export "output-stream" (type $output-stream (eq $output-stream')))
    (alias outer 1 $io-error (type $io-error'))
    (export "io-error" (type $io-error (eq $io-error')))
    (alias outer 1 $pollable (type $pollable'))
    (export "pollable" (type $pollable (eq $pollable')))
    (type $method' (variant (case "get") (case "head") (case "post") (case "put") (case "delete") (case "connect") (case "options") (case "trace") (case "patch")
      (case "other" string)))
    (export "method" (type $method (eq $method')))
    (type $scheme' (variant (case "HTTP") (case "HTTPS") (case "other" string)))
    (export "scheme" (type $scheme (eq $scheme')))
    (type $dns' (record (field "rcode" (option string)) (field "info-code" (option u16))))
    (export "DNS-error-payload" (type $dns (eq $dns')))
    (type $alert' (record (field "alert-id" (option u8)) (field "alert-message" (option string))))
    (export "TLS-alert-received-payload" (type $alert (eq $alert')))
    (type $size' (record (field "field-name" (option string)) (field "field-size" (option u32))))
    (export "field-size-payload" (type $size (eq $size')))
    (type $error-code' (variant
      (case "DNS-timeout") (case "DNS-error" $dns) (case "destination-not-found") (case "destination-unavailable") (case "destination-IP-prohibited")
      (case "destination-IP-unroutable") (case "connection-refused") (case "connection-terminated") (case "connection-timeout")
      (case "connection-read-timeout") (case "connection-write-timeout") (case "connection-limit-reached") (case "TLS-protocol-error")
      (case "TLS-certificate-error") (case "TLS-alert-received" $alert) (case "HTTP-request-denied") (case "HTTP-request-length-required")
      (case "HTTP-request-body-size" (option u64)) (case "HTTP-request-method-invalid") (case "HTTP-request-URI-invalid") (case "HTTP-request-URI-too-long")
      (case "HTTP-request-header-section-size" (option u32)) (case "HTTP-request-header-size" (option $size))
      (case "HTTP-request-trailer-section-size" (option u32)) (case "HTTP-request-trailer-size" $size) (case "HTTP-response-incomplete")
      (case "HTTP-response-header-section-size" (option u32)) (case "HTTP-response-header-size" $size) (case "HTTP-response-body-size" (option u64))
      (case "HTTP-response-trailer-section-size" (option u32)) (case "HTTP-response-trailer-size" $size)
      (case "HTTP-response-transfer-coding" (option string)) (case "HTTP-response-content-coding" (option string)) (case "HTTP-response-timeout")
      (case "HTTP-upgrade-failed") (case "HTTP-protocol-error") (case "loop-detected") (case "configuration-error") (case "internal-error" (option string))))
    (export "error-code" (type $error-code (eq $error-code')))
    (type $header-error' (variant (case "invalid-syntax") (case "forbidden") (case "immutable")))
    (export "header-error" (type $header-error (eq $header-error')))
    (type $text string)
    (export "field-key" (type $field-key (eq $text)))
    (export "field-name" (type $field-name (eq $field-key)))
    (type $bytes (list u8))
    (export "field-value" (type $field-value (eq $bytes)))
    (export "fields" (type $fields (sub resource)))
    (export "headers" (type $headers (eq $fields)))
    (export "trailers" (type $trailers (eq $fields)))
    (export "incoming-request" (type $incoming-request (sub resource)))
    (export "outgoing-request" (type $outgoing-request (sub resource)))
    (export "request-options" (type $request-options (sub resource)))
    (export "response-outparam" (type $response-outparam (sub resource)))
    (type $short u16)
    (export "status-code" (type $status-code (eq $short)))
    (export "incoming-response" (type $incoming-response (sub resource)))
    (export "incoming-body" (type $incoming-body (sub resource)))
    (export "future-trailers" (type $future-trailers (sub resource)))
    (export "outgoing-response" (type $outgoing-response (sub resource)))
    (export "outgoing-body" (type $outgoing-body (sub resource)))
    (export "future-incoming-response" (type $future-incoming-response (sub resource)))
FUNCTIONS))
TYPES
  (import "wasi:http/outgoing-handler@VERSION" (instance $handler
    (alias outer 1 $outgoing-request (type $outgoing-request'))
    (export "outgoing-request" (type $outgoing-request (eq $outgoing-request')))
    (alias outer 1 $request-options (type $request-options'))
    (export "request-options" (type $request-options (eq $request-options')))
    (alias outer 1 $future-incoming-response (type $future'))
    (export "future-incoming-response" (type $future-incoming-response (eq $future')))
    (alias outer 1 $error-code (type $error-code'))
    (export "error-code" (type $error-code (eq $error-code')))
    (export "handle" (func (param "request" (own $outgoing-request)) (param "options" (option (own $request-options)))
      (result (result (own $future-incoming-response) (error $error-code)))))))
)";

/// One function of wasi:http/types and the others that are handed on.
struct GuestFunction {
  std::string_view instance;
  /// The name without "[method]" and the like, which is what the guest exports it as.
  std::string_view name;
  enum class Kind : uint8_t { Constructor, Method, Static, Plain } kind;
  /// Beside a method's `self`.
  std::string_view params;
  std::string_view result;
  /// The core values of the parameters, `self` among them.
  std::string_view core_params;
  /// Whether the result lies in memory.
  bool is_in_area;
};

inline const std::vector<GuestFunction>& guest_functions() {
  using enum GuestFunction::Kind;
  constexpr std::string_view changed = "(result (error $header-error))";
  constexpr std::string_view unit = "(result)";
  constexpr std::string_view done = "(result (error $error-code))";
  constexpr std::string_view set_timeout = R"((param "duration" (option u64)))";
  static const std::vector<GuestFunction> table = {
      {"poll", "pollable.ready", Method, "", "bool", "i32", false},
      {"poll", "pollable.block", Method, "", "", "i32", false},
      {"streams", "input-stream.blocking-read", Method, R"((param "len" u64))", "(result (list u8) (error $stream-error))", "i32 i64", true},
      {"streams", "output-stream.blocking-write-and-flush", Method, R"((param "contents" (list u8)))", "(result (error $stream-error))", "i32 i32 i32", true},
      {"types", "fields", Constructor, "", "(own $fields)", "", false},
      {"types", "fields.from-list", Static, R"((param "entries" (list (tuple string (list u8)))))", "(result (own $fields) (error $header-error))", "i32 i32",
       true},
      {"types", "fields.get", Method, R"((param "name" string))", "(list (list u8))", "i32 i32 i32", true},
      {"types", "fields.has", Method, R"((param "name" string))", "bool", "i32 i32 i32", false},
      {"types", "fields.set", Method, R"((param "name" string) (param "value" (list (list u8))))", changed, "i32 i32 i32 i32 i32", true},
      {"types", "fields.delete", Method, R"((param "name" string))", changed, "i32 i32 i32", true},
      {"types", "fields.append", Method, R"((param "name" string) (param "value" (list u8)))", changed, "i32 i32 i32 i32 i32", true},
      {"types", "fields.entries", Method, "", "(list (tuple string (list u8)))", "i32", true},
      {"types", "fields.clone", Method, "", "(own $fields)", "i32", false},
      {"types", "incoming-request.method", Method, "", "$method", "i32", true},
      {"types", "incoming-request.path-with-query", Method, "", "(option string)", "i32", true},
      {"types", "incoming-request.scheme", Method, "", "(option $scheme)", "i32", true},
      {"types", "incoming-request.authority", Method, "", "(option string)", "i32", true},
      {"types", "incoming-request.headers", Method, "", "(own $fields)", "i32", false},
      {"types", "incoming-request.consume", Method, "", "(result (own $incoming-body))", "i32", true},
      {"types", "outgoing-request", Constructor, R"((param "headers" (own $fields)))", "(own $outgoing-request)", "i32", false},
      {"types", "outgoing-request.body", Method, "", "(result (own $outgoing-body))", "i32", true},
      {"types", "outgoing-request.method", Method, "", "$method", "i32", true},
      {"types", "outgoing-request.set-method", Method, R"((param "method" $method))", unit, "i32 i32 i32 i32", false},
      {"types", "outgoing-request.path-with-query", Method, "", "(option string)", "i32", true},
      {"types", "outgoing-request.set-path-with-query", Method, R"((param "path-with-query" (option string)))", unit, "i32 i32 i32 i32", false},
      {"types", "outgoing-request.scheme", Method, "", "(option $scheme)", "i32", true},
      {"types", "outgoing-request.set-scheme", Method, R"((param "scheme" (option $scheme)))", unit, "i32 i32 i32 i32 i32", false},
      {"types", "outgoing-request.authority", Method, "", "(option string)", "i32", true},
      {"types", "outgoing-request.set-authority", Method, R"((param "authority" (option string)))", unit, "i32 i32 i32 i32", false},
      {"types", "outgoing-request.headers", Method, "", "(own $fields)", "i32", false},
      {"types", "request-options", Constructor, "", "(own $request-options)", "", false},
      {"types", "request-options.connect-timeout", Method, "", "(option u64)", "i32", true},
      {"types", "request-options.set-connect-timeout", Method, set_timeout, unit, "i32 i32 i64", false},
      {"types", "request-options.first-byte-timeout", Method, "", "(option u64)", "i32", true},
      {"types", "request-options.set-first-byte-timeout", Method, set_timeout, unit, "i32 i32 i64", false},
      {"types", "request-options.between-bytes-timeout", Method, "", "(option u64)", "i32", true},
      {"types", "request-options.set-between-bytes-timeout", Method, set_timeout, unit, "i32 i32 i64", false},
      {"types", "response-outparam.send-informational", Method, R"((param "status" u16) (param "headers" (own $fields)))", done, "i32 i32 i32", true},
      {"types", "response-outparam.set", Static,
       R"((param "param" (own $response-outparam)) (param "response" (result (own $outgoing-response) (error $error-code))))", "",
       "i32 i32 i32 i32 i64 i32 i32 i32 i32", false},
      {"types", "incoming-response.status", Method, "", "u16", "i32", false},
      {"types", "incoming-response.headers", Method, "", "(own $fields)", "i32", false},
      {"types", "incoming-response.consume", Method, "", "(result (own $incoming-body))", "i32", true},
      {"types", "incoming-body.stream", Method, "", "(result (own $input-stream))", "i32", true},
      {"types", "incoming-body.finish", Static, R"((param "this" (own $incoming-body)))", "(own $future-trailers)", "i32", false},
      {"types", "future-trailers.subscribe", Method, "", "(own $pollable)", "i32", false},
      {"types", "future-trailers.get", Method, "", "(option (result (result (option (own $fields)) (error $error-code))))", "i32", true},
      {"types", "outgoing-response", Constructor, R"((param "headers" (own $fields)))", "(own $outgoing-response)", "i32", false},
      {"types", "outgoing-response.status-code", Method, "", "u16", "i32", false},
      {"types", "outgoing-response.set-status-code", Method, R"((param "status-code" u16))", unit, "i32 i32", false},
      {"types", "outgoing-response.headers", Method, "", "(own $fields)", "i32", false},
      {"types", "outgoing-response.body", Method, "", "(result (own $outgoing-body))", "i32", true},
      {"types", "outgoing-body.write", Method, "", "(result (own $output-stream))", "i32", true},
      {"types", "outgoing-body.finish", Static, R"((param "this" (own $outgoing-body)) (param "trailers" (option (own $fields))))", done, "i32 i32 i32", true},
      {"types", "future-incoming-response.subscribe", Method, "", "(own $pollable)", "i32", false},
      {"types", "future-incoming-response.get", Method, "", "(option (result (result (own $incoming-response) (error $error-code))))", "i32", true},
      {"types", "http-error-code", Plain, R"((param "err" (borrow $io-error)))", "(option $error-code)", "i32", true},
      {"handler", "handle", Plain, R"((param "request" (own $outgoing-request)) (param "options" (option (own $request-options))))",
       "(result (own $future-incoming-response) (error $error-code))", "i32 i32 i32", true},
  };
  return table;
}

inline constexpr std::string_view guest_types[] = {
    "method",           "scheme",           "error-code",        "header-error",      "fields",
    "incoming-request", "outgoing-request", "request-options",   "response-outparam", "incoming-response",
    "incoming-body",    "future-trailers",  "outgoing-response", "outgoing-body",     "future-incoming-response",
};

inline constexpr std::string_view guest_libc = R"(
  (core module $libc
    (memory (export "memory") 2)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.sub (local.get 2) (i32.const 1))) (i32.sub (i32.const 0) (local.get 2))))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (block (loop
        (br_if 1 (i32.le_u (global.get $next) (i32.shl (memory.size) (i32.const 16))))
        (if (i32.eq (memory.grow (i32.const 64)) (i32.const -1)) (then unreachable))
        (br 0)))
      (memory.copy (local.get $at) (local.get 0) (local.get 1))
      (local.get $at)))
  (core instance $libc (instantiate $libc))
)";

inline void replace_in(std::string& text, std::string_view what, std::string_view with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) text.replace(at, what.size(), with);
}

/// The resource that a method's `self` is lent of, or "io-error".
inline std::string lent_resource(const GuestFunction& function) {
  if (function.kind == GuestFunction::Kind::Method) return std::string(function.name.substr(0, function.name.find('.')));
  return function.name == "http-error-code" ? "io-error" : "";
}

inline std::string import_name(const GuestFunction& function) {
  constexpr std::string_view prefixes[] = {"[constructor]", "[method]", "[static]", ""};
  return std::string(prefixes[static_cast<size_t>(function.kind)]) + std::string(function.name);
}

inline std::string func_type(const GuestFunction& function) {
  std::string text;
  if (function.kind == GuestFunction::Kind::Method) text += "(param \"self\" (borrow $" + lent_resource(function) + ")) ";
  text += function.params;
  if (!function.result.empty()) text += " (result " + std::string(function.result) + ")";
  return text;
}

/// The text of the guest, which imports `version`.
inline std::string guest_text(const std::string& version) {
  std::string declared;
  std::string lowered;
  std::string given;
  std::string core = "  (core module $m\n";
  std::string wrappers;
  std::string lifted;
  for (const std::string_view each : {"io-error", "pollable", "input-stream", "output-stream"}) {
    const std::string name(each);
    lowered += "  (core func $drop-" + name + " (canon resource.drop $" + name + "))\n";
    given += " (export \"drop-" + name + "\" (func $drop-" + name + "))";
    core += "    (import \"\" \"drop-" + name + "\" (func $drop-" + name + " (param i32)))\n";
  }
  std::string types;
  for (const std::string_view each : guest_types) {
    const std::string name(each);
    types += "  (alias export $types \"" + name + "\" (type $" + name + "))\n";
    if (name == "method" || name == "scheme" || name == "error-code" || name == "header-error") continue;
    lowered += "  (core func $drop-" + name + " (canon resource.drop $" + name + "))\n";
    given += " (export \"drop-" + name + "\" (func $drop-" + name + "))";
    core += "    (import \"\" \"drop-" + name + "\" (func $drop-" + name + " (param i32)))\n";
  }
  for (const GuestFunction& function : guest_functions()) {
    const std::string name(function.name);
    if (function.instance == "types") declared += "    (export \"" + import_name(function) + "\" (func " + func_type(function) + "))\n";
    lowered += "  (alias export $" + std::string(function.instance) + " \"" + import_name(function) + "\" (func $" + name + "-func))\n";
    lowered += "  (core func $" + name + "' (canon lower (func $" + name + "-func) (memory $libc \"memory\") (realloc (func $libc \"realloc\"))))\n";
    given += " (export \"" + name + "\" (func $" + name + "'))";
    const std::string params = function.core_params.empty() ? "" : " (param " + std::string(function.core_params) + ")";
    const std::string result = function.result.empty() ? "" : " (result i32)";
    core += "    (import \"\" \"" + name + "\" (func $" + name + params + (function.is_in_area ? " (param i32)" : result) + "))\n";
    wrappers += "    (func (export \"" + name + "\")" + params + result + " (call $" + name;
    const size_t count = function.core_params.empty() ? 0 : static_cast<size_t>(std::ranges::count(function.core_params, ' ')) + 1;
    for (size_t i = 0; i < count; i++) wrappers += " (local.get " + std::to_string(i) + ")";
    wrappers += function.is_in_area ? " (i32.const 16))" : ")";
    if (const std::string lent = lent_resource(function); !lent.empty()) wrappers += " (call $drop-" + lent + " (local.get 0))";
    wrappers += function.is_in_area ? " (i32.const 16))\n" : ")\n";
    std::string exported = name;
    replace_in(exported, ".", "-");
    lifted += "  (func (export \"" + exported + "\") " + func_type(function) + "\n    (canon lift (core func $m \"" + name +
              "\") (memory $libc \"memory\") (realloc (func $libc \"realloc\"))))\n";
  }
  std::string text = "(component\n" + std::string(guest_imports);
  replace_in(text, "FUNCTIONS", declared);
  replace_in(text, "TYPES", types);
  replace_in(text, "VERSION", version);
  return text + std::string(guest_libc) + lowered + core + wrappers + "  )\n  (core instance $m (instantiate $m (with \"\" (instance" + given + "))))\n" +
         lifted + ")\n";
}

/// Handles of the host's resources, as a test holds them.
template <class T>
struct HandleOf {
  static ResourceType type() { return host_resource_type<T>(); }
};
template <class T>
using Held = Own<HandleOf<T>>;
template <class T>
using Lent = Borrow<HandleOf<T>>;

/// `stream-error` as the guest gets it.
struct GuestStreamError {
  std::variant<Held<IoError>, std::monostate> value = std::monostate();
};

}  // namespace tenon::wasi::http

template <>
struct tenon::VariantTraits<tenon::wasi::http::GuestStreamError> {
  static constexpr std::array<std::string_view, 2> names = {"last-operation-failed", "closed"};
};

namespace tenon::wasi::http {

/// A live guest under grants.
class Guest {
 public:
  explicit Guest(const std::vector<std::string>& grants, Config config = {}, const policy::BudgetLimits& limits = {})
      : store(*Store::create(linked().engine)),
        guard(*policy::Rules::from_grants(grants), policy::Budget::create(limits)),
        context(*store, guard, std::make_shared<const Config>(std::move(config))),
        instance_(*linked().pre.instantiate(*store)) {
    store->set_deadline(std::chrono::steady_clock::now() + std::chrono::seconds(60));
  }

  /// Calls what the guest exports: the name in WIT with a dash for the dot.
  template <class R, class... Params>
  Result<R> call(std::string_view name, const Params&... params) {
    auto function = instance_.get_func<R(Params...)>(name);
    if (!function) return std::unexpected(std::move(function).error());
    return function->call(params...);
  }
  /// What does not trap.
  template <class R, class... Params>
  R get(std::string_view name, const Params&... params) {
    auto result = call<R>(name, params...);
    EXPECT_TRUE(result) << name << ": " << result.error().message();
    if constexpr (!std::is_void_v<R>) return *std::move(result);
  }
  /// A handle for a resource of the host's.
  template <class T>
  Held<T> give(std::unique_ptr<T> resource) {
    return Held<T>::create(*store, context.own<T>(std::move(resource))->representation);
  }

  std::unique_ptr<Store> store;
  policy::Guard guard;
  Context context;

 private:
  struct Linked {
    Engine engine;
    InstancePre pre;
  };
  static const Linked& linked() {
    static const Linked made = [] {
      Engine engine = *Engine::create();
      Linker linker(engine);
      EXPECT_TRUE(add_io(linker) && add_http(linker));
      auto component = component::component_of(engine, guest_text("0.2.0"));
      EXPECT_TRUE(component) << component.error().message();
      auto pre = linker.instantiate_pre(*component);
      EXPECT_TRUE(pre) << pre.error().message();
      return Linked{engine, *pre};
    }();
    return made;
  }
  Instance instance_;
};

}  // namespace tenon::wasi::http
