//! The plan's bytes. All numbers are little-endian u32 words; strings are (offset, length) in a pool; an absent index is `ABSENT`.
//!
//! ```text
//! magic, version, flags, words, string bytes, module bytes (2 words)      the header; `words` counts all words up to the pool
//! 9 counts of what exists at run time, 20 sizes of tables, root type
//! the tables, in the order of their sizes
//! string pool, padded to 8 bytes
//! core modules, each padded to 8 bytes
//! ```
//! `src/component/plan_load.cpp` reads the same order; a change of either is a new `VERSION`.

use std::collections::HashMap;

use wasmtime_environ::component::{
    CanonicalOptionsDataModel, ComponentExternData, ComponentTranslation, ComponentTypes, CoreDef, CoreExport, Export, ExportIndex, ExportItem, 
    FixedEncoding, GlobalInitializer, InstantiateModule, NameMap, RuntimeInstanceIndex, StringEncoding, Trampoline, Transcode, TypeComponentIndex,
    TypeResourceTable, TypeResourceTableIndex, UnsafeIntrinsic,
};
use wasmtime_environ::collections::TryString;
use wasmtime_environ::{EntityIndex, EntityType, MemoryIndex, ModuleTranslation, PrimaryMap, StaticModuleIndex, TableIndex};

use super::adapters::Adapters;
use super::shims::Shortcuts;
use super::types::{Types, core_kind, split, value_number};
use crate::ffi::{ErrorKind, Failure};

pub const MAGIC: u32 = u32::from_le_bytes(*b"TNPL");
pub const VERSION: u32 = 2;
pub const FLAG_CONCURRENT: u32 = 1;
pub const ABSENT: u32 = u32::MAX;

/// The names of `src/component/trampolines.def`, in its order.
pub const TRAMPOLINE_NAMES: &str = "lower-import\ntranscoder\nresource.new\nresource.rep\nresource.drop\nbackpressure.inc\nbackpressure.dec\n\
task.return\ntask.cancel\nwaitable-set.new\nwaitable-set.wait\nwaitable-set.poll\nwaitable-set.drop\nwaitable.join\nsubtask.drop\nsubtask.cancel\n\
stream.new\nstream.read\nstream.write\nstream.cancel-read\nstream.cancel-write\nstream.drop-readable\nstream.drop-writable\n\
future.new\nfuture.read\nfuture.write\nfuture.cancel-read\nfuture.cancel-write\nfuture.drop-readable\nfuture.drop-writable\n\
error-context.new\nerror-context.debug-message\nerror-context.drop\nresource-transfer-own\nresource-transfer-borrow\nprepare-call\nsync-start-call\n\
async-start-call\nfuture-transfer\nstream-transfer\nerror-context-transfer\ntrap\nenter-sync-call\nexit-sync-call\nthread.index\n\
thread.new-indirect\nthread.resume-later\nthread.suspend\nthread.yield\nthread.suspend-then-resume\nthread.yield-then-resume\n\
thread.suspend-then-promote\nthread.yield-then-promote\n";

/// Words of records of one kind.
#[derive(Default)]
pub struct Table {
    pub words: Vec<u32>,
    pub count: u32,
}

impl Table {
    /// Begins a record and returns its index.
    pub fn start(&mut self) -> u32 {
        self.count += 1;
        self.count - 1
    }

    pub fn append(&mut self, words: &[u32]) -> u32 {
        self.words.extend(words);
        self.start()
    }
}

/// The string pool: each text once.
#[derive(Default)]
pub struct Strings {
    pool: Vec<u8>,
    known: HashMap<String, u32>,
}

impl Strings {
    pub fn add(&mut self, text: &str) -> [u32; 2] {
        if text.is_empty() {
            return [0, 0];
        }
        let offset = *self.known.entry(text.to_owned()).or_insert_with(|| {
            self.pool.extend(text.as_bytes());
            (self.pool.len() - text.len()) as u32
        });
        [offset, text.len() as u32]
    }
}

/// How many tables of handles the translator made. Adapters pass these numbers at run time, so they are kept as they are.
pub struct TableCounts {
    pub resources: u32,
    pub futures: u32,
    pub streams: u32,
    pub error_contexts: u32,
}

