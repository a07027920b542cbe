#include "wasi/preview1/preview1.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/raw.h"
#include "policy/rules.h"
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
  explicit Preview1(const std::vector<std::string>& grants = {"command", "stdio:stdin"}) : engine_(Engine::create().value()) {
    auto config = std::make_shared<Config>();
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
