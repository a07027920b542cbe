;; Needs an interface that another component exports.
(component
  (import "demo:test/calc@1.2.0" (instance $calc (export "add" (func (param "a" u32) (param "b" u32) (result u32)))))
  (core func $add (canon lower (func $calc "add")))
  (core module $m
    (import "calc" "add" (func $add (param i32 i32) (result i32)))
    (func (export "double") (param i32) (result i32) (call $add (local.get 0) (local.get 0))))
  (core instance $i (instantiate $m (with "calc" (instance (export "add" (func $add))))))
  (func (export "double") (param "n" u32) (result u32) (canon lift (core func $i "double"))))
