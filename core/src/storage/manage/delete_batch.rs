//! Deleting up to 1,000 objects in one request.

use std::collections::{HashMap, HashSet};

use aws_sdk_s3::operation::delete_objects::DeleteObjectsOutput;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream::{self, StreamExt as _};
use md5::{Digest as _, Md5};

use crate::storage::s3::S3;
use crate::storage::s3::failure::{self, OnCondition};
use crate::{Error, ErrorKind, Result};

/// The most objects that one DeleteObjects takes.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>
pub(super) const MAX_KEYS: usize = 1000;

/// How often objects are asked for that the store could not delete for the moment.
const ROUNDS: u32 = 3;

/// How many objects are deleted at a time that cannot go into a batch.
const PARALLEL_DELETES: usize = 8;

/// One object to delete: the current one, or a version.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::storage) struct Target {
    pub(in crate::storage) key: String,
    pub(in crate::storage) version: Option<String>,
}

/// What became of one object: none when it is gone.
type Outcome = Option<Error>;

impl S3 {
    /// Deletes up to 1,000 different objects within the time of as many, and tells of each what
    /// became of it. Those that the store could not delete for the moment are tried again.
    ///
    /// # Errors
    /// What a request of all answers that is refused as a whole.
    pub(in crate::storage) async fn delete_batch(
        &self,
        targets: &[Target],
    ) -> Result<Vec<Outcome>> {
        let end = self.end_of_many(targets.len());
        let mut outcomes: HashMap<Target, Outcome> = HashMap::with_capacity(targets.len());
        let (mut together, mut alone): (Vec<&Target>, Vec<&Target>) =
            targets.iter().partition(|target| xml_carries(&target.key));
        for round in 0..ROUNDS {
            if together.is_empty() {
                break;
            }
            if round > 0 {
                let wait = self.until(end, async { Ok(self.repetitions.wait(round).await) });
                if !wait.await.unwrap_or(false) {
                    break;
                }
            }
            match self.until(end, self.delete_objects(&together)).await {
                Ok(answer) => outcomes.extend(read(&together, answer)),
                // A store without DeleteObjects is asked for each object.
                Err(error) if error.kind() == ErrorKind::StorageUnsupported => {
                    alone.append(&mut together);
                }
                Err(error) if round == 0 => return Err(error),
                Err(_) => break,
            }
            together.retain(|it| matches!(outcomes.get(*it), Some(Some(e)) if is_passing(e)));
            if round > 0 && together.is_empty() {
                self.repetitions.helped();
            }
        }
        let alone: Vec<Target> = alone.into_iter().cloned().collect();
        let alone = alone.into_iter().map(|target| async move {
            let delete = self.delete_object(&target.key, target.version.as_deref(), None);
            let outcome = self.until(end, delete).await.err();
            (target, outcome)
        });
        let alone = stream::iter(alone).buffer_unordered(PARALLEL_DELETES);
        outcomes.extend(alone.collect::<Vec<_>>().await);
        Ok(targets
            .iter()
            .map(|target| outcomes.remove(target).unwrap_or_else(unmentioned))
            .collect())
    }

    async fn delete_objects(&self, targets: &[&Target]) -> Result<DeleteObjectsOutput> {
        let internal = || Error::new(ErrorKind::Internal, "the request could not be built");
        let objects = targets.iter().map(|target| {
            ObjectIdentifier::builder()
                .key(&target.key)
                .set_version_id(target.version.clone())
                .build()
                .map_err(|_| internal())
        });
        // Not quiet: what is not named in the answer has not been deleted.
        let delete = Delete::builder()
            .set_objects(Some(objects.collect::<Result<_>>()?))
            .build()
            .map_err(|_| internal())?;
        let request = self.client().await?.delete_objects().bucket(&self.config.bucket);
        let answer = request
            .delete(delete)
            .customize()
            // Beside the SDK's CRC32: stores from before 2025 know no other sum here.
            .mutate_request(|request| {
                if let Some(body) = request.body().bytes() {
                    let md5 = STANDARD.encode(Md5::digest(body));
                    request.headers_mut().insert("content-md5", md5);
                }
            })
            .send()
            .await
            .map_err(|error| failure::from_sdk_without_file(&error, OnCondition::Changed))?;
        self.note_bucket();
        Ok(answer)
    }

    /// Deletes one object, or a version of it, if it is still of the tag `if_match`. That there is
    /// none is success.
    pub(in crate::storage) async fn delete_object(
        &self,
        key: &str,
        version: Option<&str>,
        if_match: Option<&str>,
    ) -> Result<()> {
        let call = self
            .client()
            .await?
            .delete_object()
            .bucket(&self.config.bucket)
            .key(key)
            .set_version_id(version.map(str::to_owned))
            .set_if_match(if_match.map(str::to_owned));
        match call.send().await {
            Ok(_) => {
                self.note_bucket();
                Ok(())
            }
            Err(error) => match failure::from_sdk(&error, OnCondition::Changed) {
                // S3 answers 204; some stores say that there was nothing.
                error if error.kind() == ErrorKind::FileNotFound => Ok(()),
                error => Err(error),
            },
        }
    }
}

/// What the answer says of each object that was asked for; what else it says is not looked at.
fn read(asked: &[&Target], answer: DeleteObjectsOutput) -> Vec<(Target, Outcome)> {
    let asked: HashSet<&Target> = asked.iter().copied().collect();
    let mut told: HashMap<Target, Outcome> = HashMap::new();
    let mut tell = |key: Option<String>, version: Option<String>, outcome: Outcome| {
        let Some(key) = key else { return };
        // Whoever asks for the current object may be told which version that was.
        let current = Target { key, version: None };
        let target = if asked.contains(&current) { current } else { Target { version, ..current } };
        told.insert(target, outcome);
    };
    for deleted in answer.deleted.unwrap_or_default() {
        tell(deleted.key, deleted.version_id, None);
    }
    for failed in answer.errors.unwrap_or_default() {
        let outcome = match failed.code.as_deref() {
            Some("NoSuchKey" | "NoSuchVersion") => None,
            code => Some(failure::from_code(code)),
        };
        tell(failed.key, failed.version_id, outcome);
    }
    let outcome = |target: &Target| told.get(target).cloned().unwrap_or_else(unmentioned);
    asked.into_iter().map(|target| (target.clone(), outcome(target))).collect()
}

fn unmentioned() -> Outcome {
    Some(failure::unavailable("the store's answer does not say whether the file is deleted"))
}

/// Whether the store may be able to do it a moment later.
fn is_passing(error: &Error) -> bool {
    error.kind() == ErrorKind::StorageUnavailable
}

/// Whether a key goes through XML 1.0 and comes out as it was, whoever reads it: no character that
/// XML has none of or that readers change, and no blank at the end.
///
/// <https://www.w3.org/TR/xml/#charsets>
fn xml_carries(key: &str) -> bool {
    let is_plain = |c: char| {
        !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{FFFE}' | '\u{FFFF}')
    };
    key.chars().all(is_plain) && !key.ends_with(char::is_whitespace)
}
