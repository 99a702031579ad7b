//! Writes `vectors/tokens.json` and `vectors/has.json`. Running it again changes nothing, unless its cases changed.

use std::process::ExitCode;

use casier_conformance::generate;

fn main() -> ExitCode {
    match write() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("generate-vectors: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write() -> Result<(), String> {
    for (path, text) in generate::files()? {
        std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}
