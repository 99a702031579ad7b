//! What an error may say.

use casier::Error;

/// The longest part of a token that may stand in an error by chance.
const CHANCE: usize = 8;

/// Fails where the text of an error holds 8 or more characters in a row of what it was about. Plain
/// words, which an error may well share with it, do not count: no secret is made of them.
pub fn assert_quiet(error: &Error, secret: &str) {
    let text = format!("{error} {error:?}");
    let told = secret.as_bytes().windows(CHANCE).find(|part| {
        !is_words(part) && text.as_bytes().windows(CHANCE).any(|shown| shown == *part)
    });
    if let Some(part) = told {
        panic!("the error tells {:?}: {text}", String::from_utf8_lossy(part));
    }
}

/// Letters of one case, but for the first of each word, with anything but digits between words.
fn is_words(part: &[u8]) -> bool {
    part.split(|byte| !byte.is_ascii_alphanumeric()).all(|word| {
        let rest = word.get(1..).unwrap_or_default();
        word.iter().all(u8::is_ascii_alphabetic)
            && (rest.iter().all(u8::is_ascii_lowercase) || rest.iter().all(u8::is_ascii_uppercase))
    })
}
