#include <utility>

#include "policy/policy_file.h"
#include "policy/rules.h"
#include "tenon/policy.h"

namespace tenon::policy {

Result<std::shared_ptr<const Rules>> rules_from_grants(std::span<const std::string> grants) { return Rules::from_grants(grants); }

Result<std::shared_ptr<const Rules>> rules_from_file(const std::string& path, const std::string& package, const std::string& item) {
  const auto file = PolicyFile::load(path);
  if (!file) return std::unexpected(to_error(file.error()));
  return make_rules({.file = file->get(), .target = {.package = package, .item = item}});
}

}  // namespace tenon::policy
