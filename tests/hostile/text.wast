;; Text that a guest returns: every way in which UTF-8 and UTF-16 can be wrong, and the last good neighbour of each.

(component definition $utf8
  (core module $m
    (memory (export "memory") 1)
    (data (i32.const 100) "\c3\a9\ef\bf\bf\f4\8f\bf\bf\ed\9f\bf\ee\80\80")
    (data (i32.const 200) "a\80")              ;; a continuation without a start
    (data (i32.const 210) "\c3")               ;; cut short after one byte of two
    (data (i32.const 220) "\e2\82")            ;; cut short after two bytes of three
    (data (i32.const 230) "\f0\9f\98")         ;; cut short after three bytes of four
    (data (i32.const 240) "\c0\80")            ;; overlong NUL
    (data (i32.const 250) "\e0\80\af")         ;; overlong slash
    (data (i32.const 260) "\ed\a0\80")         ;; a surrogate
    (data (i32.const 270) "\f4\90\80\80")      ;; past U+10FFFF
    (data (i32.const 280) "\ff")               ;; never a byte of UTF-8
    (data (i32.const 290) "\c3\28")            ;; a start without its continuation
    (func (export "at") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0))
      (i32.store (i32.const 20) (local.get 1))
      (i32.const 16)))
  (core instance $i (instantiate $m))
  (func (export "at") (param "pointer" u32) (param "length" u32) (result string)
    (canon lift (core func $i "at") (memory (core memory $i "memory")))))

(component instance $i $utf8)
(assert_return (invoke "at" (u32.const 100) (u32.const 15)) (str.const "\u{e9}\u{ffff}\u{10ffff}\u{d7ff}\u{e000}"))
(assert_return (invoke "at" (u32.const 200) (u32.const 1)) (str.const "a"))
(assert_trap (invoke "at" (u32.const 200) (u32.const 2)) "invalid utf-8 sequence")
(component instance $i $utf8)
(assert_trap (invoke "at" (u32.const 210) (u32.const 1)) "incomplete utf-8 byte sequence")
(component instance $i $utf8)
(assert_trap (invoke "at" (u32.const 220) (u32.const 2)) "incomplete utf-8 byte sequence")
(component instance $i $utf8)
(assert_trap (invoke "at" (u32.const 230) (u32.const 3)) "incomplete utf-8 byte sequence")
(component instance $i $utf8)
(assert_trap (invoke "at" (u32.const 240) (u32.const 2)) "invalid utf-8 sequence")
(component instance $i $utf8)
(assert_trap (invoke "at" (u32.const 250) (u32.const 3)) "invalid utf-8 sequence")
(component instance $i $utf8)
(assert_trap (invoke "at" (u32.const 260) (u32.const 3)) "invalid utf-8 sequence")
(component instance $i $utf8)
(assert_trap (invoke "at" (u32.const 270) (u32.const 4)) "invalid utf-8 sequence")
(component instance $i $utf8)
(assert_trap (invoke "at" (u32.const 280) (u32.const 1)) "invalid utf-8 sequence")
(component instance $i $utf8)
(assert_trap (invoke "at" (u32.const 290) (u32.const 2)) "invalid utf-8 sequence")

(component definition $utf16
  (core module $m
    (memory (export "memory") 1)
    (data (i32.const 100) "\3d\d8\00\de\ff\d7\00\e0")  ;; a pair and the units around the surrogates
    (data (i32.const 200) "\3d\d8")                    ;; a high surrogate at the end
    (data (i32.const 210) "\00\de")                    ;; a low surrogate alone
    (data (i32.const 220) "\00\de\3d\d8")              ;; a pair the wrong way round
    (data (i32.const 230) "\3d\d8\41\00")              ;; a high surrogate before a letter
    (data (i32.const 240) "\3d\d8\3d\d8\00\de")        ;; two high ones
    (func (export "at") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0))
      (i32.store (i32.const 20) (local.get 1))
      (i32.const 16)))
  (core instance $i (instantiate $m))
  (func (export "utf16") (param "pointer" u32) (param "length" u32) (result string)
    (canon lift (core func $i "at") (memory (core memory $i "memory")) string-encoding=utf16))
  (func (export "compact") (param "pointer" u32) (param "length" u32) (result string)
    (canon lift (core func $i "at") (memory (core memory $i "memory")) string-encoding=latin1+utf16)))

(component instance $i $utf16)
(assert_return (invoke "utf16" (u32.const 100) (u32.const 4)) (str.const "\u{1f600}\u{d7ff}\u{e000}"))
(assert_return (invoke "compact" (u32.const 100) (u32.const 0x80000004)) (str.const "\u{1f600}\u{d7ff}\u{e000}"))
(assert_return (invoke "compact" (u32.const 200) (u32.const 2)) (str.const "=\u{d8}"))
(assert_trap (invoke "utf16" (u32.const 200) (u32.const 1)) "unpaired surrogate")
(component instance $i $utf16)
(assert_trap (invoke "utf16" (u32.const 210) (u32.const 1)) "unpaired surrogate")
(component instance $i $utf16)
(assert_trap (invoke "utf16" (u32.const 220) (u32.const 2)) "unpaired surrogate")
(component instance $i $utf16)
(assert_trap (invoke "utf16" (u32.const 230) (u32.const 2)) "unpaired surrogate")
(component instance $i $utf16)
(assert_trap (invoke "utf16" (u32.const 240) (u32.const 3)) "unpaired surrogate")
(component instance $i $utf16)
(assert_trap (invoke "compact" (u32.const 200) (u32.const 0x80000001)) "unpaired surrogate")
(component instance $i $utf16)
(assert_trap (invoke "compact" (u32.const 220) (u32.const 0x80000002)) "unpaired surrogate")
