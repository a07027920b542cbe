#include "guest.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::oracle {

namespace {

constexpr size_t flat_params_max = 16;
constexpr size_t memory_leaf_padding = 17;

/// Memory of each component: what was set to be written, then the result of calls, then the heap.
constexpr std::string_view libc = R"(
    (core module $libc
      (import "host" "note" (func $note))
      (memory (export "memory") 1 64)
      (global $bump (export "bump") (mut i32) (i32.const 16384))
      (global $mode (export "mode") (mut i32) (i32.const 0))
      (global $countdown (export "countdown") (mut i32) (i32.const 0))
      (func (export "realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
        (local $at i32) (local $end i64)
        (local.set $at (i32.and (i32.add (global.get $bump) (i32.sub (local.get $align) (i32.const 1))) (i32.sub (i32.const 0) (local.get $align))))
        (local.set $end (i64.add (i64.extend_i32_u (local.get $at)) (i64.extend_i32_u (local.get $size))))
        (block $fits
          (br_if $fits (i64.le_u (local.get $end) (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16))))
          (br_if $fits (i32.ne (memory.grow (i32.add (i32.shr_u (local.get $size) (i32.const 16)) (i32.const 1))) (i32.const -1)))
          (unreachable))
        (global.set $bump (i32.wrap_i64 (local.get $end)))
        (if (local.get $old)
          (then (memory.copy (local.get $at) (local.get $old)
            (select (local.get $old_size) (local.get $size) (i32.lt_u (local.get $old_size) (local.get $size))))))
        (block $well
          (br_if $well (i32.eqz (global.get $mode)))
          (global.set $countdown (i32.sub (global.get $countdown) (i32.const 1)))
          (br_if $well (i32.ne (global.get $countdown) (i32.const -1)))
          (block $b8 (block $b7 (block $b6 (block $b5 (block $b4 (block $b3 (block $b2 (block $b1 (block $b0
            (br_table $b0 $b1 $b2 $b3 $b4 $b5 $b6 $b7 $b8 (i32.sub (global.get $mode) (i32.const 1))))
            (return (i32.add (local.get $at) (i32.const 1))))
            (return (i32.const -16)))
            (return (i32.shl (memory.size) (i32.const 16))))
            (unreachable))
            (drop (memory.grow (i32.const 1))) (br $well))
            (return (i32.const 0)))
            (call $note) (br $well))
            (return (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 8))))
          (return (i32.const -1)))
        (local.get $at)))
    (core instance $libc (instantiate $libc (with "host" (instance (export "note" (func $note_lowered))))))
    (alias core export $libc "memory" (core memory $memory))
    (alias core export $libc "realloc" (core func $realloc)))";

/// What `setN` keeps and `run` does with it: entries of 16 bytes (what, offset, value), their number at address 0.
constexpr std::string_view misbehaving = R"(
      (global $flat (mut i32) (i32.const -1))
      (global $flat_value (mut i64) (i64.const 0))
      (global $moved (mut i32) (i32.const 0))
      (global $post (mut i32) (i32.const 0))
      (func (export "set") (param $what i32) (param $a i64) (param $b i64)
        (local $entry i32)
        (if (i32.eq (local.get $what) (i32.const 0))
          (then (global.set $flat (i32.wrap_i64 (local.get $a))) (global.set $flat_value (local.get $b)) (return)))
        (if (i32.eq (local.get $what) (i32.const 5)) (then (global.set $moved (i32.wrap_i64 (local.get $a))) (return)))
        (if (i32.eq (local.get $what) (i32.const 6))
          (then (global.set $mode (i32.wrap_i64 (local.get $a))) (global.set $countdown (i32.wrap_i64 (local.get $b))) (return)))
        (if (i32.eq (local.get $what) (i32.const 7)) (then (global.set $post (i32.wrap_i64 (local.get $a))) (return)))
        (local.set $entry (i32.shl (i32.add (i32.load (i32.const 0)) (i32.const 1)) (i32.const 4)))
        (i32.store (local.get $entry) (local.get $what))
        (i32.store offset=4 (local.get $entry) (i32.wrap_i64 (local.get $a)))
        (i32.store offset=8 (local.get $entry) (i32.wrap_i64 (local.get $b)))
        (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))))
      (func $write (param $result i32)
        (local $n i32) (local $entry i32) (local $at i32)
        (local.set $n (i32.load (i32.const 0)))
        (block $done
          (loop $next_entry
            (br_if $done (i32.eqz (local.get $n)))
            (local.set $entry (i32.shl (local.get $n) (i32.const 4)))
            (local.set $at (i32.add (i32.load offset=4 (local.get $entry))
              (select (local.get $result) (i32.const 16384) (i32.le_u (i32.load (local.get $entry)) (i32.const 2)))))
            (if (i32.and (i32.load (local.get $entry)) (i32.const 1))
              (then (i32.store8 (local.get $at) (i32.load offset=8 (local.get $entry))))
              (else (i32.store (local.get $at) (i32.load offset=8 (local.get $entry)))))
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (br $next_entry)))))";

