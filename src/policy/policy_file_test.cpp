#include "policy/policy_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "policy/units.h"

namespace tenon::policy {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view sample = R"(version = 1

[default]
allow = ["clock:wall", "env:read:LANG"]
deny = ["env:read:*_KEY", "network:outbound:169.254.0.0/16"]
budget = "strict"

[mounts]
"/data" = "/srv/data"
"/models/" = { host = "models", read-only = true, crosses-mounts = false }

[secrets]
API_KEY = { env = "OPENAI_KEY", host = "api.openai.com" }

[package."acme/tools"]
allow = ["filesystem:read:/data", { capability = "env:read:HOME", mode = "observe" }, "command"]
observe = ["http:GET:api.example.com"]
budget = { time = "60s", memory = "256MB", bytes-out = 1048576 }
deterministic = { seed = 7, start = 2025-01-01T01:00:00+01:00, step = "1ms" }
mounts = { "/data" = "/srv/acme" }

[package."acme/tools".item.search]
allow = ["env:read:SEARCH_KEY"]
deny = ["filesystem:read:/data/private"]
deterministic = false
secrets = { API_KEY = { file = "key.txt", host = ["a.com:8443", "127.0.0.1"], allow-plain = true } }
)";

std::shared_ptr<const PolicyFile> parse(std::string_view text, std::string_view name = "conf/policy.toml") {
  auto file = PolicyFile::parse(text, name);
  EXPECT_TRUE(file) << to_error(file.error()).message();
  return file ? *file : nullptr;
}

std::string problems(std::string_view text) {
  const auto file = PolicyFile::parse(text, "p.toml");
  return file ? "none" : to_error(file.error()).message();
}

Ruling env(const Rules& rules, std::string_view name) { return rules.answer({.access = Access::EnvRead, .text = name}); }
Ruling read(const Rules& rules, std::string_view path) { return rules.answer({.access = Access::FilesystemRead, .text = path}); }

