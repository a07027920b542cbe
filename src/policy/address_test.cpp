#include "policy/address.h"

#include <gtest/gtest.h>

namespace tenon::policy {
namespace {

AddressClass class_at(std::string_view text) {
  const auto address = parse_address(text);
  EXPECT_TRUE(address) << text;
  return address ? class_of(*address) : AddressClass::Special;
}

TEST(Address, ReadsFourDecimalNumbersAndIpv6) {
  for (const char* text : {"1.2.3.4", "255.255.255.255", "0.0.0.0", "::", "::1", "2606:4700::1111", "fe80::1"}) {
    const auto address = parse_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(to_string(*address), text);
  }
}

TEST(Address, RefusesOtherFormsThatResolversTake) {
  for (const char* text :
       {"127.1",     "127.0.1", "2130706433", "0x7f.0.0.1",   "0x7f000001", "0177.0.0.1", "127.0.0.01", "127.0.0.1.", " 127.0.0.1",   "127.0.0.1 ", "256.0.0.1",
        "1.2.3.4.5", "",        "[::1]",      "fe80::1%eth0", "fe80::1%1",  "::1::",      "12345::",    "1.2.3.4:80", "::ffff:1.2.3", "localhost"}) {
    EXPECT_FALSE(parse_address(text)) << text;
  }
  EXPECT_FALSE(parse_address(std::string_view("1.2.3.4\0", 8)));
  EXPECT_FALSE(parse_address(std::string(100, '1')));
}

TEST(Address, UnpacksIpv4InIpv6) {
  const auto mapped = parse_address("::ffff:10.0.0.1");
  ASSERT_TRUE(mapped);
  EXPECT_FALSE(mapped->is_v6);
  EXPECT_EQ(to_string(*mapped), "10.0.0.1");
  EXPECT_EQ(mapped, parse_address("::ffff:a00:1"));
  EXPECT_EQ(mapped, parse_address("0:0:0:0:0:FFFF:0A00:0001"));
  IpAddress packed{.is_v6 = true, .bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 169, 254, 169, 254}};
  EXPECT_EQ(class_of(packed), AddressClass::Metadata);
}

TEST(Address, KnowsWhatIsNotPublic) {
  for (const char* text : {"8.8.8.8", "1.1.1.1", "93.184.216.34", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0", "169.253.255.255",
                           "192.167.255.255", "223.255.255.255", "2606:4700::1", "2001:4860::8888"}) {
    EXPECT_EQ(class_at(text), AddressClass::Public) << text;
  }
  for (const char* text : {"127.0.0.1", "127.255.255.254", "::1"}) EXPECT_EQ(class_at(text), AddressClass::Loopback) << text;
  for (const char* text :
       {"10.0.0.0", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1", "100.127.255.255", "fc00::1", "fdff::1", "fec0::1"})
    EXPECT_EQ(class_at(text), AddressClass::Private) << text;
  for (const char* text : {"169.254.0.1", "169.254.169.253", "fe80::1", "febf::1"}) EXPECT_EQ(class_at(text), AddressClass::LinkLocal) << text;
  for (const char* text : {"169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"})
    EXPECT_EQ(class_at(text), AddressClass::Metadata) << text;
  for (const char* text : {"0.0.0.0",   "0.1.2.3",      "224.0.0.1",   "239.255.255.255", "240.0.0.1",      "255.255.255.255",
                           "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1",      "198.19.255.255", "192.0.0.1",
                           "::",        "::2",          "::127.0.0.1", "ff02::1",         "2001::1",        "2001:db8::1",
                           "3fff::1",   "4000::1",      "100::1",      "64:ff9b:1::1"}) {
    EXPECT_EQ(class_at(text), AddressClass::Special) << text;
  }
}

TEST(Address, LooksThroughTranslators) {
  EXPECT_EQ(class_at("64:ff9b::8.8.8.8"), AddressClass::Public);
  EXPECT_EQ(class_at("64:ff9b::127.0.0.1"), AddressClass::Loopback);
  EXPECT_EQ(class_at("64:ff9b::a9fe:a9fe"), AddressClass::Metadata);
  EXPECT_EQ(class_at("2002:7f00:1::1"), AddressClass::Loopback);
  EXPECT_EQ(class_at("2002:a00:1::"), AddressClass::Private);
  EXPECT_EQ(class_at("::ffff:0:10.0.0.1"), AddressClass::Private);
}

TEST(Network, ContainsWhatSharesItsBits) {
  const auto contains = [](std::string_view network, std::string_view address) { return Network::parse(network)->contains(*parse_address(address)); };
  EXPECT_TRUE(contains("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(contains("192.168.4.0/22", "192.168.7.255"));
  EXPECT_FALSE(contains("192.168.4.0/22", "192.168.8.0"));
  EXPECT_TRUE(contains("1.2.3.4", "1.2.3.4"));
  EXPECT_FALSE(contains("1.2.3.4", "1.2.3.5"));
  EXPECT_TRUE(contains("0.0.0.0/0", "200.1.1.1"));
  EXPECT_FALSE(contains("0.0.0.0/0", "::1"));
  EXPECT_TRUE(contains("::/0", "fe80::1"));
  EXPECT_FALSE(contains("::/0", "1.2.3.4"));
  EXPECT_TRUE(contains("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(contains("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
}

TEST(Network, UnpacksIpv4InIpv6AndRefusesWhatMixes) {
  EXPECT_EQ(Network::parse("::ffff:10.0.0.0/104")->to_string(), "10.0.0.0/8");
  EXPECT_EQ(Network::parse("::ffff:1.2.3.4")->to_string(), "1.2.3.4");
  EXPECT_FALSE(Network::parse("::ffff:0.0.0.0/95"));
}

TEST(Network, RefusesBitsBeyondItsPrefixAndSaysWhatToWrite) {
  const auto network = Network::parse("10.1.2.3/8");
  ASSERT_FALSE(network);
  EXPECT_EQ(network.error().message(), "10.1.2.3/8 has bits beyond its prefix; write 10.0.0.0/8");
  for (const char* text : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0.0/ 8", "::/129", "10/8", "10.0.0/8"})
    EXPECT_FALSE(Network::parse(text)) << text;
}

}  // namespace
}  // namespace tenon::policy
