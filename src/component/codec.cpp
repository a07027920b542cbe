#include "tenon/detail/codec.h"

#include <string>
#include <string_view>
#include <utility>

namespace tenon::detail {

bool Mismatch::differ(std::string reason) {
  reason_ = std::move(reason);
  return false;
}

bool Mismatch::differ(std::string_view binding, Type component) {
  return differ("the binding has " + std::string(binding) + ", the component has " + to_string(component));
}

bool Mismatch::in(bool same, std::string_view kind, std::string_view name) {
  if (same) return true;
  std::string part(kind);
  if (!name.empty()) part.append(" `").append(name).append("`");
  path_ = path_.empty() ? std::move(part) : std::move(part) + ", " + path_;
  return false;
}

std::string Mismatch::take() && { return path_.empty() ? std::move(reason_) : path_ + ": " + reason_; }

bool is_kind(Mismatch& mismatch, Type type, TypeKind kind) {
  if (type.kind() == kind) return true;
  return mismatch.differ(kind == TypeKind::FixedLengthList ? "a fixed-length list" : to_string(kind), type);
}

bool has_names(Mismatch& mismatch, Type type, std::span<const std::string_view> names, std::string_view part) {
  const auto& fields = type.node().fields;
  for (size_t i = 0; i < std::max(names.size(), fields.size()); i++) {
    const std::string_view ours = i < names.size() ? names[i] : std::string_view();
    const std::string_view theirs = i < fields.size() ? std::string_view(fields[i].name) : std::string_view();
    if (ours == theirs) continue;
    const std::string at = std::string(part) + " " + std::to_string(i);
    const auto named = [](std::string_view name) { return name.empty() ? std::string("none") : "`" + std::string(name) + "`"; };
    return mismatch.differ("the binding has " + named(ours) + " as " + at + ", the component has " + named(theirs));
  }
  return true;
}

bool bad_discriminant(Guest& guest, uint64_t discriminant, size_t count) {
  return guest.trap("discriminant " + std::to_string(discriminant) + " out of range [0.." + std::to_string(count) + ")");
}

bool bad_enumerator(Guest& guest, uint64_t value, size_t count) {
  return guest.fail(ErrorKind::InvalidInput, "enumerator " + std::to_string(value) + " is not below " + std::to_string(count));
}

bool bad_host_view(Guest& guest) { return guest.fail(ErrorKind::InvalidInput, "a HostText or HostList that lies in the guest's own memory"); }

bool bad_char(Guest& guest) { return guest.trap("converted integer out of range for `char`"); }

bool bad_host_char(Guest& guest) { return guest.fail(ErrorKind::InvalidInput, "a char that is no Unicode scalar value"); }

}  // namespace tenon::detail
