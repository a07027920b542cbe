;; What runs when: start functions, post-return, destructors, calls in a row, nested instances.

;; Start functions of core modules run in the order of their instances.
(component
  (core module $log
    (global $value (mut i32) (i32.const 0))
    (func (export "note") (param i32) (global.set $value (i32.add (i32.mul (global.get $value) (i32.const 10)) (local.get 0))))
    (func (export "value") (result i32) (global.get $value)))
  (core instance $log (instantiate $log))
  (core module $one (import "log" "note" (func $note (param i32))) (func $start (call $note (i32.const 1))) (start $start))
  (core module $two (import "log" "note" (func $note (param i32))) (func $start (call $note (i32.const 2))) (start $start))
  (core instance (instantiate $two (with "log" (instance $log))))
  (core instance (instantiate $one (with "log" (instance $log))))
  (core instance (instantiate $two (with "log" (instance $log))))
  (func (export "value") (result u32) (canon lift (core func $log "value"))))
(assert_return (invoke "value") (u32.const 212))

;; post-return gets what the function returned and runs once a call, after the result was read.
(component
  (core module $m
    (memory (export "memory") 1)
    (data (i32.const 64) "text")
    (global $posts (mut i32) (i32.const 0))
    (func (export "text") (result i32)
      (i32.store (i32.const 16) (i32.const 64))
      (i32.store (i32.const 20) (i32.const 4))
      (i32.const 16))
    (func (export "post-text") (param i32)
      (if (i32.ne (local.get 0) (i32.const 16)) (then unreachable))
      (i32.store (i32.const 20) (i32.const 0xffffff))
      (global.set $posts (i32.add (global.get $posts) (i32.const 1))))
    (func (export "pass") (param i32) (result i32) (local.get 0))
    (func (export "post-pass") (param i32)
      (if (i32.ne (local.get 0) (i32.const 0x1ff)) (then unreachable))
      (global.set $posts (i32.add (global.get $posts) (i32.const 1))))
    (func (export "nothing"))
    (func (export "post-nothing") (global.set $posts (i32.add (global.get $posts) (i32.const 1))))
    (func (export "posts") (result i32) (global.get $posts)))
  (core instance $i (instantiate $m))
  (func (export "text") (result string)
    (canon lift (core func $i "text") (memory (core memory $i "memory")) (post-return (core func $i "post-text"))))
  (func (export "pass") (param "x" u32) (result u8) (canon lift (core func $i "pass") (post-return (core func $i "post-pass"))))
  (func (export "nothing") (canon lift (core func $i "nothing") (post-return (core func $i "post-nothing"))))
  (func (export "posts") (result u32) (canon lift (core func $i "posts"))))
(assert_return (invoke "text") (str.const "text"))
(assert_return (invoke "posts") (u32.const 1))
(assert_return (invoke "text") (str.const "text"))
(assert_return (invoke "pass" (u32.const 0x1ff)) (u8.const 255))
(assert_return (invoke "nothing"))
(assert_return (invoke "posts") (u32.const 4))
(assert_trap (invoke "pass" (u32.const 5)) "unreachable")

