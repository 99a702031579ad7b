//! Where values come from: code over environment over file.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::Path;

use super::Setting;
use super::file::{self, IssuerTable, Mapping};
use crate::error::io_reason;
use crate::{Error, ErrorKind, Result};

/// A value as it was given, with the name that an error calls it by.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) text: String,
    pub(super) origin: String,
}

/// Shows where a value came from, never the value: it may be a secret.
impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Given({})", self.origin)
    }
}

impl Given {
    fn variable(name: &str, value: &OsStr) -> Result<Self> {
        let given = Self { text: value.to_string_lossy().into_owned(), origin: name.to_owned() };
        if value.to_str().is_none() {
            return Err(given.invalid("is not valid UTF-8"));
        }
        Ok(given)
    }

    /// `config-invalid` about this value: names it, says what is wrong, never shows it.
    pub(super) fn invalid(&self, problem: impl fmt::Display) -> Error {
        Error::new(ErrorKind::ConfigInvalid, format!("{} {problem}", self.origin))
    }
}

/// `config-invalid` about a setting that nothing gives. The error may reach code that sets it by its
/// name there, so it says both names.
pub(crate) fn missing(setting: Setting, advice: &str) -> Error {
    let problem = match setting.variables().first() {
        Some(variable) => {
            format!("{variable} is not set (in code: `{}`): {advice}", setting.name())
        }
        None => format!("{} is not set: {advice}", setting.name()),
    };
    Error::new(ErrorKind::ConfigInvalid, problem)
}

/// All values that were given, each setting from its strongest layer.
#[derive(Clone, Debug, Default)]
pub(super) struct Layers {
    code: BTreeMap<Setting, Given>,
    environment: BTreeMap<Setting, Given>,
    file: BTreeMap<Setting, Given>,
    issuers: Vec<IssuerTable>,
    mapping: Mapping,
}

impl Layers {
    pub(super) fn set(&mut self, setting: Setting, text: String) {
        self.code.insert(setting, Given { text, origin: setting.name().to_owned() });
    }

    /// Takes the variables of the table and leaves all others alone.
    pub(super) fn read_environment(
        &mut self,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<()> {
        let given: BTreeMap<_, _> = variables.into_iter().collect();
        for &setting in Setting::ALL {
            for name in setting.variables() {
                let Some(value) = given.get(&OsString::from(name)) else { continue };
                let value = Given::variable(name, value)?;
                // AWS's own tools take an empty variable as absent; so do we, for theirs alone.
                if value.text.is_empty() && name.starts_with("AWS_") {
                    continue;
                }
                let first = self.environment.entry(setting).or_insert_with(|| value.clone());
                if first.text != value.text {
                    let problem = format!("and {} say different things", first.origin);
                    return Err(value.invalid(problem));
                }
            }
        }
        Ok(())
    }

    /// Reads the file that `CASIER_CONFIG` (or code) points to, when it does.
    pub(super) fn read_file(&mut self) -> Result<()> {
        let Some(path) = self.given(Setting::ConfigFile)? else { return Ok(()) };
        let text = std::fs::read_to_string(&path.text)
            .map_err(|error| path.invalid(format_args!("cannot be read: {}", io_reason(&error))))?;
        let parsed = file::parse(&text, Path::new(&path.text))?;
        self.file = parsed.values;
        self.issuers = parsed.issuers;
        self.mapping = parsed.mapping;
        Ok(())
    }

    /// The value of a setting, if any layer gives one. A value that is empty or blank is an error:
    /// it may have been meant to switch a check on.
    pub(super) fn given(&self, setting: Setting) -> Result<Option<&Given>> {
        let layers = [&self.code, &self.environment, &self.file];
        let Some(value) = layers.iter().find_map(|layer| layer.get(&setting)) else {
            return Ok(None);
        };
        if value.text.trim().is_empty() {
            return Err(value.invalid("is empty: give it a value or remove it"));
        }
        Ok(Some(value))
    }

    /// The claims mapping of the primary issuer, which only the file gives.
    pub(super) fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    pub(super) fn issuers(&self) -> &[IssuerTable] {
        &self.issuers
    }
}
