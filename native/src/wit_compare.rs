//! Does a component fit a world, and is a new version of a package compatible with an old one? Both answers are lists of differences that name the function
//! and the part of the type. The validator has the last word (`wit_component::targets`, `semver_check`), but its messages do not say where.

use std::collections::HashSet;

use wit_parser::{Function, FunctionKind, Handle, Interface, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner, World, WorldId, WorldItem, WorldKey};

use crate::ffi::{Failure, guard, on_large_stack, tn_buffer, tn_bytes, tn_error};
use crate::wit::{Origin, decode, invalid, tn_wit};
use crate::wit_text::to_binary;

/// Differences that are listed; those beyond are counted.
const DIFFERENCES_MAX: usize = 200;

/// One of the two that are compared, and how messages call it.
#[derive(Clone, Copy)]
struct Side<'a> {
    resolve: &'a Resolve,
    label: &'a str,
}

/// A walk over two sides. `path` says where it stands; differences are written with it.
struct Comparison<'a> {
    left: Side<'a>,
    right: Side<'a>,
    path: Vec<String>,
    compared: HashSet<(TypeId, TypeId)>,
    differences: Vec<String>,
    count: usize,
    /// Whether each item was found under exactly its name, so that the validator can be asked too.
    names_are_exact: bool,
}

fn primitive(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "bool",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::S8 => "s8",
        Type::S16 => "s16",
        Type::S32 => "s32",
        Type::S64 => "s64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::ErrorContext => "error-context",
        Type::Id(_) => "type",
    }
}

/// The type behind all aliases.
fn resolve_alias(resolve: &Resolve, mut ty: Type) -> Type {
    while let Type::Id(id) = ty {
        match resolve.types[id].kind {
            TypeDefKind::Type(target) => ty = target,
            _ => break,
        }
    }
    ty
}

/// A short name of a type for a message: its own name, or its structure a few levels deep.
fn describe(resolve: &Resolve, ty: Type, levels: u32) -> String {
    let Type::Id(id) = resolve_alias(resolve, ty) else {
        return primitive(&resolve_alias(resolve, ty)).to_string();
    };
    let definition = &resolve.types[id];
    if let Some(name) = &definition.name {
        return format!("{} {name}", definition.kind.as_str());
    }
    if levels == 0 {
        return definition.kind.as_str().to_string();
    }
    let part = |ty: Type| describe(resolve, ty, levels - 1);
    let optional = |ty: Option<Type>| ty.map_or("_".to_string(), part);
    match &definition.kind {
        TypeDefKind::List(element) => format!("list<{}>", part(*element)),
        TypeDefKind::FixedLengthList(element, size) => format!("list<{}, {size}>", part(*element)),
        TypeDefKind::Option(some) => format!("option<{}>", part(*some)),
        TypeDefKind::Result(result) => match (result.ok, result.err) {
            (None, None) => "result".to_string(),
            (ok, None) => format!("result<{}>", optional(ok)),
            (ok, err) => format!("result<{}, {}>", optional(ok), optional(err)),
        },
        TypeDefKind::Tuple(tuple) => format!("tuple<{}>", tuple.types.iter().map(|ty| part(*ty)).collect::<Vec<_>>().join(", ")),
        TypeDefKind::Map(key, value) => format!("map<{}, {}>", part(*key), part(*value)),
        TypeDefKind::Handle(Handle::Own(resource)) => part(Type::Id(*resource)),
        TypeDefKind::Handle(Handle::Borrow(resource)) => format!("borrow<{}>", part(Type::Id(*resource))),
        TypeDefKind::Future(payload) => format!("future<{}>", optional(*payload)),
        TypeDefKind::Stream(payload) => format!("stream<{}>", optional(*payload)),
        other => other.as_str().to_string(),
    }
}

impl<'a> Comparison<'a> {
    fn new(left: Side<'a>, right: Side<'a>) -> Self {
        Comparison { left, right, path: Vec::new(), compared: HashSet::new(), differences: Vec::new(), count: 0, names_are_exact: true }
    }

    fn differ(&mut self, what: String) {
        self.count += 1;
        if self.differences.len() < DIFFERENCES_MAX {
            let place = self.path.join(": ");
            self.differences.push(if place.is_empty() { what } else { format!("{place}: {what}") });
        }
    }

    fn within<R>(&mut self, place: String, body: impl FnOnce(&mut Self) -> R) -> R {
        self.path.push(place);
        let result = body(self);
        self.path.pop();
        result
    }

