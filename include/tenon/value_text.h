#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/result.h"
#include "tenon/types.h"
#include "tenon/value.h"

/// Values as text: JSON for machines (docs/json.md), WAVE for people (docs/wave.md), and the JSON Schema of what JSON may hold.
///
/// All functions are pure and may be called from any thread. Types nested deeper than `max_type_depth` are refused with `LimitExceeded`;
/// resources, futures, streams and error contexts have no text form and are refused with `Unsupported`, naming where they are.
namespace tenon {

/// Bounds on text that is read. A text beyond them is refused with `LimitExceeded`.
struct TextLimits {
  /// Length of the text in bytes. Default: 64 MiB.
  size_t bytes_max = size_t{64} << 20;
  /// Values that the text may stand for, counted with their parts; elements of packed lists count as well. A short text can stand for many values,
  /// because a record's absent options are values too. Default: 4 Mi.
  size_t values_max = size_t{4} << 20;
};

/// The value of `type` that the JSON `text` stands for.
///
/// Errors: `InvalidInput` when the text is no JSON (with line and column), has an object with one key twice, or does not fit the type: the message
/// names the place and what was expected ("call.names[3]: expected string, got number 5").
Result<Value> from_json(std::string_view text, Type type, const TextLimits& limits = {});

/// `value` as compact JSON. Errors: `InvalidInput` when the value is not of `type`.
Result<std::string> to_json(const Value& value, Type type);

/// The arguments of a call: an object by the parameters' names, in which options may be absent, or an array by position, which may end before
/// trailing options.
Result<std::vector<Value>> arguments_from_json(std::string_view text, const TypeTable& table, const FuncTypeNode& func, const TextLimits& limits = {});

/// The value of `type` that the WAVE `text` stands for. Errors as for JSON, with the line and column of what was not expected.
Result<Value> from_wave(std::string_view text, Type type, const TextLimits& limits = {});

/// `value` in WAVE, on one line: control characters are escaped, absent options of records left out.
Result<std::string> to_wave(const Value& value, Type type);

/// The arguments of a call as WAVE writes them between the parentheses; trailing options may be left out.
Result<std::vector<Value>> arguments_from_wave(std::string_view text, const TypeTable& table, const FuncTypeNode& func, const TextLimits& limits = {});

/// A call as it is typed on the command line.
struct CallText {
  enum class Form : uint8_t { Wave, Json };
  /// As typed: "name", "interface/name", "ns:package/interface@1.0.0/name", "[method]resource.name".
  std::string function;
  Form form = Form::Wave;
  /// What stands between the parentheses, or the JSON object or array.
  std::string arguments;
};

/// Takes apart `name(wave, …)`, `name {"json": …}` or `name [json, …]`; a name alone is a call without arguments.
/// Errors: `InvalidInput` when there is no name, or something follows the closing parenthesis.
Result<CallText> parse_call(std::string_view text);

/// The arguments of `call`, in the form that it was typed in.
Result<std::vector<Value>> arguments_from_call(const CallText& call, const TypeTable& table, const FuncTypeNode& func, const TextLimits& limits = {});

/// The JSON Schema (2020-12) of the JSON that `to_json` writes and `from_json` reads for `type`. Types used more than once are in "$defs", so that the
/// schema is about as long as the type table is. Errors: `Unsupported` for types without a JSON form.
Result<std::string> json_schema(Type type);

/// JSON Schemas of a function.
struct FunctionSchema {
  /// An object of the parameters by their names; options are not required.
  std::string input;
  /// What the function returns; of a `result`, its success. Absent when that has no value.
  std::optional<std::string> output;
  /// Of a `result`, its failure. Absent when the function returns none or the failure has no value.
  std::optional<std::string> error;
};

/// The schemas of a function's parameters and result. A `result` that a function returns is the call's success or failure, not its output.
Result<FunctionSchema> function_schema(const TypeTable& table, const FuncTypeNode& func);

/// What a call came to, as JSON.
struct CallOutcome {
  /// False when the function returned the `err` of a `result`.
  bool is_ok = true;
  /// The output or the failure; "null" when it has no value.
  std::string json;
};

/// The JSON of a call's result, with a `result` at the top taken apart. `value` and `type` are absent for functions that return nothing.
Result<CallOutcome> outcome_to_json(const Value* value, std::optional<Type> type);

}  // namespace tenon
