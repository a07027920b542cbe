//! Documentation of a world on its way from WIT through a core module into a component.
//!
//! The component type that `embed` writes has no place for comments. They travel beside it in a custom section of their own, and `new` writes those that fit into
//! the component's `package-docs` section, where readers of WIT look for them: the world's own, and those of its functions and types.

use serde_json::{Map, Value, json};
use wit_component::DecodedWasm;
use wit_parser::{PackageMetadata, Resolve, WorldId, WorldItem, WorldKey};

use crate::ffi::Failure;
use crate::wit::invalid;

/// The section of the core module. Its content is the metadata of one world as JSON.
const MODULE_SECTION: &str = "tenon:world-docs";
/// What the decoder calls the world and the package of a component.
const COMPONENT_WORLD: &str = "root";
/// The version of the format of `package-docs` that is written.
const PACKAGE_DOCS_VERSION: u8 = 1;

/// Appends a custom section to a module or component.
fn append_section(wasm: &mut Vec<u8>, name: &str, data: &[u8]) {
    let mut body = Vec::new();
    leb(&mut body, name.len());
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(data);
    wasm.push(0);
    leb(wasm, body.len());
    wasm.extend_from_slice(&body);
}

fn leb(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Writes the docs of `world` into a core module, if it has any.
pub(crate) fn embed(module: &mut Vec<u8>, resolve: &Resolve, world: WorldId) -> Result<(), Failure> {
    let Some(package) = resolve.worlds[world].package else { return Ok(()) };
    let all = serde_json::to_value(PackageMetadata::extract(resolve, package)).map_err(invalid)?;
    if let Some(docs) = all.get("worlds").and_then(|worlds| worlds.get(&resolve.worlds[world].name)) {
        append_section(module, MODULE_SECTION, &serde_json::to_vec(docs).map_err(invalid)?);
    }
    Ok(())
}

/// The docs that `embed` wrote into a core module, and the module without them.
pub(crate) fn take(module: &[u8]) -> Result<(Vec<u8>, Option<Value>), Failure> {
    let mut rest = Vec::with_capacity(module.len());
    let mut docs = None;
    let mut copied = 0;
    for payload in wasmparser::Parser::new(0).parse_all(module) {
        let payload = payload.map_err(invalid)?;
        let wasmparser::Payload::CustomSection(section) = &payload else { continue };
        if section.name() != MODULE_SECTION {
            continue;
        }
        docs = serde_json::from_slice(section.data()).ok();
        // A section begins with its number and its size, which stand before the range of its content.
        let size = section.range().len();
        let mut head = vec![0];
        leb(&mut head, size);
        let start = section.range().start.saturating_sub(head.len());
        if start < copied || module.get(start..section.range().start) != Some(&head) {
            continue; // another encoder's size: the section stays where it is, which does no harm
        }
        rest.extend_from_slice(&module[copied..start]);
        copied = section.range().end;
    }
    rest.extend_from_slice(&module[copied..]);
    Ok((rest, docs))
}

/// Writes the docs of what is in the component into it.
pub(crate) fn add_to_component(component: Vec<u8>, docs: &Value) -> Result<Vec<u8>, Failure> {
    let DecodedWasm::Component(resolve, world) = wit_component::decode(&component).map_err(invalid)? else { return Ok(component) };
    let world = &resolve.worlds[world];
    let named = |wanted: fn(&WorldItem) -> bool| -> Vec<&str> {
        let items = world.imports.iter().chain(&world.exports);
        items.filter(|(_, item)| wanted(item)).filter_map(|(key, _)| if let WorldKey::Name(name) = key { Some(name.as_str()) } else { None }).collect()
    };
    let functions = named(|item| matches!(item, WorldItem::Function(_)));
    let types = named(|item| matches!(item, WorldItem::Type { .. }));
    let mut kept = Map::new();
    if let Some(text) = docs.get("docs") {
        kept.insert("docs".into(), text.clone());
    }
    for (member, names) in [("funcs", &functions), ("func_exports", &functions), ("types", &types)] {
        let Some(Value::Object(all)) = docs.get(member) else { continue };
        let present: Map<String, Value> = all.iter().filter(|(name, _)| names.contains(&name.as_str())).map(|(n, v)| (n.clone(), v.clone())).collect();
        if !present.is_empty() {
            kept.insert(member.into(), Value::Object(present));
        }
    }
    if kept.is_empty() {
        return Ok(component);
    }
    let section = json!({ "worlds": { COMPONENT_WORLD: kept } });
    let mut data = vec![PACKAGE_DOCS_VERSION];
    serde_json::to_writer(&mut data, &section).map_err(invalid)?;
    let mut documented = component.clone();
    append_section(&mut documented, PackageMetadata::SECTION_NAME, &data);
    // A record whose fields changed, say, makes docs that a reader refuses: then the component goes without.
    Ok(if wit_component::decode(&documented).is_ok() { documented } else { component })
}
