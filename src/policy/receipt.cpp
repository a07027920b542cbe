#include "policy/receipt.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include <fmt/format.h>
#include <pthread.h>
#include <nlohmann/json.hpp>

#include "base/terminal.h"
#include "base/utf8.h"
#include "policy/access.h"
#include "policy/error_names.h"

namespace tenon::policy {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using std::chrono::nanoseconds;

constexpr uint64_t format_version = 1;
constexpr size_t json_bytes_max = size_t{16} << 20;
constexpr size_t depth_max = 64;

nanoseconds thread_cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
}

uint64_t this_thread() { return static_cast<uint64_t>(pthread_self()); }

std::optional<Access> find_access(std::string_view text) {
  for (size_t i = 0; i < access_count; ++i) {
    if (to_string(static_cast<Access>(i)) == text) return static_cast<Access>(i);
  }
  return std::nullopt;
}

/// Who asks gives names and paths without values; should one slip through all the same, it ends here.
std::string without_values(const Decision& decision) {
  std::string_view text = decision.capability;
  if (decision.access == Access::Http) text = text.substr(0, text.find_first_of("?#"));
  if (decision.access == Access::EnvRead) text = text.substr(0, text.find('='));
  return std::string(text);
}

ordered_json to_object(const Receipt& receipt) {
  ordered_json object{{"receipt", format_version}, {"outcome", receipt.outcome.reason ? "error" : "ok"}};
  if (receipt.outcome.reason) {
    const ReasonNames& names = names_of(*receipt.outcome.reason);
    object["error"] = ordered_json{{"kind", to_string(names.kind)}, {"reason", names.name}};
  }
  if (receipt.outcome.exit_status) object["exit_status"] = *receipt.outcome.exit_status;
  object["deterministic"] = receipt.is_deterministic;
  if (receipt.fuel) object["fuel"] = *receipt.fuel;
  object["wall_ns"] = receipt.wall.count();
  if (receipt.cpu) object["cpu_ns"] = receipt.cpu->count();
  object["memory_bytes_peak"] = receipt.memory_bytes_peak;
  object["bytes_in"] = receipt.bytes_in;
  object["bytes_out"] = receipt.bytes_out;
  object["host_calls"] = receipt.host_calls;
  const auto asked = receipt.asked();
  ordered_json by_capability = ordered_json::object();
  for (size_t i = 0; i < asked.size(); ++i) {
    if (asked[i] > 0) by_capability[to_string(static_cast<Access>(i))] = asked[i];
  }
  object["asked"] = std::move(by_capability);
  ordered_json decisions = ordered_json::array();
  for (const Decision& decision : receipt.decisions) {
    decisions.push_back(ordered_json{{"access", to_string(decision.access)},
                                     {"capability", without_values(decision)},
                                     {"verdict", to_string(decision.verdict)},
                                     {"rule", decision.rule},
                                     {"count", decision.count}});
  }
  object["decisions"] = std::move(decisions);
  ordered_json sub_calls = ordered_json::array();
  for (const Receipt& sub : receipt.sub_calls) sub_calls.push_back(to_object(sub));
  object["sub_calls"] = std::move(sub_calls);
  return object;
}

/// Reads the fields of one object; the first that is wrong is kept, and what is read after it does not count.
class Fields {
 public:
  Fields(const json& object, std::string path) : object_(object), path_(std::move(path)) {
    if (!object.is_object()) wrong("", "an object");
  }

  const json* find(const char* name) {
    if (!object_.is_object()) return nullptr;
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }
  std::optional<uint64_t> number(const char* name) {
    const json* field = find(name);
    if (field == nullptr) return std::nullopt;
    if (field->is_number_unsigned()) return field->get<uint64_t>();
    wrong(name, "a number from 0 to 18446744073709551615");
    return std::nullopt;
  }
  uint64_t number_or_missing(const char* name) {
    if (find(name) == nullptr) wrong(name, "a number");
    return number(name).value_or(0);
  }
  std::optional<nanoseconds> time(const char* name) {
    const auto count = number(name);
    if (!count) return std::nullopt;
    if (*count > static_cast<uint64_t>(nanoseconds::max().count())) wrong(name, "nanoseconds of at most 292 years");
    return nanoseconds(static_cast<int64_t>(*count));
  }
  std::string text(const char* name) {
    const json* field = find(name);
    if (field != nullptr && field->is_string()) return field->get<std::string>();
    wrong(name, "a string");
    return {};
  }
  const json& array(const char* name) {
    static const json empty = json::array();
    const json* field = find(name);
    if (field != nullptr && field->is_array()) return *field;
    wrong(name, "an array");
    return empty;
  }
  void wrong(std::string_view name, std::string_view expected) {
    if (!error_) error_ = Error(ErrorKind::InvalidInput, fmt::format("{}{}{}: expected {}", path_, name.empty() ? "" : ".", name, expected));
  }
  const std::string& path() const { return path_; }
  const std::optional<Error>& error() const { return error_; }

