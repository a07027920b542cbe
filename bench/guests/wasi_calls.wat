;; Calls of WASI in a loop, n times: 64 random bytes, the monotonic clock, 4 KiB written to standard output. `wasi.random64`, `wasi.clock`, `wasi.write4k`.
(component
  (import "wasi:random/random@0.2.0" (instance $random (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (type $instant' u64)
    (export "instant" (type $instant (eq $instant')))
    (export "now" (func (result $instant)))))
  (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error-type))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "output-stream" (type $output (sub resource)))
    (alias outer 1 $error-type (type $error-type'))
    (export "error" (type $error (eq $error-type')))
    (type $stream-error' (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $stream-error')))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $output)) (param "contents" (list u8)) (result (result (error $stream-error)))))))
  (alias export $streams "output-stream" (type $output))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $output (type $output''))
    (export "output-stream" (type $output' (eq $output'')))
    (export "get-stdout" (func (result (own $output'))))))

  ;; What the host returns always lies at 1024: nothing of it is kept.
  (core module $memory
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $memory (instantiate $memory))
  (core func $get-random-bytes (canon lower (func $random "get-random-bytes") (memory $memory "memory") (realloc (func $memory "realloc"))))
  (core func $now (canon lower (func $clock "now")))
  (core func $get-stdout (canon lower (func $stdout "get-stdout")))
  (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush") (memory $memory "memory")))

  (core module $main
    (import "host" "get-random-bytes" (func $get-random-bytes (param i64 i32)))
    (import "host" "now" (func $now (result i64)))
    (import "host" "get-stdout" (func $get-stdout (result i32)))
    (import "host" "write" (func $write (param i32 i32 i32 i32)))
    (import "host" "memory" (memory 1))
    (global $output (mut i32) (i32.const -1))
    (func (export "random64") (param $n i32)
      (loop $again
        (call $get-random-bytes (i64.const 64) (i32.const 16))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "clock") (param $n i32)
      (loop $again
        (drop (call $now))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "write4k") (param $n i32)
      (if (i32.eq (global.get $output) (i32.const -1)) (then (global.set $output (call $get-stdout))))
      (loop $again
        (call $write (global.get $output) (i32.const 8192) (i32.const 4096) (i32.const 16))
        (if (i32.load8_u (i32.const 16)) (then (unreachable)))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
  (core instance $main (instantiate $main (with "host" (instance
    (export "get-random-bytes" (func $get-random-bytes))
    (export "now" (func $now))
    (export "get-stdout" (func $get-stdout))
    (export "write" (func $write))
    (export "memory" (memory $memory "memory"))))))
  (func (export "random64") (param "n" u32) (canon lift (core func $main "random64")))
  (func (export "clock") (param "n" u32) (canon lift (core func $main "clock")))
  (func (export "write4k") (param "n" u32) (canon lift (core func $main "write4k"))))
