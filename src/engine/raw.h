#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "engine/stack.h"
#include "tenon/core.h"
#include "tenon/engine.h"
#include "tenon/result.h"
#include "tenon/store.h"
#include "tenon_native.h"

/// The fast surface of the engine: native handles, calls and host functions, for the component runtime. Not public.
namespace tenon::engine {

class CodeCache;
class EngineState;

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using OwnedError = std::unique_ptr<tn_error, Deleter<tn_error_free>>;
using OwnedModule = std::unique_ptr<tn_module, Deleter<tn_module_free>>;
using OwnedHostSet = std::unique_ptr<tn_host_set, Deleter<tn_host_set_free>>;
using OwnedInstancePre = std::unique_ptr<tn_instance_pre, Deleter<tn_instance_pre_free>>;

inline tn_bytes bytes_of(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }
inline tn_bytes bytes_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}; }
inline std::string_view text_of(tn_bytes bytes) { return {reinterpret_cast<const char*>(bytes.data), bytes.size}; }

/// Bytes that the native side made.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(tn_buffer buffer) : buffer_(buffer) {}
  ~Buffer() { tn_buffer_free(buffer_); }
  Buffer(Buffer&& other) noexcept : buffer_(std::exchange(other.buffer_, {})) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(buffer_, other.buffer_);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  tn_buffer* out() { return &buffer_; }
  std::span<const std::byte> bytes() const { return {reinterpret_cast<const std::byte*>(buffer_.data), buffer_.size}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(buffer_.data), buffer_.size}; }

 private:
  tn_buffer buffer_{};
};

/// What the component runtime keeps for a store. Destroyed after the store's guests are gone, so that host functions may use it to the last.
class StoreExtension {
 public:
  StoreExtension() = default;
  virtual ~StoreExtension() = default;
  /// The store's end begins; its guests are still there.
  virtual void end() noexcept {}
  StoreExtension(const StoreExtension&) = delete;
  StoreExtension& operator=(const StoreExtension&) = delete;
};

/// Behind the public classes.
struct Access {
  static const tn_engine* native(const Engine& engine);
  static const EngineState& state(const Engine& engine) { return *engine.state_; }
  static EngineState& state(Engine& engine) { return *engine.state_; }
  /// The cache of compiled code, or nullptr.
  static CodeCache* cache(const Engine& engine);

  static tn_context* context(const Store& store) { return store.context_; }
  static size_t stack_bytes(const Store& store) { return store.stack_bytes_; }
  static std::unique_ptr<Trap>& last_trap(Store& store) { return store.last_trap_; }
  static const StoreLimits& limits(const Store& store) { return store.limits_; }
  static std::optional<StoreLimit>& refused(Store& store) { return store.refused_; }
  /// Counts an instance of a module in, whether it comes about or not. Error: `LimitExceeded` when the store has no room for it.
  static Result<> count_instance(Store& store, const core::Module& module);
  /// The first of the calls that are going on begins.
  static void begin_calls(Store& store) {
    const tn_store_figures figures = tn_context_figures(store.context_);
    store.refusals_before_ = figures.refusals;
    store.refused_memory_before_ = figures.refused_bytes;
    store.refused_elements_before_ = figures.refused_elements;
  }
  static uint32_t& calls(Store& store) { return store.calls_; }
  /// Which growth was refused since then; nothing when none was.
  static std::optional<StoreLimit> refused_growth(const Store& store);
  static std::unique_ptr<StoreExtension>& extension(Store& store) { return store.extension_; }
  /// Keeps something alive until after the store's guests are gone.
  static void keep(Store& store, std::shared_ptr<void> what) { store.keep_.push_back(std::move(what)); }

  static const tn_module* native(const core::Module& module);
  static const tn_needs& needs(const core::Module& module);
  /// Takes the module over.
  static core::Module module(const Engine& engine, OwnedModule module);

