#include "component/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "component/test_wat.h"

namespace tenon::component {
namespace {

/// A plan with the buffer that it views.
struct Loaded {
  PlanBuffer buffer;
  Plan plan;
};

Loaded plan_of(std::string_view wat) {
  Loaded loaded;
  auto buffer = translate(binary_of(wat));
  if (!buffer) {
    ADD_FAILURE() << buffer.error().message();
    return loaded;
  }
  loaded.buffer = *std::move(buffer);
  auto plan = load(loaded.buffer.bytes());
  if (!plan)
    ADD_FAILURE() << plan.error().message();
  else
    loaded.plan = *std::move(plan);
  return loaded;
}

std::string error_of(std::string_view wat, const TranslateOptions& options = {}) {
  const auto buffer = translate(binary_of(wat), options);
  if (buffer) return "valid";
  EXPECT_EQ(buffer.error().kind(), ErrorKind::InvalidInput);
  return buffer.error().message();
}

template <class Kind>
std::vector<Kind> steps_of(const Plan& plan) {
  std::vector<Kind> found;
  for (const Initializer& step : plan.initializers) {
    if (const auto* match = std::get_if<Kind>(&step)) found.push_back(*match);
  }
  return found;
}

std::vector<TrampolineKind> kinds_of(const Plan& plan) {
  std::vector<TrampolineKind> kinds;
  for (const Trampoline& trampoline : plan.trampolines) kinds.push_back(trampoline.kind);
  std::ranges::sort(kinds);
  return kinds;
}

TEST(Plan, OfAnEmptyComponentIsEmpty) {
  const Loaded loaded = plan_of("(component)");
  EXPECT_EQ(dump(loaded.plan),
            "plan\n"
            "counts: 0 instances, 1 component-instances, 0 memories, 0 tables, 0 reallocs, 0 callbacks, 0 post-returns, 0 lowerings, 0 resources\n"
            "component-type 0\n");
}

TEST(Plan, NumbersTrampolinesAsTheTranslatorDoes) {
  std::string names;
  for (int i = 0; i <= static_cast<int>(TrampolineKind::ThreadYieldThenPromote); i++) names += std::string(to_string(static_cast<TrampolineKind>(i))) + "\n";
  const tn_bytes native = tn_plan_trampoline_names();
  EXPECT_EQ(names, std::string_view(reinterpret_cast<const char*>(native.data), native.size));
}

// The shape that wit-component gives to a module with imports that need its memory: the module, a shim with a table, and a module that fills the table.
constexpr std::string_view shim_shape = R"((component
  (import "a:b/log@0.1.0" (instance $log (export "log" (func (param "level" u32) (param "text" string)))))
  (core module $main
    (import "log" "log" (func $log (param i32 i32 i32)))
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 8)
    (func (export "run") (param i32 i32) (result i32) i32.const 0)
    (func (export "post") (param i32)))
  (core module $shim (table (export "$imports") 1 1 funcref) (type $t (func (param i32 i32 i32)))
    (func (export "0") (param i32 i32 i32) (call_indirect (type $t) (local.get 0) (local.get 1) (local.get 2) (i32.const 0))))
  (core module $fixup (import "" "0" (func $f (param i32 i32 i32))) (import "" "$imports" (table 1 1 funcref)) (elem (i32.const 0) func $f))
  (core instance $s (instantiate $shim))
  (alias core export $s "0" (core func $indirect))
  (core instance $imports (export "log" (func $indirect)))
  (core instance $m (instantiate $main (with "log" (instance $imports))))
  (alias core export $m "memory" (core memory $memory))
  (alias core export $m "realloc" (core func $realloc))
  (alias export $log "log" (func $log-func))
  (core func $lowered (canon lower (func $log-func) (memory $memory) string-encoding=utf8))
  (alias core export $s "$imports" (core table $table))
  (core instance $fixings (export "0" (func $lowered)) (export "$imports" (table $table)))
  (core instance (instantiate $fixup (with "" (instance $fixings))))
  (func (export "run") (param "input" string) (result string)
    (canon lift (core func $m "run") (memory $memory) (realloc (func $realloc)) (post-return (func $m "post")))))
)";

