;; The host instance that Wasmtime's own runner offers: functions, a module, nested instances, resources.

(component
  (import "host-return-two" (func $two (result u32)))
  (import "host" (instance $host
    (export "return-three" (func (result u32)))
    (export "return-hi" (func (result string)))
    (export "nested" (instance (export "return-four" (func (result u32)))))))
  (core func $two (canon lower (func $two)))
  (core func $three (canon lower (func $host "return-three")))
  (core func $four (canon lower (func $host "nested" "return-four")))
  (core module $libc
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 256)))
  (core instance $libc (instantiate $libc))
  (core func $hi (canon lower (func $host "return-hi") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core module $m
    (import "" "two" (func $two (result i32)))
    (import "" "three" (func $three (result i32)))
    (import "" "four" (func $four (result i32)))
    (import "" "hi" (func $hi (param i32)))
    (func (export "sum") (result i32) (i32.add (call $two) (i32.add (call $three) (call $four))))
    (func (export "hi") (result i32) (call $hi (i32.const 16)) (i32.const 16)))
  (core instance $i (instantiate $m (with "" (instance
    (export "two" (func $two)) (export "three" (func $three)) (export "four" (func $four)) (export "hi" (func $hi))))))
  (func (export "sum") (result u32) (canon lift (core func $i "sum")))
  (func (export "hi") (result string) (canon lift (core func $i "hi") (memory (core memory $libc "memory")))))
(assert_return (invoke "sum") (u32.const 9))
(assert_return (invoke "hi") (str.const "hi"))

;; The host's module: a global and a function.
(component
  (import "host" (instance $host
    (export "simple-module" (core module
      (export "g" (global i32))
      (export "f" (func (result i32)))))))
  (core instance $a (instantiate (module $host "simple-module")))
  (core instance $b (instantiate (module $host "simple-module")))
  (core module $m
    (import "a" "g" (global $g i32))
    (import "b" "f" (func $f (result i32)))
    (func (export "sum") (result i32) (i32.add (global.get $g) (call $f))))
  (core instance $i (instantiate $m (with "a" (instance $a)) (with "b" (instance $b))))
  (func (export "sum") (result u32) (canon lift (core func $i "sum")))
  (func (export "f") (result u32) (canon lift (core func $b "f"))))
(assert_return (invoke "sum") (u32.const 201))
(assert_return (invoke "f") (u32.const 101))

;; Part of what the host exports is enough, and instances that export nothing need not be there.
(component
  (import "host" (instance (export "nested" (instance))))
  (import "empty" (instance (export "deeper" (instance)))))

;; The host's resource: made, lent, asked for, given away, dropped; the destructor counts.
(component
  (import "host" (instance $host
    (export "resource1" (type $r (sub resource)))
    (export "[constructor]resource1" (func (param "r" u32) (result (own $r))))
    (export "[static]resource1.last-drop" (func (result u32)))
    (export "[static]resource1.drops" (func (result u32)))
    (export "[static]resource1.assert" (func (param "r" (own $r)) (param "rep" u32)))
    (export "[method]resource1.simple" (func (param "self" (borrow $r)) (param "rep" u32)))
    (export "[method]resource1.take-borrow" (func (param "self" (borrow $r)) (param "b" (borrow $r))))
    (export "[method]resource1.take-own" (func (param "self" (borrow $r)) (param "b" (own $r))))))
  (alias export $host "resource1" (type $r))
  (core func $make (canon lower (func $host "[constructor]resource1")))
  (core func $last-drop (canon lower (func $host "[static]resource1.last-drop")))
  (core func $drops (canon lower (func $host "[static]resource1.drops")))
  (core func $assert (canon lower (func $host "[static]resource1.assert")))
  (core func $simple (canon lower (func $host "[method]resource1.simple")))
  (core func $take-borrow (canon lower (func $host "[method]resource1.take-borrow")))
  (core func $take-own (canon lower (func $host "[method]resource1.take-own")))
  (core func $drop (canon resource.drop $r))
  (core module $m
    (import "" "make" (func $make (param i32) (result i32)))
    (import "" "last-drop" (func $last-drop (result i32)))
    (import "" "drops" (func $drops (result i32)))
    (import "" "assert" (func $assert (param i32 i32)))
    (import "" "simple" (func $simple (param i32 i32)))
    (import "" "take-borrow" (func $take-borrow (param i32 i32)))
    (import "" "take-own" (func $take-own (param i32 i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "run") (result i32)
      (local $before i32) (local $a i32) (local $b i32)
      (local.set $before (call $drops))
      (local.set $a (call $make (i32.const 100)))
      (local.set $b (call $make (i32.const 200)))
      (call $simple (local.get $a) (i32.const 100))
      (call $simple (local.get $b) (i32.const 200))
      (call $take-borrow (local.get $a) (local.get $b))
      (call $take-borrow (local.get $a) (local.get $a))
      (call $take-own (local.get $b) (local.get $a))
      (call $drop (local.get $b))
      (if (i32.ne (call $last-drop) (i32.const 200)) (then unreachable))
      (call $assert (call $make (i32.const 300)) (i32.const 300))
      (i32.sub (call $drops) (local.get $before))))
  (core instance $i (instantiate $m (with "" (instance
    (export "make" (func $make)) (export "last-drop" (func $last-drop)) (export "drops" (func $drops)) (export "assert" (func $assert))
    (export "simple" (func $simple)) (export "take-borrow" (func $take-borrow)) (export "take-own" (func $take-own)) (export "drop" (func $drop))))))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))
(assert_return (invoke "run") (u32.const 1))
(assert_return (invoke "run") (u32.const 1))

;; One host resource under two names is one type; another of the same representation is not.
(component
  (import "host" (instance $host
    (export "resource1" (type $r (sub resource)))
    (export "resource1-again" (type $s (eq $r))))))
(assert_unlinkable
  (component
    (import "host" (instance $host
      (export "resource1" (type $r (sub resource)))
      (export "resource2" (type $s (eq $r))))))
  "mismatched resource types")
