#include "wit/core_module.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "tenon/wit.h"

namespace tenon::wit {
namespace {

std::string text_of(const std::vector<CoreItem>& items) {
  std::string text;
  for (const CoreItem& item : items) text += item.module + (item.module.empty() ? "" : ".") + item.name + ": " + item.kind + " " + item.type + "\n";
  return text;
}

CoreModule read(std::string_view text) {
  const auto binary = text_to_binary(text);
  EXPECT_TRUE(binary) << (binary ? "" : binary.error().message());
  auto module = read_core_module(*binary);
  EXPECT_TRUE(module) << (module ? "" : module.error().message());
  return std::move(*module);
}

TEST(CoreModule, ListsImportsOfEachKindEvenTwice) {
  const CoreModule module = read(R"((module
    (import "a" "f" (func (param i32 f64) (result i64 v128)))
    (import "a" "f" (func))
    (import "a" "t" (table 1 2 funcref))
    (import "a" "m" (memory i64 1))
    (import "a" "g" (global (mut externref)))
    (import "a" "e" (tag (param i32)))))");
  EXPECT_EQ(text_of(module.imports),
            "a.f: func (i32, f64) -> (i64, v128)\na.f: func () -> ()\na.t: table 1..2 of funcref\na.m: memory 1.., 64-bit\na.g: global mut externref\na.e: tag "
            "(i32) -> ()\n");
  EXPECT_TRUE(module.memories.empty());
}

TEST(CoreModule, GivesExportsTheTypesOfWhatTheyName) {
  const CoreModule module = read(R"((module
    (import "a" "f" (func $imported (param f32)))
    (rec (type $pair (sub (struct (field i8) (field (mut (ref null $pair)))))) (type $row (array i16)))
    (type $callback (func (param (ref $pair) (ref null func)) (result i31ref)))
    (func $own (type $callback) unreachable)
    (table $t 3 (ref null func) (ref.null func))
    (memory $m 1 4 shared)
    (global $g0 f64 (f64.const 11))
    (global $g1 (mut i64) (i64.add (i64.const 0x0b) (i64.const -1)))
    (global $g2 v128 (v128.const i64x2 11 11))
    (tag $e (param i64))
    (export "imported" (func $imported)) (export "own" (func $own)) (export "t" (table $t)) (export "m" (memory $m))
    (export "g0" (global $g0)) (export "g1" (global $g1)) (export "g2" (global $g2)) (export "e" (tag $e))))");
  EXPECT_EQ(text_of(module.exports),
            "imported: func (f32) -> ()\nown: func ((ref 0), funcref) -> (i31ref)\nt: table 3.. of funcref\nm: memory 1..4, shared\ng0: global "
            "f64\ng1: global mut i64\ng2: global v128\ne: tag (i64) -> ()\n");
}

TEST(CoreModule, KeepsWhatItCannotTypeWithoutAType) {
  const CoreModule module =
      read("(module (type $s (struct)) (global $g (export \"g\") (ref $s) (struct.new $s)) (global $h (export \"h\") i32 (i32.const 1)))");
  EXPECT_EQ(text_of(module.exports), "g: global (ref 0)\nh: global \n");
}

TEST(CoreModule, ReadsMemoriesWithTheirLimits) {
  const CoreModule module = read("(module (import \"a\" \"b\" (memory 9)) (memory 1 2) (memory i64 3) (memory 4 5 shared) (memory 0 (pagesize 1)))");
  ASSERT_EQ(module.memories.size(), 4u);
  EXPECT_EQ(module.memories[0].maximum, 2u);
  EXPECT_TRUE(module.memories[1].is_64);
  EXPECT_EQ(module.memories[1].minimum, 3u);
  EXPECT_TRUE(module.memories[2].is_shared);
  EXPECT_EQ(module.memories[3].page_bytes, 1u);
}

TEST(CoreModule, RefusesSectionsThatEndEarlyOrCountTooFar) {
  const auto refused = [](std::string_view sections) {
    std::string text = std::string("\0asm\1\0\0\0", 8) + std::string(sections);
    const auto module = read_core_module(std::as_bytes(std::span(text)));
    return module ? "read" : module.error().message();
  };
  EXPECT_EQ(refused(std::string_view("\2\3\2\1a", 5)), "the import section is cut off or of a form that is not known");
  EXPECT_EQ(refused(std::string_view("\7\5\xff\xff\xff\xff\x0f", 7)), "the export section has more than 1000000 entries");
  EXPECT_EQ(refused(std::string_view("\1\2\1\x33", 4)), "the type section is cut off or of a form that is not known");
}

}  // namespace
}  // namespace tenon::wit
