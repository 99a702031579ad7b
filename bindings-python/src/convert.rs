//! Between Python's values and the core's, under the types that the stubs show.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use casier::{Error, ErrorKind, storage};
use pyo3::exceptions::{PyTypeError, PyUnicodeEncodeError, PyValueError};
use pyo3::inspect::{PyStaticConstant, PyStaticExpr};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBool, PyBytes, PyDateTime, PyDict, PyInt, PyList, PyMapping, PyString};
use pyo3::{
    IntoPyObjectExt, PyTypeInfo, type_hint_identifier, type_hint_subscript, type_hint_union,
};
use serde_json::{Map, Value};

use crate::error::exception;

const STR: PyStaticExpr = type_hint_identifier!("builtins", "str");
const BYTES: PyStaticExpr = type_hint_identifier!("builtins", "bytes");
const ANY: PyStaticExpr = type_hint_identifier!("typing", "Any");
const STR_PAIRS: PyStaticExpr =
    type_hint_subscript!(type_hint_identifier!("collections.abc", "Mapping"), STR, STR);
const STR_SEQUENCE: PyStaticExpr =
    type_hint_subscript!(type_hint_identifier!("collections.abc", "Sequence"), STR);

/// Text from outside, such as a key out of a JSON body. Python's strings may hold lone surrogates,
/// which no encoding takes: these are `invalid-request`.
pub(crate) struct Text(pub(crate) String);

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl FromPyObject<'_, '_> for Text {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = STR;

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        value.extract::<TextRef<'_>>().map(|text| Self(text.0.to_owned()))
    }
}

/// A [`Text`] where Python keeps it, for the length of a call.
pub(crate) struct TextRef<'a>(pub(crate) &'a str);

impl<'a> FromPyObject<'a, '_> for TextRef<'a> {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = STR;

    fn extract(value: Borrowed<'a, '_, PyAny>) -> PyResult<Self> {
        let py = value.py();
        let text = value.extract::<&str>();
        text.map(Self).map_err(|error| match error.is_instance_of::<PyUnicodeEncodeError>(py) {
            true => exception(py, &Error::new(ErrorKind::InvalidRequest, "a text is not Unicode")),
            false => error,
        })
    }
}

/// The last second that a `datetime` can tell.
const LAST_SECOND: Duration = Duration::from_secs(253_402_300_799);

/// A time, as an aware `datetime` in UTC. One that no `datetime` can tell becomes the nearest.
pub(crate) struct Time(pub(crate) SystemTime);

impl<'py> IntoPyObject<'py> for Time {
    type Target = PyDateTime;
    type Output = Bound<'py, PyDateTime>;
    type Error = PyErr;

    const OUTPUT_TYPE: PyStaticExpr = PyDateTime::TYPE_HINT;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let since = self.0.duration_since(UNIX_EPOCH).unwrap_or_default();
        (UNIX_EPOCH + since.min(LAST_SECOND)).into_pyobject(py)
    }
}

impl FromPyObject<'_, '_> for Time {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = PyDateTime::TYPE_HINT;

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let time = value.cast::<PyDateTime>()?;
        if time.getattr("tzinfo")?.is_none() {
            return Err(PyTypeError::new_err(
                "expected an aware datetime, such as datetime.now(timezone.utc)",
            ));
        }
        time.extract().map(Self)
    }
}

/// The present, where the caller names no other time.
pub(crate) fn or_now(time: Option<Time>) -> SystemTime {
    time.map_or_else(SystemTime::now, |Time(time)| time)
}

/// Any JSON value.
pub(crate) struct Json<'a>(pub(crate) &'a Value);

impl<'py> IntoPyObject<'py> for Json<'_> {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    const OUTPUT_TYPE: PyStaticExpr = ANY;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        Ok(match self.0 {
            Value::Null => py.None().into_bound(py),
            Value::Bool(value) => PyBool::new(py, *value).to_owned().into_any(),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(number), _) => number.into_pyobject(py)?.into_any(),
                (None, Some(number)) => number.into_pyobject(py)?.into_any(),
                (None, None) => number.as_f64().into_pyobject(py)?,
            },
            Value::String(text) => PyString::new(py, text).into_any(),
            Value::Array(values) => {
                let values: Vec<_> = values
                    .iter()
                    .map(|value| Json(value).into_pyobject(py))
                    .collect::<PyResult<_>>()?;
                PyList::new(py, values)?.into_any()
            }
            Value::Object(fields) => JsonObject(fields).into_pyobject(py)?.into_any(),
        })
    }
}

