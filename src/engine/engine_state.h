#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "engine/cache.h"
#include "engine/raw.h"
#include "engine/ticker.h"
#include "tenon/engine.h"

namespace tenon::engine {

using OwnedEngine = std::unique_ptr<tn_engine, Deleter<tn_engine_free>>;

/// What the copies of an `Engine` share. Immutable but for the ticker, which any thread may use.
class EngineState {
 public:
  EngineState(const EngineConfig& config, OwnedEngine native);

  const EngineConfig& config() const { return config_; }
  const tn_engine* native() const { return native_.get(); }
  const std::array<uint8_t, 32>& fingerprint() const;
  Ticker& ticker() const { return ticker_; }
  CodeCache* cache() const { return cache_.get(); }
  std::string notice() const;

 private:
  EngineConfig config_;
  OwnedEngine native_;
  /// Computed when it is first asked for: that reads code and data which nothing else needs.
  mutable std::once_flag fingerprint_once_;
  mutable std::array<uint8_t, 32> fingerprint_{};
  std::unique_ptr<CodeCache> cache_;
  std::string notice_;
  // Last, so that its thread ends before the engine that it ticks.
  mutable Ticker ticker_;
};

}  // namespace tenon::engine
