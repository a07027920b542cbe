#include <gtest/gtest.h>

#include "tenon/wit.h"

namespace tenon::wit {
namespace {

constexpr std::string_view tool_wit = R"(package demo:plugin@0.1.0;
interface types { record tool-call { call-id: string, name: string, input: string }  record tool-result { ok: bool, value: string, error: option<string> } }
world tool {
  use types.{tool-call, tool-result};
  import log: func(level: u32, message: string);
  export execute-tool: func(call: tool-call) -> result<tool-result, string>;
  export bytes: func(data: list<u8>) -> list<u8>;
})";

std::vector<std::byte> binary(std::string_view text) {
  auto result = text_to_binary(text);
  EXPECT_TRUE(result) << result.error().message();
  return result ? *result : std::vector<std::byte>{};
}

Package parse(std::string_view text) {
  auto package = Package::parse(text);
  EXPECT_TRUE(package) << package.error().message();
  return std::move(package).value();
}

std::vector<std::byte> component_of(std::string_view text) {
  const Package package = parse(text);
  return componentize(embed(package, dummy_module(package).value()).value()).value();
}

/// A module of `tool_wit`: its `bytes` gives back what it gets.
constexpr std::string_view tool_module = R"((module
  (import "$root" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "execute-tool") (param i32 i32 i32 i32 i32 i32) (result i32)
    (call $log (i32.const 1) (local.get 2) (local.get 3))
    (i32.store8 (i32.const 16) (i32.const 0)) (i32.store8 (i32.const 20) (i32.const 1))
    (i32.store (i32.const 24) (local.get 4)) (i32.store (i32.const 28) (local.get 5))
    (i32.store8 (i32.const 32) (i32.const 0)) (i32.const 16))
  (func (export "bytes") (param i32 i32) (result i32)
    (i32.store (i32.const 8) (local.get 0)) (i32.store (i32.const 12) (local.get 1)) (i32.const 8))))";

TEST(Componentize, MakesAComponentOfATextModule) {
  const Package package = parse(tool_wit);
  auto embedded = embed(package, std::as_bytes(std::span(tool_module)), {.world = "tool"});
  ASSERT_TRUE(embedded) << embedded.error().message();
  auto component = componentize(*embedded);
  ASSERT_TRUE(component) << component.error().message();
  EXPECT_EQ(targets(package, "tool", *component).value(), std::vector<std::string>{});
  EXPECT_NE(read_metadata(*component)->find("tenon"), std::string::npos);
}

TEST(Componentize, NamesTheExportThatIsMissing) {
  const Package package = parse(tool_wit);
  auto component = componentize(embed(package, binary("(module (memory (export \"memory\") 1))")).value());
  ASSERT_FALSE(component);
  EXPECT_EQ(component.error().kind(), ErrorKind::InvalidInput);
  EXPECT_NE(component.error().message().find("execute-tool"), std::string::npos) << component.error().message();
}

TEST(Componentize, RefusesWhatIsNoModule) {
  const Package package = parse(tool_wit);
  EXPECT_NE(embed(package, binary("(component)")).error().message().find("component already"), std::string::npos);
  EXPECT_FALSE(embed(package, std::as_bytes(std::span("\0asm\1\0\0\0\7", 9))));
  EXPECT_EQ(embed(package, binary("(module)"), {.world = "other"}).error().kind(), ErrorKind::NotFound);
  EXPECT_NE(componentize(binary("(module (func (export \"f\")))")).error().message().find("embed"), std::string::npos);
}

TEST(Componentize, PicksThePublishedAdapter) {
  const std::string program = R"((module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1)
    (func (export "_start") (call $exit (i32.const 0)))))";
  auto command = componentize(binary(program));
  ASSERT_TRUE(command) << command.error().message();
  EXPECT_NE(Package::decode(*command)->print()->find("export wasi:cli/run@"), std::string::npos);
  const Package empty = parse("package a:b; world w {}");
  auto embedded = embed(empty, binary("(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func (param i32))) (memory (export \"memory\") 1))")).value();
  auto reactor = componentize(embedded);
  ASSERT_TRUE(reactor) << reactor.error().message();
  EXPECT_EQ(Package::decode(*reactor)->print()->find("export wasi:cli/run@"), std::string::npos);
  EXPECT_NE(componentize(embedded, {.preview1 = Preview1::None}).error().message().find("wasi_snapshot_preview1"), std::string::npos);
}

TEST(Componentize, TakesAnAdapterByName) {
  const Package package = parse("package a:b; world w { export f: func(); }");
  auto embedded = embed(package, binary("(module (import \"old\" \"g\" (func $g)) (func (export \"f\") call $g))")).value();
  ComponentizeOptions options;
  options.adapters.emplace_back("old", embed(parse("package a:c; world x {}"), binary("(module (func (export \"g\")))")).value());
  auto component = componentize(embedded, options);
  ASSERT_TRUE(component) << component.error().message();
  EXPECT_NE(componentize(embedded).error().message().find("old"), std::string::npos);
}

