#include <expected>
#include <utility>
#include <variant>

#include "tenon/engine.h"
#include "tenon/instance.h"
#include "tenon/linker.h"
#include "tenon/typed.h"
#include "tenon/wasi.h"
#include "wasi/cli/stdio.h"
#include "wasi/packages.h"
#include "wasi/refusal.h"
#include "wasi/session.h"
#include "wasi/signals.h"

namespace tenon::wasi {

struct Command::State {
  Engine engine;
  InstancePre pre;
  ExportIndex run;
};

namespace {

/// `wasi:cli/run#run`.
using RunAnswer = std::expected<void, std::monostate>;

Result<Instance> start(const InstancePre& pre, Session& session) {
  TENON_CHECK_OK(check_imports(pre.component(), session.guard()));
  return pre.instantiate(session.store());
}

Result<RunAnswer> call_run(const Instance& instance, ExportIndex index) {
  TENON_TRY(const auto run, instance.get_func<RunAnswer()>(index));
  return run.call();
}

/// The result of a session whose call failed.
RunResult failed(Session& session, Error error, Stage stage) {
  RunResult result;
  // What the program wrote before it ended is to be seen; a second failure would hide the first.
  static_cast<void>(finish_stdio(session.context()));
  result.receipt = session.finish(error, stage);
  if (error.kind() == ErrorKind::Exit) {
    result.exit_status = session.context().exit_status().value_or(0);
  } else {
    result.error = std::move(error);
  }
  return result;
}

RunResult run_in(Session& session, const InstancePre& pre, ExportIndex run) {
  auto instance = start(pre, session);
  if (!instance) return failed(session, std::move(instance).error(), Stage::Instantiate);
  auto answer = call_run(*instance, run);
  if (!answer) return failed(session, std::move(answer).error(), Stage::Call);
  if (auto finished = finish_stdio(session.context()); !finished) return failed(session, std::move(finished).error(), Stage::Call);
  return {.exit_status = static_cast<uint8_t>(answer->has_value() ? 0 : 1), .receipt = session.finish()};
}

}  // namespace

Result<Command> Command::create(const Engine& engine, const Component& component) {
  const auto run = component.find_export("wasi:cli/run@0.2.0", "run");
  if (!run) return fail(ErrorKind::NotFound, "the component is no command: it does not export wasi:cli/run@0.2");
  Linker linker(engine);
  TENON_CHECK_OK(add_imported(linker, component));
  TENON_TRY(InstancePre pre, linker.instantiate_pre(component));
  return Command(std::make_shared<const State>(State{engine, std::move(pre), *run}));
}

RunResult Command::run(const RunOptions& options) const {
  auto session = Session::create(state_->engine, {.rules = options.rules, .limits = options.limits, .config = options.config});
  if (!session) return {.error = std::move(session).error()};
  const std::stop_callback cancel(options.stop, [&session] { (*session)->cancel(); });
  const SignalGuard signals((*session)->context());
  return run_in(**session, state_->pre, state_->run);
}

}  // namespace tenon::wasi
