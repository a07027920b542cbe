#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "tenon/engine.h"
#include "tenon/result.h"
#include "tenon/store.h"

struct tn_module;
struct tn_shared_memory;

/// Core WebAssembly: modules without a component around them.
namespace tenon::core {

/// Types of core values. `Reference` is any reference that the host cannot make or read.
enum class ValType : uint8_t { I32 = 0x7f, I64 = 0x7e, F32 = 0x7d, F64 = 0x7c, V128 = 0x7b, FuncRef = 0x70, ExternRef = 0x6f, Reference = 0x64 };

/// "i32", "v128", "funcref".
std::string_view to_string(ValType type);

/// 16 bytes, lane 0 first.
using V128 = std::array<uint8_t, 16>;

/// A core value with its type: a number or a vector.
using Val = std::variant<int32_t, int64_t, float, double, V128>;

ValType type_of(const Val& value);

/// A function's type.
struct FuncType {
  std::vector<ValType> params;
  std::vector<ValType> results;
  bool operator==(const FuncType&) const = default;
};

/// "(i32, i32) -> (i64)".
std::string to_string(const FuncType& type);

/// Bounds and shape of a memory (in pages) or a table (in elements).
struct Limits {
  uint64_t minimum = 0;
  std::optional<uint64_t> maximum = std::nullopt;
  /// Indexes have 64 bits.
  bool is_64 = false;
  bool is_shared = false;
  /// Memories: bytes of a page, usually 65,536.
  uint64_t page_bytes = 65536;
  bool operator==(const Limits&) const = default;
};

struct TableType {
  ValType element = ValType::FuncRef;
  Limits limits;
  bool operator==(const TableType&) const = default;
};

/// Whether a global may be set (`const` and `var` of the core specification).
enum class Mutability : uint8_t { Const, Var };

struct GlobalType {
  ValType content = ValType::I32;
  bool is_mutable = false;
  bool operator==(const GlobalType&) const = default;
};

/// An exception tag or something else that is listed but cannot be used.
struct OtherType {
  bool operator==(const OtherType&) const = default;
};

using ExternType = std::variant<FuncType, TableType, Limits, GlobalType, OtherType>;

/// "func (i32) -> ()", "memory 1..2", "global mut i32".
std::string to_string(const ExternType& type);

struct ImportType {
  std::string module;
  std::string name;
  ExternType type;
};

struct ExportType {
  std::string name;
  ExternType type;
};

/// A compiled core module. Immutable; shared between threads; copies share one state. Keeps its engine alive.
class Module {
 public:
  /// Validates and compiles a binary, or takes it out of the engine's cache.
  ///
  /// Any thread. Errors: `InvalidInput` with the offset of the fault; `LimitExceeded` when it is larger than 256 MiB.
  static Result<Module> create(const Engine& engine, std::span<const std::byte> wasm);

  /// Errors as `create`; nothing is compiled.
  static Result<> validate(const Engine& engine, std::span<const std::byte> wasm);

  /// The compiled form, for `deserialize` by an engine with the same fingerprint.
  Result<std::vector<std::byte>> serialize() const;

  /// Takes a compiled form. The bytes become machine code that runs: only what `serialize` made and nobody else could change may come here.
  /// Error: `InvalidInput` when it is of another version or configuration.
  static Result<Module> deserialize(const Engine& engine, std::span<const std::byte> code);

  /// From the name section; empty without one.
  std::string_view name() const;
  /// In the order of the module.
  const std::vector<ImportType>& imports() const;
  const std::vector<ExportType>& exports() const;
  /// The position of an export.
  std::optional<size_t> find_export(std::string_view name) const;
  /// Bytes of machine code.
  size_t code_bytes() const;