    fn both_have(&mut self, left: String, right: String) {
        let what = format!("{} has {left}, {} has {right}", self.left.label, self.right.label);
        self.differ(what);
    }

    fn compare_types(&mut self, left: Type, right: Type) {
        let left = resolve_alias(self.left.resolve, left);
        let right = resolve_alias(self.right.resolve, right);
        match (left, right) {
            (Type::Id(l), Type::Id(r)) => {
                if self.compared.insert((l, r)) {
                    self.compare_definitions(l, r);
                }
            }
            _ if left == right => {}
            _ => self.both_have(describe(self.left.resolve, left, 2), describe(self.right.resolve, right, 2)),
        }
    }

    fn compare_optional(&mut self, place: &str, left: Option<Type>, right: Option<Type>) {
        match (left, right) {
            (None, None) => {}
            (Some(l), Some(r)) => self.within(place.to_string(), |c| c.compare_types(l, r)),
            _ => {
                let name = |side: Side, ty: Option<Type>| ty.map_or("nothing".to_string(), |ty| describe(side.resolve, ty, 2));
                let (l, r) = (name(self.left, left), name(self.right, right));
                self.within(place.to_string(), |c| c.both_have(l, r));
            }
        }
    }

    /// Compares lists of names and reports the first place where they differ. Returns whether they are the same.
    fn compare_names<'n>(&mut self, what: &str, left: impl Iterator<Item = &'n str>, right: impl Iterator<Item = &'n str>) -> bool {
        let (left, right): (Vec<_>, Vec<_>) = (left.collect(), right.collect());
        let common = left.iter().zip(&right).take_while(|(l, r)| l == r).count();
        if common == left.len() && common == right.len() {
            return true;
        }
        let name = |names: &[&str]| names.get(common).map_or(format!("no {what} there"), |n| format!("{n}"));
        let message = format!("{what} {}: {} has {}, {} has {}", common + 1, self.left.label, name(&left), self.right.label, name(&right));
        self.differ(message);
        false
    }

    fn compare_definitions(&mut self, left: TypeId, right: TypeId) {
        let (l, r) = (&self.left.resolve.types[left], &self.right.resolve.types[right]);
        let place = match &l.name {
            Some(name) => format!("{} {name}", l.kind.as_str()),
            None => String::new(),
        };
        if place.is_empty() {
            self.compare_kinds(left, right);
        } else {
            self.within(place, |c| c.compare_kinds(left, right));
        }
        let _ = r;
    }

    fn compare_kinds(&mut self, left: TypeId, right: TypeId) {
        let (l, r) = (self.left.resolve, self.right.resolve);
        match (&l.types[left].kind, &r.types[right].kind) {
            (TypeDefKind::Record(a), TypeDefKind::Record(b)) => {
                if self.compare_names("field", a.fields.iter().map(|f| f.name.as_str()), b.fields.iter().map(|f| f.name.as_str())) {
                    for (x, y) in a.fields.iter().zip(&b.fields) {
                        self.within(format!("field {}", x.name), |c| c.compare_types(x.ty, y.ty));
                    }
                }
            }
            (TypeDefKind::Variant(a), TypeDefKind::Variant(b)) => {
                if self.compare_names("case", a.cases.iter().map(|f| f.name.as_str()), b.cases.iter().map(|f| f.name.as_str())) {
                    for (x, y) in a.cases.iter().zip(&b.cases) {
                        self.compare_optional(&format!("case {}", x.name), x.ty, y.ty);
                    }
                }
            }
            (TypeDefKind::Enum(a), TypeDefKind::Enum(b)) => {
                self.compare_names("case", a.cases.iter().map(|c| c.name.as_str()), b.cases.iter().map(|c| c.name.as_str()));
            }
            (TypeDefKind::Flags(a), TypeDefKind::Flags(b)) => {
                self.compare_names("flag", a.flags.iter().map(|f| f.name.as_str()), b.flags.iter().map(|f| f.name.as_str()));
            }
            (TypeDefKind::Tuple(a), TypeDefKind::Tuple(b)) if a.types.len() == b.types.len() => {
                for (i, (x, y)) in a.types.iter().zip(&b.types).enumerate() {
                    self.within(format!("member {i}"), |c| c.compare_types(*x, *y));
                }
            }
            (TypeDefKind::Result(a), TypeDefKind::Result(b)) => {
                self.compare_optional("ok", a.ok, b.ok);
                self.compare_optional("err", a.err, b.err);
            }
            (TypeDefKind::Option(a), TypeDefKind::Option(b)) => self.within("some".into(), |c| c.compare_types(*a, *b)),
            (TypeDefKind::List(a), TypeDefKind::List(b)) => self.within("element".into(), |c| c.compare_types(*a, *b)),
            (TypeDefKind::FixedLengthList(a, m), TypeDefKind::FixedLengthList(b, n)) if m == n => self.within("element".into(), |c| c.compare_types(*a, *b)),
            (TypeDefKind::Map(k, v), TypeDefKind::Map(m, w)) => {
                self.within("key".into(), |c| c.compare_types(*k, *m));
                self.within("value".into(), |c| c.compare_types(*v, *w));
            }
            (TypeDefKind::Future(a), TypeDefKind::Future(b)) | (TypeDefKind::Stream(a), TypeDefKind::Stream(b)) => self.compare_optional("payload", *a, *b),
            (TypeDefKind::Handle(Handle::Own(a)), TypeDefKind::Handle(Handle::Own(b)))
            | (TypeDefKind::Handle(Handle::Borrow(a)), TypeDefKind::Handle(Handle::Borrow(b))) => self.compare_types(Type::Id(*a), Type::Id(*b)),
            (TypeDefKind::Resource, TypeDefKind::Resource) => {
                let (a, b) = (resource_name(l, left), resource_name(r, right));
                if a != b {
                    self.both_have(format!("resource {a}"), format!("resource {b}"));
                }
            }
            _ => self.both_have(describe(l, Type::Id(left), 2), describe(r, Type::Id(right), 2)),
        }
    }

    fn compare_functions(&mut self, left: &Function, right: &Function) {
        if std::mem::discriminant(&left.kind) != std::mem::discriminant(&right.kind) {
            self.both_have(function_kind(&left.kind).into(), function_kind(&right.kind).into());
        }
        if self.compare_names("parameter", left.params.iter().map(|p| p.name.as_str()), right.params.iter().map(|p| p.name.as_str())) {
            for (l, r) in left.params.iter().zip(&right.params) {
                self.within(format!("parameter {}", l.name), |c| c.compare_types(l.ty, r.ty));
            }
        }
        self.compare_optional("result", left.result, right.result);
    }

    /// Everything of `wanted` must be in `given`, with the same types.
    fn compare_interfaces(&mut self, wanted: Wanted, left: InterfaceId, right: InterfaceId) {
        let (l, r): (&Interface, &Interface) = (&self.left.resolve.interfaces[left], &self.right.resolve.interfaces[right]);
        let (wants, has, lacking) = match wanted {
            Wanted::Left => (l, r, self.right.label),
            Wanted::Right => (r, l, self.left.label),
        };
        for name in wants.types.keys() {
            match (l.types.get(name), r.types.get(name)) {
                (Some(a), Some(b)) => self.compare_types(Type::Id(*a), Type::Id(*b)),
                _ if !has.types.contains_key(name) => self.differ(format!("{lacking} has no type {name}")),
                _ => {}
            }
        }
        for name in wants.functions.keys() {
            match (l.functions.get(name), r.functions.get(name)) {
                (Some(a), Some(b)) => self.within(format!("function {name}"), |c| c.compare_functions(a, b)),
                _ => self.differ(format!("{lacking} has no function {name}")),
            }
        }
    }

    /// Every item of `wanted`'s list must be in the other's: `verb` is "import" or "export".
    fn compare_items(&mut self, wanted: Wanted, verb: &str, left: &World, right: &World) {
        let items = |world: &'_ World| -> Vec<(WorldKey, WorldItem)> {
            let map = if verb == "import" { &world.imports } else { &world.exports };
            map.iter().map(|(k, v)| (k.clone(), v.clone())).collect()
        };
        let (left_items, right_items) = (items(left), items(right));
        let (wants, wanting, gives, giving) = match wanted {
            Wanted::Left => (&left_items, self.left, &right_items, self.right),
            Wanted::Right => (&right_items, self.right, &left_items, self.left),
        };
        for (key, item) in wants {
            let name = wanting.resolve.name_world_key(key);
            let Some((found, exact)) = find_item(wanting.resolve, key, giving.resolve, gives) else {
                self.differ(match verb {
                    "import" => format!("{} imports {name}, {} does not", wanting.label, giving.label),
                    _ => format!("{} exports {name}, {} does not", wanting.label, giving.label),
                });
                continue;
            };
            self.names_are_exact &= exact;
            let (l, r) = match wanted {
                Wanted::Left => (item, found),
                Wanted::Right => (found, item),
            };
            self.within(format!("{verb} {name}"), |c| match (l, r) {
                (WorldItem::Interface { id: a, .. }, WorldItem::Interface { id: b, .. }) => c.compare_interfaces(wanted, *a, *b),
                (WorldItem::Function(a), WorldItem::Function(b)) => c.compare_functions(a, b),
                (WorldItem::Type { id: a, .. }, WorldItem::Type { id: b, .. }) => c.compare_types(Type::Id(*a), Type::Id(*b)),
                _ => c.both_have(item_kind(l).into(), item_kind(r).into()),
            });
        }
    }

    fn finish(mut self) -> Vec<String> {
        if self.count > self.differences.len() {
            let more = self.count - self.differences.len();
            self.differences.push(format!("and {more} more"));
        }
        self.differences
    }
}

