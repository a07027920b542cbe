#include <algorithm>
#include <ctime>
#include <limits>
#include <string_view>
#include <vector>

#include "wasi/cli/environment.h"
#include "wasi/cli/stdio.h"
#include "wasi/preview1/preview1.h"
#include "wasi/random/random.h"

namespace tenon::wasi::preview1 {
namespace {

/// Writes texts one after another, each with a zero behind it, and where each begins.
Answer store_texts(const Call& call, std::span<const std::string> texts, uint32_t pointers, uint32_t buffer) {
  for (const std::string& text : texts) {
    const auto range = call.bytes(buffer, uint64_t{text.size()} + 1);
    if (!range || !call.store<uint32_t>(pointers, buffer)) return Errno::Fault;
    std::memcpy(range->data(), text.c_str(), text.size() + 1);
    pointers += sizeof(uint32_t);
    buffer += static_cast<uint32_t>(text.size() + 1);
  }
  return Errno::Success;
}

Answer store_sizes(const Call& call, std::span<const std::string> texts, uint32_t count, uint32_t size) {
  uint64_t bytes = 0;
  for (const std::string& text : texts) bytes += text.size() + 1;
  if (bytes > std::numeric_limits<uint32_t>::max()) return Errno::Overflow;
  const bool stored = call.store(count, static_cast<uint32_t>(texts.size())) && call.store(size, static_cast<uint32_t>(bytes));
  return stored ? Errno::Success : Errno::Fault;
}

/// A zero ends a text here, so one with a zero inside is left out.
std::vector<std::string> arguments(Context& context) {
  std::vector<std::string> texts;
  for (const HostText& argument : context.part<Environment>().arguments)
    if (argument.view().find('\0') == std::string_view::npos) texts.emplace_back(argument.view());
  return texts;
}

std::vector<std::string> variables(Context& context) {
  std::vector<std::string> texts;
  for (const auto& [name, value] : context.part<Environment>().variables) {
    std::string text(name.view());
    text.append("=").append(value.view());
    if (text.find('\0') == std::string::npos) texts.push_back(std::move(text));
  }
  return texts;
}

Answer args_get(Call& call) { return store_texts(call, arguments(call.context()), call.u32(0), call.u32(1)); }
Answer args_sizes_get(Call& call) { return store_sizes(call, arguments(call.context()), call.u32(0), call.u32(1)); }
Answer environ_get(Call& call) { return store_texts(call, variables(call.context()), call.u32(0), call.u32(1)); }
Answer environ_sizes_get(Call& call) { return store_sizes(call, variables(call.context()), call.u32(0), call.u32(1)); }

/// Whether a clock may be read; what was decided is kept, because a reading is worth no decision.
class Clocks final : public Part {
 public:
  explicit Clocks(Context& context)
      : wall(context.guard().would_allow(policy::Access::ClockWall)),
        monotonic(context.guard().would_allow(policy::Access::ClockMonotonic)),
        context_(context) {}

  bool allows(uint32_t id) {
    bool& noted = id == clockid::realtime ? wall_noted_ : monotonic_noted_;
    const policy::Access access = id == clockid::realtime ? policy::Access::ClockWall : policy::Access::ClockMonotonic;
    if (!std::exchange(noted, true)) return context_.guard().allow(access);
    return id == clockid::realtime ? wall : monotonic;
  }

  const bool wall;
  const bool monotonic;

