#include "wit/inspect.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "component/plan.h"
#include "tenon/result.h"
#include "tenon/types.h"
#include "tenon/value_text.h"
#include "tenon/wit.h"
#include "wit/binary.h"
#include "wit/walk.h"

namespace tenon::wit {
namespace {

using component::at;
using component::Plan;
using nlohmann::ordered_json;

constexpr std::string_view wasi_prefix = "wasi:";
constexpr std::string_view preview1_prefix = "wasi_";

/// Types of instances may share parts, so that a small file can describe a very large tree.
constexpr size_t items_max = 200'000;

/// Whether items have the JSON Schemas of functions, which are of use for what can be called.
enum class Schemas : uint8_t { Without, With };

/// Turns the types of a plan into items.
class ItemMaker {
 public:
  ItemMaker(const Plan& plan, Schemas schemas) : plan_(plan), schemas_(schemas) {}

  std::vector<InspectedItem> make(std::span<const component::NamedExtern> named) {
    std::vector<InspectedItem> items;
    for (const component::NamedExtern& one : named) {
      if (++made_ > items_max) break;
      items.push_back(make(one));
    }
    return items;
  }

  bool is_complete() const { return made_ <= items_max; }

 private:
  InspectedItem make(const component::NamedExtern& named) {
    InspectedItem item{.name = named.name, .kind = std::string(to_string(component::kind_of(named.type))), .type = {}, .items = {}, .schema = {}};
    if (const auto* func = std::get_if<component::FuncTypeIndex>(&named.type)) {
      const FuncTypeNode& node = plan_.func_types[at(*func)];
      item.type = func_text(node);
      if (schemas_ == Schemas::With) {
        if (auto schema = function_schema(*plan_.types, node)) item.schema = std::move(*schema);
      }
    } else if (const auto* instance = std::get_if<component::InstanceTypeIndex>(&named.type)) {
      item.items = make(plan_.instance_types[at(*instance)].exports);
    } else if (const auto* type = std::get_if<TypeIndex>(&named.type)) {
      item.type = to_string(Type(*plan_.types, *type));
    } else if (const auto* module = std::get_if<component::ModuleTypeIndex>(&named.type)) {
      const component::ModuleType& node = plan_.module_types[at(*module)];
      item.type = fmt::format("{} imports, {} exports", node.imports.size(), node.exports.size());
    } else if (const auto* nested = std::get_if<component::ComponentTypeIndex>(&named.type)) {
      const component::ComponentType& node = plan_.component_types[at(*nested)];
      item.type = fmt::format("{} imports, {} exports", node.imports.size(), node.exports.size());
    }
    return item;
  }

  std::string func_text(const FuncTypeNode& func) const {
    std::vector<std::string> params;
    params.reserve(func.params.size());
    for (const Param& param : func.params) params.push_back(fmt::format("{}: {}", param.name, to_string(Type(*plan_.types, param.type))));
    std::string text = fmt::format("{}func({})", func.is_async ? "async " : "", fmt::join(params, ", "));
    if (func.result) text += " -> " + to_string(Type(*plan_.types, *func.result));
    return text;
  }

