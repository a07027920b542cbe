#include "policy/explain.h"

#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace tenon::policy {
namespace {

/// A question with what its views need.
struct OwnQuestion {
  Question question;
  std::string text;
  std::array<std::string_view, 1> names;
  HttpTarget http;
  std::string scheme;
  std::string path;
};

std::unexpected<Error> more_than_one(const Capability& asked) {
  return fail(ErrorKind::InvalidInput, fmt::format("{} stands for more than one thing; ask about one, without globs and ranges", asked.to_string()));
}

/// An address of the class that the pattern names, which no rule is likely to name.
IpAddress address_for(const HostPattern& host) {
  if (host.may_be_loopback || host.is_localhost()) return *parse_address("::1");
  if (host.may_be_private) return *parse_address("fdff::ffff");
  if (host.may_be_link_local) return *parse_address("fe80::ffff");
  return *parse_address("2fff::ffff");
}

bool is_one_address(const HostPattern& host) { return host.kind == HostPattern::Kind::Range && host.range.bits == (host.range.base.is_v6 ? 128 : 32); }

Result<> ask_endpoint(const Capability& asked, const EndpointPattern& endpoint, OwnQuestion& own) {
  if (!endpoint.ports.is_all() && endpoint.ports.first != endpoint.ports.last) return more_than_one(asked);
  own.question.port = endpoint.ports.is_all() ? 443 : endpoint.ports.first;
  own.question.transport = endpoint.transport.value_or(Transport::Tcp);
  if (is_one_address(endpoint.host)) {
    own.question.address = endpoint.host.range.base;
    return {};
  }
  if (endpoint.host.kind != HostPattern::Kind::Name) return more_than_one(asked);
  own.text = endpoint.host.name;
  own.names = {own.text};
  own.question.names = own.names;
  own.question.address = address_for(endpoint.host);
  return {};
}

Result<> ask_url(const Capability& asked, const UrlPattern& url, OwnQuestion& own) {
  if (asked.action == "*" || (url.ports && url.ports->first != url.ports->last)) return more_than_one(asked);
  const HostPattern& host = url.host;
  if (is_one_address(host)) {
    own.text = to_string(host.range.base);
    own.question.address = host.range.base;
  } else if (host.kind == HostPattern::Kind::Name) {
    own.text = host.name;
    if (host.may_be_loopback || host.may_be_private || host.may_be_link_local) own.question.address = address_for(host);
  } else {
    return more_than_one(asked);
  }
  own.scheme = url.scheme == Scheme::Http ? "http" : "https";
  append_url_path(own.path, url.path);
  if (own.path.empty()) own.path = "/";
  own.question.port = url.ports ? url.ports->first : url.scheme == Scheme::Http ? 80 : 443;
  own.http = {.method = asked.action, .scheme = own.scheme, .host = own.text, .port = own.question.port, .path = own.path};
  own.question.http = &own.http;
  return {};
}

Result<> ask(const Capability& asked, OwnQuestion& own) {
  std::optional<Access> access;
  for (size_t i = 0; i < access_count; ++i) {
    if (!asked.concerns(static_cast<Access>(i))) continue;
    if (access) return more_than_one(asked);
    access = static_cast<Access>(i);
  }
  if (!access) return fail(ErrorKind::InvalidInput, fmt::format("nothing asks for {} yet", asked.to_string()));
  own.question.access = *access;
  if (const auto* path = std::get_if<PathPattern>(&asked.target)) {
    if (path->has_glob()) return more_than_one(asked);
    own.text = path->fixed_prefix();
  } else if (const auto* name = std::get_if<NamePattern>(&asked.target)) {
    if (name->has_glob()) return more_than_one(asked);
    own.text = name->literal();
  } else if (const auto* host = std::get_if<HostPattern>(&asked.target)) {
    if (host->kind != HostPattern::Kind::Name && !is_one_address(*host)) return more_than_one(asked);
    own.text = host->kind == HostPattern::Kind::Name ? host->name : to_string(host->range.base);
    own.question.address = parse_address(own.text);
  } else if (const auto* endpoint = std::get_if<EndpointPattern>(&asked.target)) {
    TENON_CHECK_OK(ask_endpoint(asked, *endpoint, own));
  } else if (const auto* url = std::get_if<UrlPattern>(&asked.target)) {
    return ask_url(asked, *url, own);
  }
  own.question.text = own.text;
  return {};
}

std::string_view who(RuleLayer::Key key) {
  switch (key) {
    case RuleLayer::Key::Asked: return "the package";
    case RuleLayer::Key::Allowed: return "the operator";
    case RuleLayer::Key::PassedOn: return "the caller";
    case RuleLayer::Key::Folders: return "the folder";
  }
  return "";
}

std::string_view verb(RuleLayer::Key key, Verdict verdict) {
  if (verdict == Verdict::Observed) return "observes it";
  switch (key) {
    case RuleLayer::Key::Asked: return verdict == Verdict::Allowed ? "asks for it" : "rules it out";
    case RuleLayer::Key::Allowed: return verdict == Verdict::Allowed ? "allows it" : "denies it";
    case RuleLayer::Key::PassedOn: return verdict == Verdict::Allowed ? "passes it on" : "holds it back";
    case RuleLayer::Key::Folders: return verdict == Verdict::Allowed ? "takes it" : "refuses it";
  }
  return "";
}

std::string_view lack(RuleLayer::Key key) {
  switch (key) {
    case RuleLayer::Key::Asked: return "does not ask for it";
    case RuleLayer::Key::Allowed: return "has no rule for it";
    case RuleLayer::Key::PassedOn: return "does not pass it on";
    case RuleLayer::Key::Folders: return "says nothing of it";
  }
  return "";
}

}  // namespace

Result<Explanation> explain(const Rules& rules, const Capability& asked) {
  OwnQuestion own;
  TENON_CHECK_OK(ask(asked, own));
  Explanation explanation{.capability = asked.to_string(), .verdict = rules.answer(own.question).verdict, .steps = {}, .advice = {}};
  for (uint32_t i = 0; i < rules.layers().size(); ++i) {
    const RuleLayer& layer = rules.layers()[i];
    const Ruling ruling = rules.answer(own.question, i);
    std::string text = ruling.rule != nullptr ? fmt::format("{} {}: {}", who(layer.key), verb(layer.key, ruling.verdict), ruling.rule->to_string())
                                              : fmt::format("{} {}", who(layer.key), lack(layer.key));
    if (ruling.verdict == Verdict::Denied) {
      explanation.advice.push_back(ruling.rule == nullptr ? layer.advice(explanation.capability)
                                                          : fmt::format("take \"{}\" out of {}, or allow it in a more specific section",
                                                                        ruling.rule->capability ? ruling.rule->capability->to_string() : "everything",
                                                                        ruling.rule->source.to_string()));
    }
    explanation.steps.push_back({.key = layer.key, .verdict = ruling.verdict, .rule = ruling.rule, .text = std::move(text)});
  }
  return explanation;
}

std::string Explanation::to_text() const {
  std::string text = fmt::format("{}: {}\n", to_string(verdict), capability);
  for (const Step& step : steps) text += fmt::format("  {}\n", step.text);
  for (const std::string& line : advice) text += fmt::format("to allow it: {}\n", line);
  return text;
}

}  // namespace tenon::policy
