#include "policy/policy_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "base/files.h"
#include "policy/toml_text.h"

namespace tenon::policy {
namespace {

/// A file changed again within this time may have the same stamp: the clock of some file systems is coarse.
constexpr std::chrono::seconds young{3};
constexpr uint64_t secret_bytes_max = 64 << 10;

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Where the rules of a target stand, the most specific place.
std::string section_name(const PolicyTarget& target) {
  if (target.package.empty()) return "[default]";
  std::string name = "[package." + toml_string(target.package);
  if (!target.item.empty()) name += ".item." + toml_string(target.item);
  return name + "]";
}

/// `over` before what of `under` it does not name.
template <class T, class Name>
void merge_over(std::vector<T>& over, const std::vector<T>& under, Name name) {
  const size_t count = over.size();
  for (const T& one : under) {
    if (std::none_of(over.begin(), over.begin() + static_cast<std::ptrdiff_t>(count), [&](const T& other) { return name(other) == name(one); }))
      over.push_back(one);
  }
}

}  // namespace

std::string PolicyProblem::to_string() const {
  std::string text = file;
  if (line != 0) text += fmt::format(":{}:{}", line, column);
  if (!key.empty()) text += fmt::format(": {}", key);
  return fmt::format("{}: {}", text, message);
}

Error to_error(const PolicyProblems& problems) {
  std::string text;
  for (const PolicyProblem& problem : problems) text.append(text.empty() ? "" : "\n").append(problem.to_string());
  return Error(ErrorKind::InvalidInput, std::move(text));
}

Result<std::string> read_secret(const SecretSetting& setting) {
  std::string value;
  if (!setting.file.empty()) {
    auto content = base::read_file(setting.file, secret_bytes_max);
    if (!content) return std::unexpected(std::move(content).error().wrap(fmt::format("the secret {}", setting.name)));
    value = *std::move(content);
    if (value.ends_with('\n')) value.pop_back();
    if (value.ends_with('\r')) value.pop_back();
  } else {
    const char* const found = std::getenv(setting.env.c_str());
    if (found == nullptr) return fail(ErrorKind::NotFound, fmt::format("the secret {}: there is no variable {}", setting.name, setting.env));
    value = found;
  }
  if (value.empty() || value.size() > secret_bytes_max)
    return fail(ErrorKind::InvalidInput, fmt::format("the secret {} has {} bytes, not 1 to {}", setting.name, value.size(), secret_bytes_max));
  if (std::any_of(value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) {
    return fail(ErrorKind::InvalidInput, fmt::format("the secret {} has a control character, which no header can carry", setting.name));
  }
  return value;
}

std::expected<std::shared_ptr<const PolicyFile>, PolicyProblems> PolicyFile::load(const std::filesystem::path& path) {
  const auto text = base::read_file(path, policy_file_bytes_max);
  if (!text) return std::unexpected(PolicyProblems{{.file = path.string(), .line = 0, .column = 0, .key = {}, .message = text.error().message()}});
  return parse(*text, path.string());
}

std::vector<std::string> PolicyFile::packages() const {
  std::vector<std::string> names;
  for (const auto& [name, section] : packages_) names.push_back(name);
  return names;
}

std::vector<std::pair<std::string, const PolicyFile::Section*>> PolicyFile::sections_for(const PolicyTarget& target) const {
  std::vector<std::pair<std::string, const Section*>> sections;
  if (const auto package = packages_.find(target.package); package != packages_.end()) {
    if (const auto item = package->second.items.find(target.item); item != package->second.items.end()) {
      sections.emplace_back(section_name(target), &item->second);
    }
    sections.emplace_back(section_name({.package = target.package, .item = {}}), &package->second);
  }
  sections.emplace_back("[default]", &default_);
  return sections;
}

RuleLayer PolicyFile::layer_for(const PolicyTarget& target) const {
  RuleLayer layer{.key = RuleLayer::Key::Allowed, .scopes = {}, .place = {}};
  layer.place = fmt::format("{} of {}", section_name(target), name_);
  for (const auto& [name, section] : sections_for(target)) layer.scopes.push_back({.name = name, .rules = section->rules});
  return layer;
}

BudgetLimits PolicyFile::limits_for(const PolicyTarget& target) const {
  BudgetLimits limits;
  for (const auto& [name, section] : sections_for(target)) limits = overlay(section->limits, limits);
  return limits;
}

std::vector<MountSetting> PolicyFile::mounts_for(const PolicyTarget& target) const {
  std::vector<MountSetting> mounts;
  for (const auto& [name, section] : sections_for(target)) {
    const size_t known = mounts.size();
    merge_over(mounts, section->mounts, [](const MountSetting& mount) { return mount.guest_path; });
    for (size_t i = known; i < mounts.size(); ++i)
      mounts[i].place = fmt::format("{} of {}", section == &default_ ? "[mounts]" : name.substr(0, name.size() - 1) + ".mounts]", name_);
  }
  return mounts;
}

std::vector<SecretSetting> PolicyFile::secrets_for(const PolicyTarget& target) const {
  std::vector<SecretSetting> secrets;
  for (const auto& [name, section] : sections_for(target)) merge_over(secrets, section->secrets, [](const SecretSetting& secret) { return secret.name; });
  return secrets;
}

HttpSetting PolicyFile::http_for(const PolicyTarget& target) const {
  for (const auto& [name, section] : sections_for(target)) {
    if (!section->http.ca_file.empty()) return section->http;
  }
  return {};
}

std::optional<DeterministicSetting> PolicyFile::deterministic_for(const PolicyTarget& target) const {
  for (const auto& [name, section] : sections_for(target)) {
    if (section->deterministic) return *section->deterministic;
  }
  return {};
}

namespace {

/// `take(limit, other)` for each limit.
template <class F>
BudgetLimits combine(BudgetLimits under, const BudgetLimits& over, F take) {
  take(under.time, over.time);
  take(under.fuel, over.fuel);
  take(under.memory_bytes, over.memory_bytes);
  take(under.table_elements, over.table_elements);
  take(under.tables, over.tables);
  take(under.memories, over.memories);
  take(under.instances, over.instances);
  take(under.bytes_in, over.bytes_in);
  take(under.bytes_out, over.bytes_out);
  take(under.host_calls, over.host_calls);
  take(under.handles, over.handles);
  take(under.sub_calls, over.sub_calls);
  take(under.depth, over.depth);
  return under;
}

}  // namespace

BudgetLimits overlay(BudgetLimits under, const BudgetLimits& over) {
  return combine(under, over, [](auto& to, const auto& from) {
    if (from) to = from;
  });
}

BudgetLimits lower_of(BudgetLimits limits, const BudgetLimits& others) {
  return combine(limits, others, [](auto& to, const auto& from) {
    if (from && (!to || *from < *to)) to = from;
  });
}

std::shared_ptr<const Rules> make_rules(RuleInputs inputs) {
  std::vector<RuleLayer> layers;
  const auto add_narrowing = [&layers](RuleLayer::Key key, std::optional<std::vector<Rule>>& rules, std::string place) {
    if (!rules) return;
    RuleLayer layer{.key = key, .scopes = {}, .place = std::move(place)};
    layer.scopes.push_back({.name = key == RuleLayer::Key::Asked ? "package" : "caller", .rules = std::move(*rules)});
    layers.push_back(std::move(layer));
  };
  add_narrowing(RuleLayer::Key::Asked, inputs.asked, std::move(inputs.asked_place));
  RuleLayer allowed = inputs.file != nullptr ? inputs.file->layer_for(inputs.target) : RuleLayer();
  if (inputs.file != nullptr) {
    // Who binds a secret gives the guest the variable with its placeholder, whatever rules say of variables.
    RuleScope secrets{.name = "[secrets]", .rules = {}};
    for (const SecretSetting& setting : inputs.file->secrets_for(inputs.target)) {
      std::string name;
      append_escaped(name, setting.name);
      auto pattern = NamePattern::parse(name);
      if (!pattern) continue;
      secrets.rules.push_back(
          {.capability = Capability{.domain = "env", .action = "read", .target = *std::move(pattern)}, .source = {.file = {}, .line = 0, .key = "[secrets]"}});
    }
    if (!secrets.rules.empty()) allowed.scopes.insert(allowed.scopes.begin(), std::move(secrets));
  }
  allowed.scopes.push_back({.name = "command line", .rules = std::move(inputs.granted)});
  layers.push_back(std::move(allowed));
  add_narrowing(RuleLayer::Key::PassedOn, inputs.passed_on, "");
  return Rules::create(std::move(layers));
}

Result<std::vector<Rule>> rules_of_grants(std::span<const std::string> texts, std::string_view key) {
  std::vector<Rule> rules;
  for (const std::string& text : texts) {
    TENON_TRY(std::vector<Capability> capabilities, parse_grant(text));
    for (Capability& capability : capabilities)
      rules.push_back({.capability = std::move(capability), .source = {.file = {}, .line = 0, .key = std::string(key)}});
  }
  return rules;
}

PolicyPlaces PolicyPlaces::of_process() {
  return {.tenon_policy = variable("TENON_POLICY"), .xdg_config_home = variable("XDG_CONFIG_HOME"), .home = variable("HOME")};
}

Result<std::optional<std::filesystem::path>> find_policy(const std::string& named, const PolicyPlaces& places) {
  const auto exists = [](const std::filesystem::path& path) {
    std::error_code error;
    return std::filesystem::exists(path, error);
  };
  using Found = std::optional<std::filesystem::path>;
  if (!named.empty()) {
    if (exists(named)) return Found(named);
    return fail(ErrorKind::NotFound, fmt::format("there is no policy file {}", named));
  }
  if (!places.tenon_policy.empty()) {
    if (exists(places.tenon_policy)) return Found(places.tenon_policy);
    return fail(ErrorKind::NotFound, fmt::format("there is no policy file {}, which TENON_POLICY names", places.tenon_policy));
  }
  // The XDG specification has relative paths ignored.
  std::filesystem::path config = places.xdg_config_home;
  if (!config.is_absolute() && !places.home.empty()) config = std::filesystem::path(places.home) / ".config";
  if (config.is_absolute() && exists(config / "tenon" / "policy.toml")) return Found(config / "tenon" / "policy.toml");
  if (exists(places.system)) return Found(places.system);
  return Found();
}

PolicySource::Stamp PolicySource::look() const {
  struct stat status{};
  if (stat(path_.c_str(), &status) != 0) return {};
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size = status.st_size,
          .changed_ns = int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

std::shared_ptr<const PolicyFile> PolicySource::current() {
  const std::lock_guard lock(mutex_);
  const Stamp stamp = look();
  if (stamp == stamp_ && !was_young_) return file_;
  const std::chrono::nanoseconds now = std::chrono::system_clock::now().time_since_epoch();
  was_young_ = stamp.size < 0 || now - std::chrono::nanoseconds(stamp.changed_ns) < young;
  stamp_ = stamp;
  auto read = PolicyFile::load(path_);
  problems_ = read ? PolicyProblems() : std::move(read.error());
  if (read) file_ = *std::move(read);
  return file_;
}

PolicyProblems PolicySource::problems() const {
  const std::lock_guard lock(mutex_);
  return problems_;
}

}  // namespace tenon::policy
