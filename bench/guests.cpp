#include "guests.h"

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "tenon/wit.h"

namespace tenon::bench {

EngineConfig config(Meter meter) {
  return {.allocation = Allocation::Pooled,
          .pool = {.instances = pool_instances,
                   .memories = pool_instances,
                   .tables = pool_instances,
                   .memory_bytes_max = pool_memory_bytes,
                   .table_elements_max = table_elements,
                   .memory_keep_resident_bytes = keep_resident_bytes,
                   .table_keep_resident_bytes = keep_resident_bytes},
          .copy_on_write = true,
          .fuel = meter.fuel,
          .epoch = meter.epoch};
}

std::string settings_json() {
  return nlohmann::json{{"wasmtime", "48.0.8"},
                        {"allocation", "pooling"},
                        {"pool_instances", pool_instances},
                        {"pool_memory_bytes", pool_memory_bytes},
                        {"keep_resident_bytes", keep_resident_bytes},
                        {"copy_on_write", true},
                        {"epoch", usual.epoch},
                        {"fuel", usual.fuel}}
      .dump();
}

std::unique_ptr<Store> make_store(const Engine& engine, Meter meter) {
  auto store = must(Store::create(engine), "store");
  if (meter.fuel) must(store->set_fuel(UINT64_MAX / 2), "fuel");
  return store;
}

Component load_component(const Engine& engine, const std::filesystem::path& file) {
  std::ifstream input(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()};
  const std::vector<std::byte> binary = must(wit::text_to_binary(text, file.string()), file.string());
  return must(Component::create(engine, binary), file.string());
}

}  // namespace tenon::bench
