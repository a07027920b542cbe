#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "policy/rules.h"
#include "wasi/http/test_exchange.h"
#include "wasi/http/test_server.h"

// Contexts in several threads that hand their connections on through one pool.

namespace tenon::tests {
namespace {

using namespace wasi;
using namespace wasi::http;

constexpr int threads_count = 8;
constexpr int contexts_per_thread = 25;

TEST(HttpPoolThreads, ServesContextsSideBySide) {
  TestServer server(TestServer::answering(
      [](const SeenRequest& seen) { return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(seen.target.size()) + "\r\n\r\n" + seen.target; }));
  Config config;
  config.http.pool = create_pool();
  const auto shared = std::make_shared<const Config>(config);
  const auto rules = *policy::Rules::from_grants(std::vector<std::string>{"http:*:127.0.0.1:*"});
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < threads_count; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < contexts_per_thread; ++j) {
        World world(rules, shared);
        const std::string path = "/" + std::to_string(i) + "/" + std::to_string(j);
        if (reply_of(*world, {.authority = server.authority(), .path = path}).body != path) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  // As many as were under way at once, and no more.
  EXPECT_LE(server.connections(), threads_count);
}

TEST(HttpPoolThreads, KeepsThoseOfDifferentRulesApart) {
  TestServer server(TestServer::answering([](const SeenRequest&) { return std::string("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); }));
  // Fewer than there are rules, so that contexts also push each other's out.
  Config config;
  config.http.pool = create_pool({.contexts_max = threads_count / 2});
  const auto shared = std::make_shared<const Config>(config);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < threads_count; ++i) {
    threads.emplace_back([&] {
      const auto rules = *policy::Rules::from_grants(std::vector<std::string>{"http:*:127.0.0.1:*"});
      for (int j = 0; j < contexts_per_thread; ++j) {
        World world(rules, shared);
        if (reply_of(*world, {.authority = server.authority()}).status != 200) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GE(server.connections(), threads_count);
}

}  // namespace
}  // namespace tenon::tests
