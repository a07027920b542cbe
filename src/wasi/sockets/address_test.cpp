#include "wasi/sockets/address.h"

#include <gtest/gtest.h>

#include <string_view>

#include "wasi/sockets/host_name.h"

namespace tenon::wasi::sockets {
namespace {

/// IPv4-mapped addresses too, which `parse_host_name` unpacks.
Endpoint endpoint_of(std::string_view ip, uint16_t port = 80) {
  Endpoint endpoint;
  endpoint.port = port;
  if (ip.starts_with("mapped ")) {
    endpoint.ip = *parse_host_name(ip.substr(7))->address;
    for (size_t i = 0; i < 4; i++) endpoint.ip.bytes[12 + i] = endpoint.ip.bytes[i];
    for (size_t i = 0; i < 12; i++) endpoint.ip.bytes[i] = i < 10 ? 0 : 0xff;
    endpoint.ip.is_v6 = true;
  } else {
    endpoint.ip = *parse_host_name(ip)->address;
  }
  return endpoint;
}

TEST(Endpoint, CrossesTheBorderAndTheSystemUnchanged) {
  Endpoint ipv6 = endpoint_of("2001:db8::1", 65535);
  ipv6.flow_info = 0x12345;
  ipv6.scope_id = 7;
  for (const Endpoint& endpoint : {endpoint_of("1.2.3.4", 1), ipv6}) {
    EXPECT_EQ(Endpoint::of(endpoint.to_guest()), endpoint);
    sockaddr_storage native;
    endpoint.to_native(native);
    EXPECT_EQ(Endpoint::of(native), endpoint);
  }
}

TEST(Endpoint, IsOfItsFamilyAlone) {
  EXPECT_TRUE(endpoint_of("1.2.3.4").is_of(IpAddressFamily::Ipv4));
  EXPECT_FALSE(endpoint_of("1.2.3.4").is_of(IpAddressFamily::Ipv6));
  for (const std::string_view ip : {"::", "::1", "2001:db8::1", "fe80::1", "::1:0:0:1"}) {
    EXPECT_TRUE(endpoint_of(ip).is_of(IpAddressFamily::Ipv6)) << ip;
    EXPECT_FALSE(endpoint_of(ip).is_of(IpAddressFamily::Ipv4)) << ip;
  }
}

TEST(Endpoint, Ipv4InIpv6IsOfNoFamily) {
  for (const std::string_view ip : {"mapped 127.0.0.1", "mapped 0.0.0.0", "::127.0.0.1", "::2", "::1:0"}) {
    EXPECT_FALSE(endpoint_of(ip).is_of(IpAddressFamily::Ipv6)) << ip;
    EXPECT_FALSE(endpoint_of(ip).is_of(IpAddressFamily::Ipv4)) << ip;
  }
}

TEST(Endpoint, TellsUnicastFromTheRest) {
  for (const std::string_view ip : {"0.0.0.0", "127.0.0.1", "223.255.255.255", "240.0.0.1", "255.255.255.254", "::", "fe80::1"})
    EXPECT_TRUE(endpoint_of(ip).is_unicast()) << ip;
  for (const std::string_view ip : {"224.0.0.1", "239.255.255.255", "255.255.255.255", "ff02::1"}) EXPECT_FALSE(endpoint_of(ip).is_unicast()) << ip;
}

TEST(Endpoint, TellsUnspecifiedFromTheRest) {
  EXPECT_TRUE(endpoint_of("0.0.0.0").is_unspecified());
  EXPECT_TRUE(endpoint_of("::").is_unspecified());
  EXPECT_FALSE(endpoint_of("0.0.0.1").is_unspecified());
  EXPECT_FALSE(endpoint_of("::1").is_unspecified());
}

}  // namespace
}  // namespace tenon::wasi::sockets
