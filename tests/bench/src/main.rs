//! What `make bench` measures in Rust, and the tokens that it measures with in every language.

mod mint;
mod peers;
mod rounds;
mod verify;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;

type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["mint", folder] => mint::mint(Path::new(folder)),
        ["run", folder, results] => run(Path::new(folder), Path::new(results)),
        _ => Err("use: casier-bench mint FOLDER | casier-bench run FOLDER RESULTS".into()),
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
    for kind in &mint::KINDS {
        let read = |end| fs::read_to_string(folder.join(format!("{}.{end}", kind.name)));
        let jwk: Value = serde_json::from_str(&read("jwk")?)?;
        let tokens: Vec<String> = read("tokens")?.lines().map(str::to_owned).collect();
        let outcome = verify::distinct(kind, &jwk, &tokens)?;
        println!("{outcome}");
        outcomes.push(outcome);
    }
    fs::write(results, serde_json::to_string_pretty(&outcomes)?)?;
    Ok(())
}
