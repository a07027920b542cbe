#include "tenon/types.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace tenon {
namespace {

constexpr TypeIndex u8 = primitive_type(TypeKind::U8);
constexpr TypeIndex u16 = primitive_type(TypeKind::U16);
constexpr TypeIndex u32 = primitive_type(TypeKind::U32);
constexpr TypeIndex u64 = primitive_type(TypeKind::U64);
constexpr TypeIndex string = primitive_type(TypeKind::String);

std::vector<std::string> names(size_t count) {
  std::vector<std::string> result;
  for (size_t i = 0; i < count; i++) result.push_back("n" + std::to_string(i));
  return result;
}

struct Expected {
  uint32_t size32, align32, size64, align64;
  std::optional<uint8_t> flat;
};

void expect_layout(const TypeTable& table, TypeIndex index, Expected expected) {
  const CanonicalLayout& layout = table.node(index).layout;
  const std::string text = to_string(Type(table, index));
  EXPECT_EQ(layout.size32, expected.size32) << text;
  EXPECT_EQ(layout.align32, expected.align32) << text;
  EXPECT_EQ(layout.size64, expected.size64) << text;
  EXPECT_EQ(layout.align64, expected.align64) << text;
  EXPECT_EQ(layout.flat_count, expected.flat) << text;
}

TEST(TypeTable, HoldsThePrimitivesAtTheIndexOfTheirKind) {
  const TypeTable table;
  EXPECT_EQ(table.size(), 13u);
  for (uint8_t i = 0; i <= static_cast<uint8_t>(TypeKind::String); i++) {
    const auto kind = static_cast<TypeKind>(i);
    EXPECT_EQ(table.node(primitive_type(kind)).kind, kind);
  }
  expect_layout(table, primitive_type(TypeKind::Bool), {1, 1, 1, 1, 1});
  expect_layout(table, u16, {2, 2, 2, 2, 1});
  expect_layout(table, primitive_type(TypeKind::Char), {4, 4, 4, 4, 1});
  expect_layout(table, primitive_type(TypeKind::F64), {8, 8, 8, 8, 1});
  expect_layout(table, string, {8, 4, 16, 8, 2});
}

TEST(TypeTable, AddsNoPrimitiveTwice) {
  TypeTable table;
  EXPECT_EQ(table.add({.kind = TypeKind::U32}), u32);
  EXPECT_EQ(table.size(), 13u);
}

TEST(TypeTable, PadsRecordsAndKeepsTheirOffsets) {
  TypeTable table;
  const TypeIndex record = table.add_record({{.name = "a", .type = u8}, {.name = "b", .type = string}, {.name = "c", .type = u16}, {.name = "d", .type = u64}});
  expect_layout(table, record, {24, 8, 40, 8, 5});
  const auto& fields = table.node(record).fields;
  EXPECT_EQ(fields[1].offset32, 4u);
  EXPECT_EQ(fields[1].offset64, 8u);
  EXPECT_EQ(fields[2].offset32, 12u);
  EXPECT_EQ(fields[2].offset64, 24u);
  EXPECT_EQ(fields[3].offset32, 16u);
  EXPECT_EQ(fields[3].offset64, 32u);
}

TEST(TypeTable, HasNoFlatCountPastSixteen) {
  TypeTable table;
  const std::vector<TypeIndex> sixteen(16, u32);
  const std::vector<TypeIndex> seventeen(17, u32);
  EXPECT_EQ(table.node(table.add_tuple(sixteen)).layout.flat_count, 16);
  const TypeIndex wide = table.add_tuple(seventeen);
  EXPECT_EQ(table.node(wide).layout.flat_count, std::nullopt);
  EXPECT_EQ(table.node(table.add_option(wide)).layout.flat_count, std::nullopt);
  EXPECT_EQ(table.node(table.add_option(table.add_tuple(sixteen))).layout.flat_count, std::nullopt);
}

TEST(TypeTable, SizesDiscriminantsByTheNumberOfCases) {
  TypeTable table;
  for (auto [count, bytes] : {std::pair{1u, 1u}, {256u, 1u}, {257u, 2u}, {65536u, 2u}, {65537u, 4u}}) {
    const TypeIndex index = table.add_enum(names(count));
    EXPECT_EQ(table.node(index).layout.discriminant_bytes, bytes);
    EXPECT_EQ(table.node(index).layout.size32, bytes);
    EXPECT_EQ(table.node(index).layout.flat_count, 1);
  }
}

TEST(TypeTable, PlacesPayloadsAfterTheDiscriminant) {
  TypeTable table;
  const TypeIndex variant = table.add_variant({{.name = "a", .type = u8}, {.name = "b", .type = u64}, {.name = "c", .type = std::nullopt}});
  expect_layout(table, variant, {16, 8, 16, 8, 2});
  EXPECT_EQ(table.node(variant).layout.payload_offset32, 8u);
  const TypeIndex option = table.add_option(string);
  expect_layout(table, option, {12, 4, 24, 8, 3});
  EXPECT_EQ(table.node(option).layout.payload_offset64, 8u);
  expect_layout(table, table.add_result(std::nullopt, std::nullopt), {1, 1, 1, 1, 1});
  expect_layout(table, table.add_result(u16, string), {12, 4, 24, 8, 3});
}

TEST(TypeTable, SizesFlagsOfAnyNumber) {
  TypeTable table;
  expect_layout(table, table.add_flags({}), {0, 1, 0, 1, 0});
  expect_layout(table, table.add_flags(names(8)), {1, 1, 1, 1, 1});
  expect_layout(table, table.add_flags(names(9)), {2, 2, 2, 2, 1});
  expect_layout(table, table.add_flags(names(17)), {4, 4, 4, 4, 1});
  expect_layout(table, table.add_flags(names(33)), {8, 4, 8, 4, 2});
  expect_layout(table, table.add_flags(names(32 * 16 + 1)), {68, 4, 68, 4, std::nullopt});
}

TEST(TypeTable, LaysOutMapsAsListsOfTheirEntry) {
  TypeTable table;
  const TypeIndex map = table.add_map(u8, u64);
  expect_layout(table, map, {8, 4, 16, 8, 2});
  const TypeNode& node = table.node(map);
  ASSERT_TRUE(node.entry);
  expect_layout(table, *node.entry, {16, 8, 16, 8, 2});
  EXPECT_EQ(node.fields[1].offset32, 8u);
  EXPECT_EQ(Type(table, map).element().kind(), TypeKind::Tuple);
}

TEST(TypeTable, RepeatsTheElementOfFixedLengthLists) {
  TypeTable table;
  expect_layout(table, table.add_fixed_length_list(u16, 5), {10, 2, 10, 2, 5});
  expect_layout(table, table.add_fixed_length_list(string, 9), {72, 4, 144, 8, std::nullopt});
}

TEST(TypeTable, SaturatesWhatFitsNoMemory) {
  TypeTable table;
  const TypeIndex big = table.add_fixed_length_list(u64, UINT32_MAX);
  const TypeIndex bigger = table.add_fixed_length_list(big, UINT32_MAX);
  expect_layout(table, bigger, {CanonicalLayout::oversized, 8, CanonicalLayout::oversized, 8, std::nullopt});
  const std::array members = {bigger, u8, bigger};
  const TypeIndex tuple = table.add_tuple(members);
  EXPECT_EQ(table.node(tuple).layout.size32, CanonicalLayout::oversized);
  EXPECT_EQ(table.node(tuple).fields[1].offset32, CanonicalLayout::oversized);
  EXPECT_EQ(table.node(table.add_option(tuple)).layout.size32, CanonicalLayout::oversized);
  EXPECT_EQ(table.node(table.add_fixed_length_list(tuple, 2)).layout.size64, CanonicalLayout::oversized);
}

TEST(TypeText, IsWit) {
  TypeTable table;
  const TypeIndex record = table.add_record({{.name = "a", .type = u32}, {.name = "b", .type = table.add_option(string)}});
  EXPECT_EQ(to_string(Type(table, table.add_list(record))), "list<record { a: u32, b: option<string> }>");
  EXPECT_EQ(to_string(Type(table, table.add_fixed_length_list(u8, 4))), "list<u8, 4>");
  EXPECT_EQ(to_string(Type(table, table.add_map(string, u8))), "map<string, u8>");
  EXPECT_EQ(to_string(Type(table, table.add_result(std::nullopt, string))), "result<_, string>");
  EXPECT_EQ(to_string(Type(table, table.add_result(u8, std::nullopt))), "result<u8>");
  EXPECT_EQ(to_string(Type(table, table.add_result(std::nullopt, std::nullopt))), "result");
  EXPECT_EQ(to_string(Type(table, table.add_variant({{.name = "x", .type = u8}, {.name = "y", .type = std::nullopt}}))), "variant { x(u8), y }");
  EXPECT_EQ(to_string(Type(table, table.add_flags(names(2)))), "flags { n0, n1 }");
  EXPECT_EQ(to_string(Type(table, table.add_own(3))), "own<resource>");
}

TypeIndex doubled(TypeTable& table, uint32_t times) {
  TypeIndex index = u32;
  for (uint32_t i = 0; i < times; i++) {
    const std::array members = {index, index};
    index = table.add_tuple(members);
  }
  return index;
}

TEST(TypeText, IsCutWhenSharedPartsMakeItLong) {
  TypeTable table;
  EXPECT_LT(to_string(Type(table, doubled(table, 100))).size(), 20000u);
}

TEST(TypeEquality, IsStructuralAcrossTables) {
  TypeTable left;
  TypeTable right;
  right.add_list(u8);
  const auto make = [](TypeTable& table, TypeIndex last) {
    return table.add_record({{.name = "call", .type = table.add_record({{.name = "id", .type = u32}, {.name = "name", .type = table.add_option(last)}})}});
  };
  EXPECT_TRUE(equal(Type(left, make(left, string)), Type(right, make(right, string))));
  std::string path;
  EXPECT_FALSE(equal(Type(left, make(left, string)), Type(right, make(right, u8)), &path));
  EXPECT_EQ(path, "call.name.some");
  EXPECT_FALSE(equal(Type(left, make(left, string)), Type(right, make(right, right.add_list(u8))), &path));
  EXPECT_EQ(path, "call.name.some");
  EXPECT_FALSE(equal(Type(left, u8), Type(right, u16), &path));
  EXPECT_EQ(path, "");
}

TEST(TypeEquality, LooksAtNamesLengthsAndPayloads) {
  TypeTable table;
  const auto same = [&table](TypeIndex a, TypeIndex b) { return equal(Type(table, a), Type(table, b)); };
  EXPECT_FALSE(same(table.add_enum(names(2)), table.add_enum(names(3))));
  EXPECT_FALSE(same(table.add_fixed_length_list(u8, 2), table.add_fixed_length_list(u8, 3)));
  EXPECT_FALSE(same(table.add_list(u8), table.add_fixed_length_list(u8, 3)));
  EXPECT_FALSE(same(table.add_record({{.name = "a", .type = u8}}), table.add_record({{.name = "b", .type = u8}})));
  EXPECT_FALSE(same(table.add_result(u8, std::nullopt), table.add_result(std::nullopt, u8)));
  EXPECT_FALSE(same(table.add_own(0), table.add_borrow(0)));
  EXPECT_TRUE(same(table.add_own(0), table.add_own(1)));
}

TEST(TypeEquality, IsFastWhenPartsAreShared) {
  TypeTable left;
  TypeTable right;
  EXPECT_TRUE(equal(Type(left, doubled(left, 100)), Type(right, doubled(right, 100))));
}

TEST(TypeEquality, RefusesWhatIsNestedTooDeep) {
  TypeTable left;
  TypeTable right;
  const auto deep = [](TypeTable& table) {
    TypeIndex index = u8;
    for (int i = 0; i < 200000; i++) index = table.add_option(index);
    return index;
  };
  EXPECT_FALSE(equal(Type(left, deep(left)), Type(right, deep(right))));
  EXPECT_EQ(to_string(Type(left, deep(left))), "…");
}

}  // namespace
}  // namespace tenon
