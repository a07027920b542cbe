;; The guest in WebAssembly text: world `tool`, memory handed out from the end of what is in use and taken back after each call.
(module
  (import "$root" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 2)
  (global $free (mut i32) (i32.const 1024))
  (data (i32.const 0) "called unknown tool upperfailpanic")

  (func $realloc (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    ;; at = free rounded up to the alignment
    (local.set $at (i32.and (i32.add (global.get $free) (i32.sub (local.get $align) (i32.const 1))) (i32.sub (i32.const 0) (local.get $align))))
    (global.set $free (i32.add (local.get $at) (local.get $size)))
    (block $fits
      (br_if $fits (i32.le_u (global.get $free) (i32.shl (memory.size) (i32.const 16))))
      (br_if $fits (i32.ne (i32.const -1)
        (memory.grow (i32.add (i32.const 1) (i32.shr_u (i32.sub (global.get $free) (i32.shl (memory.size) (i32.const 16))) (i32.const 16))))))
      unreachable)
    (memory.copy (local.get $at) (local.get $old) (local.get $old_size))
    (local.get $at))

  (func $reset (param i32) (global.set $free (i32.const 1024)))
  (export "cabi_post_execute-tool" (func $reset))
  (export "cabi_post_bytes" (func $reset))

  (func $equals (param $a i32) (param $a_size i32) (param $b i32) (param $b_size i32) (result i32)
    (if (i32.ne (local.get $a_size) (local.get $b_size)) (then (return (i32.const 0))))
    (loop $next
      (if (i32.eqz (local.get $a_size)) (then (return (i32.const 1))))
      (local.set $a_size (i32.sub (local.get $a_size) (i32.const 1)))
      (br_if $next (i32.eq (i32.load8_u (i32.add (local.get $a) (local.get $a_size))) (i32.load8_u (i32.add (local.get $b) (local.get $a_size))))))
    (i32.const 0))

  ;; The text at `prefix`, then the text at `tail`.
  (func $join (param $prefix i32) (param $prefix_size i32) (param $tail i32) (param $tail_size i32) (result i32)
    (local $at i32)
    (local.set $at (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (i32.add (local.get $prefix_size) (local.get $tail_size))))
    (memory.copy (local.get $at) (local.get $prefix) (local.get $prefix_size))
    (memory.copy (i32.add (local.get $at) (local.get $prefix_size)) (local.get $tail) (local.get $tail_size))
    (local.get $at))

  (func $upper (param $at i32) (param $size i32)
    (local $letter i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $size)))
        (local.set $letter (i32.load8_u (local.get $at)))
        (if (i32.lt_u (i32.sub (local.get $letter) (i32.const 97)) (i32.const 26))
          (then (i32.store8 (local.get $at) (i32.sub (local.get $letter) (i32.const 32)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $size (i32.sub (local.get $size) (i32.const 1)))
        (br $next))))

  (func (export "execute-tool") (param $id i32) (param $id_size i32) (param $name i32) (param $name_size i32) (param $input i32) (param $input_size i32)
    (result i32)
    (local $out i32)
    (call $log (i32.const 1) (call $join (i32.const 0) (i32.const 7) (local.get $name) (local.get $name_size)) (i32.add (i32.const 7) (local.get $name_size)))
    (local.set $out (call $realloc (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 28)))
    (memory.fill (local.get $out) (i32.const 0) (i32.const 28))
    (if (call $equals (local.get $name) (local.get $name_size) (i32.const 20) (i32.const 5))
      (then
        (i32.store8 offset=4 (local.get $out) (i32.const 1))
        (call $upper (local.get $input) (local.get $input_size))
        (i32.store offset=8 (local.get $out) (local.get $input))
        (i32.store offset=12 (local.get $out) (local.get $input_size))
        (return (local.get $out))))
    (if (call $equals (local.get $name) (local.get $name_size) (i32.const 25) (i32.const 4))
      (then
        (i32.store8 offset=16 (local.get $out) (i32.const 1))
        (i32.store offset=20 (local.get $out) (local.get $input))
        (i32.store offset=24 (local.get $out) (local.get $input_size))
        (return (local.get $out))))
    (if (call $equals (local.get $name) (local.get $name_size) (i32.const 29) (i32.const 5)) (then unreachable))
    (i32.store8 (local.get $out) (i32.const 1))
    (i32.store offset=4 (local.get $out) (call $join (i32.const 7) (i32.const 13) (local.get $name) (local.get $name_size)))
    (i32.store offset=8 (local.get $out) (i32.add (i32.const 13) (local.get $name_size)))
    (local.get $out))

  (func (export "bytes") (param $data i32) (param $size i32) (result i32)
    (local $out i32)
    (local.set $out (call $realloc (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 8)))
    (i32.store (local.get $out) (local.get $data))
    (i32.store offset=4 (local.get $out) (local.get $size))
    (local.get $out))
)
