#include "policy/error_names.h"

#include <array>

namespace tenon::policy {

namespace {

// The enumerators are public and the table is not: each has its row, in the same order.
enum class Row : uint8_t {
#define TENON_REASON(name, ...) name,
#include "policy/error_names.def"
#undef TENON_REASON
};
#define TENON_REASON(name, ...) static_assert(static_cast<size_t>(Row::name) == static_cast<size_t>(Reason::name));
#include "policy/error_names.def"
#undef TENON_REASON

constexpr std::array<ReasonNames, reason_count> table = {{
#define TENON_REASON(enumerator, name, kind, http, sentinel, wasm, component, execution, messaging, dagwood) \
  {name,                                                                                                     \
   ErrorKind::kind,                                                                                          \
   http,                                                                                                     \
   SentinelError::sentinel,                                                                                  \
   AirsWasmError::wasm,                                                                                      \
   AirsComponentError::component,                                                                            \
   AirsExecutionError::execution,                                                                            \
   AirsMessagingError::messaging,                                                                            \
   DagwoodError::dagwood},
#include "policy/error_names.def"
#undef TENON_REASON
}};

}  // namespace

std::string_view to_string(SentinelError error) {
  static constexpr std::array<std::string_view, sentinel_error_count> names = {
      "EngineCreation", "Compilation", "Instantiation", "LoadFile",      "Configuration", "FunctionCall", "FunctionNotFound",
      "ResourceLimit",  "Timeout",     "InvalidModule", "Serialization", "AgentError",    "Shutdown",     "Internal"};
  return names[static_cast<size_t>(error)];
}

std::string_view to_string(AirsWasmError error) {
  static constexpr std::array<std::string_view, 7> names = {"component-not-found",     "instantiation-failed", "export-not-found", "timeout",
                                                            "resource-limit-exceeded", "invalid-component",    "runtime-error"};
  return names[static_cast<size_t>(error)];
}

std::string_view to_string(AirsComponentError error) {
  static constexpr std::array<std::string_view, 5> names = {"initialization-failed", "already-initialized", "not-initialized", "shutdown-failed",
                                                            "invalid-state"};
  return names[static_cast<size_t>(error)];
}

std::string_view to_string(AirsExecutionError error) {
  static constexpr std::array<std::string_view, 4> names = {"invalid-operation", "operation-failed", "unsupported-codec", "serialization-error"};
  return names[static_cast<size_t>(error)];
}

std::string_view to_string(AirsMessagingError error) {
  static constexpr std::array<std::string_view, 5> names = {"delivery-failed", "correlation-timeout", "invalid-message", "queue-full", "target-not-found"};
  return names[static_cast<size_t>(error)];
}

std::string_view to_string(DagwoodError error) {
  static constexpr std::array<std::string_view, 13> names = {"InputError",
                                                             "ValidationError",
                                                             "RuntimeError",
                                                             "WasiError",
                                                             "ComponentError(InstantiationFailed)",
                                                             "ComponentError(InterfaceNotFound)",
                                                             "ComponentError(FunctionCallFailed)",
                                                             "ComponentError(MemoryAllocationFailed)",
                                                             "ComponentError(MemoryAccessFailed)",
                                                             "CStyleError(FunctionNotFound)",
                                                             "CStyleError(SignatureMismatch)",
                                                             "CStyleError(AllocationFailed)",
                                                             "CStyleError(FunctionExecutionFailed)"};
  return names[static_cast<size_t>(error)];
}

const ReasonNames& names_of(Reason reason) { return table[static_cast<size_t>(reason)]; }

std::string_view to_string(Reason reason) { return names_of(reason).name; }

ErrorKind kind_of(Reason reason) { return names_of(reason).kind; }

std::optional<Reason> find_reason(std::string_view name) {
  for (size_t i = 0; i < table.size(); ++i) {
    if (table[i].name == name) return static_cast<Reason>(i);
  }
  return std::nullopt;
}

// The table begins with the kinds in their order; a test holds it to that.
Reason reason_of(ErrorKind kind) { return static_cast<Reason>(kind); }

Reason reason_of(Limit limit) {
  switch (limit) {
    case Limit::Time: return Reason::Deadline;
    case Limit::Fuel: return Reason::Fuel;
    case Limit::MemoryBytes: return Reason::Memory;
    case Limit::TableElements: return Reason::TableElements;
    case Limit::Tables: return Reason::Tables;
    case Limit::Memories: return Reason::Memories;
    case Limit::Instances: return Reason::Instances;
    case Limit::BytesIn: return Reason::BytesIn;
    case Limit::BytesOut: return Reason::BytesOut;
    case Limit::HostCalls: return Reason::HostCalls;
    case Limit::Handles: return Reason::Handles;
    case Limit::SubCalls: return Reason::SubCalls;
    case Limit::Depth: return Reason::Depth;
  }
  return Reason::LimitExceeded;
}

DagwoodError to_c_style(DagwoodError error) {
  switch (error) {
    case DagwoodError::ComponentInterfaceNotFound: return DagwoodError::CStyleFunctionNotFound;
    case DagwoodError::ComponentMemoryAllocationFailed: return DagwoodError::CStyleAllocationFailed;
    case DagwoodError::ComponentInstantiationFailed:
    case DagwoodError::ComponentFunctionCallFailed:
    case DagwoodError::ComponentMemoryAccessFailed: return DagwoodError::CStyleFunctionExecutionFailed;
    default: return error;
  }
}

}  // namespace tenon::policy
