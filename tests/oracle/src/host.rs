//! The host that every component of the oracle meets. What a function does follows from its name, so that both sides need no other description:
//! `echo…` gives its first parameter back, `fail…` fails, everything else only notes its arguments. The instance `host` has the resource `thing`.

use crate::values::of_val;
use serde_json::{Value as Json, json};
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, Linker, LinkerInstance, Resource, ResourceAny, ResourceType, Val};
use wasmtime::{Engine, Result, StoreContextMut, bail};

/// The host's resource; its representation is a number that the test chose.
pub struct Thing;

#[derive(Default)]
pub struct State {
    /// Every call of the host and every destructor, in order: `[name, arguments]`.
    pub journal: Vec<Json>,
    /// Handles of guests' resources that the host got.
    pub kept: Vec<ResourceAny>,
    /// Handles that were made to be lent to one call.
    pub lent: Vec<ResourceAny>,
}

fn answer(name: &str, mut cx: StoreContextMut<'_, State>, ty: ComponentFunc, arguments: &[Val], results: &mut [Val]) -> Result<()> {
    let mut arguments = arguments.to_vec();
    let mut noted = Vec::new();
    for (argument, (_, ty)) in arguments.iter_mut().zip(ty.params()) {
        noted.push(of_val(argument, &ty, &mut cx)?);
    }
    cx.data_mut().journal.push(json!([name, noted]));
    if name.starts_with("fail") {
        bail!("the host failed");
    }
    if name.starts_with("[constructor]") {
        let Some(Val::U32(representation)) = arguments.first() else { bail!("oracle: constructors take a u32") };
        results[0] = Val::Resource(ResourceAny::try_from_resource(Resource::<Thing>::new_own(*representation), &mut cx)?);
    } else if name.starts_with("[method]") {
        results[0] = Val::U32(noted[0]["borrow"].as_u64().unwrap_or_default() as u32);
    } else if let (Some(result), Some(argument)) = (results.first_mut(), arguments.into_iter().next()) {
        *result = argument;
    }
    Ok(())
}

fn define(linker: &mut LinkerInstance<'_, State>, items: Vec<(&str, ComponentItem)>, engine: &Engine) -> Result<()> {
    for (name, item) in items {
        match item {
            ComponentItem::ComponentFunc(_) => {
                let known = name.to_string();
                linker.func_new(name, move |cx, ty, arguments, results| answer(&known, cx, ty, arguments, results))?;
            }
            ComponentItem::Resource(_) => linker.resource(name, ResourceType::host::<Thing>(), |mut cx, representation| {
                cx.data_mut().journal.push(json!(["drop", [representation]]));
                Ok(())
            })?,
            ComponentItem::ComponentInstance(instance) => {
                define(&mut linker.instance(name)?, instance.exports(engine).map(|(name, item)| (name, item.ty)).collect(), engine)?;
            }
            ComponentItem::Type(_) => {}
            _ => bail!("oracle: import `{name}` is of a kind that is not compared"),
        }
    }
    Ok(())
}

/// A linker that provides whatever `component` imports.
pub fn linker(engine: &Engine, component: &Component) -> Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    let ty = component.component_type();
    define(&mut linker.root(), ty.imports(engine).map(|(name, item)| (name, item.ty)).collect(), engine)?;
    Ok(linker)
}
