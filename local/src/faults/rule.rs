//! What can go wrong, and for which requests.

use serde::{Deserialize, Serialize};

use super::operation::{Asked, OPERATIONS};

/// The operations that S3 answers with status 200 before it knows how they end.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>
const MAY_FAIL_IN_200: [&str; 4] =
    ["CopyObject", "UploadPartCopy", "CompleteMultipartUpload", "DeleteObjects"];

/// The furthest that a clock can be off, in seconds: ten years.
const MAX_CLOCK_OFF: u64 = 10 * 365 * 86_400;

/// What goes wrong with a request. In JSON the names are kebab-case, for example `slow-down`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Fault {
    /// Nothing is done; the answer is 503 `ServiceUnavailable`.
    Unavailable,
    /// Nothing is done; the answer is 503 `SlowDown`: too many requests.
    SlowDown,
    /// Nothing is done; the answer is 500 `InternalError`.
    InternalError,
    /// Nothing is done; the answer is status 200 with an `InternalError` in its body, as only
    /// `CopyObject`, `UploadPartCopy`, `CompleteMultipartUpload` and `DeleteObjects` have it.
    #[serde(rename = "error-in-200")]
    ErrorIn200,
    /// Nothing is done; the connection is cut once `after_bytes` of the request's body, or all of
    /// it, have arrived.
    Cut {
        /// How much of the body is read first; 0 cuts before it is read.
        after_bytes: u64,
    },
    /// The operation is done; the connection is cut after `after_bytes` of the answer's body. A
    /// shorter answer is cut before its last byte, one without a body before its head.
    CutAnswer {
        /// How much of the answer's body is sent.
        after_bytes: u64,
    },
    /// Nothing is done, nothing more is read and nothing answered, until the client goes, the rules
    /// are cleared or the server stops; for ten minutes at most. That a client went whose body lies
    /// unread is not noticed before.
    Stall,
    /// The operation is done; the answer stalls after `after_bytes` of its body, as
    /// [`Stall`](Self::Stall) does. A shorter answer stalls before its last byte, one without a
    /// body before its head.
    StallAnswer {
        /// How much of the answer's body is sent.
        after_bytes: u64,
    },
    /// The request's body is read, and the answer's sent, at this rate.
    Slow {
        /// The rate, from 1.
        bytes_per_second: u64,
    },
    /// Every bit of one byte of the request's body is flipped on its way in, so that a checksum
    /// must refuse it. Only requests that have a body meet it.
    CorruptRequest {
        /// Where the byte is in the body as it is sent; the last one when the body ends before.
        at: u64,
    },
    /// Every bit of one byte of the answer's body is flipped on its way out, so that the client
    /// must notice. An answer without a body stays as it is.
    CorruptAnswer {
        /// Where the byte is in the body; the last one when the body ends before.
        at: u64,
    },
    /// The server's clock is off for this request: its signature is judged, and the answer's
    /// `Date` is given, by it. From 15 minutes on, the answer is `RequestTimeTooSkewed`.
    ClockOff {
        /// How far the server's clock is ahead; negative, behind.
        seconds: i64,
    },
    /// The operation is done; the connection is cut before any of its answer is sent.
    LostAnswer,
}

/// Which requests meet a fault: all of them, until narrowed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[must_use]
pub struct FaultRule {
    #[serde(flatten)]
    fault: Fault,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_containing: Option<String>,
    skip: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
}

impl FaultRule {
    /// A rule for every request.
    pub fn new(fault: Fault) -> Self {
        Self { fault, operation: None, key_containing: None, skip: 0, times: None }
    }

