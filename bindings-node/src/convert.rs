//! Between JavaScript's values and the core's.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use casier::{Error, ErrorKind};
use napi::bindgen_prelude::*;
use napi::{JsDate, JsString};

use crate::error::{Failure, Outcome};

/// A value of JavaScript's, for as long as the callback runs that it was made in.
pub(crate) type Js = Unknown<'static>;

/// The last millisecond, before and after 1970, that a `Date` can tell.
const LAST_MILLISECOND: f64 = 8.64e15;

pub(crate) fn is_a(value: &Unknown<'_>, kind: ValueType) -> napi::Result<bool> {
    Ok(value.get_type()? == kind)
}

/// Nothing given: undefined, or null.
pub(crate) fn is_absent(value: &Unknown<'_>) -> napi::Result<bool> {
    Ok(matches!(value.get_type()?, ValueType::Undefined | ValueType::Null))
}

pub(crate) fn must_be<T>(what: &str, expected: &str) -> Outcome<T> {
    Err(Failure::Miswritten(format!("{what} must be {expected}")))
}

/// Text from outside, such as a key out of a JSON body. JavaScript's strings may hold lone
/// surrogates, which no encoding takes: these are `invalid-request`.
pub(crate) fn text(value: Unknown<'_>, what: &str) -> Outcome<String> {
    if !is_a(&value, ValueType::String)? {
        return must_be(what, "a string");
    }
    let string = JsString::from_unknown(value)?;
    let text = string.into_utf8()?.into_owned()?;
    if !text.contains(char::REPLACEMENT_CHARACTER) {
        return Ok(text);
    }
    // V8 writes that for a lone surrogate, too.
    let units = string.into_utf16()?;
    let unpaired = |_| Error::new(ErrorKind::InvalidRequest, format!("{what} is not Unicode"));
    Ok(units.as_str().map_err(unpaired)?)
}

/// A text that may be left out.
pub(crate) fn text_if_given(value: Unknown<'_>, what: &str) -> Outcome<Option<String>> {
    if is_absent(&value)? { Ok(None) } else { text(value, what).map(Some) }
}

pub(crate) fn flag(value: Unknown<'_>, what: &str) -> Outcome<bool> {
    if !is_a(&value, ValueType::Boolean)? {
        return must_be(what, "true or false");
    }
    Ok(bool::from_unknown(value)?)
}

/// A whole number that the core holds to its range: one that no unsigned number can tell becomes
/// the nearest, so that it is refused there, with its code.
pub(crate) fn count(value: Unknown<'_>, what: &str) -> Outcome<u64> {
    match value.get_type()? {
        ValueType::BigInt => {
            let (negative, number, exact) = BigInt::from_unknown(value)?.get_u64();
            Ok(if exact {
                number
            } else if negative {
                0
            } else {
                u64::MAX
            })
        }
        ValueType::Number => match f64::from_unknown(value)? {
            number if number.fract() == 0.0 => Ok(to_u64(number)),
            _ => must_be(what, "a whole number"),
        },
        _ => must_be(what, "a whole number"),
    }
}

/// A number of bytes. 0 is in the core's range, so that a negative one must not become it.
pub(crate) fn bytes(value: Unknown<'_>, what: &str) -> Outcome<u64> {
    let negative = match value.get_type()? {
        ValueType::BigInt => BigInt::from_unknown(value)?.get_u64().0,
        ValueType::Number => f64::from_unknown(value)? < 0.0,
        _ => false,
    };
    if negative { must_be(what, "0 or more") } else { count(value, what) }
}

/// Several whole numbers; one that is too large for them becomes the nearest.
#[expect(clippy::cast_possible_truncation, reason = "the nearest is wanted")]
pub(crate) fn integers(value: Unknown<'_>, what: &str) -> Outcome<Vec<i64>> {
    if !value.is_array()? {
        return must_be(what, "an array of whole numbers");
    }
    let array = Array::from_unknown(value)?;
    let integer = |at| match number(array.get_element(at)?, &format!("an entry of {what}"))? {
        number if number.fract() == 0.0 => Ok(number as i64),
        _ => must_be(what, "an array of whole numbers"),
    };
    (0..array.len()).map(integer).collect()
}

