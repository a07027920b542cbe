//! Adapters that own the flags of component instances.
//!
//! An adapter imports one mutable global for each component instance that it stands between: whether that may leave. A global that the adapter defines
//! costs nothing to make, and its code reaches it without a detour; so the first adapter that asks for an instance's flags gets them as its own, and
//! exports them to the host and to other adapters. What an adapter writes and overwrites with nothing in between is not written at all.

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{CodeSection, ConstExpr, ExportKind, ExportSection, GlobalSection, GlobalType, ImportSection, Module, SectionId, ValType};
use wasmparser::{ExportSectionReader, FunctionBody, ImportSectionReader, Operator, Parser, Payload, TypeRef};

/// Flags are set when nothing forbids to leave.
const MAY_LEAVE: i32 = 1;

/// What becomes of an imported global.
#[derive(Clone, Copy)]
enum Place {
    Imported(u32),
    Own(u32),
}

struct Owner<'a> {
    /// Positions among all imports, and the names that they are exported by.
    own: &'a [(usize, String)],
    globals: Vec<Place>,
    imported: u32,
}

/// Where each imported global comes to lie. Absent for a module that is no adapter: with globals of its own, or without exports.
fn places(adapter: &[u8], own: &[(usize, String)]) -> Option<(Vec<Place>, u32)> {
    let mut places = Vec::new();
    let (mut imported, mut owned, mut exports) = (0, 0, false);
    for payload in Parser::new(0).parse_all(adapter) {
        match payload.ok()? {
            Payload::ImportSection(section) => {
                for (position, import) in section.into_imports().enumerate() {
                    let is_own = own.iter().any(|(each, _)| *each == position);
                    let (place, next) = if is_own { (Place::Own(owned), &mut owned) } else { (Place::Imported(imported), &mut imported) };
                    match import.ok()?.ty {
                        TypeRef::Global(ty) if !is_own || (ty.mutable && ty.content_type == wasmparser::ValType::I32) => places.push(place),
                        _ if is_own => return None,
                        _ => continue,
                    }
                    *next += 1;
                }
            }
            Payload::GlobalSection(_) => return None,
            Payload::ExportSection(section) => {
                exports = true;
                for export in section {
                    let name = export.ok()?.name;
                    if own.iter().any(|(_, each)| each == name) {
                        return None;
                    }
                }
            }
            _ => {}
        }
    }
    (exports && owned as usize == own.len()).then_some((places, imported))
}

/// How many of the instructions at the start write what the ones behind them overwrite.
fn dead_store(operators: &[Operator<'_>]) -> usize {
    use Operator::{GlobalSet, I32Const, LocalGet};
    match operators {
        [I32Const { .. }, GlobalSet { global_index: first }, LocalGet { .. }, GlobalSet { global_index: second }, ..] if first == second => 2,
        _ => 0,
    }
}

/// How many of the instructions at the start put back what was taken just before.
fn same_store(operators: &[Operator<'_>]) -> Option<usize> {
    use Operator::{GlobalGet, GlobalSet, LocalGet, LocalSet};
    match operators {
        [GlobalGet { global_index: from }, LocalSet { local_index: to }, rest @ ..] => match &rest[dead_store(rest)..] {
            [LocalGet { local_index: back }, GlobalSet { global_index: target }, ..] if back == to && target == from => Some(2 + dead_store(rest)),
            _ => None,
        },
        _ => None,
    }
}

impl Reencode for Owner<'_> {
    type Error = std::convert::Infallible;

    fn global_index(&mut self, global: u32) -> Result<u32, Error<Self::Error>> {
        Ok(match self.globals[global as usize] {
            Place::Imported(index) => index,
            Place::Own(index) => self.imported + index,
        })
    }

    fn parse_import_section(&mut self, imports: &mut ImportSection, section: ImportSectionReader<'_>) -> Result<(), Error<Self::Error>> {
        for (position, import) in section.into_imports().enumerate() {
            let import = import?;
            if !self.own.iter().any(|(each, _)| *each == position) {
                self.parse_import(imports, import)?;
            }
        }
        Ok(())
    }

    fn intersperse_section_hook(&mut self, module: &mut Module, _after: Option<SectionId>, before: Option<SectionId>) -> Result<(), Error<Self::Error>> {
        if before == Some(SectionId::Export) && !self.own.is_empty() {
            let mut globals = GlobalSection::new();
            for _ in self.own {
                globals.global(GlobalType { val_type: ValType::I32, mutable: true, shared: false }, &ConstExpr::i32_const(MAY_LEAVE));
            }
            module.section(&globals);
        }
        Ok(())
    }

    fn parse_export_section(&mut self, exports: &mut ExportSection, section: ExportSectionReader<'_>) -> Result<(), Error<Self::Error>> {
        utils::parse_export_section(self, exports, section)?;
        for (index, (_, name)) in self.own.iter().enumerate() {
            exports.export(name, ExportKind::Global, self.imported + index as u32);
        }
        Ok(())
    }

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody<'_>) -> Result<(), Error<Self::Error>> {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        let operators = body.get_operators_reader()?.into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut at = 0;
        while at < operators.len() {
            let rest = &operators[at..];
            if let Some(stores) = same_store(rest) {
                // The value that was taken may be asked for again; what follows is not written.
                for operator in &rest[..2] {
                    function.instruction(&self.instruction(operator.clone())?);
                }
                at += stores + 2;
                continue;
            }
            at += dead_store(rest);
            function.instruction(&self.instruction(operators[at].clone())?);
            at += 1;
        }
        code.function(&function);
        Ok(())
    }
}

