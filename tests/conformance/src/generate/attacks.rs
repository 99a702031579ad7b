//! Rows 1 to 18, 27 and 28 of the list of attacks: the token as such.

use casier_local::issuer::Signing;
use serde_json::{Value, json};

use super::Cases;
use super::spec::{Keys, NOW, Secret, Sign, Spec};

pub(super) fn add(cases: &mut Cases) {
    no_algorithm(cases);
    public_key_as_secret(cases);
    genuine_but_other_algorithm(cases);
    elliptic(cases);
    foreign_keys_in_the_header(cases);
    key_ids(cases);
    extensions(cases);
    types(cases);
    encodings(cases);
    json_texts(cases);
    signatures(cases);
    sizes(cases);
}

const ALGORITHM: &str = "token-invalid-algorithm";
const SIGNATURE: &str = "token-invalid-signature";
const MALFORMED: &str = "token-invalid";
const TYPE: &str = "token-type-mismatch";

fn no_algorithm(cases: &mut Cases) {
    for alg in ["none", "None", "NONE", "nOnE", "rs256", "RS256 ", "", "HS256", "XX999"] {
        let bare = Spec::new().header("alg", alg).signed(Sign::Raw(Vec::new()));
        cases.refused(&format!("attack 01: alg `{alg}`, no signature"), bare, ALGORITHM);
        let genuine = Spec::new().header("alg", alg);
        cases.refused(&format!("attack 01: alg `{alg}`, RS256 signature"), genuine, ALGORITHM);
    }
    cases.refused("attack 01: alg missing", Spec::new().no_header("alg"), ALGORITHM);
    for (what, alg) in [
        ("null", Value::Null),
        ("a number", json!(256)),
        ("an array", json!(["RS256"])),
        ("an object", json!({})),
        ("false", json!(false)),
    ] {
        let spec = Spec::new().header("alg", alg);
        cases.refused(&format!("attack 01: alg {what}"), spec, ALGORITHM);
    }
}

fn public_key_as_secret(cases: &mut Cases) {
    for (what, secret) in [
        ("PEM", Secret::Pem),
        ("PEM without its last newline", Secret::PemWithoutLastNewline),
        ("PEM with CRLF", Secret::PemWithCarriageReturns),
        ("PEM with a byte order mark", Secret::PemWithByteOrderMark),
        ("DER", Secret::Der),
        ("JWK", Secret::Jwk),
        ("nothing", Secret::Empty),
    ] {
        for (source, keys) in [("jwks", Keys::RsaJwks), ("pem", Keys::RsaPem)] {
            if source == "pem" && !matches!(secret, Secret::Pem) {
                continue;
            }
            let name = format!("attack 02: HS256 keyed with the public key as {what}, {source}");
            let spec = Spec::new().keys(keys).signed(Sign::Hmac(secret));
            cases.refused(&name, spec, ALGORITHM);
        }
    }
    cases.refused(
        "attack 02: HS256 keyed with the public key, and allow-listed",
        Spec::new().issuer("algorithms", json!(["HS256"])).signed(Sign::Hmac(Secret::Pem)),
        "config-invalid",
    );
}

fn genuine_but_other_algorithm(cases: &mut Cases) {
    let rs512 = || Spec::new().signed(Sign::Rsa(Signing::Rs512));
    let rs384 = || Spec::new().signed(Sign::Rsa(Signing::Rs384));
    cases.refused("attack 03: a genuine RS512, not listed", rs512(), ALGORITHM);
    cases.refused("attack 03: a genuine RS384, not listed", rs384(), ALGORITHM);
    cases.refused(
        "attack 03: a genuine PS256, not listed",
        Spec::new().signed(Sign::Ps256),
        ALGORITHM,
    );
    cases.refused("attack 03: RS512 by PEM, not listed", rs512().keys(Keys::RsaPem), ALGORITHM);
    let listing = |spec: Spec, name: &str| spec.issuer("algorithms", json!(["RS256", name]));
    cases.refused(
        "attack 04: RS512 is listed, but the JWK is for RS256",
        listing(rs512(), "RS512"),
        ALGORITHM,
    );
    cases.refused(
        "attack 04: PS256 is listed, but the JWK is for RS256",
        listing(Spec::new().signed(Sign::Ps256), "PS256"),
        ALGORITHM,
    );
    cases.refused(
        "attack 04: RS256 in the header, RS512 in the signature",
        rs512().header("alg", "RS256"),
        SIGNATURE,
    );
}

