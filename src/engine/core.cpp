#include "tenon/core.h"

#include <fmt/format.h>

#include <bit>
#include <mutex>
#include <unordered_map>

#include "engine/cache.h"
#include "engine/engine_state.h"
#include "engine/raw.h"

namespace tenon::core {

namespace {

using engine::Access;
using engine::take_error;
using engine::text_of;

std::string join(std::span<const ValType> types) {
  std::string text = "(";
  for (size_t i = 0; i < types.size(); ++i) text += fmt::format("{}{}", i == 0 ? "" : ", ", to_string(types[i]));
  return text + ")";
}

std::string to_string(const Limits& limits) {
  std::string text = limits.maximum ? fmt::format("{}..{}", limits.minimum, *limits.maximum) : fmt::format("{}..", limits.minimum);
  if (limits.is_64) text += " i64";
  if (limits.is_shared) text += " shared";
  return text;
}

ValType val_type(uint8_t code) { return static_cast<ValType>(code); }

std::vector<ValType> val_types(tn_bytes codes) {
  std::vector<ValType> types;
  types.reserve(codes.size);
  for (size_t i = 0; i < codes.size; ++i) types.push_back(val_type(codes.data[i]));
  return types;
}

Limits limits_of(const tn_limits& native) {
  return {.minimum = native.minimum,
          .maximum = native.has_maximum != 0 ? std::optional(native.maximum) : std::nullopt,
          .is_64 = native.is_64 != 0,
          .is_shared = native.is_shared != 0,
          .page_bytes = uint64_t{1} << native.page_size_log2};
}

ExternType extern_type(const tn_module_item& item) {
  switch (item.kind) {
    case TN_FUNC: return FuncType{val_types(item.params), val_types(item.results)};
    case TN_TABLE: {
      Limits limits = limits_of(item.limits);
      limits.page_bytes = Limits().page_bytes;
      return TableType{val_type(item.limits.element), limits};
    }
    case TN_MEMORY: return limits_of(item.limits);
    case TN_GLOBAL: return GlobalType{val_type(item.global), item.is_mutable != 0};
    default: return OtherType{};
  }
}

tn_val to_native(const Val& value) {
  tn_val native{};
  std::visit([&native](const auto& v) { std::memcpy(&native, &v, sizeof(v)); }, value);
  return native;
}

Val from_native(ValType type, const tn_val& native) {
  switch (type) {
    case ValType::I64: return native.i64;
    case ValType::F32: return native.f32;
    case ValType::F64: return native.f64;
    case ValType::V128: return std::bit_cast<V128>(native.v128);
    default: return native.i32;
  }
}

bool is_number(ValType type) { return type == ValType::I32 || type == ValType::I64 || type == ValType::F32 || type == ValType::F64 || type == ValType::V128; }

/// A host function of one store: what `Func::create` was given.
struct HostThunk {
  FuncType type;
  HostFunction function;
  engine::OwnedHostSet set;
};

tn_error* call_host(void* env, void* data, tn_context*, tn_val* values, size_t) noexcept {
  const auto& thunk = *static_cast<const HostThunk*>(env);
  std::vector<Val> arguments;
  arguments.reserve(thunk.type.params.size());
  for (size_t i = 0; i < thunk.type.params.size(); ++i) arguments.push_back(from_native(thunk.type.params[i], values[i]));
  std::vector<Val> results;
  results.reserve(thunk.type.results.size());
  for (ValType type : thunk.type.results) results.push_back(from_native(type, tn_val{}));
  if (auto done = thunk.function(engine::store_of(data), arguments, results); !done) return engine::give_error(done.error());
  for (size_t i = 0; i < results.size(); ++i) {
    if (type_of(results[i]) != thunk.type.results[i]) {
      return engine::give_error(Error(ErrorKind::InvalidInput, fmt::format("host function answers {} as result {}, its type says {}",
                                                                           to_string(type_of(results[i])), i, to_string(thunk.type.results[i]))));
    }
    values[i] = to_native(results[i]);
  }
  return nullptr;
}

}  // namespace

struct Module::State {
  State(Engine e, engine::OwnedModule m) : engine(std::move(e)), native(std::move(m)), needs(tn_module_needs(native.get())) {}