/// Address of the result of calls.
constexpr std::string_view result_address = "(i32.const 1024)";

struct Signature {
  std::vector<Flat> params;
  /// Of the lifted function: absent when it returns nothing. The lowered one takes an address instead when `result_in_memory`.
  std::optional<Flat> result;
  bool params_in_memory = false;
  bool result_in_memory = false;
};

Signature signature(const Guest& guest, const TypeTable& table) {
  Signature s;
  for (const TypeIndex param : guest.params) {
    const std::vector<Flat> flat = flatten(Type(table, param));
    s.params.insert(s.params.end(), flat.begin(), flat.end());
  }
  if (s.params.size() > flat_params_max) {
    s.params = {Flat::I32};
    s.params_in_memory = true;
  }
  if (guest.result) {
    const std::vector<Flat> flat = flatten(Type(table, *guest.result));
    s.result_in_memory = flat.size() > 1;
    s.result = s.result_in_memory ? Flat::I32 : flat[0];
  }
  return s;
}

std::string list(std::string_view keyword, const std::vector<Flat>& flats) {
  if (flats.empty()) return "";
  std::string out = " (" + std::string(keyword);
  for (const Flat flat : flats) out += " " + std::string(to_string(flat));
  return out + ")";
}

std::string result_text(const std::optional<Flat>& result) { return result ? list("result", {*result}) : ""; }

/// "(i64 on the stack) as `flat`".
std::string_view convert(Flat flat) {
  constexpr std::array<std::string_view, 4> texts = {"i32.wrap_i64", "", "f32.reinterpret_i32 (i32.wrap_i64", "f64.reinterpret_i64"};
  return texts[static_cast<size_t>(flat)];
}

/// Replaces each core parameter when it is the one that was set.
std::string corrupt_flats(const std::vector<Flat>& params) {
  std::string out;
  for (size_t i = 0; i < params.size(); i++) {
    const std::string_view how = convert(params[i]);
    std::string value = "(global.get $flat_value)";
    if (!how.empty()) value = "(" + std::string(how) + " " + value + (params[i] == Flat::F32 ? "))" : ")");
    out += "        (if (i32.eq (global.get $flat) (i32.const " + std::to_string(i) + ")) (then (local.set " + std::to_string(i) + " " + value + ")))\n";
  }
  return out;
}

/// `run` of a component that passes its call on: to the next component or to the host.
std::string passing_run(const Signature& s) {
  std::string out = "      (func (export \"run\")" + list("param", s.params) + result_text(s.result) + "\n";
  const bool keeps = s.result && !s.result_in_memory;
  if (keeps) out += "        (local $result " + std::string(to_string(*s.result)) + ")\n";
  out += corrupt_flats(s.params);
  std::string call = "(call $next";
  for (size_t i = 0; i < s.params.size(); i++) call += " (local.get " + std::to_string(i) + ")";
  if (s.result_in_memory) call += " " + std::string(result_address);
  call += ")";
  if (keeps) call = "(local.set $result " + call + ")";
  out += "        " + call + "\n        (call $write " + std::string(result_address) + ")\n";
  if (s.result_in_memory) out += "        (i32.add " + std::string(result_address) + " (global.get $moved))\n";
  if (keeps) out += "        (local.get $result)\n";
  return out + "      )\n";
}

/// `run` of a component that answers itself: the parameters lie at an address, and the result is a part of them.
std::string answering_run(size_t padding) {
  const std::string address = "(i32.add (local.get 0) (i32.const " + std::to_string(padding * 8) + "))";
  return "      (func (export \"run\") (param i32) (result i32)\n" + corrupt_flats({Flat::I32}) + "        (call $write " + address + ")\n        (i32.add " +
         address + " (global.get $moved)))\n";
}

/// The component-level type of `run`.
std::string func_type(const Guest& guest, const TypeTable& table, TypeText& types) {
  std::string out;
  for (size_t i = 0; i < guest.params.size(); i++) out += " (param \"p" + std::to_string(i) + "\" " + types.use(Type(table, guest.params[i])) + ")";
  if (guest.result) out += " (result " + types.use(Type(table, *guest.result)) + ")";
  return out;
}

std::string imports(const std::string& type, const TypeText& types, std::string_view next) {
  std::string out;
  if (types.uses_resource()) out += "    (import \"thing\" (type $thing (sub resource)))\n";
  out += types.declarations();
  if (!next.empty()) out += "    (import \"" + std::string(next) + "\" (func $next" + type + "))\n";
  return out + "    (import \"note\" (func $note))\n    (core func $note_lowered (canon lower (func $note)))";
}