/// Whose items must all be found on the other side.
#[derive(Clone, Copy)]
enum Wanted {
    Left,
    Right,
}

fn function_kind(kind: &FunctionKind) -> &'static str {
    match kind {
        FunctionKind::Freestanding => "a function",
        FunctionKind::AsyncFreestanding => "an async function",
        FunctionKind::Method(_) => "a method",
        FunctionKind::AsyncMethod(_) => "an async method",
        FunctionKind::Static(_) => "a static function",
        FunctionKind::AsyncStatic(_) => "an async static function",
        FunctionKind::Constructor(_) => "a constructor",
    }
}

fn item_kind(item: &WorldItem) -> &'static str {
    match item {
        WorldItem::Interface { .. } => "an interface",
        WorldItem::Function(_) => "a function",
        WorldItem::Type { .. } => "a type",
    }
}

/// A resource by its name and the interface that it belongs to, without the part of the version that may differ.
fn resource_name(resolve: &Resolve, id: TypeId) -> String {
    let definition = &resolve.types[id];
    let name = definition.name.as_deref().unwrap_or("without a name");
    match definition.owner {
        TypeOwner::Interface(interface) => match resolve.interfaces[interface].name.as_deref() {
            Some(interface) => format!("{interface}.{name}"),
            None => name.to_string(),
        },
        _ => name.to_string(),
    }
}

