//! What is not told: the token of a request.

use casier::http::{Body, Request, Routes};
use casier_local::TokenFault;

use super::bench::with;
use super::log::{lines, logged};

/// Attack 29. Neither the log, at any level, nor an answer repeats a part of a token, sound or not.
#[test]
fn no_part_of_a_token_is_logged_or_answered() {
    logged(async |bench| {
        let mut tokens = vec![bench.mint(|_| {})];
        for fault in TokenFault::ALL {
            tokens.push(bench.mint(|asked| asked.fault = Some(*fault)));
        }
        let long = format!("{}.{}", tokens[0], "A".repeat(20_000));
        tokens.extend([long, tokens[0].replace('.', "_"), format!("{}=", tokens[0])]);
        let mut answers = Vec::new();
        for token in &tokens {
            for (name, value) in [
                ("Authorization", format!("Bearer {token}")),
                ("Authorization", format!("Bearer {token},Bearer {token}")),
                ("Authorization", format!("Basic {token}")),
                ("X-Clerk-Auth-Token", token.clone()),
                ("Cookie", format!("__session={token}")),
                ("Cookie", format!("__session={token}; __session=other")),
            ] {
                for method in ["GET", "POST"] {
                    let request = with(Request::new(method, "/list"), name, &value);
                    let answer = bench.send(Routes::S3, request, Body::None).await;
                    answers.push(format!("{answer:?}"));
                }
            }
        }
        let logged = lines("casier");
        assert!(!logged.is_empty());
        let told = [logged, answers].concat();
        for part in tokens.iter().flat_map(|token| token.split('.')).filter(|part| part.len() > 8) {
            assert!(!told.iter().any(|line| line.contains(part)), "{part:.20}");
        }
    });
}
