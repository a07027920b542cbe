//! Types as the plan writes them: value types in one table in which parts come before what is made of them, and one table for each kind of larger type.

use std::collections::HashMap;

use wasmtime_environ::component::{
    Component, ComponentExtern, ComponentTypes, InterfaceType, RuntimeImportIndex, TypeComponentIndex, TypeComponentInstanceIndex, TypeDef, TypeFuncIndex, TypeModuleIndex,
};
use wasmtime_environ::{EngineOrModuleTypeIndex, EntityType, ModuleInternedTypeIndex, WasmHeapType, WasmValType};

use super::encode::{ABSENT, Strings, Table};
use crate::ffi::{ErrorKind, Failure};

/// Numbers of `tenon::TypeKind`; those without parts are also their index in the table.
mod kind {
    pub const BOOL: u32 = 0;
    pub const S8: u32 = 1;
    pub const U8: u32 = 2;
    pub const S16: u32 = 3;
    pub const U16: u32 = 4;
    pub const S32: u32 = 5;
    pub const U32: u32 = 6;
    pub const S64: u32 = 7;
    pub const U64: u32 = 8;
    pub const F32: u32 = 9;
    pub const F64: u32 = 10;
    pub const CHAR: u32 = 11;
    pub const STRING: u32 = 12;
    pub const LIST: u32 = 13;
    pub const FIXED_LENGTH_LIST: u32 = 14;
    pub const MAP: u32 = 15;
    pub const RECORD: u32 = 16;
    pub const TUPLE: u32 = 17;
    pub const VARIANT: u32 = 18;
    pub const ENUM: u32 = 19;
    pub const OPTION: u32 = 20;
    pub const RESULT: u32 = 21;
    pub const FLAGS: u32 = 22;
    pub const OWN: u32 = 23;
    pub const BORROW: u32 = 24;
    pub const FUTURE: u32 = 25;
    pub const STREAM: u32 = 26;
    pub const ERROR_CONTEXT: u32 = 27;
}
const PRIMITIVES: u32 = kind::STRING + 1;

/// Numbers of `tenon::component::CoreExternKind`.
pub mod core_kind {
    pub const FUNC: u32 = 0;
    pub const TABLE: u32 = 1;
    pub const MEMORY: u32 = 2;
    pub const GLOBAL: u32 = 3;
    pub const TAG: u32 = 4;
}

/// Collects the types that the plan refers to, each once.
pub struct Types<'a> {
    types: &'a ComponentTypes,
    pub values: Table,
    value_index: HashMap<InterfaceType, u32>,
    pub funcs: Table,
    func_index: HashMap<TypeFuncIndex, u32>,
    pub instances: Table,
    instance_index: HashMap<TypeComponentInstanceIndex, u32>,
    pub components: Table,
    component_index: HashMap<TypeComponentIndex, u32>,
    pub modules: Table,
    module_index: HashMap<TypeModuleIndex, u32>,
    pub core_funcs: Table,
    core_func_index: HashMap<Vec<u32>, u32>,
}

impl<'a> Types<'a> {
    pub fn new(types: &'a ComponentTypes) -> Self {
        Types {
            types,
            values: Table::default(),
            value_index: HashMap::new(),
            funcs: Table::default(),
            func_index: HashMap::new(),
            instances: Table::default(),
            instance_index: HashMap::new(),
            components: Table::default(),
            component_index: HashMap::new(),
            modules: Table::default(),
            module_index: HashMap::new(),
            core_funcs: Table::default(),
            core_func_index: HashMap::new(),
        }
    }

