//! Calls that need no detour.
//!
//! A host function that reads a guest's memory can only be lowered once the guest's module is there, and the module cannot be there before what it imports.
//! wit-component breaks the circle with a *shim*, a module whose functions each call through one slot of a table, and a *fix-up*, a module that fills the
//! table at the end. At run time a host function here looks for its memory when it is called, so there is no circle: whoever asks for a function of a
//! shim gets what the fix-up puts into its slot, and a shim that nobody asks for any more is not instantiated, nor is its fix-up.
//!
//! Nobody can tell, because: 1. the table is reached by shim and fix-up alone; 2. no guest's code runs before it is filled, so no call meets an empty slot;
//! 3. types of slots and calls are the same, so no call meets a wrong one. A module that is not exactly of this form is left alone.

use std::collections::{HashMap, HashSet};

use wasmparser::{
    CompositeInnerType, ConstExpr, ElementItems, ElementKind, FuncType, FunctionBody, Operator, Parser, Payload, RefType, TableInit, TypeRef, ValType,
};
use wasmtime_environ::component::{Component, CoreDef, CoreExport, Export, ExportItem, GlobalInitializer, InstantiateModule, RuntimeInstanceIndex};
use wasmtime_environ::{EntityIndex, TableIndex};

use super::encode::Modules;

/// A module that does nothing but call through a table of its own.
struct Shim {
    /// The slot and the type of each function.
    functions: Vec<(u32, FuncType)>,
    /// How many slots the table has.
    slots: u64,
}

/// A module that does nothing but fill an imported table with imported functions.
struct FixUp {
    /// Which import is the table.
    table: usize,
    first_slot: u32,
    /// For each slot from the first on: which import it gets, and of which type that is.
    functions: Vec<(usize, FuncType)>,
}

/// Types whose equality is that of their words.
fn is_plain(ty: &FuncType) -> bool {
    ty.params().iter().chain(ty.results()).all(|ty| matches!(ty, ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128))
}

fn read_types(section: wasmparser::TypeSectionReader<'_>) -> Option<Vec<FuncType>> {
    let mut types = Vec::new();
    for group in section {
        let group = group.ok()?;
        let mut members = group.types();
        let (Some(ty), None) = (members.next(), members.next()) else { return None };
        let CompositeInnerType::Func(func) = &ty.composite_type.inner else { return None };
        if !ty.is_final || ty.supertype_idx.is_some() || ty.composite_type.shared || !is_plain(func) {
            return None;
        }
        types.push(func.clone());
    }
    Some(types)
}

/// The slot that a function calls through, when it passes its parameters on and does nothing else.
fn slot_called(body: &FunctionBody<'_>, own: &FuncType, types: &[FuncType]) -> Option<u32> {
    let mut operators = body.get_operators_reader().ok()?;
    if body.get_locals_reader().ok()?.get_count() != 0 {
        return None;
    }
    for i in 0..own.params().len() as u32 {
        if !matches!(operators.read().ok()?, Operator::LocalGet { local_index } if local_index == i) {
            return None;
        }
    }
    let Operator::I32Const { value: slot } = operators.read().ok()? else { return None };
    let Operator::CallIndirect { type_index, table_index: 0 } = operators.read().ok()? else { return None };
    let ends = matches!(operators.read().ok()?, Operator::End) && operators.eof();
    (ends && types.get(type_index as usize)? == own).then_some(slot as u32)
}

fn read_shim(wasm: &[u8]) -> Option<Shim> {
    let (mut types, mut declared, mut slots) = (Vec::new(), Vec::new(), None);
    let mut functions = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.ok()? {
            Payload::TypeSection(section) => types = read_types(section)?,
            Payload::FunctionSection(section) => {
                for ty in section {
                    declared.push(types.get(ty.ok()? as usize)?.clone());
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    let table = table.ok()?;
                    let plain = table.ty.element_type == RefType::FUNCREF && !table.ty.table64 && !table.ty.shared && matches!(table.init, TableInit::RefNull);
                    if !plain || slots.is_some() {
                        return None;
                    }
                    slots = Some(table.ty.initial);
                }
            }
            Payload::CodeSectionEntry(body) => {
                let own: &FuncType = declared.get(functions.len())?;
                let slot = slot_called(&body, own, &types)?;
                functions.push((slot, own.clone()));
            }
            Payload::Version { .. } | Payload::ExportSection(_) | Payload::CodeSectionStart { .. } | Payload::CustomSection(_) | Payload::End(_) => {}
            _ => return None,
        }
    }
    Some(Shim { functions, slots: slots? })
}

fn constant(expression: &ConstExpr<'_>) -> Option<u32> {
    let mut operators = expression.get_operators_reader();
    let Operator::I32Const { value } = operators.read().ok()? else { return None };
    matches!(operators.read().ok()?, Operator::End).then_some(value as u32)
}

