//! A file of vectors.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One file of `vectors/`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VectorFile {
    /// Which part of Casier the cases drive; a runner fails on a kind that it does not know.
    pub kind: String,
    /// What the cases have in common.
    pub description: String,
    /// The cases; their names are unique in the file.
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the case shows.
    pub name: String,
    /// What goes in; the fields depend on the kind.
    pub input: Value,
    /// What must come out.
    pub expected: Expected,
}

/// What must come out of a case: exactly one of `ok` and `error`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
#[expect(clippy::exhaustive_enums, reason = "the two forms are the format")]
pub enum Expected {
    /// Success; each member that is named here must come out equal.
    Ok {
        /// The members of the result.
        ok: Value,
    },
    /// Failure with this code.
    Error {
        /// The code, one of the catalogue.
        error: String,
        /// Members of the error's details; each that is named must come out equal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        details: Option<Value>,
    },
}

/// The folder `vectors/` of this crate.
pub fn vectors_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

/// Reads every `*.json` of the folder, in the order of their names.
///
/// # Errors
/// A sentence that names the file which cannot be read, or is no file of vectors.
pub fn load(folder: &Path) -> Result<Vec<(PathBuf, VectorFile)>, String> {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(|e| format!("{}: {e}", folder.display()))?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    paths.into_iter().map(|path| read(&path).map(|file| (path, file))).collect()
}

fn read(path: &Path) -> Result<VectorFile, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expectations_are_strict() {
        let parse = serde_json::from_str::<Expected>;
        assert!(parse(r#"{"ok":{"a":1}}"#).is_ok());
        assert!(parse(r#"{"error":"token-expired","details":{}}"#).is_ok());
        assert!(parse(r#"{"error":"token-expired","detail":{}}"#).is_err());
        assert!(parse(r#"{"ok":{},"error":"token-expired"}"#).is_err());
        assert!(parse("{}").is_err());
    }
}
