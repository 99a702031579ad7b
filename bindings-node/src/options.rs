//! Objects of options, read one by one.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use napi::bindgen_prelude::*;

use crate::convert::{self, is_absent};
use crate::error::{Failure, Outcome};
use crate::signal::Signal;

/// The options that a caller gave. What is undefined or null counts as left out.
pub(crate) struct Options<'env>(Vec<(String, Unknown<'env>)>);

impl<'env> Options<'env> {
    /// Refuses an option of a name that is not `known`: a misspelt one would go unheeded.
    pub(crate) fn new(given: Unknown<'env>, known: &[&str]) -> Outcome<Self> {
        if is_absent(&given)? {
            return Ok(Self(Vec::new()));
        }
        let mut options = Vec::new();
        for (name, value) in convert::members(given, "options")? {
            if !known.contains(&name.as_str()) {
                return Err(Failure::Miswritten(format!("there is no option {name}")));
            }
            if !is_absent(&value)? {
                options.push((name, value));
            }
        }
        Ok(Self(options))
    }

    /// Those of a call that takes nothing but a signal.
    pub(crate) fn signal_of(given: Unknown<'env>) -> Outcome<Option<Signal<'env>>> {
        Self::new(given, &["signal"])?.signal()
    }

    pub(crate) fn signal(&self) -> Outcome<Option<Signal<'env>>> {
        self.read("signal", |value, _| Signal::new(value))
    }

    pub(crate) fn text(&self, name: &str) -> Outcome<Option<String>> {
        self.read(name, convert::text)
    }

    pub(crate) fn texts(&self, name: &str) -> Outcome<Option<Vec<String>>> {
        self.read(name, convert::texts)
    }

    pub(crate) fn flag(&self, name: &str) -> Outcome<Option<bool>> {
        self.read(name, convert::flag)
    }

    pub(crate) fn count(&self, name: &str) -> Outcome<Option<u64>> {
        self.read(name, convert::count)
    }

    pub(crate) fn bytes(&self, name: &str) -> Outcome<Option<u64>> {
        self.read(name, convert::bytes)
    }

    pub(crate) fn named_texts(&self, name: &str) -> Outcome<Option<BTreeMap<String, String>>> {
        self.read(name, convert::named_texts)
    }

    pub(crate) fn time(&self, name: &str) -> Outcome<Option<SystemTime>> {
        self.read(name, convert::time)
    }

    pub(crate) fn seconds(&self, name: &str) -> Outcome<Option<Duration>> {
        self.read(name, convert::seconds)
    }

    pub(crate) fn read<T>(
        &self,
        name: &str,
        convert: impl FnOnce(Unknown<'env>, &str) -> Outcome<T>,
    ) -> Outcome<Option<T>> {
        let given = self.0.iter().find(|(own, _)| own == name);
        given.map(|(name, value)| convert(*value, name)).transpose()
    }
}
