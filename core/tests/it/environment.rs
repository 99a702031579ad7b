//! Every variable of the contract's table, missing or wrong: one error that names it and shows no
//! secret.

use std::collections::BTreeMap;
use std::ffi::OsString;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use casier::config::{Config, Setting};
use casier::token::KeySource;
use casier::{ErrorKind, Result};

use crate::support::Folder;

/// Text that no error message may repeat.
const MARK: &str = "do-not-show";

/// The public key of RFC 7515, appendix A.2.
const PEM: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAofgWCuLjybRlzo0tZWJj
NiuSfb4p4fAkd/wWJcyQoTbji9k0l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEz
P1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo
9wGzjb/7OMg0LOL+bSf63kpaSHSXndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTB
EMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxX
FvUK+DWNmoudF8NAco9/h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXp
oQIDAQAB
-----END PUBLIC KEY-----
";

fn good() -> BTreeMap<&'static str, String> {
    [
        ("CLERK_ISSUER", "https://clerk.example.com"),
        ("S3_BUCKET_NAME", "files"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", MARK),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

fn build(variables: &BTreeMap<&'static str, String>) -> Result<Config> {
    let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
    Config::builder().variables(variables.collect::<Vec<(OsString, OsString)>>())?.build()
}

/// The message of the one error that this change to a good environment gives.
fn problem(name: &'static str, value: &str) -> String {
    let mut variables = good();
    variables.insert(name, value.to_owned());
    let error = build(&variables).expect_err(&format!("{name}={value} was accepted"));
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{name}={value}");
    error.message().to_owned()
}

#[test]
fn a_good_environment_gives_the_documented_defaults() {
    let config = build(&good()).unwrap();
    let issuer = &config.issuers[0];
    let storage = config.storage.unwrap();
    assert_eq!(issuer.issuer, "https://clerk.example.com");
    assert!(matches!(&issuer.keys, KeySource::JwksUrl { url, bearer: None }
        if url == "https://clerk.example.com/.well-known/jwks.json"));
    assert_eq!(issuer.algorithms, ["RS256".parse().unwrap()]);
    assert_eq!(issuer.clock_skew.as_secs(), 5);
    assert_eq!((storage.link_seconds, storage.deadline.as_secs()), (3600, 30));
    assert!(!storage.path_style);
    assert!(!config.local);
}

#[test]
fn a_wrong_value_of_any_variable_gives_one_error_that_names_it_and_no_secret() {
    let short_secret = format!("{MARK}c2hvcnQ=");
    let [encrypted, not_a_key] = ["ENCRYPTED PRIVATE KEY", "PRIVATE KEY"]
        .map(|label| format!("-----BEGIN {label}-----\n{MARK}\n-----END {label}-----\n"));
    let wrong: &[(&str, &[&str])] = &[
        ("CLERK_ISSUER", &["not a url", "http://clerk.example.com", "https://localhost:1"]),
        ("CLERK_ISSUER", &["https://u:do-not-show@clerk.example.com", "ftp://clerk.example.com"]),
        ("CLERK_PUBLISHABLE_KEY", &["do-not-show", "sk_test_do-not-show"]),
        ("NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY", &["do-not-show"]),
        ("CLERK_JWKS_URL", &["nope", "http://clerk.example.com/jwks", "file:///etc/passwd"]),
        ("CLERK_JWKS_URL", &["data:text/plain,do-not-show", "https://127.0.0.1/jwks"]),
        ("CLERK_JWT_KEY", &["do-not-show", "-----BEGIN PUBLIC KEY-----\ndo-not-show\n"]),
        ("CLERK_SECRET_KEY", &["do-not-show", "pk_test_do-not-show"]),
        ("CASIER_PROVIDER", &["do-not-show", "Clerk", "openid"]),
        ("CLERK_USER_LOOKUP", &["maybe", "on"]),
        ("CLERK_API_URL", &["nope", "http://api.clerk.com", "https://localhost:1"]),
        ("CLERK_API_URL", &["https://u:do-not-show@api.clerk.com"]),
        ("CLERK_AUTHORIZED_PARTIES", &["https://app.example.com/path", "https://a.example,,b"]),
        ("CLERK_AUDIENCE", &["api,,web", ","]),
        ("JWT_ALGORITHM", &["HS256", "none", "RS256,HS256", "rs256"]),
        ("CLERK_WEBHOOK_SECRET", &["do-not-show", "whsec_do-not-show", "whsec_"]),
        ("CASIER_WEBHOOK_URL", &["nope", "http://hooks.example.com"]),
        ("CASIER_WEBHOOK_SECRET", &["do-not-show"]),
        ("AWS_REGION", &["eu west 3", "eu/west"]),
        ("S3_BUCKET_NAME", &["a", "has space", "-files", "a/b"]),
        ("S3_ENDPOINT_URL", &["https://", "ftp://s3.example.com", "https://s3.example.com/files"]),
        ("S3_ENDPOINT_URL", &["https://key:do-not-show@s3.example.com"]),
        ("S3_PUBLIC_ENDPOINT_URL", &["https://", "https://s3.example.com/?x=1"]),
        ("S3_ADDRESSING_STYLE", &["host", "PATH"]),
        ("S3_USE_SSL", &["maybe", "yes"]),
        ("S3_SERVER_SIDE_ENCRYPTION", &["aes256", "none"]),
        ("S3_KMS_KEY_ID", &["a key", "é"]),
        ("S3_STORAGE_CLASS", &["standard", "A,B"]),
        (
            "S3_GRANT_ROLE_ARN",
            &["files", "arn:aws:iam::123456789012:user/do-not-show", "arn:aws:iam::1:role/a b"],
        ),
        ("STS_ENDPOINT_URL", &["ftp://sts.example.com", "https://sts.example.com/do-not-show"]),
        ("CLOUDFRONT_DOMAIN", &["https://cdn.example.com", "cdn.example.com/files", "cdn"]),
        ("CLOUDFRONT_DOMAIN", &["CDN.example.com", "cdn.example.com:443", "cdn.example.com."]),
        (
            "CLOUDFRONT_DOMAIN",
            &["192.0.2.1", "a..b", "-a.example.com", "cdn.example.com\"", "é.fr"],
        ),
        ("CLOUDFRONT_KEY_PAIR_ID", &["k2jcjmdehxqw5f", "K2&Policy=", "K 2"]),
        ("CLOUDFRONT_PRIVATE_KEY", &["do-not-show", PEM, &encrypted, &not_a_key]),
        ("PRESIGNED_URL_EXPIRATION", &["0", "604801", "-1", "1h", "3600.5"]),
        ("REDIS_URL", &["redis://:do-not-show@127.0.0.1"]),
        ("CASIER_CONFIG", &["/nonexistent/casier.toml"]),
        ("CASIER_POLICY", &["/nonexistent/policy.toml"]),
        ("CASIER_SECRET", &["do-not-show", &short_secret]),
        ("CASIER_ALLOWED_ORIGINS", &["*", "app.example.com", "https://app.example.com/"]),
        ("CASIER_TOKEN_CACHE", &["yes", "off"]),
        ("CASIER_LOCAL", &["yes", "2"]),
    ];
    for (name, values) in wrong {
        for value in *values {
            let message = problem(name, value);
            assert!(message.starts_with(name), "{name}={value}: {message}");
            assert!(!message.contains(MARK), "{message}");
        }
        let message = problem(name, "  ");
        assert!(message.starts_with(&format!("{name} is empty")), "{name} blank: {message}");
    }

    // Any text can be right for these; what can be wrong is that their partner is missing.
    let only_by_partner =
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "S3_BUCKET"];
    let tried: Vec<&str> = wrong.iter().map(|(name, _)| *name).chain(only_by_partner).collect();
    for variable in Setting::ALL.iter().flat_map(|setting| setting.variables()) {
        assert!(tried.contains(variable), "{variable} is not tried");
    }
}

#[test]
fn a_missing_partner_is_named() {
    let without = |name| {
        let mut variables = good();
        variables.remove(name);
        build(&variables)
    };
    let message = |name| without(name).unwrap_err().message().to_owned();
    assert!(message("CLERK_ISSUER").starts_with("CLERK_ISSUER is not set"));
    assert!(message("CLERK_ISSUER").contains("CLERK_PUBLISHABLE_KEY"));
    assert!(message("CLERK_ISSUER").contains("in code: `issuer`"));
    assert!(message("AWS_ACCESS_KEY_ID").starts_with("AWS_ACCESS_KEY_ID is not set"));
    assert!(message("AWS_SECRET_ACCESS_KEY").starts_with("AWS_SECRET_ACCESS_KEY is not set"));

    let mut variables = good();
    variables.remove("AWS_ACCESS_KEY_ID");
    variables.remove("AWS_SECRET_ACCESS_KEY");
    variables.insert("AWS_SESSION_TOKEN", MARK.into());
    let error = build(&variables).unwrap_err();
    assert!(error.message().starts_with("AWS_ACCESS_KEY_ID is not set"), "{error}");
    assert!(!error.message().contains(MARK));

    let message = problem("S3_KMS_KEY_ID", "alias/files");
    assert!(message.starts_with("S3_SERVER_SIDE_ENCRYPTION is not set"), "{message}");
    let message = problem("CLOUDFRONT_DOMAIN", "cdn.example.com");
    assert!(message.starts_with("CLOUDFRONT_KEY_PAIR_ID is not set"), "{message}");
    let message = problem("CLOUDFRONT_KEY_PAIR_ID", "K2JCJMDEHXQW5F");
    assert!(message.starts_with("CLOUDFRONT_DOMAIN is not set"), "{message}");
    let message = problem("CASIER_WEBHOOK_URL", "https://hooks.example.com");
    assert!(message.starts_with("CASIER_WEBHOOK_SECRET is not set"), "{message}");
    let message = problem("CLERK_JWKS_URL", "https://api.clerk.com/v1/jwks");
    assert!(message.starts_with("CLERK_SECRET_KEY is not set"), "{message}");
}

#[test]
fn a_distribution_is_read_with_its_key() {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
    let body = STANDARD.encode(key.as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    for private_key in [pem.replace('\n', "\\n"), pem] {
        let mut variables = good();
        variables.insert("CLOUDFRONT_DOMAIN", "cdn.example.com".to_owned());
        variables.insert("CLOUDFRONT_KEY_PAIR_ID", "K2JCJMDEHXQW5F".to_owned());
        variables.insert("CLOUDFRONT_PRIVATE_KEY", private_key);
        let config = build(&variables).unwrap();
        assert!(!format!("{config:?}").contains(&body));
        assert_eq!(config.storage.unwrap().cloudfront.unwrap().domain(), "cdn.example.com");
        variables.remove("CLOUDFRONT_PRIVATE_KEY");
        let message = build(&variables).unwrap_err().message().to_owned();
        assert!(message.starts_with("CLOUDFRONT_PRIVATE_KEY is not set"), "{message}");
    }
}

#[test]
fn a_file_that_is_not_there_is_told_in_one_plain_line() {
    let reason = "cannot be read: there is no such file or folder";
    let message = problem("CASIER_POLICY", "/nowhere/policy.toml");
    assert_eq!(message, format!("CASIER_POLICY is refused: /nowhere/policy.toml: {reason}"));
    assert_eq!(problem("CASIER_CONFIG", "/nowhere"), format!("CASIER_CONFIG {reason}"));
}

#[test]
fn without_a_bucket_only_files_are_missing() {
    let mut variables = good();
    variables.remove("S3_BUCKET_NAME");
    let casier = casier::Casier::new(build(&variables).unwrap()).unwrap();
    let error = casier.storage_for("user_1").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
    assert!(error.message().starts_with("S3_BUCKET_NAME is not set"), "{error}");
}

#[test]
fn two_variables_of_one_setting_must_agree() {
    assert!(problem("S3_BUCKET", "other-files").starts_with("S3_BUCKET and S3_BUCKET_NAME say"));
    let mut variables = good();
    variables.insert("S3_BUCKET", variables["S3_BUCKET_NAME"].clone());
    assert_eq!(build(&variables).unwrap().storage.unwrap().bucket, "files");
}

#[test]
fn an_issuer_may_come_from_the_publishable_key() {
    let mut variables = good();
    variables.remove("CLERK_ISSUER");
    variables.insert(
        "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY",
        "pk_test_Y2xlcmsuaW5zcGlyZWQucHVtYS03NC5sY2wuZGV2JA".into(),
    );
    let config = build(&variables).unwrap();
    assert_eq!(config.issuers[0].issuer, "https://clerk.inspired.puma-74.lcl.dev");
    assert_eq!(config.request.cookie_suffix.map(|suffix| suffix.len()), Some(8));
    assert!(config.request.is_development);
}

#[test]
fn verified_tokens_are_remembered_unless_told_otherwise() {
    for (value, is_remembered) in [("false", false), ("0", false), ("true", true)] {
        let mut variables = good();
        assert!(build(&variables).unwrap().issuers[0].token_cache);
        variables.insert("CASIER_TOKEN_CACHE", value.to_owned());
        assert_eq!(build(&variables).unwrap().issuers[0].token_cache, is_remembered, "{value}");
    }
}

#[test]
fn users_are_looked_up_with_a_secret_key_and_at_clerk_alone() {
    assert!(build(&good()).unwrap().issuers[0].user_lookup.is_none());
    assert!(problem("CLERK_USER_LOOKUP", "true").starts_with("CLERK_SECRET_KEY is not set"));
    let mut variables = good();
    variables.insert("CLERK_USER_LOOKUP", "true".to_owned());
    variables.insert("CLERK_SECRET_KEY", format!("sk_test_{MARK}"));
    let config = build(&variables).unwrap();
    let lookup = config.issuers[0].user_lookup.as_ref().unwrap();
    assert_eq!(lookup.api_url, "https://api.clerk.com");
    assert!(!format!("{config:?}").contains(MARK));
    variables.insert("CLERK_API_URL", "http://127.0.0.1:1".to_owned());
    assert!(build(&variables).unwrap_err().message().starts_with("CLERK_API_URL"));
    variables.insert("CASIER_LOCAL", "1".to_owned());
    assert!(build(&variables).is_ok());
    variables.insert("CASIER_PROVIDER", "oidc".to_owned());
    variables.insert("CLERK_AUDIENCE", "app".to_owned());
    assert!(build(&variables).unwrap_err().message().starts_with("CLERK_USER_LOOKUP"));
}

#[test]
fn another_provider_can_be_the_primary_one() {
    let with = |changes: &[(&'static str, &str)]| {
        let mut variables = good();
        variables.extend(changes.iter().map(|(name, value)| (*name, (*value).to_owned())));
        build(&variables)
    };
    let keycloak =
        [("CASIER_PROVIDER", "keycloak"), ("CLERK_ISSUER", "https://id.example.com/realms/app")];
    let error = with(&keycloak).unwrap_err();
    assert!(error.message().starts_with("CLERK_AUDIENCE is not set"), "{}", error.message());
    let config = with(&[keycloak[0], keycloak[1], ("CLERK_AUDIENCE", "api")]).unwrap();
    assert!(matches!(&config.issuers[0].keys, KeySource::JwksUrl { url, bearer: None }
        if url == "https://id.example.com/realms/app/protocol/openid-connect/certs"));
    let error = with(&[keycloak[0], ("CLERK_AUDIENCE", "api")]).unwrap_err();
    assert!(error.message().starts_with("CLERK_ISSUER is refused"), "{}", error.message());
    let project = "https://securetoken.google.com/my-project";
    let config = with(&[("CASIER_PROVIDER", "firebase"), ("CLERK_ISSUER", project)]).unwrap();
    assert_eq!(config.issuers[0].audience, ["my-project"]);
}

#[test]
fn every_check_that_is_set_is_switched_on() {
    let mut variables = good();
    variables.insert(
        "CLERK_PUBLISHABLE_KEY",
        "pk_live_Y2xlcmsuaW5zcGlyZWQucHVtYS03NC5sY2wuZGV2JA".into(),
    );
    variables.insert("CLERK_AUDIENCE", "api, web".into());
    variables.insert("CLERK_AUTHORIZED_PARTIES", "https://app.example.com,native".into());
    variables.insert("JWT_ALGORITHM", "ES256".into());
    let as_os = variables.iter().map(|(name, value)| (name.into(), value.into()));
    let builder = Config::builder().variables(as_os.collect::<Vec<(OsString, OsString)>>());
    let builder = builder.unwrap().set(Setting::ClockSkew, "0");
    let config = builder.clone().build().unwrap();
    let issuer = &config.issuers[0];
    assert_eq!(issuer.audience, ["api", "web"]);
    assert_eq!(issuer.authorized_parties, ["https://app.example.com", "native"]);
    assert_eq!(issuer.algorithms, ["ES256".parse().unwrap()]);
    assert!(issuer.clock_skew.is_zero() && !issuer.allow_missing_azp);
    assert_eq!(config.request.issuer.as_deref(), Some("https://clerk.example.com"));
    assert_eq!(config.request.allowed_origins, ["https://app.example.com"]);
    assert!(!config.request.is_development);

    let other = builder.set(Setting::AllowedOrigins, "https://other.example.com");
    let config = other.set(Setting::AllowMissingAzp, "true").build().unwrap();
    assert_eq!(config.request.allowed_origins, ["https://other.example.com"]);
    assert!(config.issuers[0].allow_missing_azp);
}

#[test]
fn the_local_switch_allows_loopback_and_is_refused_beside_live_keys() {
    let mut variables = good();
    variables.insert("CLERK_ISSUER", "http://127.0.0.1:4000".into());
    variables.insert("CASIER_LOCAL", "1".into());
    assert!(build(&variables).unwrap().local);

    for (name, value) in [
        ("CLERK_SECRET_KEY", "sk_live_do-not-show"),
        ("CLERK_PUBLISHABLE_KEY", "pk_live_Y2xlcmsuaW5zcGlyZWQucHVtYS03NC5sY2wuZGV2JA"),
    ] {
        let mut variables = variables.clone();
        variables.insert(name, value.into());
        let error = build(&variables).unwrap_err();
        assert!(error.message().starts_with(name), "{error}");
        assert!(!error.message().contains(MARK));
    }
}

#[test]
fn code_beats_environment_beats_file() {
    let folder = Folder::new();
    let text = "[clerk]\nissuer = 'https://file.example'\n\
                [s3]\nbucket = 'from-file'\nlink_seconds = 60\n\
                [[issuer]]\nissuer = 'https://tenant.auth0.com/'\nnamespace = 'auth0'\naudience = ['api']\n";
    let path = folder.write("casier.toml", text.as_bytes());

    let mut variables = good();
    variables.insert("CASIER_CONFIG", path.to_str().unwrap().into());
    let as_os = variables.iter().map(|(name, value)| (name.into(), value.into()));
    let config = Config::builder()
        .variables(as_os.collect::<Vec<(OsString, OsString)>>())
        .unwrap()
        .set(Setting::Issuer, "https://code.example")
        .build()
        .unwrap();
    let storage = config.storage.unwrap();
    assert_eq!(config.issuers[0].issuer, "https://code.example");
    assert_eq!(storage.bucket, "files");
    assert_eq!(storage.link_seconds, 60);
    assert_eq!(config.issuers[1].namespace.as_deref(), Some("auth0"));
    assert!(matches!(&config.issuers[1].keys, KeySource::JwksUrl { url, .. }
        if url == "https://tenant.auth0.com/.well-known/jwks.json"));
}

#[test]
fn debug_output_shows_no_secret() {
    let mut variables = good();
    variables.insert("AWS_SESSION_TOKEN", MARK.into());
    variables.insert("CLERK_SECRET_KEY", format!("sk_test_{MARK}"));
    variables.insert("CLERK_JWKS_URL", "https://api.clerk.com/v1/jwks".into());
    variables.insert("CASIER_SECRET", "ZG8tbm90LXNob3cgZG8tbm90LXNob3cgZG8tbm90LXNob3c=".into());
    let variables: Vec<(OsString, OsString)> =
        variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
    let builder = Config::builder().variables(variables).unwrap();
    let shown = format!("{builder:?} {:?}", builder.clone().build().unwrap());
    assert!(!shown.contains(MARK), "{shown}");
    assert!(!shown.contains("ZG8tbm90"), "{shown}");
}

#[test]
fn the_pem_key_may_have_its_line_breaks_written_out() {
    let mut variables = good();
    variables.insert("CLERK_JWT_KEY", PEM.replace('\n', "\\n"));
    let config = build(&variables).unwrap();
    assert!(casier::Casier::new(config).is_ok());
}