    /// The index of a value type. Recursion is as deep as types nest, which the validator limits.
    pub fn value(&mut self, ty: &InterfaceType, strings: &mut Strings) -> u32 {
        let types = self.types;
        let unnamed = String::new;
        match ty {
            InterfaceType::Bool => return kind::BOOL,
            InterfaceType::S8 => return kind::S8,
            InterfaceType::U8 => return kind::U8,
            InterfaceType::S16 => return kind::S16,
            InterfaceType::U16 => return kind::U16,
            InterfaceType::S32 => return kind::S32,
            InterfaceType::U32 => return kind::U32,
            InterfaceType::S64 => return kind::S64,
            InterfaceType::U64 => return kind::U64,
            InterfaceType::Float32 => return kind::F32,
            InterfaceType::Float64 => return kind::F64,
            InterfaceType::Char => return kind::CHAR,
            InterfaceType::String => return kind::STRING,
            _ => {}
        }
        if let Some(&index) = self.value_index.get(ty) {
            return index;
        }
        let (mut length, mut resource) = (0, 0);
        let (number, parts): (u32, Vec<(String, Option<InterfaceType>)>) = match ty {
            InterfaceType::List(i) => (kind::LIST, vec![(unnamed(), Some(types[*i].element))]),
            InterfaceType::FixedLengthList(i) => {
                length = types[*i].size;
                (kind::FIXED_LENGTH_LIST, vec![(unnamed(), Some(types[*i].element))])
            }
            InterfaceType::Map(i) => (kind::MAP, vec![(unnamed(), Some(types[*i].key)), (unnamed(), Some(types[*i].value))]),
            InterfaceType::Record(i) => (kind::RECORD, types[*i].fields.iter().map(|field| (field.name.clone(), Some(field.ty))).collect()),
            InterfaceType::Tuple(i) => (kind::TUPLE, types[*i].types.iter().map(|ty| (unnamed(), Some(*ty))).collect()),
            InterfaceType::Variant(i) => (kind::VARIANT, types[*i].cases.iter().map(|(name, ty)| (name.clone(), ty.clone())).collect()),
            InterfaceType::Enum(i) => (kind::ENUM, types[*i].names.iter().map(|name| (name.clone(), None)).collect()),
            InterfaceType::Flags(i) => (kind::FLAGS, types[*i].names.iter().map(|name| (name.clone(), None)).collect()),
            InterfaceType::Option(i) => (kind::OPTION, vec![(unnamed(), Some(types[*i].ty))]),
            InterfaceType::Result(i) => (kind::RESULT, vec![("ok".into(), types[*i].ok), ("err".into(), types[*i].err)]),
            InterfaceType::Own(i) => {
                resource = i.as_u32();
                (kind::OWN, vec![])
            }
            InterfaceType::Borrow(i) => {
                resource = i.as_u32();
                (kind::BORROW, vec![])
            }
            InterfaceType::Future(i) => {
                resource = i.as_u32();
                (kind::FUTURE, vec![(unnamed(), types[types[*i].ty].payload)])
            }
            InterfaceType::Stream(i) => {
                resource = i.as_u32();
                (kind::STREAM, vec![(unnamed(), types[types[*i].ty].payload)])
            }
            InterfaceType::ErrorContext(i) => {
                resource = i.as_u32();
                (kind::ERROR_CONTEXT, vec![])
            }
            _ => unreachable!("kinds without parts were answered above"),
        };
        let parts: Vec<(String, u32)> = parts.into_iter().map(|(name, ty)| (name, ty.map_or(ABSENT, |ty| self.value(&ty, strings)))).collect();
        let index = PRIMITIVES + self.values.count;
        self.values.start();
        self.values.words.extend([number, length, resource, parts.len() as u32]);
        for (name, ty) in parts {
            self.values.words.extend(strings.add(&name));
            self.values.words.push(ty);
        }
        self.value_index.insert(*ty, index);
        index
    }

    pub fn optional_value(&mut self, ty: &Option<InterfaceType>, strings: &mut Strings) -> u32 {
        ty.as_ref().map_or(ABSENT, |ty| self.value(ty, strings))
    }