  static core::Func func(Store& store, tn_func func);
  static tn_func native(const core::Func& func) { return {func.raw_}; }
  static core::Memory memory(Store& store, const tn_memory& memory);
  static core::Table table(Store& store, const tn_table& table);
  static core::Global global(Store& store, const tn_global& global);
  /// Takes the memory over.
  static core::SharedMemory shared_memory(tn_shared_memory* memory);
  static core::Instance instance(Store& store, const core::Module& module, const tn_instance& instance);
  static Result<core::Extern> extern_of(Store& store, const tn_extern& item);
  static tn_extern native(const core::Extern& item);

  static Result<std::unique_ptr<Store>> create_store(const Engine& engine, const StoreLimits& limits);
  static void destroy(Store& store);
};

/// The error of a native call that has no store: takes it over.
Error take_error(tn_error* error);

/// The error of a call into a guest of `store`: takes it over, and keeps kind, code and frames as `Store::last_trap`.
[[gnu::cold]] Error take_error(Store& store, tn_error* error);

/// An error for a host function to return.
tn_error* give_error(const Error& error);

/// `LimitExceeded`: the thread has too little stack left for another call into a guest.
[[gnu::cold]] Error stack_exhausted(Store& store);

/// Whether the thread has the stack that a call into a guest of `store` may use.
inline bool may_enter(const Store& store) { return stack_left() >= Access::stack_bytes(store); }

/// A call into a guest, or an instantiation, while it goes on.
class CallScope final {
 public:
  explicit CallScope(Store& store) : store_(store) {
    if (Access::calls(store)++ == 0) Access::begin_calls(store);
  }
  ~CallScope() { --Access::calls(store_); }
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;

 private:
  Store& store_;
};

/// Calls a guest: `values` holds the arguments and receives the results. Nothing is checked but the stack.
inline Result<> call(Store& store, tn_func func, tn_val* values, size_t count) {
  if (!may_enter(store)) [[unlikely]]
    return std::unexpected(stack_exhausted(store));
  const CallScope scope(store);
  if (tn_error* error = tn_func_call(Access::context(store), func, values, count); error != nullptr) [[unlikely]]
    return std::unexpected(take_error(store, error));
  return {};
}

/// Runs the collector of the store's garbage-collected heap, if there is one.
inline void collect_garbage(Store& store) { tn_context_gc(Access::context(store)); }

/// The bytes of a memory at this moment.
inline std::span<std::byte> memory_data(const Store& store, const tn_memory& memory) {
  tn_memory_view view = tn_memory_data(Access::context(store), &memory);
  return {reinterpret_cast<std::byte*>(view.data), view.size};
}

/// Instantiates with prepared imports; `set` may be nullptr. `made` is what imports of kind `TN_EXPORT` name. Errors as `core::Instance::create`.
Result<tn_instance> instantiate(Store& store, const core::Module& module, const tn_host_set* set, const tn_instances& made, std::span<const tn_extern> imports);
Result<tn_instance> instantiate(Store& store, const core::Module& module, const tn_instance_pre& pre);

/// Export `index` of an instance of `module`, in the order of `module.exports()`.
Result<tn_extern> get_export(Store& store, const tn_instance& instance, const core::Module& module, size_t index);

/// The store that a host function was called in: its `data` argument.
inline Store& store_of(void* data) { return *static_cast<Store*>(data); }

inline StoreExtension* extension_of(Store& store) { return Access::extension(store).get(); }
inline StoreExtension* extension_of_data(void* data) { return extension_of(store_of(data)); }
inline void set_extension(Store& store, std::unique_ptr<StoreExtension> extension) { Access::extension(store) = std::move(extension); }

inline tn_context* context_of(const Store& store) { return Access::context(store); }
inline const tn_engine* raw(const Engine& engine) { return Access::native(engine); }
inline const tn_module* raw(const core::Module& module) { return Access::native(module); }

}  // namespace tenon::engine
