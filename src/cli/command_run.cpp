#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/guest.h"
#include "cli/input.h"
#include "cli/interrupts.h"
#include "cli/leave.h"
#include "cli/output.h"
#include "cli/program.h"
#include "cli/runtime.h"
#include "cli/sandbox.h"
#include "policy/error_names.h"
#include "tenon/receipt.h"
#include "tenon/result.h"
#include "tenon/store.h"
#include "tenon/value_text.h"
#include "tenon/wit.h"
#include "wasi/cli/stdio.h"
#include "wasi/filesystem/preopens.h"
#include "wasi/session.h"
#include "wasi/signals.h"
#include "wit/binary.h"

namespace tenon::cli {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::string file;
  std::vector<std::string> invoke;
  std::vector<std::string> link;
  std::vector<std::string> arguments;
  SandboxOptions sandbox;
  bool trap_missing_imports = false;
  bool json = false;
  EngineOptions engine;
};

/// The beginning of a long call: the error behind it must be found.
std::string shorten(const std::string& call) {
  constexpr size_t bytes_max = 200;
  if (call.size() <= bytes_max) return call;
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(call[end]) & 0xc0) == 0x80) --end;
  return call.substr(0, end) + "…";
}

/// Runs calls one after another in one instance, and tells of each.
class Runner {
 public:
  Runner(Program& program, const Options& options, wasi::Session& session)
      : program_(program), options_(options), session_(session), store_(session.store()), fuel_before_(store_.fuel()) {}

  Result<ExitCode> run(Guest& guest) {
    stage_ = wasi::Stage::Call;
    ExitCode code = ExitCode::Success;
    for (const std::string& text : options_.invoke) {
      auto called = call(guest, text);
      if (!called) return failed(text, called.error());
      if (*called != ExitCode::Success) code = *called;
    }
    return code;
  }

  /// Runs function `index` as a program: its exit code is the guest's own.
  Result<ExitCode> run_program(Guest& guest, size_t index) {
    stage_ = wasi::Stage::Call;
    auto result = guest.call(index, CallText{});
    if (!result && result.error().kind() != ErrorKind::Exit) return failed("", result.error());
    if (!result) {
      outcome_ = session_.outcome_of(result.error());
      return static_cast<ExitCode>(session_.context().exit_status().value_or(0));
    }
    const bool is_err = result->value && result->value->get_if<Value::Case>() != nullptr && result->value->get_if<Value::Case>()->index != 0;
    if (!is_err) return ExitCode::Success;
    outcome_.reason = policy::Reason::GuestError;
    return ExitCode::Guest;
  }

  /// How all of it ended, in codes.
  const policy::Outcome& outcome() const { return outcome_; }

