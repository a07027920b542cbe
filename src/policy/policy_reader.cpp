#include <algorithm>
#include <chrono>
#include <optional>
#include <tuple>
#include <utility>

#include <fmt/format.h>

// The parser takes two things to be impossible that a wrong file can hold: some keys ("[{"), by assertions, which must neither end the process nor be taken to
// hold as with NDEBUG; and, in its test for white space, characters near those that it looks for (U+FEBF), where it would be undefined what happens.
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(...) static_assert(true)
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
// clang-format off
#include <toml++/impl/forward_declarations.h>
#undef TOML_UNREACHABLE
#define TOML_UNREACHABLE return false
#include <toml++/impl/unicode.h>
#undef TOML_UNREACHABLE
#define TOML_UNREACHABLE __builtin_unreachable()
#include <toml++/toml.h>
// clang-format on
#pragma pop_macro("NDEBUG")

#include "base/utf8.h"
#include "policy/policy_file.h"
#include "policy/presets.h"
#include "policy/units.h"

namespace tenon::policy {
namespace {

/// A key of more names would make the parser's tree so deep that destroying it takes more stack than there is.
constexpr size_t dots_in_a_line_max = 256;
constexpr int64_t version_now = 1;

struct Trouble {
  uint32_t line = 0;
  std::string message;
};

/// What must not reach the parser: keys with too many dots; characters beyond ASCII outside of strings and comments, some of which it takes to be impossible
/// (TOML has no place for them there); strings of several lines, in which it does so too.
std::optional<Trouble> find_trouble(std::string_view text) {
  uint32_t line = 1;
  size_t dots = 0;
  for (size_t i = text.starts_with("\xEF\xBB\xBF") ? 3 : 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      ++line;
      dots = 0;
    } else if (c == '#') {
      i = std::min(text.find('\n', i), text.size()) - 1;
    } else if (c == '"' || c == '\'') {
      if (text.substr(i, 3) == std::string(3, c)) return Trouble{line, "a string of several lines has no use here"};
      for (++i; i < text.size() && text[i] != c && text[i] != '\n'; ++i) {
        if (c == '"' && text[i] == '\\') ++i;
      }
      if (i >= text.size() || text[i] != c) return Trouble{line, "a string does not end on its line"};
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      return Trouble{line, "a character that is not ASCII stands outside of quotes"};
    } else if (c == '.' && ++dots > dots_in_a_line_max) {
      return Trouble{line, fmt::format("a key has more than {} dots", dots_in_a_line_max)};
    }
  }
  return {};
}

std::string key_text(std::string_view key) {
  const bool is_bare = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  if (is_bare) return std::string(key);
  std::string text = "\"";
  for (const char c : key) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      text += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
    } else {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
  }
  return text + "\"";
}

std::string join_key(std::string_view parent, std::string_view key) { return parent.empty() ? key_text(key) : fmt::format("{}.{}", parent, key_text(key)); }

}  // namespace

/// Reads one file, going on after each problem.
class PolicyReader final {
 public:
  explicit PolicyReader(std::string_view name) : file_(std::make_shared<PolicyFile>()) { file_->name_ = name; }

  std::expected<std::shared_ptr<const PolicyFile>, PolicyProblems> read(std::string_view text) {
    if (text.size() > policy_file_bytes_max) {
      fail_at({}, "", fmt::format("the file is {} bytes long, at most {} are read", text.size(), policy_file_bytes_max));
    } else if (!base::is_utf8(text)) {
      fail_at({}, "", "the file is not UTF-8");
    } else if (auto trouble = find_trouble(text)) {
      fail_at({trouble->line, 1}, "", std::move(trouble->message));
    } else if (const toml::parse_result parsed = toml::parse(text, std::string_view())) {
      read_file(parsed.table());
    } else {
      fail_at(place_of(parsed.error().source()), "", std::string(parsed.error().description()));
    }
    if (problems_.empty()) return file_;
    std::sort(problems_.begin(), problems_.end(), [](const PolicyProblem& a, const PolicyProblem& b) {
      return std::tie(a.line, a.column, a.key, a.message) < std::tie(b.line, b.column, b.key, b.message);
    });
    return std::unexpected(std::move(problems_));
  }

 private:
  using Section = PolicyFile::Section;
  struct Place {
    uint32_t line = 0;
    uint32_t column = 0;
  };

  static Place place_of(const toml::source_region& region) { return {region.begin.line, region.begin.column}; }
  static Place place_of(const toml::node& node) { return place_of(node.source()); }

