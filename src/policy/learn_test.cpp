#include "policy/learn.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "policy/capability.h"
#include "policy/guard.h"
#include "policy/policy_file.h"

namespace tenon::policy {
namespace {

Decision used(std::string capability, Verdict verdict = Verdict::Observed) {
  const auto parsed = Capability::parse(capability);
  Access access{};
  for (size_t i = 0; i < access_count; ++i) {
    if (parsed && parsed->concerns(static_cast<Access>(i))) access = static_cast<Access>(i);
  }
  return {.access = access, .verdict = verdict, .capability = std::move(capability), .rule = "", .count = 1};
}

bool has_no_dot(std::string_view path) { return path.find('.') == path.npos; }

/// The capabilities of the learned policy, a line each.
std::string learned(const std::vector<Decision>& decisions, LearnOptions options = {.is_folder = has_no_dot}) {
  const std::string text = learn_policy(decisions, options);
  EXPECT_TRUE(PolicyFile::parse(text, "learned.toml")) << text;
  std::string lines;
  for (size_t at = text.find("\n  "); at != text.npos; at = text.find("\n  ", at + 1)) lines += text.substr(at + 3, text.find(",\n", at) - at - 3) + "\n";
  return lines;
}

TEST(Learn, WritesAPolicyThatIsRead) {
  EXPECT_EQ(learn_policy(std::vector{used("env:read:HOME"), used("args", Verdict::Allowed), used("stdio:stdout", Verdict::Allowed),
                                     used("filesystem:read:/data/a.txt"), used("random:secure", Verdict::Denied)},
                         {.package = "acme/tools", .item = "search", .is_folder = has_no_dot}),
            R"(# What the run was allowed and used.
version = 1

[package."acme/tools".item."search"]
allow = [
  "filesystem:read:/data/a.txt",
  "env:read:HOME",
  "args",
]
# Denied, and not added: random:secure
)");
  EXPECT_EQ(learn_policy({}), "# What the run was allowed and used.\nversion = 1\n\n[default]\nallow = [\n]\n");
}

TEST(Learn, PutsTheFilesOfAFolderTogether) {
  EXPECT_EQ(learned({used("filesystem:read:/data/a.txt"), used("filesystem:read:/data/b.txt"), used("filesystem:read:/data/c.txt"),
                     used("filesystem:read:/logs/x.log")}),
            "\"filesystem:read:/data/a.txt\"\n\"filesystem:read:/data/b.txt\"\n\"filesystem:read:/data/c.txt\"\n\"filesystem:read:/logs/x.log\"\n");
  EXPECT_EQ(learned({used("filesystem:read:/data/a.txt"), used("filesystem:read:/data/b.txt"), used("filesystem:read:/data/c.txt"),
                     used("filesystem:read:/data/d.txt"), used("filesystem:write:/data/d.txt")}),
            "\"filesystem:read:/data/*\"\n\"filesystem:write:/data/d.txt\"\n");
}

TEST(Learn, AFolderAloneDoesNotOpenWhatIsInIt) {
  EXPECT_EQ(learned({used("filesystem:list:/data"), used("filesystem:read:/data"), used("filesystem:read:/unknown"), used("filesystem:list:/.")}),
            "\"filesystem:read:/data/.\"\n\"filesystem:read:/unknown/.\"\n\"filesystem:list:/.\"\n\"filesystem:list:/data/.\"\n");
  EXPECT_EQ(learned({used("filesystem:read:/data/x.txt")}, {}), "\"filesystem:read:/data/x.txt/.\"\n");
}

TEST(Learn, WhatARuleForAFolderAllowedStandsForAllBeneath) {
  // Such a use is noted once, for the folder.
  const auto allowed = [](std::string capability, std::string rule) {
    Decision decision = used(std::move(capability), Verdict::Allowed);
    decision.rule = std::move(rule);
    return decision;
  };
  EXPECT_EQ(learned({allowed("filesystem:read:/w", "filesystem:read:/w (--dir)"), allowed("filesystem:read:/w/inner", "filesystem:read:/w (--dir)"),
                     used("filesystem:read:/w/a.txt"), used("filesystem:write:/w/a.txt"), allowed("filesystem:list:/x/y", "filesystem:*:/x/** (p.toml:3)")}),
            "\"filesystem:read:/w\"\n\"filesystem:write:/w/a.txt\"\n\"filesystem:list:/x/y\"\n");
  EXPECT_EQ(learned({allowed("filesystem:read:/w", "filesystem:read:/w/. (p.toml:3)"), allowed("filesystem:read:/v/a", "filesystem:read:/v/* (p.toml:4)")}),
            "\"filesystem:read:/v/a/.\"\n\"filesystem:read:/w/.\"\n");
}

TEST(Learn, AWalkOverManyFoldersBecomesTheirFolder) {
  std::vector<Decision> decisions = {used("filesystem:list:/src")};
  for (int i = 0; i < 9; ++i) {
    decisions.push_back(used("filesystem:list:/src/f" + std::to_string(i)));
    decisions.push_back(used("filesystem:read:/src/f" + std::to_string(i) + "/a.cpp"));
  }
  EXPECT_EQ(learned(decisions), "\"filesystem:read:/src/**\"\n\"filesystem:list:/src/*\"\n\"filesystem:list:/src/.\"\n");
  decisions.erase(decisions.begin());
  EXPECT_EQ(learned(decisions).find("/src/**"), std::string::npos);
}

TEST(Learn, NeverOpensTheWholeRoot) {
  std::vector<Decision> decisions = {used("filesystem:list:/.")};
  for (int i = 0; i < 20; ++i) decisions.push_back(used("filesystem:read:/f" + std::to_string(i) + "/a.cpp"));
  EXPECT_EQ(learned(decisions).find("/**"), std::string::npos);
}

TEST(Learn, PutsRequestsOfOnePathTogether) {
  EXPECT_EQ(learned({used("http:GET:https://a.com/v1/x"), used("http:GET:https://a.com/v1/x/y"), used("http:POST:https://a.com/v1/x")}),
            "\"http:GET:https://a.com/v1/x\"\n\"http:POST:https://a.com/v1/x\"\n");
  EXPECT_EQ(learned({used("http:GET:https://a.com/v1/a"), used("http:GET:https://a.com/v1/b"), used("http:GET:https://a.com/v1/c"),
                     used("http:GET:https://a.com/v1/d"), used("http:GET:https://b.com/v1/d")}),
            "\"http:GET:https://a.com/v1\"\n\"http:GET:https://b.com/v1/d\"\n");
  EXPECT_EQ(learned({used("http:GET:https://a.com")}), "\"http:GET:https://a.com\"\n");
}

TEST(Learn, ALookUpGoesWithItsHost) {
  EXPECT_EQ(learned({used("network:resolve:a.com"), used("network:outbound:tcp://a.com:443"), used("network:resolve:b.com"), used("network:resolve:127.0.0.1"),
                     used("network:listen:tcp://127.0.0.1:0")}),
            "\"network:outbound:tcp://a.com:443\"\n\"network:listen:tcp://127.0.0.1:0\"\n\"network:resolve:127.0.0.1\"\n\"network:resolve:b.com\"\n");
}

TEST(Learn, SaysWhatItCouldNotAdd) {
  const std::string text = learn_policy(std::vector{used("filesystem:read:…"), used("filesystem:read:/a\nallow = [\"*\"]"), used("env:read:A\\x0A")});
  EXPECT_TRUE(PolicyFile::parse(text, "learned.toml")) << text;
  EXPECT_NE(text.find("allow = [\n]\n"), std::string::npos) << text;
  EXPECT_NE(text.find("# Not one capability, and not added: filesystem:read:…\n"), std::string::npos) << text;
  std::vector<Decision> many;
  for (int i = 0; i < 1000; ++i) many.push_back(used("env:read:A" + std::to_string(i), Verdict::Denied));
  EXPECT_LT(learn_policy(many).size(), 5000u);
}

TEST(Learn, QuotesWhatTomlReadsOtherwise) {
  EXPECT_EQ(learned({used("filesystem:read:/a\\*b.txt")}), "'filesystem:read:/a\\*b.txt'\n");
  EXPECT_EQ(learned({used("filesystem:read:/a\\*'\".txt")}), "\"filesystem:read:/a\\\\*'\\\".txt\"\n");
  EXPECT_TRUE(PolicyFile::parse(learn_policy({}, {.package = "a\"\\\n'b"}), "x"));
}

TEST(Learn, AllowsAllThatWasUsed) {
  std::mt19937 random(1);
  const auto pick = [&random](uint32_t below) { return random() % below; };
  RuleLayer observe;
  observe.scopes.push_back({.name = "test", .rules = {{.capability = {}, .effect = Effect::Allow, .mode = Mode::Observe, .source = {}}}});
  for (int round = 0; round < 200; ++round) {
    struct Step {
      Access access{};
      std::string path;
    };
    std::vector<Step> steps;
    for (uint32_t i = pick(60); i > 0; --i) {
      std::string path;
      for (uint32_t depth = pick(4); depth > 0; --depth) path += "/" + std::string(1, static_cast<char>('a' + pick(12))) + (pick(3) == 0 ? "*" : "");
      steps.push_back({static_cast<Access>(pick(5)), path.empty() ? "/" : path});
    }
    const auto run = [&](Guard& guard) {
      bool all = true;
      for (const Step& step : steps) all = guard.allow_path(step.access, step.path) && all;
      all = guard.allow_resolve("a.com") && all;
      guard.note_resolved("a.com", *parse_address("10.0.0.1"));
      all = guard.allow_address(Access::NetworkOutbound, Transport::Tcp, *parse_address("10.0.0.1"), 80) && all;
      return guard.allow_http({"GET", "http", "b.com", 80, "/x" + std::to_string(pick(9))}) && all;
    };
    Guard first(Rules::create({observe}), nullptr);
    const auto seed = random;
    EXPECT_TRUE(run(first));
    const std::string text = learn_policy(first.decisions());
    const auto file = PolicyFile::parse(text, "learned.toml");
    ASSERT_TRUE(file) << text;
    Guard second(make_rules({.file = file->get()}), nullptr);
    random = seed;
    EXPECT_TRUE(run(second)) << text;
  }
}

}  // namespace
}  // namespace tenon::policy
