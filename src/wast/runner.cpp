#include "wast/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <variant>

#include "component/plan.h"
#include "tenon/component.h"
#include "tenon/core.h"
#include "tenon/instance.h"
#include "tenon/linker.h"
#include "tenon/store.h"
#include "wast/constants.h"
#include "wast/core_values.h"
#include "wast/spectest.h"

namespace tenon::wast {
namespace {

/// The magic number and version of a core module.
constexpr std::array<std::byte, 8> core_preamble{std::byte{0}, std::byte{'a'}, std::byte{'s'}, std::byte{'m'},
                                                 std::byte{1}, std::byte{0},   std::byte{0},   std::byte{0}};
/// Threads that one script may have running.
constexpr size_t threads_max = 16;

/// How one directive ended.
struct Judgement {
  Verdict verdict = Verdict::Passed;
  std::string reason;
};

Judgement passed() { return {}; }
Judgement failed(std::string reason) { return {Verdict::Failed, std::move(reason)}; }
Judgement not_run(std::string reason) { return {Verdict::NotRun, std::move(reason)}; }

/// Something that a directive needs is there, or was not run itself, and why.
struct NotRun {
  std::string reason;
};

using Definition = std::variant<core::Module, Component, NotRun>;

struct ComponentInstance {
  std::shared_ptr<Store> store;  // Shared: the latest instance may be a named one too.
  Instance instance;
};

using AnyInstance = std::variant<core::Instance, ComponentInstance, NotRun>;

/// What an action came to: core values, or component values with their type, or its failure, or why it was not run.
struct ComponentResult {
  std::optional<Value> value;
  FuncType type;
};
using Outcome = std::variant<std::vector<core::Val>, ComponentResult, Error, NotRun>;

/// Whether a failure to make a definition only says that something is switched off or does not run yet.
bool is_missing_feature(const Error& error) {
  if (error.kind() == ErrorKind::Unsupported) return true;
  static constexpr std::string_view phrases[] = {"requires the component model",
                                                 "require the component model",
                                                 "feature is not active",
                                                 "feature to be enabled",
                                                 "` feature",
                                                 "proposal must be enabled",
                                                 "support is not enabled",
                                                 "is disabled"};
  return std::ranges::any_of(phrases, [&](std::string_view phrase) { return error.message().contains(phrase); });
}

/// What the script wants on or off; what it says nothing of is as everywhere.
component::TranslateOptions proposals_of(const Script& script) {
  component::TranslateOptions options;
  const auto set = [&script](std::string_view name, bool& option) {
    if (const auto found = script.settings.find(name); found != script.settings.end()) option = found->second;
  };
  set("component_model_map", options.maps);
  set("component_model_fixed_length_lists", options.fixed_length_lists);
  set("component_model_implements", options.implements);
  set("component_model_memory64", options.memory64);
  set("component_model_async_stackful", options.async_stackful);
  set("component_model_more_async_builtins", options.more_async_builtins);
  set("component_model_threading", options.threading);
  set("component_model_error_context", options.error_context);
  set("component_model_gc", options.garbage_collection);
  return options;
}

/// An engine as the script wants it: `base` when that will do. What is on by default is only ever switched off.
Result<Engine> engine_of(const Script& script, const Engine& base) {
  EngineConfig config = base.config();
  bool differs = false;
  const auto is = [&script](std::string_view name, bool value) {
    const auto found = script.settings.find(name);
    return found != script.settings.end() && found->second == value;
  };
  if (is("nan_canonicalization", true)) config.canonical_nans = differs = true;
  if (is("threads", true)) config.shared_memory = differs = true;
  const std::pair<std::string_view, Proposal EngineConfig::*> proposals[] = {
      {"multi_memory", &EngineConfig::multi_memory}, {"memory64", &EngineConfig::memory64},     {"threads", &EngineConfig::threads},
      {"exceptions", &EngineConfig::exceptions},     {"gc", &EngineConfig::garbage_collection}, {"relaxed_simd", &EngineConfig::relaxed_simd},
  };
  for (const auto& [name, proposal] : proposals) {
    if (!is(name, false)) continue;
    config.*proposal = Proposal::Off;
    differs = true;
  }
  return differs ? Engine::create(config) : Result<Engine>(base);
}

std::string wrong_reason(std::string_view expected, std::string_view actual) { return fmt::format("expected \"{}\", got \"{}\"", expected, actual); }

using Deadline = std::optional<std::chrono::steady_clock::time_point>;

/// What all threads of a script have in common. Each holds it, because one that waits for ever outlives the run.
struct Setting {
  Engine engine;
  Script script;
  component::TranslateOptions proposals;
  Deadline deadline;

