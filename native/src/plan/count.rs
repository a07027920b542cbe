//! Counts before anything is built. A component of a few hundred bytes can ask for 2^100 instances by instantiating twice at each of its levels; the
//! translator flattens them all. So the instantiations are played through here first, with nothing but names and indexes of components and instances.
//!
//! What does not parse or refers to nothing counts as nothing: the validator, which comes next, finds the words for it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use wasmtime_environ::wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind, ComponentTypeRef, Encoding, Parser, Payload,
};

use crate::ffi::{ErrorKind, Failure};
use crate::limits;

/// What a component does, of what matters here.
enum Step<'a> {
    Component(usize),
    Instantiate { component: u32, arguments: Vec<Item<'a>> },
    Exports(Vec<Item<'a>>),
    AliasExport { kind: ComponentExternalKind, instance: u32, name: &'a str },
    AliasOuter { count: u32, index: u32 },
    Import { is_component: bool, name: &'a str },
    Export(Item<'a>),
    /// So many other items.
    Others(u32),
}

struct Item<'a> {
    name: &'a str,
    kind: ComponentExternalKind,
    index: u32,
}

type Definition<'a> = Vec<Step<'a>>;

/// The definitions of all components of a file; the root is the first. Nothing for a file that does not parse, or one that lies inside of itself more than
/// `limits::COMPONENT_DEPTH_MAX` times: then `too_deep` is set, and nothing that walks the levels should see it.
fn definitions<'a>(bytes: &'a [u8], too_deep: &mut bool) -> Option<Vec<Definition<'a>>> {
    let mut all: Vec<Definition> = Vec::new();
    // The components that are open, by index; a core module has none.
    let mut open: Vec<Option<usize>> = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.ok()?;
        if let Payload::Version { encoding, .. } = payload {
            let is_component = encoding == Encoding::Component;
            if is_component {
                if let Some(Some(parent)) = open.last().copied() {
                    let index = all.len();
                    all[parent].push(Step::Component(index));
                }
                all.push(Vec::new());
            }
            open.push(is_component.then(|| all.len() - 1));
            if open.len() > limits::COMPONENT_DEPTH_MAX + 1 {
                *too_deep = true;
                return None;
            }
            continue;
        }
        if let Payload::End(_) = payload {
            open.pop();
            continue;
        }
        let Some(Some(current)) = open.last().copied() else { continue };
        read_section(payload, &mut all[current])?;
    }
    Some(all)
}

fn read_section<'a>(payload: Payload<'a>, steps: &mut Definition<'a>) -> Option<()> {
    match payload {
        Payload::ComponentInstanceSection(section) => {
            for instance in section {
                steps.push(match instance.ok()? {
                    ComponentInstance::Instantiate { component_index, args } => Step::Instantiate {
                        component: component_index,
                        arguments: args.iter().map(|arg| Item { name: arg.name, kind: arg.kind, index: arg.index }).collect(),
                    },
                    ComponentInstance::FromExports(exports) => {
                        Step::Exports(exports.iter().map(|item| Item { name: item.name.name, kind: item.kind, index: item.index }).collect())
                    }
                });
            }
        }
        Payload::ComponentAliasSection(section) => {
            for alias in section {
                steps.push(match alias.ok()? {
                    ComponentAlias::InstanceExport { kind, instance_index, name } => Step::AliasExport { kind, instance: instance_index, name },
                    ComponentAlias::Outer { kind: ComponentOuterAliasKind::Component, count, index } => Step::AliasOuter { count, index },
                    _ => Step::Others(1),
                });
            }
        }
        Payload::ComponentImportSection(section) => {
            for import in section {
                let import = import.ok()?;
                steps.push(match import.ty {
                    ComponentTypeRef::Component(_) => Step::Import { is_component: true, name: import.name.name },
                    ComponentTypeRef::Instance(_) => Step::Import { is_component: false, name: import.name.name },
                    _ => Step::Others(1),
                });
            }
        }
        Payload::ComponentExportSection(section) => {
            for item in section {
                let item = item.ok()?;
                steps.push(Step::Export(Item { name: item.name.name, kind: item.kind, index: item.index }));
            }
        }
        Payload::InstanceSection(section) => steps.push(Step::Others(section.count())),
        Payload::ComponentCanonicalSection(section) => steps.push(Step::Others(section.count())),
        _ => {}
    }
    Some(())
}

