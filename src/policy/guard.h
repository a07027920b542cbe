#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/access.h"
#include "policy/budget.h"
#include "policy/receipt.h"
#include "policy/request.h"
#include "policy/rules.h"

namespace tenon::policy {

/// What a guard keeps, so that no guest makes it grow without end.
struct GuardLimits {
  /// Decisions that differ in what was asked for or how it was decided. What comes later is counted under one entry per access and rule, whose target is "…".
  size_t distinct_max = 256;
  /// The same for decisions of mode `observe`, from which a policy is learned: at about 1 KiB each.
  size_t observed_max = 8192;
  /// Pairs of a host and an address that were told by `note_resolved`; the oldest are forgotten.
  size_t resolved_max = 1024;
};

/// What one call may touch: asks the rules, counts, and keeps what the receipt tells. One thread at a time.
///
/// Each `allow_…` answers whether the guest may go on, and notes the decision with the rule that made it. A rule in mode `observe` answers yes and
/// notes what `enforce` would have answered. No call allocates, once a rule and target were seen, and none fails.
///
/// Addresses that are not public (`AddressClass`) are reached only by rules that name an address, a range or "localhost", or a host with `+loopback`,
/// `+private` or `+link-local`; also when a granted host has such an address.
class Guard final {
 public:
  Guard(std::shared_ptr<const Rules> rules, std::shared_ptr<Budget> budget, const GuardLimits& limits = {});

  const Rules& rules() const { return *rules_; }
  /// For what outlives the guard.
  const std::shared_ptr<const Rules>& shared_rules() const { return rules_; }
  Budget& budget() { return *budget_; }

  /// For accesses without a target: arguments, stdio, clocks, random, exit.
  bool allow(Access access);
  /// `guest_path` is absolute and normalised: no `.`, `..`, `//` or trailing slash.
  bool allow_path(Access access, std::string_view guest_path);
  bool allow_env(std::string_view name);
  /// Whether a name may be looked up. `host` is in lower case without a trailing dot.
  bool allow_resolve(std::string_view host);
  /// Whether packets may go to or come from an address. A rule that names a host covers an address only after `note_resolved` has told that this call got
  /// the address by looking up that host.
  bool allow_address(Access access, Transport transport, const IpAddress& address, uint16_t port);
  /// Whether a request may be made, as far as its target tells; the address is asked about next.
  bool allow_http(const HttpTarget& target);
  /// Whether a request that `allow_http` allowed may go to an address of its host; needs no `note_resolved`. Public addresses: yes. Loopback, private,
  /// link-local and all other addresses only when the target's host is that very address (so that the `http` rule named it), when the rule names the host with
  /// `+private` or its like, when it is `localhost` and the address is loopback, or when a `network:outbound` rule covers the address and port by address or
  /// network. Such a rule that denies them denies requests too. IPv4 in IPv6 is unpacked. A denial is noted as one of `network:outbound`.
  bool allow_http_address(const HttpTarget& target, const IpAddress& address);

  /// Like `allow`, without noting anything. For accesses with a target: whether some target is allowed.
  bool would_allow(Access access) const;
  /// Like `allow_env`, without noting anything: for telling a guest all variables that it may see, who did not ask for the others.
  bool would_allow_env(std::string_view name) const;
  Subtree subtree(Access access, std::string_view guest_path) const;
  /// The fixed prefixes of the filesystem rules, outermost first, none beneath another.
  std::vector<GrantedFolder> folders() const;

  /// Tells that `host`, which `allow_resolve` or `allow_http` allowed, has this address.
  void note_resolved(std::string_view host, const IpAddress& address);

  /// Notes that a change beneath `folder` was refused, one of the filesystem's accesses, because the guest has that folder for reading alone. `reason` says so,
  /// and what would change it.
  void note_read_only(Access access, std::string_view folder, std::string_view reason);

  /// The decisions so far, for the receipt.
  const std::vector<Decision>& decisions() const { return decisions_; }

 private:
  struct Resolved {
    IpAddress address;
    std::string host;
  };
  struct Slot {
    uint64_t hash = 0;
    /// The rule or, without one, the layer that decided.
    const void* by = nullptr;
    uint32_t decision = 0;
    bool is_used = false;
  };

  /// Counts a decision; answers whether the guest may go on.
  bool note(const Question& question, const Ruling& ruling);
  Slot* find_slot(uint64_t hash, const void* by, Verdict verdict, std::string_view capability);
  void add_decision(Decision decision, uint64_t hash, const void* by);
  bool refuse(Access access);
  /// Counts a denial that no rule made.
  bool deny(Access access, std::string capability, std::string advice);

  std::shared_ptr<const Rules> rules_;
  std::shared_ptr<Budget> budget_;
  GuardLimits limits_;
  std::vector<Decision> decisions_;
  std::vector<Slot> slots_;  // a hash table with open addressing; its size is a power of two
  size_t distinct_ = 0;  // but observed ones
  size_t observed_ = 0;
  std::vector<Resolved> resolved_;  // a ring once it is full
  size_t resolved_next_ = 0;
};

}  // namespace tenon::policy
