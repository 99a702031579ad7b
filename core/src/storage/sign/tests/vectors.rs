//! The published vectors of signatures and endpoints, where `CASIER_VECTORS` says where they are.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::super::canonical::{SignedHeaders, canonical_request};
use super::super::day_key::{DayKey, second_and_day};
use super::super::encode::in_query;
use super::*;
use crate::storage::StorageConfig;

/// The SHA-256 of nothing.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Why a case does not concern what is signed here.
type LeftOut = &'static str;

/// Runs `check` on each case, and says how many were left out, and why. So many must have been run,
/// so that a renamed file or field does not pass unnoticed.
fn run(file: &str, expected: usize, check: impl Fn(&Value) -> Result<(), LeftOut>) {
    let Some(folder) = std::env::var_os("CASIER_VECTORS") else {
        println!("CASIER_VECTORS is not set: {file} is left out");
        return;
    };
    let text = std::fs::read_to_string(Path::new(&folder).join(file)).unwrap();
    let vectors: Value = serde_json::from_str(&text).unwrap();
    let mut left_out = BTreeMap::<_, usize>::new();
    let mut count = 0;
    for case in vectors["cases"].as_array().unwrap() {
        println!("{file}: {}", case["name"]);
        match check(case) {
            Ok(()) => count += 1,
            Err(why) => *left_out.entry(why).or_default() += 1,
        }
    }
    println!("{file}: {count} cases were run; left out: {left_out:?}");
    assert_eq!(count, expected, "{file}");
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

/// An address of which nothing but the host counts.
fn address(host: &str, region: &str, service: &str) -> Address {
    Address {
        origin: format!("https://{host}"),
        host: host.to_owned(),
        folder: String::new(),
        bucket: String::new(),
        region: region.to_owned(),
        service: service.to_owned(),
    }
}

/// Reads `20130524T000000Z` and `2015-08-30T12:36:00Z`.
fn time(text: &str) -> SystemTime {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let part = |from: usize, to: usize| &digits[from..to];
    let time = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 12),
        part(12, 14)
    );
    let format = aws_sdk_s3::primitives::DateTimeFormat::DateTime;
    let time = aws_sdk_s3::primitives::DateTime::from_str(&time, format).unwrap();
    at(u64::try_from(time.secs()).unwrap())
}

/// Requests of the S3 reference. Those that are signed in a header share all but the place where the
/// signature is put.
#[test]
fn s3_doc_examples() {
    run("presign/s3_doc_examples.json", 6, |case| {
        let (input, expected) = (&case["input"], &case["expected"]);
        let now = time(text(input, "timestamp"));
        let (second, day) = second_and_day(now);
        let region = input["region"].as_str().unwrap_or("us-east-1");
        let key = DayKey::new(day, &keys("AKIA", text(input, "secret_key"), None), region, "s3");
        if let Some(seed) = expected["seed_signature"].as_str() {
            // The chunks that follow are signed by the SDK.
            let signature = key.sign_request(&key.time(second), text(input, "canonical_request"));
            assert_eq!(signature, seed);
            return Ok(());
        }
        let host = text(input, "host");
        let path = text(input, "path");
        let pairs = |of: &Value| -> Vec<(String, String)> {
            let pairs = of.as_object().unwrap().iter();
            pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap().into())).collect()
        };
        let query = pairs(&input["query"]);
        if query.iter().any(|(name, _)| name == "X-Amz-Algorithm") {
            let keys = keys(text(input, "access_key"), text(input, "secret_key"), None);
            let request = Presign {
                expires_in: text(&input["query"], "X-Amz-Expires").parse().unwrap(),
                ..read(&path[1..], &[], now)
            };
            let url = Signer::new(address(host, region, "s3"), keys).presign(&request);
            assert_eq!(Some(&*url), text(case, "note").strip_prefix("expected URL: "));
            return Ok(());
        }
        let headers = pairs(&input["headers"]);
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| *name != "host")
            .collect();
        let query: Vec<_> =
            query.iter().map(|(name, value)| format!("{name}={}", in_query(value))).collect();
        let headers = SignedHeaders::new(host, &headers);
        let payload = text(input, "payload_hash");
        let canonical =
            canonical_request(text(input, "method"), path, &query.join("&"), &headers, payload);
        assert_eq!(canonical, text(expected, "canonical_request"));
        let signature = key.sign_request(&key.time(second), &canonical);
        assert_eq!(signature, text(expected, "signature"));
        Ok(())
    });
}

