#include <gtest/gtest.h>

#include <array>
#include <random>

#include "component/fake_guest.h"
#include "component/random_value.h"
#include "component/strings.h"
#include "tenon/detail/guest.h"

namespace tenon::component {
namespace {

using detail::Guest;
using detail::RawValue;
using detail::TextEncoding;

std::string lift_error(FakeGuest& fake, TypeIndex type, std::vector<RawValue> flat) {
  flat.resize(16);
  const RawValue* from = flat.data();
  Value value;
  if (detail::lift_flat(fake.guest(), type, from, value)) return "";
  return fake.guest().take_error().message();
}

class RoundTrip : public testing::TestWithParam<std::tuple<TextEncoding, bool>> {};

TEST_P(RoundTrip, GivesEveryValueBackThroughMemoryAndFlat) {
  const auto [encoding, is_64] = GetParam();
  std::mt19937 random(20260101);
  for (int run = 0; run < 3000; ++run) {
    std::vector<uint8_t> seed(600);
    for (uint8_t& byte : seed) byte = static_cast<uint8_t>(random());
    Choices choices(seed);
    TypeTable table;
    const TypeIndex type = random_type(choices, table);
    const TypeNode& node = table.node(type);
    if (node.layout.size64 > 4096) continue;
    const Value value = random_value(choices, Type(table, type));
    ASSERT_TRUE(check(value, Type(table, type)));
    FakeGuest fake(table, {.encoding = encoding, .is_64 = is_64});
    Guest& guest = fake.guest();
    uint64_t address = 0;
    ASSERT_TRUE(guest.realloc(0, 0, guest.alignment_of(node), guest.size_of(node), address));
    ASSERT_TRUE(detail::lower_memory(guest, type, value, address)) << guest.take_error().message() << " " << to_string(Type(table, type));
    Value back;
    ASSERT_TRUE(detail::lift_memory(guest, type, address, back)) << guest.take_error().message() << " " << to_string(Type(table, type));
    ASSERT_EQ(back, value) << to_string(Type(table, type));
    if (!node.layout.flat_count) continue;
    std::array<RawValue, 16> flat;
    RawValue* to = flat.data();
    ASSERT_TRUE(detail::lower_flat(guest, type, value, to));
    ASSERT_EQ(to, flat.data() + *node.layout.flat_count);
    const RawValue* from = flat.data();
    ASSERT_TRUE(detail::lift_flat(guest, type, from, back)) << guest.take_error().message();
    ASSERT_EQ(from, to);
    ASSERT_EQ(back, value) << to_string(Type(table, type));
  }
}

INSTANTIATE_TEST_SUITE_P(Encodings, RoundTrip,
                         testing::Combine(testing::Values(TextEncoding::Utf8, TextEncoding::Utf16, TextEncoding::CompactUtf16), testing::Bool()));

TEST(Lift, AnyBitOfABoolMakesItTrue) {
  TypeTable table;
  FakeGuest fake(table, {});
  const std::array<RawValue, 1> flat{RawValue::of(0x100)};
  const RawValue* from = flat.data();
  Value value;
  ASSERT_TRUE(detail::lift_flat(fake.guest(), primitive_type(TypeKind::Bool), from, value));
  EXPECT_EQ(value, Value(true));
}

TEST(Lift, TrapsOnWhatIsNoUnicodeScalar) {
  TypeTable table;
  FakeGuest fake(table, {});
  for (const uint64_t code : {0xd800, 0xdfff, 0x110000}) {
    EXPECT_EQ(lift_error(fake, primitive_type(TypeKind::Char), {RawValue::of(code)}), "converted integer out of range for `char`");
  }
}

TEST(Lift, TrapsOnADiscriminantOutOfRange) {
  TypeTable table;
  const std::vector<std::string> names{"a", "b"};
  const TypeIndex type = table.add_enum(names);
  FakeGuest fake(table, {});
  EXPECT_EQ(lift_error(fake, type, {RawValue::of(2)}), "discriminant 2 out of range [0..2)");
  EXPECT_EQ(lift_error(fake, table.add_option(primitive_type(TypeKind::U8)), {RawValue::of(7)}), "discriminant 7 out of range [0..2)");
}

TEST(Lift, TrapsOnAStringOutsideOfItsMemory) {
  TypeTable table;
  FakeGuest fake(table, {.memory_bytes = 100});
  const TypeIndex text = primitive_type(TypeKind::String);
  EXPECT_EQ(lift_error(fake, text, {RawValue::of(98), RawValue::of(3)}), "string pointer/length out of bounds of memory");
  EXPECT_EQ(lift_error(fake, text, {RawValue::of(0xffffffff), RawValue::of(0xffffffff)}), "string pointer/length out of bounds of memory");
  EXPECT_EQ(lift_error(fake, text, {RawValue::of(100), RawValue::of(0)}), "");
  FakeGuest wide(table, {.encoding = TextEncoding::Utf16, .memory_bytes = 100});
  EXPECT_EQ(lift_error(wide, text, {RawValue::of(1), RawValue::of(1)}), "string pointer not aligned to 2");
  EXPECT_EQ(lift_error(wide, text, {RawValue::of(0), RawValue::of(0x80000001)}), "string pointer/length out of bounds of memory");
}

TEST(Lift, TrapsOnTextThatIsNotInItsEncoding) {
  TypeTable table;
  const TypeIndex text = primitive_type(TypeKind::String);
  FakeGuest fake(table, {});
  fake.bytes()[10] = 0xff;
  EXPECT_EQ(lift_error(fake, text, {RawValue::of(10), RawValue::of(1)}), "invalid utf-8 sequence of 1 bytes from index 0");
  FakeGuest wide(table, {.encoding = TextEncoding::Utf16});
  store_u16(wide.bytes().data() + 10, 0xd800);
  EXPECT_EQ(lift_error(wide, text, {RawValue::of(10), RawValue::of(1)}), "unpaired surrogate found: d800");
}

TEST(Lift, TrapsOnAListOutsideOfItsMemoryOrNotAligned) {
  TypeTable table;
  const TypeIndex list = table.add_list(primitive_type(TypeKind::U32));
  FakeGuest fake(table, {.memory_bytes = 100});
  EXPECT_EQ(lift_error(fake, list, {RawValue::of(0), RawValue::of(26)}), "list pointer/length out of bounds of memory");
  EXPECT_EQ(lift_error(fake, list, {RawValue::of(0), RawValue::of(0x40000001)}), "list pointer/length out of bounds of memory");
  EXPECT_EQ(lift_error(fake, list, {RawValue::of(2), RawValue::of(1)}), "list pointer is not aligned");
}

TEST(Lift, AFixedLengthListTooLargeForItsLayoutIsOutOfBounds) {
  TypeTable table;
  const TypeIndex huge = table.add_fixed_length_list(primitive_type(TypeKind::U64), 0x40000000);
  const TypeIndex list = table.add_list(huge);
  FakeGuest fake(table, {});
  EXPECT_EQ(lift_error(fake, list, {RawValue::of(0), RawValue::of(1)}), "list pointer/length out of bounds of memory");
  EXPECT_FALSE(detail::check_area(fake.guest(), 0, table.node(huge).layout.size32, 8));
}

TEST(Lift, StopsWhenMoreIsPointedToThanALiftMayFill) {
  TypeTable table;
  const TypeIndex lists = table.add_list(table.add_list(primitive_type(TypeKind::U8)));
  FakeGuest fake(table, {.memory_bytes = 4096, .lift_bytes = 10000});
  for (uint64_t i = 0; i < 100; ++i) {
    fake.guest().store<uint32_t>(8 * i, 0);
    fake.guest().store<uint32_t>(8 * i + 4, 4096);
  }
  std::vector<RawValue> flat{RawValue::of(0), RawValue::of(100)};
  flat.resize(16);
  const RawValue* from = flat.data();
  Value value;
  ASSERT_FALSE(detail::lift_flat(fake.guest(), lists, from, value));
  EXPECT_EQ(fake.guest().take_error().kind(), ErrorKind::LimitExceeded);
}

TEST(Lift, DropsBitsPastTheLastFlag) {
  TypeTable table;
  const std::vector<std::string> names{"a", "b", "c"};
  const TypeIndex type = table.add_flags(names);
  FakeGuest fake(table, {});
  fake.bytes()[16] = 0xff;
  Value value;
  ASSERT_TRUE(detail::lift_memory(fake.guest(), type, 16, value));
  EXPECT_EQ(value, Value::flags({7}));
}

TEST(Lower, RefusesAValueOfAnotherType) {
  TypeTable table;
  FakeGuest fake(table, {});
  RawValue flat[16];
  RawValue* to = flat;
  EXPECT_FALSE(detail::lower_flat(fake.guest(), primitive_type(TypeKind::U32), Value(uint8_t{1}), to));
  EXPECT_EQ(fake.guest().take_error().kind(), ErrorKind::InvalidInput);
  EXPECT_FALSE(detail::lower_flat(fake.guest(), primitive_type(TypeKind::String), Value::string("\xff"), to));
  EXPECT_FALSE(detail::lower_flat(fake.guest(), table.add_option(primitive_type(TypeKind::U8)), Value::variant_case(1), to));
  EXPECT_EQ(fake.reallocs(), 0);
}

TEST(Lower, PassesOnTheTrapOfRealloc) {
  TypeTable table;
  FakeGuest fake(table, {});
  fake.set_fault(FakeGuest::Fault::Trap);
  RawValue flat[16];
  RawValue* to = flat;
  EXPECT_FALSE(detail::lower_flat(fake.guest(), primitive_type(TypeKind::String), Value::string("x"), to));
  EXPECT_EQ(fake.guest().take_error().message(), "realloc trapped");
}

TEST(Lower, CompactTextStaysLatin1AsLongAsItCan) {
  TypeTable table;
  FakeGuest fake(table, {.encoding = TextEncoding::CompactUtf16});
  uint64_t address = 0;
  uint64_t length = 0;
  ASSERT_TRUE(detail::lower_string(fake.guest(), "aé", address, length));
  EXPECT_EQ(length, 2u);
  EXPECT_EQ(fake.bytes()[address + 1], 0xe9);
  ASSERT_TRUE(detail::lower_string(fake.guest(), "aé☃", address, length));
  EXPECT_EQ(length, 3u | 1u << 31);
  EXPECT_EQ(load_u16(&fake.bytes()[address + 4]), 0x2603);
}

}  // namespace
}  // namespace tenon::component
