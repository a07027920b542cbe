#include "wit/bindgen.h"

#include <gtest/gtest.h>

#include "wit/cpp_names.h"

namespace tenon::wit {
namespace {

std::string bind(std::string_view text, const BindgenOptions& options = {}) {
  auto package = Package::parse(text);
  EXPECT_TRUE(package) << package.error().message();
  if (!package) return {};
  auto header = generate_bindings(*package, options);
  EXPECT_TRUE(header) << header.error().message();
  return header ? *header : std::string();
}

Error refuse(std::string_view text, const BindgenOptions& options = {}) {
  auto header = generate_bindings(Package::parse(text).value(), options);
  EXPECT_FALSE(header);
  return header ? Error(ErrorKind::Unavailable, "no error") : header.error();
}

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (part) << " is not in:\n" << (text)
#define EXPECT_LACKS(text, part) EXPECT_EQ((text).find(part), std::string::npos) << (part) << " is in:\n" << (text)

TEST(CppNames, FollowTheRulesOfCpp) {
  EXPECT_EQ(snake_case("call-id"), "call_id");
  EXPECT_EQ(snake_case("HTTP-get"), "http_get");
  EXPECT_EQ(snake_case("class"), "class_");
  EXPECT_EQ(snake_case("stdin"), "stdin_");
  EXPECT_EQ(snake_case("tenon"), "tenon_");
  EXPECT_EQ(title_case("tool-call"), "ToolCall");
  EXPECT_EQ(title_case("HTTP-get"), "HttpGet");
  EXPECT_EQ(literal("a\"b\\\n"), "\"a\\\"b\\\\\\012\"");
  Scope scope;
  EXPECT_EQ(scope.add("a"), "a");
  EXPECT_EQ(scope.add("a"), "a_");
}

TEST(Bindgen, WritesTypesWithTheirTraits) {
  const std::string header = bind(
      "package a:b; interface i { record r { call-id: string, n: option<u8> } enum e { x, dark-y } flags f { p, q } variant v { none, some(list<u32>) } "
      "go: func(r: r, e: e, f: f, v: v); } world w { import i; }");
  EXPECT_HAS(header, "struct R {\n  std::string call_id{};\n  std::optional<uint8_t> n{};\n");
  EXPECT_HAS(header, "struct tenon::RecordTraits<::w::a::b::i::R>");
  EXPECT_HAS(header, "tenon::field(\"call-id\", &::w::a::b::i::R::call_id)");
  EXPECT_HAS(header, "enum class E : uint8_t {\n  X,\n  DarkY,\n};");
  EXPECT_HAS(header, "static constexpr std::array<std::string_view, 2> names{\"x\", \"dark-y\"};");
  EXPECT_HAS(header, "std::array<uint32_t, 1> bits{};");
  EXPECT_HAS(header, "std::variant<std::monostate, std::vector<uint32_t>> value{};");
}

TEST(Bindgen, PassesViewsAndReturnsOwners) {
  const std::string header = bind(
      "package a:b; world w { export f: func(s: string, l: list<u8>, t: list<string>) -> string; import g: func(s: string, l: list<u8>, t: list<string>) -> "
      "list<u8>; }");
  EXPECT_HAS(header, "tenon::Result<std::string> f(std::string_view s, std::span<const uint8_t> l, std::span<const std::string> t) const");
  EXPECT_HAS(header,
             "virtual tenon::Result<std::vector<uint8_t>> g(tenon::HostCall& host_call, std::string_view s, std::span<const uint8_t> l, "
             "std::vector<std::string> t) = 0;");
}

TEST(Bindgen, KeepsTheResourcesOfBothSidesApart) {
  const std::string header = bind("package a:b; interface i { resource r { constructor(); m: func() -> r; } } world w { import i; export i; }");
  EXPECT_HAS(header, "virtual tenon::Result<> drop_r(tenon::Store& store, uint32_t representation) = 0;");
  EXPECT_HAS(header, "virtual tenon::Result<tenon::HostOwn<::w::a::b::i::R>> r_m(tenon::HostCall& host_call, tenon::HostBorrow<::w::a::b::i::R> self) = 0;");
  EXPECT_HAS(header, "tenon::Result<tenon::Own<::w::exports::a::b::i::R>> r_m(tenon::Borrow<::w::exports::a::b::i::R> self) const");
  EXPECT_HAS(header, "new_r() const");
}

TEST(Bindgen, RenamesWhatWouldClash) {
  const std::string header = bind("package a:b; interface i { record host { x: u8 } f: func(host-call: host, class: u8); } world w { import i; }");
  EXPECT_HAS(header, "struct Host_ {");
  EXPECT_HAS(header, "::w::a::b::i::Host_ host_call_, uint8_t class_) = 0;");
  const std::string versions = bind(
      "package a:b; world w { import c:d/i@1.0.0; import c:d/i@2.0.0; } package c:d@1.0.0 { interface i { f: func(); } } package c:d@2.0.0 { interface i { f: "
      "func(); } }");
  EXPECT_HAS(versions, "namespace w::c::d::i {");
  EXPECT_HAS(versions, "namespace w::c::d::i_v2_0_0 {");
}

TEST(Bindgen, KeepsCommentsInsideTheirLines) {
  const std::string header = bind("package a:b; world w {\n/// ends with \\\n/// next */ line\nexport f: func(); }");
  EXPECT_HAS(header, "  /// ends with\n  /// next */ line\n");
}

TEST(Bindgen, LeavesOutWhatSomethingElseProvides) {
  const std::string text =
      "package a:b; world w { import c:d/i; import e:f/j; } package c:d { interface i { type t = u8; f: func() -> t; } } package e:f { interface j { f: "
      "func(); } }";
  const std::string header = bind(text, {.skip_imports = {"c:d/"}});
  EXPECT_LACKS(header, "linker.instance(\"c:d/i\")");
  EXPECT_HAS(header, "using T = uint8_t;");
  EXPECT_HAS(header, "linker.instance(\"e:f/j\")");
}

TEST(Bindgen, RefusesWhatCannotRunAndNamesIt) {
  const Error error =
      refuse("package a:b; interface i { f: async func(); g: func(s: stream<u8>); h: func(); } world w { import i; export k: func() -> option<future<u8>>; }");
  EXPECT_EQ(error.kind(), ErrorKind::Unsupported);
  EXPECT_HAS(error.message(), "a:b/i#f, a:b/i#g, k");
  EXPECT_EQ(refuse("package a:b; world w {}", {.world = "x"}).kind(), ErrorKind::NotFound);
  EXPECT_EQ(refuse("package a:b; world w {} world v {}").kind(), ErrorKind::NotFound);
  EXPECT_EQ(refuse("package a:b; world w {}", {.name_space = "a::1b"}).kind(), ErrorKind::InvalidInput);
}

TEST(Bindgen, NamesTheWorldsToChooseFromButNotThousands) {
  std::string text = "package a:b;";
  for (int i = 0; i < 2000; i++) text += " world w" + std::to_string(i) + " {}";
  const auto refused = generate_bindings(Package::parse(text).value());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::NotFound);
  EXPECT_NE(refused.error().message().find("name one of: w0, w1, "), std::string::npos) << refused.error().message();
  EXPECT_LT(refused.error().message().size(), 500U);
}

TEST(Bindgen, TakesTheWorldOfAComponent) {
  auto package = Package::parse("package a:b; world w { export f: func(x: u32) -> string; }");
  const auto component = componentize(embed(*package, dummy_module(*package).value()).value()).value();
  auto header = generate_bindings(Package::decode(component).value(), {.name_space = "app::guest"});
  ASSERT_TRUE(header) << header.error().message();
  EXPECT_HAS(*header, "namespace app::guest {");
  EXPECT_HAS(*header, "tenon::Result<std::string> f(uint32_t x) const");
}

}  // namespace
}  // namespace tenon::wit
