//! The two listings.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::answer::Success;
use super::file::{described, described_in_full};
use super::query::Query;
use super::task::Task;
use crate::access::{Action, Facts};
use crate::observe::What;
use crate::storage::{ListOptions, UserStorage};
use crate::{Error, ErrorKind, Result};

const PARAMETERS: [&str; 5] = ["content_type", "cursor", "limit", "user_id", "with_metadata"];

const MESSAGE: &str = "The files are listed.";

/// The caller's files as the data, the cursor beside them.
pub(super) async fn own(files: &UserStorage, query: &str) -> Result<Success> {
    let page = files.list(options(&mut parse(query)?)?).await?;
    let data = page.items.iter().map(described).collect();
    let metadata = json!({"next_cursor": page.next_cursor, "skipped": page.skipped});
    Ok(Success { metadata: Some(metadata), ..Success::new(MESSAGE, data) })
}

/// The files of the user whom the query names, and the cursor among the data.
pub(super) async fn of_user(task: &Task, own: UserStorage) -> Result<Success> {
    let mut query = parse(&task.query)?;
    let options = options(&mut query)?;
    let files = match query.text("user_id") {
        Some(user_id) if task.session.user().user_id != user_id => another(task, &user_id)?,
        _ => own,
    };
    let page = files.list(options).await?;
    let listed: Vec<Value> = match task.is_bare {
        true => page.items.iter().map(|file| described_in_full(file, files.bucket())).collect(),
        false => page.items.iter().map(described).collect(),
    };
    Ok(Success::new(MESSAGE, json!({"files": listed, "next_cursor": page.next_cursor})))
}

fn parse(query: &str) -> Result<Query> {
    Query::parse(query, &PARAMETERS)
}

fn options(query: &mut Query) -> Result<ListOptions> {
    let mut options = ListOptions {
        kind: query.text("content_type"),
        cursor: query.text("cursor"),
        with_metadata: query.switch("with_metadata")?,
        ..ListOptions::default()
    };
    if let Some(limit) = query.number("limit")? {
        options.limit = limit;
    }
    Ok(options)
}

/// The files of another user, for an administrator where the application has switched this on.
fn another(task: &Task, user_id: &str) -> Result<UserStorage> {
    let outcome = match task.admin_may_list && is_admin(task) {
        true => task.casier.storage_for(user_id),
        false => Err(Error::new(ErrorKind::NotOwner, "these are the files of another user")),
    };
    let what = What { is_privileged: true, ..What::about("list-user", user_id) };
    task.session.decider().told(what, outcome)
}

fn is_admin(task: &Task) -> bool {
    let policy = &task.casier.config().policy;
    policy.highest_role().is_some_and(|role| {
        let action = Action::Role(role.to_owned());
        let user = task.session.user();
        policy.decide(user, &action, &Facts::default(), SystemTime::now()).is_allowed()
    })
}