    pub fn func(&mut self, index: TypeFuncIndex, strings: &mut Strings) -> u32 {
        if let Some(&known) = self.func_index.get(&index) {
            return known;
        }
        let types = self.types;
        let ty = &types[index];
        let params: Vec<u32> = types[ty.params].types.iter().map(|ty| self.value(ty, strings)).collect();
        let results = &types[ty.results].types;
        let result = self.optional_value(&results.first().copied(), strings);
        let known = self.funcs.start();
        self.funcs.words.extend([ty.async_ as u32, result, params.len() as u32]);
        for (i, param) in params.into_iter().enumerate() {
            self.funcs.words.extend(strings.add(ty.param_names.get(i).map_or("", String::as_str)));
            self.funcs.words.push(param);
        }
        self.func_index.insert(index, known);
        known
    }

    /// The two words of a `tenon::component::ExternType`: which alternative, which index.
    pub fn extern_type(&mut self, ty: &TypeDef, strings: &mut Strings) -> [u32; 2] {
        match ty {
            TypeDef::Component(i) => [0, self.component(*i, strings)],
            TypeDef::ComponentInstance(i) => [1, self.instance(*i, strings)],
            TypeDef::ComponentFunc(i) => [2, self.func(*i, strings)],
            TypeDef::Interface(ty) => [3, self.value(ty, strings)],
            TypeDef::Module(i) => [4, self.module(*i, strings)],
            TypeDef::CoreFunc(i) => [5, self.core_func(*i)],
            TypeDef::Resource(i) => [6, i.as_u32()],
        }
    }