/// What a name or an index stands for.
#[derive(Clone)]
enum Held<'a> {
    Component(Rc<Closure<'a>>),
    Instance(Rc<HashMap<&'a str, Held<'a>>>),
    Nothing,
}

/// A component with the scope that it was defined in, which its outer aliases look into.
struct Closure<'a> {
    definition: usize,
    scope: Option<Rc<Scope<'a>>>,
}

struct Scope<'a> {
    components: RefCell<Vec<Held<'a>>>,
    parent: Option<Rc<Scope<'a>>>,
}

struct Player<'a, 'b> {
    definitions: &'b [Definition<'a>],
    instances: usize,
    items: usize,
    /// Every scope that was made. A scope holds the components defined in it and they hold the scope, so each is emptied in the end.
    scopes: Vec<Rc<Scope<'a>>>,
}

impl Drop for Player<'_, '_> {
    fn drop(&mut self) {
        for scope in &self.scopes {
            drop(scope.components.take());
        }
    }
}

impl<'a> Player<'a, '_> {
    fn spend(&mut self, items: usize) -> Result<(), Failure> {
        self.items += items;
        if self.items > limits::COMPONENT_ITEMS_MAX {
            let text = format!("the component's nested instances come to more than {} items", limits::COMPONENT_ITEMS_MAX);
            return Err(Failure::new(ErrorKind::LimitExceeded, text));
        }
        Ok(())
    }

    fn instantiate(&mut self, component: &Closure<'a>, arguments: HashMap<&'a str, Held<'a>>, depth: usize) -> Result<Held<'a>, Failure> {
        self.instances += 1;
        if self.instances > limits::COMPONENT_INSTANCES_MAX || depth > limits::COMPONENT_DEPTH_MAX {
            let text = format!("the component has more than {} nested instances, or more than {} levels", limits::COMPONENT_INSTANCES_MAX, limits::COMPONENT_DEPTH_MAX);
            return Err(Failure::new(ErrorKind::LimitExceeded, text));
        }
        let scope = Rc::new(Scope { components: RefCell::default(), parent: component.scope.clone() });
        self.scopes.push(scope.clone());
        let mut instances: Vec<Held<'a>> = Vec::new();
        let mut exports = HashMap::new();
        let definitions = self.definitions;
        for step in &definitions[component.definition] {
            self.spend(1)?;
            match step {
                Step::Component(definition) => {
                    let closure = Closure { definition: *definition, scope: Some(scope.clone()) };
                    scope.components.borrow_mut().push(Held::Component(Rc::new(closure)));
                }
                Step::Instantiate { component, arguments } => {
                    self.spend(arguments.len())?;
                    let arguments = arguments.iter().map(|item| (item.name, find(item, &scope, &instances))).collect();
                    let found = scope.components.borrow().get(*component as usize).cloned();
                    instances.push(match found {
                        Some(Held::Component(closure)) => self.instantiate(&closure, arguments, depth + 1)?,
                        _ => Held::Nothing,
                    });
                }
                Step::Exports(items) => {
                    self.spend(items.len())?;
                    let held = items.iter().map(|item| (item.name, find(item, &scope, &instances))).collect();
                    instances.push(Held::Instance(Rc::new(held)));
                }
                Step::AliasExport { kind, instance, name } => {
                    let found = match instances.get(*instance as usize) {
                        Some(Held::Instance(exports)) => exports.get(name).cloned().unwrap_or(Held::Nothing),
                        _ => Held::Nothing,
                    };
                    define(*kind, found, &scope, &mut instances);
                }
                Step::AliasOuter { count, index } => {
                    let mut outer = Some(scope.clone());
                    for _ in 0..*count {
                        outer = outer.and_then(|scope| scope.parent.clone());
                    }
                    let found = outer.and_then(|scope| scope.components.borrow().get(*index as usize).cloned()).unwrap_or(Held::Nothing);
                    scope.components.borrow_mut().push(found);
                }
                Step::Import { is_component, name } => {
                    let kind = if *is_component { ComponentExternalKind::Component } else { ComponentExternalKind::Instance };
                    define(kind, arguments.get(name).cloned().unwrap_or(Held::Nothing), &scope, &mut instances);
                }
                Step::Export(item) => {
                    let found = find(item, &scope, &instances);
                    define(item.kind, found.clone(), &scope, &mut instances);
                    exports.insert(item.name, found);
                }
                Step::Others(count) => self.spend(*count as usize)?,
            }
        }
        Ok(Held::Instance(Rc::new(exports)))
    }
}

