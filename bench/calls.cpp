// Rows `call.*`, `list.*`, `record.30`, `fused.*`.
#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "guests.h"
#include "tenon/typed.h"
#include "tenon/value.h"
#include "timing.h"

namespace {

struct ToolCall {
  std::string call_id;
  std::string name;
  std::string input;
};

struct Context {
  std::string agent_id;
  std::optional<std::string> session_id;
  std::optional<std::string> task;
};

struct ToolResult {
  bool ok = false;
  std::string value;
  std::optional<std::string> error;
};

struct Entry {
  uint32_t id = 0;
  std::string name;
  double score = 0;
};

struct Wide {
  uint8_t a0;
  uint16_t a1;
  uint32_t a2;
  uint64_t a3;
  int32_t a4;
  double a5;
  bool a6;
  char32_t a7;
  std::string a8;
  std::optional<uint32_t> a9;
  uint8_t b0;
  uint16_t b1;
  uint32_t b2;
  uint64_t b3;
  int32_t b4;
  double b5;
  bool b6;
  char32_t b7;
  std::string b8;
  std::optional<uint32_t> b9;
  uint8_t c0;
  uint16_t c1;
  uint32_t c2;
  uint64_t c3;
  int32_t c4;
  double c5;
  bool c6;
  char32_t c7;
  std::string c8;
  std::optional<uint32_t> c9;
};

}  // namespace

template <>
struct tenon::RecordTraits<ToolCall> {
  static constexpr auto fields =
      std::make_tuple(tenon::field("call-id", &ToolCall::call_id), tenon::field("name", &ToolCall::name), tenon::field("input", &ToolCall::input));
};
template <>
struct tenon::RecordTraits<Context> {
  static constexpr auto fields =
      std::make_tuple(tenon::field("agent-id", &Context::agent_id), tenon::field("session-id", &Context::session_id), tenon::field("task", &Context::task));
};
template <>
struct tenon::RecordTraits<ToolResult> {
  static constexpr auto fields =
      std::make_tuple(tenon::field("ok", &ToolResult::ok), tenon::field("value", &ToolResult::value), tenon::field("error", &ToolResult::error));
};
template <>
struct tenon::RecordTraits<Entry> {
  static constexpr auto fields = std::make_tuple(tenon::field("id", &Entry::id), tenon::field("name", &Entry::name), tenon::field("score", &Entry::score));
};
template <>
struct tenon::RecordTraits<Wide> {
  static constexpr auto fields = std::make_tuple(
      tenon::field("a0", &Wide::a0), tenon::field("a1", &Wide::a1), tenon::field("a2", &Wide::a2), tenon::field("a3", &Wide::a3), tenon::field("a4", &Wide::a4),
      tenon::field("a5", &Wide::a5), tenon::field("a6", &Wide::a6), tenon::field("a7", &Wide::a7), tenon::field("a8", &Wide::a8), tenon::field("a9", &Wide::a9),
      tenon::field("b0", &Wide::b0), tenon::field("b1", &Wide::b1), tenon::field("b2", &Wide::b2), tenon::field("b3", &Wide::b3), tenon::field("b4", &Wide::b4),
      tenon::field("b5", &Wide::b5), tenon::field("b6", &Wide::b6), tenon::field("b7", &Wide::b7), tenon::field("b8", &Wide::b8), tenon::field("b9", &Wide::b9),
      tenon::field("c0", &Wide::c0), tenon::field("c1", &Wide::c1), tenon::field("c2", &Wide::c2), tenon::field("c3", &Wide::c3), tenon::field("c4", &Wide::c4),
      tenon::field("c5", &Wide::c5), tenon::field("c6", &Wide::c6), tenon::field("c7", &Wide::c7), tenon::field("c8", &Wide::c8),
      tenon::field("c9", &Wide::c9));
};