TEST(Plan, LeavesOutTheDetourThatWitComponentMakes) {
  const Loaded loaded = plan_of(shim_shape);
  const Plan& plan = loaded.plan;
  EXPECT_EQ(plan.static_modules.size(), 3U);
  EXPECT_EQ(plan.counts.instances, 1U);
  EXPECT_EQ(plan.counts.memories, 1U);
  ASSERT_EQ(plan.trampolines.size(), 1U);
  EXPECT_EQ(plan.trampolines[0].kind, TrampolineKind::LowerImport);
  ASSERT_EQ(plan.runtime_imports.size(), 1U);
  EXPECT_EQ(plan.runtime_imports[0].path, std::vector<std::string>{"log"});
  EXPECT_EQ(kind_of(plan.runtime_imports[0].type), ExternKind::Func);
  ASSERT_EQ(plan.exports.size(), 1U);
  const auto& run = std::get<LiftedFunction>(plan.export_items[at(plan.exports[0].index)]);
  const FuncTypeNode& type = plan.func_types[at(run.type)];
  EXPECT_EQ(type.params[0].name, "input");
  EXPECT_EQ(type.result, primitive_type(TypeKind::String));
  const CanonicalOptions& options = plan.options[at(run.options)];
  EXPECT_TRUE(options.memory && options.realloc && options.post_return && !options.is_64 && !options.is_async);
  EXPECT_EQ(plan.core_func_types[at(options.core_type)], (CoreFuncType{{CoreValueType::I32, CoreValueType::I32}, {CoreValueType::I32}}));
  const auto instances = steps_of<InstantiateStaticModule>(plan);
  ASSERT_EQ(instances.size(), 1U);
  EXPECT_EQ(instances[0].arguments, std::vector<CoreDef>{TrampolineRef{TrampolineIndex(0)}});
  EXPECT_NE(dump(plan).find("export \"run\": func(input: string) -> string = instance 0 func \"run\", options 1\n"), std::string::npos) << dump(plan);
}