pub type Modules<'a> = PrimaryMap<StaticModuleIndex, ModuleTranslation<'a>>;

struct Encoder<'a> {
    translation: &'a ComponentTranslation,
    modules: &'a Modules<'a>,
    types: Types<'a>,
    strings: Strings,
    shortcuts: Shortcuts,
    /// The number of each core instance in the plan; absent for one that the plan leaves out.
    numbers: Vec<Option<u32>>,
    /// What each core instance made so far was made from; absent for an imported module, whose exports have the types that its import declares.
    instances: HashMap<u32, Option<StaticModuleIndex>>,
    imported: HashMap<u32, HashMap<String, EntityType>>,
    adapters: Adapters,
    /// Position of each exported entity in its module's exports.
    ordinals: HashMap<(StaticModuleIndex, EntityIndex), u32>,
    /// Whether each runtime memory is addressed with 64 bits.
    memories_64: HashMap<u32, bool>,
}

fn unsupported(what: impl std::fmt::Display) -> Failure {
    Failure::new(ErrorKind::Unsupported, format!("the translation holds {what}"))
}

/// An optional index of any index space.
macro_rules! optional {
    ($index:expr) => {
        $index.map_or(ABSENT, |index| index.as_u32())
    };
}

impl<'a> Encoder<'a> {
    fn kind_of(ty: &EntityType) -> u32 {
        match ty {
            EntityType::Function(_) => core_kind::FUNC,
            EntityType::Table(_) => core_kind::TABLE,
            EntityType::Memory(_) => core_kind::MEMORY,
            EntityType::Global(_) => core_kind::GLOBAL,
            EntityType::Tag(_) => core_kind::TAG,
        }
    }

    /// Where an export is: its ordinal (if the module is known), its name and its type.
    fn find_export(&self, instance: RuntimeInstanceIndex, item: &ExportItem<EntityIndex>) -> Result<(u32, String, EntityType), Failure> {
        let at = instance.as_u32();
        match (item, self.instances.get(&at)) {
            (ExportItem::Index(entity), Some(Some(module))) => {
                let ordinal = *self.ordinals.get(&(*module, *entity)).ok_or_else(|| unsupported("an item that its module does not export"))?;
                let module = &self.modules[*module].module;
                let (name, _) = module.exports.get_index(ordinal as usize).ok_or_else(|| unsupported("an export without a name"))?;
                Ok((ordinal, module.strings[name].to_string(), module.type_of(*entity)))
            }
            (ExportItem::Name(name), Some(None)) => {
                let ty = self.imported[&at].get(name).ok_or_else(|| unsupported(format_args!("an unknown export `{name}`")))?;
                Ok((ABSENT, name.clone(), ty.clone()))
            }
            _ => Err(unsupported("an export of an instance that does not exist yet")),
        }
    }

    fn core_export(&mut self, instance: RuntimeInstanceIndex, item: &ExportItem<EntityIndex>) -> Result<Vec<u32>, Failure> {
        let (ordinal, name, ty) = self.find_export(instance, item)?;
        self.export_words(instance, Self::kind_of(&ty), &name, ordinal)
    }

    fn export_words(&mut self, instance: RuntimeInstanceIndex, kind: u32, name: &str, ordinal: u32) -> Result<Vec<u32>, Failure> {
        let number = self.numbers[instance.as_u32() as usize].ok_or_else(|| unsupported("an export of an instance that is left out"))?;
        let [offset, length] = self.strings.add(name);
        Ok(vec![number, kind, offset, length, ordinal])
    }

