//! How much work a component's text makes for the reader of the text format, beyond its size.
//!
//! The reader takes a type that is written where it is used (`(import "f" (func (param "a" u32)))`) for a definition before that place, and moves all
//! items behind it each time: work that grows with the square of a list's length. 20,000 such imports are 200 million moves, and half a second.

use ::wast::component::*;
use ::wast::{QuoteWat, Wast, WastDirective, WastExecute, Wat};

use crate::ffi::{ErrorKind, Failure};
use crate::limits;

/// `LimitExceeded` when reading the text would take too many moves.
pub(crate) fn check(text: &Wat<'_>) -> Result<(), Failure> {
    Count::default().text(text)
}

/// The same for all the texts of a script. Those that it quotes are read one by one and as short as a quotation is.
pub(crate) fn check_script(script: &Wast<'_>) -> Result<(), Failure> {
    let mut count = Count::default();
    script.directives.iter().try_for_each(|directive| count.directive(directive))
}

#[derive(Default)]
struct Count {
    moves: u64,
}

impl Count {
    fn directive(&mut self, directive: &WastDirective<'_>) -> Result<(), Failure> {
        match directive {
            WastDirective::Module(module)
            | WastDirective::ModuleDefinition(module)
            | WastDirective::AssertMalformed { module, .. }
            | WastDirective::AssertInvalid { module, .. } => match module {
                QuoteWat::Wat(text) => self.text(text),
                _ => Ok(()),
            },
            WastDirective::AssertUnlinkable { module, .. } => self.text(module),
            WastDirective::AssertTrap { exec: WastExecute::Wat(text), .. } => self.text(text),
            WastDirective::Thread(thread) => thread.directives.iter().try_for_each(|inner| self.directive(inner)),
            _ => Ok(()),
        }
    }

    fn text(&mut self, text: &Wat<'_>) -> Result<(), Failure> {
        match text {
            Wat::Component(Component { kind: ComponentKind::Text(fields), .. }) => self.fields(fields),
            _ => Ok(()),
        }
    }

