#include "wasi/preview1/preview1.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/raw.h"
#include "policy/rules.h"
#include "wasi/filesystem/sandbox.h"
#include "wasi/session.h"

namespace tenon::wasi::preview1 {
namespace {

/// A module that hands every function on: it imports "f" and exports "f" with the same type.
std::string passing_module() {
  std::string imports;
  std::string exports;
  for (const std::span<const Function> functions : {file_functions(), process_functions()}) {
    for (const Function& function : functions) {
      std::string params;
      std::string gets;
      for (size_t i = 0; i < function.type.size(); i++) {
        params += function.type[i] == 'I' ? " i64" : " i32";
        gets += "(local.get " + std::to_string(i) + ")";
      }
      const std::string name(function.name);
      const std::string type = (params.empty() ? "" : "(param" + params + ")") + std::string(name == "proc_exit" ? "" : "(result i32)");
      imports += "(import \"wasi_snapshot_preview1\" \"" + name + "\" (func $" + name + " " + type + "))\n";
      exports += "(func (export \"" + name + "\") " + type + " (call $" + name + " " + gets + "))\n";
    }
  }
  return "(module " + imports + "(memory (export \"memory\") 1)" + exports + ")";
}

class Preview1 : public testing::Test {
 protected:
  explicit Preview1(const std::vector<std::string>& grants = {"command", "stdio:stdin"}, std::optional<Mount> mount = std::nullopt)
      : engine_(Engine::create().value()) {
    auto config = std::make_shared<Config>();
    if (mount) {
      mount->host_path = files_.path().string();
      config->mounts.push_back(*mount);
    }
    config->arguments = {"program", "one", "two words"};
    config->environment = {{"NAME", "value"}};
    config->standard_output.kind = Stdio::Kind::Memory;
    config->standard_output.bytes = output_;
    config->standard_input.kind = Stdio::Kind::Memory;
    config->standard_input.bytes = std::make_shared<std::string>("input");
    std::vector<std::string> all = grants;
    all.emplace_back("env:read:NAME");
    session_ = Session::create(engine_, {.rules = *policy::Rules::from_grants(all), .limits = {}, .config = config}).value();
    engine::Buffer binary;
    tn_error_free(tn_text_to_binary(engine::bytes_of(passing_module()), engine::bytes_of(std::string_view()), binary.out()));
    module_ = core::Module::create(engine_, binary.bytes()).value();
    std::vector<core::Extern> imports;
    for (const core::ImportType& import : module_->imports()) imports.emplace_back(**make_import(session_->store(), import));
    instance_ = core::Instance::create(session_->store(), *module_, imports).value();
    EXPECT_TRUE(bind_memory(session_->context(), *instance_));
  }

  /// Calls a function with numbers; all that it answers but an end is its errno.
  Result<Errno> call(std::string_view name, std::vector<uint64_t> numbers) {
    const core::Func func = instance_->get_func(name).value();
    std::vector<core::Val> arguments;
    const core::FuncType type = func.type();
    for (size_t i = 0; i < numbers.size(); i++) {
      if (type.params[i] == core::ValType::I64)
        arguments.emplace_back(static_cast<int64_t>(numbers[i]));
      else
        arguments.emplace_back(static_cast<int32_t>(static_cast<uint32_t>(numbers[i])));
    }
    TENON_TRY(const std::vector<core::Val> results, func.call(arguments));
    return results.empty() ? Errno::Success : static_cast<Errno>(std::get<int32_t>(results[0]));
  }
  std::span<std::byte> memory() { return instance_->get_memory("memory")->data(); }
  uint32_t word(size_t at) {
    uint32_t value = 0;
    std::memcpy(&value, memory().data() + at, 4);
    return value;
  }
  void put(size_t at, std::string_view text) { std::memcpy(memory().data() + at, text.data(), text.size()); }
  void put(size_t at, uint32_t value) { std::memcpy(memory().data() + at, &value, 4); }
  std::string_view text(size_t at, size_t size) { return {reinterpret_cast<const char*>(memory().data()) + at, size}; }