/// The shape above with one text in it replaced by another.
std::string shim_shape_with(std::string_view from, std::string_view to) {
  std::string text(shim_shape);
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

uint32_t instances_of(std::string_view wat) { return plan_of(wat).plan.counts.instances; }

TEST(Plan, KeepsTheDetourWhereSomebodyCouldTell) {
  // A guest's code runs before the table is filled.
  EXPECT_EQ(instances_of(shim_shape_with("(memory (export \"memory\") 1)", "(memory (export \"memory\") 1) (func $early) (start $early)")), 3U);
  // The shim does more than to pass on, or passes on something else.
  EXPECT_EQ(instances_of(shim_shape_with("(local.get 2) (i32.const 0))", "(local.get 1) (i32.const 0))")), 3U);
  EXPECT_EQ(instances_of(shim_shape_with("(core module $shim ", "(core module $shim (memory 1) ")), 3U);
  EXPECT_EQ(instances_of(shim_shape_with("(core module $shim ", "(core module $shim (global i32 (i32.const 0)) ")), 3U);
  EXPECT_EQ(instances_of(shim_shape_with("(param i32 i32 i32) (call_indirect", "(param i32 i32 i32) (local i32) (call_indirect")), 3U);
  EXPECT_EQ(instances_of(shim_shape_with("(i32.const 0))))", "(i32.const 1))))")), 3U);
  // The fix-up fills another slot, fills more than there is room for, does more, or does nothing.
  EXPECT_EQ(instances_of(shim_shape_with("(elem (i32.const 0) func $f)", "(elem (i32.const 1) func $f)")), 3U);
  EXPECT_EQ(instances_of(shim_shape_with("(elem (i32.const 0) func $f)", "(elem (i32.const 0) func $f $f)")), 3U);
  EXPECT_EQ(instances_of(shim_shape_with("(elem (i32.const 0) func $f)", "(elem (i32.const 0) func $f) (elem (i32.const 0) func $f)")), 3U);
  EXPECT_EQ(instances_of(shim_shape_with("(elem (i32.const 0) func $f)", "(elem (i32.const 0) func $f) (func) (start 1)")), 3U);
  EXPECT_EQ(instances_of(shim_shape_with("(elem (i32.const 0) func $f)", "")), 3U);
  EXPECT_EQ(instances_of(shim_shape_with("(elem (i32.const 0) func $f)", "(elem declare func $f)")), 3U);
  // Somebody else has the table.
  EXPECT_EQ(instances_of(shim_shape_with("(func (export \"run\") (param \"input\"",
                                         "(core module $other (import \"\" \"t\" (table 1 1 funcref)))\n"
                                         "(core instance (instantiate $other (with \"\" (instance (export \"t\" (table $table))))))\n"
                                         "(func (export \"run\") (param \"input\"")),
            4U);
}

TEST(Plan, CallsPastAShimThatOthersNeed) {
  // A second function of the shim, whose slot nobody fills, keeps it; the first one is passed by all the same.
  std::string text =
      shim_shape_with("(table (export \"$imports\") 1 1 funcref)",
                      "(table (export \"$imports\") 2 2 funcref) (func (export \"1\") (param i32 i32 i32) (call_indirect (type $t) (local.get 0) "
                      "(local.get 1) (local.get 2) (i32.const 1)))");
  const std::string_view one = "(import \"log\" \"log\" (func $log (param i32 i32 i32)))";
  text.replace(text.find(one), one.size(), std::string(one) + " (import \"log\" \"more\" (func (param i32 i32 i32)))");
  const std::string_view exported = "(core instance $imports (export \"log\" (func $indirect)))";
  text.replace(text.find(exported), exported.size(),
               "(alias core export $s \"1\" (core func $more)) (core instance $imports (export \"log\" (func $indirect)) (export \"more\" (func $more)))");
  const std::string_view table = "(import \"\" \"$imports\" (table 1 1 funcref))";
  text.replace(text.find(table), table.size(), "(import \"\" \"$imports\" (table 2 2 funcref))");
  const Loaded loaded = plan_of(text);
  const auto instances = steps_of<InstantiateStaticModule>(loaded.plan);
  ASSERT_EQ(instances.size(), 3U) << dump(loaded.plan);
  ASSERT_EQ(instances[1].arguments.size(), 2U);
  EXPECT_EQ(instances[1].arguments[0], CoreDef(TrampolineRef{TrampolineIndex(0)}));
  EXPECT_TRUE(std::holds_alternative<CoreExport>(instances[1].arguments[1]));
}

// As wit-component does it for a guest that exports a resource: the destructor is a function of the module, which comes after the resource's type.
constexpr std::string_view shimmed_destructor = R"((component
  (core module $shim (type $t (func (param i32))) (table (export "$imports") 1 1 funcref)
    (func (export "0") (type $t) (call_indirect (type $t) (local.get 0) (i32.const 0))))
  (core module $main (import "" "drop" (func (param i32))) (import "" "new" (func (param i32) (result i32))) (func (export "dtor") (param i32)))
  (core module $fixup (import "" "0" (func $f (param i32))) (import "" "$imports" (table 1 1 funcref)) (elem (i32.const 0) func $f))
  (core instance $s (instantiate $shim))
  (type $r (resource (rep i32) (dtor (func $s "0"))))
  (core func $drop (canon resource.drop $r))
  (core func $new (canon resource.new $r))
  (core instance $m (instantiate $main (with "" (instance (export "drop" (func $drop)) (export "new" (func $new))))))
  (core instance (instantiate $fixup (with "" (instance (export "$imports" (table $s "$imports")) (export "0" (func $m "dtor"))))))
  (export "r" (type $r)))
)";

TEST(Plan, DefinesAResourceOnceItsDestructorIsThere) {
  const Loaded loaded = plan_of(shimmed_destructor);
  EXPECT_EQ(loaded.plan.counts.instances, 1U);
  ASSERT_EQ(loaded.plan.initializers.size(), 2U) << dump(loaded.plan);
  ASSERT_TRUE(std::holds_alternative<InstantiateStaticModule>(loaded.plan.initializers[0]));
  const auto& defined = std::get<DefineResource>(loaded.plan.initializers[1]);
  ASSERT_TRUE(defined.destructor);
  EXPECT_EQ(std::get<CoreExport>(*defined.destructor).name, "dtor");
}

