// A whole embedder: makes a component from text, gives it a function, and calls it under limits.
#include <tenon/component.h>
#include <tenon/engine.h>
#include <tenon/instance.h>
#include <tenon/linker.h>
#include <tenon/store.h>
#include <tenon/wit.h>

#include <chrono>
#include <cstdio>

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

}  // namespace

int main() {
  const auto sum = run();
  if (!sum) {
    std::fprintf(stderr, "%s\n", sum.error().message().c_str());
    return 1;
  }
  std::printf("100 + 40 + 2 = %u\n", *sum);
  return *sum == 142 ? 0 : 1;
}
