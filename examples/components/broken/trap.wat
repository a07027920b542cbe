;; A component that divides: by zero it traps, and its instance takes no more calls.
(component
  (core module $divider
    (func (export "divide") (param i32 i32) (result i32) (i32.div_u (local.get 0) (local.get 1))))
  (core instance $divider (instantiate $divider))
  (func (export "divide") (param "dividend" u32) (param "divisor" u32) (result u32) (canon lift (core func $divider "divide"))))