TEST(Targets, NamesTheFunctionAndTheFieldThatDiffer) {
  const Package package = parse(tool_wit);
  std::string other(tool_wit);
  other.replace(other.find("input: string"), 13, "input: u8");
  const auto differences = targets(package, "tool", component_of(other)).value();
  ASSERT_FALSE(differences.empty());
  EXPECT_NE(differences[0].find("field input: the world has string, the component has u8"), std::string::npos) << differences[0];
  EXPECT_FALSE(targets(package, "tool", binary("(module)")));
}

TEST(SemverCheck, TellsAdditionsFromBreaks) {
  const Package before = parse("package a:b@1.0.0; world w { import f: func(x: u32); }");
  EXPECT_TRUE(semver_check(before, parse("package a:b@1.1.0; world w { import f: func(x: u32); import g: func(); }"))->empty());
  const auto breaks = semver_check(before, parse("package a:b@1.1.0; world w { import f: func(x: s32); }")).value();
  ASSERT_EQ(breaks.size(), 1U);
  EXPECT_EQ(breaks[0], "world w: import f: parameter x: the old version has u32, the new version has s32");
  EXPECT_FALSE(semver_check(before, parse("package a:c;")));
}

TEST(Compose, ConnectsImportsToExports) {
  const auto top = component_of("package t:m; interface i { f: func() -> string; } world w { import i; export run: func(); }");
  const auto bottom = component_of("package t:m; interface i { f: func() -> string; } world w { export i; }");
  const NamedComponent parts[] = {{"top", top}, {"bottom", bottom}};
  auto composed = compose(parts);
  ASSERT_TRUE(composed) << composed.error().message();
  const std::string text = Package::decode(*composed)->print().value();
  EXPECT_EQ(text.find("import"), std::string::npos) << text;
  EXPECT_NE(text.find("export run: func();"), std::string::npos) << text;
}

TEST(Compose, RefusesTypesThatDiffer) {
  const auto top = component_of("package t:m; interface i { f: func() -> string; } world w { import i; export run: func(); }");
  const auto bottom = component_of("package t:m; interface i { f: func() -> u32; } world w { export i; }");
  const NamedComponent parts[] = {{"top", top}, {"bottom", bottom}};
  const auto composed = compose(parts);
  ASSERT_FALSE(composed);
  EXPECT_NE(composed.error().message().find("bottom does not fit what top imports as t:m/i"), std::string::npos) << composed.error().message();
}

TEST(Metadata, IsAddedAndRead) {
  auto changed = add_metadata(binary("(component)"), R"({"name": "n", "licenses": "MIT", "processed-by": {"maker": "3"}})");
  ASSERT_TRUE(changed) << changed.error().message();
  const std::string json = read_metadata(*changed).value();
  EXPECT_NE(json.find("\"maker\":\"3\""), std::string::npos) << json;
  EXPECT_NE(json.find("MIT"), std::string::npos) << json;
  EXPECT_NE(add_metadata(*changed, R"({"licence": "MIT"})").error().message().find("licence"), std::string::npos);
  EXPECT_FALSE(add_metadata(*changed, "["));
  EXPECT_FALSE(read_metadata(std::as_bytes(std::span("nothing"))));
}

TEST(Text, IsTranslatedBothWays) {
  const auto module = binary("(module (func (export \"f\") (result i32) i32.const 7))");
  EXPECT_EQ(binary(binary_to_text(module).value()), module);
  EXPECT_NE(binary_to_text(module, {.folded = true})->find("(i32.const 7)"), std::string::npos);
  EXPECT_EQ(binary_to_text(module, {.skeleton = true})->find("i32.const"), std::string::npos);
  EXPECT_EQ(text_to_binary(std::string_view(reinterpret_cast<const char*>(module.data()), module.size())).value(), module);
}

TEST(Text, ErrorsSayFileLineColumnAndSource) {
  const std::string message = text_to_binary("(module\n  (func i32.add_ 1))", "m.wat").error().message();
  EXPECT_NE(message.find("m.wat:2:9"), std::string::npos) << message;
  EXPECT_NE(message.find("(func i32.add_ 1))"), std::string::npos) << message;
  EXPECT_FALSE(binary_to_text(std::as_bytes(std::span("\0asm\1\0\0\0\7", 9))));
  EXPECT_FALSE(text_to_binary("\xff"));
}

TEST(Text, RefusesDeepNesting) {
  std::string deep;
  for (int i = 0; i < 300'000; ++i) {
    deep += "(component ";
  }
  EXPECT_EQ(text_to_binary(deep).error().kind(), ErrorKind::InvalidInput);
}

}  // namespace
}  // namespace tenon::wit