fn read_fix_up(wasm: &[u8]) -> Option<FixUp> {
    let mut types = Vec::new();
    let (mut imports, mut table, mut filled) = (Vec::new(), None, None);
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.ok()? {
            Payload::TypeSection(section) => types = read_types(section)?,
            Payload::ImportSection(section) => {
                for (position, import) in section.into_imports().enumerate() {
                    match import.ok()?.ty {
                        TypeRef::Func(ty) => imports.push((position, types.get(ty as usize)?.clone())),
                        TypeRef::Table(_) if table.is_none() => table = Some(position),
                        _ => return None,
                    }
                }
            }
            Payload::ElementSection(section) => {
                for element in section {
                    let element = element.ok()?;
                    let ElementKind::Active { table_index: None | Some(0), offset_expr } = &element.kind else { return None };
                    let ElementItems::Functions(items) = element.items else { return None };
                    let mut functions = Vec::new();
                    for function in items {
                        functions.push(imports.get(function.ok()? as usize)?.clone());
                    }
                    if filled.replace((constant(offset_expr)?, functions)).is_some() {
                        return None;
                    }
                }
            }
            Payload::Version { .. } | Payload::CustomSection(_) | Payload::End(_) => {}
            _ => return None,
        }
    }
    let (first_slot, functions) = filled?;
    Some(FixUp { table: table?, first_slot, functions })
}

/// Whether instantiating the module may run code of a guest.
fn has_start(wasm: &[u8]) -> bool {
    for payload in Parser::new(0).parse_all(wasm) {
        match payload {
            Ok(Payload::StartSection { .. }) | Err(_) => return true,
            // The start section would come before it.
            Ok(Payload::CodeSectionStart { .. }) => return false,
            Ok(_) => {}
        }
    }
    false
}

/// What an initializer asks for, but the arguments of a fix-up.
fn for_each_def(initializer: &GlobalInitializer, mut each: impl FnMut(&CoreDef)) {
    match initializer {
        GlobalInitializer::InstantiateModule(InstantiateModule::Static(_, arguments), _) => arguments.iter().for_each(each),
        GlobalInitializer::InstantiateModule(InstantiateModule::Import(_, arguments), _) => arguments.values().flat_map(|fields| fields.values()).for_each(each),
        GlobalInitializer::ExtractMemory(extract) => each(&extract.export.clone().map_index(EntityIndex::Memory).into()),
        GlobalInitializer::ExtractTable(extract) => each(&extract.export.clone().map_index(EntityIndex::Table).into()),
        GlobalInitializer::ExtractRealloc(extract) => each(&extract.def),
        GlobalInitializer::ExtractCallback(extract) => each(&extract.def),
        GlobalInitializer::ExtractPostReturn(extract) => each(&extract.def),
        GlobalInitializer::Resource(resource) => resource.dtor.iter().for_each(each),
        GlobalInitializer::LowerImport { .. } => {}
    }
}

/// The detours of a component and where they lead.
#[derive(Default)]
pub struct Shortcuts {
    /// By core instance and function: what is there in truth.
    targets: HashMap<(u32, u32), CoreDef>,
    /// Core instances that nobody needs, by their position among the initializers.
    dropped: HashSet<usize>,
    /// Where each core instance is made.
    positions: Vec<usize>,
    /// Initializers that come later than they were, each behind the one that they now need.
    deferred: HashMap<usize, Vec<usize>>,
}

fn function_of(def: &CoreDef) -> Option<(u32, u32)> {
    match def {
        CoreDef::Export(CoreExport { instance, item: ExportItem::Index(EntityIndex::Function(function)) }) => Some((instance.as_u32(), function.as_u32())),
        _ => None,
    }
}

impl Shortcuts {
    pub fn of(component: &Component, modules: &Modules<'_>) -> Shortcuts {
        let mut found = Shortcuts::default();
        for (position, initializer) in component.initializers.iter().enumerate() {
            if matches!(initializer, GlobalInitializer::InstantiateModule(..)) {
                found.positions.push(position);
            }
        }
        let mut shims: HashMap<u32, Option<Shim>> = HashMap::new();
        let mut pairs = Vec::new();
        for (instance, position) in found.positions.clone().into_iter().enumerate() {
            let GlobalInitializer::InstantiateModule(InstantiateModule::Static(module, _), _) = &component.initializers[position] else { continue };
            let shim = shims.entry(module.as_u32()).or_insert_with(|| read_shim(modules[*module].wasm));
            if let Some(shim) = shim {
                let instance = RuntimeInstanceIndex::from_u32(instance as u32);
                pairs.extend(found.fill(component, modules, instance, shim).map(|fix_up| (instance, fix_up)));
            }
        }
        for (shim, fix_up) in pairs {
            found.drop_unused(component, shim, fix_up);
        }
        found
    }

