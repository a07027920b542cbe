//! The adapters of a component as they will be compiled: with copies and flags of their own (`copies`, `flags`).

use std::collections::HashMap;

use wasmtime_environ::StaticModuleIndex;
use wasmtime_environ::component::{Component, CoreDef, GlobalInitializer, InstantiateModule, RuntimeInstanceIndex};

use super::encode::Modules;

/// The global that holds the flags of a component instance, as an export of the core instance of an adapter.
#[derive(Clone)]
pub struct FlagsOwner {
    pub instance: RuntimeInstanceIndex,
    pub name: String,
    pub ordinal: u32,
}

/// A global that an adapter defines where it imported one.
#[derive(Clone)]
pub struct OwnFlags {
    /// Position among the imports that the translator gave it.
    pub import: usize,
    pub component_instance: u32,
    pub owner: FlagsOwner,
}

pub struct Adapter {
    pub wasm: Vec<u8>,
    /// The last of its exports, in this order.
    pub own_flags: Vec<OwnFlags>,
}

#[derive(Default)]
pub struct Adapters {
    by_module: HashMap<u32, Adapter>,
    owners: HashMap<u32, FlagsOwner>,
}

impl Adapters {
    pub fn of(component: &Component, modules: &Modules<'_>) -> Adapters {
        let mut uses = HashMap::new();
        for initializer in &component.initializers {
            if let GlobalInitializer::InstantiateModule(InstantiateModule::Static(module, _), _) = initializer {
                *uses.entry(*module).or_insert(0) += 1;
            }
        }
        let mut adapters = Adapters::default();
        let mut next = 0;
        for initializer in &component.initializers {
            let GlobalInitializer::InstantiateModule(what, component_instance) = initializer else { continue };
            let instance = RuntimeInstanceIndex::from_u32(next);
            next += 1;
            let (InstantiateModule::Static(module, arguments), None) = (what, component_instance) else { continue };
            // Two instances of one adapter could not both be the one that owns.
            let arguments: &[CoreDef] = if uses[module] == 1 { arguments } else { &[] };
            adapters.add(modules, *module, instance, arguments);
        }
        adapters
    }

    fn add(&mut self, modules: &Modules<'_>, index: StaticModuleIndex, instance: RuntimeInstanceIndex, arguments: &[CoreDef]) {
        let translation = &modules[index];
        let wasm = super::copies::with_inline_copies(translation.wasm).unwrap_or_else(|| translation.wasm.to_vec());
        let mut own_flags = Vec::new();
        for (import, argument) in arguments.iter().enumerate() {
            let CoreDef::InstanceFlags(flags) = argument else { continue };
            let component_instance = flags.as_u32();
            if !self.owners.contains_key(&component_instance) {
                let ordinal = (translation.module.exports.len() + own_flags.len()) as u32;
                let owner = FlagsOwner { instance, name: format!("flags {component_instance}"), ordinal };
                own_flags.push(OwnFlags { import, component_instance, owner });
            }
        }
        let names: Vec<_> = own_flags.iter().map(|flags| (flags.import, flags.owner.name.clone())).collect();
        let adapter = match super::flags::with_own_flags(&wasm, &names) {
            Some(wasm) => Adapter { wasm, own_flags },
            None => Adapter { wasm, own_flags: Vec::new() },
        };
        self.owners.extend(adapter.own_flags.iter().map(|flags| (flags.component_instance, flags.owner.clone())));
        self.by_module.insert(index.as_u32(), adapter);
    }

    /// The module as an adapter; absent when it is none.
    pub fn get(&self, module: StaticModuleIndex) -> Option<&Adapter> {
        self.by_module.get(&module.as_u32())
    }

    /// Who holds the flags of a component instance; absent when the host does.
    pub fn owner(&self, component_instance: u32) -> Option<&FlagsOwner> {
        self.owners.get(&component_instance)
    }
}
