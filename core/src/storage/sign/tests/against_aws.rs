//! Random requests, signed here and by AWS's own code: the signature alone (`aws-sigv4`), and the
//! whole address by its S3 client.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sigv4::http_request::{
    PercentEncodingMode, SessionTokenMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use proptest::prelude::*;

use super::super::encode::in_query;
use super::*;

/// Every style that an endpoint can have, with the path style and a bucket. Upper case and ports that
/// are the scheme's own are left out: the S3 client signs them, and no other client sends them.
const ENDPOINTS: [(Option<&str>, bool, &str); 13] = [
    (None, false, "bucket"),
    (None, true, "bucket"),
    (None, false, "dotted.bucket.name"),
    (None, false, "Bucket_Of_2015"),
    (Some("https://s3.example.com"), true, "bucket"),
    (Some("https://s3.example.com"), false, "bucket"),
    (Some("http://s3.example.com:9000"), false, "bucket"),
    (Some("http://s3.example.com"), false, "dotted.bucket"),
    (Some("http://127.0.0.1:9000"), false, "bucket"),
    (Some("http://[::1]:9000"), true, "bucket"),
    (Some("https://[2001:db8::1]"), true, "bucket"),
    (Some("https://proxy.example.com/base/path"), true, "bucket"),
    (Some("https://proxy.example.com:8443/base/"), false, "bucket"),
];

/// Keys that the contract allows, rich in what an address could take for something else.
fn key() -> impl Strategy<Value = String> {
    let segment = "[A-Za-z0-9 ?#+%&=;:,@!$'()*~_.é\u{301}日🔐|^`<>{}\"-]{1,12}";
    prop::collection::vec(segment, 1..4)
        .prop_map(|segments| format!("user_1/{}", segments.join("/")))
        .prop_filter("dot segments", |key| key.split('/').all(|s| s != "." && s != ".."))
}

fn token() -> impl Strategy<Value = Option<String>> {
    prop::option::of("[A-Za-z0-9+/=]{1,60}")
}

/// The S3 client signs nothing outside of one.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// The time and the life of a signature.
fn times() -> impl Strategy<Value = (u64, u64)> {
    (0..4_102_444_800_u64, 1..=604_800_u64)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn signatures_are_those_of_aws_sigv4(
        key in key(),
        method in "GET|PUT|HEAD|DELETE|POST",
        query in prop::collection::btree_map("[A-Za-z0-9-]{1,8}", ".{0,12}", 0..4),
        headers in prop::collection::btree_map("[a-z][a-z0-9-]{0,8}", "[!-~]{0,3}[ -~]{0,12}", 0..5),
        secret in "[A-Za-z0-9/+]{1,40}",
        token in token(),
        (now, expires_in) in times(),
        endpoint in prop::sample::select(ENDPOINTS.to_vec()),
    ) {
        let (endpoint, path_style, bucket) = endpoint;
        prop_assume!(!headers.contains_key("host"));
        let address = Address::resolve(bucket, "eu-west-3", endpoint, path_style).unwrap();
        let unsigned = format!("{}{}", address.origin, address.path(&key));
        let credentials = keys("AKIAEXAMPLE", &secret, token.as_deref());
        let query: Vec<_> =
            query.iter().map(|(name, value)| (name.as_str(), Cow::from(value.as_str()))).collect();
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let ours = Signer::new(address, credentials.clone()).presign(&Presign {
            method: &method, key: &key, query: &query, headers: &headers, expires_in, now: at(now),
        });

        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.signature_location = SignatureLocation::QueryParams;
        settings.session_token_mode = SessionTokenMode::Include;
        settings.expires_in = Some(Duration::from_secs(expires_in));
        settings.excluded_headers = None;
        let identity = credentials.into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region("eu-west-3")
            .name("s3")
            .time(at(now))
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let pairs: Vec<_> = query
            .iter()
            .map(|(name, value)| format!("{}={}", in_query(name), in_query(value)))
            .collect();
        let url = format!("{unsigned}?{}", pairs.join("&"));
        let body = SignableBody::UnsignedPayload;
        let request = SignableRequest::new(&method, url, headers.into_iter(), body).unwrap();
        let (instructions, _) = sign(request, &parameters).unwrap().into_parts();
        let mut theirs = pairs;
        for (name, value) in instructions.params() {
            theirs.push(format!("{name}={}", in_query(value)));
        }
        theirs.sort_unstable();
        prop_assert_eq!(split(&ours), (&*unsigned, theirs.iter().map(String::as_str).collect()));
    }

    #[test]
    fn addresses_are_those_of_the_s3_client(
        key in key(),
        name in ".{0,12}",
        token in token(),
        (now, expires_in) in times(),
        endpoint in prop::sample::select(ENDPOINTS.to_vec()),
    ) {
        let (endpoint, path_style, bucket) = endpoint;
        let credentials = keys("AKIAEXAMPLE", "hush", token.as_deref());
        let address = Address::resolve(bucket, "eu-west-3", endpoint, path_style).unwrap();
        let query = [("x-id", "GetObject".into()), ("response-content-type", name.as_str().into())];
        let request = Presign { expires_in, ..read(&key, &query, at(now)) };
        let ours = Signer::new(address, credentials.clone()).presign(&request);

        let mut settings = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-3"))
            .force_path_style(path_style)
            .credentials_provider(credentials);
        settings.set_endpoint_url(endpoint.map(str::to_owned));
        let signing = PresigningConfig::builder()
            .start_time(at(now))
            .expires_in(Duration::from_secs(expires_in))
            .build()
            .unwrap();
        let theirs = runtime().block_on(async {
            let client = Client::from_conf(settings.build());
            let request = client.get_object().bucket(bucket).key(&key);
            request.response_content_type(&name).presigned(signing).await.unwrap()
        });
        prop_assert_eq!(split(&ours), split(theirs.uri()));
    }
}
