// The C++ example of README.md, compiled and run. check_examples.py compares the text.
#include <gtest/gtest.h>
#include <tenon/component.h>
#include <tenon/engine.h>
#include <tenon/instance.h>
#include <tenon/linker.h>
#include <tenon/store.h>
#include <tenon/typed.h>
#include <tenon/wit.h>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <span>
#include <string>
#include <string_view>

namespace {

using namespace std::chrono_literals;

tenon::Result<std::string> greet(std::span<const std::byte> bytes, std::string_view name) {
  TENON_TRY(const auto engine, tenon::Engine::create());  // one for the process
  TENON_TRY(const auto component, tenon::Component::create(engine, bytes));  // validated and compiled, shared between threads

  tenon::Linker linker(engine);  // what the guest may call: nothing but this
  TENON_CHECK_OK(linker.root().func("log", [](uint32_t level, std::string_view message) { std::cout << level << ": " << message << "\n"; }));

  TENON_TRY(const auto store, tenon::Store::create(engine, {.memory_bytes = 16 << 20}));
  store->set_deadline(std::chrono::steady_clock::now() + 1s);
  TENON_TRY(const auto instance, linker.instantiate(*store, component));
  TENON_TRY(const auto function, instance.get_func<std::string(std::string_view)>("greet"));
  return function(name);  // a trap, a limit, a bad string: an error, never a crash
}

constexpr std::string_view guest = R"((component
  (import "log" (func $log (param "level" u32) (param "message" string)))
  (core module $memory_module
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next)
      (global.set $next (i32.add (global.get $next) (local.get 3)))))
  (core instance $memory (instantiate $memory_module))
  (core func $log_core (canon lower (func $log) (memory $memory "memory") (realloc (func $memory "realloc"))))
  (core module $greeter_module
    (import "memory" "memory" (memory 1))
    (import "host" "log" (func $log (param i32 i32 i32)))
    (data (i32.const 64) "hello, ")
    (func (export "greet") (param $name i32) (param $size i32) (result i32)
      (call $log (i32.const 1) (local.get $name) (local.get $size))
      (memory.copy (i32.const 71) (local.get $name) (local.get $size))
      (i32.store (i32.const 0) (i32.const 64))
      (i32.store (i32.const 4) (i32.add (i32.const 7) (local.get $size)))
      (i32.const 0)))
  (core instance $greeter (instantiate $greeter_module
    (with "memory" (instance $memory)) (with "host" (instance (export "log" (func $log_core))))))
  (func (export "greet") (param "name" string) (result string)
    (canon lift (core func $greeter "greet") (memory $memory "memory") (realloc (func $memory "realloc"))))))";

TEST(Readme, ShowsAnExampleThatRuns) {
  const auto bytes = tenon::wit::text_to_binary(guest);
  ASSERT_TRUE(bytes) << bytes.error().message();
  testing::internal::CaptureStdout();
  const auto greeting = greet(*bytes, "world");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "1: world\n");
  ASSERT_TRUE(greeting) << greeting.error().message();
  EXPECT_EQ(*greeting, "hello, world");
}

}  // namespace