  /// No deadline ends a guest that waits for another thread.
  bool may_wait_for_ever() const { return deadline && engine.config().shared_memory; }
};
using SharedSetting = std::shared_ptr<const Setting>;

/// What a thread starts with of what its parent has: the memories that it shares, by the names that modules import them by, and modules by name.
struct Inheritance {
  CoreNames names;
  std::map<std::optional<std::string>, Definition> definitions;
};

Report run_directives(const SharedSetting& setting, const std::vector<Directive>& directives, Inheritance inheritance);

/// Directives that run on a thread of their own.
class Child {
 public:
  Child(const SharedSetting& setting, const std::vector<Directive>& directives, Inheritance inheritance)
      : setting_(setting), ended_(std::make_shared<Ended>()), thread_([setting, &directives, ended = ended_, inherited = std::move(inheritance)]() mutable {
          Report report = run_directives(setting, directives, std::move(inherited));
          const std::lock_guard lock(ended->mutex);
          ended->report = std::move(report);
          ended->changed.notify_one();
        }) {}
  Child(Child&&) = default;

  /// Waits for the end. Nothing when the thread waits for ever: it is left behind, `grace` after the deadline.
  std::optional<Report> join(std::chrono::seconds grace = std::chrono::seconds(1)) {
    if (setting_->may_wait_for_ever()) {
      std::unique_lock lock(ended_->mutex);
      const auto latest = *setting_->deadline + grace;
      if (!ended_->changed.wait_until(lock, latest, [this] { return ended_->report.has_value(); })) {
        thread_.detach();
        return std::nullopt;
      }
    }
    thread_.join();
    return std::move(ended_->report);
  }

 private:
  struct Ended {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Report> report;
  };
  SharedSetting setting_;
  std::shared_ptr<Ended> ended_;
  std::thread thread_;
};

constexpr std::string_view waits_for_ever = "still waits for another thread at the time limit";

class Runner {
 public:
  Runner(SharedSetting setting, Inheritance inheritance)
      : setting_(std::move(setting)), names_(std::move(inheritance.names)), linker_(setting_->engine), definitions_(std::move(inheritance.definitions)) {
    linker_.set_allow_shadowing(true);
    linker_.set_trap_unsupported_builtins(true);
  }

  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  ~Runner() {
    for (auto& [name, thread] : threads_) thread.child.join();
  }

  Result<> prepare() {
    TENON_TRY(store_, Store::create(setting_->engine));
    if (setting_->deadline) store_->set_deadline(*setting_->deadline);
    TENON_CHECK_OK(define_core_spectest(*store_, names_));
    return define_component_spectest(setting_->engine, linker_);
  }

  void run(const std::vector<Directive>& directives) {
    for (const Directive& directive : directives) {
      Judgement judgement = judge(directive);
      // All core modules share one store, so that whatever fails after a call which was not run may do so because of that.
      const bool is_action = !directive.action.field.empty();
      if (judgement.verdict == Verdict::NotRun && is_action && core_gap_.empty())
        core_gap_ = fmt::format("line {} was not run: {}", directive.line, judgement.reason);
      if (judgement.verdict == Verdict::Failed && !core_gap_.empty() && is_core_action(directive)) judgement = not_run(core_gap_);
      note(directive.line, std::move(judgement));
    }
  }

  /// Waits for the threads that the script did not wait for.
  Report finish() {
    while (!threads_.empty()) join(threads_.begin());
    return std::move(report_);
  }

  void note(uint32_t line, Judgement judgement) {
    switch (judgement.verdict) {
      case Verdict::Passed: ++report_.passed; return;
      case Verdict::Failed: ++report_.failed; break;
      case Verdict::NotRun: ++report_.not_run; break;
    }
    report_.findings.push_back({line, judgement.verdict, std::move(judgement.reason)});
  }