  filesystem::testing::TemporaryFolder files_;
  Engine engine_;
  std::shared_ptr<std::string> output_ = std::make_shared<std::string>();
  std::unique_ptr<Session> session_;
  std::optional<core::Module> module_;
  std::optional<core::Instance> instance_;
};

TEST_F(Preview1, RefusesWildArgumentsOfEveryFunction) {
  for (const std::span<const Function> functions : {file_functions(), process_functions()}) {
    for (const Function& function : functions) {
      if (function.name == "proc_exit" || function.name == "sched_yield") continue;
      for (const uint64_t wild : {uint64_t{0xffffffffffffffff}, uint64_t{0x7fffffff}, uint64_t{65536}, uint64_t{65535}}) {
        const auto answer = call(function.name, std::vector<uint64_t>(function.type.size(), wild));
        ASSERT_TRUE(answer) << function.name << ": " << answer.error().message();
        EXPECT_NE(*answer, Errno::Success) << function.name << " took " << wild;
      }
      // A descriptor that is open, and all else wild.
      std::vector<uint64_t> numbers(function.type.size(), 0xfffffff0);
      numbers[0] = 1;
      ASSERT_TRUE(call(function.name, numbers)) << function.name;
    }
  }
}

TEST_F(Preview1, GivesArgumentsAndVariables) {
  EXPECT_EQ(*call("args_sizes_get", {0, 4}), Errno::Success);
  EXPECT_EQ(word(0), 3U);
  EXPECT_EQ(word(4), 22U);
  EXPECT_EQ(*call("args_get", {100, 200}), Errno::Success);
  EXPECT_EQ(text(word(108), 10), std::string_view("two words\0", 10));
  EXPECT_EQ(*call("args_get", {65530, 200}), Errno::Fault);
  EXPECT_EQ(*call("args_get", {100, 65530}), Errno::Fault);
  EXPECT_EQ(*call("environ_sizes_get", {0, 4}), Errno::Success);
  EXPECT_EQ(word(0), 1U);
  EXPECT_EQ(*call("environ_get", {100, 200}), Errno::Success);
  EXPECT_EQ(text(200, 11), std::string_view("NAME=value\0", 11));
}

TEST_F(Preview1, WritesAndReadsStandardStreams) {
  put(0, 16U);
  put(4, 5U);
  put(16, "hello");
  EXPECT_EQ(*call("fd_write", {1, 0, 1, 8}), Errno::Success);
  EXPECT_EQ(word(8), 5U);
  EXPECT_EQ(*output_, "hello");
  EXPECT_EQ(*call("fd_write", {0, 0, 1, 8}), Errno::BadDescriptor);
  EXPECT_EQ(*call("fd_write", {1, 0, 1, 65534}), Errno::Fault);
  EXPECT_EQ(*call("fd_read", {0, 0, 1, 8}), Errno::Success);
  EXPECT_EQ(text(16, 5), "input");
  EXPECT_EQ(*call("fd_read", {0, 0, 1, 8}), Errno::Success);
  EXPECT_EQ(word(8), 0U);
  EXPECT_EQ(*call("fd_seek", {0, 0, 0, 8}), Errno::SeekPipe);
  EXPECT_EQ(*call("fd_close", {1}), Errno::Success);
  EXPECT_EQ(*call("fd_close", {1}), Errno::BadDescriptor);
  EXPECT_EQ(*call("fd_write", {1, 0, 1, 8}), Errno::BadDescriptor);
}

TEST_F(Preview1, NotesStandardStreamsWhenTheyAreUsed) {
  const auto noted = [this] {
    std::string all;
    for (const policy::Decision& decision : session_->guard().decisions()) all += decision.capability + " ";
    return all;
  };
  put(0, 16U);
  put(4, 5U);
  EXPECT_EQ(noted(), "");
  EXPECT_EQ(*call("fd_read", {0, 0, 1, 8}), Errno::Success);
  EXPECT_EQ(noted(), "stdio:stdin ");
  for (int again = 0; again < 2; again++) EXPECT_EQ(*call("fd_write", {1, 0, 1, 8}), Errno::Success);
  EXPECT_EQ(noted(), "stdio:stdin stdio:stdout ");
}

TEST_F(Preview1, WaitsForTheFirstOfSeveralEvents) {
  // A clock in a millisecond, one in an hour, and a descriptor that is not open.
  put(0, 7U);
  put(16, 1U);
  put(24, 1'000'000U);
  put(48, 8U);
  put(64, 1U);
  put(72, 0xffffffffU);
  put(76, 1000U);
  EXPECT_EQ(*call("poll_oneoff", {0, 1000, 2, 2000}), Errno::Success);
  EXPECT_EQ(word(2000), 1U);
  EXPECT_EQ(word(1000), 7U);
  put(56, std::string_view("\1", 1));
  put(64, 99U);
  EXPECT_EQ(*call("poll_oneoff", {0, 1000, 2, 2000}), Errno::Success);
  EXPECT_EQ(word(1000), 8U);
  EXPECT_EQ(word(1008) & 0xffff, 8U);
  EXPECT_EQ(*call("poll_oneoff", {0, 1000, 0, 2000}), Errno::Invalid);
  EXPECT_EQ(*call("poll_oneoff", {0, 1000, 0xffffffff, 2000}), Errno::NoMemory);
}

TEST_F(Preview1, EndsWithTheWholeStatus) {
  EXPECT_EQ(call("proc_exit", {300}).error().kind(), ErrorKind::Exit);
  EXPECT_EQ(session_->context().exit_status(), 44);
}

/// A guest with a folder of its own that it knows as "work".
class Preview1Files : public Preview1 {
 protected:
  Preview1Files() : Preview1({"command", "filesystem:*:/work"}, Mount{.host_path = {}, .guest_path = "/work", .name = "work"}) {}

