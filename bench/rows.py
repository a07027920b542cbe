"""The rows of the benchmarks: name, unit, what it is, the most that ours / peer may be (None: published only), how the peer does it."""

TYPED = "Rust wasmtime 48.0.8, typed"
DYNAMIC = "Rust wasmtime 48.0.8, Val"
PRE = "Rust wasmtime 48.0.8, InstancePre"
ROWS = [
    ("call.nop", "ns", "host calls a guest's function that does nothing", 0.4, TYPED),
    ("call.log", "ns", "guest calls log(u32, string of 40 B) of the host", 0.4, TYPED),
    ("call.execute.typed", "ns", "two records of strings and options in, one out; built per call", 0.7, TYPED),
    ("call.execute.dynamic", "ns", "the same with values whose types are known at run time", 0.8, DYNAMIC),
    ("list.u8.64", "ns", "echo of 64 B", 1.0, TYPED),
    ("list.u8.4k", "ns", "echo of 4 KiB", 1.0, TYPED),
    ("list.u8.1m", "ns", "echo of 1 MiB", 1.05, TYPED),
    ("list.u32.1k", "ns", "echo of 1,024 numbers", 1.0, TYPED),
    ("list.string.1k", "ns", "echo of 1,024 strings of 24 B", 1.0, TYPED),
    ("list.record.1k", "ns", "echo of 1,024 records of number, string, number", 1.0, TYPED),
    ("record.30", "ns", "echo of a record of 30 fields of ten types", 1.0, TYPED),
    ("resource.cycle", "ns", "constructor, method, drop of a guest's resource", 1.0, TYPED),
    ("resource.cycle.host", "ns", "constructor, method, drop of a host's resource, by a guest", 1.0, TYPED),
    ("fused.nop", "ns", "component A calls B, nothing passed", 1.0, TYPED),
    ("fused.execute", "ns", "component A calls B with the two records", 1.0, TYPED),
    ("start.tiny", "µs", "store, instantiate, call, drop: one module", 1.15, PRE),
    ("start.three", "µs", "the same: three core instances, as wit-component makes them", 1.15, PRE),
    ("start.imports40", "µs", "the same: forty functions of the host", 1.15, PRE),
    ("start.composed", "µs", "the same: two components, five core instances", 1.15, PRE),
    ("memory.live1000", "B", "resident bytes of 1,000 live tiny instances", 1.0, PRE),
    ("memory.process", "B", "resident bytes of a process with an engine", 1.1, "Rust wasmtime 48.0.8"),
    ("compile.12mb", "ms", "compile a component of 12 MB", 1.1, "Rust wasmtime 48.0.8, Component::new"),
    ("load.12mb", "ms", "load its 30 MB of code from the cache, checked (≤ 30 ms)", None, "Rust wasmtime 48.0.8, deserialize_file, unchecked"),
    ("meter.epoch", "x", "a loop of nothing with epoch checks / without", None, TYPED),
    ("meter.epoch.multiply", "x", "a loop that multiplies with epoch checks / without", None, TYPED),
    ("meter.fuel", "x", "a loop of nothing with fuel / without", None, TYPED),
    ("meter.fuel.multiply", "x", "a loop that multiplies with fuel / without", None, TYPED),
]

# Rows that want a process of their own for each measurement.
FRESH = {"memory.live1000", "memory.process"}