    fn def(&mut self, def: &CoreDef) -> Result<Vec<u32>, Failure> {
        Ok(match def {
            CoreDef::Export(export) => {
                let mut words = vec![0];
                words.extend(self.core_export(export.instance, &export.item)?);
                words
            }
            CoreDef::InstanceFlags(instance) => match self.adapters.owner(instance.as_u32()).cloned() {
                Some(owner) => {
                    let mut words = vec![0];
                    words.extend(self.export_words(owner.instance, core_kind::GLOBAL, &owner.name, owner.ordinal)?);
                    words
                }
                None => vec![1, instance.as_u32()],
            },
            CoreDef::Trampoline(index) => vec![2, index.as_u32()],
            CoreDef::UnsafeIntrinsic(intrinsic) => match intrinsic {
                UnsafeIntrinsic::ContextGetI32_0 => vec![3, 0, 0],
                UnsafeIntrinsic::ContextSetI32_0 => vec![3, 1, 0],
                UnsafeIntrinsic::ContextGetI32_1 => vec![3, 0, 1],
                UnsafeIntrinsic::ContextSetI32_1 => vec![3, 1, 1],
                other => return Err(unsupported(format_args!("the intrinsic {}", other.name()))),
            },
            CoreDef::TaskMayBlock => vec![4],
        })
    }

    /// What an initializer asks for, once the detours are known.
    fn def_at(&mut self, def: &CoreDef, position: usize) -> Result<Vec<u32>, Failure> {
        let def = self.shortcuts.of_initializer(def, position).clone();
        self.def(&def)
    }

    /// The same where it may wait until everything is there.
    fn def_at_last(&mut self, def: &CoreDef) -> Result<Vec<u32>, Failure> {
        let def = self.shortcuts.at_last(def).clone();
        self.def(&def)
    }

    fn static_modules(&mut self, blob: &mut Vec<u8>) -> Result<Table, Failure> {
        let mut table = Table::default();
        for (index, translation) in self.modules.iter() {
            let module = &translation.module;
            blob.resize(blob.len().next_multiple_of(8), 0);
            let adapter = self.adapters.get(index);
            let wasm = adapter.map_or(translation.wasm, |adapter| &adapter.wasm);
            let own = adapter.map_or(&[][..], |adapter| &adapter.own_flags);
            let mut words = split(blob.len() as u64).to_vec();
            words.extend(split(wasm.len() as u64));
            blob.extend(wasm);
            words.push(adapter.is_some() as u32);
            words.push((module.imports().len() - own.len()) as u32);
            let mut own_exports = Vec::new();
            for (position, (from, name, ty)) in module.imports().enumerate() {
                let ty = self.types.core_extern(&ty, &mut self.strings);
                if let Some(flags) = own.iter().find(|flags| flags.import == position) {
                    own_exports.extend(self.strings.add(&flags.owner.name));
                    own_exports.extend(ty);
                    continue;
                }
                words.extend(self.strings.add(from));
                words.extend(self.strings.add(name));
                words.extend(ty);
            }
            words.push((module.exports.len() + own.len()) as u32);
            for (ordinal, (name, entity)) in module.exports.iter().enumerate() {
                words.extend(self.strings.add(&module.strings[name]));
                words.extend(self.types.core_extern(&module.type_of(*entity), &mut self.strings));
                self.ordinals.entry((index, *entity)).or_insert(ordinal as u32);
            }
            words.extend(own_exports);
            table.append(&words);
        }
        Ok(table)
    }

    fn instantiate(&mut self, what: &InstantiateModule, component_instance: u32, position: usize) -> Result<Vec<u32>, Failure> {
        let instance = self.shortcuts.instance_at(position);
        let index = self.numbers[instance as usize].unwrap_or(ABSENT);
        let mut words;
        match what {
            InstantiateModule::Static(module, arguments) => {
                let own = self.adapters.get(*module).map_or(Vec::new(), |adapter| adapter.own_flags.clone());
                words = vec![0, index, module.as_u32(), component_instance, (arguments.len() - own.len()) as u32];
                for (_, argument) in arguments.iter().enumerate().filter(|(at, _)| own.iter().all(|flags| flags.import != *at)) {
                    words.extend(self.def_at(argument, position)?);
                }
                words.push(own.len() as u32);
                for flags in own {
                    words.extend([flags.component_instance, flags.owner.ordinal]);
                }
                self.instances.insert(instance, Some(*module));
            }
            InstantiateModule::Import(import, arguments) => {
                let count: usize = arguments.values().map(|fields| fields.len()).sum();
                words = vec![1, index, import.as_u32(), component_instance, count as u32];
                for (module, fields) in arguments {
                    for (name, argument) in fields {
                        words.extend(self.strings.add(module));
                        words.extend(self.strings.add(name));
                        words.extend(self.def_at(argument, position)?);
                    }
                }
                self.instances.insert(instance, None);
                let exports = self.types.exports_of_import(&self.translation.component, *import)?;
                self.imported.insert(instance, exports);
            }
        }
        Ok(words)
    }

