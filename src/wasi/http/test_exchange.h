#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/guard.h"
#include "policy/rules.h"
#include "tenon/engine.h"
#include "tenon/store.h"
#include "wasi/context.h"
#include "wasi/http/client.h"
#include "wasi/http/syntax.h"
#include "wasi/http/types.h"

/// Requests as a guest makes them, below the border, for tests.
namespace tenon::wasi::http {

inline void PrintTo(const ErrorCode& error, std::ostream* out) { *out << to_string(error.which()); }

/// A store with its context, under grants.
class World {
 public:
  explicit World(const std::vector<std::string>& grants, Config config = {}, const policy::BudgetLimits& limits = {})
      : store(*Store::create(engine())),
        guard(*policy::Rules::from_grants(grants), policy::Budget::create(limits)),
        context(std::in_place, *store, guard, std::make_shared<const Config>(std::move(config))) {
    // No test hangs.
    store->set_deadline(std::chrono::steady_clock::now() + std::chrono::seconds(60));
  }
  /// A later context of the same call's kind: it shares rules and config with an earlier one.
  World(std::shared_ptr<const policy::Rules> rules, std::shared_ptr<const Config> config)
      : store(*Store::create(engine())), guard(std::move(rules), policy::Budget::create({})), context(std::in_place, *store, guard, std::move(config)) {
    store->set_deadline(std::chrono::steady_clock::now() + std::chrono::seconds(60));
  }

  static const Engine& engine() {
    static const Engine made = *Engine::create();
    return made;
  }

  Context& operator*() { return *context; }

  std::unique_ptr<Store> store;
  policy::Guard guard;
  std::optional<Context> context;
};

struct Call {
  std::string method = "GET";
  bool is_tls = false;
  std::string authority = {};
  std::string path = "/";
  std::vector<FieldLine> headers = {};
  /// Absent: the guest never asks for the body.
  std::optional<std::string> body = {};
  std::vector<FieldLine> trailers = {};
  Timeouts timeouts = {};
  /// Whether each piece is flushed, as `blocking-write-and-flush` does.
  bool flushes = false;
};

struct Reply {
  uint16_t status = 0;
  std::vector<FieldLine> headers;
  std::string body;
  std::vector<FieldLine> trailers;

