#include "policy/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

namespace tenon::policy {
namespace {

constexpr std::array<uint8_t, 12> mapped_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

IpAddress v4(const uint8_t* bytes) {
  IpAddress address;
  std::copy_n(bytes, 4, address.bytes.begin());
  return address;
}

struct ClassRow {
  uint32_t base;
  uint8_t bits;
  AddressClass kind;
};

// The first row that fits decides: single addresses stand before the ranges around them.
constexpr ClassRow v4_rows[] = {
    {0xA9FEA9FE, 32, AddressClass::Metadata},  // 169.254.169.254: AWS, Azure, Google, and most others
    {0xA9FEAA02, 32, AddressClass::Metadata},  // 169.254.170.2: AWS containers
    {0xA9FEAA17, 32, AddressClass::Metadata},  // 169.254.170.23: AWS pods
    {0x6464 << 16 | 0x64C8, 32, AddressClass::Metadata},  // 100.100.100.200: Alibaba
    {0xA83F8110, 32, AddressClass::Metadata},  // 168.63.129.16: Azure's host
    {0xC00000C0, 32, AddressClass::Metadata},  // 192.0.0.192: Oracle
    {0x00000000, 8, AddressClass::Special},  // 0.0.0.0 leads to this machine
    {0x0A000000, 8, AddressClass::Private},
    {0x64400000, 10, AddressClass::Private},
    {0x7F000000, 8, AddressClass::Loopback},
    {0xA9FE0000, 16, AddressClass::LinkLocal},
    {0xAC100000, 12, AddressClass::Private},
    {0xC0000000, 24, AddressClass::Special},  // 192.0.0.0: protocols
    {0xC0000200, 24, AddressClass::Special},  // 192.0.2.0: documentation
    {0xC0586300, 24, AddressClass::Special},  // 192.88.99.0: 6to4 relays
    {0xC0A80000, 16, AddressClass::Private},
    {0xC6120000, 15, AddressClass::Special},  // 198.18.0.0: benchmarks
    {0xC6336400, 24, AddressClass::Special},  // 198.51.100.0: documentation
    {0xCB007100, 24, AddressClass::Special},  // 203.0.113.0: documentation
    {0xE0000000, 3, AddressClass::Special},  // multicast, reserved, broadcast
};

AddressClass class_of_v4(const uint8_t* bytes) {
  const uint32_t value = uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
  for (const ClassRow& row : v4_rows) {
    if ((value ^ row.base) >> (32 - row.bits) == 0) return row.kind;
  }
  return AddressClass::Public;
}

bool begins(const IpAddress& address, std::initializer_list<uint8_t> bytes) { return std::equal(bytes.begin(), bytes.end(), address.bytes.begin()); }

bool is_zero(const IpAddress& address, size_t from, size_t to) {
  return std::all_of(address.bytes.begin() + from, address.bytes.begin() + to, [](uint8_t byte) { return byte == 0; });
}

AddressClass class_of_v6(const IpAddress& address) {
  const auto& bytes = address.bytes;
  if (is_zero(address, 0, 15) && bytes[15] == 1) return AddressClass::Loopback;
  if (begins(address, {0xfd, 0x00, 0x0e, 0xc2}) && is_zero(address, 4, 14) && bytes[14] == 0x02 && bytes[15] == 0x54) return AddressClass::Metadata;  // AWS
  if (begins(address, {0xfd, 0x20, 0x00, 0xce}) && is_zero(address, 4, 14) && bytes[14] == 0x02 && bytes[15] == 0x54) return AddressClass::Metadata;  // Google
  if ((bytes[0] & 0xfe) == 0xfc) return AddressClass::Private;
  if (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80) return AddressClass::LinkLocal;
  if (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0xc0) return AddressClass::Private;
  if (begins(address, {0x00, 0x64, 0xff, 0x9b}) && is_zero(address, 4, 12)) return class_of_v4(&bytes[12]);  // NAT64
  if (is_zero(address, 0, 8) && bytes[8] == 0xff && bytes[9] == 0xff && is_zero(address, 10, 12)) return class_of_v4(&bytes[12]);  // translated IPv4
  if (begins(address, {0x20, 0x02})) return class_of_v4(&bytes[2]);  // 6to4
  if (begins(address, {0x20, 0x01}) && bytes[2] < 2) return AddressClass::Special;  // 2001::/23: protocols, Teredo
  if (begins(address, {0x20, 0x01, 0x0d, 0xb8})) return AddressClass::Special;  // documentation
  if (begins(address, {0x3f, 0xff}) && bytes[2] < 0x10) return AddressClass::Special;  // documentation
  return bytes[0] >> 5 == 1 ? AddressClass::Public : AddressClass::Special;  // 2000::/3 is what is given out
}

}  // namespace

IpAddress unpack(const IpAddress& address) {
  if (!address.is_v6 || !std::equal(mapped_prefix.begin(), mapped_prefix.end(), address.bytes.begin())) return address;
  return v4(&address.bytes[12]);
}

std::optional<IpAddress> parse_address(std::string_view text) {
  std::array<char, address_text_max + 1> terminated{};
  if (text.empty() || text.size() >= terminated.size() || text.find('\0') != text.npos) return {};
  std::copy(text.begin(), text.end(), terminated.begin());
  IpAddress address;
  address.is_v6 = text.find(':') != text.npos;
  if (inet_pton(address.is_v6 ? AF_INET6 : AF_INET, terminated.data(), address.bytes.data()) != 1) return {};
  return unpack(address);
}

std::string_view print_address(const IpAddress& address, bool brackets, std::span<char, address_text_max + 2> to) {
  const bool opens = brackets && address.is_v6;
  char* const begin = to.data() + (opens ? 1 : 0);
  inet_ntop(address.is_v6 ? AF_INET6 : AF_INET, address.bytes.data(), begin, address_text_max);
  size_t size = std::strlen(begin);
  if (opens) {
    to[0] = '[';
    to[size + 1] = ']';
    size += 2;
  }
  return {to.data(), size};
}

std::string to_string(const IpAddress& address) {
  std::array<char, address_text_max + 2> text{};
  return std::string(print_address(address, false, text));
}

Result<Network> Network::parse(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string_view host = text.substr(0, slash);
  const std::optional<IpAddress> address = parse_address(host);
  if (!address) return fail(ErrorKind::InvalidInput, fmt::format("{} is not an address of four decimal numbers or IPv6", host));
  const bool was_v6 = host.find(':') != host.npos;
  const unsigned bits_max = was_v6 ? 128 : 32;
  unsigned bits = bits_max;
  if (slash != text.npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc() || end != digits.data() + digits.size() || bits > bits_max || (digits.size() > 1 && digits[0] == '0')) {
      return fail(ErrorKind::InvalidInput, fmt::format("/{} is not a prefix length of 0 to {}", digits, bits_max));
    }
  }
  if (was_v6 && !address->is_v6) {
    if (bits < 96) return fail(ErrorKind::InvalidInput, fmt::format("{} mixes IPv4 and IPv6 addresses; write two rules", text));
    bits -= 96;
  }
  Network network{*address, static_cast<uint8_t>(bits)};
  Network masked = network;
  for (size_t i = 0; i < masked.base.bytes.size(); ++i) {
    const unsigned kept = bits > i * 8 ? std::min<unsigned>(8, bits - static_cast<unsigned>(i) * 8) : 0;
    masked.base.bytes[i] = static_cast<uint8_t>(masked.base.bytes[i] & ~(0xffu >> kept));
  }
  if (masked != network) return fail(ErrorKind::InvalidInput, fmt::format("{} has bits beyond its prefix; write {}", text, masked.to_string()));
  return network;
}

bool Network::contains(const IpAddress& address) const {
  if (address.is_v6 != base.is_v6) return false;
  const size_t whole = bits / 8;
  if (std::memcmp(address.bytes.data(), base.bytes.data(), whole) != 0) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || ((address.bytes[whole] ^ base.bytes[whole]) >> (8 - rest)) == 0;
}

std::string Network::to_string() const {
  const std::string address = policy::to_string(base);
  return bits == (base.is_v6 ? 128 : 32) ? address : fmt::format("{}/{}", address, bits);
}

std::string_view to_string(AddressClass kind) {
  switch (kind) {
    case AddressClass::Public: return "public";
    case AddressClass::Loopback: return "loopback";
    case AddressClass::Private: return "private";
    case AddressClass::LinkLocal: return "link-local";
    case AddressClass::Metadata: return "metadata";
    case AddressClass::Special: return "special";
  }
  return "special";
}

AddressClass class_of(const IpAddress& address) {
  const IpAddress plain = unpack(address);
  return plain.is_v6 ? class_of_v6(plain) : class_of_v4(plain.bytes.data());
}

}  // namespace tenon::policy
