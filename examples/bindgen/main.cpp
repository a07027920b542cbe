// Calls a tool with C++ types. `tool.h` is written by `tenon bindgen tool.wit --world tool -o tool.h`, the component is made by
// `tenon component new --wit tool.wit --world tool tool.wat -o tool.wasm`.

#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "tenon/component.h"
#include "tenon/engine.h"
#include "tenon/linker.h"
#include "tenon/store.h"
#include "tool.h"

namespace {

/// What the host gives to the tool.
class Host final : public tool::Imports {
 public:
  tenon::Result<> log(tenon::HostCall&, uint32_t level, std::string_view message) override {
    std::printf("log %u: %.*s\n", level, static_cast<int>(message.size()), message.data());
    return {};
  }
};

tenon::Result<> run(const std::string& bytes) {
  TENON_TRY(const tenon::Engine engine, tenon::Engine::create());
  TENON_TRY(const tenon::Component component, tenon::Component::create(engine, std::as_bytes(std::span(bytes))));
  Host host;
  tenon::Linker linker(engine);
  TENON_CHECK_OK(tool::add_imports(linker, host));
  TENON_TRY(const std::unique_ptr<tenon::Store> store, tenon::Store::create(engine));
  TENON_TRY(const tenon::Instance instance, linker.instantiate(*store, component));
  TENON_TRY(const tool::Exports exports, tool::Exports::find(instance));

  for (const char* name : {"echo", ""}) {
    // Two layers of failure: the call itself (a trap, a limit), and the error that the tool answers with.
    TENON_TRY(const auto answer, exports.execute_tool({.call_id = "1", .name = name, .input = "hello"}));
    if (answer) {
      std::printf("value: %s\n", answer->value.c_str());
    } else {
      std::printf("error: %s\n", answer.error().c_str());
    }
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s tool.wasm\n", argv[0]);
    return 2;
  }
  std::ostringstream bytes;
  bytes << std::ifstream(argv[1]).rdbuf();
  if (const auto done = run(bytes.str()); !done) {
    std::fprintf(stderr, "error: %s\n", done.error().message().c_str());
    return 1;
  }
  return 0;
}
