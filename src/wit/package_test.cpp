#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tenon/wit.h"

namespace tenon::wit {
namespace {

namespace fs = std::filesystem;

/// A folder that goes with the test.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "tenon-wit-XXXXXX").string();
    path_ = mkdtemp(name.data()) == nullptr ? fs::path() : fs::path(name);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }

  const fs::path& path() const { return path_; }
  void write(const fs::path& file, std::string_view text) const {
    fs::create_directories((path_ / file).parent_path());
    std::ofstream(path_ / file) << text;
  }

 private:
  fs::path path_;
};

std::string error_of(const Result<Package>& result) { return result ? "no error" : result.error().message(); }

TEST(Package, PrintsWhatItParses) {
  const std::string text = "package a:b;\n\n/// A world.\nworld w {\n  /// Runs.\n  export run: func(input: list<u8>) -> result<string>;\n}\n";
  auto package = Package::parse(text);
  ASSERT_TRUE(package) << package.error().message();
  EXPECT_EQ(package->print().value(), text);
  EXPECT_EQ(package->print({.docs = false}).value().find("///"), std::string::npos);
  EXPECT_EQ(package->origin(), Origin::Package);
}

TEST(Package, ReadsAFolderWithDependenciesOfEachForm) {
  const Folder folder;
  folder.write("b.wit", "package a:b; world w { import c:d/i; import e:f/j; import g:h/k; }");
  folder.write("more.wit", "interface extra { f: func(); }");
  folder.write("deps/cd/one.wit", "package c:d; interface i { use l.{t}; f: func() -> t; }");
  folder.write("deps/cd/two.wit", "package c:d; interface l { type t = u32; }");
  folder.write("deps/ef.wit", "package e:f; interface j { f: func(); }");
  folder.write("deps/notes.txt", "not WIT");
  auto binary = Package::parse("package g:h; interface k { f: func(); }").value().encode().value();
  folder.write("deps/gh.wasm", std::string_view(reinterpret_cast<const char*>(binary.data()), binary.size()));
  auto package = Package::load(folder.path());
  ASSERT_TRUE(package) << package.error().message();
  const std::string text = package->print().value();
  for (const char* part : {"package a:b;", "interface extra", "package c:d {", "package e:f {", "package g:h {"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
  auto again = Package::parse(text);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->print().value(), text);
}

TEST(Package, ErrorsSayFileLineColumnAndSource) {
  const Folder folder;
  folder.write("w.wit", "package a:b;\nworld w { import c:d/i; }\n");
  folder.write("deps/c.wit", "package c:d;\ninterface i {\n  f: func() -> nothing;\n}\n");
  const std::string message = error_of(Package::load(folder.path()));
  EXPECT_NE(message.find("c.wit:3:16"), std::string::npos) << message;
  EXPECT_NE(message.find("f: func() -> nothing;"), std::string::npos) << message;
}

TEST(Package, NamesTheMissingDependency) {
  const Folder folder;
  folder.write("w.wit", "package a:b;\nworld w { import c:d/i; }\n");
  const std::string message = error_of(Package::load(folder.path()));
  EXPECT_NE(message.find("c:d"), std::string::npos) << message;
}

TEST(Package, RefusesWhatIsNoWit) {
  const Folder folder;
  EXPECT_NE(error_of(Package::load(folder.path())).find("has no .wit file"), std::string::npos);
  EXPECT_EQ(Package::load(folder.path() / "absent").error().kind(), ErrorKind::NotFound);
  folder.write("binary.wit", "\xff\xfe\x01");
  EXPECT_EQ(Package::load(folder.path() / "binary.wit").error().kind(), ErrorKind::InvalidInput);
  folder.write("module.wat", "(module)");
  EXPECT_EQ(Package::load(folder.path() / "module.wat").error().kind(), ErrorKind::NotFound);
  folder.write("wrong.wat", "(modul)");
  EXPECT_NE(error_of(Package::load(folder.path() / "wrong.wat")).find("wrong.wat"), std::string::npos);
}

TEST(Package, RefusesTextThatIsTooLarge) {
  const std::string comment = "//" + std::string(size_t{17} << 20, 'x') + "\npackage a:b;";
  EXPECT_EQ(Package::parse(comment).error().kind(), ErrorKind::LimitExceeded);
  std::string items = "package a:b; interface i { flags f {";
  for (int i = 0; i < 250'000; ++i) {
    items += "a" + std::to_string(i) + ",";
  }
  EXPECT_EQ(Package::parse(items + "}}").error().kind(), ErrorKind::LimitExceeded);
}

TEST(Package, RefusesDeepAndEnormousTypes) {
  std::string deep = "package a:b; interface i { type t = ";
  for (int i = 0; i < 90'000; ++i) {
    deep += "list<";
  }
  EXPECT_EQ(Package::parse(deep).error().kind(), ErrorKind::InvalidInput);
  std::string enormous = "package a:b; interface i { type t0 = tuple<u8,u8>;";
  for (int i = 1; i < 60; ++i) {
    const std::string last = std::to_string(i - 1);
    enormous += "type t" + std::to_string(i) + " = tuple<t" + last + ",t" + last + ">;";
  }
  EXPECT_EQ(Package::parse(enormous + "}").error().kind(), ErrorKind::LimitExceeded);
}

TEST(Package, KeepsUnstableItemsOnlyWithTheirFeature) {
  const std::string text = "package a:b@1.0.0; interface i { @unstable(feature = fancy) f: func(); }";
  EXPECT_EQ(Package::parse(text)->print()->find("f: func"), std::string::npos);
  EXPECT_NE(Package::parse(text, "t.wit", {.features = {"fancy"}})->print()->find("f: func"), std::string::npos);
}

TEST(Package, DescribesItselfAsJson) {
  auto package = Package::parse("package a:b; world one { import f: func(); } world two {}");
  ASSERT_TRUE(package);
  EXPECT_NE(package->json("two")->find("\"world\":1"), std::string::npos);
  EXPECT_EQ(package->json("three").error().kind(), ErrorKind::NotFound);
}

TEST(Package, ReadsTheWitOfAComponentAndOfAModule) {
  auto package = Package::parse("package a:b; world w { export f: func(x: u32) -> string; }");
  auto embedded = embed(*package, dummy_module(*package).value());
  ASSERT_TRUE(embedded) << embedded.error().message();
  auto module = Package::decode(*embedded);
  ASSERT_TRUE(module) << module.error().message();
  EXPECT_EQ(module->origin(), Origin::Module);
  auto component = Package::decode(componentize(*embedded).value());
  ASSERT_TRUE(component) << component.error().message();
  EXPECT_EQ(component->origin(), Origin::Component);
  EXPECT_NE(component->print()->find("export f: func(x: u32) -> string;"), std::string::npos);
}

}  // namespace
}  // namespace tenon::wit
