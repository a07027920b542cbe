#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "engine/raw.h"
#include "tenon/core.h"
#include "tenon/engine.h"
#include "tenon/store.h"

/// Guests for this folder's tests and benchmarks, written as text. A guest that is wrong ends the test.
namespace tenon::engine {

inline std::vector<std::byte> wat(std::string_view text) {
  Buffer binary;
  OwnedError error(tn_text_to_binary(bytes_of(text), bytes_of(std::string_view()), binary.out()));
  TENON_CHECK(error == nullptr, text_of(tn_error_message(error.get())));
  return {binary.bytes().begin(), binary.bytes().end()};
}

inline Engine make_engine(const EngineConfig& config = {}) {
  auto engine = Engine::create(config);
  TENON_CHECK(engine, engine.error().message());
  return *engine;
}

inline core::Module make_module(const Engine& engine, std::string_view text) {
  auto module = core::Module::create(engine, wat(text));
  TENON_CHECK(module, module.error().message());
  return *module;
}

/// An engine, a store and one instance in it.
struct Guest {
  explicit Guest(std::string_view text, const EngineConfig& config = {}, const StoreLimits& limits = {})
      : engine(make_engine(config)),
        store(*Store::create(engine, limits)),
        module(make_module(engine, text)),
        instance(*core::Instance::create(*store, module)) {}

  template <class Signature>
  core::TypedFunc<Signature> get(std::string_view name) {
    return *instance.get_func(name)->typed<Signature>();
  }

  Engine engine;
  std::unique_ptr<Store> store;
  core::Module module;
  core::Instance instance;
};

}  // namespace tenon::engine