  void fail_at(Place place, std::string_view key, std::string message) {
    constexpr size_t problems_max = 100;
    if (problems_.size() < problems_max)
      problems_.push_back({.file = file_->name_, .line = place.line, .column = place.column, .key = std::string(key), .message = std::move(message)});
  }
  void fail_at(Place place, std::string_view key, const Error& error) { fail_at(place, key, error.message()); }

  RuleSource source_of(const toml::node& node, std::string key) const {
    return {.file = file_->name_, .line = node.source().begin.line, .key = std::move(key)};
  }

  const toml::table* table_at(const toml::node& node, std::string_view key) {
    const toml::table* const table = node.as_table();
    if (table == nullptr) fail_at(place_of(node), key, "is not a table");
    return table;
  }

  std::optional<std::string> text_at(const toml::node& node, std::string_view key) {
    const auto* const text = node.as_string();
    if (text == nullptr) {
      fail_at(place_of(node), key, "is not a string");
      return {};
    }
    return text->get();
  }

  std::optional<bool> bool_at(const toml::node& node, std::string_view key) {
    const auto* const value = node.as_boolean();
    if (value == nullptr) {
      fail_at(place_of(node), key, "is neither true nor false");
      return {};
    }
    return value->get();
  }

  void unknown(const toml::key& key, std::string_view parent, std::string_view known) {
    fail_at(place_of(key.source()), join_key(parent, key.str()), fmt::format("is unknown here; known are {}", known));
  }

  void read_file(const toml::table& root) {
    const toml::node* const version = root.get("version");
    if (version == nullptr) {
      fail_at({1, 1}, "version", fmt::format("is missing; write version = {}", version_now));
    } else if (version->value_exact<int64_t>() != version_now) {
      fail_at(place_of(*version), "version", fmt::format("is not {}, the only one that this program reads", version_now));
    }
    for (auto&& [key, node] : root) {
      if (key == "version") continue;
      const std::string path = join_key("", key.str());
      if (key == "default") {
        if (const auto* table = table_at(node, path)) read_section(*table, path, file_->default_, Level::Default);
      } else if (key == "mounts") {
        read_mounts(node, path, file_->default_);
      } else if (key == "secrets") {
        read_secrets(node, path, file_->default_);
      } else if (key == "http") {
        read_http(node, path, file_->default_);
      } else if (key == "package") {
        if (const auto* table = table_at(node, path)) read_sections(*table, path, file_->packages_, Level::Package);
      } else {
        unknown(key, "", "version, default, mounts, secrets, http and package");
      }
    }
  }

  enum class Level { Default, Package, Item };

  void read_sections(const toml::table& table, std::string_view parent, std::map<std::string, Section, std::less<>>& sections, Level level) {
    for (auto&& [key, node] : table) {
      const std::string path = join_key(parent, key.str());
      if (key.str().empty()) fail_at(place_of(key.source()), path, "is an empty name");
      if (const auto* section = table_at(node, path)) read_section(*section, path, sections[std::string(key.str())], level);
    }
  }

  void read_section(const toml::table& table, std::string_view parent, Section& section, Level level) {
    for (auto&& [key, node] : table) {
      const std::string path = join_key(parent, key.str());
      if (key == "allow") {
        read_rules(node, path, section, Effect::Allow, Mode::Enforce);
      } else if (key == "deny") {
        read_rules(node, path, section, Effect::Deny, Mode::Enforce);
      } else if (key == "observe") {
        read_observe(node, path, section);
      } else if (key == "budget") {
        read_budget(node, path, section);
      } else if (key == "deterministic") {
        read_deterministic(node, path, section);
      } else if (key == "mounts" && level != Level::Default) {
        read_mounts(node, path, section);
      } else if (key == "secrets" && level != Level::Default) {
        read_secrets(node, path, section);
      } else if (key == "http" && level != Level::Default) {
        read_http(node, path, section);
      } else if (key == "item" && level == Level::Package) {
        if (const auto* items = table_at(node, path)) read_sections(*items, path, section.items, Level::Item);
      } else {
        unknown(key, parent,
                level == Level::Default   ? "allow, deny, observe, budget and deterministic; mounts, secrets and http stand at the top"
                : level == Level::Package ? "allow, deny, observe, budget, deterministic, mounts, secrets, http and item"
                                          : "allow, deny, observe, budget, deterministic, mounts, secrets and http");
      }
    }
  }

