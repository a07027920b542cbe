#include "policy/capability.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/utf8.h"

namespace tenon::policy {
namespace {

/// Domains whose actions and targets belong to layers that are still to come: any action, a target of names.
constexpr std::array<std::string_view, 6> open_domains = {"tool", "agent", "storage", "messaging", "ai", "database"};

struct Bundle {
  std::string_view name;
  std::string_view capabilities;  // between spaces
};
constexpr std::array<Bundle, 2> bundles = {{
    {"command", "args process:exit clock:* random:*"},
    {"inherit-network",
     "network:outbound:* network:outbound:0.0.0.0/0 network:outbound:[::/0] network:listen:* network:resolve:* http:*:*:* http:*:[0.0.0.0/0]:* "
     "http:*:[::/0]:*"},
}};

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; }

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// Text of unknown origin, fit for a message: printable ASCII, at most 200 bytes of it.
std::string shown(std::string_view text) {
  constexpr size_t bytes_max = 200;
  std::string result;
  for (const char c : text.substr(0, bytes_max)) {
    if (static_cast<unsigned char>(c) >= 0x80 || is_control(c)) {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      result += c;
    }
  }
  return text.size() > bytes_max ? result + "..." : result;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), to_lower);
  return result;
}

bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

/// RFC 9110, section 5.6.2.
bool is_method(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    const char l = to_lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || std::string_view("!#$%&'+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_open_domain(std::string_view domain) { return std::find(open_domains.begin(), open_domains.end(), domain) != open_domains.end(); }

std::string join(const std::vector<std::string_view>& words) { return fmt::format("{}", fmt::join(words, ", ")); }

/// The actions of a domain that access.def names, and the target that they share when all do.
struct DomainActions {
  std::vector<std::string_view> actions;
  std::vector<TargetKind> targets;
  bool share_target() const {
    return targets.size() > 1 && std::all_of(targets.begin(), targets.end(), [this](TargetKind kind) { return kind == targets.front(); });
  }
};

DomainActions actions_of(std::string_view domain) {
  DomainActions found;
  for (size_t i = 0; i < access_count; ++i) {
    const AccessName name = name_of(static_cast<Access>(i));
    if (name.domain != domain) continue;
    found.actions.push_back(name.action);
    found.targets.push_back(name.target);
  }
  return found;
}

std::string example_of(std::string_view domain) {
  if (domain == "http") return "http:GET:api.example.com/v1";
  if (domain == "env") return "env:read:NAME";
  if (domain == "filesystem") return "filesystem:read:/data";
  if (domain == "network") return "network:outbound:api.example.com:443";
  if (domain == "args") return "args";
  const DomainActions known = actions_of(domain);
  return known.actions.empty() ? fmt::format("{}:action:target", domain) : fmt::format("{}:{}", domain, known.actions.front());
}

std::unexpected<Error> unknown_domain(std::string_view domain) {
  std::vector<std::string_view> names(open_domains.begin(), open_domains.end());
  for (size_t i = access_count; i-- > 0;) {
    const std::string_view name = name_of(static_cast<Access>(i)).domain;
    if (names.front() != name) names.insert(names.begin(), name);
  }
  return fail(ErrorKind::InvalidInput, fmt::format("there is no domain \"{}\": {}", domain, join(names)));
}

Result<Capability::Target> parse_target(TargetKind kind, std::string_view action, std::string_view text) {
  switch (kind) {
    case TargetKind::Path: {
      TENON_TRY(PathPattern path, PathPattern::parse(text));
      return Capability::Target(std::move(path));
    }
    case TargetKind::Endpoint: {
      TENON_TRY(EndpointPattern endpoint, action == "listen" ? EndpointPattern::parse_listen(text) : EndpointPattern::parse(text));
      return Capability::Target(std::move(endpoint));
    }
    case TargetKind::Host: {
      TENON_TRY(HostPattern host, HostPattern::parse(text));
      if (host.may_be_loopback || host.may_be_private || host.may_be_link_local)
        return fail(ErrorKind::InvalidInput, "a look-up reaches no address; + belongs to network:outbound and http");
      return Capability::Target(std::move(host));
    }
    case TargetKind::Url: {
      TENON_TRY(UrlPattern url, UrlPattern::parse(text));
      return Capability::Target(std::move(url));
    }
    case TargetKind::Name: {
      TENON_TRY(NamePattern name, NamePattern::parse(text));
      if (text.find('=') != text.npos) return fail(ErrorKind::InvalidInput, "the name of a variable has no =");
      return Capability::Target(std::move(name));
    }
    case TargetKind::None: break;
  }
  return Capability::Target();
}

Result<Capability> parse_open(std::string domain, std::string action, std::optional<std::string_view> target) {
  if (!target || !(is_token(action) || action == "*")) return fail(ErrorKind::InvalidInput, fmt::format("write {}:action:target", domain));
  TENON_TRY(PathPattern path, PathPattern::parse(std::string("/").append(*target)));
  if (path.fixed_prefix() == "/" && !path.has_glob()) return fail(ErrorKind::InvalidInput, "the target is empty");
  if (target->starts_with('/') || target->ends_with('/') || target->find("//") != target->npos)
    return fail(ErrorKind::InvalidInput, fmt::format("the target {} has an empty name", *target));
  return Capability{std::move(domain), std::move(action), WordPattern{std::move(path)}};
}

Result<Capability> parse_text(std::string_view text) {
  if (text.size() > capability_bytes_max)
    return fail(ErrorKind::InvalidInput, fmt::format("it is {} bytes long, at most {} are allowed", text.size(), capability_bytes_max));
  if (!base::is_utf8(text)) return fail(ErrorKind::InvalidInput, "it is not UTF-8");
  if (std::any_of(text.begin(), text.end(), is_control)) return fail(ErrorKind::InvalidInput, "it has a control character");
  const size_t first = text.find(':');
  std::string domain = lower(text.substr(0, first));
  std::optional<std::string_view> action_text;
  std::optional<std::string_view> target;
  if (first != text.npos) {
    const size_t second = text.find(':', first + 1);
    action_text = text.substr(first + 1, second == text.npos ? text.npos : second - first - 1);
    if (second != text.npos) target = text.substr(second + 1);
  }
  if (is_open_domain(domain)) return parse_open(std::move(domain), lower(action_text.value_or("")), target);

  const DomainActions known = actions_of(domain);
  if (known.actions.empty()) return unknown_domain(domain);
  std::string action = lower(action_text.value_or(""));
  TargetKind kind = known.targets.front();
  if (domain == "http") {
    action = std::string(action_text.value_or(""));
    std::transform(action.begin(), action.end(), action.begin(), to_upper);
    if (action != "*" && !is_method(action))
      return fail(ErrorKind::InvalidInput, fmt::format("\"{}\" is no HTTP method; write for example {}", action, example_of(domain)));
  } else if (known.actions.front().empty()) {
    if (action_text) return fail(ErrorKind::InvalidInput, fmt::format("{} takes no action and no target", domain));
  } else if (action == "*" && known.share_target()) {
    // All actions; `kind` is the same for each.
  } else if (const auto at = std::find(known.actions.begin(), known.actions.end(), action); at != known.actions.end() && !action.empty()) {
    kind = known.targets[static_cast<size_t>(at - known.actions.begin())];
  } else {
    return fail(ErrorKind::InvalidInput, fmt::format("{} has no action \"{}\": {}", domain, action, join(known.actions)));
  }
  if (kind == TargetKind::None && target)
    return fail(ErrorKind::InvalidInput, fmt::format("{} takes no target; write {}", domain, action.empty() ? domain : domain + ":" + action));
  if (kind != TargetKind::None && (!target || target->empty()))
    return fail(ErrorKind::InvalidInput, fmt::format("the target is empty; write for example {}", example_of(domain)));
  TENON_TRY(Capability::Target parsed, parse_target(kind, action, target.value_or("")));
  return Capability{std::move(domain), std::move(action), std::move(parsed)};
}

struct PrintTarget {
  std::string operator()(const std::monostate&) const { return {}; }
  std::string operator()(const WordPattern& words) const { return ":" + words.path.to_string().substr(1); }
  template <class T>
  std::string operator()(const T& pattern) const {
    return ":" + pattern.to_string();
  }
};

}  // namespace

Result<Capability> Capability::parse(std::string_view text) {
  Result<Capability> parsed = parse_text(text);
  if (!parsed) return std::unexpected(std::move(parsed).error().wrap(fmt::format("\"{}\" is no capability", shown(text))));
  return parsed;
}

bool Capability::concerns(Access access) const {
  const AccessName name = name_of(access);
  return name.domain == domain && (name.action == action || action == "*" || access == Access::Http);
}

std::string Capability::to_string() const {
  std::string text = domain;
  if (!action.empty()) text.append(":").append(action);
  return text + std::visit(PrintTarget(), target);
}

Result<std::vector<Capability>> parse_grant(std::string_view text) {
  std::vector<Capability> granted;
  const auto bundle = std::find_if(bundles.begin(), bundles.end(), [text](const Bundle& candidate) { return candidate.name == text; });
  std::string_view rest = bundle != bundles.end() ? bundle->capabilities : text;
  while (bundle != bundles.end() && !rest.empty()) {
    const size_t space = std::min(rest.find(' '), rest.size());
    TENON_TRY(Capability capability, Capability::parse(rest.substr(0, space)));
    granted.push_back(std::move(capability));
    rest.remove_prefix(std::min(space + 1, rest.size()));
  }
  if (bundle == bundles.end()) {
    TENON_TRY(Capability capability, Capability::parse(text));
    granted.push_back(std::move(capability));
  }
  return granted;
}

std::span<const std::string_view> bundle_names() {
  static constexpr auto names = [] {
    std::array<std::string_view, bundles.size()> result;
    for (size_t i = 0; i < bundles.size(); ++i) result[i] = bundles[i].name;
    return result;
  }();
  return names;
}

}  // namespace tenon::policy
