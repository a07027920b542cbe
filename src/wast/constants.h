#pragma once

#include <span>
#include <string>

#include "tenon/result.h"
#include "tenon/types.h"
#include "tenon/value.h"
#include "wast/script.h"

/// The component-model values of scripts, as arguments and as what is expected.
namespace tenon::wast {

/// The value of type `type` that a script writes as `constant`.
///
/// Errors: `InvalidInput` when it is of another type, with both: "expected u32, got string".
Result<Value> to_value(const Constant& constant, Type type);

/// Whether `actual`, of type `type`, is what a script expects; `InvalidInput` says where and how it is not ("list element 2: expected 1, got 2").
///
/// Numbers with a fraction compare by bits; `nan:canonical` and `nan:arithmetic` stand for the sets of the core specification.
Result<> match(const Constant& expected, const Value& actual, Type type);

/// Whether the bits of a floating-point number are those that `pattern` writes: a decimal number of bits, "nan:canonical" or "nan:arithmetic".
bool match_float_bits(std::string_view pattern, uint64_t bits, unsigned width);

/// A number as a script's constant holds it: decimal text. Nothing when it is not a number of type `T`.
template <class T>
std::optional<T> parse_number(std::string_view text);

}  // namespace tenon::wast
