#include "wasi/sockets/host_name.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace tenon::wasi::sockets {
namespace {

/// The address or name that `text` is read as; "refused" when it is neither.
std::string read(std::string_view text) {
  const auto host = parse_host_name(text);
  if (!host) return "refused";
  return host->address ? policy::to_string(*host->address) : "name " + host->name;
}

TEST(HostName, ReadsAddressesInEveryFormOfTheUrlStandard) {
  for (const std::string_view text : {"127.0.0.1", "127.0.0.1.", "0177.0.0.1", "0x7f.0.0.1", "0X7F.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001",
                                      "017700000001", "::ffff:127.0.0.1", "::ffff:7f00:1", "[::ffff:127.0.0.1]"}) {
    EXPECT_EQ(read(text), "127.0.0.1") << text;
  }
  EXPECT_EQ(read("0"), "0.0.0.0");
  EXPECT_EQ(read("0x"), "0.0.0.0");
  EXPECT_EQ(read("4294967295"), "255.255.255.255");
  EXPECT_EQ(read("1.65535"), "1.0.255.255");
  EXPECT_EQ(read("192.0.2.0"), "192.0.2.0");
}

TEST(HostName, ReadsIpv6WithAndWithoutBrackets) {
  for (const std::string_view text : {"::1", "[::1]", "0:0:0:0:0:0:0:1", "0000:0000::0001"}) EXPECT_EQ(read(text), "::1") << text;
  EXPECT_EQ(read("DEAD:BEEF::0"), "dead:beef::");
  EXPECT_EQ(read("::127.0.0.1"), read("::7f00:1"));
}

TEST(HostName, RefusesWhatEndsInANumberAndIsNoAddress) {
  for (const std::string_view text :
       {"256.0.0.1", "1.2.3.4.5", "1.2.3.256", "4294967296", "0x100000000", "08", "a.0x1", "example.1", "1.2..4", "1..2", "0x7g.1"}) {
    EXPECT_EQ(read(text), "refused") << text;
  }
}

TEST(HostName, PutsNamesIntoLowerCaseWithoutTheirLastDot) {
  EXPECT_EQ(read("Example.COM"), "name example.com");
  EXPECT_EQ(read("example.com."), "name example.com");
  EXPECT_EQ(read("localhost"), "name localhost");
  EXPECT_EQ(read("_sip._tcp.example.com"), "name _sip._tcp.example.com");
  EXPECT_EQ(read("xn--mnchen-3ya.de"), "name xn--mnchen-3ya.de");
  EXPECT_EQ(read("0x7g"), "name 0x7g");
  EXPECT_EQ(read("1a"), "name 1a");
}

TEST(HostName, RefusesWhatIsNoName) {
  for (const std::string_view text : {"",
                                      ".",
                                      "..",
                                      "example..com",
                                      ".example.com",
                                      "example.com..",
                                      " ",
                                      "a b",
                                      "a.b<&>",
                                      "user@host",
                                      "host:80",
                                      "127.0.0.1:80",
                                      "[::]:80",
                                      "[::1",
                                      "::1]",
                                      "[]",
                                      "[127.0.0.1]",
                                      "http://example.com/",
                                      "example.com/",
                                      "exa%6dple.com",
                                      "münchen.de",
                                      "example.com\n",
                                      "fe80::1%lo",
                                      "fe80::1%1",
                                      ":::",
                                      "1::2::3",
                                      "12345::",
                                      "*.example.com",
                                      "-a.com",
                                      "a-.com",
                                      "a.-",
                                      "a,b"}) {
    EXPECT_EQ(read(text), "refused") << text;
  }
  EXPECT_EQ(read(std::string_view("exam\0ple", 8)), "refused");
  EXPECT_EQ(read(std::string_view("::1\0", 4)), "refused");
}

TEST(HostName, RefusesLabelsAndNamesThatAreTooLong) {
  const std::string label(63, 'a');
  EXPECT_EQ(read(label), "name " + label);
  EXPECT_EQ(read(label + "a"), "refused");
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'a');
  EXPECT_EQ(read(longest), "name " + longest);
  EXPECT_EQ(read(longest + "a"), "refused");
  EXPECT_EQ(read("::" + std::string(1 << 20, '0')), "refused");
  EXPECT_EQ(read(std::string(1 << 20, '0')), "refused");
}

}  // namespace
}  // namespace tenon::wasi::sockets
