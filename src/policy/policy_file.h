#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "policy/budget.h"
#include "policy/rules.h"
#include "tenon/result.h"

namespace tenon::policy {

/// Larger policy files are refused, and files with more rules.
inline constexpr uint64_t policy_file_bytes_max = 1 << 20;
inline constexpr size_t policy_rules_max = 4096;

/// One thing that is wrong in a policy file.
struct PolicyProblem {
  std::string file;
  /// From 1 on; 0 when the file could not be read at all.
  uint32_t line = 0;
  uint32_t column = 0;
  /// `package."acme/tools".allow[2]`; empty when the text is no TOML.
  std::string key;
  std::string message;

  /// "policy.toml:12:3: default.allow[2]: …".
  std::string to_string() const;
};

/// All that is wrong, in the order of the lines.
using PolicyProblems = std::vector<PolicyProblem>;

/// The problems as one error of kind `InvalidInput`, a line each.
Error to_error(const PolicyProblems& problems);

/// Which host folder stands behind a guest path. Maps only: rules still have to allow what lies in it.
struct MountSetting {
  /// Absolute, normalised.
  std::string guest_path;
  /// Absolute, or relative to the working folder when the policy file was named so.
  std::string host_path;
  bool is_read_only = false;
  bool crosses_mounts = true;
  /// Where `mounts_for` found it: "[mounts] of policy.toml".
  std::string place = {};
  bool operator==(const MountSetting&) const = default;
};

/// A value that requests to some hosts carry in their headers and the guest never sees.
struct SecretSetting {
  std::string name;
  /// The variable of the host's environment that holds it, or else the file.
  std::string env;
  std::string file;
  /// Names or addresses in lower case, with `:port` where it is not the scheme's own; IPv6 in brackets.
  std::vector<std::string> hosts;
  /// Whether it may go out without TLS.
  bool allow_plain = false;
  bool operator==(const SecretSetting&) const = default;
};

/// The value of a secret, from the environment or its file, where one line break at the end is taken away. Errors: `NotFound`; `InvalidInput` when it is empty,
/// has a control character, or is longer than 64 KiB. No message holds any of it.
Result<std::string> read_secret(const SecretSetting& setting);

/// How requests of wasi:http leave the host.
struct HttpSetting {
  /// A PEM file of the certificate authorities that are trusted instead of the machine's; absolute, or relative as in `MountSetting`. Empty: the machine's.
  std::string ca_file;
  bool operator==(const HttpSetting&) const = default;
};

/// Random numbers and clocks that repeat.
struct DeterministicSetting {
  uint64_t seed = 0;
  /// What the wall clock says at the start, since 1970.
  std::chrono::nanoseconds start{0};
  /// How far the clocks advance each time one is read.
  std::chrono::nanoseconds step = std::chrono::microseconds(1);
  bool operator==(const DeterministicSetting&) const = default;
};

/// What settings and rules are asked for: a package, and an item of it. Empty for a program that is in no package.
struct PolicyTarget {
  std::string package;
  std::string item;
};

/// A `policy.toml`; docs/policy.md has its schema. Immutable, shared between threads.
class PolicyFile final {
 public:
  /// `name` stands in problems and rules; relative host paths start from its folder.
  static std::expected<std::shared_ptr<const PolicyFile>, PolicyProblems> parse(std::string_view text, std::string_view name);
  /// Reads it first. A file that cannot be read is one problem without a line.
  static std::expected<std::shared_ptr<const PolicyFile>, PolicyProblems> load(const std::filesystem::path& path);

  const std::string& name() const { return name_; }
  /// The names of the `[package."…"]` sections.
  std::vector<std::string> packages() const;

  /// The operator's rules for the target: item, package, default.
  RuleLayer layer_for(const PolicyTarget& target) const;
  /// Field by field, what the most specific section says; the fields of a preset count as said where it is named.
  BudgetLimits limits_for(const PolicyTarget& target) const;
  /// By guest path; a more specific section maps a path anew.
  std::vector<MountSetting> mounts_for(const PolicyTarget& target) const;
  /// By name; a more specific section binds a name anew.
  std::vector<SecretSetting> secrets_for(const PolicyTarget& target) const;
  /// Field by field, what the most specific section says.
  HttpSetting http_for(const PolicyTarget& target) const;
  std::optional<DeterministicSetting> deterministic_for(const PolicyTarget& target) const;

