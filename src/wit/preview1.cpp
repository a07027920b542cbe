#include "wit/preview1.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "tenon/wit.h"
#include "wit/core_module.h"
#include "wit/native.h"

namespace tenon::wit {
namespace {

/// "preview1 " and 16 digits that stand for the adapters' bytes.
std::string recipe_name() {
  constexpr size_t digits = 8;
  std::array<uint8_t, 32> key{};
  for (const uint32_t which : {TN_ADAPTER_COMMAND, TN_ADAPTER_REACTOR}) {
    std::array<uint8_t, 32> next{};
    tn_blake3(key.data(), tn_preview1_adapter(which), next.data());
    key = next;
  }
  return "preview1 " + base::encode_hex(std::as_bytes(std::span(key).first(digits)));
}

}  // namespace

Result<bool> imports_preview1(std::span<const std::byte> module) {
  TENON_TRY(const CoreModule read, read_core_module(module));
  return std::ranges::any_of(read.imports, [](const CoreItem& import) { return import.module == "wasi_snapshot_preview1"; });
}

const ComponentRecipe& preview1_recipe() {
  static const std::string name = recipe_name();
  static const ComponentRecipe recipe{.name = name, .make = [](std::span<const std::byte> module) { return componentize(module); }};
  return recipe;
}

}  // namespace tenon::wit
