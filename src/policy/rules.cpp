#include "policy/rules.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "policy/toml_text.h"

namespace tenon::policy {
namespace {

constexpr std::array<Access, 5> filesystem_accesses = {Access::FilesystemRead, Access::FilesystemWrite, Access::FilesystemCreate, Access::FilesystemDelete,
                                                       Access::FilesystemList};

RuleScope built_in() {
  RuleScope scope{.name = "built in", .rules = {}};
  for (const std::string_view text : {"stdio:stdout", "stdio:stderr", "clock:monotonic"}) {
    const size_t colon = text.find(':');
    scope.rules.push_back({.capability = Capability{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1)), {}},
                           .source = {.file = {}, .line = 0, .key = "built in"}});
  }
  return scope;
}

/// The order within a scope: the first match decides, and an observed denial says no more than how.
int rank(const Rule& rule) { return (rule.effect == Effect::Deny ? 0 : 2) + (rule.mode == Mode::Enforce ? 0 : 1); }

bool concerns(const Rule& rule, Access access) {
  if (!rule.capability || rule.capability->concerns(access)) return true;
  // Who may send to a host may look it up.
  if (access != Access::NetworkResolve || rule.effect != Effect::Allow || !rule.capability->concerns(Access::NetworkOutbound)) return false;
  const auto* endpoint = std::get_if<EndpointPattern>(&rule.capability->target);
  return endpoint != nullptr;
}

/// What denies is read as wide as it can be, what allows as narrow.
bool matches_lookup(const HostPattern& host, const Question& question) {
  if (!question.address) return host.matches_name(question.text);
  return host.kind == HostPattern::Kind::Any || host.matches_address(*question.address);
}

bool matches_address(const HostPattern& host, Effect effect, const IpAddress& address, std::span<const std::string_view> names) {
  if (std::any_of(names.begin(), names.end(), [&host](std::string_view name) { return host.matches_name(name); }))
    return effect == Effect::Deny || host.admits(address);
  return (effect == Effect::Deny && host.kind == HostPattern::Kind::Any) || host.matches_address(address);
}

/// A question with what is found out once for all rules.
struct Prepared {
  explicit Prepared(const Question& asked) : question(asked) {
    if (asked.http == nullptr) return;
    path.emplace(asked.http->path);
    host_is_literal = !is_host_name(asked.http->host);
  }
  const Question& question;
  std::optional<RequestPath> path;
  bool host_is_literal = false;
};

bool matches_endpoint(const EndpointPattern& endpoint, Effect effect, const Question& question) {
  if (!endpoint.matches_port(question.transport, question.port) || !question.address) return false;
  if (question.access == Access::NetworkListen && endpoint.host.kind == HostPattern::Kind::Any) return true;
  return matches_address(endpoint.host, effect, *question.address, question.names);
}

bool is_same_method(std::string_view rule, std::string_view asked) {
  return rule == "*" ||
         std::equal(rule.begin(), rule.end(), asked.begin(), asked.end(), [](char a, char b) { return a == (b >= 'a' && b <= 'z' ? b - ('a' - 'A') : b); });
}

/// The address of some request whose target is not known here.
bool matches_any_request(const UrlPattern& url, Effect effect, const Question& question) {
  if (!url.matches_port(Scheme::Http, question.port) && !url.matches_port(Scheme::Https, question.port)) return false;
  return matches_address(url.host, effect, *question.address, question.names);
}

bool matches_request(const UrlPattern& url, Effect effect, const Prepared& prepared) {
  const Question& question = prepared.question;
  const HttpTarget& asked = *question.http;
  if (!url.matches_port(asked.scheme == "https" ? Scheme::Https : Scheme::Http, asked.port)) return false;
  const bool matches_host =
      prepared.host_is_literal ? question.address && matches_address(url.host, effect, *question.address, {}) : url.host.matches_name(asked.host);
  const bool matches_range =
      effect == Effect::Deny && url.host.kind == HostPattern::Kind::Range && question.address && url.host.range.contains(*question.address);
  if (!matches_host && !matches_range) return false;
  if (!url.path.empty()) {
    const bool fits = prepared.path->is_ambiguous() ? effect == Effect::Deny : prepared.path->is_within(url.path);
    if (!fits) return false;
  }
  return effect == Effect::Deny || !question.address || url.host.admits(*question.address);
}

