#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/budget.h"
#include "policy/rules.h"
#include "tenon/component.h"
#include "tenon/linker.h"
#include "wasi.h"
#include "wasi/session.h"

namespace tenon::bench {

/// What a command sees of the host.
enum class Sees : uint8_t {
  Nothing,
  /// The work folder as /data, to be read.
  Work,
};

/// Rules that allow `grants` and nothing else.
std::shared_ptr<const policy::Rules> allow(const std::vector<std::string>& grants);
/// What an ordinary command may do, and what lies in the work folder.
std::vector<std::string> usual_grants();
/// All of WASI.
Linker wasi_linker(const Engine& engine);

/// A program, compiled and linked.
class Command {
 public:
  Command(const Engine& engine, const WasiGuests& guests, std::string_view program);

  /// From a session to its end. What it prints is forgotten.
  void run(const wasi::SessionOptions& options) const;

  /// Milliseconds of one run.
  double milliseconds(const wasi::SessionOptions& options) const;
  /// The same, of a single run.
  double once(const wasi::SessionOptions& options) const;

 private:
  static Component load(const Engine& engine, const std::filesystem::path& file);

  Engine engine_;
  std::string name_;
  Component component_;
  InstancePre pre_;
  ExportIndex run_;
};

/// Options of a run with the usual grants.
wasi::SessionOptions usual_options(const WasiGuests& guests, std::vector<std::string> arguments, Sees sees);

}  // namespace tenon::bench
