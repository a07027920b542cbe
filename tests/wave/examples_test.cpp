#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "component/plan.h"
#include "tenon/types.h"
#include "tenon/value.h"
#include "tenon/value_text.h"
#include "tenon/wit.h"

namespace tenon {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

/// The functions of the examples' WIT, as a component would export them.
class WaveExamples : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = TENON_WAVE_EXAMPLES;
    if (folder_.empty() || !fs::exists(folder_ / "ui.wit")) GTEST_SKIP() << "needs the sources of crate wasm-wave 0.254.2; build native/ once with cargo";
    const auto package = wit::Package::parse(content(folder_ / "ui.wit") + "\nworld all { export ui; }\n");
    ASSERT_TRUE(package) << package.error().message();
    const auto module = wit::dummy_module(*package, "all");
    ASSERT_TRUE(module) << module.error().message();
    const auto embedded = wit::embed(*package, *module, {.world = "all"});
    ASSERT_TRUE(embedded) << embedded.error().message();
    const auto made = wit::componentize(*embedded);
    ASSERT_TRUE(made) << made.error().message();
    auto buffer = component::translate(*made);
    ASSERT_TRUE(buffer) << buffer.error().message();
    buffer_ = std::move(*buffer);
    auto plan = component::load(buffer_.bytes());
    ASSERT_TRUE(plan) << plan.error().message();
    plan_ = std::move(*plan);
    for (const component::NamedExtern& exported : plan_.component_types[component::at(plan_.type)].exports) {
      const auto* instance = std::get_if<component::InstanceTypeIndex>(&exported.type);
      if (instance == nullptr) continue;
      for (const component::NamedExtern& item : plan_.instance_types[component::at(*instance)].exports) {
        if (const auto* func = std::get_if<component::FuncTypeIndex>(&item.type)) functions_[item.name] = &plan_.func_types[component::at(*func)];
      }
    }
    ASSERT_TRUE(functions_.contains("basic-record"));
  }

  /// The inputs of a file: they are separated by ";" at a line's end, and may have lines of comment in front.
  std::vector<std::string> inputs(const std::string& file) const {
    std::string rest = content(folder_ / file);
    while (!rest.empty() && (rest.back() == ';' || rest.back() == '\n')) rest.pop_back();
    std::vector<std::string> found;
    for (size_t at = 0; at <= rest.size();) {
      const size_t end = std::min(rest.find(";\n", at), rest.size());
      std::string one = rest.substr(at, end - at);
      while (one.starts_with("//") && one.find('\n') != std::string::npos) one.erase(0, one.find('\n') + 1);
      found.push_back(std::move(one));
      at = end + 2;
    }
    return found;
  }

  /// What the crate made of each input: "name(param: value)".
  std::vector<std::string> outputs(const std::string& file) const {
    std::vector<std::string> found;
    std::istringstream lines(content(folder_ / file));
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("//")) found.push_back(line);
    }
    return found;
  }

  /// The function that an input calls; the examples name it with or without interface, package and version.
  std::pair<std::string, const FuncTypeNode*> function(std::string name) const {
    name = name.substr(0, name.find('@'));
    if (const size_t at = name.find_last_of("./"); at != std::string::npos) name.erase(0, at + 1);
    const auto found = functions_.find(name);
    return {name, found == functions_.end() ? nullptr : found->second};
  }

  Result<std::vector<Value>> read(const std::string& input) const {
    TENON_TRY(const CallText call, parse_call(input));
    const auto [name, func] = function(call.function);
    if (func == nullptr) return fail(ErrorKind::NotFound, "no function " + name);
    return arguments_from_call(call, *plan_.types, *func);
  }

  fs::path folder_;
  component::PlanBuffer buffer_;
  component::Plan plan_;
  std::map<std::string, const FuncTypeNode*> functions_;
};

TEST_F(WaveExamples, AreTakenWithTheSameValues) {
  size_t compared = 0;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const std::string file = entry.path().filename().string();
    if (!file.starts_with("accept-") || !file.ends_with(".waves")) continue;
    const std::vector<std::string> texts = inputs(file);
    const std::vector<std::string> expected = outputs(entry.path().stem().string() + ".out");
    ASSERT_EQ(texts.size(), expected.size()) << file;
    for (size_t i = 0; i < texts.size(); i++) {
      const auto values = read(texts[i]);
      ASSERT_TRUE(values) << file << ": " << texts[i] << ": " << values.error().message();
      const auto [name, func] = function(parse_call(texts[i])->function);
      std::vector<std::string> written;
      for (size_t j = 0; j < values->size(); j++) {
        const Type type(*plan_.types, func->params[j].type);
        const std::string front = expected[i].substr(0, expected[i].find(": ", expected[i].find('(')) + 2);
        const std::string theirs = expected[i].substr(front.size(), expected[i].size() - front.size() - 1);
        const auto same = from_wave(theirs, type);
        ASSERT_TRUE(same) << file << ": " << theirs << ": " << same.error().message();
        EXPECT_EQ(*same, (*values)[j]) << file << ": " << texts[i];
        // Numbers may be written in another way, everything else is the same text.
        const auto ours = to_wave((*values)[j], type);
        ASSERT_TRUE(ours);
        if (name.find("f32") == std::string::npos && name.find("f64") == std::string::npos) {
          EXPECT_EQ(*ours, theirs) << file << ": " << texts[i];
        }
      }
      compared++;
    }
  }
  EXPECT_GT(compared, 60u);
}

TEST_F(WaveExamples, AreRefusedWhereTheCrateRefusesThem) {
  size_t compared = 0;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const std::string file = entry.path().filename().string();
    // The names of functions are not WAVE's: whoever has the component knows which it means.
    if (!file.starts_with("reject-") || !file.ends_with(".waves") || file == "reject-funcs.waves") continue;
    for (const std::string& text : inputs(file)) {
      EXPECT_FALSE(read(text)) << file << ": " << text;
      compared++;
    }
  }
  EXPECT_GT(compared, 60u);
}

}  // namespace
}  // namespace tenon