    /// Only for this operation, by its name in S3's API, for example `UploadPart`.
    pub fn on(mut self, operation: impl Into<String>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// Only for objects whose key has this text in it.
    pub fn key_containing(mut self, text: impl Into<String>) -> Self {
        self.key_containing = Some(text.into());
        self
    }

    /// Lets the first `requests` that match pass. Defaults to none.
    pub fn skip(mut self, requests: u64) -> Self {
        self.skip = requests;
        self
    }

    /// Ends after so many requests have met the fault. Defaults to no end.
    pub fn times(mut self, requests: u64) -> Self {
        self.times = Some(requests);
        self
    }

    /// Refuses a rule that no request can meet.
    pub(super) fn check(&self) -> Result<(), String> {
        if let Some(operation) = self.operation.as_deref() {
            if !OPERATIONS.contains(&operation) {
                let known = OPERATIONS.join(", ");
                return Err(format!("there is no operation {operation:?}, only {known}"));
            }
            if self.fault == Fault::ErrorIn200 && !MAY_FAIL_IN_200.contains(&operation) {
                let able = MAY_FAIL_IN_200.join(", ");
                return Err(format!("{operation} never fails in a 200; only {able} do"));
            }
        }
        match self.fault {
            Fault::Slow { bytes_per_second: 0 } => {
                Err("bytes_per_second starts at 1; `stall` is the fault that stands still".into())
            }
            Fault::ClockOff { seconds } if seconds.unsigned_abs() > MAX_CLOCK_OFF => {
                Err(format!("a clock is off by at most {MAX_CLOCK_OFF} seconds"))
            }
            _ => Ok(()),
        }
    }

    /// The fault, when the request meets it; counts towards `skip` and `times`.
    pub(super) fn draw(&mut self, request: &Asked) -> Option<Fault> {
        if !self.matches(request) || self.times == Some(0) {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        if let Some(times) = &mut self.times {
            *times -= 1;
        }
        Some(self.fault)
    }

    fn matches(&self, request: &Asked) -> bool {
        let able = match self.fault {
            Fault::ErrorIn200 => MAY_FAIL_IN_200.contains(&request.operation),
            Fault::CorruptRequest { .. } => request.has_body,
            _ => true,
        };
        able && self.operation.as_deref().is_none_or(|operation| operation == request.operation)
            && self.key_containing.as_deref().is_none_or(|text| request.key.contains(text))
    }
}

/// A rule as it is written in JSON: `{"fault": "cut", "after_bytes": 10, "operation": "PutObject"}`.
impl<'de> Deserialize<'de> for FaultRule {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;

        let mut members = serde_json::Map::deserialize(deserializer)?;
        let mut rule = serde_json::Map::new();
        for name in ["operation", "key_containing", "skip", "times"] {
            if let Some(value) = members.remove(name) {
                rule.insert(name.to_owned(), value);
            }
        }
        let given: Vec<String> = members.keys().cloned().collect();
        let fault: Fault = serde_json::from_value(members.into()).map_err(D::Error::custom)?;
        let known = serde_json::to_value(fault).map_err(D::Error::custom)?;
        if let Some(name) = given.iter().find(|name| known.get(name).is_none()) {
            return Err(D::Error::custom(format!("unknown member {name:?}")));
        }
        let limits: Limits = serde_json::from_value(rule.into()).map_err(D::Error::custom)?;
        let Limits { operation, key_containing, skip, times } = limits;
        Ok(Self { fault, operation, key_containing, skip, times })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Limits {
    operation: Option<String>,
    key_containing: Option<String>,
    skip: u64,
    times: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(operation: &'static str, key: &str) -> Asked {
        Asked { operation, key: key.to_owned(), has_body: true }
    }

    #[test]
    fn a_rule_is_narrowed_skips_and_ends() {
        let mut rule = FaultRule::new(Fault::Unavailable).on("PutObject").key_containing("ab");
        rule = rule.skip(1).times(2);
        rule.check().unwrap();
        assert_eq!(rule.draw(&asked("GetObject", "ab")), None);
        assert_eq!(rule.draw(&asked("PutObject", "ba")), None);
        let drawn: Vec<bool> =
            (0..5).map(|_| rule.draw(&asked("PutObject", "xabx")).is_some()).collect();
        assert_eq!(drawn, [false, true, true, false, false]);
    }

    #[test]
    fn a_fault_meets_only_what_can_have_it() {
        let mut rule = FaultRule::new(Fault::ErrorIn200);
        assert_eq!(rule.draw(&asked("PutObject", "k")), None);
        assert_eq!(rule.draw(&asked("CopyObject", "k")), Some(Fault::ErrorIn200));
        let mut rule = FaultRule::new(Fault::CorruptRequest { at: 0 });
        let without = Asked { has_body: false, ..asked("GetObject", "k") };
        assert_eq!(rule.draw(&without), None);
    }

    #[test]
    fn rules_that_never_match_are_refused() {
        for rule in [
            FaultRule::new(Fault::Stall).on("putobject"),
            FaultRule::new(Fault::ErrorIn200).on("PutObject"),
            FaultRule::new(Fault::Slow { bytes_per_second: 0 }),
            FaultRule::new(Fault::ClockOff { seconds: i64::MIN }),
        ] {
            assert!(rule.check().is_err(), "{rule:?}");
        }
    }

    #[test]
    fn json_is_strict() {
        let rule: FaultRule = serde_json::from_str(
            r#"{"fault":"cut-answer","after_bytes":7,"operation":"GetObject","times":1}"#,
        )
        .unwrap();
        let expected = FaultRule::new(Fault::CutAnswer { after_bytes: 7 });
        assert_eq!(rule, expected.on("GetObject").times(1));
        let shown = serde_json::to_string(&rule).unwrap();
        assert_eq!(serde_json::from_str::<FaultRule>(&shown).unwrap(), rule);
        for bad in [
            "{}",
            "[]",
            r#"{"fault":"no-such"}"#,
            r#"{"fault":"cut"}"#,
            r#"{"fault":"stall","after_bytes":1}"#,
            r#"{"fault":"stall","time":1}"#,
            r#"{"fault":"stall","times":-1}"#,
            r#"{"fault":"cut","after_bytes":"1"}"#,
        ] {
            assert!(serde_json::from_str::<FaultRule>(bad).is_err(), "{bad}");
        }
    }
}
