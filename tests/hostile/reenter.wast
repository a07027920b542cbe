;; Who may be left and entered when: post-return, start functions, callers that are called back, instances that trapped.

;; post-return may not call out.
(component
  (import "host" (instance $host (export "return-three" (func (result u32)))))
  (core func $out (canon lower (func $host "return-three")))
  (core module $m
    (import "" "out" (func $out (result i32)))
    (func (export "f") (result i32) (i32.const 7))
    (func (export "post") (param i32) (drop (call $out))))
  (core instance $i (instantiate $m (with "" (instance (export "out" (func $out))))))
  (func (export "f") (result u32) (canon lift (core func $i "f") (post-return (core func $i "post")))))
(assert_trap (invoke "f") "cannot leave component instance")
(assert_trap (invoke "f") "cannot enter component instance")

;; post-return may not make a handle.
(component
  (type $r (resource (rep i32)))
  (core func $new (canon resource.new $r))
  (core module $m
    (import "" "new" (func $new (param i32) (result i32)))
    (func (export "f") (result i32) (i32.const 7))
    (func (export "post") (param i32) (drop (call $new (i32.const 1)))))
  (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
  (func (export "f") (result u32) (canon lift (core func $i "f") (post-return (core func $i "post")))))
(assert_trap (invoke "f") "cannot leave component instance")

;; post-return may not drop one.
(component
  (type $r (resource (rep i32)))
  (core func $new (canon resource.new $r))
  (core func $drop (canon resource.drop $r))
  (core module $m
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "f") (result i32) (call $new (i32.const 7)))
    (func (export "post") (param i32) (call $drop (local.get 0))))
  (core instance $i (instantiate $m (with "" (instance (export "new" (func $new)) (export "drop" (func $drop))))))
  (func (export "f") (result u32) (canon lift (core func $i "f") (post-return (core func $i "post")))))
(assert_trap (invoke "f") "cannot leave component instance")

;; post-return that traps.
(component
  (core module $m
    (func (export "f") (result i32) (i32.const 7))
    (func (export "post") (param i32) unreachable))
  (core instance $i (instantiate $m))
  (func (export "f") (result u32) (canon lift (core func $i "f") (post-return (core func $i "post")))))
(assert_trap (invoke "f") "wasm `unreachable` instruction executed")

