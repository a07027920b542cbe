#pragma once

#include <sys/types.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tenon/result.h"
#include "values.h"

namespace tenon::oracle {

/// The process that runs components with Wasmtime. One thread at a time; ended with its object.
class Oracle {
 public:
  /// Starts the program at `path`.
  static Result<std::unique_ptr<Oracle>> start(const std::string& path);
  Oracle(const Oracle&) = delete;
  Oracle& operator=(const Oracle&) = delete;
  ~Oracle();

  /// Sends a component (text or binary) and its calls; src/main.rs describes request and answer. `Unavailable` when the process is gone.
  Result<Json> ask(std::string_view component, const Json& calls);

 private:
  Oracle(pid_t process, int input, int output) : process_(process), input_(input), output_(output) {}
  pid_t process_;
  int input_;
  int output_;
  std::string rest_;
};

}  // namespace tenon::oracle
