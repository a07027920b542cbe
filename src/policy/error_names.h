#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "policy/budget.h"
#include "tenon/receipt.h"
#include "tenon/result.h"

namespace tenon::policy {

inline constexpr size_t reason_count = 0
#define TENON_REASON(...) +1  // NOLINT(bugprone-macro-parentheses): a term of a sum
#include "policy/error_names.def"
#undef TENON_REASON
    ;

/// The errors of Sentinel's runtime, by its names.
enum class SentinelError : uint8_t {
  EngineCreation,
  Compilation,
  Instantiation,
  LoadFile,
  Configuration,
  FunctionCall,
  FunctionNotFound,
  ResourceLimit,
  Timeout,
  InvalidModule,
  Serialization,
  AgentError,
  Shutdown,
  Internal,
};
inline constexpr size_t sentinel_error_count = 14;

/// The cases of AirsSys's error variants, in the order of its WIT.
enum class AirsWasmError : uint8_t { ComponentNotFound, InstantiationFailed, ExportNotFound, Timeout, ResourceLimitExceeded, InvalidComponent, RuntimeError };
enum class AirsComponentError : uint8_t { InitializationFailed, AlreadyInitialized, NotInitialized, ShutdownFailed, InvalidState };
enum class AirsExecutionError : uint8_t { InvalidOperation, OperationFailed, UnsupportedCodec, SerializationError };
enum class AirsMessagingError : uint8_t { DeliveryFailed, CorrelationTimeout, InvalidMessage, QueueFull, TargetNotFound };

/// DAGwood's `ProcessingNodeError`; what stands behind `Component` and `CStyle` is the case within `ComponentError` and `CStyleError`.
enum class DagwoodError : uint8_t {
  InputError,
  ValidationError,
  RuntimeError,
  WasiError,
  ComponentInstantiationFailed,
  ComponentInterfaceNotFound,
  ComponentFunctionCallFailed,
  ComponentMemoryAllocationFailed,
  ComponentMemoryAccessFailed,
  CStyleFunctionNotFound,
  CStyleSignatureMismatch,
  CStyleAllocationFailed,
  CStyleFunctionExecutionFailed,
};

/// Names as the systems write them: "ResourceLimit"; "resource-limit-exceeded" as in WIT; "ComponentError(MemoryAccessFailed)".
std::string_view to_string(SentinelError error);
std::string_view to_string(AirsWasmError error);
std::string_view to_string(AirsComponentError error);
std::string_view to_string(AirsExecutionError error);
std::string_view to_string(AirsMessagingError error);
std::string_view to_string(DagwoodError error);

/// A reason's row in error_names.def.
struct ReasonNames {
  /// In kebab-case: "memory-access".
  std::string_view name;
  ErrorKind kind;
  /// What an HTTP front answers with.
  uint16_t http_status;
  SentinelError sentinel;
  AirsWasmError wasm;
  AirsComponentError component;
  AirsExecutionError execution;
  AirsMessagingError messaging;
  DagwoodError dagwood;
};

const ReasonNames& names_of(Reason reason);
std::optional<Reason> find_reason(std::string_view name);

/// The reason of a failure of which only its kind is known.
Reason reason_of(ErrorKind kind);
/// The reason of a failure that a limit of a budget caused.
Reason reason_of(Limit limit);

/// What DAGwood calls the failure where the node is a core module with the C-style interface instead of a component.
DagwoodError to_c_style(DagwoodError error);

}  // namespace tenon::policy
