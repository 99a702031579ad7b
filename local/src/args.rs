//! The program's arguments.

use std::ffi::OsString;
use std::path::PathBuf;

/// What the program prints for `--help`.
pub(crate) const HELP: &str = "\
casier-local: a strict S3 server and a token issuer on 127.0.0.1

It prints its environment as KEY=value lines (a .env file), then the line `# ready`, and runs
until SIGINT or SIGTERM. Every start has a fresh signing key and fresh secrets.

usage: casier-local [flags]

  --data-dir DIR         keep the objects in DIR, over restarts (default: in memory)
  --bucket NAME          the bucket to make (default: casier-local)
  --s3-port PORT         the S3 server's port (default: a free one)
  --issuer-port PORT     the issuer's port (default: a free one)
  --until-stdin-closes   also stop when standard input ends
  --help                 print this
  --version              print the version
";

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Run(Options),
    Help,
    Version,
}

/// How to run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) bucket: Option<String>,
    pub(crate) s3_port: u16,
    pub(crate) issuer_port: u16,
    pub(crate) until_stdin_closes: bool,
}

/// Reads the arguments after the program's name; the error is one line for people.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let mut options = Options::default();
    let mut seen = Vec::new();
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        let arg = arg.into_string().map_err(|arg| format!("unknown argument {arg:?}"))?;
        let (flag, mut inline) = match arg.split_once('=') {
            Some((flag, value)) => (flag.to_owned(), Some(OsString::from(value))),
            None => (arg, None),
        };
        if seen.contains(&flag) {
            return Err(format!("{flag} is given twice"));
        }
        let mut value = || {
            let value = inline.take().or_else(|| args.next()).filter(|value| !value.is_empty());
            value.ok_or_else(|| format!("{flag} needs a value"))
        };
        match flag.as_str() {
            "--data-dir" => options.data_dir = Some(value()?.into()),
            "--bucket" => {
                let name = value()?.into_string();
                options.bucket = Some(name.map_err(|_| "--bucket takes plain text".to_owned())?);
            }
            "--s3-port" => options.s3_port = port(&flag, &value()?)?,
            "--issuer-port" => options.issuer_port = port(&flag, &value()?)?,
            "--until-stdin-closes" => options.until_stdin_closes = true,
            "--help" | "-h" => return Ok(Command::Help),
            "--version" | "-V" => return Ok(Command::Version),
            _ => return Err(format!("unknown argument {flag:?}; --help lists those that exist")),
        }
        if inline.is_some() {
            return Err(format!("{flag} takes no value"));
        }
        seen.push(flag);
    }
    if options.s3_port != 0 && options.s3_port == options.issuer_port {
        return Err("--s3-port and --issuer-port are the same".into());
    }
    Ok(Command::Run(options))
}

fn port(flag: &str, value: &OsString) -> Result<u16, String> {
    value
        .to_str()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| format!("{flag} takes a port, 0 to 65535, not {value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Command, String> {
        parse(args.iter().map(OsString::from))
    }

    #[test]
    fn flags_are_read_in_both_forms() {
        let options = Options {
            data_dir: Some("/tmp/a b=c".into()),
            bucket: Some("files".into()),
            s3_port: 9000,
            issuer_port: 9001,
            until_stdin_closes: true,
        };
        let spaced = [
            "--data-dir",
            "/tmp/a b=c",
            "--bucket",
            "files",
            "--s3-port",
            "9000",
            "--issuer-port",
            "9001",
            "--until-stdin-closes",
        ];
        let joined = [
            "--data-dir=/tmp/a b=c",
            "--bucket=files",
            "--s3-port=9000",
            "--issuer-port=9001",
            "--until-stdin-closes",
        ];
        assert_eq!(parsed(&joined), Ok(Command::Run(options)));
        assert_eq!(parsed(&spaced), parsed(&joined));
        assert_eq!(parsed(&[]), Ok(Command::Run(Options::default())));
        assert_eq!(parsed(&["--help"]), Ok(Command::Help));
        assert_eq!(parsed(&["--version"]), Ok(Command::Version));
    }

    #[test]
    fn mistakes_get_one_line_that_names_the_flag() {
        for (args, flag) in [
            (&["--port", "1"][..], "--port"),
            (&["9000"], "9000"),
            (&["--s3-port"], "--s3-port"),
            (&["--s3-port", "65536"], "--s3-port"),
            (&["--s3-port=-1"], "--s3-port"),
            (&["--data-dir="], "--data-dir"),
            (&["--bucket", "a", "--bucket", "b"], "--bucket"),
            (&["--until-stdin-closes=yes"], "--until-stdin-closes"),
            (&["--s3-port=9000", "--issuer-port=9000"], "--issuer-port"),
        ] {
            let error = parsed(args).unwrap_err();
            assert!(error.contains(flag) && !error.contains('\n'), "{error}");
        }
    }
}
