#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/result.h"

/// What a call touched and spent. Everything here is a plain value: it owns what it holds, copies are apart, and each is used by one thread at a time. The
/// functions may be called on any thread.
namespace tenon::policy {

/// What a guest can be allowed to do. docs/policy.md has the capabilities' text form.
enum class Access : uint8_t {
  /// Reading a file of the guest's folders, its attributes or where a link leads. The capability's target is a guest path.
  FilesystemRead,
  /// Changing what a file holds, or its attributes.
  FilesystemWrite,
  /// Making a file, folder or link.
  FilesystemCreate,
  /// Removing one.
  FilesystemDelete,
  /// Listing a folder.
  FilesystemList,
  /// Connecting or sending to an address, by TCP or UDP. The target is a host or address with a port.
  NetworkOutbound,
  /// Binding to an address.
  NetworkListen,
  /// Looking up a name.
  NetworkResolve,
  /// A request of wasi:http. The capability has its method, scheme, host and path, without the query.
  Http,
  /// Reading a variable. The target is its name.
  EnvRead,
  /// Reading the arguments.
  Args,
  StdioStdin,
  StdioStdout,
  StdioStderr,
  ClockWall,
  ClockMonotonic,
  RandomSecure,
  RandomInsecure,
  /// Ending itself with a status.
  ProcessExit,
};

/// How many there are: the values are 0 to `access_count` - 1.
inline constexpr size_t access_count = static_cast<size_t>(Access::ProcessExit) + 1;

/// The domain and action of a capability: "filesystem:read". "args" and "http" stand alone.
std::string to_string(Access access);

/// What the rules answered.
enum class Verdict : uint8_t {
  Allowed,
  Denied,
  /// Allowed by a rule in mode `observe`; `enforce` would have denied it.
  Observed,
};

/// "allowed", "denied", "observed".
std::string_view to_string(Verdict verdict);

/// Like decisions of one call, counted.
struct Decision {
  Access access{};
  Verdict verdict{};
  /// What was asked for, as a capability string. Values of variables, headers and query strings are never in it. Guests choose its text: it may hold any
  /// character.
  std::string capability;
  /// The rule that decided, with where it stands: "filesystem:read:/data/** (policy.toml:12)"; for what no rule names, what would have to be added.
  std::string rule;
  /// How often. Decisions that are too many to be kept apart count together.
  uint64_t count = 0;

  bool operator==(const Decision&) const = default;
};

/// Why something failed, closer than `ErrorKind`: what receipts, logs and the fronts of other systems are told. The first nine are the kinds, for failures of
/// which nothing closer is known. Later versions may have more.
enum class Reason : uint8_t {
  /// Bytes, text or values are wrong, and nothing closer is known.
  InvalidInput,
  /// The input is right but needs what this build does not run.
  Unsupported,
  /// What was named is not there.
  NotFound,
  /// A rule refuses it.
  Denied,
  /// A limit without a row of its own was reached.
  LimitExceeded,
  /// Time is over, and nothing closer is known.
  Timeout,
  /// The guest trapped in a way without a row of its own.
  Trap,
  /// The guest ended itself with a status other than 0.
  Exit,
  /// The machine or a peer failed.
  Unavailable,

  // Loading and starting.
  /// The machine has no room for an engine.
  EngineCreation,
  /// The file cannot be read.
  LoadFile,
  /// The bytes are no valid WebAssembly.
  InvalidModule,
  /// The bytes are more than a limit lets in.
  ModuleTooLarge,
  /// Valid code that cannot be compiled.
  Compilation,
  /// The instance cannot be made, or its start function fails.
  Instantiation,
  /// An import that nobody provides.
  MissingImport,
  /// An import that the rules forbid to link.
  DeniedImport,
  /// A configuration or manifest is wrong.
  Configuration,

  // Calling.
  /// The function that is called is not exported.
  FunctionNotFound,
  /// It is exported with another type.
  SignatureMismatch,
  /// A value does not convert between its text and its type.
  Serialization,
  /// The receiver does not know the codec.
  UnsupportedCodec,
  /// The function answered with its own error.
  GuestError,
  /// The guest gave up: `unreachable`, a panic, an abort.
  Unreachable,
  /// An access outside of the guest's memory.
  MemoryAccess,
  /// A wrong index, null or type in a table of functions.
  TableAccess,
  /// A division by zero, an overflow, a conversion out of range.
  Arithmetic,
  /// A host function found what the guest passed wrong.
  HostTrap,
  /// The guest's allocator gave an address that cannot be.
  GuestAllocation,
  /// A call of an instance that has trapped before.
  InstanceGone,

