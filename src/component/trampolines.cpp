// The functions that a component's core modules and adapters import from the host (`CanonicalABI.md`, "Canonical Definitions"; adapters:
// wasmtime-environ `fact`). `env` is the static record, the store says which instance runs.

#include <algorithm>

#include "component/state.h"
#include "component/transcode.h"

namespace tenon::detail {

using component::ResourceTableIndex;
using component::RuntimeMemoryIndex;
using component::TrampolineKind;

namespace {

RawValue* raw(tn_val* values) { return reinterpret_cast<RawValue*>(values); }

std::unexpected<Error> cannot_leave() { return fail(ErrorKind::Trap, "wasm trap: cannot leave component instance"); }

/// A range of a guest's memory for a transcoder, checked.
Result<uint8_t*> range(InstanceState& instance, RuntimeMemoryIndex memory, uint64_t address, uint64_t size) {
  const tn_memory_view view = instance.memory(memory);
  if (address > view.size || size > view.size - address) return fail(ErrorKind::Trap, "wasm trap: string content out-of-bounds");
  return view.data + address;
}

using Body = Result<> (*)(const TrampolineRecord& record, InstanceState& instance, RawValue* values);

Result<> resource_new(const TrampolineRecord& record, InstanceState& instance, RawValue* values) {
  const ResourceTableIndex table = *record.trampoline->resource_table;
  TENON_TRY(const uint32_t index, instance.handles(table).insert_own(instance.store().handles, table, values[0].u32()));
  values[0] = RawValue::of(index);
  return {};
}

Result<> resource_rep(const TrampolineRecord& record, InstanceState& instance, RawValue* values) {
  const ResourceTableIndex table = *record.trampoline->resource_table;
  TENON_TRY(const uint32_t rep, instance.handles(table).rep(values[0].u32(), table));
  values[0] = RawValue::of(rep);
  return {};
}

Result<> resource_drop(const TrampolineRecord& record, InstanceState& instance, RawValue* values) {
  const ResourceTableIndex table = *record.trampoline->resource_table;
  TENON_TRY(const component::HandleTable::Removed removed, instance.handles(table).remove(instance.store().handles, values[0].u32(), table));
  if (!removed.owned) {
    instance.store().scopes.drop_borrow(removed.scope);
    return {};
  }
  return instance.destroy(instance.plan().resource_tables[at(table)].resource, removed.rep, record.trampoline->instance);
}

Result<> backpressure_inc(const TrampolineRecord& record, InstanceState& instance, RawValue*) {
  uint16_t& count = instance.backpressure(*record.trampoline->instance);
  if (count == UINT16_MAX) return fail(ErrorKind::Trap, "wasm trap: backpressure counter overflow");
  ++count;
  return {};
}

Result<> backpressure_dec(const TrampolineRecord& record, InstanceState& instance, RawValue*) {
  uint16_t& count = instance.backpressure(*record.trampoline->instance);
  if (count == 0) return fail(ErrorKind::Trap, "wasm trap: backpressure counter overflow");
  --count;
  return {};
}

Result<> context_get(const TrampolineRecord& record, InstanceState& instance, RawValue* values) {
  values[0] = RawValue::of(instance.context_word(record.context_slot));
  return {};
}

Result<> context_set(const TrampolineRecord& record, InstanceState& instance, RawValue* values) {
  instance.context_word(record.context_slot) = values[0].u32();
  return {};
}

/// A component instance has one table of threads, whose numbers start at 1, and runs one call at a time: neither a parent and its child nor the host's
/// functions enter it again meanwhile, and a destructor that it calls itself runs in its own thread.
Result<> thread_index(const TrampolineRecord&, InstanceState&, RawValue* values) {
  values[0] = RawValue::of(1);
  return {};
}

/// Stands in for a built-in of tasks, streams, futures, error contexts and threads.
Result<> unsupported(const TrampolineRecord& record, InstanceState&, RawValue*) {
  return fail(ErrorKind::Unsupported, "the built-in " + std::string(component::to_string(record.trampoline->kind)) + " cannot run yet");
}

/// Parameters: handle, its table, the table to move it to.
Result<> resource_transfer_own(const TrampolineRecord&, InstanceState& instance, RawValue* values) {
  const ResourceTableIndex from{values[1].u32()};
  const ResourceTableIndex to{values[2].u32()};
  component::HandleCounter& counter = instance.store().handles;
  TENON_TRY(const component::HandleTable::Removed removed, instance.handles(from).remove(counter, values[0].u32(), from));
  if (!removed.owned) return fail(ErrorKind::Trap, "cannot lift own resource from a borrow");
  auto inserted = instance.handles(to).insert_own(counter, to, removed.rep);
  if (!inserted) {
    // Nobody has the handle now. A destructor in a guest is not run, because the guest ends here.
    if (const auto destructor = instance.host_destructor(instance.plan().resource_tables[at(to)].resource))
      (void)(*destructor)(instance.store().store(), removed.rep);
    return std::unexpected(std::move(inserted).error());
  }
  const uint32_t index = *inserted;
  values[0] = RawValue::of(index);
  return {};
}

Result<> resource_transfer_borrow(const TrampolineRecord&, InstanceState& instance, RawValue* values) {
  const ResourceTableIndex from{values[1].u32()};
  const ResourceTableIndex to{values[2].u32()};
  component::HandleTable& source = instance.handles(from);
  component::CallScopes& scopes = instance.store().scopes;
  component::HandleCounter& counter = instance.store().handles;
  TENON_TRY(const component::HandleTable::Lent lent, source.lend(counter, values[0].u32(), from));
  if (lent.owned) scopes.add_lender(source, values[0].u32());
  if (instance.is_own_resource(to)) {
    values[0] = RawValue::of(lent.rep);
    return {};
  }
  TENON_TRY(const uint32_t index, instance.handles(to).insert_borrow(counter, to, lent.rep, scopes.current()));
  scopes.add_borrow();
  values[0] = RawValue::of(index);
  return {};
}

Result<> enter_sync_call(const TrampolineRecord&, InstanceState& instance, RawValue*) {
  instance.store().scopes.push();
  if (instance.plan().is_concurrent) instance.push_context();
  return {};
}

Result<> exit_sync_call(const TrampolineRecord&, InstanceState& instance, RawValue*) {
  TENON_CHECK_OK(instance.store().scopes.finish(instance.store().handles));
  instance.store().scopes.pop();
  if (instance.plan().is_concurrent) instance.pop_context();
  return {};
}

/// The code is one of the engine's own traps.
Result<> trap(const TrampolineRecord&, InstanceState&, RawValue* values) {
  const engine::Buffer text(tn_trap_text(static_cast<uint8_t>(values[0].u32())));
  return fail(ErrorKind::Trap, std::string(text.text()));
}

/// Which of the parameters an operation has after from, length and to.
struct TranscodeParameters {
  bool to_length = false;
  bool latin1_bytes = false;
  bool first_pass = false;
};

TranscodeParameters parameters_of(component::Transcode operation) {
  switch (operation) {
    case component::Transcode::Utf16ToUtf8:
    case component::Transcode::Latin1ToUtf8: return {.to_length = true, .first_pass = true};
    case component::Transcode::Utf8ToCompactUtf16:
    case component::Transcode::Utf16ToCompactUtf16: return {.to_length = true, .latin1_bytes = true};
    default: return {};
  }
}

Result<> transcoder(const TrampolineRecord& record, InstanceState& instance, RawValue* values) {
  const component::Trampoline& trampoline = *record.trampoline;
  const auto pointer = [](const RawValue& value, bool is_64) { return is_64 ? value.u64() : uint64_t{value.u32()}; };
  const TranscodeParameters has = parameters_of(trampoline.transcode);
  component::TranscodeArguments arguments;
  arguments.from_length = pointer(values[1], trampoline.from_64);
  if (has.to_length) arguments.to_length = pointer(values[3], trampoline.to_64);
  if (has.latin1_bytes) arguments.latin1_bytes = pointer(values[4], trampoline.to_64);
  if (has.first_pass) arguments.first_pass = values[4].u32() != 0;
  const component::TranscodeExtent extent = component::transcode_extent(trampoline.transcode, arguments.from_length, arguments.to_length);
  TENON_TRY(arguments.from, range(instance, *trampoline.from_memory, pointer(values[0], trampoline.from_64), extent.from_bytes));
  TENON_TRY(arguments.to, range(instance, *trampoline.to_memory, pointer(values[2], trampoline.to_64), extent.to_bytes));
  if (arguments.from < arguments.to + extent.to_bytes && arguments.to < arguments.from + extent.from_bytes)
    return fail(ErrorKind::Trap, "wasm trap: string content out-of-bounds");
  TENON_TRY(const component::TranscodeResult result, component::transcode(trampoline.transcode, arguments));
  values[0] = RawValue::of(result.first);
  values[1] = RawValue::of(result.second);
  return {};
}

/// Every built-in but LowerImport: `may_leave` where the plan asks for it, then the body.
template <Body Run>
tn_error* builtin(void* env, void* data, tn_context*, tn_val* values, size_t) noexcept {
  const auto& record = *static_cast<const TrampolineRecord*>(env);
  InstanceState& instance = *StoreState::current_of(data).current;
  if (record.checked && !instance.may_leave(*record.checked)) [[unlikely]]
    return engine::give_error(cannot_leave().error());
  if (auto done = Run(record, instance, raw(values)); !done) [[unlikely]]
    return engine::give_error(done.error());
  return nullptr;
}

}  // namespace

/// A host function's call: lift, run, lower, in the scope that its borrows live in (`canon lower`).
struct ImportTrampoline {
  static tn_error* call(void* env, void* data, tn_context*, tn_val* values, size_t) noexcept {
    const auto& record = *static_cast<const TrampolineRecord*>(env);
    StoreState& store = StoreState::current_of(data);
    InstanceState& instance = *store.current;
    if (!instance.may_leave(*record.checked)) [[unlikely]]
      return engine::give_error(cannot_leave().error());
    HostFrame frame(instance, *record.options, FuncType(record.component->types(), *record.type), *record.shape, raw(values));
    if (record.shape->params_use_memory) frame.guest_.refresh();
    // Kept aside, because lowering a flat result overwrites the parameters.
    if (record.shape->result_in_memory) frame.result_area_ = frame.guest_.pointer(raw(values)[record.shape->flat_params]);
    const uint32_t depth = store.scopes.push();
    const HostFunction& function = *instance.pre().functions[at(record.import)];
    store.forget_taken();
    const bool good = function.call(frame);
    store.scopes.unwind(store.handles, depth);
    if (!good && !frame.body_begun_) [[unlikely]]
      store.drop_taken();
    return good ? nullptr : engine::give_error(frame.guest_.take_error());
  }
};

tn_host_function trampoline_function(TrampolineKind kind) {
  switch (kind) {
    case TrampolineKind::LowerImport: return &ImportTrampoline::call;
    case TrampolineKind::Transcoder: return &builtin<transcoder>;
    case TrampolineKind::ResourceNew: return &builtin<resource_new>;
    case TrampolineKind::ResourceRep: return &builtin<resource_rep>;
    case TrampolineKind::ResourceDrop: return &builtin<resource_drop>;
    case TrampolineKind::ResourceTransferOwn: return &builtin<resource_transfer_own>;
    case TrampolineKind::ResourceTransferBorrow: return &builtin<resource_transfer_borrow>;
    case TrampolineKind::EnterSyncCall: return &builtin<enter_sync_call>;
    case TrampolineKind::ExitSyncCall: return &builtin<exit_sync_call>;
    case TrampolineKind::Trap: return &builtin<trap>;
    case TrampolineKind::BackpressureInc: return &builtin<backpressure_inc>;
    case TrampolineKind::BackpressureDec: return &builtin<backpressure_dec>;
    case TrampolineKind::ThreadIndex: return &builtin<thread_index>;
    default: return &builtin<unsupported>;
  }
}

tn_host_function context_function(bool is_set) { return is_set ? &builtin<context_set> : &builtin<context_get>; }

}  // namespace tenon::detail