 private:
  struct Thread {
    const Directive& directive;
    Child child;
  };
  using Threads = std::map<std::string, Thread, std::less<>>;

  bool is_core_action(const Directive& directive) const {
    const AnyInstance* instance = find_instance(directive.action.instance);
    return !directive.action.field.empty() && instance != nullptr && std::holds_alternative<core::Instance>(*instance);
  }
  Judgement judge(const Directive& directive);
  Judgement judge_definition(const Directive& directive);
  Judgement judge_refused(const Directive& directive);
  Judgement judge_unlinkable(const Directive& directive);
  Judgement judge_uninstantiable(const Directive& directive);
  Judgement judge_register(const Directive& directive);
  Judgement judge_return(const Directive& directive);
  Judgement judge_trap(const Directive& directive, Outcome outcome);
  Judgement judge_exception(const Directive& directive);
  Judgement start_thread(const Directive& directive);

  Result<Definition> define(size_t file) const;
  Result<AnyInstance> instantiate(const Definition& definition);
  Result<core::Instance> instantiate_core(const core::Module& module);
  Judgement instantiate_named(const Definition& definition, const std::optional<std::string>& name);
  Result<> offer(const std::string& name, const ComponentInstance& instance);
  Result<> offer(const std::string& name, const core::Instance& instance);

  Outcome act(const Action& action);
  Outcome call(const core::Instance& instance, const Action& action);
  Outcome call(const ComponentInstance& instance, const Action& action);
  const AnyInstance* find_instance(const std::optional<std::string>& name) const;
  void forget_instance(const std::optional<std::string>& name, const NotRun& missing);
  void join(Threads::iterator thread);

