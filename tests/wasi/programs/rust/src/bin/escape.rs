//! escape ATTEMPT …: tries to get at what was not granted, by calls that std does not let through. Prints what came of it; "ESCAPED" where something was got.

#[cfg(target_env = "p2")]
mod attempts {
    use wasip2::filesystem::preopens::get_directories;
    use wasip2::filesystem::types::{Descriptor, DescriptorFlags, ErrorCode, NewTimestamp, OpenFlags, PathFlags};

    fn folder() -> Descriptor {
        get_directories().into_iter().next().expect("a folder").0
    }

    fn code(error: ErrorCode) -> String {
        error.name().to_owned()
    }

    /// What may come is a refusal; anything else is an escape.
    fn refused<T>(what: &str, result: Result<T, ErrorCode>) {
        match result {
            Ok(_) => println!("{what}: ESCAPED"),
            Err(error) => println!("{what}: {}", code(error)),
        }
    }

    fn read(folder: &Descriptor, path: &str, follow: bool) -> Result<Vec<u8>, ErrorCode> {
        let flags = if follow { PathFlags::SYMLINK_FOLLOW } else { PathFlags::empty() };
        let file = folder.open_at(flags, path, OpenFlags::empty(), DescriptorFlags::READ)?;
        file.read(4096, 0).map(|(bytes, _)| bytes)
    }

    fn write(folder: &Descriptor, path: &str) -> Result<u64, ErrorCode> {
        folder
            .open_at(PathFlags::SYMLINK_FOLLOW, path, OpenFlags::CREATE, DescriptorFlags::WRITE)
            .and_then(|file| file.write(b"escaped", 0))
    }

    /// Paths that lead outside, or nowhere, as every operation gets them.
    fn paths(folder: &Descriptor, path: &str) {
        let follow = PathFlags::SYMLINK_FOLLOW;
        refused("read", read(folder, path, true));
        refused("read without following", read(folder, path, false));
        refused("write", write(folder, path));
        refused("stat", folder.stat_at(follow, path));
        refused("list", folder.open_at(follow, path, OpenFlags::DIRECTORY, DescriptorFlags::READ));
        refused("create a folder", folder.create_directory_at(&format!("{path}/made")));
        refused("remove a folder", folder.remove_directory_at(&format!("{path}/inner")));
        refused("unlink", folder.unlink_file_at(&format!("{path}/outside")));
        refused("rename from", folder.rename_at(&format!("{path}/outside"), folder, "stolen"));
        refused("rename to", folder.rename_at("a.txt", folder, &format!("{path}/planted")));
        refused("link from", folder.link_at(PathFlags::empty(), &format!("{path}/outside"), folder, "stolen"));
        refused("link to", folder.link_at(PathFlags::empty(), "a.txt", folder, &format!("{path}/planted")));
        refused("symlink at", folder.symlink_at("a.txt", &format!("{path}/planted")));
        refused("set times", folder.set_times_at(follow, path, NewTimestamp::Now, NewTimestamp::Now));
        refused("readlink", folder.readlink_at(&format!("{path}/link")));
        refused("hash", folder.metadata_hash_at(follow, path));
    }

    /// Everything that changes something.
    fn changes(folder: &Descriptor) {
        let follow = PathFlags::SYMLINK_FOLLOW;
        refused("create", folder.open_at(follow, "new", OpenFlags::CREATE, DescriptorFlags::WRITE));
        refused("create for reading", folder.open_at(follow, "new", OpenFlags::CREATE, DescriptorFlags::READ));
        refused("truncate", folder.open_at(follow, "a.txt", OpenFlags::TRUNCATE, DescriptorFlags::READ));
        refused("write", folder.open_at(follow, "a.txt", OpenFlags::empty(), DescriptorFlags::WRITE));
        refused("exclusive", folder.open_at(follow, "new", OpenFlags::CREATE | OpenFlags::EXCLUSIVE, DescriptorFlags::WRITE));
        refused(
            "mutate a folder",
            folder
                .open_at(follow, "inner", OpenFlags::DIRECTORY, DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY)
                .and_then(|inner| inner.create_directory_at("made")),
        );
        refused("create a folder", folder.create_directory_at("made"));
        refused("remove a folder", folder.remove_directory_at("empty"));
        refused("unlink", folder.unlink_file_at("a.txt"));
        refused("rename", folder.rename_at("a.txt", folder, "b.txt"));
        refused("link", folder.link_at(PathFlags::empty(), "a.txt", folder, "hard"));
        refused("symlink", folder.symlink_at("a.txt", "soft"));
        refused("set times", folder.set_times_at(follow, "a.txt", NewTimestamp::Now, NewTimestamp::Now));
        if let Ok(file) = folder.open_at(follow, "a.txt", OpenFlags::empty(), DescriptorFlags::READ) {
            refused("write to what was opened for reading", file.write(b"x", 0));
            refused("a stream to it", file.write_via_stream(0));
            refused("append to it", file.append_via_stream());
            refused("resize it", file.set_size(0));
            refused("set its times", file.set_times(NewTimestamp::Now, NewTimestamp::Now));
        }
    }

