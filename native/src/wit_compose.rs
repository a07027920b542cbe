//! Linking components to one component: what one imports and another exports is connected, by name and by semantic version.

use wac_graph::types::{Package, are_semver_compatible};
use wac_graph::{CompositionGraph, EncodeOptions, NodeId, PackageId};

use crate::ffi::{ErrorKind, Failure, guard, on_large_stack, tn_buffer, tn_error};
use crate::limits;
use crate::wit::{invalid, slice, tn_named_bytes};
use crate::wit_metadata::add_processed_by;
use crate::wit_text::to_binary;

/// Components in one composition.
const COMPONENTS_MAX: usize = 1_000;

struct Part<'a> {
    name: &'a str,
    package: PackageId,
    instance: NodeId,
    imports: Vec<String>,
    exports: Vec<String>,
    used: bool,
}

fn register<'a>(graph: &mut CompositionGraph, index: usize, name: &'a str, bytes: &[u8]) -> Result<Part<'a>, Failure> {
    let context = |e: Failure| Failure::new(e.kind, format!("{name}: {}", e.message));
    let binary = to_binary(bytes, name)?;
    if !wasmparser::Parser::is_component(&binary) {
        return Err(Failure::invalid(format!("{name} is not a component")));
    }
    let package = Package::from_bytes(&format!("part:p{index}"), None, binary.into_owned(), graph.types_mut()).map_err(invalid).map_err(context)?;
    let package = graph.register_package(package).map_err(invalid).map_err(context)?;
    let world = &graph.types()[graph[package].ty()];
    let imports = world.imports.keys().cloned().collect();
    let exports = world.exports.keys().cloned().collect();
    let instance = graph.instantiate(package);
    Ok(Part { name, package, instance, imports, exports, used: index == 0 })
}

/// The one part that exports what `import` asks for: the same name, or else a compatible version of it.
fn find_export(parts: &[Part], importer: usize, import: &str) -> Result<Option<(usize, String)>, Failure> {
    let find = |matches: &dyn Fn(&str) -> bool| -> Vec<(usize, String)> {
        let others = parts.iter().enumerate().filter(|(i, _)| *i != importer);
        others.flat_map(|(i, part)| part.exports.iter().filter(|e| matches(e)).map(move |e| (i, e.clone()))).collect()
    };
    let mut found = find(&|export| export == import);
    if found.is_empty() {
        found = find(&|export| are_semver_compatible(export, import));
    }
    if found.len() > 1 {
        let names: Vec<_> = found.iter().map(|(i, export)| format!("{} ({export})", parts[*i].name)).collect();
        return Err(Failure::invalid(format!("{} imports {import}, which more than one component exports: {}", parts[importer].name, names.join(", "))));
    }
    Ok(found.pop())
}

pub(crate) fn compose(components: &[(&str, &[u8])]) -> Result<Vec<u8>, Failure> {
    if components.len() < 2 {
        return Err(Failure::invalid(format!("{} component given, at least two are needed to compose", components.len())));
    }
    if components.len() > COMPONENTS_MAX {
        return Err(Failure::new(ErrorKind::LimitExceeded, format!("{} components, the limit is {COMPONENTS_MAX}", components.len())));
    }
    limits::check_size("all components together", components.iter().map(|(_, bytes)| bytes.len()).sum(), limits::WASM_BYTES_MAX)?;
    let mut graph = CompositionGraph::new();
    let mut parts = Vec::new();
    for (index, (name, bytes)) in components.iter().enumerate() {
        parts.push(register(&mut graph, index, name, bytes)?);
    }
    for importer in 0..parts.len() {
        for import in parts[importer].imports.clone() {
            let Some((exporter, export)) = find_export(&parts, importer, &import)? else { continue };
            parts[exporter].used = true;
            let alias = graph.alias_instance_export(parts[exporter].instance, &export).map_err(invalid)?;
            graph.set_instantiation_argument(parts[importer].instance, &import, alias).map_err(|e| {
                let cause = invalid(e);
                Failure::invalid(format!("{} does not fit what {} imports as {import}: {}", parts[exporter].name, parts[importer].name, cause.message))
            })?;
        }
    }
    if let Some(unused) = parts.iter().find(|part| !part.used) {
        let exports = if unused.exports.is_empty() { "nothing".to_string() } else { unused.exports.join(", ") };
        return Err(Failure::invalid(format!("no component imports what {} exports ({exports})", unused.name)));
    }
    let root = &parts[0];
    for name in &root.exports {
        let export = graph.alias_instance_export(root.instance, name).map_err(invalid)?;
        graph.export(export, name).map_err(invalid)?;
    }
    debug_assert!(graph[root.package].bytes().len() == components[0].1.len() || !components[0].1.starts_with(b"\0asm"));
    let bytes = graph.encode(EncodeOptions { define_components: true, validate: true, processor: None }).map_err(invalid)?;
    wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all()).validate_all(&bytes).map_err(invalid)?;
    add_processed_by(&bytes)
}