;; post-return is run by adapters too; there the translator that we share with Wasmtime 48 lets it call out, unlike the specification.
(component
  (component $callee
    (import "out" (func $out (result u32)))
    (core func $out (canon lower (func $out)))
    (core module $m
      (import "" "out" (func $out (result i32)))
      (func (export "f") (result i32) (i32.const 7))
      (func (export "post") (param i32) (drop (call $out))))
    (core instance $i (instantiate $m (with "" (instance (export "out" (func $out))))))
    (func (export "f") (result u32) (canon lift (core func $i "f") (post-return (core func $i "post")))))
  (component $leaf
    (core module $m (func (export "f") (result i32) (i32.const 1)))
    (core instance $i (instantiate $m))
    (func (export "f") (result u32) (canon lift (core func $i "f"))))
  (component $caller
    (import "f" (func $f (result u32)))
    (core func $f' (canon lower (func $f)))
    (core module $m
      (import "" "f" (func $f (result i32)))
      (func (export "f") (result i32) (call $f)))
    (core instance $i (instantiate $m (with "" (instance (export "f" (func $f'))))))
    (func (export "f") (result u32) (canon lift (core func $i "f"))))
  (instance $leaf (instantiate $leaf))
  (instance $callee (instantiate $callee (with "out" (func $leaf "f"))))
  (instance $caller (instantiate $caller (with "f" (func $callee "f"))))
  (alias export $caller "f" (func $f))
  (export "f" (func $f)))
(assert_return (invoke "f") (u32.const 7))

;; A parent hands a child a function of its own and then calls the child: the child would enter the parent while it runs.
(component
  (core module $shared
    (table (export "t") 1 funcref)
    (func (export "f") (call_indirect (i32.const 0))))
  (core instance $s (instantiate $shared))
  (func $f (canon lift (core func $s "f")))
  (component $child
    (import "f" (func $f))
    (core func $f (canon lower (func $f)))
    (core module $m
      (import "" "f" (func $f))
      (func (export "g") (call $f)))
    (core instance $i (instantiate $m (with "" (instance (export "f" (func $f))))))
    (func (export "g") (canon lift (core func $i "g"))))
  (instance $child (instantiate $child (with "f" (func $f))))
  (core func $g (canon lower (func $child "g")))
  (core module $m
    (import "s" "t" (table 1 funcref))
    (import "" "g" (func $g))
    (func $nothing)
    (elem (i32.const 0) $nothing)
    (func (export "h") (call $g)))
  (core instance $i (instantiate $m (with "s" (instance $s)) (with "" (instance (export "g" (func $g))))))
  (func (export "h") (canon lift (core func $i "h"))))
(assert_trap (invoke "h") "cannot enter component instance")

;; An instance calls a function of its own by way of lift and lower.
(component
  (core module $inner (func (export "f")))
  (core instance $inner (instantiate $inner))
  (func $f (canon lift (core func $inner "f")))
  (core func $f (canon lower (func $f)))
  (core module $outer
    (import "" "f" (func $f))
    (func (export "g") (call $f)))
  (core instance $outer (instantiate $outer (with "" (instance (export "f" (func $f))))))
  (func (export "g") (canon lift (core func $outer "g"))))
(assert_trap (invoke "g") "cannot enter component instance")

;; A start function that traps; nothing is left of the instance.
(assert_trap
  (component
    (core module $m (func $start unreachable) (start $start))
    (core instance (instantiate $m)))
  "unreachable")

;; A start function that never returns from calling itself.
(assert_trap
  (component
    (core module $m (func $start (call $start)) (start $start))
    (core instance (instantiate $m)))
  "call stack exhausted")

;; A start function that calls out of an instance that is not there yet in full: allowed.
(component
  (import "host" (instance $host (export "return-three" (func (result u32)))))
  (core func $out (canon lower (func $host "return-three")))
  (core module $m
    (import "" "out" (func $out (result i32)))
    (global $x (mut i32) (i32.const 0))
    (func $start (global.set $x (call $out)))
    (func (export "f") (result i32) (global.get $x))
    (start $start))
  (core instance $i (instantiate $m (with "" (instance (export "out" (func $out))))))
  (func (export "f") (result u32) (canon lift (core func $i "f"))))
(assert_return (invoke "f") (u32.const 3))

;; A segment of data past the end of its memory, found when the second of two instances starts.
(assert_trap
  (component
    (core module $a (memory (export "m") 1))
    (core instance $a (instantiate $a))
    (core module $b (import "a" "m" (memory 1)) (data (i32.const 65535) "ab"))
    (core instance (instantiate $b (with "a" (instance $a)))))
  "out of bounds memory access")

;; A segment of elements past the end of its table.
(assert_trap
  (component
    (core module $m (table 1 funcref) (func $f) (elem (i32.const 1) $f))
    (core instance (instantiate $m)))
  "out of bounds table access")

;; Runs out of the stack in the third of three components; all of them are done for.
(component
  (component $deep
    (core module $m (func $f (export "f") (call $f)))
    (core instance $i (instantiate $m))
    (func (export "f") (canon lift (core func $i "f"))))
  (component $pass
    (import "f" (func $f))
    (core func $f' (canon lower (func $f)))
    (core module $m (import "" "f" (func $f)) (func (export "f") (call $f)))
    (core instance $i (instantiate $m (with "" (instance (export "f" (func $f'))))))
    (func (export "f") (canon lift (core func $i "f"))))
  (instance $a (instantiate $deep))
  (instance $b (instantiate $pass (with "f" (func $a "f"))))
  (instance $c (instantiate $pass (with "f" (func $b "f"))))
  (alias export $c "f" (func $f))
  (export "f" (func $f)))
(assert_exhaustion (invoke "f") "call stack exhausted")
(assert_trap (invoke "f") "cannot enter component instance")

;; Every kind of trap of core WebAssembly arrives as itself.
(component definition $traps
  (core module $m
    (memory 1)
    (table 2 funcref)
    (func $other (param i32))
    (elem (i32.const 1) $other)
    (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
    (func (export "truncate") (param f64) (result i32) (i32.trunc_f64_s (local.get 0)))
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "call") (param i32) (call_indirect (local.get 0))))
  (core instance $i (instantiate $m))
  (func (export "divide") (param "a" s32) (param "b" s32) (result s32) (canon lift (core func $i "divide")))
  (func (export "load") (param "a" u32) (result u32) (canon lift (core func $i "load")))
  (func (export "call") (param "a" u32) (canon lift (core func $i "call"))))
(component instance $i $traps)
(assert_trap (invoke "divide" (s32.const 1) (s32.const 0)) "integer divide by zero")
(component instance $i $traps)
(assert_trap (invoke "divide" (s32.const -2147483648) (s32.const -1)) "integer overflow")
(component instance $i $traps)
(assert_trap (invoke "load" (u32.const 65533)) "out of bounds memory access")
(component instance $i $traps)
(assert_trap (invoke "load" (u32.const 0xffffffff)) "out of bounds memory access")
(component instance $i $traps)
(assert_trap (invoke "call" (u32.const 0)) "uninitialized element")
(component instance $i $traps)
(assert_trap (invoke "call" (u32.const 1)) "indirect call type mismatch")
(component instance $i $traps)
(assert_trap (invoke "call" (u32.const 2)) "undefined element")
