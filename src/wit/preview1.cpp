#include "wit/preview1.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "tenon/wit.h"
#include "wit/binary.h"
#include "wit/binary_reader.h"
#include "wit/core_module.h"
#include "wit/native.h"

namespace tenon::wit {
namespace {

constexpr std::string_view preview1_name = "wasi_snapshot_preview1";
constexpr std::string_view exit_module = "tenon:preview1/exit@0.1.0";
constexpr std::string_view exit_function = "proc-exit";
constexpr std::string_view exit_wit = R"(package tenon:preview1@0.1.0;
interface exit { proc-exit: func(status: u32); }
world program { import exit; }
)";

constexpr uint8_t import_section = 2;
constexpr uint8_t export_section = 7;
constexpr uint8_t func_kind = 0;

using Bytes = std::vector<std::byte>;

void put_byte(Bytes& out, uint8_t byte) { out.push_back(std::byte{byte}); }
void put_bytes(Bytes& out, std::span<const std::byte> bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }
void put_number(Bytes& out, uint64_t number) {
  constexpr uint64_t low_bits = 0x7f;
  while (number > low_bits) {
    put_byte(out, static_cast<uint8_t>((number & low_bits) | 0x80));
    number >>= 7;
  }
  put_byte(out, static_cast<uint8_t>(number));
}
void put_name(Bytes& out, std::string_view name) {
  put_number(out, name.size());
  put_bytes(out, std::as_bytes(std::span(name)));
}

/// What is behind an import's names: its kind and type. False when it is of a form that is not known here.
bool skip_import_type(BinaryReader& reader, uint8_t kind) {
  constexpr uint8_t table = 1;
  constexpr uint8_t memory = 2;
  constexpr uint8_t global = 3;
  const auto skip_limits = [&reader] {
    const auto flags = reader.number();
    return flags && reader.skip_number() && ((*flags & 1) == 0 || reader.skip_number());
  };
  // A reference type of two parts is not met in modules of preview 1.
  const auto skip_value_type = [&reader] {
    const auto type = reader.byte();
    return type && *type != 0x63 && *type != 0x64;
  };
  switch (kind) {
    case func_kind: return reader.skip_number();
    case table: return skip_value_type() && skip_limits();
    case memory: return skip_limits();
    case global: return skip_value_type() && reader.byte().has_value();
    default: return false;
  }
}

/// A module of preview 1 whose `proc_exit` goes to the host with its whole status. Absent when the module is of a form that is not known here, and then it is
/// used as it is.
class Mender {
 public:
  explicit Mender(std::span<const std::byte> module) : module_(module) {}

  std::optional<Bytes> mend() {
    const auto sections = read_sections(module_);
    if (!sections) return std::nullopt;
    for (const Section& section : *sections) {
      if (section.id == import_section && !read_imports(section.body)) return std::nullopt;
      if (section.id == export_section && !read_exports(section.body)) return std::nullopt;
    }
    Bytes out(module_.begin(), module_.begin() + 8);
    for (const Section& section : *sections) put_section(out, section);
    return out;
  }

  bool mends_exit() const { return has_exit_; }
  bool is_program() const { return is_program_; }

 private:
  bool read_imports(std::span<const std::byte> body) {
    BinaryReader reader(body);
    const auto count = reader.number();
    if (!count) return false;
    put_number(imports_, *count);
    for (uint64_t i = 0; i < *count; i++) {
      const auto module = reader.name();
      const auto name = reader.name();
      const auto kind = reader.byte();
      const size_t begin = reader.offset();
      if (!module || !name || !kind || !skip_import_type(reader, *kind)) return false;
      const bool is_exit = *module == preview1_name && *kind == func_kind && *name == "proc_exit";
      has_exit_ = has_exit_ || is_exit;
      put_name(imports_, is_exit ? exit_module : *module);
      put_name(imports_, is_exit ? exit_function : *name);
      put_byte(imports_, *kind);
      put_bytes(imports_, body.subspan(begin, reader.offset() - begin));
    }
    return reader.at_end();
  }

  bool read_exports(std::span<const std::byte> body) {
    BinaryReader reader(body);
    const auto count = reader.number();
    for (uint64_t i = 0; count && i < *count; i++) {
      const auto name = reader.name();
      const auto kind = reader.byte();
      const auto index = reader.number();
      if (!name || !kind || !index) return false;
      is_program_ = is_program_ || (*name == "_start" && *kind == func_kind);
    }
    return count && reader.at_end();
  }

  void put_section(Bytes& out, const Section& section) const {
    const std::span<const std::byte> body = section.id == import_section ? std::span<const std::byte>(imports_) : section.body;
    put_byte(out, section.id);
    put_number(out, body.size());
    put_bytes(out, body);
  }

  std::span<const std::byte> module_;
  Bytes imports_;
  bool has_exit_ = false;
  bool is_program_ = false;
};

Result<Bytes> make(std::span<const std::byte> module) {
  Mender mender(module);
  const std::optional<Bytes> mended = mender.mend();
  if (!mended || !mender.mends_exit()) return componentize(module);
  TENON_TRY(const Package package, Package::parse(exit_wit, "preview1.wit"));
  TENON_TRY(const Bytes embedded, embed(package, *mended));
  // Named, because a module that imports nothing but its exit imports nothing of preview 1 by now.
  const tn_bytes adapter = tn_preview1_adapter(mender.is_program() ? TN_ADAPTER_COMMAND : TN_ADAPTER_REACTOR);
  const auto adapter_bytes = std::as_bytes(std::span(adapter.data, adapter.size));
  ComponentizeOptions options;
  options.adapters.emplace_back(preview1_name, Bytes(adapter_bytes.begin(), adapter_bytes.end()));
  return componentize(embedded, options);
}

/// "preview1 ", the number of the mending, and 16 digits that stand for the adapters' bytes.
std::string recipe_name() {
  constexpr size_t digits = 8;
  std::array<uint8_t, 32> key{};
  for (const uint32_t which : {TN_ADAPTER_COMMAND, TN_ADAPTER_REACTOR}) {
    std::array<uint8_t, 32> next{};
    tn_blake3(key.data(), tn_preview1_adapter(which), next.data());
    key = next;
  }
  return "preview1 2 " + base::encode_hex(std::as_bytes(std::span(key).first(digits)));
}

}  // namespace

Result<bool> imports_preview1(std::span<const std::byte> module) {
  TENON_TRY(const CoreModule read, read_core_module(module));
  return std::ranges::any_of(read.imports, [](const CoreItem& import) { return import.module == preview1_name; });
}

const ComponentRecipe& preview1_recipe() {
  static const std::string name = recipe_name();
  static const ComponentRecipe recipe{.name = name, .make = make};
  return recipe;
}

}  // namespace tenon::wit