/// One component of several (binary or text). The first one's exports are the result's; every import that another of them exports is connected to it, by name
/// or else by a compatible version; the imports that are left are the result's.
///
/// Errors: `InvalidInput` naming the components and the import when types differ, when two components export the same, when nothing uses a component, and
/// when they need each other in a circle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_compose(components: *const tn_named_bytes, count: usize, composed: *mut tn_buffer) -> *mut tn_error {
    guard(|| {
        let mut given = Vec::new();
        for component in unsafe { slice(components, count) } {
            given.push((unsafe { component.name.as_str("the component's name") }?, unsafe { component.contents.as_slice() }));
        }
        let bytes = on_large_stack(|| compose(&given))?;
        unsafe { *composed = bytes.into() };
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exporter(name: &str, value: u32) -> String {
        format!(
            r#"(component (core module $m (func (export "f") (result i32) i32.const {value})) (core instance $i (instantiate $m))
            (func $f (result u32) (canon lift (core func $i "f"))) (instance $e (export "f" (func $f))) (export "{name}" (instance $e)))"#
        )
    }

    fn importer(name: &str, result: &str, export: &str) -> String {
        format!(
            r#"(component (import "{name}" (instance $a (export "f" (func (result {result}))))) (core func $l (canon lower (func $a "f")))
            (core module $m (import "a" "f" (func $f (result i32))) (func (export "g") (result i32) call $f)) 
            (core instance $i (instantiate $m (with "a" (instance (export "f" (func $l))))))
            (func $g (result u32) (canon lift (core func $i "g"))) (instance $e (export "f" (func $g))) (export "{export}" (instance $e)))"#
        )
    }

    fn link(parts: &[(&str, String)]) -> Result<Vec<u8>, Failure> {
        compose(&parts.iter().map(|(name, text)| (*name, text.as_bytes())).collect::<Vec<_>>())
    }

    #[test]
    fn a_chain_of_three_leaves_no_import() {
        let parts = [("top", importer("t:m/b@1.0.0", "u32", "t:m/top")), ("middle", importer("t:m/c", "u32", "t:m/b@1.2.0")), ("bottom", exporter("t:m/c", 7))];
        let decoded = crate::wit::decode(&link(&parts).unwrap()).unwrap();
        let world = &decoded.resolve.worlds[decoded.world.unwrap()];
        assert_eq!((world.imports.len(), world.exports.len()), (0, 1));
    }

    #[test]
    fn what_nobody_exports_stays_an_import() {
        let parts = [("top", importer("t:m/b", "u32", "t:m/top")), ("middle", importer("t:m/c", "u32", "t:m/b"))];
        let decoded = crate::wit::decode(&link(&parts).unwrap()).unwrap();
        assert_eq!(decoded.resolve.worlds[decoded.world.unwrap()].imports.len(), 1);
    }

    #[test]
    fn refusals_name_the_components() {
        let wrong = link(&[("top", importer("t:m/b", "s8", "t:m/top")), ("other", exporter("t:m/b", 1))]).unwrap_err();
        assert!(wrong.message.contains("other") && wrong.message.contains("t:m/b") && wrong.message.contains("s8"), "{}", wrong.message);
        let twice = link(&[("top", importer("t:m/b", "u32", "t:m/top")), ("x", exporter("t:m/b", 1)), ("y", exporter("t:m/b", 2))]).unwrap_err();
        assert!(twice.message.contains("x (t:m/b), y (t:m/b)"), "{}", twice.message);
        let unused = link(&[("top", exporter("t:m/a", 1)), ("lonely", exporter("t:m/b", 1))]).unwrap_err();
        assert!(unused.message.contains("lonely"), "{}", unused.message);
        let circle = link(&[("x", importer("t:m/a", "u32", "t:m/b")), ("y", importer("t:m/b", "u32", "t:m/a"))]).unwrap_err();
        assert!(circle.message.contains("cycle"), "{}", circle.message);
        assert!(link(&[("one", exporter("t:m/a", 1))]).is_err());
        assert!(link(&[("m", "(module)".into()), ("n", "(module)".into())]).unwrap_err().message.contains("not a component"));
    }
}
