;; Loops to be run with and without epoch checks and fuel: `spin` is a loop of nothing, `multiply` waits for the multiplier.
(component
  (core module $main
    (func (export "spin") (param $n i32)
      (loop $again (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "multiply") (param $n i32) (result i64)
      (local $x i64)
      (local.set $x (i64.const 0x9e3779b97f4a7c15))
      (loop $again
        (local.set $x (i64.mul (i64.add (i64.mul (local.get $x) (i64.const 6364136223846793005)) (i64.const 1442695040888963407))
                               (i64.add (i64.mul (local.get $x) (i64.const 2862933555777941757)) (i64.const 3037000493))))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $x)))
  (core instance $main (instantiate $main))
  (func (export "spin") (param "n" u32) (canon lift (core func $main "spin")))
  (func (export "multiply") (param "n" u32) (result u64) (canon lift (core func $main "multiply"))))
