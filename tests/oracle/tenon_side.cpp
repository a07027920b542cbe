#include "tenon_side.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tenon/instance.h"
#include "tenon/linker.h"
#include "tenon/store.h"

namespace tenon::oracle {

namespace {

/// What the host of one component keeps over all its instances.
struct Host {
  ResourceType thing;
  Json journal = Json::array();
};

/// Handles of one store.
class StoreHandles final : public Handles {
 public:
  StoreHandles(Store& store, ResourceType thing, std::vector<ResourceAny>& kept) : store_(&store), thing_(thing), kept_(&kept) {}

  Result<Value> handle_from(const Json& json) override {
    if (json.contains("kept")) {
      TENON_TRY(ResourceAny handle, kept_handle(json["kept"].get<size_t>()));
      return Value(std::move(handle));
    }
    return Value(make_resource(*store_, thing_, json.contains("own") ? json["own"].get<uint32_t>() : json["borrow"].get<uint32_t>()));
  }

  Result<ResourceAny> kept_handle(size_t number) const {
    if (number >= kept_->size()) return fail(ErrorKind::InvalidInput, "oracle: no such kept handle");
    return (*kept_)[number];
  }

  Result<Json> handle_to(const ResourceAny& handle) override {
    TENON_TRY(const ResourceType type, resource_type(handle));
    if (type != thing_) {
      kept_->push_back(handle);
      return Json{{"kept", kept_->size() - 1}};
    }
    TENON_TRY(const uint32_t representation, resource_representation(*store_, handle, thing_));
    return Json{{handle.owned ? "own" : "borrow", representation}};
  }

 private:
  Store* store_;
  ResourceType thing_;
  std::vector<ResourceAny>* kept_;
};

/// A function of the host; its name says what it does (src/host.rs).
Result<std::optional<Value>> answer_call(const std::string& name, Host& host, HostCall& call, std::span<Value> arguments) {
  std::vector<ResourceAny> kept;
  StoreHandles handles(call.store(), host.thing, kept);
  Json noted = Json::array();
  for (size_t i = 0; i < arguments.size(); i++) {
    TENON_TRY(Json argument, to_neutral(arguments[i], call.type().param_type(i), handles));
    noted.push_back(std::move(argument));
  }
  host.journal.push_back(Json::array({name, noted}));
  if (name.starts_with("fail")) return fail(ErrorKind::Unavailable, "the host failed");
  if (name.starts_with("[constructor]")) return Value(make_resource(call.store(), host.thing, noted[0].get<uint32_t>()));
  if (name.starts_with("[method]")) return Value(noted[0]["borrow"].get<uint32_t>());
  if (call.type().result() && !arguments.empty()) return std::move(arguments[0]);
  return std::nullopt;
}

Result<> define(LinkerInstance linker, std::span<const Item> items, Host& host) {
  for (const Item& item : items) {
    const std::string name(item.name());
    switch (item.kind()) {
      case ItemKind::Func:
        TENON_CHECK_OK(
            linker.define_func(name, [name, &host](HostCall& call, std::span<Value> arguments) { return answer_call(name, host, call, arguments); }));
        break;
      case ItemKind::Resource:
        TENON_CHECK_OK(linker.define_resource(name, host.thing, [&host](Store&, uint32_t representation) -> Result<> {
          host.journal.push_back(Json::array({"drop", Json::array({representation})}));
          return {};
        }));
        break;
      case ItemKind::Instance: {
        TENON_TRY(LinkerInstance inner, linker.instance(name));
        TENON_CHECK_OK(define(inner, item.exports(), host));
        break;
      }
      default: break;
    }
  }
  return {};
}

struct Live {
  std::unique_ptr<Store> store;
  std::optional<Instance> instance;
  std::vector<ResourceAny> kept;
};

Result<Live> start(const Engine& engine, const InstancePre& pre) {
  Live live;
  TENON_TRY(live.store, Store::create(engine));
  TENON_TRY(live.instance, pre.instantiate(*live.store));
  return live;
}

Result<Json> call_once(Live& live, const Host& host, const Json& call) {
  StoreHandles handles(*live.store, host.thing, live.kept);
  if (call.contains("drop")) {
    TENON_TRY(const ResourceAny handle, handles.kept_handle(call["drop"].get<size_t>()));
    TENON_CHECK_OK(drop_resource(*live.store, handle));
    return Json::array();
  }
  TENON_TRY(const Func func, live.instance->get_func(call["func"].get<std::string>()));
  const FuncType type = func.type();
  std::vector<Value> arguments;
  for (size_t i = 0; i < type.param_count(); i++) {
    TENON_TRY(Value argument, from_neutral(call["arguments"][i], type.param_type(i), handles));
    arguments.push_back(std::move(argument));
  }
  TENON_TRY(std::optional<Value> result, func.call(arguments));
  if (!result) return Json::array();
  TENON_TRY(Json neutral, to_neutral(*result, *type.result(), handles));
  return Json::array({std::move(neutral)});
}

}  // namespace

Result<Json> TenonSide::run(std::span<const std::byte> bytes, const Json& calls) const {
  TENON_TRY(const Component component, Component::create(engine_, bytes));
  Host host{.thing = thing_};
  Linker linker(engine_);
  TENON_CHECK_OK(define(linker.root(), component.imports(), host));
  TENON_TRY(const InstancePre pre, linker.instantiate_pre(component));
  TENON_TRY(Live live, start(engine_, pre));
  Json results = Json::array();
  for (size_t i = 0; i < calls.size(); i++) {
    if (i > 0 && calls[i].value("fresh", false)) {
      live.instance.reset();
      live.kept.clear();
      // What ends with the store, whose resources the host's destructor gets then, is no part of the next call; in the oracle nothing of it runs.
      live.store.reset();
      host.journal = Json::array();
      TENON_TRY(live, start(engine_, pre));
    }
    auto called = call_once(live, host, calls[i]);
    Json result = called ? Json{{"ok", *std::move(called)}} : Json{{"trap", called.error().message()}};
    result["journal"] = std::exchange(host.journal, Json::array());
    result["poisoned"] = live.instance->is_poisoned();
    results.push_back(std::move(result));
  }
  return Json{{"results", std::move(results)}};
}

Json TenonSide::answer(std::span<const std::byte> component, const Json& calls) const {
  auto answer = run(component, calls);
  return answer ? *std::move(answer) : Json{{"error", answer.error().message()}};
}

}  // namespace tenon::oracle
