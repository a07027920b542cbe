// Bytes that a stranger could send to exhaust the stack, the memory or the patience of whoever parses them. Run under prlimit: the process must
// live through each, and refuse what it cannot take with a kind other than "unavailable".

#include <chrono>
#include <cstdio>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "engine/raw.h"

namespace {

using namespace tenon;
using Bytes = std::vector<std::byte>;

enum class Expect { Refused, Either };

struct Case {
  const char* name;
  Expect expect;
  std::function<Bytes()> make;
};

void add(Bytes& bytes, std::initializer_list<unsigned> values) {
  for (unsigned value : values) bytes.push_back(static_cast<std::byte>(value));
}

void add_size(Bytes& bytes, uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<std::byte>((value & 0x7f) | 0x80));
  bytes.push_back(static_cast<std::byte>(value));
}

/// A type index where a value type may stand: signed.
void add_type_index(Bytes& bytes, uint64_t index) {
  for (; index >= 0x40; index >>= 7) bytes.push_back(static_cast<std::byte>((index & 0x7f) | 0x80));
  bytes.push_back(static_cast<std::byte>(index));
}

void add_bytes(Bytes& bytes, const Bytes& more) { bytes.insert(bytes.end(), more.begin(), more.end()); }

Bytes header() {
  Bytes bytes;
  add(bytes, {0, 'a', 's', 'm', 1, 0, 0, 0});
  return bytes;
}

Bytes component_header() {
  Bytes bytes;
  add(bytes, {0, 'a', 's', 'm', 0x0d, 0, 1, 0});
  return bytes;
}

void add_section(Bytes& module, unsigned id, const Bytes& body) {
  add(module, {id});
  add_size(module, body.size());
  add_bytes(module, body);
}

/// A module with one function of type () -> () and this body.
Bytes with_body(const Bytes& body) {
  Bytes module = header();
  add_section(module, 1, Bytes{std::byte{1}, std::byte{0x60}, std::byte{0}, std::byte{0}});
  add_section(module, 3, Bytes{std::byte{1}, std::byte{0}});
  Bytes code;
  add(code, {1});
  add_size(code, body.size());
  add_bytes(code, body);
  add_section(module, 10, code);
  return module;
}

