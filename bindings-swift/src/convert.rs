//! Between Swift's values and the core's. `uniffi.toml` names the Swift types.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use casier::{Error, ErrorKind};
use serde_json::{Map, Value};
use url::Url;

use crate::error::{CasierError, Result};

/// A time: `Date` in Swift, which holds seconds as a `Double` and may be infinite.
pub(crate) struct Time(pub(crate) SystemTime);

uniffi::custom_type!(Time, f64, {
    lower: |time| match time.0.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    },
    try_lift: |seconds| {
        let distance = Duration::try_from_secs_f64(seconds.abs()).ok();
        let time = distance.and_then(|distance| match seconds < 0.0 {
            true => UNIX_EPOCH.checked_sub(distance),
            false => UNIX_EPOCH.checked_add(distance),
        });
        Ok(Time(time.ok_or_else(|| invalid("the date is out of range"))?))
    },
});

/// The present, where the caller names no other time.
pub(crate) fn or_now(time: Option<Time>) -> SystemTime {
    time.map_or_else(SystemTime::now, |Time(time)| time)
}

/// A local file: `URL` in Swift, which may name anything.
pub(crate) struct FileUrl(pub(crate) PathBuf);

uniffi::custom_type!(FileUrl, String, {
    lower: |url| url.0.to_string_lossy().into_owned(),
    try_lift: |text| {
        let url = Url::parse(&text).ok().filter(|url| url.scheme() == "file");
        let path = url.and_then(|url| url.to_file_path().ok());
        Ok(FileUrl(path.ok_or_else(|| invalid("the URL does not name a local file"))?))
    },
});

fn invalid(message: &str) -> CasierError {
    Error::new(ErrorKind::InvalidRequest, message).into()
}

/// A JSON value. Integers are exact from the lowest signed to the highest unsigned one of 64 bits.
#[derive(uniffi::Enum)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Integer(i64),
    Unsigned(u64),
    Number(f64),
    Text(String),
    Array(Vec<Json>),
    Object(HashMap<String, Json>),
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(number), _) => Self::Integer(number),
                (None, Some(number)) => Self::Unsigned(number),
                (None, None) => number.as_f64().map_or(Self::Null, Self::Number),
            },
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(values) => Self::Array(values.iter().map(Self::from).collect()),
            Value::Object(fields) => Self::Object(json_object(fields)),
        }
    }
}

pub(crate) fn json_object(fields: &Map<String, Value>) -> HashMap<String, Json> {
    fields.iter().map(|(name, value)| (name.clone(), value.into())).collect()
}

/// A file's bytes on their way between Swift and the core. They cross in pieces: UniFFI counts
/// bytes in 31 bits, and has several copies of a piece in memory while it crosses.
#[derive(uniffi::Object)]
pub(crate) struct Contents(Mutex<BytesMut>);

#[uniffi::export]
impl Contents {
    /// `size` is how many bytes will be appended.
    #[uniffi::constructor]
    fn new(size: u64) -> Result<Self> {
        let size = usize::try_from(size).map_err(|_| invalid("so many bytes cannot be held"))?;
        Ok(Self(Mutex::new(BytesMut::with_capacity(size))))
    }

    fn append(&self, piece: &[u8]) -> Result<()> {
        self.bytes().extend_from_slice(piece);
        Ok(())
    }

    /// How many bytes are left.
    fn size(&self) -> Result<u64> {
        Ok(u64::try_from(self.bytes().len()).unwrap_or(u64::MAX))
    }

    /// Takes the next bytes out, `limit` at most.
    fn next_piece(&self, limit: u32) -> Result<Vec<u8>> {
        let mut bytes = self.bytes();
        let size = usize::try_from(limit).unwrap_or(usize::MAX).min(bytes.len());
        Ok(bytes.split_to(size).to_vec())
    }
}

impl Contents {
    /// Takes all bytes out.
    pub(crate) fn take(&self) -> Bytes {
        std::mem::take(&mut *self.bytes()).freeze()
    }

    fn bytes(&self) -> MutexGuard<'_, BytesMut> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Bytes> for Contents {
    fn from(bytes: Bytes) -> Self {
        Self(Mutex::new(bytes.into()))
    }
}
