//! Mutation that keeps a signed token's header and payload valid JSON.

use serde_json::{Map, Value, json};

use crate::keys::Sort;
use crate::{ISSUER, NOW};

/// What stands between header and payload in an input: no JSON text holds it.
pub const SEPARATOR: u8 = 0;

/// How many bytes before the header choose the rules and the time.
pub const OPTIONS: usize = 2;

/// The options, the header and the payload of an input.
pub fn split(data: &[u8]) -> Option<([u8; OPTIONS], &[u8], &[u8])> {
    let (options, texts) = data.split_first_chunk()?;
    let end = texts.iter().position(|byte| *byte == SEPARATOR)?;
    Some((*options, &texts[..end], &texts[end + 1..]))
}

/// An input with one thing changed in its options, its header or its payload; none where the
/// chosen text is no JSON object.
pub fn mutated(data: &[u8], seed: u32) -> Option<Vec<u8>> {
    let random = &mut Random(u64::from(seed));
    let (mut options, header, payload) = split(data)?;
    let (mut header, mut payload) = (header.to_vec(), payload.to_vec());
    if random.below(8) > 0 {
        header = good_header(&header, random);
        payload = healed(&payload);
    }
    match random.below(8) {
        0 => options[random.below(OPTIONS)] = random.below(256) as u8,
        1 | 2 => header = changed(&header, HEADER_NAMES, random)?,
        _ => payload = changed(&payload, CLAIM_NAMES, random)?,
    }
    Some([&options[..], &header, &[SEPARATOR], &payload].concat())
}

/// The same header or, where it has gone wrong, one that no rule is against.
fn good_header(header: &[u8], random: &mut Random) -> Vec<u8> {
    let sort = match random.below(16) {
        0 => Sort::Rsa,
        1 | 2 => Sort::P256,
        _ => Sort::Ed25519,
    };
    let read = serde_json::from_slice::<Value>(header).unwrap_or_default();
    let is_good =
        Sort::ALL.iter().any(|sort| read["alg"] == sort.algorithm() && read["kid"] == sort.id());
    if is_good && random.below(2) == 0 {
        return header.to_vec();
    }
    json!({"alg": sort.algorithm(), "kid": sort.id(), "typ": "JWT"}).to_string().into_bytes()
}

/// The payload with what a token cannot do without; a new one for what is no JSON object.
fn healed(payload: &[u8]) -> Vec<u8> {
    let mut claims: Map<String, Value> = serde_json::from_slice(payload).unwrap_or_default();
    claims.insert("iss".to_owned(), json!(ISSUER));
    claims.entry("sub").or_insert_with(|| json!("user_1"));
    claims.entry("exp").or_insert_with(|| json!(NOW + 60));
    Value::Object(claims).to_string().into_bytes()
}

const HEADER_NAMES: &[&str] =
    &["alg", "typ", "kid", "cat", "crit", "b64", "zip", "cty", "enc", "jwk", "jku", "x5c", "oiat"];

const CLAIM_NAMES: &[&str] = &[
    "sub",
    "iss",
    "exp",
    "nbf",
    "iat",
    "aud",
    "azp",
    "sid",
    "sts",
    "v",
    "fea",
    "pla",
    "o",
    "act",
    "fva",
    "email",
    "email_verified",
    "public_metadata",
    "publicMetadata",
    "unsafe_metadata",
    "user_metadata",
    "app_metadata",
    "org_id",
    "org_role",
    "org_slug",
    "org_permissions",
    "name",
    "phone_number",
    "phone_verified",
    "claim",
    "realm_access",
    "resource_access",
    "cognito:groups",
    "token_use",
    "client_id",
    "firebase",
    "auth_time",
    "permissions",
    "scope",
];

fn changed(text: &[u8], names: &[&str], random: &mut Random) -> Option<Vec<u8>> {
    let mut object: Map<String, Value> = serde_json::from_slice(text).ok()?;
    let own: Vec<String> = object.keys().cloned().collect();
    let chosen = (!own.is_empty()).then(|| own[random.below(own.len())].clone());
    match (random.below(8), chosen) {
        (0, Some(name)) => {
            object.remove(&name);
        }
        (1, Some(name)) => {
            let value = object.remove(&name)?;
            object.insert(pick(names, random).to_owned(), value);
        }
        (2, Some(name)) => {
            let written = serde_json::to_string(&object).ok()?;
            let value = value_for(&name, random);
            return Some(format!("{{{}:{value},{}", json!(name), &written[1..]).into_bytes());
        }
        (3..=4, Some(name)) => tweak(object.get_mut(&name)?, random),
        _ => {
            let name = pick(names, random);
            object.insert(name.to_owned(), value_for(name, random));
        }
    }
    serde_json::to_vec(&object).ok()
}

