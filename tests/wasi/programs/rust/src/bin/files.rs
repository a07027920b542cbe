//! files FOLDER: does everything that a program does to files, and prints what came of each step.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

fn step<T: std::fmt::Debug>(what: &str, result: std::io::Result<T>) {
    match result {
        Ok(value) => println!("{what}: {value:?}"),
        Err(error) => println!("{what}: {:?}", error.kind()),
    }
}

fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect::<std::io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

fn write_and_seek(path: &Path) -> std::io::Result<(u64, String)> {
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
    file.write_all(b"one two three")?;
    file.seek(SeekFrom::Start(4))?;
    file.write_all(b"TWO")?;
    let at = file.seek(SeekFrom::End(-5))?;
    let mut rest = String::new();
    file.read_to_string(&mut rest)?;
    file.sync_all()?;
    file.sync_data()?;
    Ok((at, rest))
}

fn append(path: &Path) -> std::io::Result<String> {
    OpenOptions::new().append(true).open(path)?.write_all(b" four")?;
    fs::read_to_string(path)
}

fn resize(path: &Path) -> std::io::Result<(u64, u64)> {
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(3)?;
    let shorter = file.metadata()?.len();
    file.set_len(100)?;
    Ok((shorter, file.metadata()?.len()))
}

fn date(path: &Path) -> std::io::Result<u64> {
    let when = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    File::options().write(true).open(path)?.set_times(fs::FileTimes::new().set_modified(when).set_accessed(when))?;
    Ok(fs::metadata(path)?.modified()?.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs())
}

fn main() {
    let folder = std::env::args().nth(1).expect("files FOLDER");
    let base = Path::new(&folder);
    let at = |name: &str| base.join(name);
    step("create a folder", fs::create_dir(at("inner")));
    step("create it again", fs::create_dir(at("inner")));
    step("create folders", fs::create_dir_all(at("inner/deep/deeper")));
    step("write and seek", write_and_seek(&at("file")));
    step("append", append(&at("file")));
    step("create what is there", OpenOptions::new().write(true).create_new(true).open(at("file")).map(drop));
    step("open what is not there", File::open(at("missing")).map(drop));
    step("open a folder as a file", fs::read(at("inner")));
    step("go through a file", fs::metadata(at("file/below")).map(|data| data.len()));
    step("copy", fs::copy(at("file"), at("copy")));
    step("resize", resize(&at("copy")));
    step("date", date(&at("copy")));
    step("hard link", fs::hard_link(at("file"), at("inner/hard")));
    step("read the hard link", fs::read_to_string(at("inner/hard")));
    step("rename", fs::rename(at("copy"), at("inner/moved")));
    step("rename over", fs::rename(at("inner/moved"), at("inner/hard")));
    step("rename a folder", fs::rename(at("inner/deep"), at("outer")));
    step("list", names(base));
    step("list inside", names(&at("inner")));
    step("remove a folder that is not empty", fs::remove_dir(at("outer")));
    step("remove a folder as a file", fs::remove_file(at("outer/deeper")));
    step("remove a file as a folder", fs::remove_dir(at("file")));
    step("remove a folder", fs::remove_dir(at("outer/deeper")));
    step("remove a file", fs::remove_file(at("inner/hard")));
    step("remove it again", fs::remove_file(at("inner/hard")));
    step("leave by dots", fs::read_to_string(at("../outside")));
    step("leave and come back", fs::read_to_string(at("inner/../file")));
    step("a long name", fs::write(at(&"n".repeat(300)), b""));
    step("an odd name", fs::write(at("ünï çødé 名"), b"x"));
    step("list at the end", names(base));
}