    fn extract_memory(&mut self, index: u32, export: &CoreExport<MemoryIndex>) -> Result<Vec<u32>, Failure> {
        let export = export.clone().map_index(EntityIndex::Memory);
        let (_, _, ty) = self.find_export(export.instance, &export.item)?;
        let is_64 = matches!(ty, EntityType::Memory(memory) if memory.idx_type == wasmtime_environ::IndexType::I64);
        self.memories_64.insert(index, is_64);
        self.core_export(export.instance, &export.item)
    }

    fn extract_table(&mut self, export: &CoreExport<TableIndex>) -> Result<Vec<u32>, Failure> {
        let export = export.clone().map_index(EntityIndex::Table);
        self.core_export(export.instance, &export.item)
    }

    fn initializers(&mut self) -> Result<Table, Failure> {
        let mut table = Table::default();
        let all = &self.translation.component.initializers;
        for position in self.shortcuts.order(all.len()) {
            let mut words = Vec::new();
            match &all[position] {
                GlobalInitializer::InstantiateModule(what, instance) => words = self.instantiate(what, optional!(instance), position)?,
                GlobalInitializer::LowerImport { index, import } => words.extend([2, index.as_u32(), import.as_u32()]),
                GlobalInitializer::ExtractMemory(extract) => {
                    words.extend([3, extract.index.as_u32()]);
                    words.extend(self.extract_memory(extract.index.as_u32(), &extract.export)?);
                }
                GlobalInitializer::ExtractRealloc(extract) => {
                    words.extend([4, extract.index.as_u32()]);
                    words.extend(self.def_at(&extract.def, position)?);
                }
                GlobalInitializer::ExtractCallback(extract) => {
                    words.extend([5, extract.index.as_u32()]);
                    words.extend(self.def_at(&extract.def, position)?);
                }
                GlobalInitializer::ExtractPostReturn(extract) => {
                    words.extend([6, extract.index.as_u32()]);
                    words.extend(self.def_at(&extract.def, position)?);
                }
                GlobalInitializer::ExtractTable(extract) => {
                    words.extend([7, extract.index.as_u32()]);
                    words.extend(self.extract_table(&extract.export)?);
                }
                GlobalInitializer::Resource(resource) => {
                    words.extend([8, resource.index.as_u32(), value_number(&resource.rep), resource.instance.as_u32(), resource.dtor.is_some() as u32]);
                    if let Some(dtor) = &resource.dtor {
                        words.extend(self.def_at_last(dtor)?);
                    }
                }
            }
            table.append(&words);
        }
        Ok(table)
    }

    fn trampolines(&mut self) -> Result<Table, Failure> {
        let mut table = Table::default();
        for (index, trampoline) in self.translation.trampolines.iter() {
            let ty = self.types.core_func(self.translation.component.trampolines[index]);
            let words = self.trampoline(trampoline, ty);
            table.append(&words.words());
        }
        Ok(table)
    }

