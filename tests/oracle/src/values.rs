//! Between `Val` and the neutral form of values in the protocol, which is positional: a record or tuple is an array, a variant, option or result is
//! `[case]` or `[case, payload]`, an enum its number, flags an array of 32-bit words, floating-point numbers are their bits, a char is its number,
//! a map is an array of pairs. A handle of the host's resource is `{"own": representation}` or `{"borrow": representation}`; a handle of a guest's is
//! `{"kept": number}`, the number in the order of appearance. All NaN are one NaN in results.

use crate::host::{State, Thing};
use serde_json::{Value as Json, json};
use wasmtime::component::{Resource, ResourceAny, ResourceType, Type, Val};
use wasmtime::{Result, StoreContextMut, format_err};

fn array(json: &Json) -> Result<&Vec<Json>> {
    json.as_array().ok_or_else(|| format_err!("oracle: expected an array, got {json}"))
}

fn unsigned(json: &Json) -> Result<u64> {
    json.as_u64().ok_or_else(|| format_err!("oracle: expected an unsigned number, got {json}"))
}

fn signed(json: &Json) -> Result<i64> {
    json.as_i64().ok_or_else(|| format_err!("oracle: expected a number, got {json}"))
}

fn all<'a>(items: impl Iterator<Item = (&'a Json, Type)>, cx: &mut StoreContextMut<'_, State>) -> Result<Vec<Val>> {
    items.map(|(item, ty)| to_val(item, &ty, cx)).collect()
}

fn payload(parts: &[Json], ty: Option<Type>, cx: &mut StoreContextMut<'_, State>) -> Result<Option<Box<Val>>> {
    ty.map(|ty| to_val(&parts[1], &ty, cx).map(Box::new)).transpose()
}

fn to_resource(json: &Json, cx: &mut StoreContextMut<'_, State>) -> Result<Val> {
    if let Some(number) = json.get("kept") {
        let kept = cx.data().kept.get(unsigned(number)? as usize);
        return Ok(Val::Resource(*kept.ok_or_else(|| format_err!("oracle: no such kept handle"))?));
    }
    let (name, is_borrow) = if json.get("own").is_some() { ("own", false) } else { ("borrow", true) };
    let any = ResourceAny::try_from_resource(Resource::<Thing>::new_own(unsigned(&json[name])? as u32), &mut *cx)?;
    if is_borrow {
        cx.data_mut().lent.push(any);
    }
    Ok(Val::Resource(any))
}

/// The value that `json` says, of type `ty`.
pub fn to_val(json: &Json, ty: &Type, cx: &mut StoreContextMut<'_, State>) -> Result<Val> {
    Ok(match ty {
        Type::Bool => Val::Bool(json.as_bool().ok_or_else(|| format_err!("oracle: expected a bool"))?),
        Type::S8 => Val::S8(signed(json)? as i8),
        Type::U8 => Val::U8(unsigned(json)? as u8),
        Type::S16 => Val::S16(signed(json)? as i16),
        Type::U16 => Val::U16(unsigned(json)? as u16),
        Type::S32 => Val::S32(signed(json)? as i32),
        Type::U32 => Val::U32(unsigned(json)? as u32),
        Type::S64 => Val::S64(signed(json)?),
        Type::U64 => Val::U64(unsigned(json)?),
        Type::Float32 => Val::Float32(f32::from_bits(unsigned(json)? as u32)),
        Type::Float64 => Val::Float64(f64::from_bits(unsigned(json)?)),
        Type::Char => Val::Char(char::from_u32(unsigned(json)? as u32).ok_or_else(|| format_err!("oracle: no char"))?),
        Type::String => Val::String(json.as_str().ok_or_else(|| format_err!("oracle: expected text"))?.into()),
        Type::List(list) => Val::List(all(array(json)?.iter().map(|item| (item, list.ty())), cx)?),
        Type::FixedLengthList(list) => Val::FixedLengthList(all(array(json)?.iter().map(|item| (item, list.ty())), cx)?),
        Type::Map(map) => {
            let entry = |item: &Json, cx: &mut StoreContextMut<'_, State>| Ok((to_val(&item[0], &map.key(), cx)?, to_val(&item[1], &map.value(), cx)?));
            Val::Map(array(json)?.iter().map(|item| entry(item, cx)).collect::<Result<_>>()?)
        }
        Type::Record(record) => {
            let fields: Vec<_> = record.fields().collect();
            let values = all(array(json)?.iter().zip(fields.iter().map(|f| f.ty.clone())), cx)?;
            Val::Record(fields.iter().map(|f| f.name.to_string()).zip(values).collect())
        }
        Type::Tuple(tuple) => Val::Tuple(all(array(json)?.iter().zip(tuple.types()), cx)?),
        Type::Variant(variant) => {
            let parts = array(json)?;
            let case = variant.cases().nth(unsigned(&parts[0])? as usize).ok_or_else(|| format_err!("oracle: no such case"))?;
            Val::Variant(case.name.into(), payload(parts, case.ty, cx)?)
        }
        Type::Enum(names) => {
            let name = names.names().nth(unsigned(json)? as usize);
            Val::Enum(name.ok_or_else(|| format_err!("oracle: no such case"))?.into())
        }
        Type::Option(option) => {
            let parts = array(json)?;
            let is_some = unsigned(&parts[0])? == 1;
            Val::Option(payload(parts, is_some.then(|| option.ty()), cx)?)
        }
        Type::Result(result) => {
            let parts = array(json)?;
            Val::Result(match unsigned(&parts[0])? {
                0 => Ok(payload(parts, result.ok(), cx)?),
                _ => Err(payload(parts, result.err(), cx)?),
            })
        }
        Type::Flags(flags) => {
            let words = array(json)?;
            let is_set = |i: usize| words.get(i / 32).and_then(Json::as_u64).is_some_and(|word| word >> (i % 32) & 1 == 1);
            Val::Flags(flags.names().enumerate().filter(|(i, _)| is_set(*i)).map(|(_, name)| name.into()).collect())
        }
        Type::Own(_) | Type::Borrow(_) => to_resource(json, cx)?,
        other => return Err(format_err!("oracle: values of type {other:?} are not compared")),
    })
}

