//! The paths of one issuer's claims, from its provider's preset and its own mapping.

use std::borrow::Cow;

use super::{ClaimsMapping, MappedField, Provider};
use crate::json::{Json, Members};
use crate::token::claims::ClaimPath;

/// Where the claims stand that fill each field, the first to be looked at first.
#[derive(Debug)]
pub(crate) struct ClaimPaths {
    /// By the field's place in the enum.
    fields: Vec<Vec<ClaimPath>>,
}

impl ClaimPaths {
    /// A field that is mapped is read from there alone; the claim that `public_metadata_claim` names
    /// is looked at before the preset's.
    pub(crate) fn new(
        provider: Provider,
        mapping: &ClaimsMapping,
        public_metadata_claim: Option<&str>,
    ) -> Self {
        let paths_of = |field: MappedField| -> Vec<ClaimPath> {
            if let Some(path) = mapping.path(field) {
                return vec![path.iter().map(|name| Cow::Owned(name.clone())).collect()];
            }
            let configured = public_metadata_claim.filter(|_| field == MappedField::Metadata);
            let configured = configured.map(|name| ClaimPath::from([Cow::Owned(name.to_owned())]));
            let preset = provider.preset().paths(field);
            let preset = preset.map(|path| path.iter().map(|name| Cow::Borrowed(*name)).collect());
            configured.into_iter().chain(preset).collect()
        };
        Self { fields: MappedField::ALL.iter().map(|field| paths_of(*field)).collect() }
    }

    /// Whether any claim fills the field.
    pub(crate) fn fills(&self, field: MappedField) -> bool {
        !self.fields[field as usize].is_empty()
    }

    /// The claims that are there for the field.
    pub(crate) fn values<'a>(
        &'a self,
        field: MappedField,
        all: &'a Members<'a>,
    ) -> impl Iterator<Item = &'a Json<'a>> {
        self.found(field, all).map(|(_, value)| value)
    }

    /// The claims that are there for the field, each with its path.
    pub(crate) fn found<'a>(
        &'a self,
        field: MappedField,
        all: &'a Members<'a>,
    ) -> impl Iterator<Item = (&'a ClaimPath, &'a Json<'a>)> {
        self.fields[field as usize].iter().filter_map(|path| {
            let (first, rest) = path.split_first()?;
            let inner = |value: &'a Json<'a>, name: &Cow<'_, str>| value.as_object()?.get(name);
            Some((path, rest.iter().try_fold(all.get(first)?, inner)?))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::json::read_object;

    fn found(mapping: ClaimsMapping, field: MappedField, all: &Value) -> Vec<Value> {
        let paths = ClaimPaths::new(Provider::Clerk, &mapping, Some("app"));
        let all = all.to_string();
        let all = read_object(&all).unwrap();
        paths.values(field, &all).map(Json::to_value).collect()
    }

    #[test]
    fn a_mapping_takes_the_place_of_the_preset() {
        use MappedField::{FirstName, Metadata};
        let all = json!({
            "first_name": "A", "given_name": "B", "app": 1, "public_metadata": 2,
            "https://a.b/c": {"d.e": {"f": 3}}, "https://a": {"b/c": 4},
        });
        let none = ClaimsMapping::new;
        assert_eq!(found(none(), FirstName, &all), ["A", "B"]);
        assert_eq!(found(none(), Metadata, &all), [1, 2]);
        let deep = none().with(Metadata, ["https://a.b/c", "d.e", "f"]);
        assert_eq!(found(deep, Metadata, &all), [3]);
        for path in [&["https://a.b/c", "d"][..], &["x", "y"], &["app", "x"], &["app.x"]] {
            assert!(found(none().with(Metadata, path.iter().copied()), Metadata, &all).is_empty());
        }
    }
}
