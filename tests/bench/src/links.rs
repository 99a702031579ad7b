//! The contest of links: signed for one key after the other, and for many at once.

use std::hint::black_box;
use std::iter;

use casier::storage::{LinkOptions, UserStorage};
use casier::{Casier, Setting};
use serde_json::{Value, json};
use tokio::runtime::Builder;

use crate::Result;
use crate::mint::{ISSUER, Kind};
use crate::rounds::{BATCH, Contest, Outcome, Turn, Wanted, timed};
use crate::server::serve_keys;
use crate::stores::Files;

const ROUNDS: usize = 300;

/// Links to read files of which each comes once, for the user of a token.
pub(crate) fn links(kind: &Kind, jwk: &Value, token: &str) -> Result<Outcome> {
    let files = files_of(kind, jwk, token)?;
    let keys = keys(&files, ROUNDS * BATCH);
    let contest = Contest::new("presigned GET")
        .with("object_store 0.14.2", one_by_one(Files::object_store()?)?)
        .with("Casier", one_by_one(Files::Casier(files.clone()))?)
        .wanting(Some(Wanted::PerSecond(4e5)))
        .with("Casier, `presigned_urls` of 128", all_at_once(files)?)
        .with("aws-sdk-s3", one_by_one(Files::sdk()?)?);
    Ok(contest.run(keys.chunks_exact(BATCH)))
}

/// Casier alone, for a profiler.
pub(crate) fn profile(kind: &Kind, jwk: &Value, token: &str) -> Result<()> {
    let files = files_of(kind, jwk, token)?;
    let keys = keys(&files, ROUNDS * BATCH);
    let mut turn = one_by_one(Files::Casier(files))?;
    let took = iter::repeat_with(|| turn(&keys)).take(20).min().unwrap_or_default();
    println!("{:?}", took / keys.len() as u32);
    Ok(())
}

/// The files of a token's user, with the policy and the audit that requests meet.
fn files_of(kind: &Kind, jwk: &Value, token: &str) -> Result<UserStorage> {
    let casier = Casier::builder()
        .environment()?
        .set(Setting::Issuer, ISSUER)
        .set(Setting::JwksUrl, serve_keys(json!({"keys": [jwk]}).to_string())?)
        .set(Setting::Algorithms, kind.algorithm)
        .build()?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(casier.authenticate(token))?.files()?)
}

fn keys(files: &UserStorage, count: usize) -> Vec<String> {
    let prefix = files.scope().prefix();
    (0..count).map(|number| format!("{prefix}books/file-{number}.txt")).collect()
}

fn one_by_one<'a>(files: Files) -> Result<Turn<'a>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    Ok(Box::new(move |keys| {
        timed(|| {
            runtime.block_on(async {
                for key in keys {
                    let link = files.link(key).await;
                    assert!(black_box(link).is_ok(), "the link is signed");
                }
            });
        })
    }))
}

fn all_at_once<'a>(files: UserStorage) -> Result<Turn<'a>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    Ok(Box::new(move |keys| {
        timed(|| {
            let links = runtime.block_on(files.presigned_urls(keys, LinkOptions::default()));
            assert!(black_box(links).is_ok(), "the links are signed");
        })
    }))
}