/// The suite's requests that are signed in the query.
#[test]
fn sigv4_suite() {
    run("presign/sigv4_suite.json", 26, |case| {
        let (input, context) = (&case["input"], &case["input"]["context"]);
        match text(input, "mode") {
            "presigned-query" => {}
            "authorization-header" => return Err("signed in a header, which the SDK does"),
            other => panic!("unknown mode {other}"),
        }
        if case["s3_relevant"] == false {
            return Err("of a path that S3 would not normalise");
        }
        if context["omit_session_token"] == true {
            return Err("adds the session token after signing, which S3 does not take");
        }
        let request = text(input, "request");
        let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
        if !body.is_empty() {
            return Err("signs the body of a form, which nobody knows beforehand");
        }
        let mut lines: Vec<String> = Vec::new();
        for line in head.lines() {
            match line.strip_prefix(' ') {
                // A header that goes on in the next line.
                Some(more) => lines.last_mut().unwrap().push_str(&format!(" {more}")),
                None => lines.push(line.to_owned()),
            }
        }
        let (target, lines) = lines.split_first().unwrap();
        let (method, target) = target.split_once(' ').unwrap();
        let target = target.strip_suffix(" HTTP/1.1").unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers: Vec<(String, &str)> = Vec::new();
        for line in lines {
            let (name, value) = line.split_once(':').unwrap();
            headers.push((name.to_ascii_lowercase(), value));
        }
        let mut names: Vec<_> = headers.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        if names.windows(2).any(|two| two[0] == two[1]) {
            return Err("has two headers of one name");
        }
        let host = headers.iter().find(|(name, _)| name == "host").unwrap().1;
        let headers: Vec<_> = headers
            .iter()
            .filter(|(name, _)| name != "host")
            .map(|(name, value)| (name.as_str(), *value))
            .collect();
        let query: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let query: Vec<_> =
            query.iter().map(|(name, value)| (name.as_str(), Cow::from(value))).collect();
        let credentials = &context["credentials"];
        let keys = keys(
            text(credentials, "access_key_id"),
            text(credentials, "secret_access_key"),
            credentials["token"].as_str(),
        );
        let address = address(host, text(context, "region"), text(context, "service"));
        let key = percent_encoding::percent_decode_str(&path[1..]).decode_utf8().unwrap();
        let url = Signer::new(address, keys).presign_with(
            &Presign {
                method,
                key: &key,
                query: &query,
                headers: &headers,
                expires_in: context["expiration_in_seconds"].as_u64().unwrap(),
                now: time(text(context, "timestamp")),
            },
            EMPTY,
        );
        let expected = &case["expected"];
        let signature = format!("&X-Amz-Signature={}", text(expected, "signature"));
        assert!(url.ends_with(&signature), "{}: {url}", case["name"]);
        let signed = text(expected, "signed_request");
        let (_, signed) = signed.lines().next().unwrap().split_once('?').unwrap();
        let signed = format!("?{}", signed.strip_suffix(" HTTP/1.1").unwrap());
        let decoded = |url: &str| {
            let (_, query) = url.split_once('?').unwrap();
            let pairs = url::form_urlencoded::parse(query.as_bytes());
            pairs.into_owned().collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(decoded(&url), decoded(&signed));
        Ok(())
    });
}

/// Where buckets are: every case that a configuration can put.
#[test]
fn s3_endpoint_rules() {
    run("presign/s3_endpoint_rules.json", 40, |case| {
        let (input, expected) = (&case["input"], &case["expected"]);
        for name in input.as_object().unwrap().keys() {
            match name.as_str() {
                "Bucket" | "Region" | "Endpoint" | "ForcePathStyle" => {}
                "Key" | "Prefix" | "CopySource" | "DisableS3ExpressSessionAuth" => {}
                "UseFIPS" | "UseDualStack" | "Accelerate" | "UseGlobalEndpoint" => {
                    if input[name] == true {
                        return Err(
                            "asks for FIPS, dual stack, acceleration or the global endpoint",
                        );
                    }
                }
                "UseS3ExpressControlEndpoint" => return Err("is about no bucket"),
                other => panic!("unknown input {other}"),
            }
        }
        let Some(bucket) = input["Bucket"].as_str() else { return Err("is about no bucket") };
        let endpoint = input["Endpoint"].as_str();
        let error = expected["error"].as_str();
        if StorageConfig::new(bucket, endpoint.map(str::to_owned)).check().is_err() {
            return match error {
                Some(_) => Ok(()),
                None => Err("has a bucket that the configuration refuses"),
            };
        }
        let Some(region) = input["Region"].as_str() else { return Err("has no region") };
        let path_style = input["ForcePathStyle"] == true;
        let found = Address::resolve(bucket, region, endpoint, path_style);
        if error.is_some() {
            assert!(found.is_err(), "{found:?}");
            return Ok(());
        }
        let found = found.unwrap();
        let endpoint = &expected["endpoint"];
        assert_eq!(format!("{}{}", found.origin, found.folder), text(endpoint, "url"));
        let scheme = &endpoint["properties"]["authSchemes"][0];
        assert_eq!(found.region, text(scheme, "signingRegion"));
        assert_eq!(found.service, text(scheme, "signingName"));
        Ok(())
    });
}
