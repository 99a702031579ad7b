//! Subscription tiers: what each one may have and how much of it.

use std::collections::{BTreeMap, BTreeSet};

/// In a tier's features: every feature that any tier declares.
pub(super) const EVERY_FEATURE: &str = "*";
/// In a tier's sizes: every kind that has no size of its own.
pub(super) const OTHER_KINDS: &str = "other";

/// One subscription tier. A limit of `None` means no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    pub(super) name: String,
    pub(super) features: BTreeSet<String>,
    pub(super) max_bytes: BTreeMap<String, Option<u64>>,
    pub(super) stored_bytes: Option<u64>,
    pub(super) generations_per_minute: Option<u64>,
    pub(super) generations_per_month: Option<u64>,
    pub(super) link_seconds: u64,
}

impl Tier {
    /// The name, as `subscription` claims give it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The features, those of all lower tiers included, in alphabetical order.
    pub fn features(&self) -> Vec<String> {
        self.features.iter().cloned().collect()
    }

    /// Whether the tier has the feature.
    pub fn has_feature(&self, feature: &str) -> bool {
        self.features.contains(feature)
    }

    /// The largest file of this kind, in bytes.
    pub fn max_bytes(&self, kind: &str) -> Option<u64> {
        self.max_bytes.get(kind).or_else(|| self.max_bytes.get(OTHER_KINDS)).copied().flatten()
    }

    /// How many bytes a user may store in all.
    pub fn stored_bytes(&self) -> Option<u64> {
        self.stored_bytes
    }

    /// How many generations a user may start in a minute.
    pub fn generations_per_minute(&self) -> Option<u64> {
        self.generations_per_minute
    }

    /// How many generations a user may start in a month.
    pub fn generations_per_month(&self) -> Option<u64> {
        self.generations_per_month
    }

    /// How long a link may live, in seconds, 1 to 604,800.
    pub fn link_seconds(&self) -> u64 {
        self.link_seconds
    }

    /// The built-in tiers, lowest first, each with the features that it adds.
    pub(super) fn builtin() -> Vec<Self> {
        let no_limit = None;
        vec![
            builtin("free", "blog", [10 * MIB, 100 * MIB, 25 * MIB]).with_allowance(
                Some(GIB),
                Some(5),
                Some(20),
                HOUR,
            ),
            builtin("basic", "images", [20 * MIB, 250 * MIB, 50 * MIB]).with_allowance(
                Some(10 * GIB),
                Some(10),
                Some(100),
                6 * HOUR,
            ),
            builtin("pro", "books", [50 * MIB, GIB, 100 * MIB]).with_allowance(
                Some(100 * GIB),
                Some(30),
                Some(1_000),
                24 * HOUR,
            ),
            builtin("premium", "videos", [100 * MIB, 5 * GIB, 500 * MIB]).with_allowance(
                Some(1_024 * GIB),
                Some(60),
                Some(10_000),
                7 * 24 * HOUR,
            ),
            builtin("enterprise", EVERY_FEATURE, [GIB, 50 * GIB, 5 * GIB]).with_allowance(
                no_limit,
                Some(300),
                no_limit,
                7 * 24 * HOUR,
            ),
        ]
    }

    fn with_allowance(
        mut self,
        stored_bytes: Option<u64>,
        per_minute: Option<u64>,
        per_month: Option<u64>,
        link_seconds: u64,
    ) -> Self {
        self.stored_bytes = stored_bytes;
        self.generations_per_minute = per_minute;
        self.generations_per_month = per_month;
        self.link_seconds = link_seconds;
        self
    }
}

/// Gives every tier the features of those below it, and spells out "every feature".
pub(super) fn spread_features(tiers: &mut [Tier]) {
    let every: BTreeSet<String> = tiers
        .iter()
        .flat_map(|tier| &tier.features)
        .filter(|feature| *feature != EVERY_FEATURE)
        .cloned()
        .collect();
    let mut so_far = BTreeSet::new();
    for tier in tiers {
        if tier.features.remove(EVERY_FEATURE) {
            so_far.extend(every.iter().cloned());
        }
        so_far.extend(tier.features.iter().cloned());
        tier.features.clone_from(&so_far);
    }
}

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const HOUR: u64 = 3_600;

/// A tier with the largest `image`, `video` and other file.
fn builtin(name: &str, feature: &str, [image, video, other]: [u64; 3]) -> Tier {
    Tier {
        name: name.to_owned(),
        features: BTreeSet::from([feature.to_owned()]),
        max_bytes: BTreeMap::from([
            (String::from("image"), Some(image)),
            (String::from("video"), Some(video)),
            (String::from(OTHER_KINDS), Some(other)),
        ]),
        stored_bytes: None,
        generations_per_minute: None,
        generations_per_month: None,
        link_seconds: HOUR,
    }
}

#[cfg(test)]
mod tests {
    use crate::access::Policy;

    const KIB: u64 = 1_024;

    /// The contract's table, in the units that it is written in.
    #[test]
    fn the_builtin_tiers_are_those_of_the_contract() {
        let mib = KIB * KIB;
        let gib = mib * KIB;
        let tib = gib * KIB;
        let table = [
            ("free", 10 * mib, 100 * mib, 25 * mib, Some(gib), 5, Some(20), 3_600),
            ("basic", 20 * mib, 250 * mib, 50 * mib, Some(10 * gib), 10, Some(100), 21_600),
            ("pro", 50 * mib, gib, 100 * mib, Some(100 * gib), 30, Some(1_000), 86_400),
            ("premium", 100 * mib, 5 * gib, 500 * mib, Some(tib), 60, Some(10_000), 604_800),
            ("enterprise", gib, 50 * gib, 5 * gib, None, 300, None, 604_800),
        ];
        let features = ["blog", "images", "books", "videos"];
        let policy = Policy::builtin();
        assert_eq!(policy.tiers().len(), table.len());
        for (rank, row) in table.into_iter().enumerate() {
            let (name, image, video, other, stored, per_minute, per_month, link) = row;
            let tier = &policy.tiers()[rank];
            assert_eq!(tier.name(), name);
            assert_eq!(policy.tier_rank(name), Some(rank));
            for kind in ["book", "blog", "audio", "document", "file", "anything"] {
                assert_eq!(tier.max_bytes(kind), Some(other), "{name} {kind}");
            }
            assert_eq!(tier.max_bytes("image"), Some(image), "{name}");
            assert_eq!(tier.max_bytes("video"), Some(video), "{name}");
            assert_eq!(tier.stored_bytes(), stored, "{name}");
            assert_eq!(tier.generations_per_minute(), Some(per_minute), "{name}");
            assert_eq!(tier.generations_per_month(), per_month, "{name}");
            assert_eq!(tier.link_seconds(), link, "{name}");
            for (place, feature) in features.into_iter().enumerate() {
                assert_eq!(tier.has_feature(feature), place <= rank, "{name} {feature}");
            }
            assert!(!tier.has_feature("*"));
        }
    }
}
