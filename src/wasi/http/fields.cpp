#include "wasi/http/fields.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "wasi/http/syntax.h"

namespace tenon::wasi::http {

namespace {

std::unexpected<Error> too_large() {
  return fail(ErrorKind::LimitExceeded, fmt::format("HTTP fields hold more than {} bytes, or those of all messages together too much", FieldList::bytes_max));
}

std::expected<void, HeaderError> refused(HeaderError reason) { return std::unexpected(std::move(reason)); }

bool is_valid_value(std::string_view name, std::string_view value) {
  if (!is_field_value(value)) return false;
  return !equals_ignoring_case(name, "content-length") || parse_content_length(value).has_value();
}

std::string_view text_of(const std::vector<uint8_t>& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace

const FieldLine* FieldList::find(std::string_view name) const {
  const auto found = std::ranges::find_if(lines_, [&](const FieldLine& line) { return equals_ignoring_case(line.name, name); });
  return found == lines_.end() ? nullptr : &*found;
}

bool FieldList::add(std::string_view name, std::string_view value) {
  const size_t added = name.size() + value.size() + line_bytes;
  if (added > bytes_max - bytes_ || added > ledger_->bytes_max - ledger_->bytes) return false;
  bytes_ += added;
  ledger_->bytes += added;
  lines_.emplace_back(std::string(name), std::string(value));
  return true;
}

void FieldList::erase(std::string_view name) {
  std::erase_if(lines_, [&](const FieldLine& line) {
    if (!equals_ignoring_case(line.name, name)) return false;
    const size_t bytes = line.name.size() + line.value.size() + line_bytes;
    bytes_ -= bytes;
    ledger_->bytes -= bytes;
    return true;
  });
}

std::shared_ptr<FieldList> FieldList::copy() const {
  auto made = std::make_shared<FieldList>(ledger_);
  for (const FieldLine& line : lines_) {
    if (!made->add(line.name, line.value)) return nullptr;
  }
  return made;
}

std::optional<HeaderError> Fields::refuse(std::string_view name) const {
  if (!is_mutable_) return HeaderError::immutable();
  if (!is_token(name)) return HeaderError::invalid_syntax();
  if (is_forbidden_field(name)) return HeaderError::forbidden();
  return std::nullopt;
}

Fields::Outcome Fields::append(std::string_view name, std::string_view value) {
  if (const auto reason = refuse(name)) return refused(*reason);
  if (!is_valid_value(name, value)) return refused(HeaderError::invalid_syntax());
  if (!list_->add(name, value)) return too_large();
  return std::expected<void, HeaderError>();
}

Fields::Outcome Fields::set(std::string_view name, const std::vector<std::vector<uint8_t>>& values) {
  if (const auto reason = refuse(name)) return refused(*reason);
  for (const std::vector<uint8_t>& value : values) {
    if (!is_valid_value(name, text_of(value))) return refused(HeaderError::invalid_syntax());
  }
  list_->erase(name);
  for (const std::vector<uint8_t>& value : values) {
    if (!list_->add(name, text_of(value))) return too_large();
  }
  return std::expected<void, HeaderError>();
}

Fields::Outcome Fields::remove(std::string_view name) {
  if (const auto reason = refuse(name)) return refused(*reason);
  list_->erase(name);
  return std::expected<void, HeaderError>();
}

Result<std::unique_ptr<Fields>> Fields::clone() const {
  std::shared_ptr<FieldList> copied = list_->copy();
  if (!copied) return too_large();
  return std::unique_ptr<Fields>(new Fields(Copied(), std::move(copied)));
}

}  // namespace tenon::wasi::http