/// A value that the rules have an opinion on, mostly of the right type.
fn value_for(name: &str, random: &mut Random) -> Value {
    let texts: &[&str] = match name {
        "alg" => &["EdDSA", "EdDSA", "ES256", "RS256", "none", "HS256", "RS512", "eddsa"],
        "typ" => &["JWT", "JWT", "at+jwt", "jwt", "logout+jwt"],
        "kid" => &["ins_test_ed25519", "ins_test_p256", "ins_test_rsa", "", "../../x"],
        "cat" => &["cl_B7d4PD111AAA", "cl_B7d4PD222AAA", "cl_B7d4PD333AAA", "cl_B7d4PD111AAAA"],
        "sub" => &["user_1", "mch_1", "acme::user_1", "a::b::c", "::", "", "é", "user 1", "MCH_1"],
        "iss" => &[ISSUER, ISSUER, "https://clerk.example.com/", "https://clerk.example.co"],
        "aud" => &["app", "api", "ap", "", "APP"],
        "azp" => &["https://app.example.com", "https://app.example.com.evil", ""],
        "sts" => &["active", "pending", "Active", ""],
        "fea" => &["o:dashboard,u:x,uo:y", "u:x,o:y,o:z", "o:a", "a", "x:a,o:b", ",", " o:a , u:b"],
        "pla" => &["u:pro", "o:enterprise", "u:free,u:basic", "pro", "u:", "ou:premium"],
        "email" | "name" | "sid" | "org_id" | "org_role" | "org_slug" => &["a", "", "admin"],
        "exp" | "nbf" | "iat" | "auth_time" => return date(random),
        "v" => return json!([1, 2, 2, 2, 3, 0, -1][random.below(7)]),
        "o" => {
            let masks = [
                "3,2",
                "0,3,1",
                "9007199254740993",
                "1",
                "-1",
                "01",
                "",
                "x",
                "18446744073709551617",
            ];
            let lists = ["manage,read", "read", "", "a, b,c", "read,,write"];
            return json!({
                "id": "org_1", "slg": "acme", "rol": "admin",
                "per": pick(&lists, random), "fpm": pick(&masks, random),
            });
        }
        "fva" => return json!([random.below(2000) as i64 - 1, random.below(100) as i64 - 1]),
        "act" => return json!({"sub": "user_admin", "iss": ISSUER}),
        "org_permissions" | "permissions" | "cognito:groups" | "crit" | "x5c" => {
            let items = [json!("org:a:b"), json!("exp"), json!(1)];
            return json!(items[..1 + random.below(items.len())]);
        }
        "public_metadata" | "publicMetadata" | "unsafe_metadata" | "user_metadata" | "claim"
        | "app_metadata" => {
            let tiers = ["free", "basic", "pro", "premium", "enterprise", "Pro", ""];
            let roles = ["user", "manager", "admin", "org:admin", "root"];
            return json!({"subscription": pick(&tiers, random), "role": pick(&roles, random)});
        }
        _ => &["x", "", "true"],
    };
    match random.below(8) {
        0 => other_type(random),
        1 => json!([pick(texts, random), pick(texts, random)]),
        _ => json!(pick(texts, random)),
    }
}

fn date(random: &mut Random) -> Value {
    const STEPS: [i64; 14] =
        [-86_401, -86_400, -61, -60, -6, -5, -4, 0, 4, 5, 6, 60, 86_400, 86_401];
    match random.below(8) {
        0 => other_type(random),
        1 => json!(NOW as f64 + STEPS[random.below(STEPS.len())] as f64 + 0.5),
        _ => json!(NOW as i64 + STEPS[random.below(STEPS.len())]),
    }
}

fn other_type(random: &mut Random) -> Value {
    let values = [
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1e99),
        json!(2.0),
        json!(""),
        json!("1760000060"),
        json!([]),
        json!({}),
        json!({"a": {"b": [1, {"c": null}]}}),
    ];
    values[random.below(values.len())].clone()
}

/// Changes a value into one close to it.
fn tweak(value: &mut Value, random: &mut Random) {
    const LETTERS: [&str; 10] = ["a", " ", ":", ",", "\0", "\"", "\\", "é", "/", "9"];
    let changed = match &*value {
        Value::Number(number) => match number.as_i64() {
            Some(whole) => json!(whole.saturating_add(random.below(13) as i64 - 6)),
            None => other_type(random),
        },
        Value::String(text) => match random.below(5) {
            0 => json!(text.to_ascii_uppercase()),
            1 => json!(text.chars().skip(1).collect::<String>()),
            2 => json!([text]),
            3 => json!(format!("{}{text}", pick(&LETTERS, random))),
            _ => json!(format!("{text}{}", pick(&LETTERS, random))),
        },
        Value::Array(list) => match random.below(3) {
            0 => json!([list]),
            1 => json!(list.iter().skip(1).collect::<Vec<_>>()),
            _ => list.first().cloned().unwrap_or_else(|| other_type(random)),
        },
        Value::Object(members) if !members.is_empty() => {
            let mut members = members.clone();
            let at = random.below(members.len());
            if let Some(inner) = members.values_mut().nth(at) {
                tweak(inner, random);
            }
            Value::Object(members)
        }
        _ => other_type(random),
    };
    *value = changed;
}

fn pick<'a>(among: &[&'a str], random: &mut Random) -> &'a str {
    among[random.below(among.len())]
}

/// Numbers that are spread well enough (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }
}