    fn trampoline(&mut self, trampoline: &Trampoline, ty: u32) -> TrampolineWords {
        use Trampoline as T;
        let mut w = TrampolineWords { ty, ..TrampolineWords::default() };
        macro_rules! simple {
            ($kind:expr, $instance:expr) => {{
                w.kind = $kind;
                w.instance = $instance.as_u32();
            }};
        }
        macro_rules! with_options {
            ($kind:expr, $instance:expr, $options:expr) => {{
                simple!($kind, $instance);
                w.options = $options.as_u32();
            }};
        }
        macro_rules! end {
            ($kind:expr, $instance:expr, $table:ident = $ty:expr) => {{
                simple!($kind, $instance);
                w.$table = $ty.as_u32();
            }};
        }
        match trampoline {
            T::LowerImport { index, lower_ty, options } => {
                w.options = options.as_u32();
                w.lowered = index.as_u32();
                w.func_type = self.types.func(*lower_ty, &mut self.strings);
            }
            T::Transcoder { op, from, from64, to, to64 } => {
                w.kind = 1;
                w.transcode = transcode_number(*op);
                w.from_memory = from.as_u32();
                w.to_memory = to.as_u32();
                w.from_64 = *from64;
                w.to_64 = *to64;
            }
            T::ResourceNew { instance, ty } => end!(2, instance, resource_table = ty),
            T::ResourceRep { instance, ty } => end!(3, instance, resource_table = ty),
            T::ResourceDrop { instance, ty } => end!(4, instance, resource_table = ty),
            T::BackpressureInc { instance } => simple!(5, instance),
            T::BackpressureDec { instance } => simple!(6, instance),
            T::TaskReturn { instance, results, options } => {
                with_options!(7, instance, options);
                w.results = self.types.value(&wasmtime_environ::component::InterfaceType::Tuple(*results), &mut self.strings);
            }
            T::TaskCancel { instance } => simple!(8, instance),
            T::WaitableSetNew { instance } => simple!(9, instance),
            T::WaitableSetWait { instance, options } => with_options!(10, instance, options),
            T::WaitableSetPoll { instance, options } => with_options!(11, instance, options),
            T::WaitableSetDrop { instance } => simple!(12, instance),
            T::WaitableJoin { instance } => simple!(13, instance),
            T::SubtaskDrop { instance } => simple!(14, instance),
            T::SubtaskCancel { instance, async_ } => {
                simple!(15, instance);
                w.is_async = *async_;
            }
            T::StreamNew { instance, ty } => end!(16, instance, stream_table = ty),
            T::StreamRead { instance, ty, options } => {
                end!(17, instance, stream_table = ty);
                w.options = options.as_u32();
            }
            T::StreamWrite { instance, ty, options } => {
                end!(18, instance, stream_table = ty);
                w.options = options.as_u32();
            }
            T::StreamCancelRead { instance, ty, async_ } => {
                end!(19, instance, stream_table = ty);
                w.is_async = *async_;
            }
            T::StreamCancelWrite { instance, ty, async_ } => {
                end!(20, instance, stream_table = ty);
                w.is_async = *async_;
            }
            T::StreamDropReadable { instance, ty } => end!(21, instance, stream_table = ty),
            T::StreamDropWritable { instance, ty } => end!(22, instance, stream_table = ty),
            T::FutureNew { instance, ty } => end!(23, instance, future_table = ty),
            T::FutureRead { instance, ty, options } => {
                end!(24, instance, future_table = ty);
                w.options = options.as_u32();
            }
            T::FutureWrite { instance, ty, options } => {
                end!(25, instance, future_table = ty);
                w.options = options.as_u32();
            }
            T::FutureCancelRead { instance, ty, async_ } => {
                end!(26, instance, future_table = ty);
                w.is_async = *async_;
            }
            T::FutureCancelWrite { instance, ty, async_ } => {
                end!(27, instance, future_table = ty);
                w.is_async = *async_;
            }
            T::FutureDropReadable { instance, ty } => end!(28, instance, future_table = ty),
            T::FutureDropWritable { instance, ty } => end!(29, instance, future_table = ty),
            T::ErrorContextNew { instance, ty, options } => {
                end!(30, instance, error_context_table = ty);
                w.options = options.as_u32();
            }
            T::ErrorContextDebugMessage { instance, ty, options } => {
                end!(31, instance, error_context_table = ty);
                w.options = options.as_u32();
            }
            T::ErrorContextDrop { instance, ty } => end!(32, instance, error_context_table = ty),
            T::ResourceTransferOwn => w.kind = 33,
            T::ResourceTransferBorrow => w.kind = 34,
            T::PrepareCall { memory } => {
                w.kind = 35;
                w.memory = optional!(memory);
            }
            T::SyncStartCall { callback } => {
                w.kind = 36;
                w.callback = optional!(callback);
            }
            T::AsyncStartCall { callback, post_return } => {
                w.kind = 37;
                w.callback = optional!(callback);
                w.post_return = optional!(post_return);
            }
            T::FutureTransfer => w.kind = 38,
            T::StreamTransfer => w.kind = 39,
            T::ErrorContextTransfer => w.kind = 40,
            T::Trap => w.kind = 41,
            T::EnterSyncCall => w.kind = 42,
            T::ExitSyncCall => w.kind = 43,
            T::ThreadIndex { instance } => simple!(44, instance),
            T::ThreadNewIndirect { instance, start_func_ty_idx: _, start_func_table_idx } => {
                simple!(45, instance);
                w.start_table = start_func_table_idx.as_u32();
            }
            T::ThreadResumeLater { instance } => simple!(46, instance),
            T::ThreadSuspend { instance, cancellable } => {
                simple!(47, instance);
                w.is_cancellable = *cancellable;
            }
            T::ThreadYield { instance, cancellable } => {
                simple!(48, instance);
                w.is_cancellable = *cancellable;
            }
            T::ThreadSuspendThenResume { instance, cancellable } => {
                simple!(49, instance);
                w.is_cancellable = *cancellable;
            }
            T::ThreadYieldThenResume { instance, cancellable } => {
                simple!(50, instance);
                w.is_cancellable = *cancellable;
            }
            T::ThreadSuspendThenPromote { instance, cancellable } => {
                simple!(51, instance);
                w.is_cancellable = *cancellable;
            }
            T::ThreadYieldThenPromote { instance, cancellable } => {
                simple!(52, instance);
                w.is_cancellable = *cancellable;
            }
        }
        w
    }

