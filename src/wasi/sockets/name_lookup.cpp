#include "wasi/sockets/name_lookup.h"

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wasi/context.h"
#include "wasi/link.h"
#include "wasi/sockets/address.h"
#include "wasi/sockets/error.h"
#include "wasi/sockets/host_name.h"
#include "wasi/sockets/network.h"
#include "wasi/sockets/resolver.h"

namespace tenon::wasi::sockets {
namespace {

ErrorCode code_of(LookupError error) {
  switch (error) {
    case LookupError::NotFound: return ErrorCode::NameUnresolvable;
    case LookupError::Temporary: return ErrorCode::TemporaryResolverFailure;
    case LookupError::Permanent: return ErrorCode::PermanentResolverFailure;
  }
  return ErrorCode::Unknown;
}

/// How many look-ups of a store are under way.
struct RunningLookups final : Part {
  explicit RunningLookups(Context& /*context*/) {}
  size_t count = 0;
};

/// The `resolve-address-stream` of wasi:sockets/ip-name-lookup.
class ResolveAddressStream final : public Resource {
 public:
  explicit ResolveAddressStream(const policy::IpAddress& address) : addresses_({address}) {}
  ResolveAddressStream(std::string name, const ResolverOptions& options, RunningLookups& running)
      : name_(std::move(name)), lookup_(Lookup::start(name_, options)), running_(&running) {
    ++running.count;
  }
  ~ResolveAddressStream() override {
    if (lookup_) --running_->count;
  }

  /// Whether the next address, the end or an error is there.
  bool is_ready(Context& context) {
    if (!lookup_) return true;
    if (!lookup_->advance()) return false;
    if (lookup_->result()) {
      addresses_ = *lookup_->result();
      for (const policy::IpAddress& address : addresses_) context.guard().note_resolved(name_, address);
    } else {
      error_ = code_of(lookup_->result().error());
    }
    lookup_.reset();
    --running_->count;
    return true;
  }
  void prepare(WaitSet& set) { lookup_->prepare(set); }

  Answer<std::optional<IpAddress>> next(Context& context) {
    if (!is_ready(context)) return refuse(ErrorCode::WouldBlock);
    if (error_) return refuse(*error_);
    if (next_ == addresses_.size()) return std::nullopt;
    return to_guest(addresses_[next_++]);
  }

 private:
  std::string name_;
  /// Absent when the look-up is over.
  std::unique_ptr<Lookup> lookup_;
  RunningLookups* running_ = nullptr;
  std::vector<policy::IpAddress> addresses_;
  size_t next_ = 0;
  std::optional<ErrorCode> error_;
};

/// The subscription of a look-up, its child.
class LookupPollable final : public Pollable {
 public:
  explicit LookupPollable(ResolveAddressStream& stream) : stream_(stream) {}
  bool is_ready(Context& context) override { return stream_.is_ready(context); }
  void prepare(Context&, WaitSet& set) override { stream_.prepare(set); }

 private:
  ResolveAddressStream& stream_;
};

Result<Answer<HostOwn<ResolveAddressStream>>> resolve(Context& wasi, std::string_view text) {
  std::optional<HostName> host = parse_host_name(text);
  if (!host) return refuse(ErrorCode::InvalidArgument);
  std::unique_ptr<ResolveAddressStream> stream;
  if (host->address) {
    stream = std::make_unique<ResolveAddressStream>(*host->address);
  } else {
    if (!wasi.guard().allow_resolve(host->name)) return refuse(ErrorCode::AccessDenied);
    auto& running = wasi.part<RunningLookups>();
    if (running.count >= lookups_max) return refuse(ErrorCode::TemporaryResolverFailure);
    stream = std::make_unique<ResolveAddressStream>(std::move(host->name), wasi.config().resolver, running);
    // What the machine's own table knows is there at once.
    static_cast<void>(stream->is_ready(wasi));
  }
  TENON_TRY(const HostOwn<ResolveAddressStream> handle, wasi.own<ResolveAddressStream>(std::move(stream)));
  return handle;
}

}  // namespace

Result<> add_name_lookup(Linker& linker) {
  TENON_TRY(LinkerInstance lookup, open_interface(linker, "wasi:sockets/ip-name-lookup"));
  TENON_CHECK_OK(define_resource<ResolveAddressStream>(lookup, "resolve-address-stream"));
  TENON_CHECK_OK(define(lookup, "resolve-addresses", [](Context& wasi, HostBorrow<Network>, std::string_view name) { return resolve(wasi, name); }));
  TENON_CHECK_OK(define(lookup, "[method]resolve-address-stream.resolve-next-address", [](Context& wasi, HostBorrow<ResolveAddressStream> self) {
    return wasi.resources().get<ResolveAddressStream>(self.representation).next(wasi);
  }));
  return define(lookup, "[method]resolve-address-stream.subscribe", [](Context& wasi, HostBorrow<ResolveAddressStream> self) {
    auto& stream = wasi.resources().get<ResolveAddressStream>(self.representation);
    return wasi.own_child<Pollable>(std::make_unique<LookupPollable>(stream), self.representation);
  });
}

}  // namespace tenon::wasi::sockets