/// A folder that is gone at the end.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "tenon-policy-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path_); }
  fs::path write(const std::string& name, std::string_view content) const {
    const fs::path path = path_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

TEST(PolicyFile, GivesEachTargetItsRules) {
  const auto file = parse(sample);
  ASSERT_TRUE(file);
  const auto none = make_rules({.file = file.get()});
  EXPECT_EQ(env(*none, "LANG").verdict, Verdict::Allowed);
  EXPECT_EQ(env(*none, "HOME").verdict, Verdict::Denied);
  EXPECT_EQ(read(*none, "/data/x").verdict, Verdict::Denied);
  const auto package = make_rules({.file = file.get(), .target = {"acme/tools", ""}});
  EXPECT_EQ(env(*package, "LANG").verdict, Verdict::Allowed);
  EXPECT_EQ(env(*package, "HOME").verdict, Verdict::Observed);
  EXPECT_EQ(env(*package, "SEARCH_KEY").verdict, Verdict::Denied);
  EXPECT_EQ(read(*package, "/data/private").verdict, Verdict::Allowed);
  EXPECT_EQ(package->answer({.access = Access::Args}).verdict, Verdict::Allowed);
  const auto item = make_rules({.file = file.get(), .target = {"acme/tools", "search"}});
  EXPECT_EQ(env(*item, "SEARCH_KEY").verdict, Verdict::Allowed);
  EXPECT_EQ(env(*item, "OTHER_KEY").verdict, Verdict::Denied);
  EXPECT_EQ(read(*item, "/data/private/x").verdict, Verdict::Denied);
  EXPECT_EQ(read(*item, "/data/x").verdict, Verdict::Allowed);
}

TEST(PolicyFile, RulesKnowWhereTheyStand) {
  const auto file = parse(sample);
  const auto rules = make_rules({.file = file.get(), .target = {"acme/tools", "search"}});
  EXPECT_EQ(read(*rules, "/data/x").rule->to_string(), "filesystem:read:/data (conf/policy.toml:16)");
  EXPECT_EQ(read(*rules, "/data/private").rule->to_string(), "deny filesystem:read:/data/private (conf/policy.toml:24)");
  EXPECT_EQ(env(*rules, "OTHER_KEY").rule->source.key, "default.deny[0]");
  EXPECT_EQ(env(*rules, "HOME").rule->to_string(), "observe env:read:HOME (conf/policy.toml:16)");
  EXPECT_EQ(rules->layers()[0].advice("args"), "add \"args\" to allow in [package.\"acme/tools\".item.\"search\"] of conf/policy.toml");
  const auto odd = make_rules({.file = file.get(), .target = {R"(a"]b)", ""}});
  EXPECT_EQ(odd->layers()[0].advice(R"(env:read:A"B)"), R"(add "env:read:A\"B" to allow in [package."a\"]b"] of conf/policy.toml)");
}

TEST(PolicyFile, ReadsItsSettings) {
  const auto file = parse(sample);
  const BudgetLimits strict = file->limits_for({});
  EXPECT_EQ(strict.fuel, 100'000u);
  EXPECT_EQ(strict.time, std::chrono::milliseconds(10));
  const BudgetLimits acme = file->limits_for({"acme/tools", "search"});
  EXPECT_EQ(acme.time, std::chrono::seconds(60));
  EXPECT_EQ(acme.memory_bytes, *parse_bytes("256MB"));
  EXPECT_EQ(acme.bytes_out, 1048576u);
  EXPECT_EQ(acme.fuel, 100'000u);

  EXPECT_EQ(file->mounts_for({}), (std::vector<MountSetting>{{"/data", "/srv/data", false, true, "[mounts] of conf/policy.toml"},
                                                             {"/models", "conf/models", true, false, "[mounts] of conf/policy.toml"}}));
  EXPECT_EQ(file->mounts_for({"acme/tools", ""}).front(),
            (MountSetting{"/data", "/srv/acme", false, true, "[package.\"acme/tools\".mounts] of conf/policy.toml"}));
  EXPECT_EQ(file->mounts_for({"acme/tools", ""}).size(), 2u);

  EXPECT_EQ(file->secrets_for({}), (std::vector<SecretSetting>{{"API_KEY", "OPENAI_KEY", "", {"api.openai.com"}, false}}));
  EXPECT_EQ(file->secrets_for({"acme/tools", "search"}), (std::vector<SecretSetting>{{"API_KEY", "", "conf/key.txt", {"a.com:8443", "127.0.0.1"}, true}}));

  EXPECT_FALSE(file->deterministic_for({}));
  EXPECT_EQ(file->deterministic_for({"acme/tools", ""}), (DeterministicSetting{7, std::chrono::seconds(1735689600), std::chrono::milliseconds(1)}));
  EXPECT_FALSE(file->deterministic_for({"acme/tools", "search"}));
  EXPECT_EQ(parse("version = 1\n[default]\ndeterministic = 3")->deterministic_for({})->seed, 3u);
  EXPECT_EQ(file->packages(), std::vector<std::string>{"acme/tools"});
}

TEST(PolicyFile, NamesTheAuthoritiesThatHttpTrusts) {
  const auto file = parse(R"(version = 1
http = { ca-file = "certs/all.pem" }
[package.a.http]
ca-file = "/etc/a.pem"
[package.a.item.b]
http = {}
[package.a.item.c.http]
ca-file = "../c.pem"
)");
  EXPECT_EQ(file->http_for({}).ca_file, "conf/certs/all.pem");
  EXPECT_EQ(file->http_for({"other", ""}).ca_file, "conf/certs/all.pem");
  EXPECT_EQ(file->http_for({"a", "b"}).ca_file, "/etc/a.pem");
  EXPECT_EQ(file->http_for({"a", "c"}).ca_file, "c.pem");
  EXPECT_EQ(parse("version = 1")->http_for({}).ca_file, "");
  EXPECT_EQ(problems("version = 1\nhttp = 1"), "p.toml:2:8: http: is not a table");
  EXPECT_EQ(problems("version = 1\nhttp.ca-file = 1"), "p.toml:2:16: http.ca-file: is not a string");
  EXPECT_EQ(problems("version = 1\nhttp.ca-file = ''"), "p.toml:2:16: http.ca-file: is no path of a file");
  EXPECT_EQ(problems("version = 1\nhttp.ca-file = \"a\\u0000b\""), "p.toml:2:16: http.ca-file: is no path of a file");
  EXPECT_EQ(problems("version = 1\n[http]\nverify = false"), "p.toml:3:1: http.verify: is unknown here; known are ca-file");
  EXPECT_EQ(problems("version = 1\n[default.http]\nca-file = 'x'"),
            "p.toml:2:10: default.http: is unknown here; known are allow, deny, observe, budget and deterministic; mounts, secrets and http stand at the top");
}

TEST(PolicyFile, TheCommandLineAddsToItButNotOverItsDenials) {
  const auto file = parse(sample);
  const auto granted = rules_of_grants(std::vector<std::string>{"env:read:HOME", "env:read:MY_KEY"}, "--grant");
  ASSERT_TRUE(granted);
  const auto rules = make_rules({.file = file.get(), .granted = *granted});
  EXPECT_EQ(env(*rules, "HOME").rule->to_string(), "env:read:HOME (--grant)");
  EXPECT_EQ(env(*rules, "MY_KEY").verdict, Verdict::Denied);
  EXPECT_EQ(env(*make_rules({.granted = *granted}), "MY_KEY").verdict, Verdict::Allowed);
  EXPECT_FALSE(rules_of_grants(std::vector<std::string>{"nonsense"}, "--grant"));
}

TEST(PolicyFile, ASecretsVariableMayBeReadWhateverIsSaidOfVariables) {
  const auto file = PolicyFile::parse(R"(version = 1
[default]
deny = ["env:read:*_KEY"]
[secrets]
API_KEY = { env = "X", host = "a.com" }
)",
                                      "p.toml");
  ASSERT_TRUE(file);
  const auto rules = make_rules({.file = file->get()});
  EXPECT_EQ(rules->answer({.access = Access::EnvRead, .text = "API_KEY"}).verdict, Verdict::Allowed);
  EXPECT_EQ(rules->answer({.access = Access::EnvRead, .text = "OTHER_KEY"}).verdict, Verdict::Denied);
}

TEST(BudgetLimits, TheLowerOfBothHolds) {
  using std::chrono::seconds;
  const BudgetLimits lower = lower_of({.time = seconds(1), .fuel = 10, .handles = 3}, {.time = seconds(2), .fuel = 5, .memory_bytes = 7});
  EXPECT_EQ(lower.time, seconds(1));
  EXPECT_EQ(lower.fuel, 5U);
  EXPECT_EQ(lower.memory_bytes, 7U);
  EXPECT_EQ(lower.handles, 3U);
}

TEST(PolicyFile, PackageAndCallerNarrowIt) {
  const auto file = parse(sample);
  const auto asked = rules_of_grants(std::vector<std::string>{"filesystem:read:/data/in", "env:read:*"}, "component.toml");
  const auto passed_on = rules_of_grants(std::vector<std::string>{"filesystem:read:/"}, "caller");
  const auto rules = make_rules(
      {.file = file.get(), .target = {"acme/tools", ""}, .asked = *asked, .asked_place = "[capabilities] of component.toml", .passed_on = *passed_on});
  EXPECT_EQ(read(*rules, "/data/in/x").verdict, Verdict::Allowed);
  EXPECT_EQ(read(*rules, "/data/x").verdict, Verdict::Denied);
  EXPECT_EQ(env(*rules, "LANG").verdict, Verdict::Denied);
  EXPECT_EQ(rules->layers()[read(*rules, "/data/x").layer].advice("x"), "add \"x\" to what the package asks for in [capabilities] of component.toml");
}

TEST(PolicyFile, ReportsAllProblemsAtOnceWithTheirPlaces) {
  EXPECT_EQ(
      problems(R"(version = 2
color = "red"
[default]
allow = ["env:read:A", "nonsense", 7, { mode = "watch" }]
observe = "yes"
allowed = []
[mounts]
"data" = "/x"
[package."a".item."b"]
item = {}
deny = "env:read:A"
)"),
      "p.toml:1:11: version: is not 1, the only one that this program reads\n"
      "p.toml:2:1: color: is unknown here; known are version, default, mounts, secrets, http and package\n"
      "p.toml:4:24: default.allow[1]: \"nonsense\" is no capability: there is no domain \"nonsense\": filesystem, network, http, env, args, stdio, "
      "clock, random, process, tool, agent, "
      "storage, messaging, ai, database\n"
      "p.toml:4:36: default.allow[2]: is neither a capability nor { capability = \"…\", mode = \"…\" }\n"
      "p.toml:4:39: default.allow[3]: lacks its capability\n"
      "p.toml:4:48: default.allow[3].mode: is neither \"enforce\" nor \"observe\"\n"
      "p.toml:5:11: default.observe: is neither true, false nor an array of capabilities\n"
      "p.toml:6:1: default.allowed: is unknown here; known are allow, deny, observe, budget and deterministic; mounts, secrets and http stand at the top\n"
      "p.toml:8:1: mounts.data: the path data is not absolute\n"
      "p.toml:10:1: package.a.item.b.item: is unknown here; known are allow, deny, observe, budget, deterministic, mounts, secrets and http\n"
      "p.toml:11:8: package.a.item.b.deny: is not an array of capabilities");
}

TEST(PolicyFile, NeedsItsVersion) { EXPECT_EQ(problems(""), "p.toml:1:1: version: is missing; write version = 1"); }

TEST(PolicyFile, ReportsWhatIsNoToml) {
  EXPECT_TRUE(problems("version = 1\n[default\n").starts_with("p.toml:2:"));
  EXPECT_TRUE(problems("version = 1\nversion = 1\n").starts_with("p.toml:2:"));
  EXPECT_EQ(problems("version = 1 # \xff"), "p.toml: the file is not UTF-8");
}

TEST(PolicyFile, RefusesWhatTripsTheParsersOwnAssertions) {
  for (const char* text : {"[{a]", "[[{a]]", "[", "[[", "[]", "[a", "[a.", "[a.{", "a.{ = 1", "= 1", "a = ", "a = {", "a = [", "a = {b", "a = {b.", "a = {b.{"})
    EXPECT_NE(problems(text), "none") << text;
}

TEST(PolicyFile, TakesOnlyAsciiOutsideOfQuotesAndComments) {
  EXPECT_EQ(problems("\xEF\xBB\xBFversion = 1 # ü \xEF\xBA\xBF\n[package.\"bücher\"]\nallow = ['filesystem:read:/\u3042', \"filesystem:read:/\xEF\xBA\xBF\"]"),
            "none");
  for (const char* text :
       {"version = 1\nü = 1", "version = 1\nve\xEF\xBA\xBFr", "version = 1\n\u00a0x = 1", "version = 1\n\u3042", "version = 1\nx = [\u2003]"}) {
    EXPECT_EQ(problems(text), "p.toml:2:1: a character that is not ASCII stands outside of quotes") << text;
  }
  EXPECT_EQ(problems("version = 1\nx = \"\"\"\n\"\"\""), "p.toml:2:1: a string of several lines has no use here");
  EXPECT_TRUE(problems("version = 1\nx = \"a\\\nb\"").starts_with("p.toml:2:"));
  EXPECT_EQ(problems("version = 1\nx = 'a"), "p.toml:2:1: a string does not end on its line");
}

TEST(PolicyFile, RefusesWrongSettings) {
  const auto of = [](std::string_view line) { return problems("version = 1\n" + std::string(line)); };
  EXPECT_EQ(of("default.budget = \"huge\""), "p.toml:2:18: default.budget: there is no preset \"huge\", only default, minimal, strict, high_performance");
  EXPECT_EQ(of("default.budget = { memory = -1 }"),
            "p.toml:2:29: default.budget.memory: memory-bytes: \"-1\" is no size such as 65536, 64KiB or 1GiB, of at most 64 bits");
  EXPECT_EQ(of("default.budget = { tables = 4294967296 }"), "p.toml:2:29: default.budget.tables: tables: 4294967296 is more than 4294967295");
  EXPECT_EQ(of("default.budget = { fuel = 1.5 }"),
            "p.toml:2:27: default.budget.fuel: is neither a whole number nor a string with one, such as \"256MB\" or \"5s\"");
  EXPECT_EQ(of("default.budget = { speed = 1 }"),
            "p.toml:2:20: default.budget.speed: is unknown here; known are preset, time, fuel, memory, table-elements, tables, memories, instances, bytes-in, "
            "bytes-out, "
            "host-calls, handles, sub-calls and depth");
  for (const char* line : {"default.budget = { time = \"soon\" }",
                           "default.budget = { memory = \"12XB\" }",
                           "default.budget = true",
                           "default.budget = { time = -1 }",
                           "default.deterministic = true",
                           "default.deterministic = -1",
                           "default.deterministic = { step = \"1s\" }",
                           "default.deterministic = { seed = 1, start = \"2025-01-01\" }",
                           "default.deterministic = { seed = 1, start = 2025-01-01T00:00:00 }",
                           "default.deterministic = { seed = 1, start = 1960-01-01T00:00:00Z }",
                           "default = 1",
                           "package = []",
                           "package.\"\".allow = []",
                           "package.a = 1",
                           "mounts.\"/a\" = 1",
                           "mounts.\"/a\" = \"\"",
                           "mounts.\"/a/*\" = \"/b\"",
                           "mounts.\"/a/..\" = \"/b\"",
                           "mounts = { \"/a\" = \"/x\", \"//a\" = \"/y\" }",
                           "mounts.\"/a\" = { host = \"/x\", mode = \"ro\" }",
                           "mounts.\"/a\" = { read-only = true }",
                           "mounts.\"/a\" = \"x\\u0000y\"",
                           "secrets.A = {}",
                           "secrets.A = { env = \"A\" }",
                           "secrets.A = { host = \"a.com\" }",
                           "secrets.A = { env = \"A\", file = \"b\", host = \"a.com\" }",
                           "secrets.A = { env = \"A\", host = \"*\" }",
                           "secrets.A = { env = \"A\", host = \"*.a.com\" }",
                           "secrets.A = { env = \"A\", host = \"10.0.0.0/8\" }",
                           "secrets.A = { env = \"A\", host = [] }",
                           "secrets.A = { env = \"A\", host = \"a.com:1-2\" }",
                           "secrets.A = { env = \"A\", host = \"tcp://a.com\" }",
                           "secrets.\"A B\" = { env = \"A\", host = \"a.com\" }",
                           "default.allow = [\"network:outbound:evil com\"]",
                           "default.allow = [[\"args\"]]",
                           "default.mounts = {}"}) {
    EXPECT_TRUE(of(line).starts_with("p.toml:2:")) << line << ": " << of(line);
  }
}

TEST(PolicyFile, BoundsItsSizeItsRulesAndItsDepth) {
  EXPECT_FALSE(PolicyFile::parse("version = 1\n#" + std::string(policy_file_bytes_max, 'x'), "p"));
  std::string many = "version = 1\n[default]\nallow = [";
  for (size_t i = 0; i <= policy_rules_max; ++i) many += "\"args\",";
  EXPECT_TRUE(problems(many + "]").ends_with("the file has more than 4096 rules"));
  std::string deep = "a";
  for (int i = 0; i < 300'000; ++i) deep += ".a";
  for (const std::string& text : {deep + " = 1", "[" + deep + "]", "x = \"\\\"\" # '\n" + deep + " = 1"})
    EXPECT_TRUE(problems(text).ends_with("a key has more than 256 dots")) << text.substr(0, 40);
  std::string nested = "version = 1\nx = ";
  for (int i = 0; i < 100'000; ++i) nested += "[";
  EXPECT_NE(problems(nested), "none");
  nested = "version = 1\nx = ";
  for (int i = 0; i < 100'000; ++i) nested += "{a=";
  EXPECT_NE(problems(nested), "none");
}

TEST(PolicyFile, LoadsFilesAndSaysWhenItCannot) {
  const Folder folder;
  const auto file = PolicyFile::load(folder.write("policy.toml", sample));
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->mounts_for({})[1].host_path, (folder.path() / "models").string());
  const auto missing = PolicyFile::load(folder.path() / "nothing.toml");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error()[0].line, 0u);
  EXPECT_FALSE(PolicyFile::load(folder.path()));
}

TEST(FindPolicy, TakesTheFirstPlaceThatHasOne) {
  const Folder folder;
  const std::string system = folder.write("etc/policy.toml", "").string();
  const std::string config = folder.write("config/tenon/policy.toml", "").string();
  const std::string home = folder.write("home/.config/tenon/policy.toml", "").string();
  const std::string named = folder.write("named.toml", "").string();
  PolicyPlaces places{
      .tenon_policy = named, .xdg_config_home = (folder.path() / "config").string(), .home = (folder.path() / "home").string(), .system = system};
  EXPECT_EQ(*find_policy(config, places), fs::path(config));
  EXPECT_EQ(*find_policy("", places), fs::path(named));
  places.tenon_policy = "";
  EXPECT_EQ(*find_policy("", places), fs::path(config));
  places.xdg_config_home = "config";
  EXPECT_EQ(*find_policy("", places), fs::path(home));
  places.home = "";
  EXPECT_EQ(*find_policy("", places), fs::path(system));
  places.system = (folder.path() / "none").string();
  EXPECT_FALSE(*find_policy("", places));
  EXPECT_FALSE(find_policy(places.system, places));
  places.tenon_policy = places.system;
  EXPECT_FALSE(find_policy("", places));
}

TEST(PolicySource, ReadsAgainWhatChangedAndKeepsWhatWasRight) {
  const Folder folder;
  const fs::path path = folder.write("policy.toml", "version = 1\n[default]\nallow = [\"args\"]");
  PolicySource source(path);
  const auto first = source.current();
  ASSERT_TRUE(first);
  EXPECT_EQ(make_rules({.file = first.get()})->answer({.access = Access::Args}).verdict, Verdict::Allowed);
  folder.write("policy.toml", "version = 1\n[default]\ndeny  = [\"args\"]");
  const auto second = source.current();
  EXPECT_EQ(make_rules({.file = second.get()})->answer({.access = Access::Args}).verdict, Verdict::Denied);
  EXPECT_EQ(make_rules({.file = first.get()})->answer({.access = Access::Args}).verdict, Verdict::Allowed);
  folder.write("policy.toml", "version = 1\n[defalt]");
  EXPECT_EQ(source.current(), second);
  EXPECT_EQ(source.problems().size(), 1u);
  fs::remove(path);
  EXPECT_EQ(source.current(), second);
  EXPECT_EQ(source.problems().size(), 1u);
  folder.write("policy.toml", "version = 1");
  EXPECT_NE(source.current(), second);
  EXPECT_TRUE(source.problems().empty());
  fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(1));
  const auto old = source.current();
  EXPECT_EQ(source.current(), old);
}

TEST(Secret, IsReadFromTheEnvironmentOrAFile) {
  const Folder folder;
  const std::string file = folder.write("key", "s3cret\n").string();
  EXPECT_EQ(*read_secret({.name = "A", .env = "", .file = file, .hosts = {}}), "s3cret");
  setenv("TENON_TEST_SECRET", "value", 1);
  EXPECT_EQ(*read_secret({.name = "A", .env = "TENON_TEST_SECRET", .file = "", .hosts = {}}), "value");
  setenv("TENON_TEST_SECRET", "s3cret\r\nX-Evil: 1", 1);
  const auto wrong = read_secret({.name = "A", .env = "TENON_TEST_SECRET", .file = "", .hosts = {}});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message().find("s3cret"), std::string::npos);
  unsetenv("TENON_TEST_SECRET");
  EXPECT_EQ(read_secret({.name = "A", .env = "TENON_TEST_SECRET", .file = "", .hosts = {}}).error().kind(), ErrorKind::NotFound);
  EXPECT_FALSE(read_secret({.name = "A", .env = "", .file = file + ".none", .hosts = {}}));
  EXPECT_FALSE(read_secret({.name = "A", .env = "", .file = folder.write("empty", "\n").string(), .hosts = {}}));
}

}  // namespace
}  // namespace tenon::policy