  SharedSetting setting_;
  std::unique_ptr<Store> store_;
  CoreNames names_;
  Linker linker_;
  std::map<std::optional<std::string>, Definition> definitions_;
  std::map<std::string, AnyInstance, std::less<>> instances_;
  std::optional<AnyInstance> current_;
  Threads threads_;
  /// What was not run in the store of the core modules; empty when all was.
  std::string core_gap_;
  Report report_;
};

Result<Definition> Runner::define(size_t file) const {
  const ScriptFile& binary = setting_->script.files[file];
  if (binary.error) return fail(ErrorKind::InvalidInput, *binary.error);
  // What does not start as a core module does is for the component's reader to judge.
  if (binary.bytes.size() >= core_preamble.size() && std::ranges::equal(core_preamble, std::span(binary.bytes).first(core_preamble.size()))) {
    TENON_TRY(auto module, core::Module::create(setting_->engine, binary.bytes));
    return Definition(std::move(module));
  }
  TENON_TRY(auto component, Component::create(setting_->engine, binary.bytes, {.proposals = &setting_->proposals}));
  return Definition(std::move(component));
}

Result<core::Instance> Runner::instantiate_core(const core::Module& module) {
  std::vector<core::Extern> imports;
  for (const core::ImportType& import : module.imports()) {
    const auto instance = names_.find(import.module);
    const auto missing = [&] { return fail(ErrorKind::NotFound, fmt::format("unknown import: `{}::{}` has not been defined", import.module, import.name)); };
    if (instance == names_.end()) return missing();
    const auto found = instance->second.find(import.name);
    if (found == instance->second.end()) return missing();
    imports.push_back(found->second);
  }
  auto instance = core::Instance::create(*store_, module, imports);
  if (!instance && instance.error().kind() == ErrorKind::InvalidInput) return std::unexpected(std::move(instance).error().wrap("incompatible import type"));
  return instance;
}

Result<AnyInstance> Runner::instantiate(const Definition& definition) {
  if (const auto* missing = std::get_if<NotRun>(&definition)) return AnyInstance(*missing);
  if (const auto* module = std::get_if<core::Module>(&definition)) {
    TENON_TRY(auto instance, instantiate_core(*module));
    return AnyInstance(std::move(instance));
  }
  const auto& component = std::get<Component>(definition);
  TENON_TRY(std::shared_ptr<Store> store, Store::create(setting_->engine));
  if (setting_->deadline) store->set_deadline(*setting_->deadline);
  auto instance = linker_.instantiate(*store, component);
  if (!instance && instance.error().kind() == ErrorKind::Unsupported) return AnyInstance(NotRun{instance.error().message()});
  if (!instance) return std::unexpected(std::move(instance).error());
  return AnyInstance(ComponentInstance{std::move(store), *instance});
}

Result<> Runner::offer(const std::string& name, const core::Instance& instance) {
  auto& exports = names_[name];
  exports.clear();
  for (const core::ExportType& item : instance.module().exports()) {
    // What cannot be handed on (an exception tag) is left out: whoever imports it is told that it is unknown.
    if (auto found = instance.get_export(item.name)) exports.insert_or_assign(item.name, *std::move(found));
  }
  return {};
}

Result<> Runner::offer(const std::string& name, const ComponentInstance& instance) {
  TENON_TRY(auto scope, linker_.instance(name));
  for (const Item& item : instance.instance.component().exports()) {
    if (item.kind() == ItemKind::Module) {
      TENON_TRY(const auto module, instance.instance.get_module(item.name()));
      TENON_CHECK_OK(scope.define_module(item.name(), module));
    } else if (item.kind() == ItemKind::Resource) {
      TENON_TRY(const auto type, instance.instance.get_resource(item.name()));
      TENON_CHECK_OK(scope.define_resource(item.name(), type));
    }
  }
  return {};
}

Judgement Runner::instantiate_named(const Definition& definition, const std::optional<std::string>& name) {
  current_.reset();
  auto instance = instantiate(definition);
  if (!instance) return failed(fmt::format("instantiation failed: {}", instance.error().message()));
  current_ = *instance;
  if (name) {
    Result<> offered;
    if (const auto* core = std::get_if<core::Instance>(&*instance)) offered = offer(*name, *core);
    if (const auto* component = std::get_if<ComponentInstance>(&*instance)) offered = offer(*name, *component);
    if (!offered) return failed(offered.error().message());
    instances_.insert_or_assign(*name, *instance);
  }
  if (const auto* missing = std::get_if<NotRun>(&*instance)) return not_run(missing->reason);
  return passed();
}

Judgement Runner::judge_definition(const Directive& directive) {
  auto definition = define(directive.file);
  if (!definition && !is_missing_feature(definition.error())) {
    if (directive.kind == DirectiveKind::Module) current_.reset();
    return failed(definition.error().message());
  }
  Definition entry = definition ? *std::move(definition) : Definition(NotRun{definition.error().message()});
  if (directive.kind == DirectiveKind::Module) return instantiate_named(entry, directive.name);
  const auto* missing = std::get_if<NotRun>(&entry);
  Judgement judgement = missing == nullptr ? passed() : not_run(missing->reason);
  definitions_.insert_or_assign(directive.name, std::move(entry));
  return judgement;
}

Judgement Runner::judge_refused(const Directive& directive) {
  const auto definition = define(directive.file);
  if (definition) return failed("expected to be refused, but is valid");
  const std::string& actual = definition.error().message();
  if (actual.contains(directive.text)) return passed();
  return is_missing_feature(definition.error()) ? not_run(actual) : failed(wrong_reason(directive.text, actual));
}

Judgement Runner::judge_unlinkable(const Directive& directive) {
  auto definition = define(directive.file);
  if (!definition) return is_missing_feature(definition.error()) ? not_run(definition.error().message()) : failed(definition.error().message());
  const auto instance = instantiate(*definition);
  if (!instance) {
    const std::string& actual = instance.error().message();
    return actual.contains(directive.text) ? passed() : failed(wrong_reason(directive.text, actual));
  }
  if (const auto* missing = std::get_if<NotRun>(&*instance)) return not_run(missing->reason);
  return failed("expected not to link, but does");
}

Judgement Runner::judge_uninstantiable(const Directive& directive) {
  auto definition = define(directive.file);
  if (!definition) return is_missing_feature(definition.error()) ? not_run(definition.error().message()) : failed(definition.error().message());
  auto instance = instantiate(*definition);
  if (!instance) return judge_trap(directive, Outcome(std::move(instance).error()));
  if (const auto* missing = std::get_if<NotRun>(&*instance)) return not_run(missing->reason);
  return failed("expected a trap, but the instance starts");
}

Judgement Runner::judge_register(const Directive& directive) {
  // A thread knows what it shares by its name only.
  if (const auto shared = names_.find(directive.name.value_or("")); directive.name && shared != names_.end()) {
    names_.insert_or_assign(directive.as, CoreNames::mapped_type(shared->second));
    return passed();
  }
  const AnyInstance* instance = find_instance(directive.name);
  if (instance == nullptr) return failed(directive.name ? fmt::format("no instance named `{}`", *directive.name) : "no previous instance");
  if (const auto* missing = std::get_if<NotRun>(instance)) return not_run(missing->reason);
  const auto* core = std::get_if<core::Instance>(instance);
  const auto offered = core != nullptr ? offer(directive.as, *core) : offer(directive.as, std::get<ComponentInstance>(*instance));
  return offered ? passed() : failed(offered.error().message());
}

const AnyInstance* Runner::find_instance(const std::optional<std::string>& name) const {
  if (!name) return current_ ? &*current_ : nullptr;
  const auto found = instances_.find(*name);
  return found == instances_.end() ? nullptr : &found->second;
}

Outcome Runner::act(const Action& action) {
  const AnyInstance* instance = find_instance(action.instance);
  if (instance == nullptr)
    return Error(ErrorKind::NotFound, action.instance ? fmt::format("no instance named `{}`", *action.instance) : "no previous instance found");
  if (const auto* missing = std::get_if<NotRun>(instance)) return *missing;
  if (const auto* core = std::get_if<core::Instance>(instance)) return call(*core, action);
  Outcome outcome = call(std::get<ComponentInstance>(*instance), action);
  // What follows builds on what could not run.
  if (const auto* missing = std::get_if<NotRun>(&outcome)) forget_instance(action.instance, *missing);
  return outcome;
}

void Runner::forget_instance(const std::optional<std::string>& name, const NotRun& missing) {
  if (name) {
    instances_.insert_or_assign(*name, missing);
  } else {
    current_ = missing;
  }
}

Outcome Runner::call(const core::Instance& instance, const Action& action) {
  if (action.is_get) {
    const auto global = instance.get_global(action.field);
    if (!global) return global.error();
    const auto value = global->get();
    return value ? Outcome(std::vector{*value}) : Outcome(NotRun{value.error().message()});
  }
  const auto func = instance.get_func(action.field);
  if (!func) return func.error();
  std::vector<core::Val> arguments;
  for (const Constant& argument : action.arguments) {
    auto value = to_core_value(argument);
    if (!value && value.error().kind() == ErrorKind::Unsupported) return NotRun{value.error().message()};
    if (!value) return value.error();
    arguments.push_back(*value);
  }
  auto results = func->call(arguments);
  if (results) return *std::move(results);
  if (results.error().kind() == ErrorKind::Unsupported) return NotRun{results.error().message()};
  return std::move(results).error();
}

Outcome Runner::call(const ComponentInstance& instance, const Action& action) {
  if (action.is_get) return Error(ErrorKind::NotFound, fmt::format("no global named `{}`", action.field));
  const auto func = instance.instance.get_func(action.field);
  if (!func) return func.error();
  const FuncType type = func->type();
  if (action.arguments.size() != type.param_count()) {
    return Error(ErrorKind::InvalidInput, fmt::format("expected {} argument(s), got {}", type.param_count(), action.arguments.size()));
  }
  std::vector<Value> arguments;
  for (size_t i = 0; i < action.arguments.size(); ++i) {
    auto value = to_value(action.arguments[i], type.param_type(i));
    if (!value) return std::move(value).error();
    arguments.push_back(*std::move(value));
  }
  auto result = func->call(arguments);
  if (result) return ComponentResult{*std::move(result), type};
  if (result.error().kind() == ErrorKind::Unsupported) return NotRun{result.error().message()};
  return std::move(result).error();
}

Judgement Runner::judge_return(const Directive& directive) {
  const Outcome outcome = act(directive.action);
  if (const auto* missing = std::get_if<NotRun>(&outcome)) return not_run(missing->reason);
  if (const auto* error = std::get_if<Error>(&outcome)) return failed(error->message());
  const auto wrong_count = [&](size_t actual) { return failed(fmt::format("expected {} results, got {}", directive.expected.size(), actual)); };
  if (const auto* values = std::get_if<std::vector<core::Val>>(&outcome)) {
    if (values->size() != directive.expected.size()) return wrong_count(values->size());
    for (size_t i = 0; i < values->size(); ++i) {
      const auto matched = match_core(directive.expected[i], (*values)[i]);
      if (!matched && matched.error().kind() == ErrorKind::Unsupported) return not_run(matched.error().message());
      if (!matched) return failed(fmt::format("result {}: {}", i, matched.error().message()));
    }
    return passed();
  }
  const auto& result = std::get<ComponentResult>(outcome);
  if (directive.expected.size() != (result.value ? 1 : 0)) return wrong_count(result.value ? 1 : 0);
  if (!result.value) return passed();
  const auto matched = match(directive.expected[0], *result.value, *result.type.result());
  return matched ? passed() : failed(fmt::format("result: {}", matched.error().message()));
}

Judgement Runner::judge_trap(const Directive& directive, Outcome outcome) {
  if (const auto* missing = std::get_if<NotRun>(&outcome)) return not_run(missing->reason);
  const auto* error = std::get_if<Error>(&outcome);
  if (error == nullptr) return failed(fmt::format("expected a trap \"{}\", but it returned", directive.text));
  return is_expected_trap(directive.text, error->message()) ? passed() : failed(wrong_reason(directive.text, error->message()));
}

/// As Wasmtime's runner: an exception that leaves a component is a trap and no exception.
Judgement Runner::judge_exception(const Directive& directive) {
  const Outcome outcome = act(directive.action);
  if (const auto* missing = std::get_if<NotRun>(&outcome)) return not_run(missing->reason);
  const auto* error = std::get_if<Error>(&outcome);
  if (error == nullptr) return failed("expected an exception, but it returned");
  const AnyInstance* instance = find_instance(directive.action.instance);
  const bool is_core = instance != nullptr && std::holds_alternative<core::Instance>(*instance);
  const Trap* trap = store_->last_trap();
  const bool is_exception = is_core && trap != nullptr && trap->code == TrapCode::UncaughtException && trap->message == error->message();
  return is_exception ? passed() : failed(fmt::format("expected an exception, got \"{}\"", error->message()));
}

Judgement Runner::start_thread(const Directive& directive) {
  if (threads_.size() >= threads_max) {
    Judgement judgement = not_run(fmt::format("more than {} threads", threads_max));
    for (const Directive& inner : directive.directives) note(inner.line, judgement);
    return judgement;
  }
  if (const auto running = threads_.find(*directive.name); running != threads_.end()) join(running);
  Inheritance inheritance{.names = {}, .definitions = definitions_};
  // Only memories that are made for it go from one store to another.
  if (const auto shared = names_.find(directive.module.value_or("")); directive.module && shared != names_.end()) {
    for (const auto& [name, item] : shared->second) {
      if (std::holds_alternative<core::SharedMemory>(item)) inheritance.names[shared->first].insert_or_assign(name, item);
    }
  }
  threads_.emplace(*directive.name, Thread{directive, Child(setting_, directive.directives, std::move(inheritance))});
  return passed();
}

void Runner::join(Threads::iterator thread) {
  if (std::optional<Report> report = thread->second.child.join()) {
    report_.passed += report->passed;
    report_.failed += report->failed;
    report_.not_run += report->not_run;
    std::ranges::move(report->findings, std::back_inserter(report_.findings));
  } else {
    for (const Directive& inner : thread->second.directive.directives) note(inner.line, failed(std::string(waits_for_ever)));
  }
  threads_.erase(thread);
}

Judgement Runner::judge(const Directive& directive) {
  switch (directive.kind) {
    case DirectiveKind::Module:
    case DirectiveKind::ModuleDefinition: return judge_definition(directive);
    case DirectiveKind::ModuleInstance: {
      const auto found = definitions_.find(directive.module);
      if (found == definitions_.end()) return failed(fmt::format("no module named `{}`", directive.module.value_or("")));
      return instantiate_named(found->second, directive.name);
    }
    case DirectiveKind::Register: return judge_register(directive);
    case DirectiveKind::Action: {
      const Outcome outcome = act(directive.action);
      if (const auto* missing = std::get_if<NotRun>(&outcome)) return not_run(missing->reason);
      // As Wasmtime's runner: an action may trap, but what it names must be there. One that the script's time was up for has not ended by itself.
      const auto* error = std::get_if<Error>(&outcome);
      const bool is_failure = error != nullptr && (error->kind() == ErrorKind::NotFound || error->kind() == ErrorKind::Timeout);
      return is_failure ? failed(error->message()) : passed();
    }
    case DirectiveKind::AssertReturn: return judge_return(directive);
    case DirectiveKind::AssertTrap:
    case DirectiveKind::AssertExhaustion: return judge_trap(directive, act(directive.action));
    case DirectiveKind::AssertUninstantiable: return judge_uninstantiable(directive);
    case DirectiveKind::AssertInvalid:
    case DirectiveKind::AssertMalformed: return judge_refused(directive);
    case DirectiveKind::AssertUnlinkable: return judge_unlinkable(directive);
    case DirectiveKind::AssertException: return judge_exception(directive);
    case DirectiveKind::AssertSuspension:
    case DirectiveKind::AssertInvalidCustom:
    case DirectiveKind::AssertMalformedCustom: return not_run(fmt::format("{} is not judged", to_string(directive.kind)));
    case DirectiveKind::Thread: return start_thread(directive);
    case DirectiveKind::Wait: {
      const auto found = threads_.find(directive.name.value_or(""));
      if (found == threads_.end()) return failed(fmt::format("no thread named `{}`", directive.name.value_or("")));
      join(found);
      return passed();
    }
  }
  return failed("unknown directive");
}

Report run_directives(const SharedSetting& setting, const std::vector<Directive>& directives, Inheritance inheritance) {
  Runner runner(setting, std::move(inheritance));
  if (const auto prepared = runner.prepare(); prepared) {
    runner.run(directives);
  } else {
    for (const Directive& directive : directives) runner.note(directive.line, failed(prepared.error().message()));
  }
  return runner.finish();
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::Passed: return "passed";
    case Verdict::Failed: return "failed";
    case Verdict::NotRun: return "not-run";
  }
  return "unknown";
}

bool is_expected_trap(std::string_view expected, std::string_view actual) {
  // Scripts may name the layer that a trap came from.
  static constexpr std::string_view layer = "wasm trap: ";
  if (expected.starts_with(layer)) expected.remove_prefix(layer.size());
  if (actual.contains(expected)) return true;
  // Scripts that name the element, the kind of reference, or what was to be read and written: our messages have less or other detail there.
  const auto both_have = [&](std::string_view phrase) { return expected.contains(phrase) && actual.contains(phrase); };
  if (expected.contains("uninitialized element 2") && actual.contains("uninitialized element")) return true;
  if (expected.contains("null function") && (actual.contains("uninitialized element") || actual.contains("null reference"))) return true;
  if (expected.contains("null") && expected.contains("reference") && actual.contains("null reference")) return true;
  return both_have("cannot write") || both_have("cannot read");
}

Report run(const Engine& engine, Script script, Deadline deadline) {
  const auto made = engine_of(script, engine);
  const auto whole = [](size_t directives, std::string_view reason) {
    return Report{.passed = 0, .failed = directives, .not_run = 0, .findings = {{.line = 0, .verdict = Verdict::Failed, .reason = std::string(reason)}}};
  };
  if (!made) return whole(script.size(), made.error().message());
  const component::TranslateOptions proposals = proposals_of(script);
  const auto setting = std::make_shared<const Setting>(Setting{.engine = *made, .script = std::move(script), .proposals = proposals, .deadline = deadline});
  if (!setting->may_wait_for_ever()) return run_directives(setting, setting->script.directives, {});
  if (std::optional<Report> report = Child(setting, setting->script.directives, {}).join(std::chrono::seconds(2))) return *std::move(report);
  return whole(setting->script.size(), waits_for_ever);
}

}  // namespace tenon::wast
