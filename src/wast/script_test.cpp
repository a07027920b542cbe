#include "wast/script.h"

#include <gtest/gtest.h>

namespace tenon::wast {
namespace {

TEST(Script, KeepsDirectivesInOrderWithTheirLines) {
  const Script script = *Script::parse(R"((component definition $d)
(component instance $i $d)
(invoke "f" (u32.const 7))
(assert_trap (component) "reason")
(register "name" $i))");
  ASSERT_EQ(script.directives.size(), 5);
  EXPECT_EQ(script.directives[0].kind, DirectiveKind::ModuleDefinition);
  EXPECT_EQ(script.directives[0].name, "d");
  EXPECT_EQ(script.directives[1].kind, DirectiveKind::ModuleInstance);
  EXPECT_EQ(script.directives[1].name, "i");
  EXPECT_EQ(script.directives[1].module, "d");
  EXPECT_EQ(script.directives[2].kind, DirectiveKind::Action);
  EXPECT_EQ(script.directives[2].line, 3);
  EXPECT_EQ(script.directives[2].action.field, "f");
  EXPECT_EQ(script.directives[2].action.arguments.at(0).at("value"), "7");
  EXPECT_EQ(script.directives[3].kind, DirectiveKind::AssertUninstantiable);
  EXPECT_EQ(script.directives[3].text, "reason");
  EXPECT_EQ(script.directives[4].as, "name");
}

TEST(Script, EncodesComponentsAndCoreModules) {
  const Script script = *Script::parse("(module) (component)");
  const auto& module = script.files[script.directives[0].file].bytes;
  const auto& component = script.files[script.directives[1].file].bytes;
  ASSERT_EQ(module.size(), 8);
  ASSERT_EQ(component.size(), 8);
  EXPECT_EQ(module[4], std::byte{1});
  EXPECT_EQ(component[4], std::byte{0x0d});
}

TEST(Script, KeepsTheReasonOfQuotedTextThatDoesNotParse) {
  const Script script = *Script::parse(R"w((assert_malformed (component quote "(nonsense)") "nonsense"))w");
  const ScriptFile& file = script.files[script.directives[0].file];
  ASSERT_TRUE(file.error);
  EXPECT_NE(file.error->find("nonsense"), std::string::npos);
}

TEST(Script, CountsTheDirectivesOfThreads) {
  const Script script = *Script::parse(R"((module) (thread $t (module) (module)) (wait $t))");
  EXPECT_EQ(script.directives.size(), 3);
  EXPECT_EQ(script.size(), 5);
  EXPECT_EQ(script.directives[1].name, "t");
  EXPECT_EQ(script.directives[2].name, "t");
}

TEST(Script, ReadsTheSettingsThatItBeginsWith) {
  const Script script = *Script::parse(";;! gc = true\r\n;;!  component_model_map=false \n;;! memory64 = yes\n;;!nonsense\n(component)\n;;! threads = true\n");
  EXPECT_EQ(script.settings, (std::map<std::string, bool, std::less<>>{{"gc", true}, {"component_model_map", false}}));
  EXPECT_TRUE(Script::parse("(component)\n;;! gc = true")->settings.empty());
}

TEST(Script, KeepsCustomSections) {
  const Script script = *Script::parse(R"((module (@custom "tenon" "abc")) (component (@custom "tenon" "abc")))");
  for (const Directive& directive : script.directives) {
    const auto& bytes = script.files[directive.file].bytes;
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    EXPECT_NE(text.find("\x05tenonabc"), std::string_view::npos);
  }
}

TEST(Script, RefusesWrongTextWithLineAndColumn) {
  const auto script = Script::parse("(component)\n  (bogus)");
  ASSERT_FALSE(script);
  EXPECT_EQ(script.error().kind(), ErrorKind::InvalidInput);
  EXPECT_EQ(script.error().message().find("line 2, column 4: "), 0) << script.error().message();
}

TEST(Script, RefusesWhatIsNotText) {
  const auto script = Script::parse("\xff\xfe");
  ASSERT_FALSE(script);
  EXPECT_EQ(script.error().kind(), ErrorKind::InvalidInput);
}

TEST(Script, RefusesANestThatNoStackWouldHold) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "(component ";
  EXPECT_FALSE(Script::parse(text));
}

}  // namespace
}  // namespace tenon::wast
