#pragma once

#include <memory>

#include "tenon/wit.h"
#include "wit/native.h"

namespace tenon::wit {

/// The native library's side of a `Package`.
struct Package::Handle {
  struct Free {
    void operator()(tn_wit* freed) const { tn_wit_free(freed); }
  };
  std::unique_ptr<tn_wit, Free> wit;
};

}  // namespace tenon::wit