    fn options(&mut self) -> Result<Table, Failure> {
        let mut table = Table::default();
        for (_, options) in self.translation.component.options.iter() {
            let (memory, realloc) = match options.data_model {
                CanonicalOptionsDataModel::LinearMemory(linear) => (linear.memory, linear.realloc),
                CanonicalOptionsDataModel::Gc {} => (None, None), // and nothing to put there, see `values`
            };
            let is_64 = memory.is_some_and(|memory| self.memories_64.get(&memory.as_u32()).copied().unwrap_or(false));
            let encoding = match options.string_encoding {
                StringEncoding::Utf8 => 0,
                StringEncoding::Utf16 => 1,
                StringEncoding::CompactUtf16 => 2,
            };
            table.append(&[
                options.instance.as_u32(),
                encoding,
                optional!(memory),
                optional!(realloc),
                optional!(options.callback),
                optional!(options.post_return),
                options.async_ as u32 | (options.cancellable as u32) << 1 | (is_64 as u32) << 2,
                self.types.core_func(options.core_type),
            ]);
        }
        Ok(table)
    }

    fn imports(&mut self) -> Table {
        let mut table = Table::default();
        for (_, (name, item)) in self.translation.component.import_types.iter() {
            let words = self.types.named_extern(name, item, &mut self.strings);
            table.append(&words);
        }
        table
    }

    fn runtime_imports(&mut self) -> Table {
        let mut table = Table::default();
        for (_, (import, path)) in self.translation.component.imports.iter() {
            let mut words = vec![import.as_u32(), path.len() as u32];
            for name in path {
                words.extend(self.strings.add(name));
            }
            table.append(&words);
        }
        table
    }

    fn named_exports(&mut self, exports: &NameMap<TryString, (ExportIndex, ComponentExternData)>) -> Table {
        let mut table = Table::default();
        for (name, (index, data)) in exports.raw_iter() {
            let mut words = self.strings.add(name).to_vec();
            words.push(index.as_u32());
            words.extend(self.strings.add(data.implements.as_deref().unwrap_or("")));
            table.append(&words);
        }
        table
    }

