#include <gtest/gtest.h>

#include <cstddef>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "component/wat.h"
#include "policy/rules.h"
#include "tenon/component.h"
#include "tenon/instance.h"
#include "tenon/linker.h"
#include "tenon/typed.h"
#include "wasi/context.h"
#include "wasi/filesystem/sandbox.h"
#include "wasi/link.h"

/// The interfaces as components meet them.
namespace tenon::wasi::filesystem {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): what the tests are written in

/// Imports of everything that wasi:filesystem has, at VERSION, with the types that it has there.
constexpr std::string_view imports = R"(
  (import "wasi:io/error@VERSION" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error))
  (import "wasi:io/streams@VERSION" (instance $streams
    (export "input-stream" (type (sub resource)))
    (export "output-stream" (type (sub resource)))))
  (alias export $streams "input-stream" (type $input-stream))
  (alias export $streams "output-stream" (type $output-stream))
  (import "wasi:clocks/wall-clock@VERSION" (instance $wall
    (type $datetime' (record (field "seconds" u64) (field "nanoseconds" u32)))
    (export "datetime" (type (eq $datetime')))))
  (alias export $wall "datetime" (type $datetime))
  (import "wasi:filesystem/types@VERSION" (instance $types
    (export "descriptor" (type $descriptor (sub resource)))
    (export "directory-entry-stream" (type $entries (sub resource)))
    (alias outer 1 $error (type $error'))
    (export "error" (type $error (eq $error')))
    (alias outer 1 $input-stream (type $input'))
    (export "input-stream" (type $input (eq $input')))
    (alias outer 1 $output-stream (type $output'))
    (export "output-stream" (type $output (eq $output')))
    (alias outer 1 $datetime (type $datetime'))
    (export "datetime" (type $datetime (eq $datetime')))
    (type $filesize' u64)
    (export "filesize" (type $filesize (eq $filesize')))
    (export "link-count" (type $link-count (eq $filesize')))
    (type $kind' (enum "unknown" "block-device" "character-device" "directory" "fifo" "symbolic-link" "regular-file" "socket"))
    (export "descriptor-type" (type $kind (eq $kind')))
    (type $flags' (flags "read" "write" "file-integrity-sync" "data-integrity-sync" "requested-write-sync" "mutate-directory"))
    (export "descriptor-flags" (type $flags (eq $flags')))
    (type $path-flags' (flags "symlink-follow"))
    (export "path-flags" (type $path-flags (eq $path-flags')))
    (type $open-flags' (flags "create" "directory" "exclusive" "truncate"))
    (export "open-flags" (type $open-flags (eq $open-flags')))
    (type $stat' (record (field "type" $kind) (field "link-count" $link-count) (field "size" $filesize) (field "data-access-timestamp" (option $datetime))
      (field "data-modification-timestamp" (option $datetime)) (field "status-change-timestamp" (option $datetime))))
    (export "descriptor-stat" (type $stat (eq $stat')))
    (type $stamp' (variant (case "no-change") (case "now") (case "timestamp" $datetime)))
    (export "new-timestamp" (type $stamp (eq $stamp')))
    (type $entry' (record (field "type" $kind) (field "name" string)))
    (export "directory-entry" (type $entry (eq $entry')))
    (type $code' (enum "access" "would-block" "already" "bad-descriptor" "busy" "deadlock" "quota" "exist" "file-too-large" "illegal-byte-sequence"
      "in-progress" "interrupted" "invalid" "io" "is-directory" "loop" "too-many-links" "message-size" "name-too-long" "no-device" "no-entry" "no-lock"
      "insufficient-memory" "insufficient-space" "not-directory" "not-empty" "not-recoverable" "unsupported" "no-tty" "no-such-device" "overflow"
      "not-permitted" "pipe" "read-only" "invalid-seek" "text-file-busy" "cross-device"))
    (export "error-code" (type $code (eq $code')))
    (type $advice' (enum "normal" "sequential" "random" "will-need" "dont-need" "no-reuse"))
    (export "advice" (type $advice (eq $advice')))
    (type $hash' (record (field "lower" u64) (field "upper" u64)))
    (export "metadata-hash-value" (type $hash (eq $hash')))
    (export "[method]descriptor.read-via-stream"
      (func (param "self" (borrow $descriptor)) (param "offset" $filesize) (result (result (own $input) (error $code)))))
    (export "[method]descriptor.write-via-stream"
      (func (param "self" (borrow $descriptor)) (param "offset" $filesize) (result (result (own $output) (error $code)))))
    (export "[method]descriptor.append-via-stream" (func (param "self" (borrow $descriptor)) (result (result (own $output) (error $code)))))
    (export "[method]descriptor.advise" (func (param "self" (borrow $descriptor)) (param "offset" $filesize) (param "length" $filesize)
      (param "advice" $advice) (result (result (error $code)))))
    (export "[method]descriptor.sync-data" (func (param "self" (borrow $descriptor)) (result (result (error $code)))))
    (export "[method]descriptor.get-flags" (func (param "self" (borrow $descriptor)) (result (result $flags (error $code)))))
    (export "[method]descriptor.get-type" (func (param "self" (borrow $descriptor)) (result (result $kind (error $code)))))
    (export "[method]descriptor.set-size" (func (param "self" (borrow $descriptor)) (param "size" $filesize) (result (result (error $code)))))
    (export "[method]descriptor.set-times" (func (param "self" (borrow $descriptor)) (param "data-access-timestamp" $stamp)
      (param "data-modification-timestamp" $stamp) (result (result (error $code)))))
    (export "[method]descriptor.read" (func (param "self" (borrow $descriptor)) (param "length" $filesize) (param "offset" $filesize)
      (result (result (tuple (list u8) bool) (error $code)))))
    (export "[method]descriptor.write" (func (param "self" (borrow $descriptor)) (param "buffer" (list u8)) (param "offset" $filesize)
      (result (result $filesize (error $code)))))
    (export "[method]descriptor.read-directory" (func (param "self" (borrow $descriptor)) (result (result (own $entries) (error $code)))))
    (export "[method]descriptor.sync" (func (param "self" (borrow $descriptor)) (result (result (error $code)))))
    (export "[method]descriptor.create-directory-at" (func (param "self" (borrow $descriptor)) (param "path" string) (result (result (error $code)))))
    (export "[method]descriptor.stat" (func (param "self" (borrow $descriptor)) (result (result $stat (error $code)))))
    (export "[method]descriptor.stat-at" (func (param "self" (borrow $descriptor)) (param "path-flags" $path-flags) (param "path" string)
      (result (result $stat (error $code)))))
    (export "[method]descriptor.set-times-at" (func (param "self" (borrow $descriptor)) (param "path-flags" $path-flags) (param "path" string)
      (param "data-access-timestamp" $stamp) (param "data-modification-timestamp" $stamp) (result (result (error $code)))))
    (export "[method]descriptor.link-at" (func (param "self" (borrow $descriptor)) (param "old-path-flags" $path-flags) (param "old-path" string)
      (param "new-descriptor" (borrow $descriptor)) (param "new-path" string) (result (result (error $code)))))
    (export "[method]descriptor.open-at" (func (param "self" (borrow $descriptor)) (param "path-flags" $path-flags) (param "path" string)
      (param "open-flags" $open-flags) (param "flags" $flags) (result (result (own $descriptor) (error $code)))))
    (export "[method]descriptor.readlink-at" (func (param "self" (borrow $descriptor)) (param "path" string) (result (result string (error $code)))))
    (export "[method]descriptor.remove-directory-at" (func (param "self" (borrow $descriptor)) (param "path" string) (result (result (error $code)))))
    (export "[method]descriptor.rename-at" (func (param "self" (borrow $descriptor)) (param "old-path" string) (param "new-descriptor" (borrow $descriptor))
      (param "new-path" string) (result (result (error $code)))))
    (export "[method]descriptor.symlink-at" (func (param "self" (borrow $descriptor)) (param "old-path" string) (param "new-path" string)
      (result (result (error $code)))))
    (export "[method]descriptor.unlink-file-at" (func (param "self" (borrow $descriptor)) (param "path" string) (result (result (error $code)))))
    (export "[method]descriptor.is-same-object" (func (param "self" (borrow $descriptor)) (param "other" (borrow $descriptor)) (result bool)))
    (export "[method]descriptor.metadata-hash" (func (param "self" (borrow $descriptor)) (result (result $hash (error $code)))))
    (export "[method]descriptor.metadata-hash-at" (func (param "self" (borrow $descriptor)) (param "path-flags" $path-flags) (param "path" string)
      (result (result $hash (error $code)))))
    (export "[method]directory-entry-stream.read-directory-entry" (func (param "self" (borrow $entries)) (result (result (option $entry) (error $code)))))
    (export "filesystem-error-code" (func (param "err" (borrow $error)) (result (option $code))))))
  (alias export $types "descriptor" (type $descriptor))
  (import "wasi:filesystem/preopens@VERSION" (instance $preopens
    (alias outer 1 $descriptor (type $descriptor'))
    (export "descriptor" (type $descriptor (eq $descriptor')))
    (export "get-directories" (func (result (list (tuple (own $descriptor) string)))))))
)";

/// A guest with functions over the first folder that it gets. Paths come at address 64. Each returns the discriminant of what the host answered, 256 for
/// success.
constexpr std::string_view guest = R"(
  (core module $libc
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 4096))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (local.get $at)))
  (core instance $libc (instantiate $libc))
  (core func $directories (canon lower (func $preopens "get-directories") (memory $libc "memory") (realloc (func $libc "realloc"))))
  (core func $open (canon lower (func $types "[method]descriptor.open-at") (memory $libc "memory") (realloc (func $libc "realloc"))))
  (core func $read (canon lower (func $types "[method]descriptor.read") (memory $libc "memory") (realloc (func $libc "realloc"))))
  (core func $stat (canon lower (func $types "[method]descriptor.stat-at") (memory $libc "memory") (realloc (func $libc "realloc"))))
  (core func $drop (canon resource.drop $descriptor))
  (core module $m
    (import "libc" "memory" (memory 1))
    (import "libc" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
    (import "" "directories" (func $directories (param i32)))
    (import "" "open" (func $open (param i32 i32 i32 i32 i32 i32 i32)))
    (import "" "read" (func $read (param i32 i64 i64 i32)))
    (import "" "stat" (func $stat (param i32 i32 i32 i32 i32)))
    (import "" "drop" (func $drop (param i32)))
    (func $first (result i32)
      (call $directories (i32.const 0))
      (i32.load (i32.load (i32.const 0))))
    (func (export "read-file") (param $path i32) (param $length i32) (result i32) (local $file i32)
      (call $open (call $first) (i32.const 1) (local.get $path) (local.get $length) (i32.const 0) (i32.const 1) (i32.const 16))
      (if (i32.load8_u (i32.const 16)) (then unreachable))
      (local.set $file (i32.load (i32.const 20)))
      (call $read (local.get $file) (i64.const 0x100000000) (i64.const 0) (i32.const 32))
      (call $drop (local.get $file))
      (if (i32.load8_u (i32.const 32)) (then unreachable))
      (i32.const 36))
    (func (export "look") (param $path i32) (param $length i32) (result i32)
      (call $stat (call $first) (i32.const 1) (local.get $path) (local.get $length) (i32.const 128))
      (if (result i32) (i32.load8_u (i32.const 128)) (then (i32.load8_u (i32.const 136))) (else (i32.const 256))))
    (func (export "use-after-drop") (result i32) (local $folder i32)
      (local.set $folder (call $first))
      (call $drop (local.get $folder))
      (call $stat (local.get $folder) (i32.const 1) (i32.const 64) (i32.const 1) (i32.const 128))
      (i32.const 0))
    (func (export "path-outside-of-memory") (result i32)
      (call $stat (call $first) (i32.const 1) (i32.const -1) (i32.const 2) (i32.const 128))
      (i32.const 0))
    (func (export "path-that-is-not-text") (result i32)
      (i32.store8 (i32.const 64) (i32.const 0xff))
      (call $stat (call $first) (i32.const 1) (i32.const 64) (i32.const 1) (i32.const 128))
      (i32.const 0))
    (func (export "flags-that-are-none") (result i32)
      (i32.store8 (i32.const 64) (i32.const 0x61))
      (call $stat (call $first) (i32.const -1) (i32.const 64) (i32.const 1) (i32.const 128))
      (i32.load8_u (i32.const 136))))
  (core instance $m (instantiate $m (with "libc" (instance $libc)) (with "" (instance
    (export "directories" (func $directories)) (export "open" (func $open)) (export "read" (func $read)) (export "stat" (func $stat))
    (export "drop" (func $drop))))))
  (func (export "read-file") (param "path" string) (result (list u8))
    (canon lift (core func $m "read-file") (memory $libc "memory") (realloc (func $libc "realloc"))))
  (func (export "look") (param "path" string) (result u32)
    (canon lift (core func $m "look") (memory $libc "memory") (realloc (func $libc "realloc"))))
  (func (export "use-after-drop") (result u32) (canon lift (core func $m "use-after-drop")))
  (func (export "path-outside-of-memory") (result u32) (canon lift (core func $m "path-outside-of-memory")))
  (func (export "path-that-is-not-text") (result u32) (canon lift (core func $m "path-that-is-not-text")))
  (func (export "flags-that-are-none") (result u32) (canon lift (core func $m "flags-that-are-none")))
)";

Result<InstancePre> link(const Engine& engine, std::string_view version_text, std::string_view body) {
  std::string text = "(component\n" + std::string(imports) + std::string(body) + ")";
  for (size_t at = text.find("VERSION"); at != std::string::npos; at = text.find("VERSION", at)) text.replace(at, 7, version_text);
  TENON_TRY(const Component component, component::component_of(engine, text));
  Linker linker(engine);
  TENON_CHECK_OK(add_clocks(linker));
  TENON_CHECK_OK(add_io(linker));
  TENON_CHECK_OK(add_filesystem(linker));
  return linker.instantiate_pre(component);
}

TEST(Filesystem, HasTheTypesOfEachVersion) {
  const Engine engine = *Engine::create({});
  for (const char* each : {"0.2.0", "0.2.6", "0.2.12"}) {
    const auto linked = link(engine, each, "");
    EXPECT_TRUE(linked) << each << ": " << linked.error().message();
  }
}

class FilesystemGuest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto linked = link(box_.store().engine(), "0.2.0", guest);
    ASSERT_TRUE(linked) << linked.error().message();
    auto instance = linked->instantiate(box_.store());
    ASSERT_TRUE(instance) << instance.error().message();
    instance_ = std::make_unique<Instance>(*instance);
    put(box_.data() / "file", "content of the file");
  }
  template <class R, class... Params>
  Result<R> call(std::string_view name, const Params&... params) {
    return instance_->get_func<R(Params...)>(name)->call(params...);
  }

  Sandbox box_;
  std::unique_ptr<Instance> instance_;
};

TEST_F(FilesystemGuest, ReadsAFileAndLeavesNoHandleBut) {
  const auto content = call<std::vector<uint8_t>>("read-file", std::string("file"));
  ASSERT_TRUE(content) << content.error().message();
  EXPECT_EQ(std::string(content->begin(), content->end()), "content of the file");
  // The folder of `get-directories`.
  EXPECT_EQ(box_.context().resources().size(), 1U);
}

TEST_F(FilesystemGuest, GetsTheCodesOfItsInterface) {
  EXPECT_EQ(*call<uint32_t>("look", std::string("file")), 256U);
  EXPECT_EQ(*call<uint32_t>("look", std::string("none")), static_cast<uint32_t>(ErrorCode::NoEntry));
  EXPECT_EQ(*call<uint32_t>("look", std::string("../outside/secret")), static_cast<uint32_t>(ErrorCode::NotPermitted));
  EXPECT_EQ(*call<uint32_t>("look", std::string("/")), static_cast<uint32_t>(ErrorCode::NotPermitted));
  EXPECT_EQ(*call<uint32_t>("look", std::string("a\0b", 3)), static_cast<uint32_t>(ErrorCode::Invalid));
  // Flags that the type does not have are not there.
  EXPECT_EQ(*call<uint32_t>("flags-that-are-none"), static_cast<uint32_t>(ErrorCode::NoEntry));
}

TEST_F(FilesystemGuest, TrapsWithAHandleThatItDropped) {
  const auto result = call<uint32_t>("use-after-drop");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::Trap);
}

TEST_F(FilesystemGuest, TrapsWithAPathOutsideOfItsMemory) {
  const auto result = call<uint32_t>("path-outside-of-memory");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::Trap);
}

TEST_F(FilesystemGuest, TrapsWithAPathThatIsNotText) {
  const auto result = call<uint32_t>("path-that-is-not-text");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::Trap);
}

}  // namespace
}  // namespace tenon::wasi::filesystem
