//! The program `casier-local`, as a child process.

use std::collections::HashMap;
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::http::{get, post};

pub(crate) struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    comments: Vec<String>,
    pub(crate) env: HashMap<String, String>,
}

impl Running {
    /// Ends it with SIGKILL, which it cannot see coming.
    pub(crate) async fn kill(mut self) {
        in_time(self.child.kill()).await.unwrap();
    }
}

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_casier-local"));
    command.args(args).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what).await.unwrap()
}

pub(crate) async fn start(args: &[&str]) -> Running {
    let mut child = program(args).spawn().unwrap();
    let stdin = child.stdin.take();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (mut comments, mut env) = (Vec::new(), HashMap::new());
    loop {
        let line = in_time(lines.next_line()).await.unwrap().expect("it ended before `# ready`");
        match line.split_once('=') {
            _ if line == "# ready" => break,
            _ if line.starts_with('#') => comments.push(line),
            Some((name, value)) => drop(env.insert(name.to_owned(), value.to_owned())),
            None => panic!("{line:?} does not belong into a .env file"),
        }
    }
    Running { child, stdin, lines, comments, env }
}

/// Runs to the end, which has to come by itself.
async fn output(args: &[&str]) -> Output {
    in_time(program(args).output()).await.unwrap()
}

async fn ends(running: &mut Running) -> ExitStatus {
    in_time(running.child.wait()).await.unwrap()
}

fn signal(running: &Running, name: &str) {
    let id = running.child.id().unwrap().to_string();
    // The shell's own `kill`: a small machine has no program of that name.
    let mut shell = std::process::Command::new("sh");
    let sent = shell.args(["-c", "kill \"$1\" \"$2\"", "sh", name, &id]).status().unwrap();
    assert!(sent.success());
}

#[tokio::test]
async fn it_prints_an_environment_that_works() {
    let mut running = start(&["--until-stdin-closes", "--bucket", "files"]).await;
    let env = &running.env;
    assert_eq!(env["S3_BUCKET_NAME"], "files");
    assert_eq!(env["CASIER_LOCAL"], "1");
    assert_eq!(get(&env["S3_ENDPOINT_URL"], "/files/a").await.status, 403);

    let mint = env["CASIER_LOCAL_MINT_URL"].strip_suffix("/mint").unwrap();
    assert_eq!(mint, env["CLERK_ISSUER"]);
    let bearer = &env["CASIER_LOCAL_MINT_TOKEN"];
    let reply = post(mint, "/mint", bearer, r#"{"user_id":"user_1"}"#).await;
    assert_eq!(reply.status, 200);
    let curl = running.comments.iter().find(|line| line.starts_with("# curl ")).unwrap();
    assert!(curl.contains(bearer) && curl.contains(&env["CASIER_LOCAL_MINT_URL"]), "{curl}");

    drop(running.stdin.take());
    assert!(ends(&mut running).await.success());
    assert_eq!(in_time(running.lines.next_line()).await.unwrap(), None, "lines after `# ready`");
}

#[tokio::test]
async fn signals_end_it() {
    for name in ["-TERM", "-INT"] {
        let mut running = start(&["--until-stdin-closes"]).await;
        signal(&running, name);
        assert!(ends(&mut running).await.success(), "{name}");
    }
}

#[tokio::test]
async fn without_the_flag_a_closed_standard_input_does_not_end_it() {
    let mut running = start(&[]).await;
    drop(running.stdin.take());
    let early = tokio::time::timeout(Duration::from_millis(300), running.child.wait()).await;
    assert!(early.is_err());
    signal(&running, "-TERM");
    assert!(ends(&mut running).await.success());
}

#[tokio::test]
async fn mistakes_end_it_with_one_line() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (args, code, named) in [
        (&["--nonsense"][..], 2, "--nonsense"),
        (&["--s3-port", "http"], 2, "--s3-port"),
        (&["--s3-port", &port], 1, &port),
        (&["--issuer-port", &port], 1, &port),
        (&["--bucket", "Not A Bucket"], 1, "Not A Bucket"),
        (&["--data-dir", "/proc/nowhere"], 1, "No such file"),
    ] {
        let output = output(args).await;
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.starts_with("casier-local: ") && stderr.contains(named), "{stderr}");
        assert!(output.stdout.is_empty());
    }
}

#[tokio::test]
async fn help_and_version_are_printed() {
    let help = output(&["--help"]).await;
    assert!(help.status.success());
    assert!(String::from_utf8(help.stdout).unwrap().contains("--until-stdin-closes"));
    let version = output(&["--version"]).await;
    let expected = concat!("casier-local ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(String::from_utf8(version.stdout).unwrap(), expected);
}