/// A JSON object.
pub(crate) struct JsonObject<'a>(pub(crate) &'a Map<String, Value>);

impl<'py> IntoPyObject<'py> for JsonObject<'_> {
    type Target = PyDict;
    type Output = Bound<'py, PyDict>;
    type Error = PyErr;

    const OUTPUT_TYPE: PyStaticExpr = type_hint_subscript!(PyDict::TYPE_HINT, STR, ANY);

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let dict = PyDict::new(py);
        for (name, value) in self.0 {
            dict.set_item(name, Json(value))?;
        }
        Ok(dict)
    }
}

/// A JSON value, given as JSON text.
pub(crate) struct JsonText(pub(crate) Value);

impl FromPyObject<'_, '_> for JsonText {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = STR;

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let text = value.extract::<Text>()?;
        let parsed = serde_json::from_str(&text);
        parsed.map(Self).map_err(|error| PyValueError::new_err(format!("no JSON: {error}")))
    }
}

/// Several strings. A lone string is refused: its letters would be taken for them.
#[derive(Default)]
pub(crate) struct Strings(pub(crate) Vec<String>);

impl FromPyObject<'_, '_> for Strings {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = STR_SEQUENCE;

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        if value.is_instance_of::<PyString>() {
            return Err(PyTypeError::new_err("expected a sequence of strings, got a string"));
        }
        let texts = value.try_iter()?.map(|entry| Ok(entry?.extract::<Text>()?.0));
        texts.collect::<PyResult<_>>().map(Self)
    }
}

/// A number that has to be within a range that the core checks: one that no unsigned number can
/// tell becomes the nearest, so that it is refused there, with its code.
#[derive(Clone, Copy)]
pub(crate) struct Count(u64);

impl Count {
    pub(crate) fn to_u64(self) -> u64 {
        self.0
    }

    pub(crate) fn to_u32(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }
}

impl FromPyObject<'_, '_> for Count {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = PyInt::TYPE_HINT;

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let number = value.cast::<PyInt>()?;
        match number.extract() {
            Ok(number) => Ok(Self(number)),
            Err(_) if number.lt(0)? => Ok(Self(0)),
            Err(_) => Ok(Self(u64::MAX)),
        }
    }
}

/// A number of bytes, or the offset of one. Below 0 it is a `ValueError`: it would otherwise be taken
/// for 0, which is an answer.
#[derive(Clone, Copy)]
pub(crate) struct ByteCount(pub(crate) u64);

impl FromPyObject<'_, '_> for ByteCount {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = PyInt::TYPE_HINT;

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        if value.cast::<PyInt>()?.lt(0)? {
            return Err(PyValueError::new_err("a number of bytes is not negative"));
        }
        value.extract::<Count>().map(|count| Self(count.0))
    }
}

/// A SHA-256: 32 bytes, as `hashlib` digests them.
pub(crate) struct Sha256(pub(crate) [u8; 32]);

impl FromPyObject<'_, '_> for Sha256 {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = BYTES;

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let digest = value.cast::<PyBytes>()?.as_bytes().try_into();
        digest.map(Self).map_err(|_| PyValueError::new_err("a SHA-256 has 32 bytes"))
    }
}

/// What temporary credentials may do, by its name.
pub(crate) struct Access(pub(crate) storage::Access);

