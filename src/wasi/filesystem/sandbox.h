#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>

#include "policy/budget.h"
#include "policy/guard.h"
#include "policy/rules.h"
#include "tenon/engine.h"
#include "tenon/store.h"
#include "wasi/context.h"
#include "wasi/filesystem/descriptor.h"
#include "wasi/filesystem/preopens.h"

/// For the tests of this folder.
namespace tenon::wasi::filesystem::testing {

namespace fs = std::filesystem;

/// A folder that is removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "tenon-files-XXXXXX").string();
    path_ = mkdtemp(name.data()) == nullptr ? fs::path() : fs::path(name);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

inline void put(const fs::path& path, std::string_view content) { std::ofstream(path, std::ios::binary) << content; }
inline std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct SandboxOptions {
  std::vector<std::string> grants = {"filesystem:*:/data"};
  /// Instead of the grants.
  std::shared_ptr<const policy::Rules> rules = nullptr;
  bool is_read_only = false;
  bool crosses_mounts = true;
  /// Whether the folder counts as one whose file system may hang.
  bool may_hang = false;
  policy::BudgetLimits limits = {};
};

/// A store whose guest was given the folder `data()` as /data. `outside()` lies beside it, with a file `secret`.
class Sandbox {
 public:
  explicit Sandbox(const SandboxOptions& options = {}) {
    fs::create_directory(data());
    fs::create_directory(outside());
    put(outside() / "secret", "secret");
    std::shared_ptr<const policy::Rules> rules = options.rules;
    if (rules == nullptr) {
      auto made = policy::Rules::from_grants(options.grants);
      EXPECT_TRUE(made) << made.error().message();
      rules = *made;
    }
    guard_ = std::make_unique<policy::Guard>(rules, policy::Budget::create(options.limits));
    auto engine = Engine::create({});
    EXPECT_TRUE(engine);
    store_ = std::move(*Store::create(*engine));
    auto config = std::make_shared<Config>();
    config->mounts.push_back(
        {.host_path = data().string(), .guest_path = "/data", .is_read_only = options.is_read_only, .crosses_mounts = options.crosses_mounts});
    context_ = std::make_unique<Context>(*store_, *guard_, config);
    // Where the rules name parts of the folder, the guest would get those; here it gets the folder, and what they say of it.
    auto opened = Preopens::open_mount(config->mounts.front());
    EXPECT_TRUE(opened) << opened.error().message();
    for (const std::shared_ptr<Folder>& folder : {*opened}) {
      if (options.may_hang) {
        folder->file = share({.fd = Fd(fcntl(folder->file->fd.get(), F_DUPFD_CLOEXEC, 0)),
                              .type = DescriptorType::Directory,
                              .device = folder->file->device,
                              .inode = folder->file->inode,
                              .may_hang = true});
      }
      folders_.push_back(std::make_unique<Descriptor>(*context_, folder));
    }
  }

  fs::path data() const { return folder_.path() / "data"; }
  fs::path outside() const { return folder_.path() / "outside"; }
  Context& context() { return *context_; }
  Store& store() { return *store_; }
  policy::Guard& guard() { return *guard_; }
  /// The first folder of the guest.
  Descriptor& root() { return *folders_.at(0); }

  /// Opens, which must work.
  std::unique_ptr<Descriptor> open(std::string_view path, uint32_t open_flags = 0, uint32_t flags = DescriptorFlags::read) {
    auto opened = try_open(path, open_flags, flags);
    EXPECT_TRUE(opened && *opened) << path;
    return opened && *opened ? std::move(**opened) : nullptr;
  }
  Answer<std::unique_ptr<Descriptor>> try_open(std::string_view path, uint32_t open_flags = 0, uint32_t flags = DescriptorFlags::read,
                                               uint32_t path_flags = PathFlags::symlink_follow) {
    return root().open_at(context(), PathFlags{{.bits = {path_flags}}}, path, OpenFlags{{.bits = {open_flags}}}, DescriptorFlags{{.bits = {flags}}});
  }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<policy::Guard> guard_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Context> context_;
  std::vector<std::unique_ptr<Descriptor>> folders_;
};

inline std::string name_of(ErrorCode code) { return std::string(EnumTraits<ErrorCode>::names[static_cast<size_t>(code)]); }

/// "ok", the name of the error code, or the error that ends the guest.
template <class T>
std::string outcome(const FileResult<T>& result) {
  return result ? "ok" : name_of(result.error());
}
template <class T>
std::string outcome(const Answer<T>& answer) {
  return answer ? outcome(static_cast<const FileResult<T>&>(*answer)) : std::string(to_string(answer.error().kind())) + ": " + answer.error().message();
}

inline constexpr PathFlags follow{{.bits = {PathFlags::symlink_follow}}};
inline constexpr PathFlags no_follow{};

}  // namespace tenon::wasi::filesystem::testing
