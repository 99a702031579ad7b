//! Time, audience, authorized party, issuer.

use serde_json::{Value, json};

use super::Cases;
use super::spec::{ISSUER, NOW, ORIGIN, Spec, USER};

pub(super) fn add(cases: &mut Cases) {
    times(cases);
    time_types(cases);
    audiences(cases);
    parties(cases);
    issuers(cases);
}

fn times(cases: &mut Cases) {
    let expired = "token-expired";
    let early = "token-not-active-yet";
    let future = "token-iat-in-the-future";
    // `exp` is 60 s after the issue, the skew 5 s.
    cases.passes("exp: 4 s ago, within the skew", Spec::new().after(64));
    cases.refused("exp: 5 s ago, at the skew's end", Spec::new().after(65), expired);
    cases.refused("exp: a year ago", Spec::new().after(31_536_000), expired);
    let strict = || Spec::new().issuer("clock_skew", 0);
    cases.passes("exp: in 1 s, without skew", strict().after(59));
    cases.refused("attack 21: exp equals now, without skew", strict().after(60), expired);
    let wide = || Spec::new().issuer("clock_skew", 60);
    cases.passes("exp: 59 s ago, with a skew of 60 s", wide().after(119));
    cases.refused("exp: 60 s ago, with a skew of 60 s", wide().after(120), expired);
    cases.refused("exp: 0", Spec::new().claim("exp", 0), expired);
    cases.refused("exp: before 1970", Spec::new().claim("exp", -1), "token-invalid");
    cases.refused(
        "exp: after 9999",
        Spec::new().claim("exp", 253_402_300_800_i64),
        "token-invalid",
    );
    let last = 253_402_300_799_i64;
    cases.passes(
        "exp: the last second of 9999",
        Spec::new().claim("iat", last - 60).claim("exp", last).after(last - NOW - 60),
    );
    cases.ok(
        "exp: with a fraction, which RFC 7519 allows",
        Spec::new().claim("exp", 1_760_000_060.5),
        json!({ "user": { "user_id": USER }, "expires_at": NOW + 60 }),
    );

    cases.passes("nbf: in 5 s, at the skew's end", Spec::new().claim("nbf", NOW + 5));
    cases.refused("nbf: in 6 s", Spec::new().claim("nbf", NOW + 6), early);
    cases.passes("nbf: now, without skew", strict().claim("nbf", NOW));
    cases.refused("nbf: in 1 s, without skew", strict().claim("nbf", NOW + 1), early);

    cases.passes("iat: in 5 s, at the skew's end", Spec::new().claim("iat", NOW + 5));
    cases.refused("attack 22: iat: in 6 s", Spec::new().claim("iat", NOW + 6), future);
    cases.refused("iat: in 1 s, without skew", strict().claim("iat", NOW + 1), future);

    let day = 86_400;
    let long = |exp: i64| Spec::new().claim("exp", exp);
    cases.passes("life: 24 hours", long(NOW + day));
    cases.refused("life: 24 hours and a second", long(NOW + day + 1), "token-invalid");
    cases.passes("life: 24 hours, near its end", long(NOW + day).after(day));
    let undated = |exp: i64| long(exp).no_claim("iat");
    cases.passes("life: without iat, 24 hours from now and the skew", undated(NOW + day + 5));
    cases.refused("life: without iat, a second more", undated(NOW + day + 6), "token-invalid");
    cases.refused(
        "life: a year, and expired",
        long(NOW - 60).claim("iat", NOW - 31_536_000),
        expired,
    );

    let all_wrong = Spec::new().claim("exp", NOW - 60).claim("nbf", NOW + 60);
    cases.refused("expiry is told before nbf and iat", all_wrong.claim("iat", NOW + 60), expired);
    let two_wrong = Spec::new().claim("nbf", NOW + 30).claim("iat", NOW + 30);
    cases.refused("nbf is told before iat", two_wrong, early);
}

fn time_types(cases: &mut Cases) {
    cases.refused("attack 19: exp missing", Spec::new().no_claim("exp"), "token-invalid");
    let strange: [(&str, Value); 7] = [
        ("null", Value::Null),
        ("a string", json!((NOW + 60).to_string())),
        ("true", json!(true)),
        ("an object", json!({})),
        ("an array", json!([NOW + 60])),
        ("an empty string", json!("")),
        ("text", json!("tomorrow")),
    ];
    for (what, value) in &strange {
        for claim in ["exp", "nbf", "iat"] {
            let row = if claim == "exp" { 19 } else { 22 };
            cases.refused(
                &format!("attack {row}: {claim} is {what}"),
                Spec::new().claim(claim, value.clone()),
                "token-invalid",
            );
        }
    }
    let exp = format!("\"exp\":{}", NOW + 60);
    let with_exp = |text: &str| Spec::new().payload_with(&exp, &format!("\"exp\":{text}"));
    for text in
        ["9223372036854775808", "-9223372036854775808", "18446744073709551616", "1e400", "-1e400"]
    {
        cases.refused(&format!("attack 20: exp is {text}"), with_exp(text), "token-invalid");
    }
    let huge = format!("1{}", "0".repeat(99));
    cases.refused("attack 20: exp is 10^99", with_exp(&huge), "token-invalid");
}