  /// Read on first use: most modules of a component are never asked.
  void describe() const {
    std::call_once(once, [this] {
      size_t count = tn_module_import_count(native.get());
      imports.reserve(count);
      for (size_t i = 0; i < count; ++i) {
        tn_module_item item = tn_module_import(native.get(), i);
        imports.push_back({std::string(text_of(item.module)), std::string(text_of(item.name)), extern_type(item)});
      }
      count = tn_module_export_count(native.get());
      exports.reserve(count);
      for (size_t i = 0; i < count; ++i) {
        tn_module_item item = tn_module_export(native.get(), i);
        exports.push_back({std::string(text_of(item.name)), extern_type(item)});
      }
      for (size_t i = 0; i < exports.size(); ++i) by_name.emplace(exports[i].name, i);
    });
  }

  // Freed in this order: the code, then the engine.
  Engine engine;
  engine::OwnedModule native;
  tn_needs needs;
  mutable std::once_flag once;
  mutable std::vector<ImportType> imports;
  mutable std::vector<ExportType> exports;
  mutable std::unordered_map<std::string_view, size_t> by_name;
};

std::string_view to_string(ValType type) {
  switch (type) {
    case ValType::I32: return "i32";
    case ValType::I64: return "i64";
    case ValType::F32: return "f32";
    case ValType::F64: return "f64";
    case ValType::V128: return "v128";
    case ValType::FuncRef: return "funcref";
    case ValType::ExternRef: return "externref";
    case ValType::Reference: return "reference";
  }
  return "unknown";
}

ValType type_of(const Val& value) {
  constexpr std::array types{ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128};
  return types[value.index()];
}

std::string to_string(const FuncType& type) { return join(type.params) + " -> " + join(type.results); }

std::string to_string(const ExternType& type) {
  if (const auto* func = std::get_if<FuncType>(&type)) return "func " + to_string(*func);
  if (const auto* table = std::get_if<TableType>(&type)) return fmt::format("table {} {}", to_string(table->limits), to_string(table->element));
  if (const auto* memory = std::get_if<Limits>(&type)) return "memory " + to_string(*memory);
  if (const auto* global = std::get_if<GlobalType>(&type)) return fmt::format("global {}{}", global->is_mutable ? "mut " : "", to_string(global->content));
  return "tag or shared memory";
}

Result<Module> Module::create(const Engine& engine, std::span<const std::byte> wasm) {
  constexpr std::string_view label = "module";
  engine::CodeCache* cache = Access::cache(engine);
  engine::CacheKey key{};
  if (cache != nullptr) {
    key = engine::CodeCache::key(engine, label, wasm);
    if (auto entry = cache->load(engine, key); entry && entry->modules.size() == 1) return std::move(entry->modules[0]);
  }
  tn_module* made = nullptr;
  if (tn_error* error = tn_module_compile(Access::native(engine), engine::bytes_of(wasm), &made); error != nullptr) return std::unexpected(take_error(error));
  Module module = Access::module(engine, engine::OwnedModule(made));
  // A cache that cannot be written is no failure of the compilation.
  if (cache != nullptr) (void)cache->save(key, label, {}, std::span(&module, 1));
  return module;
}

Result<> Module::validate(const Engine& engine, std::span<const std::byte> wasm) {
  if (tn_error* error = tn_module_validate(Access::native(engine), engine::bytes_of(wasm)); error != nullptr) return std::unexpected(take_error(error));
  return {};
}

Result<std::vector<std::byte>> Module::serialize() const {
  engine::Buffer buffer;
  if (tn_error* error = tn_module_serialize(state_->native.get(), buffer.out()); error != nullptr) return std::unexpected(take_error(error));
  return std::vector<std::byte>(buffer.bytes().begin(), buffer.bytes().end());
}

Result<Module> Module::deserialize(const Engine& engine, std::span<const std::byte> code) {
  tn_module* made = nullptr;
  if (tn_error* error = tn_module_deserialize(Access::native(engine), engine::bytes_of(code), &made); error != nullptr)
    return std::unexpected(take_error(error));
  return Access::module(engine, engine::OwnedModule(made));
}

std::string_view Module::name() const { return text_of(tn_module_name(state_->native.get())); }

const std::vector<ImportType>& Module::imports() const {
  state_->describe();
  return state_->imports;
}

const std::vector<ExportType>& Module::exports() const {
  state_->describe();
  return state_->exports;
}

std::optional<size_t> Module::find_export(std::string_view name) const {
  state_->describe();
  auto found = state_->by_name.find(name);
  return found == state_->by_name.end() ? std::nullopt : std::optional(found->second);
}

size_t Module::code_bytes() const { return tn_module_code_size(state_->native.get()); }

namespace {

tn_memory memory_of(const std::array<uint64_t, 3>& words) { return std::bit_cast<tn_memory>(words); }
tn_table table_of(const std::array<uint64_t, 3>& words) { return std::bit_cast<tn_table>(words); }
tn_global global_of(const std::array<uint64_t, 3>& words) { return std::bit_cast<tn_global>(words); }

tn_limits native_limits(uint64_t minimum, std::optional<uint64_t> maximum, bool is_64) {
  tn_limits limits{};
  limits.minimum = minimum;
  limits.maximum = maximum.value_or(0);
  limits.has_maximum = maximum.has_value();
  limits.is_64 = is_64;
  return limits;
}

}  // namespace

std::span<std::byte> Memory::data() const { return engine::memory_data(*store_, memory_of(words_)); }

Limits Memory::type() const {
  tn_memory memory = memory_of(words_);
  return limits_of(tn_memory_type(Access::context(*store_), &memory));
}

Result<uint64_t> Memory::grow(uint64_t pages) const {
  tn_memory memory = memory_of(words_);
  uint64_t former = 0;
  if (tn_error* error = tn_memory_grow(Access::context(*store_), &memory, pages, &former); error != nullptr) return std::unexpected(take_error(error));
  return former;
}

Result<Memory> Memory::create(Store& store, const Limits& type) {
  if (type.is_shared || type.page_bytes != Limits().page_bytes)
    return fail(ErrorKind::Unsupported, "the host makes memories of 64 KiB pages that are not shared");
  tn_memory memory{};
  tn_error* error = tn_memory_new(Access::context(store), native_limits(type.minimum, type.maximum, type.is_64), &memory);
  if (error != nullptr) return std::unexpected(take_error(error));
  return Access::memory(store, memory);
}

uint64_t Table::size() const {
  tn_table table = table_of(words_);
  return tn_table_size(Access::context(*store_), &table);
}

TableType Table::type() const {
  tn_table table = table_of(words_);
  tn_limits limits = tn_table_type(Access::context(*store_), &table);
  Limits shape = limits_of(limits);
  shape.page_bytes = Limits().page_bytes;
  return {val_type(limits.element), shape};
}

Result<std::optional<Func>> Table::get(uint64_t index) const {
  tn_table table = table_of(words_);
  tn_func func{};
  if (tn_error* error = tn_table_get(Access::context(*store_), &table, index, &func); error != nullptr) return std::unexpected(take_error(error));
  if (func.raw == nullptr) return std::optional<Func>();
  return std::optional(Access::func(*store_, func));
}

Result<> Table::set(uint64_t index, std::optional<Func> func) const {
  tn_table table = table_of(words_);
  tn_func native = func ? Access::native(*func) : tn_func{};
  if (tn_error* error = tn_table_set(Access::context(*store_), &table, index, native); error != nullptr) return std::unexpected(take_error(error));
  return {};
}

Result<uint64_t> Table::grow(uint64_t elements) const {
  tn_table table = table_of(words_);
  uint64_t former = 0;
  if (tn_error* error = tn_table_grow(Access::context(*store_), &table, elements, {}, &former); error != nullptr) return std::unexpected(take_error(error));
  return former;
}

Result<Table> Table::create(Store& store, uint64_t minimum, std::optional<uint64_t> maximum) {
  tn_table table{};
  if (tn_error* error = tn_table_new(Access::context(store), native_limits(minimum, maximum, false), &table); error != nullptr)
    return std::unexpected(take_error(error));
  return Access::table(store, table);
}

GlobalType Global::type() const {
  tn_global global = global_of(words_);
  uint8_t is_mutable = 0;
  uint8_t content = tn_global_type(Access::context(*store_), &global, &is_mutable);
  return {val_type(content), is_mutable != 0};
}

Result<Val> Global::get() const {
  ValType content = type().content;
  if (!is_number(content)) return fail(ErrorKind::InvalidInput, fmt::format("the global is a {}, which the host cannot read", to_string(content)));
  tn_global global = global_of(words_);
  tn_val value{};
  if (tn_error* error = tn_global_get(Access::context(*store_), &global, &value); error != nullptr) return std::unexpected(take_error(error));
  return from_native(content, value);
}

Result<> Global::set(const Val& value) const {
  if (ValType content = type().content; content != type_of(value)) {
    return fail(ErrorKind::InvalidInput, fmt::format("the global is {}, the value {}", to_string(content), to_string(type_of(value))));
  }
  tn_global global = global_of(words_);
  if (tn_error* error = tn_global_set(Access::context(*store_), &global, to_native(value)); error != nullptr) return std::unexpected(take_error(error));
  return {};
}

Result<Global> Global::create(Store& store, Mutability mutability, const Val& value) {
  tn_global global{};
  tn_error* error = tn_global_new(Access::context(store), static_cast<uint8_t>(type_of(value)), mutability == Mutability::Var, to_native(value), &global);
  if (error != nullptr) return std::unexpected(take_error(error));
  return Access::global(store, global);
}

Result<Func> Func::create(Store& store, const FuncType& type, HostFunction function) {
  for (const auto& types : {type.params, type.results}) {
    for (ValType value : types) {
      if (!is_number(value)) return fail(ErrorKind::InvalidInput, fmt::format("a host function cannot take or return a {}", to_string(value)));
    }
  }
  auto thunk = std::make_shared<HostThunk>(type, std::move(function), nullptr);
  auto codes = [](const std::vector<ValType>& types) { return tn_bytes{reinterpret_cast<const uint8_t*>(types.data()), types.size()}; };
  tn_host_definition definition{.params = codes(thunk->type.params), .results = codes(thunk->type.results), .function = call_host, .env = thunk.get()};
  tn_host_set* set = nullptr;
  if (tn_error* error = tn_host_set_new(Access::native(store.engine()), &definition, 1, &set); error != nullptr) return std::unexpected(take_error(error));
  thunk->set.reset(set);
  tn_func func{};
  if (tn_error* error = tn_host_set_func(set, Access::context(store), 0, &func); error != nullptr) return std::unexpected(take_error(error));
  Access::keep(store, std::move(thunk));
  return Access::func(store, func);
}

FuncType Func::type() const {
  std::vector<uint8_t> codes(64);
  size_t params = 0;
  size_t results = 0;
  for (;;) {
    // Only a null function fails here, and there is none.
    engine::OwnedError error(tn_func_type(Access::context(*store_), {raw_}, codes.data(), codes.size(), &params, &results));
    if (error != nullptr) return {};
    if (params + results <= codes.size()) break;
    codes.resize(params + results);
  }
  return {val_types({codes.data(), params}), val_types({codes.data() + params, results})};
}

Result<> Func::check_type(const FuncType& wanted) const {
  if (FuncType actual = type(); actual != wanted) {
    return fail(ErrorKind::InvalidInput, fmt::format("the function is {}, it was asked for as {}", to_string(actual), to_string(wanted)));
  }
  return {};
}

Result<> Func::call_raw(void* values, size_t count) const { return engine::call(*store_, {raw_}, static_cast<tn_val*>(values), count); }

Result<std::vector<Val>> Func::call(std::span<const Val> arguments) const {
  FuncType type = this->type();
  bool matches = arguments.size() == type.params.size();
  for (size_t i = 0; matches && i < arguments.size(); ++i) matches = type_of(arguments[i]) == type.params[i];
  if (!matches) {
    std::vector<ValType> given;
    for (const Val& argument : arguments) given.push_back(type_of(argument));
    return fail(ErrorKind::InvalidInput, fmt::format("the function is {}, the arguments are {}", to_string(type), join(given)));
  }
  for (ValType result : type.results) {
    if (!is_number(result)) return fail(ErrorKind::Unsupported, fmt::format("the function returns a {}, which the host cannot read", to_string(result)));
  }
  std::vector<tn_val> values(std::max<size_t>({type.params.size(), type.results.size(), 1}));
  for (size_t i = 0; i < arguments.size(); ++i) values[i] = to_native(arguments[i]);
  TENON_CHECK_OK(engine::call(*store_, {raw_}, values.data(), std::max(type.params.size(), type.results.size())));
  std::vector<Val> results;
  results.reserve(type.results.size());
  for (size_t i = 0; i < type.results.size(); ++i) results.push_back(from_native(type.results[i], values[i]));
  return results;
}

Result<Instance> Instance::create(Store& store, const Module& module, std::span<const Extern> imports) {
  std::vector<tn_extern> native;
  native.reserve(imports.size());
  for (const Extern& import : imports) native.push_back(Access::native(import));
  TENON_TRY(tn_instance instance, engine::instantiate(store, module, nullptr, tn_instances{}, native));
  return Access::instance(store, module, instance);
}

Result<Extern> Instance::get_export(std::string_view name) const {
  auto index = module_.find_export(name);
  if (!index) {
    std::string there;
    for (const ExportType& item : module_.exports()) there += fmt::format("{}\"{}\"", there.empty() ? "" : ", ", item.name);
    return fail(ErrorKind::NotFound, fmt::format("there is no export \"{}\"; there is {}", name, there.empty() ? "none" : there));
  }
  const auto native = std::bit_cast<tn_instance>(words_);
  TENON_TRY(tn_extern item, engine::get_export(*store_, native, module_, *index));
  if (item.kind != TN_OTHER) return Access::extern_of(*store_, item);
  tn_shared_memory* memory = nullptr;
  if (tn_error* error = tn_instance_export_shared_memory(Access::context(*store_), &native, engine::bytes_of(name), &memory); error != nullptr)
    return std::unexpected(engine::take_error(error));
  return Access::shared_memory(memory);
}

namespace {

template <class T>
Result<T> get_as(const Instance& instance, std::string_view name, std::string_view wanted) {
  TENON_TRY(Extern item, instance.get_export(name));
  if (const T* found = std::get_if<T>(&item)) return *found;
  auto index = instance.module().find_export(name);
  return fail(ErrorKind::InvalidInput, fmt::format("export \"{}\" is no {}, it is {}", name, wanted, to_string(instance.module().exports()[*index].type)));
}

}  // namespace

Result<Func> Instance::get_func(std::string_view name) const { return get_as<Func>(*this, name, "function"); }
Result<Memory> Instance::get_memory(std::string_view name) const { return get_as<Memory>(*this, name, "memory"); }
Result<Table> Instance::get_table(std::string_view name) const { return get_as<Table>(*this, name, "table"); }
Result<Global> Instance::get_global(std::string_view name) const { return get_as<Global>(*this, name, "global"); }

}  // namespace tenon::core

