;; The shape that wit-component gives to every guest with imports: main module, shim with a table, fix-up that fills it.
(component
  (import "log" (func $log (param "level" u32) (param "message" string)))
  (core module $shim
    (type $log (func (param i32 i32 i32)))
    (table (export "$imports") 1 1 funcref)
    (func (export "0") (type $log) (call_indirect (type $log) (local.get 0) (local.get 1) (local.get 2) (i32.const 0))))
  (core module $main
    (import "$root" "log" (func $log (param i32 i32 i32)))
    (memory (export "memory") 1)
    (data (i32.const 1024) "started")
    (func (export "run") (result i32) (call $log (i32.const 1) (i32.const 1024) (i32.const 7)) (i32.const 42)))
  (core module $fixup
    (import "" "0" (func $log (param i32 i32 i32)))
    (import "" "$imports" (table 1 1 funcref))
    (elem (i32.const 0) func $log))
  (core instance $shim (instantiate $shim))
  (core instance $main (instantiate $main (with "$root" (instance (export "log" (func $shim "0"))))))
  (alias core export $main "memory" (core memory $memory))
  (core func $log_lowered (canon lower (func $log) (memory $memory)))
  (core instance (instantiate $fixup (with "" (instance (export "$imports" (table $shim "$imports")) (export "0" (func $log_lowered))))))
  (func (export "run") (result u32) (canon lift (core func $main "run"))))
