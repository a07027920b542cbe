;; A resource that the host defines: `run(n)` makes one, calls its method and drops it, n times.
(component
  (import "host" (instance $host
    (export "counter" (type $counter (sub resource)))
    (export "[constructor]counter" (func (param "start" u32) (result (own $counter))))
    (export "[method]counter.add" (func (param "self" (borrow $counter)) (param "n" u32) (result u32)))))
  (alias export $host "counter" (type $counter))
  (core func $new (canon lower (func $host "[constructor]counter")))
  (core func $add (canon lower (func $host "[method]counter.add")))
  (core func $drop (canon resource.drop $counter))
  (core module $main
    (import "host" "new" (func $new (param i32) (result i32)))
    (import "host" "add" (func $add (param i32 i32) (result i32)))
    (import "host" "drop" (func $drop (param i32)))
    (func (export "run") (param $n i32) (result i32)
      (local $handle i32) (local $sum i32)
      (loop $again
        (local.set $handle (call $new (local.get $n)))
        (local.set $sum (i32.add (local.get $sum) (call $add (local.get $handle) (i32.const 3))))
        (call $drop (local.get $handle))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $sum)))
  (core instance $main (instantiate $main (with "host" (instance (export "new" (func $new)) (export "add" (func $add)) (export "drop" (func $drop))))))
  (func (export "run") (param "n" u32) (result u32) (canon lift (core func $main "run"))))
