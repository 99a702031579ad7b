//! What `make bench` measures in Rust, and the tokens that it measures with in every language.

mod links;
mod mint;
mod peers;
mod rounds;
mod server;
mod storage;
mod stores;
mod verify;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use mint::KINDS;

type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["mint", folder] => mint::mint(Path::new(folder)),
        ["run", folder, results] => run(Path::new(folder), Path::new(results)),
        ["profile", folder] => profile(Path::new(folder), false),
        ["profile", folder, "--cache"] => profile(Path::new(folder), true),
        ["profile-links", folder] => profile_links(Path::new(folder)),
        ["profile-storage", call, store] => storage::profile(call, store),
        _ => {
            Err("use: casier-bench mint FOLDER | run FOLDER RESULTS | profile FOLDER [--cache]"
                .into())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("casier-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(folder: &Path, results: &Path) -> Result<()> {
    let mut outcomes = Vec::new();
    let mut add = |outcome| {
        println!("{outcome}");
        outcomes.push(outcome);
    };
    for kind in &KINDS {
        let (jwk, tokens) = mint::read(folder, kind)?;
        add(verify::distinct(kind, &jwk, &tokens)?);
    }
    let (jwk, tokens) = mint::read(folder, &KINDS[0])?;
    add(verify::repeated(&KINDS[0], &jwk, &tokens)?);
    verify::two_threads(&KINDS[0], &jwk, &tokens)?.into_iter().for_each(&mut add);
    add(links::links(&KINDS[0], &jwk, &tokens[0])?);
    storage::small_calls()?.into_iter().for_each(add);
    fs::write(results, serde_json::to_string_pretty(&outcomes)?)?;
    Ok(())
}

/// Casier alone, for a profiler, on tokens of which each comes once.
fn profile(folder: &Path, has_cache: bool) -> Result<()> {
    let (jwk, tokens) = mint::read(folder, &KINDS[0])?;
    for _ in 0..20 {
        verify::pass(&KINDS[0], &jwk, &tokens, has_cache)?;
    }
    Ok(())
}

/// Casier's links alone, for a profiler; the store is told by the environment.
fn profile_links(folder: &Path) -> Result<()> {
    let (jwk, tokens) = mint::read(folder, &KINDS[0])?;
    links::profile(&KINDS[0], &jwk, &tokens[0])
}
