// Lowering a random value of a random type and lifting it again gives the value back; lifting from arbitrary bytes never crashes.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "component/fake_guest.h"
#include "component/random_value.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tenon;
  component::Choices choices({data, size});
  TypeTable table;
  const uint8_t mode = choices.byte();
  const component::FakeGuest::Options options{.encoding = static_cast<detail::TextEncoding>(mode % 3), .is_64 = (mode & 8) != 0, .lift_bytes = 1 << 20};
  const TypeIndex type = component::random_type(choices, table);
  if (table.node(type).layout.size64 > 4096) return 0;
  component::FakeGuest fake(table, options);
  detail::Guest& guest = fake.guest();
  Value back;
  if (mode & 16) {
    for (uint8_t& byte : fake.bytes()) byte = choices.empty() ? static_cast<uint8_t>(byte + 1) : choices.byte();
    const uint64_t address = uint64_t{choices.number<uint16_t>()} / 8 * 8;
    if (detail::check_area(guest, address, guest.size_of(table.node(type)), guest.alignment_of(table.node(type)))) {
      if (detail::lift_memory(guest, type, address, back) && !check(back, Type(table, type))) std::abort();
    }
    return 0;
  }
  const Value value = component::random_value(choices, Type(table, type));
  if (!check(value, Type(table, type))) std::abort();
  if (const auto flat_count = table.node(type).layout.flat_count; flat_count && (mode & 32)) {
    std::array<detail::RawValue, detail::flat_params_max> flat;
    detail::RawValue* to = flat.data();
    if (!detail::lower_flat(guest, type, value, to)) return 0;
    if (to != flat.data() + *flat_count) std::abort();
    const detail::RawValue* from = flat.data();
    if (!detail::lift_flat(guest, type, from, back) || from != to || !(back == value)) std::abort();
    return 0;
  }
  uint64_t address = 0;
  if (!guest.realloc(0, 0, guest.alignment_of(table.node(type)), guest.size_of(table.node(type)), address)) return 0;
  if (!detail::lower_memory(guest, type, value, address)) return 0;
  if (!detail::lift_memory(guest, type, address, back) || !(back == value)) std::abort();
  return 0;
}