fn find_item<'b>(from: &Resolve, key: &WorldKey, to: &Resolve, items: &'b [(WorldKey, WorldItem)]) -> Option<(&'b WorldItem, bool)> {
    let name = from.name_world_key(key);
    if let Some((_, item)) = items.iter().find(|(k, _)| to.name_world_key(k) == name) {
        return Some((item, true));
    }
    let name = from.name_canonicalized_world_key(key);
    items.iter().find(|(k, _)| to.name_canonicalized_world_key(k) == name).map(|(_, item)| (item, false))
}

pub(crate) fn targets(wit: &tn_wit, world: &str, component: &[u8]) -> Result<Vec<String>, Failure> {
    let world = wit.select_world(world)?;
    if !wasmparser::Parser::is_component(component) {
        return Err(Failure::invalid("the file is not a component"));
    }
    let decoded = decode(component)?;
    let (Origin::Component, Some(found)) = (decoded.origin, decoded.world) else {
        return Err(Failure::invalid("the file is a WIT package, expected a component"));
    };
    let mut comparison = Comparison::new(Side { resolve: &wit.resolve, label: "the world" }, Side { resolve: &decoded.resolve, label: "the component" });
    let (expected, actual) = (&wit.resolve.worlds[world], &decoded.resolve.worlds[found]);
    comparison.compare_items(Wanted::Right, "import", expected, actual);
    comparison.compare_items(Wanted::Left, "export", expected, actual);
    let ask_validator = comparison.names_are_exact;
    let mut differences = comparison.finish();
    if differences.is_empty() && ask_validator {
        if let Err(error) = wit_component::targets(&wit.resolve, world, component) {
            differences.push(invalid(error).message);
        }
    }
    Ok(differences)
}

