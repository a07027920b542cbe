#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/raw.h"
#include "tenon/component.h"
#include "tenon/engine.h"
#include "tenon/result.h"

/// Components from text, for the tests of this folder.
namespace tenon::component {

inline Result<Component> component_of(const Engine& engine, std::string_view text) {
  engine::Buffer binary;
  if (tn_error* error = tn_text_to_binary(engine::bytes_of(text), engine::bytes_of(std::string_view("test.wat")), binary.out()); error != nullptr)
    return std::unexpected(engine::take_error(error));
  return Component::create(engine, binary.bytes());
}

}  // namespace tenon::component
