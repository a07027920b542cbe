;; Components whose structure is the attack: they are refused before anything runs, or run within their limits.

;; Not a component at all.
(assert_malformed (component binary "\00asm\0d\00\01\00\ff") "")
(assert_malformed (component binary "\00asm\0d\00\01\00\00\ff\ff\ff\ff\0f") "")
(assert_malformed (component binary "\00asm\0e\00\01\00") "")
(assert_malformed (component binary "\00asm\0d\00\01") "")
;; A section that says it has four thousand million types.
(assert_malformed (component binary "\00asm\0d\00\01\00\07\05\ff\ff\ff\ff\0f") "")
;; A name whose length is past its section.
(assert_malformed (component binary "\00asm\0d\00\01\00\0a\05\01\00\7faa") "")

;; References to what is not there.
(assert_invalid (component (export "a" (func 0))) "unknown function")
(assert_invalid (component (type (list 7))) "type index out of bounds")
(assert_invalid (component (core module) (core instance (instantiate 9))) "unknown module")
(assert_invalid (component (canon resource.new 3 (core func))) "type index out of bounds")

;; Canonical options that do not hold.
(assert_invalid
  (component
    (core module $m (func (export "f") (result i32) unreachable))
    (core instance $i (instantiate $m))
    (func (export "f") (result string) (canon lift (core func $i "f"))))
  "canonical option `memory` is required")
(assert_invalid
  (component
    (core module $m (memory (export "memory") 1) (func (export "f") (param i32 i32)))
    (core instance $i (instantiate $m))
    (func (export "f") (param "x" string) (canon lift (core func $i "f") (memory (core memory $i "memory")))))
  "canonical option `realloc` is required")
(assert_invalid
  (component
    (core module $m (memory (export "memory") 1) (func (export "f") (param i32 i32)) (func (export "realloc") (param i32) (result i32) unreachable))
    (core instance $i (instantiate $m))
    (func (export "f") (param "x" string)
      (canon lift (core func $i "f") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
  "canonical option `realloc` uses a core function with an incorrect signature")
(assert_invalid
  (component
    (core module $m (func (export "f") (result i32) unreachable) (func (export "post") (param i64)))
    (core instance $i (instantiate $m))
    (func (export "f") (result u32) (canon lift (core func $i "f") (post-return (core func $i "post")))))
  "canonical option `post-return` uses a core function with an incorrect signature")
(assert_invalid
  (component
    (core module $m (func (export "f") (param i64)))
    (core instance $i (instantiate $m))
    (func (export "f") (param "x" u32) (canon lift (core func $i "f"))))
  "lowered parameter types")

;; A borrow may not be returned; a resource's representation is its own affair.
(assert_invalid
  (component (type $r (resource (rep i32))) (type (func (result (borrow $r)))))
  "function result cannot contain a `borrow` type")
(assert_invalid
  (component (import "r" (type $r (sub resource))) (core func (canon resource.new $r)))
  "not a local resource")

;; Names that are none, or twice the same.
(assert_invalid (component (import "" (func))) "not in kebab case")
(assert_invalid (component (import "A__b" (func))) "not in kebab case")
(assert_invalid (component (import "a" (func)) (import "a" (func))) "conflicts with previous name")
(assert_invalid (component (type (record (field "a" u8) (field "A" u8)))) "conflicts with previous")

;; Types too large.
(assert_invalid (component (type (flags))) "at least one entry")
(assert_invalid (component (type (record))) "at least one field")
(assert_invalid (component (type (variant))) "at least one case")
(assert_invalid (component (type (enum))) "at least one")

;; Imports that nobody provides.
(assert_unlinkable (component (import "nobody" (func))) "a matching implementation was not found in the linker")
(assert_unlinkable (component (import "nobody:here/at-all@1.2.3" (instance (export "f" (func))))) "a matching implementation was not found in the linker")
(assert_unlinkable (component (import "host" (instance (export "nothing" (func))))) "a matching implementation was not found in the linker")
(assert_unlinkable (component (import "host" (func))) "expected function found instance")
(assert_unlinkable (component (import "host" (instance (export "return-three" (func (result string)))))) "type mismatch")
(assert_unlinkable (component (import "host" (instance (export "return-three" (func (param "x" u32) (result u32)))))) "type mismatch")
(assert_unlinkable (component (import "host" (instance (export "simple-module" (core module (export "nothing" (func))))))) "module export `nothing` not defined")
(assert_unlinkable (component (import "host" (instance (export "resource1" (func))))) "expected function found resource")

;; A memory at its limit grows no further, and the guest is told so.
(component
  (core module $m
    (memory 1 3)
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
  (core instance $i (instantiate $m))
  (func (export "grow") (param "pages" u32) (result s32) (canon lift (core func $i "grow"))))
(assert_return (invoke "grow" (u32.const 2)) (s32.const 1))
(assert_return (invoke "grow" (u32.const 1)) (s32.const -1))
(assert_return (invoke "grow" (u32.const 0xffffffff)) (s32.const -1))
(assert_return (invoke "grow" (u32.const 0)) (s32.const 3))

;; A table at its limit likewise.
(component
  (core module $m
    (table $t 1 3 funcref)
    (func (export "grow") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0))))
  (core instance $i (instantiate $m))
  (func (export "grow") (param "elements" u32) (result s32) (canon lift (core func $i "grow"))))
(assert_return (invoke "grow" (u32.const 2)) (s32.const 1))
(assert_return (invoke "grow" (u32.const 1)) (s32.const -1))
(assert_return (invoke "grow" (u32.const 0xffffffff)) (s32.const -1))

;; Sizes past what WebAssembly allows.
(assert_invalid (component (core module (memory 65537))) "memory size must be at most")
(assert_invalid (component (core module (table 10000001 funcref) (table 0xffffffff funcref) (memory 2 1))) "size minimum must not be greater than maximum")