std::string level_text(const Guest& guest, const TypeTable& table, size_t number) {
  const Level& level = guest.levels[number];
  const Signature s = signature(guest, table);
  const bool answers = guest.leaf == Leaf::Memory && number + 1 == guest.levels.size();
  TypeText types;
  const std::string type = func_type(guest, table, types);
  const std::string options = " (memory $memory) (realloc $realloc) string-encoding=" + std::string(level.encoding);

  std::string out = "  (component $level" + std::to_string(number) + "\n" + imports(type, types, answers ? "" : "next") + std::string(libc) + "\n";
  if (!answers) out += "    (core func $next_lowered (canon lower (func $next)" + options + "))\n";
  out += "    (core module $main\n      (import \"libc\" \"memory\" (memory 1))\n";
  for (const std::string_view global : {"bump", "mode", "countdown"}) {
    out += "      (import \"libc\" \"" + std::string(global) + "\" (global $" + std::string(global) + " (mut i32)))\n";
  }
  out += "      (import \"host\" \"note\" (func $note))\n";
  if (!answers) {
    std::vector<Flat> params = s.params;
    if (s.result_in_memory) params.push_back(Flat::I32);
    out += "      (import \"next\" \"run\" (func $next" + list("param", params) + (s.result_in_memory ? "" : result_text(s.result)) + "))\n";
  }
  out += std::string(misbehaving) + "\n" + (answers ? answering_run(guest.padding) : passing_run(s));
  out += "      (func (export \"post\")" + (s.result ? list("param", {*s.result}) : "") + R"(
        (global.set $bump (i32.const 16384))
        (if (i32.eq (global.get $post) (i32.const 1)) (then unreachable))
        (if (i32.eq (global.get $post) (i32.const 2)) (then (call $note)))))
    (core instance $main (instantiate $main (with "libc" (instance $libc)) (with "host" (instance (export "note" (func $note_lowered)))))" +
         (answers ? "" : " (with \"next\" (instance (export \"run\" (func $next_lowered))))") + "))\n";
  out += "    (func (export \"run\")" + type + " (canon lift (core func $main \"run\")" + options +
         (level.has_post_return ? " (post-return (core func $main \"post\"))" : "") + "))\n";
  out += "    (func (export \"set\") (param \"what\" u32) (param \"a\" s64) (param \"b\" s64) (canon lift (core func $main \"set\"))))\n";
  return out;
}

std::string_view random_encoding(Random& random) {
  constexpr std::array<std::string_view, 4> encodings = {"utf8", "utf8", "utf16", "latin1+utf16"};
  return encodings[random.below(encodings.size())];
}

}  // namespace

Guest random_guest(Random& random, TypeTable& table) {
  Guest guest;
  guest.leaf = random.once_in(2) ? Leaf::Host : Leaf::Memory;
  TypeMaker maker(random, table, random.once_in(4) ? Resources::Owned : Resources::No);
  const TypeIndex type = maker.make(static_cast<int>(random.between(0, 4)));
  if (guest.leaf == Leaf::Memory) {
    guest.padding = memory_leaf_padding;
    guest.params.assign(guest.padding, primitive_type(TypeKind::U64));
    guest.params.push_back(type);
    guest.params.push_back(primitive_type(TypeKind::U8));
    guest.result = table.add_tuple(std::array{type, primitive_type(TypeKind::U8)});
  } else {
    guest.params.push_back(type);
    for (uint64_t i = random.below(3); i > 0; i--) guest.params.push_back(maker.make(2));
    if (!random.once_in(8)) guest.result = type;
  }
  const uint64_t levels = random.once_in(2) ? 1 : random.between(2, 3);
  for (uint64_t i = 0; i < levels; i++) guest.levels.push_back({.encoding = random_encoding(random), .has_post_return = random.once_in(2)});
  return guest;
}

std::string text(const Guest& guest, const TypeTable& table) {
  TypeText types;
  const std::string type = func_type(guest, table, types);
  std::string out = "(component\n";
  if (types.uses_resource()) {
    out += "  (import \"host\" (instance $host (export \"thing\" (type (sub resource)))))\n  (alias export $host \"thing\" (type $thing))\n";
  }
  out += types.declarations() + "  (import \"note\" (func $note))\n";
  const bool needs_host = guest.leaf == Leaf::Host;
  if (needs_host) out += "  (import \"echo\" (func $echo" + type + "))\n";
  for (size_t i = guest.levels.size(); i-- > 0;) {
    const std::string number = std::to_string(i);
    const bool innermost = i + 1 == guest.levels.size();
    out += level_text(guest, table, i) + "  (instance $i" + number + " (instantiate $level" + number;
    if (types.uses_resource()) out += " (with \"thing\" (type $thing))";
    for (size_t t = 0; t < types.count(); t++) out += " (with \"t" + std::to_string(t) + "\" (type $t" + std::to_string(t) + "))";
    if (!innermost)
      out += " (with \"next\" (func $i" + std::to_string(i + 1) + " \"run\"))";
    else if (needs_host)
      out += " (with \"next\" (func $echo))";
    out += " (with \"note\" (func $note))))\n  (export \"set" + number + "\" (func $i" + number + " \"set\"))\n";
  }
  return out + "  (export \"run\" (func $i0 \"run\")))\n";
}

}  // namespace tenon::oracle