  void add_rules(const std::string& text, const toml::node& node, const std::string& path, Section& section, Effect effect, Mode mode) {
    auto capabilities = parse_grant(text);
    if (!capabilities) return fail_at(place_of(node), path, capabilities.error());
    for (Capability& capability : *capabilities) {
      if (++rules_ == policy_rules_max + 1) fail_at(place_of(node), path, fmt::format("the file has more than {} rules", policy_rules_max));
      if (rules_ > policy_rules_max) return;
      section.rules.push_back({.capability = std::move(capability), .effect = effect, .mode = mode, .source = source_of(node, path)});
    }
  }

  void read_rules(const toml::node& node, const std::string& path, Section& section, Effect effect, Mode mode) {
    const toml::array* const array = node.as_array();
    if (array == nullptr) return fail_at(place_of(node), path, "is not an array of capabilities");
    size_t index = 0;
    for (const toml::node& element : *array) {
      const std::string element_path = fmt::format("{}[{}]", path, index++);
      if (const auto* text = element.as_string()) {
        add_rules(text->get(), element, element_path, section, effect, mode);
      } else if (const auto* table = element.as_table()) {
        read_rule(*table, element_path, section, effect, mode);
      } else {
        fail_at(place_of(element), element_path, "is neither a capability nor { capability = \"…\", mode = \"…\" }");
      }
    }
  }

  void read_rule(const toml::table& table, const std::string& path, Section& section, Effect effect, Mode mode) {
    std::optional<std::string> capability;
    for (auto&& [key, node] : table) {
      const std::string key_path = join_key(path, key.str());
      if (key == "capability") {
        capability = text_at(node, key_path);
      } else if (key == "mode") {
        const auto text = text_at(node, key_path);
        if (text && *text != "enforce" && *text != "observe") fail_at(place_of(node), key_path, "is neither \"enforce\" nor \"observe\"");
        if (text) mode = *text == "observe" ? Mode::Observe : Mode::Enforce;
      } else {
        unknown(key, path, "capability and mode");
      }
    }
    if (capability) return add_rules(*capability, table, path, section, effect, mode);
    if (table.get("capability") == nullptr) fail_at(place_of(table), path, "lacks its capability");
  }

  void read_observe(const toml::node& node, const std::string& path, Section& section) {
    const auto* const flag = node.as_boolean();
    if (flag == nullptr && !node.is_array()) return fail_at(place_of(node), path, "is neither true, false nor an array of capabilities");
    if (flag == nullptr) return read_rules(node, path, section, Effect::Allow, Mode::Observe);
    if (flag->get()) section.rules.push_back({.capability = std::nullopt, .effect = Effect::Allow, .mode = Mode::Observe, .source = source_of(node, path)});
  }

  void read_budget(const toml::node& node, const std::string& path, Section& section) {
    if (node.is_string()) return read_preset(node, path, section);
    const toml::table* const table = node.as_table();
    if (table == nullptr) return fail_at(place_of(node), path, "is neither the name of a preset nor a table of limits");
    if (const toml::node* const preset = table->get("preset")) read_preset(*preset, join_key(path, "preset"), section);
    BudgetLimits limits;
    for (auto&& [key, value] : *table) {
      if (key == "preset") continue;
      const std::string key_path = join_key(path, key.str());
      const auto text = quantity_at(value, key_path);
      if (!text) continue;
      const auto set = set_limit(limits, key == "memory" ? "memory-bytes" : key.str(), *text);
      if (!set && set.error().kind() == ErrorKind::NotFound) {
        unknown(key, path,
                "preset, time, fuel, memory, table-elements, tables, memories, instances, bytes-in, bytes-out, host-calls, handles, sub-calls and depth");
      } else if (!set) {
        fail_at(place_of(value), key_path, set.error());
      }
    }
    section.limits = overlay(section.limits, limits);
  }

  void read_preset(const toml::node& node, const std::string& path, Section& section) {
    const auto name = text_at(node, path);
    if (!name) return;
    const auto preset = find_preset(*name);
    if (!preset) return fail_at(place_of(node), path, preset.error());
    section.limits = overlay(section.limits, preset->limits);
  }

  /// A whole number, or a string that may have a unit.
  std::optional<std::string> quantity_at(const toml::node& node, std::string_view key) {
    if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
    if (const auto* text = node.as_string()) return text->get();
    fail_at(place_of(node), key, "is neither a whole number nor a string with one, such as \"256MB\" or \"5s\"");
    return {};
  }