  static constexpr uint64_t folder = 3;
  static constexpr uint64_t everything = (1U << 30) - 1;

  uint32_t open(std::string_view name, uint64_t open_flags, uint64_t base, uint64_t flags = 0) {
    put(0, name);
    EXPECT_EQ(*call("path_open", {folder, 0, 0, name.size(), open_flags, base, 0, flags, 100}), Errno::Success) << name;
    return word(100);
  }
  /// Writes five bytes at the descriptor's position, or at `offset`.
  Errno write(uint32_t fd, std::optional<uint64_t> offset = std::nullopt) {
    put(200, 216U);
    put(204, 5U);
    put(216, "hello");
    return offset ? *call("fd_pwrite", {fd, 200, 1, *offset, 208}) : *call("fd_write", {fd, 200, 1, 208});
  }
  uint32_t position(uint32_t fd) {
    EXPECT_EQ(*call("fd_tell", {fd, 300}), Errno::Success);
    return word(300);
  }
  /// The names that a listing from `cookie` on has.
  std::vector<std::string> list(uint64_t cookie) {
    EXPECT_EQ(*call("fd_readdir", {folder, 1000, 1000, cookie, 400}), Errno::Success);
    std::vector<std::string> names;
    for (uint32_t at = 1000; at < 1000 + word(400); at += dirent_bytes + word(at + 16)) names.emplace_back(text(at + dirent_bytes, word(at + 16)));
    return names;
  }
};

TEST_F(Preview1Files, TellsTheNameThatTheFolderWasGiven) {
  EXPECT_EQ(*call("fd_prestat_get", {folder, 0}), Errno::Success);
  EXPECT_EQ(word(4), 4U);
  EXPECT_EQ(*call("fd_prestat_dir_name", {folder, 0, 4}), Errno::Success);
  EXPECT_EQ(text(0, 4), "work");
  EXPECT_EQ(*call("fd_prestat_dir_name", {folder, 0, 3}), Errno::NameTooLong);
}

TEST_F(Preview1Files, SaysWhatFoldersAreGoodFor) {
  EXPECT_EQ(*call("fd_fdstat_get", {folder, 0}), Errno::Success);
  const uint32_t base = word(8);
  constexpr uint32_t symlink = 1U << 24;
  constexpr uint32_t remove_directory = 1U << 25;
  constexpr uint32_t unlink_file = 1U << 26;
  EXPECT_EQ(base & (symlink | remove_directory | unlink_file), symlink | remove_directory | unlink_file);
  // Sizes are set of files, never of folders or by a path.
  EXPECT_EQ(base & (1U << 19), 0U);
  EXPECT_EQ(base & (1U << 22), 0U);
  EXPECT_EQ(base & (rights::fd_read | rights::fd_write), 0U);
  EXPECT_EQ(word(16), everything);
}

TEST_F(Preview1Files, DoesNotSayThatRightsWereGivenUp) {
  EXPECT_EQ(*call("fd_fdstat_set_rights", {folder, 0, 0}), Errno::NotSupported);
  EXPECT_EQ(*call("fd_fdstat_set_rights", {99, 0, 0}), Errno::BadDescriptor);
}

TEST_F(Preview1Files, RefusesOnFoldersWhatIsForFiles) {
  EXPECT_EQ(*call("fd_tell", {folder, 300}), Errno::BadDescriptor);
  EXPECT_EQ(*call("fd_seek", {folder, 0, whence::cur, 300}), Errno::BadDescriptor);
  EXPECT_EQ(*call("fd_allocate", {folder, 0, 1}), Errno::BadDescriptor);
  EXPECT_EQ(*call("fd_allocate", {1, 0, 1}), Errno::BadDescriptor);
  EXPECT_EQ(*call("fd_allocate", {open("file", oflags::creat, everything), 0, 1}), Errno::NotSupported);
}

TEST_F(Preview1Files, RefusesOnStandardStreamsWhatIsForFiles) {
  for (const uint64_t fd : {0, 1, 2}) {
    EXPECT_EQ(*call("fd_advise", {fd, 0, 1, 0}), Errno::BadDescriptor);
    EXPECT_EQ(*call("fd_sync", {fd}), Errno::BadDescriptor);
    EXPECT_EQ(*call("fd_datasync", {fd}), Errno::BadDescriptor);
    EXPECT_EQ(*call("fd_filestat_set_size", {fd, 0}), Errno::BadDescriptor);
    EXPECT_EQ(*call("fd_filestat_set_times", {fd, 0, 0, 0}), Errno::BadDescriptor);
    EXPECT_EQ(*call("fd_fdstat_set_flags", {fd, fdflags::nonblock}), Errno::BadDescriptor);
    EXPECT_EQ(*call("fd_fdstat_set_flags", {fd, fdflags::append}), Errno::BadDescriptor);
  }
  const uint32_t file = open("file", oflags::creat, everything);
  EXPECT_EQ(*call("fd_fdstat_set_flags", {file, fdflags::nonblock}), Errno::Success);
}

TEST_F(Preview1Files, StandsAtTheEndAfterAppending) {
  const uint32_t fd = open("file", oflags::creat, everything, fdflags::append);
  EXPECT_EQ(write(fd), Errno::Success);
  EXPECT_EQ(position(fd), 5U);
  EXPECT_EQ(*call("fd_seek", {fd, 0, whence::set, 300}), Errno::Success);
  EXPECT_EQ(write(fd), Errno::Success);
  EXPECT_EQ(position(fd), 10U);
  // What is written at an offset leaves the position where it is.
  EXPECT_EQ(write(fd, 0), Errno::Success);
  EXPECT_EQ(position(fd), 10U);
}

TEST_F(Preview1Files, ListsFromTheBeginningWhatIsThereNow) {
  const std::vector<std::string> dots = {".", ".."};
  EXPECT_EQ(list(0), dots);
  open("file", oflags::creat, everything);
  EXPECT_EQ(list(0), std::vector<std::string>({".", "..", "file"}));
  EXPECT_EQ(list(1), std::vector<std::string>({"..", "file"}));
  EXPECT_EQ(list(2), std::vector<std::string>({"file"}));
  EXPECT_EQ(list(3), std::vector<std::string>());
  open("other", oflags::creat, everything);
  EXPECT_EQ(list(3).size(), 1U);
  put(0, "file");
  EXPECT_EQ(*call("path_unlink_file", {folder, 0, 4}), Errno::Success);
  EXPECT_EQ(list(0), std::vector<std::string>({".", "..", "other"}));
}

class Preview1WithoutGrants : public Preview1 {
 protected:
  Preview1WithoutGrants() : Preview1(std::vector<std::string>()) {}
};

TEST_F(Preview1WithoutGrants, DeniesWhatWasNotGranted) {
  EXPECT_EQ(check_imports(*module_, session_->guard()).error().kind(), ErrorKind::Denied);
  EXPECT_EQ(*call("clock_time_get", {0, 0, 8}), Errno::NotCapable);
  EXPECT_EQ(*call("clock_time_get", {1, 0, 8}), Errno::Success);
  EXPECT_EQ(*call("args_sizes_get", {0, 4}), Errno::Success);
  EXPECT_EQ(word(0), 0U);
  EXPECT_EQ(*call("fd_prestat_get", {3, 0}), Errno::BadDescriptor);
  EXPECT_EQ(call("random_get", {0, 8}).error().kind(), ErrorKind::Denied);
  EXPECT_EQ(call("proc_exit", {0}).error().kind(), ErrorKind::Denied);
}

}  // namespace
}  // namespace tenon::wasi::preview1
