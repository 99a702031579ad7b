//! The program `casier-local`: the local stack for people, and for tests in any language.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod args;

use std::io::{Read as _, Write as _};
use std::process::ExitCode;

use args::{Command, Options};
use casier_local::LocalStack;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

fn main() -> ExitCode {
    let options = match args::parse(std::env::args_os().skip(1)) {
        Ok(Command::Run(options)) => options,
        Ok(Command::Help) => return print(args::HELP),
        Ok(Command::Version) => {
            return print(concat!("casier-local ", env!("CARGO_PKG_VERSION"), "\n"));
        }
        Err(reason) => return fail(2, &reason),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(1, &error.to_string()),
    };
    match runtime.block_on(run(options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(1, &error.to_string()),
    }
}

type BoxError = Box<dyn std::error::Error>;

async fn run(options: Options) -> Result<(), BoxError> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut builder =
        LocalStack::builder().s3_port(options.s3_port).issuer_port(options.issuer_port);
    if let Some(bucket) = options.bucket {
        builder = builder.bucket(bucket);
    }
    let kept = match options.data_dir {
        Some(folder) => {
            let kept = format!("kept in {}", folder.display()).replace(['\n', '\r'], "?");
            builder = builder.data_dir(folder);
            kept
        }
        None => "held in memory".to_owned(),
    };
    let stack = builder.start().await?;
    announce(&stack, &kept)?;
    let stdin_closed = watch_stdin(options.until_stdin_closes);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        () = stdin_closed => {}
    }
    stack.shutdown().await;
    Ok(())
}

fn announce(stack: &LocalStack, kept: &str) -> std::io::Result<()> {
    let mut text = format!(
        "# casier-local {}: S3 on {}, token issuer on {}\n\
         # Objects are {kept}. Whoever has the bearer below can be any user here.\n\
         # A token for user_1, tier pro:\n\
         # curl -s -X POST {} -H 'Authorization: Bearer {}' -H 'Content-Type: application/json' \
         -d '{{\"user_id\":\"user_1\",\"tier\":\"pro\"}}'\n\
         # An upload that fails once, for the tests of what is done then:\n\
         # curl -s -X POST {} -H 'Authorization: Bearer {}' -H 'Content-Type: application/json' \
         -d '{{\"fault\":\"unavailable\",\"operation\":\"PutObject\",\"times\":1}}'\n",
        env!("CARGO_PKG_VERSION"),
        stack.s3_endpoint(),
        stack.issuer_url(),
        stack.issuer().mint_url(),
        stack.issuer().mint_bearer(),
        stack.faults_url(),
        stack.issuer().mint_bearer(),
    );
    for (name, value) in stack.env() {
        text.push_str(&format!("{name}={value}\n"));
    }
    text.push_str("# ready\n");
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Ends when standard input does; never when that was not asked for.
///
/// A thread of its own reads, because a blocked read cannot be cancelled and would keep the
/// runtime from ending; this thread simply ends with the process.
async fn watch_stdin(wanted: bool) {
    if !wanted {
        return std::future::pending().await;
    }
    let (closed, wait) = oneshot::channel();
    std::thread::spawn(move || {
        let mut scrap = [0; 512];
        let mut stdin = std::io::stdin().lock();
        loop {
            match stdin.read(&mut scrap) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
        let _ = closed.send(());
    });
    // An error means that the thread could not go on, which counts as closed.
    let _ = wait.await;
}

fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn fail(code: u8, reason: &str) -> ExitCode {
    let reason = reason.replace('\n', " ");
    // With standard error closed there is nobody left to tell; the exit code still does.
    let _ = writeln!(std::io::stderr(), "casier-local: {reason}");
    ExitCode::from(code)
}