fn of_resource(any: &mut ResourceAny, cx: &mut StoreContextMut<'_, State>) -> Result<Json> {
    if any.ty() != ResourceType::host::<Thing>() {
        cx.data_mut().kept.push(*any);
        return Ok(json!({"kept": cx.data().kept.len() - 1}));
    }
    let is_owned = any.owned();
    let representation = any.try_into_resource::<Thing>(&mut *cx)?.rep();
    if !is_owned {
        return Ok(json!({"borrow": representation}));
    }
    // Looking at the representation took the handle; what goes on is a new one.
    *any = ResourceAny::try_from_resource(Resource::<Thing>::new_own(representation), cx)?;
    Ok(json!({"own": representation}))
}

fn case(index: usize, value: Option<&mut Box<Val>>, ty: Option<Type>, cx: &mut StoreContextMut<'_, State>) -> Result<Json> {
    Ok(match (value, ty) {
        (Some(value), Some(ty)) => json!([index, of_val(value, &ty, cx)?]),
        _ => json!([index]),
    })
}

fn list<'a>(items: impl Iterator<Item = (&'a mut Val, Type)>, cx: &mut StoreContextMut<'_, State>) -> Result<Json> {
    Ok(Json::Array(items.map(|(item, ty)| of_val(item, &ty, cx)).collect::<Result<_>>()?))
}

/// What `val` is in the protocol. Handles in it are replaced by ones that can be passed on.
pub fn of_val(val: &mut Val, ty: &Type, cx: &mut StoreContextMut<'_, State>) -> Result<Json> {
    Ok(match (val, ty) {
        (Val::Bool(x), _) => json!(*x),
        (Val::S8(x), _) => json!(*x),
        (Val::U8(x), _) => json!(*x),
        (Val::S16(x), _) => json!(*x),
        (Val::U16(x), _) => json!(*x),
        (Val::S32(x), _) => json!(*x),
        (Val::U32(x), _) => json!(*x),
        (Val::S64(x), _) => json!(*x),
        (Val::U64(x), _) => json!(*x),
        (Val::Float32(x), _) => json!(if x.is_nan() { 0x7fc0_0000 } else { x.to_bits() }),
        (Val::Float64(x), _) => json!(if x.is_nan() { 0x7ff8_0000_0000_0000 } else { x.to_bits() }),
        (Val::Char(x), _) => json!(*x as u32),
        (Val::String(x), _) => json!(x),
        (Val::List(items), Type::List(ty)) => list(items.iter_mut().map(|item| (item, ty.ty())), cx)?,
        (Val::FixedLengthList(items), Type::FixedLengthList(ty)) => list(items.iter_mut().map(|item| (item, ty.ty())), cx)?,
        (Val::Map(entries), Type::Map(ty)) => {
            let mut pairs = Vec::new();
            for (key, value) in entries {
                pairs.push(json!([of_val(key, &ty.key(), cx)?, of_val(value, &ty.value(), cx)?]));
            }
            Json::Array(pairs)
        }
        (Val::Record(fields), Type::Record(ty)) => list(fields.iter_mut().map(|(_, value)| value).zip(ty.fields().map(|f| f.ty)), cx)?,
        (Val::Tuple(items), Type::Tuple(ty)) => list(items.iter_mut().zip(ty.types()), cx)?,
        (Val::Variant(name, value), Type::Variant(ty)) => {
            let found = ty.cases().enumerate().find(|(_, case)| case.name == name);
            let (index, found) = found.ok_or_else(|| format_err!("oracle: no such case"))?;
            case(index, value.as_mut(), found.ty, cx)?
        }
        (Val::Enum(name), Type::Enum(ty)) => json!(ty.names().position(|n| n == name)),
        (Val::Option(value), Type::Option(ty)) => case(usize::from(value.is_some()), value.as_mut(), Some(ty.ty()), cx)?,
        (Val::Result(Ok(value)), Type::Result(ty)) => case(0, value.as_mut(), ty.ok(), cx)?,
        (Val::Result(Err(value)), Type::Result(ty)) => case(1, value.as_mut(), ty.err(), cx)?,
        (Val::Flags(set), Type::Flags(ty)) => {
            let mut words = vec![0u32; ty.names().len().div_ceil(32)];
            for (i, name) in ty.names().enumerate() {
                words[i / 32] |= u32::from(set.iter().any(|s| s == name)) << (i % 32);
            }
            json!(words)
        }
        (Val::Resource(any), _) => of_resource(any, cx)?,
        (val, ty) => return Err(format_err!("oracle: {val:?} is not of type {ty:?}")),
    })
}