 private:
  friend struct engine::Access;
  struct State;
  explicit Module(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

/// The memory of an instance. A handle: copy freely; valid until its store ends. The thread of the store.
class Memory {
 public:
  /// The bytes now: valid until a guest runs or the memory grows.
  std::span<std::byte> data() const;
  Limits type() const;
  /// In pages. Error: `LimitExceeded` when a limit of the store, of the machine or of the memory itself is in the way.
  Result<uint64_t> grow(uint64_t pages) const;
  /// A memory of the host's own, to be imported; `type` counts in pages. Errors: `LimitExceeded`; `InvalidInput` when its bounds contradict each other;
  /// `Unsupported` for one that is shared or has pages of another size than 64 KiB.
  static Result<Memory> create(Store& store, const Limits& type);

 private:
  friend struct engine::Access;
  Memory() = default;
  Store* store_ = nullptr;
  std::array<uint64_t, 3> words_{};
};

class Func;

/// A table of functions. A handle as `Memory`.
class Table {
 public:
  uint64_t size() const;
  TableType type() const;
  /// Nothing for a null element. Errors: `InvalidInput` past the end or when the elements are no functions.
  Result<std::optional<Func>> get(uint64_t index) const;
  Result<> set(uint64_t index, std::optional<Func> func) const;
  /// Adds null elements; the former size. Error: `LimitExceeded`.
  Result<uint64_t> grow(uint64_t elements) const;
  /// A table of the host's own, full of null, to be imported. Errors: `LimitExceeded`; `InvalidInput` past 2^32 - 1 elements.
  static Result<Table> create(Store& store, uint64_t minimum, std::optional<uint64_t> maximum = std::nullopt);

 private:
  friend struct engine::Access;
  Table() = default;
  Store* store_ = nullptr;
  std::array<uint64_t, 3> words_{};
};

/// A global. A handle as `Memory`.
class Global {
 public:
  GlobalType type() const;
  /// Error: `InvalidInput` for a reference.
  Result<Val> get() const;
  /// Errors: `InvalidInput` when it is immutable or of another type.
  Result<> set(const Val& value) const;
  /// A global of the host's own, to be imported, of the type of `value`. Error: `LimitExceeded`.
  static Result<Global> create(Store& store, Mutability mutability, const Val& value);

 private:
  friend struct engine::Access;
  Global() = default;
  Store* store_ = nullptr;
  std::array<uint64_t, 3> words_{};
};

template <class Signature>
class TypedFunc;

/// What a host function does: reads the arguments and writes the results, which have the types that it was made with. An error ends the guest's call. It runs
/// on the thread of the store and must not throw.
using HostFunction = std::function<Result<>(Store& store, std::span<const Val> arguments, std::span<Val> results)>;

/// A function of an instance, or of the host's in a store. A handle as `Memory`.
class Func {
 public:
  /// A function of the host's; lives as long as the store. Errors: `InvalidInput` for types other than numbers and vectors.
  static Result<Func> create(Store& store, const FuncType& type, HostFunction function);

  FuncType type() const;

  /// Errors: `InvalidInput` when the arguments have other types, `Unsupported` when a result is a reference (nothing has run then); `Trap`, `LimitExceeded`
  /// (fuel, stack), `Timeout`, or what a host function ended with. `Store::last_trap` has the frames.
  Result<std::vector<Val>> call(std::span<const Val> arguments) const;

  /// The function with C++ types: `func.typed<int64_t(int32_t, double)>()`; several results are a `std::tuple`. Error: `InvalidInput` showing both types.
  template <class Signature>
  Result<TypedFunc<Signature>> typed() const {
    TENON_CHECK_OK(check_type(TypedFunc<Signature>::type()));
    return TypedFunc<Signature>(*this);
  }

 private:
  friend struct engine::Access;
  template <class Signature>
  friend class TypedFunc;
  Func() = default;
  /// 16 bytes a value; room for the larger of both numbers.
  Result<> call_raw(void* values, size_t count) const;
  Result<> check_type(const FuncType& wanted) const;

  Store* store_ = nullptr;
  void* raw_ = nullptr;
};

/// A memory that threads share (`EngineConfig::shared_memory`): unlike all else it may be imported in any store of its engine. Any thread; copies share it.
class SharedMemory {
 private:
  friend struct engine::Access;
  explicit SharedMemory(std::shared_ptr<tn_shared_memory> native) : native_(std::move(native)) {}
  std::shared_ptr<tn_shared_memory> native_;
};

/// What an instance imports or exports.
using Extern = std::variant<Func, Table, Memory, Global, SharedMemory>;

/// A live core instance. A handle: copy freely; owned by its store. The thread of the store.
class Instance {
 public:
  /// Links `imports` in the module's import order and runs its start function.
  ///
  /// Errors: `LimitExceeded` when the pool or a limit has no room; `Trap` and its like from the start function; `InvalidInput` when an import has the wrong
  /// type, naming it and both types. On failure the store stays usable.
  static Result<Instance> create(Store& store, const Module& module, std::span<const Extern> imports = {});

  /// Errors: `NotFound`; `InvalidInput` when the export is something else.
  Result<Func> get_func(std::string_view name) const;
  Result<Memory> get_memory(std::string_view name) const;
  Result<Table> get_table(std::string_view name) const;
  Result<Global> get_global(std::string_view name) const;
  /// Error: `NotFound`, listing what there is; `Unsupported` for an exception tag.
  Result<Extern> get_export(std::string_view name) const;

  const Module& module() const { return module_; }

 private:
  friend struct engine::Access;
  Instance(Store& store, const Module& module, std::array<uint64_t, 2> words) : store_(&store), module_(module), words_(words) {}
  Store* store_;
  Module module_;
  std::array<uint64_t, 2> words_;
};

namespace detail {

template <class T>
constexpr ValType val_type() {
  if constexpr (std::is_same_v<T, int32_t> || std::is_same_v<T, uint32_t>) {
    return ValType::I32;
  } else if constexpr (std::is_same_v<T, int64_t> || std::is_same_v<T, uint64_t>) {
    return ValType::I64;
  } else if constexpr (std::is_same_v<T, float>) {
    return ValType::F32;
  } else if constexpr (std::is_same_v<T, double>) {
    return ValType::F64;
  } else {
    static_assert(std::is_same_v<T, V128>, "core functions take int32_t, uint32_t, int64_t, uint64_t, float, double and V128");
    return ValType::V128;
  }
}

template <class T>
struct Results {
  using Tuple = std::tuple<T>;
  static T unpack(Tuple&& tuple) { return std::get<0>(std::move(tuple)); }
};

template <>
struct Results<void> {
  using Tuple = std::tuple<>;
};

template <class... T>
struct Results<std::tuple<T...>> {
  using Tuple = std::tuple<T...>;
  static Tuple unpack(Tuple&& tuple) { return std::move(tuple); }
};

}  // namespace detail

/// A core function whose type was checked once. Calls cost what the engine's own entry costs.
template <class R, class... A>
class TypedFunc<R(A...)> {
 public:
  static FuncType type() {
    FuncType type;
    (type.params.push_back(detail::val_type<A>()), ...);
    [&type]<class... T>(std::type_identity<std::tuple<T...>>) { (type.results.push_back(detail::val_type<T>()), ...); }(std::type_identity<Tuple>());
    return type;
  }

  /// Errors as `Func::call`.
  Result<R> call(A... arguments) const {
    constexpr size_t results = std::tuple_size_v<Tuple>;
    constexpr size_t count = sizeof...(A) > results ? sizeof...(A) : results;
    alignas(16) std::array<std::array<std::byte, 16>, count == 0 ? 1 : count> values;
    [[maybe_unused]] size_t at = 0;
    (std::memcpy(values[at++].data(), &arguments, sizeof(A)), ...);
    TENON_CHECK_OK(func_.call_raw(values.data(), count));
    if constexpr (std::is_void_v<R>) {
      return {};
    } else {
      Tuple tuple;
      [&]<size_t... I>(std::index_sequence<I...>) {
        (std::memcpy(&std::get<I>(tuple), values[I].data(), sizeof(std::get<I>(tuple))), ...);
      }(std::make_index_sequence<results>());
      return detail::Results<R>::unpack(std::move(tuple));
    }
  }

 private:
  friend class Func;
  using Tuple = typename detail::Results<R>::Tuple;
  explicit TypedFunc(const Func& func) : func_(func) {}
  Func func_;
};

}  // namespace tenon::core
