#include "cli/guest.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace tenon::cli {
namespace {

const std::vector<GuestFunc> functions = {
    {.instance = "", .name = "run", .type = ""},
    {.instance = "a:b/calc@1.2.0", .name = "add", .type = ""},
    {.instance = "a:b/calc@1.2.0", .name = "[method]counter.get", .type = ""},
    {.instance = "c:d/calc@2.0.0", .name = "subtract", .type = ""},
    {.instance = "c:d/other", .name = "add", .type = ""},
};

std::string found(std::string_view name) {
  const auto index = find_function(functions, name);
  return index ? functions[*index].display() : index.error().message();
}

TEST(FindFunction, TakesAnyNameThatIsClear) {
  EXPECT_EQ(found("run"), "run");
  for (std::string_view name : {"a:b/calc@1.2.0/add", "a:b/calc@1.2.0#add", "a:b/calc/add", "calc/add", "calc.add", "a:b/calc.add@1.2.0"})
    EXPECT_EQ(found(name), "a:b/calc@1.2.0/add") << name;
  EXPECT_EQ(found("subtract"), "c:d/calc@2.0.0/subtract");
  EXPECT_EQ(found("c:d/other/add"), "c:d/other/add");
  EXPECT_EQ(found("calc/[method]counter.get"), "a:b/calc@1.2.0/[method]counter.get");
}

TEST(FindFunction, RefusesWhatIsNot) {
  EXPECT_EQ(found("add"), "\"add\" could be any of: a:b/calc@1.2.0/add, c:d/other/add");
  EXPECT_EQ(found("subtrakt"), "there is no exported function \"subtrakt\"; did you mean \"subtract\"?");
  EXPECT_TRUE(found("").starts_with("there is no exported function \"\"; there are: run, "));
  EXPECT_TRUE(found("a:b/calc@9.0.0/add").starts_with("there is no exported function \"a:b/calc@9.0.0/add\""));
  EXPECT_EQ(find_function({}, "x").error().message(), "there is no exported function \"x\"; it exports no function");
}

}  // namespace
}  // namespace tenon::cli
