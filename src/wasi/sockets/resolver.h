#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/address.h"
#include "tenon/wasi_config.h"
#include "wasi/wait.h"

namespace tenon::wasi::sockets {

enum class LookupError : uint8_t {
  /// The name does not exist, or has no addresses.
  NotFound,
  /// No server answered, or one asked to try again later.
  Temporary,
  /// A server refused to understand, or none is configured.
  Permanent,
};

/// One name being looked up, without ever waiting: `while (!lookup->advance()) { WaitSet set; lookup->prepare(set); wait(set); }`. Ending the object ends the
/// look-up. One thread at a time.
class Lookup final {
 public:
  /// No more addresses than these are kept of an answer.
  static constexpr size_t addresses_max = 64;

  /// `name` is a name as `parse_host_name` gives it, not an address.
  static std::unique_ptr<Lookup> start(const std::string& name, const ResolverOptions& options);
  ~Lookup();
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

  /// Goes on with what came in. Whether the look-up is over.
  bool advance();
  /// What to wait for before the next `advance`; not called when it is over.
  void prepare(WaitSet& set);
  /// Valid when `advance` said that it is over. Addresses are in the order in which to try them, each once, IPv4 in IPv6 unpacked; at least one.
  const std::expected<std::vector<policy::IpAddress>, LookupError>& result() const { return result_; }

 private:
  struct Channel;
  Lookup();
  void finish(int status, const void* answer);

  std::expected<std::vector<policy::IpAddress>, LookupError> result_ = std::unexpected(LookupError::Permanent);
  bool is_done_ = false;
  std::unique_ptr<Channel> channel_;
};

}  // namespace tenon::wasi::sockets
