//! What the tests of every room need.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Hardly any test may wait longer than this.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// Runs a test within the time limit, on two threads.
pub(crate) fn within_limit<T>(test: impl Future<Output = T>) -> T {
    within(TIME_LIMIT, test)
}

/// Runs a test of ten thousand calls.
pub(crate) fn within_long_limit<T>(test: impl Future<Output = T>) -> T {
    within(3 * TIME_LIMIT, test)
}

/// Runs a test within a time limit of its own.
pub(crate) fn within<T>(limit: Duration, test: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(limit, test).await.expect("the test takes too long")
    })
}

/// Runs a test of this program again, alone in a process of its own with these variables and no
/// others; `is_child` is true there. Gives what it printed.
pub(crate) async fn in_child(test: &str, variables: &[(&str, &str)]) -> String {
    output(tokio::process::Command::new(std::env::current_exe().unwrap()), test, variables).await
}

/// The same within the limits that a shell sets before it becomes this program (`exec "$0" "$@"`).
#[cfg(unix)]
pub(crate) async fn in_limited_child(
    limits: &str,
    test: &str,
    variables: &[(&str, &str)],
) -> String {
    let mut shell = tokio::process::Command::new("/bin/sh");
    shell.arg("-c").arg(limits).arg(std::env::current_exe().unwrap());
    output(shell, test, variables).await
}

async fn output(
    mut program: tokio::process::Command,
    test: &str,
    variables: &[(&str, &str)],
) -> String {
    let output = program
        .args(["--exact", test, "--nocapture"])
        .env_clear()
        .env(CHILD, "1")
        .envs(variables.iter().copied())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let shown = [output.stdout, output.stderr].concat();
    let shown = String::from_utf8_lossy(&shown).into_owned();
    assert!(output.status.success() && shown.contains("1 passed"), "{shown}");
    shown
}

pub(crate) fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

const CHILD: &str = "CASIER_TEST_CHILD";

/// A name that no other test has.
pub(crate) fn random_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{:x}-{:x}-{count:x}", now.as_nanos(), std::process::id())
}

/// A folder that goes when it is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("casier-{}", random_name()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
