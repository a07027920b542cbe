#include "wit/binary.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/wit.h"

namespace tenon::wit {
namespace {

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string seen(std::span<const std::byte> file) {
  const auto kind = detect(file);
  return kind ? std::string(to_string(*kind)) : kind.error().message();
}

std::string seen(std::string_view text) { return seen(bytes(text)); }

TEST(Detect, TellsTheFourKinds) {
  EXPECT_EQ(seen(*text_to_binary("(module)")), "core module");
  EXPECT_EQ(seen(*text_to_binary("(component)")), "component");
  EXPECT_EQ(seen(*text_to_binary("(component (type $t u8) (export \"t\" (type $t)))")), "component");
  EXPECT_EQ(seen("(module)"), "text");
  EXPECT_EQ(seen("  ;; a comment\n(; another (; nested ;) ;)\n (component)"), "text");
  const auto package = Package::parse("package a:b@1.0.0; interface i { f: func(); } world w { export i; }");
  ASSERT_TRUE(package) << package.error().message();
  EXPECT_EQ(seen(*package->encode()), "WIT package");
}

TEST(Detect, RefusesTheLegacyComponentModel) {
  const auto kind = detect(*text_to_binary("(module (@custom \"component\" \"\"))"));
  ASSERT_FALSE(kind);
  EXPECT_EQ(kind.error().kind(), ErrorKind::Unsupported);
}

TEST(Detect, SaysWhatItSawInstead) {
  constexpr std::string_view expected = "expected WebAssembly (a binary, or text that starts with a parenthesis), got ";
  const auto got = [&](std::string_view file) {
    const std::string text = seen(file);
    return text.starts_with(expected) ? text.substr(expected.size()) : text;
  };
  EXPECT_EQ(got(""), "an empty file");
  EXPECT_EQ(got("\x7f"
                "ELF\2\1\1"),
            "an ELF program");
  EXPECT_EQ(got("PK\3\4xxxx"), "a zip file");
  EXPECT_EQ(got("hello\nworld"), "text that starts with \"hello\"");
  EXPECT_EQ(got("package a:b;"), "text that looks like WIT (tenon wit reads it)");
  EXPECT_EQ(got(std::string_view("\1\2\0\xff", 4)), "the bytes 01 02 00 ff");
  EXPECT_EQ(got(std::string_view("\0asm", 4)), "WebAssembly cut off after 4 bytes");
  EXPECT_EQ(got(std::string_view("\0asm\2\0\0\0", 8)),
            "WebAssembly of version 2 and layer 0, expected version 1, layer 0 (core module) or version 13, layer 1 (component)");
  EXPECT_EQ(got(std::string_view("\0asm\x0c\0\1\0", 8)),
            "WebAssembly of version 12 and layer 1, expected version 1, layer 0 (core module) or version 13, layer 1 (component)");
  EXPECT_EQ(got("(; never closed"), "text that starts with \"(; never closed\"");
}

TEST(Sections, RefuseWhatReachesPastTheEnd) {
  const auto module = *text_to_binary("(module (memory 1))");
  ASSERT_TRUE(read_sections(module));
  EXPECT_EQ(read_sections(module)->front().name, "memory");
  for (size_t size = 9; size < module.size(); size++) EXPECT_FALSE(read_sections(std::span(module).first(size))) << size;
  EXPECT_FALSE(read_sections(bytes(std::string_view("\0asm\1\0\0\0\5\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 19))));
}

}  // namespace
}  // namespace tenon::wit
