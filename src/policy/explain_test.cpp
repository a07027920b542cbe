#include "policy/explain.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "policy/policy_file.h"

namespace tenon::policy {
namespace {

constexpr std::string_view sample = R"(version = 1
[default]
allow = ["network:outbound:api.example.com:443", "http:GET:https://api.example.com/v1"]
[package."acme/tools"]
allow = ["filesystem:read:/data", { capability = "env:read:HOME", mode = "observe" }]
deny = ["filesystem:read:/data/private"]
)";

std::shared_ptr<const Rules> rules_for(std::string_view package) {
  const auto file = PolicyFile::parse(sample, "policy.toml");
  const auto asked = rules_of_grants(std::vector<std::string>{"filesystem:read:/", "env:read:*", "network:outbound:*", "http:*:*"}, "component.toml");
  return make_rules({.file = file->get(), .target = {std::string(package), ""}, .asked = *asked, .asked_place = "component.toml"});
}

std::string why(const Rules& rules, std::string_view capability) {
  const auto explanation = explain(rules, *Capability::parse(capability));
  return explanation ? explanation->to_text() : "refused: " + explanation.error().message() + "\n";
}

TEST(Explain, NamesTheRuleThatAllows) {
  EXPECT_EQ(why(*rules_for("acme/tools"), "filesystem:read:/data/x"),
            "allowed: filesystem:read:/data/x\n"
            "  the package asks for it: filesystem:read:/ (component.toml)\n"
            "  the operator allows it: filesystem:read:/data (policy.toml:5)\n");
  EXPECT_EQ(why(*rules_for(""), "stdio:stdout"),
            "allowed: stdio:stdout\n"
            "  the package asks for it: stdio:stdout (built in)\n"
            "  the operator allows it: stdio:stdout (built in)\n");
}

TEST(Explain, NamesTheLineThatDenies) {
  EXPECT_EQ(why(*rules_for("acme/tools"), "filesystem:read:/data/private/x"),
            "denied: filesystem:read:/data/private/x\n"
            "  the package asks for it: filesystem:read:/ (component.toml)\n"
            "  the operator denies it: deny filesystem:read:/data/private (policy.toml:6)\n"
            "to allow it: take \"filesystem:read:/data/private\" out of policy.toml:6, or allow it in a more specific section\n");
}

TEST(Explain, NamesTheLinesThatAreMissingAndWhere) {
  EXPECT_EQ(why(*rules_for("acme/tools"), "filesystem:write:/data/x"),
            "denied: filesystem:write:/data/x\n"
            "  the package does not ask for it\n"
            "  the operator has no rule for it\n"
            "to allow it: add \"filesystem:write:/data/x\" to what the package asks for in component.toml\n"
            "to allow it: add \"filesystem:write:/data/x\" to allow in [package.\"acme/tools\"] of policy.toml\n");
  EXPECT_EQ(why(**Rules::from_grants({}), "env:read:HOME"),
            "denied: env:read:HOME\n"
            "  the operator has no rule for it\n"
            "to allow it: add --grant env:read:HOME\n");
}

TEST(Explain, SaysWhatIsOnlyObserved) {
  EXPECT_EQ(why(*rules_for("acme/tools"), "env:read:HOME"),
            "observed: env:read:HOME\n"
            "  the package asks for it: env:read:* (component.toml)\n"
            "  the operator observes it: observe env:read:HOME (policy.toml:5)\n");
}

TEST(Explain, TakesHostsAsLookedUp) {
  const auto rules = rules_for("");
  const auto verdict = [&rules](std::string_view capability) { return explain(*rules, *Capability::parse(capability))->verdict; };
  EXPECT_EQ(verdict("network:outbound:api.example.com:443"), Verdict::Allowed);
  EXPECT_EQ(verdict("network:outbound:api.example.com"), Verdict::Allowed);
  EXPECT_EQ(verdict("network:outbound:api.example.com:80"), Verdict::Denied);
  EXPECT_EQ(verdict("network:outbound:api.example.com+private:443"), Verdict::Denied);
  EXPECT_EQ(verdict("network:outbound:93.184.216.34:443"), Verdict::Denied);
  EXPECT_EQ(verdict("http:GET:api.example.com/v1/models"), Verdict::Allowed);
  EXPECT_EQ(verdict("http:GET:http://api.example.com/v1"), Verdict::Denied);
  EXPECT_EQ(verdict("http:POST:api.example.com/v1"), Verdict::Denied);
}

TEST(Explain, AsksAboutOneThingOnly) {
  const auto rules = rules_for("");
  for (const char* capability :
       {"filesystem:*:/data", "filesystem:read:/data/*", "env:read:A*", "network:outbound:*:443", "network:outbound:a.com:1-2", "network:outbound:10.0.0.0/8:1",
        "network:resolve:*.a.com", "http:*:a.com", "http:GET:*", "http:GET:a.com:*", "clock:*", "ai:model:load"}) {
    EXPECT_FALSE(explain(*rules, *Capability::parse(capability))) << capability;
  }
  for (const char* capability :
       {"filesystem:list:/", "args", "network:resolve:a.com", "network:resolve:127.0.0.1", "network:listen:127.0.0.1:80", "http:GET:[::1]:8080/x"})
    EXPECT_TRUE(explain(*rules, *Capability::parse(capability))) << capability;
}

std::string document() {
  auto text = base::read_file(TENON_SOURCE_DIR "/docs/policy.md", 1 << 20);
  EXPECT_TRUE(text);
  return text ? *text : "";
}

/// The texts in backticks.
std::vector<std::string> codes(std::string_view cell) {
  std::vector<std::string> found;
  for (size_t at = cell.find('`'); at != cell.npos; at = cell.find('`', at + 1)) {
    const size_t end = cell.find('`', at + 1);
    found.emplace_back(cell.substr(at + 1, end - at - 1));
    at = end;
  }
  return found;
}

/// The rows of the table whose head begins so, cut into cells.
std::vector<std::vector<std::string>> table(const std::string& text, const std::string& head) {
  std::vector<std::vector<std::string>> rows;
  size_t at = text.find("| " + head);
  EXPECT_NE(at, text.npos);
  for (int skipped = 0; skipped < 2; ++skipped) at = text.find('\n', at) + 1;
  for (; text[at] == '|'; at = text.find('\n', at) + 1) {
    const std::string_view line = std::string_view(text).substr(at, text.find('\n', at) - at);
    std::vector<std::string>& row = rows.emplace_back();
    for (size_t cell = 1; cell < line.size();) {
      const size_t end = line.find('|', cell);
      row.emplace_back(line.substr(cell, end - cell));
      cell = end + 1;
    }
  }
  return rows;
}

TEST(PolicyDocument, ItsRulesMatchAsItSays) {
  const auto rows = table(document(), "rule |");
  EXPECT_GT(rows.size(), 10u);
  for (const auto& row : rows) {
    const std::vector<std::string> rule = codes(row.at(0));
    const auto rules = Rules::from_grants(rule);
    ASSERT_TRUE(rules) << rule.at(0) << ": " << rules.error().message();
    for (const size_t column : {1, 2}) {
      for (const std::string& asked : codes(row.at(column))) {
        const auto capability = Capability::parse(asked);
        ASSERT_TRUE(capability) << capability.error().message();
        const auto explanation = explain(**rules, *capability);
        ASSERT_TRUE(explanation) << explanation.error().message();
        EXPECT_EQ(explanation->verdict, column == 1 ? Verdict::Allowed : Verdict::Denied) << rule.at(0) << " and " << asked;
      }
    }
  }
}

TEST(PolicyDocument, ItsFormsAreReadAsItSays) {
  const auto rows = table(document(), "written |");
  EXPECT_GT(rows.size(), 10u);
  for (const auto& row : rows) {
    const std::string written = codes(row.at(0)).at(0);
    const std::vector<std::string> read = codes(row.at(1));
    const auto capability = Capability::parse(written);
    EXPECT_EQ(capability.has_value(), !read.empty()) << written;
    if (!capability || read.empty()) continue;
    EXPECT_EQ(capability->to_string(), read.at(0));
  }
}

TEST(PolicyDocument, ItsFilesAreRead) {
  const std::string text = document();
  size_t count = 0;
  for (size_t at = text.find("```toml\n"); at != text.npos; at = text.find("```toml\n", at)) {
    at += 8;
    const auto file = PolicyFile::parse(text.substr(at, text.find("```", at) - at), "policy.toml");
    EXPECT_TRUE(file) << to_error(file.error()).message();
    ++count;
  }
  EXPECT_EQ(count, 2u);
}

}  // namespace
}  // namespace tenon::policy
