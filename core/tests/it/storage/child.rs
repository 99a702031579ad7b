//! Jobs done in a process of their own, whose memory can be measured and that can be killed: this
//! test program once more, on [`a_job`] alone, pointed at the same store by the environment.

use std::process::Stdio;
use std::sync::Arc;

use casier::access::Policy;
use casier::storage::{Scope, Storage, StorageConfig};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::ChildStdout;

use super::bench::{Bench, from_environment};
use super::{large, listing};

const JOB: &str = "CASIER_TEST_JOB";
const USER: &str = "CASIER_TEST_USER";
const ARGUMENT: &str = "CASIER_TEST_ARGUMENT_";

/// Before what a child tells its parent; the test harness prints other lines.
const TOLD: &str = "told: ";

#[test]
#[ignore = "done by the children of other tests"]
fn a_job() {
    let Ok(job) = std::env::var(JOB) else { return };
    let policy = Arc::new(Policy::builtin());
    let scope = Scope::new(std::env::var(USER).unwrap()).unwrap();
    let files = Storage::new(from_environment().unwrap()).unwrap().scoped(scope, None, policy);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        match job.as_str() {
            "list_all" => listing::list_all(files).await,
            _ => large::do_job(&job, files).await,
        }
    });
}

/// What the parent gave the job.
pub(super) fn argument(name: &str) -> String {
    std::env::var(format!("{ARGUMENT}{name}")).unwrap()
}

/// Tells the parent.
pub(super) fn tell(what: &str) {
    println!("\n{TOLD}{what}");
}

/// A child at work, killed when it is dropped.
pub(super) struct Child {
    process: tokio::process::Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Child {
    pub(super) fn start(bench: &Bench, job: &str, arguments: &[(&str, &str)]) -> Self {
        Self::of(&bench.config, bench.scope.user_id(), job, arguments)
    }

    /// At any store, for any user.
    pub(super) fn of(
        config: &StorageConfig,
        user_id: &str,
        job: &str,
        arguments: &[(&str, &str)],
    ) -> Self {
        let keys = config.credentials.as_ref().unwrap();
        let arguments = arguments.iter().map(|(name, value)| (format!("{ARGUMENT}{name}"), *value));
        let mut process = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "storage::child::a_job", "--ignored", "--nocapture"])
            .env(JOB, job)
            .env(USER, user_id)
            .env("S3_ENDPOINT_URL", config.endpoint.as_ref().unwrap())
            .env("S3_BUCKET_NAME", &config.bucket)
            .env("AWS_ACCESS_KEY_ID", &keys.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &keys.secret_access_key)
            .env("AWS_REGION", config.region.as_deref().unwrap_or_default())
            .envs(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// What it tells next; nothing when it has ended.
    pub(super) async fn told(&mut self) -> Option<String> {
        while let Some(line) = self.lines.next_line().await.unwrap() {
            if let Some(told) = line.strip_prefix(TOLD) {
                return Some(told.to_owned());
            }
        }
        None
    }

    /// Waits for its end, which has to be a good one.
    pub(super) async fn end(mut self) {
        assert_eq!(self.told().await, None);
        assert!(self.process.wait().await.unwrap().success());
    }
}
