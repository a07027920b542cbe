#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "tenon/result.h"

namespace tenon::policy {

/// What a call may spend. What is absent is not limited by this budget.
struct BudgetLimits {
  std::optional<std::chrono::nanoseconds> time = std::nullopt;
  std::optional<uint64_t> fuel = std::nullopt;
  /// Over all linear memories together.
  std::optional<uint64_t> memory_bytes = std::nullopt;
  std::optional<uint64_t> table_elements = std::nullopt;
  /// For each core instance: a component is made of several core modules, which may each have tables and memories of their own.
  std::optional<uint32_t> tables = std::nullopt;
  std::optional<uint32_t> memories = std::nullopt;
  /// Core instances that live at a time.
  std::optional<uint32_t> instances = std::nullopt;
  /// Bytes that the guest reads from and writes to files, streams and sockets.
  std::optional<uint64_t> bytes_in = std::nullopt;
  std::optional<uint64_t> bytes_out = std::nullopt;
  std::optional<uint64_t> host_calls = std::nullopt;
  /// Handles of the host's resources that live at a time.
  std::optional<uint32_t> handles = std::nullopt;
  /// Calls of other items that the call makes, theirs counted too.
  std::optional<uint32_t> sub_calls = std::nullopt;
  /// How deep sub-calls may be nested: 0 is none at all.
  std::optional<uint32_t> depth = std::nullopt;

  bool operator==(const BudgetLimits&) const = default;
};

/// What guests may touch: made below, given to whatever runs a guest. Immutable; shared between threads.
class Rules;

/// Rules that allow `grants` and nothing else: capabilities such as "filesystem:read:/data/**", "network:outbound:api.example.com:443" or "env:read:HOME", or
/// the name of a bundle: "command" is what an ordinary program imports (arguments, exit, clocks, random numbers). Without any grant a guest has its stdout, its
/// stderr and the monotonic clock. docs/policy.md has the grammar.
///
/// Errors: `InvalidInput`, saying what is wrong with which grant.
Result<std::shared_ptr<const Rules>> rules_from_grants(std::span<const std::string> grants);

/// The rules that an operator's `policy.toml` has for an item of a package; both empty for a program that is in no package. What the file says beside rules is
/// left out: `wasi::options_from_policy` has all of it.
///
/// Errors: `InvalidInput` with all that is wrong in the file, or when it cannot be read.
Result<std::shared_ptr<const Rules>> rules_from_file(const std::string& path, const std::string& package = {}, const std::string& item = {});

}  // namespace tenon::policy