constexpr std::string_view fused = R"((component
  (component $a
    (core module $m (memory (export "memory") 1) (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 8)
      (func (export "f") (param i32 i32) (result i32) i32.const 0))
    (core instance $i (instantiate $m))
    (func (export "f") (param "text" string) (result string)
      (canon lift (core func $i "f") (memory $i "memory") (realloc (func $i "realloc")) string-encoding=utf16)))
  (component $b
    (import "f" (func $f (param "text" string) (result string)))
    (core module $m (memory (export "memory") 1) (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 8))
    (core instance $m-instance (instantiate $m))
    (core func $lowered (canon lower (func $f) (memory $m-instance "memory") (realloc (func $m-instance "realloc"))))
    (core module $n (import "" "f" (func $f (param i32 i32 i32))) (func (export "g") (call $f (i32.const 0) (i32.const 0) (i32.const 8))))
    (core instance $n-instance (instantiate $n (with "" (instance (export "f" (func $lowered))))))
    (func (export "g") (canon lift (core func $n-instance "g"))))
  (instance $ai (instantiate $a))
  (instance $bi (instantiate $b (with "f" (func $ai "f"))))
  (export "g" (func $bi "g"))
  (export "whole" (instance $bi))))";

TEST(Plan, FusesCallsBetweenComponentsIntoAdapters) {
  const Loaded loaded = plan_of(fused);
  const Plan& plan = loaded.plan;
  const auto adapters = std::ranges::count_if(plan.static_modules, &StaticModule::is_adapter);
  EXPECT_EQ(adapters, 1);
  EXPECT_EQ(plan.counts.component_instances, 3U);
  EXPECT_EQ(plan.counts.memories, 2U);
  std::set<Transcode> transcoders;
  for (const Trampoline& trampoline : plan.trampolines) {
    if (trampoline.kind != TrampolineKind::Transcoder) continue;
    transcoders.insert(trampoline.transcode);
    EXPECT_NE(trampoline.from_memory, trampoline.to_memory);
  }
  EXPECT_EQ(transcoders, (std::set{Transcode::Utf8ToUtf16, Transcode::Utf16ToUtf8}));
  size_t flags = 0;
  for (const InstantiateStaticModule& step : steps_of<InstantiateStaticModule>(plan)) {
    EXPECT_EQ(plan.static_modules[at(step.module)].is_adapter, !step.instance.has_value());
    for (const CoreDef& def : step.arguments) EXPECT_FALSE(std::holds_alternative<InstanceFlags>(def));
    flags += step.flags.size();
  }
  EXPECT_EQ(flags, 2U);
  ASSERT_EQ(plan.exports.size(), 2U);
  const auto& whole = std::get<ExportedInstance>(plan.export_items[at(plan.exports[1].index)]);
  ASSERT_EQ(whole.exports.size(), 1U);
  EXPECT_EQ(whole.exports[0].name, "g");
}

constexpr std::string_view resources = R"((component
  (import "r" (type $r (sub resource)))
  (import "make" (func $make (result (own $r))))
  (core module $m (func (export "dtor") (param i32)))
  (core instance $i (instantiate $m))
  (type $own (resource (rep i32) (dtor (func $i "dtor"))))
  (core func $new (canon resource.new $own))
  (core func $rep (canon resource.rep $own))
  (core func $drop (canon resource.drop $r))
  (core func $lower (canon lower (func $make)))
  (core module $n
    (import "" "new" (func $new (param i32) (result i32))) (import "" "rep" (func (param i32) (result i32)))
    (import "" "drop" (func (param i32))) (import "" "make" (func (result i32)))
    (func (export "f") (result i32) (call $new (i32.const 42))))
  (core instance $n-instance (instantiate $n (with "" (instance
    (export "new" (func $new)) (export "rep" (func $rep)) (export "drop" (func $drop)) (export "make" (func $lower))))))
  (export $exported "own" (type $own))
  (func (export "f") (result (own $exported)) (canon lift (core func $n-instance "f")))))";

