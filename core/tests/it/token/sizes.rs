//! Tokens of absurd size.

use std::process::Command;
use std::sync::Arc;
use std::time::SystemTime;

use casier::ErrorKind;
use casier::access::Policy;
use casier::token::{
    IssuerConfig, KeySource, RequestHead, RequestRules, TokenSource, TokenVerifier, extract_token,
};
use casier_local::issuer::SigningKey;

const SIZE: usize = 16 << 20;
/// Names the input for the process that takes it.
const INPUT: &str = "CASIER_TEST_HUGE_INPUT";
const INPUTS: [&str; 6] = ["dots", "letters", "payload", "signature", "depth", "cookies"];

/// Attack 28. Sixteen megabytes cost less memory than as much again, in a process that does nothing
/// else.
#[test]
fn a_huge_token_costs_little_more_than_itself() {
    if let Ok(name) = std::env::var(INPUT) {
        return take(&name);
    }
    for name in INPUTS {
        let test = "token::sizes::a_huge_token_costs_little_more_than_itself";
        let mut child = Command::new(std::env::current_exe().unwrap());
        let output = child.args(["--exact", test]).env(INPUT, name).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{name}: {said}");
    }
}

fn take(name: &str) {
    let key = SigningKey::generate("key-1").unwrap().public_pem().unwrap();
    let config = IssuerConfig::new("https://issuer.test", KeySource::Pem(key));
    let verifier = TokenVerifier::new(config, Arc::new(Policy::builtin())).unwrap();
    let before = peak_bytes();
    let text = input(name);
    assert!(text.len() >= SIZE);
    let most = before + 2 * text.len();

    let error = verifier.verify(&text, SystemTime::now(), TokenSource::Header).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenInvalid);
    let source = if name == "cookies" { "Cookie" } else { "X-Clerk-Auth-Token" };
    let request = RequestHead::new("GET", vec![(source.to_owned(), text)]);
    let error = extract_token(&request, &RequestRules::default(), SystemTime::now());
    assert_eq!(error.unwrap_err().kind(), ErrorKind::TokenInvalid);
    let peak = peak_bytes();
    assert!(peak < most, "{name}: {peak} bytes, {most} at most");
}

fn input(name: &str) -> String {
    match name {
        "dots" => ".".repeat(SIZE),
        "letters" => "A".repeat(SIZE),
        "payload" => padded("eyJhbGciOiJSUzI1NiJ9.", "AAAA", ".AAAA"),
        "signature" => padded("eyJhbGciOiJSUzI1NiJ9.e30.", "AAAA", ""),
        // `W1tb` is `[[[` in base64url.
        "depth" => padded("eyJhbGciOiJSUzI1NiJ9.", "W1tb", ".AAAA"),
        "cookies" => padded("", "__session=a; __session_x=b; ", "__session=c"),
        other => panic!("no input is called {other}"),
    }
}

/// A text that is made in one piece, so that making it costs no more memory than it has.
fn padded(prefix: &str, text: &str, suffix: &str) -> String {
    let times = SIZE.div_ceil(text.len());
    let mut whole = String::with_capacity(prefix.len() + times * text.len() + suffix.len());
    whole.push_str(prefix);
    whole.extend(std::iter::repeat_n(text, times));
    whole.push_str(suffix);
    whole
}

/// The most memory that this process has had at any time.
fn peak_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}
