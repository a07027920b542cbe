// The guest in C++: world `tool` with the standard library, over the same hand-written border as the guest in C.
#include "../c/guest.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>

namespace {

tool_outcome outcome;
byte_list list;

text copy(std::string_view from) {
  char* block = static_cast<char*>(std::malloc(from.size() + 1));
  if (block == nullptr) std::abort();
  std::copy(from.begin(), from.end(), block);
  return {block, from.size()};
}

void release(const void* data, size_t size) {
  if (size != 0) std::free(const_cast<void*>(data));
}

using Tool = void (*)(std::string_view input);

const std::map<std::string, Tool, std::less<>>& tools() {
  static const std::map<std::string, Tool, std::less<>> all = {
      {"upper",
       [](std::string_view input) {
         std::string value(input);
         std::transform(value.begin(), value.end(), value.begin(), [](unsigned char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
         outcome.result.ok = 1;
         outcome.result.value = copy(value);
       }},
      {"fail",
       [](std::string_view input) {
         outcome.result.value = copy("");
         outcome.result.has_error = 1;
         outcome.result.error = copy(input);
       }},
      {"panic", [](std::string_view) { std::abort(); }},
  };
  return all;
}

}  // namespace

extern "C" {

__attribute__((export_name("cabi_realloc"))) void* cabi_realloc(void* old, size_t, size_t align, size_t size) {
  if (size == 0) return reinterpret_cast<void*>(align);
  void* block = std::realloc(old, size);
  if (block == nullptr) std::abort();
  return block;
}

__attribute__((export_name("execute-tool"))) tool_outcome* cpp_execute_tool(const char* id, size_t id_size, const char* name, size_t name_size,
                                                                            const char* input, size_t input_size) {
  const std::string tool(name, name_size);
  const std::string message = "called " + tool;
  host_log(1, message.data(), message.size());
  std::memset(&outcome, 0, sizeof outcome);
  if (auto found = tools().find(tool); found != tools().end()) {
    found->second({input, input_size});
  } else {
    outcome.is_error = 1;
    outcome.error = copy("unknown tool " + tool);
  }
  release(id, id_size);
  release(name, name_size);
  release(input, input_size);
  return &outcome;
}

__attribute__((export_name("cabi_post_execute-tool"))) void post_execute_tool(tool_outcome* done) {
  if (done->is_error) {
    std::free(const_cast<char*>(done->error.data));
    return;
  }
  std::free(const_cast<char*>(done->result.value.data));
  if (done->result.has_error) std::free(const_cast<char*>(done->result.error.data));
}

__attribute__((export_name("bytes"))) byte_list* bytes(uint8_t* data, size_t size) {
  list = {data, size};
  return &list;
}

__attribute__((export_name("cabi_post_bytes"))) void post_bytes(byte_list* done) { release(done->data, done->size); }

}  // extern "C"
