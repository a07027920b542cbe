//! The guest in Rust: every kind of value, and a resource.

wit_bindgen::generate!({ path: "../wit", world: "kinds" });

use exports::tenon::guests::counters::{Counter, Guest as Counters, GuestCounter};
use exports::tenon::guests::echo::{Color, Guest as Echo, Permission, Person, Shape};
use std::cell::Cell;

struct Component;

impl Guest for Component {
    fn execute_tool(call: ToolCall) -> Result<ToolResult, String> {
        log(1, &format!("{} called", call.name));
        match call.name.as_str() {
            "upper" => Ok(ToolResult { ok: true, value: call.input.to_uppercase(), error: None }),
            "fail" => Ok(ToolResult { ok: false, value: String::new(), error: Some(call.input) }),
            "panic" => panic!("asked to"),
            other => Err(format!("unknown tool {other}")),
        }
    }

    fn bytes(data: Vec<u8>) -> Vec<u8> {
        data
    }
}

macro_rules! echoes {
    ($($name:ident: $type:ty,)*) => {
        impl Echo for Component {
            $(fn $name(value: $type) -> $type { value })*

            fn sum_many(a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32, h: u32, i: u32, j: u32, k: u32, l: u32, m: u32, n: u32, o: u32, p: u32, q: u32) -> u64 {
                [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q].iter().map(|x| u64::from(*x)).sum()
            }
        }
    };
}

echoes! {
    echo_bool: bool, echo_s8: i8, echo_u8: u8, echo_s16: i16, echo_u16: u16, echo_s32: i32, echo_u32: u32, echo_s64: i64, echo_u64: u64,
    echo_f32: f32, echo_f64: f64, echo_char: char, echo_string: String, echo_bytes: Vec<u8>, echo_numbers: Vec<u32>, echo_strings: Vec<String>,
    echo_person: Person, echo_people: Vec<Person>, echo_tuple: (u8, String, f64), echo_shape: Shape, echo_color: Color,
    echo_permission: Permission, echo_option: Option<u32>, echo_result: Result<u32, String>,
}

struct Count(Cell<u32>);

impl GuestCounter for Count {
    fn new(start: u32) -> Self {
        Count(Cell::new(start))
    }
    fn increment(&self, by: u32) -> u32 {
        self.0.set(self.0.get() + by);
        self.0.get()
    }
    fn value(&self) -> u32 {
        self.0.get()
    }
}

impl Counters for Component {
    type Counter = Count;
    fn finish(counter: Counter) -> u32 {
        counter.into_inner::<Count>().0.get()
    }
}

export!(Component);
