#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/result.h"
#include "tenon/types.h"
#include "tenon/value.h"
#include "wit/sample.h"

/// For tests: what holds for every text form of values.
namespace tenon::wit {

struct TextForm {
  Result<Value> (*read)(std::string_view text, Type type);
  Result<std::string> (*write)(const Value& value, Type type);
};

/// What `text` comes to when it is read as `type` and written again, or why it is refused.
inline std::string read_and_write(const TextForm& form, std::string_view text, const TypeTable& table, TypeIndex type) {
  const auto value = form.read(text, Type(table, type));
  if (!value) return value.error().message();
  const auto written = form.write(*value, Type(table, type));
  return written ? *written : written.error().message();
}

/// Random values of random types come back from their text.
inline void expect_round_trips(const TextForm& form, uint32_t seed) {
  std::mt19937 random(seed);
  for (int i = 0; i < 3000; i++) {
    std::vector<uint8_t> bytes(400);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    Sampler sampler(bytes);
    TypeTable table;
    const Type type(table, sampler.type(table, 4));
    const Value value = sampler.value(type);
    const auto text = form.write(value, type);
    ASSERT_TRUE(text) << text.error().message();
    const auto read = form.read(*text, type);
    ASSERT_TRUE(read) << *text << " of " << to_string(type) << ": " << read.error().message();
    ASSERT_EQ(*read, value) << *text;
  }
}

}  // namespace tenon::wit
