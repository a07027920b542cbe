#include "policy/guard.h"

#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "policy/asked.h"
#include "policy/path_pattern.h"

namespace tenon::policy {
namespace {

constexpr size_t names_max = 32;
constexpr size_t env_name_bytes_max = 4096;
constexpr size_t url_path_bytes_max = 65536;
constexpr size_t slots_min = 32;

/// The host of a request, when a rule could name it: a name as rules keep it, or an address in its one proper form.
struct RequestHost {
  bool is_proper = false;
  std::optional<IpAddress> literal;
};

RequestHost look_at(std::string_view host) {
  if (is_host_name(host)) return {.is_proper = true, .literal = {}};
  const std::optional<IpAddress> address = parse_address(host);
  return {.is_proper = address.has_value(), .literal = address};
}

/// "filesystem:read:…", for what is not told one by one.
const std::string& text_of_all(Access access) {
  static const auto texts = [] {
    std::array<std::string, access_count> all;
    for (size_t i = 0; i < access_count; ++i) {
      const AccessName name = name_of(static_cast<Access>(i));
      all[i] = fmt::format("{}:{}:…", name.domain, static_cast<Access>(i) == Access::Http ? "*" : name.action);
    }
    return all;
  }();
  return texts[static_cast<size_t>(access)];
}

}  // namespace

Guard::Guard(std::shared_ptr<const Rules> rules, std::shared_ptr<Budget> budget, const GuardLimits& limits)
    : rules_(std::move(rules)), budget_(std::move(budget)), limits_(limits) {}

bool Guard::allow(Access access) {
  const Question question{.access = access};
  if (name_of(access).target != TargetKind::None) return refuse(access);
  return note(question, rules_->answer(question));
}

bool Guard::allow_path(Access access, std::string_view guest_path) {
  if (name_of(access).target != TargetKind::Path || !is_normal_path(guest_path)) return refuse(access);
  const Question question{.access = access, .text = guest_path};
  return note(question, rules_->answer(question));
}

bool Guard::allow_env(std::string_view name) {
  if (name.empty() || name.size() > env_name_bytes_max) return refuse(Access::EnvRead);
  const Question question{.access = Access::EnvRead, .text = name};
  return note(question, rules_->answer(question));
}

bool Guard::allow_resolve(std::string_view host) {
  const RequestHost asked = look_at(host);
  if (!asked.is_proper) return refuse(Access::NetworkResolve);
  const Question question{.access = Access::NetworkResolve, .text = host, .address = asked.literal};
  return note(question, rules_->answer(question));
}

bool Guard::allow_address(Access access, Transport transport, const IpAddress& address, uint16_t port) {
  if (name_of(access).target != TargetKind::Endpoint && access != Access::Http) return refuse(access);
  const IpAddress plain = unpack(address);
  std::array<std::string_view, names_max> names;
  size_t count = 0;
  // Newest first: what was looked up last is what is meant most likely, and the first name is told in the receipt.
  for (size_t i = 0; access != Access::NetworkListen && i < resolved_.size() && count < names_max; ++i) {
    const Resolved& resolved = resolved_[(resolved_next_ + resolved_.size() - 1 - i) % resolved_.size()];
    if (resolved.address == plain) names[count++] = resolved.host;
  }
  Question question{.access = access, .address = plain, .names = {names.data(), count}, .transport = transport, .port = port};
  const Ruling ruling = rules_->answer(question);
  if (access == Access::Http && ruling.verdict == Verdict::Allowed) return true;
  // The receipt tells the name that the rule is for.
  const auto* endpoint = ruling.rule != nullptr && ruling.rule->capability ? std::get_if<EndpointPattern>(&ruling.rule->capability->target) : nullptr;
  if (endpoint != nullptr) {
    const auto named = std::find_if(names.begin(), names.begin() + count, [endpoint](std::string_view name) { return endpoint->host.matches_name(name); });
    if (named != names.begin() + count) std::swap(names[0], *named);
  }
  return note(question, ruling);
}

bool Guard::allow_http(const HttpTarget& target) {
  const RequestHost asked = look_at(target.host);
  if (!asked.is_proper || (target.scheme != "http" && target.scheme != "https") || target.path.size() > url_path_bytes_max) return refuse(Access::Http);
  const Question question{.access = Access::Http, .address = asked.literal, .port = target.port, .http = &target};
  return note(question, rules_->answer(question));
}

bool Guard::allow_http_address(const HttpTarget& target, const IpAddress& address) {
  const IpAddress plain = unpack(address);
  const RequestHost asked = look_at(target.host);
  if (!asked.is_proper || (asked.literal && *asked.literal != plain) || (target.scheme != "http" && target.scheme != "https")) return refuse(Access::Http);
  const Question connection{.access = Access::NetworkOutbound, .address = plain, .transport = Transport::Tcp, .port = target.port};
  const Ruling by_address = rules_->answer(connection);
  const auto* endpoint =
      by_address.rule != nullptr && by_address.rule->capability ? std::get_if<EndpointPattern>(&by_address.rule->capability->target) : nullptr;
  const bool is_by_range = endpoint != nullptr && endpoint->host.kind == HostPattern::Kind::Range;
  if (is_by_range && by_address.verdict == Verdict::Denied) return note(connection, by_address);

  Question question{.access = Access::Http, .address = plain, .port = target.port, .http = &target};
  const Ruling ruling = rules_->answer(question);
  if (ruling.verdict == Verdict::Allowed) return true;
  if (ruling.rule != nullptr) return note(question, ruling);
  // No http rule admits the address. A rule for the address itself may.
  question.address = asked.literal;
  const bool is_granted = rules_->answer(question).verdict != Verdict::Denied;
  if (is_granted && is_by_range) return by_address.verdict == Verdict::Allowed || note(connection, by_address);
  return note(connection, {.verdict = Verdict::Denied, .rule = nullptr, .layer = ruling.layer});
}

bool Guard::would_allow(Access access) const {
  if (name_of(access).target != TargetKind::None) return rules_->may_allow(access);
  return rules_->answer(Question{.access = access}).verdict != Verdict::Denied;
}

bool Guard::would_allow_env(std::string_view name) const {
  if (name.empty() || name.size() > env_name_bytes_max) return false;
  return rules_->answer(Question{.access = Access::EnvRead, .text = name}).verdict != Verdict::Denied;
}

Subtree Guard::subtree(Access access, std::string_view guest_path) const { return rules_->subtree(access, guest_path); }

std::vector<GrantedFolder> Guard::folders() const { return rules_->folders(); }

void Guard::note_resolved(std::string_view host, const IpAddress& address) {
  Resolved resolved{unpack(address), std::string(host)};
  const auto same = [&resolved](const Resolved& known) { return known.address == resolved.address && known.host == resolved.host; };
  if (!is_host_name(host) || limits_.resolved_max == 0 || std::any_of(resolved_.begin(), resolved_.end(), same)) return;
  if (resolved_.size() < limits_.resolved_max) {
    resolved_.push_back(std::move(resolved));
  } else {
    resolved_[resolved_next_] = std::move(resolved);
  }
  resolved_next_ = (resolved_next_ + 1) % limits_.resolved_max;
}

void Guard::note_read_only(Access access, std::string_view folder, std::string_view reason) {
  std::string capability = fmt::format("{}:{}:", name_of(access).domain, name_of(access).action);
  append_escaped(capability, folder);
  deny(access, std::move(capability), std::string(reason));
}

bool Guard::refuse(Access access) {
  // No rule can be meant by what is no path, host or address.
  return deny(access, text_of_all(access), "no rule can allow what is not normalised");
}

bool Guard::deny(Access access, std::string capability, std::string advice) {
  const uint64_t hash = std::hash<std::string_view>()(capability) ^ (static_cast<uint64_t>(access) + 1);
  if (Slot* const slot = find_slot(hash, nullptr, Verdict::Denied, capability)) {
    ++decisions_[slot->decision].count;
  } else {
    add_decision({.access = access, .verdict = Verdict::Denied, .capability = std::move(capability), .rule = std::move(advice), .count = 1}, hash, nullptr);
  }
  return false;
}

bool Guard::note(const Question& question, const Ruling& ruling) {
  const bool goes_on = ruling.verdict != Verdict::Denied;
  const AskedText asked(question);
  const void* const by = ruling.rule != nullptr ? static_cast<const void*>(ruling.rule) : &rules_->layers()[ruling.layer];
  const auto hash_of = [by, &ruling](std::string_view text) {
    return std::hash<std::string_view>()(text) ^ (reinterpret_cast<uintptr_t>(by) * 0x9E3779B97F4A7C15u) ^ static_cast<uint64_t>(ruling.verdict);
  };
  std::string_view told = asked.text();
  uint64_t hash = hash_of(told);
  Slot* slot = asked.is_cut() ? nullptr : find_slot(hash, by, ruling.verdict, told);
  const bool is_observed = ruling.verdict == Verdict::Observed;
  const bool has_room = is_observed ? observed_ < limits_.observed_max : distinct_ < limits_.distinct_max;
  const bool is_told = slot != nullptr || (!asked.is_cut() && has_room);
  if (!is_told) {
    told = text_of_all(question.access);
    hash = hash_of(told);
    slot = find_slot(hash, by, ruling.verdict, told);
  }
  if (slot != nullptr) {
    ++decisions_[slot->decision].count;
    return goes_on;
  }
  Decision decision{.access = question.access, .verdict = ruling.verdict, .capability = std::string(told), .rule = {}, .count = 1};
  if (ruling.rule != nullptr) {
    const bool is_read_only = rules_->layers()[ruling.layer].key == RuleLayer::Key::Folders;
    decision.rule = is_read_only ? ruling.rule->source.key : ruling.rule->to_string();
  } else {
    decision.rule = is_told ? rules_->layers()[ruling.layer].advice(told) : "no rule allows it";
  }
  if (is_told) ++(is_observed ? observed_ : distinct_);
  add_decision(std::move(decision), hash, by);
  return goes_on;
}

Guard::Slot* Guard::find_slot(uint64_t hash, const void* by, Verdict verdict, std::string_view capability) {
  if (slots_.empty()) return nullptr;
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask; slots_[at].is_used; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.hash != hash || slot.by != by) continue;
    const Decision& decision = decisions_[slot.decision];
    if (decision.verdict == verdict && decision.capability == capability) return &slot;
  }
  return nullptr;
}

void Guard::add_decision(Decision decision, uint64_t hash, const void* by) {
  const auto place = [this](const Slot& slot) {
    const size_t mask = slots_.size() - 1;
    size_t at = slot.hash & mask;
    while (slots_[at].is_used) at = (at + 1) & mask;
    slots_[at] = slot;
  };
  if ((decisions_.size() + 1) * 2 > slots_.size()) {
    std::vector<Slot> old(std::max(slots_min, slots_.size() * 2));
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.is_used) place(slot);
    }
  }
  place({.hash = hash, .by = by, .decision = static_cast<uint32_t>(decisions_.size()), .is_used = true});
  decisions_.push_back(std::move(decision));
}

}  // namespace tenon::policy
