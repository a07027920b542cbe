#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
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
#include "wasi/link.h"

/// For the tests of this folder: a guest that hands every function of WASI on, so that a test calls them from the host and still through a component's border.
namespace tenon::wasi::driver {

/// What the component imports; VERSION stands for the version.
inline constexpr std::string_view imports = R"(
  (import "wasi:io/error@VERSION" (instance $error
    (export "error" (type $error (sub resource)))
    (export "[method]error.to-debug-string" (func (param "self" (borrow $error)) (result string)))))
  (alias export $error "error" (type $io-error))
  (import "wasi:io/poll@VERSION" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.ready" (func (param "self" (borrow $pollable)) (result bool)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))
    (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
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
    (type $bytes (result (list u8) (error $stream-error)))
    (type $count (result u64 (error $stream-error)))
    (type $done (result (error $stream-error)))
    (export "[method]input-stream.read" (func (param "self" (borrow $input-stream)) (param "len" u64) (result $bytes)))
    (export "[method]input-stream.blocking-read" (func (param "self" (borrow $input-stream)) (param "len" u64) (result $bytes)))
    (export "[method]input-stream.skip" (func (param "self" (borrow $input-stream)) (param "len" u64) (result $count)))
    (export "[method]input-stream.blocking-skip" (func (param "self" (borrow $input-stream)) (param "len" u64) (result $count)))
    (export "[method]input-stream.subscribe" (func (param "self" (borrow $input-stream)) (result (own $pollable))))
    (export "[method]output-stream.check-write" (func (param "self" (borrow $output-stream)) (result $count)))
    (export "[method]output-stream.write" (func (param "self" (borrow $output-stream)) (param "contents" (list u8)) (result $done)))
    (export "[method]output-stream.blocking-write-and-flush" (func (param "self" (borrow $output-stream)) (param "contents" (list u8)) (result $done)))
    (export "[method]output-stream.flush" (func (param "self" (borrow $output-stream)) (result $done)))
    (export "[method]output-stream.blocking-flush" (func (param "self" (borrow $output-stream)) (result $done)))
    (export "[method]output-stream.subscribe" (func (param "self" (borrow $output-stream)) (result (own $pollable))))
    (export "[method]output-stream.write-zeroes" (func (param "self" (borrow $output-stream)) (param "len" u64) (result $done)))
    (export "[method]output-stream.blocking-write-zeroes-and-flush" (func (param "self" (borrow $output-stream)) (param "len" u64) (result $done)))
    (export "[method]output-stream.splice" (func (param "self" (borrow $output-stream)) (param "src" (borrow $input-stream)) (param "len" u64) (result $count)))
    (export "[method]output-stream.blocking-splice"
      (func (param "self" (borrow $output-stream)) (param "src" (borrow $input-stream)) (param "len" u64) (result $count)))))
  (alias export $streams "stream-error" (type $stream-error))
  (alias export $streams "input-stream" (type $input-stream))
  (alias export $streams "output-stream" (type $output-stream))
  (import "wasi:clocks/monotonic-clock@VERSION" (instance $monotonic
    (alias outer 1 $pollable (type $pollable'))
    (export "pollable" (type $pollable (eq $pollable')))
    (type $number u64)
    (export "instant" (type $instant (eq $number)))
    (export "duration" (type $duration (eq $number)))
    (export "now" (func (result $instant)))
    (export "resolution" (func (result $duration)))
    (export "subscribe-instant" (func (param "when" $instant) (result (own $pollable))))
    (export "subscribe-duration" (func (param "when" $duration) (result (own $pollable))))))
  (import "wasi:clocks/wall-clock@VERSION" (instance $wall
    (type $datetime' (record (field "seconds" u64) (field "nanoseconds" u32)))
    (export "datetime" (type $datetime (eq $datetime')))
    (export "now" (func (result $datetime)))
    (export "resolution" (func (result $datetime)))))
  (alias export $wall "datetime" (type $datetime))
  (import "wasi:clocks/timezone@VERSION" (instance $timezone
    (alias outer 1 $datetime (type $datetime'))
    (export "datetime" (type $datetime (eq $datetime')))
    (type $display' (record (field "utc-offset" s32) (field "name" string) (field "in-daylight-saving-time" bool)))
    (export "timezone-display" (type $display (eq $display')))
    (export "display" (func (param "when" $datetime) (result $display)))
    (export "utc-offset" (func (param "when" $datetime) (result s32)))))
  (alias export $timezone "timezone-display" (type $timezone-display))
  (import "wasi:random/random@VERSION" (instance $random
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))
    (export "get-random-u64" (func (result u64)))))
  (import "wasi:random/insecure@VERSION" (instance $insecure
    (export "get-insecure-random-bytes" (func (param "len" u64) (result (list u8))))
    (export "get-insecure-random-u64" (func (result u64)))))
  (import "wasi:random/insecure-seed@VERSION" (instance $seed (export "insecure-seed" (func (result (tuple u64 u64))))))
  (import "wasi:cli/environment@VERSION" (instance $environment
    (export "get-environment" (func (result (list (tuple string string)))))
    (export "get-arguments" (func (result (list string))))
    (export "initial-cwd" (func (result (option string))))))
  (import "wasi:cli/exit@VERSION" (instance $exit
    (export "exit" (func (param "status" (result))))
    (export "exit-with-code" (func (param "status-code" u8)))))
  (import "wasi:cli/stdin@VERSION" (instance $stdin
    (alias outer 1 $input-stream (type $stream'))
    (export "input-stream" (type $stream (eq $stream')))
    (export "get-stdin" (func (result (own $stream))))))
  (import "wasi:cli/stdout@VERSION" (instance $stdout
    (alias outer 1 $output-stream (type $stream'))
    (export "output-stream" (type $stream (eq $stream')))
    (export "get-stdout" (func (result (own $stream))))))
  (import "wasi:cli/stderr@VERSION" (instance $stderr
    (alias outer 1 $output-stream (type $stream'))
    (export "output-stream" (type $stream (eq $stream')))
    (export "get-stderr" (func (result (own $stream))))))
  (import "wasi:cli/terminal-input@VERSION" (instance $terminal-input (export "terminal-input" (type (sub resource)))))
  (alias export $terminal-input "terminal-input" (type $terminal-input))
  (import "wasi:cli/terminal-output@VERSION" (instance $terminal-output (export "terminal-output" (type (sub resource)))))
  (alias export $terminal-output "terminal-output" (type $terminal-output))
  (import "wasi:cli/terminal-stdin@VERSION" (instance $terminal-stdin
    (alias outer 1 $terminal-input (type $terminal'))
    (export "terminal-input" (type $terminal (eq $terminal')))
    (export "get-terminal-stdin" (func (result (option (own $terminal)))))))
  (import "wasi:cli/terminal-stdout@VERSION" (instance $terminal-stdout
    (alias outer 1 $terminal-output (type $terminal'))
    (export "terminal-output" (type $terminal (eq $terminal')))
    (export "get-terminal-stdout" (func (result (option (own $terminal)))))))
  (import "wasi:cli/terminal-stderr@VERSION" (instance $terminal-stderr
    (alias outer 1 $terminal-output (type $terminal'))
    (export "terminal-output" (type $terminal (eq $terminal')))
    (export "get-terminal-stderr" (func (result (option (own $terminal)))))))
)";

/// Where a result is that is more than one core value.
inline constexpr std::string_view area = "area";

struct Function {
  std::string_view instance;
  std::string_view name;
  std::string_view exported;
  /// As the component has them.
  std::string_view params;
  std::string_view result;
  /// As the core module has them: "i32 i64", and "", a type, or `area`.
  std::string_view core_params;
  std::string_view core_result;
  /// The resources of the handles that are lent first, which the guest has to give back.
  std::vector<std::string_view> borrows;
};

inline constexpr std::string_view input_self = R"((param "self" (borrow $input-stream)))";
inline constexpr std::string_view input_size = R"((param "self" (borrow $input-stream)) (param "len" u64))";
inline constexpr std::string_view output_self = R"((param "self" (borrow $output-stream)))";
inline constexpr std::string_view output_size = R"((param "self" (borrow $output-stream)) (param "len" u64))";
inline constexpr std::string_view output_bytes = R"((param "self" (borrow $output-stream)) (param "contents" (list u8)))";
inline constexpr std::string_view output_source = R"((param "self" (borrow $output-stream)) (param "src" (borrow $input-stream)) (param "len" u64))";
inline constexpr std::string_view bytes_result = "(result (result (list u8) (error $stream-error)))";
inline constexpr std::string_view count_result = "(result (result u64 (error $stream-error)))";
inline constexpr std::string_view done_result = "(result (result (error $stream-error)))";

inline const std::vector<Function>& functions() {
  static const std::vector<Function> table = {
      {"error", "[method]error.to-debug-string", "debug-string", R"((param "self" (borrow $io-error)))", "(result string)", "i32", area, {"io-error"}},
      {"poll", "[method]pollable.ready", "ready", R"((param "self" (borrow $pollable)))", "(result bool)", "i32", "i32", {"pollable"}},
      {"poll", "[method]pollable.block", "block", R"((param "self" (borrow $pollable)))", "", "i32", "", {"pollable"}},
      {"streams", "[method]input-stream.read", "read", input_size, bytes_result, "i32 i64", area, {"input-stream"}},
      {"streams", "[method]input-stream.blocking-read", "blocking-read", input_size, bytes_result, "i32 i64", area, {"input-stream"}},
      {"streams", "[method]input-stream.skip", "skip", input_size, count_result, "i32 i64", area, {"input-stream"}},
      {"streams", "[method]input-stream.blocking-skip", "blocking-skip", input_size, count_result, "i32 i64", area, {"input-stream"}},
      {"streams", "[method]input-stream.subscribe", "subscribe-input", input_self, "(result (own $pollable))", "i32", "i32", {"input-stream"}},
      {"streams", "[method]output-stream.check-write", "check-write", output_self, count_result, "i32", area, {"output-stream"}},
      {"streams", "[method]output-stream.write", "write", output_bytes, done_result, "i32 i32 i32", area, {"output-stream"}},
      {"streams",
       "[method]output-stream.blocking-write-and-flush",
       "blocking-write-and-flush",
       output_bytes,
       done_result,
       "i32 i32 i32",
       area,
       {"output-stream"}},
      {"streams", "[method]output-stream.flush", "flush", output_self, done_result, "i32", area, {"output-stream"}},
      {"streams", "[method]output-stream.blocking-flush", "blocking-flush", output_self, done_result, "i32", area, {"output-stream"}},
      {"streams", "[method]output-stream.subscribe", "subscribe-output", output_self, "(result (own $pollable))", "i32", "i32", {"output-stream"}},
      {"streams", "[method]output-stream.write-zeroes", "write-zeroes", output_size, done_result, "i32 i64", area, {"output-stream"}},
      {"streams",
       "[method]output-stream.blocking-write-zeroes-and-flush",
       "blocking-write-zeroes-and-flush",
       output_size,
       done_result,
       "i32 i64",
       area,
       {"output-stream"}},
      {"streams", "[method]output-stream.splice", "splice", output_source, count_result, "i32 i32 i64", area, {"output-stream", "input-stream"}},
      {"streams",
       "[method]output-stream.blocking-splice",
       "blocking-splice",
       output_source,
       count_result,
       "i32 i32 i64",
       area,
       {"output-stream", "input-stream"}},
      {"monotonic", "now", "monotonic-now", "", "(result u64)", "", "i64", {}},
      {"monotonic", "resolution", "monotonic-resolution", "", "(result u64)", "", "i64", {}},
      {"monotonic", "subscribe-instant", "subscribe-instant", R"((param "when" u64))", "(result (own $pollable))", "i64", "i32", {}},
      {"monotonic", "subscribe-duration", "subscribe-duration", R"((param "when" u64))", "(result (own $pollable))", "i64", "i32", {}},
      {"wall", "now", "wall-now", "", "(result $datetime)", "", area, {}},
      {"wall", "resolution", "wall-resolution", "", "(result $datetime)", "", area, {}},
      {"timezone", "display", "timezone-display-of", R"((param "when" $datetime))", "(result $timezone-display)", "i64 i32", area, {}},
      {"timezone", "utc-offset", "utc-offset", R"((param "when" $datetime))", "(result s32)", "i64 i32", "i32", {}},
      {"random", "get-random-bytes", "random-bytes", R"((param "len" u64))", "(result (list u8))", "i64", area, {}},
      {"random", "get-random-u64", "random-u64", "", "(result u64)", "", "i64", {}},
      {"insecure", "get-insecure-random-bytes", "insecure-bytes", R"((param "len" u64))", "(result (list u8))", "i64", area, {}},
      {"insecure", "get-insecure-random-u64", "insecure-u64", "", "(result u64)", "", "i64", {}},
      {"seed", "insecure-seed", "insecure-seed", "", "(result (tuple u64 u64))", "", area, {}},
      {"environment", "get-environment", "environment", "", "(result (list (tuple string string)))", "", area, {}},
      {"environment", "get-arguments", "arguments", "", "(result (list string))", "", area, {}},
      {"environment", "initial-cwd", "initial-cwd", "", "(result (option string))", "", area, {}},
      {"exit", "exit", "exit", R"((param "status" (result)))", "", "i32", "", {}},
      {"exit", "exit-with-code", "exit-with-code", R"((param "status-code" u8))", "", "i32", "", {}},
      {"stdin", "get-stdin", "stdin", "", "(result (own $input-stream))", "", "i32", {}},
      {"stdout", "get-stdout", "stdout", "", "(result (own $output-stream))", "", "i32", {}},
      {"stderr", "get-stderr", "stderr", "", "(result (own $output-stream))", "", "i32", {}},
      {"terminal-stdin", "get-terminal-stdin", "terminal-stdin", "", "(result (option (own $terminal-input)))", "", area, {}},
      {"terminal-stdout", "get-terminal-stdout", "terminal-stdout", "", "(result (option (own $terminal-output)))", "", area, {}},
      {"terminal-stderr", "get-terminal-stderr", "terminal-stderr", "", "(result (option (own $terminal-output)))", "", area, {}},
  };
  return table;
}

inline constexpr std::string_view dropped[] = {"io-error", "pollable", "input-stream", "output-stream"};

inline constexpr std::string_view libc = R"(
  (core module $libc
    (memory (export "memory") 2)
    (global $next (mut i32) (i32.const 1024))
    (func (export "reset") (global.set $next (i32.const 1024)))
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

/// Drops the handles that lie at `$at`, `$count` of them.
inline constexpr std::string_view poll_wrapper = R"(
    (func (export "poll") (param $at i32) (param $count i32) (result i32)
      (call $poll (local.get $at) (local.get $count) (i32.const 16))
      (block (loop
        (br_if 1 (i32.eqz (local.get $count)))
        (call $drop-pollable (i32.load (local.get $at)))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br 0)))
      (i32.const 16))
)";

inline size_t count_words(std::string_view words) {
  size_t count = words.empty() ? 0 : 1;
  for (const char each : words) count += each == ' ' ? 1 : 0;
  return count;
}

inline std::string param_of(std::string_view types) { return types.empty() ? "" : " (param " + std::string(types) + ")"; }

inline void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) text.replace(at, what.size(), with);
}

/// The wrapper of one function in the core module.
inline std::string wrapper(const Function& function) {
  const std::string name(function.exported);
  const bool in_area = function.core_result == area;
  std::string text = "    (func (export \"" + name + "\")" + param_of(function.core_params);
  const std::string_view result = in_area ? "i32" : function.core_result;
  if (!result.empty()) text += " (result " + std::string(result) + ")";
  text += " (call $" + name;
  for (size_t i = 0; i < count_words(function.core_params); i++) text += " (local.get " + std::to_string(i) + ")";
  text += in_area ? " (i32.const 16))" : ")";
  for (size_t i = 0; i < function.borrows.size(); i++) text += " (call $drop-" + std::string(function.borrows[i]) + " (local.get " + std::to_string(i) + "))";
  return text + (in_area ? " (i32.const 16))\n" : ")\n");
}

/// The text of a component that imports wasi:io, clocks, random and cli at `version` and exports each function under the name that the table gives it.
inline std::string driver_guest(const std::string& version) {
  std::string text(imports);
  replace_all(text, "VERSION", version);
  text += libc;
  std::string core = "  (core module $m\n    (import \"libc\" \"memory\" (memory 2))\n    (import \"\" \"poll\" (func $poll (param i32 i32 i32)))\n";
  std::string given = "(export \"poll\" (func $poll'))";
  std::string exports =
      "  (func (export \"poll\") (param \"in\" (list (borrow $pollable))) (result (list u32))\n"
      "    (canon lift (core func $m \"poll\") (memory $libc \"memory\") (realloc (func $libc \"realloc\")) (post-return (func $libc \"reset\"))))\n";
  replace_all(exports, " (post-return (func $libc \"reset\"))", "");
  text +=
      "  (alias export $poll \"poll\" (func $poll-func))\n"
      "  (core func $poll' (canon lower (func $poll-func) (memory $libc \"memory\") (realloc (func $libc \"realloc\"))))\n";
  for (const std::string_view resource : dropped) {
    const std::string name = "drop-" + std::string(resource);
    text += "  (core func $" + name + " (canon resource.drop $" + std::string(resource) + "))\n";
    core += "    (import \"\" \"" + name + "\" (func $" + name + " (param i32)))\n";
    given += " (export \"" + name + "\" (func $" + name + "))";
  }
  std::string wrappers;
  for (const Function& function : functions()) {
    const std::string name(function.exported);
    text += "  (alias export $" + std::string(function.instance) + " \"" + std::string(function.name) + "\" (func $" + name + "-func))\n";
    text += "  (core func $" + name + "' (canon lower (func $" + name + "-func) (memory $libc \"memory\") (realloc (func $libc \"realloc\"))))\n";
    given += " (export \"" + name + "\" (func $" + name + "'))";
    const bool in_area = function.core_result == area;
    core += "    (import \"\" \"" + name + "\" (func $" + name + param_of(function.core_params) + (in_area ? " (param i32)" : "");
    if (!in_area && !function.core_result.empty()) core += " (result " + std::string(function.core_result) + ")";
    core += "))\n";
    wrappers += wrapper(function);
    exports += "  (func (export \"" + name + "\") " + std::string(function.params) + " " + std::string(function.result) + "\n    (canon lift (core func $m \"" +
               name + "\") (memory $libc \"memory\") (realloc (func $libc \"realloc\"))))\n";
  }
  core += std::string(poll_wrapper) + wrappers + "  )\n";
  return "(component\n" + text + core + "  (core instance $m (instantiate $m (with \"libc\" (instance $libc)) (with \"\" (instance " + given + "))))\n" +
         exports + ")\n";
}

/// Handles of the host's resources as the test holds them.
template <class T>
struct TagOf {
  static ResourceType type() { return host_resource_type<T>(); }
};
using ErrorHandle = Own<TagOf<IoError>>;
using PollableHandle = Own<TagOf<Pollable>>;
using InputHandle = Own<TagOf<InputStream>>;
using OutputHandle = Own<TagOf<OutputStream>>;
using LentPollable = Borrow<TagOf<Pollable>>;
using LentInput = Borrow<TagOf<InputStream>>;
using LentOutput = Borrow<TagOf<OutputStream>>;

/// `stream-error` as the test gets it.
struct Failure {
  std::variant<ErrorHandle, std::monostate> value;
  bool is_closed() const { return value.index() == 1; }
};
template <class T>
using Answer = std::expected<T, Failure>;
using Bytes = std::vector<std::byte>;

}  // namespace tenon::wasi::driver

namespace tenon {

template <>
struct VariantTraits<wasi::driver::Failure> {
  static constexpr std::array<std::string_view, 2> names = {"last-operation-failed", "closed"};
};

}  // namespace tenon

namespace tenon::wasi::driver {

inline std::string text_of(const Bytes& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
inline Bytes bytes_of(std::string_view text) {
  const auto* const from = reinterpret_cast<const std::byte*>(text.data());
  return {from, from + text.size()};
}

/// What a test gives a guest.
struct Options {
  Config config = {};
  std::vector<std::string> grants = {"command", "stdio:stdin", "env:read:*"};
  policy::BudgetLimits limits = {};
  /// In place of `grants`.
  std::shared_ptr<const policy::Rules> rules = nullptr;
};

/// A live guest with the grants, limits and configuration of a test.
class Driver final {
 public:
  using Options = driver::Options;

  explicit Driver(Options options = {})
      : guard_(options.rules != nullptr ? options.rules : policy::Rules::from_grants(options.grants).value(), policy::Budget::create(options.limits)),
        store_(Store::create(linked().engine).value()),
        context_(*store_, guard_, std::make_shared<const Config>(std::move(options.config))),
        instance_(linked().pre.instantiate(*store_).value()) {
    if (const auto deadline = guard_.budget().deadline()) store_->set_deadline(*deadline);
  }

  Store& store() { return *store_; }
  Context& context() { return context_; }
  policy::Guard& guard() { return guard_; }
  policy::Budget& budget() { return guard_.budget(); }

  /// Calls the function that the guest exports under `name`.
  template <class R, class... Params>
  Result<R> call(std::string_view name, const Params&... params) {
    auto function = instance_.get_func<R(Params...)>(name);
    if (!function) return std::unexpected(std::move(function).error());
    return function->call(params...);
  }

  /// The same of a function that does not trap.
  template <class R, class... Params>
  R get(std::string_view name, const Params&... params) {
    auto result = call<R>(name, params...);
    EXPECT_TRUE(result) << name << ": " << result.error().message();
    if constexpr (!std::is_void_v<R>) return *std::move(result);
  }

  /// The message of a failure that has one.
  std::string debug_string(const Failure& failure) {
    if (failure.is_closed()) return "closed";
    return get<std::string>("debug-string", std::get<0>(failure.value).borrow());
  }

 private:
  struct Linked {
    Engine engine;
    InstancePre pre;
  };
  /// Linked once for all drivers of a process.
  static const Linked& linked() {
    static const Linked made = [] {
      const Engine engine = Engine::create().value();
      Linker linker(engine);
      EXPECT_TRUE(add_to_linker(linker));
      const auto component = component::component_of(engine, driver_guest("0.2.6"));
      EXPECT_TRUE(component) << component.error().message();
      const auto pre = linker.instantiate_pre(*component);
      EXPECT_TRUE(pre) << pre.error().message();
      return Linked{engine, *pre};
    }();
    return made;
  }

  policy::Guard guard_;
  std::unique_ptr<Store> store_;
  Context context_;
  Instance instance_;
};

}  // namespace tenon::wasi::driver
