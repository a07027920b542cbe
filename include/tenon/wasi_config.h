#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tenon::wasi {

namespace http {

/// What a pool keeps at most.
struct PoolOptions {
  /// Sets of connections, each of one context that ended. 0 to 1024; more count as 1024. The oldest goes first.
  size_t contexts_max = 16;
  /// How long a set waits for its next use. What waited longer is closed when the pool is used the next time. Default 60 s.
  std::chrono::milliseconds idle_time{60000};
};

/// Connections of wasi:http that outlive a run and are used again by later ones: shared by any number of configs and threads, and kept as long as one of them.
/// A connection is used by one run at a time.
///
/// A run finds only what runs of its own kind left: under the same `policy::Rules` (the object, not an equal one), and with equal `HttpConfig::ca_file`,
/// `Config::resolver` and `Config::secrets` but for their names and placeholders. So nothing that a program made a server believe of a connection (an
/// authentication by NTLM, say, or a request hidden in another) meets a program of other rights, no secret's connection carries requests of who has not got
/// it, and each server was verified against the authorities that the run trusts. Every request is asked about anew, and so is the address that a connection
/// leads to. Programs that are to have nothing to do with each other, although their rules are one object, get pools of their own.
class Pool;
std::shared_ptr<Pool> create_pool(const PoolOptions& options = {});

}  // namespace http

/// A folder of the machine that a guest sees.
struct Mount {
  std::string host_path = {};
  /// Absolute, normalised.
  std::string guest_path = {};
  /// What the guest is told that the folder is called: "." or another relative path. Empty: `guest_path`.
  std::string name = {};
  bool is_read_only = false;
  /// Whether paths may lead onto other file systems mounted beneath it.
  bool crosses_mounts = true;
  /// What a denial says that has to be changed for the folder to be writable: "drop :ro from --dir data:ro". Empty: nothing.
  std::string read_only_advice = {};
};

/// Where one of stdin, stdout and stderr leads.
struct Stdio {
  enum class Kind : uint8_t {
    /// Empty input; output that is taken and forgotten.
    Null,
    /// The descriptor `descriptor` of this process, which stays open and is not closed.
    Descriptor,
    /// Input from `bytes`; output appended to `bytes`, at most `bytes_max`.
    Memory,
  };
  Kind kind = Kind::Null;
  int descriptor = -1;
  std::shared_ptr<std::string> bytes = {};
  size_t bytes_max = size_t{16} << 20;
};

/// Random numbers and clocks that repeat.
struct Deterministic {
  uint64_t seed = 0;
  /// What the wall clock says at the start; the monotonic clock starts at 0.
  std::chrono::nanoseconds wall_start{0};
  /// How far both clocks advance each time one is read. A wait on the clock advances it to the end of the wait and takes no time.
  std::chrono::nanoseconds step = std::chrono::microseconds(1);
};

/// A value that the host knows and the guest does not: the guest writes `placeholder` into a header's value, and the host puts `value` in its place in requests
/// to `host` alone. To every other host, in every other part of a request and in every record the placeholder is what it is. `value` is never written anywhere.
struct Secret {
  /// What the operator calls it.
  std::string name = {};
  /// Not empty. Long enough not to be met by chance.
  std::string placeholder = {};
  std::string value = {};
  /// A name or address in lower case, with a port where it is not the scheme's own: "api.example.com", "127.0.0.1:8443".
  std::string host = {};
  /// Whether it may go out without TLS.
  bool allow_plain = false;
};

/// How requests of wasi:http leave the host.
struct HttpConfig {
  /// A PEM file of the certificate authorities that are trusted instead of the machine's. Empty: the machine's.
  std::string ca_file = {};
  /// Keeps connections from one run to the next. Absent: connections end with the run.
  std::shared_ptr<http::Pool> pool = {};
};

/// Whom names are asked of.
struct ResolverOptions {
  /// Name servers in the order in which they are asked: "10.0.0.1", "127.0.0.1:5353", "[::1]:53". With some, names are looked up as they are, without the
  /// machine's search list. Empty: those of /etc/resolv.conf.
  std::vector<std::string> servers = {};
  /// How long one server may take to answer once; after it the next is asked. Default 2 s, at least 1 ms, at most a minute.
  std::chrono::milliseconds try_timeout{2000};
  /// How often each server is asked, 1 to 10. Default 3.
  uint32_t tries = 3;
  /// Whether /etc/hosts comes before the servers.
  bool reads_hosts_file = true;

  bool operator==(const ResolverOptions&) const = default;
};

/// What the host offers; what of it a guest gets is up to the guard.
struct Config {
  std::vector<std::string> arguments = {};
  /// Names and values. What is not UTF-8 is left out, of the arguments too.
  std::vector<std::pair<std::string, std::string>> environment = {};
  /// Where relative paths of the guest begin; absent: programs take the first folder that they get.
  std::optional<std::string> initial_cwd = std::nullopt;
  std::vector<Mount> mounts = {};
  Stdio standard_input = {};
  Stdio standard_output = {};
  Stdio standard_error = {};
  std::optional<Deterministic> deterministic = std::nullopt;
  std::vector<Secret> secrets = {};
  ResolverOptions resolver = {};
  HttpConfig http = {};
};

}  // namespace tenon::wasi
