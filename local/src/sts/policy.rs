//! Session policies: what they may say here, and what they allow.
//!
//! Statements of `Allow`, on actions and resources with wildcards, under `StringLike` and
//! `StringEquals` of `s3:prefix`. Whatever else IAM knows is refused, never overlooked.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use std::collections::BTreeMap;

use serde::Deserialize;

use super::pattern::matches;

/// The longest that STS takes, in characters.
pub(super) const MAX_CHARS: usize = 2048;

const VERSION: &str = "2012-10-17";

/// The only condition key.
const PREFIX: &str = "s3:prefix";

/// A policy that is understood in all that it says.
#[derive(Debug)]
pub(crate) struct Policy(Vec<Statement>);

#[derive(Debug)]
struct Statement {
    actions: Vec<String>,
    resources: Vec<String>,
    /// Each of them has to hold.
    prefixes: Vec<Prefix>,
}

#[derive(Debug)]
enum Prefix {
    Equals(Vec<String>),
    Like(Vec<String>),
}

impl Policy {
    /// Reads a document; the error says what is wrong with it or not understood.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let document: Document = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if document.version != VERSION {
            return Err(format!("Version must be {VERSION}"));
        }
        let statements = document.statement.into_vec();
        if statements.is_empty() {
            return Err("Statement is empty".to_owned());
        }
        statements.into_iter().map(Statement::read).collect::<Result<_, _>>().map(Self)
    }

    /// Whether it allows the action on the resource, in a request that names this prefix or none.
    pub(super) fn allows(&self, action: &str, resource: &str, prefix: Option<&str>) -> bool {
        self.0.iter().any(|statement| statement.allows(action, resource, prefix))
    }
}

impl Statement {
    fn read(given: GivenStatement) -> Result<Self, String> {
        if given.effect != "Allow" {
            return Err(format!("the effect {:?} is not understood", given.effect));
        }
        let (actions, resources) = (given.action.into_vec(), given.resource.into_vec());
        for action in &actions {
            if action != "*" && !action.starts_with("s3:") {
                return Err(format!("the action {action:?} is not understood"));
            }
        }
        for resource in &resources {
            if resource != "*" && !resource.starts_with("arn:aws:s3:::") {
                return Err(format!("the resource {resource:?} is not understood"));
            }
        }
        if actions.is_empty() || resources.is_empty() {
            return Err("a statement has no action or no resource".to_owned());
        }
        let mut prefixes = Vec::new();
        for (operator, keys) in given.condition.unwrap_or_default() {
            for (key, values) in keys {
                if !key.eq_ignore_ascii_case(PREFIX) {
                    return Err(format!("the condition key {key:?} is not understood"));
                }
                let values = values.into_vec();
                no_variables(&values)?;
                prefixes.push(match operator.as_str() {
                    "StringEquals" => Prefix::Equals(values),
                    "StringLike" => Prefix::Like(values),
                    _ => return Err(format!("the condition {operator:?} is not understood")),
                });
            }
        }
        no_variables(&resources)?;
        Ok(Self { actions, resources, prefixes })
    }

    fn allows(&self, action: &str, resource: &str, prefix: Option<&str>) -> bool {
        let action = action.to_ascii_lowercase();
        self.actions.iter().any(|pattern| matches(&pattern.to_ascii_lowercase(), &action))
            && self.resources.iter().any(|pattern| matches(pattern, resource))
            && self.prefixes.iter().all(|condition| prefix.is_some_and(|it| condition.holds(it)))
    }
}

impl Prefix {
    fn holds(&self, prefix: &str) -> bool {
        match self {
            Self::Equals(values) => values.iter().any(|value| value == prefix),
            Self::Like(patterns) => patterns.iter().any(|pattern| matches(pattern, prefix)),
        }
    }
}

