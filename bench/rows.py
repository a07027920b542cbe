"""The rows of the benchmarks: name, unit, what it is, the most that ours / peer may be (None: published only), how the peer does it."""

TYPED = "Rust wasmtime 48.0.8, typed"
DYNAMIC = "Rust wasmtime 48.0.8, Val"
PRE = "Rust wasmtime 48.0.8, InstancePre"
WASMTIME_WASI = "Rust wasmtime-wasi 48.0.8"
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
    ("wasi.random64", "ns", "get-random-bytes(64), by a guest", 0.8, WASMTIME_WASI),
    ("wasi.clock", "ns", "monotonic-clock.now, by a guest", 0.8, WASMTIME_WASI),
    ("wasi.write4k", "ns", "blocking-write-and-flush of 4 KiB to a sink, by a guest", 0.8, WASMTIME_WASI),
    ("wasi.cat1g", "ms", "Rust cat of 1 GiB to a sink", 1.0, WASMTIME_WASI),
    ("wasi.sha1g", "ms", "Rust sha256 of 1 GiB", 1.0, WASMTIME_WASI),
    ("wasi.stat10k", "ms", "10,000 stats of files, by a Rust program", 1.0, WASMTIME_WASI),
    ("wasi.open10k", "ms", "10,000 times open, read, close of a file of 100 B", 1.0, WASMTIME_WASI),
    ("wasi.hello", "µs", "Rust hello world in process: store, instantiate, run, drop", 1.0, WASMTIME_WASI + ", CommandPre"),
    ("wasi.hello.process", "ms", "the same as a process, from start to exit, compiled before", 1.0, WASMTIME_WASI + ", a program like wasmtime run"),
    ("wasi.http", "ms", "1,000 GETs in turn to a local server, by a guest", 1.2, "native hyper client with a pool"),
    ("policy.check64", "ns", "one decision with 64 grants", None, None),
    ("policy.overhead", "x", "10,000 stats with 64 grants, budget and deadline / with two grants alone", None, None),
    ("deadline.overhead", "x", "sha256 of 64 MiB with budget and deadline / on an engine that cannot interrupt", None, None),
]

# Rows that want a process of their own for each measurement.
FRESH = {"memory.live1000", "memory.process"}

# What our side may be at most, where no peer has the like, in the row's unit.
LIMITS = {"policy.check64": 1000, "policy.overhead": 1.05, "deadline.overhead": 1.05}

# Names of rows that run under WASI or a policy begin so.
WASI = ("wasi.", "policy.", "deadline.")

# Rows that time whole processes.
PROCESSES = {"wasi.hello.process"}

# Rows that take seconds.
ROUNDS_MAX = {"wasi.cat1g": 3, "wasi.sha1g": 3, "deadline.overhead": 3}
