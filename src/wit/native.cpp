#include "wit/native.h"

#include <nlohmann/json.hpp>

namespace tenon::wit {

Result<> native_result(tn_error* error) {
  if (error == nullptr) {
    return {};
  }
  const tn_bytes message = tn_error_message(error);
  auto failure = fail(static_cast<ErrorKind>(tn_error_kind(error)), std::string(reinterpret_cast<const char*>(message.data), message.size));
  tn_error_free(error);
  return failure;
}

Result<std::vector<std::string>> sentences(const NativeBuffer& json) {
  const nlohmann::json parsed = nlohmann::json::parse(json.text(), nullptr, /*allow_exceptions=*/false);
  std::vector<std::string> result;
  if (!parsed.is_array()) {
    return fail(ErrorKind::Unavailable, "the native library answered with something else than a list");
  }
  for (const auto& sentence : parsed) {
    if (const auto* text = sentence.get_ptr<const std::string*>()) {
      result.push_back(*text);
    }
  }
  return result;
}

}  // namespace tenon::wit