  std::optional<uint64_t> seed_at(const toml::node& node, std::string_view key) {
    const auto text = quantity_at(node, key);
    if (!text) return {};
    const auto seed = parse_count(*text);
    if (seed) return *seed;
    fail_at(place_of(node), key, seed.error());
    return {};
  }

  std::optional<std::chrono::nanoseconds> duration_at(const toml::node& node, std::string_view key) {
    const auto text = quantity_at(node, key);
    if (!text) return {};
    const auto parsed = parse_duration(*text);
    if (!parsed) {
      fail_at(place_of(node), key, parsed.error());
      return {};
    }
    return *parsed;
  }

  void read_deterministic(const toml::node& node, const std::string& path, Section& section) {
    if (const auto* flag = node.as_boolean()) {
      if (flag->get()) return fail_at(place_of(node), path, "needs a seed: a whole number, or { seed = 1, start = 2025-01-01T00:00:00Z, step = \"1us\" }");
      section.deterministic.emplace(std::nullopt);
      return;
    }
    DeterministicSetting setting;
    if (node.is_integer()) {
      if (const auto seed = seed_at(node, path)) setting.seed = *seed;
      section.deterministic = setting;
      return;
    }
    const toml::table* const table = node.as_table();
    if (table == nullptr) return fail_at(place_of(node), path, "is neither a seed, false nor { seed = 1, start = 2025-01-01T00:00:00Z, step = \"1us\" }");
    if (table->get("seed") == nullptr) fail_at(place_of(node), path, "lacks its seed");
    for (auto&& [key, value] : *table) {
      const std::string key_path = join_key(path, key.str());
      if (key == "seed") {
        if (const auto seed = seed_at(value, key_path)) setting.seed = *seed;
      } else if (key == "start") {
        if (const auto start = moment_at(value, key_path)) setting.start = *start;
      } else if (key == "step") {
        if (const auto step = duration_at(value, key_path)) setting.step = *step;
      } else {
        unknown(key, path, "seed, start and step");
      }
    }
    section.deterministic = setting;
  }

  std::optional<std::chrono::nanoseconds> moment_at(const toml::node& node, std::string_view key) {
    const auto* const moment = node.as_date_time();
    if (moment == nullptr || !moment->get().offset) {
      fail_at(place_of(node), key, "is no moment with its offset, such as 2025-01-01T00:00:00Z, written without quotes");
      return {};
    }
    const toml::date_time& at = moment->get();
    const std::chrono::year_month_day day{std::chrono::year(at.date.year), std::chrono::month(at.date.month), std::chrono::day(at.date.day)};
    if (!day.ok() || at.date.year < 1970 || at.date.year > 2200) {
      fail_at(place_of(node), key, "is not between 1970 and 2200");
      return {};
    }
    return std::chrono::sys_days(day).time_since_epoch() + std::chrono::hours(at.time.hour) + std::chrono::minutes(at.time.minute) +
           std::chrono::seconds(at.time.second) + std::chrono::nanoseconds(at.time.nanosecond) - std::chrono::minutes(at.offset->minutes);
  }

  std::string host_path(const std::string& text) const { return (std::filesystem::path(file_->name_).parent_path() / text).lexically_normal().string(); }

  void read_mounts(const toml::node& node, const std::string& path, Section& section) {
    const toml::table* const table = table_at(node, path);
    if (table == nullptr) return;
    for (auto&& [key, value] : *table) {
      const std::string key_path = join_key(path, key.str());
      const auto guest = PathPattern::parse(key.str());
      if (!guest || guest->has_glob()) {
        fail_at(place_of(key.source()), key_path, guest ? "a guest path of a mount has no glob" : guest.error().message());
        continue;
      }
      MountSetting mount{.guest_path = std::string(guest->fixed_prefix()), .host_path = {}};
      if (const auto* text = value.as_string()) {
        mount.host_path = text->get();
      } else if (const auto* settings = value.as_table()) {
        for (auto&& [name, setting] : *settings) {
          const std::string name_path = join_key(key_path, name.str());
          if (name == "host") {
            mount.host_path = text_at(setting, name_path).value_or("");
          } else if (name == "read-only") {
            mount.is_read_only = bool_at(setting, name_path).value_or(false);
          } else if (name == "crosses-mounts") {
            mount.crosses_mounts = bool_at(setting, name_path).value_or(true);
          } else {
            unknown(name, key_path, "host, read-only and crosses-mounts");
          }
        }
      }
      if (mount.host_path.empty() || mount.host_path.find('\0') != std::string::npos) {
        fail_at(place_of(value), key_path, "is neither a host path nor { host = \"…\", read-only = true }");
        continue;
      }
      mount.host_path = host_path(mount.host_path);
      const auto same = [&mount](const MountSetting& other) { return other.guest_path == mount.guest_path; };
      if (std::any_of(section.mounts.begin(), section.mounts.end(), same)) fail_at(place_of(key.source()), key_path, "is mapped twice");
      section.mounts.push_back(std::move(mount));
    }
  }

