#include "policy/capability.h"

#include <gtest/gtest.h>

#include <string>

namespace tenon::policy {
namespace {

std::string print(std::string_view text) {
  const auto capability = Capability::parse(text);
  return capability ? capability->to_string() : "refused: " + capability.error().message();
}

TEST(Capability, PrintsWhatItReads) {
  for (const char* text : {"filesystem:read:/models",
                           "filesystem:write:/data/**",
                           "filesystem:*:/data/*.txt",
                           "filesystem:list:/",
                           "network:outbound:api.example.com:443",
                           "network:outbound:api.huggingface.co",
                           "network:outbound:tcp://10.0.0.0/8:5432",
                           "network:outbound:udp://[2001:4860:4860::8888]:53",
                           "network:listen:127.0.0.1:8080",
                           "network:listen:tcp://localhost:0",
                           "network:resolve:*.example.com",
                           "http:GET:api.example.com",
                           "http:*:https://*.example.com:8443/v1/models",
                           "http:POST:localhost:8080",
                           "env:read:HOME",
                           "env:read:APP_*",
                           "args",
                           "stdio:stdin",
                           "stdio:*",
                           "clock:wall",
                           "random:secure",
                           "process:exit",
                           "ai:model:load",
                           "tool:call:pkg/item",
                           "tool:*:pkg/*",
                           "agent:ask:researcher",
                           "storage:read:namespace:key",
                           "messaging:send:airssys/**",
                           "database:query:orders"}) {
    EXPECT_EQ(print(text), text);
  }
}

TEST(Capability, PutsItsPartsIntoOneForm) {
  EXPECT_EQ(print("FileSystem:Read:/Models//x/"), "filesystem:read:/Models/x");
  EXPECT_EQ(print("network:outbound:API.Example.COM.:443"), "network:outbound:api.example.com:443");
  EXPECT_EQ(print("http:get:API.example.com/"), "http:GET:api.example.com");
  EXPECT_EQ(print("ENV:READ:Home"), "env:read:Home");
  EXPECT_EQ(print("AI:Model:load"), "ai:model:load");
  EXPECT_EQ(print("network:outbound:[::ffff:127.0.0.1]:80"), "network:outbound:127.0.0.1:80");
}

TEST(Capability, RefusesWhatIsNone) {
  for (const char* text : {"",
                           ":",
                           "::",
                           "filesystem",
                           "filesystem:",
                           "filesystem:read",
                           "filesystem:read:",
                           "filesystem:execute:/x",
                           "filesystem::/x",
                           "filesystem:read:x",
                           "filesystem:read:../x",
                           "filesystem:read:/x/../y",
                           " filesystem:read:/x",
                           "file system:read:/x",
                           "filesystem:read,write:/x",
                           "network:*:a",
                           "network:outbound:",
                           "network:outbound:a:b",
                           "network:outbound:0x7f000001:80",
                           "network:listen:example.com:80",
                           "network:resolve:a:443",
                           "network:resolve:a+private",
                           "http:GET:",
                           "http:GET",
                           "http::a.com",
                           "http:G T:a.com",
                           "http:a.com",
                           "http:GET:user@a.com",
                           "env:read:",
                           "env:read:A=B",
                           "env:write:A",
                           "env:*:A",
                           "args:",
                           "args:x",
                           "args::",
                           "stdio",
                           "stdio:stdin:x",
                           "stdio:stdin:",
                           "clock:cpu",
                           "random",
                           "process:fork",
                           "ai:model",
                           "ai:model:",
                           "ai::load",
                           "ai:mo del:load",
                           "ai:model:/load",
                           "ai:model:a//b",
                           "ai:model:a/../b",
                           "unknown:read:x",
                           "*",
                           "*:*:*",
                           "command",
                           "env:read:A\nB",
                           "env:read:\xff"}) {
    EXPECT_FALSE(Capability::parse(text)) << text;
  }
  EXPECT_FALSE(Capability::parse("filesystem:read:/" + std::string(capability_bytes_max, 'a')));
}

TEST(Capability, SaysWhatIsWrong) {
  const auto message = [](std::string_view text) { return Capability::parse(text).error().message(); };
  EXPECT_EQ(message("filesystem:execute:/x"),
            "\"filesystem:execute:/x\" is no capability: filesystem has no action \"execute\": read, write, create, delete, list");
  EXPECT_EQ(message("fs:read:/x"),
            "\"fs:read:/x\" is no capability: there is no domain \"fs\": filesystem, network, http, env, args, stdio, clock, random, process, tool, agent, "
            "storage, messaging, ai, database");
  EXPECT_EQ(message("env:read:"), "\"env:read:\" is no capability: the target is empty; write for example env:read:NAME");
  EXPECT_EQ(message("a\x1b[31m"), "\"a\\x1b[31m\" is no capability: it has a control character");
  EXPECT_EQ(message("network:outbound:b\xc3\xbc.de"),
            "\"network:outbound:b\\xc3\\xbc.de\" is no capability: the host b\xc3\xbc.de is not ASCII; write its xn-- form");
}

TEST(Capability, ConcernsTheAccessesOfItsDomainAndAction) {
  EXPECT_TRUE(Capability::parse("filesystem:read:/")->concerns(Access::FilesystemRead));
  EXPECT_FALSE(Capability::parse("filesystem:read:/")->concerns(Access::FilesystemWrite));
  EXPECT_TRUE(Capability::parse("filesystem:*:/")->concerns(Access::FilesystemDelete));
  EXPECT_TRUE(Capability::parse("http:GET:a.com")->concerns(Access::Http));
  EXPECT_TRUE(Capability::parse("args")->concerns(Access::Args));
  EXPECT_FALSE(Capability::parse("ai:model:load")->concerns(Access::Args));
  EXPECT_TRUE(Capability::parse("random:*")->concerns(Access::RandomInsecure));
}

TEST(Grant, KnowsBundles) {
  const auto command = parse_grant("command");
  ASSERT_TRUE(command);
  std::string all;
  for (const Capability& capability : *command) all += capability.to_string() + " ";
  EXPECT_EQ(all, "args process:exit clock:* random:* ");
  for (const std::string_view name : bundle_names()) EXPECT_TRUE(parse_grant(name)) << name;
  EXPECT_EQ(parse_grant("env:read:A")->size(), 1u);
  EXPECT_FALSE(parse_grant("Command"));
  EXPECT_FALSE(parse_grant("args random:secure"));
}

}  // namespace
}  // namespace tenon::policy
