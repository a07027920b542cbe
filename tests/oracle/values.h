#pragma once

#include <nlohmann/json.hpp>

#include "random.h"
#include "tenon/result.h"
#include "tenon/types.h"
#include "tenon/value.h"

namespace tenon::oracle {

using Json = nlohmann::json;

/// Handles of resources in the neutral form of values; who knows the store implements it.
class Handles {
 public:
  virtual ~Handles() = default;
  /// `{"own": n}`, `{"borrow": n}` or `{"kept": n}` to a handle.
  virtual Result<Value> handle_from(const Json& json) = 0;
  /// And back. A handle of a guest's resource is kept under the next number.
  virtual Result<Json> handle_to(const ResourceAny& handle) = 0;
};

/// A random value of `type` in the neutral form that src/values.rs describes. Handles are of the host's `thing`, with numbers from `next_handle` on.
Json random_value(Random& random, Type type, uint32_t& next_handle);

/// A value from its neutral form, which was made for `type`.
Result<Value> from_neutral(const Json& json, Type type, Handles& handles);

/// The neutral form of a value that fits `type`. All NaN are one NaN: neither side promises to keep its bits.
Result<Json> to_neutral(const Value& value, Type type, Handles& handles);

}  // namespace tenon::oracle