bool matches(const Rule& rule, const Prepared& prepared) {
  const Question& question = prepared.question;
  if (!rule.capability) return true;
  const Capability::Target& target = rule.capability->target;
  switch (question.access) {
    case Access::FilesystemRead:
    case Access::FilesystemWrite:
    case Access::FilesystemCreate:
    case Access::FilesystemDelete:
    case Access::FilesystemList: return std::get<PathPattern>(target).matches(question.text);
    case Access::EnvRead: return std::get<NamePattern>(target).matches(question.text);
    case Access::NetworkResolve: {
      const auto* endpoint = std::get_if<EndpointPattern>(&target);
      return matches_lookup(endpoint != nullptr ? endpoint->host : std::get<HostPattern>(target), question);
    }
    case Access::NetworkOutbound:
    case Access::NetworkListen: return matches_endpoint(std::get<EndpointPattern>(target), rule.effect, question);
    case Access::Http: {
      const auto& url = std::get<UrlPattern>(target);
      if (question.http == nullptr) return question.address && matches_any_request(url, rule.effect, question);
      return is_same_method(rule.capability->action, question.http->method) && matches_request(url, rule.effect, prepared);
    }
    default: return true;
  }
}

Relation relation_to(const Rule& rule, std::string_view folder) {
  return rule.capability ? std::get<PathPattern>(rule.capability->target).relation_to(folder) : Relation::Covers;
}

}  // namespace

std::string RuleSource::to_string() const { return file.empty() ? key : line == 0 ? file : fmt::format("{}:{}", file, line); }

std::string Rule::to_string() const {
  return fmt::format("{}{}{} ({})", mode == Mode::Observe ? "observe " : "", effect == Effect::Deny ? "deny " : "",
                     capability ? capability->to_string() : "everything", source.to_string());
}

std::string RuleLayer::advice(std::string_view capability) const {
  switch (key) {
    case Key::Asked: return fmt::format("add {} to what the package asks for in {}", toml_string(capability), place.empty() ? "its manifest" : place);
    case Key::Allowed:
      return place.empty() ? fmt::format("add --grant {}", shell_word(capability)) : fmt::format("add {} to allow in {}", toml_string(capability), place);
    case Key::PassedOn: return fmt::format("the caller has to pass {} on", toml_string(capability));
    case Key::Folders: return "the folder is read-only";
  }
  return {};
}

std::shared_ptr<const Rules> Rules::create(std::vector<RuleLayer> layers) {
  if (std::none_of(layers.begin(), layers.end(), [](const RuleLayer& layer) { return layer.key == RuleLayer::Key::Allowed; })) layers.emplace_back();
  return std::shared_ptr<const Rules>(new Rules(std::move(layers)));
}

Result<std::shared_ptr<const Rules>> Rules::from_grants(std::span<const std::string> grants) {
  RuleScope scope{.name = "--grant", .rules = {}};
  for (const std::string& grant : grants) {
    TENON_TRY(std::vector<Capability> capabilities, parse_grant(grant));
    for (Capability& capability : capabilities)
      scope.rules.push_back({.capability = std::move(capability), .source = {.file = {}, .line = 0, .key = "--grant"}});
  }
  std::vector<RuleLayer> layers(1);
  layers[0].scopes.push_back(std::move(scope));
  return create(std::move(layers));
}

std::shared_ptr<const Rules> Rules::narrowed(const Rules& rules, RuleLayer layer) {
  std::vector<RuleLayer> layers = rules.layers_;
  // Each gets its scope of what is built in anew.
  for (RuleLayer& one : layers) one.scopes.pop_back();
  layers.push_back(std::move(layer));
  return create(std::move(layers));
}

Rules::Rules(std::vector<RuleLayer> layers) : layers_(std::move(layers)), compiled_(layers_.size()) {
  for (size_t i = 0; i < layers_.size(); ++i) {
    RuleLayer& layer = layers_[i];
    if (layer.key == RuleLayer::Key::Allowed) operator_layer_ = static_cast<uint32_t>(i);
    layer.scopes.push_back(built_in());
    for (size_t access = 0; access < access_count; ++access) {
      Entries& entries = compiled_[i][access];
      for (size_t scope = 0; scope < layer.scopes.size(); ++scope) {
        for (const Rule& rule : layer.scopes[scope].rules) {
          // A rule for everything comes last of all, so that it hides no rule of another scope.
          if (concerns(rule, static_cast<Access>(access))) entries.push_back({&rule, static_cast<uint32_t>(rule.capability ? scope : layer.scopes.size())});
        }
      }
      std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        const int rank_a = rank(*a.rule);
        const int rank_b = rank(*b.rule);
        return std::tie(a.scope, rank_a, a.rule) < std::tie(b.scope, rank_b, b.rule);
      });
    }
  }
  folders_ = find_folders();
}

Ruling Rules::answer(const Question& question, uint32_t layer) const {
  const Rule* would_deny = nullptr;
  const Prepared prepared(question);
  for (const Entry& entry : compiled_[layer][static_cast<size_t>(question.access)]) {
    const Rule& rule = *entry.rule;
    if (!matches(rule, prepared)) continue;
    if (rule.effect == Effect::Deny) {
      if (rule.mode == Mode::Enforce) return {Verdict::Denied, &rule, layer};
      if (would_deny == nullptr) would_deny = &rule;
      continue;
    }
    if (would_deny != nullptr) return {Verdict::Observed, would_deny, layer};
    return {rule.mode == Mode::Enforce ? Verdict::Allowed : Verdict::Observed, &rule, layer};
  }
  return {Verdict::Denied, nullptr, layer};
}

