// A whole embedder: makes a component from text, gives it a function, and calls it under limits; and runs a program under rules.
#include <tenon/component.h>
#include <tenon/engine.h>
#include <tenon/instance.h>
#include <tenon/linker.h>
#include <tenon/receipt.h>
#include <tenon/store.h>
#include <tenon/wasi.h>
#include <tenon/wit.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace {

constexpr std::string_view text = R"((component
  (import "offset" (func $offset (result u32)))
  (core func $offset_core (canon lower (func $offset)))
  (core module $m
    (import "host" "offset" (func $offset (result i32)))
    (func (export "add") (param i32 i32) (result i32) (i32.add (call $offset) (i32.add (local.get 0) (local.get 1)))))
  (core instance $i (instantiate $m (with "host" (instance (export "offset" (func $offset_core))))))
  (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add")))))";

tenon::Result<uint32_t> run() {
  TENON_TRY(const auto binary, tenon::wit::text_to_binary(text));
  TENON_TRY(const tenon::Engine engine, tenon::Engine::create());
  TENON_TRY(const auto component, tenon::Component::create(engine, binary));
  tenon::Linker linker(engine);
  TENON_CHECK_OK(linker.root().define_func(
      "offset", [](tenon::HostCall&, std::span<tenon::Value>) -> tenon::Result<std::optional<tenon::Value>> { return tenon::Value(uint32_t{100}); }));
  TENON_TRY(const auto store, tenon::Store::create(engine, {.memory_bytes = 16 << 20}));
  store->set_deadline(std::chrono::steady_clock::now() + std::chrono::seconds(10));
  TENON_TRY(const auto instance, linker.instantiate(*store, component));
  TENON_TRY(const auto add, instance.get_func("add"));
  const tenon::Value arguments[] = {tenon::Value(uint32_t{40}), tenon::Value(uint32_t{2})};
  TENON_TRY(const auto sum, add.call(arguments));
  return *sum->get_if<uint32_t>();
}

// A program that ends with a random number below 8.
constexpr std::string_view program = R"((component
  (import "wasi:random/random@0.2.0" (instance $random (export "get-random-u64" (func (result u64)))))
  (import "wasi:cli/exit@0.2.12" (instance $exit (export "exit-with-code" (func (param "status-code" u8)))))
  (core func $random_core (canon lower (func $random "get-random-u64")))
  (core func $exit_core (canon lower (func $exit "exit-with-code")))
  (core module $m
    (import "" "random" (func $random (result i64)))
    (import "" "exit" (func $exit (param i32)))
    (func (export "run") (result i32) (call $exit (i32.and (i32.wrap_i64 (call $random)) (i32.const 7))) (i32.const 0)))
  (core instance $i (instantiate $m (with "" (instance (export "random" (func $random_core)) (export "exit" (func $exit_core))))))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $exported (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $exported))))";

tenon::Result<tenon::wasi::RunResult> run_program(const std::vector<std::string>& grants) {
  TENON_TRY(const auto binary, tenon::wit::text_to_binary(program));
  TENON_TRY(const tenon::Engine engine, tenon::Engine::create());
  TENON_TRY(const auto component, tenon::Component::create(engine, binary));
  TENON_TRY(const auto command, tenon::wasi::Command::create(engine, component));
  tenon::wasi::RunOptions options;
  options.limits.time = std::chrono::seconds(10);
  TENON_TRY(options.rules, tenon::policy::rules_from_grants(grants));
  return command.run(options);
}

}  // namespace

int main() {
  const auto sum = run();
  if (!sum) {
    std::fprintf(stderr, "%s\n", sum.error().message().c_str());
    return 1;
  }
  std::printf("100 + 40 + 2 = %u\n", *sum);
  const auto refused = run_program({});
  const auto ended = run_program({"command"});
  if (!refused || !refused->error || refused->error->kind() != tenon::ErrorKind::Denied || !ended || ended->error || ended->exit_status > 7 || !ended->receipt)
    return 1;
  std::printf("without a grant: %s\nwith one: status %d, %s\n", refused->error->message().c_str(), ended->exit_status,
              tenon::policy::to_text(*ended->receipt).c_str());
  return *sum == 142 ? 0 : 1;
}