 private:
  Context& context_;
  bool wall_noted_ = false;
  bool monotonic_noted_ = false;
};

Errno check_clock(Context& context, uint32_t id) {
  if (id != clockid::realtime && id != clockid::monotonic) return Errno::Invalid;
  return context.part<Clocks>().allows(id) ? Errno::Success : Errno::NotCapable;
}

uint64_t now_of(Context& context, uint32_t id) {
  if (id == clockid::monotonic) return context.clock().monotonic_now();
  return static_cast<uint64_t>(std::max<int64_t>(context.clock().wall_now().count(), 0));
}

Answer clock_res_get(Call& call) {
  if (const Errno checked = check_clock(call.context(), call.u32(0)); checked != Errno::Success) return checked;
  return call.store<uint64_t>(call.u32(1), call.context().clock().resolution()) ? Errno::Success : Errno::Fault;
}

Answer clock_time_get(Call& call) {
  if (const Errno checked = check_clock(call.context(), call.u32(0)); checked != Errno::Success) return checked;
  return call.store<uint64_t>(call.u32(2), now_of(call.context(), call.u32(0))) ? Errno::Success : Errno::Fault;
}

Answer random_get(Call& call) {
  const auto range = call.bytes(call.u32(0), call.u32(1));
  if (!range) return Errno::Fault;
  TENON_CHECK_OK(call.context().part<Random>().fill(Random::Quality::Secure, *range));
  return Errno::Success;
}

Answer sched_yield(Call& call) {
  TENON_CHECK_OK(call.context().check_time());
  return Errno::Success;
}

Answer proc_exit(Call& call) {
  TENON_CHECK_OK(exit_with(call.context(), static_cast<uint8_t>(call.u32(0))));
  return Errno::Success;
}

/// Signals are none of a sandbox's business.
Answer proc_raise(Call& /*call*/) { return Errno::NotSupported; }

// poll_oneoff

struct Subscription {
  uint64_t userdata = 0;
  uint8_t type = 0;
  /// Of a clock: when, on the monotonic one.
  uint64_t instant = 0;
  uint32_t fd = 0;
};

/// An error of one subscription is its event; the others are waited for all the same.
struct Event {
  uint64_t userdata;
  Errno error;
  uint8_t type;
};

std::optional<Subscription> load_subscription(const Call& call, uint32_t address) {
  const auto range = call.bytes(address, subscription_bytes);
  if (!range) return std::nullopt;
  Subscription subscription;
  std::memcpy(&subscription.userdata, range->data(), 8);
  subscription.type = std::to_integer<uint8_t>((*range)[8]);
  std::memcpy(&subscription.fd, range->data() + 16, 4);
  return subscription;
}

/// When the clock of the subscription at `address` comes, on the monotonic clock.
Errno find_instant(Call& call, uint32_t address, Subscription& subscription) {
  const uint32_t id = subscription.fd;
  const uint64_t timeout = *call.load<uint64_t>(address + 24);
  const bool is_absolute = (*call.load<uint16_t>(address + 40) & subclock_abstime) != 0;
  if (const Errno checked = check_clock(call.context(), id); checked != Errno::Success) return checked;
  const uint64_t now = call.context().clock().monotonic_now();
  uint64_t wait = timeout;
  if (is_absolute) {
    const uint64_t clock_now = id == clockid::monotonic ? now : now_of(call.context(), id);
    wait = timeout > clock_now ? timeout - clock_now : 0;
  }
  subscription.instant = wait > std::numeric_limits<uint64_t>::max() - now ? std::numeric_limits<uint64_t>::max() : now + wait;
  return Errno::Success;
}

/// The stream behind a descriptor that can wait; null for files, which never do.
InputStream* waiting_input(Call& call, const File& file) { return file.kind == File::Kind::Input ? &call.context().part<StandardStreams>().input() : nullptr; }
OutputStream* waiting_output(Call& call, const File& file) {
  if (file.kind != File::Kind::Output && file.kind != File::Kind::Error) return nullptr;
  return &call.context().part<StandardStreams>().output(file.kind == File::Kind::Output ? StandardStream::Output : StandardStream::Error);
}

bool is_ready(Call& call, const Subscription& subscription) {
  Context& context = call.context();
  if (subscription.type == eventtype::clock) return context.clock().has_come(subscription.instant);
  const File& file = *call.state().find(subscription.fd);
  if (subscription.type == eventtype::fd_read) {
    InputStream* const input = waiting_input(call, file);
    return input == nullptr || input->is_over || input->is_ready(context);
  }
  OutputStream* const output = waiting_output(call, file);
  return output == nullptr || output->is_over || output->is_ready(context);
}

void prepare(Call& call, const Subscription& subscription, WaitSet& set) {
  Context& context = call.context();
  if (subscription.type == eventtype::clock) {
    context.clock().add_to(set, subscription.instant);
    return;
  }
  const File& file = *call.state().find(subscription.fd);
  if (subscription.type == eventtype::fd_read) {
    if (InputStream* const input = waiting_input(call, file)) input->prepare(context, set);
  } else if (OutputStream* const output = waiting_output(call, file)) {
    output->prepare(context, set);
  }
}

Answer poll_oneoff(Call& call) {
  constexpr uint32_t subscriptions_max = 65'536;
  const uint32_t in = call.u32(0);
  const uint32_t out = call.u32(1);
  const uint32_t count = call.u32(2);
  if (count == 0) return Errno::Invalid;
  if (count > subscriptions_max) return Errno::NoMemory;
  if (!call.bytes(in, uint64_t{count} * subscription_bytes) || !call.bytes(out, uint64_t{count} * event_bytes)) return Errno::Fault;
  std::vector<Subscription> waiting;
  std::vector<Event> events;
  for (uint32_t i = 0; i < count; i++) {
    const uint32_t address = in + i * subscription_bytes;
    Subscription subscription = *load_subscription(call, address);
    Errno error = Errno::Success;
    if (subscription.type > eventtype::fd_write) return Errno::Invalid;
    if (subscription.type == eventtype::clock)
      error = find_instant(call, address, subscription);
    else if (call.state().find(subscription.fd) == nullptr)
      error = Errno::BadDescriptor;
    if (error != Errno::Success)
      events.push_back({subscription.userdata, error, subscription.type});
    else
      waiting.push_back(subscription);
  }
  while (true) {
    for (const Subscription& subscription : waiting)
      if (is_ready(call, subscription)) events.push_back({subscription.userdata, Errno::Success, subscription.type});
    if (!events.empty()) break;
    WaitSet set;
    for (const Subscription& subscription : waiting) prepare(call, subscription, set);
    TENON_CHECK_OK(call.context().wait(set));
  }
  for (size_t i = 0; i < events.size(); i++) {
    const std::span<std::byte> event = *call.bytes(out + static_cast<uint32_t>(i) * event_bytes, event_bytes);
    std::ranges::fill(event, std::byte{0});
    std::memcpy(event.data(), &events[i].userdata, 8);
    const auto error = static_cast<uint16_t>(events[i].error);
    std::memcpy(event.data() + 8, &error, 2);
    event[10] = std::byte{events[i].type};
    // How much there is to read or write is not known before; what wasi-libc makes of it is "some".
    const uint64_t some = events[i].type == eventtype::clock ? 0 : 1;
    std::memcpy(event.data() + 16, &some, 8);
  }
  return call.store(call.u32(3), static_cast<uint32_t>(events.size())) ? Errno::Success : Errno::Fault;
}

constexpr Function functions[] = {
    {"args_get", "ii", args_get},           {"args_sizes_get", "ii", args_sizes_get},
    {"environ_get", "ii", environ_get},     {"environ_sizes_get", "ii", environ_sizes_get},
    {"clock_res_get", "ii", clock_res_get}, {"clock_time_get", "iIi", clock_time_get},
    {"poll_oneoff", "iiii", poll_oneoff},   {"proc_exit", "i", proc_exit},
    {"proc_raise", "i", proc_raise},        {"random_get", "ii", random_get},
    {"sched_yield", "", sched_yield},
};

}  // namespace

std::span<const Function> process_functions() { return functions; }

}  // namespace tenon::wasi::preview1