fn elliptic(cases: &mut Cases) {
    let listing = |spec: Spec| {
        spec.keys(Keys::Jwks).issuer("algorithms", json!(["RS256", "ES256", "ES384", "EdDSA"]))
    };
    let p256 = || listing(Spec::new().signed(Sign::Es256));
    cases.refused(
        "attack 05: RS256 with the P-256 key's kid",
        p256().header("alg", "RS256"),
        ALGORITHM,
    );
    cases.refused("attack 05: ES384 with the P-256 key", p256().header("alg", "ES384"), ALGORITHM);
    cases.refused("attack 05: EdDSA with the P-256 key", p256().header("alg", "EdDSA"), ALGORITHM);
    let rsa = listing(Spec::new()).header("alg", "ES256");
    cases.refused("attack 05: ES256 with the RSA key's kid", rsa, ALGORITHM);

    let order = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    let zero = vec![0; 32];
    let one = [vec![0; 31], vec![1]].concat();
    for (what, r, s) in [
        ("r = s = 0", &zero, &zero),
        ("r = 0", &zero, &one),
        ("s = 0", &one, &zero),
        ("r = s = n", &order, &order),
        ("r = n, s = 1", &order, &one),
        ("r = 1, s = n", &one, &order),
    ] {
        let forged = p256().forged(Sign::Raw([r.as_slice(), s.as_slice()].concat()));
        cases.refused(&format!("attack 06: ES256 with {what}"), forged, SIGNATURE);
    }
    cases.refused("attack 06: ES256 in DER form", p256().forged(Sign::Es256Der), SIGNATURE);
    cases.refused(
        "attack 06: ES256, empty signature",
        p256().forged(Sign::Raw(Vec::new())),
        SIGNATURE,
    );

    let ed25519 = || listing(Spec::new().signed(Sign::Ed25519));
    cases.refused(
        "attack 07: EdDSA with S + L",
        ed25519().forged(Sign::Ed25519PlusOrder),
        SIGNATURE,
    );
    cases.refused("attack 07: EdDSA of zeros", ed25519().forged(Sign::Raw(vec![0; 64])), SIGNATURE);
}

fn foreign_keys_in_the_header(cases: &mut Cases) {
    let places = [
        ("jku", json!("https://evil.example.com/jwks.json")),
        ("x5u", json!("https://evil.example.com/cert.pem")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("AAAA")),
    ];
    for (name, value) in &places {
        let genuine = Spec::new().header(name, value.clone());
        cases.passes(&format!("attack 08: {name} is ignored"), genuine);
        let forged = Spec::new().header(name, value.clone()).signed(Sign::Stranger);
        cases.refused(&format!("attack 08: {name} gives no key"), forged, SIGNATURE);
    }
    let embedded = Spec::new().stranger_jwk().signed(Sign::Stranger);
    cases.refused("attack 08: an embedded jwk gives no key", embedded, SIGNATURE);
    let named = Spec::new().stranger_jwk().header("kid", "ins_stranger").signed(Sign::Stranger);
    cases.refused("attack 08: an embedded jwk with its kid", named, "jwk-kid-mismatch");
}

fn key_ids(cases: &mut Cases) {
    let mismatch = "jwk-kid-mismatch";
    cases.refused("attack 09: kid missing", Spec::new().no_header("kid"), mismatch);
    for (what, kid) in [
        ("empty", String::new()),
        ("a path", "../../../../dev/null".into()),
        ("SQL", "' UNION SELECT 'secret' --".into()),
        ("a URL", "https://evil.example.com/key".into()),
        ("with a newline", "ins_test_rsa\nforged log line".into()),
        ("with NUL", "ins_test_rsa\0".into()),
        ("beginning like ours", "ins_test_rs".into()),
        ("in upper case", "INS_TEST_RSA".into()),
        ("as long as a key id may be", "k".repeat(256)),
    ] {
        let spec = Spec::new().header("kid", kid);
        cases.refused(&format!("attack 09: kid {what}"), spec, mismatch);
    }
    for (what, kid) in [
        ("null", Value::Null),
        ("a number", json!(1)),
        ("an array", json!(["ins_test_rsa"])),
        ("of 8 KB", json!("k".repeat(8192))),
    ] {
        let spec = Spec::new().header("kid", kid);
        cases.refused(&format!("attack 09: kid {what}"), spec, MALFORMED);
    }
}