fn audiences(cases: &mut Cases) {
    let wrong = "token-invalid-audience";
    let wanting = || Spec::new().issuer("audience", json!(["api", "files"]));
    cases.passes("aud: not checked when not configured", Spec::new().claim("aud", "anything"));
    cases.passes("aud: one of the configured", wanting().claim("aud", "files"));
    cases.passes("aud: an array with one of them", wanting().claim("aud", json!(["x", "api"])));
    cases.refused("attack 24: aud missing", wanting(), wrong);
    cases.refused("attack 24: aud an empty string", wanting().claim("aud", ""), wrong);
    cases.refused("attack 24: aud an empty array", wanting().claim("aud", json!([])), wrong);
    cases.refused("aud: another", wanting().claim("aud", "other"), wrong);
    cases.refused("aud: others", wanting().claim("aud", json!(["other", "more"])), wrong);
    cases.refused("aud: begins like it", wanting().claim("aud", "api2"), wrong);
    cases.refused("aud: in upper case", wanting().claim("aud", "API"), wrong);
}

fn parties(cases: &mut Cases) {
    let wrong = "token-invalid-authorized-parties";
    let wanting = || {
        let parties = json!([ORIGIN, "https://admin.example.com"]);
        Spec::new().issuer("authorized_parties", parties)
    };
    cases
        .passes("azp: not checked when not configured", Spec::new().claim("azp", "https://x.test"));
    cases.passes("azp: may be absent when not configured", Spec::new().no_claim("azp"));
    cases.passes("azp: not checked, from a cookie", Spec::new().no_claim("azp").in_cookie());
    cases.passes("azp: one of the configured", wanting());
    cases.passes("azp: one of the configured, from a cookie", wanting().in_cookie());
    cases.refused("attack 25: azp missing", wanting().no_claim("azp"), wrong);
    cases.refused("attack 25: azp missing, cookie", wanting().no_claim("azp").in_cookie(), wrong);
    for (what, azp) in [
        ("another", "https://evil.example.com"),
        ("empty", ""),
        ("with a slash", "https://app.example.com/"),
        ("begins like it", "https://app.example.com.evil.test"),
        ("in upper case", "HTTPS://APP.EXAMPLE.COM"),
        ("with another scheme", "http://app.example.com"),
    ] {
        cases.refused(&format!("attack 25: azp {what}"), wanting().claim("azp", azp), wrong);
    }
    let lenient = || wanting().issuer("allow_missing_azp", true);
    cases.passes("azp: may be absent where allowed", lenient().no_claim("azp"));
    let from_cookie = lenient().no_claim("azp").in_cookie();
    cases.refused("azp: never absent from a cookie", from_cookie, wrong);
    let other = lenient().claim("azp", "https://evil.example.com");
    cases.refused("azp: another is refused even where absence is allowed", other, wrong);
    let empty = lenient().claim("azp", "");
    cases.refused("azp: empty is not absent", empty, wrong);
}

fn issuers(cases: &mut Cases) {
    let wrong = "token-invalid-issuer";
    for (what, iss) in [
        ("another", "https://other.example.com"),
        ("with a slash at its end", "https://clerk.example.com/"),
        ("without its last letter", "https://clerk.example.co"),
        ("beginning like ours", "https://clerk.example.com.evil.test"),
        ("with our address as user", "https://clerk.example.com@evil.test"),
        ("in upper case", "HTTPS://CLERK.EXAMPLE.COM"),
        ("with another scheme", "http://clerk.example.com"),
        ("with its port", "https://clerk.example.com:443"),
        ("with a space", "https://clerk.example.com "),
        ("with a look-alike letter", "https://сlerk.example.com"),
        ("empty", ""),
    ] {
        cases.refused(&format!("attack 23: iss {what}"), Spec::new().claim("iss", iss), wrong);
    }
    cases.refused("iss: missing", Spec::new().no_claim("iss"), wrong);
    let array = Spec::new().claim("iss", json!([ISSUER]));
    cases.refused("attack 23: iss an array", array, wrong);
    cases.refused("iss: null", Spec::new().claim("iss", Value::Null), wrong);
    cases.refused("iss: a number", Spec::new().claim("iss", 1), wrong);

    cases.ok(
        "iss: with a slash, when it is configured so",
        Spec::new()
            .issuer("issuer", "https://clerk.example.com/")
            .claim("iss", "https://clerk.example.com/"),
        json!({ "user": { "user_id": USER } }),
    );
}
