"""The guest in Python: world `kinds`."""

from componentize_py_types import Err, Ok
import wit_world
from wit_world import exports
from wit_world.imports import types


class WitWorld(wit_world.WitWorld):
    def execute_tool(self, call):
        wit_world.log(1, f"called {call.name}")
        if call.name == "upper":
            return types.ToolResult(ok=True, value=call.input.upper(), error=None)
        if call.name == "fail":
            return types.ToolResult(ok=False, value="", error=call.input)
        if call.name == "panic":
            raise RuntimeError("asked to")
        raise Err(f"unknown tool {call.name}")

    def bytes(self, data):
        return data


def same(self, value):
    return value


class Echo(exports.Echo):
    echo_bool = echo_s8 = echo_u8 = echo_s16 = echo_u16 = echo_s32 = echo_u32 = echo_s64 = echo_u64 = same
    echo_f32 = echo_f64 = echo_char = echo_string = echo_bytes = echo_numbers = echo_strings = same
    echo_person = echo_people = echo_tuple = echo_shape = echo_color = echo_permission = echo_option = same

    def echo_result(self, value):
        if isinstance(value, Err):
            raise value
        return value.value

    def sum_many(self, *numbers):
        return sum(numbers)


class Counters(exports.Counters):
    def finish(self, counter):
        return counter.count
