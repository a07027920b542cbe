#pragma once

#include <cstddef>
#include <cstdint>

#include "component/plan.h"
#include "tenon/result.h"

/// What fused adapters ask of the host to carry a string from one component's memory to another's (wasmtime-environ `Transcode`).
namespace tenon::component {

/// The arguments of one transcoder call, resolved to addresses. Lengths are in code units of their own encoding; what an operation has no use for is zero.
struct TranscodeArguments {
  const uint8_t* from = nullptr;
  size_t from_length = 0;
  uint8_t* to = nullptr;
  size_t to_length = 0;
  /// Bytes already written as Latin-1 at `to` that are to be widened first (`…ToCompactUtf16`).
  size_t latin1_bytes = 0;
  /// The specification has the first pass of a conversion to UTF-8 stop at the first character that needs more than a byte.
  bool first_pass = false;
};

/// What the core function returns; the second number only for operations that return two.
struct TranscodeResult {
  uint64_t first = 0;
  uint64_t second = 0;
};

/// How far `from` and `to` reach in bytes for an operation, so that the caller can check both ranges before.
struct TranscodeExtent {
  uint64_t from_bytes = 0;
  uint64_t to_bytes = 0;
};
TranscodeExtent transcode_extent(Transcode operation, uint64_t from_length, uint64_t to_length);

/// Runs `operation`. The ranges are in bounds and do not overlap, which the caller has checked.
///
/// Errors: `Trap` "invalid utf8 encoding", "invalid utf16 encoding".
Result<TranscodeResult> transcode(Transcode operation, const TranscodeArguments& arguments);

/// Number of core results of `operation`: 0, 1 or 2.
int transcode_result_count(Transcode operation);

}  // namespace tenon::component