 private:
  const json& object_;
  std::string path_;
  std::optional<Error> error_;
};

Result<Decision> read_decision(const json& value, std::string path) {
  Fields fields(value, std::move(path));
  Decision decision;
  if (const auto access = find_access(fields.text("access"))) {
    decision.access = *access;
  } else {
    fields.wrong("access", "a kind of capability such as filesystem:read");
  }
  const std::string verdict = fields.text("verdict");
  bool is_known = false;
  for (Verdict each : {Verdict::Allowed, Verdict::Denied, Verdict::Observed}) {
    if (verdict != to_string(each)) continue;
    decision.verdict = each;
    is_known = true;
  }
  if (!is_known) fields.wrong("verdict", "allowed, denied or observed");
  decision.capability = fields.text("capability");
  decision.rule = fields.text("rule");
  decision.count = fields.number_or_missing("count");
  if (fields.error()) return std::unexpected(*fields.error());
  return decision;
}

void read_outcome(Fields& fields, Outcome& outcome) {
  const std::string text = fields.text("outcome");
  if (text != "ok" && text != "error") fields.wrong("outcome", "ok or error");
  if (const auto status = fields.number("exit_status")) {
    if (*status > UINT32_MAX) fields.wrong("exit_status", "a number of 32 bits");
    outcome.exit_status = static_cast<uint32_t>(*status);
  }
  if (text != "error") return;
  const json* error = fields.find("error");
  if (error == nullptr) return fields.wrong("error", "an object");
  Fields inner(*error, fields.path() + ".error");
  outcome.reason = find_reason(inner.text("reason"));
  if (!outcome.reason) fields.wrong("error.reason", "the name of a reason");
}

Result<Receipt> read_receipt(const json& value, const std::string& path, size_t depth) {
  if (depth > depth_max) return fail(ErrorKind::LimitExceeded, fmt::format("sub-calls are nested more than {} deep", depth_max));
  Fields fields(value, path);
  if (const uint64_t version = fields.number_or_missing("receipt"); version != format_version)
    fields.wrong("receipt", fmt::format("{}, the version of the format", format_version));
  Receipt receipt;
  read_outcome(fields, receipt.outcome);
  if (const json* flag = fields.find("deterministic"); flag != nullptr && flag->is_boolean()) {
    receipt.is_deterministic = flag->get<bool>();
  } else {
    fields.wrong("deterministic", "true or false");
  }
  receipt.fuel = fields.number("fuel");
  if (fields.find("wall_ns") == nullptr) fields.wrong("wall_ns", "a number");
  receipt.wall = fields.time("wall_ns").value_or(nanoseconds(0));
  receipt.cpu = fields.time("cpu_ns");
  receipt.memory_bytes_peak = fields.number_or_missing("memory_bytes_peak");
  receipt.bytes_in = fields.number_or_missing("bytes_in");
  receipt.bytes_out = fields.number_or_missing("bytes_out");
  receipt.host_calls = fields.number_or_missing("host_calls");
  const json& decisions = fields.array("decisions");
  const json& sub_calls = fields.array("sub_calls");
  if (fields.error()) return std::unexpected(*fields.error());
  for (size_t i = 0; i < decisions.size(); ++i) {
    TENON_TRY(Decision decision, read_decision(decisions[i], fmt::format("{}.decisions[{}]", path, i)));
    receipt.decisions.push_back(std::move(decision));
  }
  for (size_t i = 0; i < sub_calls.size(); ++i) {
    TENON_TRY(Receipt sub, read_receipt(sub_calls[i], fmt::format("{}.sub_calls[{}]", path, i), depth + 1));
    receipt.sub_calls.push_back(std::move(sub));
  }
  return receipt;
}

std::string time_text(nanoseconds time) {
  const auto count = static_cast<double>(time.count());
  if (count < 1e3) return fmt::format("{} ns", time.count());
  if (count < 1e6) return fmt::format("{:.1f} us", count / 1e3);
  if (count < 1e9) return fmt::format("{:.1f} ms", count / 1e6);
  return fmt::format("{:.2f} s", count / 1e9);
}

std::string bytes_text(uint64_t bytes) {
  constexpr double step = 1024;
  const auto count = static_cast<double>(bytes);
  if (count < step) return fmt::format("{} B", bytes);
  if (count < step * step) return fmt::format("{:.1f} KiB", count / step);
  if (count < step * step * step) return fmt::format("{:.1f} MiB", count / step / step);
  return fmt::format("{:.2f} GiB", count / step / step / step);
}

