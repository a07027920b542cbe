#include "component/plan_check.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace tenon::component {
namespace {

/// Levels of instance and component types inside each other; the validator's own limit is 100.
constexpr uint32_t extern_depth_max = 128;

std::unexpected<Error> damaged(std::string_view what) { return fail(ErrorKind::InvalidInput, "a damaged plan: " + std::string(what)); }

/// The indexes of one space, each to be made once.
class MadeOnce {
 public:
  explicit MadeOnce(size_t count) : seen_(count) {}

  void make(size_t index) {
    if (seen_[index]) twice_ = true;
    seen_[index] = true;
    made_++;
  }
  bool is_complete() const { return !twice_ && made_ == seen_.size(); }

 private:
  std::vector<bool> seen_;
  size_t made_ = 0;
  bool twice_ = false;
};

Result<> check_initializers(const Plan& plan) {
  const Counts& counts = plan.counts;
  MadeOnce instances(counts.instances), memories(counts.memories), tables(counts.tables), reallocs(counts.reallocs), callbacks(counts.callbacks),
      post_returns(counts.post_returns), lowerings(counts.lowerings), resources(plan.defined_resource_instances.size());
  for (const Initializer& step : plan.initializers) {
    if (const auto* instance = std::get_if<InstantiateStaticModule>(&step)) instances.make(at(instance->index));
    if (const auto* instance = std::get_if<InstantiateImportedModule>(&step)) instances.make(at(instance->index));
    if (const auto* memory = std::get_if<ExtractMemory>(&step)) memories.make(at(memory->index));
    if (const auto* table = std::get_if<ExtractTable>(&step)) tables.make(at(table->index));
    if (const auto* realloc = std::get_if<ExtractRealloc>(&step)) reallocs.make(at(realloc->index));
    if (const auto* callback = std::get_if<ExtractCallback>(&step)) callbacks.make(at(callback->index));
    if (const auto* post_return = std::get_if<ExtractPostReturn>(&step)) post_returns.make(at(post_return->index));
    if (const auto* lowering = std::get_if<LowerImport>(&step)) lowerings.make(at(lowering->index));
    if (const auto* resource = std::get_if<DefineResource>(&step)) resources.make(at(resource->index));
  }
  for (const MadeOnce* space : {&instances, &memories, &tables, &reallocs, &callbacks, &post_returns, &lowerings, &resources}) {
    if (!space->is_complete()) return damaged("a run-time index is made twice or never");
  }
  return {};
}

/// Measures how deep instance and component types go, each once.
class Nesting {
 public:
  explicit Nesting(const Plan& plan) : plan_(plan), instances_(plan.instance_types.size()), components_(plan.component_types.size()) {}

  bool is_bounded() {
    for (uint32_t i = 0; i < instances_.size() && !too_deep_; i++) measure(InstanceTypeIndex(i), 0);
    for (uint32_t i = 0; i < components_.size() && !too_deep_; i++) measure(ComponentTypeIndex(i), 0);
    return !too_deep_;
  }

 private:
  uint32_t measure(const std::vector<NamedExtern>& items, uint32_t level) {
    uint32_t depth = 0;
    for (const NamedExtern& item : items) depth = std::max(depth, measure(item.type, level));
    return depth;
  }

  /// Levels below `type`. A type that holds itself runs into the limit.
  uint32_t measure(const ExternType& type, uint32_t level) {
    const auto* instance = std::get_if<InstanceTypeIndex>(&type);
    const auto* component = std::get_if<ComponentTypeIndex>(&type);
    if (instance == nullptr && component == nullptr) return 0;
    uint32_t& known = instance != nullptr ? instances_[at(*instance)] : components_[at(*component)];
    if (level + known > extern_depth_max) too_deep_ = true;
    if (too_deep_ || known != 0) return known;
    uint32_t below = 0;
    if (instance != nullptr) {
      below = measure(plan_.instance_types[at(*instance)].exports, level + 1);
    } else {
      below = std::max(measure(plan_.component_types[at(*component)].imports, level + 1), measure(plan_.component_types[at(*component)].exports, level + 1));
    }
    return known = below + 1;
  }

  const Plan& plan_;
  std::vector<uint32_t> instances_;
  std::vector<uint32_t> components_;
  bool too_deep_ = false;
};

/// Follows each import's path to its type.
Result<> resolve_imports(Plan& plan) {
  std::vector<std::unordered_map<std::string_view, const ExternType*>> names(plan.instance_types.size());
  for (RuntimeImport& import : plan.runtime_imports) {
    import.type = plan.imports[at(import.import)].type;
    for (const std::string& name : import.path) {
      const auto* instance = std::get_if<InstanceTypeIndex>(&import.type);
      if (instance == nullptr) return damaged("an import's path leads through something else than an instance");
      auto& exports = names[at(*instance)];
      if (exports.empty()) {
        for (const NamedExtern& item : plan.instance_types[at(*instance)].exports) exports.emplace(item.name, &item.type);
      }
      const auto found = exports.find(name);
      if (found == exports.end()) return damaged("an import's path leads nowhere");
      import.type = *found->second;
    }
  }
  return {};
}

Result<> check_import_kinds(const Plan& plan) {
  bool fits = true;
  const auto need = [&plan, &fits](RuntimeImportIndex import, ExternKind kind) { fits = fits && kind_of(plan.runtime_imports[at(import)].type) == kind; };
  for (const Initializer& step : plan.initializers) {
    if (const auto* lowering = std::get_if<LowerImport>(&step)) need(lowering->import, ExternKind::Func);
    if (const auto* imported = std::get_if<InstantiateImportedModule>(&step)) need(imported->import, ExternKind::Module);
  }
  for (const RuntimeImportIndex import : plan.imported_resources) need(import, ExternKind::Resource);
  for (const Export& item : plan.export_items) {
    if (const auto* imported = std::get_if<ExportedImportedModule>(&item)) need(imported->import, ExternKind::Module);
  }
  return fits ? Result<>() : damaged("an import is of another kind than its use");
}

}  // namespace

Result<> check_plan(Plan& plan) {
  TENON_CHECK_OK(check_initializers(plan));
  if (!Nesting(plan).is_bounded()) return damaged("instance or component types nest too deeply");
  TENON_CHECK_OK(resolve_imports(plan));
  return check_import_kinds(plan);
}

}  // namespace tenon::component