pub(crate) fn semver_check(old: &tn_wit, new: &tn_wit) -> Result<Vec<String>, Failure> {
    let (before, after) = (&old.resolve.packages[old.package], &new.resolve.packages[new.package]);
    if (&before.name.namespace, &before.name.name) != (&after.name.namespace, &after.name.name) {
        return Err(Failure::invalid(format!("{} and {} are different packages", before.name, after.name)));
    }
    let mut comparison = Comparison::new(Side { resolve: &old.resolve, label: "the old version" }, Side { resolve: &new.resolve, label: "the new version" });
    for (name, id) in &before.interfaces {
        match after.interfaces.get(name) {
            Some(other) => comparison.within(format!("interface {name}"), |c| c.compare_interfaces(Wanted::Left, *id, *other)),
            None => comparison.differ(format!("the new version has no interface {name}")),
        }
    }
    let mut worlds: Vec<(&str, WorldId, WorldId)> = Vec::new();
    for (name, id) in &before.worlds {
        let Some(other) = after.worlds.get(name) else {
            comparison.differ(format!("the new version has no world {name}"));
            continue;
        };
        comparison.compared.clear();
        comparison.within(format!("world {name}"), |c| {
            let (l, r) = (&old.resolve.worlds[*id], &new.resolve.worlds[*other]);
            compare_versions(c, "import", Wanted::Left, l, r);
            compare_versions(c, "export", Wanted::Right, l, r);
        });
        worlds.push((name, *id, *other));
    }
    let mut differences = comparison.finish();
    if differences.is_empty() && before.name.version != after.name.version {
        ask_semver_validator(old, new, &worlds, &mut differences);
    }
    Ok(differences)
}

/// As `compare_items`, but the two versions of the package itself count as one name.
fn compare_versions(comparison: &mut Comparison, verb: &str, wanted: Wanted, left: &World, right: &World) {
    let (mut old, mut new) = (comparison.left.resolve.clone(), comparison.right.resolve.clone());
    for package in [left.package, right.package].iter().zip([&mut old, &mut new]) {
        if let (Some(id), resolve) = package {
            resolve.packages[*id].name.version = None;
        }
    }
    let mut inner = Comparison::new(Side { resolve: &old, label: comparison.left.label }, Side { resolve: &new, label: comparison.right.label });
    inner.path = comparison.path.clone();
    inner.compare_items(wanted, verb, left, right);
    comparison.count += inner.count;
    comparison.differences.extend(inner.differences);
    comparison.differences.truncate(DIFFERENCES_MAX);
}

fn ask_semver_validator(old: &tn_wit, new: &tn_wit, worlds: &[(&str, WorldId, WorldId)], differences: &mut Vec<String>) {
    let mut merged = old.resolve.clone();
    // Two sets that do not merge (one dependency in two forms of the same version) are left to our own comparison.
    let Ok(remap) = merged.merge(new.resolve.clone()) else { return };
    for (name, before, after) in worlds {
        let Ok(after) = remap.map_world(*after, Default::default()) else { continue };
        if let Err(error) = wit_component::semver_check(merged.clone(), *before, after) {
            differences.push(format!("world {name}: {}", invalid(error).message));
        }
    }
}

fn to_json(differences: Vec<String>) -> Result<tn_buffer, Failure> {
    Ok(serde_json::to_vec(&differences).map_err(invalid)?.into())
}

/// How the component (binary or text) differs from what the world asks for, as a JSON array of sentences: empty when it fits. It fits when the world has all
/// that it imports and it exports all that the world exports; versions match as in linking.
///
/// Errors: `InvalidInput` when the file is no component; `NotFound` when there is no such world.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_wit_targets(wit: *const tn_wit, world: tn_bytes, component: tn_bytes, differences: *mut tn_buffer) -> *mut tn_error {
    guard(|| {
        let wit = unsafe { &*wit };
        let world = unsafe { world.as_str("the world's name") }?;
        let component = unsafe { component.as_slice() };
        let found = on_large_stack(|| targets(wit, world, &to_binary(component, "component")?))?;
        unsafe { *differences = to_json(found)? };
        Ok(())
    })
}

