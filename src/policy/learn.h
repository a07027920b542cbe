#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "policy/receipt.h"

namespace tenon::policy {

struct LearnOptions {
  /// The section to write; without a package `[default]`.
  std::string package = {};
  std::string item = {};
  /// From so many on, the files of one folder become `folder/*`, and the requests beneath one path become that path.
  size_t files_min = 4;
  /// From so many on, the used folders in a folder that was listed become `folder/**`. The root never does.
  size_t folders_min = 8;
  /// Whether a guest path is a folder. What is not known to be a file is written as the path alone (`/data/.`), so that nothing beneath it is allowed.
  std::function<bool(std::string_view)> is_folder = nullptr;
};

/// The smallest policy that lets through what `decisions` let through, as the text of a policy.toml. What is built in is left out, and so is what was denied,
/// which stands in comments. Never wider than a folder, host or path that was used.
std::string learn_policy(std::span<const Decision> decisions, const LearnOptions& options = {});

}  // namespace tenon::policy