  // Limits and time.
  /// The fuel is used up.
  Fuel,
  /// Memory was refused beyond the limit.
  Memory,
  /// Table elements were refused beyond the limit.
  TableElements,
  /// A core instance has more tables than allowed.
  Tables,
  /// A core instance has more memories than allowed.
  Memories,
  /// More core instances than allowed.
  Instances,
  /// Calls are nested too deep for the stack.
  Stack,
  /// More bytes were read than allowed.
  BytesIn,
  /// More bytes were written than allowed.
  BytesOut,
  /// More host calls than allowed.
  HostCalls,
  /// More handles are open than allowed.
  Handles,
  /// More sub-calls than allowed.
  SubCalls,
  /// Sub-calls are nested deeper than allowed.
  Depth,
  /// All instances that may live at a time are in use.
  PoolFull,
  /// The deadline passed.
  Deadline,
  /// Somebody cancelled the call.
  Cancelled,

  // Lifecycle and messages.
  /// The runtime takes no more calls.
  Shutdown,
  /// The guest's own shutdown failed.
  ShutdownFailed,
  /// The guest's own start refused its configuration.
  InitFailed,
  /// A second start.
  AlreadyInitialized,
  /// A call before the start.
  NotInitialized,
  /// A call that the guest's state does not allow.
  InvalidState,
  /// The receiver's mailbox has no room.
  QueueFull,
  /// No such receiver.
  TargetNotFound,
  /// No answer came in time.
  ReplyTimeout,
  /// A fault of Tenon itself.
  Internal,
};

/// As in receipts and docs/errors.md: "memory-access".
std::string_view to_string(Reason reason);

/// The kind of error that has this reason.
ErrorKind kind_of(Reason reason);

/// How a call ended. Codes alone: a message may quote what a guest handled, and that is not for receipts.
struct Outcome {
  /// Absent when the call succeeded.
  std::optional<Reason> reason;
  /// With what status the guest ended itself (`wasi:cli/exit`), 0 too. Absent when it did not.
  std::optional<uint32_t> exit_status;

  bool operator==(const Outcome&) const = default;
};

/// What a call touched and spent. Calls that failed or were interrupted have one too.
///
/// It holds numbers, codes, and the capabilities and rules of its decisions; nothing in it can carry the value of a variable, a header or a query string.
struct Receipt {
  Outcome outcome;
  /// Whether random numbers and clocks were the ones that repeat.
  bool is_deterministic = false;
  /// Units of work, about one an instruction. Absent when it was not metered.
  std::optional<uint64_t> fuel;
  /// From start to end, waits included.
  std::chrono::nanoseconds wall{0};
  /// Of the processor, by the thread that ran the call; absent when more than one did.
  std::optional<std::chrono::nanoseconds> cpu;
  /// The most that all linear memories together held at a time.
  uint64_t memory_bytes_peak = 0;
  /// Read and written through files, streams and sockets.
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  /// Calls of all host functions.
  uint64_t host_calls = 0;
  /// Those of the whole call, in the order of their first occurrence.
  std::vector<Decision> decisions;
  /// What they spent is in the figures above too.
  std::vector<Receipt> sub_calls;

  /// How often each kind of capability was asked for, by `decisions`; the index is the `Access`.
  std::array<uint64_t, access_count> asked() const;
  /// How many of `decisions` were answered so, like ones counted each. Not those of sub-calls.
  uint64_t count(Verdict verdict) const;

  bool operator==(const Receipt&) const = default;
};

/// One JSON object without line breaks; docs/receipt.md has its fields. What is not UTF-8 in it is replaced by U+FFFD.
std::string to_json(const Receipt& receipt);

/// Some lines for people, each ending in a line break: how it ended with what it spent, what went in and out, and a line for each decision. What a terminal
/// would act on is shown escaped. The lines may change with any version; programs read the JSON.
std::string to_text(const Receipt& receipt);

/// Reads what `to_json` wrote. Fields that it does not know are passed over.
///
/// Errors: `InvalidInput`, naming the field, for anything else; `LimitExceeded` past 16 MiB of text or 64 levels of sub-calls.
Result<Receipt> parse_receipt(std::string_view text);

}  // namespace tenon::policy
