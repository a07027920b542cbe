#include "wit/binary.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/utf8.h"
#include "tenon/result.h"
#include "wit/binary_reader.h"
#include "wit/walk.h"

namespace tenon::wit {
namespace {

constexpr std::string_view wasm_magic{"\0asm", 4};
constexpr std::string_view module_version{"\1\0\0\0", 4};
constexpr std::string_view component_version{"\x0d\0\1\0", 4};
constexpr size_t header_bytes = 8;
constexpr size_t sections_max = 100'000;

constexpr std::array<std::string_view, 14> module_sections = {"custom", "type",  "import",  "function", "table", "memory",     "global",
                                                              "export", "start", "element", "code",     "data",  "data count", "tag"};
constexpr std::array<std::string_view, 13> component_sections = {"custom", "core module", "core instance", "core type", "component", "instance", "alias",
                                                                 "type",   "canon",       "start",         "import",    "export",    "value"};
constexpr uint8_t custom_section = 0;
constexpr uint8_t component_type_section = 7;
constexpr uint8_t component_export_section = 11;

/// Whether every export is a type.
bool exports_only_types(std::span<const std::byte> body) {
  constexpr uint8_t sort_type = 3;
  BinaryReader reader(body);
  const auto count = reader.number();
  if (!count || *count == 0) return false;
  for (uint64_t i = 0; i < *count; i++) {
    if (!reader.byte() || !reader.name() || reader.byte() != sort_type) return false;
    // A type that the export is given would come after its index, in a form that has to be parsed: packages have none.
    if (!reader.number() || reader.byte() != 0) return false;
  }
  return true;
}

/// Whether the first type is that of a component: packages are written as one such type for each interface and world.
bool defines_component_type(std::span<const std::byte> body) {
  constexpr uint8_t component_type = 0x41;
  BinaryReader reader(body);
  return reader.number().value_or(0) != 0 && reader.byte() == component_type;
}

bool is_wit_package(std::span<const std::byte> binary) {
  const auto sections = read_sections(binary);
  if (!sections) return false;
  bool has_exports = false;
  for (const Section& section : *sections) {
    if (section.id == component_export_section) {
      if (!exports_only_types(section.body)) return false;
      has_exports = true;
    } else if (section.id == component_type_section) {
      if (!defines_component_type(section.body)) return false;
    } else if (section.id != custom_section) {
      return false;
    }
  }
  return has_exports;
}

/// Core modules once carried a component in a custom section.
bool is_legacy(std::span<const std::byte> module) {
  const auto sections = read_sections(module);
  return sections && std::ranges::any_of(*sections, [](const Section& section) { return section.id == custom_section && section.name == "component"; });
}

/// Drops what may stand in front of the first parenthesis of WebAssembly text: blanks and comments.
std::string_view skip_text_blank(std::string_view text) {
  for (;;) {
    const size_t first = text.find_first_not_of(" \t\r\n");
    text.remove_prefix(std::min(first, text.size()));
    if (text.starts_with(";;")) {
      text.remove_prefix(std::min(text.find('\n'), text.size()));
    } else if (text.starts_with("(;")) {
      size_t depth = 0;
      size_t at = 0;
      do {
        if (text.substr(at).starts_with("(;")) {
          depth++;
          at += 2;
        } else if (text.substr(at).starts_with(";)")) {
          depth--;
          at += 2;
        } else {
          at++;
        }
      } while (depth > 0 && at < text.size());
      text.remove_prefix(std::min(at, text.size()));
    } else {
      return text;
    }
  }
}

/// What a file that is no WebAssembly looks like.
std::string describe_other(std::string_view file) {
  struct Magic {
    std::string_view bytes;
    std::string_view name;
  };
  static constexpr std::array magics = {
      Magic{"\x7f"
            "ELF",
            "an ELF program"},
      Magic{"\x1f\x8b", "a gzip file"},
      Magic{"PK\3\4", "a zip file"},
      Magic{"\x28\xb5\x2f\xfd", "a zstd file"},
      Magic{"\x89PNG", "a PNG image"},
      Magic{"%PDF", "a PDF document"},
      Magic{"#!", "a script"},
      Magic{"MZ", "a Windows program"},
      Magic{"\xfd"
            "7zXZ",
            "an xz file"},
      Magic{"!<arch>", "an ar archive"},
      Magic{"BC\xc0\xde", "LLVM bitcode"},
  };
  if (file.empty()) return "an empty file";
  for (const Magic& magic : magics) {
    if (file.starts_with(magic.bytes)) return std::string(magic.name);
  }
  const std::string_view start = file.substr(0, std::min<size_t>(file.size(), 256));
  for (std::string_view word : {"package ", "interface ", "world ", "/// "}) {
    if (skip_text_blank(start).starts_with(word)) return "text that looks like WIT (tenon wit reads it)";
  }
  size_t cut = start.size();
  while (cut > 0 && start.size() - cut < 4 && !base::is_utf8(start.substr(0, cut))) cut--;
  const bool is_text = base::is_utf8(start.substr(0, cut)) &&
                       std::ranges::none_of(start, [](char c) { return static_cast<uint8_t>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t'; });
  if (is_text) return fmt::format("text that starts with \"{}\"", excerpt(start.substr(0, std::min(start.find('\n'), start.size()))));
  std::string hex;
  for (char c : file.substr(0, header_bytes)) hex += fmt::format("{}{:02x}", hex.empty() ? "" : " ", static_cast<uint8_t>(c));
  return fmt::format("the bytes {}", hex);
}

}  // namespace

std::string_view to_string(FileKind kind) {
  switch (kind) {
    case FileKind::Component: return "component";
    case FileKind::CoreModule: return "core module";
    case FileKind::WitPackage: return "WIT package";
    case FileKind::Text: break;
  }
  return "text";
}

Result<FileKind> detect(std::span<const std::byte> file) {
  const std::string_view text = as_text(file);
  if (text.starts_with(wasm_magic)) {
    const std::string_view version = text.substr(wasm_magic.size(), module_version.size());
    if (version == module_version && is_legacy(file)) {
      return fail(ErrorKind::Unsupported,
                  "a core module of the legacy component model of preview 1 (it has a custom section \"component\"); build it again as a component");
    }
    if (version == module_version) return FileKind::CoreModule;
    if (version == component_version) return is_wit_package(file) ? FileKind::WitPackage : FileKind::Component;
    if (version.size() < module_version.size()) return fail(ErrorKind::InvalidInput, fmt::format("WebAssembly cut off after {} bytes", file.size()));
    auto number = [&version](size_t at) {
      return static_cast<uint32_t>(static_cast<uint8_t>(version[at])) | static_cast<uint32_t>(static_cast<uint8_t>(version[at + 1])) << 8;
    };
    return fail(ErrorKind::InvalidInput,
                fmt::format("WebAssembly of version {} and layer {}, expected version 1, layer 0 (core module) or version 13, layer 1 (component)", number(0),
                            number(2)));
  }
  if (skip_text_blank(text.substr(0, std::min<size_t>(text.size(), 65536))).starts_with('(')) return FileKind::Text;
  return fail(ErrorKind::InvalidInput, "expected WebAssembly (a binary, or text that starts with a parenthesis), got " + describe_other(text));
}

Result<std::vector<Section>> read_sections(std::span<const std::byte> binary) {
  std::vector<Section> sections;
  if (binary.size() < header_bytes) return fail(ErrorKind::InvalidInput, fmt::format("WebAssembly cut off after {} bytes", binary.size()));
  const bool is_module = as_text(binary).substr(wasm_magic.size()).starts_with(module_version);
  const std::span<const std::string_view> names = is_module ? std::span<const std::string_view>(module_sections) : component_sections;
  BinaryReader reader(binary.subspan(header_bytes));
  while (!reader.at_end()) {
    if (sections.size() == sections_max) return fail(ErrorKind::LimitExceeded, fmt::format("more than {} sections", sections_max));
    const size_t offset = header_bytes + reader.offset();
    const auto id = reader.byte();
    const auto size = reader.number();
    const auto body = size ? reader.take(*size) : std::nullopt;
    if (!id || !body) return fail(ErrorKind::InvalidInput, fmt::format("the section at offset {} reaches past the end of the file", offset));
    Section section{.id = *id, .name = *id < names.size() ? names[*id] : "unknown", .body = *body};
    if (*id == custom_section) section.name = BinaryReader(*body).name().value_or("");
    sections.push_back(section);
  }
  return sections;
}

}  // namespace tenon::wit
