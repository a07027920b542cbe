#include "policy/rules.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace tenon::policy {
namespace {

std::vector<Rule> rules_of(std::initializer_list<const char*> texts, Effect effect = Effect::Allow, Mode mode = Mode::Enforce) {
  std::vector<Rule> rules;
  for (const char* text : texts) {
    auto capability = Capability::parse(text);
    EXPECT_TRUE(capability) << text;
    rules.push_back({.capability = *std::move(capability),
                     .effect = effect,
                     .mode = mode,
                     .source = {.file = "policy.toml", .line = static_cast<uint32_t>(rules.size() + 1), .key = "default.allow"}});
  }
  return rules;
}

std::vector<Rule> operator+(std::vector<Rule> a, const std::vector<Rule>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

RuleLayer layer_of(RuleLayer::Key key, std::vector<std::vector<Rule>> scopes) {
  RuleLayer layer{.key = key, .scopes = {}, .place = "[default] of policy.toml"};
  for (auto& rules : scopes) layer.scopes.push_back({.name = "scope", .rules = std::move(rules)});
  return layer;
}

std::shared_ptr<const Rules> operator_rules(std::vector<std::vector<Rule>> scopes) {
  return Rules::create({layer_of(RuleLayer::Key::Allowed, std::move(scopes))});
}

std::shared_ptr<const Rules> grants(const std::vector<std::string>& texts) {
  auto rules = Rules::from_grants(texts);
  EXPECT_TRUE(rules) << rules.error().message();
  return *rules;
}

Verdict read(const Rules& rules, std::string_view path) { return rules.answer({.access = Access::FilesystemRead, .text = path}).verdict; }
Verdict env(const Rules& rules, std::string_view name) { return rules.answer({.access = Access::EnvRead, .text = name}).verdict; }
Verdict plain(const Rules& rules, Access access) { return rules.answer({.access = access}).verdict; }
Verdict http(const Rules& rules, const HttpTarget& target) {
  return rules.answer({.access = Access::Http, .address = parse_address(target.host), .port = target.port, .http = &target}).verdict;
}

TEST(Rules, AllowOnlyOutputAndTheMonotonicClockByDefault) {
  const auto rules = grants({});
  for (size_t i = 0; i < access_count; ++i) {
    const auto access = static_cast<Access>(i);
    const bool is_built_in = access == Access::StdioStdout || access == Access::StdioStderr || access == Access::ClockMonotonic;
    EXPECT_EQ(rules->may_allow(access), is_built_in) << name_of(access).domain << ":" << name_of(access).action;
    if (name_of(access).target != TargetKind::None) continue;
    EXPECT_EQ(plain(*rules, access), is_built_in ? Verdict::Allowed : Verdict::Denied);
  }
}

TEST(Rules, WithoutAnOperatorAllowNothingMore) {
  const auto rules = Rules::create({layer_of(RuleLayer::Key::Asked, {rules_of({"env:read:HOME", "args"})})});
  EXPECT_EQ(env(*rules, "HOME"), Verdict::Denied);
  EXPECT_EQ(plain(*rules, Access::Args), Verdict::Denied);
  EXPECT_EQ(plain(*rules, Access::StdioStdout), Verdict::Allowed);
}

TEST(Rules, AllowWhatIsGranted) {
  const auto rules = grants({"command", "filesystem:read:/data", "env:read:APP_*"});
  EXPECT_EQ(plain(*rules, Access::Args), Verdict::Allowed);
  EXPECT_EQ(plain(*rules, Access::RandomSecure), Verdict::Allowed);
  EXPECT_EQ(plain(*rules, Access::StdioStdin), Verdict::Denied);
  EXPECT_EQ(read(*rules, "/data/x"), Verdict::Allowed);
  EXPECT_EQ(read(*rules, "/database"), Verdict::Denied);
  EXPECT_EQ(rules->answer({.access = Access::FilesystemWrite, .text = "/data/x"}).verdict, Verdict::Denied);
  EXPECT_EQ(env(*rules, "APP_KEY"), Verdict::Allowed);
  EXPECT_EQ(env(*rules, "HOME"), Verdict::Denied);
  EXPECT_FALSE(Rules::from_grants(std::vector<std::string>{"env:read:A", "nonsense"}));
}

TEST(Rules, ADenialBeatsWhatIsAllowedBesideIt) {
  const auto rules = operator_rules({rules_of({"filesystem:read:/data"}) + rules_of({"filesystem:read:/data/secret"}, Effect::Deny)});
  EXPECT_EQ(read(*rules, "/data/x"), Verdict::Allowed);
  EXPECT_EQ(read(*rules, "/data/secret"), Verdict::Denied);
  EXPECT_EQ(read(*rules, "/data/secret/x"), Verdict::Denied);
  EXPECT_EQ(read(*rules, "/data/secrets"), Verdict::Allowed);
}

TEST(Rules, TheMoreSpecificScopeDecides) {
  const auto rules = operator_rules(
      {rules_of({"env:read:A"}) + rules_of({"env:read:B"}, Effect::Deny), rules_of({"env:read:B", "env:read:C"}) + rules_of({"env:read:A"}, Effect::Deny)});
  EXPECT_EQ(env(*rules, "A"), Verdict::Allowed);
  EXPECT_EQ(env(*rules, "B"), Verdict::Denied);
  EXPECT_EQ(env(*rules, "C"), Verdict::Allowed);
}

TEST(Rules, EvenOutputCanBeDenied) {
  const auto rules = operator_rules({rules_of({"stdio:stdout"}, Effect::Deny)});
  EXPECT_EQ(plain(*rules, Access::StdioStdout), Verdict::Denied);
  EXPECT_EQ(plain(*rules, Access::StdioStderr), Verdict::Allowed);
}

TEST(Rules, EachLayerMustAllow) {
  const auto rules = Rules::create({layer_of(RuleLayer::Key::Asked, {rules_of({"filesystem:read:/data/in", "env:read:*"})}),
                                    layer_of(RuleLayer::Key::Allowed, {rules_of({"filesystem:read:/data", "env:read:HOME"})}),
                                    layer_of(RuleLayer::Key::PassedOn, {rules_of({"filesystem:read:/", "env:read:PATH"})})});
  EXPECT_EQ(read(*rules, "/data/in/x"), Verdict::Allowed);
  EXPECT_EQ(read(*rules, "/data/out"), Verdict::Denied);
  EXPECT_EQ(read(*rules, "/etc"), Verdict::Denied);
  EXPECT_EQ(env(*rules, "HOME"), Verdict::Denied);
  EXPECT_EQ(env(*rules, "PATH"), Verdict::Denied);
  EXPECT_EQ(plain(*rules, Access::StdioStdout), Verdict::Allowed);
  EXPECT_EQ(rules->answer({.access = Access::EnvRead, .text = "HOME"}).layer, 2u);
  EXPECT_EQ(rules->answer({.access = Access::EnvRead, .text = "PATH"}).layer, 1u);
  const Ruling allowed = rules->answer({.access = Access::FilesystemRead, .text = "/data/in/x"});
  EXPECT_EQ(allowed.layer, 1u);
  EXPECT_EQ(allowed.rule->to_string(), "filesystem:read:/data (policy.toml:1)");
}

TEST(Rules, ObservedRulesLetThroughAndSaySo) {
  const auto rules = operator_rules({rules_of({"env:read:A", "env:read:B"}) + rules_of({"env:read:B"}, Effect::Deny, Mode::Observe) +
                                     rules_of({"env:read:C", "env:read:D"}, Effect::Allow, Mode::Observe) + rules_of({"env:read:D"}, Effect::Deny) +
                                     rules_of({"env:read:E"}, Effect::Deny, Mode::Observe)});
  EXPECT_EQ(env(*rules, "A"), Verdict::Allowed);
  EXPECT_EQ(env(*rules, "B"), Verdict::Observed);
  EXPECT_EQ(env(*rules, "C"), Verdict::Observed);
  EXPECT_EQ(env(*rules, "D"), Verdict::Denied);
  EXPECT_EQ(env(*rules, "E"), Verdict::Denied);
  EXPECT_EQ(rules->answer({.access = Access::EnvRead, .text = "B"}).rule->to_string(), "observe deny env:read:B (policy.toml:1)");
}

TEST(Rules, ObservingEverythingHidesNoOtherRule) {
  std::vector<Rule> all = rules_of({"env:read:A"}, Effect::Deny);
  all.push_back({.capability = {}, .effect = Effect::Allow, .mode = Mode::Observe, .source = {.file = "p", .line = 1, .key = "default.observe"}});
  const auto rules = operator_rules({std::move(all), rules_of({"env:read:C"}) + rules_of({"env:read:D"}, Effect::Deny)});
  EXPECT_EQ(env(*rules, "A"), Verdict::Denied);
  EXPECT_EQ(env(*rules, "B"), Verdict::Observed);
  EXPECT_EQ(env(*rules, "C"), Verdict::Allowed);
  EXPECT_EQ(env(*rules, "D"), Verdict::Denied);
  EXPECT_EQ(read(*rules, "/x"), Verdict::Observed);
  EXPECT_EQ(plain(*rules, Access::RandomSecure), Verdict::Observed);
  EXPECT_EQ(plain(*rules, Access::StdioStdout), Verdict::Allowed);
  EXPECT_EQ(rules->subtree(Access::FilesystemRead, "/x"), Subtree::Allowed);
  EXPECT_TRUE(rules->folders().empty());
}

TEST(Rules, AHostMayBeLookedUpByWhoMaySendToIt) {
  const auto rules = grants({"network:outbound:api.example.com:443", "network:outbound:10.0.0.0/8", "http:GET:other.example.com"});
  const auto resolve = [&rules](std::string_view host) {
    return rules->answer({.access = Access::NetworkResolve, .text = host, .address = parse_address(host)}).verdict;
  };
  EXPECT_EQ(resolve("api.example.com"), Verdict::Allowed);
  EXPECT_EQ(resolve("other.example.com"), Verdict::Denied);
  EXPECT_EQ(resolve("example.com"), Verdict::Denied);
  EXPECT_EQ(resolve("10.0.0.1"), Verdict::Allowed);
  EXPECT_EQ(resolve("11.0.0.1"), Verdict::Denied);
  const auto denied = operator_rules({rules_of({"network:outbound:*"}) + rules_of({"network:resolve:*.evil.org"}, Effect::Deny)});
  EXPECT_EQ(denied->answer({.access = Access::NetworkResolve, .text = "a.evil.org"}).verdict, Verdict::Denied);
  EXPECT_EQ(denied->answer({.access = Access::NetworkResolve, .text = "a.good.org"}).verdict, Verdict::Allowed);
}

TEST(Rules, HostRulesCoverAddressesOnlyWithTheirNames) {
  const auto rules = grants({"network:outbound:api.example.com:443"});
  const auto connect = [&rules](std::string_view address, uint16_t port, std::vector<std::string_view> names) {
    return rules->answer({.access = Access::NetworkOutbound, .address = parse_address(address), .names = names, .transport = Transport::Tcp, .port = port})
        .verdict;
  };
  EXPECT_EQ(connect("93.184.216.34", 443, {}), Verdict::Denied);
  EXPECT_EQ(connect("93.184.216.34", 443, {"api.example.com"}), Verdict::Allowed);
  EXPECT_EQ(connect("93.184.216.34", 443, {"a.org", "api.example.com"}), Verdict::Allowed);
  EXPECT_EQ(connect("93.184.216.34", 80, {"api.example.com"}), Verdict::Denied);
  EXPECT_EQ(connect("10.0.0.1", 443, {"api.example.com"}), Verdict::Denied);
  EXPECT_EQ(connect("169.254.169.254", 443, {"api.example.com"}), Verdict::Denied);
}

TEST(Rules, DenialsOfHostsAreReadWide) {
  const auto rules = operator_rules({rules_of({"network:outbound:0.0.0.0/0"}) + rules_of({"network:outbound:evil.org"}, Effect::Deny)});
  const std::vector<std::string_view> names = {"evil.org"};
  EXPECT_EQ(rules->answer({.access = Access::NetworkOutbound, .address = parse_address("10.0.0.1"), .names = names, .port = 1}).verdict, Verdict::Denied);
  const auto none = operator_rules({rules_of({"network:outbound:0.0.0.0/0"}), rules_of({"network:outbound:*"}, Effect::Deny)});
  EXPECT_EQ(none->answer({.access = Access::NetworkOutbound, .address = parse_address("10.0.0.1"), .port = 1}).verdict, Verdict::Allowed);
  const auto all = operator_rules({rules_of({"network:outbound:0.0.0.0/0"}) + rules_of({"network:outbound:*"}, Effect::Deny)});
  EXPECT_EQ(all->answer({.access = Access::NetworkOutbound, .address = parse_address("10.0.0.1"), .port = 1}).verdict, Verdict::Denied);
}

TEST(Rules, ListeningAnywhereIncludesThisMachine) {
  const auto rules = grants({"network:listen:*:8080"});
  const auto listen = [](const Rules& all, std::string_view address, uint16_t port) {
    return all.answer({.access = Access::NetworkListen, .address = parse_address(address), .port = port}).verdict;
  };
  EXPECT_EQ(listen(*rules, "127.0.0.1", 8080), Verdict::Allowed);
  EXPECT_EQ(listen(*rules, "0.0.0.0", 8080), Verdict::Allowed);
  EXPECT_EQ(listen(*rules, "0.0.0.0", 8081), Verdict::Denied);
  EXPECT_EQ(rules->answer({.access = Access::NetworkOutbound, .address = parse_address("127.0.0.1"), .port = 8080}).verdict, Verdict::Denied);
  const auto local = grants({"network:listen:localhost:0"});
  EXPECT_EQ(listen(*local, "127.0.0.1", 0), Verdict::Allowed);
  EXPECT_EQ(listen(*local, "::1", 0), Verdict::Allowed);
  EXPECT_EQ(listen(*local, "0.0.0.0", 0), Verdict::Denied);
  EXPECT_EQ(listen(*local, "127.0.0.1", 80), Verdict::Denied);
}

TEST(Rules, RequestsMatchMethodHostPortAndPath) {
  const auto rules = grants({"http:GET:https://api.example.com/v1", "http:*:*.internal.example.com:8080"});
  EXPECT_EQ(http(*rules, {"GET", "https", "api.example.com", 443, "/v1/models"}), Verdict::Allowed);
  EXPECT_EQ(http(*rules, {"get", "https", "api.example.com", 443, "/v1"}), Verdict::Allowed);
  EXPECT_EQ(http(*rules, {"POST", "https", "api.example.com", 443, "/v1"}), Verdict::Denied);
  EXPECT_EQ(http(*rules, {"GET", "http", "api.example.com", 80, "/v1"}), Verdict::Denied);
  EXPECT_EQ(http(*rules, {"GET", "https", "api.example.com", 8443, "/v1"}), Verdict::Denied);
  EXPECT_EQ(http(*rules, {"GET", "https", "api.example.com", 443, "/v10"}), Verdict::Denied);
  EXPECT_EQ(http(*rules, {"GET", "https", "api.example.com", 443, "/v1/../admin"}), Verdict::Denied);
  EXPECT_EQ(http(*rules, {"GET", "https", "api.example.com", 443, "/v1/%2e%2e/admin"}), Verdict::Denied);
  EXPECT_EQ(http(*rules, {"GET", "https", "evilapi.example.com", 443, "/v1"}), Verdict::Denied);
  EXPECT_EQ(http(*rules, {"PATCH", "http", "a.internal.example.com", 8080, "/../x"}), Verdict::Allowed);
  EXPECT_EQ(http(*rules, {"GET", "http", "internal.example.com", 8080, "/"}), Verdict::Denied);
}

TEST(Rules, RequestsThatMayBeReadTwoWaysAreDeniedWhereAPathIs) {
  const auto rules = operator_rules({rules_of({"http:*:a.com"}) + rules_of({"http:*:a.com/admin"}, Effect::Deny)});
  EXPECT_EQ(http(*rules, {"GET", "https", "a.com", 443, "/x"}), Verdict::Allowed);
  EXPECT_EQ(http(*rules, {"GET", "https", "a.com", 443, "/admin"}), Verdict::Denied);
  EXPECT_EQ(http(*rules, {"GET", "https", "a.com", 443, "/%61dmin"}), Verdict::Denied);
  EXPECT_EQ(http(*rules, {"GET", "https", "a.com", 443, "/x/../admin"}), Verdict::Denied);
  EXPECT_EQ(http(*rules, {"GET", "https", "a.com", 443, "//admin"}), Verdict::Denied);
  EXPECT_EQ(http(*rules, {"GET", "https", "a.com", 443, "/administration"}), Verdict::Allowed);
}

TEST(Rules, RequestsToAddressesNeedARuleForThem) {
  const auto rules = grants({"http:GET:*", "http:GET:10.0.0.1:8080"});
  EXPECT_EQ(http(*rules, {"GET", "http", "8.8.8.8", 80, "/"}), Verdict::Allowed);
  EXPECT_EQ(http(*rules, {"GET", "http", "127.0.0.1", 80, "/"}), Verdict::Denied);
  EXPECT_EQ(http(*rules, {"GET", "http", "::1", 80, "/"}), Verdict::Denied);
  EXPECT_EQ(http(*rules, {"GET", "http", "::ffff:127.0.0.1", 80, "/"}), Verdict::Denied);
  EXPECT_EQ(http(*rules, {"GET", "http", "10.0.0.1", 8080, "/"}), Verdict::Allowed);
  EXPECT_EQ(http(*rules, {"GET", "http", "10.0.0.1", 80, "/"}), Verdict::Denied);
  EXPECT_EQ(http(*rules, {"GET", "http", "169.254.169.254", 80, "/latest/meta-data"}), Verdict::Denied);
}

TEST(Rules, TellWhatHoldsForASubtree) {
  const auto rules =
      operator_rules({rules_of({"filesystem:read:/data", "filesystem:read:/logs/*.txt"}) + rules_of({"filesystem:read:/data/secret"}, Effect::Deny)});
  const auto of = [&rules](std::string_view path) { return rules->subtree(Access::FilesystemRead, path); };
  EXPECT_EQ(of("/data/a"), Subtree::Allowed);
  EXPECT_EQ(of("/data"), Subtree::Mixed);
  EXPECT_EQ(of("/data/secret"), Subtree::Denied);
  EXPECT_EQ(of("/logs"), Subtree::Mixed);
  EXPECT_EQ(of("/logs/a.txt"), Subtree::Mixed);
  EXPECT_EQ(of("/etc"), Subtree::Denied);
  EXPECT_EQ(of("/"), Subtree::Mixed);
  EXPECT_EQ(of("data"), Subtree::Denied);
  EXPECT_EQ(rules->subtree(Access::FilesystemWrite, "/data"), Subtree::Denied);
  EXPECT_EQ(rules->subtree(Access::EnvRead, "/data"), Subtree::Denied);
  const auto scoped = operator_rules({rules_of({"filesystem:read:/data/a"}), rules_of({"filesystem:read:/data"}, Effect::Deny)});
  EXPECT_EQ(scoped->subtree(Access::FilesystemRead, "/data"), Subtree::Mixed);
  EXPECT_EQ(scoped->subtree(Access::FilesystemRead, "/data/a"), Subtree::Allowed);
  EXPECT_EQ(scoped->subtree(Access::FilesystemRead, "/data/b"), Subtree::Denied);
}

TEST(Rules, OpenTheFoldersOfTheirFixedPrefixes) {
  const auto rules = grants({"filesystem:read:/data/**", "filesystem:write:/data/out/*.txt", "filesystem:list:/logs/*", "filesystem:read:/etc/hosts"});
  EXPECT_EQ(rules->folders(), (std::vector<GrantedFolder>{{"/data", true}, {"/etc/hosts", false}, {"/logs", false}}));
  EXPECT_EQ(grants({"filesystem:read:/"})->folders(), (std::vector<GrantedFolder>{{"/", false}}));
  EXPECT_TRUE(grants({"env:read:HOME"})->folders().empty());
}

TEST(Rules, OpenNoMoreFoldersThanAllLayersAllow) {
  const auto rules = Rules::create({layer_of(RuleLayer::Key::Asked, {rules_of({"filesystem:read:/data/in", "filesystem:write:/out", "filesystem:read:/etc"})}),
                                    layer_of(RuleLayer::Key::Allowed, {rules_of({"filesystem:read:/data", "filesystem:*:/out/a", "filesystem:write:/etc"}) +
                                                                       rules_of({"filesystem:*:/data/in/x"}, Effect::Deny)})});
  EXPECT_EQ(rules->folders(), (std::vector<GrantedFolder>{{"/data/in", false}, {"/out/a", true}}));
}

TEST(Rules, AdviseWhereAMissingRuleBelongs) {
  RuleLayer layer;
  EXPECT_EQ(layer.advice("args"), "add --grant args");
  EXPECT_EQ(layer.advice("filesystem:read:/a b"), "add --grant 'filesystem:read:/a b'");
  layer.place = "[default] of policy.toml";
  EXPECT_EQ(layer.advice("args"), "add \"args\" to allow in [default] of policy.toml");
  layer.key = RuleLayer::Key::PassedOn;
  EXPECT_EQ(layer.advice("args"), "the caller has to pass \"args\" on");
}

}  // namespace
}  // namespace tenon::policy