TEST(Plan, HoldsImportedAndDefinedResources) {
  const Loaded loaded = plan_of(resources);
  const Plan& plan = loaded.plan;
  EXPECT_EQ(plan.counts.resources, 2U);
  ASSERT_EQ(plan.imported_resources.size(), 1U);
  EXPECT_EQ(kind_of(plan.runtime_imports[at(plan.imported_resources[0])].type), ExternKind::Resource);
  ASSERT_EQ(plan.defined_resource_instances.size(), 1U);
  EXPECT_EQ(plan.defined_resource(ResourceIndex(0)), std::nullopt);
  EXPECT_EQ(plan.defined_resource(ResourceIndex(1)), DefinedResourceIndex(0));
  EXPECT_EQ(plan.resource_index(DefinedResourceIndex(0)), ResourceIndex(1));
  const auto defined = steps_of<DefineResource>(plan);
  ASSERT_EQ(defined.size(), 1U);
  EXPECT_EQ(defined[0].representation, CoreValueType::I32);
  ASSERT_TRUE(defined[0].destructor);
  EXPECT_EQ(std::get<CoreExport>(*defined[0].destructor).name, "dtor");
  using enum TrampolineKind;
  EXPECT_EQ(kinds_of(plan), (std::vector{component::TrampolineKind::LowerImport, ResourceNew, ResourceRep, ResourceDrop}));
  for (const Trampoline& trampoline : plan.trampolines) {
    if (trampoline.kind != ResourceDrop && trampoline.kind != ResourceNew) continue;
    EXPECT_EQ(at(plan.resource_tables[at(*trampoline.resource_table)].resource), trampoline.kind == ResourceDrop ? 0U : 1U);
  }
  const auto& f = std::get<LiftedFunction>(plan.export_items[at(std::ranges::find(plan.exports, "f", &NamedExport::name)->index)]);
  EXPECT_EQ(plan.types->node(*plan.func_types[at(f.type)].result).kind, TypeKind::Own);
}

TEST(Plan, PassesResourcesThroughAdapters) {
  const Loaded loaded = plan_of(R"((component
    (component $a
      (type $r' (resource (rep i32)))
      (export $r "r" (type $r'))
      (core module $m (func (export "f") (param i32) (result i32) i32.const 1) (func (export "b") (param i32)))
      (core instance $i (instantiate $m))
      (func (export "f") (param "x" (own $r)) (result (own $r)) (canon lift (core func $i "f")))
      (func (export "b") (param "x" (borrow $r)) (canon lift (core func $i "b"))))
    (component $b
      (import "a" (instance $a (export "r" (type $r (sub resource))) (export "f" (func (param "x" (own $r)) (result (own $r))))
        (export "b" (func (param "x" (borrow $r))))))
      (core func $f (canon lower (func $a "f")))
      (core func $b (canon lower (func $a "b")))
      (core module $m (import "" "f" (func (param i32) (result i32))) (import "" "b" (func (param i32))) (func (export "g")))
      (core instance $i (instantiate $m (with "" (instance (export "f" (func $f)) (export "b" (func $b))))))
      (func (export "g") (canon lift (core func $i "g"))))
    (instance $ai (instantiate $a))
    (instance $bi (instantiate $b (with "a" (instance $ai))))
    (export "g" (func $bi "g"))))");
  const auto kinds = kinds_of(loaded.plan);
  for (const TrampolineKind kind :
       {TrampolineKind::ResourceTransferOwn, TrampolineKind::ResourceTransferBorrow, TrampolineKind::EnterSyncCall, TrampolineKind::ExitSyncCall}) {
    EXPECT_TRUE(std::ranges::find(kinds, kind) != kinds.end()) << to_string(kind);
  }
  EXPECT_FALSE(loaded.plan.is_concurrent);
  // The numbers of tables are arguments at run time: both instances have one for the resource.
  EXPECT_GE(std::ranges::count_if(loaded.plan.resource_tables, &ResourceTable::is_concrete), 2);
}

TEST(Plan, HoldsImportedAndExportedCoreModules) {
  const Loaded loaded = plan_of(R"((component
    (import "m" (core module $m (import "env" "f" (func (param i64))) (export "memory" (memory 1 2)) (export "g" (func (result f32))) (export "t" (table 1 funcref))))
    (core module $own (func (export "f") (param i64)))
    (core instance $env (instantiate $own))
    (core instance $i (instantiate $m (with "env" (instance $env))))
    (core module $user (import "m" "memory" (memory 1)) (import "m" "g" (func (result f32))))
    (core instance (instantiate $user (with "m" (instance $i))))
    (export "own" (core module $own))
    (export "again" (core module $m))))");
  const Plan& plan = loaded.plan;
  const auto imported = steps_of<InstantiateImportedModule>(plan);
  ASSERT_EQ(imported.size(), 1U);
  ASSERT_EQ(imported[0].arguments.size(), 1U);
  EXPECT_EQ(imported[0].arguments[0].module, "env");
  EXPECT_EQ(imported[0].arguments[0].name, "f");
  const auto instances = steps_of<InstantiateStaticModule>(plan);
  ASSERT_EQ(instances.size(), 2U);
  const CoreExport memory = std::get<CoreExport>(instances[1].arguments[0]);
  EXPECT_EQ(memory.kind, CoreExternKind::Memory);
  EXPECT_EQ(memory.name, "memory");
  EXPECT_EQ(memory.ordinal, std::nullopt);
  ASSERT_EQ(plan.exports.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<ExportedStaticModule>(plan.export_items[at(plan.exports[0].index)]));
  const auto& again = std::get<ExportedImportedModule>(plan.export_items[at(plan.exports[1].index)]);
  const ModuleType& type = plan.module_types[at(again.type)];
  ASSERT_EQ(type.exports.size(), 3U);
  EXPECT_EQ(type.exports[0].type.minimum, 1U);
  EXPECT_EQ(type.exports[0].type.maximum, 2U);
  EXPECT_EQ(type.exports[2].type.value, CoreValueType::FuncRef);
}

TEST(Plan, SeesMemoriesWith64Bits) {
  const Loaded loaded = plan_of(R"((component
    (core module $m (memory (export "memory") i64 1) (func (export "realloc") (param i64 i64 i64 i64) (result i64) i64.const 8)
      (func (export "f") (param i64 i64)))
    (core instance $i (instantiate $m))
    (func (export "f") (param "text" string) (canon lift (core func $i "f") (memory $i "memory") (realloc (func $i "realloc"))))))");
  ASSERT_EQ(loaded.plan.options.size(), 1U);
  EXPECT_TRUE(loaded.plan.options[0].is_64);
  EXPECT_NE(dump(loaded.plan).find("memory i64 1.."), std::string::npos);
}