pub(crate) fn number(value: Unknown<'_>, what: &str) -> Outcome<f64> {
    if !is_a(&value, ValueType::Number)? {
        return must_be(what, "a number");
    }
    Ok(f64::from_unknown(value)?)
}

/// How long something may take, in seconds. What is too long for any clock is no limit.
pub(crate) fn seconds(value: Unknown<'_>, what: &str) -> Outcome<Duration> {
    let seconds = number(value, what)?;
    if seconds.is_nan() {
        return must_be(what, "a number of seconds");
    }
    Ok(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the nearest is wanted"
)]
fn to_u64(number: f64) -> u64 {
    number as u64
}

/// JavaScript's numbers are exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "the nearest is wanted")]
pub(crate) fn to_f64(number: u64) -> f64 {
    number as f64
}

/// A `Date`, or the present where none is given.
pub(crate) fn time_or_now(value: Unknown<'_>, what: &str) -> Outcome<SystemTime> {
    if is_absent(&value)? { Ok(SystemTime::now()) } else { time(value, what) }
}

/// A `Date`.
pub(crate) fn time(value: Unknown<'_>, what: &str) -> Outcome<SystemTime> {
    if !value.is_date()? {
        return must_be(what, "a Date");
    }
    let milliseconds = JsDate::from_unknown(value)?.value_of()?;
    let Ok(distance) = Duration::try_from_secs_f64(milliseconds.abs() / 1000.0) else {
        return must_be(what, "a valid Date");
    };
    let time = match milliseconds < 0.0 {
        true => UNIX_EPOCH.checked_sub(distance),
        false => UNIX_EPOCH.checked_add(distance),
    };
    time.map_or_else(|| must_be(what, "a valid Date"), Ok)
}

/// A `Date`. A time that none can tell becomes the nearest.
pub(crate) fn date(env: &Env, time: SystemTime) -> napi::Result<Js> {
    Unknown::from_unknown(env.create_date(milliseconds(time))?.to_unknown())
}

/// What a `Date` is made of.
pub(crate) fn milliseconds(time: SystemTime) -> f64 {
    let milliseconds = match time.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_secs_f64() * 1000.0,
        Err(before) => before.duration().as_secs_f64() * -1000.0,
    };
    milliseconds.clamp(-LAST_MILLISECOND, LAST_MILLISECOND).trunc()
}

/// A copy of a JSON value. `JSON.parse` makes it, for which `__proto__` is a name like any other.
pub(crate) fn json(env: &Env, value: &impl serde::Serialize) -> napi::Result<Js> {
    let text = serde_json::to_string(value)
        .map_err(|error| napi::Error::from_reason(error.to_string()))?;
    let json: Object<'_> = env.get_global()?.get_named_property_unchecked("JSON")?;
    let parse: Function<'_, String, Js> = json.get_named_property_unchecked("parse")?;
    parse.call(text)
}

/// Several texts. A lone string is refused: its letters would be taken for them.
pub(crate) fn texts(value: Unknown<'_>, what: &str) -> Outcome<Vec<String>> {
    if !value.is_array()? {
        return must_be(what, "an array of strings");
    }
    let array = Array::from_unknown(value)?;
    (0..array.len())
        .map(|at| text(array.get_element(at)?, &format!("an entry of {what}")))
        .collect()
}

/// Pairs of texts, in their order.
pub(crate) fn pairs(value: Unknown<'_>, what: &str) -> Outcome<Vec<(String, String)>> {
    if !value.is_array()? {
        return must_be(what, "an array of pairs");
    }
    let array = Array::from_unknown(value)?;
    let pair = |at| match <[String; 2]>::try_from(texts(array.get_element(at)?, what)?) {
        Ok([name, value]) => Ok((name, value)),
        Err(_) => must_be(what, "an array of pairs"),
    };
    (0..array.len()).map(pair).collect()
}

/// An object of one of our classes.
pub(crate) fn class<'env, T: MaybeTypeTag>(
    value: Unknown<'env>,
    what: &str,
) -> Outcome<ClassInstance<'env, T>> {
    ClassInstance::from_unknown(value).or_else(|_| must_be(what, "an object of its class"))
}