  void read_http(const toml::node& node, const std::string& path, Section& section) {
    const toml::table* const table = table_at(node, path);
    if (table == nullptr) return;
    for (auto&& [key, value] : *table) {
      const std::string key_path = join_key(path, key.str());
      if (key != "ca-file") {
        unknown(key, path, "ca-file");
        continue;
      }
      const auto file = text_at(value, key_path);
      if (!file) continue;
      if (file->empty() || file->find('\0') != std::string::npos) {
        fail_at(place_of(value), key_path, "is no path of a file");
      } else {
        section.http.ca_file = host_path(*file);
      }
    }
  }

  void read_secrets(const toml::node& node, const std::string& path, Section& section) {
    const toml::table* const table = table_at(node, path);
    if (table == nullptr) return;
    for (auto&& [key, value] : *table) {
      const std::string key_path = join_key(path, key.str());
      const auto is_word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
      if (key.str().empty() || key.str().size() > 64 || !std::all_of(key.str().begin(), key.str().end(), is_word)) {
        fail_at(place_of(key.source()), key_path, "the name of a secret is 1 to 64 letters, digits, - and _");
      }
      if (const auto* settings = table_at(value, key_path)) read_secret_setting(*settings, std::string(key.str()), key_path, section);
    }
  }

  void read_secret_setting(const toml::table& table, std::string name, const std::string& path, Section& section) {
    SecretSetting secret{.name = std::move(name), .env = {}, .file = {}, .hosts = {}};
    for (auto&& [key, value] : table) {
      const std::string key_path = join_key(path, key.str());
      if (key == "env") {
        secret.env = text_at(value, key_path).value_or("");
      } else if (key == "file") {
        const auto file = text_at(value, key_path);
        if (file && !file->empty()) secret.file = host_path(*file);
      } else if (key == "host") {
        read_secret_hosts(value, key_path, secret.hosts);
      } else if (key == "allow-plain") {
        secret.allow_plain = bool_at(value, key_path).value_or(false);
      } else {
        unknown(key, path, "env, file, host and allow-plain");
      }
    }
    if (secret.env.empty() == secret.file.empty()) fail_at(place_of(table), path, "needs either env = \"VARIABLE\" or file = \"path\"");
    if (table.get("host") == nullptr) fail_at(place_of(table), path, "needs host = \"…\", to which alone it may be sent");
    section.secrets.push_back(std::move(secret));
  }

  void read_secret_hosts(const toml::node& node, const std::string& path, std::vector<std::string>& hosts) {
    if (node.is_string()) return read_secret_host(node, path, hosts);
    const toml::array* const array = node.as_array();
    if (array == nullptr || array->empty()) return fail_at(place_of(node), path, "is neither a host nor an array of them");
    size_t index = 0;
    for (const toml::node& element : *array) read_secret_host(element, fmt::format("{}[{}]", path, index++), hosts);
  }

  void read_secret_host(const toml::node& node, const std::string& path, std::vector<std::string>& hosts) {
    const auto text = text_at(node, path);
    if (!text) return;
    const auto endpoint = EndpointPattern::parse(*text);
    if (!endpoint) return fail_at(place_of(node), path, endpoint.error());
    const HostPattern& host = endpoint->host;
    const bool is_one =
        host.kind == HostPattern::Kind::Name || (host.kind == HostPattern::Kind::Range && host.range.bits == (host.range.base.is_v6 ? 128 : 32));
    const bool is_plain = !endpoint->transport && !host.may_be_loopback && !host.may_be_private && !host.may_be_link_local;
    if (!is_one || !is_plain || (!endpoint->ports.is_all() && endpoint->ports.first != endpoint->ports.last)) {
      return fail_at(place_of(node), path, "is not one host, with at most one port");
    }
    hosts.push_back(endpoint->to_string());
  }

  std::shared_ptr<PolicyFile> file_;
  PolicyProblems problems_;
  size_t rules_ = 0;
};

std::expected<std::shared_ptr<const PolicyFile>, PolicyProblems> PolicyFile::parse(std::string_view text, std::string_view name) {
  return PolicyReader(name).read(text);
}

}  // namespace tenon::policy
