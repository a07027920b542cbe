#include "wasi/refusal.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "wasi/driver.h"

namespace tenon::wasi {
namespace {

policy::Guard guard_with(std::vector<std::string> grants) { return {policy::Rules::from_grants(grants).value(), policy::Budget::create({})}; }

Component component_of(std::string_view text) {
  static const Engine engine = Engine::create().value();
  return component::component_of(engine, text).value();
}

const Component& with_all() {
  static const Component component = component_of(driver::driver_guest("0.2.3"));
  return component;
}

TEST(RefusedImports, AreAllThatCannotFailAtOnce) {
  policy::Guard guard = guard_with({});
  const auto refused = refused_imports(with_all(), guard);
  std::vector<std::string> names;
  for (const RefusedImport& each : refused) names.push_back(each.import);
  EXPECT_EQ(names, (std::vector<std::string>{"wasi:clocks/wall-clock@0.2.3", "wasi:random/random@0.2.3", "wasi:random/insecure@0.2.3",
                                             "wasi:random/insecure-seed@0.2.3"}));
  EXPECT_EQ(refused[1].functions, (std::vector<std::string>{"get-random-bytes", "get-random-u64"}));
  const auto checked = check_imports(with_all(), guard);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().kind(), ErrorKind::Denied);
  for (const std::string_view part : {"wasi:clocks/wall-clock@0.2.3 (now, resolution) needs clock:wall", "wasi:random/random@0.2.3", "random:secure",
                                      "wasi:random/insecure-seed@0.2.3 (insecure-seed) needs random:insecure", "--grant clock:wall"}) {
    EXPECT_NE(checked.error().message().find(part), std::string::npos) << part << " in " << checked.error().message();
  }
}

TEST(RefusedImports, AreNotedForTheReceipt) {
  policy::Guard guard = guard_with({});
  EXPECT_FALSE(check_imports(with_all(), guard));
  size_t denied = 0;
  for (const policy::Decision& decision : guard.decisions()) denied += decision.verdict == policy::Verdict::Denied ? 1 : 0;
  EXPECT_EQ(denied, 3);
}

TEST(RefusedImports, AreNoneUnderTheGrantsOfCommands) {
  policy::Guard guard = guard_with({"command"});
  EXPECT_TRUE(check_imports(with_all(), guard));
  for (const policy::Decision& decision : guard.decisions()) EXPECT_EQ(decision.verdict, policy::Verdict::Allowed);
}

TEST(RefusedImports, AreUsesOfWhatAllowsThemSoThatALearnedPolicyHasIt) {
  policy::RuleLayer layer;
  layer.scopes.push_back({.name = "observed", .rules = {{.capability = std::nullopt, .mode = policy::Mode::Observe, .source = {}}}});
  policy::Guard guard(policy::Rules::create({layer}), policy::Budget::create({}));
  EXPECT_TRUE(check_imports(with_all(), guard));
  std::vector<std::string> observed;
  for (const policy::Decision& decision : guard.decisions()) {
    EXPECT_EQ(decision.verdict, policy::Verdict::Observed);
    observed.push_back(decision.capability);
  }
  EXPECT_EQ(observed, (std::vector<std::string>{"clock:wall", "random:secure", "random:insecure"}));
}

TEST(RefusedImports, AreThoseWithoutAGrantAlone) {
  policy::Guard guard = guard_with({"clock:wall", "random:insecure"});
  const auto refused = refused_imports(with_all(), guard);
  ASSERT_EQ(refused.size(), 1);
  EXPECT_EQ(refused[0].access, policy::Access::RandomSecure);
}

TEST(RefusedImports, AreNoInterfacesOfWhichOnlyTypesAreImported) {
  const Component component = component_of(R"((component
    (import "wasi:clocks/wall-clock@0.2.0" (instance
      (type $t (record (field "seconds" u64) (field "nanoseconds" u32)))
      (export "datetime" (type (eq $t)))))))");
  policy::Guard guard = guard_with({});
  EXPECT_TRUE(check_imports(component, guard));
}

}  // namespace
}  // namespace tenon::wasi