/// The adapter with globals of its own in place of the imports at the positions of `own`, in this order the last of its exports. Absent when it cannot be.
pub fn with_own_flags(adapter: &[u8], own: &[(usize, String)]) -> Option<Vec<u8>> {
    let (globals, imported) = places(adapter, own)?;
    let mut module = Module::new();
    Owner { own, globals, imported }.parse_core_module(&mut module, Parser::new(0), adapter).ok()?;
    Some(module.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADAPTER: &str = r#"(module
        (import "flags" "instance1" (global $a (mut i32)))
        (import "callee" "f" (func $f (param i32) (result i32)))
        (import "flags" "instance2" (global $b (mut i32)))
        (import "flags" "instance3" (global $c (mut i32)))
        (func (export "f") (param i32) (result i32) (local $saved i32) (local $kept i32)
          (block (br_if 0 (local.tee $kept (global.get $a))) unreachable)
          (local.set $saved (global.get $b))
          (global.set $b (i32.const 0))
          (global.set $b (local.get $saved))
          (call $f (local.get 0))
          (global.set $a (i32.const 0))
          (global.set $a (local.get $kept))
          (global.set $c (local.get $kept))))"#;

    fn rewritten(own: &[(usize, &str)]) -> Option<String> {
        let own: Vec<_> = own.iter().map(|(position, name)| (*position, (*name).to_owned())).collect();
        let adapter = with_own_flags(&wat::parse_str(ADAPTER).unwrap(), &own)?;
        wasmparser::Validator::new().validate_all(&adapter).unwrap();
        Some(wasmprinter::print_bytes(&adapter).unwrap())
    }

    #[test]
    fn adapter_owns_and_exports_flags_and_keeps_the_other_imports() {
        let text = rewritten(&[(0, "flags 1"), (2, "flags 2")]).unwrap();
        assert_eq!(text.matches("(import ").count(), 2, "{text}");
        assert!(text.contains("(import \"flags\" \"instance3\" (global $c"), "{text}");
        assert!(text.contains("(export \"flags 1\" (global $a))") && text.contains("(export \"flags 2\" (global $b))"), "{text}");
        assert_eq!(text.matches("(mut i32) i32.const 1").count(), 2, "{text}");
    }

    #[test]
    fn stores_that_are_overwritten_at_once_are_left_out() {
        let text = rewritten(&[(0, "flags 1"), (2, "flags 2")]).unwrap();
        // What was taken out of $b and put back is never written; of the two writes to $a the last stays.
        assert_eq!(text.matches("global.set $b").count(), 0, "{text}");
        assert_eq!(text.matches("global.set $a").count(), 1, "{text}");
        assert_eq!(text.matches("global.set $c").count(), 1, "{text}");
    }

    #[test]
    fn an_import_that_is_no_flag_or_a_name_that_is_taken_leaves_the_adapter_alone() {
        assert!(rewritten(&[(1, "flags 1")]).is_none());
        assert!(rewritten(&[(9, "flags 1")]).is_none());
        assert!(rewritten(&[(0, "f")]).is_none());
    }
}