    fn fields(&mut self, fields: &[ComponentField<'_>]) -> Result<(), Failure> {
        self.list(fields, |field| match field {
            ComponentField::Alias(_) | ComponentField::Custom(_) | ComponentField::Producers(_) | ComponentField::Start(_) | ComponentField::CoreRec(_) => false,
            ComponentField::CoreModule(module) => matches!(module.kind, CoreModuleKind::Import { .. }),
            ComponentField::CoreInstance(instance) => match &instance.kind {
                CoreInstanceKind::Instantiate { args, .. } => args.iter().any(|arg| matches!(arg.kind, CoreInstantiationArgKind::BundleOfExports(..))),
                CoreInstanceKind::BundleOfExports(_) => false,
            },
            ComponentField::Component(nested) => matches!(nested.kind, NestedComponentKind::Import { .. }),
            ComponentField::Type(ty) => defines_more(ty),
            ComponentField::CanonicalFunc(func) => match &func.kind {
                CanonicalFuncKind::Lift { ty, .. } => matches!(ty, ComponentTypeUse::Inline(_)),
                CanonicalFuncKind::Core(_) => false,
            },
            ComponentField::Import(import) => is_in_place(&import.item),
            ComponentField::Export(export) => export.ty.as_ref().is_some_and(|ty| is_in_place(&ty.0)),
            _ => true,
        })?;
        for field in fields {
            match field {
                ComponentField::Component(NestedComponent { kind: NestedComponentKind::Inline(fields), .. }) => self.fields(fields)?,
                ComponentField::Type(ty) => self.definition(&ty.def)?,
                ComponentField::Import(import) => self.item(&import.item)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn definition(&mut self, definition: &TypeDef<'_>) -> Result<(), Failure> {
        match definition {
            TypeDef::Component(ty) => self.component(ty),
            TypeDef::Instance(ty) => self.instance(ty),
            _ => Ok(()),
        }
    }

    fn item(&mut self, item: &ItemSig<'_>) -> Result<(), Failure> {
        match &item.kind {
            ItemSigKind::Component(ComponentTypeUse::Inline(ty)) => self.component(ty),
            ItemSigKind::Instance(ComponentTypeUse::Inline(ty)) => self.instance(ty),
            _ => Ok(()),
        }
    }

    fn component(&mut self, ty: &ComponentType<'_>) -> Result<(), Failure> {
        self.list(&ty.decls, |decl| match decl {
            ComponentTypeDecl::CoreType(_) | ComponentTypeDecl::Alias(_) => false,
            ComponentTypeDecl::Type(ty) => defines_more(ty),
            ComponentTypeDecl::Import(import) => is_in_place(&import.item),
            ComponentTypeDecl::Export(export) => is_in_place(&export.item),
        })?;
        ty.decls.iter().try_for_each(|decl| match decl {
            ComponentTypeDecl::Type(ty) => self.definition(&ty.def),
            ComponentTypeDecl::Import(import) => self.item(&import.item),
            ComponentTypeDecl::Export(export) => self.item(&export.item),
            _ => Ok(()),
        })
    }

    fn instance(&mut self, ty: &InstanceType<'_>) -> Result<(), Failure> {
        self.list(&ty.decls, |decl| match decl {
            InstanceTypeDecl::CoreType(_) | InstanceTypeDecl::Alias(_) => false,
            InstanceTypeDecl::Type(ty) => defines_more(ty),
            InstanceTypeDecl::Export(export) => is_in_place(&export.item),
        })?;
        ty.decls.iter().try_for_each(|decl| match decl {
            InstanceTypeDecl::Type(ty) => self.definition(&ty.def),
            InstanceTypeDecl::Export(export) => self.item(&export.item),
            _ => Ok(()),
        })
    }

    /// One list, in which each of the items that `expands` moves what is behind it.
    fn list<T>(&mut self, items: &[T], expands: impl Fn(&T) -> bool) -> Result<(), Failure> {
        for (i, _) in items.iter().enumerate().filter(|(_, item)| expands(item)) {
            self.moves += (items.len() - i) as u64;
        }
        if self.moves > limits::TEXT_MOVES_MAX {
            let text = format!(
                "the text has too many definitions that are written where they are used, in one list of {}: give them names, or give the component as binary",
                items.len()
            );
            return Err(Failure::new(ErrorKind::LimitExceeded, text));
        }
        Ok(())
    }
}

fn is_in_place(item: &ItemSig<'_>) -> bool {
    match &item.kind {
        ItemSigKind::CoreModule(ty) => matches!(ty, CoreTypeUse::Inline(_)),
        ItemSigKind::Func(ty) => matches!(ty, ComponentTypeUse::Inline(_)),
        ItemSigKind::Component(ty) => matches!(ty, ComponentTypeUse::Inline(_)),
        ItemSigKind::Instance(ty) => matches!(ty, ComponentTypeUse::Inline(_)),
        ItemSigKind::Value(_) => true,
        ItemSigKind::Type(_) => false,
    }
}

/// Whether types are written inside of the type, which become definitions of their own.
fn defines_more(ty: &Type<'_>) -> bool {
    let is_more = |value: &ComponentValType<'_>| !matches!(value, ComponentValType::Ref(_) | ComponentValType::Inline(ComponentDefinedType::Primitive(_)));
    match &ty.def {
        TypeDef::Func(func) => func.params.iter().any(|param| is_more(&param.ty)) || func.result.as_ref().is_some_and(is_more),
        TypeDef::Defined(defined) => match defined {
            ComponentDefinedType::Primitive(_) | ComponentDefinedType::Flags(_) | ComponentDefinedType::Enum(_) => false,
            ComponentDefinedType::Own(_) | ComponentDefinedType::Borrow(_) => false,
            ComponentDefinedType::Record(record) => record.fields.iter().any(|field| is_more(&field.ty)),
            ComponentDefinedType::List(list) => is_more(&list.element),
            ComponentDefinedType::Option(option) => is_more(&option.element),
            _ => true,
        },
        TypeDef::Component(_) | TypeDef::Instance(_) | TypeDef::Resource(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::ffi::{ErrorKind, on_large_stack};
    use crate::wit_text::to_binary;

    fn read(text: &str) -> Result<(), ErrorKind> {
        on_large_stack(|| to_binary(text.as_bytes(), "big.wat").map(|_| ())).map_err(|failure| failure.kind)
    }

    fn repeated(count: usize, before: &str, item: impl Fn(usize) -> String, after: &str) -> String {
        format!("{before}{}{after}", (0..count).map(item).collect::<String>())
    }

    #[test]
    fn twenty_thousand_imports_are_read() {
        assert_eq!(read(&repeated(20_000, "(component ", |i| format!("(import \"f{i}\" (func (param \"a\" u32)))"), ")")), Ok(()));
    }

    #[test]
    fn more_are_refused_when_each_defines_its_type_in_place() {
        let item = |i| format!("(import \"f{i}\" (func (param \"a\" u32)))");
        assert_eq!(read(&repeated(100_000, "(component ", item, ")")), Err(ErrorKind::LimitExceeded));
        assert_eq!(read(&repeated(100_000, "(component (component ", item, "))")), Err(ErrorKind::LimitExceeded));
        let item = |i| format!("(export \"f{i}\" (func (param \"a\" u32)))");
        assert_eq!(read(&repeated(100_000, "(component (import \"i\" (instance ", item, ")))")), Err(ErrorKind::LimitExceeded));
        assert_eq!(read(&repeated(100_000, "(component (type (instance ", item, ")))")), Err(ErrorKind::LimitExceeded));
        assert_eq!(read(&repeated(100_000, "(component (type (component ", item, ")))")), Err(ErrorKind::LimitExceeded));
        assert_eq!(read(&repeated(100_000, "(component ", |_| "(type (list (list u8)))".to_string(), ")")), Err(ErrorKind::LimitExceeded));
        // Many lists add up.
        let item = |i| format!("(export \"f{i}\" (func (param \"a\" u32)))");
        let list = repeated(10_000, "(type (instance ", item, "))");
        assert_eq!(read(&format!("(component {})", list.repeat(30))), Err(ErrorKind::LimitExceeded));
    }

    #[test]
    fn any_number_is_read_when_their_types_have_names() {
        assert_eq!(read(&repeated(200_000, "(component (type $t (func (param \"a\" u32)))", |i| format!("(import \"f{i}\" (func (type $t)))"), ")")), Ok(()));
        assert_eq!(read(&repeated(200_000, "(component ", |_| "(type (list u8))".to_string(), ")")), Ok(()));
    }
}
