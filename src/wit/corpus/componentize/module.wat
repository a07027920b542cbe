(module (import "wasi_snapshot_preview1" "proc_exit" (func $e (param i32))) (memory (export "memory") 1)
  (data (i32.const 8) "\00\ff") (table 1 funcref) (elem (i32.const 0) $e)
  (func (export "_start") (local i64) (block $b (br_if $b (i32.const 1))) (call $e (i32.const 0))))