;; A guest's resource: its destructor runs when its maker or its user drops it, at once and once.
(component
  (component $maker
    (core module $count
      (global $drops (mut i32) (i32.const 0))
      (global $last (mut i32) (i32.const 0))
      (func (export "dtor") (param i32)
        (global.set $last (local.get 0))
        (global.set $drops (i32.add (global.get $drops) (i32.const 1))))
      (func (export "drops") (result i32) (global.get $drops))
      (func (export "last") (result i32) (global.get $last)))
    (core instance $count (instantiate $count))
    (type $r' (resource (rep i32) (dtor (core func $count "dtor"))))
    (export $r "r" (type $r'))
    (core func $new (canon resource.new $r'))
    (core func $rep (canon resource.rep $r'))
    (core func $drop (canon resource.drop $r'))
    (core module $m
      (import "" "new" (func $new (param i32) (result i32)))
      (import "" "rep" (func $rep (param i32) (result i32)))
      (import "" "drop" (func $drop (param i32)))
      (func (export "new") (param i32) (result i32) (call $new (local.get 0)))
      (func (export "own-rep") (param i32) (result i32) (local i32)
        (local.set 1 (call $rep (local.get 0)))
        (call $drop (local.get 0))
        (local.get 1))
      (func (export "borrow-rep") (param i32) (result i32) (local.get 0)))
    (core instance $i (instantiate $m (with "" (instance (export "new" (func $new)) (export "rep" (func $rep)) (export "drop" (func $drop))))))
    (func (export "[constructor]r") (param "rep" u32) (result (own $r)) (canon lift (core func $i "new")))
    (func (export "[method]r.rep") (param "self" (borrow $r)) (result u32) (canon lift (core func $i "borrow-rep")))
    (func (export "[static]r.consume") (param "r" (own $r)) (result u32) (canon lift (core func $i "own-rep")))
    (func (export "drops") (result u32) (canon lift (core func $count "drops")))
    (func (export "last") (result u32) (canon lift (core func $count "last"))))
  (component $user
    (import "maker" (instance $maker
      (export "r" (type $r (sub resource)))
      (export "[constructor]r" (func (param "rep" u32) (result (own $r))))
      (export "[method]r.rep" (func (param "self" (borrow $r)) (result u32)))
      (export "[static]r.consume" (func (param "r" (own $r)) (result u32)))
      (export "drops" (func (result u32)))
      (export "last" (func (result u32)))))
    (alias export $maker "r" (type $r))
    (core func $new (canon lower (func $maker "[constructor]r")))
    (core func $rep (canon lower (func $maker "[method]r.rep")))
    (core func $consume (canon lower (func $maker "[static]r.consume")))
    (core func $drops (canon lower (func $maker "drops")))
    (core func $last (canon lower (func $maker "last")))
    (core func $drop (canon resource.drop $r))
    (core module $m
      (import "" "new" (func $new (param i32) (result i32)))
      (import "" "rep" (func $rep (param i32) (result i32)))
      (import "" "consume" (func $consume (param i32) (result i32)))
      (import "" "drops" (func $drops (result i32)))
      (import "" "last" (func $last (result i32)))
      (import "" "drop" (func $drop (param i32)))
      (func (export "run") (result i32) (local $a i32) (local $b i32) (local $before i32)
        (local.set $before (call $drops))
        (local.set $a (call $new (i32.const 11)))
        (local.set $b (call $new (i32.const 22)))
        (if (i32.ne (call $rep (local.get $a)) (i32.const 11)) (then unreachable))
        (if (i32.ne (call $rep (local.get $b)) (i32.const 22)) (then unreachable))
        (if (i32.ne (call $drops) (local.get $before)) (then unreachable))
        (call $drop (local.get $a))
        (if (i32.ne (call $last) (i32.const 11)) (then unreachable))
        (if (i32.ne (call $consume (local.get $b)) (i32.const 22)) (then unreachable))
        (if (i32.ne (call $last) (i32.const 22)) (then unreachable))
        (i32.sub (call $drops) (local.get $before))))
    (core instance $i (instantiate $m (with "" (instance
      (export "new" (func $new)) (export "rep" (func $rep)) (export "consume" (func $consume)) (export "drops" (func $drops))
      (export "last" (func $last)) (export "drop" (func $drop))))))
    (func (export "run") (result u32) (canon lift (core func $i "run"))))
  (instance $maker (instantiate $maker))
  (instance $user (instantiate $user (with "maker" (instance $maker))))
  (alias export $user "run" (func $run))
  (export "run" (func $run)))
(assert_return (invoke "run") (u32.const 2))
(assert_return (invoke "run") (u32.const 2))

;; Two instances of one nested component share nothing.
(component
  (component $counter
    (core module $m
      (global $n (mut i32) (i32.const 0))
      (func (export "next") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))
    (core instance $i (instantiate $m))
    (func (export "next") (result u32) (canon lift (core func $i "next"))))
  (instance $a (instantiate $counter))
  (instance $b (instantiate $counter))
  (alias export $a "next" (func $next-a))
  (alias export $b "next" (func $next-b))
  (export "a" (func $next-a))
  (export "b" (func $next-b))
  (export "instance-a" (instance $a)))
(assert_return (invoke "a") (u32.const 1))
(assert_return (invoke "a") (u32.const 2))
(assert_return (invoke "b") (u32.const 1))

;; A component of a component of a component, each with a core module of its outermost one.
(component $outer
  (core module $m (func (export "f") (result i32) (i32.const 42)))
  (component $middle
    (component $inner
      (alias outer $outer $m (core module $m))
      (core instance $i (instantiate $m))
      (func (export "f") (result u32) (canon lift (core func $i "f"))))
    (instance $i (instantiate $inner))
    (alias export $i "f" (func $f))
    (export "f" (func $f)))
  (instance $i (instantiate $middle))
  (alias export $i "f" (func $f))
  (export "f" (func $f)))
(assert_return (invoke "f") (u32.const 42))

;; An exported core module comes into a later component by its instance's name.
(component $library
  (core module $m
    (import "env" "base" (global $base i32))
    (func (export "get") (result i32) (i32.add (global.get $base) (i32.const 1))))
  (export "m" (core module $m)))
(component
  (import "library" (instance $library
    (export "m" (core module
      (import "env" "base" (global i32))
      (export "get" (func (result i32)))))))
  (core module $env (global (export "base") i32 (i32.const 41)))
  (core instance $env (instantiate $env))
  (alias export $library "m" (core module $m))
  (core instance $i (instantiate $m (with "env" (instance $env))))
  (func (export "get") (result u32) (canon lift (core func $i "get"))))
(assert_return (invoke "get") (u32.const 42))
(assert_unlinkable
  (component (import "library" (instance (export "m" (core module (export "get" (func (result i32))))))))
  "module import `env::base` not defined")
(assert_unlinkable
  (component
    (import "library" (instance (export "m" (core module (import "env" "base" (global i32)) (export "get" (func (result i64))))))))
  "module export `get` has the wrong type")

;; An exported resource of one instance is a type that a later component may name.
(component $types
  (type $r (resource (rep i32)))
  (export "r" (type $r)))
(component
  (import "types" (instance (export "r" (type (sub resource))))))
(assert_unlinkable
  (component (import "types" (instance (export "r" (func)))))
  "expected function found resource")

;; Core modules beside components: instances by name, globals, NaN patterns.
(module $math
  (global (export "answer") i32 (i32.const 42))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "nan") (result f32) (f32.div (f32.const 0) (f32.const 0)))
  (func (export "swap") (param i32 i64) (result i64 i32) (local.get 1) (local.get 0)))
(register "math" $math)
(assert_return (invoke "add" (i32.const 1) (i32.const -3)) (i32.const -2))
(assert_return (invoke $math "nan") (f32.const nan:arithmetic))
(assert_return (invoke "swap" (i32.const 1) (i64.const 2)) (i64.const 2) (i32.const 1))
(assert_return (get $math "answer") (i32.const 42))
(module
  (import "math" "add" (func $add (param i32 i32) (result i32)))
  (import "spectest" "global_i32" (global $g i32))
  (import "spectest" "memory" (memory 1 2))
  (func (export "f") (result i32) (call $add (global.get $g) (i32.const 1)))
  (func (export "trap") unreachable)
  (func $loop (export "loop") (call $loop)))
(assert_return (invoke "f") (i32.const 667))
(assert_trap (invoke "trap") "unreachable")
(assert_exhaustion (invoke "loop") "call stack exhausted")
(assert_unlinkable (module (import "math" "missing" (func))) "unknown import")
(assert_unlinkable (module (import "math" "add" (func (param i32)))) "incompatible import type")
(assert_invalid (module (func (result i32))) "type mismatch")
(assert_malformed (module quote "(func (bogus))") "unknown operator")
