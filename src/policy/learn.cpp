#include "policy/learn.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "policy/capability.h"
#include "policy/toml_text.h"

namespace tenon::policy {
namespace {

constexpr size_t comments_max = 50;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::string_view parent_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == 0 ? path.substr(0, 1) : path.substr(0, slash);
}

std::string child_pattern(std::string_view folder, std::string_view pattern) {
  std::string text;
  append_escaped(text, folder == "/" ? "" : folder);
  return text.append("/").append(pattern);
}

/// The paths that were used with one action each, and what is known of folders.
class Files {
 public:
  explicit Files(const LearnOptions& options) : options_(options) {}

  void add(const std::string& action, std::string_view path) {
    by_action_[action].emplace(path);
    if (action == "list") listed_.emplace(path);
    for (std::string_view above = path; above != "/";) folders_.emplace(above = parent_of(above));
  }

  /// A folder with all beneath it.
  void add_tree(const std::string& action, std::string_view path) { trees_[action].emplace(path); }

  void write(std::set<std::string>& capabilities) const {
    for (const auto& [action, trees] : trees_) {
      for (const std::string& tree : trees) {
        const auto holds = [&tree](const std::string& other) { return other != tree && is_within(tree, other); };
        if (std::any_of(trees.begin(), trees.end(), holds)) continue;
        std::string text;
        append_escaped(text, tree);
        capabilities.insert(fmt::format("filesystem:{}:{}", action, text));
      }
    }
    for (const auto& [action, paths] : by_action_) {
      const auto trees = trees_.find(action);
      Paths others;
      std::copy_if(paths.begin(), paths.end(), std::inserter(others, others.end()), [&](const std::string& path) {
        return trees == trees_.end() ||
               std::none_of(trees->second.begin(), trees->second.end(), [&path](const std::string& tree) { return is_within(path, tree); });
      });
      for (const std::string& pattern : patterns_for(others)) capabilities.insert(fmt::format("filesystem:{}:{}", action, pattern));
    }
  }

 private:
  using Paths = std::set<std::string, std::less<>>;

  bool is_folder(const std::string& path) const {
    if (listed_.contains(path) || folders_.contains(path)) return true;
    return options_.is_folder == nullptr || options_.is_folder(path);
  }

  std::vector<std::string> patterns_for(const Paths& paths) const {
    std::map<std::string, std::set<std::string_view>, std::less<>> names;  // of each folder, what was used in it
    std::map<std::string, std::set<std::string_view>, std::less<>> folders;  // of each folder, the folders in it beneath which something was used
    for (const std::string& path : paths) {
      if (path == "/") continue;
      names[std::string(parent_of(path))].insert(path);
      for (std::string_view below = parent_of(path); below != "/"; below = parent_of(below)) folders[std::string(parent_of(below))].insert(below);
    }
    // The topmost folders that stand for all beneath them.
    std::vector<std::string> trees;
    const auto in_tree = [&trees](std::string_view path) {
      return std::any_of(trees.begin(), trees.end(), [path](const std::string& tree) { return is_within(path, tree); });
    };
    for (const auto& [folder, inner] : folders) {
      if (folder != "/" && !in_tree(folder) && inner.size() >= options_.folders_min && listed_.contains(folder)) trees.push_back(folder);
    }
    std::vector<std::string> patterns;
    patterns.reserve(trees.size());
    for (const std::string& tree : trees) patterns.push_back(child_pattern(tree, "**"));
    for (const auto& [folder, inner] : names) {
      if (inner.size() >= options_.files_min && !in_tree(folder)) patterns.push_back(child_pattern(folder, "*"));
    }
    for (const std::string& path : paths) {
      const auto siblings = names.find(parent_of(path));
      if (in_tree(path) || (path != "/" && siblings->second.size() >= options_.files_min)) continue;
      std::string text;
      append_escaped(text, path == "/" ? "" : path);
      patterns.push_back(is_folder(path) ? text + "/." : text);
    }
    return patterns;
  }

  const LearnOptions& options_;
  std::map<std::string, Paths> by_action_;
  std::map<std::string, Paths> trees_;
  Paths listed_;
  Paths folders_;
};

/// The requests, by all but their paths.
class Requests {
 public:
  explicit Requests(const LearnOptions& options) : options_(options) {}

  void add(const Capability& capability) {
    Capability host = capability;
    auto& url = std::get<UrlPattern>(host.target);
    const std::string path = std::exchange(url.path, "");
    paths_[host.to_string()].first = host;
    paths_[host.to_string()].second.insert(path);
  }

  void write(std::set<std::string>& capabilities) const {
    for (const auto& [text, entry] : paths_) {
      for (const std::string& prefix : prefixes_for(entry.second)) {
        Capability capability = entry.first;
        std::get<UrlPattern>(capability.target).path = prefix;
        capabilities.insert(capability.to_string());
      }
    }
  }

