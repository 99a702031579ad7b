//! The second step of a call.

use std::time::SystemTime;

use futures_util::future::BoxFuture;

use super::answer::Answer;
use super::body::{Body, Wanted};
use super::task::Task;
use crate::{Error, ErrorKind, Session};

/// A call to a route, whose body may still be unread.
#[derive(Debug)]
pub struct Call {
    pub(super) request_id: String,
    /// Whether the answer has a body: that to `HEAD` has none.
    pub(super) has_body: bool,
    pub(super) step: Result<Task, Refusal>,
}

/// Why a call has ended before its body.
#[derive(Debug)]
pub(super) struct Refusal {
    error: Error,
    /// The methods that the path takes, when the request's is not one of them.
    allow: Option<String>,
}

impl Refusal {
    pub(super) fn other_methods(allow: String) -> Self {
        let error = Error::new(ErrorKind::MethodNotAllowed, format!("this path takes {allow}"));
        Self { error, allow: Some(allow) }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { error, allow: None }
    }
}

impl Call {
    /// What of the body is to be read before [`answer`](Self::answer).
    pub fn wanted(&self) -> Wanted {
        self.step.as_ref().map_or(Wanted::Nothing, Task::wanted)
    }

    /// Who is signed in; none when the call is refused.
    pub fn session(&self) -> Option<&Session> {
        self.step.as_ref().ok().map(|task| &task.session)
    }

    /// The id of the request, which the answer repeats as `X-Request-Id`.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Does what was asked. Never fails: a failure is an answer. Dropping the future gives the call
    /// up; what the store has taken whole by then stays.
    pub async fn answer(self, body: Body) -> Answer {
        let request_id = self.request_id.as_str();
        let outcome = match self.step {
            Ok(task) => {
                let is_bare = task.is_bare;
                // Boxed: frameworks hold and move the future of a call, and an upload's is large. Of
                // a type without depth: compilers of what is built around it would give up.
                let done: BoxFuture<'_, _> = Box::pin(task.perform(body, request_id));
                done.await.map(|success| (success, is_bare)).map_err(Refusal::from)
            }
            Err(refusal) => Err(refusal),
        };
        let mut answer = match outcome {
            Ok((success, true)) => Answer::bare(&success, request_id),
            Ok((success, false)) => Answer::success(success, request_id, SystemTime::now()),
            Err(Refusal { error, allow }) => {
                let mut answer = Answer::error(&error, request_id, SystemTime::now());
                answer.headers.extend(allow.map(|allow| ("Allow".to_owned(), allow)));
                answer
            }
        };
        if !self.has_body {
            answer.body.clear();
        }
        answer
    }
}
