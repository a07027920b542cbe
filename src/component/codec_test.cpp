#include "tenon/detail/codec.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "component/fake_guest.h"
#include "component/random_value.h"
#include "component/typed_sample.h"
#include "tenon/detail/codec_compound.h"
#include "tenon/typed.h"

namespace tenon::component {
namespace {

using detail::Codec;
using detail::Guest;
using detail::Mismatch;
using detail::RawValue;

/// A guest of one type, and what it made of a value.
struct Setting {
  TypeTable table;
  TypeIndex type{};
  FakeGuest::Options options;
};

/// The guest's bytes and the core values after a lowering, or the error.
struct Lowered {
  std::vector<uint8_t> bytes;
  std::vector<uint64_t> flat;
  std::string error;
  bool operator==(const Lowered&) const = default;
};

Lowered finish(FakeGuest& fake, bool lowered, const RawValue* from, const RawValue* to) {
  if (!lowered) return {.bytes = {}, .flat = {}, .error = fake.guest().take_error().message()};
  Lowered made{.bytes = fake.bytes(), .flat = {}, .error = {}};
  for (; from != to; from++) made.flat.push_back(from->bits);
  return made;
}

template <int W, class T>
void expect_same(const Setting& setting, Choices& choices) {
  const Type type(setting.table, setting.type);
  const Value value = random_value(choices, type);
  const TypeNode& node = setting.table.node(setting.type);

  // The dynamic path puts the value into memory; the typed one lifts it from there, and lowers it into another guest.
  constexpr uint64_t at = 1 << 12;
  FakeGuest dynamic(setting.table, setting.options);
  dynamic.set_next(at + 4096);
  ASSERT_TRUE(detail::lower_memory(dynamic.guest(), setting.type, value, at));
  T typed{};
  ASSERT_TRUE((Codec<T>::template load<W>(dynamic.guest(), setting.type, at, typed))) << dynamic.guest().take_error().message();
  FakeGuest other(setting.table, setting.options);
  other.set_next(at + 4096);
  ASSERT_TRUE((Codec<T>::template store<W>(other.guest(), setting.type, at, typed))) << other.guest().take_error().message();
  Value back;
  ASSERT_TRUE(detail::lift_memory(other.guest(), setting.type, at, back));
  EXPECT_EQ(back, value) << to_string(type);
  EXPECT_EQ(dynamic.reallocs(), other.reallocs());
  EXPECT_EQ(dynamic.bytes(), other.bytes()) << to_string(type);

  if (!node.layout.flat_count) return;
  std::array<RawValue, 16> flat = {};
  RawValue* end = flat.data();
  FakeGuest first(setting.table, setting.options);
  const bool lowered = Codec<T>::template lower<W>(first.guest(), setting.type, typed, end);
  const Lowered ours = finish(first, lowered, flat.data(), end);
  std::array<RawValue, 16> theirs_flat = {};
  RawValue* theirs_end = theirs_flat.data();
  FakeGuest second(setting.table, setting.options);
  const bool theirs_lowered = detail::lower_flat(second.guest(), setting.type, value, theirs_end);
  EXPECT_EQ(ours, finish(second, theirs_lowered, theirs_flat.data(), theirs_end)) << to_string(type);
  const RawValue* read = flat.data();
  T again{};
  ASSERT_TRUE((Codec<T>::template lift<W>(first.guest(), setting.type, read, again)));
  EXPECT_EQ(read, end);
  FakeGuest third(setting.table, setting.options);
  third.set_next(at + 4096);
  ASSERT_TRUE((Codec<T>::template store<W>(third.guest(), setting.type, at, again)));
  Value once_more;
  ASSERT_TRUE(detail::lift_memory(third.guest(), setting.type, at, once_more));
  EXPECT_EQ(once_more, value);
}

/// Random values through both paths, for both pointer widths and all encodings.
template <class T>
void expect_agreement(TypeIndex (*make)(TypeTable&)) {
  Setting setting;
  setting.type = make(setting.table);
  Mismatch mismatch;
  ASSERT_TRUE(Codec<T>::matches(mismatch, Type(setting.table, setting.type))) << std::move(mismatch).take();
  const CanonicalLayout& layout = setting.table.node(setting.type).layout;
  EXPECT_EQ(layout.size32, Codec<T>::template size<4>);
  EXPECT_EQ(layout.size64, Codec<T>::template size<8>);
  EXPECT_EQ(layout.align32, Codec<T>::template alignment<4>);
  EXPECT_EQ(layout.align64, Codec<T>::template alignment<8>);
  EXPECT_EQ(layout.flat_count.value_or(99), Codec<T>::flat <= 16 ? Codec<T>::flat : 99);
  std::mt19937 random(7);
  for (int round = 0; round < 60; round++) {
    std::vector<uint8_t> bytes(512);
    for (uint8_t& each : bytes) each = static_cast<uint8_t>(random());
    Choices choices(bytes);
    setting.options.encoding = static_cast<detail::TextEncoding>(round % 3);
    setting.options.is_64 = round % 2 == 1;
    if (setting.options.is_64)
      expect_same<8, T>(setting, choices);
    else
      expect_same<4, T>(setting, choices);
    if (testing::Test::HasFailure()) return;
  }
}

TypeIndex primitive(TypeKind kind) { return primitive_type(kind); }

TEST(Codec, AgreesWithTheDynamicPathOnNumbers) {
  expect_agreement<uint8_t>([](TypeTable&) { return primitive(TypeKind::U8); });
  expect_agreement<int8_t>([](TypeTable&) { return primitive(TypeKind::S8); });
  expect_agreement<uint16_t>([](TypeTable&) { return primitive(TypeKind::U16); });
  expect_agreement<int16_t>([](TypeTable&) { return primitive(TypeKind::S16); });
  expect_agreement<uint32_t>([](TypeTable&) { return primitive(TypeKind::U32); });
  expect_agreement<int32_t>([](TypeTable&) { return primitive(TypeKind::S32); });
  expect_agreement<uint64_t>([](TypeTable&) { return primitive(TypeKind::U64); });
  expect_agreement<int64_t>([](TypeTable&) { return primitive(TypeKind::S64); });
  expect_agreement<float>([](TypeTable&) { return primitive(TypeKind::F32); });
  expect_agreement<double>([](TypeTable&) { return primitive(TypeKind::F64); });
  expect_agreement<bool>([](TypeTable&) { return primitive(TypeKind::Bool); });
  expect_agreement<char32_t>([](TypeTable&) { return primitive(TypeKind::Char); });
}

TEST(Codec, AgreesWithTheDynamicPathOnTextAndLists) {
  expect_agreement<std::string>([](TypeTable&) { return primitive(TypeKind::String); });
  expect_agreement<std::vector<uint8_t>>([](TypeTable& t) { return t.add_list(primitive(TypeKind::U8)); });
  expect_agreement<std::vector<std::byte>>([](TypeTable& t) { return t.add_list(primitive(TypeKind::U8)); });
  expect_agreement<std::vector<int64_t>>([](TypeTable& t) { return t.add_list(primitive(TypeKind::S64)); });
  expect_agreement<std::vector<bool>>([](TypeTable& t) { return t.add_list(primitive(TypeKind::Bool)); });
  expect_agreement<std::vector<std::string>>([](TypeTable& t) { return t.add_list(primitive(TypeKind::String)); });
  expect_agreement<std::vector<std::vector<uint16_t>>>([](TypeTable& t) { return t.add_list(t.add_list(primitive(TypeKind::U16))); });
  expect_agreement<std::array<float, 3>>([](TypeTable& t) { return t.add_fixed_length_list(primitive(TypeKind::F32), 3); });
  expect_agreement<std::array<std::string, 2>>([](TypeTable& t) { return t.add_fixed_length_list(primitive(TypeKind::String), 2); });
  expect_agreement<std::vector<std::pair<std::string, uint64_t>>>(
      [](TypeTable& t) { return t.add_map(primitive(TypeKind::String), primitive(TypeKind::U64)); });
  expect_agreement<std::vector<std::pair<uint32_t, bool>>>(
      [](TypeTable& t) { return t.add_list(t.add_tuple(std::array{primitive(TypeKind::U32), primitive(TypeKind::Bool)})); });
}

TEST(Codec, AgreesWithTheDynamicPathOnRecordsAndVariants) {
  expect_agreement<Sample>(add_sample_type);
  expect_agreement<std::vector<Sample>>([](TypeTable& t) { return t.add_list(add_sample_type(t)); });
  expect_agreement<std::optional<Sample>>([](TypeTable& t) { return t.add_option(add_sample_type(t)); });
  expect_agreement<SampleVariant>(add_sample_variant_type);
  expect_agreement<std::vector<SampleVariant>>([](TypeTable& t) { return t.add_list(add_sample_variant_type(t)); });
  expect_agreement<Result<Sample, std::string>>([](TypeTable& t) { return t.add_result(add_sample_type(t), primitive(TypeKind::String)); });
  expect_agreement<std::expected<void, uint64_t>>([](TypeTable& t) { return t.add_result(std::nullopt, primitive(TypeKind::U64)); });
  expect_agreement<std::expected<uint16_t, std::monostate>>([](TypeTable& t) { return t.add_result(primitive(TypeKind::U16), std::nullopt); });
  expect_agreement<std::tuple<uint8_t, uint64_t, uint8_t>>(
      [](TypeTable& t) { return t.add_tuple(std::array{primitive(TypeKind::U8), primitive(TypeKind::U64), primitive(TypeKind::U8)}); });
  expect_agreement<std::variant<std::monostate, float, int64_t>>([](TypeTable& t) {
    return t.add_variant({{.name = "a"}, {.name = "b", .type = primitive(TypeKind::F32)}, {.name = "c", .type = primitive(TypeKind::S64)}});
  });
  expect_agreement<std::optional<std::optional<uint8_t>>>([](TypeTable& t) { return t.add_option(t.add_option(primitive(TypeKind::U8))); });
  expect_agreement<SampleFlags>(add_sample_flags_type);
}

TEST(Codec, KeepsTheLastOfEqualKeysOfAMap) {
  Setting setting;
  setting.type = setting.table.add_map(primitive(TypeKind::U32), primitive(TypeKind::String));
  FakeGuest fake(setting.table, setting.options);
  const auto entry = [](uint32_t key, std::string text) { return Value::sequence({Value(std::move(key)), Value(std::move(text))}); };
  ASSERT_TRUE(detail::lower_memory(fake.guest(), setting.type, Value::sequence({entry(1, "a"), entry(2, "b"), entry(1, "c")}), 0));
  std::map<uint32_t, std::string> map;
  ASSERT_TRUE((Codec<decltype(map)>::load<4>(fake.guest(), setting.type, 0, map)));
  EXPECT_EQ(map, (std::map<uint32_t, std::string>{{1, "c"}, {2, "b"}}));
}

template <class T>
std::string mismatch_of(TypeIndex (*make)(TypeTable&)) {
  TypeTable table;
  const TypeIndex type = make(table);
  Mismatch mismatch;
  if (Codec<T>::matches(mismatch, Type(table, type))) return "";
  return std::move(mismatch).take();
}

TEST(Codec, NamesTheFieldThatDiffers) {
  const auto other = [](TypeTable& t) {
    return t.add_record({{.name = "id", .type = primitive(TypeKind::U32)},
                         {.name = "name", .type = t.add_option(primitive(TypeKind::U8))},
                         {.name = "tags", .type = t.add_list(primitive(TypeKind::String))},
                         {.name = "color", .type = primitive(TypeKind::U8)},
                         {.name = "data", .type = t.add_list(primitive(TypeKind::U8))}});
  };
  EXPECT_EQ(mismatch_of<Sample>(other), "field `name`, some: the binding has string, the component has u8");
  EXPECT_EQ(mismatch_of<std::vector<Sample>>([](TypeTable& t) { return t.add_list(t.add_record({{.name = "id", .type = primitive(TypeKind::U32)}})); }),
            "element: the binding has `name` as field 1, the component has none");
  EXPECT_EQ(mismatch_of<Color>([](TypeTable& t) { return t.add_enum(std::array<std::string, 3>{"red", "blue", "green"}); }),
            "the binding has `green` as case 1, the component has `blue`");
  EXPECT_EQ(
      mismatch_of<SampleVariant>([](TypeTable& t) {
        return t.add_variant({{.name = "none", .type = primitive(TypeKind::U8)}, {.name = "text", .type = primitive(TypeKind::String)}, {.name = "sample"}});
      }),
      "case `none`: the binding has no payload, the component has u8");
  EXPECT_EQ(mismatch_of<uint32_t>([](TypeTable&) { return primitive(TypeKind::S32); }), "the binding has u32, the component has s32");
  EXPECT_EQ((mismatch_of<std::expected<uint8_t, std::string>>([](TypeTable& t) { return t.add_result(primitive(TypeKind::U8), std::nullopt); })),
            "err: the binding has a payload, the component has none");
}

TEST(Codec, RefusesWhatTheGuestMayNotSend) {
  TypeTable table;
  FakeGuest fake(table, {});
  Guest& guest = fake.guest();
  const auto message = [&] { return guest.take_error().message(); };
  Color color{};
  fake.bytes()[0] = 3;
  EXPECT_FALSE((Codec<Color>::load<4>(guest, {}, 0, color)));
  EXPECT_EQ(message(), "discriminant 3 out of range [0..3)");
  std::optional<uint8_t> option;
  EXPECT_FALSE((Codec<std::optional<uint8_t>>::load<4>(guest, {}, 0, option)));
  EXPECT_EQ(message(), "discriminant 3 out of range [0..2)");
  char32_t code = 0;
  guest.store<uint32_t>(0, 0xd800);
  EXPECT_FALSE((Codec<char32_t>::load<4>(guest, {}, 0, code)));
  EXPECT_EQ(message(), "converted integer out of range for `char`");
  std::vector<uint32_t> list;
  const std::array<RawValue, 2> unaligned = {RawValue::of(2), RawValue::of(1)};
  const RawValue* flat = unaligned.data();
  EXPECT_FALSE((Codec<std::vector<uint32_t>>::lift<4>(guest, {}, flat, list)));
  EXPECT_EQ(message(), "list pointer is not aligned");
  const std::array<RawValue, 2> outside = {RawValue::of(4), RawValue::of(0x40000000)};
  flat = outside.data();
  EXPECT_FALSE((Codec<std::vector<uint32_t>>::lift<4>(guest, {}, flat, list)));
  EXPECT_EQ(message(), "list pointer/length out of bounds of memory");
}

TEST(Codec, RefusesWhatTheHostMayNotSend) {
  TypeTable table;
  FakeGuest fake(table, {});
  EXPECT_FALSE((Codec<Color>::store<4>(fake.guest(), {}, 0, static_cast<Color>(3))));
  EXPECT_EQ(fake.guest().take_error().message(), "enumerator 3 is not below 3");
  EXPECT_FALSE((Codec<char32_t>::store<4>(fake.guest(), {}, 0, char32_t{0x110000})));
  EXPECT_FALSE((Codec<std::string_view>::store<4>(fake.guest(), {}, 0, "\xff")));
  EXPECT_FALSE((Codec<HostText>::store<4>(fake.guest(), {}, 0, HostText("\xff"))));
}

TEST(Codec, RefusesHostViewsThatTouchTheGuestsMemory) {
  TypeTable table;
  FakeGuest fake(table, {});
  Guest& guest = fake.guest();
  const auto stores = [&](const uint8_t* start, size_t count) { return Codec<HostList<uint8_t>>::store<4>(guest, {}, 0, HostList<uint8_t>({start, count})); };
  const auto touches = [&](const uint8_t* start, size_t count) { return !stores(start, count) && guest.take_error().kind() == ErrorKind::InvalidInput; };
  const auto end = [&] { return guest.memory() + guest.memory_size(); };
  EXPECT_TRUE(touches(guest.memory(), 1));
  EXPECT_TRUE(touches(end() - 1, 1));
  EXPECT_TRUE(touches(end() - 1, 100));
  EXPECT_TRUE(touches(guest.memory() - 1, 2));
  EXPECT_TRUE(stores(guest.memory(), 0));
  const std::vector<uint8_t> own(100, 1);
  EXPECT_TRUE(stores(own.data(), own.size()));
  const std::string_view inside(reinterpret_cast<const char*>(guest.memory()) + 8, 4);
  EXPECT_FALSE((Codec<std::optional<HostText>>::store<4>(guest, {}, 0, HostText(inside))));
}

}  // namespace
}  // namespace tenon::component