fn extensions(cases: &mut Cases) {
    for (what, crit) in [
        ("unknown", json!(["urn:example:x"])),
        ("of a known field", json!(["exp"])),
        ("empty", json!([])),
        ("a text", json!("exp")),
        ("null", Value::Null),
        ("of a number", json!([1])),
        ("of an empty name", json!([""])),
    ] {
        let spec = Spec::new().header("crit", crit).header("urn:example:x", 1).header("exp", 1);
        cases.refused(&format!("attack 10: crit {what}"), spec, MALFORMED);
    }
    let b64 = Spec::new().header("b64", false).header("crit", json!(["b64"]));
    cases.refused("attack 11: b64 false, crit", b64, MALFORMED);
    cases.refused("attack 11: b64 false", Spec::new().header("b64", false), MALFORMED);
    cases.refused("attack 11: zip", Spec::new().header("zip", "DEF"), MALFORMED);
    cases.refused("attack 12: nested", Spec::new().header("cty", "JWT"), MALFORMED);
    cases.refused(
        "attack 12: JWE",
        Spec::new().text("eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.AAAA.AAAA.AAAA.AAAA"),
        MALFORMED,
    );
    cases.refused(
        "attack 12: JSON serialization",
        Spec::new().then(|token| {
            let parts: Vec<&str> = token.split('.').collect();
            json!({"protected": parts[0], "payload": parts[1], "signature": parts[2]}).to_string()
        }),
        MALFORMED,
    );
}

fn types(cases: &mut Cases) {
    for typ in ["at+jwt", "application/at+jwt", "logout+jwt", "secevent+jwt", "jwt", "JOSE", ""] {
        let spec = Spec::new().header("typ", typ);
        cases.refused(&format!("attack 13: typ `{typ}`"), spec, MALFORMED);
    }
    for (what, typ) in [("a number", json!(1)), ("null", Value::Null), ("an array", json!(["JWT"]))]
    {
        cases.refused(&format!("attack 13: typ {what}"), Spec::new().header("typ", typ), MALFORMED);
    }
    for (what, cat) in [
        ("a JWT template's", "cl_B7d4PD222AAA"),
        ("a machine's", "cl_B7d4PD333AAA"),
        ("unknown", "cl_unknown"),
        ("empty", ""),
    ] {
        cases.refused(&format!("attack 14: cat {what}"), Spec::new().header("cat", cat), TYPE);
    }
    let machine = Spec::new().no_header("cat").claim("sub", "mch_2abc");
    cases.refused("attack 14: a machine's sub", machine, TYPE);
    cases.refused(
        "attack 54: a pending session",
        Spec::new().claim("sts", "pending"),
        "session-pending",
    );
}

fn encodings(cases: &mut Cases) {
    let mut changed = |what: &str, change: fn(String) -> String| {
        cases.refused(&format!("attack 15: {what}"), Spec::new().then(change), MALFORMED);
    };
    changed("padding at the end", |token| token + "=");
    changed("padding after the header", |token| token.replacen('.', "=.", 1));
    changed("a newline at the end", |token| token + "\n");
    changed("a newline inside", |token| token.replacen('.', ".\n", 1));
    changed("a space inside", |token| token.replacen('.', " .", 1));
    changed("a space before", |token| format!(" {token}"));
    changed("the other alphabet", |token| token.replacen('.', "+.", 1));
    changed("percent-encoded dots", |token| token.replace('.', "%2E"));
    changed("a byte order mark", |token| format!("\u{FEFF}{token}"));
    changed("a NUL at the end", |token| token + "\0");
    changed("a letter outside ASCII", |token| token.replacen('.', "é.", 1));
    changed("in quotes", |token| format!("\"{token}\""));
    changed("with its scheme", |token| format!("Bearer {token}"));
    changed("two parts", |token| token.rsplit_once('.').unwrap_or_default().0.to_owned());
    changed("four parts", |token| token + ".AAAA");
    changed("an empty header", |token| format!(".{}", token.split_once('.').unwrap_or_default().1));
    changed("an empty payload", |token| {
        let parts: Vec<&str> = token.split('.').collect();
        format!("{}..{}", parts[0], parts[2])
    });
    for (what, token) in [("empty", ""), ("a dot", "."), ("two dots", ".."), ("a word", "token")] {
        cases.refused(&format!("attack 15: {what}"), Spec::new().text(token), MALFORMED);
    }
    cases.refused(
        "attack 16: bits after the signature's end",
        Spec::new().then(|token| with_trailing_bits(&token)),
        MALFORMED,
    );
    cases.refused(
        "attack 16: a lone letter after the signature",
        Spec::new().then(|token| token + "AAA"),
        MALFORMED,
    );
}

