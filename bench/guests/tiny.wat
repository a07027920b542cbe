;; The least that is still a guest: one module with a memory and an initialised page. `start.tiny`, `memory.live1000`.
(component
  (core module $main
    (memory (export "memory") 1)
    (data (i32.const 1024) "a little data")
    (func (export "run") (result i32) (i32.const 42)))
  (core instance $main (instantiate $main))
  (func (export "run") (result u32) (canon lift (core func $main "run"))))