  std::string header(std::string_view name) const {
    for (const FieldLine& line : headers) {
      if (equals_ignoring_case(line.name, name)) return line.value;
    }
    return "";
  }
};

inline std::shared_ptr<const FieldList> field_list(Context& context, const std::vector<FieldLine>& lines) {
  auto list = std::make_shared<FieldList>(Client::of(context)->ledger());
  for (const FieldLine& line : lines) EXPECT_TRUE(list->add(line.name, line.value));
  return list;
}

inline std::unique_ptr<OutgoingRequest> make_request(Context& context, const Call& call) {
  auto request = std::make_unique<OutgoingRequest>(field_list(context, call.headers));
  request->method = method_of(call.method);
  request->scheme = call.is_tls ? scheme_https() : scheme_http();
  request->authority = call.authority;
  request->path_with_query = call.path;
  return request;
}

/// Waits for something with `is_ready` and `prepare`, with or without the context.
template <class T>
Result<> wait_for(Context& context, T& thing) {
  struct Waited {
    T& thing;
    bool is_ready(Context& asked) {
      if constexpr (requires { thing.is_ready(asked); })
        return thing.is_ready(asked);
      else
        return thing.is_ready();
    }
    void prepare(Context& asked, WaitSet& set) {
      if constexpr (requires { thing.prepare(asked, set); })
        thing.prepare(asked, set);
      else
        thing.prepare(set);
    }
  } waited{thing};
  return context.wait_for(waited);
}

/// The error of HTTP that a stream failed with.
inline ErrorCode error_of(const StreamFailure& failure) {
  if (!failure.error || !failure.error->http) return error_code<ErrorCase::InternalError>(failure.error ? failure.error->message : "closed");
  return *failure.error->http;
}

/// Writes all of `bytes`, waiting where it must. Error: the stream's.
inline Result<std::expected<void, ErrorCode>> write_all(Context& context, OutputStream& stream, std::string_view bytes, bool flushes = false) {
  using Outcome = std::expected<void, ErrorCode>;
  while (!bytes.empty()) {
    auto permit = stream.check_write(context);
    if (!permit) return Outcome(std::unexpect, error_of(permit.error()));
    if (*permit == 0) {
      TENON_CHECK_OK(context.wait_for(stream));
      continue;
    }
    const std::string_view piece = bytes.substr(0, *permit);
    if (auto written = stream.write(context, std::as_bytes(std::span(piece))); !written) return Outcome(std::unexpect, error_of(written.error()));
    if (flushes && !stream.flush(context)) return Outcome(std::unexpect, error_code<ErrorCase::InternalError>("flush"));
    bytes.remove_prefix(piece.size());
  }
  return Outcome();
}

/// Sends a body of `total` bytes and reads as many back, by turns, as much as each side takes at a time. No piece that is read may be larger than `piece_max`.
inline void stream_both_ways(Context& context, const Call& call, uint64_t total, size_t piece_max = SIZE_MAX) {
  auto request = make_request(context, call);
  auto body = request->message.take_body(OutgoingBody::Kind::Request);
  auto future = **handle(context, std::move(request), {});
  auto out = body->take_stream();
  ASSERT_TRUE(*write_all(context, *out, "!", true));
  ASSERT_TRUE(wait_for(context, *future));
  auto response = **future->take();
  const auto in = response->body->take_stream();
  uint64_t written = 1;
  uint64_t read = 0;
  while (read < total) {
    const uint64_t permit = written < total ? *out->check_write(context) : 0;
    if (permit != 0) {
      const std::string piece(std::min<uint64_t>(permit, total - written), 'x');
      ASSERT_TRUE(out->write(context, std::as_bytes(std::span(piece))));
      written += piece.size();
      if (written == total) {
        out.reset();
        ASSERT_TRUE(body->finish(nullptr));
      }
    }
    const auto some = in->read_view(context, 1 << 20);
    ASSERT_TRUE(some) << read << " of " << total;
    ASSERT_LE(some->size(), piece_max);
    read += some->size();
    // Bytes may come between the two questions; then the next turn reads them.
    if (permit == 0 && some->empty() && !in->is_ready(context)) {
      WaitSet set;
      in->prepare(context, set);
      ASSERT_TRUE(context.wait(set));
    }
  }
  EXPECT_EQ(read, total);
}

/// Reads to the end. Error: the stream's.
inline Result<std::expected<std::string, ErrorCode>> read_all(Context& context, InputStream& stream, size_t piece_bytes = 65536) {
  using Outcome = std::expected<std::string, ErrorCode>;
  std::string all;
  while (true) {
    auto bytes = stream.read_view(context, piece_bytes);
    if (!bytes && bytes.error().error) return Outcome(std::unexpect, error_of(bytes.error()));
    if (!bytes) return Outcome(std::move(all));
    all.append(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    if (bytes->empty()) TENON_CHECK_OK(context.wait_for(stream));
  }
}

using Exchanged = std::expected<Reply, ErrorCode>;

inline Result<Exchanged> take_reply(Context& context, FutureIncomingResponse& future) {
  TENON_CHECK_OK(wait_for(context, future));
  auto response = future.take();
  EXPECT_TRUE(response.has_value());
  if (!*response) return Exchanged(std::unexpect, response->error());
  Reply reply{.status = (**response)->head.status, .headers = (**response)->head.headers->lines(), .body = {}, .trailers = {}};
  const std::unique_ptr<IncomingBody> body = std::move((**response)->body);
  response->value().reset();
  {
    const std::unique_ptr<InputStream> stream = body->take_stream();
    TENON_TRY(auto all, read_all(context, *stream));
    if (!all) return Exchanged(std::unexpect, all.error());
    reply.body = *std::move(all);
  }
  FutureTrailers trailers(body->take_pipe());
  TENON_CHECK_OK(context.wait_for(trailers));
  const auto outcome = trailers.take();
  if (!*outcome) return Exchanged(std::unexpect, outcome->error());
  if (**outcome) reply.trailers = (**outcome)->lines();
  return Exchanged(std::move(reply));
}

/// A whole exchange. The outer error ends the guest: the deadline, a budget. The inner one is what it is told.
inline Result<Exchanged> exchange(Context& context, const Call& call) {
  std::unique_ptr<OutgoingRequest> request = make_request(context, call);
  std::unique_ptr<OutgoingBody> body;
  if (call.body) body = request->message.take_body(OutgoingBody::Kind::Request);
  TENON_TRY(auto future, handle(context, std::move(request), call.timeouts));
  if (!future) return Exchanged(std::unexpect, future.error());
  if (body) {
    {
      const std::unique_ptr<OutputStream> stream = body->take_stream();
      TENON_TRY(auto written, write_all(context, *stream, *call.body, call.flushes));
      // What the peer says may tell more than that it took no more.
      if (!written && !(*future)->is_ready()) return Exchanged(std::unexpect, written.error());
    }
    if (auto finished = body->finish(call.trailers.empty() ? nullptr : field_list(context, call.trailers)); !finished)
      return Exchanged(std::unexpect, finished.error());
  }
  return take_reply(context, **future);
}

/// The reply of an exchange that must succeed.
inline Reply reply_of(Context& context, const Call& call) {
  const Result<Exchanged> exchanged = exchange(context, call);
  if (!exchanged) {
    ADD_FAILURE() << exchanged.error().message();
    return {};
  }
  if (!*exchanged) {
    ADD_FAILURE() << to_string(exchanged->error().which());
    return {};
  }
  return **exchanged;
}

/// The error of an exchange that must fail.
inline ErrorCode failure_of(Context& context, const Call& call) {
  const Result<Exchanged> exchanged = exchange(context, call);
  if (!exchanged) {
    ADD_FAILURE() << exchanged.error().message();
    return error_code<ErrorCase::LoopDetected>();
  }
  if (*exchanged) {
    ADD_FAILURE() << "the exchange succeeded with " << (*exchanged)->status;
    return error_code<ErrorCase::LoopDetected>();
  }
  return exchanged->error();
}

}  // namespace tenon::wasi::http
