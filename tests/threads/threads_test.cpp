#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/scripts.h"
#include "tenon/component.h"
#include "tenon/engine.h"
#include "tenon/instance.h"
#include "tenon/linker.h"
#include "tenon/store.h"
#include "tenon/typed.h"

// One component, compiled in one thread, used by eight at a time. Runs in every preset; in `tsan` it shows that sharing needs no lock of the embedder's.

namespace tenon::tests {
namespace {

constexpr int threads_count = 8;
constexpr int rounds_per_thread = 2'500;
// An instantiation and the calls after it.
constexpr int operations_per_round = 5;
static_assert(threads_count * rounds_per_thread * operations_per_round == 100'000);

/// Text, a list, a host function and a handle of the host's resource: what crosses the border in all its ways.
constexpr std::string_view guest = R"((component
  (import "host" (instance $host
    (export "r" (type $r (sub resource)))
    (export "make" (func (param "rep" u32) (result (own $r))))
    (export "add" (func (param "a" u32) (param "b" u32) (result u32)))))
  (alias export $host "r" (type $r))
  (core func $make (canon lower (func $host "make")))
  (core func $add (canon lower (func $host "add")))
  (core func $drop (canon resource.drop $r))
  (core module $m
    (import "" "make" (func $make (param i32) (result i32)))
    (import "" "add" (func $add (param i32 i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next)
      (global.set $next (i32.and (i32.add (i32.add (global.get $next) (local.get 3)) (i32.const 7)) (i32.const -8))))
    (func (export "add") (param i32 i32) (result i32) (call $add (local.get 0) (local.get 1)))
    (func (export "echo") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0))
      (i32.store (i32.const 20) (local.get 1))
      (i32.const 16))
    (func (export "post") (param i32) (global.set $next (i32.const 1024)))
    (func (export "drop") (param i32) (call $drop (call $make (local.get 0))))
    (func (export "trap") unreachable))
  (core instance $i (instantiate $m (with "" (instance (export "make" (func $make)) (export "add" (func $add)) (export "drop" (func $drop))))))
  (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add")))
  (func (export "echo") (param "text" string) (result string)
    (canon lift (core func $i "echo") (memory (core memory $i "memory")) (realloc (core func $i "realloc")) (post-return (core func $i "post"))))
  (func (export "drop") (param "rep" u32) (canon lift (core func $i "drop")))
  (func (export "trap") (canon lift (core func $i "trap")))))";

struct Thing;

/// What the host sees of all threads.
struct Seen {
  std::atomic<uint64_t> additions = 0;
  std::atomic<uint64_t> drops = 0;
};

Result<Linker> make_linker(const Engine& engine, Seen& seen) {
  Linker linker(engine);
  TENON_TRY(auto host, linker.instance("host"));
  TENON_CHECK_OK(host.define_resource("r", host_resource_type<Thing>(), [&seen](Store&, uint32_t) -> Result<> {
    seen.drops.fetch_add(1);
    return {};
  }));
  TENON_CHECK_OK(host.func("make", [](uint32_t rep) { return HostOwn<Thing>{rep}; }));
  TENON_CHECK_OK(host.func("add", [&seen](uint32_t a, uint32_t b) {
    seen.additions.fetch_add(1);
    return a + b;
  }));
  return linker;
}

/// One store, one instance, four calls; the last of some rounds traps.
Result<> run_round(const InstancePre& pre, const Engine& engine, uint32_t number) {
  TENON_TRY(const auto store, Store::create(engine));
  TENON_TRY(const auto instance, pre.instantiate(*store));
  TENON_TRY(const auto add, instance.get_func<uint32_t(uint32_t, uint32_t)>("add"));
  TENON_TRY(const uint32_t sum, add(number, 1));
  if (sum != number + 1) return fail(ErrorKind::InvalidInput, "a wrong sum");
  TENON_TRY(const auto echo, instance.get_func<std::string(std::string_view)>("echo"));
  const std::string text = "round " + std::to_string(number);
  TENON_TRY(const std::string echoed, echo(text));
  if (echoed != text) return fail(ErrorKind::InvalidInput, "a wrong text");
  TENON_TRY(const Func drop, instance.get_func("drop"));
  const Value rep(uint32_t{number});
  TENON_CHECK_OK(drop.call(std::span(&rep, 1)));
  if (number % 16 != 0) {
    const Value arguments[] = {Value(uint32_t{1}), Value(uint32_t{2})};
    TENON_TRY(const Func dynamic, instance.get_func("add"));
    TENON_CHECK_OK(dynamic.call(arguments));
    return {};
  }
  TENON_TRY(const Func trap, instance.get_func("trap"));
  if (trap.call({})) return fail(ErrorKind::InvalidInput, "no trap");
  return {};
}

void run_on_all_threads(const EngineConfig& config) {
  const auto engine = Engine::create(config);
  ASSERT_TRUE(engine) << engine.error().message();
  const auto component = Component::create(*engine, binaries_of(guest)[0]);
  ASSERT_TRUE(component) << component.error().message();
  Seen seen;
  const auto linker = make_linker(*engine, seen);
  ASSERT_TRUE(linker) << linker.error().message();
  const auto pre = linker->instantiate_pre(*component);
  ASSERT_TRUE(pre) << pre.error().message();

  std::vector<std::string> failures(threads_count);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < threads_count; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < rounds_per_thread && failures[t].empty(); ++i) {
          if (const auto done = run_round(*pre, *engine, static_cast<uint32_t>(i)); !done) failures[t] = done.error().message();
        }
      });
    }
  }
  for (const std::string& failure : failures) EXPECT_EQ(failure, "");
  constexpr uint64_t rounds = uint64_t{threads_count} * rounds_per_thread;
  constexpr uint64_t traps = threads_count * ((rounds_per_thread + 15) / 16);
  EXPECT_EQ(seen.drops, rounds);
  EXPECT_EQ(seen.additions, 2 * rounds - traps);
}

TEST(Threads, ShareAComponentWithoutLocks) { run_on_all_threads({.parallel_compilation = false}); }

TEST(Threads, ShareThePoolsOfOneEngine) {
  EngineConfig config{.allocation = Allocation::Pooled, .parallel_compilation = false};
  // Few and small: ThreadSanitizer leaves little address space.
  config.pool = {.instances = 64, .memories = 64, .tables = 64, .memory_bytes_max = uint64_t{1} << 20};
  config.memory_reservation_bytes = uint64_t{1} << 20;
  config.memory_guard_bytes = uint64_t{1} << 16;
  run_on_all_threads(config);
}

}  // namespace
}  // namespace tenon::tests
