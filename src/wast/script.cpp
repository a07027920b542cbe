#include "wast/script.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>

#include "base/check.h"
#include "tenon_native.h"

namespace tenon::wast {
namespace {

using nlohmann::json;

struct KindName {
  DirectiveKind kind;
  std::string_view name;
};

constexpr std::array<KindName, 18> kind_names{{
    {DirectiveKind::Module, "module"},
    {DirectiveKind::ModuleDefinition, "module_definition"},
    {DirectiveKind::ModuleInstance, "module_instance"},
    {DirectiveKind::Register, "register"},
    {DirectiveKind::Action, "action"},
    {DirectiveKind::AssertReturn, "assert_return"},
    {DirectiveKind::AssertTrap, "assert_trap"},
    {DirectiveKind::AssertExhaustion, "assert_exhaustion"},
    {DirectiveKind::AssertException, "assert_exception"},
    {DirectiveKind::AssertSuspension, "assert_suspension"},
    {DirectiveKind::AssertUninstantiable, "assert_uninstantiable"},
    {DirectiveKind::AssertInvalid, "assert_invalid"},
    {DirectiveKind::AssertMalformed, "assert_malformed"},
    {DirectiveKind::AssertUnlinkable, "assert_unlinkable"},
    {DirectiveKind::AssertInvalidCustom, "assert_invalid_custom"},
    {DirectiveKind::AssertMalformedCustom, "assert_malformed_custom"},
    {DirectiveKind::Thread, "thread"},
    {DirectiveKind::Wait, "wait"},
}};

DirectiveKind kind_of(std::string_view name) {
  for (const KindName& entry : kind_names) {
    if (entry.name == name) return entry.kind;
  }
  TENON_CHECK(false, "directive " + std::string(name));
  std::unreachable();
}

/// A member of the description; it is our own library's word, so a missing one is our own bug.
std::string text_of(const json& object, const char* key) { return object.at(key).get<std::string>(); }

std::optional<std::string> optional_text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? std::nullopt : std::optional(found->get<std::string>());
}

class Reader {
 public:
  Reader(const json& description, std::span<const std::byte> binaries) {
    for (const auto& [name, file] : description.at("files").items()) {
      ScriptFile& entry = script.files.emplace_back();
      indexes_.emplace(name, script.files.size() - 1);
      if (const auto error = file.find("error"); error != file.end()) {
        entry.error = error->get<std::string>();
        continue;
      }
      const auto bytes = binaries.subspan(file.at("offset").get<size_t>(), file.at("size").get<size_t>());
      entry.bytes.assign(bytes.begin(), bytes.end());
    }
    for (const json& command : description.at("commands")) script.directives.push_back(directive(command));
  }

  Script script;

 private:
  Directive directive(const json& command) {
    Directive result;
    result.kind = kind_of(text_of(command, "type"));
    result.line = command.at("line").get<uint32_t>();
    result.name = optional_text(command, result.kind == DirectiveKind::ModuleInstance ? "instance" : result.kind == DirectiveKind::Wait ? "thread" : "name");
    result.module = optional_text(command, result.kind == DirectiveKind::Thread ? "shared_module" : "module");
    result.as = optional_text(command, "as").value_or("");
    result.text = optional_text(command, "text").value_or("");
    if (command.contains("filename")) result.file = file(command);
    if (const auto found = command.find("action"); found != command.end()) result.action = action(*found);
    if (const auto found = command.find("expected"); found != command.end()) result.expected = found->get<std::vector<Constant>>();
    if (const auto found = command.find("commands"); found != command.end()) {
      for (const json& inner : *found) result.directives.push_back(directive(inner));
    }
    return result;
  }

  /// Text that encodes has its binary under a name of its own.
  size_t file(const json& command) const { return indexes_.at(optional_text(command, "binary_filename").value_or(text_of(command, "filename"))); }

  static Action action(const json& object) {
    Action result;
    result.is_get = text_of(object, "type") == "get";
    result.instance = optional_text(object, "module");
    result.field = text_of(object, "field");
    if (const auto found = object.find("args"); found != object.end()) result.arguments = found->get<std::vector<Constant>>();
    return result;
  }

  std::map<std::string, size_t, std::less<>> indexes_;
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r";
  const size_t first = text.find_first_not_of(space);
  return first == std::string_view::npos ? std::string_view() : text.substr(first, text.find_last_not_of(space) + 1 - first);
}

/// The settings in the first lines; a line that is no setting says nothing.
std::map<std::string, bool, std::less<>> read_settings(std::string_view text) {
  constexpr std::string_view mark = ";;!";
  std::map<std::string, bool, std::less<>> settings;
  while (text.starts_with(mark)) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(mark.size(), end - mark.size());
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view value = trimmed(line.substr(equals + 1));
    if (value == "true" || value == "false") settings.insert_or_assign(std::string(trimmed(line.substr(0, equals))), value == "true");
  }
  return settings;
}

size_t count(const std::vector<Directive>& directives) {
  size_t total = directives.size();
  for (const Directive& directive : directives) total += count(directive.directives);
  return total;
}

}  // namespace

std::string_view to_string(DirectiveKind kind) {
  for (const KindName& entry : kind_names) {
    if (entry.kind == kind) return entry.name;
  }
  return "directive";
}

Result<Script> Script::parse(std::string_view text) {
  tn_buffer buffer{};
  const tn_bytes input{reinterpret_cast<const uint8_t*>(text.data()), text.size()};
  if (tn_error* failed = tn_wast_parse(input, &buffer)) {
    const std::unique_ptr<tn_error, decltype(&tn_error_free)> error(failed, tn_error_free);
    const tn_bytes message = tn_error_message(failed);
    return fail(static_cast<ErrorKind>(tn_error_kind(failed)), std::string(reinterpret_cast<const char*>(message.data), message.size));
  }
  const auto release = [](tn_buffer* owned) { tn_buffer_free(*owned); };
  const std::unique_ptr<tn_buffer, decltype(release)> owner(&buffer, release);
  const std::span bytes(reinterpret_cast<const std::byte*>(buffer.data), buffer.size);
  uint64_t size = 0;
  TENON_CHECK(bytes.size() >= sizeof(size), "script buffer");
  std::memcpy(&size, bytes.data(), sizeof(size));
  const auto description = bytes.subspan(sizeof(size), size);
  const auto* first = reinterpret_cast<const char*>(description.data());
  Script script = Reader(json::parse(first, first + description.size()), bytes.subspan(sizeof(size) + size)).script;
  script.settings = read_settings(text);
  return script;
}

size_t Script::size() const { return count(directives); }

}  // namespace tenon::wast
