#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "cli/program.h"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;

/// Runs commands in a folder that goes with the test.
class ComponentCommand : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "tenon-cli-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    write("wit/w.wit",
          "package a:b@1.0.0;\ninterface i { f: func() -> string; }\nworld uses { import i; export run: func(x: u32) -> u32; }\nworld has { export i; }\n");
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string at(const std::string& file) const { return (folder_ / file).string(); }
  void write(const std::string& file, const std::string& text) const {
    fs::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << text;
  }
  std::string content(const std::string& file) const {
    std::ostringstream text;
    text << std::ifstream(folder_ / file).rdbuf();
    return text.str();
  }

  /// Runs `tenon` with the arguments; keeps what it printed.
  ExitCode run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "tenon");
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const ExitCode code = run_program(static_cast<int>(argv.size()), argv.data());
    out_ = testing::internal::GetCapturedStdout();
    err_ = testing::internal::GetCapturedStderr();
    return code;
  }
  /// A component of a world, in a file.
  std::string component(const std::string& world) {
    const std::string file = at(world + ".wasm");
    EXPECT_EQ(run({"component", "embed", "--dummy", at("wit"), "-w", world, "-o", at("e.wasm")}), ExitCode::Success) << err_;
    EXPECT_EQ(run({"component", "new", at("e.wasm"), "-o", file}), ExitCode::Success) << err_;
    return file;
  }

  fs::path folder_;
  std::string out_;
  std::string err_;
};

TEST_F(ComponentCommand, EmbedsAndMakesAndPrints) {
  const std::string file = component("uses");
  EXPECT_EQ(run({"wit", file}), ExitCode::Success);
  EXPECT_NE(out_.find("export run: func(x: u32) -> u32;"), std::string::npos) << out_;
  EXPECT_EQ(run({"wit", "--json", at("wit")}), ExitCode::Success);
  EXPECT_NE(out_.find("\"worlds\":["), std::string::npos);
}

TEST_F(ComponentCommand, MakesAComponentInOneStep) {
  write("m.wat",
        "(module (import \"a:b/i@1.0.0\" \"f\" (func (param i32))) (memory (export \"memory\") 1)\n"
        " (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) i32.const 0)\n"
        " (func (export \"run\") (param i32) (result i32) local.get 0))");
  EXPECT_EQ(run({"component", "new", "--wit", at("wit"), "-w", "uses", at("m.wat"), "-o", at("c.wat"), "--text"}), ExitCode::Success) << err_;
  EXPECT_EQ(content("c.wat").substr(0, 10), "(component");
  EXPECT_EQ(run({"component", "targets", at("wit"), at("c.wat"), "-w", "uses"}), ExitCode::Success) << out_;
}

TEST_F(ComponentCommand, ComposesAndChecks) {
  const std::string uses = component("uses");
  const std::string has = component("has");
  EXPECT_EQ(run({"component", "compose", uses, has, "-o", at("linked.wasm")}), ExitCode::Success) << err_;
  EXPECT_EQ(run({"wit", at("linked.wasm")}), ExitCode::Success);
  EXPECT_EQ(out_.find("import"), std::string::npos) << out_;
  EXPECT_EQ(run({"component", "targets", at("wit"), has, "-w", "uses", "--json"}), ExitCode::InvalidInput);
  EXPECT_NE(out_.find("the world exports run, the component does not"), std::string::npos) << out_;
}

TEST_F(ComponentCommand, TellsWrongUseFromWrongInput) {
  EXPECT_EQ(run({"component"}), ExitCode::Usage);
  EXPECT_EQ(run({"component", "embed", at("wit")}), ExitCode::Usage);
  EXPECT_EQ(run({"component", "embed", "--dummy", at("wit"), "-w", "uses", "--encoding", "ebcdic"}), ExitCode::Usage);
  EXPECT_EQ(run({"component", "embed", "--dummy", at("wit"), "-w", "other"}), ExitCode::NotFound);
  EXPECT_NE(err_.find("the package has: uses, has"), std::string::npos) << err_;
  EXPECT_EQ(run({"component", "new", at("absent.wasm")}), ExitCode::NotFound);
  write("plain.wat", "(module");
  EXPECT_EQ(run({"component", "new", at("plain.wat")}), ExitCode::InvalidInput);
  EXPECT_NE(err_.find("plain.wat:1:"), std::string::npos) << err_;
}

TEST_F(ComponentCommand, SetsAndReadsMetadata) {
  const std::string file = component("has");
  EXPECT_EQ(run({"component", "metadata", file, "--set", "name=thing", "--set", "processed-by=maker@3", "-o", at("m.wasm")}), ExitCode::Success) << err_;
  EXPECT_EQ(run({"component", "metadata", at("m.wasm")}), ExitCode::Success);
  EXPECT_NE(out_.find("\"maker\": \"3\""), std::string::npos) << out_;
  EXPECT_EQ(run({"component", "metadata", file, "--set", "colour=red", "-o", at("m.wasm")}), ExitCode::InvalidInput);
}

TEST_F(ComponentCommand, WitChecksAndComparesVersions) {
  EXPECT_EQ(run({"wit", "--check", at("wit")}), ExitCode::Success);
  write("next/w.wit",
        "package a:b@1.1.0;\ninterface i { f: func() -> string; g: func(); }\nworld uses { import i; export run: func(x: u32) -> u32; }\nworld has { export i; "
        "}\n");
  EXPECT_EQ(run({"wit", "--compatible-with", at("wit"), at("next")}), ExitCode::InvalidInput);
  EXPECT_NE(out_.find("world has: export a:b/i: the old version has no function g"), std::string::npos) << out_;
  EXPECT_EQ(run({"wit", "--compatible-with", at("wit"), at("wit")}), ExitCode::Success);
  write("bad/w.wit", "package a:b;\nworld w {\n  export f: func(x: u33);\n}\n");
  EXPECT_EQ(run({"wit", "--check", at("bad")}), ExitCode::InvalidInput);
  EXPECT_NE(err_.find("w.wit:3:21"), std::string::npos) << err_;
  EXPECT_EQ(run({"wit", "--wasm", at("wit"), "-o", at("p.wasm")}), ExitCode::Success);
  EXPECT_EQ(run({"wit", at("p.wasm")}), ExitCode::Success);
  EXPECT_NE(out_.find("package a:b@1.0.0;"), std::string::npos) << out_;
}

}  // namespace
}  // namespace tenon::cli