Ruling Rules::answer(const Question& question) const {
  Ruling result;
  for (uint32_t layer = 0; layer < layers_.size(); ++layer) {
    const Ruling ruling = answer(question, layer);
    if (ruling.verdict == Verdict::Denied) return ruling;
    if (result.verdict == Verdict::Observed) continue;
    if (ruling.verdict == Verdict::Observed || layer == operator_layer_ || result.rule == nullptr) result = ruling;
  }
  return result;
}

bool Rules::may_allow(Access access) const {
  return std::all_of(compiled_.begin(), compiled_.end(), [access](const auto& layer) {
    const Entries& entries = layer[static_cast<size_t>(access)];
    return std::any_of(entries.begin(), entries.end(), [](const Entry& entry) { return entry.rule->effect == Effect::Allow; });
  });
}

Subtree Rules::layer_subtree(const Entries& entries, std::string_view folder) {
  bool some_allowed = false;
  bool some_denied = false;
  for (size_t i = 0; i < entries.size();) {
    bool allows_some = false;
    bool denies_some = false;
    for (const uint32_t scope = entries[i].scope; i < entries.size() && entries[i].scope == scope; ++i) {
      const Rule& rule = *entries[i].rule;
      const Relation relation = relation_to(rule, folder);
      if (relation == Relation::Apart || (rule.effect == Effect::Deny && rule.mode == Mode::Observe)) continue;
      const bool denies = rule.effect == Effect::Deny;
      if (relation == Relation::Covers) {
        if (denies) return some_allowed ? Subtree::Mixed : Subtree::Denied;
        return some_denied || denies_some ? Subtree::Mixed : Subtree::Allowed;
      }
      (denies ? denies_some : allows_some) = true;
    }
    some_allowed = some_allowed || allows_some;
    some_denied = some_denied || denies_some;
  }
  return some_allowed ? Subtree::Mixed : Subtree::Denied;
}

Subtree Rules::subtree(Access access, std::string_view guest_path) const {
  if (!is_normal_path(guest_path) || name_of(access).target != TargetKind::Path) return Subtree::Denied;
  Subtree result = Subtree::Allowed;
  for (const auto& layer : compiled_) {
    const Subtree one = layer_subtree(layer[static_cast<size_t>(access)], guest_path);
    if (one == Subtree::Denied) return Subtree::Denied;
    if (one == Subtree::Mixed) result = Subtree::Mixed;
  }
  return result;
}

std::vector<GrantedFolder> Rules::find_folders() const {
  std::vector<std::string_view> open;
  bool opens_any = true;  // so far each layer allows whatever another names
  for (const auto& layer : compiled_) {
    std::vector<std::string_view> prefixes;
    bool has_all = false;
    for (const Access access : filesystem_accesses) {
      for (const Entry& entry : layer[static_cast<size_t>(access)]) {
        if (entry.rule->effect == Effect::Deny) continue;
        if (entry.rule->capability) prefixes.push_back(std::get<PathPattern>(entry.rule->capability->target).fixed_prefix());
        has_all = has_all || !entry.rule->capability;
      }
    }
    std::sort(prefixes.begin(), prefixes.end());
    prefixes.erase(std::unique(prefixes.begin(), prefixes.end()), prefixes.end());
    std::vector<std::string_view> both;
    for (const std::string_view a : open) {
      for (const std::string_view b : prefixes) {
        if (is_within(a, b)) both.push_back(a);
        if (is_within(b, a)) both.push_back(b);
      }
    }
    if (has_all) both.insert(both.end(), open.begin(), open.end());
    if (opens_any) both.insert(both.end(), prefixes.begin(), prefixes.end());
    std::sort(both.begin(), both.end());
    both.erase(std::unique(both.begin(), both.end()), both.end());
    open = std::move(both);
    opens_any = opens_any && has_all;
  }
  std::vector<GrantedFolder> folders;
  for (const std::string_view path : open) {
    if (std::any_of(folders.begin(), folders.end(), [path](const GrantedFolder& folder) { return is_within(path, folder.guest_path); })) continue;
    const auto some = [this, path](Access access) { return subtree(access, path) != Subtree::Denied; };
    if (std::none_of(filesystem_accesses.begin(), filesystem_accesses.end(), some)) continue;
    const bool is_writable = some(Access::FilesystemWrite) || some(Access::FilesystemCreate) || some(Access::FilesystemDelete);
    folders.push_back({std::string(path), is_writable});
  }
  return folders;
}

}  // namespace tenon::policy