 private:
  friend class PolicyReader;

  struct Section {
    std::vector<Rule> rules;
    BudgetLimits limits;
    std::vector<MountSetting> mounts;
    std::vector<SecretSetting> secrets;
    HttpSetting http;
    /// Absent where the section says nothing; `false` in the file is an inner absence.
    std::optional<std::optional<DeterministicSetting>> deterministic;
    std::map<std::string, Section, std::less<>> items;
  };

  /// The sections for the target, the most specific one first, with their names.
  std::vector<std::pair<std::string, const Section*>> sections_for(const PolicyTarget& target) const;

  std::string name_;
  Section default_;
  std::map<std::string, Section, std::less<>> packages_;
};

/// `over` where it says something, else `under`.
BudgetLimits overlay(BudgetLimits under, const BudgetLimits& over);
/// The lower of both, limit by limit.
BudgetLimits lower_of(BudgetLimits limits, const BudgetLimits& others);

/// All who have a word in what a target may do.
struct RuleInputs {
  /// Null when there is no policy file.
  const PolicyFile* file = nullptr;
  PolicyTarget target = {};
  /// What the command line grants. Stands beneath the file's sections: a denial in the file beats it.
  std::vector<Rule> granted = {};
  /// What the package's manifest asks for; absent for a program without one, which is not narrowed so.
  std::optional<std::vector<Rule>> asked = std::nullopt;
  /// Where a package's author would write what is missing: "[capabilities] of component.toml".
  std::string asked_place = {};
  /// What the caller passes on; absent when it passes on everything.
  std::optional<std::vector<Rule>> passed_on = std::nullopt;
};

std::shared_ptr<const Rules> make_rules(RuleInputs inputs);

/// Rules that allow what the texts say, each with `key` as its source: "--grant". Errors: `InvalidInput` for a text that `parse_grant` refuses.
Result<std::vector<Rule>> rules_of_grants(std::span<const std::string> texts, std::string_view key);

/// Where to look for a policy file, apart from what the command line says.
struct PolicyPlaces {
  /// $TENON_POLICY, $XDG_CONFIG_HOME, $HOME; empty counts as not set.
  std::string tenon_policy;
  std::string xdg_config_home;
  std::string home;
  std::string system = "/etc/tenon/policy.toml";

  static PolicyPlaces of_process();
};

/// The first of: `named` (--policy), $TENON_POLICY, $XDG_CONFIG_HOME/tenon/policy.toml or ~/.config/tenon/policy.toml, /etc/tenon/policy.toml. The working
/// folder is not looked at, because a checkout must not grant itself anything. Absent when there is none. Error: `NotFound` when one of the first two is said
/// and is not there.
Result<std::optional<std::filesystem::path>> find_policy(const std::string& named, const PolicyPlaces& places = PolicyPlaces::of_process());

/// A policy file that is read again when it changed. Any thread. Who holds an older one goes on with that.
class PolicySource final {
 public:
  explicit PolicySource(std::filesystem::path path) : path_(std::move(path)) {}

  /// The file as it is now; as it was when it was last right, once it is wrong. Null when it was never right.
  std::shared_ptr<const PolicyFile> current();
  /// What is wrong with the file as `current` found it last.
  PolicyProblems problems() const;

 private:
  /// What tells one state of the file from another.
  struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = -1;
    int64_t changed_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  Stamp look() const;

  const std::filesystem::path path_;
  mutable std::mutex mutex_;
  Stamp stamp_;
  /// Whether the file was so young when it was read that it may have changed again without a new stamp.
  bool was_young_ = true;
  std::shared_ptr<const PolicyFile> file_;
  PolicyProblems problems_;
};

}  // namespace tenon::policy