  const Plan& plan_;
  Schemas schemas_;
  size_t made_ = 0;
};

Result<InspectedModule> inspect_module(const component::StaticModule& module) {
  InspectedModule inspected{.bytes = module.bytes.size(),
                            .is_adapter = module.is_adapter,
                            .import_count = module.imports.size(),
                            .export_count = module.exports.size(),
                            .memories = {}};
  TENON_TRY(CoreModule read, read_core_module(module.bytes));
  inspected.memories = std::move(read.memories);
  return inspected;
}

/// The WIT of a binary; core modules need not carry one, and WIT cannot say everything that a component may import.
std::string wit_text(FileKind kind, std::span<const std::byte> binary) {
  const auto package = Package::decode(binary);
  if (!package || (kind == FileKind::CoreModule && package->origin() == Origin::Package)) return {};
  return package->print({.dependencies = kind == FileKind::CoreModule}).value_or("");
}

Result<> inspect_core(Inspection& inspection, std::span<const std::byte> binary) {
  TENON_CHECK_OK(component::validate(binary));
  TENON_TRY(CoreModule module, read_core_module(binary));
  inspection.modules.push_back({.bytes = binary.size(),
                                .is_adapter = false,
                                .import_count = module.imports.size(),
                                .export_count = module.exports.size(),
                                .memories = std::move(module.memories)});
  for (CoreItem& import : module.imports) {
    const bool is_wasi = import.module.starts_with(preview1_prefix);
    inspection.imports.push_back(
        {.name = import.module + "." + import.name, .kind = std::move(import.kind), .type = std::move(import.type), .items = {}, .schema = {}});
    if (is_wasi) inspection.wasi.push_back(inspection.imports.back().name);
  }
  for (CoreItem& exported : module.exports) {
    inspection.exports.push_back(
        {.name = std::move(exported.name), .kind = std::move(exported.kind), .type = std::move(exported.type), .items = {}, .schema = {}});
  }
  return {};
}

Result<> inspect_component(Inspection& inspection, const Plan& plan) {
  const component::ComponentType& type = plan.component_types[at(plan.type)];
  ItemMaker imports(plan, Schemas::Without);
  ItemMaker exports(plan, Schemas::With);
  inspection.imports = imports.make(type.imports);
  inspection.exports = exports.make(type.exports);
  if (!imports.is_complete() || !exports.is_complete())
    return fail(ErrorKind::LimitExceeded, fmt::format("the component imports or exports more than {} items", items_max));
  for (const component::StaticModule& module : plan.static_modules) {
    TENON_TRY(InspectedModule inspected, inspect_module(module));
    inspection.modules.push_back(std::move(inspected));
  }
  for (const InspectedItem& import : inspection.imports) {
    if (import.name.starts_with(wasi_prefix)) inspection.wasi.push_back(import.name);
  }
  std::set<std::string> seen;
  for (const component::UnsupportedUse& use : unsupported_uses(plan)) {
    if (seen.insert(use.name).second) inspection.unsupported.push_back(use.name);
  }
  return {};
}

ordered_json json_of(const std::vector<InspectedItem>& items) {
  ordered_json list = ordered_json::array();
  for (const InspectedItem& item : items) {
    ordered_json one{{"name", item.name}, {"kind", item.kind}};
    if (!item.type.empty()) one["type"] = item.type;
    if (item.kind == "instance") one["items"] = json_of(item.items);
    list.push_back(std::move(one));
  }
  return list;
}

ordered_json json_of(const std::vector<InspectedModule>& modules) {
  ordered_json list = ordered_json::array();
  for (const InspectedModule& module : modules) {
    ordered_json memories = ordered_json::array();
    for (const DefinedMemory& memory : module.memories) {
      ordered_json one{
          {"minimum", memory.minimum}, {"maximum", nullptr}, {"page_bytes", memory.page_bytes}, {"is_64", memory.is_64}, {"is_shared", memory.is_shared}};
      if (memory.maximum) one["maximum"] = *memory.maximum;
      memories.push_back(std::move(one));
    }
    list.push_back(ordered_json{{"bytes", module.bytes},
                                {"adapter", module.is_adapter},
                                {"imports", module.import_count},
                                {"exports", module.export_count},
                                {"memories", std::move(memories)}});
  }
  return list;
}

void print_items(std::string& text, const std::vector<InspectedItem>& items, std::string_view indent) {
  for (const InspectedItem& item : items) {
    const bool type_says_it = item.type.starts_with("func(") || item.type.starts_with("async func(");
    text += fmt::format("{}{}{}{}{}{}\n", indent, item.name, item.kind == "instance" ? "" : ": ", item.kind == "instance" || type_says_it ? "" : item.kind,
                        item.type.empty() || type_says_it ? "" : " ", item.type);
    print_items(text, item.items, std::string(indent) + "  ");
  }
}

/// "language: Rust 1.95.0; processed-by: wit-component 0.254.2", of the outermost component or module, else of the first module that has one.
std::string producers_text(const ordered_json& metadata) {
  for (const auto& [kind, body] : metadata.items()) {
    const ordered_json& fields = body.contains("metadata") ? body["metadata"] : body;
    std::vector<std::string> parts;
    if (fields.contains("producers") && fields["producers"].is_array()) {
      for (const ordered_json& producer : fields["producers"]) {
        if (!producer.is_array() || producer.size() != 2 || !producer[0].is_string() || !producer[1].is_object()) continue;
        std::vector<std::string> tools;
        for (const auto& [tool, version] : producer[1].items()) tools.push_back(version.is_string() ? tool + " " + version.get<std::string>() : tool);
        parts.push_back(fmt::format("{}: {}", producer[0].get<std::string>(), fmt::join(tools, ", ")));
      }
    }
    if (!parts.empty()) return fmt::format("{}", fmt::join(parts, "; "));
    if (!body.contains("children")) continue;
    for (const ordered_json& child : body["children"]) {
      if (std::string text = producers_text(child); !text.empty()) return text;
    }
  }
  return {};
}

void collect_schemas(ordered_json& schemas, const std::vector<InspectedItem>& items, const std::string& prefix) {
  for (const InspectedItem& item : items) {
    collect_schemas(schemas, item.items, prefix + item.name + "#");
    if (item.kind != "func") continue;
    if (!item.schema) {
      schemas[prefix + item.name] = nullptr;
      continue;
    }
    const auto parsed = [](const std::optional<std::string>& text) { return text ? ordered_json::parse(*text) : ordered_json(nullptr); };
    schemas[prefix + item.name] =
        ordered_json{{"input", parsed(item.schema->input)}, {"output", parsed(item.schema->output)}, {"error", parsed(item.schema->error)}};
  }
}

}  // namespace

Result<Inspection> inspect(FileKind kind, std::span<const std::byte> binary, PlanDump dump) {
  Inspection inspection;
  inspection.kind = kind;
  inspection.bytes = binary.size();
  TENON_CHECK_OK(read_sections(binary));
  if (kind == FileKind::WitPackage) {
    TENON_TRY(const Package package, Package::decode(binary));
    TENON_TRY(inspection.wit, package.print({.dependencies = false}));
  } else {
    if (kind == FileKind::CoreModule) {
      TENON_CHECK_OK(inspect_core(inspection, binary));
    } else {
      TENON_TRY(const component::PlanBuffer buffer, component::translate(binary));
      TENON_TRY(const Plan plan, component::load(buffer.bytes()));
      TENON_CHECK_OK(inspect_component(inspection, plan));
      if (dump == PlanDump::With) inspection.plan = component::dump(plan);
    }
    inspection.wit = wit_text(kind, binary);
  }
  TENON_TRY(inspection.metadata, read_metadata(binary));
  return inspection;
}

std::string describe_size(uint64_t bytes) {
  constexpr uint64_t kilobyte = 1000;
  constexpr uint64_t megabyte = 1000 * kilobyte;
  if (bytes >= megabyte) return fmt::format("{:.1f} MB", static_cast<double>(bytes) / megabyte);
  if (bytes >= 10 * kilobyte) return fmt::format("{} kB", bytes / kilobyte);
  return fmt::format("{} bytes", bytes);
}

std::string describe(const DefinedMemory& memory) {
  std::string text = fmt::format("memory of {}", memory.minimum);
  if (!memory.maximum)
    text += " or more";
  else if (*memory.maximum != memory.minimum)
    text += fmt::format(" to {}", *memory.maximum);
  text += fmt::format(" pages of {}", memory.page_bytes == 65536 ? "64 KiB" : fmt::format("{} bytes", memory.page_bytes));
  if (memory.is_64) text += ", 64-bit";
  if (memory.is_shared) text += ", shared";
  return text;
}

std::string to_text(const Inspection& inspection, std::string_view name) {
  std::string text = fmt::format("{}: {}, {}\n", name, to_string(inspection.kind), describe_size(inspection.bytes));
  if (const std::string producers = producers_text(ordered_json::parse(inspection.metadata, nullptr, false)); !producers.empty())
    text += fmt::format("producers: {}\n", producers);
  if (!inspection.wasi.empty()) text += fmt::format("needs from WASI: {}\n", fmt::join(inspection.wasi, ", "));
  if (!inspection.unsupported.empty()) text += fmt::format("cannot run here yet, because it uses: {}\n", fmt::join(inspection.unsupported, ", "));
  const auto section = [&text](std::string_view title, const std::vector<InspectedItem>& items) {
    text += fmt::format("\n{}{}\n", title, items.empty() ? ": none" : "");
    print_items(text, items, "  ");
  };
  if (inspection.kind != FileKind::WitPackage) {
    section("imports", inspection.imports);
    section("exports", inspection.exports);
    text += "\ncore modules\n";
  }
  for (const InspectedModule& module : inspection.modules) {
    text += fmt::format("  {}, {} imports, {} exports{}", describe_size(module.bytes), module.import_count, module.export_count,
                        module.is_adapter ? ", made to connect components" : "");
    for (const DefinedMemory& memory : module.memories) text += ", " + describe(memory);
    text += "\n";
  }
  if (!inspection.wit.empty()) text += "\nWIT\n" + inspection.wit;
  if (!text.ends_with('\n')) text += "\n";
  if (!inspection.plan.empty()) text += "\nplan\n" + inspection.plan;
  return printable(text);
}

std::string to_json(const Inspection& inspection, std::string_view name) {
  ordered_json json{{"file", name},
                    {"kind", to_string(inspection.kind)},
                    {"bytes", inspection.bytes},
                    {"imports", json_of(inspection.imports)},
                    {"exports", json_of(inspection.exports)},
                    {"modules", json_of(inspection.modules)},
                    {"wasi", inspection.wasi},
                    {"unsupported", inspection.unsupported},
                    {"wit", inspection.wit},
                    {"metadata", ordered_json::parse(inspection.metadata, nullptr, false)}};
  if (!inspection.plan.empty()) json["plan"] = inspection.plan;
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

std::string schemas_to_json(const Inspection& inspection) {
  ordered_json schemas = ordered_json::object();
  collect_schemas(schemas, inspection.exports, "");
  return schemas.dump(2);
}

}  // namespace tenon::wit
