//! A JSON object whose member order, and even repetition, is under control.

use serde_json::{Map, Value};

/// Members in the order in which they are written; a name may stand twice.
#[derive(Clone, Debug, Default)]
pub(super) struct Members(Vec<(String, Value)>);

impl Members {
    /// Sets a member, in place of the first of that name if there is one.
    pub(super) fn set(&mut self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some(member) => member.1 = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Sets a member where there is a value for it.
    pub(super) fn set_some(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Adds a member even where one of that name stands already.
    pub(super) fn repeat(&mut self, name: &str, value: impl Into<Value>) {
        self.0.push((name.to_owned(), value.into()));
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    pub(super) fn merge(&mut self, others: &Map<String, Value>) {
        for (name, value) in others {
            self.set(name, value.clone());
        }
    }

    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The object's text, without white space.
    pub(super) fn to_json(&self) -> String {
        let members: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())))
            .collect();
        format!("{{{}}}", members.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_and_repetition() {
        let mut members = Members::default();
        members.set("z", 1);
        members.set("a\"", "é");
        members.set("z", 2);
        members.repeat("z", Value::Null);
        assert_eq!(members.to_json(), r#"{"z":2,"a\"":"é","z":null}"#);
        members.remove("z");
        assert_eq!(members.to_json(), r#"{"a\"":"é"}"#);
    }
}
