// What a call, a host call, a resource and an instance cost. The comparison with other runtimes is in bench/.

#include <benchmark/benchmark.h>

#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "component/wat.h"
#include "tenon/instance.h"
#include "tenon/linker.h"
#include "tenon/store.h"

namespace {

using namespace tenon;

constexpr std::string_view world = R"((component
  (import "log" (func $log (param "level" u32) (param "text" string)))
  (import "r" (type $hr (sub resource)))
  (import "[constructor]r" (func $hnew (param "x" u32) (result (own $hr))))
  (import "[method]r.get" (func $hget (param "self" (borrow $hr)) (result u32)))
  (core module $libc (memory (export "memory") 1) (data (i32.const 16) "0123456789012345678901234567890123456789"))
  (core instance $libc (instantiate $libc))
  (core func $log (canon lower (func $log) (memory $libc "memory")))
  (core func $hnew (canon lower (func $hnew)))
  (core func $hget (canon lower (func $hget)))
  (core func $hdrop (canon resource.drop $hr))
  (core module $d (func (export "dtor") (param i32)))
  (core instance $d (instantiate $d))
  (type $r' (resource (rep i32) (dtor (func $d "dtor"))))
  (core func $new (canon resource.new $r'))
  (core module $m
    (import "" "log" (func $log (param i32 i32 i32)))
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "hnew" (func $hnew (param i32) (result i32)))
    (import "" "hget" (func $hget (param i32) (result i32)))
    (import "" "hdrop" (func $hdrop (param i32)))
    (func (export "nop"))
    (func (export "logs") (param $n i32)
      (loop $again
        (call $log (i32.const 1) (i32.const 16) (i32.const 40))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "hosts") (param $n i32) (local $h i32)
      (loop $again
        (local.set $h (call $hnew (i32.const 7)))
        (drop (call $hget (local.get $h)))
        (call $hdrop (local.get $h))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "get") (param i32) (result i32) (local.get 0)))
  (core instance $m (instantiate $m (with "" (instance
    (export "log" (func $log)) (export "new" (func $new)) (export "hnew" (func $hnew)) (export "hget" (func $hget)) (export "hdrop" (func $hdrop))))))
  (export $r "g" (type $r'))
  (func (export "nop") (canon lift (core func $m "nop")))
  (func (export "logs") (param "n" u32) (canon lift (core func $m "logs")))
  (func (export "hosts") (param "n" u32) (canon lift (core func $m "hosts")))
  (func (export "make") (param "x" u32) (result (own $r)) (canon lift (core func $m "make")))
  (func (export "get") (param "self" (borrow $r)) (result u32) (canon lift (core func $m "get")))
))";

struct World {
  Engine engine = Engine::create({.epoch = false}).value();
  Linker linker{engine};
  std::unique_ptr<Store> store = Store::create(engine).value();
  std::optional<InstancePre> pre;
  std::optional<Instance> instance;

  World() {
    const ResourceType type = ResourceType::create_host();
    LinkerInstance root = linker.root();
    root.define_func("log",
                     [](HostCall&, std::span<Value> arguments) -> Result<std::optional<Value>> {
                       benchmark::DoNotOptimize(arguments.data());
                       return std::nullopt;
                     })
        .value();
    root.define_resource("r", type).value();
    root.define_func("[constructor]r",
                     [type](HostCall& call, std::span<Value> arguments) -> Result<std::optional<Value>> {
                       return Value(make_resource(call.store(), type, *arguments[0].get_if<uint32_t>()));
                     })
        .value();
    root.define_func("[method]r.get",
                     [type](HostCall& call, std::span<Value> arguments) -> Result<std::optional<Value>> {
                       TENON_TRY(const uint32_t rep, resource_representation(call.store(), *arguments[0].get_if<ResourceAny>(), type));
                       return Value(uint32_t{rep});
                     })
        .value();
    pre = linker.instantiate_pre(component::component_of(engine, world).value()).value();
    instance = pre->instantiate(*store).value();
  }
};

World& shared() {
  static World made;
  return made;
}

void call_nop(benchmark::State& state) {
  const Func func = shared().instance->get_func("nop").value();
  for (auto _ : state) benchmark::DoNotOptimize(func.call({}));
}
BENCHMARK(call_nop);

void call_log(benchmark::State& state) {
  const Func func = shared().instance->get_func("logs").value();
  const std::vector<Value> arguments{Value(uint32_t{1000})};
  for (auto _ : state) benchmark::DoNotOptimize(func.call(arguments));
  state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(call_log);

void resource_cycle_guest(benchmark::State& state) {
  const Func make = shared().instance->get_func("make").value();
  const Func get = shared().instance->get_func("get").value();
  const std::vector<Value> arguments{Value(uint32_t{1000})};
  for (auto _ : state) {
    std::vector<Value> self;
    self.push_back(**make.call(arguments));
    benchmark::DoNotOptimize(get.call(self));
    drop_resource(*shared().store, *self[0].get_if<ResourceAny>()).value();
  }
}
BENCHMARK(resource_cycle_guest);

void resource_cycle_host(benchmark::State& state) {
  const Func func = shared().instance->get_func("hosts").value();
  const std::vector<Value> arguments{Value(uint32_t{1000})};
  for (auto _ : state) benchmark::DoNotOptimize(func.call(arguments));
  state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(resource_cycle_host);

void start(benchmark::State& state) {
  for (auto _ : state) {
    const auto store = Store::create(shared().engine).value();
    const Instance instance = shared().pre->instantiate(*store).value();
    benchmark::DoNotOptimize(instance.get_func("nop").value().call({}));
  }
}
BENCHMARK(start);

}  // namespace
