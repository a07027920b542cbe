#include "wasi/policy_options.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "component/wat.h"
#include "tenon/engine.h"
#include "tenon/wasi.h"

namespace tenon::wasi {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::string_view text = R"(version = 1
[default]
allow = ["filesystem:read:/data", "env:read:OTHER"]
budget = { time = "30ms" }
[mounts]
"/data" = { host = "data", read-only = true }
[secrets]
API_KEY = { file = "key", host = "api.example.com" }
[package."acme/tools"]
budget = { memory = "1MiB" }
)";

/// A folder with that policy, for one test.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "tenon-options-XXXXXX").string();
    path_ = mkdtemp(name.data());
    fs::create_directory(path_ / "data");
    write("key", "s3cret\n");
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string write(const std::string& name, std::string_view content) const {
    std::ofstream(path_ / name) << content;
    return (path_ / name).string();
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

TEST(OptionsFromPolicy, HaveMountsSecretsAndLimitsBesideRules) {
  const Folder folder;
  const auto options = options_from_policy(folder.write("policy.toml", text), "acme/tools");
  ASSERT_TRUE(options) << options.error().message();
  EXPECT_NE(options->rules, nullptr);
  EXPECT_EQ(options->limits.time, 30ms);
  EXPECT_EQ(options->limits.memory_bytes, 1 << 20);
  const Config& config = *options->config;
  ASSERT_EQ(config.mounts.size(), 1);
  EXPECT_EQ(config.mounts[0].guest_path, "/data");
  EXPECT_EQ(config.mounts[0].host_path, (folder.path() / "data").string());
  EXPECT_TRUE(config.mounts[0].is_read_only);
  ASSERT_EQ(config.secrets.size(), 1);
  EXPECT_EQ(config.secrets[0].value, "s3cret");
  EXPECT_EQ(config.secrets[0].host, "api.example.com");
  ASSERT_EQ(config.environment.size(), 1);
  EXPECT_EQ(config.environment[0], std::pair(std::string("API_KEY"), config.secrets[0].placeholder));
  EXPECT_NE(config.secrets[0].placeholder, options_from_policy(folder.write("policy.toml", text))->config->secrets[0].placeholder) << "made anew";
}

TEST(OptionsFromPolicy, PutWhatTheEmbedderOffersFirst) {
  const Folder folder;
  Config own{.arguments = {"tool"}, .mounts = {{.host_path = "/srv", .guest_path = "/data"}, {.host_path = "/usr", .guest_path = "/more"}}};
  const auto options = options_from_policy(folder.write("policy.toml", text), "", "", std::move(own));
  ASSERT_TRUE(options) << options.error().message();
  ASSERT_EQ(options->config->mounts.size(), 2);
  EXPECT_EQ(options->config->mounts[0].host_path, "/srv");
  EXPECT_EQ(options->config->arguments.size(), 1);
  EXPECT_FALSE(options->limits.memory_bytes) << "of another package";
}

TEST(OptionsFromPolicy, AreRefusedWithAWrongFileOrASecretThatIsNotThere) {
  const Folder folder;
  EXPECT_EQ(options_from_policy((folder.path() / "none.toml").string()).error().kind(), ErrorKind::InvalidInput);
  const auto wrong = options_from_policy(folder.write("policy.toml", "version = 1\n[default]\nallow = [\"nothing\"]\n"));
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message().find(":3:"), std::string::npos) << wrong.error().message();
  fs::remove(folder.path() / "key");
  EXPECT_EQ(options_from_policy(folder.write("policy.toml", text)).error().kind(), ErrorKind::NotFound);
}

/// Goes round for ever, unless its folders or its variables are not the one of each that the policy gives: then it says that it failed.
constexpr std::string_view guest = R"wat((component
  (import "wasi:filesystem/types@0.2.6" (instance $types (export "descriptor" (type (sub resource)))))
  (alias export $types "descriptor" (type $descriptor))
  (import "wasi:filesystem/preopens@0.2.6" (instance $preopens
    (alias outer 1 $descriptor (type $d'))
    (export "descriptor" (type $d (eq $d')))
    (export "get-directories" (func (result (list (tuple (own $d) string)))))))
  (import "wasi:cli/environment@0.2.6" (instance $environment (export "get-environment" (func (result (list (tuple string string)))))))
  (core module $libc
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next)
      (global.set $next (i32.and (i32.add (i32.add (global.get $next) (local.get 3)) (i32.const 7)) (i32.const -8)))))
  (core instance $libc (instantiate $libc))
  (core func $folders (canon lower (func $preopens "get-directories") (memory $libc "memory") (realloc (func $libc "realloc"))))
  (core func $variables (canon lower (func $environment "get-environment") (memory $libc "memory") (realloc (func $libc "realloc"))))
  (core module $m
    (import "libc" "memory" (memory 1))
    (import "" "folders" (func $folders (param i32)))
    (import "" "variables" (func $variables (param i32)))
    (func (export "run") (result i32)
      (call $folders (i32.const 16))
      (call $variables (i32.const 32))
      (if (i32.ne (i32.load (i32.const 20)) (i32.const 1)) (then (return (i32.const 1))))
      (if (i32.ne (i32.load (i32.const 36)) (i32.const 1)) (then (return (i32.const 1))))
      (loop (br 0)) unreachable))
  (core instance $i (instantiate $m (with "libc" (instance $libc)) (with "" (instance
    (export "folders" (func $folders)) (export "variables" (func $variables))))))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $run' (export "run" (func $run)))
  (export "wasi:cli/run@0.2.6" (instance $run'))))wat";

TEST(OptionsFromPolicy, GiveARunItsFolderItsPlaceholderAndItsTime) {
  const Folder folder;
  const Engine engine = Engine::create().value();
  const Command command = Command::create(engine, component::component_of(engine, guest).value()).value();
  const RunResult result = command.run(options_from_policy(folder.write("policy.toml", text)).value());
  ASSERT_TRUE(result.error) << "it missed the folder or the variable";
  EXPECT_EQ(result.error->kind(), ErrorKind::Timeout) << result.error->message();
  EXPECT_EQ(result.receipt.value().outcome.reason, policy::Reason::Deadline);
  const RunResult without = command.run({});
  EXPECT_FALSE(without.error);
  EXPECT_EQ(without.exit_status, 1);
}

}  // namespace
}  // namespace tenon::wasi
