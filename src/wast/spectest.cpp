#include "wast/spectest.h"

#include <fmt/format.h>

#include <atomic>
#include <bit>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "engine/raw.h"
#include "tenon/resource.h"
#include "tenon/typed.h"

namespace tenon::wast {
namespace {

using core::ValType;

// The numbers that the core test suite's interpreter has always offered.
constexpr int32_t spectest_i32 = 666;
constexpr int64_t spectest_i64 = 666;
constexpr uint32_t spectest_f32_bits = 0x4426'a666;
constexpr uint64_t spectest_f64_bits = 0x4084'd4cc'cccc'cccd;
constexpr uint64_t spectest_table_elements = 10;
constexpr uint64_t spectest_table_elements_max = 20;

/// `(module (global (export "g") i32 (i32.const 100)) (func (export "f") (result i32) (i32.const 101)))`
constexpr unsigned char simple_module[] = {
    0x00, 'a',  's',  'm',  0x01, 0x00, 0x00, 0x00,  //
    0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7f,  // type: func (result i32)
    0x03, 0x02, 0x01, 0x00,  // function
    0x06, 0x07, 0x01, 0x7f, 0x00, 0x41, 0xe4, 0x00, 0x0b,  // global: i32.const 100
    0x07, 0x09, 0x02, 0x01, 'g',  0x03, 0x00, 0x01, 'f',  0x00, 0x00,  // export
    0x0a, 0x07, 0x01, 0x05, 0x00, 0x41, 0xe5, 0x00, 0x0b,  // code: i32.const 101
};

Result<> define_print(Store& store, CoreNames& names, const char* name, std::initializer_list<ValType> params) {
  const core::FuncType type{.params = params, .results = {}};
  TENON_TRY(auto func, core::Func::create(store, type, [](Store&, std::span<const core::Val>, std::span<core::Val>) -> Result<> { return {}; }));
  names["spectest"].insert_or_assign(name, func);
  return {};
}

Result<> define_global(Store& store, CoreNames& names, const char* name, const core::Val& value) {
  TENON_TRY(auto global, core::Global::create(store, core::Mutability::Const, value));
  names["spectest"].insert_or_assign(name, global);
  return {};
}

}  // namespace

Result<> define_core_spectest(Store& store, CoreNames& names) {
  TENON_CHECK_OK(define_print(store, names, "print", {}));
  TENON_CHECK_OK(define_print(store, names, "print_i32", {ValType::I32}));
  TENON_CHECK_OK(define_print(store, names, "print_i64", {ValType::I64}));
  TENON_CHECK_OK(define_print(store, names, "print_f32", {ValType::F32}));
  TENON_CHECK_OK(define_print(store, names, "print_f64", {ValType::F64}));
  TENON_CHECK_OK(define_print(store, names, "print_i32_f32", {ValType::I32, ValType::F32}));
  TENON_CHECK_OK(define_print(store, names, "print_f64_f64", {ValType::F64, ValType::F64}));
  TENON_CHECK_OK(define_global(store, names, "global_i32", spectest_i32));
  TENON_CHECK_OK(define_global(store, names, "global_i64", spectest_i64));
  TENON_CHECK_OK(define_global(store, names, "global_f32", std::bit_cast<float>(spectest_f32_bits)));
  TENON_CHECK_OK(define_global(store, names, "global_f64", std::bit_cast<double>(spectest_f64_bits)));
  TENON_TRY(auto table, core::Table::create(store, spectest_table_elements, spectest_table_elements_max));
  names["spectest"].insert_or_assign("table", table);
  TENON_TRY(auto memory, core::Memory::create(store, {.minimum = 1, .maximum = 2}));
  names["spectest"].insert_or_assign("memory", memory);
  // What Wasmtime's own tests import beside it.
  TENON_TRY(auto gc, core::Func::create(store, {}, [](Store& running, std::span<const core::Val>, std::span<core::Val>) -> Result<> {
              engine::collect_garbage(running);
              return {};
            }));
  names["wasmtime"].insert_or_assign("gc", gc);
  return {};
}

namespace {

/// What the destructor of `resource1` has seen. Shared by the host functions of one linker, whose stores may run on several threads.
struct Drops {
  std::atomic<uint32_t> count = 0;
  std::atomic<uint32_t> last = 0;
};

std::unexpected<Error> broken(std::string what) { return fail(ErrorKind::Trap, "host assertion failed: " + std::move(what)); }

struct Resource1;
using OwnedResource1 = HostOwn<Resource1>;
using LentResource1 = HostBorrow<Resource1>;

Result<> check_representation(uint32_t actual, uint32_t expected) {
  if (actual != expected) return broken(fmt::format("representation {} is not {}", actual, expected));
  return {};
}

Result<> define_resource1(LinkerInstance& host) {
  const auto type = host_resource_type<Resource1>();
  const auto drops = std::make_shared<Drops>();
  TENON_CHECK_OK(host.define_resource("resource1", type, [drops](Store&, uint32_t rep) -> Result<> {
    drops->count.fetch_add(1);
    drops->last.store(rep);
    return {};
  }));
  TENON_CHECK_OK(host.define_resource("resource1-again", type, [](Store&, uint32_t) -> Result<> { return broken("dropped by its second name"); }));
  TENON_CHECK_OK(host.func("[constructor]resource1", [](uint32_t rep) { return OwnedResource1{rep}; }));
  TENON_CHECK_OK(host.func("[static]resource1.assert", [](OwnedResource1 self, uint32_t rep) { return check_representation(self.representation, rep); }));
  TENON_CHECK_OK(host.func("[method]resource1.simple", [](LentResource1 self, uint32_t rep) { return check_representation(self.representation, rep); }));
  TENON_CHECK_OK(host.func("[static]resource1.last-drop", [drops] { return drops->last.load(); }));
  TENON_CHECK_OK(host.func("[static]resource1.drops", [drops] { return drops->count.load(); }));
  TENON_CHECK_OK(host.func("[method]resource1.take-borrow", [](LentResource1, LentResource1) {}));
  return host.func("[method]resource1.take-own", [](LentResource1, OwnedResource1) {});
}

}  // namespace

Result<> define_component_spectest(const Engine& engine, Linker& linker) {
  TENON_CHECK_OK(linker.root().func("host-return-two", [] { return uint32_t{2}; }));
  TENON_TRY(auto host, linker.instance("host"));
  TENON_CHECK_OK(host.func("return-three", [] { return uint32_t{3}; }));
  TENON_TRY(auto nested, host.instance("nested"));
  TENON_CHECK_OK(nested.func("return-four", [] { return uint32_t{4}; }));
  TENON_TRY(auto module, core::Module::create(engine, std::as_bytes(std::span(simple_module))));
  TENON_CHECK_OK(host.define_module("simple-module", module));
  TENON_CHECK_OK(host.define_resource("resource2", ResourceType::create_host()));
  TENON_CHECK_OK(host.func("return-hi", [] { return std::string("hi"); }));
  TENON_TRY(auto wasmtime, linker.instance("wasmtime"));
  TENON_CHECK_OK(wasmtime.func("gc", [](HostCall& call) { engine::collect_garbage(call.store()); }));
  return define_resource1(host);
}

}  // namespace tenon::wast