    /// Links that the guest makes itself.
    fn own_links(folder: &Descriptor) {
        for (name, target) in [("l1", "../outside"), ("l2", "/etc/passwd"), ("l3", ".."), ("l4", "inner/../../outside"), ("l5", "l1"), ("l6", "/proc/self/root"), ("l7", "//etc/passwd")] {
            match folder.symlink_at(target, name) {
                Ok(()) => {
                    refused(&format!("read {name}"), read(folder, name, true));
                    refused(&format!("read {name}/outside"), read(folder, &format!("{name}/outside"), true));
                    refused(&format!("read {name}/etc/passwd"), read(folder, &format!("{name}/etc/passwd"), true));
                    refused(&format!("write {name}/planted"), write(folder, &format!("{name}/planted")));
                    refused(&format!("hard link {name}"), folder.link_at(PathFlags::SYMLINK_FOLLOW, name, folder, &format!("hard-{name}")).and_then(|()| read(folder, &format!("hard-{name}"), true)));
                }
                Err(error) => println!("make {name}: {}", code(error)),
            }
        }
    }

    /// A folder that another thread of the host swaps for a link to the outside, again and again.
    fn race(folder: &Descriptor, times: u32) {
        let (mut inside, mut refusals) = (0, 0);
        for _ in 0..times {
            match read(folder, "swapped/outside", true) {
                Ok(bytes) if bytes == b"inside" => inside += 1,
                Ok(bytes) => {
                    println!("ESCAPED: read {:?}", String::from_utf8_lossy(&bytes));
                    return;
                }
                Err(_) => refusals += 1,
            }
            if write(folder, "swapped/planted").is_err() {
                refusals += 1;
            }
            if folder.create_directory_at("swapped/made").is_ok() {
                folder.remove_directory_at("swapped/made").ok();
            }
            if folder.rename_at("swapped/planted", folder, "swapped/moved").is_ok() {
                folder.unlink_file_at("swapped/moved").ok();
            }
        }
        println!("held: {}", inside + refusals > 0);
    }

    pub fn run(arguments: &[&str]) {
        let long = "x/".repeat(50_000);
        match arguments {
            ["paths", path] => paths(&folder(), path),
            ["odd-paths"] => {
                for (what, path) in [("empty", ""), ("nul", "a\0.txt"), ("nul at the end", "a.txt\0"), ("long", &long), ("long name", &"n".repeat(5000)), ("absolute", "/a.txt"), ("dots", "../../../../../../etc/passwd"), ("file as folder", "a.txt/../a.txt"), ("proc", "/proc/self/cmdline")] {
                    refused(what, read(&folder(), path, true));
                }
            }
            ["changes"] => changes(&folder()),
            ["own-links"] => own_links(&folder()),
            ["race", times] => race(&folder(), times.parse().expect("a number")),
            ["read", path] => match read(&folder(), path, true) {
                Ok(bytes) => println!("got {:?}", String::from_utf8_lossy(&bytes)),
                Err(error) => println!("{}", code(error)),
            },
            ["huge-read", path] => {
                let file = folder().open_at(PathFlags::empty(), path, OpenFlags::empty(), DescriptorFlags::READ).expect("a file");
                println!("read {} bytes", file.read(u64::MAX, 0).map_or(0, |(bytes, _)| bytes.len()));
                println!("read {} bytes far out", file.read(u64::MAX, u64::MAX - 1).map_or(0, |(bytes, _)| bytes.len()));
                let stream = file.read_via_stream(0).expect("a stream");
                println!("streamed {} bytes", stream.read(u64::MAX).map_or(0, |bytes| bytes.len()));
            }
            ["poll", count] => {
                let count: usize = count.parse().expect("a number");
                let ready = wasip2::clocks::monotonic_clock::subscribe_duration(0);
                let list: Vec<_> = (0..count).map(|_| &ready).collect();
                println!("{} ready", wasip2::io::poll::poll(&list).len());
            }
            ["pollables", count] => {
                let held: Vec<_> = (0..count.parse().expect("a number")).map(wasip2::clocks::monotonic_clock::subscribe_duration).collect();
                println!("{} held", held.len());
            }
            ["random", size] => println!("{} bytes", wasip2::random::random::get_random_bytes(size.parse().expect("a number")).len()),
            ["drop-parent"] => {
                let stream = wasip2::cli::stdout::get_stdout();
                let pollable = stream.subscribe();
                drop(stream);
                pollable.block();
                println!("ESCAPED: waited for a stream that is gone");
            }
            other => println!("unknown attempt {other:?}"),
        }
    }
}

#[cfg(not(target_env = "p2"))]
mod attempts {
    pub fn run(_: &[&str]) {
        println!("only in WASI 0.2");
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    attempts::run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
}
