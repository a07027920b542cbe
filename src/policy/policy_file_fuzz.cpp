#include "policy/policy_file.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

/// Whatever the file says, it is read or has problems, and its rules decide.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tenon::policy;
  const auto file = PolicyFile::parse({reinterpret_cast<const char*>(data), size}, "policy.toml");
  if (!file) {
    if (file.error().empty()) std::abort();
    for (const PolicyProblem& problem : file.error()) {
      if (problem.to_string().empty()) std::abort();
    }
    return 0;
  }
  std::vector<std::string> packages = (*file)->packages();
  packages.emplace_back();
  for (const std::string& package : packages) {
    const auto rules = make_rules({.file = file->get(), .target = {package, "item"}});
    (void)rules->answer({.access = Access::FilesystemRead, .text = "/data/a/b"});
    for (const GrantedFolder& folder : rules->folders()) {
      if (!is_normal_path(folder.guest_path)) std::abort();
    }
    (void)(*file)->limits_for({package, "item"});
    (void)(*file)->secrets_for({package, "item"});
  }
  return 0;
}