  /// An error before or in a call: the exit code, with everything printed.
  ExitCode failed(const std::string& what, const Error& error) {
    if (Interrupts::signal()) session_.cancel();
    outcome_ = session_.outcome_of(error, stage_);
    // The engine knows only that it was to stop.
    std::string reason = error.message();
    if (const auto& trap = store_.last_trap(); trap && trap->code == TrapCode::Interrupt)
      reason = outcome_.reason == policy::Reason::Cancelled ? "the call was cancelled" : "the deadline passed";
    std::string message = what.empty() ? reason : fmt::format("{}: {}", shorten(what), reason);
    if (options_.json) {
      ordered_json body{{"kind", to_string(error.kind())}, {"message", reason}};
      if (const auto& trap = store_.last_trap()) body["frames"] = frames(*trap);
      print_json(what, "error", body.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
    }
    if (const auto& trap = store_.last_trap()) {
      const std::string text = to_string(*trap);
      if (const size_t line = text.find('\n'); line != std::string::npos) message += text.substr(line);
    }
    while (message.ends_with('\n')) message.pop_back();
    if (const StoreFigures figures = store_.figures(); figures.refusals > 0) {
      message += fmt::format("\nmemory or a table was refused to grow {} times: there are {} bytes of memory, {} were asked for", figures.refusals,
                             figures.memory_bytes, figures.refused_memory_bytes);
    }
    program_.print_error(Error(error.kind(), message));
    return exit_code_of(error.kind());
  }

 private:
  Result<ExitCode> call(Guest& guest, const std::string& text) {
    TENON_TRY(const CallText call, parse_call(text));
    TENON_TRY(const size_t index, find_function(guest.functions(), call.function));
    const Stopwatch time;
    TENON_TRY(const GuestResult result, guest.call(index, call));
    base::log(base::LogLevel::Debug, fmt::format("{} returned after {}", guest.functions()[index].display(), time.text()));
    const Value* value = result.value ? &*result.value : nullptr;
    bool is_ok = true;
    if (options_.json) {
      TENON_TRY(const CallOutcome outcome, outcome_to_json(value, result.type));
      is_ok = outcome.is_ok;
      print_json(text, is_ok ? "output" : "error", is_ok ? outcome.json : fmt::format("{{\"kind\":\"guest\",\"value\":{}}}", outcome.json));
    } else if (value != nullptr && result.type) {
      TENON_TRY(const std::string wave, to_wave(*value, *result.type));
      program_.print(wave + "\n");
      is_ok = result.type->kind() != TypeKind::Result || value->get_if<Value::Case>()->index == 0;
    }
    return is_ok ? ExitCode::Success : ExitCode::Guest;
  }

  /// One line: {"call": …, "output": …, "fuel": …, "memory_bytes": …}.
  void print_json(const std::string& call, std::string_view key, std::string_view body) {
    const auto quoted = [](const std::string& text) { return ordered_json(text).dump(-1, ' ', false, ordered_json::error_handler_t::replace); };
    std::string line = "{";
    if (!call.empty()) line += fmt::format("\"call\":{},", quoted(call));
    line += fmt::format("\"{}\":{}", key, body);
    if (const auto left = store_.fuel(); left && fuel_before_) {
      line += fmt::format(",\"fuel\":{}", *fuel_before_ - *left);
      fuel_before_ = left;
    }
    line += fmt::format(",\"memory_bytes\":{}}}\n", store_.figures().memory_bytes);
    program_.print(line);
  }

  static ordered_json frames(const Trap& trap) {
    ordered_json list = ordered_json::array();
    for (const TrapFrame& frame : trap.frames) {
      list.push_back(ordered_json{{"module", frame.module}, {"function", frame.function}, {"index", frame.function_index}});
      if (frame.module_offset) list.back()["offset"] = *frame.module_offset;
    }
    return list;
  }

  Program& program_;
  const Options& options_;
  wasi::Session& session_;
  Store& store_;
  policy::Outcome outcome_;
  wasi::Stage stage_ = wasi::Stage::Instantiate;
  std::optional<uint64_t> fuel_before_;
};

/// The file, with the components that are linked to it in one.
Result<Input> load_linked(Program& program, const Options& options) {
  TENON_TRY(Input input, load_input(program, options.file));
  if (options.link.empty()) return input;
  std::vector<Input> others;
  for (const std::string& path : options.link) {
    TENON_TRY(Input other, load_input(program, path));
    others.push_back(std::move(other));
  }
  std::vector<wit::NamedComponent> components = {{input.name, input.bytes()}};
  for (const Input& other : others) components.push_back({other.name, other.bytes()});
  for (size_t i = 0; i < components.size(); i++) {
    const wit::FileKind kind = i == 0 ? input.kind : others[i - 1].kind;
    if (kind != wit::FileKind::Component)
      return fail(ErrorKind::InvalidInput, fmt::format("{}: only components are linked, got a {}", components[i].name, to_string(kind)));
  }
  TENON_TRY(std::vector<std::byte> linked, wit::compose(components));
  return Input{.name = input.name, .kind = wit::FileKind::Component, .contents = {}, .made = std::move(linked)};
}

Error nothing_to_call(const Guest& guest) {
  std::string message = "nothing to call: give --invoke 'name(arguments)'";
  for (const GuestFunc& func : guest.functions()) message += fmt::format("\n  {}: {}", func.display(), func.type);
  if (guest.functions().empty()) message += "; it exports no function";
  return Error(ErrorKind::InvalidInput, message);
}

/// The line of a failure that belongs to no call.
void print_json_error(Program& program, const Error& error) {
  const ordered_json body{{"error", ordered_json{{"kind", to_string(error.kind())}, {"message", error.message()}}}};
  program.print(body.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n");
}

/// Instantiates and runs what the options say; `failed` of the runner has told of every error.
Result<ExitCode> run_guest(Program& program, const Options& options, const CompiledGuest& compiled, const std::string& name, wasi::Session& session,
                           Runner& runner) {
  auto folders = wasi::filesystem::open_preopens(session.context());
  if (!folders) return runner.failed("", std::move(folders).error());
  const Stopwatch time;
  auto guest = compiled.instantiate(session.store(), options.trap_missing_imports ? MissingImports::Trap : MissingImports::Refuse);
  if (!guest) return runner.failed("", std::move(guest).error().wrap(name));
  base::log(base::LogLevel::Debug, fmt::format("{}: instantiated in {}, {} functions", name, time.text(), (*guest)->functions().size()));
  if (!options.invoke.empty()) return runner.run(**guest);
  if (const auto index = find_program((*guest)->functions())) return runner.run_program(**guest, *index);
  const Error error = nothing_to_call(**guest);
  if (options.json) print_json_error(program, error);
  program.print_error(error);
  return ExitCode::Usage;
}

/// The receipt of a run that failed before there was a call: an older one in its place would be taken for it.
policy::Receipt receipt_of(const Error& error) {
  policy::Receipt receipt;
  receipt.outcome.reason = wasi::reason_of(error.kind(), wasi::Stage::Load);
  return receipt;
}

/// Tells of the receipt in the ways that were asked for.
Result<ExitCode> write_receipt(Program& program, const SandboxOptions& options, const policy::Receipt& receipt) {
  if (options.receipt_text) program.note("receipt: " + policy::to_text(receipt));
  if (options.receipt.empty()) return ExitCode::Success;
  return write_text(program, options.receipt, policy::to_json(receipt) + "\n");
}

/// A signal ends the program as a shell expects it, after everything was written.
ExitCode code_of_signal(ExitCode code) {
  constexpr int signalled = 128;
  const auto signal = Interrupts::signal();
  return signal ? static_cast<ExitCode>(signalled + *signal) : code;
}

Result<ExitCode> run(Program& program, const Options& options) {
  if (!options.invoke.empty() && !options.arguments.empty())
    return fail(ErrorKind::InvalidInput, "arguments are for programs; with --invoke they stand in the call");
  TENON_TRY(wasi::SessionOptions plan, plan_sandbox(options.sandbox, options.file, options.arguments));
  TENON_TRY(const Input input, load_linked(program, options));
  EngineOptions engine_options = options.engine;
  engine_options.fuel = plan.limits.fuel.has_value();
  TENON_TRY(const Engine engine, make_engine(program, engine_options));
  const std::string noticed = engine.notice();
  std::unique_ptr<CompiledGuest> compiled;
  {
    const Progress progress(program, "compiling " + input.name);
    const Stopwatch time;
    TENON_TRY(compiled, compile_guest(engine, input));
    base::log(base::LogLevel::Info, fmt::format("{}: compiled or loaded {} bytes of code in {}", input.name, compiled->code_bytes(), time.text()));
  }
  if (const std::string notice = engine.notice(); notice != noticed) program.notice(notice);
  TENON_TRY(const std::unique_ptr<wasi::Session> session, wasi::Session::create(engine, std::move(plan)));
  Runner runner(program, options, *session);
  ExitCode code = ExitCode::Success;
  {
    const Interrupts interrupts([&session] { session->store().interrupt(); });
    const wasi::SignalGuard signals(session->context());
    TENON_TRY(code, run_guest(program, options, *compiled, input.name, *session, runner));
    // What stdout and stderr still keep for the guest. When the deadline or a signal ends this, it is told already.
    static_cast<void>(wasi::finish_stdio(session->context()));
  }
  leave_to_the_end(std::move(compiled));
  leave_to_the_end(std::make_unique<Engine>(engine));
  code = code_of_signal(code);
  for (const policy::Decision& decision : session->guard().decisions())
    base::log(base::LogLevel::Debug,
              fmt::format("{}: {} {} times: {}", policy::to_string(decision.verdict), decision.capability, decision.count, decision.rule));
  if (base::log_enabled(base::LogLevel::Warn)) {
    const std::string name = guest_name(options.sandbox.target, input.name);
    program.note(describe_denials(session->guard(), name));
    // A program that succeeded did not miss them.
    if (code != ExitCode::Success) program.note(describe_unused_mounts(session->guard().rules(), session->context().config().mounts, name));
  }
  if (options.sandbox.receipt.empty() && !options.sandbox.receipt_text) return code;
  const auto written = write_receipt(program, options.sandbox, session->finish(runner.outcome()));
  if (written) return code == ExitCode::Success ? *written : code;
  // How the guest ended is not hidden by it.
  program.print_error(written.error());
  return code == ExitCode::Success ? exit_code_of(written.error().kind()) : code;
}

}  // namespace

void add_run_command(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("run", "Run a program, or call functions of a component or core module");
  command->add_option("file", options->file, "Component or core module, binary or text, or - for standard input")->required();
  command
      ->add_option("--invoke,-i", options->invoke,
                   "A call: 'name(wave, …)', 'name {\"param\": json}' or 'name [json, …]'; several run in order in one instance")
      ->expected(1)
      ->allow_extra_args(false)
      ->take_all();
  command->add_option("--link,-l", options->link, "A component that exports what the file imports; may be given several times")
      ->expected(1)
      ->allow_extra_args(false)
      ->take_all();
  command->add_option("arguments", options->arguments,
                      "Arguments of a program, behind -- when they begin with a dash; it gets them with --grant args or command");
  add_sandbox_options(*command, options->sandbox);
  command->add_flag("--trap-missing-imports", options->trap_missing_imports, "Run although imports are missing; a call of one traps");
  command->add_flag("--json", options->json, "One JSON object a line for each call: output or error, fuel, memory");
  add_cache_options(*command, options->engine);
  command->footer(
      "Examples:\n  tenon run core.wasm --invoke 'add(1, 2)'\n  tenon run tool.wasm --invoke 'execute-tool({call-id: \"1\", name: \"x\", input: \"\"})'\n  "
      "tenon run a.wasm --link b.wasm --invoke 'run()' --json\n  "
      "tenon run program.wasm --grant command --dir data --env LANG --timeout 10s -- --verbose input.txt");
  program.set_action(*command, [options](Program& shared) -> Result<ExitCode> {
    auto outcome = run(shared, *options);
    if (!outcome) {
      if (const auto written = write_receipt(shared, options->sandbox, receipt_of(outcome.error())); !written) shared.print_error(written.error());
    }
    if (!outcome && options->json) print_json_error(shared, outcome.error());
    return outcome;
  });
}

}  // namespace tenon::cli