fn find<'a>(item: &Item<'a>, scope: &Scope<'a>, instances: &[Held<'a>]) -> Held<'a> {
    match item.kind {
        ComponentExternalKind::Component => scope.components.borrow().get(item.index as usize).cloned().unwrap_or(Held::Nothing),
        ComponentExternalKind::Instance => instances.get(item.index as usize).cloned().unwrap_or(Held::Nothing),
        _ => Held::Nothing,
    }
}

/// Gives `held` the next index of its kind.
fn define<'a>(kind: ComponentExternalKind, held: Held<'a>, scope: &Scope<'a>, instances: &mut Vec<Held<'a>>) {
    match kind {
        ComponentExternalKind::Component => scope.components.borrow_mut().push(held),
        ComponentExternalKind::Instance => instances.push(held),
        _ => {}
    }
}

/// `LimitExceeded` when the component would come to more instances or items than the limits let through.
pub fn check(bytes: &[u8]) -> Result<(), Failure> {
    let mut too_deep = false;
    let definitions = definitions(bytes, &mut too_deep);
    if too_deep {
        let text = format!("components are nested more than {} levels deep", limits::COMPONENT_DEPTH_MAX);
        return Err(Failure::new(ErrorKind::LimitExceeded, text));
    }
    let Some(definitions) = definitions else { return Ok(()) };
    if definitions.len() < 2 {
        return Ok(());
    }
    let mut player = Player { definitions: &definitions, instances: 0, items: 0, scopes: Vec::new() };
    player.instantiate(&Closure { definition: 0, scope: None }, HashMap::new(), 0).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(wat: &str) -> Result<(), Failure> {
        check(&wat::parse_str(wat).unwrap())
    }

    /// Levels of components, each of which instantiates the one inside of it twice.
    fn doubling(levels: usize) -> String {
        let mut text = "(component)".to_owned();
        for _ in 0..levels {
            text = format!("(component {text} (instance (instantiate 0)) (instance (instantiate 0)))");
        }
        text
    }

    #[test]
    fn doubling_at_each_level_is_refused() {
        assert!(check_text(&doubling(10)).is_ok());
        let failure = check_text(&doubling(60)).unwrap_err();
        assert_eq!(failure.kind, ErrorKind::LimitExceeded);
    }

    #[test]
    fn levels_without_end_are_refused() {
        let nested = |depth: usize| {
            let mut binary = b"\0asm\x0d\0\x01\0".to_vec();
            for _ in 0..depth {
                let mut outer = b"\0asm\x0d\0\x01\0\x04".to_vec();
                let mut rest = binary.len();
                while rest > 0x7f {
                    outer.push((rest & 0x7f) as u8 | 0x80);
                    rest >>= 7;
                }
                outer.push(rest as u8);
                outer.extend(&binary);
                binary = outer;
            }
            check(&binary)
        };
        assert!(nested(limits::COMPONENT_DEPTH_MAX).is_ok());
        assert_eq!(nested(limits::COMPONENT_DEPTH_MAX + 1).unwrap_err().kind, ErrorKind::LimitExceeded);
    }

    #[test]
    fn doubling_through_arguments_is_refused() {
        // Each component takes the one before it as an argument and instantiates it twice.
        let mut text = "(component (component $c0)".to_owned();
        for i in 1..40 {
            text += &format!(" (component $c{i} (import \"c\" (component $c)) (instance (instantiate $c)) (instance (instantiate $c)))");
            text += &format!(" (component $d{i} (alias outer 1 $c{i} (component $f)) (alias outer 1 $p{i} (component $p)) (instance (instantiate $f (with \"c\" (component $p)))))");
        }
        text = text.replace("$p1 ", "$c0 ");
        for i in 2..40 {
            text = text.replace(&format!("$p{i} "), &format!("$d{} ", i - 1));
        }
        text += " (instance (instantiate $d39)))";
        assert_eq!(check_text(&text).unwrap_err().kind, ErrorKind::LimitExceeded);
    }

    #[test]
    fn components_out_of_instances_count() {
        let mut text = "(component (component $a (component $c) (export \"c\" (component $c))) (instance $i (instantiate $a))".to_owned();
        text += " (alias export $i \"c\" (component $c)) (instance (instantiate $c)))";
        assert!(check_text(&text).is_ok());
    }
}
