#include "tenon/wit.h"

#include "wit/package_handle.h"

namespace tenon::wit {

namespace {

std::string_view encoding_name(StringEncoding encoding) {
  switch (encoding) {
    case StringEncoding::Utf8: return "utf8";
    case StringEncoding::Utf16: return "utf16";
    case StringEncoding::Latin1OrUtf16: return "latin1+utf16";
  }
  return "utf8";
}

uint32_t adapter_number(Preview1 preview1) {
  switch (preview1) {
    case Preview1::Automatic: return TN_ADAPTER_AUTOMATIC;
    case Preview1::None: return TN_ADAPTER_NONE;
    case Preview1::Command: return TN_ADAPTER_COMMAND;
    case Preview1::Reactor: return TN_ADAPTER_REACTOR;
    case Preview1::Proxy: return TN_ADAPTER_PROXY;
  }
  return TN_ADAPTER_AUTOMATIC;
}

}  // namespace

Result<std::vector<std::byte>> embed(const Package& package, std::span<const std::byte> module, const EmbedOptions& options) {
  NativeBuffer embedded;
  TENON_CHECK_OK(native_result(tn_wit_embed(package.handle_->wit.get(), native_bytes(options.world), native_bytes(module),
                                            native_bytes(encoding_name(options.encoding)), embedded.out())));
  return embedded.bytes();
}

Result<std::vector<std::byte>> dummy_module(const Package& package, std::string_view world) {
  NativeBuffer module;
  TENON_CHECK_OK(native_result(tn_wit_dummy_module(package.handle_->wit.get(), native_bytes(world), module.out())));
  return module.bytes();
}

Result<std::vector<std::byte>> componentize(std::span<const std::byte> module, const ComponentizeOptions& options) {
  std::vector<tn_named_bytes> adapters;
  adapters.reserve(options.adapters.size());
  for (const auto& [name, bytes] : options.adapters) {
    adapters.push_back({native_bytes(name), native_bytes(bytes)});
  }
  const tn_component_new_options native{
      .adapters = adapters.data(),
      .adapter_count = adapters.size(),
      .preview1 = adapter_number(options.preview1),
      .realloc_via_memory_grow = options.realloc_via_memory_grow,
      .merge_imports_by_semver = options.merge_imports_by_semver,
      .debug_names = options.debug_names,
  };
  NativeBuffer component;
  TENON_CHECK_OK(native_result(tn_component_new(native_bytes(module), &native, component.out())));
  return component.bytes();
}

Result<std::vector<std::byte>> compose(std::span<const NamedComponent> components) {
  std::vector<tn_named_bytes> parts;
  for (const NamedComponent& component : components) {
    parts.push_back({native_bytes(component.name), native_bytes(component.bytes)});
  }
  NativeBuffer composed;
  TENON_CHECK_OK(native_result(tn_compose(parts.data(), parts.size(), composed.out())));
  return composed.bytes();
}

Result<std::vector<std::string>> targets(const Package& package, std::string_view world, std::span<const std::byte> component) {
  NativeBuffer differences;
  TENON_CHECK_OK(native_result(tn_wit_targets(package.handle_->wit.get(), native_bytes(world), native_bytes(component), differences.out())));
  return sentences(differences);
}

Result<std::vector<std::string>> semver_check(const Package& before, const Package& after) {
  NativeBuffer differences;
  TENON_CHECK_OK(native_result(tn_wit_semver_check(before.handle_->wit.get(), after.handle_->wit.get(), differences.out())));
  return sentences(differences);
}

Result<std::string> read_metadata(std::span<const std::byte> wasm) {
  NativeBuffer json;
  TENON_CHECK_OK(native_result(tn_metadata_read(native_bytes(wasm), json.out())));
  return json.text();
}

Result<std::vector<std::byte>> add_metadata(std::span<const std::byte> wasm, std::string_view json) {
  NativeBuffer changed;
  TENON_CHECK_OK(native_result(tn_metadata_add(native_bytes(wasm), native_bytes(json), changed.out())));
  return changed.bytes();
}

Result<std::vector<std::byte>> text_to_binary(std::string_view text, std::string_view path) {
  NativeBuffer binary;
  TENON_CHECK_OK(native_result(tn_text_to_binary(native_bytes(text), native_bytes(path), binary.out())));
  return binary.bytes();
}

Result<std::string> binary_to_text(std::span<const std::byte> binary, const TextOptions& options) {
  const uint32_t flags = (options.skeleton ? TN_TEXT_SKELETON : 0U) | (options.folded ? TN_TEXT_FOLDED : 0U);
  NativeBuffer text;
  TENON_CHECK_OK(native_result(tn_binary_to_text(native_bytes(binary), flags, text.out())));
  return text.text();
}

}  // namespace tenon::wit
