//! The configuration file: connections by section, and one `[[issuer]]` table for each further
//! issuer.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::Setting;
use super::layers::Given;
use crate::{Error, ErrorKind, Result};

/// What a configuration file says.
#[derive(Debug)]
pub(super) struct ConfigFile {
    pub(super) values: BTreeMap<Setting, Given>,
    pub(super) issuers: Vec<IssuerTable>,
    /// The claims mapping of the primary issuer.
    pub(super) mapping: Mapping,
}

/// The paths of claims, by the name of the field that they fill.
pub(super) type Mapping = BTreeMap<String, ClaimPath>;

/// The path to a claim: one name, or the names from outside in.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "a claim's path is a string or a list of strings")]
pub(super) enum ClaimPath {
    Name(String),
    Names(Vec<String>),
}

/// A further issuer beside the primary one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IssuerTable {
    pub(super) issuer: String,
    pub(super) namespace: String,
    pub(super) provider: Option<String>,
    #[serde(default)]
    pub(super) audience: Vec<String>,
    pub(super) jwks_url: Option<String>,
    pub(super) jwt_key: Option<String>,
    #[serde(default)]
    pub(super) authorized_parties: Vec<String>,
    #[serde(default)]
    pub(super) algorithms: Vec<String>,
    #[serde(default)]
    pub(super) allow_missing_azp: bool,
    pub(super) clock_skew: Option<u64>,
    pub(super) public_metadata_claim: Option<String>,
    #[serde(default)]
    pub(super) mapping: Mapping,
}

impl From<ClaimPath> for Vec<String> {
    fn from(path: ClaimPath) -> Self {
        match path {
            ClaimPath::Name(name) => vec![name],
            ClaimPath::Names(names) => names,
        }
    }
}

/// Parses the file's text. `path` is only for the messages.
pub(super) fn parse(text: &str, path: &Path) -> Result<ConfigFile> {
    let refuse = |problem: String| {
        Error::new(ErrorKind::ConfigInvalid, format!("{}: {problem}", path.display()))
    };
    // The parser's own message would quote the offending line, which may hold a secret.
    let root: toml::Table = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(0, |span| text[..span.start].matches('\n').count() + 1);
        refuse(format!("line {line} is not valid TOML"))
    })?;

    let mut parsed =
        ConfigFile { values: BTreeMap::new(), issuers: Vec::new(), mapping: Mapping::new() };
    for (section, content) in root {
        match content {
            toml::Value::Array(tables) if section == "issuer" => {
                for (index, table) in tables.into_iter().enumerate() {
                    let table = table.try_into().map_err(|error: toml::de::Error| {
                        refuse(format!("[[issuer]] {}: {}", index + 1, error.message()))
                    })?;
                    parsed.issuers.push(table);
                }
            }
            toml::Value::Table(entries) => {
                for (key, value) in entries {
                    let name = format!("{section}.{key}");
                    if name == "casier.mapping" {
                        let mapping = value.try_into();
                        parsed.mapping = mapping.map_err(|error: toml::de::Error| {
                            refuse(format!("[{name}]: {}", error.message()))
                        })?;
                        continue;
                    }
                    let setting = Setting::from_file_key(&name)
                        .ok_or_else(|| refuse(format!("unknown key `{name}`")))?;
                    let text = plain_text(value)
                        .ok_or_else(|| refuse(format!("`{name}` has the wrong type")))?;
                    let origin = format!("`{name}` in {}", path.display());
                    parsed.values.insert(setting, Given { text, origin });
                }
            }
            _ => return Err(refuse(format!("unknown key `{section}`"))),
        }
    }
    Ok(parsed)
}

/// A value in the form that the environment would give it: lists by comma.
fn plain_text(value: toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        toml::Value::Array(items) => {
            let items: Option<Vec<_>> =
                items.into_iter().map(|item| item.as_str().map(str::to_owned)).collect();
            Some(items?.join(","))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        parse(text, Path::new("casier.toml")).unwrap_err().message().to_owned()
    }

    #[test]
    fn sections_become_settings_and_issuer_tables_stay_tables() {
        let file = parse(
            r#"
            [clerk]
            issuer = "https://clerk.example.com"
            authorized_parties = ["https://a.example", "https://b.example"]
            [s3]
            bucket = "files"
            link_seconds = 60
            [[issuer]]
            issuer = "https://example.auth0.com/"
            namespace = "auth0"
            audience = ["api"]
            "#,
            Path::new("casier.toml"),
        )
        .unwrap();
        let text = |setting| file.values[&setting].text.as_str();
        assert_eq!(text(Setting::Issuer), "https://clerk.example.com");
        assert_eq!(text(Setting::AuthorizedParties), "https://a.example,https://b.example");
        assert_eq!(text(Setting::LinkSeconds), "60");
        assert_eq!(file.issuers[0].namespace, "auth0");
    }

    #[test]
    fn a_claims_path_is_a_name_or_a_list_of_names() {
        let file = parse(
            r#"
            [casier]
            provider = "keycloak"
            [casier.mapping]
            subscription = "https://app.example/tier"
            role = ["resource_access", "files", "roles"]
            [[issuer]]
            issuer = "https://example.auth0.com/"
            namespace = "auth0"
            [issuer.mapping]
            role = "https://app.example/role"
            "#,
            Path::new("casier.toml"),
        )
        .unwrap();
        let path = |mapping: &Mapping, name: &str| Vec::from(mapping[name].clone());
        assert_eq!(path(&file.mapping, "subscription"), ["https://app.example/tier"]);
        assert_eq!(path(&file.mapping, "role"), ["resource_access", "files", "roles"]);
        assert_eq!(path(&file.issuers[0].mapping, "role"), ["https://app.example/role"]);
        for odd in ["1", "[1]", "true", "{ a = 'b' }"] {
            let message = problem(&format!("[casier.mapping]\nrole = {odd}"));
            assert!(
                message.starts_with("casier.toml: [casier.mapping]: a claim's path"),
                "{message}"
            );
        }
    }

    #[test]
    fn unknown_keys_are_refused_by_name() {
        assert_eq!(problem("[s3]\nbuckett = 'x'"), "casier.toml: unknown key `s3.buckett`");
        assert_eq!(problem("bucket = 'x'"), "casier.toml: unknown key `bucket`");
        let text = "[[issuer]]\nissuer='https://x.example'\nnamespace='x'\naudience=['a']\nnope=1";
        assert!(problem(text).contains("unknown field `nope`"), "{}", problem(text));
    }

    #[test]
    fn a_broken_line_is_named_by_number_and_not_quoted() {
        let message = problem("[clerk]\nsecret_key = sk_live_do_not_show");
        assert_eq!(message, "casier.toml: line 2 is not valid TOML");
    }
}