    fn export_items(&mut self) -> Result<Table, Failure> {
        let mut table = Table::default();
        for (_, export) in self.translation.component.export_items.iter() {
            let mut words = Vec::new();
            match export {
                Export::LiftedFunction { ty, func, options } => {
                    words.extend([0, self.types.func(*ty, &mut self.strings), options.as_u32()]);
                    words.extend(self.def_at_last(func)?);
                }
                Export::ModuleStatic { ty, index } => words.extend([1, self.types.module(*ty, &mut self.strings), index.as_u32()]),
                Export::ModuleImport { ty, import } => words.extend([2, self.types.module(*ty, &mut self.strings), import.as_u32()]),
                Export::Instance { ty, exports } => {
                    let exports = self.named_exports(exports);
                    words.extend([3, self.types.instance(*ty, &mut self.strings), exports.count]);
                    words.extend(exports.words);
                }
                Export::Type(ty) => {
                    words.push(4);
                    words.extend(self.types.extern_type(ty, &mut self.strings));
                }
            }
            table.append(&words);
        }
        Ok(table)
    }
}

/// The record of a trampoline: all parameters that any kind has.
struct TrampolineWords {
    kind: u32,
    ty: u32,
    instance: u32,
    options: u32,
    lowered: u32,
    func_type: u32,
    transcode: u32,
    from_memory: u32,
    to_memory: u32,
    from_64: bool,
    to_64: bool,
    resource_table: u32,
    stream_table: u32,
    future_table: u32,
    error_context_table: u32,
    results: u32,
    is_async: bool,
    is_cancellable: bool,
    start_table: u32,
    memory: u32,
    callback: u32,
    post_return: u32,
}

impl Default for TrampolineWords {
    fn default() -> Self {
        TrampolineWords {
            kind: 0,
            ty: 0,
            instance: ABSENT,
            options: ABSENT,
            lowered: ABSENT,
            func_type: ABSENT,
            transcode: 0,
            from_memory: ABSENT,
            to_memory: ABSENT,
            from_64: false,
            to_64: false,
            resource_table: ABSENT,
            stream_table: ABSENT,
            future_table: ABSENT,
            error_context_table: ABSENT,
            results: ABSENT,
            is_async: false,
            is_cancellable: false,
            start_table: ABSENT,
            memory: ABSENT,
            callback: ABSENT,
            post_return: ABSENT,
        }
    }
}

impl TrampolineWords {
    fn words(&self) -> [u32; 19] {
        let flags = self.from_64 as u32 | (self.to_64 as u32) << 1 | (self.is_async as u32) << 2 | (self.is_cancellable as u32) << 3;
        [
            self.kind,
            self.ty,
            self.instance,
            self.options,
            self.lowered,
            self.func_type,
            self.transcode,
            self.from_memory,
            self.to_memory,
            self.resource_table,
            self.stream_table,
            self.future_table,
            self.error_context_table,
            self.results,
            self.start_table,
            self.memory,
            self.callback,
            self.post_return,
            flags,
        ]
    }
}

/// The number of `tenon::component::Transcode`.
fn transcode_number(op: Transcode) -> u32 {
    match op {
        Transcode::Copy(FixedEncoding::Utf8) => 0,
        Transcode::Copy(FixedEncoding::Utf16) => 1,
        Transcode::Copy(FixedEncoding::Latin1) => 2,
        Transcode::Latin1ToUtf16 => 3,
        Transcode::Latin1ToUtf8 => 4,
        Transcode::Utf16ToCompactProbablyUtf16 => 5,
        Transcode::Utf16ToCompactUtf16 => 6,
        Transcode::Utf16ToLatin1 => 7,
        Transcode::Utf16ToUtf8 => 8,
        Transcode::Utf8ToCompactUtf16 => 9,
        Transcode::Utf8ToLatin1 => 10,
        Transcode::Utf8ToUtf16 => 11,
    }
}

fn resource_tables(types: &ComponentTypes, count: u32) -> Table {
    let mut table = Table::default();
    for i in 0..count {
        let words = match &types[TypeResourceTableIndex::from_u32(i)] {
            TypeResourceTable::Concrete { ty, instance } => [1, ty.as_u32(), instance.as_u32()],
            TypeResourceTable::Abstract(index) => [0, index.as_u32(), 0],
        };
        table.append(&words);
    }
    table
}