/// Names and values of an object; a value that is undefined is left out.
pub(crate) fn members<'env>(
    value: Unknown<'env>,
    what: &str,
) -> Outcome<Vec<(String, Unknown<'env>)>> {
    if !is_a(&value, ValueType::Object)? || value.is_array()? {
        return must_be(what, "an object");
    }
    let object = Object::from_unknown(value)?;
    let mut members = Vec::new();
    for name in Object::keys(&object)? {
        let value: Unknown<'env> = object.get_named_property_unchecked(&name)?;
        if !is_a(&value, ValueType::Undefined)? {
            members.push((name, value));
        }
    }
    Ok(members)
}

/// `jwksUrl` is the core's `jwks_url`.
pub(crate) fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// Where a user's fields stand in the claims: one name, or several from outside in.
pub(crate) fn mapping(value: Unknown<'_>, what: &str) -> Outcome<BTreeMap<String, Vec<String>>> {
    let mut paths = BTreeMap::new();
    for (field, path) in members(value, what)? {
        if !is_absent(&path)? {
            let what = format!("{what}.{field}");
            let path =
                if path.is_array()? { texts(path, &what)? } else { vec![text(path, &what)?] };
            paths.insert(snake_case(&field), path);
        }
    }
    Ok(paths)
}

/// Names and values of user metadata, or of tags.
pub(crate) fn named_texts(value: Unknown<'_>, what: &str) -> Outcome<BTreeMap<String, String>> {
    let texts = members(value, what)?.into_iter().map(|(name, value)| {
        let value = text(value, &format!("{what}.{name}"))?;
        Ok((name, value))
    });
    texts.collect()
}

/// The headers of a request: a `Headers`, pairs, or an object such as Node's own
/// `request.headers`, whose values are strings or arrays of them.
pub(crate) fn headers(env: &Env, value: Unknown<'_>) -> Outcome<Vec<(String, String)>> {
    const EXPECTED: &str = "a Headers, an object or an array of pairs";
    if !is_a(&value, ValueType::Object)? {
        return must_be("headers", EXPECTED);
    }
    let object = Object::from_unknown(value)?;
    if !object.has_property_js(iterator(env)?)? {
        return listed_headers(value);
    }
    let array: Object<'_> = env.get_global()?.get_named_property_unchecked("Array")?;
    let from: Function<'_, Unknown<'_>, Unknown<'_>> =
        array.get_named_property_unchecked("from")?;
    pairs(from.apply(array, value)?, "headers")
}

fn listed_headers(value: Unknown<'_>) -> Outcome<Vec<(String, String)>> {
    let mut headers = Vec::new();
    for (name, value) in members(value, "headers")? {
        let what = format!("the header {name}");
        let values =
            if value.is_array()? { texts(value, &what)? } else { vec![text(value, &what)?] };
        headers.extend(values.into_iter().map(|value| (name.clone(), value)));
    }
    Ok(headers)
}

/// `Symbol.iterator`.
fn iterator(env: &Env) -> napi::Result<Unknown<'_>> {
    let symbol: Object<'_> = env.get_global()?.get_named_property_unchecked("Symbol")?;
    symbol.get_named_property_unchecked("iterator")
}

/// The bytes of a file, copied: the caller may change them while the call runs.
pub(crate) fn contents(value: Unknown<'_>, what: &str) -> Outcome<Bytes> {
    if value.is_arraybuffer()? {
        return Ok(Bytes::copy_from_slice(&ArrayBuffer::from_unknown(value)?));
    }
    match Uint8ArraySlice::from_unknown(value) {
        Ok(bytes) => Ok(Bytes::copy_from_slice(&bytes)),
        Err(_) => must_be(what, "a Uint8Array or an ArrayBuffer"),
    }
}

/// The 32 bytes of a SHA-256.
pub(crate) fn sha256(value: Unknown<'_>, what: &str) -> Outcome<[u8; 32]> {
    let bytes = Uint8ArraySlice::from_unknown(value).ok();
    match bytes.and_then(|bytes| <[u8; 32]>::try_from(&*bytes).ok()) {
        Some(digest) => Ok(digest),
        None => must_be(what, "a Uint8Array of 32 bytes"),
    }
}

/// A path on disk.
pub(crate) fn path(value: Unknown<'_>, what: &str) -> Outcome<PathBuf> {
    Ok(text(value, what)?.into())
}