namespace tenon::bench {

namespace {

constexpr std::string_view name = "a name of 24 characters!";
constexpr std::string_view call_id = "call-0123456789abcdef-0123456789abcdef-0";
constexpr std::string_view tool = "filesystem.search-in-files.with-patterns";
constexpr std::string_view input = "{\"query\": \"tenon\", \"limit\": 10, \"x\": 1} ";
constexpr std::string_view agent = "agent-7f6c2f4e-1111-2222-3333-4444555566";
constexpr std::string_view session = "session-7f6c2f4e-1111-2222-3333-44445555";

Linker log_linker(const Guests& guests, State& state) {
  Linker linker(guests.engine);
  must(linker.root().func("log", [&state](uint32_t level, std::string_view message) { state.logged += level + message.size(); }), "log");
  return linker;
}

template <class Signature>
TypedFunc<Signature> typed(const Live& live, std::string_view export_name) {
  return must(live.instance.get_func<Signature>(export_name), export_name);
}

/// Gives `value` as `Param` and gets it back as `T`.
template <class T, class Param>
double echo(const Live& live, std::string_view export_name, const T& value) {
  const auto func = typed<T(Param)>(live, export_name);
  return nanoseconds([&](uint32_t n) {
    for (uint32_t i = 0; i < n; i++) keep(must(func.call(value), export_name));
  });
}

template <class T>
double echo_numbers(const Live& live, std::string_view export_name, size_t size) {
  return echo<std::vector<T>, std::span<const T>>(live, export_name, std::vector<T>(size, 7));
}

double call_nop(const Live& live) {
  const auto func = typed<void()>(live, "nop");
  return nanoseconds([&](uint32_t n) {
    for (uint32_t i = 0; i < n; i++) must(func.call(), "nop");
  });
}

/// A row whose loop is in the guest.
double guest_loop(const Live& live, std::string_view export_name) {
  const auto func = typed<void(uint32_t)>(live, export_name);
  return nanoseconds([&](uint32_t n) { must(func.call(n), export_name); });
}

double execute_typed(const Live& live) {
  using Outcome = std::expected<ToolResult, std::string>;
  const auto func = typed<Outcome(ToolCall, Context)>(live, "execute");
  return nanoseconds([&](uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
      const ToolCall call{.call_id = std::string(call_id), .name = std::string(tool), .input = std::string(input)};
      const Context context{.agent_id = std::string(agent), .session_id = std::string(session), .task = std::nullopt};
      const Outcome outcome = must(func.call(call, context), "execute");
      if (!outcome || !outcome->ok) std::exit(1);
      keep(outcome);
    }
  });
}

double execute_dynamic(const Live& live) {
  const Func func = must(live.instance.get_func("execute"), "execute");
  const auto text = [](std::string_view of) { return Value::string(std::string(of)); };
  return nanoseconds([&](uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
      std::vector<Value> call;
      call.reserve(3);
      call.push_back(text(call_id));
      call.push_back(text(tool));
      call.push_back(text(input));
      std::vector<Value> context;
      context.reserve(3);
      context.push_back(text(agent));
      context.push_back(Value::some(text(session)));
      context.push_back(Value::none());
      const std::array<Value, 2> arguments = {Value::sequence(std::move(call)), Value::sequence(std::move(context))};
      const auto outcome = must(func.call(arguments), "execute");
      const auto* held = outcome->get_if<Value::Case>();
      if (held == nullptr || held->index != 0) std::exit(1);
      keep(outcome);
    }
  });
}

Wide wide() {
  const std::string text(name);
  return {8, 16, 32, 64, -32, 0.5, true, U'x', text, 7, 8, 16, 32, 64, -32, 0.5, true, U'x', text, 7, 8, 16, 32, 64, -32, 0.5, true, U'x', text, 7};
}

}  // namespace

std::optional<double> run_calls(const Guests& guests, std::string_view row) {
  if (row.starts_with("fused.")) return guest_loop(Live(guests, "fused.wat", Linker(guests.engine)), row.substr(6));
  if (!row.starts_with("call.") && !row.starts_with("list.") && !row.starts_with("record.")) return std::nullopt;
  State state;
  const Linker linker = log_linker(guests, state);
  const Live live(guests, "calls.wat", linker);
  constexpr size_t thousand = 1 << 10;
  using Strings = std::vector<std::string>;
  using Entries = std::vector<Entry>;
  if (row == "call.nop") return call_nop(live);
  if (row == "call.log") return guest_loop(live, "write-log");
  if (row == "call.execute.typed") return execute_typed(live);
  if (row == "call.execute.dynamic") return execute_dynamic(live);
  if (row == "list.u8.64") return echo_numbers<uint8_t>(live, "echo-u8", 64);
  if (row == "list.u8.4k") return echo_numbers<uint8_t>(live, "echo-u8", 4 << 10);
  if (row == "list.u8.1m") return echo_numbers<uint8_t>(live, "echo-u8", 1 << 20);
  if (row == "list.u32.1k") return echo_numbers<uint32_t>(live, "echo-u32", thousand);
  if (row == "list.string.1k") return echo<Strings, Strings>(live, "echo-strings", Strings(thousand, std::string(name)));
  if (row == "list.record.1k") return echo<Entries, Entries>(live, "echo-entries", Entries(thousand, {7, std::string(name), 0.5}));
  if (row == "record.30") return echo<Wide, Wide>(live, "echo-wide", wide());
  return std::nullopt;
}

}  // namespace tenon::bench