/// Guests have a hand in what they ask for: it stays on its line, and a terminal does not act on it.
std::string one_line(std::string_view text) {
  std::string line;
  while (!text.empty()) {
    const base::Decoded decoded = base::decode_utf8(text);
    if (decoded.bytes == 0)
      line += fmt::format("\\u{{{:x}}}", static_cast<uint8_t>(text.front()));
    else if (base::is_terminal_control(decoded.code))
      line += fmt::format("\\u{{{:x}}}", static_cast<uint32_t>(decoded.code));
    else
      line += text.substr(0, decoded.bytes);
    text.remove_prefix(std::max<size_t>(decoded.bytes, 1));
  }
  return line;
}

void append_text(const Receipt& receipt, const std::string& indent, std::string& text) {
  text += indent + (receipt.outcome.reason ? fmt::format("failed: {}", to_string(*receipt.outcome.reason)) : std::string("ok"));
  if (receipt.outcome.exit_status) text += fmt::format(", exit status {}", *receipt.outcome.exit_status);
  text += fmt::format("; {}", time_text(receipt.wall));
  if (receipt.cpu) text += fmt::format(", {} of the processor", time_text(*receipt.cpu));
  if (receipt.fuel) text += fmt::format(", {} units of fuel", *receipt.fuel);
  text += fmt::format(", {} of memory", bytes_text(receipt.memory_bytes_peak));
  if (receipt.is_deterministic) text += ", deterministic";
  text += fmt::format("\n{}{} in, {} out, {} host calls, {} denied\n", indent, bytes_text(receipt.bytes_in), bytes_text(receipt.bytes_out), receipt.host_calls,
                      receipt.count(Verdict::Denied));
  for (const Decision& decision : receipt.decisions) {
    text += fmt::format("{}  {:<8} {:>6} x {}", indent, to_string(decision.verdict), decision.count, one_line(without_values(decision)));
    text += decision.rule.empty() ? "\n" : fmt::format("  [{}]\n", one_line(decision.rule));
  }
  for (const Receipt& sub : receipt.sub_calls) {
    text += indent + "  sub-call:\n";
    append_text(sub, indent + "    ", text);
  }
}

}  // namespace

std::string to_string(Access access) {
  const AccessName name = name_of(access);
  return name.action.empty() ? std::string(name.domain) : fmt::format("{}:{}", name.domain, name.action);
}

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::Allowed: return "allowed";
    case Verdict::Denied: return "denied";
    case Verdict::Observed: return "observed";
  }
  return "unknown";
}

std::array<uint64_t, access_count> Receipt::asked() const {
  std::array<uint64_t, access_count> counts{};
  for (const Decision& decision : decisions) counts[static_cast<size_t>(decision.access)] += decision.count;
  return counts;
}

uint64_t Receipt::count(Verdict verdict) const {
  uint64_t sum = 0;
  for (const Decision& decision : decisions) sum += decision.verdict == verdict ? decision.count : 0;
  return sum;
}

std::string to_json(const Receipt& receipt) { return to_object(receipt).dump(-1, ' ', false, ordered_json::error_handler_t::replace); }

std::string to_text(const Receipt& receipt) {
  std::string text;
  append_text(receipt, "", text);
  return text;
}

Result<Receipt> parse_receipt(std::string_view text) {
  if (text.size() > json_bytes_max)
    return fail(ErrorKind::LimitExceeded, fmt::format("the receipt has {} bytes, at most {} are read", text.size(), json_bytes_max));
  // Deeper than any receipt that is taken: left out, and then found missing.
  const auto is_wanted = [](int depth, json::parse_event_t, json&) { return depth < 4 * static_cast<int>(depth_max); };
  const json parsed = json::parse(text, is_wanted, false);
  if (parsed.is_discarded()) return fail(ErrorKind::InvalidInput, "the receipt is no JSON");
  return read_receipt(parsed, "receipt", 0);
}

Meter::Meter() : wall_start_(std::chrono::steady_clock::now()), cpu_start_(thread_cpu_time()), thread_(this_thread()) {}

Receipt Meter::finish(End end, const Budget& budget, const std::vector<Decision>& decisions) const {
  Receipt receipt{.outcome = end.outcome,
                  .is_deterministic = end.is_deterministic,
                  .fuel = end.fuel,
                  .wall = std::chrono::steady_clock::now() - wall_start_,
                  .cpu = std::nullopt,
                  .memory_bytes_peak = end.memory_bytes_peak,
                  .bytes_in = budget.spent(Limit::BytesIn),
                  .bytes_out = budget.spent(Limit::BytesOut),
                  .host_calls = budget.spent(Limit::HostCalls),
                  .decisions = decisions,
                  .sub_calls = std::move(end.sub_calls)};
  if (this_thread() == thread_) receipt.cpu = thread_cpu_time() - cpu_start_;
  for (Decision& decision : receipt.decisions) decision.capability = without_values(decision);
  return receipt;
}

}  // namespace tenon::policy