/// What of the old version's main package the new version breaks, as a JSON array of sentences: empty when every component built for the old one still links.
///
/// Errors: `InvalidInput` when the packages have different names.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_wit_semver_check(before: *const tn_wit, after: *const tn_wit, differences: *mut tn_buffer) -> *mut tn_error {
    guard(|| {
        let (before, after) = unsafe { (&*before, &*after) };
        let found = on_large_stack(|| semver_check(before, after))?;
        unsafe { *differences = to_json(found)? };
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wit_component::{NewOptions, embed, new};
    use crate::wit_source::{SourceFile, parse};

    fn wit(text: &str) -> tn_wit {
        parse(&[SourceFile { path: "t.wit", contents: text.as_bytes(), package: 0 }], "").unwrap_or_else(|e| panic!("{}", e.message))
    }

    fn component(text: &str) -> Vec<u8> {
        let wit = wit(text);
        let world = wit.select_world("").unwrap();
        let module = wit_component::dummy_module(&wit.resolve, world, wit_parser::ManglingAndAbi::Legacy(wit_parser::LiftLowerAbi::Sync));
        let options = NewOptions { adapters: vec![], preview1: 0, realloc_via_memory_grow: false, merge_imports_by_semver: true, debug_names: false };
        new(&embed(&wit, "", &module, "").unwrap(), &options).unwrap()
    }

    const TOOL: &str = "package demo:plugin@0.1.0;
        interface types { record tool-call { call-id: string, input: string } }
        world tool { use types.{tool-call}; import log: func(level: u32, message: string); export execute: func(call: tool-call) -> result<string, string>; }";

    #[test]
    fn a_component_of_the_world_fits_it() {
        assert_eq!(targets(&wit(TOOL), "tool", &component(TOOL)).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_difference_names_function_and_field() {
        let other = TOOL.replace("input: string", "input: list<u8>");
        let differences = targets(&wit(TOOL), "tool", &component(&other)).unwrap();
        assert!(differences.iter().any(|d| d.contains("field input: the world has string, the component has list<u8>")), "{differences:?}");
        let other = TOOL.replace("result<string, string>", "result<string, u8>");
        let differences = targets(&wit(TOOL), "tool", &component(&other)).unwrap();
        assert_eq!(differences, ["export execute: result: err: the world has string, the component has u8"]);
        let other = TOOL.replace("call-id: string, ", "");
        let differences = targets(&wit(TOOL), "tool", &component(&other)).unwrap();
        assert!(differences[0].contains("field 1: the world has call-id, the component has input"), "{differences:?}");
    }

    #[test]
    fn missing_exports_and_extra_imports_are_listed() {
        let other = "package demo:plugin@0.1.0; world tool { import other: func(); import log: func(level: u32, text: string); }";
        let differences = targets(&wit(TOOL), "tool", &component(other)).unwrap();
        assert!(differences.contains(&"the component imports other, the world does not".to_string()), "{differences:?}");
        assert!(differences.contains(&"the world exports execute, the component does not".to_string()), "{differences:?}");
        assert!(differences.iter().any(|d| d.contains("import log: parameter 2: the world has message, the component has text")), "{differences:?}");
    }

    #[test]
    fn a_compatible_version_of_an_interface_fits() {
        let world = "package a:b; world w { import c:d/i@1.2.0; } package c:d@1.2.0 { interface i { resource r { m: func(); } f: func() -> r; g: func(); } }";
        let older = "package a:b; world w { import c:d/i@1.0.0; } package c:d@1.0.0 { interface i { resource r { m: func(); } f: func() -> r; } }";
        assert_eq!(targets(&wit(world), "", &component(older)).unwrap(), Vec::<String>::new());
        assert!(targets(&wit(older), "", &component(world)).unwrap().iter().any(|d| d.contains("has no function g")));
    }

    #[test]
    fn additions_are_compatible_and_changes_are_not() {
        let old = "package a:b@1.0.0; interface i { record r { x: u32 } f: func(r: r); } world w { import i; export run: func(); }";
        let more = "package a:b@1.1.0; interface i { record r { x: u32 } f: func(r: r); g: func(); } interface j {} world w { import i; import j; export run: func(); }";
        assert_eq!(semver_check(&wit(old), &wit(more)).unwrap(), Vec::<String>::new());
        let changed = old.replace("x: u32", "x: u64").replace("1.0.0", "1.1.0");
        assert!(semver_check(&wit(old), &wit(&changed)).unwrap()[0].contains("field x: the old version has u32, the new version has u64"));
        let demands = old.replace("export run", "export walk: func(); export run").replace("1.0.0", "1.1.0");
        assert!(semver_check(&wit(old), &wit(&demands)).unwrap().iter().any(|d| d.contains("the new version exports walk, the old version does not")));
        let removed = "package a:b@1.1.0; world w { export run: func(); }";
        assert!(semver_check(&wit(old), &wit(removed)).unwrap().iter().any(|d| d.contains("no interface i")));
        assert!(semver_check(&wit(old), &wit("package a:c;")).is_err());
    }
}
