#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "tenon/component.h"
#include "tenon/engine.h"
#include "tenon/resource.h"
#include "tenon/result.h"
#include "values.h"

namespace tenon::oracle {

/// Runs a component and its calls with Tenon and answers as the oracle does (src/main.rs): the same host, the same journal. Each result also says whether
/// the instance is `poisoned` after the call.
class TenonSide {
 public:
  explicit TenonSide(Engine engine) : engine_(std::move(engine)), thing_(ResourceType::create_host()) {}

  /// `{"error": …}` when the component is refused, otherwise `{"results": […]}`.
  Json answer(std::span<const std::byte> component, const Json& calls) const;

 private:
  Result<Json> run(std::span<const std::byte> component, const Json& calls) const;

  Engine engine_;
  ResourceType thing_;
};

}  // namespace tenon::oracle