fn json_texts(cases: &mut Cases) {
    let sub = "\"sub\":\"user_2abcDEF\"";
    let mut payload = |row: u8, what: &str, from: &str, to: &str| {
        let spec = Spec::new().payload_with(from, to);
        cases.refused(&format!("attack {row}: payload with {what}"), spec, MALFORMED);
    };
    payload(17, "sub twice", sub, "\"sub\":\"user_2abcDEF\",\"sub\":\"user_1\"");
    payload(17, "sub twice, the same", sub, "\"sub\":\"user_2abcDEF\",\"sub\":\"user_2abcDEF\"");
    payload(
        17,
        "sub twice, once escaped",
        sub,
        "\"sub\":\"user_2abcDEF\",\"\\u0073ub\":\"user_1\"",
    );
    let exp = format!("\"exp\":{}", NOW + 60);
    payload(17, "exp twice", &exp, &format!("{exp},\"exp\":9999999999"));
    payload(17, "an unknown claim twice", sub, &format!("{sub},\"x\":1,\"x\":2"));
    let nested = ",\"public_metadata\":{\"subscription\":\"free\",\"subscription\":\"pro\"}";
    payload(17, "a tier twice", sub, &format!("{sub}{nested}"));
    payload(18, "NaN", &exp, "\"exp\":NaN");
    payload(18, "Infinity", &exp, "\"exp\":Infinity");
    payload(18, "a comma at its end", "}", ",}");
    payload(18, "a comment", "{\"azp\"", "{/**/\"azp\"");
    payload(18, "single quotes", sub, "'sub':'user_2abcDEF'");
    payload(18, "a lone surrogate", sub, "\"sub\":\"\\ud800\"");
    payload(18, "a number with a leading zero", &exp, &format!("\"exp\":0{}", NOW + 60));
    payload(18, "a raw control character", sub, "\"sub\":\"user\u{1}\"");

    let header = |from: &str, to: &str| Spec::new().header_with(from, to);
    let alg = "\"alg\":\"RS256\"";
    let twice = header(alg, "\"alg\":\"none\",\"alg\":\"RS256\"");
    cases.refused("attack 17: header with alg twice", twice, MALFORMED);
    let kid = header("\"typ\"", "\"kid\":\"ins_other\",\"typ\"");
    cases.refused("attack 17: header with kid twice", kid, MALFORMED);

    let good =
        "{\"exp\":1760000060,\"iss\":\"https://clerk.example.com\",\"sub\":\"user_2abcDEF\"}";
    cases.passes("a payload with the least", Spec::new().raw_payload(good));
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    for (what, bytes) in [
        ("a byte order mark", [b"\xEF\xBB\xBF", good.as_bytes()].concat()),
        ("UTF-16", utf16(good)),
        ("UTF-16 and a byte order mark", [vec![0xFF, 0xFE], utf16(good)].concat()),
        (
            "invalid UTF-8",
            good.replace("user_2abcDEF", "user_\u{1}")
                .into_bytes()
                .into_iter()
                .map(|byte| if byte == 1 { 0xFF } else { byte })
                .collect(),
        ),
        (
            "an overlong encoding",
            good.replace("user_2abcDEF", "user_\u{1}")
                .into_bytes()
                .into_iter()
                .flat_map(|byte| if byte == 1 { vec![0xC0, 0xAF] } else { vec![byte] })
                .collect(),
        ),
        ("bytes after its end", [good.as_bytes(), b"{}"].concat()),
        ("a NUL after its end", [good.as_bytes(), b"\0"].concat()),
        ("nothing but a bracket", b"{".to_vec()),
        ("an array", b"[]".to_vec()),
        ("null", b"null".to_vec()),
        ("a text", b"\"sub\"".to_vec()),
    ] {
        let spec = Spec::new().raw_payload(bytes);
        cases.refused(&format!("attack 18: payload: {what}"), spec, MALFORMED);
    }
    for (what, bytes) in [
        ("a byte order mark", "\u{FEFF}{\"alg\":\"RS256\"}".as_bytes().to_vec()),
        ("UTF-16", utf16("{\"alg\":\"RS256\"}")),
        ("bytes after its end", b"{\"alg\":\"RS256\"}x".to_vec()),
        ("an array", b"[\"RS256\"]".to_vec()),
        ("null", b"null".to_vec()),
        ("nothing", Vec::new()),
    ] {
        let spec = Spec::new().raw_header(bytes);
        cases.refused(&format!("attack 18: header: {what}"), spec, MALFORMED);
    }
}