/// A module whose section `id` says that it has 2^32-1 entries and has none.
Bytes endless_section(unsigned id) {
  Bytes module = header();
  Bytes body;
  add_size(body, 0xffff'ffff);
  add_section(module, id, body);
  return module;
}

Bytes nested_blocks(size_t depth, unsigned opcode) {
  Bytes body;
  add(body, {0});
  for (size_t i = 0; i < depth; ++i) {
    if (opcode == 0x04) add(body, {0x41, 0});
    add(body, {opcode, 0x40});
  }
  for (size_t i = 0; i <= depth; ++i) add(body, {0x0b});
  return with_body(body);
}

Bytes nested_components(size_t depth) {
  // From the inside out: each level is a component section that holds the next.
  Bytes inner = component_header();
  for (size_t i = 0; i < depth; ++i) {
    Bytes outer = component_header();
    add_section(outer, 4, inner);
    inner = std::move(outer);
  }
  return inner;
}

/// A component with a list of a list of a list … of u8, each level a type of its own.
Bytes nested_types(size_t depth) {
  Bytes types;
  add_size(types, depth);
  add(types, {0x70, 0x7d});
  for (size_t i = 1; i < depth; ++i) {
    add(types, {0x70});
    add_type_index(types, i - 1);
  }
  Bytes component = component_header();
  add_section(component, 7, types);
  return component;
}

/// A component with 2^depth types when it is written out: a tuple of two of a tuple of two …
Bytes doubling_types(size_t depth) {
  Bytes types;
  add_size(types, depth);
  add(types, {0x6f, 2, 0x7d, 0x7d});
  for (size_t i = 1; i < depth; ++i) {
    add(types, {0x6f, 2});
    add_type_index(types, i - 1);
    add_type_index(types, i - 1);
  }
  Bytes component = component_header();
  add_section(component, 7, types);
  return component;
}

Bytes text(const std::string& text) {
  auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::string repeat(const std::string& text, size_t count) {
  std::string all;
  all.reserve(text.size() * count);
  for (size_t i = 0; i < count; ++i) all += text;
  return all;
}

std::vector<Case> modules() {
  std::vector<Case> cases{
      {"nothing", Expect::Refused, [] { return Bytes(); }},
      {"40,000 nested blocks", Expect::Either, [] { return nested_blocks(40'000, 0x02); }},
      {"900 nested loops", Expect::Either, [] { return nested_blocks(900, 0x03); }},
      {"100,000 nested blocks", Expect::Refused, [] { return nested_blocks(100'000, 0x02); }},
      {"100,000 nested loops", Expect::Refused, [] { return nested_blocks(100'000, 0x03); }},
      {"100,000 nested ifs", Expect::Refused, [] { return nested_blocks(100'000, 0x04); }},
      {"2,000,000 nested blocks", Expect::Refused, [] { return nested_blocks(2'000'000, 0x02); }},
      {"4,294,967,295 locals", Expect::Refused,
       [] {
         return with_body(
             {std::byte{1}, std::byte{0xff}, std::byte{0xff}, std::byte{0xff}, std::byte{0xff}, std::byte{0x0f}, std::byte{0x7f}, std::byte{0x0b}});
       }},
      {"a branch table of 4,294,967,295", Expect::Refused,
       [] {
         return with_body({std::byte{0}, std::byte{0x41}, std::byte{0}, std::byte{0x0e}, std::byte{0xff}, std::byte{0xff}, std::byte{0xff}, std::byte{0xff},
                           std::byte{0x0f}, std::byte{0x0b}});
       }},
      {"a memory of 2^64-1 pages", Expect::Refused,
       [] {
         Bytes module = header();
         Bytes body;
         add(body, {1, 4});
         add_size(body, ~uint64_t{0});
         add_section(module, 5, body);
         return module;
       }},
      {"a table of 4,294,967,295 elements", Expect::Either,
       [] {
         Bytes module = header();
         Bytes body;
         add(body, {1, 0x70, 0});
         add_size(body, 0xffff'ffff);
         add_section(module, 4, body);
         return module;
       }},
      {"a recursion group of 1,000,000 types", Expect::Either,
       [] {
         Bytes module = header();
         Bytes body;
         add(body, {1, 0x4e});
         add_size(body, 1'000'000);
         for (int i = 0; i < 1'000'000; ++i) add(body, {0x60, 0, 0});
         add_section(module, 1, body);
         return module;
       }},
      {"a chain of 10,000 subtypes", Expect::Either,
       [] {
         Bytes module = header();
         Bytes body;
         add_size(body, 10'000);
         add(body, {0x50, 0, 0x5f, 0});
         for (unsigned i = 1; i < 10'000; ++i) {
           add(body, {0x50, 1});
           add_size(body, i - 1);
           add(body, {0x5f, 0});
         }
         add_section(module, 1, body);
         return module;
       }},
      {"100,000 imports", Expect::Either,
       [] {
         Bytes module = header();
         add_section(module, 1, Bytes{std::byte{1}, std::byte{0x60}, std::byte{0}, std::byte{0}});
         Bytes body;
         add_size(body, 100'000);
         for (int i = 0; i < 100'000; ++i) add(body, {1, 'a', 1, 'b', 0, 0});
         add_section(module, 2, body);
         return module;
       }},
      {"an import name of 100,001 bytes", Expect::Refused,
       [] {
         Bytes module = header();
         Bytes body;
         add(body, {1});
         add_size(body, 100'001);
         body.resize(body.size() + 100'001, std::byte{'a'});
         add(body, {1, 'b', 0, 0});
         add_section(module, 2, body);
         return module;
       }},
      {"a name section of rubbish", Expect::Either,
       [] {
         Bytes module = header();
         Bytes body;
         add(body, {4, 'n', 'a', 'm', 'e', 1, 0xff, 0xff, 0xff, 0xff, 0x0f});
         add_section(module, 0, body);
         return module;
       }},
  };
  static std::array<std::string, 13> names;
  for (unsigned id = 1; id <= 12; ++id) {
    names[id] = "section " + std::to_string(id) + " of 4,294,967,295 entries";
    cases.push_back({names[id].c_str(), Expect::Refused, [id] { return endless_section(id); }});
  }
  return cases;
}

std::vector<Case> components() {
  return {
      {"90 nested components", Expect::Either, [] { return nested_components(90); }},
      {"5,000 nested components", Expect::Either, [] { return nested_components(5'000); }},
      {"90 nested lists", Expect::Either, [] { return nested_types(90); }},
      {"100,000 nested lists", Expect::Either, [] { return nested_types(100'000); }},
      {"a type of 2^60 parts", Expect::Either, [] { return doubling_types(60); }},
      {"4,294,967,295 types", Expect::Refused,
       [] {
         Bytes component = component_header();
         Bytes body;
         add_size(body, 0xffff'ffff);
         add_section(component, 7, body);
         return component;
       }},
  };
}

std::vector<Case> texts() {
  return {
      {"1,000,000 open parentheses", Expect::Refused, [] { return text(repeat("(", 1'000'000)); }},
      {"100,000 nested blocks as text", Expect::Either, [] { return text("(module (func " + repeat("(block ", 100'000) + repeat(")", 100'000) + "))"); }},
      {"100,000 nested folded instructions", Expect::Either,
       [] { return text("(module (func " + repeat("(drop (i32.eqz ", 50'000) + "(i32.const 1)" + repeat("))", 50'000) + "))"); }},
      {"1,000,000 open comments", Expect::Refused, [] { return text(repeat("(;", 1'000'000)); }},
      {"10,000 nested components as text", Expect::Either, [] { return text(repeat("(component ", 10'000) + repeat(")", 10'000)); }},
      {"10,000 nested lists as text", Expect::Either, [] { return text("(component (type " + repeat("(list ", 10'000) + "u8" + repeat(")", 10'000) + "))"); }},
  };
}

int failed = 0;
int passed = 0;

void judge(const Case& one, const char* what, std::chrono::steady_clock::time_point start, tn_error* error) {
  engine::OwnedError owned(error);
  auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count();
  std::string_view message = error == nullptr ? "taken" : engine::text_of(tn_error_message(error));
  bool right = error == nullptr ? one.expect == Expect::Either : static_cast<ErrorKind>(tn_error_kind(error)) != ErrorKind::Unavailable;
  ++(right ? passed : failed);
  std::printf("%s %s: %s, %lld ms: %.*s\n", right ? "ok  " : "FAIL", one.name, what, static_cast<long long>(ms),
              static_cast<int>(std::min<size_t>(message.size(), 120)), message.data());
  std::fflush(stdout);
}

}  // namespace

int main() {
  auto engine = Engine::create();
  if (!engine) return std::printf("%s\n", engine.error().message().c_str()), 1;
  for (const Case& one : modules()) {
    Bytes bytes = one.make();
    tn_module* module = nullptr;
    auto start = std::chrono::steady_clock::now();
    tn_error* error = tn_module_compile(engine::raw(*engine), engine::bytes_of(bytes), &module);
    if (error == nullptr) tn_module_free(module);
    judge(one, "compile", start, error);
  }
  for (const Case& one : components()) {
    Bytes bytes = one.make();
    engine::Buffer plan;
    auto start = std::chrono::steady_clock::now();
    judge(one, "translate", start, tn_plan_translate(engine::bytes_of(bytes), 0, plan.out()));
  }
  for (const Case& one : texts()) {
    Bytes bytes = one.make();
    engine::Buffer binary;
    auto start = std::chrono::steady_clock::now();
    judge(one, "text", start, tn_text_to_binary(engine::bytes_of(bytes), engine::bytes_of(std::string_view()), binary.out()));
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