 private:
  std::set<std::string> prefixes_for(const std::set<std::string>& paths) const {
    std::map<std::string, size_t> used;
    for (const std::string& path : paths) ++used[path.substr(0, path.rfind('/') == std::string::npos ? 0 : path.rfind('/'))];
    std::set<std::string> prefixes;
    for (const std::string& path : paths) {
      const std::string parent = path.substr(0, path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
      prefixes.insert(used[parent] >= options_.files_min ? parent : path);
    }
    std::set<std::string> outermost;
    for (const std::string& prefix : prefixes) {
      const bool is_beneath = std::any_of(prefixes.begin(), prefixes.end(),
                                          [&prefix](const std::string& other) { return other != prefix && (other.empty() || is_within(prefix, other)); });
      if (!is_beneath) outermost.insert(prefix);
    }
    return outermost;
  }

  const LearnOptions& options_;
  std::map<std::string, std::pair<Capability, std::set<std::string>>> paths_;
};

/// A comment must stay on its line, whatever a guest or a receipt has put into the text.
std::string one_line(std::string_view text) {
  std::string line(text.substr(0, 2048));
  std::replace_if(line.begin(), line.end(), is_control, '?');
  return line;
}

/// Whether the rule that allowed something stands for all beneath a folder. Such a use is noted for the folder alone, once, whatever was used in it.
bool allows_tree(const Decision& decision) {
  if (decision.verdict != Verdict::Allowed) return false;
  const auto rule = Capability::parse(std::string_view(decision.rule).substr(0, decision.rule.rfind(" (")));
  const auto* path = rule ? std::get_if<PathPattern>(&rule->target) : nullptr;
  if (path == nullptr) return false;
  const std::string text = rule->to_string();
  return path->has_glob() ? text.ends_with("/**") : !text.ends_with("/.");
}

bool is_built_in(Access access) { return access == Access::StdioStdout || access == Access::StdioStderr || access == Access::ClockMonotonic; }

/// The place of a capability in the order of the accesses.
size_t rank_of(std::string_view capability) {
  for (size_t i = 0; i < access_count; ++i) {
    const AccessName name = name_of(static_cast<Access>(i));
    std::string_view rest = capability;
    if (!rest.starts_with(name.domain)) continue;
    rest.remove_prefix(name.domain.size());
    if (name.action.empty() || (rest.starts_with(':') && rest.substr(1).starts_with(name.action))) return i;
  }
  return access_count;
}

}  // namespace

std::string learn_policy(std::span<const Decision> decisions, const LearnOptions& options) {
  Files files(options);
  Requests requests(options);
  std::set<std::string> capabilities;
  std::set<std::string> looked_up;
  std::set<std::string> sent_to;
  std::set<std::string> comments;
  for (const Decision& decision : decisions) {
    if (decision.verdict == Verdict::Denied) {
      comments.insert(fmt::format("# Denied, and not added: {}", one_line(decision.capability)));
      continue;
    }
    if (is_built_in(decision.access)) continue;
    const auto capability = Capability::parse(decision.capability);
    if (!capability || !capability->concerns(decision.access)) {
      comments.insert(fmt::format("# Not one capability, and not added: {}", one_line(decision.capability)));
    } else if (const auto* path = std::get_if<PathPattern>(&capability->target); path != nullptr && !path->has_glob()) {
      if (allows_tree(decision)) {
        files.add_tree(capability->action, path->fixed_prefix());
      } else {
        files.add(capability->action, path->fixed_prefix());
      }
    } else if (const auto* endpoint = std::get_if<EndpointPattern>(&capability->target)) {
      if (decision.access == Access::NetworkOutbound) sent_to.insert(endpoint->host.name);
      capabilities.insert(capability->to_string());
    } else if (const auto* host = std::get_if<HostPattern>(&capability->target); host != nullptr && host->kind == HostPattern::Kind::Name) {
      looked_up.insert(host->name);
    } else if (std::holds_alternative<UrlPattern>(capability->target)) {
      requests.add(*capability);
    } else {
      capabilities.insert(capability->to_string());
    }
  }
  // Who may send to a host may look it up.
  for (const std::string& host : looked_up) {
    if (!sent_to.contains(host)) capabilities.insert("network:resolve:" + host);
  }
  files.write(capabilities);
  requests.write(capabilities);

  std::vector<std::pair<size_t, std::string>> sorted;
  sorted.reserve(capabilities.size());
  for (const std::string& capability : capabilities) sorted.emplace_back(rank_of(capability), capability);
  std::sort(sorted.begin(), sorted.end());
  std::string text = "# What the run was allowed and used.\nversion = 1\n\n[";
  text += options.package.empty() ? "default" : fmt::format("package.{}", toml_string(options.package));
  if (!options.package.empty() && !options.item.empty()) text += fmt::format(".item.{}", toml_string(options.item));
  text += "]\nallow = [\n";
  for (const auto& [rank, capability] : sorted) text += fmt::format("  {},\n", toml_string(capability));
  text += "]\n";
  size_t count = 0;
  for (const std::string& comment : comments) {
    if (++count <= comments_max) text += comment + "\n";
  }
  if (count > comments_max) text += fmt::format("# {} more were not added\n", count - comments_max);
  return text;
}

}  // namespace tenon::policy
