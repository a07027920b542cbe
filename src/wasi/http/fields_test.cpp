#include "wasi/http/fields.h"

#include <gtest/gtest.h>

#include <string>

#include "wasi/http/syntax.h"

namespace tenon::wasi::http {
namespace {

using Outcome = std::expected<void, HeaderError>;

Outcome append(Fields& fields, std::string_view name, std::string_view value) { return *fields.append(name, value); }
std::vector<uint8_t> bytes(std::string_view text) { return {text.begin(), text.end()}; }
std::shared_ptr<FieldLedger> ledger() { return std::make_shared<FieldLedger>(); }

TEST(HttpFields, KeepOrderAndCaseAndCompareWithoutIt) {
  Fields fields(ledger());
  EXPECT_TRUE(append(fields, "B", "1"));
  EXPECT_TRUE(append(fields, "a", "2"));
  EXPECT_TRUE(append(fields, "b", ""));
  EXPECT_EQ(fields.lines(), (std::vector<FieldLine>{{"B", "1"}, {"a", "2"}, {"b", ""}}));
  EXPECT_TRUE(*fields.set("A", {bytes("3"), bytes("4")}));
  EXPECT_EQ(fields.lines(), (std::vector<FieldLine>{{"B", "1"}, {"b", ""}, {"A", "3"}, {"A", "4"}}));
  EXPECT_TRUE(*fields.remove("B"));
  EXPECT_EQ(fields.lines().size(), 2);
  EXPECT_TRUE(*fields.set("a", {}));
  EXPECT_TRUE(fields.lines().empty());
}

TEST(HttpFields, RefuseEveryByteThatCouldEndALine) {
  for (int byte = 0; byte < 256; byte++) {
    Fields fields(ledger());
    const std::string value = std::string("a") + static_cast<char>(byte) + "b";
    const bool is_allowed = byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    EXPECT_EQ(append(fields, "name", value).has_value(), is_allowed) << byte;
    EXPECT_EQ(fields.set("name", {bytes(value)})->has_value(), is_allowed) << byte;
    const bool is_name = std::isalnum(byte) != 0 || (byte != 0 && std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(byte)) != std::string_view::npos);
    EXPECT_EQ(append(fields, value, "x").has_value(), is_name) << byte;
  }
}

TEST(HttpFields, RefuseNamesThatAreNone) {
  Fields fields(ledger());
  for (const std::string& name : {std::string(), std::string("a b"), std::string("a:"), std::string("\xc3\xa4"), std::string(70000, 'a')}) {
    EXPECT_EQ(append(fields, name, "x"), Outcome(std::unexpect, HeaderError::invalid_syntax()));
    EXPECT_EQ(*fields.set(name, {}), Outcome(std::unexpect, HeaderError::invalid_syntax()));
    EXPECT_EQ(*fields.remove(name), Outcome(std::unexpect, HeaderError::invalid_syntax()));
  }
}

TEST(HttpFields, RefuseWhatBelongsToTheConnection) {
  Fields fields(ledger());
  for (const char* name : {"Connection", "keep-alive", "Proxy-Authenticate", "proxy-authorization", "Proxy-Connection", "TRANSFER-ENCODING", "upgrade", "Host",
                           "HTTP2-Settings"}) {
    EXPECT_EQ(append(fields, name, "x"), Outcome(std::unexpect, HeaderError::forbidden())) << name;
    EXPECT_EQ(*fields.set(name, {bytes("x")}), Outcome(std::unexpect, HeaderError::forbidden())) << name;
    EXPECT_EQ(*fields.remove(name), Outcome(std::unexpect, HeaderError::forbidden())) << name;
  }
}

TEST(HttpFields, RefuseALengthThatIsNoNumber) {
  Fields fields(ledger());
  for (const char* value : {"", "+5", "-5", " 5", "5 ", "0x5", "5,5", "18446744073709551616"})
    EXPECT_EQ(append(fields, "Content-Length", value), Outcome(std::unexpect, HeaderError::invalid_syntax())) << value;
  EXPECT_TRUE(append(fields, "content-length", "18446744073709551615"));
}

TEST(HttpFields, OfAMessageDoNotChange) {
  Fields mutable_fields(ledger());
  EXPECT_TRUE(append(mutable_fields, "a", "1"));
  Fields fields(mutable_fields.share());
  EXPECT_EQ(append(fields, "a", "2"), Outcome(std::unexpect, HeaderError::immutable()));
  EXPECT_EQ(*fields.set("a", {}), Outcome(std::unexpect, HeaderError::immutable()));
  EXPECT_EQ(*fields.remove("a"), Outcome(std::unexpect, HeaderError::immutable()));
  const std::unique_ptr<Fields> copy = *fields.clone();
  EXPECT_TRUE(append(*copy, "a", "2"));
  EXPECT_EQ(fields.lines().size(), 1);
  EXPECT_EQ(copy->lines().size(), 2);
}

TEST(HttpFields, HaveALimitThatEndsTheGuest) {
  Fields fields(ledger());
  Fields::Outcome outcome;
  size_t lines = 0;
  for (; outcome; lines++) outcome = fields.append("a", "");
  EXPECT_EQ(outcome.error().kind(), ErrorKind::LimitExceeded);
  EXPECT_LE(lines, FieldList::bytes_max / FieldList::line_bytes);
}

TEST(HttpFields, OfAllMessagesTogetherHaveALimit) {
  const auto shared = std::make_shared<FieldLedger>(FieldLedger{.bytes = 0, .bytes_max = 1000});
  Fields first(shared);
  EXPECT_TRUE(append(first, "a", std::string(500, 'x')));
  EXPECT_FALSE(first.clone());
  {
    Fields second(shared);
    EXPECT_FALSE(second.append("a", std::string(500, 'x')));
    EXPECT_TRUE(append(second, "a", std::string(300, 'x')));
  }
  EXPECT_EQ(shared->bytes, 501 + FieldList::line_bytes);
  EXPECT_TRUE(*first.remove("a"));
  EXPECT_EQ(shared->bytes, 0);
}

TEST(HttpSyntax, KnowsAuthorities) {
  for (const char* good : {"a", "a.b:1", "A-b_c~.d:65535", "[::1]", "[::]:443", "[::ffff:1.2.3.4]:0", "user:pass@host:1", "%41", "1.2.3.4"})
    EXPECT_TRUE(is_authority(good)) << good;
  for (const char* bad :
       {"",      ":80",    "a:",     "a:x",   "a:65536",          "a:-1",       "a:+1", "a b",     "a/b", "a?b", "a#b", "a\n", "a\\b", "[", "[]", "[::1", "::1",
        "a:1:2", "[::1]x", "[::1]:", "[g::]", "[fe80::1%25eth0]", "us er@host", "@",    "\xc3\xa4"})
    EXPECT_FALSE(is_authority(bad)) << bad;
}

TEST(HttpSyntax, KnowsPaths) {
  for (const char* good : {"", "*", "/", "/a/b?c=d&e=%20", "?a", "/{a}|\"^`"}) EXPECT_TRUE(is_path_with_query(good)) << good;
  for (const char* bad : {"a", "//a b", "/a\n", "/a\r\nb: c", "/a#b", "/<a>", "http://a/", "*a", "/\xc3\xa4", "/\x7f"})
    EXPECT_FALSE(is_path_with_query(bad)) << bad;
  EXPECT_FALSE(is_path_with_query(std::string_view("/a\0b", 4)));
}

TEST(HttpSyntax, KnowsSchemes) {
  for (const char* good : {"ws", "a+b-c.1", "HTTP"}) EXPECT_TRUE(is_scheme(good)) << good;
  for (const char* bad : {"", "1a", "a b", "bad\nscheme", "a:"}) EXPECT_FALSE(is_scheme(bad)) << bad;
}

}  // namespace
}  // namespace tenon::wasi::http