fn signatures(cases: &mut Cases) {
    cases.refused("another key under the same kid", Spec::new().signed(Sign::Stranger), SIGNATURE);
    cases.refused(
        "another key, by PEM",
        Spec::new().keys(Keys::RsaPem).signed(Sign::Stranger),
        SIGNATURE,
    );
    cases.refused("the payload of another token", Spec::new().then(|token| {
        let parts: Vec<&str> = token.split('.').collect();
        let other = "eyJleHAiOjE3NjAwMDAwNjAsImlzcyI6Imh0dHBzOi8vY2xlcmsuZXhhbXBsZS5jb20iLCJzdWIiOiJ1c2VyXzEifQ";
        format!("{}.{other}.{}", parts[0], parts[2])
    }), SIGNATURE);
    let stranger = || Spec::new().signed(Sign::Stranger);
    cases.refused("attack 27: forged and expired", stranger().after(3600), SIGNATURE);
    cases.refused("attack 27: forged and not yet valid", stranger().after(-3600), SIGNATURE);
    cases.refused("attack 27: forged, without exp", stranger().no_claim("exp"), SIGNATURE);
    let audience = stranger().issuer("audience", json!(["api"]));
    cases.refused("attack 27: forged, without aud", audience, SIGNATURE);
    let raw = |bytes: Vec<u8>| Spec::new().signed(Sign::Raw(bytes));
    cases.refused("a signature of zeros", raw(vec![0; 256]), SIGNATURE);
    cases.refused("a signature of ones", raw(vec![0xFF; 256]), SIGNATURE);
    cases.refused("a signature of one byte", raw(vec![1]), SIGNATURE);
    cases.refused("a signature one byte short", raw(vec![1; 255]), SIGNATURE);
    cases.refused("a signature one byte long", raw(vec![1; 257]), SIGNATURE);
}

fn sizes(cases: &mut Cases) {
    // `W1tb` is `[[[` in base64url, `eyJh` begins an object, `AAAA` is three zero bytes.
    for (what, prefix, text, times, suffix) in [
        ("a million dots", "", ".", 1_000_000, ""),
        ("16 MiB of one letter", "", "A", 16 << 20, ""),
        ("16 MiB of payload", "eyJhbGciOiJSUzI1NiJ9.", "AAAA", 4 << 20, ".AAAA"),
        ("16 MiB of signature", "eyJhbGciOiJSUzI1NiJ9.e30.", "AAAA", 4 << 20, ""),
        ("a payload nested 100,000 deep", "eyJhbGciOiJSUzI1NiJ9.", "W1tb", 33_334, ".AAAA"),
        ("a header nested 100,000 deep", "", "W1tb", 33_334, ".e30.AAAA"),
    ] {
        let spec = Spec::new().repeated(prefix, text, times, suffix);
        cases.refused(&format!("attack 28: {what}"), spec, MALFORMED);
    }
}

/// Sets the lowest of the bits that the last letter of a 256-byte signature leaves unused.
fn with_trailing_bits(token: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = token.split_at(token.len() - 1);
    let place = ALPHABET.find(last).unwrap_or_default();
    format!("{rest}{}", &ALPHABET[place + 1..place + 2])
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2).filter_map(|pair| std::str::from_utf8(pair).ok());
    digits.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}
