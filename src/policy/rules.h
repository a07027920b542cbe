#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "policy/capability.h"
#include "policy/receipt.h"
#include "policy/request.h"
#include "tenon/result.h"

namespace tenon::policy {

enum class Effect : uint8_t { Allow, Deny };

enum class Mode : uint8_t {
  Enforce,
  /// An `Allow` lets through and counts what would not be let through without it; a `Deny` lets through and counts what it would stop.
  Observe,
};

/// Where a rule stands.
struct RuleSource {
  /// Empty when it is in no file.
  std::string file;
  /// From 1 on; 0 when it is in no file.
  uint32_t line = 0;
  /// The key in the file ("default.allow[2]"), an option ("--grant"), or "built in".
  std::string key;

  /// "policy.toml:12", or the key.
  std::string to_string() const;
};

struct Rule {
  /// Absent for everything that no other rule of the layer names: `observe = true`.
  std::optional<Capability> capability;
  Effect effect = Effect::Allow;
  Mode mode = Mode::Enforce;
  RuleSource source;

  /// "filesystem:read:/data/** (policy.toml:12)"; "deny " before a denial, "observe " before what is only observed.
  std::string to_string() const;
};

/// Rules of one rank: a denial in it beats all that it allows.
struct RuleScope {
  /// `[package."acme/tools"]`, "--grant", …
  std::string name;
  std::vector<Rule> rules;
};

/// One of the keys that all must fit: whoever has a word in what is allowed.
struct RuleLayer {
  enum class Key : uint8_t {
    /// The package: what its manifest asks for.
    Asked,
    /// The operator.
    Allowed,
    /// The caller, who may narrow.
    PassedOn,
    /// The folders that the guest is given: which of them are for reading alone. The key of a rule's source is what a denial says.
    Folders,
  };
  Key key = Key::Allowed;
  /// The first scope with a rule that matches decides.
  std::vector<RuleScope> scopes;
  /// Where a missing rule is to be added: "[default] of /etc/tenon/policy.toml"; empty for the command line.
  std::string place;

  /// What to do when the layer lacks a rule: "add --grant env:read:HOME", `add "env:read:HOME" to allow in [default] of policy.toml`.
  std::string advice(std::string_view capability) const;
};

/// How a question was decided.
struct Ruling {
  Verdict verdict = Verdict::Denied;
  /// The rule that decided; null when no rule of the layer matches. Lives as long as the rules.
  const Rule* rule = nullptr;
  /// The layer that decided: the first that denies, else the first that observes, else the operator's.
  uint32_t layer = 0;
  bool operator==(const Ruling&) const = default;
};

/// What may be done: layers of rules, compiled. What is done must be allowed by each layer; a layer decides by its most specific scope that has a rule for it,
/// and in a scope a denial beats what is allowed. What no rule of a layer matches is denied, but for stdout, stderr and the monotonic clock, which a scope
/// beneath all others allows in each layer.
///
/// A rule that allows `network:outbound` to a host allows to look that host up.
///
/// Immutable, shared between threads.
class Rules final {
 public:
  /// Any number of layers; without the operator's one that allows nothing more is added.
  static std::shared_ptr<const Rules> create(std::vector<RuleLayer> layers);
  /// The operator allows `grants` and nothing else: what a command line gives. Errors: `InvalidInput` for a text that `parse_grant` refuses.
  static Result<std::shared_ptr<const Rules>> from_grants(std::span<const std::string> grants);

  /// The same with one more layer, which can only narrow.
  static std::shared_ptr<const Rules> narrowed(const Rules& rules, RuleLayer layer);

  Rules(const Rules&) = delete;
  Rules& operator=(const Rules&) = delete;

  /// Allocates nothing.
  Ruling answer(const Question& question) const;
  /// What one layer says, alone.
  Ruling answer(const Question& question, uint32_t layer) const;
  /// Whether each layer has some rule that allows some of `access`.
  bool may_allow(Access access) const;

  /// For the filesystem's accesses. `Mixed` also where rules would have to be put together to tell.
  Subtree subtree(Access access, std::string_view guest_path) const;
  /// The fixed prefixes of what all layers allow of the filesystem, none beneath another, in order of their names. `observe = true` opens none.
  const std::vector<GrantedFolder>& folders() const { return folders_; }

  /// With the scope of what is built in.
  const std::vector<RuleLayer>& layers() const { return layers_; }

 private:
  struct Entry {
    const Rule* rule;
    uint32_t scope;
  };
  using Entries = std::vector<Entry>;

  explicit Rules(std::vector<RuleLayer> layers);
  static Subtree layer_subtree(const Entries& entries, std::string_view folder);
  std::vector<GrantedFolder> find_folders() const;

  std::vector<RuleLayer> layers_;
  /// For each layer and access, the rules that concern it in the order in which they decide.
  std::vector<std::array<Entries, access_count>> compiled_;
  uint32_t operator_layer_ = 0;
  std::vector<GrantedFolder> folders_;
};

}  // namespace tenon::policy
