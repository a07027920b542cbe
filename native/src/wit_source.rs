//! From files to resolved packages, with the checks that keep a stranger's text from exhausting the machine.

use wit_component::DecodedWasm;
use wit_parser::{Resolve, ResolveError, SourceMap, Type, TypeDefKind, TypeId, UnresolvedPackageGroup};

use crate::ffi::{ErrorKind, Failure};
use crate::limits;
use crate::wit::{Origin, invalid, tn_wit};
use crate::wit_text;

/// Files of one WIT folder with all its dependencies.
pub const WIT_FILES_MAX: usize = 10_000;
/// Bytes of all WIT text together: the whole of WASI is below one MiB.
pub const WIT_BYTES_MAX: usize = 16 << 20;
/// Items (fields, cases, parameters, declarations) in all WIT text together, counted before parsing by their separators. The parser recurses over chains of
/// aliases, so this bounds its stack.
pub const WIT_ITEMS_MAX: usize = 200_000;
/// Nodes of a type when it is written out without sharing; the validator's own limit for components.
pub const TYPE_NODES_MAX: u64 = 1_000_000;
/// Levels of types within types, aliases counted.
pub const TYPE_LEVELS_MAX: u32 = 1_000;

/// A file of a WIT folder: see `tn_wit_file`.
pub struct SourceFile<'a> {
    pub path: &'a str,
    pub contents: &'a [u8],
    pub package: u32,
}

/// Parses and resolves; the main package is number 0.
pub fn parse(files: &[SourceFile], features: &str) -> Result<tn_wit, Failure> {
    check_files(files)?;
    let mut resolve = Resolve::default();
    for feature in features.split(',').map(str::trim).filter(|f| !f.is_empty()) {
        if feature == "*" {
            resolve.all_features = true;
        } else {
            resolve.features.insert(feature.to_string());
        }
    }

    let mut main = None;
    let mut dependencies = Vec::new();
    let mut packages: Vec<u32> = files.iter().map(|f| f.package).collect();
    packages.sort_unstable();
    packages.dedup();
    for package in packages {
        let group: Vec<&SourceFile> = files.iter().filter(|f| f.package == package).collect();
        match parse_group(&mut resolve, &group, package == 0)? {
            Group::Unresolved(parsed) if package == 0 => main = Some(parsed),
            Group::Unresolved(parsed) => dependencies.push(parsed),
            Group::Resolved(wit) => return Ok(*wit),
            Group::Merged => {}
        }
    }
    let Some(main) = main else {
        return Err(Failure::invalid("there is no WIT file of the main package"));
    };
    let package = resolve.push_groups(main, dependencies).map_err(|error| render(&resolve, &error))?;
    check_types(&resolve)?;
    Ok(tn_wit { resolve, package, world: None, origin: Origin::Package })
}

enum Group {
    Unresolved(UnresolvedPackageGroup),
    /// A binary dependency, already part of the `Resolve`.
    Merged,
    /// The main package is a binary: it carries what it depends on.
    Resolved(Box<tn_wit>),
}

fn parse_group(resolve: &mut Resolve, files: &[&SourceFile], is_main: bool) -> Result<Group, Failure> {
    if let [file] = files {
        if wit_text::is_wasm(file.contents) {
            let binary = wit_text::to_binary(file.contents, file.path)?;
            if is_main {
                return Ok(Group::Resolved(Box::new(crate::wit::decode(&binary)?)));
            }
            return match wit_component::decode(&binary).map_err(invalid)? {
                DecodedWasm::WitPackage(other, _) => {
                    resolve.merge(other).map_err(|e| invalid(e.context(format!("package in {}", file.path))))?;
                    Ok(Group::Merged)
                }
                DecodedWasm::Component(..) => Err(Failure::invalid(format!("{} is a component, expected a WIT package", file.path))),
            };
        }
    }
    let mut map = SourceMap::new();
    for file in files {
        let text = std::str::from_utf8(file.contents).map_err(|e| Failure::invalid(format!("{} is not UTF-8: {e}", file.path)))?;
        map.push_str(file.path, text);
    }
    map.parse().map(Group::Unresolved).map_err(|(map, error)| Failure::invalid(error.render(&map)))
}

fn render(resolve: &Resolve, error: &ResolveError) -> Failure {
    Failure::invalid(error.render(&resolve.source_map))
}

fn check_files(files: &[SourceFile]) -> Result<(), Failure> {
    if files.len() > WIT_FILES_MAX {
        return Err(Failure::new(ErrorKind::LimitExceeded, format!("{} WIT files, the limit is {WIT_FILES_MAX}", files.len())));
    }
    let texts = || files.iter().filter(|f| !wit_text::is_wasm(f.contents));
    limits::check_size("the WIT text", texts().map(|f| f.contents.len()).sum(), WIT_BYTES_MAX)?;
    let items: usize = texts().map(|f| f.contents.iter().filter(|b| matches!(b, b';' | b',' | b'{' | b'(' | b'<')).count()).sum();
    if items > WIT_ITEMS_MAX {
        return Err(Failure::new(ErrorKind::LimitExceeded, format!("the WIT text has {items} items, the limit is {WIT_ITEMS_MAX}")));
    }
    Ok(())
}