    fn externs<'b>(&mut self, items: impl ExactSizeIterator<Item = (&'b String, &'b ComponentExtern)>, strings: &mut Strings) -> Vec<u32> {
        let mut words = vec![items.len() as u32];
        for (name, item) in items {
            words.extend(self.named_extern(name, item, strings));
        }
        words
    }

    /// The words of a `tenon::component::NamedExtern`.
    pub fn named_extern(&mut self, name: &str, item: &ComponentExtern, strings: &mut Strings) -> Vec<u32> {
        let mut words = strings.add(name).to_vec();
        words.extend(self.extern_type(&item.ty, strings));
        words.extend(strings.add(item.data.implements.as_deref().unwrap_or("")));
        words
    }

    pub fn instance(&mut self, index: TypeComponentInstanceIndex, strings: &mut Strings) -> u32 {
        if let Some(&known) = self.instance_index.get(&index) {
            return known;
        }
        let types = self.types;
        let words = self.externs(types[index].exports.iter(), strings);
        let known = self.instances.start();
        self.instances.words.extend(words);
        self.instance_index.insert(index, known);
        known
    }

    pub fn component(&mut self, index: TypeComponentIndex, strings: &mut Strings) -> u32 {
        if let Some(&known) = self.component_index.get(&index) {
            return known;
        }
        let types = self.types;
        let mut words = self.externs(types[index].imports.iter(), strings);
        words.extend(self.externs(types[index].exports.iter(), strings));
        let known = self.components.start();
        self.components.words.extend(words);
        self.component_index.insert(index, known);
        known
    }

    pub fn module(&mut self, index: TypeModuleIndex, strings: &mut Strings) -> u32 {
        if let Some(&known) = self.module_index.get(&index) {
            return known;
        }
        let ty = &self.types[index];
        let mut words = vec![ty.imports.len() as u32];
        for ((module, name), item) in &ty.imports {
            words.extend(strings.add(module));
            words.extend(strings.add(name));
            words.extend(self.core_extern(item, strings));
        }
        words.push(ty.exports.len() as u32);
        for (name, item) in &ty.exports {
            words.extend(strings.add(name));
            words.extend(self.core_extern(item, strings));
        }
        let known = self.modules.start();
        self.modules.words.extend(words);
        self.module_index.insert(index, known);
        known
    }

    /// The words of a `tenon::component::CoreExternType`.
    pub fn core_extern(&mut self, ty: &EntityType, strings: &mut Strings) -> Vec<u32> {
        let i32 = WasmValType::I32;
        let (number, func, value, mutable, minimum, maximum, shared, is_64, page) = match ty {
            EntityType::Function(i) => (core_kind::FUNC, self.core_func_of(i), i32, false, 0, None, false, false, 0),
            EntityType::Tag(tag) => (core_kind::TAG, self.core_func_of(&tag.signature), i32, false, 0, None, false, false, 0),
            EntityType::Global(global) => (core_kind::GLOBAL, ABSENT, global.wasm_ty, global.mutability, 0, None, false, false, 0),
            EntityType::Table(table) => {
                let is_64 = table.idx_type == wasmtime_environ::IndexType::I64;
                (core_kind::TABLE, ABSENT, WasmValType::Ref(table.ref_type), false, table.limits.min, table.limits.max, false, is_64, 0)
            }
            EntityType::Memory(memory) => {
                let is_64 = memory.idx_type == wasmtime_environ::IndexType::I64;
                (core_kind::MEMORY, ABSENT, i32, false, memory.limits.min, memory.limits.max, memory.shared, is_64, u32::from(memory.page_size_log2))
            }
        };
        let mut words = vec![number, func, value_number(&value)];
        words.extend(strings.add(&value.to_string()));
        words.push(mutable as u32 | (shared as u32) << 1 | (is_64 as u32) << 2 | (maximum.is_some() as u32) << 3 | page << 8);
        words.extend(split(minimum));
        words.extend(split(maximum.unwrap_or(0)));
        words
    }

    /// The exports of an imported core module, by name, as its import declares them.
    pub fn exports_of_import(&self, component: &Component, import: RuntimeImportIndex) -> Result<HashMap<String, EntityType>, Failure> {
        let (index, path) = &component.imports[import];
        let (_, item) = &component.import_types[*index];
        let mut ty = item.ty;
        for name in path {
            let TypeDef::ComponentInstance(instance) = ty else { break };
            match self.types[instance].exports.get(name) {
                Some(item) => ty = item.ty,
                None => break,
            }
        }
        match ty {
            TypeDef::Module(module) => Ok(self.types[module].exports.iter().map(|(name, ty)| (name.clone(), ty.clone())).collect()),
            other => Err(Failure::new(ErrorKind::Unsupported, format!("a core module is imported as a {}", other.desc()))),
        }
    }

    fn core_func_of(&mut self, index: &EngineOrModuleTypeIndex) -> u32 {
        match index {
            EngineOrModuleTypeIndex::Module(i) => self.core_func(*i),
            _ => unreachable!("types of a translation are the module's own"),
        }
    }

    /// The index of a core function's signature; equal signatures have one.
    pub fn core_func(&mut self, index: ModuleInternedTypeIndex) -> u32 {
        let mut words = Vec::new();
        match self.types[index].as_func() {
            Some(func) => {
                let numbers = |types: &[WasmValType]| types.iter().map(value_number).collect::<Vec<u32>>();
                let (params, results) = (numbers(func.params()), numbers(func.results()));
                let plain = !params.iter().chain(&results).any(|&number| number == OTHER_REF);
                words.extend([plain as u32, params.len() as u32]);
                words.extend(params);
                words.push(results.len() as u32);
                words.extend(results);
                if !plain {
                    // Two signatures that look alike here may differ: they must not be merged.
                    return *self.core_func_index.entry(vec![ABSENT, index.as_u32()]).or_insert_with(|| self.core_funcs.append(&words));
                }
            }
            None => words.extend([0, 0, 0]),
        }
        if let Some(&known) = self.core_func_index.get(&words) {
            return known;
        }
        let known = self.core_funcs.append(&words);
        self.core_func_index.insert(words, known);
        known
    }
}

const OTHER_REF: u32 = 7;

/// The number of `tenon::component::CoreValueType`.
pub fn value_number(ty: &WasmValType) -> u32 {
    match ty {
        WasmValType::I32 => 0,
        WasmValType::I64 => 1,
        WasmValType::F32 => 2,
        WasmValType::F64 => 3,
        WasmValType::V128 => 4,
        WasmValType::Ref(r) if r.nullable && r.heap_type == WasmHeapType::Func => 5,
        WasmValType::Ref(r) if r.nullable && r.heap_type == WasmHeapType::Extern => 6,
        WasmValType::Ref(_) => OTHER_REF,
    }
}

/// A u64 as two words, the low one first.
pub fn split(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}