    /// Finds who fills the table of `instance`, whether nobody can tell, and where its functions then lead. Returns the position of the fix-up.
    fn fill(&mut self, component: &Component, modules: &Modules<'_>, instance: RuntimeInstanceIndex, shim: &Shim) -> Option<usize> {
        let table = CoreDef::from(CoreExport { instance, item: ExportItem::Index(EntityIndex::Table(TableIndex::from_u32(0))) });
        let mut users = Vec::new();
        for (position, initializer) in component.initializers.iter().enumerate() {
            for_each_def(initializer, |def| {
                if *def == table {
                    users.push(position);
                }
            });
        }
        let &[fix_up_position] = users.as_slice() else { return None };
        let GlobalInitializer::InstantiateModule(InstantiateModule::Static(module, arguments), _) = &component.initializers[fix_up_position] else { return None };
        let fix_up = read_fix_up(modules[*module].wasm)?;
        if arguments.get(fix_up.table) != Some(&table) || u64::from(fix_up.first_slot) + fix_up.functions.len() as u64 > shim.slots {
            return None;
        }
        let quiet = |initializer: &GlobalInitializer| match initializer {
            GlobalInitializer::InstantiateModule(InstantiateModule::Static(module, _), _) => !has_start(modules[*module].wasm),
            GlobalInitializer::InstantiateModule(InstantiateModule::Import(..), _) => false,
            _ => true,
        };
        if !component.initializers[self.positions[instance.as_u32() as usize]..fix_up_position].iter().all(quiet) {
            return None;
        }
        for (function, (slot, ty)) in shim.functions.iter().enumerate() {
            let Some((import, filled)) = slot.checked_sub(fix_up.first_slot).and_then(|at| fix_up.functions.get(at as usize)) else { continue };
            let target = arguments.get(*import)?;
            let known = match target {
                CoreDef::Trampoline(_) | CoreDef::UnsafeIntrinsic(_) => true,
                // A detour that leads to another is left alone.
                CoreDef::Export(export) => export.instance != instance && function_of(target).is_some_and(|at| !self.targets.contains_key(&at)),
                _ => false,
            };
            if known && filled == ty {
                self.targets.insert((instance.as_u32(), function as u32), target.clone());
            }
        }
        Some(fix_up_position)
    }

    /// What `def` leads to for the initializer at `position`: itself where there is no detour, or where what it leads to is not there yet.
    fn resolve<'a>(&'a self, def: &'a CoreDef, position: usize) -> &'a CoreDef {
        let Some(target) = function_of(def).and_then(|at| self.targets.get(&at)) else { return def };
        match target {
            CoreDef::Export(export) if self.positions[export.instance.as_u32() as usize] >= position => def,
            _ => target,
        }
    }

    /// For what an initializer asks for.
    pub fn of_initializer<'a>(&'a self, def: &'a CoreDef, position: usize) -> &'a CoreDef {
        self.resolve(def, position)
    }

    /// For a resource's destructor or an export, which may wait until everything is there.
    pub fn at_last<'a>(&'a self, def: &'a CoreDef) -> &'a CoreDef {
        self.resolve(def, usize::MAX)
    }

    /// Drops a shim and its fix-up when nothing leads to the shim any more.
    fn drop_unused(&mut self, component: &Component, shim: RuntimeInstanceIndex, fix_up: usize) {
        let is_shim = |def: &CoreDef| matches!(def, CoreDef::Export(export) if export.instance == shim);
        let mut used = false;
        let mut late = Vec::new();
        for (position, initializer) in component.initializers.iter().enumerate() {
            if position == fix_up {
                continue;
            }
            if let GlobalInitializer::Resource(resource) = initializer {
                let Some(dtor) = &resource.dtor else { continue };
                used = used || is_shim(self.at_last(dtor));
                if is_shim(dtor) && is_shim(self.of_initializer(dtor, position)) {
                    late.push(position);
                }
                continue;
            }
            for_each_def(initializer, |def| used = used || is_shim(self.of_initializer(def, position)));
        }
        for (_, export) in component.export_items.iter() {
            if let Export::LiftedFunction { func, .. } = export {
                used = used || is_shim(self.at_last(func));
            }
        }
        if used {
            // What cannot wait keeps the detour.
            self.targets.retain(|&(instance, _), target| instance != shim.as_u32() || !matches!(target, CoreDef::Export(_)));
            return;
        }
        self.dropped.extend([self.positions[shim.as_u32() as usize], fix_up]);
        if !late.is_empty() {
            self.deferred.entry(fix_up).or_default().extend(late);
        }
    }

    /// The initializers that are left, by their positions, in the order in which they are to be done.
    pub fn order(&self, count: usize) -> Vec<usize> {
        let moved: HashSet<usize> = self.deferred.values().flatten().copied().collect();
        let mut order = Vec::with_capacity(count);
        for position in 0..count {
            if !self.dropped.contains(&position) && !moved.contains(&position) {
                order.push(position);
            }
            order.extend(self.deferred.get(&position).into_iter().flatten());
        }
        order
    }

    /// The number that a core instance has among those that are left; absent for one that is dropped.
    pub fn numbers(&self) -> Vec<Option<u32>> {
        let mut next = 0..;
        self.positions.iter().map(|position| if self.dropped.contains(position) { None } else { next.next() }).collect()
    }

    /// The core instance that the initializer at `position` makes.
    pub fn instance_at(&self, position: usize) -> u32 {
        self.positions.partition_point(|each| *each < position) as u32
    }
}