impl Encoder<'_> {
    fn async_tables(&mut self, types: &ComponentTypes, counts: &TableCounts) -> [Table; 3] {
        use wasmtime_environ::component::{TypeComponentLocalErrorContextTableIndex, TypeFutureTableIndex, TypeStreamTableIndex};
        let (mut futures, mut streams, mut errors) = (Table::default(), Table::default(), Table::default());
        for i in 0..counts.futures {
            let table = &types[TypeFutureTableIndex::from_u32(i)];
            let payload = self.types.optional_value(&types[table.ty].payload, &mut self.strings);
            futures.append(&[payload, table.instance.as_u32()]);
        }
        for i in 0..counts.streams {
            let table = &types[TypeStreamTableIndex::from_u32(i)];
            let payload = self.types.optional_value(&types[table.ty].payload, &mut self.strings);
            streams.append(&[payload, table.instance.as_u32()]);
        }
        for i in 0..counts.error_contexts {
            errors.append(&[types[TypeComponentLocalErrorContextTableIndex::from_u32(i)].instance.as_u32()]);
        }
        [futures, streams, errors]
    }
}

pub fn encode(
    translation: &ComponentTranslation,
    modules: &Modules<'_>,
    types: &ComponentTypes,
    root: TypeComponentIndex,
    tables: &TableCounts,
    is_concurrent: bool,
) -> Result<Vec<u8>, Failure> {
    let component = &translation.component;
    let shortcuts = Shortcuts::of(component, modules);
    let mut encoder = Encoder {
        translation,
        modules,
        types: Types::new(types),
        strings: Strings::default(),
        numbers: shortcuts.numbers(),
        shortcuts,
        instances: HashMap::new(),
        imported: HashMap::new(),
        adapters: Adapters::of(component, modules),
        ordinals: HashMap::new(),
        memories_64: HashMap::new(),
    };
    let mut blob = Vec::new();
    let static_modules = encoder.static_modules(&mut blob)?;
    let initializers = encoder.initializers()?;
    let trampolines = encoder.trampolines()?;
    let options = encoder.options()?;
    let imports = encoder.imports();
    let runtime_imports = encoder.runtime_imports();
    let exports = encoder.named_exports(&component.exports);
    let export_items = encoder.export_items()?;
    let mut imported_resources = Table::default();
    for (_, import) in component.imported_resources.iter() {
        imported_resources.append(&[import.as_u32()]);
    }
    let mut defined_resources = Table::default();
    for (_, instance) in component.defined_resource_instances.iter() {
        defined_resources.append(&[instance.as_u32()]);
    }
    let root = encoder.types.component(root, &mut encoder.strings);
    let [futures, streams, error_contexts] = encoder.async_tables(types, tables);
    let resources = resource_tables(types, tables.resources);

    let Types { values, funcs, instances, components, modules, core_funcs, .. } = encoder.types;
    let all = [
        values, funcs, instances, components, modules, core_funcs, resources, futures, streams, error_contexts,
        static_modules, initializers, trampolines, options, imports, runtime_imports, exports, export_items, imported_resources, defined_resources,
    ];
    let mut words = vec![MAGIC, VERSION, if is_concurrent { FLAG_CONCURRENT } else { 0 }, 0, encoder.strings.pool.len() as u32];
    words.extend(split(blob.len() as u64));
    words.extend([
        encoder.numbers.iter().flatten().count() as u32,
        component.num_runtime_component_instances,
        component.num_runtime_memories,
        component.num_runtime_tables,
        component.num_runtime_reallocs,
        component.num_runtime_callbacks,
        component.num_runtime_post_returns,
        component.num_lowerings,
        component.num_resources,
    ]);
    words.extend(all.iter().map(|table| table.count));
    words.push(root);
    for table in &all {
        words.extend(&table.words);
    }
    if words.len() % 2 == 1 {
        words.push(0);
    }
    words[3] = words.len() as u32;
    Ok(join(&words, &encoder.strings.pool, &blob))
}

fn join(words: &[u32], pool: &[u8], blob: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(words.len() * 4 + pool.len().next_multiple_of(8) + blob.len());
    for word in words {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(pool);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes.extend(blob);
    bytes
}

/// The flags word of a plan.
#[cfg(test)]
pub fn flags_of(plan: &[u8]) -> u32 {
    u32::from_le_bytes(plan[8..12].try_into().unwrap())
}