/// Refuses types that are small as a graph and enormous when written out: everything after this may walk them as trees.
pub fn check_types(resolve: &Resolve) -> Result<(), Failure> {
    let mut sizes = vec![None; resolve.types.len()];
    for (id, definition) in resolve.types.iter() {
        let (nodes, levels) = measure(resolve, id, &mut sizes, 0)?;
        if nodes > TYPE_NODES_MAX {
            let name = definition.name.as_deref().unwrap_or("a type without a name");
            return Err(Failure::new(ErrorKind::LimitExceeded, format!("type {name} has more than {TYPE_NODES_MAX} parts when written out")));
        }
        if levels > TYPE_LEVELS_MAX {
            let name = definition.name.as_deref().unwrap_or("a type without a name");
            return Err(Failure::new(ErrorKind::LimitExceeded, format!("type {name} is nested {levels} levels deep, the limit is {TYPE_LEVELS_MAX}")));
        }
    }
    Ok(())
}

type Size = (u64, u32);

fn measure(resolve: &Resolve, id: TypeId, sizes: &mut Vec<Option<Size>>, depth: usize) -> Result<Size, Failure> {
    if let Some(size) = sizes[id.index()] {
        return Ok(size);
    }
    if depth > WIT_ITEMS_MAX {
        return Err(Failure::new(ErrorKind::LimitExceeded, "types are nested too deep"));
    }
    let mut nodes: u64 = 1;
    let mut levels: u32 = 0;
    for part in parts(&resolve.types[id].kind) {
        match part {
            Type::Id(part) => {
                let (part_nodes, part_levels) = measure(resolve, part, sizes, depth + 1)?;
                nodes = nodes.saturating_add(part_nodes);
                levels = levels.max(part_levels);
            }
            _ => nodes = nodes.saturating_add(1),
        }
    }
    let size = (nodes, levels + 1);
    sizes[id.index()] = Some(size);
    Ok(size)
}

/// The types that a type is made of. A handle's resource is not one of them: it is a name.
pub(crate) fn parts(kind: &TypeDefKind) -> Vec<Type> {
    match kind {
        TypeDefKind::Record(record) => record.fields.iter().map(|f| f.ty).collect(),
        TypeDefKind::Tuple(tuple) => tuple.types.clone(),
        TypeDefKind::Variant(variant) => variant.cases.iter().filter_map(|c| c.ty).collect(),
        TypeDefKind::Result(result) => result.ok.into_iter().chain(result.err).collect(),
        TypeDefKind::Future(payload) | TypeDefKind::Stream(payload) => payload.iter().copied().collect(),
        TypeDefKind::Map(key, value) => vec![*key, *value],
        TypeDefKind::Option(ty) | TypeDefKind::List(ty) | TypeDefKind::FixedLengthList(ty, _) | TypeDefKind::Type(ty) => vec![*ty],
        TypeDefKind::Resource | TypeDefKind::Handle(_) | TypeDefKind::Flags(_) | TypeDefKind::Enum(_) | TypeDefKind::Unknown => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file<'a>(path: &'a str, text: &'a str, package: u32) -> SourceFile<'a> {
        SourceFile { path, contents: text.as_bytes(), package }
    }

    fn refused(text: &str) -> Failure {
        let text = text.to_string();
        crate::ffi::on_large_stack(|| parse(&[file("t.wit", &text, 0)], "").map(|_| ())).unwrap_err()
    }

    #[test]
    fn errors_carry_file_line_column_and_source_line() {
        let failure = refused("package a:b;\nworld w {\n  export f: func(x: strin);\n}\n");
        assert!(failure.message.contains("t.wit:3:21") && failure.message.contains("export f: func(x: strin);"), "{}", failure.message);
    }

    #[test]
    fn a_dependency_may_come_later_and_in_several_files() {
        let files = [
            file("w.wit", "package a:b; world w { import c:d/i; import c:d/j; }", 0),
            file("deps/c/i.wit", "package c:d; interface i { f: func(); }", 1),
            file("deps/c/j.wit", "package c:d; interface j { g: func(); }", 1),
        ];
        assert_eq!(parse(&files, "").unwrap().resolve.packages.len(), 2);
    }

    #[test]
    fn a_missing_dependency_is_named_with_its_place() {
        let failure = refused("package a:b;\nworld w { import c:d/i; }\n");
        assert!(failure.message.contains("t.wit:2:") && failure.message.contains("c:d"), "{}", failure.message);
    }

    #[test]
    fn a_long_chain_of_aliases_is_refused() {
        let mut text = String::from("package a:b; interface i { type t0 = u8;");
        for i in 1..40_000 {
            text.push_str(&format!("type t{i} = t{};", i - 1));
        }
        text.push('}');
        assert_eq!(refused(&text).kind, ErrorKind::LimitExceeded);
    }

    #[test]
    fn a_type_that_doubles_at_every_level_is_refused() {
        let mut text = String::from("package a:b; interface i { type t0 = tuple<u8, u8>;");
        for i in 1..64 {
            text.push_str(&format!("type t{i} = tuple<t{0}, t{0}>;", i - 1));
        }
        text.push('}');
        assert_eq!(refused(&text).kind, ErrorKind::LimitExceeded);
    }

    #[test]
    fn deep_types_and_deep_packages_are_refused() {
        let list = format!("package a:b; interface i {{ type t = {}u8{}; }}", "list<".repeat(100_000), ">".repeat(100_000));
        assert!(!refused(&list).message.contains("internal error"), "{}", refused(&list).message);
        let packages = format!("{}{}", "package a:b { ".repeat(50_000), "}".repeat(50_000));
        assert!(!refused(&packages).message.contains("internal error"));
    }

    #[test]
    fn unstable_items_need_their_feature() {
        let text = "package a:b@1.0.0; interface i { @unstable(feature = x) f: func(); }";
        let with = |features: &str| parse(&[file("t.wit", text, 0)], features).unwrap().resolve.interfaces.iter().next().unwrap().1.functions.len();
        assert_eq!((with(""), with("x"), with("*")), (0, 1, 1));
    }
}