fn no_variables(texts: &[String]) -> Result<(), String> {
    match texts.iter().find(|text| text.contains("${")) {
        Some(text) => Err(format!("the variable in {text:?} is not understood")),
        None => Ok(()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Document {
    version: String,
    statement: OneOrMore<GivenStatement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct GivenStatement {
    #[serde(rename = "Sid")]
    _sid: Option<String>,
    effect: String,
    action: OneOrMore<String>,
    resource: OneOrMore<String>,
    condition: Option<BTreeMap<String, BTreeMap<String, OneOrMore<String>>>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore<T> {
    One(T),
    More(Vec<T>),
}

impl<T> OneOrMore<T> {
    fn into_vec(self) -> Vec<T> {
        match self {
            Self::One(one) => vec![one],
            Self::More(more) => more,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(rest: &str) -> String {
        format!(
            "{{\"Version\":\"2012-10-17\",\"Statement\":{{\"Effect\":\"Allow\",\
             \"Action\":[\"s3:GetObject\",\"s3:List*\"],\"Resource\":\"arn:aws:s3:::b/u/*\"{rest}}}}}"
        )
    }

    #[test]
    fn actions_and_resources_are_patterns() {
        let policy = Policy::parse(&statement("")).unwrap();
        assert!(policy.allows("s3:GetObject", "arn:aws:s3:::b/u/a", None));
        assert!(policy.allows("s3:ListBucket", "arn:aws:s3:::b/u/", None));
        for (action, resource) in [
            ("s3:GetObject", "arn:aws:s3:::b/v/a"),
            ("s3:GetObject", "arn:aws:s3:::b/u"),
            ("s3:GetObjectVersion", "arn:aws:s3:::b/u/a"),
            ("s3:PutObject", "arn:aws:s3:::b/u/a"),
        ] {
            assert!(!policy.allows(action, resource, None), "{action} {resource}");
        }
    }

    #[test]
    fn a_condition_holds_only_of_a_prefix_that_is_there() {
        let like = statement(",\"Condition\":{\"StringLike\":{\"s3:prefix\":[\"u/*\",\"w\"]}}");
        let equal = statement(",\"Condition\":{\"StringEquals\":{\"s3:prefix\":\"u/\"}}");
        let allows = |policy: &str, prefix| {
            let policy = Policy::parse(policy).unwrap();
            policy.allows("s3:ListBucket", "arn:aws:s3:::b/u/", prefix)
        };
        for (prefix, by_like, by_equal) in [
            (None, false, false),
            (Some(""), false, false),
            (Some("u"), false, false),
            (Some("u/"), true, true),
            (Some("u/a"), true, false),
            (Some("w"), true, false),
        ] {
            assert_eq!(allows(&like, prefix), by_like, "{prefix:?}");
            assert_eq!(allows(&equal, prefix), by_equal, "{prefix:?}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let wrong = [
            String::new(),
            "{}".to_owned(),
            statement("").replace("2012-10-17", "2008-10-17"),
            statement("").replace("Allow", "Deny"),
            statement("").replace("s3:List*", "iam:*"),
            statement("").replace("arn:aws:s3:::b", "arn:aws:iam::b"),
            statement("").replace("b/u/*", "b/${aws:username}/*"),
            statement(",\"Principal\":\"*\""),
            statement(",\"NotAction\":\"s3:PutObject\""),
            statement(",\"NotResource\":\"arn:aws:s3:::c\""),
            statement(",\"Condition\":{\"StringLike\":{\"s3:delimiter\":\"/\"}}"),
            statement(",\"Condition\":{\"StringNotLike\":{\"s3:prefix\":\"a\"}}"),
            statement(",\"Condition\":{\"StringLikeIfExists\":{\"s3:prefix\":\"a\"}}"),
            statement(",\"Condition\":{\"StringLike\":{\"s3:prefix\":\"${aws:userid}\"}}"),
            "{\"Version\":\"2012-10-17\",\"Statement\":[]}".to_owned(),
        ];
        for text in wrong {
            assert!(Policy::parse(&text).is_err(), "{text}");
        }
    }
}
