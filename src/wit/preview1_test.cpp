#include "wit/preview1.h"

#include <gtest/gtest.h>

#include "tenon/wit.h"

namespace tenon::wit {
namespace {

std::vector<std::byte> binary(std::string_view text) { return text_to_binary(text).value(); }

TEST(Preview1, IsKnownByTheModuleThatIsImported) {
  EXPECT_TRUE(*imports_preview1(binary("(module (import \"wasi_snapshot_preview1\" \"sched_yield\" (func (result i32))))")));
  EXPECT_FALSE(*imports_preview1(binary("(module (import \"wasi_unstable\" \"sched_yield\" (func (result i32))))")));
  EXPECT_FALSE(*imports_preview1(binary("(module)")));
  EXPECT_FALSE(imports_preview1(std::as_bytes(std::span("\0asm\1\0\0\0\2\xff", 10))));
}

TEST(Preview1, MakesAComponentThatRuns) {
  const ComponentRecipe& recipe = preview1_recipe();
  EXPECT_EQ(recipe.name.size(), 27U) << recipe.name;
  const auto made = recipe.make(binary(R"((module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))) (memory (export "memory") 1)
    (func (export "_start"))))"));
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_NE(Package::decode(*made)->print()->find("export wasi:cli/run@"), std::string::npos);
  EXPECT_NE(Package::decode(*made)->print()->find("import tenon:preview1/exit@0.1.0"), std::string::npos);
  EXPECT_FALSE(recipe.make(binary("(module (import \"wasi_snapshot_preview1\" \"no_such_thing\" (func)) (memory (export \"memory\") 1))")));
}

TEST(Preview1, LeavesAloneWhatDoesNotExit) {
  const auto made = preview1_recipe().make(binary(R"((module (import "wasi_snapshot_preview1" "fd_close" (func (param i32) (result i32)))
    (memory (export "memory") 1) (func (export "add"))))"));
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(Package::decode(*made)->print()->find("tenon:preview1"), std::string::npos);
}

}  // namespace
}  // namespace tenon::wit
