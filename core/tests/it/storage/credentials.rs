//! Where the keys come from, and when they are fetched again. The chain reads the environment of its
//! process, so each case is a process of its own; the store and the metadata services are ours.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::fake::{Answer, Fake, Request, files};
use crate::support::{Folder, in_child, is_child, within_limit};

const KEY: &str = "user_1/files/a.txt";

/// What the process of its own does: each word of `CALLS` is a call or what happens in between, and
/// the outcomes are printed.
#[test]
fn child() {
    if !is_child() {
        return;
    }
    let variable = |name: &str| std::env::var(name).unwrap();
    within_limit(async {
        let mut config =
            super::bench::config("bucket", variable("CASIER_TEST_ENDPOINT"), "", "", None);
        config.credentials = None;
        config.deadline = Duration::from_millis(variable("DEADLINE").parse().unwrap());
        let files = files(config);
        for call in variable("CALLS").split(' ') {
            let outcome = match call {
                "read" => files.read(KEY, Default::default()).await.map(drop),
                "grant" => files.temporary_credentials(Default::default()).await.map(drop),
                "exists" => files.exists(KEY).await.map(drop),
                "ten" => {
                    let reads = (0..10).map(|_| files.read(KEY, Default::default()));
                    futures_util::future::try_join_all(reads).await.map(drop)
                }
                other => panic!("{other}"),
            };
            match outcome {
                Ok(()) => println!("outcome: done"),
                Err(error) => println!("outcome: {error}"),
            }
        }
    });
}

/// A store, metadata services, and files to take keys from.
struct World {
    store: Fake,
    metadata: Fake,
    folder: Folder,
    variables: Vec<(&'static str, String)>,
}

impl World {
    async fn new(store: impl Fn(&Request) -> Answer + Clone + Send + Sync + 'static) -> Self {
        let store = Fake::start(store).await;
        let metadata = Fake::start(services).await;
        let mut world = Self { store, metadata, folder: Folder::new(), variables: Vec::default() };
        world.set("CASIER_TEST_ENDPOINT", world.store.endpoint.clone());
        world.set("PATH", "/usr/bin:/bin".to_owned());
        world.set("HOME", "/nonexistent".to_owned());
        world.set("AWS_EC2_METADATA_DISABLED", "true".to_owned());
        world.set("DEADLINE", "30000".to_owned());
        world
    }

    fn set(&mut self, name: &'static str, value: String) {
        self.unset(name);
        self.variables.push((name, value));
    }

    fn unset(&mut self, name: &str) {
        self.variables.retain(|(set, _)| *set != name);
    }

    /// A profile whose keys are those that a program gives: `KEY1`, `KEY2`, …, which live so long.
    fn program(&mut self, seconds: u64) {
        let counter = self.folder.path().join("count");
        let program = format!(
            "#!/bin/sh\necho x >> {counter}\nn=$(wc -l < {counter} | tr -d ' ')\n\
             at=$(date -u -d '+{seconds} seconds' +%Y-%m-%dT%H:%M:%SZ)\n\
             echo \"{{\\\"Version\\\": 1, \\\"AccessKeyId\\\": \\\"KEY$n\\\", \\\"SecretAccessKey\\\": \
             \\\"hush\\\", \\\"SessionToken\\\": \\\"t$n\\\", \\\"Expiration\\\": \\\"$at\\\"}}\"\n",
            counter = counter.display()
        );
        let program = self.folder.write("keys.sh", program.as_bytes());
        let profile = format!("[default]\ncredential_process = sh {}\n", program.display());
        let profile = self.folder.write("config", profile.as_bytes());
        self.set("AWS_CONFIG_FILE", profile.display().to_string());
    }

    /// A profile with these keys.
    fn profile(&mut self, key: &str) -> PathBuf {
        let path = self.folder.write("credentials", profile(key).as_bytes());
        self.set("AWS_SHARED_CREDENTIALS_FILE", path.display().to_string());
        path
    }

    /// Runs the calls; gives their outcomes.
    async fn run(&mut self, calls: &str) -> Vec<String> {
        self.set("CALLS", calls.to_owned());
        let variables: Vec<_> =
            self.variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let shown = in_child("storage::credentials::child", &variables).await;
        assert!(!shown.contains("hush"));
        shown
            .lines()
            .filter_map(|line| line.split_once("outcome: "))
            .map(|(_, outcome)| outcome.to_owned())
            .collect()
    }

    /// The keys that the requests were signed with, in their order.
    fn signed_with(&self) -> Vec<String> {
        self.store.requests().iter().map(key_of).collect()
    }

