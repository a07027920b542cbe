//! Garbage-collected values cross no border here, as in Wasmtime 48: only functions without parameters and results may ask for them.

use wasmtime_environ::component::{CanonicalOptionsDataModel, ComponentTranslation, ComponentTypes, Export, OptionsIndex, Trampoline, TypeFuncIndex};

use crate::ffi::{ErrorKind, Failure};

/// `Unsupported` when a function that is lifted or lowered has such values.
pub fn check(translation: &ComponentTranslation, types: &ComponentTypes) -> Result<(), Failure> {
    let component = &translation.component;
    let crosses = |ty: TypeFuncIndex, options: OptionsIndex| {
        let ty = &types[ty];
        let is_empty = types[ty.params].types.is_empty() && types[ty.results].types.is_empty();
        matches!(component.options[options].data_model, CanonicalOptionsDataModel::Gc {}) && !is_empty
    };
    let exported = component.export_items.iter().any(|(_, item)| matches!(item, Export::LiftedFunction { ty, options, .. } if crosses(*ty, *options)));
    let imported = translation.trampolines.iter().any(|(_, item)| matches!(item, Trampoline::LowerImport { lower_ty, options, .. } if crosses(*lower_ty, *options)));
    if exported || imported {
        return Err(Failure::new(ErrorKind::Unsupported, "the translation holds canonical options for garbage-collected values".to_string()));
    }
    Ok(())
}
