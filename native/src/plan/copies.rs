//! Adapters that copy ASCII by themselves.
//!
//! An adapter between two components that both keep UTF-8 calls the host for every string. Most strings are ASCII, for which checking and copying takes
//! less time than the call. So the adapter gets a function of its own for each such copy, which checks 16 bytes at a time while it copies them, and calls
//! the host only when it meets a byte that is not ASCII; the host then starts over.

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{BlockType, CodeSection, Function, FunctionSection, Instruction, MemArg, Module, ValType};
use wasmparser::{CodeSectionReader, FunctionSectionReader, Parser, Payload, TypeRef};

/// An imported copy: its index and type among functions and types, and the memories.
struct Copy {
    import: u32,
    ty: u32,
    from: u32,
    to: u32,
}

/// The memories in the name of a UTF-8 to UTF-8 transcoder: "utf8-to-utf8 (mem0 => mem1)".
fn memories_of(name: &str) -> Option<(u32, u32)> {
    let rest = name.strip_prefix("utf8-to-utf8 (mem")?.strip_suffix(')')?;
    let (from, to) = rest.split_once(" => mem")?;
    Some((from.parse().ok()?, to.parse().ok()?))
}

/// The copies that an adapter imports, all with 32-bit memories, and how many functions it has in all.
fn find_copies(adapter: &[u8]) -> Option<(Vec<Copy>, u32)> {
    let (mut copies, mut functions, mut types) = (Vec::new(), 0, Vec::new());
    for payload in Parser::new(0).parse_all(adapter) {
        match payload.ok()? {
            Payload::TypeSection(section) => {
                for ty in section.into_iter_err_on_gc_types() {
                    types.push(ty.ok()?);
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.ok()?;
                    let TypeRef::Func(ty) = import.ty else { continue };
                    let narrow = types.get(ty as usize)?.params() == [wasmparser::ValType::I32; 3];
                    if let (true, "transcode", Some((from, to))) = (narrow, import.module, memories_of(import.name)) {
                        copies.push(Copy { import: functions, ty, from, to });
                    }
                    functions += 1;
                }
            }
            Payload::FunctionSection(section) => functions += section.count(),
            _ => {}
        }
    }
    Some((copies, functions))
}

/// Parameters: source, bytes, target. Returns nothing, as the import does.
fn copy_function(copy: &Copy) -> Function {
    use Instruction::*;
    let from = |offset, align| MemArg { offset, align, memory_index: copy.from };
    let to = |offset, align| MemArg { offset, align, memory_index: copy.to };
    let (source, bytes, target, at, last, chunk, head, tail) = (0, 1, 2, 3, 4, 5, 6, 7);
    let mut f = Function::new([(2, ValType::I32), (1, ValType::V128), (2, ValType::I64)]);
    let mut emit = |instructions: &[Instruction]| {
        for each in instructions {
            f.instruction(each);
        }
    };
    // One chunk at `at`; leaves two blocks when it is not ASCII.
    let chunk_at = |slow: u32| {
        [
            LocalGet(source), LocalGet(at), I32Add, V128Load(from(0, 0)), LocalTee(chunk), I8x16Bitmask, BrIf(slow),
            LocalGet(target), LocalGet(at), I32Add, LocalGet(chunk), V128Store(to(0, 0)),
        ]
    };
    emit(&[Block(BlockType::Empty)]); // slow
    // 16 bytes and more: whole chunks, and one that ends with the text and may overlap the one before.
    emit(&[LocalGet(bytes), I32Const(16), I32GeU, If(BlockType::Empty), LocalGet(bytes), I32Const(16), I32Sub, LocalSet(last)]);
    emit(&[Block(BlockType::Empty), LocalGet(last), I32Eqz, BrIf(0), Loop(BlockType::Empty)]);
    emit(&chunk_at(3));
    emit(&[LocalGet(at), I32Const(16), I32Add, LocalTee(at), LocalGet(last), I32LtU, BrIf(0), End, End]);
    emit(&[LocalGet(last), LocalSet(at)]);
    emit(&chunk_at(1));
    emit(&[Return, End]);
    // 8 to 15, 4 to 7: the first and the last word.
    emit(&[LocalGet(source), LocalGet(bytes), I32Add, LocalSet(at), LocalGet(target), LocalGet(bytes), I32Add, LocalSet(last)]);
    emit(&[LocalGet(bytes), I32Const(8), I32GeU, If(BlockType::Empty)]);
    emit(&[LocalGet(source), I64Load(from(0, 0)), LocalTee(head), LocalGet(at), I32Const(8), I32Sub, I64Load(from(0, 0)), LocalTee(tail)]);
    emit(&[I64Or, I64Const(0x8080_8080_8080_8080_u64 as i64), I64And, I64Const(0), I64Ne, BrIf(1)]);
    emit(&[LocalGet(target), LocalGet(head), I64Store(to(0, 0)), LocalGet(last), I32Const(8), I32Sub, LocalGet(tail), I64Store(to(0, 0)), Return, End]);
    emit(&[LocalGet(bytes), I32Const(4), I32GeU, If(BlockType::Empty)]);
    emit(&[LocalGet(source), I64Load32U(from(0, 0)), LocalTee(head), LocalGet(at), I32Const(4), I32Sub, I64Load32U(from(0, 0)), LocalTee(tail)]);
    emit(&[I64Or, I64Const(0x8080_8080), I64And, I64Const(0), I64Ne, BrIf(1)]);
    emit(&[LocalGet(target), LocalGet(head), I64Store32(to(0, 0)), LocalGet(last), I32Const(4), I32Sub, LocalGet(tail), I64Store32(to(0, 0)), Return, End]);
    // Up to 3, from the end.
    emit(&[Block(BlockType::Empty), Loop(BlockType::Empty), LocalGet(bytes), I32Eqz, BrIf(1)]);
    emit(&[LocalGet(bytes), I32Const(1), I32Sub, LocalSet(bytes)]);
    emit(&[LocalGet(source), LocalGet(bytes), I32Add, I64Load8U(from(0, 0)), LocalTee(head), I64Const(0x80), I64GeU, If(BlockType::Empty)]);
    // What is left of a text that is not ASCII is one byte longer than `bytes`; the bytes behind it were ASCII and are copied.
    emit(&[LocalGet(source), LocalGet(bytes), I32Const(1), I32Add, LocalGet(target), Call(copy.import), Return, End]);
    emit(&[LocalGet(target), LocalGet(bytes), I32Add, LocalGet(head), I64Store8(to(0, 0)), Br(0), End, End, Return]);
    emit(&[End, LocalGet(source), LocalGet(bytes), LocalGet(target), Call(copy.import), End]);
    f
}