    /// How often the program was asked.
    fn fetched(&self) -> usize {
        let counted = std::fs::read_to_string(self.folder.path().join("count"));
        counted.unwrap_or_default().lines().count()
    }
}

fn profile(key: &str) -> String {
    format!("[default]\naws_access_key_id = {key}\naws_secret_access_key = hush\n")
}

fn key_of(request: &Request) -> String {
    let signature = &request.headers.iter().find(|(name, _)| name == "authorization").unwrap().1;
    let (_, credential) = signature.split_once("Credential=").unwrap();
    credential.split('/').next().unwrap().to_owned()
}

/// The metadata service of a machine, that of a container, and the token service.
fn services(request: &Request) -> Answer {
    let keys = |key: &str| {
        format!(
            "{{\"Code\": \"Success\", \"Type\": \"AWS-HMAC\", \"AccessKeyId\": \"{key}\", \
             \"SecretAccessKey\": \"hush\", \"Token\": \"t\", \"LastUpdated\": \
             \"2026-01-01T00:00:00Z\", \"Expiration\": \"2099-01-01T00:00:00Z\"}}"
        )
    };
    let text = |body: String| Answer::Whole(200, String::new(), body.into_bytes());
    match (request.method.as_str(), request.target.as_str()) {
        ("PUT", "/latest/api/token") => Answer::Whole(
            200,
            "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n".to_owned(),
            b"token".to_vec(),
        ),
        ("GET", "/container") => text(keys("CONTAINER")),
        ("GET", "/latest/meta-data/iam/security-credentials/") => text("role".to_owned()),
        ("GET", "/latest/meta-data/iam/security-credentials/role") => text(keys("INSTANCE")),
        ("POST", "/") => text(
            "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
             <AccessKeyId>IDENTITY</AccessKeyId><SecretAccessKey>hush</SecretAccessKey>\
             <SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>\
             </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
                .to_owned(),
        ),
        _ => Answer::empty(404),
    }
}

#[test]
fn they_come_from_where_aws_says_and_in_its_order() {
    within_limit(async {
        let mut world = World::new(|_| Answer::file(b"")).await;
        let services = world.metadata.endpoint.clone();
        world.set("AWS_ACCESS_KEY_ID", "ENVIRONMENT".to_owned());
        world.set("AWS_SECRET_ACCESS_KEY", "hush".to_owned());
        world.profile("PROFILE");
        let token = world.folder.write("token", b"eyJ").display().to_string();
        world.set("AWS_WEB_IDENTITY_TOKEN_FILE", token);
        world.set("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/x".to_owned());
        world.set("AWS_REGION", "us-east-1".to_owned());
        world.set("AWS_ENDPOINT_URL_STS", services.clone());
        world.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{services}/container"));
        world.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", services);
        world.unset("AWS_EC2_METADATA_DISABLED");
        for (source, then_without) in [
            ("ENVIRONMENT", "AWS_ACCESS_KEY_ID"),
            ("PROFILE", "AWS_SHARED_CREDENTIALS_FILE"),
            ("IDENTITY", "AWS_WEB_IDENTITY_TOKEN_FILE"),
            ("CONTAINER", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
            ("INSTANCE", "AWS_EC2_METADATA_SERVICE_ENDPOINT"),
        ] {
            world.store.forget();
            assert_eq!(world.run("exists read").await, ["done", "done"], "{source}");
            assert_eq!(world.signed_with(), [source; 2]);
            world.unset(then_without);
        }
        world.set("AWS_EC2_METADATA_DISABLED", "true".to_owned());
        let outcome = world.run("read").await.remove(0);
        assert!(outcome.starts_with("config-invalid"), "{outcome}");
        assert!(outcome.contains("AWS_ACCESS_KEY_ID"), "{outcome}");
    });
}

#[test]
fn they_are_fetched_once_as_long_as_they_live() {
    within_limit(async {
        let mut world = World::new(|_| Answer::file(b"")).await;
        world.program(3600);
        assert_eq!(world.run("ten exists ten").await, ["done"; 3]);
        assert_eq!(world.fetched(), 1);
        assert_eq!(world.signed_with(), vec!["KEY1"; 21]);
    });
}

#[test]
fn they_are_fetched_again_when_they_end() {
    within_limit(async {
        let mut world = World::new(|_| Answer::file(b"")).await;
        // So little that it is as good as over.
        world.program(2);
        assert_eq!(world.run("exists exists exists").await, ["done"; 3]);
        assert_eq!(world.signed_with(), ["KEY1", "KEY2", "KEY3"]);
    });
}

fn expired(request: &Request) -> Answer {
    match request.method.as_str() {
        "HEAD" => Answer::empty(400),
        _ => Answer::error(400, "ExpiredToken"),
    }
}

/// Attack 114.
#[test]
fn expired_ones_are_renewed_once() {
    within_limit(async {
        for first in ["read", "exists"] {
            let mut world = World::new(|request| match key_of(request).as_str() {
                "KEY1" => expired(request),
                _ => Answer::file(b""),
            })
            .await;
            world.program(3600);
            assert_eq!(world.run(&format!("{first} exists read")).await, ["done"; 3]);
            assert_eq!(world.signed_with(), ["KEY1", "KEY2", "KEY2", "KEY2"]);
            assert_eq!(world.fetched(), 2);
        }
    });
}

/// Attack 114.
#[test]
fn calls_that_find_them_expired_together_renew_them_together() {
    within_limit(async {
        let mut world = World::new(|request| match key_of(request).as_str() {
            "KEY1" => expired(request),
            _ => Answer::file(b""),
        })
        .await;
        world.program(3600);
        assert_eq!(world.run("ten").await, ["done"]);
        assert_eq!(world.fetched(), 2);
    });
}

/// Attack 114.
#[test]
fn ones_that_stay_expired_are_denied() {
    within_limit(async {
        let mut world = World::new(expired).await;
        world.program(3600);
        let outcomes = world.run("read read").await;
        assert!(outcomes.iter().all(|it| it.starts_with("storage-denied")), "{outcomes:?}");
        // The second call comes so soon that nothing is fetched for it.
        assert_eq!(world.signed_with(), ["KEY1", "KEY2", "KEY2"]);
        assert_eq!(world.fetched(), 2);
    });
}

#[test]
fn a_profile_that_was_rewritten_is_read_again() {
    within_limit(async {
        let rewritten = Arc::new(AtomicBool::new(false));
        let folder = Folder::new();
        let path = folder.write("credentials", profile("OLD").as_bytes());
        let (target, done) = (path.clone(), Arc::clone(&rewritten));
        let mut world = World::new(move |request| match key_of(request).as_str() {
            "OLD" if done.load(Ordering::Relaxed) => expired(request),
            "OLD" => {
                std::fs::write(&target, profile("NEW")).unwrap();
                done.store(true, Ordering::Relaxed);
                Answer::file(b"")
            }
            _ => Answer::file(b""),
        })
        .await;
        world.set("AWS_SHARED_CREDENTIALS_FILE", path.display().to_string());
        assert_eq!(world.run("exists exists exists").await, ["done"; 3]);
        assert_eq!(world.signed_with(), ["OLD", "OLD", "NEW", "NEW"]);
    });
}

#[test]
fn a_service_that_does_not_answer_ends_with_the_deadline() {
    within_limit(async {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let silent = Fake::start(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            Answer::Silence
        })
        .await;
        for (name, value) in [
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/container", silent.endpoint)),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", silent.endpoint.clone()),
        ] {
            let mut world = World::new(|_| Answer::file(b"")).await;
            world.unset("AWS_EC2_METADATA_DISABLED");
            world.set("DEADLINE", "400".to_owned());
            world.set(name, value);
            let outcomes = world.run("read exists").await;
            assert!(outcomes.iter().all(|it| it.starts_with("timeout")), "{outcomes:?}");
            assert!(world.store.requests().is_empty());
        }
        assert!(asked.load(Ordering::Relaxed) >= 2);
    });
}

#[test]
fn sts_is_asked_with_keys_of_the_chain_and_again_when_they_have_expired() {
    use super::grants::refusals::{GOOD, confined, error, is_sts, session};
    within_limit(async {
        let mut world = World::new(|request| match is_sts(request) {
            true if key_of(request) == "KEY1" => error(403, "ExpiredToken"),
            true => session(GOOD),
            // The keys of the program have a token, too.
            false if key_of(request).starts_with("KEY") => Answer::empty(200),
            false => confined(request),
        })
        .await;
        world.program(3600);
        assert_eq!(world.run("grant grant").await, ["done", "done"]);
        let of_sts = world.store.requests().into_iter().filter(is_sts);
        let keys: Vec<_> = of_sts.map(|request| key_of(&request)).collect();
        assert_eq!(keys, ["KEY1", "KEY2", "KEY2"]);
    });
}