impl FromPyObject<'_, '_> for Access {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_subscript!(
        type_hint_identifier!("typing", "Literal"),
        PyStaticExpr::Constant { value: PyStaticConstant::Str(storage::Access::Read.name()) },
        PyStaticExpr::Constant { value: PyStaticConstant::Str(storage::Access::ReadWrite.name()) }
    );

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let unknown = || {
            let why = "access is `read` or `read-write`";
            exception(value.py(), &Error::new(ErrorKind::InvalidRequest, why))
        };
        let access = storage::Access::from_name(value.extract::<TextRef<'_>>()?.0);
        access.map(Self).ok_or_else(unknown)
    }
}

/// The headers of a request: a mapping, or pairs where a name may come more than once. Names and
/// values may be bytes, as ASGI has them.
pub(crate) struct Headers(pub(crate) Vec<(String, String)>);

impl FromPyObject<'_, '_> for Headers {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_union!(
        STR_PAIRS,
        type_hint_subscript!(
            type_hint_identifier!("collections.abc", "Iterable"),
            type_hint_subscript!(
                type_hint_identifier!("builtins", "tuple"),
                type_hint_union!(STR, BYTES),
                type_hint_union!(STR, BYTES)
            )
        )
    );

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let pairs = match value.getattr_opt("items")? {
            Some(items) => items.call0()?,
            None => value.to_owned(),
        };
        let mut headers = Vec::new();
        for pair in pairs.try_iter()? {
            let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair?.extract()?;
            headers.push((header_text(&name)?, header_text(&value)?));
        }
        Ok(Self(headers))
    }
}

/// HTTP's own character set, as WSGI decodes it too (PEP 3333).
fn header_text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    match value.extract::<PyBackedBytes>() {
        Ok(bytes) => Ok(bytes.iter().copied().map(char::from).collect()),
        Err(_) => Ok(value.extract::<Text>()?.0),
    }
}

/// Names and values of user metadata.
#[derive(Default)]
pub(crate) struct Metadata(pub(crate) BTreeMap<String, String>);

impl FromPyObject<'_, '_> for Metadata {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = STR_PAIRS;

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let items = value.cast::<PyMapping>()?.items()?;
        let texts = items.iter().map(|pair| {
            let (name, value): (Text, Text) = pair.extract()?;
            Ok((name.0, value.0))
        });
        texts.collect::<PyResult<_>>().map(Self)
    }
}

/// Where a user's fields stand in the claims: by the field's name one name, or several from outside
/// in.
#[derive(Default)]
pub(crate) struct ClaimPaths(pub(crate) BTreeMap<String, Vec<String>>);

impl FromPyObject<'_, '_> for ClaimPaths {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_subscript!(
        type_hint_identifier!("collections.abc", "Mapping"),
        STR,
        type_hint_union!(STR, STR_SEQUENCE)
    );

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let items = value.cast::<PyMapping>()?.items()?;
        let paths = items.iter().map(|pair| {
            let (field, path): (Text, Bound<'_, PyAny>) = pair.extract()?;
            let path = match path.is_instance_of::<PyString>() {
                true => vec![path.extract::<Text>()?.0],
                false => path.extract::<Strings>()?.0,
            };
            Ok((field.0, path))
        });
        paths.collect::<PyResult<_>>().map(Self)
    }
}

/// The value of a setting: text as it stands, a number, `True` or `False`, a path, or several
/// strings, which the environment would separate by commas.
pub(crate) struct SettingText(pub(crate) String);

impl FromPyObject<'_, '_> for SettingText {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        if let Ok(flag) = value.cast::<PyBool>() {
            return Ok(Self(flag.is_true().to_string()));
        }
        if value.is_instance_of::<PyString>() || value.is_instance_of::<PyInt>() {
            return Ok(Self(value.str()?.extract::<Text>()?.0));
        }
        if let Ok(path) = value.extract::<PathBuf>() {
            let path = path.into_os_string().into_string();
            return path.map(Self).map_err(|_| PyTypeError::new_err("the path is not UTF-8"));
        }
        Ok(Self(value.extract::<Strings>()?.0.join(",")))
    }
}

/// A value as Python would write it, for a `repr`.
pub(crate) fn repr<'py>(py: Python<'py>, value: impl IntoPyObject<'py>) -> PyResult<String> {
    let value = value.into_bound_py_any(py)?;
    Ok(value.repr()?.to_string())
}