namespace tenon::engine {

const tn_module* Access::native(const core::Module& module) { return module.state_->native.get(); }

const tn_needs& Access::needs(const core::Module& module) { return module.state_->needs; }

core::Module Access::module(const Engine& engine, OwnedModule module) {
  return core::Module(std::make_shared<const core::Module::State>(engine, std::move(module)));
}

core::Func Access::func(Store& store, tn_func func) {
  core::Func made;
  made.store_ = &store;
  made.raw_ = func.raw;
  return made;
}

core::Memory Access::memory(Store& store, const tn_memory& memory) {
  core::Memory made;
  made.store_ = &store;
  made.words_ = std::bit_cast<std::array<uint64_t, 3>>(memory);
  return made;
}

core::Table Access::table(Store& store, const tn_table& table) {
  core::Table made;
  made.store_ = &store;
  made.words_ = std::bit_cast<std::array<uint64_t, 3>>(table);
  return made;
}

core::Global Access::global(Store& store, const tn_global& global) {
  core::Global made;
  made.store_ = &store;
  made.words_ = std::bit_cast<std::array<uint64_t, 3>>(global);
  return made;
}

core::SharedMemory Access::shared_memory(tn_shared_memory* memory) {
  return core::SharedMemory(std::shared_ptr<tn_shared_memory>(memory, tn_shared_memory_free));
}

core::Instance Access::instance(Store& store, const core::Module& module, const tn_instance& instance) {
  return core::Instance(store, module, std::bit_cast<std::array<uint64_t, 2>>(instance));
}

Result<core::Extern> Access::extern_of(Store& store, const tn_extern& item) {
  switch (item.kind) {
    case TN_FUNC: return func(store, item.of.func);
    case TN_TABLE: return table(store, item.of.table);
    case TN_MEMORY: return memory(store, item.of.memory);
    case TN_GLOBAL: return global(store, item.of.global);
    default: return fail(ErrorKind::Unsupported, "exception tags cannot be used by the host");
  }
}

tn_extern Access::native(const core::Extern& item) {
  tn_extern native{};
  if (const auto* func = std::get_if<core::Func>(&item)) {
    native.kind = TN_FUNC;
    native.of.func = {func->raw_};
  } else if (const auto* table = std::get_if<core::Table>(&item)) {
    native.kind = TN_TABLE;
    native.of.table = std::bit_cast<tn_table>(table->words_);
  } else if (const auto* memory = std::get_if<core::Memory>(&item)) {
    native.kind = TN_MEMORY;
    native.of.memory = std::bit_cast<tn_memory>(memory->words_);
  } else if (const auto* shared = std::get_if<core::SharedMemory>(&item)) {
    native.kind = TN_SHARED_MEMORY;
    native.of.shared_memory = shared->native_.get();
  } else {
    native.kind = TN_GLOBAL;
    native.of.global = std::bit_cast<tn_global>(std::get<core::Global>(item).words_);
  }
  return native;
}

}  // namespace tenon::engine