TEST(Plan, KeepsEveryKindOfValueType) {
  const Loaded loaded = plan_of(R"((component
    (type $color' (enum "red" "green"))
    (import "color" (type $color (eq $color')))
    (type $perm' (flags "r" "w"))
    (import "perm" (type $perm (eq $perm')))
    (type $rec' (record (field "a" u8) (field "b" (option string))))
    (import "rec" (type $rec (eq $rec')))
    (type $var' (variant (case "none") (case "some" (list $rec))))
    (import "var" (type $var (eq $var')))
    (import "f" (func (param "a" $color) (param "b" $perm) (param "c" $var) (param "d" (tuple s8 char f64)) (param "e" (list u16 4))
      (param "f" (map string $rec)) (result (result $rec (error string)))))))");
  const auto found = std::ranges::find(loaded.plan.imports, "f", &NamedExtern::name);
  ASSERT_NE(found, loaded.plan.imports.end());
  const FuncTypeNode& func = loaded.plan.func_types[at(std::get<FuncTypeIndex>(found->type))];
  std::vector<std::string> types;
  for (const Param& param : func.params) types.push_back(tenon::to_string(Type(*loaded.plan.types, param.type)));
  EXPECT_EQ(types, (std::vector<std::string>{"enum { red, green }", "flags { r, w }", "variant { none, some(list<record { a: u8, b: option<string> }>) }",
                                             "tuple<s8, char, f64>", "list<u16, 4>", "map<string, record { a: u8, b: option<string> }>"}));
  EXPECT_EQ(tenon::to_string(Type(*loaded.plan.types, *func.result)), "result<record { a: u8, b: option<string> }, string>");
}

TEST(Plan, SaysWhatIsInvalidAndWhere) {
  EXPECT_EQ(error_of("(module)"), "a core module, not a component");
  const auto junk = translate(std::as_bytes(std::span("junk")));
  ASSERT_FALSE(junk);
  EXPECT_EQ(junk.error().message(), "not a component: it starts with [6a 75 6e 6b 00], expected [00 61 73 6d 0d 00 01 00]");
  EXPECT_EQ(error_of("(component (import \"F F\" (func)))"), "import name `F F` is not a valid extern name\n`F F` is not in kebab case (at offset 0x12)");
  EXPECT_NE(error_of("(component (import \"f\" (func (param \"a\" (map string u8)))))", {.maps = false}).find("map"), std::string::npos);
  EXPECT_EQ(error_of("(component (import \"f\" (func (param \"a\" (map string u8)))))"), "valid");
}

TEST(Validate, LooksIntoFunctionBodies) {
  const auto bytes = binary_of("(component (core module (func (result i32))))");
  EXPECT_TRUE(translate(bytes));
  const auto checked = validate(bytes);
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().message().find("type mismatch"), std::string::npos);
  EXPECT_TRUE(validate(binary_of("(module (func (result i32) i32.const 1))")));
}

TEST(UnsupportedUses, NameFunctionsBuiltInsAndTypes) {
  const Loaded loaded = plan_of(R"((component
    (import "a:b/c" (instance (export "get" (func async (result u8)))))
    (type $s (stream u8))
    (core func $new (canon stream.new $s))
    (core func $wait (canon waitable-set.new))
    (core func $get (canon context.get i32 0))
    (core module $m (import "" "new" (func (result i64))) (import "" "wait" (func (result i32))) (import "" "get" (func (result i32)))
      (func (export "f") (result i32) i32.const 0) (func (export "cb") (param i32 i32 i32) (result i32) i32.const 0))
    (core instance $i (instantiate $m (with "" (instance (export "new" (func $new)) (export "wait" (func $wait)) (export "get" (func $get))))))
    (func (export "f") async (canon lift (core func $i "f") async (callback (func $i "cb"))))))");
  EXPECT_TRUE(loaded.plan.is_concurrent);
  using enum UnsupportedUse::Kind;
  EXPECT_EQ(unsupported_uses(loaded.plan),
            (std::vector<UnsupportedUse>{{ImportedFunction, "a:b/c#get"}, {ExportedFunction, "f"}, {BuiltIn, "stream.new"}, {BuiltIn, "waitable-set.new"}}));
  EXPECT_EQ(unsupported_uses(plan_of("(component (type (resource (rep i64))) (canon thread.index (core func)))").plan),
            (std::vector<UnsupportedUse>{{Resource, "a resource represented by an i64"}}));
  const Loaded types = plan_of("(component (import \"f\" (func (param \"a\" (list (future u8))))))");
  EXPECT_EQ(unsupported_uses(types.plan), (std::vector<UnsupportedUse>{{ValueType, "future<u8>"}}));
  EXPECT_TRUE(unsupported_uses(plan_of(shim_shape).plan).empty());
}

TEST(LoadPlan, RefusesBytesOfAnotherVersionOrLength) {
  const Loaded loaded = plan_of(shim_shape);
  const std::vector<std::byte> good(loaded.buffer.bytes().begin(), loaded.buffer.bytes().end());
  EXPECT_FALSE(load({}));
  for (size_t size = 0; size < good.size(); size += 7) EXPECT_FALSE(load(std::span(good).first(size))) << size;
  std::vector<std::byte> other = good;
  other[4] = std::byte{9};
  const auto refused = load(other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "a plan of version 9, expected 2");
}

// A plan may come from a disk: whatever is in it, loading answers, and what it lets through can be walked.
TEST(LoadPlan, SurvivesEveryChangedWord) {
  std::mt19937 random(11);
  for (const std::string_view wat : {shim_shape, fused, resources}) {
    const Loaded loaded = plan_of(wat);
    std::vector<std::byte> bytes(loaded.buffer.bytes().begin(), loaded.buffer.bytes().end());
    uint32_t words = 0;
    std::memcpy(&words, bytes.data() + 12, 4);
    for (size_t word = 0; word < words; word++) {
      uint32_t before = 0;
      std::memcpy(&before, bytes.data() + word * 4, 4);
      for (const uint32_t changed : {before + 1, before - 1, uint32_t{0}, UINT32_MAX, uint32_t(random())}) {
        std::memcpy(bytes.data() + word * 4, &changed, 4);
        if (const auto plan = load(bytes)) {
          dump(*plan);
          unsupported_uses(*plan);
        }
      }
      std::memcpy(bytes.data() + word * 4, &before, 4);
    }
  }
}

/// Every component of the conformance scripts in a folder that translates, by file and line.
template <class Body>
size_t for_each_conformance_component(const std::string& folder, Body body) {
  size_t seen = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".wast") continue;
    const auto text = base::read_file(entry.path(), 64 << 20);
    if (!text) continue;
    tn_buffer output = {};
    if (tn_error* error = tn_wast_parse({reinterpret_cast<const uint8_t*>(text->data()), text->size()}, &output)) {
      tn_error_free(error);
      continue;
    }
    uint64_t size = 0;
    std::memcpy(&size, output.data, 8);
    const auto script = nlohmann::json::parse(output.data + 8, output.data + 8 + size);
    const auto* const binaries = reinterpret_cast<const std::byte*>(output.data) + 8 + size;
    for (const auto& [name, file] : script["files"].items()) {
      if (!file.contains("offset")) continue;
      const std::span component(binaries + file["offset"].template get<size_t>(), file["size"].template get<size_t>());
      const auto buffer = translate(component);
      if (!buffer) continue;
      const auto plan = load(buffer->bytes());
      EXPECT_TRUE(plan) << entry.path() << " " << name << ": " << plan.error().message();
      if (!plan) continue;
      for (const UnsupportedUse& use : unsupported_uses(*plan)) {
        EXPECT_TRUE(plan->is_concurrent || use.kind == UnsupportedUse::Kind::Resource) << entry.path() << " " << name << ": " << use.name;
      }
      dump(*plan);
      body(*plan);
      seen++;
    }
    tn_buffer_free(output);
  }
  return seen;
}

// The room for async is kept by this list: docs/spec-alignment.md says of each how it will be provided.
TEST(Plan, NeedsOnlyTrampolinesThatTheDocumentLists) {
  const std::string folder = std::string(TENON_SHARED_DIR) + "/conformance/component-model/test";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "the component model's conformance scripts are missing: set TENON_SHARED_DIR";
  std::ifstream file(std::string(TENON_SOURCE_DIR) + "/docs/spec-alignment.md");
  const std::string document((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::map<std::string, size_t> used;
  const size_t seen = for_each_conformance_component(folder, [&](const Plan& plan) {
    for (const Trampoline& trampoline : plan.trampolines) used[std::string(to_string(trampoline.kind))]++;
    const auto note = [&used](const CoreDef& def) {
      if (const auto* context = std::get_if<ContextIntrinsic>(&def)) used[context->is_set ? "context.set" : "context.get"]++;
      if (std::holds_alternative<TaskMayBlock>(def)) used["task-may-block"]++;
      if (std::holds_alternative<InstanceFlags>(def)) used["instance-flags"]++;
    };
    for (const InstantiateStaticModule& step : steps_of<InstantiateStaticModule>(plan)) std::ranges::for_each(step.arguments, note);
  });
  EXPECT_GT(seen, 300U);
  for (const auto& [name, count] : used) {
    EXPECT_NE(document.find("| `" + name + "` |"), std::string::npos) << name << ", " << count << " times";
  }
  for (int i = 0; i <= static_cast<int>(TrampolineKind::ThreadYieldThenPromote); i++) {
    const auto kind = static_cast<TrampolineKind>(i);
    const size_t row = document.find("| `" + std::string(to_string(kind)) + "` |");
    ASSERT_NE(row, std::string::npos) << to_string(kind);
    const bool says_not_run = document.substr(row, document.find('\n', row) - row).find("not run yet") != std::string::npos;
    EXPECT_EQ(says_not_run, is_async(kind)) << to_string(kind);
  }
  if (testing::Test::HasFailure() || std::getenv("TENON_PRINT_TRAMPOLINES") != nullptr) {
    for (const auto& [name, count] : used) std::printf("%6zu %s\n", count, name.c_str());
  }
}

}  // namespace
}  // namespace tenon::component
