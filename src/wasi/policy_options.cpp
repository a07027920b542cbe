#include "wasi/policy_options.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <sys/random.h>

#include "base/encoding.h"
#include "policy/toml_text.h"
#include "tenon/wasi.h"

namespace tenon::wasi {
namespace {

/// What stands for a secret in a guest's hands: long enough not to be met by chance.
Result<std::string> new_placeholder(const std::string& name) {
  std::array<std::byte, 16> random{};
  if (getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) return fail(ErrorKind::Unavailable, "no random numbers");
  return fmt::format("secret-{}-{}", name, base::encode_hex(random));
}

}  // namespace

Result<> apply_policy(const policy::PolicyFile& file, const policy::PolicyTarget& target, Config& config) {
  for (const policy::MountSetting& setting : file.mounts_for(target)) {
    const auto is_same = [&](const Mount& mount) { return mount.guest_path == setting.guest_path; };
    if (std::ranges::any_of(config.mounts, is_same)) continue;
    config.mounts.push_back({.host_path = setting.host_path,
                             .guest_path = setting.guest_path,
                             .is_read_only = setting.is_read_only,
                             .crosses_mounts = setting.crosses_mounts,
                             .read_only_advice = fmt::format("set read-only = false for {} in {}", policy::toml_string(setting.guest_path), setting.place)});
  }
  for (const policy::SecretSetting& setting : file.secrets_for(target)) {
    TENON_TRY(const std::string value, policy::read_secret(setting));
    TENON_TRY(const std::string placeholder, new_placeholder(setting.name));
    for (const std::string& host : setting.hosts)
      config.secrets.push_back({.name = setting.name, .placeholder = placeholder, .value = value, .host = host, .allow_plain = setting.allow_plain});
    // The guest finds the placeholder in a variable of the secret's name.
    config.environment.insert(config.environment.begin(), {setting.name, placeholder});
  }
  if (policy::HttpSetting http = file.http_for(target); !http.ca_file.empty()) config.http.ca_file = std::move(http.ca_file);
  if (const auto setting = file.deterministic_for(target); setting && !config.deterministic)
    config.deterministic = Deterministic{.seed = setting->seed, .wall_start = setting->start, .step = setting->step};
  return {};
}

Result<RunOptions> options_from_policy(const std::string& path, const std::string& package, const std::string& item, Config config) {
  const auto file = policy::PolicyFile::load(path);
  if (!file) return std::unexpected(policy::to_error(file.error()));
  const policy::PolicyTarget target{.package = package, .item = item};
  TENON_CHECK_OK(apply_policy(**file, target, config));
  RunOptions options;
  options.rules = policy::make_rules({.file = file->get(), .target = target});
  options.limits = (*file)->limits_for(target);
  options.config = std::make_shared<const Config>(std::move(config));
  return options;
}

}  // namespace tenon::wasi
