;; A component that lies about its memory: it says that its text lies at the end of a memory of 64 KiB, and is a gigabyte long.
(component
  (core module $liar
    (memory (export "memory") 1)
    (func (export "say") (result i32)
      (i32.store (i32.const 8) (i32.const 65000))
      (i32.store (i32.const 12) (i32.const 1000000000))
      (i32.const 8)))
  (core instance $liar (instantiate $liar))
  (func (export "say") (result string) (canon lift (core func $liar "say") (memory $liar "memory"))))
