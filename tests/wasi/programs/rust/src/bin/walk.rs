//! walk FOLDER…: what lies in it, sorted, with kinds and sizes; links are shown and not followed.

use std::fs;
use std::path::Path;

fn walk(path: &Path) -> std::io::Result<()> {
    let data = fs::symlink_metadata(path)?;
    let kind = data.file_type();
    if kind.is_symlink() {
        println!("link   {} -> {}", path.display(), fs::read_link(path)?.display());
    } else if kind.is_file() {
        println!("file   {} {}", path.display(), data.len());
    } else if kind.is_dir() {
        println!("folder {}", path.display());
        let mut entries = fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
        entries.sort_by_key(|entry| entry.file_name());
        for entry in entries {
            if let Err(error) = walk(&entry.path()) {
                println!("error  {}: {error}", entry.path().display());
            }
        }
    } else {
        println!("other  {}", path.display());
    }
    Ok(())
}

fn main() {
    for folder in std::env::args().skip(1) {
        if let Err(error) = walk(Path::new(&folder)) {
            println!("error  {folder}: {error}");
        }
    }
}
