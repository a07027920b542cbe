(component (import "i" (instance $i (export "f" (func (param "x" string) (result u32)))))
  (core module $m (func (export "g") (result i32) i32.const 7)) (core instance $n (instantiate $m))
  (type $r (record (field "a" u8) (field "b" (list string))))
  (func $g (result u32) (canon lift (core func $n "g"))) (export "g" (func $g)))
