#include "wasi/http/error_code.h"

namespace tenon::wasi::http {

std::string_view to_string(ErrorCase error) { return VariantTraits<ErrorCode>::names[static_cast<size_t>(error)]; }

}  // namespace tenon::wasi::http
