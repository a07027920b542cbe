#pragma once

#include <string>
#include <vector>

#include "tenon/wit.h"

namespace tenon::wit {

struct BindgenOptions {
  /// The world; may be empty when the package has one.
  std::string world = {};
  /// Namespace of everything generated, "a" or "a::b". Empty: the world's name.
  std::string name_space = {};
  /// Imported interfaces that something else provides, by the beginning of their names ("wasi:"): their types are written, but no host class.
  std::vector<std::string> skip_imports = {};
};

/// The C++ header of a world for its host: types with the traits of `tenon/typed.h`, one class to implement for each imported interface and for the world's own
/// functions with a function that adds it to a `Linker`, and a class of typed functions for the exports.
///
/// The header compiles alone. Errors: `NotFound` for an unknown world; `Unsupported` when functions are asynchronous or use streams, futures or error contexts,
/// listing them; `InvalidInput` for a namespace that is none.
Result<std::string> generate_bindings(const Package& package, const BindgenOptions& options = {});

}  // namespace tenon::wit