/// Adds the functions, and has the adapter's own call them.
struct Inliner {
    copies: Vec<Copy>,
    functions: u32,
}

impl Reencode for Inliner {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, func: u32) -> Result<u32, Error<Self::Error>> {
        let position = self.copies.iter().position(|copy| copy.import == func);
        Ok(position.map_or(func, |position| self.functions + position as u32))
    }

    fn parse_function_section(&mut self, functions: &mut FunctionSection, section: FunctionSectionReader<'_>) -> Result<(), Error<Self::Error>> {
        utils::parse_function_section(self, functions, section)?;
        for copy in &self.copies {
            functions.function(copy.ty);
        }
        Ok(())
    }

    fn parse_code_section(&mut self, code: &mut CodeSection, section: CodeSectionReader<'_>) -> Result<(), Error<Self::Error>> {
        utils::parse_code_section(self, code, section)?;
        for copy in &self.copies {
            code.function(&copy_function(copy));
        }
        Ok(())
    }
}

/// The adapter with copies of its own; absent when it copies no UTF-8.
pub fn with_inline_copies(adapter: &[u8]) -> Option<Vec<u8>> {
    let (copies, functions) = find_copies(adapter)?;
    if copies.is_empty() {
        return None;
    }
    let mut module = Module::new();
    Inliner { copies, functions }.parse_core_module(&mut module, Parser::new(0), adapter).ok()?;
    Some(module.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADAPTER: &str = r#"(module
        (import "a" "m" (memory 1))
        (import "b" "m" (memory 1))
        (import "transcode" "utf8-to-utf8 (mem0 => mem1)" (func $copy (param i32 i32 i32)))
        (import "transcode" "utf8-to-utf16 (mem0 => mem1)" (func $other (param i32 i32 i32) (result i32)))
        (func (export "f") (call $copy (i32.const 1) (i32.const 2) (i32.const 3)))
        (func (export "g") (drop (call $other (i32.const 1) (i32.const 2) (i32.const 3)))))"#;

    #[test]
    fn adapter_calls_its_own_copy_and_stays_valid() {
        let adapter = with_inline_copies(&wat::parse_str(ADAPTER).unwrap()).unwrap();
        wasmparser::Validator::new().validate_all(&adapter).unwrap();
        let text = wasmprinter::print_bytes(&adapter).unwrap();
        // The name goes with the calls: `$copy` is the adapter's own now, and only that calls the host's, from two places.
        assert_eq!(text.matches("call $copy").count(), 1, "{text}");
        assert_eq!(text.matches("call 0").count(), 2, "{text}");
    }

    #[test]
    fn adapter_without_utf8_copies_is_left_alone() {
        assert!(with_inline_copies(&wat::parse_str("(module (func))").unwrap()).is_none());
    }

    #[test]
    fn copies_of_wide_memories_are_left_alone() {
        let wide = ADAPTER.replace("(param i32 i32 i32)))\n", "(param i64 i64 i64)))\n").replace("(call $copy (i32.const 1) (i32.const 2) (i32.const 3))", "");
        assert!(with_inline_copies(&wat::parse_str(&wide).unwrap()).is_none());
    }
}
