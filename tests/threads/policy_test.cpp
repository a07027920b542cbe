#include "policy/policy_file.h"

#include <gtest/gtest.h>

#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "policy/guard.h"

// A policy file that is replaced while calls are decided by it: each call decides by one state of the file, whole, and goes on with the one that it began with.

namespace tenon::tests {
namespace {

namespace fs = std::filesystem;
using namespace policy;

constexpr int threads_count = 8;
constexpr int replacements = 300;

constexpr std::string_view allows_a = "version = 1\n[default]\nallow = [\"env:read:A\", \"filesystem:read:/a/**/x\"]\nbudget = { host-calls = 1 }\n";
constexpr std::string_view allows_b = "version = 1\n[default]\nallow = [\"env:read:B\", \"filesystem:read:/b/**/x\"]\nbudget = { host-calls = 2 }\n";
constexpr std::string_view wrong = "version = 1\n[default]\nallow = [\"env:read:A\", \"env:read:B\", \"nonsense\"]\n";

class PolicyThreads : public testing::Test {
 protected:
  PolicyThreads() {
    std::string name = (fs::temp_directory_path() / "tenon-threads-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    replace(allows_a);
  }
  ~PolicyThreads() override { fs::remove_all(folder_); }

  fs::path path() const { return folder_ / "policy.toml"; }
  /// As an editor does that wants nobody to see half of a file.
  void replace(std::string_view text) const {
    std::ofstream(folder_ / "new", std::ios::binary) << text;
    fs::rename(folder_ / "new", path());
  }
  /// Replaces the file again and again, with wrong ones in between, until it is done.
  void replace_often(std::atomic<bool>& is_done) const {
    for (int i = 0; i < replacements; ++i) {
      replace(i % 3 == 0 ? allows_b : i % 3 == 1 ? wrong : allows_a);
      std::this_thread::yield();
    }
    is_done = true;
  }

  fs::path folder_;
};

/// Whether the rules are those of one of the right files, in all that is asked.
bool is_whole(const std::shared_ptr<const Rules>& rules, uint64_t host_calls) {
  Guard guard(rules, Budget::create({}));
  const bool is_a = host_calls == 1;
  return guard.allow_path(Access::FilesystemRead, "/a/1/2/x") == is_a && guard.allow_path(Access::FilesystemRead, "/b/x") == !is_a &&
         (rules->answer({.access = Access::EnvRead, .text = "A"}).verdict == Verdict::Allowed) == is_a &&
         (rules->answer({.access = Access::EnvRead, .text = "B"}).verdict == Verdict::Allowed) == !is_a;
}

TEST_F(PolicyThreads, DecideByOneStateOfAFileThatIsReplaced) {
  PolicySource source(path());
  ASSERT_TRUE(source.current());
  std::atomic<bool> is_done = false;
  std::atomic<int> torn = 0;
  std::atomic<int> decided_by_a = 0;
  std::atomic<int> decided_by_b = 0;
  std::vector<std::thread> deciders;
  for (int i = 0; i < threads_count; ++i) {
    deciders.emplace_back([&] {
      while (!is_done) {
        const std::shared_ptr<const PolicyFile> file = source.current();
        const uint64_t host_calls = file->limits_for({}).host_calls.value_or(0);
        (host_calls == 1 ? decided_by_a : decided_by_b)++;
        if (!is_whole(make_rules({.file = file.get()}), host_calls)) ++torn;
        (void)source.problems().size();
      }
    });
  }
  replace_often(is_done);
  for (std::thread& thread : deciders) thread.join();
  EXPECT_EQ(torn, 0);
  EXPECT_GT(decided_by_a + decided_by_b, 0);
  replace(allows_b);
  EXPECT_EQ(source.current()->limits_for({}).host_calls, 2U);
}

TEST_F(PolicyThreads, GoOnWithTheRulesThatTheyBeganWith) {
  PolicySource source(path());
  const auto file = source.current();
  ASSERT_TRUE(file);
  const auto rules = make_rules({.file = file.get()});
  std::atomic<bool> is_done = false;
  std::atomic<int> changed = 0;
  std::vector<std::thread> deciders;
  for (int i = 0; i < threads_count; ++i) {
    deciders.emplace_back([&] {
      do {
        if (!is_whole(rules, 1)) ++changed;
      } while (!is_done);
    });
  }
  std::thread reader([&] {
    while (!is_done) (void)source.current();
  });
  replace_often(is_done);
  reader.join();
  for (std::thread& thread : deciders) thread.join();
  EXPECT_EQ(changed, 0);
}

}  // namespace
}  // namespace tenon::tests
